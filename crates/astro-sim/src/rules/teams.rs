//! Teams, who is in them, and their roles (reference/astro-platform.md 8.5).
//! It must not know how they are shown.

use serde_json::Value;

use crate::refusal::Refusal;
use crate::rules::fields::{self, Body};
use crate::rules::{role_sets, users};
use crate::world::people::Team;
use crate::world::role::SubjectRoles;
use crate::world::state::World;
use crate::world::token::ApiToken;

/// Returns a Team of the caller's Organization.
pub fn enter<'a>(world: &'a World, caller: &ApiToken, id: &str) -> Result<&'a Team, Refusal> {
    let own = |team: &&Team| team.id == id && team.organization_id == caller.spec.organization_id;
    world.people.teams.iter().find(own).ok_or_else(|| Refusal::not_found("team", id))
}

/// Creates a Team and returns its id; where an identity provider makes the Teams, nobody else does.
pub fn create(world: &mut World, caller: &ApiToken, body: &Body) -> Result<String, Refusal> {
    let organization = world.find_organization(&caller.spec.organization_id)?;
    if organization.is_scim_enabled {
        return Err(Refusal::invalid("Teams of this organization are managed by the identity provider"));
    }
    let name = name(body)?;
    let members = member_ids(world, caller, body)?;
    let role = fields::filled(body, "organizationRole").unwrap_or_else(|| "ORGANIZATION_MEMBER".into());
    let ids: Vec<&str> = members.iter().map(String::as_str).collect();
    let id = world.add_team(&name, SubjectRoles::of(&role), &ids);
    let team = find(world, &id)?;
    team.organization_id = caller.spec.organization_id.clone();
    team.description = fields::text(body, "description").unwrap_or_default();
    Ok(id)
}

/// Changes name and description of a Team.
pub fn update(world: &mut World, caller: &ApiToken, id: &str, body: &Body) -> Result<(), Refusal> {
    enter(world, caller, id)?;
    let (name, now) = (name(body)?, world.clock.now());
    let team = find(world, id)?;
    team.name = name;
    team.description = fields::text(body, "description").unwrap_or_default();
    team.updated_at = now;
    Ok(())
}

/// Deletes a Team.
pub fn delete(world: &mut World, caller: &ApiToken, id: &str) -> Result<(), Refusal> {
    enter(world, caller, id)?;
    world.people.teams.retain(|team| team.id != id);
    Ok(())
}

/// Adds users to a Team; who is in it already stays.
pub fn add_members(world: &mut World, caller: &ApiToken, id: &str, body: &Body) -> Result<(), Refusal> {
    check_managed(enter(world, caller, id)?)?;
    let wanted = member_ids(world, caller, body)?;
    let team = find(world, id)?;
    for member in wanted {
        if !team.members.contains(&member) {
            team.members.push(member);
        }
    }
    Ok(())
}

/// Takes a user out of a Team.
pub fn remove_member(world: &mut World, caller: &ApiToken, id: &str, member: &str) -> Result<(), Refusal> {
    let team = enter(world, caller, id)?;
    check_managed(team)?;
    if !team.members.iter().any(|known| known == member) {
        return Err(Refusal::not_found("team member", member));
    }
    find(world, id)?.members.retain(|known| known != member);
    Ok(())
}

/// Replaces a Team's roles.
pub fn update_roles(world: &mut World, caller: &ApiToken, id: &str, body: &Body) -> Result<(), Refusal> {
    let team = enter(world, caller, id)?;
    let roles = role_sets::replaced(world, caller, &team.roles, body)?;
    role_sets::allow(world, caller, (&team.roles, &roles), "UpdateTeamRoles")?;
    let now = world.clock.now();
    let team = find(world, id)?;
    team.roles = roles;
    team.updated_at = now;
    Ok(())
}

fn check_managed(team: &Team) -> Result<(), Refusal> {
    let managed = team.is_idp_managed.then(|| Refusal::invalid("Members of this team are managed by the identity provider"));
    managed.map_or(Ok(()), Err)
}

fn find<'a>(world: &'a mut World, id: &str) -> Result<&'a mut Team, Refusal> {
    world.people.teams.iter_mut().find(|team| team.id == id).ok_or_else(|| Refusal::not_found("team", id))
}

fn name(body: &Body) -> Result<String, Refusal> {
    fields::filled(body, "name").ok_or_else(|| Refusal::invalid("Invalid request: name must not be empty"))
}

fn member_ids(world: &World, caller: &ApiToken, body: &Body) -> Result<Vec<String>, Refusal> {
    let sent = body.get("memberIds").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let known = sent.map(|id| users::enter(world, caller, id).map(|user| user.id.clone()));
    known.collect()
}
