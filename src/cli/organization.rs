//! `liftoff organization`: what to do with the Organization. Verbs and flags are spelt as the Astro CLI spells them.

use crate::cli::{audit, token};

/// What to do with the Organization.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Exports the audit logs
    #[command(subcommand)]
    AuditLogs(audit::Verb),
    /// Manages the API tokens of the Organization
    #[command(subcommand)]
    Token(token::Verb),
}
