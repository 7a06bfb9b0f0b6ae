//! What to do with the connections, variables and pools of an Airflow. `liftoff airflow` and `liftoff deployment` share it;
//! flags are spelt as the Astro CLI spells them.

use std::path::PathBuf;

use crate::cli::which::DeploymentArg;

/// What to do with connections.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum ConnectionVerb {
    /// Lists them; Airflow never tells a password
    List(DeploymentArg),
    /// Makes a new one
    Create(ConnectionFlags),
    /// Changes what is named of an existing one
    Update(ConnectionFlags),
    /// Makes them what a file says
    Apply(Apply),
    /// Copies them from another Deployment, but for what Airflow hides
    Copy(CopyFrom),
}

/// What to do with variables.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum VariableVerb {
    /// Lists their keys and descriptions
    List(VariableList),
    /// Makes a new one
    Create(VariableFlags),
    /// Changes what is named of an existing one
    Update(VariableFlags),
    /// Makes them what a file says
    Apply(Apply),
    /// Copies them from another Deployment, but for what Airflow hides
    Copy(CopyFrom),
}

/// What to do with pools.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum PoolVerb {
    /// Lists them
    List(DeploymentArg),
    /// Makes a new one
    Create(PoolFlags),
    /// Changes what is named of an existing one
    Update(PoolFlags),
    /// Makes them what a file says
    Apply(Apply),
    /// Copies them from another Deployment
    Copy(CopyFrom),
}

/// A connection.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct ConnectionFlags {
    /// Its id
    #[arg(long, value_name = "ID")]
    pub conn_id: String,
    /// Its type, such as postgres
    #[arg(long, value_name = "TYPE")]
    pub conn_type: Option<String>,
    /// Description
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Host
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// User's name
    #[arg(long, value_name = "NAME")]
    pub login: Option<String>,
    /// Password; prefer `--password-env`, since flags show in process lists
    #[arg(long, value_name = "TEXT", conflicts_with = "password_env")]
    pub password: Option<Hidden>,
    /// Variable of the environment that holds the password
    #[arg(long, value_name = "NAME")]
    pub password_env: Option<String>,
    /// Schema, such as the name of a database
    #[arg(long, value_name = "NAME")]
    pub schema: Option<String>,
    /// Port
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub port: Option<i64>,
    /// Further settings: a JSON object, `@FILE`, or `-` for standard input
    #[arg(long, value_name = "JSON")]
    pub extra: Option<Hidden>,
    /// Which Deployment
    #[command(flatten)]
    pub deployment: DeploymentArg,
}

/// A list of variables.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct VariableList {
    /// Shows the values as well, as far as Airflow does not mask them; on Airflow 2 these are all, secrets included
    #[arg(long)]
    pub values: bool,
    /// Which Deployment
    #[command(flatten)]
    pub deployment: DeploymentArg,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct VariableFlags {
    /// Its key
    #[arg(long, value_name = "KEY")]
    pub key: String,
    /// Its value; prefer `--value-env` for secrets, since flags show in process lists
    #[arg(long, value_name = "TEXT", conflicts_with = "value_env", allow_hyphen_values = true)]
    pub value: Option<Hidden>,
    /// Variable of the environment that holds the value
    #[arg(long, value_name = "NAME")]
    pub value_env: Option<String>,
    /// Description
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Which Deployment
    #[command(flatten)]
    pub deployment: DeploymentArg,
}

/// A pool.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct PoolFlags {
    /// Its name
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// Its slots; -1 for no limit
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub slots: Option<i64>,
    /// Description
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Whether deferred tasks take slots
    #[arg(long, value_name = "WORD", value_parser = ["enable", "disable"])]
    pub include_deferred: Option<String>,
    /// Which Deployment
    #[command(flatten)]
    pub deployment: DeploymentArg,
}

/// A file of objects.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Apply {
    /// File in the form of Airflow's own `export` or of Astro's airflow_settings.yaml, in YAML or JSON; `-` for standard
    /// input. `${NAME}` stands for a variable of the environment
    #[arg(long, short = 'f', value_name = "FILE")]
    pub file: PathBuf,
    /// Deletes what the Airflow has and the file does not name
    #[arg(long)]
    pub prune: bool,
    /// Which Deployment
    #[command(flatten)]
    pub deployment: DeploymentArg,
}

/// A copy from another Deployment.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct CopyFrom {
    /// Deployment to copy from, by id or exact name
    #[arg(long, value_name = "ID|NAME", aliases = ["source-id", "source-name"])]
    pub from: String,
    /// Only those whose name fits; `*` stands for any characters; may be given several times
    #[arg(long, value_name = "GLOB")]
    pub only: Vec<String>,
    /// The Deployment to copy to, by id or exact name; else `--deployment-id`, `--deployment-name` or their settings
    #[arg(long = "deployment", value_name = "ID|NAME", aliases = ["to", "target-id", "target-name"])]
    pub to: Option<String>,
}

/// A text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(pub String);

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[hidden]")
    }
}
