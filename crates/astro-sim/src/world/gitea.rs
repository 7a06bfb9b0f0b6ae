//! Gitea's and Forgejo's side of a deploy: pull requests, comments and commit statuses.
//! It must not know Astro, nor how a request is spelled.

use jiff::Timestamp;

use crate::world::commits::CommitGraph;

/// What a token usually may do here.
pub const USUAL_SCOPES: [&str; 3] = ["write:issue", "write:repository", "read:user"];

/// Which of the two answers; they differ in what a comparison tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavour {
    /// Gitea: each commit tells its files.
    #[default]
    Gitea,
    /// Forgejo: the comparison lists the commits' files, too.
    Forgejo,
}

/// How far a user may go in the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Sees nothing; the repository looks absent.
    None,
    /// Reads and comments.
    Read,
    /// Writes, and edits what others wrote.
    Write,
}

/// A token.
#[derive(Clone)]
pub struct GiteaToken {
    /// Its text.
    pub text: String,
    /// Login of the user it belongs to.
    pub login: String,
    /// Its scopes, such as `write:issue`; a `write:` scope includes `read:`.
    pub scopes: Vec<String>,
    /// What its user may do.
    pub access: Access,
}

impl GiteaToken {
    /// Returns a token.
    pub fn new(text: &str, login: &str, scopes: &[&str], access: Access) -> GiteaToken {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        GiteaToken { text: text.into(), login: login.into(), scopes, access }
    }
}

impl std::fmt::Debug for GiteaToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("GiteaToken").field("login", &self.login).field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

/// A comment on an issue or pull request.
#[derive(Clone, Debug)]
pub struct GiteaComment {
    /// Number of the comment.
    pub id: u64,
    /// Number of the issue or pull request.
    pub index: u64,
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
pub struct GiteaStatus {
    /// Number of the status.
    pub id: u64,
    /// The commit.
    pub sha: String,
    /// `pending`, `success`, `error`, `failure` or `warning`.
    pub state: String,
    /// Which check it is.
    pub context: String,
    /// Free text.
    pub description: String,
    /// Where details are.
    pub target_url: String,
    /// Login of its creator.
    pub creator: String,
    /// When it was set.
    pub created_at: Timestamp,
}

/// A pull request.
#[derive(Clone, Debug)]
pub struct GiteaPull {
    /// Its number.
    pub index: u64,
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
    /// Newest commit of the target branch.
    pub base_sha: String,
}

/// A repository.
#[derive(Clone, Debug, Default)]
pub struct GiteaRepository {
    /// Owner's login.
    pub owner: String,
    /// Name.
    pub name: String,
    /// Pull requests.
    pub pulls: Vec<GiteaPull>,
    /// Comments, oldest first.
    pub comments: Vec<GiteaComment>,
    /// Commit statuses, oldest first.
    pub statuses: Vec<GiteaStatus>,
    /// Commits, branches and tags.
    pub graph: CommitGraph,
}

/// Gitea or Forgejo.
#[derive(Clone, Debug, Default)]
pub struct Gitea {
    /// Which of the two.
    pub flavour: Flavour,
    /// Tokens it accepts.
    pub tokens: Vec<GiteaToken>,
    /// Repositories.
    pub repositories: Vec<GiteaRepository>,
}

impl Gitea {
    /// Returns a repository; owner and name ignore case.
    pub fn repository_mut(&mut self, owner: &str, name: &str) -> Option<&mut GiteaRepository> {
        let same = |repository: &&mut GiteaRepository| {
            repository.owner.eq_ignore_ascii_case(owner) && repository.name.eq_ignore_ascii_case(name)
        };
        self.repositories.iter_mut().find(same)
    }
}
