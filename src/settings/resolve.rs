//! Turns flags, inputs, variables, the settings file and the CI context into typed settings.
//! It knows what each setting means to deploy-action's users, but not what the rest of Liftoff does.

use crate::error::{Error, Kind, Result};
use crate::settings::action::Action;
use crate::settings::check_reader::checks;
use crate::settings::conflicts;
use crate::settings::forge;
use crate::settings::layers::{Layers, Sources, gather};
use crate::settings::origin::Origin;
use crate::settings::preview_reader::previews;
use crate::settings::reader::Reader;
use crate::settings::rollback_reader::rollback;
use crate::settings::setting::Compat;
use crate::settings::smoke_reader::smoke;
use crate::settings::typed::Value;
use crate::settings::values::{
    Annotations, Api, AssumedDagDeploys, Bundle, ColourChoice, Context, DagsPrefix, Deploy, DeployTypeSetting, Format, Image,
    Intent, LogLevel, Project, Report, RootFolder, Settings, Target,
};
use crate::settings::verify::Verify;

/// The value by which deploy-action's users say that there is no prebuilt image
/// (`reference/deploy-action.md`).
const NO_IMAGE: &str = "no-custom-image";

/// Resolves all settings of a run.
///
/// # Errors
/// Fails with `Kind::Usage` on unknown names, wrong values and contradictions.
pub fn resolve(sources: &Sources<'_>) -> Result<Settings> {
    let mut layers = gather(sources)?;
    translate(&mut layers);
    refuse_all_but_plans(&layers)?;
    refuse_setup(&layers)?;
    conflicts::refuse(&layers.values)?;
    let reader = Reader::new(&layers.values, sources.env, sources.ci);
    let origins = layers
        .values
        .values()
        .map(|checked| (checked.setting.name, (checked.value.shown(checked.setting), checked.origin.clone())))
        .collect();
    Ok(Settings {
        intent: layers.intent,
        action: action(&reader),
        all: reader.is_on("all"),
        mapping: layers.mapping,
        deploy_type: deploy_type(&reader),
        target: target(&reader),
        api: api(&reader)?,
        project: project(&reader)?,
        checks: checks(&reader)?,
        image: image(&reader)?,
        bundle: bundle(&reader)?,
        deploy: deploy(&reader)?,
        previews: previews(&reader)?,
        rollback: rollback(&reader)?,
        context: context(&reader)?,
        report: report(&reader),
        sandbox: reader.is_on("sandbox"),
        origins,
        notices: layers.notices,
    })
}

/// Resolves the project's folder alone, before the file that may complete the other settings is
/// known.
///
/// # Errors
/// Fails with `Kind::Usage` on unknown names and on wrong values.
pub fn root_folder(sources: &Sources<'_>) -> Result<RootFolder> {
    let layers = gather(sources)?;
    Reader::new(&layers.values, sources.env, sources.ci).root_folder()
}

/// Reads deploy-action's peculiar spellings as what they mean.
fn translate(layers: &mut Layers) {
    let none = |value: &Value| matches!(value, Value::Text(text) if text.eq_ignore_ascii_case(NO_IMAGE));
    if layers.values.get("image-name").is_some_and(|checked| none(&checked.value)) {
        layers.values.remove("image-name");
    }
    let image =
        layers.values.get("deploy-image").filter(|checked| checked.value == Value::Switch(true)).map(|it| it.origin.clone());
    if let (Some(origin), Some(deploy_type)) = (image, layers.values.get_mut("deploy-type"))
        && deploy_type.value == Value::Text("infer".to_owned())
    {
        deploy_type.value = Value::Text("image-and-dags".to_owned());
        deploy_type.origin = origin;
    }
    for checked in layers.values.values().filter(|checked| checked.origin.is_explicit()) {
        let off = checked.value == Value::Switch(false);
        let note = match checked.setting.compat {
            Compat::Ignored(why) if !off => format!("`{}` ({}) has no effect: {why}", checked.setting.name, checked.origin),
            Compat::Deprecated(instead) if !off => {
                format!("`{}` ({}) is deprecated: {instead}", checked.setting.name, checked.origin)
            }
            _ => continue,
        };
        layers.notices.push(note);
    }
}

/// A deploy of everything would hide which project failed, and share one token and one log.
fn refuse_all_but_plans(layers: &Layers) -> Result<()> {
    match layers.values.get("all").filter(|checked| checked.value == Value::Switch(true)) {
        Some(checked) if layers.intent != Intent::Show => Err(Error::new(Kind::Usage, "deploy all projects in one run")
            .because(format!("{}: `all` only plans", checked.origin))
            .hint("plan with `all`, then deploy each project of the matrix in a job of its own")),
        _ => Ok(()),
    }
}

/// What only the action's launcher can do must not become a deploy.
fn refuse_setup(layers: &Layers) -> Result<()> {
    match layers.values.get("action").filter(|checked| checked.value == Value::Text("setup".to_owned())) {
        Some(checked) if layers.intent == Intent::Ship => Err(Error::new(Kind::Usage, "set up Liftoff")
            .because(format!("{}: the GitHub action does that before there is a binary", checked.origin))
            .hint("leave `action` away")),
        _ => Ok(()),
    }
}

fn action(reader: &Reader<'_>) -> Action {
    match reader.word("action") {
        "plan" => Action::Plan,
        "rollback" => Action::Rollback,
        "check" => Action::Check,
        "preview" => Action::Preview,
        "create-deployment-preview" => Action::CreatePreview,
        "deploy-deployment-preview" => Action::DeployPreview,
        "delete-deployment-preview" => Action::DeletePreview,
        _ => Action::Deploy,
    }
}

fn deploy_type(reader: &Reader<'_>) -> DeployTypeSetting {
    match reader.word("deploy-type") {
        "dags-only" => DeployTypeSetting::DagsOnly,
        "image-and-dags" => DeployTypeSetting::ImageAndDags,
        "image-only" => DeployTypeSetting::ImageOnly,
        "dbt" => DeployTypeSetting::Dbt,
        "non-dags" => DeployTypeSetting::NonDags,
        _ => DeployTypeSetting::Infer,
    }
}

fn target(reader: &Reader<'_>) -> Target {
    Target {
        deployment_id: reader.text("deployment-id").map(crate::model::ids::DeploymentId::new),
        deployment_name: reader.text("deployment-name"),
        workspace: reader.text("workspace"),
        organization: reader.text("organization").map(crate::model::ids::OrganizationId::new),
    }
}

fn api(reader: &Reader<'_>) -> Result<Api> {
    let days = reader.word("token-warning-days");
    let wrong = |_| reader.wrong("token-warning-days", "expected a number of days");
    let token_warning_days = days.parse().map_err(wrong)?;
    Ok(Api {
        token: reader.secret("api-token"),
        token_file: reader.absolute_path("api-token-file"),
        token_warning_days,
        url: reader.url("api-url")?,
        ca_cert: reader.absolute_path("ca-cert"),
    })
}

fn project(reader: &Reader<'_>) -> Result<Project> {
    Ok(Project {
        root: reader.root_folder()?,
        dags_path: reader.inner_path("dags-path")?,
        dags_prefix: if reader.is_on("no-dags-base-dir") { DagsPrefix::None } else { DagsPrefix::FolderName },
        allow_no_dags: reader.is_on("allow-no-dags"),
        allow_large_bundle: reader.is_on("allow-large-bundle"),
        check: reader.is_on("check"),
        assumed_dag_deploys: if reader.word("dag-deploys") == "off" { AssumedDagDeploys::Off } else { AssumedDagDeploys::On },
        image_trigger_paths: reader.inner_paths("image-trigger-paths")?,
        inert_paths: reader.is_given("inert-paths").then(|| reader.items("inert-paths")),
    })
}

fn image(reader: &Reader<'_>) -> Result<Image> {
    Ok(Image {
        name: reader.text("image-name"),
        dockerfile: reader.inner_path("dockerfile")?,
        build_args: reader.pairs("build-args")?,
        build_secrets: reader.items("build-secrets"),
        build_ssh: reader.items("build-ssh"),
        cache_from: reader.items("cache-from"),
        cache_to: reader.items("cache-to"),
        builder: reader.text("builder"),
        container_engine: reader.text("container-engine"),
    })
}

fn bundle(reader: &Reader<'_>) -> Result<Bundle> {
    Ok(Bundle {
        mount_path: reader.mount_path("mount-path")?,
        bundle_type: reader.text("bundle-type"),
        delete: reader.is_on("delete-bundle"),
    })
}

fn deploy(reader: &Reader<'_>) -> Result<Deploy> {
    Ok(Deploy {
        description: reader.text("description"),
        force: reader.is_on("force"),
        skip_unchanged: reader.is_on("skip-unchanged"),
        base: reader.text("base"),
        allow_older_commit: reader.is_on("allow-older-commit"),
        allow_other_repository: reader.is_on("allow-other-repository"),
        allow_fork: reader.is_on("allow-fork"),
        wake: reader.is_on("wake-on-deploy"),
        wait: reader.is_on("wait").then(|| reader.duration("wait-time")).flatten(),
        verify: Verify::of_word(reader.word("verify")),
        verify_time: reader.duration("verify-time").unwrap_or_default(),
        smoke: smoke(reader)?,
    })
}

fn context(reader: &Reader<'_>) -> Result<Context> {
    Ok(Context { branch: reader.text("branch"), commit: reader.commit("commit")?, pull_request: reader.number("pull-request")? })
}

fn report(reader: &Reader<'_>) -> Report {
    let level = match reader.word("log-level") {
        "error" => LogLevel::Error,
        "info" => LogLevel::Info,
        "debug" => LogLevel::Debug,
        "trace" => LogLevel::Trace,
        _ => LogLevel::Warn,
    };
    Report {
        comment: reader.is_on("comment"),
        comment_on_no_op: reader.is_on("comment-on-no-op"),
        commit_status: reader.is_on("commit-status"),
        forge_deployment: reader.is_on("forge-deployment"),
        environment: reader.text("environment"),
        annotations: match (reader.is_on("annotations"), reader.origin("annotations").is_some_and(Origin::is_explicit)) {
            (false, _) => Annotations::Never,
            (true, true) => Annotations::Always,
            (true, false) => Annotations::Auto,
        },
        forge: reader.is_given("forge").then(|| forge::of_word(reader.word("forge"))),
        forge_api_url: reader.text("forge-api-url"),
        forge_token: reader.secret("forge-token"),
        outputs_file: reader.absolute_path("outputs-file"),
        format: if reader.is_on("json") { Format::Json } else { Format::Text },
        log_level: reader.origin("log-level").is_some_and(Origin::is_explicit).then_some(level),
        colour: match reader.word("color") {
            "always" => ColourChoice::Always,
            "never" => ColourChoice::Never,
            _ => ColourChoice::Auto,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::env::snapshot::Env;
    use crate::error::Kind;
    use crate::model::context::{CiContext, Event};
    use crate::model::path::RelPath;
    use crate::settings::layers::{FileText, config_path};
    use crate::settings::previews::Previews;
    use crate::settings::values::Mapping;

    struct Case<'a> {
        flags: &'a [(&'a str, &'a str)],
        env: &'a [(&'a str, &'a str)],
        file: &'a str,
    }

    fn ci() -> CiContext {
        CiContext {
            branch: Some("main".to_owned()),
            checkout: Some(PathBuf::from("/w/repo")),
            ..CiContext::new("github-actions", Event::Push)
        }
    }

    fn env(pairs: &[(&str, &str)]) -> Env {
        Env::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())), PathBuf::from("/w/repo/sub"))
    }

    fn run(case: &Case<'_>) -> Result<Settings> {
        let flags: Vec<(String, String)> =
            case.flags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let file = Some(FileText { path: "../liftoff.toml", text: case.file });
        let (env, ci) = (env(case.env), ci());
        resolve(&Sources { flags: &flags, env: &env, file, ci: &ci, intent: Intent::Ship, checked_out: None })
    }

    fn flags(flags: &[(&str, &str)]) -> Result<Settings> {
        run(&Case { flags, env: &[], file: "" })
    }

    fn inputs(env: &[(&str, &str)]) -> Result<Settings> {
        run(&Case { flags: &[], env, file: "" })
    }

    fn origin(settings: &Settings, name: &str) -> String {
        settings.origins.get(name).map(|(shown, origin)| format!("{shown} | {origin}")).unwrap_or_default()
    }

    #[test]
    fn without_any_source_every_default_holds() {
        let settings = inputs(&[]).expect("settings");
        assert_eq!(settings.deploy_type, DeployTypeSetting::Infer);
        assert_eq!(settings.project.root, RootFolder::Absolute(PathBuf::from("/w/repo/sub")));
        assert_eq!(settings.project.dags_path, RelPath::parse(b"dags").expect("a path"));
        assert_eq!(settings.deploy.wait, Some(Duration::from_secs(600)));
        assert!(settings.deploy.skip_unchanged && !settings.deploy.force && settings.report.comment);
        assert_eq!(settings.api.url.to_string(), "https://api.astronomer.io/v1");
        assert_eq!(settings.previews, Previews::default());
        assert_eq!(settings.context.branch.as_deref(), Some("main"));
        assert_eq!(settings.project.inert_paths, None);
        assert_eq!(settings.report.log_level, None);
        assert_eq!(settings.notices, Vec::<String>::new());
        assert_eq!(origin(&settings, "branch"), "main | CI context (github-actions)");
        assert_eq!(origin(&settings, "wait-time"), "600s | default");
    }

    #[test]
    fn a_stronger_layer_hides_the_weaker_ones() {
        let layers: [(&str, &str); 4] = [
            ("INPUT_WORKSPACE", "input"),
            ("LIFTOFF_WORKSPACE", "variable"),
            ("INPUT_DESCRIPTION", " "),
            ("LIFTOFF_DESCRIPTION", "v"),
        ];
        let file = "workspace = \"file\"\ndescription = \"file\"\norganization = \"file\"\n";
        let settings = run(&Case { flags: &[("workspace", "flag")], env: &layers, file }).expect("settings");
        assert_eq!(origin(&settings, "workspace"), "flag | flag --workspace");
        assert_eq!(origin(&settings, "description"), "v | LIFTOFF_DESCRIPTION", "an empty input counts as unset");
        assert_eq!(origin(&settings, "organization"), "file | ../liftoff.toml line 3");
        let settings = run(&Case { flags: &[], env: &layers, file }).expect("settings");
        assert_eq!(origin(&settings, "workspace"), "input | input workspace");
        let settings = run(&Case { flags: &[], env: &[], file }).expect("settings");
        assert_eq!(origin(&settings, "workspace"), "file | ../liftoff.toml line 1");
        assert_eq!(settings.target.workspace.as_deref(), Some("file"));
        let settings = run(&Case { flags: &[("branch", "flag")], env: &[], file: "" }).expect("settings");
        assert_eq!(settings.context.branch.as_deref(), Some("flag"), "a flag hides the CI context");
    }

    #[test]
    fn the_token_comes_from_its_variable_and_is_never_shown() {
        let settings = inputs(&[("ASTRO_API_TOKEN", "hunter2\n"), ("INPUT_FORGE-TOKEN", "hunter2")]).expect("settings");
        assert_eq!(settings.api.token.as_ref().map(crate::model::secret::Secret::expose), Some("hunter2"));
        assert!(settings.report.forge_token.is_some());
        assert_eq!(origin(&settings, "api-token"), "[secret] | ASTRO_API_TOKEN");
        assert!(!format!("{settings:?}").contains("hunter2"));
        let settings = inputs(&[("ASTRO_API_TOKEN", "a"), ("LIFTOFF_API_TOKEN", "b")]).expect("settings");
        assert_eq!(origin(&settings, "api-token"), "[secret] | LIFTOFF_API_TOKEN");
    }

    #[test]
    fn a_forges_token_comes_from_its_own_variable_and_from_no_other_forges() {
        let all = [("GITHUB_TOKEN", "gh"), ("GITLAB_TOKEN", "gl"), ("GITEA_TOKEN", "gt"), ("BITBUCKET_TOKEN", "bb")];
        let token = |word: &str, more: &[(&str, &str)]| {
            let env: Vec<(&str, &str)> = all.iter().chain(more).copied().chain([("LIFTOFF_FORGE", word)]).collect();
            let settings = inputs(&env).expect("settings");
            (settings.report.forge_token.map(|token| token.expose().to_owned()), origin_of(&settings.origins))
        };
        fn origin_of(origins: &std::collections::BTreeMap<&'static str, (String, Origin)>) -> String {
            origins.get("forge-token").map(|(shown, origin)| format!("{shown} | {origin}")).unwrap_or_default()
        }
        let found = |text: &str, name: &str| (Some(text.to_owned()), format!("[secret] | {name}"));
        assert_eq!(token("gitlab", &[]), found("gl", "GITLAB_TOKEN"));
        assert_eq!(token("bitbucket-server", &[]), found("bb", "BITBUCKET_TOKEN"));
        assert_eq!(token("azure-devops", &[]), (None, String::new()));
        assert_eq!(token("none", &[]), (None, String::new()));
        assert_eq!(token("github", &[("LIFTOFF_FORGE_TOKEN", "own")]), found("own", "LIFTOFF_FORGE_TOKEN"));
    }

    #[test]
    fn every_spelling_of_the_root_folder_is_understood() {
        let repository = |text: &str| RootFolder::Repository(RelPath::parse(text.as_bytes()).expect("a path"));
        let absolute = |text: &str| RootFolder::Absolute(PathBuf::from(text));
        let rows = [
            (".", absolute("/w/repo/sub")),
            ("./astro/", absolute("/w/repo/sub/astro")),
            ("astro", absolute("/w/repo/sub/astro")),
            ("../astro", absolute("/w/repo/astro")),
            ("/", repository("")),
            ("/example-dags/", repository("example-dags")),
            ("//a/./b/../c", repository("a/c")),
            ("/w/repo/astro", absolute("/w/repo/astro")),
            ("/w/repo", absolute("/w/repo")),
            ("/w/repo2", repository("w/repo2")),
        ];
        for (text, expected) in rows {
            assert_eq!(flags(&[("root-folder", text)]).expect(text).project.root, expected, "{text}");
        }
        let settings = run(&Case { flags: &[], env: &[], file: "root-folder = 'astro'" }).expect("settings");
        assert_eq!(settings.project.root, absolute("/w/repo/astro"), "a file's path is relative to the file");
        assert!(flags(&[("root-folder", "/../x")]).is_err());
    }

    #[test]
    fn deploy_actions_own_spellings_keep_their_meaning() {
        let settings = inputs(&[
            ("INPUT_IMAGE-NAME", "no-custom-image"),
            ("INPUT_BUILD-SECRETS", "id=a,src=b\nid=c,env=D"),
            ("INPUT_IMAGE-TRIGGER-PATHS", "shared/, protos\nlib/x.py"),
            ("INPUT_DEPLOY-IMAGE", "true"),
            ("INPUT_CHECKOUT", "true"),
            ("INPUT_CHECKOUT-SUBMODULES", "false"),
            ("INPUT_CLI-VERSION", "1.38.0"),
            ("INPUT_PARSE", "false"),
            ("INPUT_WAIT-TIME", "300s"),
            ("INPUT_ACTION", "deploy"),
            ("INPUT_COPY-POOLS", "false"),
        ])
        .expect("settings");
        assert_eq!(settings.image.name, None);
        assert_eq!(settings.image.build_secrets, ["id=a,src=b", "id=c,env=D"]);
        let paths: Vec<String> = settings.project.image_trigger_paths.iter().map(ToString::to_string).collect();
        assert_eq!(paths, ["shared", "protos", "lib/x.py"]);
        assert_eq!(settings.deploy_type, DeployTypeSetting::ImageAndDags);
        assert_eq!(origin(&settings, "deploy-type"), "image-and-dags | input deploy-image");
        assert_eq!(settings.deploy.wait, Some(Duration::from_secs(300)));
        let notices = settings.notices.join("\n");
        for word in ["`deploy-image` (input deploy-image) is deprecated", "`checkout` (input", "`cli-version`"] {
            assert!(notices.contains(word), "{word}: {notices}");
        }
        assert!(!notices.contains("submodules"), "{notices}");
        assert!(settings.previews.copies.connections && !settings.previews.copies.pools);
    }

    #[test]
    fn deploy_actions_checks_keep_their_names() {
        let checks = inputs(&[("INPUT_PARSE", "true"), ("INPUT_PYTEST", "yes"), ("INPUT_PYTEST-FILE", "tests/a.py")]);
        let checks = checks.expect("settings").checks;
        assert!(checks.parse && checks.pytest && checks.run_code());
        assert_eq!(checks.pytest_file.as_str(), Some("tests/a.py"));
        assert!(!inputs(&[]).expect("settings").checks.run_code());
        for wrong in [("airflow-version", "3"), ("pytest-file", "../x.py"), ("parse-timeout", "0s")] {
            let error = flags(&[wrong]).expect_err(wrong.0);
            assert!(error.cause().unwrap_or_default().starts_with(&format!("flag --{}: ", wrong.0)), "{error}");
        }
    }

    #[test]
    fn contradictions_name_both_origins() {
        let env = &[("INPUT_DEPLOYMENT-NAME", "prod"), ("INPUT_DEPLOYMENT-ID", "d1")];
        let error = run(&Case { flags: &[], env, file: "" }).expect_err("both");
        let both = "`deployment-id` (input deployment-id) and `deployment-name` (input deployment-name)";
        assert!(error.to_string().contains(both), "{error}");
        let settings = run(&Case { flags: &[("deployment-name", "dev")], env: &env[1..], file: "" }).expect("the flag counts");
        assert_eq!((settings.target.deployment_id, settings.target.deployment_name.as_deref()), (None, Some("dev")));
        let rows: [&[(&str, &str)]; 9] = [
            &[("deploy-type", "dbt"), ("image-name", "x")],
            &[("deploy-type", "dags-only"), ("image-name", "x")],
            &[("image-name", "x"), ("build-args", "A=1")],
            &[("image-name", "x"), ("build-secrets", "id=a")],
            &[("deploy-type", "image-only"), ("deploy-image", "true")],
            &[("delete-bundle", "true")],
            &[("delete-bundle", "true"), ("deploy-type", "infer")],
            &[("deploy-type", "non-dags")],
            &[("api-token", "x"), ("api-token-file", "y")],
        ];
        for row in rows {
            assert_eq!(flags(row).expect_err("a contradiction").kind(), Kind::Usage, "{row:?}");
        }
        flags(&[("image-name", "no-custom-image"), ("build-args", "A=1")]).expect("no image is no contradiction");
        flags(&[("delete-bundle", "true"), ("deploy-type", "dbt")]).expect("a bundle to remove");
        flags(&[("delete-bundle", "false"), ("force", "true")]).expect("off is no contradiction");
    }

    #[test]
    fn a_strangers_code_is_allowed_by_those_who_start_the_run_alone() {
        assert!(!inputs(&[]).expect("settings").deploy.allow_fork);
        assert!(inputs(&[("LIFTOFF_ALLOW_FORK", "true")]).expect("settings").deploy.allow_fork);
        for file in ["allow-fork = true", "force = true", "container-engine = './evil'"] {
            let error = run(&Case { flags: &[], env: &[], file }).expect_err(file);
            assert!(error.cause().unwrap_or_default().contains("may not stand in a file"), "{error}");
        }
    }

    #[test]
    fn words_are_understood_in_any_case() {
        let settings = inputs(&[("INPUT_ACTION", "Plan"), ("INPUT_DEPLOY-TYPE", "DAGs-Only"), ("LIFTOFF_COLOR", "NEVER")]);
        let settings = settings.expect("settings");
        assert_eq!(origin(&settings, "action"), "plan | input action");
        assert_eq!(settings.deploy_type, DeployTypeSetting::DagsOnly);
        assert_eq!(settings.report.colour, ColourChoice::Never);
        let settings = inputs(&[("INPUT_ACTION", "Preview")]).expect("settings");
        assert_eq!((settings.action, settings.intent), (Action::Preview, Intent::Preview));
    }

    #[test]
    fn unknown_names_are_refused_with_the_nearest_known_one() {
        let error = flags(&[("root-fodler", "x")]).expect_err("a flag");
        assert_eq!(error.advice(), Some("did you mean --root-folder?"));
        let error = inputs(&[("LIFTOFF_ROOT_FODLER", "x")]).expect_err("a variable");
        assert_eq!(error.advice(), Some("did you mean LIFTOFF_ROOT_FOLDER?"));
        assert!(flags(&[("binary-path", "x")]).is_err(), "the launcher's inputs are no flags");
        let settings = inputs(&[
            ("LIFTOFF_BINARY_PATH", "/x"),
            ("INPUT_DOWNLOAD-URL", "https://mirror.example"),
            ("INPUT_ROOT_FOLDER", "x"),
            ("INPUT_SOMETHING_ELSE", "x"),
        ])
        .expect("settings");
        assert_eq!(settings.notices.len(), 1);
        assert!(settings.notices[0].contains("INPUT_ROOT_FOLDER") && settings.notices[0].contains("`root-folder`"));
    }

    #[test]
    fn flags_are_given_once_lists_often_and_nothing_empty() {
        let settings = flags(&[("build-args", "A=1"), ("build-args", "B=x=y\nC=")]).expect("settings");
        let expected = [("A", "1"), ("B", "x=y"), ("C", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(settings.image.build_args, expected);
        for row in [&[("force", "true"), ("force", "true")][..], &[("deployment-id", "")], &[("build-args", "SECRET")]] {
            let error = flags(row).expect_err("refused");
            assert_eq!(error.kind(), Kind::Usage);
            assert!(!error.to_string().contains("SECRET"));
        }
    }

    #[test]
    fn values_of_the_wrong_form_are_refused() {
        let rows = [
            ("api-url", "http://api.example"),
            ("api-url", "api.example"),
            ("dags-path", "../dags"),
            ("image-trigger-paths", "a,.."),
            ("image-trigger-paths", "."),
            ("mount-path", "dbt/shop"),
            ("mount-path", "/usr/../etc"),
            ("commit", "main"),
            ("pull-request", "0"),
            ("pull-request", "x"),
        ];
        for (name, text) in rows {
            let error = flags(&[(name, text)]).expect_err(text);
            assert!(error.cause().unwrap_or_default().starts_with(&format!("flag --{name}: ")), "{error}");
        }
        for (name, text) in
            [("api-url", "http://127.0.0.1:1/v1/"), ("mount-path", "/usr/local/airflow/dbt/x/"), ("pull-request", "#7")]
        {
            flags(&[(name, text)]).expect(text);
        }
    }

    #[test]
    fn the_settings_file_is_found_before_the_settings() {
        let flag = [("config".to_owned(), "a.toml".to_owned())];
        assert_eq!(config_path(&flag, &env(&[])), Some(PathBuf::from("/w/repo/sub/a.toml")));
        assert_eq!(config_path(&[], &env(&[("LIFTOFF_CONFIG", "/x/b.toml")])), Some(PathBuf::from("/x/b.toml")));
        assert_eq!(config_path(&[], &env(&[])), None);
    }

    #[test]
    fn the_section_of_the_branch_overlays_the_top_level_of_the_file() {
        let file = "deployment-id = \"top\"\nwait = false\n[branch.main]\ndeployment-name = \"prod\"\nwait-time = \"3m\"\n[branch.dev]\ndeployment-name = \"dev\"\n";
        let on = |branch: &str, env: &[(&str, &str)]| run(&Case { flags: &[("branch", branch)], env, file }).expect("settings");
        let settings = on("main", &[]);
        assert_eq!(origin(&settings, "deployment-name"), "prod | ../liftoff.toml line 4 ([branch.\"main\"])");
        assert_eq!(settings.target.deployment_id, None, "the section's name replaces the top level's id");
        assert_eq!(origin(&settings, "wait-time"), "180s | ../liftoff.toml line 5 ([branch.\"main\"])");
        assert_eq!(origin(&settings, "wait"), "false | ../liftoff.toml line 2");
        assert_eq!(settings.mapping, Mapping::Section { into: None });
        assert_eq!(origin(&on("dev", &[]), "deployment-name"), "dev | ../liftoff.toml line 7 ([branch.\"dev\"])");

        let settings = on("other", &[]);
        assert_eq!(origin(&settings, "deployment-id"), "top | ../liftoff.toml line 1");
        assert!(
            matches!(settings.mapping, Mapping::Unmapped { .. }) && settings.unmapped().is_none(),
            "something else names one"
        );

        let settings = on("main", &[("ASTRO_DEPLOYMENT_ID", "given")]);
        assert_eq!(origin(&settings, "deployment-id"), "given | ASTRO_DEPLOYMENT_ID");
        assert_eq!(settings.target.deployment_name, None, "a variable replaces what the file says");
    }

    #[test]
    fn without_a_section_and_a_deployment_the_run_is_unmapped() {
        let file = "[branch.dev]\ndeployment-name = \"dev\"\n";
        let with = |flags, env| run(&Case { flags, env, file }).expect("settings");
        let settings = with(&[], &[]);
        assert!(
            settings.unmapped().is_some_and(|why| why.contains("`main`") && why.contains("[branch.\"dev\"]")),
            "{settings:?}"
        );
        assert_eq!(with(&[("deployment-id", "d")], &[]).unmapped(), None);
        assert_eq!(with(&[], &[("LIFTOFF_BRANCH", "dev")]).unmapped(), None);
        let wrong = "[branch.other]\nwait-time = \"soon\"\n";
        let error = run(&Case { flags: &[], env: &[], file: wrong }).expect_err("a wrong value");
        assert!(error.to_string().contains("line 2 ([branch.\"other\"])"), "of another branch's section, too: {error}");
    }

    #[test]
    fn all_is_for_plans_that_each_project_aims_itself() {
        assert_eq!(flags(&[("all", "true")]).expect_err("a deploy").kind(), Kind::Usage);
        let settings = inputs(&[("INPUT_ALL", "true"), ("INPUT_ACTION", "plan")]).expect("a plan");
        assert_eq!((settings.all, settings.intent), (true, Intent::Show));
        for other in [("config", "a.toml"), ("sandbox", "true")] {
            let error = flags(&[("all", "true"), ("action", "plan"), other]).expect_err(other.0);
            assert!(error.to_string().contains(&format!("`all` together with `{}`", other.0)), "{error}");
        }
        assert!(run(&Case { flags: &[], env: &[], file: "all = true" }).is_err());
    }

    #[test]
    fn a_binary_that_is_told_to_set_itself_up_deploys_nothing() {
        let error = inputs(&[("INPUT_ACTION", "setup")]).expect_err("an error");
        assert!(error.kind() == Kind::Usage && error.to_string().contains("before there is a binary"), "{error}");
    }
}
