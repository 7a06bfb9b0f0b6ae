//! GitHub's side of a deploy: pull requests, comments, commit statuses and the commit graph.
//! It must not know Astro, nor how a request is spelled.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;

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

/// A file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// Path from the repository's root.
    pub path: String,
    /// `added`, `removed`, `modified` or `renamed`.
    pub status: String,
    /// Old path of a renamed file.
    pub previous: Option<String>,
}

/// A commit.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Full object id.
    pub sha: String,
    /// Parents' object ids.
    pub parents: Vec<String>,
    /// Message.
    pub message: String,
    /// What it changes against its first parent.
    pub files: Vec<ChangedFile>,
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
    /// Commits.
    pub commits: Vec<Commit>,
    /// Object ids by branch or tag name.
    pub refs: BTreeMap<String, String>,
}

/// How two commits lie to each other.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// `ahead`, `behind`, `diverged` or `identical`.
    pub status: &'static str,
    /// The common ancestor.
    pub merge_base: String,
    /// Commits the base lacks, oldest first.
    pub ahead: Vec<String>,
    /// Number of commits the head lacks.
    pub behind: usize,
    /// Files changed since the common ancestor.
    pub files: Vec<ChangedFile>,
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
        let parents = self.refs.get(branch).cloned().into_iter().collect();
        let file = |(path, status): &(&str, &str)| ChangedFile { path: (*path).into(), status: (*status).into(), previous: None };
        let files = files.iter().map(file).collect();
        self.commits.push(Commit { sha: sha.into(), parents, message: format!("Change {branch}"), files });
        self.refs.insert(branch.into(), sha.into());
    }

    /// Returns the commit behind a branch, tag, object id or unique beginning of one (7 characters or more).
    pub fn commit(&self, name: &str) -> Option<&Commit> {
        let sha = self.refs.get(name).map_or(name, String::as_str);
        let exact = self.commits.iter().find(|commit| commit.sha == sha);
        exact.or_else(|| self.commits.iter().find(|commit| sha.len() >= 7 && commit.sha.starts_with(sha)))
    }

    /// Compares two commits; `None` if one is unknown or they share no history.
    pub fn compare(&self, base: &str, head: &str) -> Option<Comparison> {
        let (base, head) = (&self.commit(base)?.sha, &self.commit(head)?.sha);
        let (of_base, of_head) = (self.history(base), self.history(head));
        let seen: BTreeSet<_> = of_base.iter().collect();
        let merge_base = of_head.iter().find(|sha| seen.contains(sha))?.clone();
        let own: BTreeSet<_> = of_head.iter().collect();
        let behind = of_base.iter().filter(|sha| !own.contains(sha)).count();
        let ahead: Vec<_> = of_head.iter().filter(|sha| !seen.contains(sha)).rev().cloned().collect();
        let status = match (ahead.len(), behind) {
            (0, 0) => "identical",
            (_, 0) => "ahead",
            (0, _) => "behind",
            _ => "diverged",
        };
        let files = self.files_of(&ahead);
        Some(Comparison { status, merge_base, ahead, behind, files })
    }

    /// Returns a commit and all its ancestors, nearest first.
    fn history(&self, sha: &str) -> Vec<String> {
        let (mut found, mut queue) = (Vec::new(), VecDeque::from([sha.to_owned()]));
        let mut seen = BTreeSet::new();
        while let Some(sha) = queue.pop_front() {
            if !seen.insert(sha.clone()) {
                continue;
            }
            if let Some(commit) = self.commits.iter().find(|commit| commit.sha == sha) {
                queue.extend(commit.parents.iter().cloned());
                found.push(sha);
            }
        }
        found
    }

    fn files_of(&self, commits: &[String]) -> Vec<ChangedFile> {
        let mut files: BTreeMap<&str, &ChangedFile> = BTreeMap::new();
        for commit in commits.iter().filter_map(|sha| self.commits.iter().find(|commit| &commit.sha == sha)) {
            files.extend(commit.files.iter().map(|file| (file.path.as_str(), file)));
        }
        files.into_values().cloned().collect()
    }
}
