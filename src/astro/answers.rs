//! What the Astro API tells, where the shared vocabulary has no word for it.
//! Plain data; it knows no wire format.

use crate::model::ids::{DeployId, ImageTag, WorkspaceId};
use crate::model::url::SafeUrl;

/// A Workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Id.
    pub id: WorkspaceId,
    /// Name, unique only by convention.
    pub name: String,
}

/// A Runtime version that the platform offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeRelease {
    /// The version, as `RuntimeVersion::parse` reads it.
    pub version: String,
    /// Airflow's version in it.
    pub airflow_version: String,
    /// Release channel, such as `stable`.
    pub channel: String,
}

/// A deploy that was created and waits for its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedDeploy {
    /// Id.
    pub id: DeployId,
    /// Registry host and repository for the image.
    pub image_repository: String,
    /// Tag under which the image must be pushed.
    pub image_tag: ImageTag,
    /// Where to put the DAG bundle; absent when DAG deploys are off.
    pub dags_upload_url: Option<SafeUrl>,
    /// Where to put another bundle; present only for bundle deploys.
    pub bundle_upload_url: Option<SafeUrl>,
}
