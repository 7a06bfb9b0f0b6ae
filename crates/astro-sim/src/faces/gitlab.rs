//! GitLab's REST API as far as deploys report to it: <https://docs.gitlab.com/api/rest/>.
//! It must not know Astro.
//!
//! Who may do what follows <https://docs.gitlab.com/user/permissions/> and, for `CI_JOB_TOKEN`,
//! <https://docs.gitlab.com/ci/jobs/ci_job_token/>: a job's token reaches environments and deployments only. Newer
//! versions let it read merge requests, too, if the project says so; this is as strict as the older ones.

use crate::exchange::{Answer, Call};
use crate::faces::gitlab_render::{self as render, Site};
use crate::faces::gitlab_request::{Outcome, Parameters, missing, no_record, page, refused};
use crate::faces::route::arguments;
use crate::faces::{gitlab_environments, gitlab_notes, gitlab_statuses};
use crate::world::commits::Commit;
use crate::world::gitlab::{GitLab, GitLabProject, GitLabToken, Role, TokenKind};
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

/// An operation, how its path looks below the project, who may knock and who may enter.
struct Route {
    operation: &'static str,
    method: &'static str,
    path: &'static str,
    door: Door,
    role: Role,
}

const fn route(operation: &'static str, method: &'static str, path: &'static str, who: (Door, Role)) -> Route {
    Route { operation, method, path, door: who.0, role: who.1 }
}

const READERS: (Door, Role) = (Door::Anyone, Role::Reporter);
const TALKERS: (Door, Role) = (Door::People, Role::Reporter);
const WRITERS: (Door, Role) = (Door::People, Role::Developer);
const WATCHERS: (Door, Role) = (Door::Jobs, Role::Reporter);
const DEPLOYERS: (Door, Role) = (Door::Jobs, Role::Developer);

const USER: Route = route("CurrentUser", "GET", "", (Door::People, Role::Guest));

/// Every operation on a project; `*` stands for one segment.
const ROUTES: [Route; 20] = [
    route("GetMergeRequest", "GET", "merge_requests/*", READERS),
    route("ListNotes", "GET", "merge_requests/*/notes", TALKERS),
    route("CreateNote", "POST", "merge_requests/*/notes", TALKERS),
    route("GetNote", "GET", "merge_requests/*/notes/*", TALKERS),
    route("UpdateNote", "PUT", "merge_requests/*/notes/*", TALKERS),
    route("DeleteNote", "DELETE", "merge_requests/*/notes/*", TALKERS),
    route("CreateCommitStatus", "POST", "statuses/*", WRITERS),
    route("ListCommitStatuses", "GET", "repository/commits/*/statuses", TALKERS),
    route("Compare", "GET", "repository/compare", READERS),
    route("ListEnvironments", "GET", "environments", WATCHERS),
    route("CreateEnvironment", "POST", "environments", DEPLOYERS),
    route("GetEnvironment", "GET", "environments/*", WATCHERS),
    route("UpdateEnvironment", "PUT", "environments/*", DEPLOYERS),
    route("DeleteEnvironment", "DELETE", "environments/*", DEPLOYERS),
    route("StopEnvironment", "POST", "environments/*/stop", DEPLOYERS),
    route("ListDeployments", "GET", "deployments", WATCHERS),
    route("CreateDeployment", "POST", "deployments", DEPLOYERS),
    route("GetDeployment", "GET", "deployments/*", WATCHERS),
    route("UpdateDeployment", "PUT", "deployments/*", DEPLOYERS),
    route("DeleteDeployment", "DELETE", "deployments/*", (Door::Jobs, Role::Maintainer)),
];

/// What a call is about.
struct Subject {
    route: &'static Route,
    project: String,
    arguments: Vec<String>,
}

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
    subject(call).map_or("", |subject| subject.route.operation)
}

/// Answers a call.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let Some(subject) = subject(call) else {
        let what = format!("unknown GitLab route {} {}", call.method, call.raw_path);
        return refused(501, "Not simulated").violating(what);
    };
    perform(world, call, subject).unwrap_or_else(|refusal| *refusal)
}

fn subject(call: &Call) -> Option<Subject> {
    let segments = call.segments("/gitlab/api/v4/")?;
    match segments.as_slice() {
        [only] if only == "user" && call.method == "GET" => {
            Some(Subject { route: &USER, project: String::new(), arguments: Vec::new() })
        }
        [first, project, rest @ ..] if first == "projects" => ROUTES
            .iter()
            .filter(|route| route.method == call.method)
            .find_map(|route| Some(Subject { route, project: project.clone(), arguments: arguments(route.path, rest)? })),
        _ => None,
    }
}

fn perform(world: &mut World, call: &Call, subject: Subject) -> Outcome {
    let caller = authenticate(&world.gitlab, call, subject.route)?;
    let parameters = Parameters::read(call)?;
    let site = Site { html: format!("{}/gitlab", world.site.url), users: world.gitlab.users.clone() };
    let username = caller.map_or("", |token| token.username.as_str()).to_owned();
    if subject.route.operation == USER.operation {
        return Ok(Answer::json(200, &site.user(&username)));
    }
    let (now, host) = (world.clock.now(), world.site.url.clone());
    let ids = (world.ids.number(), world.ids.number());
    let project = world.gitlab.project_mut(&subject.project).ok_or_else(|| missing("Project"))?;
    let role = project.role(Some(&username)).ok_or_else(|| missing("Project"))?;
    let operation = subject.route.operation;
    if role < subject.route.role {
        // Somebody who may not see merge requests does not see them, which is not the same as being refused.
        let hidden = operation.ends_with("Note") || operation == "ListNotes" || operation == "GetMergeRequest";
        return Err(if hidden { missing("MergeRequest") } else { refused(403, "403 Forbidden") });
    }
    let arguments = subject.arguments;
    let mut scene = Scene { call, parameters, arguments, caller: username, role, host, site, project, now, ids };
    match operation {
        "GetMergeRequest" => merge_request(&scene),
        "Compare" => compare(&scene),
        "ListNotes" | "CreateNote" | "GetNote" | "UpdateNote" | "DeleteNote" => gitlab_notes::perform(&mut scene, operation),
        "CreateCommitStatus" => gitlab_statuses::create(&mut scene),
        "ListCommitStatuses" => gitlab_statuses::list(&scene),
        _ => gitlab_environments::perform(&mut scene, operation),
    }
}

/// Returns who calls; nobody is let in where everybody is.
fn authenticate<'a>(gitlab: &'a GitLab, call: &Call, route: &Route) -> Result<Option<&'a GitLabToken>, Box<Answer>> {
    let unauthorized = || refused(401, "401 Unauthorized");
    let bearer = call.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    let given = [(call.header("private-token").or(bearer), TokenKind::Access), (call.header("job-token"), TokenKind::Job)];
    let Some((text, kind)) = given.into_iter().find_map(|(text, kind)| Some((text?, kind))) else {
        return if route.door == Door::Anyone { Ok(None) } else { Err(unauthorized()) };
    };
    let token = gitlab.tokens.iter().find(|token| token.text == text && token.kind == kind).ok_or_else(unauthorized)?;
    if kind == TokenKind::Job {
        return match route.door {
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
