//! Creating, changing and deleting Workspaces (reference/astro-platform.md 8.2).
//! It must not know what lies in one, but for refusing to delete a full one.

use crate::refusal::Refusal;
use crate::rules::authority;
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
    if !sees_workspace(world, caller, workspace) {
        return Err(Refusal::forbidden("Token does not have access to this workspace"));
    }
    Ok(workspace)
}

/// Returns whether a token has a role in a Workspace or on one of its Deployments.
pub fn sees_workspace(world: &World, caller: &ApiToken, workspace: &Workspace) -> bool {
    workspace.organization_id == caller.spec.organization_id && authority::sees_workspace(world, caller, &workspace.id)
}

/// Creates a Workspace and returns its id.
pub fn create(world: &mut World, caller: &ApiToken, body: &Body) -> Result<String, Refusal> {
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
    world.forget_entity(id);
    Ok(())
}

/// Changes an Organization.
pub fn update_organization(world: &mut World, id: &str, body: &Body) -> Result<(), Refusal> {
    let name = fields::filled(body, "name").ok_or_else(|| Refusal::invalid("Invalid request: name must not be empty"))?;
    let organization = world.organizations.iter_mut().find(|found| found.id == id);
    let organization = organization.ok_or_else(|| Refusal::not_found("organization", id))?;
    organization.name = name;
    organization.billing_email = fields::text(body, "billingEmail").unwrap_or_default();
    organization.is_scim_enabled = fields::flag(body, "isScimEnabled").unwrap_or_default();
    Ok(())
}

fn name(body: &Body) -> Result<String, Refusal> {
    let name = fields::filled(body, "name").filter(|name| name.chars().count() <= MAX_NAME);
    name.ok_or_else(|| Refusal::invalid("Invalid request: name must have 1 to 50 characters"))
}
