//! `liftoff workspace`: what to do with Workspaces. Verbs and flags are spelt as the Astro CLI spells them.

use crate::cli::env_objects;
use crate::cli::organization::Switch;
use crate::cli::people::InWorkspace;
use crate::cli::token;

/// What to do with Workspaces.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Lists the Workspaces that the token sees
    List,
    /// Shows the Workspace
    Inspect,
    /// Makes a Workspace
    Create {
        /// Name
        #[arg(value_name = "NAME")]
        name: String,
        /// Description
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Whether new Deployments take deploys from API tokens only
        #[arg(long, value_name = "ON|OFF")]
        enforce_ci_cd: Option<Switch>,
    },
    /// Changes the Workspace that `--workspace` names; what is not named stays
    Update {
        /// New name
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// New description
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Whether new Deployments take deploys from API tokens only
        #[arg(long, value_name = "ON|OFF")]
        enforce_ci_cd: Option<Switch>,
    },
    /// Deletes the Workspace that `--workspace` names, which must be empty
    Delete {
        /// The Workspace's name once more, which says that it is meant
        #[arg(long, value_name = "NAME")]
        confirm: String,
    },
    /// Users of the Workspace
    #[command(subcommand)]
    User(InWorkspace),
    /// Teams of the Workspace
    #[command(subcommand)]
    Team(InWorkspace),
    /// Manages the API tokens of a Workspace
    #[command(subcommand)]
    Token(token::Verb),
    /// Connections, variables and metrics exports that the Workspace hands on to Deployments
    #[command(subcommand)]
    EnvObject(env_objects::InWorkspace),
}
