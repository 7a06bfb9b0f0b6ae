//! GitLab's REST API as far as deploys report to it: <https://docs.gitlab.com/api/rest/>.
//! It must not know Astro.
//!
//! Who may do what follows <https://docs.gitlab.com/user/permissions/> and, for `CI_JOB_TOKEN`,
//! <https://docs.gitlab.com/ci/jobs/ci_job_token/>: a job's token reaches environments and deployments only. Newer
//! versions let it read merge requests, too, if the project says so; this is as strict as the older ones.

use crate::exchange::{Answer, Call};
use crate::faces::gitlab_render::{self as render, Site};
use crate::faces::gitlab_request::{Outcome, Parameters, missing, no_record, page, refused};
use crate::faces::route::{self, Route, route};
use crate::faces::{gitlab_environments, gitlab_notes, gitlab_statuses, gitlab_variables};
use crate::world::commits::Commit;
use crate::world::gitlab::{GitLab, GitLabProject, GitLabToken, MergeRequest, Role, TokenKind};
use crate::world::state::World;

/// Where the API is.
pub const PREFIX: &str = "/gitlab/";

/// Most files of a comparison; with more, it says that it ran out of time.
const MAX_FILES: usize = 1000;

/// Whose calls an operation takes at all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Everybody's, as far as the project is public; a job's token counts for nobody.
    Anyone,
    /// Those with an access token.
    People,
    /// Those with an access token, and jobs.
    Jobs,
}

/// Who may knock and who may enter.
type Needs = (Door, Role);

const READERS: Needs = (Door::Anyone, Role::Reporter);
const TALKERS: Needs = (Door::People, Role::Reporter);
const WRITERS: Needs = (Door::People, Role::Developer);
const WATCHERS: Needs = (Door::Jobs, Role::Reporter);
const KEEPERS: Needs = (Door::People, Role::Maintainer);
const DEPLOYERS: Needs = (Door::Jobs, Role::Developer);

/// Every operation; the first star is the project.
const ROUTES: &[Route<Needs>] = &[
    route("CurrentUser", "GET", "user", (Door::People, Role::Guest)),
    route("GetMergeRequest", "GET", "projects/*/merge_requests/*", READERS),
    route("ListNotes", "GET", "projects/*/merge_requests/*/notes", TALKERS),
    route("CreateNote", "POST", "projects/*/merge_requests/*/notes", TALKERS),
    route("GetNote", "GET", "projects/*/merge_requests/*/notes/*", TALKERS),
    route("UpdateNote", "PUT", "projects/*/merge_requests/*/notes/*", TALKERS),
    route("DeleteNote", "DELETE", "projects/*/merge_requests/*/notes/*", TALKERS),
    route("CreateCommitStatus", "POST", "projects/*/statuses/*", WRITERS),
    route("ListCommitStatuses", "GET", "projects/*/repository/commits/*/statuses", TALKERS),
    route("ListMergeRequestsOfCommit", "GET", "projects/*/repository/commits/*/merge_requests", READERS),
    route("Compare", "GET", "projects/*/repository/compare", READERS),
    route("GetMergeBase", "GET", "projects/*/repository/merge_base", READERS),
    route("ListEnvironments", "GET", "projects/*/environments", WATCHERS),
    route("CreateEnvironment", "POST", "projects/*/environments", DEPLOYERS),
    route("GetEnvironment", "GET", "projects/*/environments/*", WATCHERS),
    route("UpdateEnvironment", "PUT", "projects/*/environments/*", DEPLOYERS),
    route("DeleteEnvironment", "DELETE", "projects/*/environments/*", DEPLOYERS),
    route("StopEnvironment", "POST", "projects/*/environments/*/stop", DEPLOYERS),
    route("ListDeployments", "GET", "projects/*/deployments", WATCHERS),
    route("CreateDeployment", "POST", "projects/*/deployments", DEPLOYERS),
    route("GetDeployment", "GET", "projects/*/deployments/*", WATCHERS),
    route("UpdateDeployment", "PUT", "projects/*/deployments/*", DEPLOYERS),
    route("DeleteDeployment", "DELETE", "projects/*/deployments/*", (Door::Jobs, Role::Maintainer)),
    route("CreateVariable", "POST", "projects/*/variables", KEEPERS),
    route("GetVariable", "GET", "projects/*/variables/*", KEEPERS),
    route("UpdateVariable", "PUT", "projects/*/variables/*", KEEPERS),
    route("DeleteVariable", "DELETE", "projects/*/variables/*", KEEPERS),
];

/// Everything an operation on a project works with.
pub struct Scene<'a> {
    /// The call.
    pub call: &'a Call,
    /// Its parameters.
    pub parameters: Parameters,
    /// What stands at the stars of its path.
    pub arguments: Vec<String>,
    /// Username of the caller; empty for nobody.
    pub caller: String,
    /// What the caller is here.
    pub role: Role,
    /// Base of all addresses.
    pub host: String,
    /// Pages and people.
    pub site: Site,
    /// The project.
    pub project: &'a mut GitLabProject,
    /// The time.
    pub now: jiff::Timestamp,
    /// Numbers for two new things.
    pub ids: (u64, u64),
}

impl Scene<'_> {
    /// Returns what stands at a star of the path.
    pub fn argument(&self, place: usize) -> &str {
        self.arguments.get(place).map_or("", String::as_str)
    }
}

/// Returns the operation a call means; empty if there is none.
pub fn operation(call: &Call) -> &'static str {
    subject(call).map_or("", |(route, _)| route.operation)
}

/// Answers a call.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let Some((route, arguments)) = subject(call) else {
        let what = format!("unknown GitLab route {} {}", call.method, call.raw_path);
        return refused(501, "Not simulated").violating(what);
    };
    perform(world, call, route, arguments).unwrap_or_else(|refusal| *refusal)
}

fn subject(call: &Call) -> Option<(&'static Route<Needs>, Vec<String>)> {
    route::find(ROUTES, &call.method, &call.segments("/gitlab/api/v4/")?)
}

fn perform(world: &mut World, call: &Call, route: &Route<Needs>, mut arguments: Vec<String>) -> Outcome {
    let caller = authenticate(&world.gitlab, call, route.needs.0)?;
    let parameters = Parameters::read(call)?;
    let site = Site { html: format!("{}/gitlab", world.site.url), users: world.gitlab.users.clone() };
    let caller = caller.map_or("", |token| token.username.as_str()).to_owned();
    if arguments.is_empty() {
        return Ok(Answer::json(200, &site.user(&caller)));
    }
    let (now, host) = (world.clock.now(), world.site.url.clone());
    let ids = (world.ids.number(), world.ids.number());
    let project = world.gitlab.project_mut(&arguments.remove(0)).ok_or_else(|| missing("Project"))?;
    let role = project.role(Some(&caller)).ok_or_else(|| missing("Project"))?;
    let operation = route.operation;
    if role < route.needs.1 {
        // Somebody who may not see merge requests does not see them, which is not the same as being refused.
        let hidden = operation.ends_with("Note") || operation == "ListNotes" || operation == "GetMergeRequest";
        return Err(if hidden { missing("MergeRequest") } else { refused(403, "403 Forbidden") });
    }
    let mut scene = Scene { call, parameters, arguments, caller, role, host, site, project, now, ids };
    match operation {
        "GetMergeRequest" => merge_request(&scene),
        "ListMergeRequestsOfCommit" => merge_requests_of(&scene),
        "Compare" => compare(&scene),
        "GetMergeBase" => merge_base(&scene),
        "ListNotes" | "CreateNote" | "GetNote" | "UpdateNote" | "DeleteNote" => gitlab_notes::perform(&mut scene, operation),
        "CreateCommitStatus" => gitlab_statuses::create(&mut scene),
        "ListCommitStatuses" => gitlab_statuses::list(&scene),
        _ if operation.ends_with("Variable") => gitlab_variables::perform(&mut scene, operation),
        _ => gitlab_environments::perform(&mut scene, operation),
    }
}

/// Returns who calls; nobody is let in where everybody is.
fn authenticate<'a>(gitlab: &'a GitLab, call: &Call, door: Door) -> Result<Option<&'a GitLabToken>, Box<Answer>> {
    let unauthorized = || refused(401, "401 Unauthorized");
    let bearer = call.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    let given = [(call.header("private-token").or(bearer), TokenKind::Access), (call.header("job-token"), TokenKind::Job)];
    let Some((text, kind)) = given.into_iter().find_map(|(text, kind)| Some((text?, kind))) else {
        return if door == Door::Anyone { Ok(None) } else { Err(unauthorized()) };
    };
    let token = gitlab.tokens.iter().find(|token| token.text == text && token.kind == kind).ok_or_else(unauthorized)?;
    if kind == TokenKind::Job {
        return match door {
            Door::Anyone => Ok(None),
            Door::People => Err(unauthorized()),
            Door::Jobs => Ok(Some(token)),
        };
    }
    let enough = |scope: &&str| *scope == "api" || (*scope == "read_api" && call.method == "GET");
    if token.scopes.iter().any(enough) {
        return Ok(Some(token));
    }
    let body = serde_json::json!({
        "error": "insufficient_scope", "scope": "api",
        "error_description": "The request requires higher privileges than provided by the access token.",
    });
    Err(Box::new(Answer::json(403, &body)))
}

/// Source: <https://docs.gitlab.com/api/merge_requests/>.
fn merge_request(scene: &Scene<'_>) -> Outcome {
    let iid = scene.argument(0).parse();
    let found = scene.project.merge_requests.iter().find(|found| Ok(found.iid) == iid).ok_or_else(no_record)?;
    Ok(Answer::json(200, &render::merge_request(&scene.site, scene.project, found)))
}

/// Source: <https://docs.gitlab.com/api/commits/>: those that hold the commit, whatever became of them.
fn merge_requests_of(scene: &Scene<'_>) -> Outcome {
    let graph = &scene.project.graph;
    let sha = &graph.commit(scene.argument(0)).ok_or_else(|| missing("Commit"))?.sha;
    let holds = |found: &&MergeRequest| {
        let own = graph.compare(&found.base_sha, &found.sha);
        own.is_some_and(|comparison| comparison.ahead.contains(sha)) || found.merge_commit_sha.as_ref() == Some(sha)
    };
    let found = scene.project.merge_requests.iter().filter(holds);
    listed(scene, found.map(|found| render::merge_request(&scene.site, scene.project, found)).collect())
}

/// Source: <https://docs.gitlab.com/api/repositories/>.
fn merge_base(scene: &Scene<'_>) -> Outcome {
    let refs = scene.call.parameters("refs[]");
    let [one, other, ..] = refs.as_slice() else { return Err(refused(400, "400 Bad request - Provide at least 2 refs")) };
    let graph = &scene.project.graph;
    for name in [one, other] {
        graph.commit(name).ok_or_else(|| refused(400, format!("400 Bad request - Could not find ref: {name}")))?;
    }
    let base = graph.compare(one, other).ok_or_else(|| missing("Merge Base"))?.merge_base;
    let base = graph.exact(&base).ok_or_else(|| missing("Merge Base"))?;
    Ok(Answer::json(200, &render::commit(&scene.site, scene.project, base)))
}

/// Source: <https://docs.gitlab.com/api/repositories/>. Everything comes at once, without pages.
fn compare(scene: &Scene<'_>) -> Outcome {
    scene.parameters.check(&["from", "to"], &[("straight", &["true", "false"])])?;
    let text = |name: &str| scene.parameters.text(name).unwrap_or_default();
    let (from, to) = (text("from"), text("to"));
    let graph = &scene.project.graph;
    let comparison = graph.compare(&from, &to).ok_or_else(|| missing("Ref"))?;
    let base = if text("straight") == "true" { &from } else { &comparison.merge_base };
    let mut files = graph.difference(base, &to).ok_or_else(|| missing("Ref"))?;
    let overflow = files.len() > MAX_FILES;
    files.truncate(MAX_FILES);
    let commits: Vec<&Commit> = comparison.ahead.iter().filter_map(|sha| graph.exact(sha)).collect();
    let mut body = render::comparison(&scene.site, scene.project, &commits, &files);
    body["compare_timeout"] = overflow.into();
    Ok(Answer::json(200, &body))
}

/// Answers with a page of a list.
pub fn listed(scene: &Scene<'_>, items: Vec<serde_json::Value>) -> Outcome {
    page(scene.call, &scene.parameters, &scene.host, items)
}
