//! The plans of several projects for programs, schema 1, a public contract (`VERSIONING.md`).
//! Each is the plan as `json` tells it, without what only one project's own plan needs.

use serde_json::{Value, json};

use crate::report::all::{All, ProjectPlan};
use crate::report::json;
use crate::report::run::{Ending, Run};

/// Parts of a plan that would be long for many projects, or are said once for all.
const LEFT_OUT: &[&str] = &["schema", "files", "dags", "settings", "refusal"];

/// Returns all plans as one object.
#[must_use]
pub fn all(all: &All<'_>) -> Value {
    json!({
        "schema": 1,
        "projects": all.projects.iter().map(|one| project(all, one)).collect::<Vec<_>>(),
        "matrix": all.matrix(),
        "any": all.shipping().next().is_some(),
        "error": all.failure.as_ref().map(json::error),
    })
}

fn project(all: &All<'_>, project: &ProjectPlan) -> Value {
    let root_folder = project.root_folder.to_string();
    let run = Run {
        project: root_folder.clone(),
        context: all.context,
        deployment: project.deployment.as_ref(),
        plan: project.plan.as_ref(),
        preview: None,
        rollback: None,
        problems: &[],
        ending: Ending::Planned,
    };
    let mut object = json::run(&run, &[]);
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
    }
    object["root_folder"] = json!(root_folder);
    object["declined"] = json!(project.is_declined());
    object["error"] = project.error.as_ref().map_or(Value::Null, json::error);
    object
}
