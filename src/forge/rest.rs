//! Speaks JSON to a forge's API: builds addresses that no name can break out of, keeps the token
//! out of sight, tries again where that is safe, and explains failures. It knows no forge by name.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::error::{Error, Kind, Result};
use crate::forge::interface::Connection;
use crate::http::exchange::{Answer, Caller, Request};
use crate::http::failure::{Cause, Failure, Outcome};
use crate::http::retry::Repeat;
use crate::model::image::is_loopback_registry;
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;

/// Most bytes kept of an answer that cannot be used.
const MOST_SHOWN_BYTES: usize = 2 << 10;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A forge's API, as far as all of them are alike.
pub struct Rest {
    caller: Caller,
    base: Url,
    headers: HeaderMap,
    secrets: [Secret; 2],
    budget: Duration,
    words: Words,
}

/// How a forge's failures are told.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// Name of the forge.
    pub forge: &'static str,
    /// What the token must be allowed, as a hint for refusals.
    pub rights: &'static str,
}

/// A request to be sent, and whether it may be sent again.
#[derive(Debug, Clone)]
pub struct Outgoing {
    method: Method,
    url: SafeUrl,
    body: Vec<u8>,
    repeat: Repeat,
}

impl Outgoing {
    /// Returns a request without a body.
    #[must_use]
    pub fn plain(method: Method, url: SafeUrl) -> Self {
        let repeat = if method == Method::POST { Repeat::OnlyIfUnseen } else { Repeat::Safe };
        Self { method, url, body: Vec::new(), repeat }
    }

    /// Returns a request with a JSON body.
    #[must_use]
    pub fn json(method: Method, url: SafeUrl, body: &impl Serialize) -> Self {
        // Bodies are made of texts and numbers; one that cannot be written is refused as empty.
        Self { body: serde_json::to_vec(body).unwrap_or_default(), ..Self::plain(method, url) }
    }

    /// Returns the request as one that does the same when it is sent twice.
    #[must_use]
    pub fn repeatable(self) -> Self {
        Self { repeat: Repeat::Safe, ..self }
    }
}

impl Rest {
    /// Prepares calls below a base URL, each with the header that holds the credential.
    ///
    /// # Errors
    /// `Kind::Usage` when the URL cannot be one, when plain HTTP would leave this machine, and
    /// when the token cannot be sent.
    pub fn new(connection: &Connection, base: &str, credential: (HeaderName, String), words: Words) -> Result<Self> {
        let doing = || format!("talk to {} about {}", words.forge, connection.repository.path);
        let base = Url::parse(base).map_err(|error| Error::new(Kind::Usage, doing()).because(error))?;
        let loopback = base.host_str().is_some_and(is_loopback_registry);
        if base.scheme() != "https" && !(base.scheme() == "http" && loopback) {
            return Err(Error::new(Kind::Usage, doing())
                .because(format!("the token would travel unencrypted to {}", SafeUrl::new(base)))
                .hint("the API URL must begin with https://"));
        }
        let (name, text) = credential;
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| Error::new(Kind::Usage, doing()).because("the token holds characters that no token has"))?;
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(name, value), (ACCEPT, JSON)]);
        // A credential may spell the token in another way.
        let spelled = Secret::new(text.rsplit(' ').next().unwrap_or_default());
        let (caller, secrets) = (connection.caller.clone(), [connection.token.clone(), spelled]);
        Ok(Self { caller, base, headers, secrets, budget: connection.budget, words })
    }

    /// Adds a header to every call.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Returns the address of path segments below the base. Whatever a segment holds, it stays one
    /// segment; an empty one, `.` and `..` would not, and must have been refused.
    #[must_use]
    pub fn url(&self, segments: &[&str], query: &[(&str, &str)]) -> SafeUrl {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        SafeUrl::new(url)
    }

    /// Reads something.
    ///
    /// # Errors
    /// As `read`.
    pub async fn get<T: DeserializeOwned>(&self, doing: &str, url: SafeUrl) -> Result<T> {
        self.read(doing, Outgoing::plain(Method::GET, url)).await
    }

    /// Sends a request and reads the JSON that answers it.
    ///
    /// # Errors
    /// `Kind::Auth`, `Kind::Refused`, `Kind::NotFound` when the forge refuses, `Kind::Transfer`
    /// when it cannot be reached or answers in another form.
    pub async fn read<T: DeserializeOwned>(&self, doing: &str, outgoing: Outgoing) -> Result<T> {
        let answer = self.call(&outgoing).await.and_then(|answer| decoded(&outgoing, &answer));
        answer.map_err(|failure| self.explained(doing, failure))
    }

    /// Sends a request whose answer says nothing more.
    ///
    /// # Errors
    /// As `read`.
    pub async fn tell(&self, doing: &str, outgoing: Outgoing) -> Result<()> {
        self.call(&outgoing).await.map(drop).map_err(|failure| self.explained(doing, failure))
    }

    /// Sends a request within the budget, for callers that look at headers or at the failure.
    ///
    /// # Errors
    /// Returns the failure, the token hidden in it.
    pub async fn call(&self, outgoing: &Outgoing) -> Outcome<Answer> {
        let Outgoing { method, url, body, repeat } = outgoing.clone();
        let mut headers = self.headers.clone();
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, JSON);
        }
        let request = Request { method, url, headers, body };
        let outcome = match tokio::time::timeout(self.budget, self.caller.call(repeat, &request)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let reason = format!("{} did not answer within {:?}", self.words.forge, self.budget);
                Err(Failure::silence(request.method, request.url, reason))
            }
        };
        outcome.map_err(|failure| self.secrets.iter().fold(failure, |failure, secret| failure.hiding(secret)))
    }

    /// Returns a failure as an error with what may help.
    #[must_use]
    pub fn explained(&self, doing: &str, failure: Box<Failure>) -> Error {
        let error = failure.into_error(doing);
        match error.kind() {
            Kind::Auth => error.hint(format!(
                "check `forge-token`: {} does not accept it, or it lacks rights; {}",
                self.words.forge, self.words.rights
            )),
            Kind::Refused | Kind::NotFound => error.hint(self.words.rights),
            _ => error,
        }
    }
}

/// Reads the JSON of an answer.
///
/// # Errors
/// The failure of an answer in another form.
pub fn decoded<T: DeserializeOwned>(outgoing: &Outgoing, answer: &Answer) -> Outcome<T> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        let body = answer.body.get(..MOST_SHOWN_BYTES).unwrap_or(&answer.body).to_vec();
        let cause = Cause::Unusable { reason: error.to_string(), body };
        Box::new(Failure { method: outgoing.method.clone(), url: outgoing.url.clone(), tries: 1, cause })
    })
}

/// Returns the parts of a repository's full name, if there are as many as wanted and each can be
/// one segment of an address.
///
/// # Errors
/// `Kind::Usage` for any other name.
pub fn name_parts<'a>(
    connection: &'a Connection,
    forge: &str,
    wanted: std::ops::RangeInclusive<usize>,
    form: &str,
) -> Result<Vec<&'a str>> {
    let path = connection.repository.path.as_str();
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |part: &&str| !matches!(*part, "" | "." | "..") && !part.chars().any(char::is_control);
    if wanted.contains(&parts.len()) && parts.iter().all(fits) {
        return Ok(parts);
    }
    Err(Error::new(Kind::Usage, format!("talk to {forge} about {path}")).because(format!("a repository is named `{form}`")))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::Value;

    use super::*;
    use crate::env::snapshot::Env;
    use crate::http::client::{Options, build};
    use crate::http::scripted::{Reply, Script};
    use crate::model::context::{ForgeKind, Repository};

    const WORDS: Words = Words { forge: "Forge", rights: "the token needs rights" };

    fn connection(path: &str) -> Connection {
        let client = build(&Env::new([], PathBuf::new()), &Options::for_calls(None)).expect("a client");
        let repository = Repository { forge: ForgeKind::Other, server_url: String::new(), api_url: None, path: path.to_owned() };
        let (caller, token) = (Caller::new(client), Secret::new("hunter2"));
        Connection { caller, api_url: String::new(), token, repository, budget: Duration::from_secs(5) }
    }

    fn rest(base: &str) -> Result<Rest> {
        Rest::new(&connection("acme/demo"), base, (HeaderName::from_static("x-token"), "hunter2".to_owned()), WORDS)
    }

    #[test]
    fn a_name_stays_within_its_segment_and_a_value_within_its_parameter() {
        let rest = rest("https://forge.example/api/v4/").expect("calls");
        let url = rest.url(&["projects", "a/b c?d#e%2f", "notes"], &[("q", "x&y=z"), ("page", "1")]);
        let expected = "https://forge.example/api/v4/projects/a%2Fb%20c%3Fd%23e%252f/notes?q=x%26y%3Dz&page=1";
        assert_eq!(url.expose().as_str(), expected);
    }

    #[test]
    fn a_token_never_travels_unencrypted_and_must_be_one_line() {
        for base in ["http://forge.example/api", "ftp://forge.example", "forge.example", ""] {
            assert_eq!(rest(base).err().map(|error| error.kind()), Some(Kind::Usage), "{base}");
        }
        assert!(rest("http://127.0.0.1:4000").is_ok());
        let split = (HeaderName::from_static("x-token"), "a\r\nhost: elsewhere".to_owned());
        assert!(Rest::new(&connection("acme/demo"), "https://forge.example", split, WORDS).is_err());
    }

    #[test]
    fn only_names_of_the_right_form_are_taken() {
        assert_eq!(name_parts(&connection("acme/demo"), "Forge", 2..=2, "a/b").ok(), Some(vec!["acme", "demo"]));
        for path in ["acme", "acme/", "acme/..", "./demo", "acme/demo/x", "acme/de\nmo", ""] {
            assert!(name_parts(&connection(path), "Forge", 2..=2, "a/b").is_err(), "{path:?}");
        }
    }

    #[tokio::test]
    async fn failures_have_a_kind_and_a_hint_and_hide_the_token() {
        for (status, kind, hinted) in [
            (400, Kind::Refused, true),
            (401, Kind::Auth, true),
            (403, Kind::Refused, true),
            (404, Kind::NotFound, true),
            (501, Kind::Transfer, false),
        ] {
            let script = Script::start(vec![Reply::Answer(status, "", r#"{"message":"no hunter2"}"#.to_owned())]).await;
            let rest = rest(script.url("/api").expose().as_str()).expect("calls");
            let error = rest.get::<Value>("read it", rest.url(&["x"], &[])).await.expect_err("a refusal");
            assert_eq!((error.kind(), error.advice().is_some_and(|hint| hint.contains("rights"))), (kind, hinted), "{status}");
            assert!(error.to_string().contains("no [secret]") && !error.to_string().contains("hunter2"), "{error}");
            assert!(script.requests()[0].starts_with("GET /api/x HTTP/1.1\r\n"), "{:?}", script.requests());
        }
    }

    #[tokio::test]
    async fn a_page_for_people_is_no_answer() {
        let script = Script::start(vec![Reply::Answer(203, "", "<html>Sign in</html>".to_owned())]).await;
        let rest = rest(script.url("").expose().as_str()).expect("calls");
        let error = rest.get::<Value>("read it", rest.url(&["x"], &[])).await.expect_err("a refusal");
        assert!(error.kind() == Kind::Transfer && error.to_string().contains("Sign in"), "{error}");
    }

    #[tokio::test]
    async fn a_creation_is_sent_once_and_a_repeatable_one_again() {
        let replies = || vec![Reply::Answer(502, "retry-after: 0\r\n", String::new()), Reply::Answer(200, "", "{}".to_owned())];
        for (repeatable, sent) in [(false, 1), (true, 2)] {
            let script = Script::start(replies()).await;
            let mut rest = rest(script.url("").expose().as_str()).expect("calls");
            rest.caller.retry.first_delay = Duration::ZERO;
            let outgoing = Outgoing::json(Method::POST, rest.url(&["x"], &[]), &serde_json::json!({ "body": "b" }));
            let outgoing = if repeatable { outgoing.repeatable() } else { outgoing };
            assert_eq!(rest.tell("make it", outgoing).await.is_ok(), repeatable);
            assert_eq!(script.requests().len(), sent);
            assert!(script.requests()[0].ends_with(r#"{"body":"b"}"#));
        }
    }
}
