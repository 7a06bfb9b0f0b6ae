//! A deploy: one entry of a Deployment's history.
//! It must not know the rules of creating or finalizing one.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// What a deploy ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeployKind {
    /// DAGs only.
    DagOnly,
    /// Image only.
    ImageOnly,
    /// Image and DAGs.
    ImageAndDag,
    /// A dbt project or another bundle.
    Bundle,
}

impl DeployKind {
    /// Returns the contract's word.
    pub fn word(self) -> &'static str {
        match self {
            DeployKind::DagOnly => "DAG_ONLY",
            DeployKind::ImageOnly => "IMAGE_ONLY",
            DeployKind::ImageAndDag => "IMAGE_AND_DAG",
            DeployKind::Bundle => "BUNDLE",
        }
    }

    /// Returns the kind for the contract's word.
    pub fn from_word(word: &str) -> Option<DeployKind> {
        [DeployKind::DagOnly, DeployKind::ImageOnly, DeployKind::ImageAndDag, DeployKind::Bundle]
            .into_iter()
            .find(|kind| kind.word() == word)
    }

    /// Returns whether an image is part of it.
    pub fn ships_image(self) -> bool {
        matches!(self, DeployKind::ImageOnly | DeployKind::ImageAndDag)
    }

    /// Returns whether DAGs are part of it, where DAG deploys are on.
    pub fn ships_dags(self) -> bool {
        matches!(self, DeployKind::DagOnly | DeployKind::ImageAndDag)
    }
}

/// How far a deploy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeployStatus {
    /// Made, and not landed.
    Initialized,
    /// Landed.
    Deployed,
    /// Failed.
    Failed,
}

impl DeployStatus {
    /// Returns the contract's word.
    pub fn word(self) -> &'static str {
        match self {
            DeployStatus::Initialized => "INITIALIZED",
            DeployStatus::Deployed => "DEPLOYED",
            DeployStatus::Failed => "FAILED",
        }
    }
}

/// A bundle of a Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleState {
    /// Where it is mounted.
    pub mount_path: String,
    /// Free text, such as `dbt`.
    pub bundle_type: String,
    /// The deploy that last touched it.
    pub deploy_id: String,
    /// What runs.
    pub current_version: Option<String>,
    /// What shall run; `None` means its removal is on the way.
    pub desired_version: Option<String>,
}

/// What a Deployment ran right after a deploy landed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Image tag.
    pub image_tag: String,
    /// DAG tarball version.
    pub dag_tarball_version: Option<String>,
    /// Astro Runtime version.
    pub runtime_version: String,
    /// Airflow version.
    pub airflow_version: String,
    /// Whether DAG deploys were on.
    pub is_dag_deploy_enabled: bool,
    /// Bundles.
    pub bundles: Vec<BundleState>,
}

/// One deploy.
#[derive(Clone, Debug)]
pub struct Deploy {
    /// Platform id.
    pub id: String,
    /// What it ships.
    pub kind: DeployKind,
    /// How far it is.
    pub status: DeployStatus,
    /// Tag the image is to be pushed as.
    pub image_tag: String,
    /// Free text of at most 500 characters.
    pub description: String,
    /// The `git` object of the request, as sent.
    pub git: Option<Map<String, Value>>,
    /// Mount path, on a bundle deploy.
    pub mount_path: Option<String>,
    /// Bundle type, on a bundle deploy.
    pub bundle_type: Option<String>,
    /// Blob that takes the DAGs, where DAG deploys are on.
    pub dags_blob: Option<String>,
    /// Blob that takes the bundle, on a bundle deploy.
    pub bundle_blob: Option<String>,
    /// DAG tarball version given on finalize; empty means that the DAGs were removed.
    pub dag_tarball_version: Option<String>,
    /// Bundle tarball version given on finalize; empty means that the bundle was removed.
    pub bundle_tarball_version: Option<String>,
    /// The finalize body, once there was one.
    pub finalized: Option<Value>,
    /// The deploy this one goes back to.
    pub rollback_from_id: Option<String>,
    /// Whether DAG deploys were on when it was made.
    pub is_dag_deploy_enabled: bool,
    /// Runtime of the image it ships, or that was running.
    pub runtime_version: String,
    /// Airflow of that Runtime.
    pub airflow_version: String,
    /// Why it failed.
    pub status_reason: Option<String>,
    /// What ran after it landed; for a rollback, what shall run.
    pub snapshot: Option<Snapshot>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Who made it.
    pub created_by: String,
}

impl Deploy {
    /// Returns a bare deploy.
    pub fn new(kind: DeployKind, created_at: Timestamp) -> Deploy {
        Deploy {
            id: String::new(),
            kind,
            status: DeployStatus::Initialized,
            image_tag: String::new(),
            description: String::new(),
            git: None,
            mount_path: None,
            bundle_type: None,
            dags_blob: None,
            bundle_blob: None,
            dag_tarball_version: None,
            bundle_tarball_version: None,
            finalized: None,
            rollback_from_id: None,
            is_dag_deploy_enabled: true,
            runtime_version: String::new(),
            airflow_version: String::new(),
            status_reason: None,
            snapshot: None,
            created_at,
            updated_at: created_at,
            created_by: String::new(),
        }
    }
}
