//! What is to become of a Deployment: only what is named, in the platform's field names.
//! It does not know how a Deployment is written back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::model::secret::Secret;

/// Changes to a Deployment. What is not named stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edit {
    /// Fields of the first level, spelt as the platform answers them.
    pub fields: BTreeMap<String, Value>,
    /// Environment variables that are to be there.
    pub variables: Option<Vec<VariableEdit>>,
    /// Worker queues that are to be there, by their `name`; absent fields stay, or get the platform's default.
    pub queues: Option<Vec<Map<String, Value>>>,
    /// E-mail addresses that are to be there.
    pub emails: Option<Vec<String>>,
    /// Hibernation schedules that are to be there, by their two cron lines.
    pub schedules: Option<Vec<Map<String, Value>>>,
    /// Fields of remote execution.
    pub remote: Option<BTreeMap<String, Value>>,
    /// Environment variables that are to go.
    pub removed_variables: BTreeSet<String>,
    /// Worker queues that are to go.
    pub removed_queues: BTreeSet<String>,
    /// Dotted paths whose values come from the environment and are not to be shown, with how they are written.
    pub hidden: BTreeMap<String, String>,
    /// Dotted paths that end with a name out of the environment, with how they are shown.
    pub aliases: BTreeMap<String, String>,
}

/// An environment variable that is to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableEdit {
    /// Name.
    pub key: String,
    /// Value; none keeps the one that is there.
    pub value: Option<Secret>,
    /// Whether it is a secret; none keeps what it is, and makes a new one readable.
    pub is_secret: Option<bool>,
}

/// What happens to members of a set that an edit of the set does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// They stay.
    Kept,
    /// They go.
    Pruned,
}
