//! Everything a decision rests on, gathered before it is made.
//! Plain values: whoever fills them in has read the world already.

use crate::changes::change::{ChangeKind, Relation};
use crate::model::artifact::{Artifact, Content};
use crate::model::context::Trust;
use crate::model::dag::DagFacts;
use crate::model::deploy::{DeployRecord, GitSource};
use crate::model::deployment::Deployment;
use crate::model::path::RelPath;
use crate::model::project::{ProjectKind, ProjectShape};
use crate::model::revision::CommitSha;
use crate::model::runtime::{Python, RuntimeVersion};
use crate::plan::deployed::Deployed;
use crate::settings::values::DeployTypeSetting;

/// All facts of one run.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What the user asked for.
    pub request: Request,
    /// Where the code comes from.
    pub source: Source,
    /// The project on disk.
    pub project: ProjectShape,
    /// Where the code goes.
    pub target: Target,
    /// The artifacts this run is about: DAGs and image, or one bundle.
    pub artifacts: Vec<ArtifactFacts>,
    /// Runtime versions the platform offers, when they were asked for.
    pub runtime_releases: Vec<String>,
    /// What is known of the DAGs; none when none ship.
    pub dags: Option<DagFacts>,
    /// What only previews have.
    pub preview: Option<PreviewFacts>,
}

/// What only a deploy to a preview has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewFacts {
    /// Whether the preview is there.
    pub existence: Existence,
    /// The Deployment whose image ships, because it is what ours would be.
    pub image_of: Option<String>,
    /// Whether the base's connections, variables and pools come first.
    pub copies: bool,
    /// Whether DAGs are unpaused afterwards.
    pub unpauses: bool,
}

/// Whether a Deployment is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existence {
    /// It is.
    There,
    /// It will be made.
    ToBe,
}

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The `deploy-type` setting.
    pub deploy_type: DeployTypeSetting,
    /// Skip when the content is proven unchanged.
    pub skip_unchanged: bool,
    /// Ship even what is proven unchanged.
    pub force: bool,
    /// Ship an empty DAGs folder.
    pub allow_no_dags: bool,
    /// Ship a bundle of any size.
    pub allow_large_bundle: bool,
    /// Ship a commit that is older than the deployed one.
    pub allow_older_commit: bool,
    /// Replace DAGs that came from another repository.
    pub allow_other_repository: bool,
    /// Wake a hibernating Deployment for the deploy.
    pub wake_on_deploy: bool,
    /// Wait until the deploy has arrived.
    pub wait: bool,
    /// Look at what Airflow makes of the deploy.
    pub verify: bool,
    /// Run DAGs once the deploy arrived.
    pub smoke: bool,
    /// Remove the bundle instead of shipping it.
    pub delete_bundle: bool,
    /// A prebuilt image instead of a build.
    pub prebuilt_image: Option<String>,
    /// The kind of the pull request that is served, when one is.
    pub trust: Option<Trust>,
    /// Ship a fork's code.
    pub allow_fork: bool,
    /// A fork's own settings file names the Deployment.
    pub target_is_a_strangers: bool,
    /// The branch whose Deployment is planned for, when it is not the run's own but the one into
    /// which its pull request would merge. Hostile text.
    pub into: Option<String>,
}

/// Where the code comes from.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Commit, repository and author, as the platform will record them; absent outside git or
    /// when the remote is unknown.
    pub git: Option<GitSource>,
    /// The commit, also when there is no usable remote.
    pub commit: Option<CommitSha>,
    /// Short name of the repository and folder, when there is a usable remote.
    pub place: Option<String>,
    /// First line of the commit message. Hostile text.
    pub subject: Option<String>,
    /// Paths, relative to the repository, below the project that differ from the commit.
    pub uncommitted: Vec<RelPath>,
}

/// Where the code goes.
#[derive(Debug, Clone)]
pub enum Target {
    /// A Deployment, as it is now.
    Deployment {
        /// The Deployment.
        deployment: Box<Deployment>,
        /// Its deploy history, newest first.
        history: Vec<DeployRecord>,
    },
    /// There is no token, so git alone has to do.
    Unreachable {
        /// Whether the pull request's kind explains the missing token.
        trust: Option<Trust>,
        /// Whether DAG deploys are taken to be on.
        dag_deploys: bool,
    },
    /// The settings map branches and tags to Deployments, and this run's to none.
    Unmapped {
        /// Why, in words that follow "because".
        why: String,
    },
}

impl Target {
    /// Returns whether DAGs are deployed as a bundle of their own.
    #[must_use]
    pub fn dag_deploys(&self) -> bool {
        match self {
            Self::Deployment { deployment, .. } => deployment.dag_deploys && !deployment.remote_execution,
            Self::Unreachable { dag_deploys, .. } => *dag_deploys,
            Self::Unmapped { .. } => false,
        }
    }

    /// Returns the Deployment, when it is known.
    #[must_use]
    pub fn deployment(&self) -> Option<&Deployment> {
        match self {
            Self::Deployment { deployment, .. } => Some(deployment),
            Self::Unreachable { .. } | Self::Unmapped { .. } => None,
        }
    }
}

/// One artifact: what it is here, what runs there, and how they differ.
#[derive(Debug, Clone)]
pub struct ArtifactFacts {
    /// Which artifact.
    pub artifact: Artifact,
    /// Its content in the working tree.
    pub content: Content,
    /// Its state on the Deployment.
    pub deployed: Deployed,
    /// How the deployed commit relates to ours.
    pub relation: Relation,
    /// What git says about the difference.
    pub diff: Diff,
    /// Why equal files do not prove equal content, when settings decide what ships, too: words
    /// that follow "because".
    pub beyond_files: Option<String>,
}

/// What git says about an artifact's difference from a base.
#[derive(Debug, Clone)]
pub enum Diff {
    /// Nobody needed to ask.
    NotAsked,
    /// There is no base, or its commit could not be had.
    Unavailable {
        /// Why, in words that follow "because".
        why: String,
    },
    /// The changed files, the whole project's, each with its owner.
    Files {
        /// The commit compared with.
        base: CommitSha,
        /// Where that commit came from.
        origin: BaseOrigin,
        /// Changed files in path order.
        files: Vec<ChangedFile>,
    },
}

/// Where a base commit came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseOrigin {
    /// The commit recorded with the deploy that runs.
    Deployed,
    /// The `--base` setting.
    Setting,
    /// The CI system's event.
    Event,
    /// The commit recorded with the deploy that the Deployment runs from which a preview is made.
    BaseDeployment,
    /// The merge base with the pull request's target branch.
    MergeBase,
}

impl BaseOrigin {
    /// Returns the stable machine-readable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deployed => "deployed",
            Self::Setting => "setting",
            Self::Event => "event",
            Self::BaseDeployment => "base-deployment",
            Self::MergeBase => "merge-base",
        }
    }

    /// Returns words that follow "the commit".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Deployed => "that runs on the Deployment",
            Self::Setting => "given with --base",
            Self::Event => "that the CI event names as the former state",
            Self::BaseDeployment => "that runs on the Deployment it is made from",
            Self::MergeBase => "where the pull request left its target branch",
        }
    }
}

/// A changed file with its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// Path relative to the repository.
    pub path: RelPath,
    /// What happened to it.
    pub change: ChangeKind,
    /// The artifact it belongs to; none when it never ships on its own.
    pub artifact: Option<Artifact>,
    /// Why it belongs there, in a few words.
    pub why: String,
}

impl Facts {
    /// Returns the major version of Airflow that would read the DAGs, when it can be told.
    #[must_use]
    pub fn airflow_major(&self) -> Option<u64> {
        let ours = dockerfile_runtime(&self.project).cloned();
        let theirs = self.target.deployment().and_then(|deployment| RuntimeVersion::parse(&deployment.runtime_version));
        let runtime = if self.brings_image() { ours.or(theirs) } else { theirs.or(ours) };
        runtime.map(|runtime| runtime.airflow_major())
    }

    /// Returns the version of Python that would read the DAGs, when the Dockerfile chooses it and
    /// its image is what runs in the end.
    #[must_use]
    pub fn python(&self) -> Option<Python> {
        match &self.project.kind {
            ProjectKind::Astro(astro) if self.brings_image() => {
                let dockerfile = astro.dockerfile.as_ref().filter(|dockerfile| dockerfile.runtime.is_some())?;
                Python::of_image(dockerfile.base_image.as_deref()?)
            }
            _ => None,
        }
    }

    /// Returns whether the image of the project's Dockerfile runs after the deploy: it ships, or
    /// is the same already.
    fn brings_image(&self) -> bool {
        let has_image = self.artifacts.iter().any(|artifact| artifact.artifact == Artifact::Image);
        has_image && self.request.prebuilt_image.is_none()
    }
}

/// Returns the Runtime version that the project's Dockerfile would bring, when it can be read.
#[must_use]
pub fn dockerfile_runtime(project: &ProjectShape) -> Option<&RuntimeVersion> {
    match &project.kind {
        ProjectKind::Astro(astro) => astro.dockerfile.as_ref()?.runtime.as_ref(),
        _ => None,
    }
}
