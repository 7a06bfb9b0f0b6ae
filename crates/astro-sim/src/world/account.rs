//! Organizations and Workspaces.
//! It must not know Deployments, nor who may see what.

use jiff::Timestamp;

/// An Organization.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Platform id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// `HOSTED` or `HYBRID`.
    pub product: String,
    /// Where bills go.
    pub billing_email: String,
    /// Whether an identity provider makes the users and Teams.
    pub is_scim_enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A Workspace.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Platform id.
    pub id: String,
    /// The Organization it belongs to.
    pub organization_id: String,
    /// Display name; duplicates are possible.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Whether new Deployments take deploys from API tokens only.
    pub cicd_enforced_default: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
