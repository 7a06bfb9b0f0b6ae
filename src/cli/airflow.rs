//! `liftoff airflow`: the Airflow of a Deployment, its DAGs, connections, variables and pools.

use std::ffi::OsString;

use crate::cli::airflow_objects::{ConnectionVerb, PoolVerb, VariableVerb};
use crate::cli::which::DeploymentArg;

/// What to do with the Airflow of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Calls the Airflow API: token and version included
    Request(Request),
    /// Triggers a DAG, and waits for the end of its run on request
    Trigger(Trigger),
    /// Lists connections and changes them
    #[command(subcommand)]
    Connections(ConnectionVerb),
    /// Lists Airflow variables and changes them
    #[command(subcommand)]
    Variables(VariableVerb),
    /// Lists pools and changes them
    #[command(subcommand)]
    Pools(PoolVerb),
    /// Runs a command with a token for this Deployment alone, which is deleted afterwards
    Token(Token),
}

/// A call of the Airflow API.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Request {
    /// GET, POST, PUT, PATCH or DELETE
    #[arg(value_name = "METHOD")]
    pub method: String,
    /// Path below the API, such as `/dags`; one that begins with `/api/` lies below Airflow itself. `%2F` is part of a name
    #[arg(value_name = "PATH")]
    pub path: String,
    /// Query parameter; may be given several times
    #[arg(long = "query", short = 'q', value_name = "NAME=VALUE")]
    pub query: Vec<String>,
    /// Body: JSON, `@FILE`, or `-` for standard input
    #[arg(long, short = 'd', value_name = "JSON")]
    pub body: Option<String>,
    /// Prints what this jq filter selects; texts without quotes
    #[arg(long, value_name = "FILTER")]
    pub jq: Option<String>,
    /// Which Deployment
    #[command(flatten)]
    pub deployment: DeploymentArg,
}

/// A trigger of a DAG.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Trigger {
    /// Id of the DAG
    #[arg(value_name = "DAG")]
    pub dag: String,
    /// What the run gets: a JSON object, `@FILE`, or `-` for standard input
    #[arg(long, value_name = "JSON")]
    pub conf: Option<String>,
    /// Id of the run; a run of this id that is there already is not made again
    #[arg(long, value_name = "ID")]
    pub run_id: Option<String>,
    /// Moment that the run is about, such as 2026-01-02T03:04:05Z
    #[arg(long, value_name = "TIME")]
    pub logical_date: Option<String>,
    /// Waits until the run has ended; a run that fails exits with 10, one that takes too long with 11
    #[arg(long)]
    pub wait: bool,
    /// How long to wait
    #[arg(long, value_name = "DURATION", default_value = "10m")]
    pub timeout: String,
    /// Which Deployment
    #[command(flatten)]
    pub deployment: DeploymentArg,
}

/// A token for one Deployment.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Token {
    /// Days until the token expires, should it not be deleted
    #[arg(long, value_name = "DAYS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub ttl_days: u16,
    /// Role of the token in the Deployment
    #[arg(long, value_name = "ROLE", default_value = "DEPLOYMENT_ADMIN")]
    pub role: String,
    /// Prints the token instead of running a command; it stays until it expires
    #[arg(long, conflicts_with = "command")]
    pub print: bool,
    /// Which Deployment
    #[command(flatten)]
    pub deployment: DeploymentArg,
    /// Command that gets the token as ASTRO_API_TOKEN and the address of the API as AIRFLOW_API_URL
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}
