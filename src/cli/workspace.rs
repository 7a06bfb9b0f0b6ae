//! `liftoff workspace`: what to do with Workspaces. Verbs and flags are spelt as the Astro CLI spells them.

/// What to do with Workspaces.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Lists the Workspaces that the token sees
    List,
}
