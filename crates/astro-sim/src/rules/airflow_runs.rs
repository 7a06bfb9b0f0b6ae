//! How DAGs are triggered and how their runs go on (Airflow's sources 2.11.0 and 3.1.8). Each look at a run brings it one step
//! further, so that no test has to wait. It must not know Python: the world says how runs of a DAG end.

use jiff::Timestamp;
use serde_json::Value;

use crate::refusal::Refusal;
use crate::rules::airflow::Api;
use crate::rules::airflow_dags;
use crate::rules::airflow_write::{Holds, Write};
use crate::rules::fields;
use crate::world::airflow::Airflow;
use crate::world::airflow_runs::{DagRun, Outcome, State};

/// Fields of both versions.
const FIELDS: [(&str, Holds); 6] = [
    ("dag_run_id", Holds::TextOrNull),
    ("logical_date", Holds::TextOrNull),
    ("data_interval_start", Holds::TextOrNull),
    ("data_interval_end", Holds::TextOrNull),
    ("conf", Holds::Object),
    ("note", Holds::TextOrNull),
];

/// A task that failed.
pub struct FailedTask {
    /// Its id.
    pub task_id: String,
    /// When it ended.
    pub ended: Timestamp,
}

/// Makes a run. Version 2 must be told the logical date, if only that there is none; a run id or a logical date that was used
/// is a conflict, and a DAG whose file is broken is not run.
pub fn trigger(airflow: &mut Airflow, dag_id: &str, write: &Write<'_>, now: Timestamp) -> Result<DagRun, Refusal> {
    let dag = airflow_dags::find(airflow, dag_id)?;
    let required: &[&str] = if write.api == Api::V2 { &["logical_date"] } else { &[] };
    write.check(&FIELDS, required)?;
    if airflow.import_errors.iter().any(|error| error.filename == dag.file) {
        return Err(Refusal::invalid(format!("DAG with dag_id: '{dag_id}' has import errors and cannot be triggered")));
    }
    let given = fields::text(write.body, "logical_date").map(|text| text.parse::<Timestamp>());
    let given = given.transpose().map_err(|_| write.api.malformed("logical_date is not a valid datetime"))?;
    let logical_date = if write.api == Api::V1 { Some(given.unwrap_or(now)) } else { given };
    let number = airflow.runs.made.len();
    let named = fields::text(write.body, "dag_run_id");
    let run_id = named.unwrap_or_else(|| format!("manual__{}+00:00-{number}", now.strftime("%Y-%m-%dT%H:%M:%S")));
    let dates = given.is_some();
    let is_taken = |run: &&DagRun| run.run_id == run_id || (dates && run.logical_date == logical_date);
    if airflow.runs.made.iter().filter(|run| run.dag_id == dag_id).any(|run| is_taken(&run)) {
        return Err(Refusal::new(409, "CONFLICT", format!("DAGRun with DAG ID: '{dag_id}' and DAGRun ID: '{run_id}' exists")));
    }
    let conf = write.body.get("conf").and_then(Value::as_object).cloned().unwrap_or_default();
    let run = DagRun { dag_id: dag_id.to_owned(), run_id, logical_date, conf, made: now, state: State::Queued };
    airflow.runs.made.push(run.clone());
    Ok(run)
}

/// Returns a run, one step further than at the last look: queued, running, ended. That of a paused DAG stays queued.
pub fn look(airflow: &mut Airflow, dag_id: &str, run_id: &str) -> Result<DagRun, Refusal> {
    let paused = airflow.dags.iter().any(|dag| dag.dag_id == dag_id && dag.is_paused);
    let outcome = airflow.runs.outcomes.get(dag_id).cloned().unwrap_or_default();
    let run = airflow.runs.made.iter_mut().find(|run| run.dag_id == dag_id && run.run_id == run_id);
    let run = run.ok_or_else(|| missing(dag_id, run_id))?;
    run.state = match (run.state, &outcome) {
        (State::Queued, _) if paused => State::Queued,
        (State::Queued, _) => State::Running,
        (State::Running, Outcome::Succeeds) => State::Success,
        (State::Running, Outcome::FailsAt(_)) => State::Failed,
        (state, _) => state,
    };
    Ok(run.clone())
}

/// Returns the tasks of a run that failed.
pub fn failed_tasks(airflow: &Airflow, dag_id: &str, run_id: &str) -> Result<Vec<FailedTask>, Refusal> {
    let run = airflow.runs.made.iter().find(|run| run.dag_id == dag_id && run.run_id == run_id);
    let run = run.ok_or_else(|| missing(dag_id, run_id))?;
    Ok(match airflow.runs.outcomes.get(dag_id) {
        Some(Outcome::FailsAt(task)) if run.state == State::Failed => {
            vec![FailedTask { task_id: task.clone(), ended: run.made }]
        }
        _ => Vec::new(),
    })
}

fn missing(dag_id: &str, run_id: &str) -> Refusal {
    Refusal::new(404, "NOT_FOUND", format!("The DagRun with dag_id: `{dag_id}` and run_id: `{run_id}` was not found"))
}
