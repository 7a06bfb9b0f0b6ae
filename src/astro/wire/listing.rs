//! Pages of lists, and the small things that are listed.
//! Paging rules: `reference/astro-platform.md` 1.7.

use serde::Deserialize;

use crate::astro::answers::{ManagedKind, ManagedObject, RuntimeRelease, Workspace};
use crate::model::ids::{OrganizationId, WorkspaceId};

/// One page; the array is named after what it holds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// Number of items on all pages.
    #[serde(default)]
    pub total_count: usize,
    /// The items of this page.
    #[serde(
        alias = "deployments",
        alias = "deploys",
        alias = "workspaces",
        alias = "organizations",
        alias = "environmentObjects"
    )]
    pub items: Vec<T>,
}

/// An Organization.
#[derive(Deserialize)]
pub struct WireOrganization {
    id: String,
    #[serde(default)]
    name: String,
}

impl WireOrganization {
    /// Returns id and name.
    pub fn into_parts(self) -> (OrganizationId, String) {
        (OrganizationId::new(self.id), self.name)
    }
}

/// A Workspace.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WireWorkspace {
    id: String,
    #[serde(default)]
    name: String,
}

impl WireWorkspace {
    /// Converts into the public form.
    pub fn into_model(self) -> Workspace {
        Workspace { id: WorkspaceId::new(self.id), name: self.name }
    }
}

/// An object of the Environment Manager; its values are not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WireManaged {
    object_type: String,
    object_key: String,
}

impl WireManaged {
    /// Converts into the public form; none for what does not reach Airflow.
    pub fn into_model(self) -> Option<ManagedObject> {
        Some(ManagedObject { kind: ManagedKind::parse(&self.object_type)?, key: self.object_key })
    }
}

/// The answer of the deployment options, of which only the releases matter here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WireOptions {
    #[serde(default)]
    runtime_releases: Vec<WireRelease>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRelease {
    version: String,
    #[serde(default)]
    airflow_version: String,
    #[serde(default)]
    channel: String,
}

impl WireOptions {
    /// Converts into the public form.
    pub fn into_releases(self) -> Vec<RuntimeRelease> {
        let release = |wire: WireRelease| RuntimeRelease {
            version: wire.version,
            airflow_version: wire.airflow_version,
            channel: wire.channel,
        };
        self.runtime_releases.into_iter().map(release).collect()
    }
}
