//! API tokens: making, changing, rotating and deleting them (reference/astro-platform.md 8.6).
//! It must not know how they are shown.

use jiff::SignedDuration;

use crate::refusal::Refusal;
use crate::rules::authority::{self, Place};
use crate::rules::fields::{self, Body};
use crate::rules::{access, accounts, token_roles};
use crate::world::role::{EntityKind, TokenRole};
use crate::world::state::World;
use crate::world::token::{ApiToken, Holder, TokenSpec};

/// Longest name and description, in characters.
const LIMITS: [(&str, usize); 2] = [("name", 256), ("description", 500)];
/// Most days a token may live.
const MAX_DAYS: i64 = 3650;

/// Returns a token of the caller's Organization on which an operation is allowed to the caller: that depends on the thing
/// the token belongs to, not on those it has been given further roles on.
pub fn enter<'a>(world: &'a World, caller: &ApiToken, operation: &str, id: &str) -> Result<&'a ApiToken, Refusal> {
    let known = world.tokens.iter().find(|token| token.id == id && token.spec.holder == Holder::Service);
    let token = known.filter(|token| token.spec.organization_id == caller.spec.organization_id);
    let token = token.ok_or_else(|| Refusal::not_found("API token", id))?;
    authority::require(world, caller, operation, place(token.spec.home()))?;
    Ok(token)
}

/// Creates a token and returns its id.
pub fn create(world: &mut World, caller: &ApiToken, body: &Body) -> Result<String, Refusal> {
    check_texts(body)?;
    let days = check_days(body)?;
    let kind = EntityKind::from_word(&fields::text(body, "scope").unwrap_or_default()).unwrap_or(EntityKind::Organization);
    let entity = home(world, caller, kind, body)?;
    authority::require(world, caller, "CreateApiToken", place((kind, &entity)))?;
    let role = TokenRole::on(kind, &entity, &fields::text(body, "role").unwrap_or_default());
    token_roles::check(world, caller, (kind, &entity), std::slice::from_ref(&role))?;
    let now = world.clock.now();
    let life = days.map(|days| SignedDuration::from_hours(days * 24));
    let spec = TokenSpec {
        name: fields::text(body, "name").unwrap_or_default(),
        organization_id: caller.spec.organization_id.clone(),
        workspace_ids: if kind == EntityKind::Workspace { vec![entity.clone()] } else { Vec::new() },
        deployment_ids: if kind == EntityKind::Deployment { vec![entity] } else { Vec::new() },
        roles: vec![role],
        expires_at: life.and_then(|life| now.saturating_add(life).ok()),
        ..TokenSpec::default()
    };
    let mut token = ApiToken::mint(world.ids.fresh(), spec, now);
    token.description = fields::text(body, "description").unwrap_or_default();
    token.kind = fields::filled(body, "kind").unwrap_or_else(|| "STANDARD".into());
    token.expiry_days = days;
    token.created_by = caller.id.clone();
    let id = token.id.clone();
    world.tokens.push(token);
    Ok(id)
}

/// Changes name and description.
pub fn update(world: &mut World, caller: &ApiToken, id: &str, body: &Body) -> Result<(), Refusal> {
    enter(world, caller, "UpdateApiToken", id)?;
    check_texts(body)?;
    let now = world.clock.now();
    let token = find(world, id)?;
    token.spec.name = fields::text(body, "name").unwrap_or_default();
    token.description = fields::text(body, "description").unwrap_or_default();
    token.updated_at = now;
    Ok(())
}

/// Gives a token another text; the old one is refused from now on. Its life begins anew (inferred).
pub fn rotate(world: &mut World, caller: &ApiToken, id: &str) -> Result<(), Refusal> {
    enter(world, caller, "RotateApiToken", id)?;
    let (now, salt) = (world.clock.now(), world.ids.fresh());
    let token = find(world, id)?;
    let life = token.expiry_days.map(|days| SignedDuration::from_hours(days * 24));
    if let Some(life) = life {
        token.spec.expires_at = now.saturating_add(life).ok();
    }
    token.rotate(now, &salt);
    Ok(())
}

/// Deletes a token.
pub fn delete(world: &mut World, caller: &ApiToken, id: &str) -> Result<(), Refusal> {
    enter(world, caller, "DeleteApiToken", id)?;
    world.tokens.retain(|token| token.id != id);
    Ok(())
}

/// Notes that a token was the bearer of a request.
pub fn touch(world: &mut World, id: &str) {
    let now = world.clock.now();
    if let Some(token) = world.tokens.iter_mut().find(|token| token.id == id) {
        token.last_used_at = Some(now);
    }
}

/// Returns a token, to be changed.
pub fn find<'a>(world: &'a mut World, id: &str) -> Result<&'a mut ApiToken, Refusal> {
    world.tokens.iter_mut().find(|token| token.id == id).ok_or_else(|| Refusal::not_found("API token", id))
}

/// Returns the place that a kind of thing and its id mean; a DAG counts as nothing of its own.
pub fn place((kind, id): (EntityKind, &str)) -> Place<'_> {
    match kind {
        EntityKind::Workspace => Place::Workspace(id),
        EntityKind::Deployment => Place::Deployment(id),
        _ => Place::Organization,
    }
}

fn home(world: &World, caller: &ApiToken, kind: EntityKind, body: &Body) -> Result<String, Refusal> {
    let own = &caller.spec.organization_id;
    match (kind, fields::filled(body, "entityId")) {
        (EntityKind::Organization, None) => Ok(own.clone()),
        (EntityKind::Organization, Some(id)) if id == *own => Ok(id),
        (EntityKind::Organization, Some(_)) => Err(Refusal::invalid("Invalid request: entityId is not this organization")),
        (_, None) => Err(Refusal::invalid("Invalid request: entityId is required")),
        (EntityKind::Workspace, Some(id)) => accounts::enter_workspace(world, caller, &id).map(|found| found.id.clone()),
        (_, Some(id)) => access::enter_deployment(world, caller, &id).map(|found| found.id.clone()),
    }
}

fn check_texts(body: &Body) -> Result<(), Refusal> {
    if fields::filled(body, "name").is_none() {
        return Err(Refusal::invalid("Invalid request: name must not be empty"));
    }
    for (key, limit) in LIMITS {
        if fields::text(body, key).is_some_and(|text| text.chars().count() > limit) {
            return Err(Refusal::invalid(format!("Invalid request: {key} must be at most {limit} characters")));
        }
    }
    Ok(())
}

fn check_days(body: &Body) -> Result<Option<i64>, Refusal> {
    let days = body.get("tokenExpiryPeriodInDays").and_then(serde_json::Value::as_i64);
    match days {
        Some(days) if !(1..=MAX_DAYS).contains(&days) => {
            Err(Refusal::invalid("Invalid request: tokenExpiryPeriodInDays must be between 1 and 3650"))
        }
        days => Ok(days),
    }
}
