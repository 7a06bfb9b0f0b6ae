//! Inviting people into an Organization (reference/astro-platform.md 8.4).
//! It must not know how an invitation is shown.

use jiff::SignedDuration;

use crate::refusal::Refusal;
use crate::rules::fields::{self, Body};
use crate::world::people::{Invite, User, UserStatus};
use crate::world::role::SubjectRoles;
use crate::world::state::World;
use crate::world::token::ApiToken;

/// How long an invitation waits (inferred).
const LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Invites somebody, who is a pending user from now on (inferred from the user's states), and returns the invitation's id.
pub fn create(world: &mut World, caller: &ApiToken, body: &Body) -> Result<String, Refusal> {
    let email = fields::text(body, "inviteeEmail").unwrap_or_default();
    let well_formed = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if !well_formed || email.contains(char::is_whitespace) {
        return Err(Refusal::invalid("Invalid request: inviteeEmail is not an e-mail address"));
    }
    match world.people.user_named(&email).map(|user| user.status) {
        Some(UserStatus::Active) => {
            return Err(Refusal::invalid(format!("User {email} is already a member of the organization")));
        }
        Some(UserStatus::Pending) => return Err(Refusal::invalid(format!("User {email} has already been invited"))),
        None => {}
    }
    let user_id = world.add_user(&email, SubjectRoles::of(&fields::text(body, "role").unwrap_or_default()));
    if let Some(user) = world.people.users.iter_mut().find(|user| user.id == user_id) {
        user.status = UserStatus::Pending;
        user.full_name = String::new();
        user.organization_id = caller.spec.organization_id.clone();
    }
    let expires_at = world.clock.now().saturating_add(LIFE).unwrap_or_else(|_| world.clock.now());
    let (id, organization_id, inviter_id) = (world.ids.fresh(), caller.spec.organization_id.clone(), caller.id.clone());
    world.people.invites.push(Invite { id: id.clone(), organization_id, user_id, inviter_id, expires_at });
    Ok(id)
}

/// Takes an invitation back; the pending user goes with it.
pub fn delete(world: &mut World, caller: &ApiToken, id: &str) -> Result<(), Refusal> {
    let own = |invite: &&Invite| invite.id == id && invite.organization_id == caller.spec.organization_id;
    let invite = world.people.invites.iter().find(own).ok_or_else(|| Refusal::not_found("invite", id))?.clone();
    world.people.invites.retain(|other| other.id != id);
    let waits = |user: &User| user.id == invite.user_id && user.status == UserStatus::Pending;
    world.people.users.retain(|user| !waits(user));
    Ok(())
}
