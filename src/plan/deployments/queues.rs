//! The worker queues of a Deployment file: which machine or node pool each means, what a new one gets where the file is
//! silent, and whether all that is allowed (`reference/astro-platform.md` 6.3, 6.6).

use serde_json::{Map, Value};

use crate::model::manifest::entry::{At, QueueEntry};
use crate::model::nearest::nearest;
use crate::model::record::Record;
use crate::plan::deployments::resolving::Resolving;

/// What a Deployment on Astro Hosted gets where it must have a queue and the file names none.
const SMALLEST: &str = "A5";

/// Resolves the worker queues, and what belongs to the executor that has none.
pub fn resolve(resolving: &mut Resolving<'_>) {
    default_worker_type(resolving);
    let manifest = resolving.manifest;
    let kubernetes = resolving.executor == "KUBERNETES";
    let Some(entries) = &manifest.queues else {
        return required(resolving);
    };
    if kubernetes {
        let counts = |entry: &&QueueEntry| entry.least.is_some() || entry.most.is_some() || entry.concurrency.is_some();
        if let Some(entry) = entries.iter().find(counts) {
            resolving.wrong(entry.name.line, "the Kubernetes executor has no worker queues");
        }
        return;
    }
    if remote(resolving) {
        if let Some(entry) = entries.first() {
            resolving.wrong(entry.name.line, "a Deployment with remote execution has no worker queues");
        }
        return;
    }
    let edits: Vec<Map<String, Value>> = entries.iter().map(|entry| queue(resolving, entry)).collect();
    let has_default = entries.iter().any(|entry| entry.name.value == "default");
    let keeps_default = present(resolving, "default").is_some();
    if !edits.is_empty() && !has_default && !keeps_default {
        let line = entries.first().map_or(manifest.line, |entry| entry.name.line);
        resolving.wrong(line, "one of the worker queues must be called `default`");
    }
    if edits.is_empty() {
        // Every Deployment with these has at least one, so an empty list says nothing.
        return required(resolving);
    }
    resolving.asked.edit.queues.get_or_insert_default().extend(edits);
}

fn remote(resolving: &Resolving<'_>) -> bool {
    let asked = resolving.asked.edit.remote.as_ref().and_then(|remote| remote.get("enabled")).map(|on| on == &Value::Bool(true));
    asked.unwrap_or_else(|| resolving.around.present.is_some_and(|present| present.flag("remoteExecution.enabled")))
}

fn present(resolving: &Resolving<'_>, name: &str) -> Option<Record> {
    let queues = resolving.around.present.map(|present| present.records("workerQueues")).unwrap_or_default();
    queues.into_iter().find(|queue| queue.text("name") == name)
}

/// An executor that has queues needs one: where there is none and none is named, it is the smallest that is offered.
fn required(resolving: &mut Resolving<'_>) {
    let executor = resolving.asked.edit.fields.get("executor").and_then(Value::as_str);
    let has_queues = executor.is_some_and(|executor| executor != "KUBERNETES");
    let has_one = resolving.around.present.is_some_and(|present| !present.list("workerQueues").is_empty());
    if !has_queues || has_one || remote(resolving) || resolving.around.options.is_none() {
        return;
    }
    let machine = if resolving.kind == "HYBRID" { first_pool(resolving) } else { Some(("astroMachine", SMALLEST.to_owned())) };
    let Some((field, machine)) = machine else { return };
    let mut edit = Map::new();
    edit.insert("name".into(), "default".into());
    edit.insert("isDefault".into(), true.into());
    edit.insert(field.into(), machine.clone().into());
    fill(resolving, &mut edit, &machine);
    resolving.asked.edit.queues = Some(vec![edit]);
}

fn first_pool(resolving: &Resolving<'_>) -> Option<(&'static str, String)> {
    let pools = resolving.cluster.as_ref()?.records("nodePools");
    let pool = pools.iter().find(|pool| pool.flag("isDefault")).or(pools.first())?;
    Some(("nodePoolId", pool.id().to_owned()))
}

fn queue(resolving: &mut Resolving<'_>, entry: &QueueEntry) -> Map<String, Value> {
    let name = &entry.name.value;
    let there = present(resolving, name);
    let path = format!("worker_queues.{name}");
    resolving.alias("worker_queues", name, &entry.name);
    let mut edit = Map::new();
    edit.insert("name".into(), name.clone().into());
    if there.is_none() {
        edit.insert("isDefault".into(), (name == "default").into());
    }
    if let Some((field, machine)) = machine(resolving, &entry.worker_type, there.as_ref()) {
        edit.insert(field.into(), machine.into());
        resolving.hide(&format!("{path}.worker_type"), &entry.worker_type);
    }
    // Zero is how the Astro CLI leaves a number to the platform.
    let numbers = [
        ("min_worker_count", "minWorkerCount", entry.least.as_ref()),
        ("max_worker_count", "maxWorkerCount", entry.most.as_ref().filter(|it| it.value != 0)),
        ("worker_concurrency", "workerConcurrency", entry.concurrency.as_ref().filter(|it| it.value != 0)),
    ];
    for (key, field, at) in numbers {
        if let Some(at) = at {
            within(resolving, entry, (key, field), at, there.as_ref());
            edit.insert(field.into(), at.value.into());
            resolving.hide(&format!("{path}.{key}"), at);
        }
    }
    if let Some(storage) = &entry.ephemeral_storage {
        edit.insert("podEphemeralStorage".into(), storage.value.clone().into());
        resolving.hide(&format!("{path}.pod_ephemeral_storage"), storage);
    }
    if there.is_none() {
        let machine = edit.get("astroMachine").and_then(Value::as_str).unwrap_or_default().to_owned();
        fill(resolving, &mut edit, &machine);
    }
    edit
}

/// Returns the field and the value that a worker type means.
fn machine(resolving: &mut Resolving<'_>, wanted: &At<String>, there: Option<&Record>) -> Option<(&'static str, String)> {
    if resolving.kind == "HYBRID" {
        return node_pool(resolving, wanted, there.map(|queue| queue.text("nodePoolId"))).map(|pool| ("nodePoolId", pool));
    }
    let name = wanted.value.to_ascii_uppercase();
    if there.is_some_and(|queue| queue.text("astroMachine") == name) {
        return Some(("astroMachine", name));
    }
    let machines = resolving.around.options.map(|options| options.records("workerMachines")).unwrap_or_default();
    let names: Vec<&str> = machines.iter().map(|machine| machine.text("name")).collect();
    if names.is_empty() || names.contains(&name.as_str()) {
        return Some(("astroMachine", name));
    }
    let shown = wanted.shown();
    resolving.wrong(wanted.line, format!("there is no worker type `{shown}`; there are {}", names.join(", ")));
    None
}

/// Returns the node pool with an instance type: the one that is in use, where several have it.
fn node_pool(resolving: &mut Resolving<'_>, wanted: &At<String>, in_use: Option<&str>) -> Option<String> {
    let pools = resolving.cluster.as_ref().map(|cluster| cluster.records("nodePools")).unwrap_or_default();
    let of_type: Vec<&Record> = pools.iter().filter(|pool| pool.text("nodeInstanceType") == wanted.value).collect();
    if let Some(pool) = of_type.iter().find(|pool| Some(pool.id()) == in_use).or(of_type.first()) {
        return Some(pool.id().to_owned());
    }
    let types: Vec<&str> = pools.iter().map(|pool| pool.text("nodeInstanceType")).collect();
    let near = nearest(&wanted.value, types.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    let shown = wanted.shown();
    resolving.wrong(wanted.line, format!("the cluster has no node pool of `{shown}`{}", near.unwrap_or_default()));
    None
}

/// Only with the Kubernetes executor on Hybrid does the node pool of task pods mean anything.
fn default_worker_type(resolving: &mut Resolving<'_>) {
    let manifest = resolving.manifest;
    let Some(wanted) = &manifest.default_worker_type else { return };
    if resolving.kind != "HYBRID" || resolving.executor != "KUBERNETES" {
        return;
    }
    let in_use = resolving.around.present.map(|present| present.text("taskPodNodePoolId"));
    if let Some(pool) = node_pool(resolving, wanted, in_use) {
        resolving.set("configuration.default_worker_type", "taskPodNodePoolId", wanted, pool.into());
    }
}

/// Notes a number that the platform does not offer, unless it is there already.
fn within(resolving: &mut Resolving<'_>, entry: &QueueEntry, (key, field): (&str, &str), at: &At<i64>, there: Option<&Record>) {
    if there.is_some_and(|queue| queue.number(field) == Some(at.value)) {
        return;
    }
    let machine = entry.worker_type.value.to_ascii_uppercase();
    let Some((floor, ceiling, _)) = range(resolving, field, &machine) else { return };
    if at.value < floor || at.value > ceiling {
        resolving.wrong(at.line, format!("`{key}` of the worker queue {} must be from {floor} to {ceiling}", entry.name.shown()));
    }
}

/// Gives a new queue the platform's defaults for what is not said.
fn fill(resolving: &Resolving<'_>, edit: &mut Map<String, Value>, machine: &str) {
    for field in ["minWorkerCount", "maxWorkerCount", "workerConcurrency"] {
        if !edit.contains_key(field) {
            let default = range(resolving, field, machine).map(|(_, _, default)| default);
            // An absent least is zero, as in the Astro CLI.
            let value = if field == "minWorkerCount" { Some(0) } else { default };
            edit.extend(value.map(|value| (field.to_owned(), value.into())));
        }
    }
}

/// Returns the least, the most and the default that the platform offers for a number.
fn range(resolving: &Resolving<'_>, field: &str, machine: &str) -> Option<(i64, i64, i64)> {
    let options = resolving.around.options?;
    let place = match field {
        "minWorkerCount" => "workerQueues.minWorkers",
        "maxWorkerCount" => "workerQueues.maxWorkers",
        _ if resolving.kind == "HYBRID" => "workerQueues.workerConcurrency",
        _ => "",
    };
    let range = if place.is_empty() {
        let machines = options.records("workerMachines");
        machines.iter().find(|it| it.text("name") == machine)?.value("concurrency")?.clone()
    } else {
        options.value(place)?.clone()
    };
    // The platform spells whole numbers as it likes.
    #[expect(clippy::cast_possible_truncation, reason = "counts of workers and tasks are small")]
    let number = |name: &str| range.get(name).and_then(Value::as_f64).map(|number| number as i64);
    let floor = if place.is_empty() { Some(1) } else { number("floor") };
    Some((floor?, number("ceiling")?, number("default")?))
}
