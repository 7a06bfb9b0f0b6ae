//! `liftoff doctor`: whether a command could run here.

use crate::cli::which::DeploymentArg;

/// What to examine.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Doctor {
    /// The command whose permissions are looked at, such as `deployment update`
    #[arg(long = "for", value_name = "COMMAND", default_value = "deploy")]
    pub command: String,
    /// The Deployment that it is about
    #[command(flatten)]
    pub deployment: DeploymentArg,
}
