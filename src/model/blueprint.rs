//! What a Deployment is made from: every setting that the platform takes when it creates one.
//! Field meanings: `reference/astro-platform.md` 5.2 and 10.2. Words of the platform, such as
//! machine names, are carried as they are.

use crate::model::deployment::DeploymentKind;
use crate::model::ids::WorkspaceId;
use crate::model::secret::Secret;

/// The settings of a Deployment, as read from one or as one is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blueprint {
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// Workspace.
    pub workspace_id: WorkspaceId,
    /// Infrastructure, and what only that kind has.
    pub infrastructure: Infrastructure,
    /// Runtime version; empty lets the platform choose.
    pub runtime_version: String,
    /// Executor, such as `CELERY`.
    pub executor: Option<String>,
    /// Whether DAGs are deployed as a bundle.
    pub dag_deploys: bool,
    /// Whether only API tokens may deploy.
    pub cicd_enforced: bool,
    /// Worker queues; empty where the executor has none.
    pub queues: Vec<WorkerQueue>,
    /// Environment variables.
    pub variables: Vec<EnvironmentVariable>,
}

/// Infrastructure of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Infrastructure {
    /// Astro Hosted, on a shared or an own cluster.
    Hosted(Box<Hosted>),
    /// In the customer's cloud account.
    Hybrid {
        /// Cluster.
        cluster_id: String,
        /// Size of a scheduler in Astro units.
        scheduler_au: i64,
        /// Number of schedulers.
        scheduler_replicas: i64,
        /// Node pool of task pods, for the Kubernetes executor.
        task_pod_node_pool: Option<String>,
    },
}

/// What only Deployments on Astro Hosted have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosted {
    /// `Standard` or `Dedicated`.
    pub kind: DeploymentKind,
    /// Cluster; optional on a shared one.
    pub cluster_id: Option<String>,
    /// Cloud, such as `AWS`, where there is no cluster.
    pub cloud_provider: Option<String>,
    /// Region, where there is no cluster.
    pub region: Option<String>,
    /// Scheduler size, such as `SMALL`.
    pub scheduler_size: Option<String>,
    /// Whether components are doubled.
    pub high_availability: bool,
    /// Whether it may hibernate; can only be chosen at creation.
    pub development_mode: bool,
    /// Default CPU of a task's pod, a Kubernetes quantity.
    pub task_pod_cpu: Option<String>,
    /// Default memory of a task's pod.
    pub task_pod_memory: Option<String>,
    /// Limit of CPU for all task pods.
    pub quota_cpu: Option<String>,
    /// Limit of memory for all task pods.
    pub quota_memory: Option<String>,
    /// When it sleeps.
    pub schedules: Vec<HibernationSchedule>,
    /// Whether tasks run outside Astro, and how.
    pub remote_execution: Option<RemoteExecution>,
}

/// When a Deployment sleeps: five-field cron, UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HibernationSchedule {
    /// When it falls asleep.
    pub hibernate_at: String,
    /// When it wakes.
    pub wake_at: String,
}

/// Execution of tasks outside Astro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteExecution {
    /// Address ranges from which agents may come.
    pub allowed_ip_address_ranges: Vec<String>,
    /// Bucket of task logs.
    pub task_log_bucket: Option<String>,
    /// Pattern of task log URLs.
    pub task_log_url_pattern: Option<String>,
}

/// A worker queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerQueue {
    /// Name.
    pub name: String,
    /// Whether it is the one for tasks that name none.
    pub is_default: bool,
    /// Machine type, such as `A5`, on Astro Hosted.
    pub machine: Option<String>,
    /// Node pool, on Hybrid.
    pub node_pool: Option<String>,
    /// Tasks of a worker at the same time.
    pub concurrency: i64,
    /// Fewest workers.
    pub min_workers: i64,
    /// Most workers.
    pub max_workers: i64,
    /// Ephemeral storage of a worker, a Kubernetes quantity.
    pub ephemeral_storage: Option<String>,
}

/// An environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentVariable {
    /// Name.
    pub key: String,
    /// Value.
    pub value: VariableValue,
}

/// The value of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VariableValue {
    /// Anybody may read it.
    Plain(String),
    /// A secret, which the platform keeps to itself: known only where it is to be set.
    Secret(Option<Secret>),
}
