//! Spells users, Teams, invitations, tokens and their roles as the contract's JSON.
//! It must not decide anything.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::faces::astro_render::time;
use crate::world::network::AgentToken;
use crate::world::people::{Invite, Team, User};
use crate::world::role::{DagRole, EntityRole, SubjectRoles, TokenRole};
use crate::world::state::World;
use crate::world::token::ApiToken;

/// Which roles of a user or a Team are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown<'a> {
    /// All of them.
    All,
    /// That in the Organization, and those on one Workspace or Deployment. A list shows no more (inferred: the incumbent
    /// reads each user again before it changes roles).
    On(&'a str),
}

/// Whether the text of a token is shown, which happens once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// It is.
    Shown,
    /// It is not.
    Hidden,
}

/// Returns a user.
pub fn user(user: &User, shown: Shown<'_>) -> Value {
    let own = json!({
        "id": user.id, "username": user.username, "fullName": user.full_name, "avatarUrl": "",
        "status": user.status.word(), "createdAt": time(user.created_at), "updatedAt": time(user.updated_at),
    });
    with(own, roles(&user.roles, shown))
}

/// Returns a Team.
pub fn team(world: &World, team: &Team, shown: Shown<'_>) -> Value {
    let mut own = membership(team, shown);
    own["organizationId"] = team.organization_id.clone().into();
    own["createdAt"] = time(team.created_at).into();
    own["updatedAt"] = time(team.updated_at).into();
    own["createdBy"] = subject(world, "sandbox");
    own["updatedBy"] = subject(world, "sandbox");
    own
}

/// Returns a Team as one of its users sees it.
pub fn membership(team: &Team, shown: Shown<'_>) -> Value {
    let count = team.roles.workspaces.len() + team.roles.deployments.len() + team.roles.dags.len() + 1;
    let own = json!({
        "id": team.id, "name": team.name, "description": team.description, "isIdpManaged": team.is_idp_managed,
        "rolesCount": count,
    });
    with(own, roles(&team.roles, shown))
}

/// Returns a user as a member of a Team.
pub fn member(user: &User) -> Value {
    json!({
        "userId": user.id, "username": user.username, "fullName": user.full_name, "avatarUrl": "",
        "createdAt": time(user.created_at),
    })
}

/// Returns roles as they are sent and answered.
pub fn roles(roles: &SubjectRoles, shown: Shown<'_>) -> Value {
    let wanted = |id: &str| match shown {
        Shown::All => true,
        Shown::On(place) => place == id,
    };
    let entity = |list: &[EntityRole], key: &str| -> Vec<Value> {
        let seen = list.iter().filter(|held| wanted(&held.entity_id));
        seen.map(|held| json!({ key: held.entity_id, "role": held.role })).collect()
    };
    let dags: Vec<Value> = roles.dags.iter().filter(|held| wanted(&held.deployment_id)).map(dag_role).collect();
    json!({
        "organizationRole": roles.organization, "workspaceRoles": entity(&roles.workspaces, "workspaceId"),
        "deploymentRoles": entity(&roles.deployments, "deploymentId"), "dagRoles": dags,
    })
}

/// Returns an invitation.
pub fn invite(world: &World, invite: &Invite) -> Value {
    let organization = world.find_organization(&invite.organization_id).map(|found| found.name.clone());
    json!({
        "inviteId": invite.id, "organizationId": invite.organization_id, "userId": invite.user_id,
        "organizationName": organization.unwrap_or_default(), "expiresAt": time(invite.expires_at),
        "invitee": subject(world, &invite.user_id), "inviter": subject(world, &invite.inviter_id),
    })
}

/// Returns a token.
pub fn token(world: &World, token: &ApiToken, text: Text) -> Value {
    let mut own = json!({
        "id": token.id, "name": token.spec.name, "description": token.description, "kind": token.kind,
        "scope": token.spec.home().0.word(), "shortToken": token.short_text(),
        "roles": token.spec.roles.iter().map(token_role).collect::<Vec<_>>(),
        "createdAt": time(token.created_at), "updatedAt": time(token.updated_at), "startAt": time(token.started_at),
        "createdBy": subject(world, &token.created_by), "updatedBy": subject(world, &token.created_by),
    });
    let times = [("endAt", token.spec.expires_at), ("lastUsedAt", token.last_used_at), ("lastRotatedAt", token.last_rotated_at)];
    for (key, at) in times {
        if let Some(at) = at {
            own[key] = time(at).into();
        }
    }
    if let Some(days) = token.expiry_days {
        own["expiryPeriodInDays"] = days.into();
    }
    if text == Text::Shown {
        own["token"] = token.text.clone().into();
    }
    own
}

/// Returns the roles of a token as the answer to changing them, which has no place for the kinds of a list.
pub fn roles_of_token(token: &ApiToken) -> Value {
    let mut held = SubjectRoles::default();
    for role in &token.spec.roles {
        let entity = || EntityRole { entity_id: role.entity_id.clone(), role: role.role.clone() };
        match role.kind.word() {
            "ORGANIZATION" => held.organization = role.role.clone(),
            "WORKSPACE" => held.workspaces.push(entity()),
            "DEPLOYMENT" => held.deployments.push(entity()),
            kind => held.dags.push(DagRole {
                deployment_id: role.deployment_id.clone().unwrap_or_default(),
                dag_id: (kind == "DAG").then(|| role.entity_id.clone()),
                dag_tag: (kind != "DAG").then(|| role.entity_id.clone()),
                role: role.role.clone(),
            }),
        }
    }
    roles(&held, Shown::All)
}

/// Returns a token of a remote execution agent.
pub fn agent_token(world: &World, token: &AgentToken, text: Text) -> Value {
    let life = token.expiry_days.map(|days| jiff::SignedDuration::from_hours(days * 24));
    let end: Option<Timestamp> = life.and_then(|life| token.created_at.saturating_add(life).ok());
    let mut own = json!({
        "id": token.id, "name": token.name, "description": token.description, "kind": "STANDARD", "scope": "DEPLOYMENT",
        "shortToken": token.text.get(..9).unwrap_or_default(), "startAt": time(token.created_at),
        "createdAt": time(token.created_at), "updatedAt": time(token.created_at),
        "createdBy": subject(world, &token.created_by), "updatedBy": subject(world, &token.created_by),
    });
    if let Some(end) = end {
        own["endAt"] = time(end).into();
    }
    if text == Text::Shown {
        own["token"] = token.text.clone().into();
    }
    own
}

/// Returns somebody who did something, or to whom it was done.
pub fn subject(world: &World, id: &str) -> Value {
    if let Some(user) = world.people.user(id) {
        return json!({ "id": id, "subjectType": "USER", "username": user.username, "fullName": user.full_name });
    }
    let token = world.tokens.iter().find(|token| token.id == id);
    match token {
        Some(token) => json!({ "id": id, "subjectType": "SERVICEKEY", "apiTokenName": token.spec.name }),
        None => json!({ "id": id, "subjectType": "SERVICEKEY" }),
    }
}

fn token_role(role: &TokenRole) -> Value {
    let mut own = json!({ "entityType": role.kind.word(), "entityId": role.entity_id, "role": role.role });
    if let Some(id) = &role.deployment_id {
        own["deploymentId"] = id.clone().into();
    }
    own
}

fn dag_role(held: &DagRole) -> Value {
    let mut own = json!({ "deploymentId": held.deployment_id, "role": held.role });
    for (key, value) in [("dagId", &held.dag_id), ("dagTag", &held.dag_tag)] {
        if let Some(value) = value {
            own[key] = value.clone().into();
        }
    }
    own
}

fn with(mut own: Value, further: Value) -> Value {
    if let (Value::Object(own), Value::Object(further)) = (&mut own, further) {
        own.extend(further);
    }
    own
}
