//! CircleCI: <https://circleci.com/docs/reference/variables/#built-in-environment-variables>.
//! It reads variables only. CircleCI does not say what started a pipeline, and names a pull
//! request only by its number; of its target branch nothing is known.

use std::path::PathBuf;

use crate::ci::provider::Provider;
use crate::ci::reference::pull_request_number;
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::model::context::{CiContext, Event, PullRequest, Repository, Trust};
use crate::model::revision::CommitSha;

/// CircleCI.
pub const PROVIDER: Provider = Provider {
    name: "circleci",
    docs_url: Some("https://circleci.com/docs/reference/variables/#built-in-environment-variables"),
    detect: |env| env.is_true("CIRCLECI"),
    read,
    ..Provider::SILENT
};

fn read(env: &Env, _: Option<&[u8]>) -> Result<CiContext> {
    let url = env.owned("CIRCLE_PULL_REQUEST");
    let number = env.get("CIRCLE_PR_NUMBER").and_then(|number| number.parse().ok());
    let number = number.or_else(|| url.as_deref().and_then(pull_request_number));
    let tag = env.owned("CIRCLE_TAG");
    let branch = env.owned("CIRCLE_BRANCH").filter(|_| tag.is_none());
    let trust = trust(env, branch.as_deref());
    let event = match (&tag, number, trust) {
        (Some(_), ..) => Event::Tag,
        (None, Some(_), Trust::Fork) => Event::PullRequest { action: String::new() },
        // A push to a branch that has a pull request.
        _ => Event::Push,
    };
    let commit = env.get("CIRCLE_SHA1").and_then(CommitSha::parse);
    let pull_request = number.filter(|_| tag.is_none()).map(|number| PullRequest {
        head: commit.clone(),
        head_branch: branch.clone().unwrap_or_default(),
        url,
        ..PullRequest::new(number)
    });
    Ok(CiContext {
        commit,
        trust: if pull_request.is_some() { trust } else { Trust::SameRepository },
        pull_request,
        branch,
        tag,
        // Projects of the GitHub App and of GitLab have no such variable.
        repository: env.get("CIRCLE_REPOSITORY_URL").and_then(Repository::of_clone_url),
        run_url: env.owned("CIRCLE_BUILD_URL"),
        actor: env.owned("CIRCLE_USERNAME"),
        checkout: checkout(env),
        ..CiContext::new(PROVIDER.name, event)
    })
}

/// The variables of forks exist where CircleCI has a repository's URL as well; a fork's branch is
/// called `pull/7` there.
fn trust(env: &Env, branch: Option<&str>) -> Trust {
    let fork = env.get("CIRCLE_PR_USERNAME").or_else(|| env.get("CIRCLE_PR_REPONAME")).is_some();
    if fork || branch.is_some_and(|branch| pull_request_number(branch).is_some()) {
        Trust::Fork
    } else if env.get("CIRCLE_REPOSITORY_URL").is_some() {
        Trust::SameRepository
    } else {
        Trust::Unknown
    }
}

/// The folder as the configuration spells it, usually `~/project`.
fn checkout(env: &Env) -> Option<PathBuf> {
    let path = env.path("CIRCLE_WORKING_DIRECTORY")?;
    match path.strip_prefix("~") {
        Ok(below) => env.path("HOME").map(|home| home.join(below)),
        Err(_) => Some(path),
    }
}
