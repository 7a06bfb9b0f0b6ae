//! `liftoff workspace`: what to do with Workspaces. Verbs and flags are spelt as the Astro CLI spells them.

use crate::cli::token;

/// What to do with Workspaces.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Lists the Workspaces that the token sees
    List,
    /// Manages the API tokens of a Workspace
    #[command(subcommand)]
    Token(token::Verb),
}
