//! `liftoff deployment`: what to do with Deployments. Verbs and flags are spelt as the Astro CLI spells them.

use crate::cli::deployment_file::{Apply, Diff, Inspect};
use crate::cli::env_objects;
use crate::cli::people::InDeployment;

/// What to do with Deployments.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Lists the Deployments that the token sees
    List,
    /// Shows a Deployment as a Deployment file, in the form that `apply` and the Astro CLI take
    Inspect(Inspect),
    /// Makes Deployments what Deployment files say: creates those that are missing and changes the others
    Apply(Apply),
    /// Shows what `apply` would change, and nothing else
    Diff(Diff),
    /// Users with a role on the Deployment
    #[command(subcommand)]
    User(InDeployment),
    /// Teams with a role on the Deployment
    #[command(subcommand)]
    Team(InDeployment),
    /// Connections, variables and metrics exports of the Deployment
    #[command(subcommand)]
    EnvObject(env_objects::InDeployment),
}
