//! Environment objects: who reaches them, making, changing and deleting them (reference/astro-platform.md 8.8).
//! It must not know how they are shown.

use serde_json::{Map, Value};

use crate::refusal::Refusal;
use crate::rules::authority::{self, Place};
use crate::rules::environment_links as links;
use crate::rules::fields::{self, Body};
use crate::rules::{access, accounts};
use crate::world::environment::{EnvironmentObject, ObjectKind, Scope};
use crate::world::state::World;
use crate::world::token::ApiToken;

/// Returns an error unless the caller reaches a Workspace or Deployment.
pub fn enter_scope(world: &World, caller: &ApiToken, scope: &Scope) -> Result<(), Refusal> {
    match scope {
        Scope::Workspace(id) => accounts::enter_workspace(world, caller, id).map(|_| ()),
        Scope::Deployment(id) => access::enter_deployment(world, caller, id).map(|_| ()),
    }
}

/// Returns an object that the caller reaches.
pub fn enter<'a>(world: &'a World, caller: &ApiToken, id: &str) -> Result<&'a EnvironmentObject, Refusal> {
    let object = world.environment.objects.iter().find(|object| object.id == id);
    let object = object.ok_or_else(|| Refusal::not_found("environment object", id))?;
    match enter_scope(world, caller, &object.scope) {
        // Nobody learns what another Organization has.
        Err(refusal) if refusal.status == 404 => Err(Refusal::not_found("environment object", id)),
        Err(refusal) => Err(refusal),
        Ok(()) => Ok(object),
    }
}

/// Returns a 403 unless the caller may do this to objects of a Workspace or Deployment.
pub fn require(world: &World, caller: &ApiToken, operation: &str, scope: &Scope) -> Result<(), Refusal> {
    let place = match scope {
        Scope::Workspace(id) => Place::Workspace(id),
        Scope::Deployment(id) => Place::Deployment(id),
    };
    authority::require(world, caller, operation, place)
}

/// Creates an object and returns its id.
pub fn create(world: &mut World, caller: &ApiToken, body: &Body) -> Result<String, Refusal> {
    let word = |field: &str| fields::text(body, field).unwrap_or_default();
    let kind = ObjectKind::from_word(&word("objectType")).ok_or_else(|| Refusal::invalid("Unknown object type"))?;
    let entity = word("scopeEntityId");
    let scope = if word("scope") == "WORKSPACE" { Scope::Workspace(entity) } else { Scope::Deployment(entity) };
    enter_scope(world, caller, &scope)?;
    require(world, caller, "CreateEnvironmentObject", &scope)?;
    let key = word("objectKey");
    check_key(kind, &key)?;
    let content = content(kind, body)?.clone();
    let taken = |object: &EnvironmentObject| object.kind == kind && object.scope == scope && object.key == key;
    if world.environment.objects.iter().any(taken) {
        return Err(Refusal::new(409, "CONFLICT", format!("{} {key} already exists in this scope", kind.word())));
    }
    let now = world.clock.now();
    let mut object = EnvironmentObject {
        id: world.ids.fresh(),
        key,
        kind,
        scope,
        description: word("description"),
        is_secret: kind.is_variable() && fields::flag(&content, "isSecret").unwrap_or_default(),
        content: Map::new(),
        auto_link: false,
        links: Vec::new(),
        excluded: Vec::new(),
        created_at: now,
        updated_at: now,
        created_by: caller.id.clone(),
    };
    replace_content(&mut object, &content);
    links::replace(world, &mut object, body)?;
    let id = object.id.clone();
    world.environment.objects.push(object);
    Ok(id)
}

/// Changes an object. What the body leaves out is dropped, links among it; only a secret that is left out or empty stays.
pub fn update(world: &mut World, caller: &ApiToken, id: &str, body: &Body) -> Result<(), Refusal> {
    let mut object = enter(world, caller, id)?.clone();
    let content = content(object.kind, body)?;
    object.description = fields::text(body, "description").unwrap_or_default();
    replace_content(&mut object, content);
    links::replace(world, &mut object, body)?;
    object.updated_at = world.clock.now();
    store(world, object);
    Ok(())
}

/// Deletes an object.
pub fn delete(world: &mut World, caller: &ApiToken, id: &str) -> Result<(), Refusal> {
    enter(world, caller, id)?;
    world.environment.objects.retain(|object| object.id != id);
    Ok(())
}

/// Takes a Deployment out of those that get an object; doing so again changes nothing.
pub fn exclude(world: &mut World, caller: &ApiToken, id: &str, body: &Body) -> Result<(), Refusal> {
    let mut object = enter(world, caller, id)?.clone();
    let deployment = fields::text(body, "scopeEntityId").unwrap_or_default();
    if !object.excluded.contains(&deployment) {
        object.excluded.push(deployment);
    }
    links::check(world, &object)?;
    object.updated_at = world.clock.now();
    store(world, object);
    Ok(())
}

/// Returns what a Deployment gets: its own objects, then those of its Workspace that none of its own hides.
pub fn resolved(world: &World, workspace_id: &str, deployment_id: &str) -> Vec<EnvironmentObject> {
    let own = Scope::Deployment(deployment_id.to_owned());
    let inherited = Scope::Workspace(workspace_id.to_owned());
    let mut objects: Vec<_> = world.environment.objects.iter().filter(|object| object.scope == own).cloned().collect();
    let count = objects.len();
    for object in world.environment.objects.iter().filter(|object| object.scope == inherited && object.reaches(deployment_id)) {
        let hidden = objects.iter().take(count).any(|own| own.kind == object.kind && own.key == object.key);
        if !hidden {
            let mut object = object.clone();
            let link = object.links.iter().find(|link| link.deployment_id == deployment_id);
            let overrides = link.map(|link| link.overrides.clone()).unwrap_or_default();
            object.content.extend(overrides);
            objects.push(object);
        }
    }
    objects
}

fn store(world: &mut World, object: EnvironmentObject) {
    if let Some(stored) = world.environment.objects.iter_mut().find(|stored| stored.id == object.id) {
        *stored = object;
    }
}

/// That the name of an environment variable must be one for a shell is inferred.
fn check_key(kind: ObjectKind, key: &str) -> Result<(), Refusal> {
    let is_word = |key: &str| key.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let fits = match kind {
        ObjectKind::EnvironmentVariable => is_word(key) && !key.starts_with(|first: char| first.is_ascii_digit()),
        _ => true,
    };
    if key.is_empty() || !fits { Err(Refusal::invalid("Invalid request: objectKey is not a possible name")) } else { Ok(()) }
}

/// Returns the content of the object's kind, which must be there, and no other may be.
fn content(kind: ObjectKind, body: &Body) -> Result<&Body, Refusal> {
    if let Some(other) = ObjectKind::ALL.into_iter().find(|other| *other != kind && body.contains_key(other.field())) {
        return Err(Refusal::invalid(format!("Invalid request: {} does not belong to {}", other.field(), kind.word())));
    }
    let content = body.get(kind.field()).and_then(Value::as_object);
    content.ok_or_else(|| Refusal::invalid(format!("Invalid request: {} is required", kind.field())))
}

fn replace_content(object: &mut EnvironmentObject, sent: &Body) {
    let is_empty = |value: Option<&Value>| match value {
        None => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Object(entries)) => entries.is_empty(),
        Some(_) => false,
    };
    let mut content = sent.clone();
    content.remove("isSecret");
    if object.kind.is_variable() {
        content.entry("value").or_insert_with(|| "".into());
    }
    let kept = object.content.iter().filter(|(field, _)| object.hides(field) && is_empty(sent.get(*field)));
    let kept: Vec<_> = kept.map(|(field, value)| (field.clone(), value.clone())).collect();
    content.extend(kept);
    object.content = content;
}
