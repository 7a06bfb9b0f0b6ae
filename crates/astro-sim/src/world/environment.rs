//! Environment objects: connections, variables and metrics exports that a Workspace or a Deployment hands to Airflow.
//! It must not know who may see them, nor how they are shown.

use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// What an environment object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// A variable of Airflow.
    AirflowVariable,
    /// A connection of Airflow.
    Connection,
    /// A variable of the process environment.
    EnvironmentVariable,
    /// A place that metrics are sent to.
    MetricsExport,
}

impl ObjectKind {
    /// All kinds.
    pub const ALL: [ObjectKind; 4] =
        [ObjectKind::AirflowVariable, ObjectKind::Connection, ObjectKind::EnvironmentVariable, ObjectKind::MetricsExport];

    /// Returns the contract's word.
    pub fn word(self) -> &'static str {
        match self {
            ObjectKind::AirflowVariable => "AIRFLOW_VARIABLE",
            ObjectKind::Connection => "CONNECTION",
            ObjectKind::EnvironmentVariable => "ENVIRONMENT_VARIABLE",
            ObjectKind::MetricsExport => "METRICS_EXPORT",
        }
    }

    /// Returns the kind for the contract's word.
    pub fn from_word(word: &str) -> Option<ObjectKind> {
        ObjectKind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Returns the field of a request or an answer that holds its content.
    pub fn field(self) -> &'static str {
        match self {
            ObjectKind::AirflowVariable => "airflowVariable",
            ObjectKind::Connection => "connection",
            ObjectKind::EnvironmentVariable => "environmentVariable",
            ObjectKind::MetricsExport => "metricsExport",
        }
    }

    /// Returns whether it is one value with a flag that makes it a secret.
    pub fn is_variable(self) -> bool {
        matches!(self, ObjectKind::AirflowVariable | ObjectKind::EnvironmentVariable)
    }
}

/// Where an environment object lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a Workspace, by id.
    Workspace(String),
    /// In a Deployment, by id.
    Deployment(String),
}

impl Scope {
    /// Returns the contract's word.
    pub fn word(&self) -> &'static str {
        match self {
            Scope::Workspace(_) => "WORKSPACE",
            Scope::Deployment(_) => "DEPLOYMENT",
        }
    }

    /// Returns the id of the Workspace or Deployment.
    pub fn id(&self) -> &str {
        let (Scope::Workspace(id) | Scope::Deployment(id)) = self;
        id
    }
}

/// A link from an object of a Workspace to one of its Deployments.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// The Deployment.
    pub deployment_id: String,
    /// Fields that are different there.
    pub overrides: Map<String, Value>,
}

impl fmt::Debug for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Link").field("deployment_id", &self.deployment_id).finish_non_exhaustive()
    }
}

/// An environment object.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvironmentObject {
    /// Platform id.
    pub id: String,
    /// Its name, unique for its kind within its scope.
    pub key: String,
    /// What it is.
    pub kind: ObjectKind,
    /// Where it lives.
    pub scope: Scope,
    /// Free text.
    pub description: String,
    /// Its fields in the contract's words, with the secrets in clear.
    pub content: Map<String, Value>,
    /// Whether its value is a secret, on a variable.
    pub is_secret: bool,
    /// Whether every Deployment of the Workspace gets it.
    pub auto_link: bool,
    /// Deployments that get it, each perhaps with other values.
    pub links: Vec<Link>,
    /// Deployments that do not get it although every one does.
    pub excluded: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Who made it.
    pub created_by: String,
}

impl fmt::Debug for EnvironmentObject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("EnvironmentObject");
        shown.field("id", &self.id).field("key", &self.key).field("kind", &self.kind).field("scope", &self.scope);
        shown.finish_non_exhaustive()
    }
}

impl EnvironmentObject {
    /// Returns whether a field of its content is a secret. That the `extra` of a connection counts as one is inferred.
    pub fn hides(&self, field: &str) -> bool {
        match self.kind {
            ObjectKind::AirflowVariable | ObjectKind::EnvironmentVariable => self.is_secret && field == "value",
            ObjectKind::Connection => matches!(field, "password" | "extra"),
            ObjectKind::MetricsExport => matches!(field, "password" | "basicToken"),
        }
    }

    /// Returns whether a Deployment of its Workspace gets it.
    pub fn reaches(&self, deployment_id: &str) -> bool {
        let linked = self.links.iter().any(|link| link.deployment_id == deployment_id);
        linked || (self.auto_link && !self.excluded.iter().any(|excluded| excluded == deployment_id))
    }
}

/// All environment objects.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The objects in the order of their creation.
    pub objects: Vec<EnvironmentObject>,
    /// Whether the Organizations let secrets be read back.
    pub shows_secrets: bool,
}

impl Environment {
    /// Removes what belongs to a Workspace or Deployment that is no more.
    pub fn forget(&mut self, scope: &Scope) {
        self.objects.retain(|object| object.scope != *scope);
        for object in &mut self.objects {
            object.links.retain(|link| link.deployment_id != scope.id());
            object.excluded.retain(|excluded| excluded != scope.id());
        }
    }
}
