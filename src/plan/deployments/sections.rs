//! Reads the lists of a Deployment file: variables, queues, addresses, schedules, and remote execution.
//! It checks form only; what fits together is checked in `check`.

use serde_json::Value;

use crate::model::manifest::entry::{At, QueueEntry, ScheduleEntry, VariableEntry};
use crate::model::manifest::node::Node;
use crate::model::secret::Secret;
use crate::plan::deployments::keys;
use crate::plan::deployments::reading::Reading;

const VARIABLE: &[&str] = &["key", "value", "is_secret", "updated_at"];
const QUEUE: &[&str] = &[
    "name",
    "worker_type",
    "max_worker_count",
    "min_worker_count",
    "worker_concurrency",
    "pod_ephemeral_storage",
    "pod_cpu",
    "pod_ram",
    "id",
    "is_default",
];
const SCHEDULE: &[&str] = &["hibernate_at", "wake_at", "description", "enabled"];
const REMOTE: &[&str] = &["enabled", "allowed_ip_address_ranges", "task_log_bucket", "task_log_url_pattern", "remote_api_url"];

/// Reads `environment_variables`. A key that is there twice is a mistake.
pub fn variables(reading: &mut Reading<'_>, node: &Node) -> Option<Vec<VariableEntry>> {
    let place = "environment_variables";
    let mut all: Vec<VariableEntry> = Vec::new();
    for item in reading.items(node, place)? {
        let (mut key, mut value, mut is_secret) = (None, None, None);
        for (field, _, node) in reading.entries(item, place, VARIABLE) {
            match field {
                "key" => key = reading.text(node, "key"),
                "value" => value = reading.text(node, "value"),
                "is_secret" => is_secret = reading.flag(node, "is_secret").map(|flag| flag.value),
                _ => {}
            }
        }
        let Some(key) = named(reading, key, item, "an environment variable", "key") else { continue };
        if all.iter().any(|earlier| earlier.key.value == key.value) {
            reading.wrong(key.line, format!("the environment variable {} is there twice", key.shown()));
        }
        let value = value.map(|text| At { line: text.line, value: Secret::new(text.value), written: text.written });
        all.push(VariableEntry { key, value, is_secret });
    }
    Some(all)
}

/// Reads `worker_queues`.
pub fn queues(reading: &mut Reading<'_>, node: &Node) -> Option<Vec<QueueEntry>> {
    let place = "worker_queues";
    let mut all: Vec<QueueEntry> = Vec::new();
    for item in reading.items(node, place)? {
        let (mut name, mut worker_type, mut storage) = (None, None, None);
        let (mut least, mut most, mut concurrency) = (None, None, None);
        for (field, _, node) in reading.entries(item, place, QUEUE) {
            match field {
                "name" => name = reading.text(node, "name"),
                "worker_type" => worker_type = reading.text(node, "worker_type"),
                "pod_ephemeral_storage" => storage = reading.text(node, field).filter(|text| !text.value.is_empty()),
                "min_worker_count" => least = reading.whole(node, field),
                "max_worker_count" => most = reading.whole(node, field),
                "worker_concurrency" => concurrency = reading.whole(node, field),
                _ => {}
            }
        }
        let Some(name) = named(reading, name, item, "a worker queue", "name") else { continue };
        let Some(worker_type) = named(reading, worker_type, item, "a worker queue", "worker_type") else { continue };
        if all.iter().any(|earlier| earlier.name.value == name.value) {
            reading.wrong(name.line, format!("the worker queue {} is there twice", name.shown()));
        }
        all.push(QueueEntry { name, worker_type, least, most, concurrency, ephemeral_storage: storage });
    }
    Some(all)
}

/// Reads `alert_emails`.
pub fn emails(reading: &mut Reading<'_>, node: &Node) -> Option<Vec<At<String>>> {
    let items = reading.items(node, "alert_emails")?;
    Some(items.iter().filter_map(|item| reading.text(item, "alert_emails")).collect())
}

/// Reads `hibernation_schedules`.
pub fn schedules(reading: &mut Reading<'_>, node: &Node) -> Option<Vec<ScheduleEntry>> {
    let place = "hibernation_schedules";
    let mut all: Vec<ScheduleEntry> = Vec::new();
    for item in reading.items(node, place)? {
        let (mut hibernate_at, mut wake_at, mut description, mut enabled) = (None, None, None, None);
        for (field, _, node) in reading.entries(item, place, SCHEDULE) {
            match field {
                "hibernate_at" => hibernate_at = reading.text(node, field),
                "wake_at" => wake_at = reading.text(node, field),
                "description" => description = reading.text(node, field).map(|text| text.value),
                _ => enabled = reading.flag(node, field).map(|flag| flag.value),
            }
        }
        let Some(hibernate_at) = named(reading, hibernate_at, item, "a hibernation schedule", "hibernate_at") else { continue };
        let Some(wake_at) = named(reading, wake_at, item, "a hibernation schedule", "wake_at") else { continue };
        let same = |it: &ScheduleEntry| it.hibernate_at.value == hibernate_at.value && it.wake_at.value == wake_at.value;
        if all.iter().any(same) {
            reading.wrong(hibernate_at.line, "a hibernation schedule with the same times is there twice");
        }
        all.push(ScheduleEntry { hibernate_at, wake_at, description, enabled });
    }
    Some(all)
}

/// Reads `remote_execution`.
pub fn remote(reading: &mut Reading<'_>, node: &Node) -> Option<Vec<(&'static str, At<Value>)>> {
    if matches!(node.shape, crate::model::manifest::node::Shape::Null) {
        return None;
    }
    let mut all = Vec::new();
    for (key, _, value) in reading.entries(node, "remote_execution", REMOTE) {
        let Some((_, field)) = keys::REMOTE.iter().find(|(name, _)| *name == key) else { continue };
        let place = format!("remote_execution.{key}");
        let read = match key {
            "enabled" => reading.flag(value, &place).map(|flag| flag.with(Value::from(flag.value))),
            "allowed_ip_address_ranges" => reading.items(value, &place).map(|items| {
                let ranges: Vec<String> = items.iter().filter_map(|item| reading.text(item, &place)).map(|it| it.value).collect();
                At::new(value.line, Value::from(ranges))
            }),
            _ => reading.text(value, &place).map(|text| text.with(Value::from(text.value.clone()))),
        };
        all.extend(read.map(|read| (*field, read)));
    }
    Some(all)
}

/// Returns what an item must say.
fn named(reading: &mut Reading<'_>, found: Option<At<String>>, item: &Node, what: &str, key: &str) -> Option<At<String>> {
    let found = found.filter(|text| !text.value.trim().is_empty());
    if found.is_none() {
        reading.wrong(item.line, format!("{what} has no `{key}`"));
    }
    found
}
