//! GitHub's side of a deploy: pull requests, comments and commit statuses.
//! It must not know Astro, nor how a request is spelled.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::world::commits::CommitGraph;
use crate::world::github_runs::{CheckRun, GitHubDeployment};
use crate::world::secrets::StoredSecret;

/// A permission and its level, such as (`issues`, `write`).
pub type Permission = (&'static str, &'static str);

/// What a workflow's token usually may do here.
pub const USUAL_PERMISSIONS: [Permission; 6] = [
    ("checks", "write"),
    ("contents", "read"),
    ("deployments", "write"),
    ("issues", "write"),
    ("pull_requests", "write"),
    ("statuses", "write"),
];

/// Who a workflow's token is.
pub const ACTIONS_LOGIN: &str = "github-actions[bot]";

/// A token GitHub knows.
#[derive(Clone)]
pub struct GitHubToken {
    /// The bearer text.
    pub text: String,
    /// What it may do; `write` includes `read`.
    pub permissions: Vec<Permission>,
    /// Login of the person it belongs to; `None` for a token of an app, such as a workflow's.
    pub person: Option<String>,
}

impl GitHubToken {
    /// Returns a token as a workflow gets it.
    pub fn of_workflow(text: &str, permissions: &[Permission]) -> GitHubToken {
        GitHubToken { text: text.into(), permissions: permissions.into(), person: None }
    }

    /// Returns a personal token.
    pub fn of_person(text: &str, login: &str, permissions: &[Permission]) -> GitHubToken {
        GitHubToken { person: Some(login.into()), ..GitHubToken::of_workflow(text, permissions) }
    }

    /// Returns the login that shows as the author of what the token makes.
    pub fn login(&self) -> &str {
        self.person.as_deref().unwrap_or(ACTIONS_LOGIN)
    }
}

impl std::fmt::Debug for GitHubToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("GitHubToken").field("permissions", &self.permissions).finish_non_exhaustive()
    }
}

/// A comment on an issue or pull request.
#[derive(Clone, Debug)]
pub struct Comment {
    /// GitHub's number of the comment.
    pub id: u64,
    /// The issue or pull request.
    pub issue: u64,
    /// Markdown.
    pub body: String,
    /// Login of its author.
    pub author: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A commit status.
#[derive(Clone, Debug)]
pub struct CommitStatus {
    /// GitHub's number of the status.
    pub id: u64,
    /// The commit.
    pub sha: String,
    /// `error`, `failure`, `pending` or `success`.
    pub state: String,
    /// Which check it is.
    pub context: String,
    /// At most 140 characters.
    pub description: Option<String>,
    /// Where details are.
    pub target_url: Option<String>,
    /// Login of its creator.
    pub creator: String,
    /// When it was set.
    pub created_at: Timestamp,
}

/// A pull request.
#[derive(Clone, Debug)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Title.
    pub title: String,
    /// `open` or `closed`.
    pub state: String,
    /// Whether it was merged.
    pub merged: bool,
    /// The commit that merged it.
    pub merge_commit: Option<String>,
    /// `owner/name` of the fork it comes from; `None` for a branch of the repository itself.
    pub fork: Option<String>,
    /// Source branch.
    pub head_ref: String,
    /// Newest commit of the source branch.
    pub head_sha: String,
    /// Target branch.
    pub base_ref: String,
    /// Commit it is compared with.
    pub base_sha: String,
}

/// A repository.
#[derive(Clone, Debug, Default)]
pub struct GitHubRepository {
    /// Owner's login.
    pub owner: String,
    /// Name.
    pub name: String,
    /// Name of the default branch.
    pub default_branch: String,
    /// Pull requests.
    pub pulls: Vec<PullRequest>,
    /// Comments, oldest first.
    pub comments: Vec<Comment>,
    /// Commit statuses, oldest first.
    pub statuses: Vec<CommitStatus>,
    /// Deployments, oldest first.
    pub deployments: Vec<GitHubDeployment>,
    /// Check runs, oldest first.
    pub check_runs: Vec<CheckRun>,
    /// Secrets of Actions.
    pub secrets: Vec<StoredSecret>,
    /// Commits, branches and tags.
    pub graph: CommitGraph,
}

/// GitHub.
#[derive(Clone, Debug, Default)]
pub struct GitHub {
    /// Tokens it accepts.
    pub tokens: Vec<GitHubToken>,
    /// Repositories.
    pub repositories: Vec<GitHubRepository>,
}

impl GitHub {
    /// Returns a repository; owner and name ignore case, as on GitHub.
    pub fn repository_mut(&mut self, owner: &str, name: &str) -> Option<&mut GitHubRepository> {
        let same = |repository: &&mut GitHubRepository| {
            repository.owner.eq_ignore_ascii_case(owner) && repository.name.eq_ignore_ascii_case(name)
        };
        self.repositories.iter_mut().find(same)
    }
}

impl GitHubRepository {
    /// Adds a commit and moves a branch to it.
    pub fn push_commit(&mut self, branch: &str, sha: &str, files: &[(&str, &str)]) {
        self.graph.push(branch, sha, files);
    }

    /// Returns the newest state of each status and check run of a commit, by name.
    pub fn check_states(&self, sha: &str) -> BTreeMap<String, String> {
        let statuses = self.statuses.iter().filter(|status| status.sha == sha);
        let runs = self.check_runs.iter().filter(|run| run.head_sha == sha);
        let statuses = statuses.map(|status| (status.context.clone(), status.state.clone()));
        statuses.chain(runs.map(|run| (run.name.clone(), run.conclusion.clone().unwrap_or_else(|| "pending".into())))).collect()
    }

    /// Returns the pull requests of a commit: the merged one that brought it into the default branch, else all that hold it.
    pub fn pulls_of(&self, sha: &str) -> Vec<&PullRequest> {
        let default = self.graph.compare(&self.default_branch, sha);
        let landed = default.is_some_and(|comparison| comparison.ahead.is_empty());
        let holds = |pull: &&PullRequest| {
            let own = self.graph.compare(&pull.base_sha, &pull.head_sha);
            own.is_some_and(|comparison| comparison.ahead.iter().any(|ahead| ahead == sha))
        };
        let brought = |pull: &&PullRequest| pull.merge_commit.as_deref() == Some(sha) || holds(pull);
        self.pulls.iter().filter(brought).filter(|pull| pull.merged || (!landed && pull.state == "open")).collect()
    }
}
