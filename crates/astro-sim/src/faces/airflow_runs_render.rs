//! Spells runs of DAGs and their failed tasks as the JSON of Airflow's REST API.
//! It must not decide anything else.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::faces::airflow_render::time;
use crate::rules::airflow::Api;
use crate::rules::airflow_runs::FailedTask;
use crate::world::airflow_runs::{DagRun, State};

/// Returns a run.
pub fn run(api: Api, run: &DagRun) -> Value {
    let date = run.logical_date.map(time);
    let began = (run.state != State::Queued).then(|| time(run.made));
    let ended = matches!(run.state, State::Success | State::Failed).then(|| time(run.made));
    let mut answer = json!({
        "dag_run_id": run.run_id, "dag_id": run.dag_id, "logical_date": date, "data_interval_start": date,
        "data_interval_end": date, "start_date": began, "end_date": ended, "last_scheduling_decision": null,
        "run_type": "manual", "state": run.state.word(), "conf": run.conf, "note": null,
    });
    let own = match api {
        Api::V1 => json!({ "execution_date": date, "external_trigger": true }),
        Api::V2 => json!({
            "queued_at": time(run.made), "duration": null, "run_after": time(run.made), "triggered_by": "rest_api",
            "triggering_user_name": "ci", "dag_versions": [], "bundle_version": null, "dag_display_name": run.dag_id,
        }),
    };
    merge(&mut answer, own);
    answer
}

/// Returns a task of a run that failed.
pub fn failed_task((api, dag, run): (Api, &str, &str), task: &FailedTask) -> Value {
    let FailedTask { task_id, ended } = task;
    let ended = time(*ended);
    let mut answer = json!({
        "task_id": task_id, "dag_id": dag, "dag_run_id": run, "map_index": -1, "state": "failed", "try_number": 1,
        "max_tries": 0, "start_date": ended, "end_date": ended, "duration": 0.5, "hostname": "worker", "operator": "PythonOperator",
        "pool": "default_pool", "pool_slots": 1, "queue": "default", "note": null,
    });
    let own = match api {
        Api::V1 => json!({ "execution_date": Timestamp::UNIX_EPOCH.to_string(), "rendered_fields": {}, "sla_miss": null }),
        Api::V2 => json!({ "id": "00000000-0000-0000-0000-000000000000", "logical_date": null, "dag_version": null }),
    };
    merge(&mut answer, own);
    answer
}

fn merge(answer: &mut Value, own: Value) {
    if let (Some(answer), Value::Object(own)) = (answer.as_object_mut(), own) {
        answer.extend(own);
    }
}
