//! `liftoff deployment`: what to do with Deployments. Verbs and flags are spelt as the Astro CLI spells them.

use crate::cli::airflow_objects::{ConnectionVerb, PoolVerb, VariableVerb};
use crate::cli::deployment_file::{Apply, Diff, Inspect};
use crate::cli::deployment_flags::{Create, Delete, Logs, Sleep, Update};
use crate::cli::env_objects;
use crate::cli::people::InDeployment;
use crate::cli::token::DeploymentTokens;
use crate::cli::{variable, worker_queue};

/// What to do with Deployments.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Lists the Deployments that the token sees
    List,
    /// Shows a Deployment as a Deployment file, in the form that `apply` and the Astro CLI take
    Inspect(Inspect),
    /// Creates a Deployment
    Create(Box<Create>),
    /// Changes a Deployment: only what is named
    Update(Box<Update>),
    /// Deletes a Deployment
    Delete(Delete),
    /// Makes Deployments what Deployment files say: creates those that are missing and changes the others
    Apply(Apply),
    /// Shows what `apply` would change, and nothing else
    Diff(Diff),
    /// Puts a development Deployment to sleep, whatever its schedule says
    Hibernate(Sleep),
    /// Wakes a development Deployment, whatever its schedule says
    WakeUp(Sleep),
    /// Prints what a Deployment's components log
    Logs(Logs),
    /// Lists environment variables of a Deployment and changes them
    #[command(subcommand)]
    Variable(variable::Verb),
    /// Lists worker queues of a Deployment and changes them
    #[command(subcommand)]
    WorkerQueue(worker_queue::Verb),
    /// Lists the connections of its Airflow and changes them
    #[command(subcommand)]
    Connection(ConnectionVerb),
    /// Lists the variables of its Airflow and changes them
    #[command(subcommand)]
    AirflowVariable(VariableVerb),
    /// Lists the pools of its Airflow and changes them
    #[command(subcommand)]
    Pool(PoolVerb),
    /// Users with a role on the Deployment
    #[command(subcommand)]
    User(InDeployment),
    /// Teams with a role on the Deployment
    #[command(subcommand)]
    Team(InDeployment),
    /// Manages the API tokens of a Deployment
    Token(DeploymentTokens),
    /// Connections, variables and metrics exports of the Deployment
    #[command(subcommand)]
    EnvObject(env_objects::InDeployment),
}
