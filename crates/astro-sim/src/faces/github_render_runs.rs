//! Spells GitHub's deployments and check runs as GitHub's JSON.
//! It must not decide anything.

use serde_json::{Value, json};

use crate::faces::github_render::{Address, time, user};
use crate::world::github_runs::{CheckRun, DeploymentStatus, GitHubDeployment};

/// Returns a deployment.
pub fn deployment(at: &Address, deployment: &GitHubDeployment) -> Value {
    let url = at.api(&format!("deployments/{}", deployment.id));
    json!({
        "id": deployment.id, "node_id": format!("DE_{}", deployment.id), "url": url, "statuses_url": format!("{url}/statuses"),
        "repository_url": at.repository(), "sha": deployment.sha, "ref": deployment.reference, "task": deployment.task,
        "payload": deployment.payload, "environment": deployment.environment,
        "original_environment": deployment.original_environment, "description": deployment.description,
        "creator": user(at, &deployment.creator), "transient_environment": deployment.transient,
        "production_environment": deployment.production, "created_at": time(deployment.created_at),
        "updated_at": time(deployment.updated_at),
    })
}

/// Returns a status of a deployment.
pub fn deployment_status(at: &Address, deployment: u64, status: &DeploymentStatus) -> Value {
    let url = at.api(&format!("deployments/{deployment}"));
    json!({
        "id": status.id, "node_id": format!("DES_{}", status.id), "url": format!("{url}/statuses/{}", status.id),
        "deployment_url": url, "repository_url": at.repository(), "state": status.state, "description": status.description,
        "environment": status.environment, "environment_url": status.environment_url, "log_url": status.log_url,
        "target_url": status.log_url, "creator": user(at, &status.creator), "created_at": time(status.created_at),
        "updated_at": time(status.created_at),
    })
}

/// Returns a check run.
pub fn check_run(at: &Address, run: &CheckRun) -> Value {
    let url = at.api(&format!("check-runs/{}", run.id));
    json!({
        "id": run.id, "node_id": format!("CR_{}", run.id), "external_id": "", "url": url,
        "html_url": at.html(&format!("runs/{}", run.id)), "details_url": run.details_url, "name": run.name,
        "head_sha": run.head_sha, "status": run.status, "conclusion": run.conclusion, "started_at": time(run.started_at),
        "completed_at": run.completed_at.map(time), "check_suite": { "id": 1 }, "pull_requests": [], "app": null,
        "output": {
            "title": run.title, "summary": run.summary, "text": run.text, "annotations_count": run.annotations.len(),
            "annotations_url": format!("{url}/annotations"),
        },
    })
}

/// Returns an annotation of a check run.
pub fn annotation(at: &Address, run: &CheckRun, annotation: &Value) -> Value {
    let field = |key: &str| annotation.get(key).cloned().unwrap_or_default();
    let path = annotation.get("path").and_then(Value::as_str).unwrap_or_default();
    json!({
        "path": path, "blob_href": at.html(&format!("blob/{}/{path}", run.head_sha)), "start_line": field("start_line"),
        "end_line": field("end_line"), "start_column": field("start_column"), "end_column": field("end_column"),
        "annotation_level": field("annotation_level"), "title": field("title"), "message": field("message"),
        "raw_details": field("raw_details"),
    })
}
