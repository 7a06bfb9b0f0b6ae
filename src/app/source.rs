//! Where the code comes from: repository, commit, branch, and what differs from the commit.

use crate::app::checkout::Checkout;
use crate::app::session::Session;
use crate::deploy::pack::blocking;
use crate::error::Result;
use crate::model::context::Repository as ForgeRepository;
use crate::model::deploy::{GitRemote, GitSource};
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;
use crate::plan::description::place_name;
use crate::plan::facts::Source;

/// Opens the repository around the project, or around the current folder.
///
/// # Errors
/// `Kind::Project` when there is one that cannot be read.
pub async fn checkout(session: &Session, start: &std::path::Path) -> Result<Checkout> {
    let (start, env, checkouts) = (start.to_owned(), session.env.clone(), session.checkouts.clone());
    let prefix = session.context.commit_prefix.clone();
    let target = session.context.pull_request.as_ref().map(|pull_request| pull_request.base_branch.clone());
    blocking(move || {
        let mut checkout = checkouts.open(&start, &env)?;
        checkout.pull_request_head = match (&checkout.repository, target, prefix) {
            (Some(repository), Some(_), Some(prefix)) => {
                // A branch may have the same name.
                repository.rev_parse(&prefix)?.filter(|commit| commit.as_str().starts_with(&prefix))
            }
            (Some(repository), Some(target), None) => repository.merged_head(&target)?,
            _ => None,
        };
        Ok(checkout)
    })
    .await
}

/// Describes the source for the plan and for the platform's records. `folders` are those whose
/// files ship, relative to the repository.
///
/// # Errors
/// `Kind::Project` when the repository cannot be read.
pub async fn source(session: &Session, checkout: &Checkout, project: &RelPath, folders: Vec<RelPath>) -> Result<Source> {
    let commit = commit(session, checkout);
    let Some(repository) = checkout.repository.clone() else {
        return Ok(Source { commit, ..Source::default() });
    };
    let (sha, head) = (commit.clone(), checkout.head.clone());
    let (info, branch, remote_url, mut uncommitted) = blocking(move || {
        let info = match &sha {
            Some(sha) => repository.commit(sha)?.or(head),
            None => head,
        };
        let uncommitted = repository.uncommitted(&folders)?;
        Ok((info, repository.branch(), repository.remote_url(), uncommitted))
    })
    .await?;
    uncommitted.sort();
    let settings = &session.settings.context;
    let remote =
        remote_url.as_deref().and_then(GitRemote::parse).or_else(|| session.context.repository.as_ref().and_then(forge_remote));
    let git = match (&commit, remote) {
        (Some(commit), Some(remote)) => Some(GitSource {
            commit_url: commit_url(&remote, commit),
            remote,
            commit: commit.clone(),
            branch: settings.branch.clone().or(branch),
            path: (!project.is_root()).then(|| project.to_string()),
            author_name: info.as_ref().map(|info| info.author.clone()).filter(|name| !name.is_empty()),
        }),
        _ => None,
    };
    Ok(Source {
        place: git.as_ref().map(|git| place_name(&git.remote, git.path.as_deref())),
        git,
        commit,
        subject: info.map(|info| info.subject),
        uncommitted: uncommitted.into_iter().map(|change| change.path).collect(),
    })
}

/// Returns the commit this run serves. For a pull request that is its head, even when its merge with the
/// base branch is checked out; otherwise what is checked out, which is what ships.
#[must_use]
pub fn commit(session: &Session, checkout: &Checkout) -> Option<CommitSha> {
    let told = session.settings.context.commit.clone();
    let given = session.settings.origins.get("commit").is_some_and(|(_, origin)| origin.is_explicit());
    if given || session.context.pull_request.is_some() {
        return told
            .or_else(|| checkout.pull_request_head.clone())
            .or_else(|| checkout.head.as_ref().map(|head| head.sha.clone()));
    }
    checkout.head.as_ref().map(|head| head.sha.clone()).or(told)
}

fn forge_remote(repository: &ForgeRepository) -> Option<GitRemote> {
    GitRemote::parse(&format!("{}/{}.git", repository.server_url, repository.path))
}

fn commit_url(remote: &GitRemote, commit: &CommitSha) -> Option<String> {
    match remote {
        GitRemote::GitHub { account, repo } => Some(format!("https://github.com/{account}/{repo}/commit/{commit}")),
        GitRemote::Generic { .. } => None,
    }
}
