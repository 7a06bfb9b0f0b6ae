//! The flags of the commands that read and write Deployment files.

use std::path::PathBuf;

use crate::cli::which::DeploymentWord;

/// Flags of `deployment inspect`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Inspect {
    /// Which Deployment.
    #[command(flatten)]
    pub which: DeploymentWord,
    /// Leaves name, metadata and secrets out, to make another Deployment of it
    #[arg(long)]
    pub template: bool,
    /// Shows only the value at a dotted key, such as `metadata.deployment_id`
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Form of the file
    #[arg(long, short, value_enum, default_value_t = FileForm::Yaml, value_name = "FORM")]
    pub output: FileForm,
}

/// Form of a Deployment file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FileForm {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
}

/// Flags of `deployment apply`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Apply {
    /// The files.
    #[command(flatten)]
    pub files: Files,
    /// Waits until the Deployments are healthy
    #[arg(long)]
    pub wait: bool,
    /// How long to wait, such as `15m`
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub wait_time: String,
}

/// Flags of `deployment diff`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Diff {
    /// The files.
    #[command(flatten)]
    pub files: Files,
    /// Ends with the exit code of failed checks (7) when a Deployment is not what its file says
    #[arg(long)]
    pub exit_code: bool,
    /// Writes Markdown, for a comment on a pull request
    #[arg(long)]
    pub markdown: bool,
}

/// Which Deployment files, and what happens to what they do not name.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Files {
    /// A Deployment file in YAML or JSON; `-` is standard input; may be repeated
    #[arg(long = "file", short = 'f', visible_alias = "deployment-file", required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Removes variables, worker queues, alert addresses and schedules that a list of the file does not name
    #[arg(long)]
    pub prune: bool,
}
