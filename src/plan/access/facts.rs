//! What the platform says before access is changed: who is there, and who holds which role at the places of the file.

use crate::model::roles::{Holder, Place};
use crate::plan::access::file::PlaceName;

/// Everything that a decision needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The places that the file names.
    pub places: Vec<KnownPlace>,
    /// All users, teams and tokens that can be seen.
    pub members: Vec<Member>,
    /// Id of the token of this run.
    pub own_token: Option<String>,
}

/// A place of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPlace {
    /// As the file names it.
    pub name: PlaceName,
    /// As the platform names it.
    pub place: Place,
    /// The roles that can be given there.
    pub roles: Vec<String>,
    /// Who has one there.
    pub held: Vec<Held>,
}

/// A role that somebody holds at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Kind of the holder.
    pub holder: Holder,
    /// Id of the holder.
    pub id: String,
    /// The role's name.
    pub role: String,
}

/// Whether somebody decides about a team elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Managed {
    /// Nobody does.
    #[default]
    Here,
    /// An identity provider does.
    ByIdp,
}

/// A user, team or token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its kind.
    pub holder: Holder,
    /// Its id.
    pub id: String,
    /// E-mail address or name.
    pub name: String,
    /// Whether it is a user who is there, and not only invited; true for teams and tokens.
    pub is_active: bool,
    /// Who decides about it.
    pub managed: Managed,
    /// The kind of place that a token belongs to, as the API spells it; empty for users and teams.
    pub home: String,
}
