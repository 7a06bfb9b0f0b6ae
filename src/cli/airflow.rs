//! `liftoff airflow`: the Airflow of a Deployment, its DAGs, connections, variables and pools.

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
