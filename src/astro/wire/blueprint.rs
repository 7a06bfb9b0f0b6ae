//! A Deployment's settings as JSON, both ways: as the API gives them, and as it takes them for a
//! new Deployment. Field meanings: `reference/astro-platform.md` 5.2 and 10.2.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::astro::wire::deployment::filled;
use crate::model::blueprint::{
    Blueprint, EnvironmentVariable, HibernationSchedule, Hosted, Infrastructure, RemoteExecution, VariableValue, WorkerQueue,
};
use crate::model::deployment::DeploymentKind;
use crate::model::ids::WorkspaceId;

/// The settings of a Deployment as the API gives them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WireSettings {
    name: Option<String>,
    description: Option<String>,
    workspace_id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    cluster_id: Option<String>,
    cloud_provider: Option<String>,
    region: Option<String>,
    astro_runtime_version: Option<String>,
    runtime_version: Option<String>,
    executor: Option<String>,
    is_dag_deploy_enabled: Option<bool>,
    is_cicd_enforced: Option<bool>,
    is_development_mode: Option<bool>,
    is_high_availability: Option<bool>,
    scheduler_size: Option<String>,
    scheduler_au: Option<i64>,
    scheduler_replicas: Option<i64>,
    task_pod_node_pool_id: Option<String>,
    default_task_pod_cpu: Option<String>,
    default_task_pod_memory: Option<String>,
    resource_quota_cpu: Option<String>,
    resource_quota_memory: Option<String>,
    worker_queues: Option<Vec<WireQueue>>,
    environment_variables: Option<Vec<WireVariable>>,
    scaling_spec: Option<WireScaling>,
    remote_execution: Option<WireRemote>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireScaling {
    hibernation_spec: Option<WireHibernation>,
}

#[derive(Deserialize)]
struct WireHibernation {
    schedules: Option<Vec<WireSchedule>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSchedule {
    hibernate_at_cron: String,
    wake_at_cron: String,
    is_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRemote {
    enabled: Option<bool>,
    allowed_ip_address_ranges: Option<Vec<String>>,
    task_log_bucket: Option<String>,
    task_log_url_pattern: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireQueue {
    name: String,
    #[serde(default)]
    is_default: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    astro_machine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node_pool_id: Option<String>,
    worker_concurrency: i64,
    min_worker_count: i64,
    max_worker_count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod_ephemeral_storage: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireVariable {
    key: String,
    #[serde(default)]
    is_secret: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

impl WireSettings {
    /// Converts into the vocabulary.
    #[must_use]
    pub fn into_model(self) -> Blueprint {
        let hybrid = self.kind.as_deref() == Some("HYBRID");
        let runtime = filled(self.astro_runtime_version.clone()).or(filled(self.runtime_version.clone()));
        let (queues, variables) = (self.worker_queues.as_ref(), self.environment_variables.as_ref());
        Blueprint {
            name: self.name.clone().unwrap_or_default(),
            description: self.description.clone().unwrap_or_default(),
            workspace_id: WorkspaceId::new(self.workspace_id.clone().unwrap_or_default()),
            runtime_version: runtime.unwrap_or_default(),
            executor: filled(self.executor.clone()),
            dag_deploys: self.is_dag_deploy_enabled.unwrap_or_default(),
            cicd_enforced: self.is_cicd_enforced.unwrap_or_default(),
            queues: queues.map(|queues| queues.iter().map(WireQueue::to_model).collect()).unwrap_or_default(),
            variables: variables.map(|all| all.iter().map(WireVariable::to_model).collect()).unwrap_or_default(),
            infrastructure: if hybrid { self.into_hybrid() } else { Infrastructure::Hosted(Box::new(self.into_hosted())) },
        }
    }

    fn into_hybrid(self) -> Infrastructure {
        Infrastructure::Hybrid {
            cluster_id: self.cluster_id.unwrap_or_default(),
            scheduler_au: self.scheduler_au.unwrap_or_default(),
            scheduler_replicas: self.scheduler_replicas.unwrap_or_default(),
            task_pod_node_pool: filled(self.task_pod_node_pool_id),
        }
    }

    fn into_hosted(self) -> Hosted {
        let dedicated = self.kind.as_deref() == Some("DEDICATED");
        let schedules = self.scaling_spec.and_then(|spec| spec.hibernation_spec?.schedules).unwrap_or_default();
        let schedules = schedules.into_iter().filter(|schedule| schedule.is_enabled);
        Hosted {
            kind: if dedicated { DeploymentKind::Dedicated } else { DeploymentKind::Standard },
            cluster_id: filled(self.cluster_id),
            cloud_provider: filled(self.cloud_provider),
            region: filled(self.region),
            scheduler_size: filled(self.scheduler_size),
            high_availability: self.is_high_availability.unwrap_or_default(),
            development_mode: self.is_development_mode.unwrap_or_default(),
            task_pod_cpu: filled(self.default_task_pod_cpu),
            task_pod_memory: filled(self.default_task_pod_memory),
            quota_cpu: filled(self.resource_quota_cpu),
            quota_memory: filled(self.resource_quota_memory),
            schedules: schedules
                .map(|it| HibernationSchedule { hibernate_at: it.hibernate_at_cron, wake_at: it.wake_at_cron })
                .collect(),
            remote_execution: self.remote_execution.filter(|remote| remote.enabled == Some(true)).map(|remote| RemoteExecution {
                allowed_ip_address_ranges: remote.allowed_ip_address_ranges.unwrap_or_default(),
                task_log_bucket: filled(remote.task_log_bucket),
                task_log_url_pattern: filled(remote.task_log_url_pattern),
            }),
        }
    }
}

impl WireQueue {
    fn to_model(&self) -> WorkerQueue {
        WorkerQueue {
            name: self.name.clone(),
            is_default: self.is_default,
            machine: filled(self.astro_machine.clone()),
            node_pool: filled(self.node_pool_id.clone()),
            concurrency: self.worker_concurrency,
            min_workers: self.min_worker_count,
            max_workers: self.max_worker_count,
            ephemeral_storage: filled(self.pod_ephemeral_storage.clone()),
        }
    }

    fn of(queue: &WorkerQueue) -> Self {
        Self {
            name: queue.name.clone(),
            is_default: queue.is_default,
            astro_machine: queue.machine.clone(),
            node_pool_id: queue.node_pool.clone(),
            worker_concurrency: queue.concurrency,
            min_worker_count: queue.min_workers,
            max_worker_count: queue.max_workers,
            pod_ephemeral_storage: queue.ephemeral_storage.clone(),
        }
    }
}

impl WireVariable {
    /// A secret's value does not come back, and whatever came instead is not believed.
    fn to_model(&self) -> EnvironmentVariable {
        let value = match (self.is_secret, &self.value) {
            (true, _) => VariableValue::Secret(None),
            (false, value) => VariableValue::Plain(value.clone().unwrap_or_default()),
        };
        EnvironmentVariable { key: self.key.clone(), value }
    }

    /// None for a secret without a value, which cannot be created.
    fn of(variable: &EnvironmentVariable) -> Option<Self> {
        let (is_secret, value) = match &variable.value {
            VariableValue::Plain(value) => (false, value.clone()),
            VariableValue::Secret(secret) => (true, secret.as_ref()?.expose().to_owned()),
        };
        Some(Self { key: variable.key.clone(), is_secret, value: Some(value) })
    }
}

/// Returns the body that creates a Deployment. What is unknown is left out, so that the platform
/// chooses.
#[must_use]
pub fn create_body(new: &Blueprint) -> Value {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            body.insert(name.to_owned(), value);
        }
    };
    put("name", json!(new.name));
    put("description", json!(new.description));
    put("workspaceId", json!(new.workspace_id.as_str()));
    put("astroRuntimeVersion", json!(Some(&new.runtime_version).filter(|version| !version.is_empty())));
    put("executor", json!(new.executor));
    put("isDagDeployEnabled", json!(new.dag_deploys));
    put("isCicdEnforced", json!(new.cicd_enforced));
    put("environmentVariables", json!(new.variables.iter().filter_map(WireVariable::of).collect::<Vec<_>>()));
    if !new.queues.is_empty() {
        put("workerQueues", json!(new.queues.iter().map(WireQueue::of).collect::<Vec<_>>()));
    }
    match &new.infrastructure {
        Infrastructure::Hosted(hosted) => put_hosted(hosted, put),
        Infrastructure::Hybrid { cluster_id, scheduler_au, scheduler_replicas, task_pod_node_pool } => {
            put("type", json!("HYBRID"));
            put("clusterId", json!(cluster_id));
            put("scheduler", json!({ "au": scheduler_au, "replicas": scheduler_replicas }));
            put("taskPodNodePoolId", json!(task_pod_node_pool));
        }
    }
    Value::Object(body)
}

fn put_hosted(hosted: &Hosted, mut put: impl FnMut(&str, Value)) {
    let dedicated = hosted.kind == DeploymentKind::Dedicated;
    put("type", json!(if dedicated { "DEDICATED" } else { "STANDARD" }));
    match (&hosted.cloud_provider, &hosted.region) {
        // On shared infrastructure the platform chooses the cluster, as for its own client.
        (Some(provider), Some(region)) if !dedicated => {
            put("cloudProvider", json!(provider));
            put("region", json!(region));
        }
        _ => put("clusterId", json!(hosted.cluster_id)),
    }
    put("schedulerSize", json!(hosted.scheduler_size));
    put("isHighAvailability", json!(hosted.high_availability));
    put("isDevelopmentMode", json!(hosted.development_mode));
    put("defaultTaskPodCpu", json!(hosted.task_pod_cpu));
    put("defaultTaskPodMemory", json!(hosted.task_pod_memory));
    put("resourceQuotaCpu", json!(hosted.quota_cpu));
    put("resourceQuotaMemory", json!(hosted.quota_memory));
    if !hosted.schedules.is_empty() {
        let schedule = |it: &HibernationSchedule| WireSchedule {
            hibernate_at_cron: it.hibernate_at.clone(),
            wake_at_cron: it.wake_at.clone(),
            is_enabled: true,
        };
        let schedules: Vec<WireSchedule> = hosted.schedules.iter().map(schedule).collect();
        put("scalingSpec", json!({ "hibernationSpec": { "schedules": schedules } }));
    }
    if let Some(remote) = &hosted.remote_execution {
        let mut object = json!({ "enabled": true, "allowedIpAddressRanges": remote.allowed_ip_address_ranges });
        for (name, value) in [("taskLogBucket", &remote.task_log_bucket), ("taskLogUrlPattern", &remote.task_log_url_pattern)] {
            if let Some(value) = value {
                object[name] = json!(value);
            }
        }
        put("remoteExecution", object);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &Value) -> Blueprint {
        serde_json::from_value::<WireSettings>(json.clone()).expect("settings").into_model()
    }

    #[test]
    fn what_was_read_can_be_created_again() {
        let hosted = json!({
            "name": "demo", "description": "d", "workspaceId": "w", "type": "DEDICATED", "clusterId": "c",
            "cloudProvider": "AWS", "region": "us-east-1", "astroRuntimeVersion": "3.1-4", "executor": "CELERY",
            "isDagDeployEnabled": true, "isCicdEnforced": true, "isDevelopmentMode": true, "isHighAvailability": false,
            "schedulerSize": "SMALL", "defaultTaskPodCpu": "0.25", "defaultTaskPodMemory": "0.5Gi",
            "resourceQuotaCpu": "10", "resourceQuotaMemory": "20Gi",
            "workerQueues": [{"id": "q", "name": "default", "isDefault": true, "astroMachine": "A5", "workerConcurrency": 5,
                "minWorkerCount": 0, "maxWorkerCount": 10, "podCpu": "1", "podMemory": "2Gi", "podEphemeralStorage": "10Gi"}],
            "environmentVariables": [{"key": "A", "value": "1", "isSecret": false, "updatedAt": "x"},
                {"key": "B", "isSecret": true, "updatedAt": "x"}],
            "scalingSpec": {"hibernationSpec": {"schedules": [
                {"hibernateAtCron": "0 3 * * *", "wakeAtCron": "0 6 * * *", "isEnabled": true},
                {"hibernateAtCron": "0 4 * * *", "wakeAtCron": "0 5 * * *", "isEnabled": false}]}},
            "remoteExecution": {"enabled": true, "allowedIpAddressRanges": ["10.0.0.0/8"], "remoteApiUrl": "x", "taskLogBucket": "b"},
        });
        let body = create_body(&read(&hosted));
        assert_eq!(
            body,
            json!({
                "name": "demo", "description": "d", "workspaceId": "w", "type": "DEDICATED", "clusterId": "c",
                "astroRuntimeVersion": "3.1-4", "executor": "CELERY", "isDagDeployEnabled": true, "isCicdEnforced": true,
                "isDevelopmentMode": true, "isHighAvailability": false, "schedulerSize": "SMALL",
                "defaultTaskPodCpu": "0.25", "defaultTaskPodMemory": "0.5Gi", "resourceQuotaCpu": "10",
                "resourceQuotaMemory": "20Gi",
                "workerQueues": [{"name": "default", "isDefault": true, "astroMachine": "A5", "workerConcurrency": 5,
                    "minWorkerCount": 0, "maxWorkerCount": 10, "podEphemeralStorage": "10Gi"}],
                "environmentVariables": [{"key": "A", "value": "1", "isSecret": false}],
                "scalingSpec": {"hibernationSpec": {"schedules": [
                    {"hibernateAtCron": "0 3 * * *", "wakeAtCron": "0 6 * * *", "isEnabled": true}]}},
                "remoteExecution": {"enabled": true, "allowedIpAddressRanges": ["10.0.0.0/8"], "taskLogBucket": "b"},
            })
        );
        let hybrid = json!({
            "name": "demo", "workspaceId": "w", "type": "HYBRID", "clusterId": "c", "executor": "KUBERNETES",
            "runtimeVersion": "12.0.0", "schedulerAu": 10, "schedulerReplicas": 2, "taskPodNodePoolId": "n",
        });
        assert_eq!(
            create_body(&read(&hybrid)),
            json!({
                "name": "demo", "description": "", "workspaceId": "w", "type": "HYBRID", "clusterId": "c",
                "astroRuntimeVersion": "12.0.0", "executor": "KUBERNETES", "isDagDeployEnabled": false,
                "isCicdEnforced": false, "environmentVariables": [], "scheduler": {"au": 10, "replicas": 2},
                "taskPodNodePoolId": "n",
            })
        );
        let shared = json!({"name": "demo", "workspaceId": "w", "type": "STANDARD", "cloudProvider": "GCP", "region": "r", "clusterId": "c"});
        let body = create_body(&read(&shared));
        assert_eq!((&body["cloudProvider"], &body["region"], body.get("clusterId")), (&json!("GCP"), &json!("r"), None));
    }
}
