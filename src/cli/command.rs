//! The commands of the program.
//! It names them; how they are spelt is the business of `parse`.

use crate::cli::manage::Managed;

/// What the user wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Show what a deploy would ship, and why.
    Plan,
    /// Ship what changed.
    Deploy,
    /// Show the deploys of a Deployment.
    History,
    /// Bring an earlier deploy back.
    Rollback,
    /// Check the DAGs.
    Check,
    /// Look after previews.
    Preview(Verb),
    /// Manage something else of the platform.
    Manage(Box<Managed>),
    /// Serve the simulated platform until stopped.
    Sandbox {
        /// Port on loopback; 0 picks a free one.
        port: u16,
    },
}

impl Command {
    /// Returns the name by which settings say that they are used by this command.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Deploy => "deploy",
            Self::History => "history",
            Self::Rollback => "rollback",
            Self::Check => "check",
            Self::Preview(Verb::Sync) => "preview sync",
            Self::Preview(Verb::Up) => "preview up",
            Self::Preview(Verb::Down) => "preview down",
            Self::Preview(Verb::List) => "preview list",
            Self::Preview(Verb::Gc) => "preview gc",
            Self::Manage(_) => "manage",
            Self::Sandbox { .. } => "sandbox",
        }
    }
}

/// What to do with previews.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Make the preview of a pull request what it should be now.
    Sync,
    /// Make a preview if there is none, and deploy to it.
    Up,
    /// Delete a preview.
    Down,
    /// List previews.
    List,
    /// Delete the previews that are over.
    Gc,
}

/// A parsed command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// Run a command with the settings given as flags, in order: name and value.
    Run(Command, Vec<(String, String)>),
    /// Print this text to standard output; help or version.
    Show(String),
}
