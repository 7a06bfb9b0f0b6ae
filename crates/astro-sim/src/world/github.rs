//! GitHub's side of a deploy: pull requests, comments and commit statuses.
//! It must not know Astro, nor how a request is spelled.

use jiff::Timestamp;

use crate::world::commits::CommitGraph;

/// A permission and its level, such as (`issues`, `write`).
pub type Permission = (&'static str, &'static str);

/// What a workflow's token usually may do here.
pub const USUAL_PERMISSIONS: [Permission; 4] =
    [("contents", "read"), ("issues", "write"), ("pull_requests", "write"), ("statuses", "write")];

/// A token GitHub knows.
#[derive(Clone)]
pub struct GitHubToken {
    /// The bearer text.
    pub text: String,
    /// What it may do; `write` includes `read`.
    pub permissions: Vec<Permission>,
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
    /// Pull requests.
    pub pulls: Vec<PullRequest>,
    /// Comments, oldest first.
    pub comments: Vec<Comment>,
    /// Commit statuses, oldest first.
    pub statuses: Vec<CommitStatus>,
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
        self.graph.push_commit(branch, sha, files);
    }
}
