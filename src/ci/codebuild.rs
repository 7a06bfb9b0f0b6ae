//! AWS CodeBuild: <https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html>.
//! It reads variables only. Under CodePipeline there is no `.git` folder, and often no commit.

use crate::ci::provider::Provider;
use crate::ci::reference::{branch, branch_and_tag, pull_request_number};
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::model::context::{CiContext, Event, PullRequest, PullRequestState, Repository, Trust};
use crate::model::revision::CommitSha;

/// AWS CodeBuild, on its own or as a step of CodePipeline.
pub const PROVIDER: Provider = Provider {
    name: "codebuild",
    docs_url: Some("https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html"),
    detect: |env| env.get("CODEBUILD_BUILD_ID").is_some(),
    read,
    ..Provider::SILENT
};

fn read(env: &Env, _: Option<&[u8]>) -> Result<CiContext> {
    let commit = |name: &str| env.get(name).and_then(CommitSha::parse);
    let initiator = env.get("CODEBUILD_INITIATOR").unwrap_or_default();
    let trigger = env.get("CODEBUILD_WEBHOOK_TRIGGER").unwrap_or_default();
    let version = env.get("CODEBUILD_SOURCE_VERSION").unwrap_or_default();
    let mut context = CiContext {
        event: event(env, initiator, trigger),
        // Of an S3 source it is no commit.
        commit: commit("CODEBUILD_RESOLVED_SOURCE_VERSION").or_else(|| CommitSha::parse(version)),
        before: commit("CODEBUILD_WEBHOOK_PREV_COMMIT"),
        repository: env.get("CODEBUILD_SOURCE_REPO_URL").and_then(Repository::of_clone_url),
        run_url: env.owned("CODEBUILD_BUILD_URL"),
        // A person's name, or a service with a slash after its name.
        actor: Some(initiator).filter(|name| !name.is_empty() && !name.contains('/')).map(str::to_owned),
        checkout: env.path("CODEBUILD_SRC_DIR"),
        ..CiContext::new(PROVIDER.name, Event::Local)
    };
    (context.branch, context.tag) = match trigger.split_once('/') {
        Some(("branch", name)) => (Some(name.to_owned()), None),
        Some(("tag", name)) => (None, Some(name.to_owned())),
        // Without a webhook a bare name may be a branch or a tag.
        _ => branch_and_tag(env.get("CODEBUILD_WEBHOOK_HEAD_REF").unwrap_or(version)),
    };
    if let Some(number) = pull_request_number(trigger).or_else(|| pull_request_number(version)) {
        pull_request(&mut context, number, env);
    }
    Ok(context)
}

fn event(env: &Env, initiator: &str, trigger: &str) -> Event {
    match env.get("CODEBUILD_WEBHOOK_EVENT").unwrap_or_default() {
        "PUSH" if trigger.starts_with("tag/") => Event::Tag,
        "PUSH" => Event::Push,
        "RELEASED" | "PRERELEASED" => Event::Release,
        "" if initiator.starts_with("codepipeline/") => Event::Upstream,
        "" => Event::Manual,
        event => match event.strip_prefix("PULL_REQUEST_") {
            Some(action) => Event::PullRequest { action: action.to_ascii_lowercase() },
            None => Event::Other(event.to_ascii_lowercase()),
        },
    }
}

/// What is checked out for a pull request is its head, also when it was merged; only for some
/// merges in Bitbucket there is a variable for the commit that came of it.
fn pull_request(context: &mut CiContext, number: u64, env: &Env) {
    let state = match env.get("CODEBUILD_WEBHOOK_EVENT") {
        Some("PULL_REQUEST_MERGED") => PullRequestState::Merged,
        Some("PULL_REQUEST_CLOSED") => PullRequestState::Closed,
        _ => PullRequestState::Open,
    };
    let head_branch = env.get("CODEBUILD_WEBHOOK_HEAD_REF").map(branch);
    let base_branch = env.get("CODEBUILD_WEBHOOK_BASE_REF").map(branch);
    let head = context.commit.take();
    let merged = env.get("CODEBUILD_WEBHOOK_MERGE_COMMIT").and_then(CommitSha::parse);
    match merged.filter(|_| state == PullRequestState::Merged) {
        Some(merged) => {
            context.commit = Some(merged);
            context.branch.clone_from(&base_branch);
        }
        None => {
            context.commit.clone_from(&head);
            context.branch.clone_from(&head_branch);
        }
    }
    context.tag = None;
    // No variable tells whose repository the head is in.
    context.trust = Trust::Unknown;
    context.pull_request = Some(PullRequest {
        head,
        head_branch: head_branch.unwrap_or_default(),
        base_branch: base_branch.unwrap_or_default(),
        state,
        ..PullRequest::new(number)
    });
}
