//! What is to be done with API tokens, and what is to be said about them. Pure: the time comes as a value.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::error::Result;
use crate::model::permission::Scope;
use crate::model::record::Record;
use crate::model::roles::{Holder, RoleSet};

/// From when on a token is worth a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The present.
    pub now: Timestamp,
    /// Days without use after which it is unused.
    pub unused_days: u32,
    /// Days with the same value after which it is stale.
    pub stale_days: u32,
    /// Days before its end from which on it expires soon.
    pub soon_days: u32,
}

/// What is to be said about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// It expired.
    Expired,
    /// It expires soon.
    ExpiresSoon,
    /// It never expires.
    NeverExpires,
    /// Nobody has used it for long, or ever.
    Unused,
    /// It has had the same value for long.
    Stale,
}

impl Concern {
    /// Returns the word for people and programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::ExpiresSoon => "expires-soon",
            Self::NeverExpires => "never-expires",
            Self::Unused => "unused",
            Self::Stale => "stale",
        }
    }
}

/// Returns when a token ends; none when it never does.
#[must_use]
pub fn ends(token: &Record) -> Option<Timestamp> {
    time(token, "endAt")
}

/// Returns what is to be said about a token, the worst first.
#[must_use]
pub fn concerns(token: &Record, limits: &Limits) -> Vec<Concern> {
    let now = limits.now;
    let within = |days: u32| SignedDuration::from_hours(i64::from(days) * 24);
    let end = match ends(token) {
        None => Some(Concern::NeverExpires),
        Some(end) if end <= now => Some(Concern::Expired),
        Some(end) if end.duration_since(now) < within(limits.soon_days) => Some(Concern::ExpiresSoon),
        Some(_) => None,
    };
    let since = |time: Option<Timestamp>| time.map(|time| now.duration_since(time));
    let used = time(token, "lastUsedAt").or_else(|| time(token, "createdAt"));
    let unused = since(used).is_some_and(|span| span >= within(limits.unused_days)).then_some(Concern::Unused);
    let stale = since(value_since(token)).is_some_and(|span| span >= within(limits.stale_days)).then_some(Concern::Stale);
    [end, unused, stale].into_iter().flatten().collect()
}

/// Returns since when a token has had its value.
#[must_use]
pub fn value_since(token: &Record) -> Option<Timestamp> {
    time(token, "lastRotatedAt").or_else(|| time(token, "createdAt"))
}

/// Returns whether a token is to be rotated: always without an age, else when its value is older or of unknown age.
#[must_use]
pub fn is_due(token: &Record, older_than_days: Option<u32>, now: Timestamp) -> bool {
    let Some(days) = older_than_days else { return true };
    value_since(token).is_none_or(|since| now.duration_since(since) >= SignedDuration::from_hours(i64::from(days) * 24))
}

fn time(token: &Record, path: &str) -> Option<Timestamp> {
    token.text(path).parse().ok()
}

/// Returns a token's roles with one on a thing set, or taken away with none. The other entries stay as they are, because the
/// platform replaces the whole list (`reference/astro-platform.md` 8.6).
///
/// # Errors
/// As `RoleSet::whole`.
pub fn roles_with(token: &Record, (on, entity): (Scope, &str), role: Option<&str>) -> Result<Vec<Value>> {
    RoleSet::whole(Holder::Token, token)?;
    let is_it = |entry: &Value| entry["entityType"] == on.word() && entry["entityId"] == entity;
    let others = token.list("roles").iter().filter(|entry| !is_it(entry)).cloned();
    let new = role.map(|role| json!({ "entityType": on.word(), "entityId": entity, "role": role }));
    Ok(others.chain(new).collect())
}

/// Returns the role that a token has on a thing.
#[must_use]
pub fn role_on(token: &Record, (on, entity): (Scope, &str)) -> Option<String> {
    let mut all = token.records("roles").into_iter();
    let entry = all.find(|entry| entry.text("entityType") == on.word() && entry.text("entityId") == entity);
    entry.map(|entry| entry.text("role").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(fields: Value) -> Record {
        Record::of(fields).expect("an object")
    }

    fn limits() -> Limits {
        Limits { now: "2026-06-01T00:00:00Z".parse().expect("a time"), unused_days: 30, stale_days: 90, soon_days: 14 }
    }

    #[test]
    fn concerns_are_those_of_the_dates() {
        let fresh = "2026-05-31T00:00:00Z";
        for (fields, expected) in [
            (json!({"createdAt": fresh, "lastUsedAt": fresh, "endAt": "2027-01-01T00:00:00Z"}), &[][..]),
            (json!({"createdAt": fresh}), &[Concern::NeverExpires]),
            (json!({"createdAt": fresh, "endAt": "2026-06-10T00:00:00Z"}), &[Concern::ExpiresSoon]),
            (json!({"createdAt": fresh, "endAt": "2026-05-10T00:00:00Z"}), &[Concern::Expired]),
            (
                json!({"createdAt": "2026-01-01T00:00:00Z", "lastUsedAt": fresh, "endAt": "2027-01-01T00:00:00Z"}),
                &[Concern::Stale],
            ),
            (
                json!({"createdAt": "2025-01-01T00:00:00Z", "lastRotatedAt": fresh, "endAt": "2027-01-01T00:00:00Z"}),
                &[Concern::Unused],
            ),
            (json!({"createdAt": "2025-01-01T00:00:00Z"}), &[Concern::NeverExpires, Concern::Unused, Concern::Stale]),
        ] {
            assert_eq!(concerns(&token(fields.clone()), &limits()), expected, "{fields}");
        }
    }

    #[test]
    fn a_rotation_is_due_by_the_age_of_the_value() {
        let now = limits().now;
        let old = token(json!({"createdAt": "2025-01-01T00:00:00Z", "lastRotatedAt": "2026-04-01T00:00:00Z"}));
        assert!(is_due(&old, None, now) && is_due(&old, Some(61), now) && !is_due(&old, Some(62), now));
        assert!(is_due(&token(json!({})), Some(60), now), "an unknown age is old");
    }

    #[test]
    fn only_the_role_on_the_thing_changes() {
        let roles = json!([
            {"entityType": "ORGANIZATION", "entityId": "o", "role": "ORGANIZATION_MEMBER"},
            {"entityType": "WORKSPACE", "entityId": "w", "role": "WORKSPACE_MEMBER", "unknown": 1},
            {"entityType": "DAG", "entityId": "w", "role": "DAG_VIEWER", "deploymentId": "d"},
        ]);
        let token = token(json!({ "roles": roles }));
        let roles_with = |token, on, role| roles_with(token, on, role).expect("roles");
        let set = roles_with(&token, (Scope::Workspace, "w"), Some("WORKSPACE_OWNER"));
        assert_eq!(set.len(), 3);
        assert_eq!((&set[0], &set[1]), (&roles[0], &roles[2]));
        assert_eq!(set[2]["role"], "WORKSPACE_OWNER");
        assert_eq!(roles_with(&token, (Scope::Workspace, "w"), None).len(), 2);
        assert_eq!(roles_with(&token, (Scope::Deployment, "w"), None).len(), 3);
        assert_eq!(role_on(&token, (Scope::Workspace, "w")).as_deref(), Some("WORKSPACE_MEMBER"));
        let hidden = Record::of(json!({"name": "ci"})).expect("an object");
        assert!(super::roles_with(&hidden, (Scope::Workspace, "w"), Some("WORKSPACE_OWNER")).is_err());
    }
}
