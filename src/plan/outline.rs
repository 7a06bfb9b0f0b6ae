//! The decision as a value: what would be done, step by step, and why.
//! Printing it is the dry run; performing it is the deploy.

use crate::error::Error;
use crate::model::dag::DagFacts;
use crate::model::deploy::DeployType;
use crate::model::revision::CommitSha;
use crate::plan::facts::{BaseOrigin, ChangedFile};
use crate::plan::verdict::Verdict;

/// What to do, and why.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Ship, or not.
    pub decision: Decision,
    /// Why, in one sentence without a full stop.
    pub reason: String,
    /// The judgement on every artifact of this run.
    pub artifacts: Vec<Verdict>,
    /// Every changed file with its owner, in path order.
    pub files: Vec<ChangedFile>,
    /// What is known of the DAGs; none when none ship.
    pub dags: Option<DagFacts>,
    /// The commit that files were compared with; the artifacts may have more than one.
    pub base: Option<(CommitSha, BaseOrigin)>,
    /// What performing the plan does, in order.
    pub steps: Vec<Step>,
    /// What the user should know besides.
    pub notices: Vec<String>,
    /// Why this must not be performed, when a guard objects.
    pub refusal: Option<Error>,
}

/// Ship, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Ship a deploy of this type.
    Ship(DeployType),
    /// Remove the bundle.
    RemoveBundle,
    /// Nothing differs.
    Nothing,
    /// This run cannot have a token, so it only shows the plan. The type is what would ship.
    NoCredentials(Option<DeployType>),
    /// The settings map this run's branch or tag to no Deployment.
    Unmapped,
}

impl Decision {
    /// Returns the deploy type that this decision leads to, or would lead to.
    #[must_use]
    pub const fn deploy_type(self) -> Option<DeployType> {
        match self {
            Self::Ship(deploy_type) => Some(deploy_type),
            Self::RemoveBundle => Some(DeployType::Bundle),
            Self::Nothing | Self::Unmapped => None,
            Self::NoCredentials(deploy_type) => deploy_type,
        }
    }

    /// Returns the stable machine-readable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ship(_) => "ship",
            Self::RemoveBundle => "remove-bundle",
            Self::Nothing => "nothing",
            Self::NoCredentials(_) => "no-credentials",
            Self::Unmapped => "unmapped",
        }
    }
}

/// One step of performing a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Make the preview's Deployment.
    CreatePreview,
    /// Copy connections, variables and pools from the base.
    CopyObjects,
    /// Unpause the chosen DAGs.
    UnpauseDags,
    /// Take the image that the base Deployment runs.
    TakeBaseImage,
    /// Wake the hibernating Deployment and wait until it is up.
    Wake,
    /// Build the image from the project.
    BuildImage,
    /// Take the prebuilt image.
    TakePrebuiltImage,
    /// Check the image's Runtime against the platform's rules.
    CheckRuntime,
    /// Pack the DAGs folder.
    PackDags,
    /// Pack the bundle.
    PackBundle,
    /// Create the deploy on the platform.
    CreateDeploy,
    /// Push the image.
    PushImage,
    /// Upload the DAGs.
    UploadDags,
    /// Upload the bundle.
    UploadBundle,
    /// Look once more whether a newer commit was deployed meanwhile.
    CheckSuperseded,
    /// Finalize the deploy: from here on it takes effect.
    Finalize,
    /// Wait until exactly this deploy runs.
    ProveArrival,
    /// Look at what Airflow makes of it.
    Verify,
    /// Run the chosen DAGs once.
    SmokeRun,
    /// Put the hibernation override back as it was.
    RestoreHibernation,
}

impl Step {
    /// Returns the step in a few words, in the imperative.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::CreatePreview => "create the preview",
            Self::CopyObjects => "copy connections, variables and pools",
            Self::UnpauseDags => "unpause the chosen DAGs",
            Self::TakeBaseImage => "take the base Deployment's image",
            Self::Wake => "wake the Deployment",
            Self::BuildImage => "build the image",
            Self::TakePrebuiltImage => "take the prebuilt image",
            Self::CheckRuntime => "check the Runtime version",
            Self::PackDags => "pack the DAGs",
            Self::PackBundle => "pack the bundle",
            Self::CreateDeploy => "create the deploy",
            Self::PushImage => "push the image",
            Self::UploadDags => "upload the DAGs",
            Self::UploadBundle => "upload the bundle",
            Self::CheckSuperseded => "check that no newer commit was deployed meanwhile",
            Self::Finalize => "finalize the deploy",
            Self::ProveArrival => "wait until exactly this deploy runs",
            Self::Verify => "look whether Airflow can import every file",
            Self::SmokeRun => "run the chosen DAGs once",
            Self::RestoreHibernation => "put the hibernation override back",
        }
    }

    /// Returns the stable machine-readable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreatePreview => "create-preview",
            Self::CopyObjects => "copy-objects",
            Self::UnpauseDags => "unpause-dags",
            Self::TakeBaseImage => "take-base-image",
            Self::Wake => "wake",
            Self::BuildImage => "build-image",
            Self::TakePrebuiltImage => "take-prebuilt-image",
            Self::CheckRuntime => "check-runtime",
            Self::PackDags => "pack-dags",
            Self::PackBundle => "pack-bundle",
            Self::CreateDeploy => "create-deploy",
            Self::PushImage => "push-image",
            Self::UploadDags => "upload-dags",
            Self::UploadBundle => "upload-bundle",
            Self::CheckSuperseded => "check-superseded",
            Self::Finalize => "finalize",
            Self::ProveArrival => "prove-arrival",
            Self::Verify => "verify",
            Self::SmokeRun => "smoke-run",
            Self::RestoreHibernation => "restore-hibernation",
        }
    }
}
