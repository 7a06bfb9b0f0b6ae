//! The DAG runs of an Airflow, and how runs of each DAG end.
//! It must not know which version of the REST API shows them, nor the rules that make and end them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The runs of one Airflow.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    /// Runs in the order of their creation.
    pub made: Vec<DagRun>,
    /// How runs end, by the DAG's id; a DAG that is not here succeeds.
    pub outcomes: BTreeMap<String, Outcome>,
}

/// How the runs of a DAG end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// Every task succeeds.
    #[default]
    Succeeds,
    /// This task fails.
    FailsAt(String),
    /// It never ends.
    Hangs,
}

/// The state of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has begun it, as with a paused DAG for ever.
    Queued,
    /// It goes on.
    Running,
    /// It ended well.
    Success,
    /// It ended badly.
    Failed,
}

impl State {
    /// Returns Airflow's word.
    pub fn word(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Running => "running",
            State::Success => "success",
            State::Failed => "failed",
        }
    }
}

/// A run of a DAG.
#[derive(Clone, Debug, PartialEq)]
pub struct DagRun {
    /// The DAG.
    pub dag_id: String,
    /// Its id, unique for the DAG.
    pub run_id: String,
    /// The moment that it is about, unique for the DAG; version 2 knows runs without one.
    pub logical_date: Option<Timestamp>,
    /// What its tasks get.
    pub conf: Map<String, Value>,
    /// When it was made.
    pub made: Timestamp,
    /// Its state.
    pub state: State,
}
