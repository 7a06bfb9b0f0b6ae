//! What a Deployment looks like when an edit has been made: everything that is not named stays byte for byte, fields that
//! Liftoff does not know included. Members of lists are found by name, never by place.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::manifest::edit::{Edit, Rest, VariableEdit};
use crate::model::record::Record;

/// A Deployment as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its fields, spelt as the platform answers them; secrets that are to be set have a value.
    pub record: Record,
    /// Dotted paths of members that the edit of their list does not name and that stay all the same.
    pub kept: Vec<String>,
}

/// Returns a Deployment as it is to be after an edit.
#[must_use]
pub fn merged(present: &Record, edit: &Edit, rest: Rest) -> Wanted {
    let mut record = present.clone();
    let mut kept = Vec::new();
    for (field, value) in &edit.fields {
        record.set(field, value.clone());
    }
    if present.flag("isDevelopmentMode") && !record.flag("isDevelopmentMode") {
        // Only development Deployments sleep.
        record.take("scalingSpec");
    }
    let members = |field: &str| present.list(field).to_vec();
    if present.value("environmentVariables").is_some() {
        record.set("environmentVariables", secrets_masked(members("environmentVariables")));
    }
    if edit.variables.is_some() || !edit.removed_variables.is_empty() {
        let named = edit.variables.as_deref();
        let (all, left) = variables(secrets_masked(members("environmentVariables")), named, &edit.removed_variables, rest);
        record.set("environmentVariables", all);
        kept.extend(left.into_iter().map(|key| format!("environment_variables.{key}")));
    }
    if edit.queues.is_some() || !edit.removed_queues.is_empty() {
        let (mut all, left) = objects(members("workerQueues"), edit.queues.as_deref(), queue_name, rest);
        all.retain(|queue| !edit.removed_queues.contains(queue["name"].as_str().unwrap_or_default()));
        record.set("workerQueues", all);
        kept.extend(left.into_iter().map(|name| format!("worker_queues.{name}")));
    }
    if record.text("executor") == "KUBERNETES" && record.value("workerQueues").is_some() {
        if present.text("executor") != "KUBERNETES" {
            // That executor has no queues.
            record.take("workerQueues");
        }
        kept.retain(|path| !path.starts_with("worker_queues."));
    }
    if let Some(named) = &edit.emails {
        let (all, left) = emails(members("contactEmails"), named, rest);
        record.set("contactEmails", all);
        kept.extend(left.into_iter().map(|email| format!("alert_emails.{email}")));
    }
    if let Some(named) = &edit.schedules {
        let present = members("scalingSpec.hibernationSpec.schedules");
        let (all, left) = objects(present, Some(named), schedule_name, rest);
        set_schedules(&mut record, all);
        kept.extend(left.into_iter().map(|name| format!("hibernation_schedules.{name}")));
    }
    if let Some(named) = &edit.remote {
        let mut remote = record.value("remoteExecution").and_then(Value::as_object).cloned().unwrap_or_default();
        remote.extend(named.clone());
        record.set("remoteExecution", remote);
    }
    Wanted { record, kept }
}

/// Returns the name by which a worker queue is known.
#[must_use]
pub fn queue_name(queue: &Map<String, Value>) -> String {
    queue.get("name").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Returns the name by which a hibernation schedule is known: its two cron lines.
#[must_use]
pub fn schedule_name(schedule: &Map<String, Value>) -> String {
    let line = |field: &str| schedule.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    format!("{} to {}", line("hibernateAtCron"), line("wakeAtCron"))
}

/// Merges objects by name: those that are there get the named fields, in their place; new ones follow.
fn objects(
    present: Vec<Value>,
    named: Option<&[Map<String, Value>]>,
    name_of: fn(&Map<String, Value>) -> String,
    rest: Rest,
) -> (Vec<Value>, Vec<String>) {
    let Some(named) = named else { return (present, Vec::new()) };
    let (mut all, mut kept, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for object in present {
        let Value::Object(mut object) = object else { continue };
        let name = name_of(&object);
        match (named.iter().find(|edit| name_of(edit) == name), rest) {
            (Some(edit), _) => object.extend((*edit).clone()),
            (None, Rest::Pruned) => continue,
            (None, Rest::Kept) => kept.push(name.clone()),
        }
        seen.insert(name);
        all.push(Value::Object(object));
    }
    all.extend(named.iter().filter(|edit| !seen.contains(&name_of(edit))).cloned().map(Value::Object));
    (all, kept)
}

/// Whatever is answered as the value of a secret is not its value, and sending it would set it.
fn secrets_masked(mut variables: Vec<Value>) -> Vec<Value> {
    for variable in variables.iter_mut().filter_map(Value::as_object_mut) {
        if variable.get("isSecret") == Some(&Value::Bool(true)) {
            variable.remove("value");
        }
    }
    variables
}

fn variables(
    present: Vec<Value>,
    named: Option<&[VariableEdit]>,
    removed: &BTreeSet<String>,
    rest: Rest,
) -> (Vec<Value>, Vec<String>) {
    let (mut all, mut kept, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for variable in present {
        let key = variable["key"].as_str().unwrap_or_default().to_owned();
        if removed.contains(&key) {
            continue;
        }
        let edit = named.and_then(|named| named.iter().find(|edit| edit.key == key));
        match (edit, named, rest) {
            (Some(edit), ..) => all.push(changed(variable, edit)),
            (None, Some(_), Rest::Pruned) => continue,
            (None, Some(_), Rest::Kept) => {
                kept.push(key.clone());
                all.push(variable);
            }
            (None, None, _) => all.push(variable),
        }
        seen.insert(key);
    }
    let new = named.unwrap_or_default().iter().filter(|edit| !seen.contains(&edit.key));
    all.extend(new.map(|edit| changed(json!({ "key": edit.key, "isSecret": false }), edit)));
    (all, kept)
}

fn changed(mut variable: Value, edit: &VariableEdit) -> Value {
    if let Some(is_secret) = edit.is_secret {
        variable["isSecret"] = is_secret.into();
    }
    if let Some(value) = &edit.value {
        variable["value"] = value.expose().into();
    }
    variable
}

fn emails(present: Vec<Value>, named: &[String], rest: Rest) -> (Vec<Value>, Vec<String>) {
    let is_named = |email: &Value| email.as_str().is_some_and(|email| named.iter().any(|it| it == email));
    let left = present.iter().filter(|email| !is_named(email)).filter_map(Value::as_str).map(str::to_owned).collect();
    let mut all: Vec<Value> = present.into_iter().filter(|email| rest == Rest::Kept || is_named(email)).collect();
    for email in named {
        if !all.iter().any(|it| it == email) {
            all.push(email.clone().into());
        }
    }
    (all, if rest == Rest::Kept { left } else { Vec::new() })
}

fn set_schedules(record: &mut Record, all: Vec<Value>) {
    if all.is_empty() && record.list("scalingSpec.hibernationSpec.schedules").is_empty() {
        return;
    }
    let mut spec = record.take("scalingSpec").filter(Value::is_object).unwrap_or_else(|| json!({}));
    if !spec["hibernationSpec"].is_object() {
        spec["hibernationSpec"] = json!({});
    }
    spec["hibernationSpec"]["schedules"] = all.into();
    record.set("scalingSpec", spec);
}
