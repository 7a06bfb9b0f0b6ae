//! Jenkins: <https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables>, with
//! the variables of the plugins that bring the code:
//! <https://github.com/jenkinsci/git-plugin#environment-variables> and, for multibranch projects,
//! `BranchNameContributor/buildEnv.properties` of <https://github.com/jenkinsci/branch-api-plugin>.
//! It reads variables only. Jenkins does not say what started a build.

use crate::ci::provider::Provider;
use crate::ci::reference::branch_and_tag;
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::model::context::{CiContext, Event, PullRequest, Repository, Trust};
use crate::model::revision::CommitSha;

/// Jenkins: freestyle, pipeline and multibranch projects.
pub const PROVIDER: Provider = Provider {
    name: "jenkins",
    docs_url: Some("https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables"),
    // The URL is set only when somebody configured it, the tag always.
    detect: |env| env.get("JENKINS_URL").is_some() || env.get("BUILD_TAG").is_some_and(|tag| tag.starts_with("jenkins-")),
    read,
    ..Provider::SILENT
};

fn read(env: &Env, _: Option<&[u8]>) -> Result<CiContext> {
    let commit = |name: &str| env.get(name).and_then(CommitSha::parse);
    let (branch, tag) = branch_or_tag(env);
    let event = if tag.is_some() { Event::Tag } else { Event::Push };
    let mut context = CiContext {
        commit: commit("GIT_COMMIT"),
        branch,
        tag,
        before: commit("GIT_PREVIOUS_SUCCESSFUL_COMMIT").or_else(|| commit("GIT_PREVIOUS_COMMIT")),
        repository: env.get("GIT_URL").or_else(|| env.get("GIT_URL_1")).and_then(Repository::of_clone_url),
        run_url: env.owned("BUILD_URL"),
        actor: env.owned("BUILD_USER_ID").or_else(|| env.owned("CHANGE_AUTHOR")),
        checkout: env.path("WORKSPACE"),
        ..CiContext::new(PROVIDER.name, event)
    };
    if let Some(number) = env.get("CHANGE_ID").and_then(|number| number.parse().ok()) {
        change(&mut context, number, env);
    }
    Ok(context)
}

/// A pull request of a multibranch project. GIT_COMMIT may be a commit that the git plugin made
/// on the spot by merging the head into its target, and no variable tells which of the two it
/// is, so the commit stays unknown here and is found in the checkout.
fn change(context: &mut CiContext, number: u64, env: &Env) {
    context.event = Event::PullRequest { action: String::new() };
    context.commit = None;
    context.tag = None;
    context.branch = env.owned("CHANGE_BRANCH");
    context.trust = if env.get("CHANGE_FORK").is_some() { Trust::Fork } else { Trust::SameRepository };
    context.pull_request = Some(PullRequest {
        title: env.owned("CHANGE_TITLE").unwrap_or_default(),
        head_branch: context.branch.clone().unwrap_or_default(),
        base_branch: env.owned("CHANGE_TARGET").unwrap_or_default(),
        url: env.owned("CHANGE_URL"),
        ..PullRequest::new(number)
    });
}

/// `BRANCH_NAME` exists in multibranch projects and is the name itself. The git plugin's
/// `GIT_BRANCH` begins with the remote's name elsewhere.
fn branch_or_tag(env: &Env) -> (Option<String>, Option<String>) {
    if let Some(tag) = env.owned("TAG_NAME") {
        return (None, Some(tag));
    }
    if let Some(branch) = env.owned("BRANCH_NAME").or_else(|| env.owned("GIT_LOCAL_BRANCH")) {
        return (Some(branch), None);
    }
    let name = env.get("GIT_BRANCH").unwrap_or_default();
    if name.starts_with("refs/") && !name.starts_with("refs/remotes/") {
        return branch_and_tag(name);
    }
    let name = name.strip_prefix("refs/remotes/").unwrap_or(name);
    let name = name.strip_prefix("origin/").unwrap_or(name);
    ((!name.is_empty() && !matches!(name, "HEAD" | "detached")).then(|| name.to_owned()), None)
}
