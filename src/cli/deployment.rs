//! `liftoff deployment`: what to do with Deployments. Verbs and flags are spelt as the Astro CLI spells them.

use crate::cli::people::InDeployment;

/// What to do with Deployments.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Lists the Deployments that the token sees
    List,
    /// Users with a role on the Deployment
    #[command(subcommand)]
    User(InDeployment),
    /// Teams with a role on the Deployment
    #[command(subcommand)]
    Team(InDeployment),
}
