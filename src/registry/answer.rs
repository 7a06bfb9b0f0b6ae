//! What a registry's answer means: retry, and with which words to fail.
//! It knows statuses and bodies, not what was asked for.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use url::Url;

use crate::error::{Error, Kind, Result};
use crate::model::url::SafeUrl;

/// Largest error body in bytes that is shown.
const SHOWN_BODY: u64 = 1024;
/// Longest pause that a registry may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A request that did not succeed.
#[derive(Debug)]
pub struct Failure {
    /// Status, when an answer came.
    pub status: Option<StatusCode>,
    /// Method, URL without its query, and reason.
    pub reason: String,
    /// The pause that the registry asked for.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// Describes a request that got no answer.
    #[must_use]
    pub fn unanswered(method: &str, url: &Url, error: &reqwest::Error) -> Self {
        use std::error::Error as _;
        // The inner errors say what happened; the outer one repeats the URL with its query.
        let mut reasons = Vec::new();
        let mut source = error.source();
        while let Some(inner) = source {
            reasons.push(inner.to_string());
            source = inner.source();
        }
        let why = if reasons.is_empty() { "no answer".to_owned() } else { reasons.join(": ") };
        Self { status: None, reason: format!("{method} {}: {why}", SafeUrl::new(url.clone())), retry_after: None }
    }

    /// Describes an answer by its status and the beginning of its body.
    pub async fn answered(method: &str, response: Response) -> Self {
        let status = response.status();
        let url = SafeUrl::new(response.url().clone());
        let seconds = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let retry_after = seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_PAUSE));
        let body = body(response, SHOWN_BODY, Excess::Cut).await.unwrap_or_default();
        let text: String = String::from_utf8_lossy(&body).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let text = text.trim();
        let separator = if text.is_empty() { "" } else { ": " };
        Self { status: Some(status), reason: format!("{method} {url}: status {status}{separator}{text}"), retry_after }
    }

    /// Returns whether the same request may succeed later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.status.is_none_or(|status| status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429))
    }

    /// Turns the failure into an error of the fitting kind.
    #[must_use]
    pub fn into_error(self, doing: impl Into<String>) -> Error {
        let (kind, hint) = match self.status.map(|status| status.as_u16()) {
            Some(401) => (Kind::Auth, "the registry does not accept the login; check that the token is whole and not expired"),
            Some(403) => (Kind::Refused, "the login is valid but may not do this in that repository"),
            Some(404) => (Kind::NotFound, "check the image's name; some registries also say this when a login is missing"),
            Some(408 | 429 | 500..) | None => {
                (Kind::Transfer, "the registry or the network between failed for now; run the job again")
            }
            Some(_) => (Kind::Transfer, "the registry refused the image; see its answer above"),
        };
        Error::new(kind, doing).because(self.reason).hint(hint)
    }
}

/// What happens with a body beyond its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// The rest is dropped.
    Cut,
    /// The answer is an error.
    Refuse,
}

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// Fails when the connection breaks, or the body is longer and that is refused.
pub async fn body(mut response: Response, limit: u64, excess: Excess) -> Result<Vec<u8>> {
    let url = SafeUrl::new(response.url().clone());
    let failed = |why: String| Error::new(Kind::Transfer, format!("read the answer of {url}")).because(why);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(error.without_url().to_string()))? {
        if bytes.len() + chunk.len() > limit {
            if excess == Excess::Refuse {
                return Err(failed(format!("it is longer than {limit} bytes")));
            }
            bytes.extend_from_slice(&chunk[..limit - bytes.len()]);
            break;
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
