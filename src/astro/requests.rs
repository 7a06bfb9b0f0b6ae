//! What the Astro API is asked to do, in forms that cannot say something impossible.
//! Plain data; it knows no wire format.

use crate::model::deploy::{DeployType, GitSource};
use crate::model::ids::{BundleVersion, DeployId, MountPath};

/// A deploy to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeploy {
    /// What it ships.
    pub deploy_type: DeployType,
    /// Description with Liftoff's footer, at most 500 characters.
    pub description: String,
    /// A part of the description that no other run shares. By it a deploy is recognised whose
    /// creation was not answered.
    pub marker: String,
    /// Where the code comes from.
    pub git: Option<GitSource>,
    /// The bundle, for a bundle deploy.
    pub bundle: Option<NewBundle>,
}

/// The bundle of a bundle deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBundle {
    /// Where it is mounted.
    pub mount_path: MountPath,
    /// Its type, free text; `dbt` for dbt projects.
    pub bundle_type: String,
}

/// A way back to an earlier deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRollback {
    /// The deploy whose content is to run again.
    pub to: DeployId,
    /// Description with Liftoff's footer, at most 500 characters.
    pub description: String,
    /// A part of the description that no other run shares. By it a rollback is recognised whose
    /// request was not answered.
    pub marker: String,
}

/// What a deploy is finalized with. An uploaded version is never empty, because an empty one
/// deletes what is deployed (`reference/astro-platform.md` 3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinalizeBody {
    /// The uploaded DAG bundle, with or without an image.
    Dags(BundleVersion),
    /// An image whose DAG bundle stays as it is.
    ImageOnly,
    /// Another uploaded bundle.
    Bundle(BundleVersion),
    /// Deletes the bundle at the deploy's mount path.
    DeleteBundle,
    /// An image that holds the DAGs, because DAG deploys are off.
    Nothing,
}
