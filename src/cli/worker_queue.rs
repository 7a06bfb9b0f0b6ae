//! `liftoff deployment worker-queue`: worker queues of a Deployment.

use crate::cli::which::DeploymentArg;

/// What to do with worker queues.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Lists the worker queues
    List(List),
    /// Adds a worker queue
    Create(Queue),
    /// Changes a worker queue: only what is named
    Update(Queue),
    /// Deletes a worker queue
    Delete(Delete),
}

/// Flags of `worker-queue list`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct List {
    /// Which Deployment.
    #[command(flatten)]
    pub which: DeploymentArg,
}

/// Flags of `worker-queue create` and `worker-queue update`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Queue {
    /// Which Deployment.
    #[command(flatten)]
    pub which: DeploymentArg,
    /// Name
    #[arg(long, short, value_name = "NAME")]
    pub name: String,
    /// Machine, such as `A5`, or on Hybrid the node pool's instance type
    #[arg(long, short = 't', value_name = "TYPE")]
    pub worker_type: Option<String>,
    /// Fewest workers
    #[arg(long, value_name = "COUNT")]
    pub min_count: Option<i64>,
    /// Most workers
    #[arg(long, value_name = "COUNT")]
    pub max_count: Option<i64>,
    /// Tasks of a worker at the same time
    #[arg(long, short, value_name = "COUNT")]
    pub concurrency: Option<i64>,
    /// Ephemeral storage of a worker, such as `10Gi`
    #[arg(long, value_name = "SIZE")]
    pub pod_ephemeral_storage: Option<String>,
}

/// Flags of `worker-queue delete`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Delete {
    /// Which Deployment.
    #[command(flatten)]
    pub which: DeploymentArg,
    /// Name
    #[arg(long, short, value_name = "NAME")]
    pub name: String,
}
