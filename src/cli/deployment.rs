//! `liftoff deployment`: what to do with Deployments. Verbs and flags are spelt as the Astro CLI spells them.

/// What to do with Deployments.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Lists the Deployments that the token sees
    List,
}
