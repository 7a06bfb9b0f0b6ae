//! The Astro operations on environment objects, and how these are spelled: secrets only where they were asked for.
//! It must not know the rules they follow.

use serde_json::{Map, Value, json};

use crate::faces::astro_reads::page;
use crate::faces::astro_render::{subject, time};
use crate::faces::astro_request::{Outcome, Request};
use crate::refusal::Refusal;
use crate::rules::{environment, fields};
use crate::world::environment::{EnvironmentObject, Link, Scope};
use crate::world::state::World;

/// Whether secrets are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Hidden,
    Shown,
}

/// Performs an operation on environment objects; `None` if it is none of these.
pub fn perform(world: &mut World, operation: &str, request: &Request<'_>) -> Option<Outcome> {
    let id = request.id("environmentObjectId");
    let outcome = match operation {
        "ListEnvironmentObjects" => list(world, request).map(Some),
        "GetEnvironmentObject" => {
            let entered = environment::enter(world, &request.caller, id);
            let allowed = entered
                .and_then(|object| environment::require(world, &request.caller, operation, &object.scope).map(|()| object));
            allowed.map(|object| Some(render(object, Secrets::Hidden)))
        }
        "CreateEnvironmentObject" | "UpdateEnvironmentObject" | "DeleteEnvironmentObject" | "ExcludeLinkingEnvironmentObject" => {
            change(world, operation, request)
        }
        _ => return None,
    };
    Some(outcome)
}

fn change(world: &mut World, operation: &str, request: &Request<'_>) -> Outcome {
    let (caller, id, body) = (&request.caller, request.id("environmentObjectId"), &request.body);
    if operation != "CreateEnvironmentObject" {
        let scope = &environment::enter(world, caller, id)?.scope;
        environment::require(world, caller, operation, scope)?;
    }
    match operation {
        "CreateEnvironmentObject" => {
            let id = environment::create(world, caller, body)?;
            Ok(Some(json!({ "id": id })))
        }
        "UpdateEnvironmentObject" => {
            environment::update(world, caller, id, body)?;
            Ok(Some(render(environment::enter(world, caller, id)?, Secrets::Hidden)))
        }
        "DeleteEnvironmentObject" => environment::delete(world, caller, id).map(|()| None),
        _ => environment::exclude(world, caller, id, body).map(|()| None),
    }
}

/// Lists one scope. That exactly one must be named, and that links are not resolved unless asked for, is inferred.
fn list(world: &World, request: &Request<'_>) -> Result<Value, Refusal> {
    let text = |name: &str| request.call.parameter(name);
    let asks = |name: &str| text(name) == Some("true");
    let scope = match (text("workspaceId"), text("deploymentId")) {
        (Some(id), None) => Scope::Workspace(id.to_owned()),
        (None, Some(id)) => Scope::Deployment(id.to_owned()),
        _ => return Err(Refusal::invalid("Invalid request: either workspaceId or deploymentId is required")),
    };
    environment::enter_scope(world, &request.caller, &scope)?;
    environment::require(world, &request.caller, "ListEnvironmentObjects", &scope)?;
    if asks("showSecrets") && !world.environment.shows_secrets {
        return Err(Refusal::forbidden("showSecrets is not allowed by the organization"));
    }
    let secrets = if asks("showSecrets") { Secrets::Shown } else { Secrets::Hidden };
    let wanted = |object: &&EnvironmentObject| {
        text("objectType").is_none_or(|kind| kind == object.kind.word()) && text("objectKey").is_none_or(|key| key == object.key)
    };
    let objects = match &scope {
        Scope::Deployment(id) if asks("resolveLinked") => {
            let workspace = &world.find_deployment(id)?.workspace_id;
            environment::resolved(world, workspace, id)
        }
        _ => world.environment.objects.iter().filter(|object| object.scope == scope).cloned().collect(),
    };
    let spell = |object: &EnvironmentObject| match (&scope, &object.scope) {
        (Scope::Deployment(id), Scope::Workspace(_)) => render_inherited(object, id, secrets),
        _ => render(object, secrets),
    };
    page(request, "environmentObjects", objects.iter().filter(wanted).map(spell).collect())
}

fn render(object: &EnvironmentObject, secrets: Secrets) -> Value {
    let mut answer = render_content(object, secrets);
    let own = json!({
        "id": object.id, "scope": object.scope.word(), "scopeEntityId": object.scope.id(),
        "createdAt": time(object.created_at), "updatedAt": time(object.updated_at),
        "createdBy": subject(&object.created_by), "updatedBy": subject(&object.created_by),
    });
    if let Value::Object(own) = own {
        answer.extend(own);
    }
    if matches!(object.scope, Scope::Workspace(_)) {
        let excluded = object.excluded.iter().map(|id| json!({ "scope": "DEPLOYMENT", "scopeEntityId": id }));
        answer.insert("autoLinkDeployments".into(), object.auto_link.into());
        answer.insert("links".into(), object.links.iter().map(|link| render_link(object, link, secrets)).collect());
        answer.insert("excludeLinks".into(), excluded.collect());
    }
    Value::Object(answer)
}

/// Returns an object of a Workspace as one of its Deployments gets it: without an id that could be used.
fn render_inherited(object: &EnvironmentObject, deployment_id: &str, secrets: Secrets) -> Value {
    let mut answer = render_content(object, secrets);
    let own = json!({
        "scope": "DEPLOYMENT", "scopeEntityId": deployment_id,
        "sourceScope": object.scope.word(), "sourceScopeEntityId": object.scope.id(),
    });
    if let Value::Object(own) = own {
        answer.extend(own);
    }
    Value::Object(answer)
}

fn render_content(object: &EnvironmentObject, secrets: Secrets) -> Map<String, Value> {
    let mut content = shown(object, &object.content, secrets);
    // It is asked for by its id and answered whole.
    if let Some(id) = content.remove("authTypeId") {
        content.insert("connectionAuthType".into(), auth_type(&id));
    }
    if object.kind.is_variable() {
        content.insert("isSecret".into(), object.is_secret.into());
        content.entry("value").or_insert_with(|| "".into());
    }
    let mut answer = Map::new();
    answer.insert("objectKey".into(), object.key.clone().into());
    answer.insert("objectType".into(), object.kind.word().into());
    answer.insert("description".into(), object.description.clone().into());
    answer.insert("setFields".into(), set_fields(&object.content));
    answer.insert(object.kind.field().into(), content.into());
    answer
}

fn auth_type(id: &Value) -> Value {
    json!({
        "id": id, "name": "Sandbox", "description": "", "airflowType": "generic", "authMethodName": "password",
        "providerPackageName": "sandbox", "parameters": [],
    })
}

fn render_link(object: &EnvironmentObject, link: &Link, secrets: Secrets) -> Value {
    let mut answer =
        json!({ "scope": "DEPLOYMENT", "scopeEntityId": link.deployment_id, "setFields": set_fields(&link.overrides) });
    let overrides = shown(object, &link.overrides, secrets);
    if !overrides.is_empty() {
        answer[format!("{}Overrides", object.kind.field())] = overrides.into();
    }
    answer
}

/// Returns the fields that are shown: a secret is left out, and so is whatever the kind's answer has no place for.
fn shown(object: &EnvironmentObject, fields: &Map<String, Value>, secrets: Secrets) -> Map<String, Value> {
    let fits = |field: &String| secrets == Secrets::Shown || !object.hides(field);
    fields.iter().filter(|(field, _)| fits(field)).map(|(field, value)| (field.clone(), value.clone())).collect()
}

fn set_fields(fields: &fields::Body) -> Value {
    let filled = fields.iter().filter(|(_, value)| value.as_str() != Some(""));
    filled.map(|(field, _)| Value::from(field.as_str())).collect()
}
