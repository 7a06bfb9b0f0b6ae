//! The Astro operations on API tokens and on tokens of remote execution agents.
//! It must not know the rules they follow.

use serde_json::Value;

use crate::faces::astro_reads::page;
use crate::faces::astro_render_people::{self as render, Text};
use crate::faces::astro_request::{Outcome, Request};
use crate::refusal::Refusal;
use crate::rules::authority::{self, Place};
use crate::rules::{access, accounts, agent_tokens, token_roles, tokens};
use crate::world::role::EntityKind;
use crate::world::state::World;
use crate::world::token::{ApiToken, Holder};

/// Performs an operation on tokens; `None` if it is none of these.
pub fn perform(world: &mut World, operation: &str, request: &Request<'_>) -> Option<Outcome> {
    let outcome = match operation {
        "ListApiTokens" => list(world, request).map(Some),
        "GetApiToken" | "CreateApiToken" | "UpdateApiToken" | "DeleteApiToken" | "RotateApiToken" | "UpdateApiTokenRoles" => {
            token(world, operation, request)
        }
        "ListAgentTokens" | "GetAgentToken" | "CreateAgentToken" | "DeleteAgentToken" => agent_token(world, operation, request),
        _ => return None,
    };
    Some(outcome)
}

/// Lists the tokens with a role on the Workspace or Deployment of the query, or all.
fn list(world: &World, request: &Request<'_>) -> Result<Value, Refusal> {
    let (caller, text) = (&request.caller, |name: &str| request.call.parameter(name));
    let place = match (text("workspaceId"), text("deploymentId")) {
        (Some(id), _) => Place::Workspace(&accounts::enter_workspace(world, caller, id)?.id),
        (None, Some(id)) => Place::Deployment(&access::enter_deployment(world, caller, id)?.id),
        (None, None) => Place::Organization,
    };
    authority::require(world, caller, "ListApiTokens", place)?;
    let only_organization = text("includeOnlyOrganizationTokens") == Some("true");
    let wanted = |token: &&ApiToken| {
        let on = |kind: EntityKind, id: &str| token.spec.roles.iter().any(|role| role.kind == kind && role.entity_id == id);
        let held = match place {
            Place::Workspace(id) => on(EntityKind::Workspace, id),
            Place::Deployment(id) => on(EntityKind::Deployment, id),
            Place::Organization => true,
        };
        held && token.spec.holder == Holder::Service
            && token.spec.organization_id == caller.spec.organization_id
            && (!only_organization || token.spec.home().0 == EntityKind::Organization)
            && text("kind").is_none_or(|kind| kind == token.kind)
            && text("dagId").is_none_or(|id| on(EntityKind::Dag, id))
    };
    let found = world.tokens.iter().filter(wanted).map(|token| render::token(world, token, Text::Hidden));
    page(request, "tokens", found.collect())
}

fn token(world: &mut World, operation: &str, request: &Request<'_>) -> Outcome {
    let (caller, body) = (&request.caller, &request.body);
    let mut id = request.id("tokenId").to_owned();
    let mut text = Text::Hidden;
    match operation {
        "GetApiToken" => drop(tokens::enter(world, caller, operation, &id)?),
        "UpdateApiToken" => tokens::update(world, caller, &id, body)?,
        "DeleteApiToken" => return tokens::delete(world, caller, &id).map(|()| None),
        "UpdateApiTokenRoles" => {
            token_roles::update(world, caller, &id, body)?;
            return Ok(Some(render::roles_of_token(tokens::find(world, &id)?)));
        }
        "CreateApiToken" => {
            id = tokens::create(world, caller, body)?;
            text = Text::Shown;
        }
        _ => {
            tokens::rotate(world, caller, &id)?;
            text = Text::Shown;
        }
    }
    let token = tokens::find(world, &id)?.clone();
    Ok(Some(render::token(world, &token, text)))
}

fn agent_token(world: &mut World, operation: &str, request: &Request<'_>) -> Outcome {
    let (deployment, id) = (request.id("deploymentId"), request.id("agentTokenId"));
    match operation {
        "ListAgentTokens" => {
            let own = world.agent_tokens.iter().filter(|token| token.deployment_id == deployment);
            page(request, "tokens", own.map(|token| render::agent_token(world, token, Text::Hidden)).collect()).map(Some)
        }
        "GetAgentToken" => Ok(Some(render::agent_token(world, agent_tokens::enter(world, deployment, id)?, Text::Hidden))),
        "CreateAgentToken" => {
            let id = agent_tokens::create(world, &request.caller, deployment, &request.body)?;
            Ok(Some(render::agent_token(world, agent_tokens::enter(world, deployment, &id)?, Text::Shown)))
        }
        _ => agent_tokens::delete(world, deployment, id).map(|()| None),
    }
}
