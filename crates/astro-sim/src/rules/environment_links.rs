//! Which Deployments get an environment object of their Workspace, and with which values (reference/astro-platform.md 8.8).
//! It must not know the object's own content.

use serde_json::{Map, Value};

use crate::refusal::Refusal;
use crate::rules::fields::{self, Body};
use crate::world::environment::{EnvironmentObject, Link, Scope};
use crate::world::state::World;

/// Replaces an object's links by those of a request: a list or flag that is left out is emptied, while a link that is
/// there keeps the overrides it does not name.
pub fn replace(world: &World, object: &mut EnvironmentObject, body: &Body) -> Result<(), Refusal> {
    object.auto_link = fields::flag(body, "autoLinkDeployments").unwrap_or_default();
    object.excluded = entries(body, "excludeLinks").filter_map(|entry| fields::text(entry, "scopeEntityId")).collect();
    let mut links = Vec::new();
    for entry in entries(body, "links") {
        let deployment_id = fields::text(entry, "scopeEntityId").unwrap_or_default();
        let stored = object.links.iter().find(|link| link.deployment_id == deployment_id);
        let mut overrides = stored.map(|link| link.overrides.clone()).unwrap_or_default();
        merge(object, &mut overrides, entry.get("overrides").and_then(Value::as_object))?;
        links.push(Link { deployment_id, overrides });
    }
    object.links = links;
    check(world, object)
}

/// Returns an error unless every link leads from a Workspace to one of its Deployments, once, and not to one that is
/// excluded. (That the last two are conflicts is inferred.)
pub fn check(world: &World, object: &EnvironmentObject) -> Result<(), Refusal> {
    let linked = object.links.iter().map(|link| &link.deployment_id);
    let ids: Vec<&String> = linked.chain(&object.excluded).collect();
    let workspace = match &object.scope {
        Scope::Workspace(id) => id,
        Scope::Deployment(_) if object.auto_link || !ids.is_empty() => {
            return Err(Refusal::invalid("Invalid request: only an object of a workspace can be linked"));
        }
        Scope::Deployment(_) => return Ok(()),
    };
    for (place, id) in ids.iter().enumerate() {
        if !world.deployments.iter().any(|deployment| deployment.id == **id && deployment.workspace_id == *workspace) {
            return Err(Refusal::not_found("deployment", id));
        }
        if ids.iter().take(place).any(|earlier| earlier == id) {
            return Err(Refusal::new(409, "CONFLICT", format!("deployment {id} is linked or excluded more than once")));
        }
    }
    Ok(())
}

fn entries<'a>(body: &'a Body, name: &str) -> impl Iterator<Item = &'a Body> {
    body.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn merge(object: &EnvironmentObject, overrides: &mut Map<String, Value>, sent: Option<&Body>) -> Result<(), Refusal> {
    let Some(sent) = sent else { return Ok(()) };
    if let Some(other) = sent.keys().find(|field| *field != object.kind.field() && *field != "unsetFields") {
        return Err(Refusal::invalid(format!("Invalid request: {other} does not belong to {}", object.kind.word())));
    }
    if let Some(Value::Object(fields)) = sent.get(object.kind.field()) {
        // An empty secret means the stored one, as in the object itself (inferred).
        let says_nothing = |(field, value): &(&String, &Value)| object.hides(field) && value.as_str() == Some("");
        let said = fields.iter().filter(|pair| !says_nothing(pair));
        overrides.extend(said.map(|(field, value)| (field.clone(), value.clone())));
    }
    for field in sent.get("unsetFields").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        overrides.remove(field);
    }
    Ok(())
}
