//! `liftoff api`: any call of the Astro API, for what has no command yet.

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::app::manage::{call, given, scene};
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::cli::api::Api;
use crate::error::{Error, Kind, Result};
use crate::report::answer::Answer;

/// Items of a page.
const PAGE_SIZE: usize = 1_000;
/// Most pages that are joined, against a list that never ends.
const MOST_PAGES: usize = 1_000;

/// Makes the call and returns its answer.
///
/// # Errors
/// `Kind::Usage` for a wrong method, path, body or filter; `Kind::Auth` without a token; as the platform answers.
pub async fn run(session: &Session, api: &Api) -> Result<Answer> {
    let method = call::method(&api.method, "liftoff api GET deployments")?;
    let query = api.query.iter().map(|pair| given::pair("--query", pair)).collect::<Result<Vec<_>>>()?;
    let body = body(session, api)?;
    if api.paginate && method != Method::GET {
        return Err(Error::new(Kind::Usage, "join pages").because("only a GET has pages"));
    }
    let astro = scene::astro(session).await?;
    let path = path(&astro, &api.path).await?;
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    if session.is_dry() && method != Method::GET {
        let json = json!({ "method": method.as_str(), "path": format!("/{}", path.join("/")), "body": body });
        return Ok(Answer::done(format!("would call {method} /{}", path.join("/")), json));
    }
    let value = if api.paginate {
        pages(&astro, &path, &query).await?
    } else {
        let answer = astro.raw(method, &path, &query, body.as_ref()).await?;
        match decoded(&answer) {
            Some(value) => value,
            None => return Ok(call::other_answer(&answer)),
        }
    };
    call::answer(value, api.jq.as_deref())
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
    call::plain(given)?;
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
        return Err(call::wrong_path(given, "it leads nowhere below the API"));
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
