//! Where and why this run happens, in words that every CI system shares.
//! Nothing here knows a variable name of any vendor.

use std::path::PathBuf;

use crate::model::revision::CommitSha;

/// The CI context of a run. Everything is optional because no system tells everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CiContext {
    /// Stable name of the CI system, such as `github-actions` or `local`.
    pub provider: &'static str,
    /// What started the run.
    pub event: Event,
    /// The commit this run serves: for a pull request its head, never a synthetic merge commit.
    pub commit: Option<CommitSha>,
    /// How the commit's id begins, in lower-case digits, where the system tells only that.
    pub commit_prefix: Option<String>,
    /// The branch this run serves: for a pull request its head branch.
    pub branch: Option<String>,
    /// The tag this run serves, when it serves one.
    pub tag: Option<String>,
    /// The commit that the event names as the former state. It only explains; it never decides.
    pub before: Option<CommitSha>,
    /// The pull request this run serves.
    pub pull_request: Option<PullRequest>,
    /// Whose code the run has, as far as the system tells.
    pub trust: Trust,
    /// The repository, as the CI system names it.
    pub repository: Option<Repository>,
    /// Page of this run, for people.
    pub run_url: Option<String>,
    /// Login of whoever started the run.
    pub actor: Option<String>,
    /// The checkout folder, when the system names one.
    pub checkout: Option<PathBuf>,
}

impl CiContext {
    /// Returns a context in which nothing is known but the system and the event.
    #[must_use]
    pub const fn new(provider: &'static str, event: Event) -> Self {
        Self {
            provider,
            event,
            commit: None,
            commit_prefix: None,
            branch: None,
            tag: None,
            before: None,
            pull_request: None,
            trust: Trust::SameRepository,
            repository: None,
            run_url: None,
            actor: None,
            checkout: None,
        }
    }
}

/// What started a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Commits were pushed to a branch.
    Push,
    /// A tag was pushed.
    Tag,
    /// Something happened to a pull request; the action is the forge's word, such as `opened`,
    /// and empty where the system does not tell it.
    PullRequest { action: String },
    /// A merge queue checks a group of pull requests.
    MergeGroup,
    /// A branch was created.
    BranchCreated,
    /// A branch was deleted; there is no commit.
    BranchDeleted,
    /// Someone pressed the button or called the API.
    Manual,
    /// A timer.
    Schedule,
    /// A release was published.
    Release,
    /// Another workflow or pipeline.
    Upstream,
    /// A person's own machine, or a CI system that says nothing.
    Local,
    /// Anything else, by its own name.
    Other(String),
}

/// A pull (or merge) request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Number shown to people.
    pub number: u64,
    /// Title, hostile text.
    pub title: String,
    /// Head commit.
    pub head: Option<CommitSha>,
    /// Head branch, hostile text; empty where the system does not tell it.
    pub head_branch: String,
    /// Branch it would merge into; empty where the system does not tell it.
    pub base_branch: String,
    /// Tip of the base branch as the event knew it; may be stale.
    pub base: Option<CommitSha>,
    /// Open, merged or closed.
    pub state: PullRequestState,
    /// Page of the pull request.
    pub url: Option<String>,
}

impl PullRequest {
    /// Returns an open pull request of which nothing is known but its number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self {
            number,
            title: String::new(),
            head: None,
            head_branch: String::new(),
            base_branch: String::new(),
            base: None,
            state: PullRequestState::Open,
            url: None,
        }
    }
}

/// Whose code a run has, and so whether it gets the repository's secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The repository's own.
    SameRepository,
    /// A pull request's, of which the system does not say where it comes from.
    Unknown,
    /// A fork's: no secrets.
    Fork,
    /// The repository's own, by Dependabot: another secret store.
    Dependabot,
}

/// The state of a pull request as the event told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullRequestState {
    /// Open.
    Open,
    /// Closed and merged.
    Merged,
    /// Closed without merging.
    Closed,
}

/// A repository at a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Which forge software serves it.
    pub forge: ForgeKind,
    /// Base URL of the forge's web pages, without a trailing slash, such as `https://github.com`.
    pub server_url: String,
    /// Base URL of the forge's API, without a trailing slash.
    pub api_url: Option<String>,
    /// Full name, such as `acme/pipelines`. GitLab's may have more parts, Azure Repos' is
    /// `organization/project/repository`, Bitbucket Data Center's `PROJECT/repository`.
    pub path: String,
}

impl Repository {
    /// Returns the page that shows what one commit has and another has not; none where the forge
    /// has no such page or the server is unknown.
    #[must_use]
    pub fn compare_page(&self, base: &CommitSha, head: &CommitSha) -> Option<String> {
        let place = match self.forge {
            ForgeKind::GitHub | ForgeKind::Gitea => format!("compare/{base}...{head}"),
            ForgeKind::GitLab => format!("-/compare/{base}...{head}"),
            // The other way round, as Bitbucket reads it: what the first has and the second has not.
            ForgeKind::Bitbucket => format!("branches/compare/{head}%0D{base}"),
            ForgeKind::BitbucketServer | ForgeKind::AzureDevOps | ForgeKind::Other => return None,
        };
        Some(format!("{}/{}/{place}", self.server_url, self.path))
    }
}

/// The forge software.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForgeKind {
    /// GitHub, in the cloud or as GitHub Enterprise Server.
    GitHub,
    /// GitLab, in the cloud or self-managed.
    GitLab,
    /// Bitbucket Cloud.
    Bitbucket,
    /// Bitbucket Data Center.
    BitbucketServer,
    /// Azure Repos, in Azure DevOps Services or Server.
    AzureDevOps,
    /// Gitea or Forgejo.
    Gitea,
    /// Unknown or none.
    Other,
}

impl ForgeKind {
    /// Every forge that Liftoff can report to.
    pub const ALL: &'static [Self] =
        &[Self::GitHub, Self::GitLab, Self::Bitbucket, Self::BitbucketServer, Self::AzureDevOps, Self::Gitea];

    /// Returns the word by which settings and fixtures name it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Bitbucket => "bitbucket",
            Self::BitbucketServer => "bitbucket-server",
            Self::AzureDevOps => "azure-devops",
            Self::Gitea => "gitea",
            Self::Other => "other",
        }
    }
}
