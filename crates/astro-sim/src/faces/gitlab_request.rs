//! Reads calls of GitLab's API and spells its refusals and pages.
//! Source: <https://docs.gitlab.com/api/rest/> and, for the words of refusals, GitLab's own tests.
//! It must not know any operation.

use serde_json::{Map, Value, json};

use crate::exchange::{Answer, Call};
use crate::spelling::{escaped, parse_pairs};

/// Items of a page unless the request says otherwise.
const DEFAULT_PAGE: usize = 20;
/// Most items of a page; more are not refused.
const MAX_PAGE: usize = 100;

/// An answer, or one that refuses.
pub type Outcome = Result<Answer, Box<Answer>>;

/// Returns a refusal as GitLab's own code spells it.
pub fn refused(status: u16, message: impl Into<Value>) -> Box<Answer> {
    Box::new(Answer::json(status, &json!({ "message": message.into() })))
}

/// Returns a refusal as the framework below GitLab spells it, for parameters of a wrong shape.
pub fn malformed(message: &str) -> Box<Answer> {
    Box::new(Answer::json(400, &json!({ "error": message })))
}

/// Returns a 404 for a named kind of thing.
pub fn missing(thing: &str) -> Box<Answer> {
    refused(404, format!("404 {thing} Not Found"))
}

/// Returns a 404 for a thing that is looked up by its number.
pub fn no_record() -> Box<Answer> {
    refused(404, "404 Not found")
}

/// Returns a 400 for one field of a record.
pub fn invalid(field: &str, why: &str) -> Box<Answer> {
    refused(400, json!({ field: [why] }))
}

/// Parameters of a call, whether they came in its query, a form or a JSON object.
#[derive(Debug)]
pub struct Parameters(Map<String, Value>);

impl Parameters {
    /// Reads a call's parameters; 400 or 415 if its body cannot be read.
    pub fn read(call: &Call) -> Result<Parameters, Box<Answer>> {
        let pairs =
            |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let mut found: Map<String, Value> = pairs(&call.query);
        let kind = call.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
        match kind {
            _ if call.body.is_empty() => {}
            "application/json" => match serde_json::from_slice(&call.body) {
                Ok(Value::Object(body)) => found.extend(body),
                _ => return Err(malformed("message body does not match declared format")),
            },
            "application/x-www-form-urlencoded" => {
                let body: Map<String, Value> = pairs(&parse_pairs(&String::from_utf8_lossy(&call.body)));
                found.extend(body);
            }
            _ => {
                let error = format!("The provided content-type '{kind}' is not supported.");
                return Err(Box::new(Answer::json(415, &json!({ "error": error }))));
            }
        }
        Ok(Parameters(found))
    }

    /// Returns a parameter as text; nothing if it is absent or null.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// Returns a 400 that names every parameter which is missing, empty or not among its values.
    pub fn check(&self, required: &[&str], values: &[(&str, &[&str])]) -> Result<(), Box<Answer>> {
        let mut wrong: Vec<String> = Vec::new();
        for name in required {
            match self.text(name) {
                None => wrong.push(format!("{name} is missing")),
                Some(text) if text.is_empty() => wrong.push(format!("{name} is empty")),
                Some(_) => {}
            }
        }
        let given = |name: &&str| self.text(name).filter(|text| !text.is_empty());
        for (name, allowed) in values {
            if given(name).is_some_and(|text| !allowed.contains(&text.as_str())) {
                wrong.push(format!("{name} does not have a valid value"));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(malformed(&wrong.join(", "))) }
    }

    fn number(&self, name: &str, default: usize) -> Result<usize, Box<Answer>> {
        match self.text(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| malformed(&format!("{name} is invalid"))),
        }
    }
}

/// Answers with the wanted page of a list.
pub fn page(call: &Call, parameters: &Parameters, host: &str, items: Vec<Value>) -> Outcome {
    let size = parameters.number("per_page", DEFAULT_PAGE)?.min(MAX_PAGE);
    let page = parameters.number("page", 1)?.max(1);
    if size == 0 {
        return Err(malformed("per_page has a value not allowed"));
    }
    let (total, pages) = (items.len(), items.len().div_ceil(size).max(1));
    let others = call.query.iter().filter(|(name, _)| name != "page" && name != "per_page");
    let others: String = others.map(|(name, value)| format!("{name}={}&", escaped(value))).collect();
    let to = |page: usize, relation: &str| {
        format!("<{host}{}?{others}page={page}&per_page={size}>; rel=\"{relation}\"", call.raw_path)
    };
    let (previous, next) = ((page > 1).then(|| page - 1), (page < pages).then(|| page + 1));
    let links = [previous.map(|at| to(at, "prev")), next.map(|at| to(at, "next")), Some(to(1, "first")), Some(to(pages, "last"))];
    let or_nothing = |page: Option<usize>| page.map(|page| page.to_string()).unwrap_or_default();
    let cut: Vec<Value> = items.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
    let answer = Answer::json(200, &cut.into())
        .header("link", &links.into_iter().flatten().collect::<Vec<_>>().join(", "))
        .header("x-per-page", &size.to_string())
        .header("x-page", &page.to_string())
        .header("x-next-page", &or_nothing(next))
        .header("x-prev-page", &or_nothing(previous))
        .header("x-total", &total.to_string())
        .header("x-total-pages", &pages.to_string());
    Ok(answer)
}
