//! Spells what an Airflow holds as its REST API's JSON, with the secrets hidden as each version hides them.
//! It must not decide anything else.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::exchange::Answer;
use crate::refusal::Refusal;
use crate::rules::airflow::{Api, NO_WEBSERVER};
use crate::rules::airflow_secrets as secrets;
use crate::world::airflow::{Connection, Dag, ImportError, Pool, Variable};

/// Where the DAGs are inside the image.
const DAGS_FOLDER: &str = "/usr/local/airflow/dags";

/// Returns the version.
pub fn version(version: &str) -> Value {
    json!({ "version": version, "git_version": null })
}

/// Returns a healthy state.
pub fn health(now: Timestamp) -> Value {
    let beat = time(now);
    json!({
        "metadatabase": { "status": "healthy" },
        "scheduler": { "status": "healthy", "latest_scheduler_heartbeat": beat },
        "triggerer": { "status": "healthy", "latest_triggerer_heartbeat": beat },
        "dag_processor": { "status": "healthy", "latest_dag_processor_heartbeat": beat },
    })
}

/// Returns a connection on its own: version 1 leaves the password out, version 2 shows the mask.
pub fn connection(api: Api, connection: &Connection) -> Value {
    let mut answer = bare_connection(connection);
    answer["extra"] = connection.extra.as_ref().map(|extra| secrets::hide_in_extra(api, extra)).into();
    if api == Api::V2 {
        answer["password"] = connection.password.as_ref().map(|_| secrets::MASK).into();
    }
    answer
}

/// Returns a connection in a list, which in version 1 has no `extra` either.
pub fn listed_connection(api: Api, listed: &Connection) -> Value {
    match api {
        Api::V1 => bare_connection(listed),
        Api::V2 => connection(api, listed),
    }
}

/// Returns a variable.
pub fn variable(api: Api, variable: &Variable) -> Value {
    let value = secrets::hide_variable(api, &variable.key, &variable.value);
    let mut answer = json!({ "key": variable.key, "value": value, "description": variable.description });
    if api == Api::V2 {
        answer["is_encrypted"] = true.into();
    }
    answer
}

/// Returns a pool with nothing running in it.
pub fn pool(pool: &Pool) -> Value {
    json!({
        "name": pool.name, "slots": pool.slots, "description": pool.description, "include_deferred": pool.include_deferred,
        "occupied_slots": 0, "running_slots": 0, "queued_slots": 0, "scheduled_slots": 0, "deferred_slots": 0,
        "open_slots": pool.slots,
    })
}

/// Returns a DAG, which was last found in its file at `parsed`; `broken` are the files that could not be read.
pub fn dag((api, parsed): (Api, Option<Timestamp>), dag: &Dag, broken: &[String]) -> Value {
    let mut answer = json!({
        "dag_id": dag.dag_id, "dag_display_name": dag.dag_id, "is_paused": dag.is_paused,
        "fileloc": format!("{DAGS_FOLDER}/{}", dag.file), "file_token": dag.file, "owners": ["airflow"], "tags": [],
        "description": null, "timetable_description": "Never, external triggers only", "max_active_tasks": 16,
        "max_active_runs": 16, "max_consecutive_failed_dag_runs": 0, "has_task_concurrency_limits": false,
        "has_import_errors": broken.contains(&dag.file), "last_parsed_time": parsed.map(time), "last_expired": null,
        "next_dagrun_data_interval_start": null, "next_dagrun_data_interval_end": null,
    });
    let own = match api {
        Api::V1 => json!({
            "root_dag_id": null, "is_active": true, "is_subdag": false, "last_pickled": null, "scheduler_lock": null,
            "pickle_id": null, "default_view": "grid", "schedule_interval": null, "next_dagrun": null,
            "next_dagrun_create_after": null,
        }),
        Api::V2 => json!({
            "is_stale": false, "last_parse_duration": null, "bundle_name": "dags-folder", "bundle_version": null,
            "relative_fileloc": dag.file, "timetable_summary": null, "next_dagrun_logical_date": null,
            "next_dagrun_run_after": null,
        }),
    };
    if let (Some(answer), Value::Object(own)) = (answer.as_object_mut(), own) {
        answer.extend(own);
    }
    answer
}

/// Returns an import error: version 1 names the whole path of the file.
pub fn import_error(api: Api, error: &ImportError) -> Value {
    let filename = match api {
        Api::V1 => format!("{DAGS_FOLDER}/{}", error.filename),
        Api::V2 => error.filename.clone(),
    };
    let mut answer = json!({
        "import_error_id": error.id, "timestamp": time(error.timestamp), "filename": filename, "stack_trace": error.stack_trace,
    });
    if api == Api::V2 {
        answer["bundle_name"] = "dags-folder".into();
    }
    answer
}

/// Returns what an Airflow says about the other version's API: version 2 knows that there was another one.
pub fn no_such_api(own: Api) -> Answer {
    match own {
        Api::V1 => page(404, "Airflow 404 = lots of circles"),
        Api::V2 => Answer::json(404, &json!({ "error": "/api/v1 has been removed in Airflow 3, please use /api/v2 instead." })),
    }
}

/// Returns a refusal; one of the gate before Airflow is a page for people.
pub fn refuse(api: Api, refusal: &Refusal) -> Answer {
    let Refusal { status, message, .. } = refusal;
    if refusal.code == NO_WEBSERVER {
        return page(*status, message);
    }
    match (api, status) {
        (Api::V1, _) => {
            let body = json!({ "title": title(*status), "detail": message, "status": status, "type": "about:blank" });
            Answer::json(*status, &body).header("content-type", "application/problem+json")
        }
        (Api::V2, 409) => {
            let detail = json!({ "reason": "Unique constraint violation", "statement": "hidden", "orig_error": message });
            Answer::json(409, &json!({ "detail": detail }))
        }
        (Api::V2, 422) => {
            let error = json!({ "type": "value_error", "loc": ["body"], "msg": message, "input": null });
            Answer::json(422, &json!({ "detail": [error] }))
        }
        (Api::V2, _) => Answer::json(*status, &json!({ "detail": message })),
    }
}

fn bare_connection(connection: &Connection) -> Value {
    json!({
        "connection_id": connection.id, "conn_type": connection.conn_type, "description": connection.description,
        "host": connection.host, "login": connection.login, "schema": connection.schema, "port": connection.port,
    })
}

fn page(status: u16, message: &str) -> Answer {
    let body = format!("<html><head><title>{message}</title></head><body><h1>{message}</h1></body></html>");
    Answer::empty(status).header("content-type", "text/html").body(body)
}

fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        415 => "Unsupported Media Type",
        _ => "Internal Server Error",
    }
}

/// Returns a moment as Airflow spells it.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}
