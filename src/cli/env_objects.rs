//! Environment objects of a Workspace or a Deployment: connections, variables and metrics exports.

use crate::cli::organization::Switch;
use crate::cli::which::DeploymentArg;

/// A place that needs no flag of its own: the Workspace of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct TheWorkspace {}

/// What to do with environment objects; `P` says where.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb<P: clap::Args> {
    /// Lists the objects, without secrets
    List {
        /// Where.
        #[command(flatten)]
        place: P,
        /// Only those of this kind
        #[arg(long = "type", value_name = "KIND")]
        kind: Option<ObjectKind>,
        /// On a Deployment, also those that its Workspace hands on
        #[arg(long)]
        resolve_linked: bool,
    },
    /// Makes an object
    Create {
        /// Where.
        #[command(flatten)]
        place: P,
        /// Which.
        #[command(flatten)]
        which: Which,
        /// What is in it.
        #[command(flatten)]
        content: Content,
        /// Makes the value a secret, which cannot be changed later
        #[arg(long)]
        secret: bool,
    },
    /// Changes an object; what is not named stays, links and secrets among it
    Update {
        /// Where.
        #[command(flatten)]
        place: P,
        /// Which.
        #[command(flatten)]
        which: Which,
        /// What is in it.
        #[command(flatten)]
        content: Content,
    },
    /// Deletes an object
    Delete {
        /// Where.
        #[command(flatten)]
        place: P,
        /// Which.
        #[command(flatten)]
        which: Which,
    },
    /// Hands an object of a Workspace on to Deployments, perhaps with other values there
    Link {
        /// Where.
        #[command(flatten)]
        place: P,
        /// Which.
        #[command(flatten)]
        which: Which,
        /// The Deployments, by id or name
        #[arg(long = "to", value_name = "ID|NAME", required = true)]
        deployments: Vec<String>,
        /// Another value there; may be given several times
        #[arg(long = "override", value_name = "FIELD=VALUE")]
        overrides: Vec<String>,
    },
    /// Hands an object of a Workspace no longer on to Deployments that it was linked to
    Unlink {
        /// Where.
        #[command(flatten)]
        place: P,
        /// Which.
        #[command(flatten)]
        which: Which,
        /// The Deployments, by id or name
        #[arg(long = "from", value_name = "ID|NAME", required = true)]
        deployments: Vec<String>,
    },
    /// Keeps an object that every Deployment of the Workspace gets from some of them
    Exclude {
        /// Where.
        #[command(flatten)]
        place: P,
        /// Which.
        #[command(flatten)]
        which: Which,
        /// The Deployments, by id or name
        #[arg(long = "from", value_name = "ID|NAME", required = true)]
        deployments: Vec<String>,
    },
}

/// Objects of a Workspace.
pub type InWorkspace = Verb<TheWorkspace>;
/// Objects of a Deployment.
pub type InDeployment = Verb<DeploymentArg>;

/// The kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ObjectKind {
    /// A connection of Airflow.
    Connection,
    /// A variable of Airflow.
    AirflowVariable,
    /// A variable of the process environment.
    EnvironmentVariable,
    /// A place that metrics are sent to.
    MetricsExport,
}

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Which {
    /// Key of the object
    #[arg(value_name = "KEY")]
    pub key: String,
    /// Kind of the object
    #[arg(long = "type", value_name = "KIND")]
    pub kind: ObjectKind,
}

/// What an object holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct Content {
    /// Value of a variable: text, `@FILE`, or `-` for standard input, which keep it out of the process list
    #[arg(long, value_name = "VALUE")]
    pub value: Option<String>,
    /// Field of a connection or metrics export, such as `host=db` or `password=@FILE`; may be given several times
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub fields: Vec<String>,
    /// Description
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Whether every Deployment of the Workspace gets it
    #[arg(long, value_name = "ON|OFF")]
    pub auto_link: Option<Switch>,
}
