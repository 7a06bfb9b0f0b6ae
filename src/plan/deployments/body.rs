//! What is sent to create a Deployment or to change one. The platform replaces lists as a whole and keeps no version of a
//! Deployment, so a change sends everything that is required or could be lost (`reference/astro-platform.md` 5.2, 5.4).

use serde_json::{Map, Value, json};

use crate::model::record::Record;

/// Fields that every kind takes.
const EVERY: &[&str] =
    &["name", "workspaceId", "type", "description", "executor", "isCicdEnforced", "isDagDeployEnabled", "contactEmails"];
/// Fields that Deployments on Astro Hosted take.
const HOSTED: &[&str] = &[
    "schedulerSize",
    "isHighAvailability",
    "defaultTaskPodCpu",
    "defaultTaskPodMemory",
    "resourceQuotaCpu",
    "resourceQuotaMemory",
];
/// Fields of a worker queue that the platform only answers.
const QUEUE_ANSWERS: &[&str] = &["podCpu", "podMemory"];

/// Returns the body that changes a Deployment into the wanted one. The identity is left out unless it is set, because the
/// answer names only the one in force, and sending that would pin it; development mode is sent only when it goes.
#[must_use]
pub fn update(present: &Record, wanted: &Record) -> Record {
    let mut body = common(wanted);
    body.set("environmentVariables", variables(wanted));
    if present.flag("isDevelopmentMode") && !wanted.flag("isDevelopmentMode") {
        body.set("isDevelopmentMode", false);
    }
    body
}

/// Returns the body that creates a Deployment, variables and addresses included, in one call.
#[must_use]
pub fn create(wanted: &Record) -> Record {
    let mut body = common(wanted);
    let variables = variables(wanted);
    if variables.as_array().is_some_and(|all| !all.is_empty()) {
        body.set("environmentVariables", variables);
    }
    // On shared infrastructure the platform chooses the cluster.
    let standard = wanted.text("type") == "STANDARD" && wanted.value("clusterId").is_none();
    let place: &[&str] = if standard { &["cloudProvider", "region"] } else { &["clusterId"] };
    for field in place.iter().chain(&["astroRuntimeVersion"]) {
        copy(wanted, &mut body, field);
    }
    if wanted.flag("isDevelopmentMode") {
        body.set("isDevelopmentMode", true);
    }
    body
}

fn common(wanted: &Record) -> Record {
    let hybrid = wanted.text("type") == "HYBRID";
    let mut body = wanted.only(EVERY);
    if hybrid {
        body.set("scheduler", scheduler(wanted));
        if wanted.text("executor") == "KUBERNETES" {
            copy(wanted, &mut body, "taskPodNodePoolId");
        }
    } else {
        for field in HOSTED {
            copy(wanted, &mut body, field);
        }
        if let Some(spec) = scaling(wanted) {
            body.set("scalingSpec", spec);
        }
        if let Some(remote) = remote(wanted) {
            body.set("remoteExecution", remote);
        }
    }
    copy(wanted, &mut body, "workloadIdentity");
    let queues = queues(wanted);
    if !queues.is_empty() {
        body.set("workerQueues", queues);
    }
    body
}

fn copy(from: &Record, to: &mut Record, field: &str) {
    if let Some(value) = from.value(field) {
        to.set(field, value.clone());
    }
}

fn scheduler(wanted: &Record) -> Value {
    let mut scheduler = Map::new();
    for (field, sent) in [("schedulerAu", "au"), ("schedulerReplicas", "replicas")] {
        scheduler.extend(wanted.value(field).map(|value| (sent.to_owned(), value.clone())));
    }
    Value::Object(scheduler)
}

/// Queues as they are, with their ids: one that is sent without its id is a new one.
fn queues(wanted: &Record) -> Vec<Value> {
    let has_none = wanted.text("executor") == "KUBERNETES" || wanted.flag("remoteExecution.enabled");
    let all = if has_none { &[] } else { wanted.list("workerQueues") };
    let sent = |queue: &Value| {
        let mut queue = queue.as_object()?.clone();
        queue.retain(|field, value| !QUEUE_ANSWERS.contains(&field.as_str()) && !value.is_null());
        Some(Value::Object(queue))
    };
    all.iter().filter_map(sent).collect()
}

/// Secrets that are to stay are sent without a value.
fn variables(wanted: &Record) -> Value {
    let sent = |variable: &Value| {
        let mut variable = variable.as_object()?.clone();
        variable.retain(|field, value| field != "updatedAt" && !value.is_null());
        Some(Value::Object(variable))
    };
    wanted.list("environmentVariables").iter().filter_map(sent).collect()
}

/// The schedules, and the override while it is in force, which could be lost without it.
fn scaling(wanted: &Record) -> Option<Value> {
    let spec = wanted.value("scalingSpec.hibernationSpec")?;
    let mut sent = Map::new();
    sent.extend(spec.get("schedules").filter(|it| it.is_array()).map(|schedules| ("schedules".to_owned(), schedules.clone())));
    let chosen = spec.get("override").filter(|chosen| chosen["isActive"] == json!(true)).and_then(Value::as_object);
    if let Some(chosen) = chosen {
        let mut chosen = chosen.clone();
        chosen.remove("isActive");
        sent.insert("override".to_owned(), Value::Object(chosen));
    }
    (!sent.is_empty()).then(|| json!({ "hibernationSpec": sent }))
}

fn remote(wanted: &Record) -> Option<Value> {
    let mut remote = wanted.value("remoteExecution")?.as_object()?.clone();
    remote.remove("remoteApiUrl");
    remote.retain(|_, value| !value.is_null());
    Some(Value::Object(remote))
}
