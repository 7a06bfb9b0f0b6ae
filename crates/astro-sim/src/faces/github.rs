//! GitHub's REST API as far as deploys report to it: <https://docs.github.com/rest>.
//! It must not know Astro. Both the public base and GitHub Enterprise's `/api/v3` are served.

use serde_json::{Map, Value};

use crate::exchange::{Answer, Call};
use crate::faces::github_answer::{Asked, missing, refuse, short_text, unprocessable};
use crate::faces::github_render::{self as render, Address};
use crate::faces::route::{self, Route, route};
use crate::faces::{github_checks, github_deployments, github_reads, github_secrets};
use crate::ids::Ids;
use crate::refusal::Refusal;
use crate::rules::fields;
use crate::world::github::{Comment, CommitStatus, GitHubRepository, GitHubToken};
use crate::world::state::World;

/// Where the API is.
pub const PREFIX: &str = "/github/";

/// Longest comment, in characters.
const MAX_COMMENT: usize = 65_536;
/// Longest description of a commit status, in characters.
const MAX_STATUS: usize = 140;

/// Any of these permissions, at this level; with none, any token will do.
type Needs = (&'static [&'static str], &'static str);

const TALK: &[&str] = &["issues", "pull_requests"];
const CHECKS: &[&str] = &["checks"];
const DEPLOYMENTS: &[&str] = &["deployments"];
const SECRETS: &[&str] = &["secrets"];
const ENVIRONMENTS: &[&str] = &["environments"];

/// Every operation; the first two stars are owner and name.
const ROUTES: &[Route<Needs>] = &[
    route("GetUser", "GET", "user", (&[], "read")),
    route("ListComments", "GET", "repos/*/*/issues/*/comments", (TALK, "read")),
    route("CreateComment", "POST", "repos/*/*/issues/*/comments", (TALK, "write")),
    route("GetComment", "GET", "repos/*/*/issues/comments/*", (TALK, "read")),
    route("UpdateComment", "PATCH", "repos/*/*/issues/comments/*", (TALK, "write")),
    route("DeleteComment", "DELETE", "repos/*/*/issues/comments/*", (TALK, "write")),
    route("CreateStatus", "POST", "repos/*/*/statuses/*", (&["statuses"], "write")),
    route("ListDeployments", "GET", "repos/*/*/deployments", (DEPLOYMENTS, "read")),
    route("CreateDeployment", "POST", "repos/*/*/deployments", (DEPLOYMENTS, "write")),
    route("GetDeployment", "GET", "repos/*/*/deployments/*", (DEPLOYMENTS, "read")),
    route("ListDeploymentStatuses", "GET", "repos/*/*/deployments/*/statuses", (DEPLOYMENTS, "read")),
    route("CreateDeploymentStatus", "POST", "repos/*/*/deployments/*/statuses", (DEPLOYMENTS, "write")),
    route("CreateCheckRun", "POST", "repos/*/*/check-runs", (CHECKS, "write")),
    route("UpdateCheckRun", "PATCH", "repos/*/*/check-runs/*", (CHECKS, "write")),
    route("GetCheckRun", "GET", "repos/*/*/check-runs/*", (CHECKS, "read")),
    route("ListAnnotations", "GET", "repos/*/*/check-runs/*/annotations", (CHECKS, "read")),
    route("ListCheckRuns", "GET", "repos/*/*/commits/*/check-runs", (CHECKS, "read")),
    route("ListPullFiles", "GET", "repos/*/*/pulls/*/files", (&["pull_requests"], "read")),
    route("GetPull", "GET", "repos/*/*/pulls/*", (&["pull_requests"], "read")),
    route("UpdatePull", "PATCH", "repos/*/*/pulls/*", (&["pull_requests"], "write")),
    route("Compare", "GET", "repos/*/*/compare/**", (&["contents"], "read")),
    route("ListStatuses", "GET", "repos/*/*/commits/*/statuses", (&["statuses"], "read")),
    route("ListPullsOfCommit", "GET", "repos/*/*/commits/*/pulls", (&["pull_requests"], "read")),
    route("GetSecretsPublicKey", "GET", "repos/*/*/actions/secrets/public-key", (SECRETS, "read")),
    route("GetSecret", "GET", "repos/*/*/actions/secrets/*", (SECRETS, "read")),
    route("PutSecret", "PUT", "repos/*/*/actions/secrets/*", (SECRETS, "write")),
    route("DeleteSecret", "DELETE", "repos/*/*/actions/secrets/*", (SECRETS, "write")),
    route("GetEnvironmentPublicKey", "GET", "repos/*/*/environments/*/secrets/public-key", (ENVIRONMENTS, "read")),
    route("GetEnvironmentSecret", "GET", "repos/*/*/environments/*/secrets/*", (ENVIRONMENTS, "read")),
    route("PutEnvironmentSecret", "PUT", "repos/*/*/environments/*/secrets/*", (ENVIRONMENTS, "write")),
    route("DeleteEnvironmentSecret", "DELETE", "repos/*/*/environments/*/secrets/*", (ENVIRONMENTS, "write")),
    route("GetCommit", "GET", "repos/*/*/commits/**", (&["contents"], "read")),
];

/// What a call is about.
struct Subject {
    route: &'static Route<Needs>,
    /// The part before the route: empty, or that of GitHub Enterprise.
    base: &'static str,
    arguments: Vec<String>,
}

/// Returns the operation a call means; empty if there is none.
pub fn operation(call: &Call) -> &'static str {
    subject(call).map_or("", |subject| subject.route.operation)
}

/// Answers a call.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let Some(subject) = subject(call) else {
        let what = format!("unknown GitHub route {} {}", call.method, call.path);
        return refuse(&Refusal::new(501, "", "Not simulated")).violating(what);
    };
    perform(world, call, &subject).unwrap_or_else(|refusal| refuse(&refusal))
}

fn subject(call: &Call) -> Option<Subject> {
    let segments = call.segments(PREFIX)?;
    let (base, segments) = match segments.as_slice() {
        [api, version, rest @ ..] if api == "api" && version == "v3" => ("/api/v3", rest),
        all => ("", all),
    };
    let (route, arguments) = route::find(ROUTES, &call.method, segments)?;
    Some(Subject { route, base, arguments })
}

fn perform(world: &mut World, call: &Call, subject: &Subject) -> Result<Answer, Refusal> {
    let token = authorize(world, call, subject.route)?;
    let (owner, name, arguments) = match subject.arguments.as_slice() {
        [owner, name, rest @ ..] => (owner.as_str(), name.as_str(), rest),
        _ => ("", "", &[][..]),
    };
    let at = Address {
        api: format!("{}{}{}", world.site.url, PREFIX.trim_end_matches('/'), subject.base),
        html: format!("{}/html", world.site.url),
        slug: format!("{owner}/{name}"),
    };
    let operation = subject.route.operation;
    if operation == "GetUser" {
        let person = token.person.as_deref().ok_or_else(|| Refusal::new(403, "", "Resource not accessible by integration"))?;
        return Ok(Answer::json(200, &render::account(&at, person)));
    }
    let body = match call.method.as_str() {
        "POST" | "PATCH" | "PUT" => {
            serde_json::from_slice(&call.body).map_err(|_| Refusal::new(400, "", "Problems parsing JSON"))?
        }
        _ => Map::new(),
    };
    let asked = Asked { call, at, arguments, body, login: token.login().to_owned(), now: world.clock.now() };
    let repository = world.github.repository_mut(owner, name).ok_or_else(missing)?;
    let ids = &mut world.ids;
    match operation {
        "ListDeployments" => Ok(github_deployments::list(repository, &asked)),
        "CreateDeployment" => github_deployments::create(repository, &asked, ids),
        "GetDeployment" => github_deployments::get(repository, &asked),
        "ListDeploymentStatuses" => github_deployments::list_statuses(repository, &asked),
        "CreateDeploymentStatus" => github_deployments::create_status(repository, &asked, ids),
        "CreateCheckRun" => github_checks::create(repository, &asked, ids),
        "UpdateCheckRun" => github_checks::update(repository, &asked),
        "GetCheckRun" | "ListAnnotations" | "ListCheckRuns" => github_checks::read(repository, &asked, operation),
        _ if operation.contains("Secret") || operation == "GetEnvironmentPublicKey" => {
            github_secrets::perform(repository, &asked, operation)
        }
        _ => talk(repository, &asked, operation, ids),
    }
}

/// Performs what concerns comments and commit statuses.
fn talk(repository: &mut GitHubRepository, asked: &Asked<'_>, operation: &str, ids: &mut Ids) -> Result<Answer, Refusal> {
    let (at, argument, now) = (&asked.at, asked.argument(), asked.now);
    match operation {
        "ListComments" => {
            let issue = github_reads::pull(repository, argument)?.number;
            let own = repository.comments.iter().filter(|comment| comment.issue == issue);
            Ok(asked.page(own.map(|comment| render::comment(at, comment)).collect()))
        }
        "CreateComment" => {
            let (issue, body) = (github_reads::pull(repository, argument)?.number, comment_body(&asked.body)?);
            let author = asked.login.clone();
            let comment = Comment { id: ids.number(), issue, body, author, created_at: now, updated_at: now };
            let answer = Answer::json(201, &render::comment(at, &comment));
            repository.comments.push(comment);
            Ok(answer)
        }
        "GetComment" => Ok(Answer::json(200, &render::comment(at, comment(repository, argument)?))),
        "UpdateComment" => {
            let comment = comment(repository, argument)?;
            comment.body = comment_body(&asked.body)?;
            comment.updated_at = now;
            Ok(Answer::json(200, &render::comment(at, comment)))
        }
        "DeleteComment" => {
            let id = comment(repository, argument)?.id;
            repository.comments.retain(|comment| comment.id != id);
            Ok(Answer::empty(204))
        }
        "UpdatePull" => github_reads::change(repository, asked),
        "CreateStatus" => {
            let status = CommitStatus { id: ids.number(), ..wanted_status(repository, asked)? };
            let answer = Answer::json(201, &render::status(at, &status));
            repository.statuses.push(status);
            Ok(answer)
        }
        operation => github_reads::read(repository, asked, operation),
    }
}

fn authorize<'a>(world: &'a World, call: &Call, route: &Route<Needs>) -> Result<&'a GitHubToken, Refusal> {
    if call.header("user-agent").is_none_or(str::is_empty) {
        return Err(Refusal::new(403, "", "Request forbidden by administrative rules. A User-Agent header is needed."));
    }
    let header = call.header("authorization").ok_or_else(|| Refusal::new(401, "", "Requires authentication"))?;
    let text = header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("token "));
    let token = world.github.tokens.iter().find(|token| Some(token.text.as_str()) == text);
    let token = token.ok_or_else(|| Refusal::new(401, "", "Bad credentials"))?;
    let (names, level) = route.needs;
    if names == CHECKS && level == "write" && token.person.is_some() {
        return Err(Refusal::new(403, "", "You must authenticate via a GitHub App."));
    }
    let enough = |given: &str| given == "write" || given == level;
    if names.is_empty() || token.permissions.iter().any(|(name, given)| names.contains(name) && enough(given)) {
        return Ok(token);
    }
    let whose = if token.person.is_some() { "personal access token" } else { "integration" };
    Err(Refusal::new(403, "", format!("Resource not accessible by {whose}")))
}

fn comment<'a>(repository: &'a mut GitHubRepository, argument: &str) -> Result<&'a mut Comment, Refusal> {
    repository.comments.iter_mut().find(|comment| Ok(comment.id) == argument.parse()).ok_or_else(missing)
}

fn comment_body(body: &Map<String, Value>) -> Result<String, Refusal> {
    let text = fields::filled(body, "body").ok_or_else(|| unprocessable("body is missing"))?;
    if text.chars().count() > MAX_COMMENT {
        return Err(unprocessable("body is too long (maximum is 65536 characters)"));
    }
    Ok(text)
}

fn wanted_status(repository: &GitHubRepository, asked: &Asked<'_>) -> Result<CommitStatus, Refusal> {
    let (sha, body) = (asked.argument(), &asked.body);
    let commit = repository.graph.exact(sha).ok_or_else(|| unprocessable(&format!("No commit found for SHA: {sha}")))?;
    let state = fields::text(body, "state").filter(|state| ["error", "failure", "pending", "success"].contains(&state.as_str()));
    Ok(CommitStatus {
        id: 0,
        sha: commit.sha.clone(),
        state: state.ok_or_else(|| unprocessable("state is not included in the list"))?,
        context: fields::filled(body, "context").unwrap_or_else(|| "default".into()),
        description: short_text(body, "description", MAX_STATUS)?,
        target_url: fields::text(body, "target_url"),
        creator: asked.login.clone(),
        created_at: asked.now,
    })
}
