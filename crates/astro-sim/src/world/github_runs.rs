//! What GitHub shows of a run besides comments: deployments and check runs.
//! It must not know how a request is spelled.

use jiff::Timestamp;
use serde_json::Value;

/// A deployment of a commit to an environment.
#[derive(Clone, Debug)]
pub struct GitHubDeployment {
    /// GitHub's number of the deployment.
    pub id: u64,
    /// The commit.
    pub sha: String,
    /// The branch, tag or object id that was asked for.
    pub reference: String,
    /// The task, usually `deploy`.
    pub task: String,
    /// Whatever the creator wants to be told again.
    pub payload: Value,
    /// The environment now; a status can change it.
    pub environment: String,
    /// The environment at first.
    pub original_environment: String,
    /// At most 140 characters.
    pub description: Option<String>,
    /// Login of its creator.
    pub creator: String,
    /// Whether the environment will vanish some day.
    pub transient: bool,
    /// Whether end users meet the environment.
    pub production: bool,
    /// Its statuses, oldest first.
    pub statuses: Vec<DeploymentStatus>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl GitHubDeployment {
    /// Returns the state that its newest status tells; empty without a status.
    pub fn state(&self) -> &str {
        self.statuses.last().map_or("", |status| &status.state)
    }
}

/// A status of a deployment.
#[derive(Clone, Debug)]
pub struct DeploymentStatus {
    /// GitHub's number of the status.
    pub id: u64,
    /// `error`, `failure`, `inactive`, `in_progress`, `queued`, `pending` or `success`.
    pub state: String,
    /// At most 140 characters.
    pub description: String,
    /// Where the environment is.
    pub environment_url: String,
    /// Where the log is.
    pub log_url: String,
    /// The environment.
    pub environment: String,
    /// Login of its creator.
    pub creator: String,
    /// When it was set.
    pub created_at: Timestamp,
}

/// A check run of an app on a commit.
#[derive(Clone, Debug)]
pub struct CheckRun {
    /// GitHub's number of the check run.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// How it ended.
    pub conclusion: Option<String>,
    /// Where details are.
    pub details_url: Option<String>,
    /// Title of its output.
    pub title: Option<String>,
    /// Summary of its output, in Markdown.
    pub summary: Option<String>,
    /// Details of its output, in Markdown.
    pub text: Option<String>,
    /// Its annotations as they were given, in order.
    pub annotations: Vec<Value>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}
