//! What an Organization has besides Workspaces: allowed address ranges, clusters and agent tokens.
//! It must not know who may change them.

use jiff::Timestamp;

/// A range of addresses that the Organization is reached from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpRange {
    /// Platform id.
    pub id: String,
    /// The Organization.
    pub organization_id: String,
    /// The range as it was sent, such as `10.0.0.0/8`.
    pub range: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
}

/// A cluster that dedicated Deployments run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Platform id; empty lets the world choose one.
    pub id: String,
    /// The Organization; empty lets the world choose its first.
    pub organization_id: String,
    /// Display name.
    pub name: String,
    /// `AWS`, `AZURE` or `GCP`.
    pub provider: String,
    /// Region.
    pub region: String,
    /// `DEDICATED` or `HYBRID`.
    pub kind: String,
    /// Workspaces that may use it; empty means all.
    pub workspace_ids: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Cluster {
    /// Returns a dedicated cluster on AWS.
    pub fn named(name: &str) -> Cluster {
        Cluster {
            id: String::new(),
            organization_id: String::new(),
            name: name.into(),
            provider: "AWS".into(),
            region: "us-east-1".into(),
            kind: "DEDICATED".into(),
            workspace_ids: Vec::new(),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }
}

/// A token of a remote execution agent.
#[derive(Clone)]
pub struct AgentToken {
    /// Platform id.
    pub id: String,
    /// The Deployment.
    pub deployment_id: String,
    /// Display name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Its text, shown once.
    pub text: String,
    /// Days it lives.
    pub expiry_days: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
}

impl std::fmt::Debug for AgentToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AgentToken").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}
