//! The roles of API tokens, which are replaced as a list (reference/astro-platform.md 8.6).
//! It must not know how they are shown.

use serde_json::Value;

use crate::refusal::Refusal;
use crate::rules::fields::{self, Body};
use crate::rules::{authority, role_sets, tokens};
use crate::world::role::{EntityKind, ORGANIZATION_ROLES, TokenRole, WORKSPACE_ROLES};
use crate::world::state::World;
use crate::world::token::{ApiToken, Holder};

/// Replaces the roles of a token. Who may do that depends on the things whose roles change: the owner of a Workspace may
/// let a token of the Organization in, but change nothing else about it.
pub fn update(world: &mut World, caller: &ApiToken, id: &str, body: &Body) -> Result<(), Refusal> {
    let known = world.tokens.iter().find(|token| token.id == id && token.spec.holder == Holder::Service);
    let token = known.filter(|token| token.spec.organization_id == caller.spec.organization_id);
    let token = token.ok_or_else(|| Refusal::not_found("API token", id))?;
    let roles = sent(body);
    check(world, caller, token.spec.home(), &roles)?;
    let differs = |one: &[TokenRole], role: &TokenRole| !one.contains(role);
    let gone = token.spec.roles.iter().filter(|role| differs(&roles, role));
    for role in gone.chain(roles.iter().filter(|role| differs(&token.spec.roles, role))) {
        let subject = match &role.deployment_id {
            Some(id) => (EntityKind::Deployment, id.as_str()),
            None => (role.kind, role.entity_id.as_str()),
        };
        authority::require(world, caller, "UpdateApiTokenRoles", tokens::place(subject))?;
    }
    let now = world.clock.now();
    let token = tokens::find(world, id)?;
    token.spec.roles = roles;
    token.updated_at = now;
    Ok(())
}

/// Returns an error unless every role fits what it is about, and that lies within the thing the token belongs to. (That a
/// token of a Workspace gets no role elsewhere is inferred.)
pub fn check(world: &World, caller: &ApiToken, home: (EntityKind, &str), roles: &[TokenRole]) -> Result<(), Refusal> {
    if roles.is_empty() {
        return Err(Refusal::invalid("Invalid request: roles must have at least 1 item"));
    }
    for (place, role) in roles.iter().enumerate() {
        let same = |other: &TokenRole| {
            (other.kind, &other.entity_id, &other.deployment_id) == (role.kind, &role.entity_id, &role.deployment_id)
        };
        if roles.iter().take(place).any(same) {
            return Err(Refusal::invalid(format!("Invalid request: {} has more than one role", role.entity_id)));
        }
        check_one(world, caller, role)?;
        if !within(world, home, role) {
            return Err(Refusal::invalid(format!("Invalid request: {} is outside the scope of the token", role.entity_id)));
        }
    }
    Ok(())
}

fn check_one(world: &World, caller: &ApiToken, role: &TokenRole) -> Result<(), Refusal> {
    let own = &caller.spec.organization_id;
    let wrong = || Refusal::invalid(format!("Invalid request: {} is not a role of {}", role.role, role.kind.word()));
    let workspace_of = |id: &str| {
        let found = world.find_deployment(id).ok().filter(|found| found.organization_id == *own);
        found.map(|found| found.workspace_id.clone()).ok_or_else(|| Refusal::not_found("deployment", id))
    };
    match role.kind {
        EntityKind::Organization if role.entity_id != *own => Err(Refusal::not_found("organization", &role.entity_id)),
        EntityKind::Organization if ORGANIZATION_ROLES.contains(&role.role.as_str()) => Ok(()),
        EntityKind::Organization => Err(wrong()),
        EntityKind::Workspace => {
            let found = world.find_workspace(&role.entity_id)?;
            if found.organization_id != *own {
                return Err(Refusal::not_found("workspace", &role.entity_id));
            }
            if WORKSPACE_ROLES.contains(&role.role.as_str()) { Ok(()) } else { Err(wrong()) }
        }
        EntityKind::Deployment => {
            let workspace = workspace_of(&role.entity_id)?;
            role_sets::check_named(world, own, ("DEPLOYMENT", &role.role), &workspace)
        }
        EntityKind::Dag | EntityKind::DagTag => {
            let deployment =
                role.deployment_id.as_deref().ok_or_else(|| Refusal::invalid("Invalid request: deploymentId is required"))?;
            role_sets::check_named(world, own, ("DAG", &role.role), &workspace_of(deployment)?)
        }
    }
}

fn within(world: &World, (kind, id): (EntityKind, &str), role: &TokenRole) -> bool {
    let deployment = role.deployment_id.as_deref().or((role.kind == EntityKind::Deployment).then_some(&role.entity_id));
    match kind {
        EntityKind::Workspace => match deployment {
            Some(deployment) => world.find_deployment(deployment).is_ok_and(|found| found.workspace_id == id),
            None => role.kind == EntityKind::Workspace && role.entity_id == id,
        },
        EntityKind::Deployment => deployment == Some(id),
        _ => true,
    }
}

fn sent(body: &Body) -> Vec<TokenRole> {
    let entries = body.get("roles").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let role = |entry: &Body| TokenRole {
        kind: EntityKind::from_word(&fields::text(entry, "entityType").unwrap_or_default()).unwrap_or(EntityKind::Organization),
        entity_id: fields::text(entry, "entityId").unwrap_or_default(),
        role: fields::text(entry, "role").unwrap_or_default(),
        deployment_id: fields::filled(entry, "deploymentId"),
    };
    entries.map(role).collect()
}
