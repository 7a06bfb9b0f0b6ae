//! The tokens of a place as a table.

use serde_json::Value;

use crate::app::manage::token::place::Place;
use crate::error::Result;
use crate::model::permission::{HeldRole, Scope};
use crate::model::record::Record;
use crate::report::answer::{Answer, Column, column};

/// Columns of the list.
pub const COLUMNS: &[Column] = &[
    column("NAME", "name"),
    column("ID", "id"),
    column("SCOPE", "scope"),
    column("ROLES", "roleNames"),
    column("EXPIRES", "ends"),
    column("ROTATED", "lastRotatedAt"),
    column("USED", "lastUsedAt"),
    column("CREATED", "createdAt"),
];

/// Lists the tokens with a role here, or only those that belong to a scope.
///
/// # Errors
/// As reads do.
pub async fn run(place: &Place, only: Option<Scope>) -> Result<Answer> {
    let mut tokens = place.tokens().await?;
    tokens.retain(|token| only.is_none_or(|scope| token.text("scope") == scope.word()));
    let shown: Vec<Record> = tokens.iter().map(shown).collect();
    let lines = Answer::table("tokens", COLUMNS, &shown).lines;
    Ok(Answer { lines, ..Answer::table("tokens", COLUMNS, &tokens.into_iter().map(without_value).collect::<Vec<_>>()) })
}

/// Returns a token with what people want to see of it.
#[must_use]
pub fn shown(token: &Record) -> Record {
    let mut shown = token.clone();
    let roles: Vec<Value> = token.records("roles").iter().map(|role| Value::from(HeldRole::of(role).role)).collect();
    shown.set("roleNames", roles);
    shown.set("ends", if token.text("endAt").is_empty() { "never" } else { token.text("endAt") });
    shown
}

/// Returns a token without its value, wherever that may stand.
#[must_use]
pub fn without_value(mut token: Record) -> Record {
    token.take("token");
    token
}
