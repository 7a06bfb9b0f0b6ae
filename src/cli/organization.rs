//! `liftoff organization`: what to do with an Organization. Verbs and flags are spelt as the Astro CLI spells them.

use std::path::PathBuf;

use crate::cli::people::Given;
use crate::cli::{audit, token};

/// What to do with Organizations.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Lists the Organizations that the token sees
    List,
    /// Shows the Organization
    Inspect,
    /// Changes the Organization; what is not named stays
    Update {
        /// New name
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// New address for bills
        #[arg(long, value_name = "EMAIL")]
        billing_email: Option<String>,
        /// Whether an identity provider makes users and teams
        #[arg(long, value_name = "ON|OFF")]
        scim: Option<Switch>,
    },
    /// Users of the Organization
    #[command(subcommand)]
    User(UserVerb),
    /// Teams of the Organization
    #[command(subcommand)]
    Team(TeamVerb),
    /// Roles, the Organization's own among them
    #[command(subcommand)]
    Role(RoleVerb),
    /// Ranges of addresses that the Organization may be reached from
    #[command(subcommand)]
    IpRange(IpRangeVerb),
    /// Clusters
    #[command(subcommand)]
    Cluster(ClusterVerb),
    /// Exports the audit logs
    #[command(subcommand)]
    AuditLogs(audit::Verb),
    /// Manages the API tokens of the Organization
    #[command(subcommand)]
    Token(token::Verb),
}

/// A flag that is turned on or off by a word; when it is not given, what is stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum Switch {
    /// On.
    #[value(alias = "on", alias = "true")]
    On,
    /// Off.
    #[value(alias = "off", alias = "false")]
    Off,
}

impl Switch {
    /// Returns whether it is on.
    #[must_use]
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

/// What to do with users of the Organization.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum UserVerb {
    /// Lists the users and whether they are there yet
    List,
    /// Invites those who are neither users nor invited yet; without a role they become members
    Invite(Given),
    /// Gives another role in the Organization
    Update(Given),
}

/// What to do with teams of the Organization.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum TeamVerb {
    /// Lists the teams
    List,
    /// Shows a team with its roles and members
    Inspect {
        /// Name or id
        team: String,
    },
    /// Makes a team
    Create {
        /// Name
        #[arg(value_name = "NAME")]
        name: String,
        /// Description
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Role in the Organization
        #[arg(long, short, value_name = "ROLE", default_value = "ORGANIZATION_MEMBER")]
        role: String,
        /// A member by e-mail address; may be given several times
        #[arg(long = "member", value_name = "EMAIL")]
        members: Vec<String>,
    },
    /// Changes name, description or role in the Organization; what is not named stays
    Update {
        /// Name or id
        team: String,
        /// New name
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// New description
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// New role in the Organization
        #[arg(long, short, value_name = "ROLE")]
        role: Option<String>,
    },
    /// Deletes a team
    Delete {
        /// Name or id
        team: String,
        /// The team's name once more, which says that it is meant
        #[arg(long, value_name = "NAME")]
        confirm: String,
    },
    /// Members of a team
    #[command(subcommand)]
    User(MemberVerb),
}

/// What to do with the members of a team.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum MemberVerb {
    /// Lists the members
    List {
        /// The team, by name or id
        #[arg(long, value_name = "ID|NAME")]
        team: String,
    },
    /// Adds users; who is in the team already stays
    Add(Members),
    /// Takes users out
    Remove(Members),
}

/// Members of a team.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Members {
    /// The team, by name or id
    #[arg(long, value_name = "ID|NAME")]
    pub team: String,
    /// E-mail address or id; may be several
    #[arg(value_name = "EMAIL")]
    pub who: Vec<String>,
    /// File with one e-mail address a line; `-` is standard input
    #[arg(long, short, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// What to do with roles.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum RoleVerb {
    /// Lists the Organization's own roles
    List {
        /// The platform's roles, too
        #[arg(long)]
        include_default_roles: bool,
    },
    /// Shows a role with its permissions
    Inspect {
        /// Name or id
        role: String,
    },
    /// Makes a role
    Create {
        /// Name
        #[arg(value_name = "NAME")]
        name: String,
        /// What it is for: DEPLOYMENT or DAG
        #[arg(long, value_name = "SCOPE", default_value = "DEPLOYMENT")]
        scope: String,
        /// Permission such as `deployment.deploys.create`; may be given several times
        #[arg(long = "permission", value_name = "PERMISSION", required = true)]
        permissions: Vec<String>,
        /// Description
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// A Workspace that it may be used in, by id or name; may be given several times; none means all
        #[arg(long = "restrict-to", value_name = "ID|NAME")]
        workspaces: Vec<String>,
    },
    /// Changes a role; what is not named stays
    Update {
        /// Name or id
        role: String,
        /// New name
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// All permissions that it shall have; may be given several times
        #[arg(long = "permission", value_name = "PERMISSION")]
        permissions: Vec<String>,
        /// New description
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// Deletes a role that nobody has
    Delete {
        /// Name or id
        role: String,
        /// The role's name once more, which says that it is meant
        #[arg(long, value_name = "NAME")]
        confirm: String,
    },
}

/// What to do with ranges of addresses.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum IpRangeVerb {
    /// Lists the ranges
    List,
    /// Adds ranges, all or none; those that are there stay
    Add {
        /// Range such as `10.0.0.0/8`; may be several
        #[arg(value_name = "CIDR", required = true)]
        ranges: Vec<String>,
    },
    /// Removes ranges, all or none
    Remove {
        /// Range or its id; may be several
        #[arg(value_name = "CIDR|ID", required = true)]
        ranges: Vec<String>,
        /// Removes the last range as well, which opens the Organization to every address
        #[arg(long)]
        allow_all: bool,
    },
}

/// What to do with clusters.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum ClusterVerb {
    /// Lists the clusters
    List,
}
