//! GitHub's REST API as far as deploys report to it: <https://docs.github.com/rest>.
//! It must not know Astro. Both the public base and GitHub Enterprise's `/api/v3` are served.

use serde_json::{Map, Value, json};

use crate::exchange::{Answer, Call};
use crate::faces::github_render::{self as render, Address};
use crate::faces::route::{self, Route, route};
use crate::refusal::Refusal;
use crate::rules::fields;
use crate::rules::paging::Page;
use crate::world::github::{Comment, CommitStatus, GitHubRepository, PullRequest};
use crate::world::state::World;

/// Where the API is.
pub const PREFIX: &str = "/github/";

/// Longest comment, in characters.
const MAX_COMMENT: usize = 65_536;
/// Longest description of a commit status, in characters.
const MAX_STATUS: usize = 140;
/// Most files of a comparison; they come with its first page.
const MAX_FILES: usize = 300;

/// Any of these permissions, at this level.
type Needs = (&'static [&'static str], &'static str);

const TALK: &[&str] = &["issues", "pull_requests"];

/// Every operation below a repository.
const ROUTES: &[Route<Needs>] = &[
    route("ListComments", "GET", "issues/*/comments", (TALK, "read")),
    route("CreateComment", "POST", "issues/*/comments", (TALK, "write")),
    route("GetComment", "GET", "issues/comments/*", (TALK, "read")),
    route("UpdateComment", "PATCH", "issues/comments/*", (TALK, "write")),
    route("DeleteComment", "DELETE", "issues/comments/*", (TALK, "write")),
    route("CreateStatus", "POST", "statuses/*", (&["statuses"], "write")),
    route("ListPullFiles", "GET", "pulls/*/files", (&["pull_requests"], "read")),
    route("GetPull", "GET", "pulls/*", (&["pull_requests"], "read")),
    route("Compare", "GET", "compare/**", (&["contents"], "read")),
    route("ListStatuses", "GET", "commits/*/statuses", (&["statuses"], "read")),
    route("GetCommit", "GET", "commits/**", (&["contents"], "read")),
];

/// What a call is about.
struct Subject<'a> {
    route: &'static Route<Needs>,
    owner: &'a str,
    name: &'a str,
    arguments: Vec<&'a str>,
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

fn subject(call: &Call) -> Option<Subject<'_>> {
    let rest = call.path.strip_prefix(PREFIX)?;
    let rest = rest.strip_prefix("api/v3/").unwrap_or(rest).strip_prefix("repos/")?;
    let (owner, rest) = rest.split_once('/')?;
    let (name, rest) = rest.split_once('/')?;
    let (route, arguments) = route::find(ROUTES, &call.method, rest)?;
    Some(Subject { route, owner, name, arguments })
}

fn perform(world: &mut World, call: &Call, subject: &Subject<'_>) -> Result<Answer, Refusal> {
    authorize(world, call, subject.route)?;
    let at = Address {
        api: format!("{}{}", world.site.url, call.path.split("/repos/").next().unwrap_or_default()),
        html: format!("{}/html", world.site.url),
        slug: format!("{}/{}", subject.owner, subject.name),
    };
    let body = match call.method.as_str() {
        "POST" | "PATCH" => serde_json::from_slice(&call.body).map_err(|_| Refusal::new(400, "", "Problems parsing JSON"))?,
        _ => Map::new(),
    };
    let (now, id) = (world.clock.now(), world.ids.number());
    let repository = world.github.repository_mut(subject.owner, subject.name).ok_or_else(missing)?;
    let argument = subject.arguments.first().copied().unwrap_or_default();
    match subject.route.operation {
        "ListComments" => {
            let issue = issue(repository, argument)?;
            let own = repository.comments.iter().filter(|comment| comment.issue == issue);
            Ok(page(&at, call, own.map(|comment| render::comment(&at, comment)).collect()))
        }
        "CreateComment" => {
            let (issue, body) = (issue(repository, argument)?, comment_body(&body)?);
            let author = "github-actions[bot]".to_owned();
            let comment = Comment { id, issue, body, author, created_at: now, updated_at: now };
            let answer = Answer::json(201, &render::comment(&at, &comment));
            repository.comments.push(comment);
            Ok(answer)
        }
        "GetComment" => Ok(Answer::json(200, &render::comment(&at, comment(repository, argument)?))),
        "UpdateComment" => {
            let comment = comment(repository, argument)?;
            comment.body = comment_body(&body)?;
            comment.updated_at = now;
            Ok(Answer::json(200, &render::comment(&at, comment)))
        }
        "DeleteComment" => {
            let id = comment(repository, argument)?.id;
            repository.comments.retain(|comment| comment.id != id);
            Ok(Answer::empty(204))
        }
        "CreateStatus" => {
            let status = CommitStatus { id, created_at: now, ..wanted_status(repository, argument, &body)? };
            let answer = Answer::json(201, &render::status(&at, &status));
            repository.statuses.push(status);
            Ok(answer)
        }
        operation => read(repository, call, &at, (operation, argument)),
    }
}

fn read(
    repository: &GitHubRepository,
    call: &Call,
    at: &Address,
    (operation, argument): (&str, &str),
) -> Result<Answer, Refusal> {
    match operation {
        "GetPull" => Ok(Answer::json(200, &render::pull(at, pull(repository, argument)?))),
        "ListPullFiles" => {
            let pull = pull(repository, argument)?;
            let files = repository.graph.compare(&pull.base_sha, &pull.head_sha).ok_or_else(missing)?.files;
            Ok(page(at, call, files.iter().map(|file| render::file(at, file)).collect()))
        }
        "ListStatuses" => {
            let sha = &repository.graph.commit(argument).ok_or_else(missing)?.sha;
            let own = repository.statuses.iter().rev().filter(|status| &status.sha == sha);
            Ok(page(at, call, own.map(|status| render::status(at, status)).collect()))
        }
        "GetCommit" => {
            let unknown = || Refusal::new(422, "", format!("No commit found for SHA: {argument}"));
            Ok(Answer::json(200, &render::commit_with_files(at, repository.graph.commit(argument).ok_or_else(unknown)?)))
        }
        _ => {
            let (base, head) = argument.split_once("...").ok_or_else(missing)?;
            let base_commit = repository.graph.commit(base).ok_or_else(missing)?;
            let comparison = repository.graph.compare(base, head).ok_or_else(missing)?;
            let wanted = wanted_page(call);
            let files = if wanted.offset == 0 { comparison.files.iter().take(MAX_FILES).cloned().collect() } else { Vec::new() };
            let commits = wanted.cut(comparison.ahead.clone());
            let body = render::comparison(at, repository, (&comparison, base_commit), (&commits, &files));
            Ok(linked(Answer::json(200, &body), &link(at, call, comparison.ahead.len())))
        }
    }
}

fn authorize(world: &World, call: &Call, route: &Route<Needs>) -> Result<(), Refusal> {
    if call.header("user-agent").is_none_or(str::is_empty) {
        return Err(Refusal::new(403, "", "Request forbidden by administrative rules. A User-Agent header is needed."));
    }
    let header = call.header("authorization").ok_or_else(|| Refusal::new(401, "", "Requires authentication"))?;
    let text = header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("token "));
    let token = world.github.tokens.iter().find(|token| Some(token.text.as_str()) == text);
    let token = token.ok_or_else(|| Refusal::new(401, "", "Bad credentials"))?;
    let (names, level) = route.needs;
    let enough = |given: &str| given == "write" || given == level;
    if token.permissions.iter().any(|(name, given)| names.contains(name) && enough(given)) {
        Ok(())
    } else {
        Err(Refusal::new(403, "", "Resource not accessible by integration"))
    }
}

fn issue(repository: &GitHubRepository, argument: &str) -> Result<u64, Refusal> {
    pull(repository, argument).map(|pull| pull.number)
}

fn pull<'a>(repository: &'a GitHubRepository, argument: &str) -> Result<&'a PullRequest, Refusal> {
    repository.pulls.iter().find(|pull| Ok(pull.number) == argument.parse()).ok_or_else(missing)
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

fn wanted_status(repository: &GitHubRepository, sha: &str, body: &Map<String, Value>) -> Result<CommitStatus, Refusal> {
    let commit = repository.graph.commits.iter().find(|commit| commit.sha == sha);
    let commit = commit.ok_or_else(|| unprocessable(&format!("No commit found for SHA: {sha}")))?;
    let state = fields::text(body, "state").filter(|state| ["error", "failure", "pending", "success"].contains(&state.as_str()));
    let description = fields::text(body, "description");
    if description.as_ref().is_some_and(|text| text.chars().count() > MAX_STATUS) {
        return Err(unprocessable("description is too long (maximum is 140 characters)"));
    }
    Ok(CommitStatus {
        id: 0,
        sha: commit.sha.clone(),
        state: state.ok_or_else(|| unprocessable("state is not included in the list"))?,
        context: fields::filled(body, "context").unwrap_or_else(|| "default".into()),
        description,
        target_url: fields::text(body, "target_url"),
        created_at: jiff::Timestamp::UNIX_EPOCH,
    })
}

/// Returns the wanted page; GitHub bends wrong numbers instead of refusing them.
fn wanted_page(call: &Call) -> Page {
    let number = |name: &str| call.parameter(name).and_then(|text| text.parse::<usize>().ok()).filter(|number| *number > 0);
    let limit = number("per_page").unwrap_or(30).min(100);
    Page { limit, offset: limit.saturating_mul(number("page").unwrap_or(1) - 1) }
}

fn page(at: &Address, call: &Call, items: Vec<Value>) -> Answer {
    let link = link(at, call, items.len());
    linked(Answer::json(200, &wanted_page(call).cut(items).into()), &link)
}

fn linked(answer: Answer, link: &str) -> Answer {
    if link.is_empty() { answer } else { answer.header("link", link) }
}

fn link(at: &Address, call: &Call, total: usize) -> String {
    let page = wanted_page(call);
    let (now, last) = (page.offset / page.limit + 1, total.div_ceil(page.limit).max(1));
    let host = at.html.trim_end_matches("/html");
    let to = |number: usize, relation: &str| {
        format!("<{host}{}?per_page={}&page={number}>; rel=\"{relation}\"", call.path, page.limit)
    };
    let mut links = Vec::new();
    if now > 1 {
        links.extend([to(1, "first"), to(now - 1, "prev")]);
    }
    if now < last {
        links.extend([to(now + 1, "next"), to(last, "last")]);
    }
    links.join(", ")
}

fn missing() -> Refusal {
    Refusal::new(404, "", "Not Found")
}

fn unprocessable(why: &str) -> Refusal {
    Refusal::new(422, "", format!("Validation Failed: {why}"))
}

fn refuse(refusal: &Refusal) -> Answer {
    let body = json!({
        "message": refusal.message, "documentation_url": "https://docs.github.com/rest", "status": refusal.status.to_string(),
    });
    Answer::json(refusal.status, &body)
}
