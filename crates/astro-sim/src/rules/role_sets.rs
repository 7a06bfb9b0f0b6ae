//! Replacing the roles of a user or a Team as a set (reference/astro-platform.md 8.4, 8.5).
//! It must not know whose roles they are.

use serde_json::Value;

use crate::refusal::Refusal;
use crate::rules::authority::{self, Place};
use crate::rules::fields::{self, Body};
use crate::world::role::{DAG_ROLES, DEPLOYMENT_ADMIN, DagRole, EntityRole, ORGANIZATION_ROLES, SubjectRoles, WORKSPACE_ROLES};
use crate::world::state::World;
use crate::world::token::ApiToken;

/// Returns the roles that a request makes of the present ones.
///
/// A list that is sent replaces the present one. A request with the role in the Organization alone keeps all lists; one
/// with any list empties the roles on DAGs unless they are sent too (inferred: the sources leave open whether they stay,
/// so clients had better send them). The role in the Organization is required with any list.
pub fn replaced(world: &World, caller: &ApiToken, present: &SubjectRoles, body: &Body) -> Result<SubjectRoles, Refusal> {
    let lists = ["workspaceRoles", "deploymentRoles", "dagRoles"];
    let Some(organization) = fields::filled(body, "organizationRole") else {
        return Err(Refusal::invalid("Invalid request: organizationRole is required"));
    };
    if !ORGANIZATION_ROLES.contains(&organization.as_str()) {
        return Err(Refusal::invalid(format!("Invalid request: organizationRole {organization} is not a role")));
    }
    let mut roles = SubjectRoles { organization, ..present.clone() };
    if let Some(sent) = entries(body, "workspaceRoles") {
        roles.workspaces = sent.map(|entry| entity_role(entry, "workspaceId")).collect();
    }
    if let Some(sent) = entries(body, "deploymentRoles") {
        roles.deployments = sent.map(|entry| entity_role(entry, "deploymentId")).collect();
    }
    match entries(body, "dagRoles") {
        Some(sent) => roles.dags = sent.map(dag_role).collect(),
        None if lists.iter().any(|list| body.contains_key(*list)) => roles.dags.clear(),
        None => {}
    }
    check(world, caller, &roles)?;
    Ok(roles)
}

/// Returns a 403 unless the caller may make every difference between two sets of roles.
pub fn allow(
    world: &World,
    caller: &ApiToken,
    (old, new): (&SubjectRoles, &SubjectRoles),
    operation: &str,
) -> Result<(), Refusal> {
    if old.organization != new.organization {
        authority::require(world, caller, operation, Place::Organization)?;
    }
    for id in changed(&old.workspaces, &new.workspaces) {
        authority::require(world, caller, operation, Place::Workspace(id))?;
    }
    for id in changed(&old.deployments, &new.deployments) {
        authority::require(world, caller, operation, Place::Deployment(id))?;
    }
    let differs = |one: &[DagRole], other: &DagRole| !one.contains(other);
    let gone = old.dags.iter().filter(|role| differs(&new.dags, role));
    for role in gone.chain(new.dags.iter().filter(|role| differs(&old.dags, role))) {
        authority::require(world, caller, operation, Place::Deployment(&role.deployment_id))?;
    }
    Ok(())
}

/// Returns an error unless a role of a Deployment or a DAG exists and may be used in a Workspace.
pub fn check_named(
    world: &World,
    organization_id: &str,
    (scope_type, role): (&str, &str),
    workspace_id: &str,
) -> Result<(), Refusal> {
    let built_in: &[&str] = if scope_type == "DAG" { &DAG_ROLES } else { &[DEPLOYMENT_ADMIN] };
    let own = world.roles.iter().filter(|found| found.organization_id == organization_id && found.scope_type == scope_type);
    let custom = own.into_iter().find(|found| found.name == role);
    let fits = custom.is_some_and(|found| {
        found.restricted_workspace_ids.is_empty() || found.restricted_workspace_ids.iter().any(|id| id == workspace_id)
    });
    match (built_in.contains(&role) || fits, custom) {
        (true, _) => Ok(()),
        (false, Some(_)) => Err(Refusal::invalid(format!("Invalid request: role {role} is not available in this workspace"))),
        (false, None) => Err(Refusal::invalid(format!("Invalid request: {role} is not a role"))),
    }
}

fn check(world: &World, caller: &ApiToken, roles: &SubjectRoles) -> Result<(), Refusal> {
    let organization = &caller.spec.organization_id;
    for held in &roles.workspaces {
        world
            .find_workspace(&held.entity_id)
            .ok()
            .filter(|found| found.organization_id == *organization)
            .ok_or_else(|| missing(held))?;
        if !WORKSPACE_ROLES.contains(&held.role.as_str()) {
            return Err(Refusal::invalid(format!("Invalid request: {} is not a role", held.role)));
        }
    }
    let workspace_of = |id: &str| {
        let found = world.find_deployment(id).ok().filter(|found| found.organization_id == *organization);
        found.map(|found| found.workspace_id.clone())
    };
    for held in &roles.deployments {
        let workspace = workspace_of(&held.entity_id).ok_or_else(|| missing(held))?;
        check_named(world, organization, ("DEPLOYMENT", &held.role), &workspace)?;
    }
    for held in &roles.dags {
        let workspace = workspace_of(&held.deployment_id).ok_or_else(|| Refusal::not_found("deployment", &held.deployment_id))?;
        check_named(world, organization, ("DAG", &held.role), &workspace)?;
        if held.dag_id.is_some() == held.dag_tag.is_some() {
            return Err(Refusal::invalid("Invalid request: either dagId or dagTag is required"));
        }
    }
    for list in [&roles.workspaces, &roles.deployments] {
        let twice =
            list.iter().enumerate().find(|(place, held)| list.iter().take(*place).any(|one| one.entity_id == held.entity_id));
        if let Some((_, held)) = twice {
            return Err(Refusal::invalid(format!("Invalid request: {} has more than one role", held.entity_id)));
        }
    }
    Ok(())
}

fn missing(held: &EntityRole) -> Refusal {
    Refusal::not_found("workspace or deployment", &held.entity_id)
}

fn changed<'a>(old: &'a [EntityRole], new: &'a [EntityRole]) -> Vec<&'a str> {
    let gone = old.iter().filter(|held| !new.contains(held));
    gone.chain(new.iter().filter(|held| !old.contains(held))).map(|held| held.entity_id.as_str()).collect()
}

fn entries<'a>(body: &'a Body, name: &str) -> Option<impl Iterator<Item = &'a Body>> {
    body.get(name).and_then(Value::as_array).map(|list| list.iter().filter_map(Value::as_object))
}

fn entity_role(entry: &Body, id: &str) -> EntityRole {
    EntityRole { entity_id: fields::text(entry, id).unwrap_or_default(), role: fields::text(entry, "role").unwrap_or_default() }
}

fn dag_role(entry: &Body) -> DagRole {
    DagRole {
        deployment_id: fields::text(entry, "deploymentId").unwrap_or_default(),
        dag_id: fields::filled(entry, "dagId"),
        dag_tag: fields::filled(entry, "dagTag"),
        role: fields::text(entry, "role").unwrap_or_default(),
    }
}
