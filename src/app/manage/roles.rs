//! Changes the roles of one user, team or token: reads the whole set, edits what is named, writes the whole set, reads it
//! back and compares. The platform replaces sets, so whatever is not sent back could be lost.

use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;
use crate::model::roles::{
    DEPLOYMENT_ADMIN, Edit, Holder, ORGANIZATION_OWNER, ORGANIZATION_ROLES, Place, RoleSet, WORKSPACE_ROLES,
};

/// Whose roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its kind.
    pub holder: Holder,
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// All was so already.
    Nothing,
    /// It would be made.
    Planned,
    /// It was made, and read back.
    Made,
}

/// Makes the edits that a function chooses in view of the present roles.
///
/// # Errors
/// Whatever the function refuses; `Kind::Refused` when the last owner of the Organization or of a Workspace would go, when a
/// token would be left without any role, or when the platform holds other roles afterwards than were written; else as the
/// platform answers.
pub async fn change(
    session: &Session,
    astro: &AstroClient,
    subject: &Subject,
    choose: impl FnOnce(&RoleSet) -> Result<Vec<Edit>>,
) -> Result<Changed> {
    let before = read(astro, subject).await?;
    let edits = choose(&before)?;
    let after = before.edited(&edits);
    if after.same(&before) {
        return Ok(Changed::Nothing);
    }
    guard(astro, subject, (&before, &after)).await?;
    if session.is_dry() {
        return Ok(Changed::Planned);
    }
    let body = match subject.holder {
        Holder::Token => after.token_body(astro.organization_id().await?.as_str()),
        Holder::User | Holder::Team => after.subject_body(),
    };
    let doing = format!("change the roles of the {} {}", subject.holder.what(), subject.name);
    astro.update_record(&[subject.holder.path(), &subject.id, "roles"], &body, &doing).await?;
    let now = read(astro, subject).await?;
    if now.same(&after) {
        return Ok(Changed::Made);
    }
    Err(Error::new(Kind::Refused, doing)
        .because("what the platform holds now is not what was written")
        .hint("somebody else may have changed the roles at the same time; look, and run this again"))
}

async fn read(astro: &AstroClient, subject: &Subject) -> Result<RoleSet> {
    let doing = format!("read the roles of the {} {}", subject.holder.what(), subject.name);
    let record = astro.record(&[subject.holder.path(), &subject.id], &doing).await?;
    RoleSet::whole(subject.holder, &record)
}

async fn guard(astro: &AstroClient, subject: &Subject, (before, after): (&RoleSet, &RoleSet)) -> Result<()> {
    let refused = || Error::new(Kind::Refused, format!("change the roles of the {} {}", subject.holder.what(), subject.name));
    if subject.holder == Holder::Token {
        return if after.is_empty() {
            Err(refused().because("the token would have no role left").hint("delete it with `liftoff token delete`"))
        } else {
            Ok(())
        };
    }
    if after.role(&Place::Organization).is_none() {
        return Err(refused()
            .because("there is no role in the Organization, without which the platform takes no others")
            .hint("give one with `liftoff organization user update` or `liftoff organization team update`"));
    }
    let owns = |set: &RoleSet| set.role(&Place::Organization) == Some(ORGANIZATION_OWNER);
    if subject.holder == Holder::User && owns(before) && !owns(after) {
        let all = astro.records(&["users"], &[], "list the users").await?;
        if !all.iter().any(|user| user.id() != subject.id && is_active_owner(user)) {
            return Err(refused().because("nobody else owns the Organization").hint("make somebody else an owner first"));
        }
    }
    for place in before.owned_workspaces().filter(|place| after.role(place) != place.owner_role()) {
        let owners = owners(astro, place).await?;
        if owners.contains(&(subject.holder, subject.id.clone())) && owners.len() == 1 {
            return Err(refused().because("nobody else owns the Workspace").hint("make somebody else an owner first"));
        }
    }
    Ok(())
}

/// Returns the users and teams that own a Workspace themselves; of users, only those who are there.
async fn owners(astro: &AstroClient, place: &Place) -> Result<Vec<(Holder, String)>> {
    let mut owners = Vec::new();
    for holder in [Holder::User, Holder::Team] {
        let doing = format!("list the {}s", holder.what());
        let all = astro.records(&[holder.path()], &[("workspaceId", place.id())], &doing).await?;
        let owns = |record: &&Record| {
            let is_there = holder != Holder::User || record.text("status") == "ACTIVE";
            is_there && RoleSet::of(holder, record).role(place) == place.owner_role()
        };
        owners.extend(all.iter().filter(owns).map(|record| (holder, record.id().to_owned())));
    }
    Ok(owners)
}

/// Returns whether a user is there and owns the Organization.
#[must_use]
pub fn is_active_owner(user: &Record) -> bool {
    user.text("organizationRole") == ORGANIZATION_OWNER && user.text("status") == "ACTIVE"
}

/// Returns the names of the roles that can be given at a place.
///
/// # Errors
/// As the platform answers.
pub async fn known_roles(astro: &AstroClient, place: &Place) -> Result<Vec<String>> {
    let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    Ok(match place {
        Place::Organization => own(ORGANIZATION_ROLES),
        Place::Workspace(_) => own(WORKSPACE_ROLES),
        Place::Deployment(_) => {
            let custom = astro.records(&["roles"], &[("scopeTypes", "DEPLOYMENT")], "list the roles").await?;
            let custom = custom.iter().map(|role| role.text("name").to_owned());
            own(&[DEPLOYMENT_ADMIN]).into_iter().chain(custom).collect()
        }
    })
}
