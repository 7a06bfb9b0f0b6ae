//! Azure DevOps' side of a deploy: pull requests, their threads and the statuses of commits and pull requests.
//! It must not know Astro, nor how a request is spelled.

use jiff::Timestamp;

use crate::world::commits::CommitGraph;

/// What an identity may do in a repository, by Azure DevOps' own names.
pub const USUAL_PERMISSIONS: [&str; 3] = ["GenericRead", "GenericContribute", "PullRequestContribute"];

/// How a token may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A personal access token: as the password only.
    Personal,
    /// A pipeline's `System.AccessToken`: as the password or as a bearer.
    Pipeline,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// GUID.
    pub id: String,
    /// Name for people.
    pub display_name: String,
}

/// A token.
#[derive(Clone)]
pub struct AzureToken {
    /// Its text.
    pub text: String,
    /// How it may be sent.
    pub kind: TokenKind,
    /// Whether its time is over.
    pub expired: bool,
    /// Whom it belongs to.
    pub identity: Identity,
    /// What that one may do.
    pub permissions: Vec<&'static str>,
}

impl AzureToken {
    /// Returns a token of an identity whose GUID is made of one digit.
    pub fn new(text: &str, kind: TokenKind, (digit, name): (u8, &str), permissions: &[&'static str]) -> AzureToken {
        let identity = Identity { id: guid(digit), display_name: name.into() };
        AzureToken { text: text.into(), kind, expired: false, identity, permissions: permissions.into() }
    }
}

impl std::fmt::Debug for AzureToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let permissions = ("permissions", &self.permissions);
        formatter
            .debug_struct("AzureToken")
            .field("identity", &self.identity)
            .field(permissions.0, permissions.1)
            .finish_non_exhaustive()
    }
}

/// Returns a GUID made of one digit.
pub fn guid(digit: u8) -> String {
    let part = |length: usize| char::from(b'0' + digit % 10).to_string().repeat(length);
    [8, 4, 4, 4, 12].map(part).join("-")
}

/// A comment of a thread.
#[derive(Clone, Debug)]
pub struct ThreadComment {
    /// Its number within the thread, from 1.
    pub id: u64,
    /// The comment it replies to; 0 for the first.
    pub parent: u64,
    /// Markdown.
    pub content: String,
    /// `text`, `codeChange` or `system`.
    pub kind: String,
    /// Who wrote it.
    pub author: Identity,
    /// When it was written.
    pub published: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// A thread of a pull request.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its number.
    pub id: u64,
    /// The pull request.
    pub pull: u64,
    /// `active`, `fixed`, `wontFix`, `closed`, `byDesign` or `pending`; system threads have none.
    pub status: Option<String>,
    /// Its comments, oldest first.
    pub comments: Vec<ThreadComment>,
    /// When it was opened.
    pub published: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// What a status is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusTarget {
    /// A commit.
    Commit(String),
    /// A pull request.
    Pull(u64),
}

/// A status of a commit or of a pull request.
#[derive(Clone, Debug)]
pub struct AzureStatus {
    /// Its number.
    pub id: u64,
    /// What it is about.
    pub target: StatusTarget,
    /// `notSet`, `pending`, `succeeded`, `failed`, `error`, `notApplicable` or `partiallySucceeded`.
    pub state: String,
    /// Name that tells it from others.
    pub name: String,
    /// Group of such names; may be empty.
    pub genre: String,
    /// Free text.
    pub description: String,
    /// Where details are.
    pub target_url: String,
    /// Who set it.
    pub creator: Identity,
    /// When it was set.
    pub created: Timestamp,
}

/// A pull request.
#[derive(Clone, Debug)]
pub struct AzurePull {
    /// Its number.
    pub id: u64,
    /// Title.
    pub title: String,
    /// `active`, `completed` or `abandoned`.
    pub status: String,
    /// Name of the fork it comes from; `None` for a branch of the repository itself.
    pub fork: Option<String>,
    /// Source branch, without `refs/heads/`.
    pub source: String,
    /// Newest commit of the source branch.
    pub source_commit: String,
    /// Target branch, without `refs/heads/`.
    pub target: String,
    /// Newest commit of the target branch.
    pub target_commit: String,
    /// The commit that merged it, or would.
    pub merge_commit: Option<String>,
}

/// A repository.
#[derive(Clone, Debug, Default)]
pub struct AzureRepository {
    /// GUID of the project.
    pub project_id: String,
    /// Name of the project.
    pub project: String,
    /// GUID.
    pub id: String,
    /// Name.
    pub name: String,
    /// Pull requests.
    pub pulls: Vec<AzurePull>,
    /// Threads, oldest first.
    pub threads: Vec<Thread>,
    /// Statuses, oldest first.
    pub statuses: Vec<AzureStatus>,
    /// Commits, branches and tags.
    pub graph: CommitGraph,
}

/// Azure DevOps.
#[derive(Clone, Debug, Default)]
pub struct AzureDevOps {
    /// Name of the organization.
    pub organization: String,
    /// Tokens it accepts.
    pub tokens: Vec<AzureToken>,
    /// Repositories.
    pub repositories: Vec<AzureRepository>,
}
