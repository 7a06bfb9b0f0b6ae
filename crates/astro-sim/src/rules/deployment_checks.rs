//! What fits together on a Deployment (reference/astro-platform.md 5.2). The contract has checked the shape already;
//! what is inferred beyond the reference says so. It must not know how a Deployment is stored or changed.

use serde_json::Value;

use crate::refusal::{FieldError, Refusal};
use crate::rules::fields::{self, Body};
use crate::world::deployment::Deployment;

/// Longest name of a worker queue.
const MAX_QUEUE_NAME: usize = 63;
/// Most hibernation schedules, and the longest description of one.
const MAX_SCHEDULES: usize = 10;
const MAX_SCHEDULE_DESCRIPTION: usize = 200;
/// Astronomer units and replicas of a hybrid scheduler.
const AU: std::ops::RangeInclusive<i64> = 5..=24;
const REPLICAS: std::ops::RangeInclusive<i64> = 1..=4;
/// What a task pod and all of them together get, as pairs of CPU and memory.
const RESOURCES: [(&str, &str); 2] = [("defaultTaskPodCpu", "defaultTaskPodMemory"), ("resourceQuotaCpu", "resourceQuotaMemory")];

/// Returns an error unless a request to create names everything that a Deployment of its type needs.
pub fn check_new(kind: &str, body: &Body) -> Result<(), Refusal> {
    // That a hybrid one needs its cluster as well is inferred.
    if matches!(kind, "DEDICATED" | "HYBRID") && fields::filled(body, "clusterId").is_none() {
        return Err(wrong("clusterId", &format!("is required for a {kind} deployment")));
    }
    if fields::filled(body, "cloudProvider").is_some() != fields::filled(body, "region").is_some() {
        return Err(wrong("region", "and cloudProvider belong together"));
    }
    let remote = body.get("remoteExecution").and_then(Value::as_object);
    if kind == "HYBRID" || remote.and_then(|remote| fields::flag(remote, "enabled")) == Some(true) {
        return Ok(());
    }
    for field in RESOURCES.iter().flat_map(|(cpu, memory)| [*cpu, *memory]) {
        if fields::filled(body, field).is_none() {
            return Err(wrong(field, "is required"));
        }
    }
    Ok(())
}

/// Returns an error unless everything that a request sets on a Deployment fits what the Deployment is then.
pub fn check(deployment: &Deployment, body: &Body) -> Result<(), Refusal> {
    check_resources(body)?;
    check_scheduler(deployment, body)?;
    check_development(deployment)?;
    check_queues(deployment, body)?;
    if body.contains_key("taskPodNodePoolId") && deployment.executor != "KUBERNETES" {
        return Err(wrong("taskPodNodePoolId", "belongs to the executor KUBERNETES"));
    }
    Ok(())
}

fn check_resources(body: &Body) -> Result<(), Refusal> {
    for (cpu, memory) in RESOURCES {
        let (Some(cores), Some(size)) = (fields::text(body, cpu), fields::text(body, memory)) else { continue };
        let size = size.strip_suffix("Gi").and_then(|size| size.parse::<f64>().ok());
        let fits = |cores: f64| size.is_some_and(|size| (size - 2.0 * cores).abs() < 1e-9);
        if !cores.parse::<f64>().is_ok_and(fits) {
            return Err(wrong(memory, &format!("must be twice {cpu} in Gi")));
        }
    }
    Ok(())
}

fn check_scheduler(deployment: &Deployment, body: &Body) -> Result<(), Refusal> {
    let Some(scheduler) = body.get("scheduler").and_then(Value::as_object) else { return Ok(()) };
    let outside = |field: &str, range: &std::ops::RangeInclusive<i64>| {
        scheduler.get(field).and_then(Value::as_i64).is_some_and(|number| !range.contains(&number))
    };
    match deployment.kind.as_str() {
        "HYBRID" if outside("au", &AU) => Err(wrong("scheduler.au", "must be between 5 and 24")),
        "HYBRID" if outside("replicas", &REPLICAS) => Err(wrong("scheduler.replicas", "must be between 1 and 4")),
        "HYBRID" => Ok(()),
        _ => Err(wrong("scheduler", "belongs to a HYBRID deployment")),
    }
}

/// That development mode rules out high availability and every scheduler but the smallest is inferred.
fn check_development(deployment: &Deployment) -> Result<(), Refusal> {
    let settings = &deployment.settings;
    let spec = settings.get("scalingSpec").and_then(|spec| spec.get("hibernationSpec"));
    let schedules = spec.and_then(|spec| spec.get("schedules")).and_then(Value::as_array);
    check_schedules(schedules.map_or(&[], Vec::as_slice))?;
    if !deployment.is_development_mode {
        let sleeps = schedules.is_some_and(|schedules| !schedules.is_empty()) || deployment.hibernation_override.is_some();
        return if sleeps { Err(wrong("scalingSpec.hibernationSpec", "needs development mode")) } else { Ok(()) };
    }
    if fields::flag(settings, "isHighAvailability") == Some(true) {
        return Err(wrong("isHighAvailability", "and development mode exclude each other"));
    }
    match fields::text(settings, "schedulerSize").as_deref() {
        None | Some("SMALL") => Ok(()),
        Some(_) => Err(wrong("schedulerSize", "must be SMALL in development mode")),
    }
}

fn check_schedules(schedules: &[Value]) -> Result<(), Refusal> {
    let place = "scalingSpec.hibernationSpec.schedules";
    if schedules.len() > MAX_SCHEDULES {
        return Err(wrong(place, "must have at most 10 items"));
    }
    for schedule in schedules.iter().filter_map(Value::as_object) {
        let is_cron = |field: &str| fields::text(schedule, field).is_some_and(|text| text.split_whitespace().count() == 5);
        if !is_cron("hibernateAtCron") || !is_cron("wakeAtCron") {
            return Err(wrong(place, "must have cron lines of five fields"));
        }
        let description = fields::text(schedule, "description").unwrap_or_default();
        if description.chars().count() > MAX_SCHEDULE_DESCRIPTION {
            return Err(wrong(place, "must have descriptions of at most 200 characters"));
        }
    }
    Ok(())
}

fn check_queues(deployment: &Deployment, body: &Body) -> Result<(), Refusal> {
    let Some(queues) = body.get("workerQueues").and_then(Value::as_array) else { return Ok(()) };
    let remote = deployment.settings.get("remoteExecution").and_then(|remote| remote.get("enabled"));
    match deployment.executor.as_str() {
        "KUBERNETES" if queues.is_empty() => return Ok(()),
        "KUBERNETES" => return Err(wrong("workerQueues", "do not belong to the executor KUBERNETES")),
        "ASTRO" if remote == Some(&Value::Bool(true)) => {
            return Err(wrong("workerQueues", "do not belong to remote execution"));
        }
        _ => {}
    }
    let queues: Vec<&Body> = queues.iter().filter_map(Value::as_object).collect();
    let names: Vec<String> = queues.iter().map(|queue| fields::text(queue, "name").unwrap_or_default()).collect();
    if names.iter().filter(|name| *name == "default").count() != 1 {
        return Err(wrong("workerQueues", "must have exactly one queue called default"));
    }
    for (place, (queue, name)) in queues.iter().zip(&names).enumerate() {
        let number = |field: &str| queue.get(field).and_then(Value::as_i64).unwrap_or_default();
        let (least, most) = (number("minWorkerCount"), number("maxWorkerCount"));
        let taken = names.iter().take(place).any(|earlier| earlier == name);
        // That the names differ and the least is not beyond the most is inferred.
        if taken || name.is_empty() || name.chars().count() > MAX_QUEUE_NAME {
            return Err(wrong("workerQueues.name", "must have 1 to 63 characters and be there once"));
        }
        if least < 0 || most < 1 || least > most || number("workerConcurrency") < 1 {
            return Err(wrong("workerQueues", "must have minWorkerCount from 0, maxWorkerCount and workerConcurrency from 1"));
        }
        let machine = if deployment.kind == "HYBRID" { "nodePoolId" } else { "astroMachine" };
        if fields::filled(queue, machine).is_none() {
            return Err(wrong("workerQueues", &format!("need {machine} on a {} deployment", deployment.kind)));
        }
    }
    Ok(())
}

fn wrong(field: &str, what: &str) -> Refusal {
    let mut refusal = Refusal::invalid(format!("Invalid request: {field} {what}"));
    refusal.fields.push(FieldError { field: field.into(), message: format!("{field} {what}"), code: "invalid".into() });
    refusal
}
