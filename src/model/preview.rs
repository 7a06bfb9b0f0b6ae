//! Preview Deployments: whose they are, and what a Deployment is made from.
//! Plain data; how a mark is written into a description is the business of `plan::preview::mark`.

use std::time::Duration;

use crate::model::deployment::Deployment;
use crate::model::ids::DeploymentId;

/// What a preview is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A pull request, by its number.
    PullRequest(u64),
    /// A branch, hostile text.
    Branch(String),
}

impl Subject {
    /// Returns the subject in words: `pull request #7`, `branch feature/a`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::PullRequest(number) => format!("pull request #{number}"),
            Self::Branch(branch) => format!("branch {branch}"),
        }
    }
}

/// Whose a preview is. Equal owners mean the same preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The repository's page without scheme, in lower case, such as `github.com/acme/demo`.
    pub repository: String,
    /// Folder of the project in the repository; empty for the repository itself.
    pub project: String,
    /// What the preview is for.
    pub subject: Subject,
    /// The Deployment it is made from.
    pub base: DeploymentId,
}

impl Owner {
    /// Returns whether both are for the same subject, whatever they are made from.
    #[must_use]
    pub fn serves_the_same(&self, other: &Self) -> bool {
        self.repository == other.repository && self.project == other.project && self.subject == other.subject
    }
}

/// The mark on a preview, kept in the Deployment's description. Only marked Deployments are ever
/// changed or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewMark {
    /// Whose it is.
    pub owner: Owner,
    /// The head branch, for people; hostile text.
    pub branch: String,
    /// How long it lives after its last deploy; none means until its subject is gone.
    pub lifetime: Option<Duration>,
    /// Version of Liftoff that made it.
    pub version: String,
}

/// A Deployment that carries a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The Deployment.
    pub deployment: Deployment,
    /// Its mark.
    pub mark: PreviewMark,
}
