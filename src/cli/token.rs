//! `liftoff token`, and the same verbs below `deployment`, `workspace` and `organization`, as the Astro CLI spells them.

use clap::ValueEnum;

use crate::cli::span::days;

/// API tokens of any scope.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Token {
    /// What the tokens belong to; inferred from `--deployment`, `--workspace` and the run's own token
    #[arg(long, global = true, value_enum, value_name = "SCOPE")]
    pub scope: Option<ScopeWord>,
    /// The Deployment whose tokens are meant, by id or exact name
    #[arg(long, global = true, value_name = "ID|NAME")]
    pub deployment: Option<String>,
    /// What to do
    #[command(subcommand)]
    pub verb: TokenVerb,
}

/// What to do with API tokens of any scope.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum TokenVerb {
    /// Tells what the run's own token is, how long it lives and what it may do
    Inspect(Inspect),
    /// A verb that every scope has
    #[command(flatten)]
    Of(Verb),
}

/// API tokens of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct DeploymentTokens {
    /// The Deployment, by id or exact name; else `--deployment-id`, `--deployment-name` or their settings
    #[arg(long, global = true, value_name = "ID|NAME")]
    pub deployment: Option<String>,
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do with the API tokens of one scope.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Lists the tokens; their values are never shown
    List,
    /// Makes a token and stores its value
    Create(Create),
    /// Changes name, description or role of a token
    Update(Update),
    /// Gives a token a new value and stores it; the old value is dead at once
    Rotate(Rotate),
    /// Deletes a token
    Delete(Delete),
    /// Tells which tokens never expire, are unused, were not rotated for long or expire soon
    Report(Report),
    /// Lets a wider token in: gives it a role here, or another one
    Add(Grant),
    /// Takes a wider token's role here away
    Remove(Chosen),
    /// Lets tokens of the Organization in and out, as the Astro CLI spells it
    #[command(subcommand, hide = true)]
    OrganizationToken(Wider),
    /// Lets tokens of the Workspace in and out, as the Astro CLI spells it
    #[command(subcommand, hide = true)]
    WorkspaceToken(Wider),
}

/// What to do with wider tokens.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Wider {
    /// Lists those that have a role here
    List,
    /// Gives one a role here
    Add(Grant),
    /// Gives one another role here
    Update(Grant),
    /// Takes its role here away
    Remove(Chosen),
}

/// What a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScopeWord {
    /// The Organization
    Organization,
    /// A Workspace
    Workspace,
    /// A Deployment
    Deployment,
}

/// Which token.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Chosen {
    /// The token, by id or exact name
    #[arg(value_name = "TOKEN", required_unless_present = "name")]
    pub token: Option<String>,
    /// The token, as the Astro CLI spells it
    #[arg(long, value_name = "NAME", conflicts_with = "token")]
    pub name: Option<String>,
}

impl Chosen {
    /// Returns the id or name.
    #[must_use]
    pub fn wanted(&self) -> &str {
        self.token.as_deref().or(self.name.as_deref()).unwrap_or_default()
    }
}

/// What to tell of the run's own token.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Inspect {
    /// Tells, too, whether it suffices for this command and whether it is wider than needed, such as `deployment update`
    #[arg(long = "for", value_name = "WORDS")]
    pub command: Option<String>,
}

/// Where a token's value goes.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Sinks {
    /// Where the value goes: `github-secret:[OWNER/REPO/]NAME[@ENVIRONMENT]`, `gitlab-variable:[PROJECT/]KEY[@SCOPE]`, `file:PATH` (mode
    /// 0600) or `stdout`; may be given several times
    #[arg(long = "to", value_name = "SINK")]
    pub to: Vec<String>,
    /// The same as `--to stdout`, as the Astro CLI spells it
    #[arg(long, hide = true)]
    pub clean_output: bool,
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Create {
    /// Name; best that of the pipeline that uses it, because deploys show it
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// Role, such as `WORKSPACE_AUTHOR`; a Deployment's token is `DEPLOYMENT_ADMIN` unless another is named
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
    /// Description
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub description: String,
    /// Days after which it expires, 1 to 3650
    #[arg(long = "expires-in-days", alias = "expiration", value_name = "DAYS", required_unless_present = "no_expiry")]
    pub expires_in_days: Option<u16>,
    /// Lets it live for ever
    #[arg(long, conflicts_with = "expires_in_days")]
    pub no_expiry: bool,
    /// Where its value goes
    #[command(flatten)]
    pub sinks: Sinks,
}

/// A change of a token.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Update {
    /// Which token
    #[command(flatten)]
    pub chosen: Chosen,
    /// New name
    #[arg(long, value_name = "NAME")]
    pub new_name: Option<String>,
    /// New description
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// New role here; the token's roles elsewhere stay
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
}

/// A rotation.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Rotate {
    /// Which token
    #[command(flatten)]
    pub chosen: Chosen,
    /// Only if its value is older than this, such as `60d`; else nothing is done
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub older_than: Option<u32>,
    /// Where the new value goes
    #[command(flatten)]
    pub sinks: Sinks,
    /// Rotates it even if it is the token in use, whose new value is lost for good when the platform's answer is lost
    #[arg(long)]
    pub force: bool,
}

/// A deletion.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Delete {
    /// Which token
    #[command(flatten)]
    pub chosen: Chosen,
    /// Deletes it even if it is the token in use
    #[arg(long)]
    pub force: bool,
}

/// A wider token that is let in.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Grant {
    /// Which token
    #[command(flatten)]
    pub chosen: Chosen,
    /// Its role here
    #[arg(long, value_name = "ROLE")]
    pub role: String,
}

/// What a report looks for.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Report {
    /// A token that was not used for this long is unused
    #[arg(long, value_name = "DAYS", value_parser = days, default_value = "30d")]
    pub unused_for: u32,
    /// A token that has had its value for longer is stale
    #[arg(long, value_name = "DAYS", value_parser = days, default_value = "90d")]
    pub older_than: u32,
    /// A token that expires within this time does so soon
    #[arg(long, value_name = "DAYS", value_parser = days, default_value = "14d")]
    pub expiring_within: u32,
    /// Ends with exit code 7 when there is anything to report
    #[arg(long)]
    pub exit_code: bool,
}
