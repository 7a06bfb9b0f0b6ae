//! The flags of the commands that create, change, stop and delete one Deployment, and of its logs.

use crate::cli::which::DeploymentWord;

/// On or off, in the Astro CLI's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Switch {
    /// On.
    Enable,
    /// Off.
    Disable,
}

/// What a Deployment is made of. What is not named is the platform's default for a new one and stays for another.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct Configuration {
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// `celery`, `kubernetes` or `astro`
    #[arg(long, value_name = "EXECUTOR")]
    pub executor: Option<String>,
    /// `small`, `medium`, `large` or `extra_large`
    #[arg(long, value_name = "SIZE")]
    pub scheduler_size: Option<String>,
    /// Size of a scheduler in Astro units, on Hybrid
    #[arg(long, value_name = "AU")]
    pub scheduler_au: Option<i64>,
    /// Number of schedulers, on Hybrid
    #[arg(long, value_name = "COUNT")]
    pub scheduler_replicas: Option<i64>,
    /// Whether components are doubled
    #[arg(long, value_enum, value_name = "SWITCH")]
    pub high_availability: Option<Switch>,
    /// Whether it may hibernate; can only be turned off later
    #[arg(long, value_enum, value_name = "SWITCH")]
    pub development_mode: Option<Switch>,
    /// Whether DAGs are deployed without an image
    #[arg(long, value_enum, value_name = "SWITCH")]
    pub dag_deploy: Option<Switch>,
    /// Whether only API tokens may deploy
    #[arg(long, value_enum, value_name = "SWITCH")]
    pub cicd_enforcement: Option<Switch>,
    /// CPU of a task's pod, such as `0.25`
    #[arg(long, value_name = "CPU")]
    pub default_task_pod_cpu: Option<String>,
    /// Memory of a task's pod, such as `0.5Gi`
    #[arg(long, value_name = "MEMORY")]
    pub default_task_pod_memory: Option<String>,
    /// CPU of all task pods, such as `10`
    #[arg(long, value_name = "CPU")]
    pub resource_quota_cpu: Option<String>,
    /// Memory of all task pods, such as `20Gi`
    #[arg(long, value_name = "MEMORY")]
    pub resource_quota_memory: Option<String>,
    /// Identity with which tasks reach the cloud
    #[arg(long, value_name = "IDENTITY")]
    pub workload_identity: Option<String>,
}

/// How long to wait for a Deployment to be healthy.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Waiting {
    /// Waits until the Deployment is healthy
    #[arg(long)]
    pub wait: bool,
    /// How long to wait, such as `15m`
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub wait_time: String,
}

/// Flags of `deployment create`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Create {
    /// Name; no other Deployment of the Workspace may have it
    #[arg(long, short, value_name = "NAME")]
    pub name: String,
    /// `standard`, `dedicated` or `hybrid`
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// Runtime version, such as `3.1-4`
    #[arg(long, value_name = "VERSION")]
    pub runtime_version: Option<String>,
    /// `aws`, `azure` or `gcp`
    #[arg(long, value_name = "CLOUD")]
    pub cloud_provider: Option<String>,
    /// Region of a standard Deployment
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Cluster, by id or exact name
    #[arg(long, value_name = "ID|NAME")]
    pub cluster_id: Option<String>,
    /// What it is made of.
    #[command(flatten)]
    pub configuration: Configuration,
    /// How long to wait.
    #[command(flatten)]
    pub waiting: Waiting,
}

/// Flags of `deployment update`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Update {
    /// Which Deployment.
    #[command(flatten)]
    pub which: DeploymentWord,
    /// New name
    #[arg(long, short, value_name = "NAME")]
    pub name: Option<String>,
    /// What changes.
    #[command(flatten)]
    pub configuration: Configuration,
    /// How long to wait.
    #[command(flatten)]
    pub waiting: Waiting,
}

/// Flags of `deployment delete`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Delete {
    /// Which Deployment.
    #[command(flatten)]
    pub which: DeploymentWord,
    /// The Deployment's exact name once more, because nothing brings it back
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
}

/// Flags of `deployment hibernate` and `deployment wake-up`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Sleep {
    /// Which Deployment.
    #[command(flatten)]
    pub which: DeploymentWord,
    /// For how long, such as `12h`; without it or `--until`, until the override is removed
    #[arg(long = "for", value_name = "TIME", conflicts_with_all = ["until", "remove_override"])]
    pub length: Option<String>,
    /// Until when, such as `2026-12-01T06:00:00Z`
    #[arg(long, value_name = "TIME", conflicts_with = "remove_override")]
    pub until: Option<String>,
    /// Removes the override, so that the schedule counts again
    #[arg(long)]
    pub remove_override: bool,
}

/// Flags of `deployment logs`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Logs {
    /// Which Deployment.
    #[command(flatten)]
    pub which: DeploymentWord,
    /// Whose lines; may be repeated; else all that its Airflow has
    #[arg(long, value_enum, value_name = "COMPONENT")]
    pub source: Vec<Source>,
    /// Only lines with this word of a level
    #[arg(long, value_enum, value_name = "LEVEL", conflicts_with = "keyword")]
    pub level: Option<Level>,
    /// Only lines with this text
    #[arg(long, value_name = "TEXT")]
    pub keyword: Option<String>,
    /// How far back, such as `2h`
    #[arg(long, value_name = "TIME", default_value = "24h")]
    pub since: String,
    /// Most lines; the newest are printed
    #[arg(long, visible_alias = "log-count", value_name = "COUNT", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
    /// Goes on printing what comes
    #[arg(long, short)]
    pub follow: bool,
    /// How long to follow
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub follow_time: String,
}

/// A component of a Deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Source {
    /// The scheduler.
    Scheduler,
    /// Airflow 2's web server.
    Webserver,
    /// Airflow 3's API server.
    Apiserver,
    /// The triggerer.
    Triggerer,
    /// The workers.
    Worker,
    /// What reads the DAGs.
    DagProcessor,
}

/// A level of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Level {
    /// Errors.
    Error,
    /// Warnings.
    Warn,
    /// What is usual.
    Info,
}
