//! The roles of a user, a team or an API token, and edits of them.
//!
//! The platform replaces roles as sets (`reference/astro-platform.md` 8.4): whatever a request leaves out may be lost.
//! So a set is read whole, edited where something is named, and written back whole, with what Liftoff has no word for.

use serde_json::{Value, json};

use crate::error::{Error, Kind, Result};
use crate::model::nearest::nearest;
use crate::model::record::Record;

/// Roles of the Organization, the widest last (`reference/astro-platform.md` 8.3).
pub const ORGANIZATION_ROLES: &[&str] = &[
    "ORGANIZATION_MEMBER",
    "ORGANIZATION_OBSERVE_MEMBER",
    "ORGANIZATION_OBSERVE_ADMIN",
    "ORGANIZATION_BILLING_ADMIN",
    ORGANIZATION_OWNER,
];
/// Who has it may do everything.
pub const ORGANIZATION_OWNER: &str = "ORGANIZATION_OWNER";
/// Roles of a Workspace, the widest last.
pub const WORKSPACE_ROLES: &[&str] =
    &["WORKSPACE_ACCESSOR", "WORKSPACE_MEMBER", "WORKSPACE_AUTHOR", "WORKSPACE_OPERATOR", WORKSPACE_OWNER];
/// Who has it decides who may do what in the Workspace.
pub const WORKSPACE_OWNER: &str = "WORKSPACE_OWNER";
/// The one role of a Deployment that every Organization has; custom roles come on top.
pub const DEPLOYMENT_ADMIN: &str = "DEPLOYMENT_ADMIN";

/// What kind of holder roles have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// A user.
    User,
    /// A team.
    Team,
    /// An API token.
    Token,
}

impl Holder {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::User, Self::Team, Self::Token];

    /// Returns the segment of the API's paths and the key of Liftoff's files.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Team => "teams",
            Self::Token => "tokens",
        }
    }

    /// Returns what one is called.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Team => "team",
            Self::Token => "API token",
        }
    }

    /// Returns the field that holds the name.
    #[must_use]
    pub const fn name_field(self) -> &'static str {
        match self {
            Self::User => "username",
            Self::Team | Self::Token => "name",
        }
    }
}

/// What a role is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The Organization.
    Organization,
    /// A Workspace, by id.
    Workspace(String),
    /// A Deployment, by id.
    Deployment(String),
}

impl Place {
    /// Returns the id of the Workspace or Deployment; empty for the Organization.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Organization => "",
            Self::Workspace(id) | Self::Deployment(id) => id,
        }
    }

    /// Returns the role that decides who may do what there, where the place must not be left without it.
    #[must_use]
    pub const fn owner_role(&self) -> Option<&'static str> {
        match self {
            Self::Organization => Some(ORGANIZATION_OWNER),
            Self::Workspace(_) => Some(WORKSPACE_OWNER),
            Self::Deployment(_) => None,
        }
    }

    /// Returns the prefix that the names of the platform's own roles of this place have.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Organization => "ORGANIZATION",
            Self::Workspace(_) => "WORKSPACE",
            Self::Deployment(_) => "DEPLOYMENT",
        }
    }
}

/// Returns an error, with the nearest name, unless a role is one of those of a place.
///
/// # Errors
/// `Kind::Usage`.
pub fn check_role(role: &str, known: &[String], place: &Place) -> Result<()> {
    if known.iter().any(|name| name == role) {
        return Ok(());
    }
    let error = Error::new(Kind::Usage, format!("give the role `{role}`"))
        .because(format!("there is no such role of the kind {}", place.word()));
    Err(match nearest(role, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("known are {}", known.join(", "))),
    })
}

/// Returns the error about somebody whose roles the platform does not show.
fn hidden(holder: Holder, record: &Record) -> Error {
    Error::new(Kind::Refused, format!("change the roles of the {} {}", holder.what(), record.text(holder.name_field())))
        .because("the platform does not show all of its roles, and a change would take the others away")
        .hint("use a token that may see them")
}

/// One wanted change: this role at this place, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Where.
    pub place: Place,
    /// The role; none takes it away.
    pub role: Option<String>,
}

/// Everything somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleSet {
    held: Vec<(Place, String)>,
    others: Vec<Value>,
}

impl RoleSet {
    /// Returns the roles of a user or a team, from its record or from the answer to a change.
    #[must_use]
    pub fn of_subject(record: &Record) -> Self {
        let mut held = Vec::new();
        let organization = record.text("organizationRole");
        if !organization.is_empty() {
            held.push((Place::Organization, organization.to_owned()));
        }
        for (list, id, place) in [
            ("workspaceRoles", "workspaceId", Place::Workspace as fn(String) -> Place),
            ("deploymentRoles", "deploymentId", Place::Deployment),
        ] {
            held.extend(record.records(list).iter().map(|role| (place(role.text(id).to_owned()), role.text("role").to_owned())));
        }
        Self { held, others: record.list("dagRoles").to_vec() }
    }

    /// Returns the roles of an API token.
    #[must_use]
    pub fn of_token(record: &Record) -> Self {
        let mut set = Self::default();
        for role in record.records("roles") {
            let (id, name) = (role.text("entityId").to_owned(), role.text("role").to_owned());
            match role.text("entityType") {
                "ORGANIZATION" => set.held.push((Place::Organization, name)),
                "WORKSPACE" => set.held.push((Place::Workspace(id), name)),
                "DEPLOYMENT" => set.held.push((Place::Deployment(id), name)),
                _ => set.others.push(role.into_value()),
            }
        }
        set
    }

    /// Returns the role at a place.
    #[must_use]
    pub fn role(&self, place: &Place) -> Option<&str> {
        self.held.iter().find(|(held, _)| held == place).map(|(_, role)| role.as_str())
    }

    /// Returns the Workspaces where the role is that of the owner.
    pub fn owned_workspaces(&self) -> impl Iterator<Item = &Place> {
        let owned = self.held.iter().filter(|(place, role)| matches!(place, Place::Workspace(_)) && role == WORKSPACE_OWNER);
        owned.map(|(place, _)| place)
    }

    /// Returns whether nothing at all is held.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.held.is_empty() && self.others.is_empty()
    }

    /// Returns the set with the edits made and everything else as it is.
    #[must_use]
    pub fn edited(&self, edits: &[Edit]) -> Self {
        let mut set = self.clone();
        for edit in edits {
            let at = set.held.iter().position(|(place, _)| *place == edit.place);
            match (&edit.role, at) {
                (Some(role), Some(at)) => {
                    if let Some(held) = set.held.get_mut(at) {
                        held.1.clone_from(role);
                    }
                }
                (Some(role), None) => set.held.push((edit.place.clone(), role.clone())),
                (None, Some(at)) => drop(set.held.remove(at)),
                (None, None) => {}
            }
        }
        set
    }

    /// Returns whether two sets hold the same, in whatever order.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        let (mut own, mut others) = (self.held.clone(), other.held.clone());
        own.sort();
        others.sort();
        let spelt = |values: &[Value]| {
            let mut texts: Vec<String> = values.iter().map(Value::to_string).collect();
            texts.sort();
            texts
        };
        own == others && spelt(&self.others) == spelt(&other.others)
    }

    /// Returns the roles in the record of any holder.
    #[must_use]
    pub fn of(holder: Holder, record: &Record) -> Self {
        if holder == Holder::Token { Self::of_token(record) } else { Self::of_subject(record) }
    }

    /// Returns the roles in a record that everything can be written back from.
    ///
    /// # Errors
    /// `Kind::Refused` when the platform shows fewer roles than there are: to write them back would take the others away.
    pub fn whole(holder: Holder, record: &Record) -> Result<Self> {
        let set = Self::of(holder, record);
        let seen = u64::try_from(set.held.len() + set.others.len()).unwrap_or(u64::MAX);
        let count = record.value("rolesCount").and_then(Value::as_u64).unwrap_or_default();
        // By its contract a token has a role. Whether a team's role in the Organization is counted is said nowhere.
        let is_whole = match holder {
            Holder::Token => seen > 0,
            Holder::Team => seen >= count,
            Holder::User => true,
        };
        if is_whole { Ok(set) } else { Err(hidden(holder, record)) }
    }

    /// Returns the body that sets all roles of a user or a team: always all four lists.
    #[must_use]
    pub fn subject_body(&self) -> Record {
        let (mut body, mut workspaces, mut deployments) = (Record::default(), Vec::new(), Vec::new());
        for (place, role) in &self.held {
            match place {
                Place::Organization => body.set("organizationRole", role.as_str()),
                Place::Workspace(id) => workspaces.push(json!({ "workspaceId": id, "role": role })),
                Place::Deployment(id) => deployments.push(json!({ "deploymentId": id, "role": role })),
            }
        }
        body.set("workspaceRoles", workspaces);
        body.set("deploymentRoles", deployments);
        body.set("dagRoles", self.others.clone());
        body
    }

    /// Returns the body that sets all roles of an API token.
    #[must_use]
    pub fn token_body(&self, organization_id: &str) -> Record {
        let spelt = self.held.iter().map(|(place, role)| {
            let id = if *place == Place::Organization { organization_id } else { place.id() };
            json!({ "entityType": place.word(), "entityId": id, "role": role })
        });
        let mut body = Record::default();
        body.set("roles", spelt.chain(self.others.iter().cloned()).collect::<Vec<_>>());
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(place: Place, role: &str) -> Edit {
        Edit { place, role: Some(role.to_owned()) }
    }

    #[test]
    fn what_an_edit_does_not_name_is_sent_back_as_it_was() {
        let user = json!({
            "organizationRole": "ORGANIZATION_MEMBER",
            "workspaceRoles": [{"workspaceId": "w1", "role": "WORKSPACE_MEMBER"}, {"workspaceId": "w2", "role": "WORKSPACE_OWNER"}],
            "deploymentRoles": [{"deploymentId": "d1", "role": "Custom"}],
            "dagRoles": [{"deploymentId": "d1", "dagId": "x", "role": "DAG_VIEWER", "unknown": 1}],
        });
        let before = RoleSet::of_subject(&Record::of(user.clone()).expect("an object"));
        assert_eq!(before.subject_body().into_value(), user);
        let edits = [
            set(Place::Workspace("w1".to_owned()), "WORKSPACE_AUTHOR"),
            Edit { place: Place::Deployment("d1".to_owned()), role: None },
            set(Place::Workspace("w3".to_owned()), "WORKSPACE_MEMBER"),
            Edit { place: Place::Workspace("w4".to_owned()), role: None },
        ];
        let after = before.edited(&edits).subject_body();
        assert_eq!(
            after.into_value(),
            json!({
                "organizationRole": "ORGANIZATION_MEMBER",
                "workspaceRoles": [
                    {"workspaceId": "w1", "role": "WORKSPACE_AUTHOR"}, {"workspaceId": "w2", "role": "WORKSPACE_OWNER"},
                    {"workspaceId": "w3", "role": "WORKSPACE_MEMBER"},
                ],
                "deploymentRoles": [], "dagRoles": user["dagRoles"],
            })
        );
    }

    #[test]
    fn a_tokens_roles_are_one_list() {
        let roles = json!([
            {"entityType": "ORGANIZATION", "entityId": "o", "role": "ORGANIZATION_MEMBER"},
            {"entityType": "WORKSPACE", "entityId": "w", "role": "WORKSPACE_MEMBER"},
            {"entityType": "DAG", "entityId": "x", "deploymentId": "d", "role": "DAG_VIEWER"},
        ]);
        let before = RoleSet::of_token(&Record::of(json!({ "roles": roles })).expect("an object"));
        assert_eq!(before.role(&Place::Workspace("w".to_owned())), Some("WORKSPACE_MEMBER"));
        assert_eq!(before.token_body("o").into_value(), json!({ "roles": roles }));
        let edits = [set(Place::Deployment("d".to_owned()), DEPLOYMENT_ADMIN)];
        assert_eq!(before.edited(&edits).token_body("o").list("roles").len(), 4);
    }

    #[test]
    fn roles_that_are_not_shown_are_not_taken_for_none() {
        let whole = |holder, record: Value| RoleSet::whole(holder, &Record::of(record).expect("an object"));
        let organization = json!({"entityType": "ORGANIZATION", "entityId": "o", "role": "ORGANIZATION_MEMBER"});
        let team = |count: u64| json!({"organizationRole": "M", "workspaceRoles": [{"workspaceId": "w", "role": "R"}], "rolesCount": count});
        for (holder, record, is_whole) in [
            (Holder::Token, json!({"name": "ci"}), false),
            (Holder::Token, json!({"name": "ci", "roles": []}), false),
            (Holder::Token, json!({"name": "ci", "roles": [organization]}), true),
            (Holder::Team, team(3), false),
            (Holder::Team, team(2), true),
            (Holder::Team, team(1), true),
            (Holder::Team, json!({"organizationRole": "M"}), true),
        ] {
            let read = whole(holder, record.clone());
            assert_eq!(read.as_ref().err().map(Error::kind), (!is_whole).then_some(Kind::Refused), "{record}");
        }
    }

    #[test]
    fn order_makes_no_difference_and_everything_else_does() {
        let of = |roles: &[(&str, &str)]| {
            let edits: Vec<Edit> = roles.iter().map(|(id, role)| set(Place::Workspace((*id).to_owned()), role)).collect();
            RoleSet::default().edited(&edits)
        };
        assert!(of(&[("a", "x"), ("b", "y")]).same(&of(&[("b", "y"), ("a", "x")])));
        assert!(!of(&[("a", "x")]).same(&of(&[("a", "y")])));
        let mut with_dag = of(&[("a", "x")]);
        with_dag.others.push(json!({"dagId": "d"}));
        assert!(!with_dag.same(&of(&[("a", "x")])));
    }

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn random_edits_change_nothing_that_they_do_not_name(
            held in proptest::collection::btree_map(0..8_u8, 0..4_u8, 0..8),
            dags in proptest::collection::vec(0..9_u8, 0..4),
            edits in proptest::collection::vec((0..8_u8, proptest::option::of(0..4_u8)), 0..6),
        ) {
            let place = |number: u8| match number {
                0 => Place::Organization,
                odd if odd % 2 == 1 => Place::Workspace(format!("w{odd}")),
                even => Place::Deployment(format!("d{even}")),
            };
            let edits: Vec<Edit> =
                edits.into_iter().map(|(at, role)| Edit { place: place(at), role: role.map(|role| format!("R{role}")) }).collect();
            let before = RoleSet {
                held: held.into_iter().map(|(at, role)| (place(at), format!("R{role}"))).collect(),
                others: dags.into_iter().map(|dag| json!({ "dagId": dag })).collect(),
            };
            let after = before.edited(&edits);
            for at in (0..8).map(place) {
                let last = edits.iter().rev().find(|edit| edit.place == at);
                let expected = last.map_or_else(|| before.role(&at), |edit| edit.role.as_deref());
                prop_assert_eq!(after.role(&at), expected);
            }
            prop_assert_eq!(&after.others, &before.others);
            let of_subject = RoleSet::of_subject(&after.subject_body());
            let of_token = RoleSet::of_token(&after.token_body("o"));
            prop_assert!(after.same(&of_subject), "{:?}", of_subject);
            prop_assert_eq!(after.held.len(), of_token.held.len());
        }
    }
}
