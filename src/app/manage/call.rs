//! What raw calls have in common, of the Astro API and of an Airflow: method, path, answer.

use reqwest::Method;
use serde_json::Value;

use crate::error::{Error, Kind, Result};
use crate::report::answer::Answer;
use crate::report::select::selected;

/// Returns the method of a word in any case. `example` is a call as it should be.
///
/// # Errors
/// `Kind::Usage` for any other word.
pub fn method(given: &str, example: &str) -> Result<Method> {
    match given.to_ascii_uppercase().as_str() {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        _ => Err(Error::new(Kind::Usage, format!("call with the method `{given}`"))
            .because("it is none of GET, POST, PUT, PATCH and DELETE")
            .hint(format!("the method stands before the path: `{example}`"))),
    }
}

/// Returns the error of a path that cannot be called.
#[must_use]
pub fn wrong_path(given: &str, because: &str) -> Error {
    Error::new(Kind::Usage, format!("call the path `{given}`")).because(because)
}

/// Refuses a path with a query, another server's, or one with backslashes.
///
/// # Errors
/// `Kind::Usage`.
pub fn plain(given: &str) -> Result<()> {
    if given.contains(['?', '#', '\\']) || given.contains("://") {
        return Err(wrong_path(given, "it is no plain path").hint("give parameters with `--query NAME=VALUE`"));
    }
    Ok(())
}

/// Returns the answer: what the filter selects, else the JSON indented.
///
/// # Errors
/// `Kind::Usage` for a wrong filter.
pub fn answer(value: Value, filter: Option<&str>) -> Result<Answer> {
    match filter {
        Some(filter) => Ok(Answer::text(selected(filter, &value)?, Value::Null)),
        None if value.is_null() => Ok(Answer::default()),
        None => Ok(Answer::text(format!("{value:#}").lines().map(str::to_owned).collect(), value)),
    }
}

/// Returns the answer that is no JSON, as it came.
#[must_use]
pub fn other_answer(body: &[u8]) -> Answer {
    Answer::text(vec![String::from_utf8_lossy(body).into_owned()], Value::Null)
}
