//! Bitbucket Data Center's REST API as far as deploys report to it:
//! <https://developer.atlassian.com/server/bitbucket/rest/>. It must not know Astro.
//!
//! Reading a repository is all that talking and reporting need, and a refused permission is a 401 like a wrong token;
//! only the header `X-AUSERNAME` tells them apart. Names of exceptions are as clients have reported them.

use serde_json::{Value, json};

use crate::exchange::{Answer, Call};
use crate::faces::bitbucket_dc_render::{self as render, Site};
use crate::faces::route::{self, Route, route};
use crate::faces::{bitbucket_dc_checks, bitbucket_dc_comments};
use crate::world::bitbucket::Pull;
use crate::world::bitbucket_dc::ServerRepository;
use crate::world::state::World;

/// Where the server is.
pub const PREFIX: &str = "/bitbucket-dc/";

/// An answer, or one that refuses.
pub type Outcome = Result<Answer, Box<Answer>>;

/// Every operation, `rest/` and the version left out; the first two stars are project and repository.
const ROUTES: &[Route<()>] = &[
    // Tells who the caller is, as plain text; all the vendor's products have it, though this one's reference does not name it.
    route("WhoAmI", "GET", "plugins/servlet/applinks/whoami", ()),
    route("GetPullRequest", "GET", "api/projects/*/repos/*/pull-requests/*", ()),
    route("ListActivities", "GET", "api/projects/*/repos/*/pull-requests/*/activities", ()),
    route("ListComments", "GET", "api/projects/*/repos/*/pull-requests/*/comments", ()),
    route("CreateComment", "POST", "api/projects/*/repos/*/pull-requests/*/comments", ()),
    route("GetComment", "GET", "api/projects/*/repos/*/pull-requests/*/comments/*", ()),
    route("UpdateComment", "PUT", "api/projects/*/repos/*/pull-requests/*/comments/*", ()),
    route("DeleteComment", "DELETE", "api/projects/*/repos/*/pull-requests/*/comments/*", ()),
    route("ListPullRequestsOfCommit", "GET", "api/projects/*/repos/*/commits/*/pull-requests", ()),
    route("CompareCommits", "GET", "api/projects/*/repos/*/compare/commits", ()),
    route("CompareChanges", "GET", "api/projects/*/repos/*/compare/changes", ()),
    route("AddBuild", "POST", "api/projects/*/repos/*/commits/*/builds", ()),
    route("GetBuild", "GET", "api/projects/*/repos/*/commits/*/builds", ()),
    route("GetReport", "GET", "insights/projects/*/repos/*/commits/*/reports/*", ()),
    route("PutReport", "PUT", "insights/projects/*/repos/*/commits/*/reports/*", ()),
    route("DeleteReport", "DELETE", "insights/projects/*/repos/*/commits/*/reports/*", ()),
    route("GetAnnotations", "GET", "insights/projects/*/repos/*/commits/*/reports/*/annotations", ()),
    route("AddAnnotations", "POST", "insights/projects/*/repos/*/commits/*/reports/*/annotations", ()),
    route("DeleteAnnotations", "DELETE", "insights/projects/*/repos/*/commits/*/reports/*/annotations", ()),
];

/// Items of a page unless the call says otherwise; the most there can be; the most that a comparison has in all.
const DEFAULT_PAGE: usize = 25;
const MAX_PAGE: usize = 1000;
const MAX_CHANGES: usize = 1000;

/// Everything an operation on a repository works with.
pub struct Scene<'a> {
    /// The call.
    pub call: &'a Call,
    /// What it sent; null if it sent nothing.
    pub body: Value,
    /// What stands at the stars of its path, after the repository.
    pub arguments: Vec<String>,
    /// Name of the caller.
    pub caller: String,
    /// Where everything is addressed.
    pub site: Site,
    /// The repository.
    pub repository: &'a mut ServerRepository,
    /// The time.
    pub now: jiff::Timestamp,
    /// Number for a new thing.
    pub id: u64,
}

impl Scene<'_> {
    /// Returns what stands at a star of the path.
    pub fn argument(&self, place: usize) -> &str {
        self.arguments.get(place).map_or("", String::as_str)
    }

    /// Returns the number of the pull request that the path names, or a 404.
    pub fn pull(&self) -> Result<u64, Box<Answer>> {
        let id = self.argument(0).parse();
        let found = self.repository.pulls.iter().find(|pull| Ok(pull.id) == id);
        found.map(|pull| pull.id).ok_or_else(|| {
            let place = format!("{}/{}", self.repository.project, self.repository.slug);
            let message = format!("Pull request {} does not exist in {place}.", self.argument(0));
            refused(404, &message, "pull.NoSuchPullRequestException")
        })
    }

    /// Returns the full id of a commit, or a 404.
    pub fn commit(&self, name: &str) -> Result<String, Box<Answer>> {
        let name = name.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/");
        let found = self.repository.graph.commit(name).map(|commit| commit.sha.clone());
        found.ok_or_else(|| {
            let message = format!("Commit '{name}' does not exist in repository '{}'.", self.repository.slug);
            refused(404, &message, "commit.NoSuchCommitException")
        })
    }
}

/// Returns the operation a call means; empty if there is none.
pub fn operation(call: &Call) -> &'static str {
    subject(call).map_or("", |(route, _)| route.operation)
}

/// Answers a call; who called is named in a header.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let Some((route, arguments)) = subject(call) else {
        let what = format!("unknown Bitbucket Data Center route {} {}", call.method, call.raw_path);
        return refused(501, "Not simulated", "").violating(what);
    };
    let bearer = call.header("authorization").map(|header| header.strip_prefix("Bearer ").unwrap_or_default());
    let known = world.bitbucket_dc.tokens.iter().find(|token| Some(token.text.as_str()) == bearer);
    let caller = known.map(|token| token.user.clone());
    if bearer.is_some() && caller.is_none() {
        let message = "Authentication failed. Please check your credentials and try again.";
        return *refused(401, message, "auth.IncorrectPasswordAuthenticationException");
    }
    let answer = perform(world, call, route, (arguments, caller.clone())).unwrap_or_else(|refusal| *refusal);
    match caller {
        Some(caller) => answer.header("x-ausername", &caller),
        None => answer,
    }
}

fn subject(call: &Call) -> Option<(&'static Route<()>, Vec<String>)> {
    let segments = call.segments(PREFIX)?;
    match segments.as_slice() {
        [rest, api, version, further @ ..] if rest == "rest" && ["latest", "1.0"].contains(&version.as_str()) => {
            route::find(ROUTES, &call.method, &[std::slice::from_ref(api), further].concat())
        }
        _ => route::find(ROUTES, &call.method, &segments),
    }
}

fn perform(world: &mut World, call: &Call, route: &Route<()>, who: (Vec<String>, Option<String>)) -> Outcome {
    let (mut arguments, caller) = who;
    if arguments.is_empty() {
        return Ok(Answer::empty(200).header("content-type", "text/plain").body(caller.unwrap_or_default()));
    }
    let caller = caller.ok_or_else(unpermitted)?;
    let (project, slug) = (arguments.remove(0), arguments.remove(0));
    let (now, id) = (world.clock.now(), world.ids.number());
    let site = Site { base: format!("{}/bitbucket-dc", world.site.url) };
    let body = body(call)?;
    let repository = world.bitbucket_dc.repository_mut(&project, &slug).ok_or_else(|| {
        refused(404, &format!("Repository {project}/{slug} does not exist."), "repository.NoSuchRepositoryException")
    })?;
    if !repository.readers.contains(&caller) {
        return Err(unpermitted());
    }
    let mut scene = Scene { call, body, arguments, caller, site, repository, now, id };
    match route.operation {
        "GetPullRequest" => {
            let id = scene.pull()?;
            let found = scene.repository.pulls.iter().find(|pull| pull.id == id);
            Ok(Answer::json(200, &found.map(|pull| render::pull(&scene.site, scene.repository, pull)).into()))
        }
        "ListPullRequestsOfCommit" => pulls_of(&scene),
        "CompareCommits" => commits(&scene),
        "CompareChanges" => compare(&scene),
        operation @ ("AddBuild" | "GetBuild" | "GetReport" | "PutReport" | "DeleteReport") => {
            bitbucket_dc_checks::perform(&mut scene, operation)
        }
        operation if operation.ends_with("Annotations") => bitbucket_dc_checks::perform(&mut scene, operation),
        operation => bitbucket_dc_comments::perform(&mut scene, operation),
    }
}

fn body(call: &Call) -> Result<Value, Box<Answer>> {
    if call.body.is_empty() {
        return Ok(Value::Null);
    }
    let kind = call.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind != "application/json" {
        return Err(refused(415, "HTTP 415 Unsupported Media Type", ""));
    }
    serde_json::from_slice(&call.body).map_err(|_| refused(400, "The request body could not be read as JSON.", ""))
}

/// Lists the pull requests that hold a commit, whatever became of them.
fn pulls_of(scene: &Scene<'_>) -> Outcome {
    let commit = scene.commit(scene.argument(0))?;
    let graph = &scene.repository.graph;
    let holds = |pull: &&Pull| {
        let own = graph.compare(&pull.destination_commit, &pull.source_commit);
        own.is_some_and(|comparison| comparison.ahead.contains(&commit)) || pull.merge_commit.as_ref() == Some(&commit)
    };
    let found = scene.repository.pulls.iter().filter(holds);
    paged(scene, found.map(|pull| render::pull(&scene.site, scene.repository, pull)).collect())
}

/// Lists the commits that can be reached from `from` and not from `to`, newest first.
fn commits(scene: &Scene<'_>) -> Outcome {
    let side = |name: &str| scene.commit(scene.call.parameter(name).filter(|text| !text.is_empty()).unwrap_or("main"));
    let (from, to) = (side("from")?, side("to")?);
    let ahead = scene.repository.graph.compare(&to, &from).map(|comparison| comparison.ahead).unwrap_or_default();
    let commit = |sha: &String| json!({ "id": sha, "displayId": sha.get(..11), "message": "", "parents": [] });
    paged(scene, ahead.iter().rev().map(commit).collect())
}

/// Lists what `from` has and `to` has not, so against the common ancestor; `from` is the newer one.
/// Past `page.max.changes` there is nothing, and nothing says so.
fn compare(scene: &Scene<'_>) -> Outcome {
    let side = |name: &str| scene.commit(scene.call.parameter(name).filter(|text| !text.is_empty()).unwrap_or("main"));
    let (from, to) = (side("from")?, side("to")?);
    let graph = &scene.repository.graph;
    let ancestor = graph.compare(&to, &from).map(|comparison| comparison.merge_base);
    let mut files = ancestor.and_then(|ancestor| graph.difference(&ancestor, &from)).unwrap_or_default();
    files.truncate(MAX_CHANGES);
    paged(scene, files.iter().map(|file| render::change(&scene.site, scene.repository, file)).collect())
}

/// Answers with the wanted page of a list; a limit that is too high is lowered.
pub fn paged(scene: &Scene<'_>, items: Vec<Value>) -> Outcome {
    let number = |name: &str, default: usize| match scene.call.parameter(name) {
        None => Ok(default),
        Some(text) => text.parse::<usize>().map_err(|_| field(name, "must be a number that is not negative")),
    };
    let (start, limit) = (number("start", 0)?, number("limit", DEFAULT_PAGE)?.clamp(1, MAX_PAGE));
    let total = items.len();
    let values: Vec<Value> = items.into_iter().skip(start).take(limit).collect();
    let next = start + values.len();
    let last = next >= total;
    let body = json!({
        "size": values.len(), "limit": limit, "isLastPage": last, "values": values, "start": start,
        "nextPageStart": (!last).then_some(next),
    });
    Ok(Answer::json(200, &body))
}

/// Returns a refusal with the end of an exception's name, which may be empty.
pub fn refused(status: u16, message: &str, exception: &str) -> Box<Answer> {
    let exception = (!exception.is_empty()).then(|| format!("com.atlassian.bitbucket.{exception}"));
    let error = json!({ "context": null, "message": message, "exceptionName": exception });
    Box::new(Answer::json(status, &json!({ "errors": [error] })))
}

/// Returns a 400 for one field.
pub fn field(name: &str, why: &str) -> Box<Answer> {
    let error = json!({ "context": name, "message": why, "exceptionName": null });
    Box::new(Answer::json(400, &json!({ "errors": [error] })))
}

/// Returns what somebody gets who may not do it.
pub fn unpermitted() -> Box<Answer> {
    refused(401, "You are not permitted to access this resource", "AuthorisationException")
}
