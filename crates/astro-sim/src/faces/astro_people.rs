//! The Astro operations on users, invitations and Teams.
//! It must not know the rules they follow.

use serde_json::{Value, json};

use crate::faces::astro_reads::{among, page};
use crate::faces::astro_render::time;
use crate::faces::astro_render_people::{self as render, Shown};
use crate::faces::astro_request::{Outcome, Request};
use crate::refusal::Refusal;
use crate::rules::{invites, teams, users};
use crate::world::people::{Team, User};
use crate::world::role::SubjectRoles;
use crate::world::state::World;

/// Performs an operation on people; `None` if it is none of these.
pub fn perform(world: &mut World, operation: &str, request: &Request<'_>) -> Option<Outcome> {
    let outcome = match operation {
        "ListUsers" | "GetUser" | "UpdateUserRoles" | "ListUserTeams" | "GetSelfUser" => user(world, operation, request),
        "CreateUserInvite" | "DeleteUserInvite" => invite(world, operation, request),
        "ListTeams" | "GetTeam" | "ListTeamMembers" => team_read(world, operation, request),
        "CreateTeam" | "UpdateTeam" | "DeleteTeam" | "AddTeamMembers" | "RemoveTeamMember" | "UpdateTeamRoles" => {
            team_write(world, operation, request)
        }
        _ => return None,
    };
    Some(outcome)
}

fn user(world: &mut World, operation: &str, request: &Request<'_>) -> Outcome {
    let (caller, id) = (&request.caller, request.id("userId"));
    match operation {
        "ListUsers" => {
            let own = world.people.users.iter().filter(|user| user.organization_id == caller.spec.organization_id);
            let wanted = own.filter(|user| holds(request, &user.roles));
            page(request, "users", wanted.map(|user| render::user(user, Shown::On(place(request)))).collect()).map(Some)
        }
        "GetUser" => Ok(Some(render::user(users::enter(world, caller, id)?, Shown::All))),
        "ListUserTeams" => {
            users::enter(world, caller, id)?;
            let own = world.people.teams.iter().filter(|team| team.members.iter().any(|member| member == id));
            page(request, "teams", own.map(|team| render::membership(team, Shown::All)).collect()).map(Some)
        }
        "UpdateUserRoles" => {
            users::update_roles(world, caller, id, &request.body)?;
            Ok(Some(render::roles(&users::enter(world, caller, id)?.roles, Shown::All)))
        }
        _ => self_user(world, request).map(Some),
    }
}

/// Answers who is logged in; a token of a machine is nobody (inferred).
fn self_user(world: &World, request: &Request<'_>) -> Result<Value, Refusal> {
    let user: Option<&User> = world.people.user_named(&request.caller.spec.name);
    let user = user.ok_or_else(|| Refusal::invalid("Token does not belong to a user"))?;
    let role = json!({ "role": user.roles.organization, "scope": { "type": "ORGANIZATION", "entityId": user.organization_id } });
    Ok(json!({
        "id": user.id, "username": user.username, "fullName": user.full_name, "avatarUrl": "",
        "status": user.status.word(), "organizationId": user.organization_id, "roles": [role],
        "createdAt": time(user.created_at), "updatedAt": time(user.updated_at),
    }))
}

fn invite(world: &mut World, operation: &str, request: &Request<'_>) -> Outcome {
    if operation == "DeleteUserInvite" {
        return invites::delete(world, &request.caller, request.id("inviteId")).map(|()| None);
    }
    let id = invites::create(world, &request.caller, &request.body)?;
    let made = world.people.invites.iter().find(|invite| invite.id == id);
    Ok(made.map(|invite| render::invite(world, invite)))
}

fn team_read(world: &World, operation: &str, request: &Request<'_>) -> Outcome {
    let (caller, id) = (&request.caller, request.id("teamId"));
    match operation {
        "ListTeams" => {
            let names = request.call.parameters("names");
            let own = world.people.teams.iter().filter(|team| team.organization_id == caller.spec.organization_id);
            let wanted = own.filter(|team| among(&names, &team.name) && holds(request, &team.roles));
            let shown = |team: &Team| render::team(world, team, Shown::On(place(request)));
            page(request, "teams", wanted.map(shown).collect()).map(Some)
        }
        "GetTeam" => Ok(Some(render::team(world, teams::enter(world, caller, id)?, Shown::All))),
        _ => {
            let team = teams::enter(world, caller, id)?;
            let members = team.members.iter().filter_map(|id| world.people.user(id));
            page(request, "teamMembers", members.map(render::member).collect()).map(Some)
        }
    }
}

fn team_write(world: &mut World, operation: &str, request: &Request<'_>) -> Outcome {
    let (caller, body) = (&request.caller, &request.body);
    let mut id = request.id("teamId").to_owned();
    match operation {
        "CreateTeam" => id = teams::create(world, caller, body)?,
        "UpdateTeam" => teams::update(world, caller, &id, body)?,
        "DeleteTeam" => return teams::delete(world, caller, &id).map(|()| None),
        "AddTeamMembers" => return teams::add_members(world, caller, &id, body).map(|()| None),
        "RemoveTeamMember" => return teams::remove_member(world, caller, &id, request.id("memberId")).map(|()| None),
        _ => {
            teams::update_roles(world, caller, &id, body)?;
            return Ok(Some(render::roles(&teams::enter(world, caller, &id)?.roles, Shown::All)));
        }
    }
    Ok(Some(render::team(world, teams::enter(world, caller, &id)?, Shown::All)))
}

/// Returns the Workspace or Deployment that a list is about; empty if it is about the Organization.
fn place<'a>(request: &'a Request<'_>) -> &'a str {
    request.call.parameter("workspaceId").or_else(|| request.call.parameter("deploymentId")).unwrap_or_default()
}

/// Returns whether somebody with these roles belongs into the list that a request asks for.
fn holds(request: &Request<'_>, roles: &SubjectRoles) -> bool {
    let text = |name: &str| request.call.parameter(name);
    let tags = request.call.parameters("dagTags");
    let on_dag = |id: &str| roles.dags.iter().any(|held| held.dag_id.as_deref() == Some(id));
    let on_tag = |tag: &String| roles.dags.iter().any(|held| held.dag_tag.as_ref() == Some(tag));
    text("workspaceId").is_none_or(|id| roles.workspace(id).is_some())
        && text("deploymentId").is_none_or(|id| roles.deployment(id).is_some())
        && text("dagId").is_none_or(on_dag)
        && (tags.is_empty() || tags.iter().any(on_tag))
}
