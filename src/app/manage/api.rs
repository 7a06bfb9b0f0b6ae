//! `liftoff api`: any call of the Astro API, for what has no command yet.

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::app::manage::{given, scene};
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::cli::api::Api;
use crate::error::{Error, Kind, Result};
use crate::report::answer::Answer;
use crate::report::select::selected;

/// Items of a page.
const PAGE_SIZE: usize = 1_000;
/// Most pages that are joined, against a list that never ends.
const MOST_PAGES: usize = 1_000;

/// Makes the call and returns its answer.
///
/// # Errors
/// `Kind::Usage` for a wrong method, path, body or filter; `Kind::Auth` without a token; as the platform answers.
pub async fn run(session: &Session, call: &Api) -> Result<Answer> {
    let method = method(&call.method)?;
    let query = call.query.iter().map(|pair| given::pair("--query", pair)).collect::<Result<Vec<_>>>()?;
    let body = body(session, call)?;
    if call.paginate && method != Method::GET {
        return Err(Error::new(Kind::Usage, "join pages").because("only a GET has pages"));
    }
    let astro = scene::astro(session).await?;
    let path = path(&astro, &call.path).await?;
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    if session.is_dry() && method != Method::GET {
        let json = json!({ "method": method.as_str(), "path": format!("/{}", path.join("/")), "body": body });
        return Ok(Answer::done(format!("would call {method} /{}", path.join("/")), json));
    }
    let value = if call.paginate {
        pages(&astro, &path, &query).await?
    } else {
        let answer = astro.raw(method, &path, &query, body.as_ref()).await?;
        match decoded(&answer) {
            Some(value) => value,
            None => return Ok(Answer::text(vec![String::from_utf8_lossy(&answer).into_owned()], Value::Null)),
        }
    };
    match &call.jq {
        Some(filter) => Ok(Answer::text(selected(filter, &value)?, Value::Null)),
        None if value.is_null() => Ok(Answer::default()),
        None => Ok(Answer::text(pretty(&value), value)),
    }
}

fn method(given: &str) -> Result<Method> {
    match given.to_ascii_uppercase().as_str() {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        _ => Err(Error::new(Kind::Usage, format!("call with the method `{given}`"))
            .because("it is none of GET, POST, PUT, PATCH and DELETE")
            .hint("the method stands before the path: `liftoff api GET deployments`")),
    }
}

fn body(session: &Session, call: &Api) -> Result<Option<Value>> {
    if let Some(given) = &call.body {
        return given::json(session, "--body", given).map(Some);
    }
    if call.fields.is_empty() {
        return Ok(None);
    }
    let mut fields = Map::new();
    for pair in &call.fields {
        let (name, value) = given::pair("--field", pair)?;
        fields.insert(name.to_owned(), Value::from(value));
    }
    Ok(Some(Value::Object(fields)))
}

/// Returns the segments below the API's base.
async fn path(astro: &AstroClient, given: &str) -> Result<Vec<String>> {
    let refused = |because: &str| Error::new(Kind::Usage, format!("call the path `{given}`")).because(because);
    if given.contains(['?', '#', '\\']) || given.contains("://") {
        return Err(refused("it is no plain path").hint("give parameters with `--query NAME=VALUE`"));
    }
    let organization = if given.starts_with('/') && !given.contains("{organization}") {
        None
    } else {
        Some(astro.organization_id().await?.to_string())
    };
    let full = match (&organization, given.strip_prefix('/')) {
        (Some(id), Some(rest)) => rest.replace("{organization}", id),
        (Some(id), None) => format!("organizations/{id}/{given}"),
        (None, rest) => rest.unwrap_or(given).to_owned(),
    };
    let segments: Vec<String> = full.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
    if segments.is_empty() || segments.iter().any(|segment| matches!(segment.as_str(), "." | "..")) {
        return Err(refused("it leads nowhere below the API"));
    }
    Ok(segments)
}

/// Reads all pages and returns the first one with the items of all.
async fn pages(astro: &AstroClient, path: &[&str], query: &[(&str, &str)]) -> Result<Value> {
    let doing = "join the pages";
    let mut joined: Option<(Map<String, Value>, String)> = None;
    let mut items: Vec<Value> = Vec::new();
    for _ in 0..MOST_PAGES {
        let (limit, offset) = (PAGE_SIZE.to_string(), items.len().to_string());
        let paged = [query, &[("limit", limit.as_str()), ("offset", offset.as_str())]].concat();
        let answer = astro.raw(Method::GET, path, &paged, None).await?;
        let Some(Value::Object(mut page)) = decoded(&answer) else {
            return Err(Error::new(Kind::Usage, doing).because("the answer is no object with a list"));
        };
        let Some(name) = page.iter().find(|(_, value)| value.is_array()).map(|(name, _)| name.clone()) else {
            return Err(Error::new(Kind::Usage, doing).because("the answer has no list").hint("leave `--paginate` away"));
        };
        let total = page.get("totalCount").and_then(Value::as_u64).unwrap_or_default();
        let new = page.get_mut(&name).and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        let ended = new.is_empty() || items.len() + new.len() >= usize::try_from(total).unwrap_or(usize::MAX);
        items.extend(new);
        joined.get_or_insert((page, name));
        if ended {
            let (mut page, name) = joined.unwrap_or_default();
            page.insert("limit".to_owned(), Value::from(items.len()));
            page.insert(name, Value::Array(items));
            return Ok(Value::Object(page));
        }
    }
    Err(Error::new(Kind::Transfer, doing).because(format!("the list goes on after {} items", items.len())))
}

/// Returns the JSON of a body; null for none at all, none for what is no JSON.
fn decoded(body: &[u8]) -> Option<Value> {
    if body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(body).ok() }
}

fn pretty(value: &Value) -> Vec<String> {
    format!("{value:#}").lines().map(str::to_owned).collect()
}
