//! A Deployment as a Deployment file, in the Astro CLI's form and order, so that either tool reads what the other wrote
//! (`reference/astro-platform.md` 6.7). Values of secrets are never in it.

use serde_json::{Map, Value, json};

use crate::error::{Error, Kind, Result};
use crate::model::nearest::nearest;
use crate::model::record::Record;

/// What the Astro CLI writes where something does not apply.
const NOT_APPLICABLE: &str = "N/A";

/// What an export is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be looked at, and to be applied to the same Deployment.
    Inspection,
    /// To make another one: without name, metadata and secrets.
    Template,
}

/// Returns the file's content. `cluster` is the Deployment's, where the token sees it.
#[must_use]
pub fn exported(deployment: &Record, cluster: Option<&Record>, astro_url: &str, purpose: Purpose) -> Value {
    let mut content = Map::new();
    let variables = variables(deployment, purpose);
    if !variables.is_empty() {
        content.insert("environment_variables".into(), variables.into());
    }
    content.insert("configuration".into(), configuration(deployment, cluster, purpose));
    content.insert("worker_queues".into(), queues(deployment, cluster, purpose).into());
    if purpose == Purpose::Inspection {
        content.insert("metadata".into(), metadata(deployment, astro_url));
    }
    let emails = deployment.list("contactEmails");
    if !emails.is_empty() {
        content.insert("alert_emails".into(), emails.into());
    }
    let schedules = deployment.records("scalingSpec.hibernationSpec.schedules");
    if !schedules.is_empty() {
        let each = schedules.iter().map(|it| {
            json!({
                "hibernate_at": it.text("hibernateAtCron"), "wake_at": it.text("wakeAtCron"),
                "description": it.text("description"), "enabled": it.flag("isEnabled"),
            })
        });
        content.insert("hibernation_schedules".into(), each.collect());
    }
    json!({ "deployment": content })
}

fn variables(deployment: &Record, purpose: Purpose) -> Vec<Value> {
    let all = deployment.records("environmentVariables").into_iter();
    let each = all.filter(|it| purpose == Purpose::Inspection || !it.flag("isSecret")).map(|it| {
        // Whatever the platform answers for a secret is not its value.
        let value = if it.flag("isSecret") { Value::Null } else { it.value("value").cloned().unwrap_or_default() };
        let mut variable = json!({ "is_secret": it.flag("isSecret"), "key": it.text("key") });
        if purpose == Purpose::Inspection {
            variable["updated_at"] = it.text("updatedAt").into();
        }
        variable["value"] = value;
        variable
    });
    each.collect()
}

fn configuration(deployment: &Record, cluster: Option<&Record>, purpose: Purpose) -> Value {
    let (kind, text) = (deployment.text("type"), |field: &str| Value::from(deployment.text(field)));
    let (hybrid, standard) = (kind == "HYBRID", kind == "STANDARD");
    let runtime = [deployment.text("astroRuntimeVersion"), deployment.text("runtimeVersion")];
    let runtime = runtime.into_iter().find(|version| !version.is_empty()).unwrap_or_default();
    let cluster_name = deployment.text("clusterName");
    let cluster_name = if cluster_name.is_empty() { cluster.map_or("", |it| it.text("name")) } else { cluster_name };
    let mut all = Map::new();
    let mut put = |key: &str, value: Value| drop(all.insert(key.to_owned(), value));
    put("name", if purpose == Purpose::Template { "".into() } else { text("name") });
    put("description", text("description"));
    put("runtime_version", runtime.into());
    put("dag_deploy_enabled", deployment.flag("isDagDeployEnabled").into());
    put("ci_cd_enforcement", deployment.flag("isCicdEnforced").into());
    put("scheduler_size", text("schedulerSize"));
    put("is_high_availability", deployment.flag("isHighAvailability").into());
    put("is_development_mode", deployment.flag("isDevelopmentMode").into());
    put("executor", text("executor"));
    put("scheduler_au", deployment.number("schedulerAu").unwrap_or_default().into());
    put("scheduler_count", deployment.number("schedulerReplicas").unwrap_or_default().into());
    put("cluster_name", if standard { "".into() } else { cluster_name.into() });
    put("workspace_name", text("workspaceName"));
    put("deployment_type", kind.into());
    put("cloud_provider", text("cloudProvider"));
    put("region", text("region"));
    if !hybrid {
        put("default_task_pod_cpu", text("defaultTaskPodCpu"));
        put("default_task_pod_memory", text("defaultTaskPodMemory"));
        put("resource_quota_cpu", text("resourceQuotaCpu"));
        put("resource_quota_memory", text("resourceQuotaMemory"));
    }
    let pool = deployment.text("taskPodNodePoolId");
    if !pool.is_empty() {
        put("default_worker_type", instance_type(cluster, pool).into());
    }
    // The answer names only the identity in force; writing that down would pin it.
    put("workload_identity", "".into());
    if let Some(remote) = deployment.value("remoteExecution") {
        put("remote_execution", remote_execution(&Record::of(remote.clone()).unwrap_or_default()));
    }
    Value::Object(all)
}

fn remote_execution(remote: &Record) -> Value {
    json!({
        "enabled": remote.flag("enabled"), "allowed_ip_address_ranges": remote.list("allowedIpAddressRanges"),
        "task_log_bucket": remote.text("taskLogBucket"), "task_log_url_pattern": remote.text("taskLogUrlPattern"),
    })
}

fn queues(deployment: &Record, cluster: Option<&Record>, purpose: Purpose) -> Vec<Value> {
    let kubernetes = deployment.text("executor") == "KUBERNETES";
    if kubernetes && purpose == Purpose::Template {
        return Vec::new();
    }
    let each = deployment.records("workerQueues").into_iter().map(|queue| {
        let mut all = Map::new();
        all.insert("name".into(), queue.text("name").into());
        if !kubernetes {
            let counts = [
                ("max_worker_count", "maxWorkerCount"),
                ("min_worker_count", "minWorkerCount"),
                ("worker_concurrency", "workerConcurrency"),
            ];
            for (key, field) in counts {
                all.insert(key.into(), queue.number(field).unwrap_or_default().into());
            }
        }
        let machine = queue.text("astroMachine");
        let machine = if machine.is_empty() { instance_type(cluster, queue.text("nodePoolId")) } else { machine.to_owned() };
        all.insert("worker_type".into(), machine.into());
        if kubernetes {
            all.insert("pod_cpu".into(), queue.text("podCpu").into());
            all.insert("pod_ram".into(), queue.text("podMemory").into());
        }
        if let Some(storage) = queue.value("podEphemeralStorage") {
            all.insert("pod_ephemeral_storage".into(), storage.clone());
        }
        Value::Object(all)
    });
    each.collect()
}

fn instance_type(cluster: Option<&Record>, pool: &str) -> String {
    let pools = cluster.map(|cluster| cluster.records("nodePools")).unwrap_or_default();
    pools.iter().find(|it| it.id() == pool).map(|it| it.text("nodeInstanceType").to_owned()).unwrap_or_default()
}

fn metadata(deployment: &Record, astro_url: &str) -> Value {
    let (text, kind) = (|field: &str| deployment.text(field), deployment.text("type"));
    let mut all = json!({
        "deployment_id": deployment.id(), "workspace_id": text("workspaceId"),
        "cluster_id": if kind == "STANDARD" { NOT_APPLICABLE } else { text("clusterId") },
        "release_name": if kind == "HYBRID" { text("namespace") } else { NOT_APPLICABLE },
        "airflow_version": text("airflowVersion"), "current_tag": text("imageTag"), "status": text("status"),
        "created_at": text("createdAt"), "updated_at": text("updatedAt"), "deployment_url": astro_url,
        "webserver_url": text("webServerUrl"), "airflow_api_url": text("webServerAirflowApiUrl"),
    });
    if let Some(chosen) = deployment.value("scalingSpec.hibernationSpec.override") {
        all["hibernation_override"] =
            json!({ "is_hibernating": chosen["isHibernating"], "override_until": chosen["overrideUntil"] });
    }
    all
}

/// Returns one value of a file's content by its dotted key, such as `metadata.status` or `worker_queues.0.name`.
///
/// # Errors
/// `Kind::NotFound` with the nearest key.
pub fn at_key(content: &Value, key: &str) -> Result<Value> {
    let mut place = content.get("deployment").unwrap_or(content);
    for step in key.split('.').filter(|step| *step != "deployment") {
        let step = step.to_lowercase();
        let inner = match place {
            Value::Array(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
            other => other.get(&step),
        };
        let Some(inner) = inner else {
            let names: Vec<&str> = place.as_object().map(|all| all.keys().map(String::as_str).collect()).unwrap_or_default();
            let error = Error::new(Kind::NotFound, format!("find the key `{key}`")).because(format!("there is no `{step}`"));
            return Err(match nearest(&step, names.iter().copied()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("`deployment inspect` without `--key` shows all of them"),
            });
        };
        place = inner;
    }
    Ok(place.clone())
}
