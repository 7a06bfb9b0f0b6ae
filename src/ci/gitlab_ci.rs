//! GitLab CI/CD: <https://docs.gitlab.com/ci/variables/predefined_variables/> and
//! <https://docs.gitlab.com/ci/jobs/job_rules/#ci_pipeline_source-predefined-variable>.
//! It reads variables only; GitLab writes no event file.

use crate::ci::provider::Provider;
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::model::context::{CiContext, Event, ForgeKind, PullRequest, Repository, Trust};
use crate::model::dialect::Dialect;
use crate::model::revision::CommitSha;

/// GitLab CI/CD.
pub const PROVIDER: Provider = Provider {
    name: "gitlab-ci",
    docs_url: Some("https://docs.gitlab.com/ci/variables/predefined_variables/"),
    dialect: Dialect::GitLab,
    detect: |env| env.is_true("GITLAB_CI"),
    wants_debug: |env| env.is_true("CI_DEBUG_TRACE"),
    read,
    ..Provider::SILENT
};

fn read(env: &Env, _: Option<&[u8]>) -> Result<CiContext> {
    let commit = |name: &str| env.get(name).and_then(CommitSha::parse);
    let tag = env.owned("CI_COMMIT_TAG");
    let branch = env.owned("CI_COMMIT_BRANCH").or_else(|| env.owned("CI_COMMIT_REF_NAME")).filter(|_| tag.is_none());
    let mut context = CiContext {
        commit: commit("CI_COMMIT_SHA"),
        branch,
        before: commit("CI_COMMIT_BEFORE_SHA"),
        repository: repository(env, "CI_PROJECT_PATH"),
        run_url: env.owned("CI_JOB_URL").or_else(|| env.owned("CI_PIPELINE_URL")),
        actor: env.owned("GITLAB_USER_LOGIN"),
        checkout: env.path("CI_PROJECT_DIR"),
        ..CiContext::new(PROVIDER.name, event(env, tag.as_deref()))
    };
    context.tag = tag;
    if let Some(number) = env.get("CI_MERGE_REQUEST_IID").and_then(|number| number.parse().ok()) {
        merge_request(&mut context, number, env);
    } else if let Some(number) = env.get("CI_EXTERNAL_PULL_REQUEST_IID").and_then(|number| number.parse().ok()) {
        external_pull_request(&mut context, number, env);
    }
    Ok(context)
}

fn event(env: &Env, tag: Option<&str>) -> Event {
    match env.get("CI_PIPELINE_SOURCE").unwrap_or_default() {
        "merge_request_event" if env.get("CI_MERGE_REQUEST_EVENT_TYPE") == Some("merge_train") => Event::MergeGroup,
        "merge_request_event" | "external_pull_request_event" => Event::PullRequest { action: String::new() },
        "push" if tag.is_some() => Event::Tag,
        "push" => Event::Push,
        "schedule" => Event::Schedule,
        "web" | "webide" | "api" | "trigger" | "chat" => Event::Manual,
        // A pipeline of this project or of another one started this one.
        "parent_pipeline" | "pipeline" => Event::Upstream,
        other => Event::Other(other.to_owned()),
    }
}

/// A child pipeline has these variables, too.
fn merge_request(context: &mut CiContext, number: u64, env: &Env) {
    let commit = |name: &str| env.get(name).and_then(CommitSha::parse);
    // Pipelines for merged results and merge trains run on a commit that nobody wrote; only
    // they have this variable. Others run on the head itself.
    let synthetic = matches!(env.get("CI_MERGE_REQUEST_EVENT_TYPE"), Some("merged_result" | "merge_train"));
    let head = commit("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA").or_else(|| context.commit.take().filter(|_| !synthetic));
    // A fork's pipeline runs in the parent project only when a member of that starts it, else in
    // the fork, where CI_PROJECT_ID is the fork itself.
    let (source, target) = (env.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), env.get("CI_MERGE_REQUEST_PROJECT_ID"));
    context.trust = match (source, target.or_else(|| env.get("CI_PROJECT_ID"))) {
        (Some(source), Some(target)) if source == target => Trust::SameRepository,
        (Some(_), Some(_)) => Trust::Fork,
        _ => Trust::Unknown,
    };
    context.repository = repository(env, "CI_MERGE_REQUEST_PROJECT_PATH").or_else(|| context.repository.take());
    context.commit.clone_from(&head);
    context.branch = env.owned("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME").or_else(|| context.branch.take());
    context.pull_request = Some(PullRequest {
        title: env.owned("CI_MERGE_REQUEST_TITLE").unwrap_or_default(),
        head,
        head_branch: context.branch.clone().unwrap_or_default(),
        base_branch: env.owned("CI_MERGE_REQUEST_TARGET_BRANCH_NAME").unwrap_or_default(),
        base: commit("CI_MERGE_REQUEST_TARGET_BRANCH_SHA").or_else(|| commit("CI_MERGE_REQUEST_DIFF_BASE_SHA")),
        url: env.get("CI_MERGE_REQUEST_PROJECT_URL").map(|project| format!("{project}/-/merge_requests/{number}")),
        ..PullRequest::new(number)
    });
}

/// A pull request on GitHub, of which the project here is a mirror:
/// <https://docs.gitlab.com/ci/ci_cd_for_external_repos/>.
fn external_pull_request(context: &mut CiContext, number: u64, env: &Env) {
    let commit = |name: &str| env.get(name).and_then(CommitSha::parse);
    let target = env.get("CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY");
    context.repository = target.map(|path| Repository::at(ForgeKind::GitHub, "https://github.com", path));
    context.trust = match (env.get("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY"), target) {
        (Some(source), Some(target)) if source.eq_ignore_ascii_case(target) => Trust::SameRepository,
        (Some(_), Some(_)) => Trust::Fork,
        _ => Trust::Unknown,
    };
    context.commit = commit("CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA").or_else(|| context.commit.take());
    context.branch = env.owned("CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME").or_else(|| context.branch.take());
    context.pull_request = Some(PullRequest {
        head: context.commit.clone(),
        head_branch: context.branch.clone().unwrap_or_default(),
        base_branch: env.owned("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME").unwrap_or_default(),
        base: commit("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA"),
        url: target.map(|path| format!("https://github.com/{path}/pull/{number}")),
        ..PullRequest::new(number)
    });
}

fn repository(env: &Env, path: &str) -> Option<Repository> {
    let usual = Repository::at(ForgeKind::GitLab, env.get("CI_SERVER_URL")?, env.get(path)?);
    let api_url = env.get("CI_API_V4_URL").map(|url| url.trim_end_matches('/').to_owned());
    Some(Repository { api_url: api_url.or(usual.api_url), ..usual })
}
