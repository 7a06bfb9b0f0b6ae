//! Custom roles of an Organization (reference/astro-platform.md 8.3).
//! It must not know how they are shown.

use serde_json::Value;

use crate::refusal::Refusal;
use crate::rules::fields::{self, Body};
use crate::world::role::{
    CustomRole, DAG_PERMISSIONS, DAG_ROLES, DEPLOYMENT_ADMIN, DEPLOYMENT_PERMISSIONS, ORGANIZATION_ROLES, WORKSPACE_ROLES,
};
use crate::world::state::World;
use crate::world::token::ApiToken;

/// Returns a custom role of the caller's Organization.
pub fn enter<'a>(world: &'a World, caller: &ApiToken, id: &str) -> Result<&'a CustomRole, Refusal> {
    let own = |role: &&CustomRole| role.id == id && role.organization_id == caller.spec.organization_id;
    world.roles.iter().find(own).ok_or_else(|| Refusal::not_found("role", id))
}

/// Creates a role and returns its id; its name must be new (inferred: others name it by that).
pub fn create(world: &mut World, caller: &ApiToken, body: &Body) -> Result<String, Refusal> {
    let scope_type = fields::text(body, "scopeType").unwrap_or_default();
    let (id, now) = (world.ids.fresh(), world.clock.now());
    let role = CustomRole {
        id: id.clone(),
        organization_id: caller.spec.organization_id.clone(),
        name: name(world, caller, "", body)?,
        description: fields::text(body, "description").unwrap_or_default(),
        permissions: permissions(&scope_type, body)?,
        restricted_workspace_ids: workspaces(world, caller, body)?,
        scope_type,
        created_at: now,
        updated_at: now,
    };
    world.roles.push(role);
    Ok(id)
}

/// Replaces what a role is; who holds it holds the changed one, under its new name.
pub fn update(world: &mut World, caller: &ApiToken, id: &str, body: &Body) -> Result<(), Refusal> {
    let mut role = enter(world, caller, id)?.clone();
    let old = role.name.clone();
    role.name = name(world, caller, id, body)?;
    role.description = fields::text(body, "description").unwrap_or_default();
    role.permissions = permissions(&role.scope_type, body)?;
    role.restricted_workspace_ids = workspaces(world, caller, body)?;
    role.updated_at = world.clock.now();
    rename_held(world, &old, &role.name);
    if let Some(stored) = world.roles.iter_mut().find(|stored| stored.id == id) {
        *stored = role;
    }
    Ok(())
}

/// Deletes a role that nobody holds (that a held one is refused is inferred).
pub fn delete(world: &mut World, caller: &ApiToken, id: &str) -> Result<(), Refusal> {
    let name = enter(world, caller, id)?.name.clone();
    let mut held = Vec::new();
    each_held(world, |role| held.push(role.clone()));
    if held.contains(&name) {
        return Err(Refusal::invalid(format!("Role {name} is still assigned")));
    }
    world.roles.retain(|role| role.id != id);
    Ok(())
}

fn rename_held(world: &mut World, old: &str, new: &str) {
    each_held(world, |role| {
        if role == old {
            *role = new.to_owned();
        }
    });
}

/// Visits the name of every custom role that anybody holds.
fn each_held(world: &mut World, mut visit: impl FnMut(&mut String)) {
    let users = world.people.users.iter_mut().map(|user| &mut user.roles);
    for roles in users.chain(world.people.teams.iter_mut().map(|team| &mut team.roles)) {
        roles.deployments.iter_mut().for_each(|held| visit(&mut held.role));
        roles.dags.iter_mut().for_each(|held| visit(&mut held.role));
    }
    world.tokens.iter_mut().flat_map(|token| &mut token.spec.roles).for_each(|held| visit(&mut held.role));
}

fn name(world: &World, caller: &ApiToken, id: &str, body: &Body) -> Result<String, Refusal> {
    let name = fields::filled(body, "name").ok_or_else(|| Refusal::invalid("Invalid request: name must not be empty"))?;
    let built_in = ORGANIZATION_ROLES.iter().chain(&WORKSPACE_ROLES).chain(&DAG_ROLES).chain([&DEPLOYMENT_ADMIN]);
    let own = world.roles.iter().filter(|role| role.organization_id == caller.spec.organization_id && role.id != id);
    let taken = built_in.copied().any(|known| known == name) || own.into_iter().any(|role| role.name == name);
    if taken { Err(Refusal::invalid(format!("Role {name} already exists"))) } else { Ok(name) }
}

fn permissions(scope_type: &str, body: &Body) -> Result<Vec<String>, Refusal> {
    let known: &[&str] = if scope_type == "DAG" { &DAG_PERMISSIONS } else { &DEPLOYMENT_PERMISSIONS };
    let sent = texts(body, "permissions");
    match sent.iter().find(|permission| !known.contains(&permission.as_str())) {
        Some(unknown) => Err(Refusal::invalid(format!("Invalid request: {unknown} is not a permission of {scope_type}"))),
        None if sent.is_empty() => Err(Refusal::invalid("Invalid request: permissions must have at least 1 item")),
        None => Ok(sent),
    }
}

fn workspaces(world: &World, caller: &ApiToken, body: &Body) -> Result<Vec<String>, Refusal> {
    let sent = texts(body, "restrictedWorkspaceIds");
    for id in &sent {
        let found = world.find_workspace(id).ok().filter(|found| found.organization_id == caller.spec.organization_id);
        found.ok_or_else(|| Refusal::not_found("workspace", id))?;
    }
    Ok(sent)
}

fn texts(body: &Body, key: &str) -> Vec<String> {
    let sent = body.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    sent.map(str::to_owned).collect()
}
