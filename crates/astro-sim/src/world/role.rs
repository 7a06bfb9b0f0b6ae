//! Roles and permissions: which there are by name, which an Organization made, and which somebody holds
//! (reference/astro-platform.md 8.3).
//! It must not know what a role allows to whom.

use jiff::Timestamp;

/// Roles of an Organization, the weakest first.
pub const ORGANIZATION_ROLES: [&str; 5] = [
    "ORGANIZATION_MEMBER",
    "ORGANIZATION_OBSERVE_MEMBER",
    "ORGANIZATION_OBSERVE_ADMIN",
    "ORGANIZATION_BILLING_ADMIN",
    ORGANIZATION_OWNER,
];
/// The role that may do everything.
pub const ORGANIZATION_OWNER: &str = "ORGANIZATION_OWNER";
/// Roles of a Workspace, the weakest first.
pub const WORKSPACE_ROLES: [&str; 5] =
    ["WORKSPACE_ACCESSOR", "WORKSPACE_MEMBER", "WORKSPACE_AUTHOR", "WORKSPACE_OPERATOR", "WORKSPACE_OWNER"];
/// The one role of a Deployment that every Organization has.
pub const DEPLOYMENT_ADMIN: &str = "DEPLOYMENT_ADMIN";
/// The custom role behind a [`crate::world::token::TokenSpec`] that only reads a Deployment.
pub const DEPLOYMENT_READER: &str = "DEPLOYMENT_READER";
/// Roles of a DAG, the weakest first.
pub const DAG_ROLES: [&str; 2] = ["DAG_VIEWER", "DAG_AUTHOR"];

/// Everything a custom role of a Deployment can permit (reference/astro-docs.md 7.2; the complete list is longer).
pub const DEPLOYMENT_PERMISSIONS: [&str; 30] = [
    "deployment.get",
    "deployment.update",
    "deployment.delete",
    "deployment.logs.get",
    "deployment.deploys.get",
    "deployment.deploys.create",
    "deployment.deploys.update",
    "deployment.hibernation.update",
    "deployment.airflow.get",
    "deployment.airflow.update",
    "deployment.agentTokens.get",
    "deployment.agentTokens.create",
    "deployment.agentTokens.delete",
    "deployment.apiTokens.get",
    "deployment.apiTokens.create",
    "deployment.apiTokens.update",
    "deployment.apiTokens.rotate",
    "deployment.apiTokens.delete",
    "deployment.envObjects.get",
    "deployment.envObjects.create",
    "deployment.envObjects.update",
    "deployment.envObjects.delete",
    "deployment.users.get",
    "deployment.users.create",
    "deployment.users.update",
    "deployment.users.delete",
    "deployment.teams.get",
    "deployment.teams.create",
    "deployment.teams.update",
    "deployment.teams.delete",
];
/// Everything a custom role of a DAG can permit (inferred).
pub const DAG_PERMISSIONS: [&str; 3] = ["dag.get", "dag.update", "dag.runs.create"];

/// A role that an Organization made.
#[derive(Clone, Debug)]
pub struct CustomRole {
    /// Platform id.
    pub id: String,
    /// The Organization it belongs to.
    pub organization_id: String,
    /// Its name, which is what others name it by.
    pub name: String,
    /// Free text.
    pub description: String,
    /// `DEPLOYMENT` or `DAG`.
    pub scope_type: String,
    /// What it permits.
    pub permissions: Vec<String>,
    /// Workspaces it may be used in; empty means all.
    pub restricted_workspace_ids: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A role on one DAG, or on all DAGs of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DagRole {
    /// The Deployment.
    pub deployment_id: String,
    /// The DAG, unless a tag is meant.
    pub dag_id: Option<String>,
    /// The tag, unless a DAG is meant.
    pub dag_tag: Option<String>,
    /// The role's name.
    pub role: String,
}

/// A role on one Workspace or Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityRole {
    /// Id of the Workspace or Deployment.
    pub entity_id: String,
    /// The role's name.
    pub role: String,
}

/// Everything a user or a Team holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubjectRoles {
    /// Role in the Organization.
    pub organization: String,
    /// Roles in Workspaces.
    pub workspaces: Vec<EntityRole>,
    /// Roles in Deployments.
    pub deployments: Vec<EntityRole>,
    /// Roles on DAGs.
    pub dags: Vec<DagRole>,
}

impl SubjectRoles {
    /// Returns the roles of somebody who has only one in the Organization.
    pub fn of(organization: &str) -> SubjectRoles {
        SubjectRoles { organization: organization.into(), ..SubjectRoles::default() }
    }

    /// Returns them with a role in a Workspace.
    pub fn in_workspace(mut self, id: &str, role: &str) -> SubjectRoles {
        self.workspaces.push(EntityRole { entity_id: id.into(), role: role.into() });
        self
    }

    /// Returns them with a role in a Deployment.
    pub fn in_deployment(mut self, id: &str, role: &str) -> SubjectRoles {
        self.deployments.push(EntityRole { entity_id: id.into(), role: role.into() });
        self
    }

    /// Returns them with a role on a DAG.
    pub fn on_dag(mut self, deployment_id: &str, dag_id: &str, role: &str) -> SubjectRoles {
        let dag_id = Some(dag_id.to_owned());
        self.dags.push(DagRole { deployment_id: deployment_id.into(), dag_id, dag_tag: None, role: role.into() });
        self
    }

    /// Returns the role in a Workspace.
    pub fn workspace(&self, id: &str) -> Option<&str> {
        self.workspaces.iter().find(|held| held.entity_id == id).map(|held| held.role.as_str())
    }

    /// Returns the role in a Deployment.
    pub fn deployment(&self, id: &str) -> Option<&str> {
        self.deployments.iter().find(|held| held.entity_id == id).map(|held| held.role.as_str())
    }

    /// Forgets a Workspace or Deployment that is no more.
    pub fn forget(&mut self, entity_id: &str) {
        self.workspaces.retain(|held| held.entity_id != entity_id);
        self.deployments.retain(|held| held.entity_id != entity_id);
        self.dags.retain(|held| held.deployment_id != entity_id);
    }
}

/// What kind of thing a role of a token is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityKind {
    /// The Organization.
    Organization,
    /// A Workspace.
    Workspace,
    /// A Deployment.
    Deployment,
    /// A DAG.
    Dag,
    /// All DAGs of a tag.
    DagTag,
}

impl EntityKind {
    /// All kinds.
    pub const ALL: [EntityKind; 5] =
        [EntityKind::Organization, EntityKind::Workspace, EntityKind::Deployment, EntityKind::Dag, EntityKind::DagTag];

    /// Returns the contract's word.
    pub fn word(self) -> &'static str {
        match self {
            EntityKind::Organization => "ORGANIZATION",
            EntityKind::Workspace => "WORKSPACE",
            EntityKind::Deployment => "DEPLOYMENT",
            EntityKind::Dag => "DAG",
            EntityKind::DagTag => "DAG_TAG",
        }
    }

    /// Returns the kind for the contract's word.
    pub fn from_word(word: &str) -> Option<EntityKind> {
        EntityKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One role of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRole {
    /// What it is about.
    pub kind: EntityKind,
    /// Id of the Organization, Workspace, Deployment or DAG, or a tag.
    pub entity_id: String,
    /// The role's name.
    pub role: String,
    /// Deployment of a DAG or tag.
    pub deployment_id: Option<String>,
}

impl TokenRole {
    /// Returns a role on an Organization, a Workspace or a Deployment.
    pub fn on(kind: EntityKind, entity_id: &str, role: &str) -> TokenRole {
        TokenRole { kind, entity_id: entity_id.into(), role: role.into(), deployment_id: None }
    }
}
