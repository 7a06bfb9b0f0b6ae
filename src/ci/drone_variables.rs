//! The `DRONE_…` variables, which Drone and Harness set: <https://docs.drone.io/pipeline/environment/reference/>
//! and <https://developer.harness.io/docs/continuous-integration/troubleshoot-ci/ci-env-var>.
//! It reads variables; whose they are, its caller says.

use crate::ci::reference::{branch_and_tag, commit_prefix};
use crate::env::snapshot::Env;
use crate::model::context::{CiContext, Event, PullRequest, Repository, Trust};
use crate::model::revision::CommitSha;

/// Reads the context of a run.
#[must_use]
pub fn read(provider: &'static str, env: &Env) -> CiContext {
    let commit = |name: &str| env.get(name).and_then(CommitSha::parse);
    let (_, from_reference) = branch_and_tag(env.get("DRONE_COMMIT_REF").unwrap_or_default());
    let tag = env.owned("DRONE_TAG").or(from_reference);
    // Harness writes `refs/tags/…` here for tags.
    let branch = env.owned("DRONE_BRANCH").filter(|name| tag.is_none() && !name.starts_with("refs/tags/"));
    let number = env.get("DRONE_PULL_REQUEST").and_then(|number| number.parse().ok());
    let mut context = CiContext {
        commit: commit("DRONE_COMMIT_SHA").or_else(|| commit("DRONE_COMMIT")),
        // Harness abbreviates the ids of Bitbucket's pull requests.
        commit_prefix: env.get("DRONE_COMMIT_SHA").and_then(commit_prefix),
        before: commit("DRONE_COMMIT_BEFORE").filter(|_| number.is_none()),
        event: event(env, tag.as_deref(), number),
        branch,
        tag,
        repository: env.get("DRONE_GIT_HTTP_URL").or_else(|| env.get("DRONE_REPO_LINK")).and_then(Repository::of_clone_url),
        run_url: env.owned("DRONE_BUILD_LINK"),
        // A webhook started the build where the name begins with `@`.
        actor: env
            .owned("DRONE_BUILD_TRIGGER")
            .filter(|name| !name.starts_with('@'))
            .or_else(|| env.owned("DRONE_COMMIT_AUTHOR")),
        checkout: env.path("DRONE_WORKSPACE"),
        ..CiContext::new(provider, Event::Local)
    };
    if let Some(number) = number {
        context.branch = env.owned("DRONE_SOURCE_BRANCH").or_else(|| context.branch.take());
        // No variable tells whose repository the head is in.
        context.trust = Trust::Unknown;
        context.pull_request = Some(PullRequest {
            title: env.owned("DRONE_PULL_REQUEST_TITLE").unwrap_or_default(),
            head: context.commit.clone(),
            head_branch: context.branch.clone().unwrap_or_default(),
            base_branch: env.owned("DRONE_TARGET_BRANCH").unwrap_or_default(),
            ..PullRequest::new(number)
        });
    }
    context
}

fn event(env: &Env, tag: Option<&str>, pull_request: Option<u64>) -> Event {
    match env.get("DRONE_BUILD_EVENT").unwrap_or_default() {
        "pull_request" => Event::PullRequest { action: env.owned("DRONE_BUILD_ACTION").unwrap_or_default() },
        "tag" => Event::Tag,
        "push" if tag.is_some() => Event::Tag,
        "push" => Event::Push,
        "cron" => Event::Schedule,
        "custom" | "promote" | "rollback" => Event::Manual,
        // Harness leaves it empty when somebody pressed the button.
        "" if pull_request.is_some() => Event::PullRequest { action: String::new() },
        "" => Event::Manual,
        other => Event::Other(other.to_owned()),
    }
}
