//! Users, Teams and invitations of Organizations.
//! It must not know what their roles allow.

use jiff::Timestamp;

use crate::world::role::SubjectRoles;

/// Whether a user is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserStatus {
    /// There.
    Active,
    /// Invited, but not there yet.
    Pending,
}

impl UserStatus {
    /// Returns the contract's word.
    pub fn word(self) -> &'static str {
        match self {
            UserStatus::Active => "ACTIVE",
            UserStatus::Pending => "PENDING",
        }
    }
}

/// A user of an Organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Platform id.
    pub id: String,
    /// The Organization.
    pub organization_id: String,
    /// The e-mail address.
    pub username: String,
    /// Full name; empty until somebody who was invited has come.
    pub full_name: String,
    /// Whether the user is there.
    pub status: UserStatus,
    /// The user's roles.
    pub roles: SubjectRoles,
    /// When the user came.
    pub created_at: Timestamp,
    /// When the user last changed.
    pub updated_at: Timestamp,
}

/// A Team of an Organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Platform id.
    pub id: String,
    /// The Organization.
    pub organization_id: String,
    /// Display name; duplicates are possible.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Whether an identity provider decides who is in it.
    pub is_idp_managed: bool,
    /// The Team's roles.
    pub roles: SubjectRoles,
    /// Ids of its users.
    pub members: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An invitation that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Platform id.
    pub id: String,
    /// The Organization.
    pub organization_id: String,
    /// The user it is for, who is pending.
    pub user_id: String,
    /// Who invited.
    pub inviter_id: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Everybody.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// Users in the order of their coming.
    pub users: Vec<User>,
    /// Teams in the order of their making.
    pub teams: Vec<Team>,
    /// Invitations that wait.
    pub invites: Vec<Invite>,
}

impl People {
    /// Returns a user by id.
    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Returns a user by e-mail address, whose case does not matter.
    pub fn user_named(&self, username: &str) -> Option<&User> {
        self.users.iter().find(|user| user.username.eq_ignore_ascii_case(username))
    }

    /// Returns a Team by name.
    pub fn team_named(&self, name: &str) -> Option<&Team> {
        self.teams.iter().find(|team| team.name == name)
    }

    /// Forgets the roles on a Workspace or Deployment that is no more.
    pub fn forget(&mut self, entity_id: &str) {
        self.users.iter_mut().for_each(|user| user.roles.forget(entity_id));
        self.teams.iter_mut().for_each(|team| team.roles.forget(entity_id));
    }
}
