//! The commands of the program.
//! It names them; how they are spelt is the business of `parse`.

/// What the user wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Show what a deploy would ship, and why.
    Plan,
    /// Ship what changed.
    Deploy,
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
            Self::Sandbox { .. } => "sandbox",
        }
    }
}

/// A parsed command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// Run a command with the settings given as flags, in order: name and value.
    Run(Command, Vec<(String, String)>),
    /// Print this text to standard output; help or version.
    Show(String),
}
