//! Speaks JSON with one Airflow: addresses that no name can break out of, the token out of sight, failures that repeat
//! nothing of what was sent. It knows no kind of object.

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::Url;

use crate::airflow::address::{Address, ApiVersion, address};
use crate::error::{Error, Kind, Result};
use crate::http::exchange::{Answer, Caller, Request};
use crate::http::failure::{Cause, Envelope, Failure, Outcome};
use crate::http::retry::Repeat;
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Most complaints about fields that are shown.
const MOST_COMPLAINTS: usize = 5;

/// One Airflow's API.
#[derive(Clone)]
pub struct Rest {
    /// How patient it is; may be changed in a clone.
    pub caller: Caller,
    address: Address,
    headers: HeaderMap,
    token: Secret,
}

impl Rest {
    /// Prepares calls; nothing is sent yet.
    ///
    /// # Errors
    /// `Kind::Usage` as `address` has them, `Kind::Auth` when the token cannot stand in a header.
    pub fn new(caller: Caller, api_url: &SafeUrl, token: &Secret) -> Result<Self> {
        let address = address(api_url)?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
            Error::new(Kind::Auth, "use the API token for Airflow").because("it has characters that no header may have")
        })?;
        bearer.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer), (ACCEPT, JSON)]);
        Ok(Self { caller, address, headers, token: token.clone() })
    }

    /// Returns the version of the API.
    #[must_use]
    pub fn version(&self) -> ApiVersion {
        self.address.version
    }

    /// Returns the same with a single try for each call, whatever fails.
    #[must_use]
    pub fn impatient(&self) -> Self {
        let mut once = self.clone();
        once.caller.retry.tries = 1;
        once
    }

    /// Returns the address of path segments below the base. Each stays one segment if `is_segment` says that it can.
    #[must_use]
    pub fn url(&self, segments: &[&str], query: &[(&str, &str)]) -> SafeUrl {
        below(self.address.base.clone(), segments, query)
    }

    /// Returns the address of path segments below Airflow itself, where the API is at `api`.
    #[must_use]
    pub fn url_of_airflow(&self, segments: &[&str], query: &[(&str, &str)]) -> SafeUrl {
        below(self.address.root(), segments, query)
    }

    /// Reads something.
    ///
    /// # Errors
    /// The failure after all tries.
    pub async fn get<T: DeserializeOwned>(&self, url: SafeUrl) -> Outcome<T> {
        self.sized(url).await.map(|(answer, _)| answer)
    }

    /// Reads something, and returns the number of bytes that it took as well.
    ///
    /// # Errors
    /// The failure after all tries.
    pub async fn sized<T: DeserializeOwned>(&self, url: SafeUrl) -> Outcome<(T, usize)> {
        let answer = self.send(Method::GET, url.clone(), &Map::new()).await?;
        let size = answer.body.len();
        serde_json::from_slice(&answer.body).map(|read| (read, size)).map_err(|error| {
            // Only the place: serde's words may quote a value.
            let reason = format!("not the JSON that Airflow answers with (line {}, column {})", error.line(), error.column());
            Box::new(Failure { method: Method::GET, url, tries: 1, cause: Cause::Unusable { reason, body: Vec::new() } })
        })
    }

    /// Sends something; an empty body is none. A POST is sent again only while the server cannot have acted upon it.
    ///
    /// # Errors
    /// The failure after all tries.
    pub async fn send(&self, method: Method, url: SafeUrl, body: &Map<String, Value>) -> Outcome<Answer> {
        let repeat = if method == Method::POST { Repeat::OnlyIfUnseen } else { Repeat::Safe };
        let bytes = if body.is_empty() { Vec::new() } else { Value::Object(body.clone()).to_string().into_bytes() };
        self.exchange((method, repeat), url, bytes).await
    }

    /// Sends JSON, or nothing, and tries again as it is told.
    ///
    /// # Errors
    /// The failure after all tries.
    pub async fn exchange(&self, (method, repeat): (Method, Repeat), url: SafeUrl, body: Vec<u8>) -> Outcome<Answer> {
        let mut request = Request { method, url, headers: self.headers.clone(), body };
        if !request.body.is_empty() {
            request.headers.insert(CONTENT_TYPE, JSON);
        }
        self.caller.call(repeat, &request).await.map_err(|failure| discreet(failure).hiding(&self.token))
    }
}

fn below(mut url: Url, segments: &[&str], query: &[(&str, &str)]) -> SafeUrl {
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    SafeUrl::new(url)
}

/// Converts a failure into an error with advice. `doing` follows "could not".
#[must_use]
pub fn explained(failure: Box<Failure>, doing: impl Into<String>) -> Error {
    let status = failure.status();
    let error = failure.into_error(doing);
    match status {
        Some(401) => error.hint("the Deployment's Airflow does not accept the token: check that it belongs to this Organization"),
        Some(403) => error.hint(
            "the token's role may not do this in the Deployment's Airflow, or the Organization's IP access list does not \
             contain this machine's address",
        ),
        Some(404 | 502..=504) => error.hint("a Deployment that hibernates or is being created does not answer"),
        _ => error,
    }
}

/// Keeps of a refusal what tells about it, and nothing that may repeat a value that was sent or stored: Airflow 3 sends
/// refused values back, and Airflow 2 quotes them.
fn discreet(mut failure: Box<Failure>) -> Box<Failure> {
    if let Cause::Status { code, envelope, body, .. } = &mut failure.cause {
        let message = said(*code, body);
        let request_id = envelope.request_id.take();
        *envelope = Envelope { message, request_id, fields: Vec::new() };
        body.clear();
    }
    failure
}

fn said(code: u16, body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let title = answer.get("title").and_then(Value::as_str);
    match answer.get("detail") {
        Some(Value::Array(complaints)) => {
            let told: Vec<String> = complaints.iter().take(MOST_COMPLAINTS).filter_map(complaint).collect();
            (!told.is_empty()).then(|| told.join("; "))
        }
        // These are about names and rights, and Airflow 3 words its other refusals without values, too.
        Some(Value::String(detail)) if matches!(code, 401 | 403 | 404 | 409) || (title.is_none() && code < 500) => {
            Some(detail.clone())
        }
        _ => title.map(str::to_owned),
    }
}

fn complaint(complaint: &Value) -> Option<String> {
    let place = complaint.get("loc")?.as_array()?.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(".");
    Some(format!("{place}: {}", complaint.get("msg")?.as_str()?))
}
