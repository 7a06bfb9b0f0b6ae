//! Users of an Organization and their roles (reference/astro-platform.md 8.4).
//! It must not know how they are shown.

use crate::refusal::Refusal;
use crate::rules::fields::Body;
use crate::rules::role_sets;
use crate::world::people::{User, UserStatus};
use crate::world::role::ORGANIZATION_OWNER;
use crate::world::state::World;
use crate::world::token::ApiToken;

/// Returns a user of the caller's Organization.
pub fn enter<'a>(world: &'a World, caller: &ApiToken, id: &str) -> Result<&'a User, Refusal> {
    let user = world.people.user(id).filter(|user| user.organization_id == caller.spec.organization_id);
    user.ok_or_else(|| Refusal::not_found("user", id))
}

/// Replaces a user's roles; an Organization keeps at least one owner who is there.
pub fn update_roles(world: &mut World, caller: &ApiToken, id: &str, body: &Body) -> Result<(), Refusal> {
    let user = enter(world, caller, id)?;
    let roles = role_sets::replaced(world, caller, &user.roles, body)?;
    role_sets::allow(world, caller, (&user.roles, &roles), "UpdateUserRoles")?;
    let owns = |user: &User| user.roles.organization == ORGANIZATION_OWNER && user.status == UserStatus::Active;
    let owners = world.people.users.iter().filter(|other| other.organization_id == user.organization_id && owns(other)).count();
    if owns(user) && roles.organization != ORGANIZATION_OWNER && owners == 1 {
        return Err(Refusal::invalid("Cannot remove the last owner of the organization"));
    }
    let now = world.clock.now();
    if let Some(user) = world.people.users.iter_mut().find(|user| user.id == id) {
        user.roles = roles;
        user.updated_at = now;
    }
    Ok(())
}
