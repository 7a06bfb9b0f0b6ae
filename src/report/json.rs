//! The machine-readable plan and result, schema 1, a public contract (`VERSIONING.md`).
//! Paths that are not UTF-8 appear as they are shown to people, with `\x` escapes.

use serde_json::{Map, Value, json};

use crate::deploy::outcome::{Arrival, Outcome};
use crate::error::Error;
use crate::model::deployment::Deployment;
use crate::plan::outline::{Decision, Plan};
use crate::report::dags;
use crate::report::run::{Ending, Run, ShownSetting};
use crate::report::{smoke, verification};

/// Returns the whole run as one object.
#[must_use]
pub fn run(run: &Run<'_>, settings: &[ShownSetting]) -> Value {
    let mut object = match run.plan {
        Some(plan) => plan_fields(plan),
        None => Map::new(),
    };
    object.insert("schema".into(), json!(1));
    object.insert("deployment".into(), run.deployment.map_or(Value::Null, deployment));
    if let Some(preview) = run.preview {
        object.insert("preview".into(), preview.object());
    }
    if let Some(rollback) = run.rollback {
        object.insert("rollback".into(), rollback.object(error));
    }
    object.insert("settings".into(), settings_object(settings));
    let result = match run.ending {
        Ending::Shipped(done) => outcome(done),
        Ending::Failed { error: failure, accepted } => {
            let mut result = accepted.map_or_else(|| json!({ "deployed": false }), outcome);
            result["error"] = error(failure);
            result
        }
        Ending::Declined => json!({ "deployed": false }),
        Ending::Planned | Ending::InProgress => Value::Null,
    };
    if let Some(found) = run.verification() {
        object.insert("verification".into(), verification::object(found));
    }
    if !run.trials().is_empty() {
        object.insert("smoke_runs".into(), smoke::list(run.trials()));
    }
    if !result.is_null() {
        object.insert("result".into(), result);
    }
    Value::Object(object)
}

fn plan_fields(plan: &Plan) -> Map<String, Value> {
    let base = plan.base.as_ref().map_or(Value::Null, |(commit, origin)| {
        json!({ "commit": commit.as_str(), "source": origin.name(), "why": format!("the commit {}", origin.words()) })
    });
    let artifacts: Map<String, Value> = plan
        .artifacts
        .iter()
        .map(|verdict| {
            let fields = json!({
                "changed": verdict.changed,
                "reason": verdict.reason,
                "fingerprint": verdict.content.fingerprint.to_string(),
                "deployed_fingerprint": verdict.deployed_fingerprint.map(|fingerprint| fingerprint.to_string()),
                "base": verdict.base.as_ref().map(|(commit, _)| commit.as_str()),
                "files": verdict.content.files,
                "bytes": verdict.content.bytes,
            });
            (verdict.artifact.key().to_owned(), fields)
        })
        .collect();
    let files: Vec<Value> = plan
        .files
        .iter()
        .map(|file| {
            json!({
                "path": file.path.to_string(),
                "change": crate::report::text::change_word(file.change),
                "artifact": file.artifact.as_ref().map(|artifact| artifact.key()),
                "why": file.why,
            })
        })
        .collect();
    let fields = json!({
        "decision": plan.decision.name(),
        "deploy_type": match plan.decision { Decision::NoCredentials(_) => None, decision => decision.deploy_type() }.map(|kind| kind.name()),
        "would_deploy_type": plan.decision.deploy_type().map(|kind| kind.name()),
        "reason": plan.reason,
        "base": base,
        "artifacts": artifacts,
        "files": files,
        "dags": plan.dags.as_ref().map(dags::object),
        "steps": plan.steps.iter().map(|step| step.name()).collect::<Vec<_>>(),
        "notices": plan.notices,
        "refusal": plan.refusal.as_ref().map(error),
    });
    match fields {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Returns a Deployment as one object.
#[must_use]
pub fn deployment(deployment: &Deployment) -> Value {
    json!({
        "id": deployment.id.as_str(),
        "name": deployment.name,
        "workspace_id": deployment.workspace_id.as_str(),
        "organization_id": deployment.organization_id.as_str(),
        "dag_deploys": deployment.dag_deploys,
        "runtime_version": deployment.runtime_version,
        "url": deployment.astro_url,
        "airflow_url": deployment.airflow_url,
    })
}

/// Returns the settings by name.
#[must_use]
pub fn settings_object(settings: &[ShownSetting]) -> Value {
    settings
        .iter()
        .map(|setting| (setting.name.to_owned(), json!({ "value": setting.value, "origin": setting.origin })))
        .collect::<Map<_, _>>()
        .into()
}

fn outcome(outcome: &Outcome) -> Value {
    json!({
        "deployed": true,
        "deploy_id": outcome.deploy_id.as_str(),
        "deploy_type": outcome.deploy_type.name(),
        "image_tag": outcome.image_tag.as_ref().map(|tag| tag.as_str()),
        "dag_bundle_version": outcome.dag_bundle_version.as_ref().map(|version| version.as_str()),
        "bundle_version": outcome.bundle_version.as_ref().map(|version| version.as_str()),
        "proven": outcome.arrival == Arrival::Proven,
        "stages": outcome.stages.iter().map(|stage| json!({
            "name": stage.name, "detail": stage.detail, "seconds": (stage.took.as_secs_f64() * 1000.0).round() / 1000.0,
        })).collect::<Vec<_>>(),
    })
}

/// Returns an error as one object.
#[must_use]
pub fn error(error: &Error) -> Value {
    json!({
        "kind": error.kind().name(),
        "exit_code": error.kind().exit_code(),
        "doing": error.doing(),
        "because": error.cause(),
        "hint": error.advice(),
    })
}
