//! Creating, changing and deleting Workspaces (reference/astro-platform.md 8.2).
//! It must not know what lies in one, but for refusing to delete a full one.

use crate::refusal::Refusal;
use crate::rules::fields::{self, Body};
use crate::world::account::Workspace;
use crate::world::environment::Scope;
use crate::world::state::World;
use crate::world::token::ApiToken;

/// Longest Workspace name, in characters.
const MAX_NAME: usize = 50;

/// Returns a Workspace of the caller's Organization; 403 if the token does not reach it.
pub fn enter_workspace<'a>(world: &'a World, caller: &ApiToken, id: &str) -> Result<&'a Workspace, Refusal> {
    let workspace = world.find_workspace(id)?;
    if workspace.organization_id != caller.spec.organization_id {
        return Err(Refusal::not_found("workspace", id));
    }
    if !sees_workspace(caller, workspace) {
        return Err(Refusal::forbidden("Token does not have access to this workspace"));
    }
    Ok(workspace)
}

/// Returns whether a token's scope holds a Workspace.
pub fn sees_workspace(caller: &ApiToken, workspace: &Workspace) -> bool {
    let limits = &caller.spec.workspace_ids;
    workspace.organization_id == caller.spec.organization_id && (limits.is_empty() || limits.contains(&workspace.id))
}

/// Creates a Workspace and returns its id; only an Organization token may.
pub fn create(world: &mut World, caller: &ApiToken, body: &Body) -> Result<String, Refusal> {
    if !caller.spec.workspace_ids.is_empty() {
        return Err(Refusal::forbidden("Token does not have permission to create workspaces"));
    }
    let now = world.clock.now();
    let workspace = Workspace {
        id: world.ids.fresh(),
        organization_id: caller.spec.organization_id.clone(),
        name: name(body)?,
        description: fields::text(body, "description").unwrap_or_default(),
        cicd_enforced_default: fields::flag(body, "cicdEnforcedDefault").unwrap_or_default(),
        created_at: now,
        updated_at: now,
    };
    let id = workspace.id.clone();
    world.workspaces.push(workspace);
    Ok(id)
}

/// Changes a Workspace.
pub fn update(world: &mut World, id: &str, body: &Body) -> Result<(), Refusal> {
    let (now, name) = (world.clock.now(), name(body)?);
    let workspace = world.find_workspace_mut(id)?;
    workspace.name = name;
    workspace.description = fields::text(body, "description").unwrap_or_default();
    workspace.cicd_enforced_default = fields::flag(body, "cicdEnforcedDefault").unwrap_or_default();
    workspace.updated_at = now;
    Ok(())
}

/// Deletes an empty Workspace.
pub fn delete(world: &mut World, id: &str) -> Result<(), Refusal> {
    if world.deployments.iter().any(|deployment| deployment.workspace_id == id) {
        return Err(Refusal::invalid("Workspace still has deployments"));
    }
    world.workspaces.retain(|workspace| workspace.id != id);
    world.environment.forget(&Scope::Workspace(id.to_owned()));
    Ok(())
}

fn name(body: &Body) -> Result<String, Refusal> {
    let name = fields::filled(body, "name").filter(|name| name.chars().count() <= MAX_NAME);
    name.ok_or_else(|| Refusal::invalid("Invalid request: name must have 1 to 50 characters"))
}
