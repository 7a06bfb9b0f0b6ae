//! `liftoff deployment variable`: environment variables of a Deployment.

use std::path::PathBuf;

use crate::cli::which::DeploymentArg;

/// What to do with environment variables.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Lists the environment variables; values of secrets are not known to anybody
    List(List),
    /// Adds environment variables
    Create(Write),
    /// Sets environment variables, and adds those that are missing
    Update(Write),
    /// Deletes environment variables
    Delete(Delete),
}

/// Flags of `variable list`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct List {
    /// Which Deployment.
    #[command(flatten)]
    pub which: DeploymentArg,
    /// Writes them to the file of `--env`, which must not be there yet; secrets only by name
    #[arg(long)]
    pub save: bool,
    /// The file
    #[arg(long, value_name = "FILE", default_value = ".env")]
    pub env: PathBuf,
}

/// Flags of `variable create` and `variable update`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Write {
    /// `KEY=VALUE`; `KEY` alone takes the value from the environment, which keeps it off the command line
    #[arg(value_name = "KEY[=VALUE]")]
    pub pairs: Vec<String>,
    /// Which Deployment.
    #[command(flatten)]
    pub which: DeploymentArg,
    /// Makes them secrets, whose values nobody can read
    #[arg(long, short)]
    pub secret: bool,
    /// Adds and sets all of the file of `--env`
    #[arg(long)]
    pub load: bool,
    /// The file, one `KEY=VALUE` a line; `$` means nothing in it
    #[arg(long, value_name = "FILE", default_value = ".env")]
    pub env: PathBuf,
    /// Deletes every variable that is not named
    #[arg(long, requires = "load")]
    pub prune: bool,
}

/// Flags of `variable delete`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Delete {
    /// Names
    #[arg(value_name = "KEY", required = true)]
    pub keys: Vec<String>,
    /// Which Deployment.
    #[command(flatten)]
    pub which: DeploymentArg,
}
