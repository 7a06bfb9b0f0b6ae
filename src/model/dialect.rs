//! The languages in which CI systems read commands in the log.
//! It names them; how they are spoken is the console's business.

/// How lines are written for whoever reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// For people and for CI systems without commands.
    Plain,
    /// For GitHub's runner: groups, masks, and messages that it shows at their lines.
    GitHubActions,
    /// For the runners of Gitea and Forgejo: GitHub's groups and masks only.
    GiteaActions,
    /// For Azure's agent: groups, masks, issues, output variables, a summary.
    AzurePipelines,
    /// For TeamCity's agent: blocks, messages with a status, parameters. It reads standard output only.
    TeamCity,
    /// For GitLab's job log: sections.
    GitLab,
    /// For Buildkite's job log: groups.
    Buildkite,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: &'static [Self] = &[
        Self::Plain,
        Self::GitHubActions,
        Self::GiteaActions,
        Self::AzurePipelines,
        Self::TeamCity,
        Self::GitLab,
        Self::Buildkite,
    ];
}
