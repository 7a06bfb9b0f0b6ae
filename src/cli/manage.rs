//! The commands that manage things of the platform, noun by noun. Their own flags are declared here and in the nouns' files;
//! how to reach the platform is said by settings, which every one of them takes.

use clap::{ArgMatches, FromArgMatches as _, Subcommand as _};

use crate::cli::api::Api;
use crate::cli::doctor::Doctor;
use crate::cli::token::Token;
use crate::cli::{access, airflow, deployment, organization, workspace};
use crate::error::{Error, Kind, Result};

/// A command that manages something.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Manage {
    /// Lists Deployments and changes them
    #[command(subcommand)]
    Deployment(deployment::Verb),
    /// Lists Workspaces and changes them
    #[command(subcommand)]
    Workspace(workspace::Verb),
    /// Shows the Organization and changes it: users, teams, roles, address ranges, clusters
    #[command(subcommand)]
    Organization(organization::Verb),
    /// Makes roles what a file says
    #[command(subcommand)]
    Access(access::Verb),
    /// Makes, rotates and checks API tokens of any scope
    Token(Token),
    /// Finds out whether a command could run here: network, token, permissions, Deployment, engine
    Doctor(Doctor),
    /// Calls the Airflow of a Deployment, triggers its DAGs, keeps its connections, variables and pools
    #[command(subcommand)]
    Airflow(airflow::Verb),
    /// Calls the Astro API: token, paging and retries included
    Api(Api),
}

/// A command that manages something, and how it was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Managed {
    /// The words that name it, such as `deployment variable list`.
    pub name: String,
    /// What it is to do.
    pub what: Manage,
}

/// Settings that every command of these takes.
const CONNECTION: &[&str] = &[
    "workspace",
    "organization",
    "api-token",
    "api-token-file",
    "token-warning-days",
    "api-url",
    "ca-cert",
    "json",
    "log-level",
    "color",
    "sandbox",
    "config",
    "root-folder",
];

/// Settings that name a Deployment.
const TARGET: &[&str] = &["deployment-id", "deployment-name"];

/// Settings of commands that change something.
const WRITES: &[&str] = &["dry-run"];
/// Settings of commands whose answer reviewers get to read.
const REVIEWED: &[&str] = &["comment", "comment-on-no-op", "pull-request", "forge", "forge-api-url", "forge-token"];

/// Last words of those commands.
const FOR_REVIEWERS: &[&str] = &["apply", "diff"];

/// Last words of commands that change nothing.
const READS: &[&str] = &["list", "inspect", "logs", "diff", "report", "doctor"];

/// Place in the help, behind the commands that deploy.
const AFTER_DEPLOYING: usize = 100;

/// Adds the commands to the program; `settings` equips one with the settings of these names.
pub fn added(program: clap::Command, settings: impl Fn(clap::Command, &[&str]) -> clap::Command) -> clap::Command {
    let equipped = Manage::augment_subcommands(clap::Command::new("manage"));
    let nouns: Vec<clap::Command> = equipped.get_subcommands().cloned().collect();
    nouns.into_iter().zip(AFTER_DEPLOYING..).fold(program, |program, (noun, place)| {
        let target = if matches!(noun.get_name(), "deployment" | "airflow" | "token" | "doctor") { TARGET } else { &[] };
        program.subcommand(with_settings(noun, target, &settings).display_order(place))
    })
}

fn with_settings(
    command: clap::Command,
    target: &[&str],
    settings: &impl Fn(clap::Command, &[&str]) -> clap::Command,
) -> clap::Command {
    if command.has_subcommands() {
        let names: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
        let command = command.subcommand_required(true).arg_required_else_help(true);
        return names
            .into_iter()
            .fold(command, |command, name| command.mut_subcommand(name, |verb| with_settings(verb, target, settings)));
    }
    let writes = if READS.contains(&command.get_name()) { &[] } else { WRITES };
    let reviewed = if FOR_REVIEWERS.contains(&command.get_name()) { REVIEWED } else { &[] };
    settings(command.next_line_help(true), &[target, CONNECTION, writes, reviewed].concat())
}

/// Returns whether a flag of this name is a setting here. A noun's own flag may be called like a setting of deploys, such as
/// `--description`, and mean something else.
#[must_use]
pub fn takes(setting: &str) -> bool {
    [TARGET, CONNECTION, REVIEWED, WRITES].concat().contains(&setting)
}

/// Returns whether a command of this name is one of these.
#[must_use]
pub fn is_known(name: &str) -> bool {
    Manage::has_subcommand(name)
}

/// Returns the command of a parsed command line.
///
/// # Errors
/// `Kind::Internal` when it is none of these.
pub fn of(matches: &ArgMatches) -> Result<Managed> {
    let what = Manage::from_arg_matches(matches);
    let what = what.map_err(|error| Error::new(Kind::Internal, "tell what to manage").because(error))?;
    Ok(Managed { name: words(matches).join(" "), what })
}

/// Returns the words that name a parsed command.
#[must_use]
pub fn words(matches: &ArgMatches) -> Vec<&str> {
    let steps = std::iter::successors(matches.subcommand(), |(_, inner)| inner.subcommand());
    steps.map(|(name, _)| name).collect()
}

/// Returns the matches of the innermost command.
#[must_use]
pub fn innermost(matches: &ArgMatches) -> &ArgMatches {
    let mut innermost = matches;
    while let Some((_, inner)) = innermost.subcommand() {
        innermost = inner;
    }
    innermost
}
