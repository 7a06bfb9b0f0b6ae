//! Talking to the forge a pull request lives on. One file per forge.
//! A forge shows what happened; it never influences a deploy, except that it may know commits
//! that the checkout lacks.

pub mod github;
pub mod interface;
pub mod rest;
pub mod sticky;

use crate::error::Result;
use crate::forge::interface::{Connect, Connection, Forge};
use crate::model::context::ForgeKind;

/// Every forge.
pub const FORGES: &[(ForgeKind, Connect)] = &[(ForgeKind::GitHub, github::connect)];

/// Connects to the repository's forge; `None` when it is none that Liftoff knows.
///
/// # Errors
/// As `Connect`.
pub fn connect(connection: &Connection) -> Result<Option<Box<dyn Forge>>> {
    let known = FORGES.iter().find(|(kind, _)| *kind == connection.repository.forge);
    known.map(|(_, connect)| connect(connection)).transpose()
}
