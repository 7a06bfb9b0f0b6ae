//! How GitHub answers: pages with `Link` headers, and refusals.
//! It must not know any operation.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::exchange::{Answer, Call};
use crate::faces::github_render::Address;
use crate::refusal::Refusal;
use crate::rules::paging::Page;

/// A call whose caller may make it.
pub struct Asked<'a> {
    /// The call.
    pub call: &'a Call,
    /// Where the repository's things are addressed.
    pub at: Address,
    /// What stands for the stars of the route, without owner and name.
    pub arguments: &'a [String],
    /// The body's fields; none for a call without a body.
    pub body: Map<String, Value>,
    /// Login of the caller.
    pub login: String,
    /// The time.
    pub now: Timestamp,
}

impl Asked<'_> {
    /// Returns the first argument.
    pub fn argument(&self) -> &str {
        self.arguments.first().map_or("", String::as_str)
    }

    /// Returns one page of a list.
    pub fn page(&self, items: Vec<Value>) -> Answer {
        let total = items.len();
        self.linked(Answer::json(200, &self.wanted_page().cut(items).into()), total)
    }

    /// Returns one page of a list that GitHub wraps into an object with its length.
    pub fn counted_page(&self, key: &str, items: Vec<Value>) -> Answer {
        let total = items.len();
        let body = json!({ "total_count": total, key: self.wanted_page().cut(items) });
        self.linked(Answer::json(200, &body), total)
    }

    /// Returns the wanted page; GitHub bends wrong numbers instead of refusing them.
    pub fn wanted_page(&self) -> Page {
        let number =
            |name: &str| self.call.parameter(name).and_then(|text| text.parse::<usize>().ok()).filter(|number| *number > 0);
        let limit = number("per_page").unwrap_or(30).min(100);
        Page { limit, offset: limit.saturating_mul(number("page").unwrap_or(1) - 1) }
    }

    /// Returns the answer with links to the other pages of a list of this length.
    pub fn linked(&self, answer: Answer, total: usize) -> Answer {
        let link = self.link(total);
        if link.is_empty() { answer } else { answer.header("link", &link) }
    }

    fn link(&self, total: usize) -> String {
        let page = self.wanted_page();
        let (now, last) = (page.offset / page.limit + 1, total.div_ceil(page.limit).max(1));
        let host = self.at.html.trim_end_matches("/html");
        let to = |number: usize, relation: &str| {
            format!("<{host}{}?per_page={}&page={number}>; rel=\"{relation}\"", self.call.path, page.limit)
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
}

/// Returns GitHub's 404.
pub fn missing() -> Refusal {
    Refusal::new(404, "", "Not Found")
}

/// Returns GitHub's 422.
pub fn unprocessable(why: &str) -> Refusal {
    Refusal::new(422, "", format!("Validation Failed: {why}"))
}

/// Returns a text that may be absent or null, and is refused when it is something else or too long.
pub fn short_text(body: &Map<String, Value>, key: &str, most: usize) -> Result<Option<String>, Refusal> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= most => Ok(Some(text.clone())),
        Some(Value::String(_)) => Err(unprocessable(&format!("{key} is too long (maximum is {most} characters)"))),
        Some(other) => Err(unprocessable(&format!("{key}: {other} is not a string"))),
    }
}

/// Returns a true-or-false field, or nothing if it is absent.
pub fn flag(body: &Map<String, Value>, key: &str) -> Result<Option<bool>, Refusal> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(other) => Err(unprocessable(&format!("{key}: {other} is not a boolean"))),
    }
}

/// Returns an address; empty if it is absent.
pub fn address(body: &Map<String, Value>, key: &str) -> Result<String, Refusal> {
    let text = short_text(body, key, 2048)?.unwrap_or_default();
    if text.is_empty() || text.starts_with("https://") || text.starts_with("http://") {
        return Ok(text);
    }
    Err(unprocessable(&format!("{key} must use http(s) scheme")))
}

/// Returns a refusal as GitHub spells it.
pub fn refuse(refusal: &Refusal) -> Answer {
    let body = json!({
        "message": refusal.message, "documentation_url": "https://docs.github.com/rest", "status": refusal.status.to_string(),
    });
    Answer::json(refusal.status, &body)
}
