//! Who may do what: bearer tokens, their scope and expiry (reference/astro-platform.md 2).
//! It must not know operations beyond reading and writing.

use crate::refusal::Refusal;
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

/// Returns a 403 unless the token may do this at all.
pub fn require(caller: &ApiToken, access: Access) -> Result<(), Refusal> {
    match (caller.spec.access, access) {
        (Access::Read, Access::Write) => Err(Refusal::forbidden("Token does not have permission to perform this action")),
        _ => Ok(()),
    }
}

/// Returns a Deployment of an Organization; 404 if it is not there, 403 if the token does not reach it.
pub fn enter_deployment<'a>(world: &'a World, caller: &ApiToken, id: &str) -> Result<&'a Deployment, Refusal> {
    let deployment = world.find_deployment(id)?;
    if deployment.organization_id != caller.spec.organization_id {
        return Err(Refusal::not_found("deployment", id));
    }
    if !caller.reaches(&deployment.workspace_id, &deployment.id) {
        return Err(Refusal::forbidden("Token does not have access to this deployment"));
    }
    Ok(deployment)
}
