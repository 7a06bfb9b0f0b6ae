//! Bitbucket Data Center's side of a deploy: pull requests with comments, build statuses and Code Insights reports.
//! It must not know Astro, nor how a request is spelled.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::world::bitbucket::Pull;
use crate::world::commits::CommitGraph;

/// HTTP access token of the sandbox's user `deploy-bot`.
pub const TOKEN: &str = "BBDC-sandbox";
/// HTTP access token of `ada`, who reads the repository, too.
pub const OTHER_TOKEN: &str = "BBDC-sandbox-other";
/// HTTP access token of `eve`, who may not see the repository.
pub const OUTSIDER_TOKEN: &str = "BBDC-sandbox-outsider";

/// An HTTP access token Bitbucket knows.
#[derive(Clone)]
pub struct HttpToken {
    /// The bearer text.
    pub text: String,
    /// Name of its user.
    pub user: String,
}

impl std::fmt::Debug for HttpToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("HttpToken").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A comment on a pull request.
#[derive(Clone, Debug)]
pub struct ServerComment {
    /// Bitbucket's number of the comment.
    pub id: u64,
    /// The pull request.
    pub pull: u64,
    /// How often it was changed; a change must name the version it changes.
    pub version: u64,
    /// Markdown.
    pub text: String,
    /// Name of its author.
    pub author: String,
    /// When it was written.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// A build status of a commit; the newest of a key counts.
#[derive(Clone, Debug)]
pub struct ServerBuild {
    /// The commit.
    pub commit: String,
    /// Which check it is.
    pub key: String,
    /// `SUCCESSFUL`, `FAILED`, `INPROGRESS`, `CANCELLED` or `UNKNOWN`.
    pub state: String,
    /// What else was sent, the address included.
    pub fields: Map<String, Value>,
    /// When it last changed.
    pub updated: Timestamp,
}

/// A Code Insights report on a commit.
#[derive(Clone, Debug)]
pub struct ServerReport {
    /// The commit.
    pub commit: String,
    /// The reporter's key of it.
    pub key: String,
    /// Name of who made it; nobody else may change it.
    pub author: String,
    /// What was sent.
    pub fields: Map<String, Value>,
    /// Its annotations; nothing keeps the same one from coming twice.
    pub annotations: Vec<Map<String, Value>>,
    /// When it last changed.
    pub updated: Timestamp,
}

/// A repository.
#[derive(Clone, Debug, Default)]
pub struct ServerRepository {
    /// Key of its project.
    pub project: String,
    /// Its slug.
    pub slug: String,
    /// Names of the users who may read it, and so talk and report, too.
    pub readers: Vec<String>,
    /// Pull requests.
    pub pulls: Vec<Pull>,
    /// Comments, oldest first.
    pub comments: Vec<ServerComment>,
    /// Build statuses, oldest first.
    pub builds: Vec<ServerBuild>,
    /// Code Insights reports.
    pub reports: Vec<ServerReport>,
    /// Commits, branches and tags.
    pub graph: CommitGraph,
}

/// Bitbucket Data Center.
#[derive(Clone, Debug, Default)]
pub struct BitbucketDc {
    /// Tokens it accepts.
    pub tokens: Vec<HttpToken>,
    /// Repositories, all private.
    pub repositories: Vec<ServerRepository>,
}

impl BitbucketDc {
    /// Returns the sandbox's Bitbucket: repository `demo` of project `ACME` with pull request 1 from `change` to `main`,
    /// and the tokens of this file.
    pub fn sandbox(graph: CommitGraph) -> BitbucketDc {
        let tip = |branch: &str| graph.refs.get(branch).cloned().unwrap_or_default();
        let pull = Pull {
            id: 1,
            title: "Change the example".into(),
            state: "OPEN".into(),
            source: "change".into(),
            source_commit: tip("change"),
            destination: "main".into(),
            destination_commit: tip("main"),
            merge_commit: None,
        };
        let token = |text: &str, user: &str| HttpToken { text: text.into(), user: user.into() };
        BitbucketDc {
            tokens: vec![token(TOKEN, "deploy-bot"), token(OTHER_TOKEN, "ada"), token(OUTSIDER_TOKEN, "eve")],
            repositories: vec![ServerRepository {
                project: "ACME".into(),
                slug: "demo".into(),
                readers: vec!["deploy-bot".into(), "ada".into()],
                pulls: vec![pull],
                graph,
                ..ServerRepository::default()
            }],
        }
    }

    /// Returns a repository; keys and slugs ignore case.
    pub fn repository_mut(&mut self, project: &str, slug: &str) -> Option<&mut ServerRepository> {
        let same = |repository: &&mut ServerRepository| {
            repository.project.eq_ignore_ascii_case(project) && repository.slug.eq_ignore_ascii_case(slug)
        };
        self.repositories.iter_mut().find(same)
    }
}
