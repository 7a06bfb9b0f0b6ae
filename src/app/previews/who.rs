//! Whom a run's preview serves: the repository, the project in it, and the pull request or branch,
//! as the forge has them now.

use std::path::Path;

use crate::app::checkout::Checkout;
use crate::app::configure::project_folder;
use crate::app::session::Session;
use crate::app::{content, source};
use crate::cli::command::Verb;
use crate::error::{Error, Kind, Result};
use crate::forge::interface::{Forge, PullRequestNow};
use crate::model::context::Repository;
use crate::model::ids::DeploymentId;
use crate::model::path::RelPath;
use crate::model::preview::{Owner, Preview, Subject};
use crate::model::revision::CommitSha;

/// Whom a preview serves.
#[derive(Debug, Clone)]
pub struct Who {
    /// The repository's page without scheme, in lower case.
    pub repository: String,
    /// Folder of the project in the repository; empty for the repository itself.
    pub project: String,
    /// The pull request or branch.
    pub subject: Subject,
    /// The head branch; empty where nobody tells it.
    pub branch: String,
    /// The commit that this run has.
    pub commit: Option<CommitSha>,
}

impl Who {
    /// Returns the owner of the preview that is made from a base.
    #[must_use]
    pub fn owner(&self, base: &DeploymentId) -> Owner {
        Owner {
            repository: self.repository.clone(),
            project: self.project.clone(),
            subject: self.subject.clone(),
            base: base.clone(),
        }
    }

    /// Returns those of the previews that serve the same, whatever they are made from.
    #[must_use]
    pub fn all(&self, reach: Reach, previews: Vec<Preview>) -> Vec<Preview> {
        let serves = |owner: &Owner| {
            let same = self.repository == owner.repository && self.subject == owner.subject;
            same && (reach == Reach::EveryProject || self.project == owner.project)
        };
        previews.into_iter().filter(|preview| serves(&preview.mark.owner)).collect()
    }
}

/// Whose previews end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The one of this run's project.
    ThisProject,
    /// Those of every project of the repository: whoever is told that a pull request is over may
    /// have no checkout that says which project this run is for.
    EveryProject,
}

/// Finds out whom the preview serves: the pull request that the CI system or `pull-request` names;
/// for `sync` else the one that the commit belongs to; else the branch. None when `sync` finds no
/// pull request.
///
/// # Errors
/// `Kind::Project` when no repository is known, `Kind::Usage` when there is neither a pull request
/// nor a branch, and as the forge answers.
pub async fn who(session: &Session, verb: Verb, forge: Option<&dyn Forge>) -> Result<Option<Who>> {
    let repository = repository(session)?;
    let checkout = source::checkout(session, &content::start(session)).await?;
    let commit = source::commit(session, &checkout);
    let settings = &session.settings.context;
    let branch = settings.branch.clone().or_else(|| checkout.repository.as_ref()?.branch());
    let branch_of_its_own = session.previews_branches();
    let mut number = settings.pull_request.filter(|_| !branch_of_its_own);
    if let (None, Verb::Sync, Some(forge), Some(commit)) = (number, verb, forge, commit.as_ref()) {
        number = forge.pull_requests_of(commit).await?.first().copied();
    }
    let subject = match (number, verb, &branch) {
        (Some(number), ..) => Subject::PullRequest(number),
        (None, Verb::Sync, _) => return Ok(None),
        (None, _, Some(branch)) => Subject::Branch(branch.clone()),
        (None, _, None) => {
            return Err(Error::new(Kind::Usage, "choose a preview")
                .because("neither the CI system nor git names a pull request or a branch")
                .hint("set `pull-request` or `branch`"));
        }
    };
    let project = project(session, &checkout);
    Ok(Some(Who { repository, project, subject, branch: branch.unwrap_or_default(), commit }))
}

/// Returns the name by which previews know this repository.
///
/// # Errors
/// `Kind::Project` when none is known.
pub fn repository(session: &Session) -> Result<String> {
    match &session.context.repository {
        Some(repository) => Ok(name_of(repository)),
        None => Err(Error::new(Kind::Project, "tell whose previews are meant")
            .because("neither the CI system nor a remote `origin` names the repository, by which previews are found")
            .hint("run it in a clone of the repository")),
    }
}

fn name_of(repository: &Repository) -> String {
    let host = repository.server_url.split_once("://").map_or(repository.server_url.as_str(), |(_, host)| host);
    format!("{}/{}", host.trim_end_matches('/'), repository.path).to_ascii_lowercase()
}

/// Returns the project's folder in the repository, by text where there is no checkout any more.
fn project(session: &Session, checkout: &Checkout) -> String {
    let workdir = checkout.repository.as_ref().map(|repository| repository.workdir().to_owned());
    let base = workdir.or_else(|| session.context.checkout.clone()).unwrap_or_else(|| session.env.current_dir().to_owned());
    let folder = project_folder(&session.settings.project.root, &base);
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let below = real(&folder).strip_prefix(real(&base)).ok().and_then(RelPath::from_path).unwrap_or_default();
    if below.is_root() { String::new() } else { below.to_string() }
}

/// Returns what a pull request is like now: as the forge says, else as the event did.
///
/// # Errors
/// `Kind::Usage` when nobody can be asked and no event tells; `Kind::NotFound` when the forge knows
/// no such pull request.
pub async fn now(session: &Session, forge: Option<&dyn Forge>, number: u64) -> Result<PullRequestNow> {
    let told = session.context.pull_request.as_ref().filter(|told| told.number == number).map(|told| PullRequestNow {
        state: told.state,
        head: told.head.clone(),
        head_branch: told.head_branch.clone(),
        base_branch: told.base_branch.clone(),
    });
    let Some(forge) = forge else {
        session
            .console
            .notice("there is no token for the forge, so the event's word on the pull request counts, old as it may be");
        return told.ok_or_else(|| {
            Error::new(Kind::Usage, format!("find out whether pull request #{number} is open"))
                .because("there is no token for the forge, and no event tells")
                .hint("set `forge-token`")
        });
    };
    match (forge.pull_request(number).await, told) {
        (Ok(now), _) => Ok(now),
        (Err(error), Some(told)) if error.kind() != Kind::NotFound => {
            session.console.warn_about(&error);
            Ok(told)
        }
        (Err(error), _) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::context::ForgeKind;

    #[test]
    fn a_repository_has_one_name_however_it_is_spelt() {
        let names =
            [("https://GitHub.com", "Acme/Demo"), ("https://github.com/", "acme/demo"), ("http://github.com", "ACME/demo")]
                .map(|(server, path)| name_of(&Repository::at(ForgeKind::GitHub, server, path)));
        assert_eq!(names, ["github.com/acme/demo"; 3].map(str::to_owned));
    }
}
