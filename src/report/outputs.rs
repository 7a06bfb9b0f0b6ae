//! The step outputs: a fixed list of names, the same on every CI system.

use serde_json::Value;

use crate::report::all::All;
use crate::report::run::{Ending, Run};
use crate::report::smoke;

/// Names of the outputs, as `action.yml` declares them.
pub const NAMES: &[&str] = &[
    "deployed",
    "deploy-type",
    "deploy-id",
    "reason",
    "image-tag",
    "dag-bundle-version",
    "deployment-url",
    "airflow-url",
    "preview-id",
    "preview-name",
    "matrix",
    "any",
    "verification",
    "smoke",
    "json",
];

/// The largest `json` output in bytes; runners take about a mebibyte for all outputs of a job.
const JSON_LIMIT: usize = 256 << 10;

/// Returns every output with its value; empty where there is none.
#[must_use]
pub fn values(run: &Run<'_>, json: &Value) -> Vec<(&'static str, String)> {
    let outcome = match run.ending {
        Ending::Shipped(outcome) | Ending::Failed { accepted: Some(outcome), .. } => Some(outcome),
        _ => None,
    };
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let deployment = run.deployment;
    let preview = deployment.filter(|_| run.preview.is_some_and(|preview| preview.is_there()));
    let planned = run.plan.and_then(|plan| plan.decision.deploy_type());
    NAMES
        .iter()
        .map(|name| {
            let value = match *name {
                "deployed" => outcome.is_some().to_string(),
                "deploy-type" => text(outcome.map(|outcome| outcome.deploy_type).or(planned).map(|kind| kind.name())),
                "deploy-id" => text(outcome.map(|outcome| outcome.deploy_id.as_str())),
                "reason" => match run.ending {
                    Ending::Failed { error, .. } => error.to_string(),
                    _ => match run.preview.and_then(|preview| preview.headline()) {
                        Some(headline) => headline,
                        None if run.rollback.is_some() => run.headline(),
                        None => text(run.plan.map(|plan| plan.reason.as_str())),
                    },
                },
                "image-tag" => text(outcome.and_then(|outcome| outcome.image_tag.as_ref()).map(|tag| tag.as_str())),
                "dag-bundle-version" => {
                    text(outcome.and_then(|outcome| outcome.dag_bundle_version.as_ref()).map(|version| version.as_str()))
                }
                "deployment-url" => text(deployment.and_then(|deployment| deployment.astro_url.as_deref())),
                "airflow-url" => text(deployment.and_then(|deployment| deployment.airflow_url.as_deref())),
                "preview-id" => text(preview.map(|deployment| deployment.id.as_str())),
                "preview-name" => text(preview.map(|deployment| deployment.name.as_str())),
                "verification" => text(run.verification().map(|it| it.verdict.name())),
                "smoke" => text(smoke::verdict(run.trials())),
                "json" => bounded(json),
                _ => String::new(),
            };
            (*name, value)
        })
        .collect()
}

/// Returns every output of a run that planned several projects.
#[must_use]
pub fn of_all(all: &All<'_>, json: &Value) -> Vec<(&'static str, String)> {
    let value = |name: &str| match name {
        "deployed" => false.to_string(),
        "reason" => all.failure.as_ref().map_or_else(|| all.headline(), ToString::to_string),
        "matrix" => all.matrix().to_string(),
        "any" => all.shipping().next().is_some().to_string(),
        "json" => bounded(json),
        _ => String::new(),
    };
    NAMES.iter().map(|name| (*name, value(name))).collect()
}

/// Returns every output of a run that swept previews.
#[must_use]
pub fn of_sweep(headline: &str, json: &Value) -> Vec<(&'static str, String)> {
    let value = |name: &str| match name {
        "deployed" => false.to_string(),
        "reason" => headline.to_owned(),
        "json" => bounded(json),
        _ => String::new(),
    };
    NAMES.iter().map(|name| (*name, value(name))).collect()
}

/// Returns the object as text, without its long fields, one after the other, where that would be
/// too long.
fn bounded(json: &Value) -> String {
    let mut short = json.clone();
    for (name, empty) in [
        ("files", Value::Array(Vec::new())),
        ("dags", Value::Null),
        ("verification", Value::Null),
        ("smoke_runs", Value::Array(Vec::new())),
        ("projects", Value::Array(Vec::new())),
        ("previews", Value::Array(Vec::new())),
    ] {
        let text = short.to_string();
        if text.len() <= JSON_LIMIT {
            return text;
        }
        if let Some(field) = short.get_mut(name) {
            *field = empty;
            short[format!("{name}_omitted")] = Value::Bool(true);
        }
    }
    short.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_left_out_and_that_is_said() {
        let short = serde_json::json!({"files": ["a"], "reason": "r"});
        assert_eq!(bounded(&short), short.to_string());
        let long = serde_json::json!({"files": vec!["a long path"; 100_000], "reason": "r"});
        let kept: Value = serde_json::from_str(&bounded(&long)).expect("JSON");
        assert_eq!(kept, serde_json::json!({"files": [], "files_omitted": true, "reason": "r"}));
        let long = serde_json::json!({"files": ["a"], "dags": {"added": vec!["a long DAG"; 100_000]}, "reason": "r"});
        let kept: Value = serde_json::from_str(&bounded(&long)).expect("JSON");
        let expected = serde_json::json!({"files": [], "files_omitted": true, "dags": null, "dags_omitted": true, "reason": "r"});
        assert_eq!(kept, expected);
        let long = serde_json::json!({"projects": vec!["a project"; 100_000], "any": true});
        let kept: Value = serde_json::from_str(&bounded(&long)).expect("JSON");
        assert_eq!(kept, serde_json::json!({"projects": [], "projects_omitted": true, "any": true}));
    }
}
