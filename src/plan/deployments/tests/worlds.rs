//! Deployments as the platform answers them, one of each kind, and what can be named beside them.

use serde_json::{Value, json};

use crate::error::Result;
use crate::model::manifest::edit::Rest;
use crate::model::manifest::entry::Manifest;
use crate::model::record::Record;
use crate::plan::deployments::change::{Change, changes};
use crate::plan::deployments::merge::{Wanted, merged};
use crate::plan::deployments::resolving::{Asked, Surroundings};
use crate::plan::deployments::{read, resolve};

pub fn record(value: Value) -> Record {
    Record::of(value).expect("an object")
}

/// A hosted Deployment with everything that one can have, and fields that nobody knows yet.
pub fn hosted() -> Record {
    let mut all = record(json!({
        "id": "d1", "name": "demo", "description": "Demo", "type": "STANDARD", "workspaceId": "w1", "workspaceName": "Data",
        "organizationId": "o1", "namespace": "solar-orbit-1234", "clusterId": "c-shared", "cloudProvider": "AWS", "region": "us-east-1",
        "astroRuntimeVersion": "3.1-4", "runtimeVersion": "3.1-4", "airflowVersion": "3.1.2", "executor": "CELERY", "status": "HEALTHY",
        "isDagDeployEnabled": true, "isCicdEnforced": true, "isDevelopmentMode": true, "isHighAvailability": false,
        "schedulerSize": "SMALL", "schedulerReplicas": 1, "defaultTaskPodCpu": "0.25", "defaultTaskPodMemory": "0.5Gi",
        "resourceQuotaCpu": "10", "resourceQuotaMemory": "20Gi", "effectiveWorkloadIdentity": "arn:aws:iam::1:role/astro",
    }));
    let queues = json!([
        {"id": "q1", "name": "default", "isDefault": true, "astroMachine": "A5", "minWorkerCount": 0, "maxWorkerCount": 10,
         "workerConcurrency": 5, "podCpu": "1", "podMemory": "2Gi", "podEphemeralStorage": "10Gi"},
        {"id": "q2", "name": "heavy", "isDefault": false, "astroMachine": "A20", "minWorkerCount": 1, "maxWorkerCount": 3,
         "workerConcurrency": 20, "podCpu": "4", "podMemory": "8Gi", "novelty": 1},
    ]);
    let variables = json!([
        {"key": "STAGE", "value": "prod", "isSecret": false, "updatedAt": "2026-01-01T00:00:00Z"},
        {"key": "PASSWORD", "isSecret": true, "updatedAt": "2026-01-01T00:00:00Z"},
    ]);
    let sleep = json!({"hibernationSpec": {
        "schedules": [
            {"hibernateAtCron": "0 20 * * *", "wakeAtCron": "0 6 * * *", "isEnabled": true, "description": "nights"},
            {"hibernateAtCron": "0 20 * * 5", "wakeAtCron": "0 6 * * 1", "isEnabled": false},
        ],
        "override": {"isActive": true, "isHibernating": false, "overrideUntil": "2030-01-01T00:00:00Z"}}});
    for (field, value) in [
        ("contactEmails", json!(["a@example.com", "b@example.com"])),
        ("imageTag", json!("deploy-1")),
        ("novelty", json!({"kept": true})),
        ("workerQueues", queues),
        ("environmentVariables", variables),
        ("scalingSpec", sleep),
    ] {
        all.set(field, value);
    }
    all
}

pub fn dedicated() -> Record {
    let mut record = hosted();
    for (field, value) in [
        ("type", json!("DEDICATED")),
        ("clusterId", json!("c2")),
        ("clusterName", json!("ours")),
        ("isDevelopmentMode", json!(false)),
        ("executor", json!("ASTRO")),
        (
            "remoteExecution",
            json!({"enabled": true, "allowedIpAddressRanges": ["10.0.0.0/8"], "remoteApiUrl": "https://x", "taskLogBucket": "b"}),
        ),
    ] {
        record.set(field, value);
    }
    record.take("scalingSpec");
    record.take("workerQueues");
    record
}

pub fn hybrid() -> Record {
    record(json!({
        "id": "d3", "name": "old", "type": "HYBRID", "workspaceId": "w1", "workspaceName": "Data", "clusterId": "c3",
        "clusterName": "mine", "namespace": "lunar-1", "runtimeVersion": "12.0.0", "airflowVersion": "2.10.0", "executor": "CELERY",
        "status": "HEALTHY", "isDagDeployEnabled": false, "isCicdEnforced": false, "schedulerAu": 10, "schedulerReplicas": 2,
        "contactEmails": [],
        "workerQueues": [{"id": "q3", "name": "default", "isDefault": true, "nodePoolId": "p2", "minWorkerCount": 1,
            "maxWorkerCount": 5, "workerConcurrency": 16, "podCpu": "1", "podMemory": "2Gi"}],
        "environmentVariables": [],
    }))
}

pub fn kubernetes() -> Record {
    let mut record = hybrid();
    record.set("executor", "KUBERNETES");
    record.set("taskPodNodePoolId", "p1");
    record
}

pub fn clusters() -> Vec<Record> {
    let pool = |id: &str, of: &str| json!({"id": id, "nodeInstanceType": of, "isDefault": id == "p1"});
    vec![
        record(json!({"id": "c2", "name": "ours", "type": "DEDICATED", "nodePools": []})),
        record(json!({"id": "c3", "name": "mine", "type": "HYBRID",
            "nodePools": [pool("p1", "m5.xlarge"), pool("p2", "m5.xlarge"), pool("p3", "m5.4xlarge")]})),
    ]
}

pub fn options() -> Record {
    let range = |floor: f64, ceiling: f64, default: f64| json!({"floor": floor, "ceiling": ceiling, "default": default});
    let machine = |name: &str, usual: f64| json!({"name": name, "concurrency": range(1.0, 3.0 * usual, usual)});
    let size = |cpu: &str, memory: &str| json!({"cpu": {"default": cpu}, "memory": {"default": memory}});
    record(json!({
        "workerMachines": [machine("A5", 5.0), machine("A20", 20.0)],
        "workerQueues": {"minWorkers": range(0.0, 20.0, 0.0), "maxWorkers": range(1.0, 200.0, 10.0),
            "workerConcurrency": range(1.0, 64.0, 16.0)},
        "resourceQuotas": {"defaultPodSize": size("0.25", "0.5Gi"), "resourceQuota": size("10", "20Gi")},
    }))
}

/// What the environment holds.
pub fn lookup(name: &str) -> Option<String> {
    let known = [("PASSWORD", "hunter2"), ("STAGE", "prod"), ("COUNT", "7"), ("ON", "True"), ("QUOTE", "a: b\n- c \"'")];
    known.into_iter().find(|(it, _)| *it == name).map(|(_, value)| value.to_owned())
}

pub fn one(text: &str) -> Result<Manifest> {
    read::manifests("d.yaml", text, &lookup).map(|mut all| all.remove(0))
}

pub fn asked(text: &str, present: Option<&Record>) -> Result<Asked> {
    let (options, clusters) = (options(), clusters());
    resolve::asked(&one(text)?, Surroundings { present, options: Some(&options), clusters: &clusters })
}

pub fn wanted(text: &str, present: &Record, rest: Rest) -> Wanted {
    merged(present, &asked(text, Some(present)).expect("a file that fits").edit, rest)
}

pub fn difference(text: &str, present: &Record, rest: Rest) -> Vec<Change> {
    let asked = asked(text, Some(present)).expect("a file that fits");
    changes(present, &merged(present, &asked.edit, rest).record, &asked.edit)
}

/// Changes as one text, a line each.
pub fn lines(changes: &[Change]) -> String {
    let line = |it: &Change| {
        let of = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        format!("{} {}: {} > {}", it.how.word(), it.path, of(&it.old), of(&it.new))
    };
    changes.iter().map(line).collect::<Vec<_>>().join("\n")
}
