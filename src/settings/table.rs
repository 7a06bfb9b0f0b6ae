//! The one table of settings: flags, action inputs, variables, file keys and their documentation.
//! It holds data only; reading and checking values is the business of its siblings.

use crate::env::names;
use crate::settings::rollback_rows::{ALLOW_RUNTIME_DOWNGRADE, LIMIT, ON_FAILURE, PREVIOUS, SHARED, TO};
use crate::settings::setting::{Commands, Compat, Setting, Surface, ValueKind};
use crate::settings::token_rows::{API_TOKEN_FILE, TOKEN_WARNING_DAYS};
use crate::settings::verify_rows::{VERIFY, VERIFY_TIME};
use crate::settings::{check_rows, smoke_rows};

/// Every setting, in the order in which documentation lists them.
pub const SETTINGS: &[Setting] = &[
    // What to deploy, and where to.
    Setting::incumbent(
        "action",
        ValueKind::Enum(&[
            "deploy",
            "plan",
            "check",
            "create-deployment-preview",
            "deploy-deployment-preview",
            "delete-deployment-preview",
            "preview",
            "rollback",
            "setup",
        ]),
        "What the action does: `deploy`; `plan`, which changes nothing; `check`, which checks the DAGs; `preview`, which keeps the \
         preview of a pull request as it should be; `rollback`, which brings an earlier deploy back; `setup`, after \
         which further steps of the job can run `liftoff`; or one of deploy-action's words, by which a preview belongs to a branch.",
    )
    .or("deploy")
    .surface(Surface::NotInFile),
    Setting::incumbent(
        "deploy-type",
        ValueKind::Enum(&["infer", "dags-only", "image-and-dags", "image-only", "dbt", "non-dags"]),
        "What to ship; `infer` ships exactly what differs from what the Deployment runs.",
    )
    .or("infer")
    .used_by(Commands::Project),
    Setting::incumbent("deployment-id", ValueKind::Text, "Id of the Deployment; for previews, of the one that they are made from.")
        .variables(&["ASTRO_DEPLOYMENT_ID"])
        .used_by(Commands::Astro),
    Setting::incumbent("deployment-name", ValueKind::Text, "Name of the Deployment, instead of its id.").used_by(Commands::Astro),
    Setting::incumbent(
        "workspace",
        ValueKind::Text,
        "Id or name of the Workspace: the one that a command is about; for a Deployment's name only when that is not unique.",
    )
    .used_by(Commands::Astro),
    Setting::ours("organization", ValueKind::Text, "Id of the Organization; only needed when the token does not name it.")
        .used_by(Commands::Astro),
    Setting::incumbent(
        "root-folder",
        ValueKind::Path,
        "Folder of the Astro or dbt project; a leading `/` means the root of the repository.",
    )
    .or(".")
    .used_by(Commands::Astro),
    Setting::ours(
        "all",
        ValueKind::Bool,
        "Plans every project below the repository, or below `root-folder`, and tells which must ship.",
    )
    .or("false")
    .used_by(Commands::OnlyPlan)
    .surface(Surface::NotInFile),
    Setting::incumbent("description", ValueKind::Text, "Description of the deploy; the commit's subject when absent.")
        .used_by(Commands::Deploy),
    // The token and the API.
    Setting::ours("api-token", ValueKind::Secret, "Astro API token; prefer the variable, since flags show in process lists.")
        .variables(&[names::ASTRO_API_TOKEN])
        .used_by(Commands::Astro)
        .surface(Surface::NotInFile),
    API_TOKEN_FILE,
    TOKEN_WARNING_DAYS,
    Setting::ours("api-url", ValueKind::Text, "Base URL of the Astro API.")
        .or("https://api.astronomer.io/v1")
        .used_by(Commands::Astro)
        .surface(Surface::NotInFile),
    Setting::ours("ca-cert", ValueKind::Path, "PEM file of certificates to trust besides the host's own.")
        .surface(Surface::NotInFile)
        .used_by(Commands::Every),
    // DAGs.
    Setting::ours("dags-path", ValueKind::Path, "DAGs folder inside the project.").or("dags").used_by(Commands::Project),
    Setting::ours(
        "no-dags-base-dir",
        ValueKind::Bool,
        "Puts DAG files at the bundle's root instead of under the DAGs folder's name.",
    )
    .or("false"),
    Setting::ours("allow-no-dags", ValueKind::Bool, "Deploys even when the DAGs folder holds no DAG file.")
        .or("false")
        .surface(Surface::NotInFile),
    Setting::ours("allow-large-bundle", ValueKind::Bool, "Deploys DAGs or a bundle of more than 500 MB.")
        .or("false")
        .surface(Surface::NotInFile),
    Setting::ours(
        "check",
        ValueKind::Bool,
        "Checks syntax, DAG ids and imports in the DAGs folder without running anything; an error stops the deploy.",
    )
    .or("true"),
    Setting::ours(
        "dag-deploys",
        ValueKind::Enum(&["on", "off"]),
        "What to assume about DAG deploys where there is no token to ask.",
    )
    .or("on"),
    check_rows::PARSE,
    check_rows::PYTEST,
    check_rows::PYTEST_FILE,
    check_rows::PARSE_TIMEOUT,
    check_rows::PYTEST_TIMEOUT,
    check_rows::AIRFLOW_VERSION,
    check_rows::CHECK_CACHE,
    check_rows::JUNIT_FILE,
    // The image.
    Setting::incumbent(
        "image-name",
        ValueKind::Text,
        "Image to ship instead of building one: local, in a registry, or an archive.",
    )
    .used_by(Commands::Project)
    .surface(Surface::NotInFile),
    Setting::ours("dockerfile", ValueKind::Path, "Dockerfile inside the project.").or("Dockerfile").used_by(Commands::Project),
    Setting::ours("build-args", ValueKind::Lines, "Build arguments as `NAME=value`, one a line."),
    Setting::incumbent("build-secrets", ValueKind::Lines, "Build secrets such as `id=token,src=token.txt`, one a line.")
        .used_by(Commands::Deploy)
        .surface(Surface::NotInFile),
    Setting::ours("build-ssh", ValueKind::Lines, "SSH agents or keys for the build, such as `default`, one a line.")
        .used_by(Commands::Deploy)
        .surface(Surface::NotInFile),
    Setting::ours("cache-from", ValueKind::Lines, "Build caches to read, one a line.")
        .used_by(Commands::Deploy)
        .surface(Surface::NotInFile),
    Setting::ours("cache-to", ValueKind::Lines, "Build caches to write, one a line.")
        .used_by(Commands::Deploy)
        .surface(Surface::NotInFile),
    Setting::ours("builder", ValueKind::Text, "Name of the buildx builder, which may be remote.")
        .used_by(Commands::Deploy)
        .surface(Surface::NotInFile),
    Setting::ours(
        "container-engine",
        ValueKind::Text,
        "`docker`, `podman`, `buildah` or the path of one; the first that works when absent.",
    )
    .used_by(Commands::Project)
    .surface(Surface::NotInFile),
    Setting::incumbent(
        "image-trigger-paths",
        ValueKind::List,
        "Paths in the repository, also outside the project, that belong to the image.",
    ),
    Setting::ours("inert-paths", ValueKind::List, "Paths that never cause a deploy; replaces the built-in list."),
    // dbt and other bundles.
    Setting::incumbent(
        "mount-path",
        ValueKind::Text,
        "Where a dbt project or other bundle is mounted; `/usr/local/airflow/dbt/<project>` for dbt when absent.",
    ),
    Setting::ours("bundle-type", ValueKind::Text, "Type of a bundle shipped with `non-dags`; `none` when absent."),
    Setting::ours("delete-bundle", ValueKind::Bool, "Removes the bundle at the mount path instead of shipping one.").or("false"),
    // When to deploy.
    Setting::incumbent("force", ValueKind::Bool, "Ships even when nothing changed.").or("false").surface(Surface::NotInFile),
    Setting::incumbent("skip-unchanged", ValueKind::Bool, "Ships nothing when it is proven that nothing changed.").or("true"),
    Setting::ours("base", ValueKind::Text, "Commit to compare with where the deployed state is unknown.")
        .surface(Surface::NotInFile),
    Setting::ours("allow-older-commit", ValueKind::Bool, "Lets an older commit replace a newer one.")
        .or("false")
        .surface(Surface::NotInFile),
    Setting::ours("allow-other-repository", ValueKind::Bool, "Replaces DAGs that another repository deployed.")
        .or("false")
        .surface(Surface::NotInFile),
    Setting::ours("allow-fork", ValueKind::Bool, "Deploys a pull request from a fork although its code is a stranger's.")
        .or("false")
        .used_by(Commands::Deploy)
        .surface(Surface::NotInFile),
    Setting::incumbent("wake-on-deploy", ValueKind::Bool, "Wakes a hibernating Deployment for the deploy.").or("false"),
    Setting::ours("wait", ValueKind::Bool, "Waits until this deploy has arrived.").or("true").used_by(Commands::Deploy),
    Setting::incumbent("wait-time", ValueKind::Duration, "How long to wait: `300s`, `5m`, `1h30m`.")
        .or("10m")
        .used_by(Commands::Deploy),
    // History and rollback.
    ON_FAILURE,
    ALLOW_RUNTIME_DOWNGRADE,
    TO,
    PREVIOUS,
    LIMIT,
    VERIFY,
    VERIFY_TIME,
    smoke_rows::SMOKE_DAGS,
    smoke_rows::SMOKE_CONF,
    smoke_rows::SMOKE_TIMEOUT,
    // Previews.
    Setting::incumbent(
        "preview-name",
        ValueKind::Text,
        "Name of the preview; made from base, pull request and branch when absent.",
    )
    .used_by(Commands::MakePreview)
    .surface(Surface::NotInFile),
    Setting::ours(
        "preview-name-style",
        ValueKind::Enum(&["liftoff", "deploy-action"]),
        "How a name is made: different for every branch, or as deploy-action does.",
    )
    .or("liftoff")
    .used_by(Commands::MakePreview),
    Setting::ours(
        "preview-ttl",
        ValueKind::Text,
        "How long a preview lives after its last deploy: `12h`, `7d`, or `never` ends it.",
    )
    .or("7d")
    .used_by(Commands::MakePreview),
    Setting::ours("preview-limit", ValueKind::Text, "Most previews of one base Deployment, or `none`.")
        .or("20")
        .used_by(Commands::MakePreview)
        .surface(Surface::NotInFile),
    Setting::ours("preview-development-mode", ValueKind::Bool, "Makes a preview that can hibernate.")
        .or("true")
        .used_by(Commands::MakePreview),
    Setting::ours("preview-high-availability", ValueKind::Bool, "Doubles the preview's components; not in development mode.")
        .or("false")
        .used_by(Commands::MakePreview),
    Setting::ours(
        "preview-scheduler-size",
        ValueKind::Enum(&["small", "medium", "large", "extra-large", "base"]),
        "Scheduler of the preview; development mode takes `small` alone.",
    )
    .or("small")
    .used_by(Commands::MakePreview),
    Setting::ours("preview-min-workers", ValueKind::Text, "Fewest workers of each queue, or `base` for the base's number.")
        .or("0")
        .used_by(Commands::MakePreview),
    Setting::ours("preview-max-workers", ValueKind::Text, "Most workers of each queue, or `base` for the base's number.")
        .or("base")
        .used_by(Commands::MakePreview),
    Setting::ours(
        "preview-hibernate-at",
        ValueKind::Text,
        "When a preview falls asleep: five fields of cron in UTC, or `never`.",
    )
    .or("0 3 * * *")
    .used_by(Commands::MakePreview),
    Setting::ours("preview-wake-at", ValueKind::Text, "When it wakes again: five fields of cron in UTC.")
        .or("0 6 * * 1-5")
        .used_by(Commands::MakePreview),
    Setting::ours(
        "preview-variables",
        ValueKind::Lines,
        "Environment variables of the preview as `NAME=value`, one a line; `NAME=` leaves out one of the base's.",
    )
    .used_by(Commands::MakePreview),
    Setting::ours(
        "preview-secrets",
        ValueKind::List,
        "Secret environment variables of the preview whose values are in this run's environment: `NAME`, or `NAME=VARIABLE`.",
    )
    .used_by(Commands::MakePreview)
    .surface(Surface::NotInFile),
    Setting::ours("preview-paused", ValueKind::Bool, "Leaves the DAGs of a preview paused.")
        .or("true")
        .used_by(Commands::MakePreview),
    Setting::ours("preview-unpause", ValueKind::List, "Ids of DAGs to unpause after each deploy to a preview.")
        .used_by(Commands::MakePreview),
    Setting::incumbent("copy-connections", ValueKind::Bool, "Copies the base's connections, without secrets, to a new preview.")
        .or("true")
        .used_by(Commands::MakePreview),
    Setting::incumbent(
        "copy-airflow-variables",
        ValueKind::Bool,
        "Copies the base's Airflow variables, without secrets, to a new preview.",
    )
    .or("true")
    .used_by(Commands::MakePreview),
    Setting::incumbent("copy-pools", ValueKind::Bool, "Copies the base's pools to a new preview.")
        .or("true")
        .used_by(Commands::MakePreview),
    Setting::ours("copy-again", ValueKind::Bool, "Copies into a preview that has been deployed to before, too.")
        .or("false")
        .used_by(Commands::MakePreview),
    Setting::ours("dry-run", ValueKind::Bool, "Only says what would be done by a rollback, to previews, or by a command that manages something.")
        .or("false")
        .used_by(Commands::ChangePreviews)
        .surface(Surface::NotInFile),
    // Overrides of what the CI system says.
    Setting::ours("branch", ValueKind::Text, "Branch this run serves; the CI system's when absent.")
        .used_by(Commands::Astro)
        .surface(Surface::NotInFile),
    Setting::ours("commit", ValueKind::Text, "Full id of the commit this run serves; the CI system's when absent.")
        .used_by(Commands::Astro)
        .surface(Surface::NotInFile),
    Setting::ours(
        "pull-request",
        ValueKind::Text,
        "Number of the pull request that this run serves; the CI system's when absent.",
    )
    .used_by(Commands::Astro)
    .surface(Surface::NotInFile),
    // Reports.
    Setting::ours("comment", ValueKind::Bool, "Keeps one comment on the pull request up to date.")
        .or("true")
        .used_by(Commands::Change),
    Setting::ours("comment-on-no-op", ValueKind::Bool, "Comments even when there is nothing to deploy.").or("false"),
    Setting::ours("commit-status", ValueKind::Bool, "Sets a commit status.")
        .or("false")
        .used_by(Commands::Change)
        .surface(Surface::NotInFile),
    Setting::ours(
        "forge-deployment",
        ValueKind::Bool,
        "Records the deploy as a deployment to an environment, where the forge has such records.",
    )
    .or("false")
    .used_by(Commands::Change)
    .surface(Surface::NotInFile),
    Setting::ours("environment", ValueKind::Text, "Name of the forge's environment; the Deployment's name when absent.")
        .used_by(Commands::Deploy)
        .surface(Surface::NotInFile),
    Setting::ours(
        "annotations",
        ValueKind::Bool,
        "Shows what a check found at its lines on the pull request; unless set, only where the CI system's log does not.",
    )
    .or("true")
    .used_by(Commands::Project),
    Setting::ours(
        "forge",
        ValueKind::Enum(&["github", "gitlab", "bitbucket", "bitbucket-server", "azure-devops", "gitea", "none"]),
        "Forge to report to; the one that the CI system names, else that of the remote `origin`, when absent.",
    )
    .used_by(Commands::Astro)
    .surface(Surface::NotInFile),
    Setting::ours("forge-api-url", ValueKind::Text, "Base URL of the forge's API; found by the repository's URL when absent.")
        .used_by(Commands::Astro)
        .surface(Surface::NotInFile),
    Setting::ours(
        "forge-token",
        ValueKind::Secret,
        "Token for reporting to the forge and for comparing commits there; when absent `GITHUB_TOKEN`, `GITLAB_TOKEN`, \
         `BITBUCKET_TOKEN`, `SYSTEM_ACCESSTOKEN` or `GITEA_TOKEN`, by the forge.",
    )
    .used_by(Commands::Astro)
    .surface(Surface::NotInFile)
    .action_default("${{ github.token }}"),
    Setting::ours(
        "outputs-file",
        ValueKind::Path,
        "File for the outputs as `LIFTOFF_OUTPUT_…=value` lines, such as GitLab's dotenv report; replaced if it is there.",
    )
    .used_by(Commands::Change)
    .surface(Surface::NotInFile),
    Setting::ours("json", ValueKind::Bool, "Prints data as JSON.").or("false").used_by(Commands::Every),
    Setting::ours("log-level", ValueKind::Enum(&["error", "warn", "info", "debug", "trace"]), "How much to log.")
        .or("warn")
        .used_by(Commands::Every),
    Setting::ours("color", ValueKind::Enum(&["auto", "always", "never"]), "When to use colour.")
        .or("auto")
        .used_by(Commands::Every),
    Setting::ours("sandbox", ValueKind::Bool, "Uses a simulated platform inside this process instead of Astro.")
        .or("false")
        .used_by(Commands::Every)
        .surface(Surface::NotInFile),
    Setting::ours(
        "config",
        ValueKind::Path,
        "Settings file; `liftoff.toml` at the root of the project or the repository when absent.",
    )
    .used_by(Commands::Every)
    .surface(Surface::NotInFile),
    // Accepted from workflows written for deploy-action.
    Setting::incumbent("deploy-image", ValueKind::Bool, "Ships image and DAGs.")
        .or("false")
        .compat(Compat::Deprecated("use `deploy-type: image-and-dags`")),
    Setting::incumbent("checkout", ValueKind::Bool, "Has no effect.")
        .compat(Compat::Ignored("Liftoff reads the checkout that is there; add a step with actions/checkout before it")),
    Setting::incumbent("checkout-submodules", ValueKind::Bool, "Has no effect.")
        .compat(Compat::Ignored("set `submodules` on the step with actions/checkout")),
    Setting::incumbent("cli-version", ValueKind::Text, "Has no effect.")
        .compat(Compat::Ignored("Liftoff does not use the Astro CLI")),
    // The action's launcher.
    Setting::ours("binary-path", ValueKind::Path, "Liftoff binary to run instead of downloading one.").surface(Surface::Launcher),
    Setting::ours("download-url", ValueKind::Text, "Where the action downloads the binary from, for mirrors.")
        .surface(Surface::Launcher),
];

/// Returns whether the command of that name uses a setting.
#[must_use]
pub fn is_used(setting: &Setting, command: &str) -> bool {
    setting.commands.include(command) || (command == "rollback" && SHARED.contains(&setting.name))
}

/// Returns the setting of exactly that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_well_formed() {
        let names: BTreeSet<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
        assert_eq!(names.len(), SETTINGS.len());
        for setting in SETTINGS {
            assert!(setting.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", setting.name);
            assert!(setting.help.ends_with('.') && !setting.help.contains('\n'), "{}", setting.name);
        }
    }

    /// The file comes with the code of a pull request, whose author may be a stranger.
    #[test]
    fn what_steers_programs_identity_or_guards_may_not_come_from_the_file() {
        let kept_out = [
            "action",
            "all",
            "container-engine",
            "image-name",
            "build-secrets",
            "build-ssh",
            "cache-from",
            "cache-to",
            "builder",
            "branch",
            "commit",
            "pull-request",
            "commit-status",
            "forge",
            "forge-api-url",
            "forge-token",
            "forge-deployment",
            "environment",
            "outputs-file",
            "check-cache",
            "junit-file",
            "force",
            "allow-older-commit",
            "allow-other-repository",
            "allow-no-dags",
            "allow-fork",
            "base",
            "preview-name",
            "preview-limit",
            "preview-secrets",
            "dry-run",
            "on-failure",
            "allow-runtime-downgrade",
            "to",
            "previous",
        ];
        for name in kept_out {
            assert_eq!(find(name).map(|setting| setting.surface), Some(Surface::NotInFile), "{name}");
        }
    }

    /// The inputs of astronomer/deploy-action 0.13.0 and of its pull request 156.
    #[test]
    fn every_input_of_deploy_action_is_known() {
        let inputs = [
            "action",
            "deploy-type",
            "deployment-id",
            "deployment-name",
            "workspace",
            "root-folder",
            "description",
            "image-name",
            "build-secrets",
            "parse",
            "pytest",
            "pytest-file",
            "force",
            "image-trigger-paths",
            "skip-unchanged",
            "deploy-image",
            "mount-path",
            "wake-on-deploy",
            "wait-time",
            "preview-name",
            "copy-connections",
            "copy-airflow-variables",
            "copy-pools",
            "checkout",
            "checkout-submodules",
            "cli-version",
        ];
        for input in inputs {
            let setting = find(input).unwrap_or_else(|| panic!("{input}"));
            assert_ne!(setting.compat, Compat::New, "{input}");
        }
        assert_eq!(SETTINGS.iter().filter(|setting| setting.compat != Compat::New).count(), inputs.len());
    }
}
