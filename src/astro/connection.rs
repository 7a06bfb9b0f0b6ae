//! Speaks JSON with the Astro API: paths, headers, rate limits, answers, advice on refusals.
//! It knows no operation; `client`, `deploys` and `find` do.

use std::sync::Arc;

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Kind, Result};
use crate::http::exchange::{Answer, Caller, Request};
use crate::http::failure::{Cause, Failure, Outcome};
use crate::http::limiter::Limiter;
use crate::http::retry::Repeat;
use crate::http::stream::Body;
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;

/// Most requests in any second for one token. Source: `reference/astro-platform.md` 1.5.
const GETS_A_SECOND: u32 = 25;
const POSTS_A_SECOND: u32 = 10;
const DELETES_A_SECOND: u32 = 5;

/// How scripts identify themselves, as in the vendor's own API examples
/// (`reference/astro-platform.md` 1.4). No `X-API-Version` is sent: nobody has confirmed it.
const CLIENT_IDENTIFIER: (&str, &str) = ("x-astro-client-identifier", "script");

/// Advice for a request that the platform refused with 403.
pub const NO_PERMISSION: &str =
    "the token lacks the permission, or the Organization's IP access list does not contain this runner's address";

/// A path below the API's base, as segments that are encoded one by one.
pub type Segments<'a> = &'a [&'a str];

/// A query as names and values.
pub type Query<'a> = &'a [(&'a str, &'a str)];

/// A connection to one API with one token. Clones share the connection pool and the pace.
#[derive(Clone)]
pub struct Connection {
    caller: Caller,
    base: SafeUrl,
    headers: HeaderMap,
    token: Secret,
    limiter: Arc<Limiter>,
}

impl Connection {
    /// Creates a connection; nothing is sent yet.
    ///
    /// # Errors
    /// Fails with `Usage` when the base cannot carry a path, and with `Auth` when the token
    /// cannot stand in a header.
    pub fn new(caller: Caller, base: SafeUrl, token: &Secret) -> Result<Self> {
        let url = base.expose();
        if !matches!(url.scheme(), "https" | "http") || url.query().is_some() {
            return Err(Error::new(Kind::Usage, format!("use {base} as the API's URL"))
                .because("it is not a plain https URL")
                .hint("the default is https://api.astronomer.io/v1"));
        }
        if url.scheme() == "http" && !is_loopback(url) {
            tracing::warn!(url = %base, "the token travels without encryption");
        }
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
            Error::new(Kind::Auth, "use the Astro API token").because("it has characters that no header may have")
        })?;
        bearer.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, bearer),
            (ACCEPT, HeaderValue::from_static("application/json")),
            (HeaderName::from_static(CLIENT_IDENTIFIER.0), HeaderValue::from_static(CLIENT_IDENTIFIER.1)),
        ]);
        let limiter = Arc::new(Limiter::new(GETS_A_SECOND, POSTS_A_SECOND, DELETES_A_SECOND));
        Ok(Self { caller, base, headers, token: token.clone(), limiter })
    }

    /// Returns the caller's manners, for loops around several requests.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Returns the API's base.
    #[must_use]
    pub fn base(&self) -> &SafeUrl {
        &self.base
    }

    /// Reads something.
    ///
    /// # Errors
    /// Returns the failure after all tries.
    pub async fn get<T: DeserializeOwned>(&self, path: Segments<'_>, query: Query<'_>) -> Outcome<T> {
        let request = self.request(Method::GET, path, query, Vec::new());
        let answer = self.send(Repeat::Safe, &request).await?;
        decoded(&request, &answer)
    }

    /// Sends a body and reads the answer.
    ///
    /// # Errors
    /// Returns the failure after all tries that `repeat` allows.
    pub async fn post<T: DeserializeOwned>(&self, path: Segments<'_>, body: &impl Serialize, repeat: Repeat) -> Outcome<T> {
        let request = self.json_request(path, body)?;
        let answer = self.send(repeat, &request).await?;
        decoded(&request, &answer)
    }

    /// Sends a body whose answer does not matter and which may be sent twice.
    ///
    /// # Errors
    /// Returns the failure after all tries.
    pub async fn update(&self, path: Segments<'_>, body: &impl Serialize) -> Outcome<()> {
        let request = self.json_request(path, body)?;
        self.send(Repeat::Safe, &request).await.map(drop)
    }

    /// Sends a body and reads an object; an empty answer is an empty object.
    ///
    /// # Errors
    /// Returns the failure after all tries that `repeat` allows.
    pub async fn post_any(&self, path: Segments<'_>, body: &impl Serialize, repeat: Repeat) -> Outcome<Map<String, Value>> {
        let request = self.json_request(path, body)?;
        let answer = self.send(repeat, &request).await?;
        if answer.body.is_empty() { Ok(Map::new()) } else { decoded(&request, &answer) }
    }

    /// Sends any request and returns the body of its answer. Only reads and deletes are repeated when they may have acted.
    ///
    /// # Errors
    /// Returns the failure after all tries.
    pub async fn raw(&self, method: Method, path: Segments<'_>, query: Query<'_>, body: Option<&Value>) -> Outcome<Vec<u8>> {
        let repeat = if matches!(method, Method::GET | Method::DELETE) { Repeat::Safe } else { Repeat::OnlyIfUnseen };
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let mut request = self.request(method, path, query, bytes);
        if body.is_some() {
            request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        self.send(repeat, &request).await.map(|answer| answer.body)
    }

    /// Reads something whose size does not matter: the body is read by the caller.
    ///
    /// # Errors
    /// Returns the failure after all tries.
    pub async fn open(&self, path: Segments<'_>, query: Query<'_>) -> Outcome<Body> {
        let request = self.request(Method::GET, path, query, Vec::new());
        self.limiter.admit(&request.method).await;
        self.caller.open(Repeat::Safe, &request).await.map_err(|failure| failure.hiding(&self.token))
    }

    /// Deletes something. What is gone already counts as deleted.
    ///
    /// # Errors
    /// Returns the failure after all tries.
    pub async fn delete(&self, path: Segments<'_>) -> Outcome<()> {
        let request = self.request(Method::DELETE, path, &[], Vec::new());
        match self.send(Repeat::Safe, &request).await {
            Err(failure) if failure.status() != Some(404) => Err(failure),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn send(&self, repeat: Repeat, request: &Request) -> Outcome<Answer> {
        self.limiter.admit(&request.method).await;
        self.caller.call(repeat, request).await.map_err(|failure| failure.hiding(&self.token))
    }

    fn json_request(&self, path: Segments<'_>, body: &impl Serialize) -> Outcome<Request> {
        let bytes = serde_json::to_vec(body);
        let mut request = self.request(Method::POST, path, &[], Vec::new());
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.body = bytes.map_err(|error| unusable(&request, error.to_string(), Vec::new()))?;
        Ok(request)
    }

    fn request(&self, method: Method, path: Segments<'_>, query: Query<'_>, body: Vec<u8>) -> Request {
        let mut url = self.base.expose().clone();
        // Only a URL that cannot be a base has no segments, and `new` refused those.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Request { method, url: SafeUrl::new(url), headers: self.headers.clone(), body }
    }
}

/// Converts a failure of an API call into an error with advice. `doing` follows "could not".
#[must_use]
pub fn explained(failure: Box<Failure>, doing: impl Into<String>) -> Error {
    let status = failure.status();
    let error = failure.into_error(doing);
    match status {
        Some(401) => {
            error.hint("the token was not accepted: check that it is the right one, not revoked, and of this Organization")
        }
        Some(403) => error.hint(NO_PERMISSION),
        Some(404) => error.hint("check the id, and that the token may see it"),
        Some(429) => error.hint("other jobs use the same token; run fewer at a time or give each project a token of its own"),
        Some(500 | 502..) => error.hint("try again later; https://status.astronomer.io tells about incidents"),
        _ => error,
    }
}

fn decoded<T: DeserializeOwned>(request: &Request, answer: &Answer) -> Outcome<T> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        // Only the place and kind: serde's words may quote a signed URL.
        let kind = match error.classify() {
            serde_json::error::Category::Eof | serde_json::error::Category::Io => "JSON that breaks off",
            serde_json::error::Category::Syntax => "not JSON",
            serde_json::error::Category::Data => "JSON of an unexpected form",
        };
        let reason = format!("{kind} (line {}, column {})", error.line(), error.column());
        unusable(request, reason, Vec::new())
    })
}

fn unusable(request: &Request, reason: String, body: Vec<u8>) -> Box<Failure> {
    let cause = Cause::Unusable { reason, body };
    Box::new(Failure { method: request.method.clone(), url: request.url.clone(), tries: 1, cause })
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
