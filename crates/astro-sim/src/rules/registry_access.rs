//! Registry tokens: what an API token may push and pull (reference/astro-platform.md 3.7).
//! It must not know how a token request is spelled.

use jiff::SignedDuration;

use crate::digest;
use crate::refusal::Refusal;
use crate::rules::access;
use crate::rules::authority::{self, Place};
use crate::world::registry::{Grant, Visibility};
use crate::world::state::World;
use crate::world::token::ApiToken;

/// Seconds a registry token works.
pub const LIFETIME: i64 = 300;

/// Returns a registry token for as much of the wanted scope as the credentials allow; `user` and `password` are those
/// of basic authentication, absent for an anonymous pull.
pub fn grant(world: &mut World, credentials: Option<(&str, &str)>, scopes: &[String]) -> Result<String, Refusal> {
    let caller = credentials.map(|credentials| caller(world, credentials)).transpose()?;
    let wanted = scopes.iter().flat_map(|scope| parse_scope(scope));
    let (allows, denies) = wanted.partition(|(repository, action)| allowed(world, caller.as_ref(), repository, action));
    let number = world.ids.number().to_string();
    let text = format!("registry-{}", digest::tag(&["registry", &number]));
    let expires_at = world.clock.now().saturating_add(SignedDuration::from_secs(LIFETIME)).unwrap_or(jiff::Timestamp::MAX);
    world.registry.grants.push(Grant { text: text.clone(), allows, denies, expires_at });
    Ok(text)
}

/// Returns a registry token, or nothing if it is unknown or has expired.
pub fn live_grant<'a>(world: &'a World, text: &str) -> Option<&'a Grant> {
    let now = world.clock.now();
    world.registry.grants.iter().find(|grant| grant.text == text && now < grant.expires_at)
}

/// Returns the API token behind basic credentials; the incumbent sends the password with the `Bearer` prefix on one of
/// its two ways, and the registry takes both.
fn caller(world: &World, (user, password): (&str, &str)) -> Result<ApiToken, Refusal> {
    if user != "cli" {
        return Err(Refusal::unauthorized("unknown user"));
    }
    access::by_text(world, password.strip_prefix("Bearer ").unwrap_or(password))
}

fn allowed(world: &World, caller: Option<&ApiToken>, repository: &str, action: &str) -> bool {
    let public = world.registry.repositories.get(repository).is_some_and(|found| found.visibility == Visibility::Public);
    if public && action == "pull" {
        return true;
    }
    let Some((caller, (organization, deployment))) = caller.zip(repository.split_once('/')) else { return false };
    organization == caller.spec.organization_id
        && access::enter_deployment(world, caller, deployment).is_ok()
        && (action == "pull" || authority::require(world, caller, "CreateDeploy", Place::Deployment(deployment)).is_ok())
}

/// Splits `repository:NAME:ACTION,ACTION`; NAME may hold a port.
fn parse_scope(scope: &str) -> Vec<(String, String)> {
    let Some((name, actions)) = scope.strip_prefix("repository:").and_then(|rest| rest.rsplit_once(':')) else {
        return Vec::new();
    };
    actions.split(',').map(|action| (name.to_owned(), action.to_owned())).collect()
}
