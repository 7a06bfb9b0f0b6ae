//! The difference between a Deployment and what it is to be, as a list that people can read. Secrets are never in it: of
//! them it says only whether they are set anew.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::model::manifest::edit::Edit;
use crate::model::record::Record;
use crate::plan::deployments::keys;
use crate::plan::deployments::merge::{queue_name, schedule_name};

/// What is said of a secret.
pub const SECRET: &str = "(secret)";

/// How something changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// It is new.
    Added,
    /// It has another value.
    Changed,
    /// It goes.
    Removed,
    /// A secret is set again; whether that changes it cannot be known, because the platform does not show it.
    SetAgain,
}

impl How {
    /// Returns the word of it for machines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::SetAgain => "set",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Dotted path in the words of a Deployment file, such as `worker_queues.default.max_worker_count`.
    pub path: String,
    /// How it changes.
    pub how: How,
    /// What it was, when that may be shown.
    pub old: Option<String>,
    /// What it becomes, when that may be shown.
    pub new: Option<String>,
}

/// Returns every difference, in the order of a Deployment file. Fields that only the platform sets are not compared.
#[must_use]
pub fn changes(present: &Record, wanted: &Record, edit: &Edit) -> Vec<Change> {
    let mut all = settings(present, wanted);
    all.extend(variables(present, wanted));
    all.extend(queues(present, wanted));
    all.extend(emails(present, wanted));
    all.extend(schedules(present, wanted));
    all.extend(remote(present, wanted));
    for change in &mut all {
        if let (Some(written), Some(_)) = (edit.hidden.get(&change.path), &change.new) {
            // The old value could be the very value that the environment keeps secret.
            change.old = change.old.as_ref().filter(|_| !change.path.starts_with("environment_variables.")).cloned();
            change.new = Some(written.clone());
        }
        let inside = |path: &str| change.path.strip_prefix(path).filter(|rest| rest.is_empty() || rest.starts_with('.'));
        let alias = edit.aliases.iter().find_map(|(path, shown)| Some(format!("{shown}{}", inside(path)?)));
        if let Some(alias) = alias {
            change.path = alias;
        }
    }
    all
}

/// Returns whether any of the changes is certain; secrets that are set again may be what they were.
#[must_use]
pub fn any_certain(changes: &[Change]) -> bool {
    changes.iter().any(|change| change.how != How::SetAgain)
}

fn settings(present: &Record, wanted: &Record) -> Vec<Change> {
    let single = keys::SETTINGS.iter().map(|setting| (setting.key, setting.field));
    let named = [("name", "name"), ("default_worker_type", "taskPodNodePoolId"), ("cluster_name", "clusterId")];
    let fields = named.into_iter().take(1).chain(single).chain(named.into_iter().skip(1));
    let value = |record: &Record, field: &str| match field {
        // The answer names only the identity in force.
        "workloadIdentity" => record.value(field).or(record.value("effectiveWorkloadIdentity")).cloned(),
        _ => record.value(field).cloned(),
    };
    let compare =
        |(key, field)| compared(format!("configuration.{key}"), value(present, field).as_ref(), value(wanted, field).as_ref());
    fields.filter_map(compare).collect()
}

/// Compares two values; absent, empty, `false` and zero are the same, because the platform leaves them out at will.
fn compared(path: String, old: Option<&Value>, new: Option<&Value>) -> Option<Change> {
    let (old, new) = (old.filter(|value| !is_nothing(value)), new.filter(|value| !is_nothing(value)));
    if old == new || is_quantity(&path) && old.and_then(quantity).is_some_and(|old| new.and_then(quantity) == Some(old)) {
        return None;
    }
    let how = match (old, new) {
        (None, _) => How::Added,
        (_, None) => How::Removed,
        _ => How::Changed,
    };
    // A flag that is off and a text that is empty are changes of a value, not of what is there.
    let turned = old.or(new).is_some_and(Value::is_boolean);
    let of = |value: Option<&Value>| value.map(shown).or_else(|| turned.then(|| "false".to_owned()));
    Some(Change { path, how: if turned { How::Changed } else { how }, old: of(old), new: of(new) })
}

/// Settings that are Kubernetes quantities.
fn is_quantity(path: &str) -> bool {
    path.ends_with("_cpu") || path.ends_with("_memory") || path.ends_with("_storage")
}

/// Returns the size of a Kubernetes quantity, which can be written in several ways: `0.5Gi` is `512Mi`.
fn quantity(value: &Value) -> Option<f64> {
    const UNITS: &[(&str, f64)] = &[
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("m", 0.001),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
    ];
    let text = value.as_str()?.trim();
    let unit = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)));
    let (number, size) = unit.unwrap_or((text, 1.0));
    number.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * size)
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        _ => false,
    }
}

/// Returns a value as people read it.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn by_name(list: &[Value], name: fn(&Map<String, Value>) -> String) -> Vec<(String, Map<String, Value>)> {
    list.iter().filter_map(Value::as_object).map(|object| (name(object), object.clone())).collect()
}

fn variable_name(variable: &Map<String, Value>) -> String {
    variable.get("key").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn variables(present: &Record, wanted: &Record) -> Vec<Change> {
    let field = "environmentVariables";
    let (old, new) = (by_name(present.list(field), variable_name), by_name(wanted.list(field), variable_name));
    both(&old, &new, |key, old, new| {
        let path = format!("environment_variables.{key}");
        let secret = |it: &Map<String, Value>| it.get("isSecret").and_then(Value::as_bool).unwrap_or_default();
        let value = |it: &Map<String, Value>| match secret(it) {
            true => SECRET.to_owned(),
            false => it.get("value").map(shown).unwrap_or_default(),
        };
        let change = match (old, new) {
            (None, Some(new)) => Change { path, how: How::Added, old: None, new: Some(value(new)) },
            (Some(old), None) => Change { path, how: How::Removed, old: Some(value(old)), new: None },
            (Some(old), Some(new)) if secret(old) && secret(new) => {
                new.get("value").and_then(Value::as_str)?;
                Change { path, how: How::SetAgain, old: Some(SECRET.into()), new: Some(SECRET.into()) }
            }
            (Some(old), Some(new)) if secret(old) != secret(new) || value(old) != value(new) => {
                // What becomes a secret is one already.
                let before = if secret(new) { "(readable)".to_owned() } else { value(old) };
                Change { path, how: How::Changed, old: Some(before), new: Some(value(new)) }
            }
            _ => return None,
        };
        Some(vec![change])
    })
}

fn queues(present: &Record, wanted: &Record) -> Vec<Change> {
    let (old, new) = (by_name(present.list("workerQueues"), queue_name), by_name(wanted.list("workerQueues"), queue_name));
    both(&old, &new, |name, old, new| {
        let path = format!("worker_queues.{name}");
        Some(match (old, new) {
            (Some(old), Some(new)) => {
                let fields = keys::QUEUE.iter();
                fields.filter_map(|(key, field)| compared(format!("{path}.{key}"), old.get(*field), new.get(*field))).collect()
            }
            (None, new) => vec![Change { path, how: How::Added, old: None, new: new.map(queue_shown) }],
            (old, None) => vec![Change { path, how: How::Removed, old: old.map(queue_shown), new: None }],
        })
    })
}

fn queue_shown(queue: &Map<String, Value>) -> String {
    let number = |field: &str| queue.get(field).map(shown).unwrap_or_default();
    let machine = queue.get("astroMachine").or_else(|| queue.get("nodePoolId")).map(shown).unwrap_or_default();
    format!(
        "{machine}, {} to {} workers of {} tasks",
        number("minWorkerCount"),
        number("maxWorkerCount"),
        number("workerConcurrency")
    )
}

fn emails(present: &Record, wanted: &Record) -> Vec<Change> {
    let of = |record: &Record| -> BTreeSet<String> {
        record.list("contactEmails").iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (old, new) = (of(present), of(wanted));
    let change = |email: &String, how| Change { path: format!("alert_emails.{email}"), how, old: None, new: None };
    let removed = old.difference(&new).map(|email| change(email, How::Removed));
    removed.chain(new.difference(&old).map(|email| change(email, How::Added))).collect()
}

fn schedules(present: &Record, wanted: &Record) -> Vec<Change> {
    let field = "scalingSpec.hibernationSpec.schedules";
    let (old, new) = (by_name(present.list(field), schedule_name), by_name(wanted.list(field), schedule_name));
    both(&old, &new, |name, old, new| {
        let path = format!("hibernation_schedules.{name}");
        Some(match (old, new) {
            (Some(old), Some(new)) => [("description", "description"), ("enabled", "isEnabled")]
                .iter()
                .filter_map(|(key, field)| compared(format!("{path}.{key}"), old.get(*field), new.get(*field)))
                .collect(),
            (None, _) => vec![Change { path, how: How::Added, old: None, new: None }],
            (_, None) => vec![Change { path, how: How::Removed, old: None, new: None }],
        })
    })
}

fn remote(present: &Record, wanted: &Record) -> Vec<Change> {
    let compare = |(key, field): &(&str, &str)| {
        let at = format!("remoteExecution.{field}");
        compared(format!("configuration.remote_execution.{key}"), present.value(&at), wanted.value(&at))
    };
    keys::REMOTE.iter().filter_map(compare).collect()
}

type Member = (String, Map<String, Value>);

/// Compares the members of two lists by name: those that are there in their order, then the new ones.
fn both(
    old: &[Member],
    new: &[Member],
    compare: impl Fn(&str, Option<&Map<String, Value>>, Option<&Map<String, Value>>) -> Option<Vec<Change>>,
) -> Vec<Change> {
    let find = |list: &'_ [Member], name: &str| list.iter().position(|(it, _)| it == name);
    let mut all = Vec::new();
    for (name, before) in old {
        let after = find(new, name).map(|index| &new[index].1);
        all.extend(compare(name, Some(before), after).unwrap_or_default());
    }
    for (name, after) in new.iter().filter(|(name, _)| find(old, name).is_none()) {
        all.extend(compare(name, None, Some(after)).unwrap_or_default());
    }
    all
}
