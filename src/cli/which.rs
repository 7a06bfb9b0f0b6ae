//! How commands name the thing that they are about.

/// Which Deployment a command is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct DeploymentArg {
    /// The Deployment, by id or exact name; else `--deployment-id`, `--deployment-name` or their settings
    #[arg(long, value_name = "ID|NAME")]
    pub deployment: Option<String>,
}

/// Which Deployment a command is about that has no other word of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct DeploymentWord {
    /// The same as `--deployment`
    #[arg(value_name = "ID|NAME", conflicts_with = "deployment")]
    pub word: Option<String>,
    /// By flag or by the settings.
    #[command(flatten)]
    pub flag: DeploymentArg,
}

impl DeploymentWord {
    /// Returns the Deployment that is named, however it is.
    #[must_use]
    pub fn named(&self) -> DeploymentArg {
        DeploymentArg { deployment: self.word.clone().or_else(|| self.flag.deployment.clone()) }
    }
}
