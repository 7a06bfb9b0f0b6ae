//! The events of GitHub Actions, which Gitea's and Forgejo's Actions speak as well:
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads> and
//! <https://docs.gitea.com/usage/webhooks>.
//! It reads `GITHUB_…` variables and the event's bytes; whose they are, its caller says.

use serde::Deserialize;

use crate::ci::reference::branch_and_tag;
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};
use crate::model::context::{CiContext, Event, ForgeKind, PullRequest, PullRequestState, Repository, Trust};
use crate::model::revision::CommitSha;

/// Who speaks GitHub's language.
#[derive(Debug)]
pub struct Speaker {
    /// Name of the provider.
    pub provider: &'static str,
    /// The forge.
    pub forge: ForgeKind,
    /// Returns the page of the run, given the repository's page.
    pub run_url: fn(&Env, &str) -> Option<String>,
}

const DEPENDABOT: &str = "dependabot[bot]";

/// Reads the context of a run.
///
/// # Errors
/// `Kind::Project`, naming the event file, when it is missing or not what the vendor writes.
pub fn read(speaker: &Speaker, env: &Env, event: Option<&[u8]>) -> Result<CiContext> {
    let said = env.get("GITHUB_EVENT_NAME").unwrap_or_default();
    let payload = payload(env, said, event)?;
    let name = real_name(said, &payload);
    let mut context = from_variables(speaker, env, name);
    match name {
        "push" => push(&mut context, &payload),
        "create" | "delete" => branch_or_tag(&mut context, &payload, name),
        "merge_group" => merge_group(&mut context, &payload),
        "release" => {
            context.event = Event::Release;
            context.tag = payload.release.as_ref().and_then(|release| release.tag_name.clone()).or(context.tag);
        }
        "workflow_run" => workflow_run(&mut context, &payload, env),
        _ => {}
    }
    if let Some(pull_request) = &payload.pull_request {
        of_pull_request(&mut context, &payload, pull_request, env);
        // Reviews carry the pull request as well, under an event name and actions of their own.
        if matches!(name, "pull_request" | "pull_request_target") {
            context.event = Event::PullRequest { action: payload.action.unwrap_or_default() };
        }
    } else if matches!(name, "pull_request" | "pull_request_target") {
        return Err(event_error(env, "the payload has no `pull_request`"));
    }
    Ok(context)
}

/// Inside a reusable workflow Gitea names the event `workflow_call` and leaves the caller's
/// payload as it is (`services/actions/context.go`); GitHub keeps the caller's name, too.
fn real_name<'a>(name: &'a str, payload: &Payload) -> &'a str {
    match name {
        "workflow_call" if payload.pull_request.is_some() => "pull_request",
        "workflow_call" if payload.before.is_some() => "push",
        name => name,
    }
}

/// The parts of all events' payloads that matter here. Everything is optional: which parts
/// exist depends on the event, and the vendor may add any word anywhere.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    action: Option<String>,
    before: Option<String>,
    deleted: Option<bool>,
    r#ref: Option<String>,
    ref_type: Option<String>,
    pull_request: Option<PullRequestPayload>,
    merge_group: Option<MergeGroupPayload>,
    release: Option<ReleasePayload>,
    workflow_run: Option<WorkflowRunPayload>,
}

#[derive(Debug, Deserialize)]
struct PullRequestPayload {
    number: u64,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    html_url: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    merged: Option<bool>,
    #[serde(default)]
    merged_at: Option<String>,
    #[serde(default)]
    merge_commit_sha: Option<String>,
    #[serde(default)]
    user: Option<UserPayload>,
    head: SidePayload,
    base: SidePayload,
}

#[derive(Debug, Deserialize)]
struct SidePayload {
    r#ref: String,
    #[serde(default)]
    sha: Option<String>,
    #[serde(default)]
    repo: Option<RepositoryPayload>,
}

#[derive(Debug, Deserialize)]
struct RepositoryPayload {
    #[serde(default)]
    full_name: Option<String>,
    #[serde(default)]
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct UserPayload {
    #[serde(default)]
    login: Option<String>,
}

#[derive(Debug, Deserialize)]
struct MergeGroupPayload {
    #[serde(default)]
    head_sha: Option<String>,
    #[serde(default)]
    head_ref: Option<String>,
    #[serde(default)]
    base_sha: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ReleasePayload {
    #[serde(default)]
    tag_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WorkflowRunPayload {
    #[serde(default)]
    head_sha: Option<String>,
    #[serde(default)]
    head_branch: Option<String>,
    #[serde(default)]
    head_repository: Option<RepositoryPayload>,
    #[serde(default)]
    pull_requests: Vec<PullRequestPayload>,
}

fn payload(env: &Env, name: &str, event: Option<&[u8]>) -> Result<Payload> {
    match event {
        Some(bytes) => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            serde_json::from_slice(bytes)
                .map_err(|error| event_error(env, &format!("it is not the JSON that the runner writes: {error}")))
        }
        None if env.path("GITHUB_EVENT_PATH").is_some() => Err(event_error(env, "it cannot be read")),
        // Without a payload a pull request's commit would be the synthetic merge commit.
        None if matches!(name, "pull_request" | "pull_request_target" | "delete" | "merge_group" | "workflow_run") => {
            Err(event_error(env, &format!("the event `{name}` cannot be understood without it")))
        }
        None => Ok(Payload::default()),
    }
}

fn event_error(env: &Env, because: &str) -> Error {
    let path = env.get("GITHUB_EVENT_PATH").unwrap_or("named by GITHUB_EVENT_PATH");
    Error::new(Kind::Project, format!("read the event file {}", path.escape_debug()))
        .because(because)
        .hint("when Liftoff runs in a container of its own, mount the folder of that file into it")
}

fn from_variables(speaker: &Speaker, env: &Env, name: &str) -> CiContext {
    let server_url = env.get("GITHUB_SERVER_URL").unwrap_or("https://github.com").trim_end_matches('/');
    let repository = env.get("GITHUB_REPOSITORY").map(|path| {
        let usual = Repository::at(speaker.forge, server_url, path);
        let api_url = env.get("GITHUB_API_URL").map(|url| url.trim_end_matches('/').to_owned());
        Repository { api_url: api_url.or(usual.api_url), ..usual }
    });
    let event = match name {
        "push" => Event::Push,
        "workflow_dispatch" | "repository_dispatch" => Event::Manual,
        "schedule" => Event::Schedule,
        other => Event::Other(other.to_owned()),
    };
    let (branch, tag) = branch_and_tag(env.get("GITHUB_REF").unwrap_or_default());
    let actor = env.owned("GITHUB_ACTOR");
    CiContext {
        commit: env.get("GITHUB_SHA").and_then(CommitSha::parse),
        branch,
        tag,
        // What Dependabot does has no secrets, a push as little as a pull request.
        trust: if actor.as_deref() == Some(DEPENDABOT) { Trust::Dependabot } else { Trust::SameRepository },
        run_url: repository.as_ref().and_then(|it| (speaker.run_url)(env, &format!("{}/{}", it.server_url, it.path))),
        repository,
        // Not GITHUB_TRIGGERING_ACTOR: a re-run keeps the rights of the first actor.
        actor,
        checkout: env.path("GITHUB_WORKSPACE"),
        ..CiContext::new(speaker.provider, event)
    }
}

fn push(context: &mut CiContext, payload: &Payload) {
    if let Some(reference) = &payload.r#ref {
        (context.branch, context.tag) = branch_and_tag(reference);
    }
    if context.tag.is_some() {
        context.event = Event::Tag;
    }
    if payload.deleted == Some(true) {
        context.event = if context.tag.is_some() { Event::Other("delete".to_owned()) } else { Event::BranchDeleted };
        context.commit = None;
        return;
    }
    context.before = payload.before.as_deref().and_then(CommitSha::parse);
}

/// `create` and `delete` name the branch or tag without `refs/…/`. A deleted one is not what
/// the run's variables show: those describe the default branch.
fn branch_or_tag(context: &mut CiContext, payload: &Payload, name: &str) {
    let reference = payload.r#ref.clone();
    let is_tag = payload.ref_type.as_deref() == Some("tag");
    let deleted = name == "delete";
    if reference.is_some() {
        (context.branch, context.tag) = if is_tag { (None, reference) } else { (reference, None) };
    }
    context.event = match (is_tag, deleted) {
        (true, true) => Event::Other("delete".to_owned()),
        (true, false) => Event::Tag,
        (false, true) => Event::BranchDeleted,
        (false, false) => Event::BranchCreated,
    };
    if deleted {
        context.commit = None;
    }
}

fn merge_group(context: &mut CiContext, payload: &Payload) {
    context.event = Event::MergeGroup;
    let Some(group) = &payload.merge_group else { return };
    context.commit = group.head_sha.as_deref().and_then(CommitSha::parse).or(context.commit.take());
    context.branch = group.head_ref.as_deref().and_then(|reference| branch_and_tag(reference).0).or(context.branch.take());
    context.before = group.base_sha.as_deref().and_then(CommitSha::parse);
}

/// The variables describe the default branch; the run that finished describes the commit.
fn workflow_run(context: &mut CiContext, payload: &Payload, env: &Env) {
    context.event = Event::Upstream;
    let Some(run) = &payload.workflow_run else { return };
    context.commit = run.head_sha.as_deref().and_then(CommitSha::parse);
    context.branch.clone_from(&run.head_branch);
    // The list holds only pull requests from the same repository. This run has the secrets even
    // when the other one had a fork's code.
    if let [pull_request] = run.pull_requests.as_slice() {
        context.trust = trust(pull_request, env);
        context.pull_request = Some(pull_request_of(pull_request));
    }
    if run.head_repository.as_ref().and_then(|head| head.full_name.as_deref()).is_some_and(|head| !is_ours(head, env)) {
        context.trust = Trust::Fork;
    }
}

fn of_pull_request(context: &mut CiContext, payload: &Payload, raw: &PullRequestPayload, env: &Env) {
    let pull_request = pull_request_of(raw);
    let merged = (pull_request.state == PullRequestState::Merged)
        .then(|| raw.merge_commit_sha.as_deref().and_then(CommitSha::parse))
        .flatten();
    if merged.is_some() {
        // Once merged, this is a real commit of the base branch: what production gets.
        context.commit = merged;
        context.branch = Some(pull_request.base_branch.clone());
    } else {
        context.commit.clone_from(&pull_request.head);
        context.branch = Some(pull_request.head_branch.clone());
    }
    context.tag = None;
    context.before = payload.before.as_deref().and_then(CommitSha::parse);
    context.trust = trust(raw, env);
    context.pull_request = Some(pull_request);
}

fn pull_request_of(raw: &PullRequestPayload) -> PullRequest {
    let merged = raw.merged == Some(true) || raw.merged_at.is_some();
    PullRequest {
        number: raw.number,
        title: raw.title.clone().unwrap_or_default(),
        head: raw.head.sha.as_deref().and_then(CommitSha::parse),
        head_branch: raw.head.r#ref.clone(),
        base_branch: raw.base.r#ref.clone(),
        base: raw.base.sha.as_deref().and_then(CommitSha::parse),
        state: match raw.state.as_deref() {
            _ if merged => PullRequestState::Merged,
            Some("closed") => PullRequestState::Closed,
            _ => PullRequestState::Open,
        },
        url: raw.html_url.clone(),
    }
}

fn trust(raw: &PullRequestPayload, env: &Env) -> Trust {
    let same = match (&raw.head.repo, &raw.base.repo) {
        // A head without a repository is a fork that was deleted.
        (None, _) => false,
        (Some(RepositoryPayload { full_name: Some(head), .. }), _) => is_ours(head, env),
        // The short form of `workflow_run` has URLs instead of names.
        (Some(head), Some(base)) => head.url.is_some() && head.url == base.url,
        (Some(_), None) => false,
    };
    let author = raw.user.as_ref().and_then(|user| user.login.as_deref());
    match (same, [author, env.get("GITHUB_ACTOR")].contains(&Some(DEPENDABOT))) {
        (false, _) => Trust::Fork,
        (true, true) => Trust::Dependabot,
        (true, false) => Trust::SameRepository,
    }
}

fn is_ours(full_name: &str, env: &Env) -> bool {
    env.get("GITHUB_REPOSITORY").is_some_and(|repository| full_name.eq_ignore_ascii_case(repository))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Env {
        let all = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
        Env::new(all, std::path::PathBuf::from("/w"))
    }

    const SPEAKER: Speaker = Speaker { provider: "github-actions", forge: ForgeKind::GitHub, run_url: |_, _| None };

    #[test]
    fn a_missing_or_broken_event_file_is_named() {
        let file = [("GITHUB_EVENT_PATH", "/tmp/event.json"), ("GITHUB_EVENT_NAME", "push")];
        let none = [("GITHUB_EVENT_NAME", "pull_request")];
        type Row<'a> = (&'a [(&'a str, &'a str)], Option<&'a [u8]>, &'a str);
        let rows: [Row<'_>; 6] = [
            (&file, None, "/tmp/event.json"),
            (&file, Some(b""), "/tmp/event.json"),
            (&file, Some(b"{\"before\": 1}"), "/tmp/event.json"),
            (&file, Some(b"[]x"), "/tmp/event.json"),
            (&none, None, "GITHUB_EVENT_PATH"),
            (&none, Some(b"{}"), "GITHUB_EVENT_PATH"),
        ];
        for (variables, event, named) in rows {
            let error = read(&SPEAKER, &env(variables), event).expect_err("no context");
            assert_eq!(error.kind(), Kind::Project);
            assert!(error.doing().contains(named), "{error}");
        }
    }

    #[test]
    fn a_push_without_an_event_file_is_understood_from_its_variables() {
        let sha = "a".repeat(40);
        let context =
            read(&SPEAKER, &env(&[("GITHUB_EVENT_NAME", "push"), ("GITHUB_REF", "refs/heads/a/b"), ("GITHUB_SHA", &sha)]), None)
                .expect("a context");
        assert_eq!((context.branch.as_deref(), context.before, context.event), (Some("a/b"), None, Event::Push));
        assert_eq!(context.commit.map(|commit| commit.to_string()), Some(sha));
    }
}
