//! Azure DevOps' REST API 7.1 as far as deploys report to it:
//! <https://learn.microsoft.com/rest/api/azure/devops/git/?view=azure-devops-rest-7.1>. It must not know Astro.
//!
//! Shapes are those of `specification/git/7.1/git.json` in Microsoft's `vsts-rest-api-specs`. Words of refusals are those
//! that people met: no version, a preview, no permission, a comment that is too long, a token that is no longer good.
//! Nobody wrote down how an edit of somebody else's comment is refused; any 403 stands for it.

use serde_json::{Map, Value};

use crate::digest;
use crate::exchange::{Answer, Call};
use crate::faces::azure_devops_answer::{Asked, SIGN_IN, missing_pull, refuse};
use crate::faces::azure_devops_render as render;
use crate::faces::route::{self, Route, route};
use crate::faces::{azure_devops_diffs, azure_devops_discovery, azure_devops_pulls, azure_devops_statuses, azure_devops_threads};
use crate::refusal::Refusal;
use crate::world::azure_devops::{AzureRepository, AzureToken, TokenKind};
use crate::world::state::World;

/// Where the service is.
pub const PREFIX: &str = "/azure/";

/// The permission that an operation needs, and whether it is only there as a preview.
type Needs = (&'static str, Stage);

/// Whether an operation has left its preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Released,
    Preview,
    /// It tells clients what there is, and needs no version.
    Discovery,
}

const READ: Needs = ("GenericRead", Stage::Released);
const TALK: Needs = ("PullRequestContribute", Stage::Released);
const WRITE: Needs = ("GenericContribute", Stage::Released);

/// Every operation, in lower case. The first star is the organization, then come project and repository.
const ROUTES: &[Route<Needs>] = &[
    route("GetLocations", "OPTIONS", "*/_apis/*", ("", Stage::Discovery)),
    route("ListResourceAreas", "GET", "*/_apis/resourceareas", ("", Stage::Preview)),
    route("GetConnectionData", "GET", "*/_apis/connectiondata", ("", Stage::Preview)),
    route("GetPull", "GET", "*/*/_apis/git/repositories/*/pullrequests/*", READ),
    route("QueryPulls", "POST", "*/*/_apis/git/repositories/*/pullrequestquery", READ),
    route("ListThreads", "GET", "*/*/_apis/git/repositories/*/pullrequests/*/threads", READ),
    route("CreateThread", "POST", "*/*/_apis/git/repositories/*/pullrequests/*/threads", TALK),
    route("GetThread", "GET", "*/*/_apis/git/repositories/*/pullrequests/*/threads/*", READ),
    route("UpdateThread", "PATCH", "*/*/_apis/git/repositories/*/pullrequests/*/threads/*", TALK),
    route("CreateThreadComment", "POST", "*/*/_apis/git/repositories/*/pullrequests/*/threads/*/comments", TALK),
    route("UpdateThreadComment", "PATCH", "*/*/_apis/git/repositories/*/pullrequests/*/threads/*/comments/*", TALK),
    route("ListPullStatuses", "GET", "*/*/_apis/git/repositories/*/pullrequests/*/statuses", READ),
    route("CreatePullStatus", "POST", "*/*/_apis/git/repositories/*/pullrequests/*/statuses", READ),
    route("ListCommitStatuses", "GET", "*/*/_apis/git/repositories/*/commits/*/statuses", READ),
    route("CreateCommitStatus", "POST", "*/*/_apis/git/repositories/*/commits/*/statuses", WRITE),
    route("CommitDiffs", "GET", "*/*/_apis/git/repositories/*/diffs/commits", READ),
];

/// Returns the operation a call means; empty if there is none.
pub fn operation(call: &Call) -> &'static str {
    subject(call).map_or("", |(route, _)| route.operation)
}

/// Answers a call.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let Some((route, arguments)) = subject(call) else {
        let what = format!("unknown Azure DevOps route {} {}", call.method, call.path);
        return refuse(&Refusal::new(501, "NotImplementedException", "Not simulated")).violating(what);
    };
    perform(world, call, route, &arguments).unwrap_or_else(|refusal| refuse(&refusal))
}

/// Paths ignore case.
fn subject(call: &Call) -> Option<(&'static Route<Needs>, Vec<String>)> {
    let segments: Vec<String> = call.segments(PREFIX)?.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    route::find(ROUTES, &call.method, &segments)
}

fn perform(world: &mut World, call: &Call, route: &Route<Needs>, arguments: &[String]) -> Result<Answer, Refusal> {
    let token = authenticate(world, call)?.clone();
    let (organization, rest) = arguments.split_first().ok_or_else(|| Refusal::new(404, "", ""))?;
    if !world.azure_devops.organization.eq_ignore_ascii_case(organization) {
        return Err(Refusal::new(
            404,
            "ServiceHostDoesNotExistException",
            format!("The organization {organization} is not there."),
        ));
    }
    check_version(call, route.needs.1)?;
    let base = format!("{}{PREFIX}{}", world.site.url, world.azure_devops.organization);
    match route.operation {
        "GetLocations" => return Ok(azure_devops_discovery::locations(rest.first().map_or("", String::as_str))),
        "ListResourceAreas" => return Ok(azure_devops_discovery::areas(&base)),
        "GetConnectionData" => return Ok(azure_devops_discovery::connection(&base, &token.identity)),
        _ => {}
    }
    let ([project, name, arguments @ ..], now) = (rest, world.clock.now()) else { return Err(missing_pull()) };
    let World { azure_devops, ids, .. } = world;
    let repository = find(&mut azure_devops.repositories, &token, project, name)?;
    let (needed, id) = (route.needs.0, &token.identity.id);
    if !token.permissions.contains(&needed) {
        let why = format!(
            "TF401027: You need the Git '{needed}' permission to perform this action. Details: identity 'Build\\{id}', scope 'repository'."
        );
        return Err(Refusal::new(403, "GitNeedsPermissionException", why));
    }
    let body = match call.method.as_str() {
        "POST" | "PATCH" => body(call)?,
        _ => Map::new(),
    };
    let asked = Asked { call, base, arguments, body, identity: token.identity, now };
    match route.operation {
        "GetPull" => Ok(Answer::json(200, &render::pull(&asked.base, repository, asked.pull(repository)?))),
        "QueryPulls" => azure_devops_pulls::query(repository, &asked),
        "CommitDiffs" => azure_devops_diffs::compare(repository, &asked),
        operation if operation.ends_with("Status") || operation.ends_with("Statuses") => {
            azure_devops_statuses::perform(repository, &asked, operation, ids)
        }
        operation => azure_devops_threads::perform(repository, &asked, operation, ids),
    }
}

fn find<'a>(
    repositories: &'a mut [AzureRepository],
    token: &AzureToken,
    project: &str,
    name: &str,
) -> Result<&'a mut AzureRepository, Refusal> {
    let is = |given: &str, id: &str, name: &str| given.eq_ignore_ascii_case(id) || given.eq_ignore_ascii_case(name);
    if !repositories.iter().any(|found| is(project, &found.project_id, &found.project)) {
        let why = format!(
            "TF200016: The following project does not exist: {project}. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server."
        );
        return Err(Refusal::new(404, "ProjectDoesNotExistWithNameException", why));
    }
    let readable = token.permissions.contains(&"GenericRead");
    let mut own = repositories.iter_mut().filter(|found| readable && is(project, &found.project_id, &found.project));
    own.find(|found| is(name, &found.id, &found.name)).ok_or_else(|| {
        let why = format!(
            "TF401019: The Git repository with name or identifier {name} does not exist or you do not have permissions for the operation you are attempting."
        );
        Refusal::new(404, "GitRepositoryNotFoundException", why)
    })
}

/// Returns whose token a call has. Without a good one, Azure DevOps shows its sign-in page to whoever does not ask it
/// not to, except on changes.
fn authenticate<'a>(world: &'a World, call: &Call) -> Result<&'a AzureToken, Refusal> {
    let basic = |text: &str| {
        let pair = String::from_utf8(digest::from_base64(text)?).ok()?;
        pair.split_once(':').map(|(_, password)| password.to_owned())
    };
    let header = call.header("authorization").unwrap_or_default();
    let (text, bearer) = match (header.strip_prefix("Basic "), header.strip_prefix("Bearer ")) {
        (Some(pair), _) => (basic(pair).unwrap_or_default(), false),
        (_, Some(text)) => (text.to_owned(), true),
        _ => (String::new(), false),
    };
    let usable = |token: &&AzureToken| token.text == text && (!bearer || token.kind == TokenKind::Pipeline);
    match world.azure_devops.tokens.iter().find(usable) {
        Some(token) if token.expired => {
            Err(Refusal::new(401, "AccessCheckException", "Access Denied: The Personal Access Token used has expired."))
        }
        Some(token) => Ok(token),
        None if call.method == "PATCH" || call.header("x-tfs-fedauthredirect") == Some("Suppress") => {
            let why = "TF400813: The user '' is not authorized to access this resource.";
            Err(Refusal::new(401, "UnauthorizedRequestException", why))
        }
        None => Err(Refusal::new(SIGN_IN, "", "")),
    }
}

/// Checks the version: in the query, or in `Accept` as the vendor's own clients send it.
fn check_version(call: &Call, stage: Stage) -> Result<(), Refusal> {
    if stage == Stage::Discovery {
        return Ok(());
    }
    let accepted =
        call.header("accept").and_then(|accept| accept.split(';').find_map(|part| part.trim().strip_prefix("api-version=")));
    let Some(version) = call.parameter("api-version").or(accepted) else {
        // The vendor's own clients ask for these without a version.
        if stage == Stage::Preview {
            return Ok(());
        }
        let method = &call.method;
        let why = format!(
            "No api-version was supplied for the \"{method}\" request. The version must be supplied either as part of the Accept header (e.g. \"application/json; api-version=1.0\") or as a query parameter (e.g. \"?api-version=1.0\")."
        );
        return Err(Refusal::new(400, "VssVersionNotSpecifiedException", why));
    };
    let (number, preview) = version.split_once("-preview").map_or((version, false), |(number, _)| (number, true));
    let minor =
        |text: &str| text.split_once('.').and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse().ok()?)));
    match minor(number) {
        Some((major, minor)) if (major, minor) > (7, 2) => {
            let why = format!(
                "The requested REST API version of {version} is out of range for this server. The latest REST API version this server supports is 7.2."
            );
            Err(Refusal::new(400, "VssVersionOutOfRangeException", why))
        }
        Some(given @ (3.., _)) if preview || (stage == Stage::Released && given < (7, 2)) => Ok(()),
        Some((3.., _)) => {
            let why = format!(
                "The requested version \"{version}\" of the resource is under preview. The -preview flag must be supplied in the api-version for such requests. For example: \"{version}-preview\""
            );
            Err(Refusal::new(400, "VssInvalidPreviewVersionException", why))
        }
        _ => Err(Refusal::new(400, "VssVersionOutOfRangeException", format!("\"{version}\" is no version of this service."))),
    }
}

fn body(call: &Call) -> Result<Map<String, Value>, Refusal> {
    if !call.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        let why = "The request indicated a Content-Type of \"\" for method type that is not supported. Valid content types for this method are: application/json.";
        return Err(Refusal::new(415, "VssRequestContentTypeNotSupportedException", why));
    }
    serde_json::from_slice(&call.body).map_err(|error| Refusal::new(400, "ArgumentException", error.to_string()))
}
