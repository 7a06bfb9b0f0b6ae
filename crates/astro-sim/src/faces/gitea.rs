//! Gitea's and Forgejo's REST API as far as deploys report to it: <https://docs.gitea.com/api> and
//! <https://forgejo.org/docs/latest/user/api-usage/>. It must not know Astro.
//!
//! What no document says is taken from the servers' own routes (`routers/api/v1/repo/` of both projects): that lists of
//! comments have no pages, that a writer may edit what others wrote, and that a rename shows as a removal and an addition.

use serde_json::{Map, Value};

use crate::exchange::{Answer, Call};
use crate::faces::gitea_render::{self as render, Address};
use crate::faces::route::{self, Route, route};
use crate::ids::Ids;
use crate::refusal::Refusal;
use crate::rules::fields;
use crate::rules::paging::Page;
use crate::world::gitea::{Access, Flavour, GiteaComment, GiteaPull, GiteaRepository, GiteaStatus, GiteaToken};
use crate::world::state::World;

/// Where the API is.
pub const PREFIX: &str = "/gitea/api/v1/";

/// Most items of a page, and how many come unless the call says otherwise.
const MAX_PAGE: usize = 50;
const DEFAULT_PAGE: usize = 30;
/// States of a commit status. The server itself takes any word, which helps nobody.
const STATES: [&str; 5] = ["pending", "success", "error", "failure", "warning"];

/// The category and level of the scope, and what the token's user must be allowed.
type Needs = (&'static str, &'static str, Access);

/// Every operation; the first two stars are owner and name.
const ROUTES: &[Route<Needs>] = &[
    route("GetUser", "GET", "user", ("user", "read", Access::None)),
    route("ListComments", "GET", "repos/*/*/issues/*/comments", ("issue", "read", Access::Read)),
    route("CreateComment", "POST", "repos/*/*/issues/*/comments", ("issue", "write", Access::Read)),
    route("GetComment", "GET", "repos/*/*/issues/comments/*", ("issue", "read", Access::Read)),
    route("UpdateComment", "PATCH", "repos/*/*/issues/comments/*", ("issue", "write", Access::Read)),
    route("CreateStatus", "POST", "repos/*/*/statuses/*", ("repository", "write", Access::Write)),
    route("ListStatuses", "GET", "repos/*/*/statuses/*", ("repository", "read", Access::Read)),
    route("ListStatusesByRef", "GET", "repos/*/*/commits/*/statuses", ("repository", "read", Access::Read)),
    route("GetCommitPull", "GET", "repos/*/*/commits/*/pull", ("repository", "read", Access::Read)),
    route("ListPulls", "GET", "repos/*/*/pulls", ("repository", "read", Access::Read)),
    route("GetPull", "GET", "repos/*/*/pulls/*", ("repository", "read", Access::Read)),
    route("Compare", "GET", "repos/*/*/compare/**", ("repository", "read", Access::Read)),
];

/// A call whose caller may make it.
struct Asked<'a> {
    call: &'a Call,
    at: Address,
    argument: &'a str,
    body: Map<String, Value>,
    login: String,
    access: Access,
    flavour: Flavour,
    now: jiff::Timestamp,
}

/// Returns the operation a call means; empty if there is none.
pub fn operation(call: &Call) -> &'static str {
    subject(call).map_or("", |(route, _)| route.operation)
}

/// Answers a call.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let Some((route, arguments)) = subject(call) else {
        let what = format!("unknown Gitea route {} {}", call.method, call.path);
        return refuse(world, &Refusal::new(501, "", "not simulated")).violating(what);
    };
    perform(world, call, route, &arguments).unwrap_or_else(|refusal| refuse(world, &refusal))
}

fn subject(call: &Call) -> Option<(&'static Route<Needs>, Vec<String>)> {
    route::find(ROUTES, &call.method, &call.segments(PREFIX)?)
}

fn perform(world: &mut World, call: &Call, route: &Route<Needs>, arguments: &[String]) -> Result<Answer, Refusal> {
    let token = authorize(world, call, route)?;
    let (login, access) = (token.login.clone(), token.access);
    let (owner, name, argument) = match arguments {
        [owner, name, rest @ ..] => (owner.as_str(), name.as_str(), rest.first().map_or("", String::as_str)),
        _ => ("", "", ""),
    };
    let at = Address { site: format!("{}/gitea", world.site.url), slug: format!("{owner}/{name}") };
    if route.operation == "GetUser" {
        return Ok(Answer::json(200, &render::user(&at, &login)));
    }
    let (now, flavour) = (world.clock.now(), world.gitea.flavour);
    let repository = world.gitea.repository_mut(owner, name).filter(|_| access >= Access::Read).ok_or_else(missing)?;
    if access < route.needs.2 {
        return Err(Refusal::new(403, "", "user should have a permission to write to a repo"));
    }
    let asked = Asked { call, at, argument, body: body(call)?, login, access, flavour, now };
    match route.operation {
        "ListComments" | "CreateComment" | "GetComment" | "UpdateComment" => {
            comments(repository, &asked, route.operation, &mut world.ids)
        }
        "CreateStatus" => create_status(repository, &asked, &mut world.ids),
        operation => read(repository, &asked, operation),
    }
}

fn authorize<'a>(world: &'a World, call: &Call, route: &Route<Needs>) -> Result<&'a GiteaToken, Refusal> {
    let header = call.header("authorization").ok_or_else(|| Refusal::new(401, "", "token is required"))?;
    let text = header.strip_prefix("token ").or_else(|| header.strip_prefix("Bearer "));
    let token = world.gitea.tokens.iter().find(|token| Some(token.text.as_str()) == text);
    let token = token.ok_or_else(|| Refusal::new(401, "", "invalid username, password or token"))?;
    let (category, level, _) = route.needs;
    let (write, wanted) = (format!("write:{category}"), format!("{level}:{category}"));
    if token.scopes.iter().any(|scope| *scope == write || *scope == wanted) {
        return Ok(token);
    }
    Err(Refusal::new(403, "", format!("token does not have at least one of required scope(s): [{wanted}]")))
}

/// Reads a body; the server binds nothing from one that does not say that it is JSON.
fn body(call: &Call) -> Result<Map<String, Value>, Refusal> {
    if !matches!(call.method.as_str(), "POST" | "PATCH") {
        return Ok(Map::new());
    }
    if !call.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(Refusal::new(422, "", "[]: Unsupported Content-Type"));
    }
    serde_json::from_slice(&call.body).map_err(|error| Refusal::new(422, "", format!("[]: {error}")))
}

fn comments(repository: &mut GiteaRepository, asked: &Asked<'_>, operation: &str, ids: &mut Ids) -> Result<Answer, Refusal> {
    let (at, now) = (&asked.at, asked.now);
    let of_number = |comment: &&mut GiteaComment| Ok(comment.id) == asked.argument.parse();
    match operation {
        "ListComments" => {
            let index = pull(repository, asked.argument)?.index;
            let (since, before) = (moment(asked.call, "since")?, moment(asked.call, "before")?);
            let own = repository.comments.iter().filter(|comment| comment.index == index);
            let own = own.filter(|comment| since.is_none_or(|since| comment.updated_at >= since));
            let own = own.filter(|comment| before.is_none_or(|before| comment.updated_at <= before));
            let list: Vec<Value> = own.map(|comment| render::comment(at, comment)).collect();
            Ok(counted(Answer::json(200, &Value::from(list.clone())), list.len()))
        }
        "CreateComment" => {
            let (index, body) = (pull(repository, asked.argument)?.index, text(asked)?);
            let author = asked.login.clone();
            let comment = GiteaComment { id: ids.number(), index, body, author, created_at: now, updated_at: now };
            let answer = Answer::json(201, &render::comment(at, &comment));
            repository.comments.push(comment);
            Ok(answer)
        }
        "UpdateComment" => {
            let comment = repository.comments.iter_mut().find(of_number).ok_or_else(missing)?;
            if comment.author != asked.login && asked.access < Access::Write {
                // The server sends no words with this one.
                return Ok(Answer::empty(403));
            }
            comment.body = text(asked)?;
            comment.updated_at = now;
            Ok(Answer::json(200, &render::comment(at, comment)))
        }
        _ => Ok(Answer::json(200, &render::comment(at, repository.comments.iter_mut().find(of_number).ok_or_else(missing)?))),
    }
}

fn create_status(repository: &mut GiteaRepository, asked: &Asked<'_>, ids: &mut Ids) -> Result<Answer, Refusal> {
    let unknown = || Refusal::new(404, "", format!("object does not exist [id: {}, rel_path: ]", asked.argument));
    let sha = repository.graph.commit(asked.argument).ok_or_else(unknown)?.sha.clone();
    let state = fields::text(&asked.body, "state").filter(|state| STATES.contains(&state.as_str()));
    let word = |key: &str| fields::text(&asked.body, key).unwrap_or_default();
    let status = GiteaStatus {
        id: ids.number(),
        sha,
        state: state.ok_or_else(|| Refusal::new(400, "", "unknown state"))?,
        context: fields::filled(&asked.body, "context").unwrap_or_else(|| "default".into()),
        description: word("description"),
        target_url: word("target_url"),
        creator: asked.login.clone(),
        created_at: asked.now,
    };
    let answer = Answer::json(201, &render::status(&asked.at, &status));
    repository.statuses.push(status);
    Ok(answer)
}

fn read(repository: &GiteaRepository, asked: &Asked<'_>, operation: &str) -> Result<Answer, Refusal> {
    let at = &asked.at;
    match operation {
        "GetPull" => Ok(Answer::json(200, &render::pull(at, pull(repository, asked.argument)?))),
        "GetCommitPull" => {
            let merged = |pull: &&GiteaPull| pull.merge_commit.as_deref() == Some(asked.argument);
            Ok(Answer::json(200, &render::pull(at, repository.pulls.iter().find(merged).ok_or_else(missing)?)))
        }
        "ListPulls" => {
            let state = asked.call.parameter("state").unwrap_or("open");
            let own = repository.pulls.iter().filter(|pull| state == "all" || pull.state == state);
            Ok(page(asked, own.map(|pull| render::pull(at, pull)).collect()))
        }
        "ListStatuses" | "ListStatusesByRef" => {
            let sha = &repository.graph.commit(asked.argument).ok_or_else(missing)?.sha;
            let own = repository.statuses.iter().rev().filter(|status| &status.sha == sha);
            Ok(page(asked, own.map(|status| render::status(at, status)).collect()))
        }
        _ => {
            let graph = &repository.graph;
            let range = asked.argument.split_once("...").or_else(|| asked.argument.split_once(".."));
            let (base, head) = range.ok_or_else(missing)?;
            let comparison = graph.compare(base, head).ok_or_else(missing)?;
            Ok(Answer::json(200, &render::comparison(at, graph, &comparison, asked.flavour)))
        }
    }
}

fn pull<'a>(repository: &'a GiteaRepository, argument: &str) -> Result<&'a GiteaPull, Refusal> {
    repository.pulls.iter().find(|pull| Ok(pull.index) == argument.parse()).ok_or_else(missing)
}

fn text(asked: &Asked<'_>) -> Result<String, Refusal> {
    fields::filled(&asked.body, "body").ok_or_else(|| Refusal::new(422, "", "[Body]: Required"))
}

fn moment(call: &Call, name: &str) -> Result<Option<jiff::Timestamp>, Refusal> {
    let parse = |text: &str| text.parse().map_err(|error| Refusal::new(422, "", format!("{name}: {error}")));
    call.parameter(name).map(parse).transpose()
}

fn page(asked: &Asked<'_>, items: Vec<Value>) -> Answer {
    let number = |name: &str| asked.call.parameter(name).and_then(|text| text.parse::<usize>().ok()).filter(|number| *number > 0);
    let limit = number("limit").unwrap_or(DEFAULT_PAGE).min(MAX_PAGE);
    let (now, total) = (number("page").unwrap_or(1), items.len());
    let last = total.div_ceil(limit).max(1);
    let to = |page: usize, relation: &str| {
        format!("<{}{}?limit={limit}&page={page}>; rel=\"{relation}\"", asked.at.host(), asked.call.path)
    };
    let mut links = Vec::new();
    if now < last {
        links.extend([to(now + 1, "next"), to(last, "last")]);
    }
    if now > 1 {
        links.extend([to(1, "first"), to(now - 1, "prev")]);
    }
    let page = Page { limit, offset: limit.saturating_mul(now - 1) };
    let answer = counted(Answer::json(200, &page.cut(items).into()), total);
    if links.is_empty() { answer } else { answer.header("link", &links.join(",")) }
}

fn counted(answer: Answer, total: usize) -> Answer {
    answer.header("x-total-count", &total.to_string())
}

fn missing() -> Refusal {
    Refusal::new(404, "", "not found")
}

fn refuse(world: &World, refusal: &Refusal) -> Answer {
    let url = format!("{}/gitea/api/swagger", world.site.url);
    Answer::json(refusal.status, &serde_json::json!({ "message": refusal.message, "url": url }))
}
