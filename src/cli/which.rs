//! How commands name the thing that they are about.

/// Which Deployment a command is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct DeploymentArg {
    /// The Deployment, by id or exact name; else `--deployment-id`, `--deployment-name` or their settings
    #[arg(long, value_name = "ID|NAME")]
    pub deployment: Option<String>,
}
