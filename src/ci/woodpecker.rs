//! Woodpecker: <https://woodpecker-ci.org/docs/usage/environment>; how each variable is made stands in
//! `pipeline/frontend/metadata/environment.go` of <https://github.com/woodpecker-ci/woodpecker>.
//! It reads variables only. They are called `CI_…`, some of them like GitLab's.

use crate::ci::provider::Provider;
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::model::context::{CiContext, Event, ForgeKind, PullRequest, PullRequestState, Repository, Trust};
use crate::model::revision::CommitSha;

/// Woodpecker.
pub const PROVIDER: Provider = Provider {
    name: "woodpecker",
    docs_url: Some("https://woodpecker-ci.org/docs/usage/environment"),
    detect: |env| env.get("CI") == Some("woodpecker") || env.get("CI_SYSTEM_NAME") == Some("woodpecker"),
    read,
    ..Provider::SILENT
};

fn read(env: &Env, _: Option<&[u8]>) -> Result<CiContext> {
    let commit = |name: &str| env.get(name).and_then(CommitSha::parse);
    let tag = env.owned("CI_COMMIT_TAG");
    let branch = env.owned("CI_COMMIT_BRANCH").filter(|_| tag.is_none());
    let event = event(env);
    let mut context = CiContext {
        commit: commit("CI_COMMIT_SHA"),
        before: commit("CI_PREV_COMMIT_SHA").filter(|_| event == Event::Push),
        event,
        branch,
        tag,
        repository: repository(env),
        run_url: env.owned("CI_STEP_URL").or_else(|| env.owned("CI_PIPELINE_URL")),
        actor: env.owned("CI_COMMIT_AUTHOR"),
        checkout: env.path("CI_WORKSPACE"),
        ..CiContext::new(PROVIDER.name, Event::Local)
    };
    if let Some(number) = env.get("CI_COMMIT_PULL_REQUEST").and_then(|number| number.parse().ok()) {
        pull_request(&mut context, number, env);
    }
    Ok(context)
}

fn event(env: &Env) -> Event {
    let event = env.get("CI_PIPELINE_EVENT").unwrap_or_default();
    match event {
        "push" => Event::Push,
        "tag" => Event::Tag,
        "release" => Event::Release,
        "cron" => Event::Schedule,
        "manual" | "deployment" => Event::Manual,
        _ => match event.strip_prefix("pull_request") {
            Some(action) => Event::PullRequest { action: action.trim_start_matches('_').to_owned() },
            None => Event::Other(event.to_owned()),
        },
    }
}

fn pull_request(context: &mut CiContext, number: u64, env: &Env) {
    let closed = env.get("CI_PIPELINE_EVENT") == Some("pull_request_closed");
    // CI_COMMIT_BRANCH is the target here.
    context.branch = env.owned("CI_COMMIT_SOURCE_BRANCH");
    // No variable tells whose repository the head is in.
    context.trust = Trust::Unknown;
    context.pull_request = Some(PullRequest {
        head: context.commit.clone(),
        head_branch: context.branch.clone().unwrap_or_default(),
        base_branch: env.owned("CI_COMMIT_TARGET_BRANCH").unwrap_or_default(),
        // Whether it was merged is not told.
        state: if closed { PullRequestState::Closed } else { PullRequestState::Open },
        url: env.owned("CI_PIPELINE_FORGE_URL"),
        ..PullRequest::new(number)
    });
}

fn repository(env: &Env) -> Option<Repository> {
    let forge = match env.get("CI_FORGE_TYPE").unwrap_or_default() {
        "github" => ForgeKind::GitHub,
        "gitlab" => ForgeKind::GitLab,
        "gitea" | "forgejo" => ForgeKind::Gitea,
        "bitbucket" => ForgeKind::Bitbucket,
        "bitbucket_dc" => ForgeKind::BitbucketServer,
        _ => return env.get("CI_REPO_CLONE_URL").and_then(Repository::of_clone_url),
    };
    Some(Repository::at(forge, env.get("CI_FORGE_URL")?, env.get("CI_REPO")?))
}
