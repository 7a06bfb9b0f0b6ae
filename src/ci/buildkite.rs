//! Buildkite: <https://buildkite.com/docs/pipelines/configure/environment-variables>.
//! It reads variables only; some of them come from a webhook's payload and are hostile text.

use crate::ci::provider::Provider;
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::model::context::{CiContext, Event, PullRequest, Repository, Trust};
use crate::model::dialect::Dialect;
use crate::model::revision::CommitSha;

/// Buildkite.
pub const PROVIDER: Provider = Provider {
    name: "buildkite",
    docs_url: Some("https://buildkite.com/docs/pipelines/configure/environment-variables"),
    dialect: Dialect::Buildkite,
    detect: |env| env.is_true("BUILDKITE"),
    wants_debug: |env| env.is_true("BUILDKITE_AGENT_DEBUG"),
    read,
    ..Provider::SILENT
};

fn read(env: &Env, _: Option<&[u8]>) -> Result<CiContext> {
    let repository = env.get("BUILDKITE_REPO").and_then(Repository::of_clone_url);
    let tag = env.owned("BUILDKITE_TAG");
    // Of a tag, the branch is the tag's name.
    let branch = env.owned("BUILDKITE_BRANCH").filter(|_| tag.is_none());
    // Outside pull requests it is the word `false`.
    let number = env.get("BUILDKITE_PULL_REQUEST").and_then(|number| number.parse().ok());
    let mut context = CiContext {
        // May be the word `HEAD`.
        commit: env.get("BUILDKITE_COMMIT").and_then(CommitSha::parse),
        before: env.get("BUILDKITE_MERGE_QUEUE_BASE_COMMIT").and_then(CommitSha::parse),
        event: event(env, tag.as_deref(), number),
        branch,
        tag,
        repository,
        run_url: env.owned("BUILDKITE_BUILD_URL"),
        actor: env.owned("BUILDKITE_BUILD_CREATOR"),
        checkout: env.path("BUILDKITE_BUILD_CHECKOUT_PATH"),
        ..CiContext::new(PROVIDER.name, Event::Local)
    };
    if let Some(number) = number {
        pull_request(&mut context, number, env);
    }
    Ok(context)
}

fn event(env: &Env, tag: Option<&str>, pull_request: Option<u64>) -> Event {
    if env.get("BUILDKITE_MERGE_QUEUE_BASE_BRANCH").is_some() {
        return Event::MergeGroup;
    }
    match env.get("BUILDKITE_SOURCE").unwrap_or_default() {
        "ui" | "api" => Event::Manual,
        "schedule" => Event::Schedule,
        "trigger_job" => Event::Upstream,
        _ if pull_request.is_some() => Event::PullRequest { action: env.owned("BUILDKITE_GITHUB_ACTION").unwrap_or_default() },
        _ if env.get("BUILDKITE_GITHUB_EVENT") == Some("release") => Event::Release,
        _ if tag.is_some() => Event::Tag,
        _ => Event::Push,
    }
}

fn pull_request(context: &mut CiContext, number: u64, env: &Env) {
    let source = env.get("BUILDKITE_PULL_REQUEST_REPO").and_then(Repository::of_clone_url);
    context.trust = match (&source, &context.repository) {
        (Some(source), Some(target)) if source.is(target) => Trust::SameRepository,
        (Some(_), Some(_)) => Trust::Fork,
        _ => Trust::Unknown,
    };
    if context.trust == Trust::Fork {
        // A fork's branch is written `owner:branch`, and no branch's name holds a colon.
        context.branch = context.branch.take().map(|name| name.split_once(':').map_or(name.clone(), |(_, name)| name.to_owned()));
    }
    context.pull_request = Some(PullRequest {
        head: context.commit.clone(),
        head_branch: context.branch.clone().unwrap_or_default(),
        base_branch: env.owned("BUILDKITE_PULL_REQUEST_BASE_BRANCH").unwrap_or_default(),
        ..PullRequest::new(number)
    });
}
