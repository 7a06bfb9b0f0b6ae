//! Creating, changing and deleting Deployments (reference/astro-platform.md 5).
//! It must not know deploys, nor clusters.

use serde_json::{Map, Value};

use crate::refusal::Refusal;
use crate::rules::authority::{self, Place};
use crate::rules::deployment_checks;
use crate::rules::fields::{self, Body};
use crate::world::deployment::{Deployment, EnvironmentVariable, HibernationOverride, Status};
use crate::world::environment::Scope;
use crate::world::rollout::{Change, ChangeKind};
use crate::world::state::World;
use crate::world::token::ApiToken;

/// Request fields that are answered as they were sent.
const ECHOED: [&str; 12] = [
    "cloudProvider",
    "clusterId",
    "contactEmails",
    "defaultTaskPodCpu",
    "defaultTaskPodMemory",
    "isHighAvailability",
    "region",
    "resourceQuotaCpu",
    "resourceQuotaMemory",
    "schedulerSize",
    "taskPodNodePoolId",
    "scalingSpec",
];

/// Creates a Deployment and returns its id.
pub fn create(world: &mut World, caller: &ApiToken, body: &Body) -> Result<String, Refusal> {
    let name = fields::filled(body, "name").ok_or_else(|| Refusal::invalid("Invalid request: name must not be empty"))?;
    let workspace_id = fields::text(body, "workspaceId").unwrap_or_default();
    let workspace = world.find_workspace(&workspace_id)?;
    if workspace.organization_id != caller.spec.organization_id {
        return Err(Refusal::not_found("workspace", &workspace_id));
    }
    authority::require(world, caller, "CreateDeployment", Place::Workspace(&workspace_id))?;
    let is_cicd_enforced = workspace.cicd_enforced_default;
    check_lengths(body)?;
    let newest = world.releases.first().map(|release| release.version.clone()).unwrap_or_default();
    let runtime = fields::filled(body, "astroRuntimeVersion").unwrap_or(newest);
    if !world.releases.iter().any(|release| release.version == runtime) {
        return Err(Refusal::invalid(format!("Runtime {runtime} is not available")));
    }
    let kind = fields::filled(body, "type").unwrap_or_else(|| "STANDARD".into());
    deployment_checks::check_new(&kind, body)?;
    let mut deployment = Deployment::named(&name);
    deployment.airflow_version = world.airflow_of(&runtime);
    deployment.runtime_version = runtime;
    deployment.workspace_id = workspace_id;
    deployment.is_dag_deploy_enabled = kind != "HYBRID";
    if kind == "HYBRID" || deployment.airflow_version.starts_with('2') {
        deployment.executor = "CELERY".into();
    }
    deployment.is_cicd_enforced = is_cicd_enforced;
    deployment.kind = kind;
    deployment.status = Status::Creating;
    deployment.airflow.webserver_lag = world.rollout.webserver_lag;
    deployment.airflow_url = world.site.new_airflow_url.clone();
    deployment.pending.push_back(Change::new(ChangeKind::Creation, world.clock.now()));
    apply(world, &mut deployment, body)?;
    Ok(world.add_deployment(deployment))
}

/// Changes a Deployment; what is left out stays, but for the list of environment variables.
pub fn update(world: &mut World, id: &str, body: &Body) -> Result<(), Refusal> {
    let mut deployment = world.find_deployment(id)?.clone();
    if fields::text(body, "type").is_some_and(|kind| kind != deployment.kind) {
        return Err(Refusal::invalid("Invalid request: the type of a deployment cannot be changed"));
    }
    if fields::text(body, "workspaceId").is_some_and(|workspace| workspace != deployment.workspace_id) {
        return Err(Refusal::invalid("Invalid request: a deployment cannot move to another workspace"));
    }
    if !deployment.is_development_mode && fields::flag(body, "isDevelopmentMode") == Some(true) {
        return Err(Refusal::invalid("Invalid request: development mode cannot be enabled on an existing deployment"));
    }
    check_lengths(body)?;
    apply(world, &mut deployment, body)?;
    let now = world.clock.now();
    deployment.updated_at = now;
    if deployment.status == Status::Healthy {
        deployment.status = Status::Deploying;
        deployment.pending.push_back(Change::new(ChangeKind::Restart, now));
    }
    *world.find_deployment_mut(id)? = deployment;
    Ok(())
}

/// Deletes a Deployment, and with it its tokens.
pub fn delete(world: &mut World, id: &str) {
    world.deployments.retain(|deployment| deployment.id != id);
    world.environment.forget(&Scope::Deployment(id.to_owned()));
    world.forget_entity(id);
}

fn apply(world: &mut World, deployment: &mut Deployment, body: &Body) -> Result<(), Refusal> {
    if let Some(name) = fields::filled(body, "name") {
        deployment.name = name;
    }
    if let Some(description) = fields::text(body, "description") {
        deployment.description = description;
    }
    if let Some(executor) = fields::filled(body, "executor") {
        let airflow_2 = deployment.airflow_version.starts_with('2');
        if executor == "ASTRO" && airflow_2 {
            return Err(Refusal::invalid("Invalid request: executor ASTRO needs Airflow 3"));
        }
        deployment.executor = executor;
    }
    let flags = [
        ("isDagDeployEnabled", &mut deployment.is_dag_deploy_enabled),
        ("isCicdEnforced", &mut deployment.is_cicd_enforced),
        ("isDevelopmentMode", &mut deployment.is_development_mode),
    ];
    for (key, flag) in flags {
        *flag = fields::flag(body, key).unwrap_or(*flag);
    }
    for key in ECHOED {
        if let Some(value) = body.get(key) {
            deployment.settings.insert(key.into(), value.clone());
        }
    }
    if let Some(identity) = fields::filled(body, "workloadIdentity") {
        deployment.settings.insert("effectiveWorkloadIdentity".into(), identity.into());
    }
    apply_queues(world, deployment, body)?;
    apply_scheduler(deployment, body);
    apply_scaling(deployment, body);
    apply_remote(deployment, body);
    deployment_checks::check(deployment, body)?;
    apply_variables(world, deployment, body)
}

/// Answers a hybrid scheduler in fields of its own.
fn apply_scheduler(deployment: &mut Deployment, body: &Body) {
    let Some(scheduler) = body.get("scheduler") else { return };
    for (sent, answered) in [("au", "schedulerAu"), ("replicas", "schedulerReplicas")] {
        if let Some(number) = scheduler.get(sent) {
            deployment.settings.insert(answered.into(), number.clone());
        }
    }
}

/// Replaces the whole list: what is missing is removed, and a queue without an id is a new one. That an id must be one of
/// the Deployment's is inferred.
fn apply_queues(world: &mut World, deployment: &mut Deployment, body: &Body) -> Result<(), Refusal> {
    if deployment.executor == "KUBERNETES" {
        deployment.settings.remove("workerQueues");
    }
    let Some(queues) = body.get("workerQueues").and_then(Value::as_array) else { return Ok(()) };
    let stored = deployment.settings.get("workerQueues").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut answered = Vec::new();
    for queue in queues.iter().filter_map(Value::as_object) {
        let mut queue = queue.clone();
        match fields::filled(&queue, "id") {
            Some(id) if !stored.iter().any(|stored| stored["id"] == id.as_str()) => {
                return Err(Refusal::invalid(format!("Invalid request: workerQueues has no queue {id}")));
            }
            Some(_) => {}
            None => drop(queue.insert("id".into(), world.ids.fresh().into())),
        }
        queue.insert("podCpu".into(), "1".into());
        queue.insert("podMemory".into(), "2Gi".into());
        answered.push(Value::Object(queue));
    }
    deployment.settings.insert("workerQueues".into(), answered.into());
    Ok(())
}

/// Takes the override out of the scaling settings, which have their own place on a Deployment.
fn apply_scaling(deployment: &mut Deployment, body: &Body) {
    if !deployment.is_development_mode && !body.contains_key("scalingSpec") {
        // What leaves development mode leaves its schedules behind (inferred).
        deployment.settings.remove("scalingSpec");
        deployment.hibernation_override = None;
    }
    let spec = deployment.settings.get_mut("scalingSpec").and_then(|spec| spec.get_mut("hibernationSpec"));
    let chosen = spec.and_then(Value::as_object_mut).and_then(|spec| spec.remove("override"));
    let Some(Value::Object(chosen)) = chosen else { return };
    let is_hibernating = fields::flag(&chosen, "isHibernating").unwrap_or_default();
    deployment.hibernation_override = Some(HibernationOverride { is_hibernating, until: fields::text(&chosen, "overrideUntil") });
}

fn apply_remote(deployment: &mut Deployment, body: &Body) {
    let Some(Value::Object(remote)) = body.get("remoteExecution") else { return };
    let mut answered: Map<String, Value> = remote.clone();
    answered.entry("allowedIpAddressRanges").or_insert_with(|| Value::Array(Vec::new()));
    answered.insert("remoteApiUrl".into(), "https://remote.invalid".into());
    deployment.settings.insert("remoteExecution".into(), answered.into());
}

/// Replaces the whole list; a secret sent without a value keeps the stored one (inferred: the incumbent relies on it).
fn apply_variables(world: &World, deployment: &mut Deployment, body: &Body) -> Result<(), Refusal> {
    let Some(sent) = body.get("environmentVariables").and_then(Value::as_array) else { return Ok(()) };
    let mut variables = Vec::new();
    for variable in sent.iter().filter_map(Value::as_object) {
        let key = fields::filled(variable, "key")
            .ok_or_else(|| Refusal::invalid("Invalid request: an environment variable has no key"))?;
        let is_secret = fields::flag(variable, "isSecret").unwrap_or_default();
        let stored = deployment.environment_variables.iter().find(|stored| stored.key == key && stored.is_secret);
        let value = fields::text(variable, "value").or_else(|| stored.map(|stored| stored.value.clone())).unwrap_or_default();
        variables.push(EnvironmentVariable { key, value, is_secret, updated_at: world.clock.now() });
    }
    deployment.environment_variables = variables;
    Ok(())
}

fn check_lengths(body: &Body) -> Result<(), Refusal> {
    for (key, limit) in [("name", 500), ("description", 1000)] {
        if fields::text(body, key).is_some_and(|text| text.chars().count() > limit) {
            return Err(Refusal::invalid(format!("Invalid request: {key} must be at most {limit} characters")));
        }
    }
    Ok(())
}
