//! Users and teams of a Workspace or a Deployment: verbs that both have, spelt as the Astro CLI spells them.

use std::path::PathBuf;

use crate::cli::which::DeploymentArg;

/// Whom a command is about, and which role they shall have.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct Given {
    /// E-mail address of a user or name of a team, or the id; may be several
    #[arg(value_name = "WHO")]
    pub who: Vec<String>,
    /// Role of all that are named without one
    #[arg(long, short, value_name = "ROLE")]
    pub role: Option<String>,
    /// File with one `WHO ROLE` a line, or only `WHO` with `--role`; `-` is standard input
    #[arg(long, short, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Whom a command takes something away from.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct Named {
    /// E-mail address of a user or name of a team, or the id; may be several
    #[arg(value_name = "WHO")]
    pub who: Vec<String>,
    /// File with one `WHO` a line; `-` is standard input
    #[arg(long, short, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// What to do with the users or teams of a Workspace.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum InWorkspace {
    /// Lists who has a role in the Workspace
    List,
    /// Gives a role to those who have none in the Workspace yet
    Add(Given),
    /// Gives another role to those who have one in the Workspace
    Update(Given),
    /// Takes the role in the Workspace away
    Remove(Named),
}

/// What to do with the users or teams of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum InDeployment {
    /// Lists who has a role on the Deployment
    List(DeploymentArg),
    /// Gives a role to those who have none on the Deployment yet
    Add {
        /// Whom.
        #[command(flatten)]
        given: Given,
        /// Where.
        #[command(flatten)]
        deployment: DeploymentArg,
    },
    /// Gives another role to those who have one on the Deployment
    Update {
        /// Whom.
        #[command(flatten)]
        given: Given,
        /// Where.
        #[command(flatten)]
        deployment: DeploymentArg,
    },
    /// Takes the role on the Deployment away
    Remove {
        /// Whom.
        #[command(flatten)]
        named: Named,
        /// Where.
        #[command(flatten)]
        deployment: DeploymentArg,
    },
}
