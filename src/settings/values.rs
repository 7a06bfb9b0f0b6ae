//! The settings of a run as typed values, each with its origin.
//! Plain data: it does not know how the values were found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::context::ForgeKind;
use crate::model::ids::{DeploymentId, MountPath, OrganizationId};
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;
use crate::settings::action::Action;
use crate::settings::checks::Checks;
use crate::settings::origin::Origin;
use crate::settings::previews::Previews;
use crate::settings::rollback::Rollback;
use crate::settings::smoke::Smoke;
use crate::settings::verify::Verify;

/// Every setting of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether the run ships or only shows.
    pub intent: Intent,
    /// What the `action` setting makes of a deploy.
    pub action: Action,
    /// Whether every project below the repository is meant.
    pub all: bool,
    /// What the sections of the settings file make of this run.
    pub mapping: Mapping,
    /// What to ship.
    pub deploy_type: DeployTypeSetting,
    /// Where to.
    pub target: Target,
    /// How to reach Astro.
    pub api: Api,
    /// The project on disk.
    pub project: Project,
    /// The checks before a deploy.
    pub checks: Checks,
    /// The image.
    pub image: Image,
    /// dbt and other bundles.
    pub bundle: Bundle,
    /// When to deploy, and how.
    pub deploy: Deploy,
    /// Previews.
    pub previews: Previews,
    /// History and rollback.
    pub rollback: Rollback,
    /// What the run serves: a setting, else the CI system's word.
    pub context: Context,
    /// What to tell, and where.
    pub report: Report,
    /// Whether to use the simulated platform.
    pub sandbox: bool,
    /// Value for people and origin by setting name; settings without a value are absent.
    pub origins: BTreeMap<&'static str, (String, Origin)>,
    /// What people should know about settings that were ignored or read differently; one
    /// sentence each.
    pub notices: Vec<String>,
}

impl Settings {
    /// Returns why this run has no Deployment, when the settings file maps branches or tags to
    /// Deployments, none of its sections holds, and nothing else names one. Words that follow
    /// "because".
    #[must_use]
    pub fn unmapped(&self) -> Option<&str> {
        match &self.mapping {
            Mapping::Unmapped { why } if !self.target.is_named() => Some(why),
            _ => None,
        }
    }
}

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// It only shows what a deploy would do.
    Show,
    /// It ships.
    Ship,
    /// It looks after a preview of what would merge.
    Preview,
}

impl Intent {
    /// Returns whether the run is about what merging its pull request would bring.
    #[must_use]
    pub const fn looks_ahead(self) -> bool {
        matches!(self, Self::Show | Self::Preview)
    }
}

/// What the sections of the settings file make of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapping {
    /// There are no sections.
    Absent,
    /// A section holds.
    Section {
        /// The branch it holds for, when that is not the run's own but the one into which its
        /// pull request would merge.
        into: Option<String>,
    },
    /// No section holds.
    Unmapped {
        /// Why, in words that follow "because".
        why: String,
    },
}

/// What to ship.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeployTypeSetting {
    /// What differs from what the Deployment runs.
    Infer,
    /// The DAG bundle.
    DagsOnly,
    /// Image and DAG bundle.
    ImageAndDags,
    /// The image.
    ImageOnly,
    /// A dbt project.
    Dbt,
    /// Any other folder.
    NonDags,
}

impl DeployTypeSetting {
    /// Returns the setting's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Infer => "infer",
            Self::DagsOnly => "dags-only",
            Self::ImageAndDags => "image-and-dags",
            Self::ImageOnly => "image-only",
            Self::Dbt => "dbt",
            Self::NonDags => "non-dags",
        }
    }

    /// Returns whether this ships a bundle beside the Airflow project.
    #[must_use]
    pub const fn is_bundle(self) -> bool {
        matches!(self, Self::Dbt | Self::NonDags)
    }
}

/// Where to deploy. At most one of id and name is set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// Id of the Deployment.
    pub deployment_id: Option<DeploymentId>,
    /// Name of the Deployment.
    pub deployment_name: Option<String>,
    /// Id or name of the Workspace.
    pub workspace: Option<String>,
    /// Id of the Organization.
    pub organization: Option<OrganizationId>,
}

impl Target {
    /// Returns whether a Deployment is named.
    #[must_use]
    pub const fn is_named(&self) -> bool {
        self.deployment_id.is_some() || self.deployment_name.is_some()
    }
}

/// How to reach Astro. At most one of token and token file is set.
#[derive(Debug, Clone)]
pub struct Api {
    /// The token.
    pub token: Option<Secret>,
    /// Absolute path of a file that holds the token.
    pub token_file: Option<PathBuf>,
    /// Days before its end from which the run warns about its token; 0 never warns.
    pub token_warning_days: u16,
    /// Base URL with version, such as `https://api.astronomer.io/v1`, without a trailing slash.
    pub url: SafeUrl,
    /// Absolute path of a PEM file of further trust roots.
    pub ca_cert: Option<PathBuf>,
}

/// The project's folder as the user named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootFolder {
    /// Below the repository's root: the text began with `/`.
    Repository(RelPath),
    /// An absolute path, made from the current folder (or the settings file's) by text alone.
    Absolute(PathBuf),
}

/// The project on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its folder.
    pub root: RootFolder,
    /// DAGs folder relative to it; the root path when the project itself is the DAGs folder.
    pub dags_path: RelPath,
    /// How the bundle names DAG files.
    pub dags_prefix: DagsPrefix,
    /// Whether an empty DAGs folder may be deployed.
    pub allow_no_dags: bool,
    /// Whether a very large bundle may be deployed.
    pub allow_large_bundle: bool,
    /// Whether the syntax of Python files is checked before DAGs ship.
    pub check: bool,
    /// What to assume about DAG deploys where nobody can be asked.
    pub assumed_dag_deploys: AssumedDagDeploys,
    /// Paths of the repository that belong to the image's inputs.
    pub image_trigger_paths: Vec<RelPath>,
    /// Paths that never cause a deploy; `None` for the built-in list.
    pub inert_paths: Option<Vec<String>>,
}

/// How the DAG bundle names its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DagsPrefix {
    /// Below the DAGs folder's own name.
    FolderName,
    /// At the bundle's root.
    None,
}

/// What a plan without a token assumes about DAG deploys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssumedDagDeploys {
    /// DAGs ship separately.
    On,
    /// DAGs are part of the image.
    Off,
}

/// The image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// A prebuilt image: local, in a registry, or an archive.
    pub name: Option<String>,
    /// Dockerfile relative to the project.
    pub dockerfile: RelPath,
    /// Build arguments, name and value, in the order given.
    pub build_args: Vec<(String, String)>,
    /// Secrets as `docker build --secret` takes them.
    pub build_secrets: Vec<String>,
    /// SSH agents or keys as `docker build --ssh` takes them.
    pub build_ssh: Vec<String>,
    /// Caches to read.
    pub cache_from: Vec<String>,
    /// Caches to write.
    pub cache_to: Vec<String>,
    /// Name of the buildx builder.
    pub builder: Option<String>,
    /// `docker`, `podman`, `buildah` or a path.
    pub container_engine: Option<String>,
}

/// dbt and other bundles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Where it is mounted; always set for `NonDags`.
    pub mount_path: Option<MountPath>,
    /// The platform's bundle type for `NonDags`.
    pub bundle_type: Option<String>,
    /// Whether to remove it instead of shipping it.
    pub delete: bool,
}

/// When to deploy, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deploy {
    /// Description, when the user gave one.
    pub description: Option<String>,
    /// Ship even when nothing changed.
    pub force: bool,
    /// Ship nothing when it is proven that nothing changed.
    pub skip_unchanged: bool,
    /// Revision to compare with where the deployed state is unknown.
    pub base: Option<String>,
    /// Let an older commit replace a newer one.
    pub allow_older_commit: bool,
    /// Replace DAGs that another repository deployed.
    pub allow_other_repository: bool,
    /// Deploy a pull request from a fork.
    pub allow_fork: bool,
    /// Wake a hibernating Deployment.
    pub wake: bool,
    /// How long to wait until the deploy has arrived; `None` means not to wait.
    pub wait: Option<Duration>,
    /// What files that Airflow can no longer import after the deploy do to the run.
    pub verify: Verify,
    /// How long Airflow may take to read what was deployed.
    pub verify_time: Duration,
    /// DAGs to run once the deploy arrived.
    pub smoke: Smoke,
}

/// What the run serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Branch.
    pub branch: Option<String>,
    /// Commit.
    pub commit: Option<CommitSha>,
    /// Number of the pull request.
    pub pull_request: Option<u64>,
}

/// What to tell, and where.
#[derive(Debug, Clone)]
pub struct Report {
    /// Keep a comment on the pull request.
    pub comment: bool,
    /// Comment even when there is nothing to deploy.
    pub comment_on_no_op: bool,
    /// Set a commit status.
    pub commit_status: bool,
    /// Record a deployment to an environment of the forge.
    pub forge_deployment: bool,
    /// Name of that environment.
    pub environment: Option<String>,
    /// Show findings at their lines.
    pub annotations: Annotations,
    /// Forge to report to, when somebody says.
    pub forge: Option<ForgeKind>,
    /// Base URL of the forge's API, when somebody says.
    pub forge_api_url: Option<String>,
    /// Token for the forge.
    pub forge_token: Option<Secret>,
    /// Absolute path of the file for the outputs.
    pub outputs_file: Option<PathBuf>,
    /// Form of data on standard output.
    pub format: Format,
    /// How much to log; `None` when nobody said.
    pub log_level: Option<LogLevel>,
    /// When to use colour.
    pub colour: ColourChoice,
}

/// When to show findings at their lines on the pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Annotations {
    /// Where the CI system's log does not already do that.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Form of data on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// How much to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Failures.
    Error,
    /// What may be wrong.
    Warn,
    /// What the user asked for.
    Info,
    /// Why.
    Debug,
    /// The wire, without bodies.
    Trace,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
