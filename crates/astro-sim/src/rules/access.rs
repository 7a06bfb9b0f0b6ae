//! Who may do what: bearer tokens, their scope and expiry (reference/astro-platform.md 2).
//! It must not know what any operation does.

use std::collections::BTreeMap;

use crate::refusal::Refusal;
use crate::rules::accounts;
use crate::rules::authority::{self, At, Level, Place};
use crate::world::deployment::Deployment;
use crate::world::state::World;
use crate::world::token::{Access, ApiToken};

/// Returns the token behind an `Authorization` value, or a 401.
pub fn authenticate(world: &World, authorization: Option<&str>) -> Result<ApiToken, Refusal> {
    let header = authorization.ok_or_else(|| Refusal::unauthorized("Missing authorization header"))?;
    let text = header.strip_prefix("Bearer ").ok_or_else(|| Refusal::unauthorized("Authorization is not a bearer token"))?;
    by_text(world, text)
}

/// Returns the token with this text, or a 401 if there is none or it has expired.
pub fn by_text(world: &World, text: &str) -> Result<ApiToken, Refusal> {
    let known = world.tokens.iter().find(|token| token.text == text);
    let token = known.ok_or_else(|| Refusal::unauthorized("Invalid token"))?;
    match token.spec.expires_at {
        Some(expiry) if expiry <= world.clock.now() => Err(Refusal::unauthorized("Token has expired")),
        _ => Ok(token.clone()),
    }
}

/// Returns a 403 unless the token belongs to the Organization; a 404 if the Organization is unknown.
pub fn enter_organization(world: &World, caller: &ApiToken, organization_id: &str) -> Result<(), Refusal> {
    if caller.spec.organization_id != organization_id {
        return Err(Refusal::forbidden("Token does not have access to this organization"));
    }
    world.find_organization(organization_id).map(|_| ())
}

/// Returns a 403 unless the token may read or write in the Airflow of a Deployment.
pub fn enter_airflow(world: &World, caller: &ApiToken, deployment_id: &str, access: Access) -> Result<(), Refusal> {
    let need = match access {
        Access::Read => (Level::Member, "deployment.airflow.get"),
        Access::Write => (Level::Author, "deployment.airflow.update"),
    };
    authority::demand(world, caller, Place::Deployment(deployment_id), need)
}

/// Returns a 403 or 404 unless the token may call an operation with the ids of its path; an operation whose subject the
/// path does not name asks again.
pub fn admit(world: &World, caller: &ApiToken, operation: &str, ids: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let id = |name: &str| ids.get(name).map_or("", String::as_str);
    match authority::need_of(operation).at {
        At::Organization => authority::require(world, caller, operation, Place::Organization),
        At::Subject => Ok(()),
        At::Deployment => {
            enter_deployment(world, caller, id("deploymentId"))?;
            authority::require(world, caller, operation, Place::Deployment(id("deploymentId")))
        }
        At::Workspace => {
            accounts::enter_workspace(world, caller, id("workspaceId"))?;
            match authority::need_of(operation).level {
                Level::Anyone => Ok(()),
                _ => authority::require(world, caller, operation, Place::Workspace(id("workspaceId"))),
            }
        }
    }
}

/// Returns a Deployment of an Organization; 404 if it is not there, 403 if the token does not reach it.
pub fn enter_deployment<'a>(world: &'a World, caller: &ApiToken, id: &str) -> Result<&'a Deployment, Refusal> {
    let deployment = world.find_deployment(id)?;
    if deployment.organization_id != caller.spec.organization_id {
        return Err(Refusal::not_found("deployment", id));
    }
    if !authority::reaches(caller, &deployment.workspace_id, &deployment.id) {
        return Err(Refusal::forbidden("Token does not have access to this deployment"));
    }
    Ok(deployment)
}
