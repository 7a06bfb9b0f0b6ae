//! `liftoff deployment`: what to do with Deployments. Verbs and flags are spelt as the Astro CLI spells them.

use crate::cli::token::DeploymentTokens;

/// What to do with Deployments.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Lists the Deployments that the token sees
    List,
    /// Manages the API tokens of a Deployment
    Token(DeploymentTokens),
}
