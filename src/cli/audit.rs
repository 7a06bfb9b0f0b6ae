//! `liftoff organization audit-logs`: who did what.

use std::path::PathBuf;

/// What to do with the audit logs.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Writes events as lines of JSON, one at a time, however many there are
    Export(Export),
}

/// What to export, and where to.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Export {
    /// First moment: a time such as `2026-08-01T00:00:00Z`, a day, or how long ago, such as `24h`
    #[arg(long, value_name = "TIME", conflicts_with = "include")]
    pub since: Option<String>,
    /// Moment before which to end; now when absent
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Days back from now, 1 to 90, as the Astro CLI spells it
    #[arg(long, value_name = "DAYS")]
    pub include: Option<u32>,
    /// File for the events, or `-` for standard output; it appears when the export is complete
    #[arg(long, short = 'o', alias = "output-file", value_name = "FILE")]
    pub output: PathBuf,
    /// File that remembers how far the last export came, so that the next one goes on there
    #[arg(long, value_name = "FILE")]
    pub cursor_file: Option<PathBuf>,
    /// Only events with this: `path=PART`, `subject=ID` or `deployment=ID`; may be given several times
    #[arg(long = "filter", value_name = "NAME=VALUE")]
    pub filters: Vec<String>,
    /// Keeps request bodies and whatever else may hold secrets
    #[arg(long)]
    pub no_redact: bool,
    /// Compresses the output with gzip
    #[arg(long)]
    pub gzip: bool,
}
