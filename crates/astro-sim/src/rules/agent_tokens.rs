//! Tokens of remote execution agents (reference/astro-platform.md 5.7).
//! It must not know how they are shown.

use crate::digest;
use crate::refusal::Refusal;
use crate::rules::fields::{self, Body};
use crate::world::network::AgentToken;
use crate::world::state::World;
use crate::world::token::ApiToken;

/// Creates a token of a Deployment and returns its id. (That its Deployment must execute remotely is inferred.)
pub fn create(world: &mut World, caller: &ApiToken, deployment_id: &str, body: &Body) -> Result<String, Refusal> {
    let deployment = world.find_deployment(deployment_id)?;
    let remote = deployment.settings.get("remoteExecution").and_then(|remote| remote.get("enabled"));
    if remote.and_then(serde_json::Value::as_bool) != Some(true) {
        return Err(Refusal::invalid("Remote execution is not enabled for this deployment"));
    }
    let name = fields::filled(body, "name").ok_or_else(|| Refusal::invalid("Invalid request: name must not be empty"))?;
    let days = body.get("tokenExpiryPeriodInDays").and_then(serde_json::Value::as_i64);
    if days.is_some_and(|days| !(1..=3650).contains(&days)) {
        return Err(Refusal::invalid("Invalid request: tokenExpiryPeriodInDays must be between 1 and 3650"));
    }
    let id = world.ids.fresh();
    let token = AgentToken {
        deployment_id: deployment_id.to_owned(),
        name,
        description: fields::text(body, "description").unwrap_or_default(),
        text: format!("agent-{}", digest::tag(&["agent", &id])),
        expiry_days: days,
        created_at: world.clock.now(),
        created_by: caller.id.clone(),
        id: id.clone(),
    };
    world.agent_tokens.push(token);
    Ok(id)
}

/// Returns a token of a Deployment.
pub fn enter<'a>(world: &'a World, deployment_id: &str, id: &str) -> Result<&'a AgentToken, Refusal> {
    let known = world.agent_tokens.iter().find(|token| token.id == id && token.deployment_id == deployment_id);
    known.ok_or_else(|| Refusal::not_found("agent token", id))
}

/// Deletes a token of a Deployment.
pub fn delete(world: &mut World, deployment_id: &str, id: &str) -> Result<(), Refusal> {
    enter(world, deployment_id, id)?;
    world.agent_tokens.retain(|token| token.id != id);
    Ok(())
}
