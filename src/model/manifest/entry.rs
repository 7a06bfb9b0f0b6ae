//! What a Deployment file says of one Deployment, in its own words and with its lines.
//! Names of clusters, Workspaces and machines are not looked up yet.

use serde_json::Value;

use crate::model::secret::Secret;

/// Something that a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// 1-based line.
    pub line: usize,
    /// The value, variables of the environment filled in.
    pub value: T,
    /// The text as written, such as `${STAGE}`, where it was filled in from the environment: then the value is not to be shown.
    pub written: Option<String>,
}

impl<T> At<T> {
    /// Wraps what stands on a line.
    pub const fn new(line: usize, value: T) -> Self {
        Self { line, value, written: None }
    }

    /// Returns another value at the same place.
    pub fn with<U>(&self, value: U) -> At<U> {
        At { line: self.line, value, written: self.written.clone() }
    }
}

impl At<String> {
    /// Returns the text as it may be shown: as it is written where the environment filled it in.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.written.as_ref().unwrap_or(&self.value)
    }
}

/// What a file says of one Deployment. What it does not mention is `None` and stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The file, as it was named.
    pub file: String,
    /// Line on which the Deployment begins.
    pub line: usize,
    /// Name, by which it is found.
    pub name: At<String>,
    /// Name of its Workspace.
    pub workspace: Option<At<String>>,
    /// Name of its cluster.
    pub cluster: Option<At<String>>,
    /// Instance type of the node pool for task pods.
    pub default_worker_type: Option<At<String>>,
    /// Further settings with their keys, such as `executor`, in the platform's words.
    pub settings: Vec<(&'static str, At<Value>)>,
    /// Environment variables.
    pub variables: Option<Vec<VariableEntry>>,
    /// Worker queues.
    pub queues: Option<Vec<QueueEntry>>,
    /// E-mail addresses for alerts.
    pub emails: Option<Vec<At<String>>>,
    /// Hibernation schedules.
    pub schedules: Option<Vec<ScheduleEntry>>,
    /// Remote execution: keys with what they say.
    pub remote: Option<Vec<(&'static str, At<Value>)>>,
}

impl Manifest {
    /// Returns one that says a name and nothing else. Without a file, flags say it.
    #[must_use]
    pub const fn new(file: String, line: usize, name: At<String>) -> Self {
        Self {
            file,
            line,
            name,
            workspace: None,
            cluster: None,
            default_worker_type: None,
            settings: Vec::new(),
            variables: None,
            queues: None,
            emails: None,
            schedules: None,
            remote: None,
        }
    }

    /// Returns what it says under a key of the configuration.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&At<Value>> {
        self.settings.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// Returns the text under a key of the configuration; none where it is absent or empty.
    #[must_use]
    pub fn word(&self, key: &str) -> Option<&str> {
        self.setting(key)?.value.as_str().filter(|text| !text.is_empty())
    }
}

/// An environment variable of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableEntry {
    /// Name.
    pub key: At<String>,
    /// Value; none where the file gives none.
    pub value: Option<At<Secret>>,
    /// Whether it is a secret; none where the file does not say.
    pub is_secret: Option<bool>,
}

/// A worker queue of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueEntry {
    /// Name.
    pub name: At<String>,
    /// Machine, or instance type of the node pool.
    pub worker_type: At<String>,
    /// Fewest workers.
    pub least: Option<At<i64>>,
    /// Most workers; zero leaves it to the platform's default.
    pub most: Option<At<i64>>,
    /// Tasks of a worker at the same time; zero leaves it to the default.
    pub concurrency: Option<At<i64>>,
    /// Ephemeral storage of a worker, a Kubernetes quantity.
    pub ephemeral_storage: Option<At<String>>,
}

/// A hibernation schedule of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleEntry {
    /// Five-field cron line, UTC, of falling asleep.
    pub hibernate_at: At<String>,
    /// Five-field cron line, UTC, of waking.
    pub wake_at: At<String>,
    /// Description; none where the file gives none.
    pub description: Option<String>,
    /// Whether it counts; none where the file does not say.
    pub enabled: Option<bool>,
}
