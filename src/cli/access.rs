//! `liftoff access`: who may do what, as a file.

use std::path::PathBuf;

/// What to do with access.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Makes the roles of users, teams and tokens what a file says
    Apply {
        /// The file; `-` is standard input
        #[arg(long, short, value_name = "FILE", required = true)]
        file: PathBuf,
        /// Shows what would change and changes nothing, as `--dry-run` does
        #[arg(long)]
        plan: bool,
        /// Takes the role away from those who are not in a list of the file
        #[arg(long)]
        prune: bool,
    },
}
