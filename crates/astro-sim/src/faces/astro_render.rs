//! Spells the world's Astro things as the contract's JSON.
//! It must not decide anything.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::rules::hibernation;
use crate::world::account::{Organization, Workspace};
use crate::world::deploy::{BundleState, Deploy, Snapshot};
use crate::world::deployment::{Deployment, EnvironmentVariable, HibernationOverride, Status};
use crate::world::state::World;

/// What the tasks of a hosted Deployment get unless it was made otherwise.
const RESOURCES: [(&str, &str); 4] = [
    ("defaultTaskPodCpu", "0.25"),
    ("defaultTaskPodMemory", "0.5Gi"),
    ("resourceQuotaCpu", "10"),
    ("resourceQuotaMemory", "20Gi"),
];
/// Where a standard Deployment runs unless it was made otherwise.
const PLACE: [(&str, &str); 2] = [("cloudProvider", "AWS"), ("region", "us-east-1")];

/// Returns an Organization.
pub fn organization(world: &World, organization: &Organization) -> Value {
    let has_ranges = world.ip_ranges.iter().any(|range| range.organization_id == organization.id);
    json!({
        "id": organization.id, "name": organization.name, "product": organization.product, "status": "ACTIVE",
        "allowEnhancedSupportAccess": false, "hasAllowedIpAddressRanges": has_ranges, "isBlockedEnableAiFeatures": false,
        "isScimEnabled": organization.is_scim_enabled, "shouldEnforceDedicatedClusters": false,
        "billingEmail": organization.billing_email,
        "productPlans": [{
            "astronomerProduct": "ASTRO", "organizationId": organization.id, "productPlanId": "plan",
            "productPlanName": "TEAM",
        }],
        "createdAt": time(organization.created_at), "updatedAt": time(organization.created_at),
        "createdBy": subject("sandbox"), "updatedBy": subject("sandbox"),
    })
}

/// Returns a Workspace.
pub fn workspace(world: &World, workspace: &Workspace) -> Value {
    let organization = world.find_organization(&workspace.organization_id).map(|found| found.name.clone());
    json!({
        "id": workspace.id, "name": workspace.name, "description": workspace.description,
        "organizationId": workspace.organization_id, "organizationName": organization.unwrap_or_default(),
        "cicdEnforcedDefault": workspace.cicd_enforced_default,
        "createdAt": time(workspace.created_at), "updatedAt": time(workspace.updated_at),
        "createdBy": subject("sandbox"), "updatedBy": subject("sandbox"),
    })
}

/// Returns a Deployment.
pub fn deployment(world: &World, deployment: &Deployment) -> Value {
    let host = world.site.url.trim_start_matches("http://");
    let (id, airflow) = (&deployment.id, &deployment.airflow_version);
    let own = format!("{host}/airflow/{id}/api/{}", if airflow.starts_with('2') { "v1" } else { "v2" });
    let api_url = deployment.airflow_url.clone().unwrap_or_else(|| format!("http://{own}"));
    let airflow_api = deployment.airflow_url.clone().unwrap_or(own);
    let workspace = world.find_workspace(&deployment.workspace_id).map(|found| found.name.clone());
    let mut answer = json!({
        "id": id, "name": deployment.name, "description": deployment.description, "namespace": deployment.namespace,
        "organizationId": deployment.organization_id, "workspaceId": deployment.workspace_id,
        "workspaceName": workspace.unwrap_or_default(), "type": deployment.kind, "executor": deployment.executor,
        "status": deployment.status.word(),
        "astroRuntimeVersion": deployment.runtime_version, "runtimeVersion": deployment.runtime_version,
        "airflowVersion": airflow,
        "imageRepository": format!("{}/{}", world.site.image_host(), world.image_repository(deployment)),
        "imageTag": deployment.image_tag,
        "isDagDeployEnabled": deployment.is_dag_deploy_enabled, "isCicdEnforced": deployment.is_cicd_enforced,
        "isDevelopmentMode": deployment.is_development_mode,
        "schedulerCpu": "1", "schedulerMemory": "2Gi", "schedulerReplicas": 1,
        "webServerCpu": "0.5", "webServerMemory": "1.5Gi", "webServerReplicas": 1,
        "webServerIngressHostname": host, "webServerUrl": format!("{host}/airflow/{id}"),
        "webServerAirflowApiUrl": airflow_api, "apiUrl": api_url,
        "uiUrl": format!("{}/airflow/{id}", world.site.url),
        "environmentVariables": deployment.environment_variables.iter().map(variable).collect::<Vec<_>>(),
        "createdAt": time(deployment.created_at), "updatedAt": time(deployment.updated_at),
        "createdBy": subject("sandbox"), "updatedBy": subject("sandbox"),
    });
    let optional = [
        ("statusReason", deployment.status_reason.clone()),
        ("dagTarballVersion", deployment.dag_tarball_version.clone()),
        ("desiredDagTarballVersion", deployment.desired_dag_tarball_version.clone()),
        ("imageVersion", Some(deployment.image_tag.clone()).filter(|tag| !tag.is_empty())),
    ];
    add_texts(&mut answer, optional);
    if let Some(answer) = answer.as_object_mut() {
        answer.extend(hosted_defaults(deployment));
        answer.extend(deployment.settings.clone());
        add_scaling(answer, deployment, world.clock.now());
    }
    answer
}

/// Returns a deploy.
pub fn deploy(world: &World, deployment: &Deployment, deploy: &Deploy) -> Value {
    let mut answer = json!({
        "id": deploy.id, "deploymentId": deployment.id, "type": deploy.kind.word(), "status": deploy.status.word(),
        "description": deploy.description, "isDagDeployEnabled": deploy.is_dag_deploy_enabled,
        "imageRepository": format!("{}/{}", world.site.image_host(), world.image_repository(deployment)),
        "imageTag": deploy.image_tag,
        "astroRuntimeVersion": deploy.runtime_version, "airflowVersion": deploy.airflow_version,
        "bundles": bundles(deployment, deploy.snapshot.as_ref()),
        "createdAt": time(deploy.created_at), "updatedAt": time(deploy.updated_at),
        "createdBySubject": author(world, &deploy.created_by), "updatedBySubject": author(world, &deploy.created_by),
    });
    let now = world.clock.now();
    let open = deploy.finalized.is_none() && deploy.rollback_from_id.is_none();
    let address = |blob: &Option<String>| {
        let blob = blob.as_ref().filter(|_| open)?;
        Some(format!("{}/blob/bundles/{blob}?{}", world.site.url, world.blobs.sign(blob, now)))
    };
    let optional = [
        ("dagTarballVersion", deploy.dag_tarball_version.clone().filter(|version| !version.is_empty())),
        ("dagsUploadUrl", address(&deploy.dags_blob)),
        ("bundleUploadUrl", address(&deploy.bundle_blob)),
        ("bundleMountPath", deploy.mount_path.clone()),
        ("rollbackFromId", deploy.rollback_from_id.clone()),
    ];
    add_texts(&mut answer, optional);
    if let (Some(git), Some(answer)) = (&deploy.git, answer.as_object_mut()) {
        answer.insert("git".into(), git.clone().into());
    }
    answer
}

/// Returns a hibernation override.
pub fn hibernation_override(chosen: &HibernationOverride) -> Value {
    let mut answer = json!({ "isActive": true, "isHibernating": chosen.is_hibernating });
    add_texts(&mut answer, [("overrideUntil", chosen.until.clone())]);
    answer
}

/// Returns what a new Deployment can be made of.
pub fn deployment_options(world: &World) -> Value {
    let range = |floor: u32, ceiling: u32, default: u32| json!({ "floor": floor, "ceiling": ceiling, "default": default });
    let size = |floor: &str, ceiling: &str, default: &str| json!({ "floor": floor, "ceiling": ceiling, "default": default });
    let worker = |(name, cpu, memory, concurrency): (&str, &str, &str, u32)| json!({ "name": name, "spec": { "cpu": cpu, "memory": memory }, "concurrency": range(1, 3 * concurrency, concurrency) });
    let scheduler = |(name, cpu, memory): (&str, &str, &str)| json!({ "name": name, "spec": { "cpu": cpu, "memory": memory } });
    let schedulers =
        [("SMALL", "1", "2Gi"), ("MEDIUM", "2", "4Gi"), ("LARGE", "4", "8Gi"), ("EXTRA_LARGE", "8", "16Gi")].map(scheduler);
    let workers = [("A5", "1", "2Gi", 5), ("A10", "2", "4Gi", 10), ("A20", "4", "8Gi", 20), ("A40", "8", "16Gi", 40)].map(worker);
    let releases = world.releases.iter().map(|release| {
        json!({
            "version": release.version, "airflowVersion": release.airflow_version, "channel": release.channel,
            "releaseDate": release.release_date, "airflowDatabaseMigration": false, "stellarDatabaseMigration": false,
        })
    });
    json!({
        "executors": ["CELERY", "KUBERNETES", "ASTRO"],
        "runtimeReleases": releases.collect::<Vec<_>>(),
        "schedulerMachines": schedulers,
        "workerMachines": workers,
        "workerQueues": {
            "minWorkers": range(0, 20, 0), "maxWorkers": range(1, 200, 10), "workerConcurrency": range(1, 64, 16),
        },
        "resourceQuotas": {
            "defaultPodSize": { "cpu": size("0.25", "16", "0.25"), "memory": size("0.5Gi", "32Gi", "0.5Gi") },
            "resourceQuota": { "cpu": size("0.5", "800", "10"), "memory": size("1Gi", "1600Gi", "20Gi") },
        },
    })
}

fn variable(variable: &EnvironmentVariable) -> Value {
    let mut answer =
        json!({ "key": variable.key, "isSecret": variable.is_secret, "updatedAt": time(variable.updated_at).to_string() });
    add_texts(&mut answer, [("value", Some(variable.value.clone()).filter(|_| !variable.is_secret))]);
    answer
}

/// Returns what a hosted Deployment always has, whether it was asked for or not.
fn hosted_defaults(deployment: &Deployment) -> Map<String, Value> {
    let mut defaults = Map::new();
    let remote = deployment.settings.get("remoteExecution").and_then(|remote| remote.get("enabled")) == Some(&Value::Bool(true));
    let common: &[(&str, &str)] = if deployment.kind == "HYBRID" { &[] } else { &[("schedulerSize", "SMALL")] };
    let resources: &[(&str, &str)] = if deployment.kind == "HYBRID" || remote { &[] } else { &RESOURCES };
    let place: &[(&str, &str)] = if deployment.kind == "STANDARD" { &PLACE } else { &[] };
    let texts = common.iter().chain(resources).chain(place);
    defaults.extend(texts.map(|(field, text)| ((*field).to_owned(), Value::from(*text))));
    if deployment.kind != "HYBRID" {
        defaults.insert("isHighAvailability".into(), false.into());
    }
    defaults
}

fn add_scaling(answer: &mut Map<String, Value>, deployment: &Deployment, now: Timestamp) {
    if let Some(chosen) = &deployment.hibernation_override {
        let spec = answer.entry("scalingSpec").or_insert_with(|| json!({}));
        spec["hibernationSpec"]["override"] = hibernation_override(chosen);
    }
    if deployment.is_development_mode {
        let mut status = json!({ "isHibernating": deployment.status == Status::Hibernating });
        if let Some((word, at)) = hibernation::next_event(deployment, now) {
            add_texts(&mut status, [("nextEventType", Some(word.to_owned())), ("nextEventAt", Some(time(at)))]);
        }
        answer.insert("scalingStatus".into(), json!({ "hibernationStatus": status }));
    }
}

fn bundles(deployment: &Deployment, snapshot: Option<&Snapshot>) -> Vec<Value> {
    let states = snapshot.map_or(&deployment.bundles, |snapshot| &snapshot.bundles);
    let spell = |bundle: &BundleState| {
        let mut answer =
            json!({ "bundleType": bundle.bundle_type, "mountPath": bundle.mount_path, "deployId": bundle.deploy_id });
        let versions = [("currentVersion", bundle.current_version.clone()), ("desiredVersion", bundle.desired_version.clone())];
        add_texts(&mut answer, versions);
        answer
    };
    states.iter().map(spell).collect()
}

fn add_texts<const N: usize>(answer: &mut Value, texts: [(&str, Option<String>); N]) {
    let present = texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), Value::from(text?))));
    if let Some(answer) = answer.as_object_mut() {
        answer.extend(present);
    }
}

fn author(world: &World, id: &str) -> Value {
    let token = world.tokens.iter().find(|token| token.id == id);
    let mut author = subject(id);
    add_texts(&mut author, [("apiTokenName", token.map(|token| token.spec.name.clone()))]);
    author
}

/// Returns somebody who did something.
pub fn subject(id: &str) -> Value {
    json!({ "id": id, "subjectType": "SERVICEKEY" })
}

/// Returns a time as the platform spells it.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
