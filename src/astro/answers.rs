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

/// An object of the Environment Manager that reaches a Deployment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ManagedObject {
    /// What it is.
    pub kind: ManagedKind,
    /// Its key: a connection's id, a variable's name.
    pub key: String,
}

/// What the Environment Manager delivers to Airflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ManagedKind {
    /// A connection.
    Connection,
    /// An Airflow variable.
    AirflowVariable,
    /// An environment variable.
    EnvironmentVariable,
}

impl ManagedKind {
    /// Returns the platform's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connection => "CONNECTION",
            Self::AirflowVariable => "AIRFLOW_VARIABLE",
            Self::EnvironmentVariable => "ENVIRONMENT_VARIABLE",
        }
    }

    /// Parses the platform's word; none for words of no interest here.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Connection, Self::AirflowVariable, Self::EnvironmentVariable].into_iter().find(|kind| kind.name() == word)
    }

    /// Returns the word for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::AirflowVariable => "Airflow variable",
            Self::EnvironmentVariable => "environment variable",
        }
    }
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
