//! Triggers DAGs and follows their runs.
//! It waits for nothing and judges nothing.
//!
//! Read in the sources of 2.11.0 and 3.1.8, and tried on both:
//! - Airflow 3 wants `logical_date` in the body, which may be null; Airflow 2 takes the present when it is absent.
//! - A run id that the DAG had before is answered 409 by both, and so is a logical date that it had.
//! - The state of a run of a paused DAG stays `queued` until somebody unpauses the DAG.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::airflow::address::{ApiVersion, is_segment};
use crate::airflow::client::AirflowClient;
use crate::airflow::rest::explained;
use crate::airflow::wire::Page;
use crate::error::{Error, Kind, Result};
use crate::http::failure::Failure;
use crate::http::retry::{Repeat, jitter};
use crate::model::dag_run::{DagRun, FailedTask, NewRun, RunState};

/// Failed tasks that are asked for; the first few are shown.
const MOST_TASKS: &str = "100";

/// What became of a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Triggered {
    /// The run was made now.
    Made(DagRun),
    /// The DAG had a run of this id before.
    Existed(DagRun),
}

#[derive(Deserialize)]
struct WireRun {
    dag_id: String,
    dag_run_id: String,
    state: Option<String>,
}

#[derive(Deserialize)]
struct WireTask {
    task_id: String,
    map_index: Option<i64>,
    try_number: Option<u64>,
    end_date: Option<String>,
}

impl From<WireRun> for DagRun {
    fn from(wire: WireRun) -> Self {
        Self { dag: wire.dag_id, id: wire.dag_run_id, state: RunState::of_word(&wire.state.unwrap_or_default()) }
    }
}

impl From<WireTask> for FailedTask {
    fn from(wire: WireTask) -> Self {
        Self {
            ended: wire.end_date.unwrap_or_default(),
            task: wire.task_id,
            map_index: wire.map_index.and_then(|index| u64::try_from(index).ok()),
            tries: wire.try_number,
        }
    }
}

impl AirflowClient {
    /// Makes a run. A run whose id is given is looked up when the answer is lost and when Airflow says that it is there
    /// already, so that nothing is run twice; without an id, a lost answer is a failure.
    ///
    /// # Errors
    /// `Kind::NotFound` for an unknown DAG; `Kind::Refused` for a logical date that was used and for whatever else Airflow
    /// refuses; as every call besides.
    pub async fn trigger(&self, new: &NewRun) -> Result<Triggered> {
        let doing = format!("trigger the DAG `{}`", new.dag.escape_debug());
        segments(&[&new.dag], &doing)?;
        let body = body(new, self.rest.version());
        let mut tried = 1;
        loop {
            let url = self.rest.url(&["dags", &new.dag, "dagRuns"], &[]);
            let failure = match self.rest.send(Method::POST, url.clone(), &body).await {
                Ok(answer) => {
                    let wire = serde_json::from_slice::<WireRun>(&answer.body).map_err(|_| {
                        let why = "Airflow's answer is not the JSON of a run";
                        Error::new(Kind::Transfer, doing.clone()).because(why).hint("the run may go on; look at it in Airflow")
                    });
                    return wire.map(|wire| Triggered::Made(wire.into()));
                }
                Err(failure) => failure,
            };
            let lost = failure.may_have_acted();
            if let Some(id) = new.id.as_deref().filter(|_| lost || failure.status() == Some(409))
                && let Ok(Some(run)) = self.run(&new.dag, id).await
            {
                return Ok(if lost { Triggered::Made(run) } else { Triggered::Existed(run) });
            }
            // Without an id nobody can tell whether the run was made, so it is not made again.
            let again = lost && new.id.is_some();
            let trouble = failure.trouble().filter(|_| again);
            let delay = trouble.and_then(|trouble| self.caller().retry.delay(tried, &trouble, Repeat::Safe, jitter()));
            let Some(delay) = delay else { return Err(not_triggered(failure, new, doing)) };
            tokio::time::sleep(delay).await;
            tried += 1;
        }
    }

    /// Returns a run, if there is one.
    ///
    /// # Errors
    /// As every call; `Kind::Usage` for a name that cannot stand in an address.
    pub async fn run(&self, dag: &str, id: &str) -> Result<Option<DagRun>> {
        let doing = format!("read the run `{}` of the DAG `{}`", id.escape_debug(), dag.escape_debug());
        segments(&[dag, id], &doing)?;
        match self.rest.get::<WireRun>(self.rest.url(&["dags", dag, "dagRuns", id], &[])).await {
            Ok(wire) => Ok(Some(wire.into())),
            Err(failure) if failure.status() == Some(404) => Ok(None),
            Err(failure) => Err(explained(failure, doing)),
        }
    }

    /// Returns the tasks of a run that failed, in the order in which they ended; at most a hundred.
    ///
    /// # Errors
    /// As `run`.
    pub async fn failed_tasks(&self, dag: &str, id: &str) -> Result<Vec<FailedTask>> {
        let doing = format!("list the failed tasks of the run `{}` of the DAG `{}`", id.escape_debug(), dag.escape_debug());
        segments(&[dag, id], &doing)?;
        let url = self.rest.url(&["dags", dag, "dagRuns", id, "taskInstances"], &[("state", "failed"), ("limit", MOST_TASKS)]);
        let page = self.rest.get::<Page<WireTask>>(url).await.map_err(|failure| explained(failure, doing))?;
        let mut tasks: Vec<FailedTask> = page.items.into_iter().map(Into::into).collect();
        tasks.sort();
        Ok(tasks)
    }
}

fn segments(names: &[&str], doing: &str) -> Result<()> {
    if names.iter().all(|name| is_segment(name)) {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, doing).because("an empty name, `.` and `..` cannot stand in an address"))
}

fn body(new: &NewRun, version: ApiVersion) -> Map<String, Value> {
    let mut body = Map::from_iter([("conf".to_owned(), Value::Object(new.conf.clone()))]);
    if let Some(id) = &new.id {
        body.insert("dag_run_id".to_owned(), json!(id));
    }
    match (&new.logical_date, version) {
        (None, ApiVersion::V1) => {}
        (date, _) => {
            body.insert("logical_date".to_owned(), json!(date));
        }
    }
    body
}

fn not_triggered(failure: Box<Failure>, new: &NewRun, doing: String) -> Error {
    let (status, lost) = (failure.status(), failure.may_have_acted());
    let error = explained(failure, doing);
    match (status, &new.id) {
        (Some(404), _) => error.hint("Airflow knows no DAG of this id; a Deployment that hibernates does not answer either"),
        (Some(409), _) => error.hint("the DAG has a run of this id or of this logical date; name others"),
        (_, None) if lost => error.hint("the run may have been made all the same; with `--run-id` it is never made twice"),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::env::snapshot::Env;
    use crate::http::client::{Options, build};
    use crate::http::exchange::Caller;
    use crate::http::scripted::{Reply, Script};
    use crate::model::secret::Secret;

    const RUN: &str = r#"{"dag_id":"d","dag_run_id":"r","state":"queued"}"#;

    fn client(script: &Script, version: &str) -> AirflowClient {
        let mut caller = Caller::new(build(&Env::new([], PathBuf::new()), &Options::for_calls(None)).expect("a client"));
        caller.retry.first_delay = Duration::from_millis(1);
        caller.retry.tries = 3;
        AirflowClient::new(caller, &script.url(&format!("/api/{version}")), &Secret::new("hush")).expect("a client")
    }

    fn answer(status: u16, body: &str) -> Reply {
        Reply::Answer(status, "", body.to_owned())
    }

    fn new(id: Option<&str>) -> NewRun {
        NewRun { dag: "d".to_owned(), id: id.map(str::to_owned), ..NewRun::default() }
    }

    #[tokio::test]
    async fn each_version_is_told_the_logical_date_in_its_own_way() {
        for (version, date, expected) in [
            ("v1", None, r#"{"conf":{},"dag_run_id":"r"}"#),
            ("v2", None, r#"{"conf":{},"dag_run_id":"r","logical_date":null}"#),
            ("v1", Some("2026-01-01T00:00:00Z"), r#"{"conf":{},"dag_run_id":"r","logical_date":"2026-01-01T00:00:00Z"}"#),
        ] {
            let script = Script::start(vec![answer(200, RUN)]).await;
            let new = NewRun { logical_date: date.map(str::to_owned), ..new(Some("r")) };
            client(&script, version).trigger(&new).await.expect("a run");
            let request = script.requests().remove(0);
            let body: Value = serde_json::from_str(request.split("\r\n\r\n").nth(1).unwrap_or_default()).expect("JSON");
            assert_eq!(body, serde_json::from_str::<Value>(expected).expect("JSON"), "{version}");
            assert!(request.starts_with(&format!("POST /api/{version}/dags/d/dagRuns ")), "{request}");
        }
    }

    #[tokio::test]
    async fn nothing_is_run_twice() {
        let made = |state: &str| DagRun { dag: "d".to_owned(), id: "r".to_owned(), state: RunState::of_word(state) };
        // The answer is lost and the run is there; it is not there at first; it was there before.
        let script = Script::start(vec![Reply::Cut, answer(200, RUN)]).await;
        let outcome = client(&script, "v2").trigger(&new(Some("r"))).await.expect("a run");
        assert_eq!((outcome, script.requests().len()), (Triggered::Made(made("queued")), 2));
        let script = Script::start(vec![answer(503, ""), answer(404, "{}"), answer(200, RUN)]).await;
        let outcome = client(&script, "v2").trigger(&new(Some("r"))).await.expect("a run");
        assert_eq!((outcome, script.requests().len()), (Triggered::Made(made("queued")), 3));
        let script = Script::start(vec![answer(409, "{}"), answer(200, RUN)]).await;
        let outcome = client(&script, "v2").trigger(&new(Some("r"))).await.expect("a run");
        assert_eq!(outcome, Triggered::Existed(made("queued")));
        // Nobody could find a run without an id again.
        let script = Script::start(vec![Reply::Cut, answer(200, RUN)]).await;
        let error = client(&script, "v2").trigger(&new(None)).await.expect_err("a lost answer");
        assert_eq!((error.kind(), script.requests().len()), (Kind::Transfer, 1));
        assert!(error.to_string().contains("never made twice"), "{error}");
    }

    #[tokio::test]
    async fn failed_tasks_come_in_the_order_of_their_end() {
        let task = |id: &str, index: i64, end: &str| {
            format!(r#"{{"task_id":"{id}","map_index":{index},"try_number":2,"end_date":"{end}"}}"#)
        };
        let list = [task("late", -1, "2026-01-02"), task("early", 3, "2026-01-01")].join(",");
        let script = Script::start(vec![answer(200, &format!(r#"{{"task_instances":[{list}],"total_entries":2}}"#))]).await;
        let tasks = client(&script, "v1").failed_tasks("d", "manual__2026+00:00").await.expect("tasks");
        assert_eq!(tasks.iter().map(FailedTask::name).collect::<Vec<_>>(), ["early[3]", "late"]);
        let path = "GET /api/v1/dags/d/dagRuns/manual__2026+00:00/taskInstances?state=failed&limit=100";
        assert!(script.requests()[0].starts_with(path), "{:?}", script.requests());
    }

    #[tokio::test]
    async fn an_unknown_dag_and_a_used_date_are_told_apart() {
        for (status, kind, words) in [(404, Kind::NotFound, "no DAG of this id"), (409, Kind::Refused, "logical date")] {
            let script = Script::start(vec![answer(status, "{}"), answer(404, "{}")]).await;
            let error = client(&script, "v2").trigger(&new(Some("r"))).await.expect_err("a refusal");
            assert!(error.kind() == kind && error.to_string().contains(words), "{error}");
        }
        for dag in ["", ".", ".."] {
            let script = Script::start(Vec::new()).await;
            let new = NewRun { dag: dag.to_owned(), ..new(None) };
            assert_eq!(client(&script, "v2").trigger(&new).await.expect_err("no address").kind(), Kind::Usage);
        }
    }
}
