//! Bitbucket Cloud's REST API as far as deploys report to it: <https://developer.atlassian.com/cloud/bitbucket/rest/>.
//! It must not know Astro.
//!
//! Scopes are those of the OpenAPI document of that page, where commenting needs no more than reading does. Words of
//! refusals are as clients have reported them.

use serde_json::{Value, json};

use crate::exchange::{Answer, Call};
use crate::faces::bitbucket_render::{self as render, Site};
use crate::faces::route::{self, Route, route};
use crate::faces::{bitbucket_checks, bitbucket_comments};
use crate::spelling::escaped;
use crate::world::bitbucket::{Bitbucket, BitbucketRepository, BitbucketToken, Proof, Pull};
use crate::world::commits::ChangedFile;
use crate::world::state::World;

/// Where the API is.
pub const PREFIX: &str = "/bitbucket/";

/// An answer, or one that refuses.
pub type Outcome = Result<Answer, Box<Answer>>;

/// The scope of an access token and of an API token.
type Needs = (&'static str, &'static str);
const CODE: Needs = ("repository", "read:repository:bitbucket");
const PULLS: Needs = ("pullrequest", "read:pullrequest:bitbucket");

/// Every operation; the first two stars are workspace and repository.
const ROUTES: &[Route<Needs>] = &[
    route("GetUser", "GET", "user", ("account", "read:user:bitbucket")),
    route("GetPullRequest", "GET", "repositories/*/*/pullrequests/*", PULLS),
    route("ListPullRequestComments", "GET", "repositories/*/*/pullrequests/*/comments", PULLS),
    route("CreatePullRequestComment", "POST", "repositories/*/*/pullrequests/*/comments", PULLS),
    route("GetPullRequestComment", "GET", "repositories/*/*/pullrequests/*/comments/*", PULLS),
    route("UpdatePullRequestComment", "PUT", "repositories/*/*/pullrequests/*/comments/*", PULLS),
    route("DeletePullRequestComment", "DELETE", "repositories/*/*/pullrequests/*/comments/*", PULLS),
    route("GetCommit", "GET", "repositories/*/*/commit/*", CODE),
    route("ListPullRequestsOfCommit", "GET", "repositories/*/*/commit/*/pullrequests", PULLS),
    route("ListStatuses", "GET", "repositories/*/*/commit/*/statuses", CODE),
    route("CreateBuildStatus", "POST", "repositories/*/*/commit/*/statuses/build", CODE),
    route("GetBuildStatus", "GET", "repositories/*/*/commit/*/statuses/build/*", CODE),
    route("GetReport", "GET", "repositories/*/*/commit/*/reports/*", CODE),
    route("PutReport", "PUT", "repositories/*/*/commit/*/reports/*", CODE),
    route("DeleteReport", "DELETE", "repositories/*/*/commit/*/reports/*", CODE),
    route("ListAnnotations", "GET", "repositories/*/*/commit/*/reports/*/annotations", CODE),
    route("CreateAnnotations", "POST", "repositories/*/*/commit/*/reports/*/annotations", CODE),
    route("Diffstat", "GET", "repositories/*/*/diffstat/*", CODE),
    route("GetMergeBase", "GET", "repositories/*/*/merge-base/*", CODE),
];

/// How many items a page of a list may have, and has unless the call says otherwise.
const PAGE: (usize, usize) = (100, 10);
/// The same for the files of a comparison.
const FILES_PAGE: (usize, usize) = (5000, 500);

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
    pub repository: &'a mut BitbucketRepository,
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

    /// Returns the full id of the commit that the path names, or a 404.
    pub fn commit(&self, name: &str) -> Result<String, Box<Answer>> {
        let found = self.repository.graph.commit(name).map(|commit| commit.sha.clone());
        found.ok_or_else(|| refused(404, "Commit not found"))
    }
}

/// Returns the operation a call means; empty if there is none.
pub fn operation(call: &Call) -> &'static str {
    subject(call).map_or("", |(route, _)| route.operation)
}

/// Answers a call.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let Some((route, arguments)) = subject(call) else {
        let what = format!("unknown Bitbucket route {} {}", call.method, call.raw_path);
        return refused(501, "Not simulated").violating(what);
    };
    perform(world, call, route, arguments).unwrap_or_else(|refusal| *refusal)
}

/// Paths may end with a slash, as those of the vendor's own examples do.
fn subject(call: &Call) -> Option<(&'static Route<Needs>, Vec<String>)> {
    let mut segments = call.segments("/bitbucket/2.0/")?;
    segments.pop_if(|last| last.is_empty());
    route::find(ROUTES, &call.method, &segments)
}

fn perform(world: &mut World, call: &Call, route: &Route<Needs>, mut arguments: Vec<String>) -> Outcome {
    let token = authenticate(&world.bitbucket, call)?;
    let Some(token) = token else {
        return Err(if arguments.is_empty() { refused(401, "Authentication required") } else { unseen() });
    };
    if !token.has(route.needs.0, route.needs.1) {
        return Err(scopeless(token, route.needs));
    }
    let site = Site { api: format!("{}/bitbucket/2.0", world.site.url), html: format!("{}/bitbucket/html", world.site.url) };
    if arguments.is_empty() {
        return Ok(Answer::json(200, &render::user(&site, &token.name)));
    }
    let full_name = format!("{}/{}", arguments.remove(0), arguments.remove(0));
    if !token.repositories.iter().any(|reached| reached.eq_ignore_ascii_case(&full_name)) {
        return Err(unseen());
    }
    if let Some(name) = ["q", "sort", "fields"].into_iter().find(|name| call.parameter(name).is_some()) {
        let what = format!("the parameter `{name}` of {} is not simulated", route.operation);
        return Err(Box::new(refused(501, &what).violating(what.clone())));
    }
    let (caller, now, id) = (token.name.clone(), world.clock.now(), world.ids.number());
    let body = body(call)?;
    let repository = world.bitbucket.repository_mut(&full_name).ok_or_else(unseen)?;
    let mut scene = Scene { call, body, arguments, caller, site, repository, now, id };
    match route.operation {
        "GetPullRequest" => {
            let id = scene.argument(0).parse();
            let pull = scene.repository.pulls.iter().find(|pull| Ok(pull.id) == id).ok_or_else(no_pull)?;
            Ok(Answer::json(200, &render::pull(&scene.site, scene.repository, pull)))
        }
        "GetCommit" => {
            let hash = scene.commit(scene.argument(0))?;
            Ok(Answer::json(200, &json!({ "type": "commit", "hash": hash })))
        }
        "ListPullRequestsOfCommit" => pulls_of(&scene),
        "Diffstat" => diffstat(&scene),
        "GetMergeBase" => merge_base(&scene),
        operation if operation.contains("Comment") => bitbucket_comments::perform(&mut scene, operation),
        operation => bitbucket_checks::perform(&mut scene, operation),
    }
}

/// Returns the caller's token; nobody is nobody, and an unknown one is refused.
fn authenticate<'a>(bitbucket: &'a Bitbucket, call: &Call) -> Result<Option<&'a BitbucketToken>, Box<Answer>> {
    let Some(header) = call.header("authorization") else { return Ok(None) };
    let basic = |encoded: &str| {
        let text = String::from_utf8(crate::digest::from_base64(encoded)?).ok()?;
        let (user, password) = text.split_once(':')?;
        Some((Proof::Password(user.to_owned()), password.to_owned()))
    };
    let bearer = header.strip_prefix("Bearer ").map(|text| (Proof::Bearer, text.to_owned()));
    let given = bearer.or_else(|| header.strip_prefix("Basic ").and_then(basic));
    let known = given.and_then(|(proof, text)| bitbucket.tokens.iter().find(|token| token.proof == proof && token.text == text));
    known.map(Some).ok_or_else(|| refused(401, "Token is invalid, expired, or not supported for this endpoint."))
}

fn body(call: &Call) -> Result<Value, Box<Answer>> {
    if call.body.is_empty() {
        return Ok(Value::Null);
    }
    let kind = call.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind != "application/json" {
        return Err(refused(415, "Unsupported Media Type"));
    }
    serde_json::from_slice(&call.body).map_err(|_| refused(400, "Bad request"))
}

/// Source: <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commits/>. Against git's habit, the first
/// commit of the two is the one that has the changes.
fn diffstat(scene: &Scene<'_>) -> Outcome {
    let flag = |name: &str| scene.call.parameter(name).map(|text| text != "false");
    let graph = &scene.repository.graph;
    let (changed, base) = match scene.argument(0).split_once("..") {
        Some((changed, base)) => (scene.commit(changed)?, Some(scene.commit(base)?)),
        None => {
            let commit = scene.commit(scene.argument(0))?;
            let parent = graph.exact(&commit).and_then(|found| found.parents.first().cloned());
            (commit, parent)
        }
    };
    let from_merge_base = match (flag("topic"), flag("merge")) {
        (Some(_), Some(_)) => {
            return Err(refused(400, "The 'merge' and 'topic' parameters cannot be both used at the same time"));
        }
        (Some(topic), None) => topic,
        (None, merge) => merge.unwrap_or(true),
    };
    let base = match base {
        Some(base) if from_merge_base => graph.compare(&base, &changed).map(|comparison| comparison.merge_base),
        base => base,
    };
    let files = match base {
        Some(base) => graph.difference(&base, &changed).unwrap_or_default(),
        None => graph.exact(&changed).map(|commit| commit.files.clone()).unwrap_or_default(),
    };
    let files = if flag("renames") == Some(false) { files.into_iter().flat_map(apart).collect() } else { files };
    let wanted = scene.call.parameters("path");
    let shown = files.iter().filter(|file| wanted.is_empty() || wanted.contains(&file.path));
    let items = shown.map(|file| render::diffstat(&scene.site, scene.repository, &changed, file)).collect();
    paged(scene, items, FILES_PAGE)
}

/// Source: <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/>. The pull requests come short,
/// and only where the app "Pull Request Commit Links" is installed.
fn pulls_of(scene: &Scene<'_>) -> Outcome {
    let commit = scene.commit(scene.argument(0))?;
    if !scene.repository.links_commits {
        return Err(refused(404, "The Pull Request Commit Links app is not installed."));
    }
    let graph = &scene.repository.graph;
    let holds = |pull: &&Pull| {
        let own = graph.compare(&pull.destination_commit, &pull.source_commit);
        own.is_some_and(|comparison| comparison.ahead.contains(&commit)) || pull.merge_commit.as_ref() == Some(&commit)
    };
    let found = scene.repository.pulls.iter().filter(holds);
    let short = |pull: &Pull| json!({ "type": "pullrequest", "id": pull.id, "title": pull.title });
    listed(scene, found.map(short).collect())
}

/// Source: <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commits/>.
fn merge_base(scene: &Scene<'_>) -> Outcome {
    let (one, other) = scene.argument(0).split_once("..").ok_or_else(|| refused(400, "Invalid revspec"))?;
    let (one, other) = (scene.commit(one)?, scene.commit(other)?);
    let comparison = scene.repository.graph.compare(&one, &other);
    let base = comparison.ok_or_else(|| refused(404, "No common ancestor"))?.merge_base;
    Ok(Answer::json(200, &json!({ "type": "commit", "hash": base })))
}

/// Returns a renamed file as one gone and one come.
fn apart(file: ChangedFile) -> Vec<ChangedFile> {
    let Some(previous) = file.previous else { return vec![file] };
    let plain = |path, status: &str| ChangedFile { path, status: status.into(), previous: None };
    vec![plain(previous, "removed"), plain(file.path, "added")]
}

/// Answers with the wanted page of a list.
pub fn listed(scene: &Scene<'_>, items: Vec<Value>) -> Outcome {
    paged(scene, items, PAGE)
}

fn paged(scene: &Scene<'_>, items: Vec<Value>, (most, default): (usize, usize)) -> Outcome {
    let number = |name: &str, default: usize| scene.call.parameter(name).map_or(Some(default), |text| text.parse().ok());
    let size =
        number("pagelen", default).filter(|size| (1..=most).contains(size)).ok_or_else(|| refused(400, "Invalid pagelen"))?;
    let page = number("page", 1).filter(|page| *page > 0).ok_or_else(|| refused(404, "Invalid page"))?;
    let total = items.len();
    let others = scene.call.query.iter().filter(|(name, _)| name != "page" && name != "pagelen");
    let others: String = others.map(|(name, value)| format!("{name}={}&", escaped(value))).collect();
    let host = scene.site.api.trim_end_matches("/bitbucket/2.0");
    let to = |page: usize| format!("{host}{}?{others}pagelen={size}&page={page}", scene.call.raw_path);
    let values: Vec<Value> = items.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
    let mut body = json!({ "values": values, "pagelen": size, "size": total, "page": page });
    if page.saturating_mul(size) < total {
        body["next"] = to(page + 1).into();
    }
    if page > 1 {
        body["previous"] = to(page - 1).into();
    }
    Ok(Answer::json(200, &body))
}

/// Returns a refusal.
pub fn refused(status: u16, message: &str) -> Box<Answer> {
    Box::new(Answer::json(status, &json!({ "type": "error", "error": { "message": message } })))
}

/// Returns a 400 for one field.
pub fn invalid(field: &str, why: &str) -> Box<Answer> {
    let error = json!({ "message": format!("{field}: {why}"), "fields": { field: [why] } });
    Box::new(Answer::json(400, &json!({ "type": "error", "error": error })))
}

/// Returns a 404 for a pull request.
pub fn no_pull() -> Box<Answer> {
    refused(404, "Pull request not found")
}

fn unseen() -> Box<Answer> {
    refused(
        404,
        "You may not have access to this repository or it no longer exists in this workspace. If you think this repository \
         exists and you have access, make sure you are authenticated.",
    )
}

fn scopeless(token: &BitbucketToken, needs: Needs) -> Box<Answer> {
    let required = if token.proof == Proof::Bearer { needs.0 } else { needs.1 };
    let error = json!({
        "message": "Your credentials lack one or more required privilege scopes.",
        "detail": { "granted": token.scopes, "required": [required] },
    });
    Box::new(Answer::json(403, &json!({ "type": "error", "error": error })))
}
