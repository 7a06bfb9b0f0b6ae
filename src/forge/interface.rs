//! What Liftoff tells a forge and asks of it, in words that every forge shares.
//! It knows no forge by name and nothing of how requests are spelt.

use std::time::Duration;

use async_trait::async_trait;

use crate::changes::change::{Change, Relation};
use crate::error::{Place, Result};
use crate::http::exchange::Caller;
use crate::model::context::{ForgeKind, PullRequestState, Repository};
use crate::model::markup::Markup;
use crate::model::revision::CommitSha;
use crate::model::secret::Secret;

/// What it takes to talk to a forge about one repository.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The HTTP client with its manners.
    pub caller: Caller,
    /// Base URL of the API, such as `https://api.github.com` or `https://ghe.example/api/v3`.
    pub api_url: String,
    /// The token.
    pub token: Secret,
    /// The repository.
    pub repository: Repository,
    /// Longest time for each call with all its retries.
    pub budget: Duration,
}

/// Makes a forge of a connection; nothing is sent yet.
///
/// # Errors
/// `Kind::Usage` when the URL or the repository's name cannot be one, and when plain HTTP would
/// leave this machine.
pub type Connect = fn(&Connection) -> Result<Box<dyn Forge>>;

/// One repository at a forge. Whoever calls makes a failure a warning: reporting never fails a
/// deploy. Every call is bounded in time, retries included.
#[async_trait]
pub trait Forge: Send + Sync {
    /// Returns which forge it is.
    fn kind(&self) -> ForgeKind;

    /// Returns what a comment may look like here.
    fn markup(&self) -> Markup;

    /// Creates or edits the pull request's comment that begins with the mark, and returns its
    /// page, empty where the forge names none; `None` when there is no such comment and none is
    /// to be made. Comments of anybody else are never edited: anyone can write a mark.
    ///
    /// # Errors
    /// `Kind::Auth`, `Kind::Refused`, `Kind::NotFound` when the forge refuses, `Kind::Transfer`
    /// when it cannot be reached.
    async fn upsert_comment(&self, comment: &Comment<'_>, upsert: Upsert) -> Result<Option<String>>;

    /// Sets the status of a commit.
    ///
    /// # Errors
    /// As `upsert_comment`.
    async fn set_status(&self, status: &CommitStatus<'_>) -> Result<()>;

    /// Records a deployment to an environment, or what became of one recorded before, and
    /// returns the record; `None` where the forge keeps no such records.
    ///
    /// # Errors
    /// As `upsert_comment`.
    async fn record_deployment(&self, record: &DeploymentRecord<'_>, earlier: Option<&RecordId>) -> Result<Option<RecordId>>;

    /// Shows findings at their lines, as the forge does for checks.
    ///
    /// # Errors
    /// As `upsert_comment`.
    async fn annotate(&self, findings: &Findings<'_>) -> Result<Support>;

    /// Compares two commits that the forge has.
    ///
    /// # Errors
    /// `Kind::NotFound` when the forge does not have one of them; otherwise as `upsert_comment`.
    async fn compare(&self, base: &CommitSha, head: &CommitSha) -> Result<Comparison>;

    /// Returns the numbers of the pull requests that a commit belongs to: those of which it is
    /// the head, or which it merged; the likeliest first, none where the forge cannot tell.
    ///
    /// # Errors
    /// As `upsert_comment`.
    async fn pull_requests_of(&self, commit: &CommitSha) -> Result<Vec<u64>>;

    /// Returns what a pull request is like now.
    ///
    /// # Errors
    /// `Kind::NotFound` when there is none of that number; otherwise as `upsert_comment`.
    async fn pull_request(&self, number: u64) -> Result<PullRequestNow>;
}

/// A comment that is kept up to date.
#[derive(Debug, Clone, Copy)]
pub struct Comment<'a> {
    /// Number of the pull request.
    pub pull_request: u64,
    /// The mark by which it is found again, without the syntax that hides it.
    pub mark: &'a str,
    /// Markdown of the forge's style, within its limit less 400 characters for the mark.
    pub body: &'a str,
}

/// Whether a comment is made where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upsert {
    /// Create or edit.
    Always,
    /// Only edit: keep what an earlier run said true.
    OnlyEdit,
}

/// How far something has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not finished.
    InProgress,
    /// Good.
    Success,
    /// It failed.
    Failure,
    /// Somebody stopped it.
    Cancelled,
}

/// A commit status to be set.
#[derive(Debug, Clone)]
pub struct CommitStatus<'a> {
    /// The commit.
    pub commit: &'a CommitSha,
    /// State.
    pub state: State,
    /// Name that tells it from other statuses; the newest of a name counts.
    pub name: &'a str,
    /// One line; cut to what the forge takes.
    pub description: &'a str,
    /// Page for details. Where the forge demands one and there is none, the repository's.
    pub target_url: Option<&'a str>,
}

/// What became of a deployment to an environment.
#[derive(Debug, Clone)]
pub struct DeploymentRecord<'a> {
    /// The commit.
    pub commit: &'a CommitSha,
    /// The branch or tag, where known.
    pub reference: Option<&'a str>,
    /// Name of the environment.
    pub environment: &'a str,
    /// Whether the environment goes away with its pull request.
    pub lifetime: Lifetime,
    /// State.
    pub state: RecordState,
    /// One line; cut to what the forge takes.
    pub description: &'a str,
    /// Page of what was deployed to.
    pub environment_url: Option<&'a str>,
    /// Page of the run.
    pub log_url: Option<&'a str>,
}

/// How long an environment lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// It stays.
    Lasting,
    /// It goes away with its pull request.
    Preview,
}

/// The states of a deployment record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordState {
    /// It is as far as that.
    Is(State),
    /// What was deployed is no longer there.
    Inactive,
}

/// The forge's own id of a deployment record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordId(pub String);

/// Findings about one commit.
#[derive(Debug, Clone)]
pub struct Findings<'a> {
    /// The commit.
    pub commit: &'a CommitSha,
    /// Name that tells them from other checks; a letter or digit first, then also `-`.
    pub name: &'a str,
    /// One line.
    pub title: &'a str,
    /// Some lines of Markdown.
    pub summary: &'a str,
    /// Page for details.
    pub details_url: Option<&'a str>,
    /// The findings; none means that all is well.
    pub items: &'a [Finding],
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where, relative to the repository.
    pub place: Place,
    /// What.
    pub message: String,
    /// How bad.
    pub severity: Severity,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It fails the run.
    Error,
    /// It may be wrong.
    Warning,
}

/// Whether a forge has what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It was told.
    Told,
    /// It has no such thing.
    Unknown,
}

/// How two commits differ, as a forge sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// How the second commit's history relates to the first's.
    pub relation: Relation,
    /// Files that differ, in path order: between the two commits when the second is ahead of the
    /// first, else perhaps between the second and their merge base.
    pub changes: Vec<Change>,
    /// Why there may be more files than were listed; none when the list is complete.
    pub cut: Option<String>,
}

/// A pull request as the forge knows it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestNow {
    /// Open, merged or closed.
    pub state: PullRequestState,
    /// Head commit.
    pub head: Option<CommitSha>,
    /// Head branch, hostile text.
    pub head_branch: String,
    /// Branch it would merge into.
    pub base_branch: String,
}
