//! Files that the Astro CLI or Liftoff wrote, applied to the Deployment that they were written of.

use serde_json::json;

use crate::error::Kind;
use crate::model::manifest::edit::Rest;
use crate::model::record::Record;
use crate::plan::deployments::export::{Purpose, at_key, exported};
use crate::plan::deployments::tests::worlds::{asked, clusters, dedicated, difference, hosted, hybrid, kubernetes, lines};
use crate::plan::deployments::{body, layout};

/// As the Astro CLI writes it: four spaces, lists below their keys, secrets null, zeros left out.
const HOSTED: &str = r#"deployment:
    environment_variables:
        - is_secret: false
          key: STAGE
          updated_at: "2026-01-01T00:00:00Z"
          value: prod
        - is_secret: true
          key: PASSWORD
          updated_at: "2026-01-01T00:00:00Z"
          value: null
    configuration:
        name: demo
        description: Demo
        runtime_version: 3.1-4
        dag_deploy_enabled: true
        ci_cd_enforcement: true
        scheduler_size: SMALL
        is_high_availability: false
        is_development_mode: true
        executor: CELERY
        scheduler_au: 0
        scheduler_count: 1
        cluster_name: ""
        workspace_name: Data
        deployment_type: STANDARD
        cloud_provider: AWS
        region: us-east-1
        default_task_pod_cpu: "0.25"
        default_task_pod_memory: 0.5Gi
        resource_quota_cpu: "10"
        resource_quota_memory: 20Gi
        workload_identity: ""
    worker_queues:
        - name: default
          max_worker_count: 10
          worker_concurrency: 5
          worker_type: A5
          pod_ephemeral_storage: 10Gi
        - name: heavy
          max_worker_count: 3
          min_worker_count: 1
          worker_concurrency: 20
          worker_type: A20
    metadata:
        deployment_id: d1
        workspace_id: w1
        cluster_id: N/A
        release_name: N/A
        airflow_version: 3.1.2
        current_tag: deploy-1
        status: HEALTHY
        created_at: 2026-01-01T00:00:00Z
        updated_at: 2026-01-01T00:00:00Z
        deployment_url: cloud.astronomer.io/w1/deployments/d1
        webserver_url: example.astronomer.run/d1
        airflow_api_url: example.astronomer.run/d1/api/v2
        hibernation_override:
            is_hibernating: false
            override_until: 2030-01-01T00:00:00Z
    alert_emails:
        - a@example.com
        - b@example.com
    hibernation_schedules:
        - hibernate_at: 0 20 * * *
          wake_at: 0 6 * * *
          description: nights
          enabled: true
        - hibernate_at: 0 20 * * 5
          wake_at: 0 6 * * 1
          enabled: false
"#;

const DEDICATED: &str = r#"{
    "deployment": {
        "environment_variables": [
            {
                "is_secret": false,
                "key": "STAGE",
                "updated_at": "2026-01-01T00:00:00Z",
                "value": "prod"
            },
            {
                "is_secret": true,
                "key": "PASSWORD",
                "updated_at": "2026-01-01T00:00:00Z",
                "value": ""
            }
        ],
        "configuration": {
            "name": "demo",
            "description": "Demo",
            "runtime_version": "3.1-4",
            "dag_deploy_enabled": true,
            "ci_cd_enforcement": true,
            "scheduler_size": "SMALL",
            "is_high_availability": false,
            "is_development_mode": false,
            "executor": "ASTRO",
            "scheduler_au": 0,
            "scheduler_count": 1,
            "cluster_name": "ours",
            "workspace_name": "Data",
            "deployment_type": "DEDICATED",
            "cloud_provider": "AWS",
            "region": "us-east-1",
            "default_task_pod_cpu": "0.25",
            "default_task_pod_memory": "0.5Gi",
            "resource_quota_cpu": "10",
            "resource_quota_memory": "20Gi",
            "default_worker_type": "",
            "workload_identity": "",
            "remote_execution": {
                "enabled": true,
                "allowed_ip_address_ranges": [
                    "10.0.0.0/8"
                ],
                "task_log_bucket": "b",
                "task_log_url_pattern": ""
            }
        },
        "worker_queues": [],
        "alert_emails": [
            "a@example.com",
            "b@example.com"
        ]
    }
}
"#;

const HYBRID: &str = "deployment:
    configuration:
        name: old
        description: \"\"
        runtime_version: 12.0.0
        dag_deploy_enabled: false
        ci_cd_enforcement: false
        scheduler_size: \"\"
        is_high_availability: false
        is_development_mode: false
        executor: EXECUTOR
        scheduler_au: 10
        scheduler_count: 2
        cluster_name: mine
        workspace_name: Data
        deployment_type: HYBRID
        cloud_provider: \"\"
        region: \"\"
        default_worker_type: m5.xlarge
        workload_identity: \"\"
    worker_queues:
        - name: default
COUNTS
          worker_type: m5.xlarge
";

fn is_nothing(text: &str, present: &Record) {
    for rest in [Rest::Kept, Rest::Pruned] {
        let changes = difference(text, present, rest);
        assert_eq!(lines(&changes), "", "{text}");
    }
    let asked = asked(text, Some(present)).expect("a file that fits");
    assert_eq!(asked.notes, Vec::<String>::new());
    let wanted = crate::plan::deployments::merge::merged(present, &asked.edit, Rest::Pruned).record;
    assert_eq!(body::update(present, &wanted), body::update(present, present), "not one byte more than is there");
}

#[test]
fn what_the_astro_cli_exported_changes_nothing() {
    is_nothing(HOSTED, &hosted());
    is_nothing(DEDICATED, &dedicated());
    let celery = "          max_worker_count: 5\n          min_worker_count: 1\n          worker_concurrency: 16";
    is_nothing(&HYBRID.replace("EXECUTOR", "CELERY").replace("COUNTS", celery), &hybrid());
    let pods = "          pod_cpu: \"1\"\n          pod_ram: 2Gi";
    is_nothing(&HYBRID.replace("EXECUTOR", "KUBERNETES").replace("COUNTS", pods), &kubernetes());
}

#[test]
fn what_liftoff_exports_changes_nothing_in_either_form() {
    let clusters = clusters();
    for present in [hosted(), dedicated(), hybrid(), kubernetes()] {
        let cluster = clusters.iter().find(|it| it.id() == present.text("clusterId"));
        let content = exported(&present, cluster, "https://cloud.astronomer.io/w1/deployments/d1", Purpose::Inspection);
        for text in [layout::yaml(&content).expect("YAML"), layout::json(&content).expect("JSON")] {
            is_nothing(&text, &present);
        }
    }
}

#[test]
fn the_export_has_the_astro_clis_order_and_no_secret() {
    let mut present = hosted();
    present.set(
        "environmentVariables",
        json!([{"key": "PASSWORD", "isSecret": true, "value": "hunter2", "updatedAt": "t"},
        {"key": "QUOTED", "isSecret": false, "value": "yes: 'no'\n- 1\n", "updatedAt": "t"}]),
    );
    let content = exported(&present, None, "u", Purpose::Inspection);
    let text = layout::yaml(&content).expect("YAML");
    assert!(!text.contains("hunter2"), "{text}");
    let order = |text: &str, keys: &[&str]| {
        let places: Vec<usize> = keys.iter().map(|key| text.find(key).unwrap_or_else(|| panic!("{key}: {text}"))).collect();
        assert!(places.is_sorted(), "{keys:?} {places:?}");
    };
    order(
        &text,
        &["environment_variables:", "configuration:", "worker_queues:", "metadata:", "alert_emails:", "hibernation_schedules:"],
    );
    order(
        &text,
        &[" name: demo", "description:", "runtime_version:", "executor:", "scheduler_au:", "cluster_name:", "workload_identity:"],
    );
    order(&layout::json(&content).expect("JSON"), &["\"is_secret\"", "\"key\"", "\"updated_at\"", "\"value\""]);
    assert!(layout::json(&content).expect("JSON").starts_with("{\n    \"deployment\": {\n        \"environment_variables\": ["));
    assert_eq!(lines(&difference(&text, &present, Rest::Pruned)), "");
    let template = exported(&present, None, "u", Purpose::Template);
    assert_eq!(template["deployment"]["configuration"]["name"], "");
    assert_eq!(template["deployment"].get("metadata"), None);
    assert_eq!(template["deployment"]["environment_variables"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_key_leads_to_its_value() {
    let content = exported(&hosted(), None, "u", Purpose::Inspection);
    for (key, value) in [
        ("metadata.deployment_id", json!("d1")),
        ("Configuration.Name", json!("demo")),
        ("deployment.configuration.dag_deploy_enabled", json!(true)),
        ("worker_queues.1.name", json!("heavy")),
        ("alert_emails", json!(["a@example.com", "b@example.com"])),
    ] {
        assert_eq!(at_key(&content, key).expect(key), value, "{key}");
    }
    let error = at_key(&content, "metadata.deployment-ids").expect_err("no such key");
    assert_eq!((error.kind(), error.advice()), (Kind::NotFound, Some("did you mean `deployment_id`?")));
    assert!(at_key(&content, "worker_queues.name").is_err() && at_key(&content, "metadata.status.x").is_err());
}
