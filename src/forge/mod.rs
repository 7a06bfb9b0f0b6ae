//! Talking to the forge a pull request lives on. One file per forge.
//! A forge shows what happened; it never influences a deploy, except that it may know commits
//! that the checkout lacks.

pub mod azure_devops;
pub mod bitbucket;
pub mod bitbucket_server;
pub mod diff;
pub mod gitea;
pub mod github;
pub mod github_client;
pub mod github_records;
pub mod github_secrets;
pub mod gitlab;
pub mod gitlab_variables;
pub mod interface;
pub mod rest;
pub mod sticky;

use crate::error::Result;
use crate::forge::interface::{Connect, Connection, Forge};
use crate::model::context::ForgeKind;

/// Every forge.
pub const FORGES: &[(ForgeKind, Connect)] = &[
    (ForgeKind::GitHub, github::connect),
    (ForgeKind::GitLab, gitlab::connect),
    (ForgeKind::AzureDevOps, azure_devops::connect),
    (ForgeKind::Gitea, gitea::connect),
    (ForgeKind::Bitbucket, bitbucket::connect),
    (ForgeKind::BitbucketServer, bitbucket_server::connect),
];

/// Connects to the repository's forge; `None` when it is none that Liftoff knows.
///
/// # Errors
/// As `Connect`.
pub fn connect(connection: &Connection) -> Result<Option<Box<dyn Forge>>> {
    let known = FORGES.iter().find(|(kind, _)| *kind == connection.repository.forge);
    known.map(|(_, connect)| connect(connection)).transpose()
}
