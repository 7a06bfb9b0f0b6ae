//! Which DAGs are run once to try a deploy, and with what.
//! It does not know how a DAG is run.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::model::path::RelPath;

/// The settings of smoke runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smoke {
    /// Ids of the DAGs to run, each once; empty for no smoke run.
    pub dags: Vec<String>,
    /// What each run gets.
    pub conf: Conf,
    /// How long a run may take.
    pub timeout: Duration,
}

/// Where the conf of a run comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum Conf {
    /// The settings hold it.
    Given(Map<String, Value>),
    /// A file inside the project holds it.
    File(RelPath),
}

impl std::fmt::Debug for Conf {
    /// Shows the form only, since people put secrets there.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Given(_) => f.write_str("Given([hidden])"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}
