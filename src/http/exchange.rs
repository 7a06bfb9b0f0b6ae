//! Sends requests, tries again where that is safe, and reads answers within bounds.
//! It knows no service: which requests are safe to repeat is told by its callers.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};

use crate::http::failure::{Cause, Envelope, Failure, Outcome};
use crate::http::retry::{Repeat, RetryPolicy, Trouble, jitter, retry_after};
use crate::model::url::SafeUrl;

/// Most bytes of a successful answer. A page of 1,000 Deployments has about 5 MiB.
const MOST_ANSWER_BYTES: usize = 64 << 20;

/// Most bytes kept of an answer that reports an error.
const MOST_ERROR_BYTES: usize = 8 << 10;

/// A client with its manners: how patient it is and how often it tries.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The client. Clones share one connection pool.
    pub client: Client,
    /// When to try again.
    pub retry: RetryPolicy,
    /// Longest time for one try, from sending to the last byte of the answer.
    pub answer_timeout: Duration,
}

/// A request as plain data, so that it can be sent again.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: SafeUrl,
    /// The headers; secret values must be marked as sensitive.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

/// A successful answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status, always 2xx.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Caller {
    /// Creates a caller with the default policy and 60 s for an answer.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, retry: RetryPolicy::default(), answer_timeout: Duration::from_secs(60) }
    }

    /// Sends a request until it succeeds, trying again is pointless or the tries are used up.
    ///
    /// # Errors
    /// Returns the last failure, with the number of tries.
    pub async fn call(&self, repeat: Repeat, request: &Request) -> Outcome<Answer> {
        self.persist(repeat, || self.call_once(request)).await
    }

    async fn call_once(&self, request: &Request) -> Outcome<Answer> {
        let Request { method, url, headers, body } = request;
        let mut builder = self.client.request(method.clone(), url.expose().clone()).headers(headers.clone());
        if !body.is_empty() {
            builder = builder.body(body.clone());
        }
        match tokio::time::timeout(self.answer_timeout, exchange(method, url, builder)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let reason = format!("nothing came within {:?}", self.answer_timeout);
                Err(Failure::silence(method.clone(), url.clone(), reason))
            }
        }
    }

    /// Repeats an attempt of any kind by the retry policy and logs each repetition.
    ///
    /// # Errors
    /// Returns the last failure, with the number of tries.
    pub async fn persist<T, F>(&self, repeat: Repeat, attempt: impl Fn() -> F) -> Outcome<T>
    where
        F: Future<Output = Outcome<T>>,
    {
        let mut tried = 1;
        loop {
            let mut failure = match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            failure.tries = tried;
            let Some(delay) = failure.trouble().and_then(|trouble| self.retry.delay(tried, &trouble, repeat, jitter())) else {
                return Err(failure);
            };
            tracing::warn!(
                method = %failure.method,
                url = %failure.url,
                reason = %reason(&failure.cause),
                tried,
                of = self.retry.tries,
                delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
                "trying again"
            );
            tokio::time::sleep(delay).await;
            tried += 1;
        }
    }
}

/// Sends a request and reads its answer within bounds, without a time limit of its own.
///
/// # Errors
/// Returns the failure; an answer other than 2xx is one.
pub async fn exchange(method: &Method, url: &SafeUrl, request: RequestBuilder) -> Outcome<Answer> {
    let mut response = answered(method, url, request).await?;
    let (status, headers) = (response.status(), response.headers().clone());
    match body_start(&mut response, MOST_ANSWER_BYTES).await {
        Ok((body, true)) => Ok(Answer { status, headers, body }),
        Ok((_, false)) => {
            let cause = Cause::Unusable { reason: format!("it is larger than {MOST_ANSWER_BYTES} bytes"), body: Vec::new() };
            Err(Box::new(Failure { method: method.clone(), url: url.clone(), tries: 1, cause }))
        }
        Err(error) => {
            let reason = format!("the answer broke off: {}", error.without_url());
            Err(Failure::silence(method.clone(), url.clone(), reason))
        }
    }
}

/// Sends a request and returns a successful answer with its body unread.
///
/// # Errors
/// Returns the failure; an answer other than 2xx is one.
pub async fn answered(method: &Method, url: &SafeUrl, request: RequestBuilder) -> Outcome<Response> {
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) => return Err(Failure::no_answer(method.clone(), url.clone(), error)),
    };
    let status = response.status();
    tracing::debug!(%method, %url, status = status.as_u16(), "answered");
    if status.is_success() {
        return Ok(response);
    }
    let headers = response.headers().clone();
    // What an error says is worth less than the error itself.
    let body = body_start(&mut response, MOST_ERROR_BYTES).await.map(|(body, _)| body).unwrap_or_default();
    let asked = headers.get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?, Timestamp::now()));
    let mut envelope = Envelope::parse(&body);
    if envelope.request_id.is_none() {
        let known = ["x-request-id", "x-ms-request-id"].iter().find_map(|name| headers.get(*name)?.to_str().ok());
        envelope.request_id = known.map(str::to_owned);
    }
    let trouble = Trouble::of_status(status.as_u16(), asked);
    let cause = Cause::Status { code: status.as_u16(), trouble, envelope, body };
    Err(Box::new(Failure { method: method.clone(), url: url.clone(), tries: 1, cause }))
}

async fn body_start(response: &mut Response, limit: usize) -> reqwest::Result<(Vec<u8>, bool)> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = limit - body.len();
        if chunk.len() > room {
            body.extend_from_slice(chunk.get(..room).unwrap_or_default());
            return Ok((body, false));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body, true))
}

fn reason(cause: &Cause) -> String {
    match cause {
        Cause::NoAnswer { reason, .. } | Cause::Unusable { reason, .. } => reason.clone(),
        Cause::Status { code, trouble: Some(Trouble::Status { retry_after: Some(asked), .. }), .. } => {
            format!("status {code}, asked to wait {} s", asked.as_secs())
        }
        Cause::Status { code, .. } => format!("status {code}"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::env::snapshot::Env;
    use crate::error::Kind;
    use crate::http::client::{Options, build};
    use crate::http::scripted::{Reply, Script};

    fn caller() -> Caller {
        let client = build(&Env::new([], PathBuf::new()), &Options::for_calls(None)).expect("a client");
        let retry = RetryPolicy {
            tries: 3,
            first_delay: Duration::from_millis(2),
            longest_delay: Duration::from_millis(4),
            longest_request: Duration::from_millis(40),
        };
        Caller { client, retry, answer_timeout: Duration::from_millis(400) }
    }

    async fn called(method: Method, repeat: Repeat, replies: Vec<Reply>) -> (Outcome<Answer>, Script) {
        let script = Script::start(replies).await;
        let request = Request { method, url: script.url("/x?sig=hush"), headers: HeaderMap::new(), body: Vec::new() };
        (caller().call(repeat, &request).await, script)
    }

    fn answer(status: u16, body: &str) -> Reply {
        Reply::Answer(status, "", body.to_owned())
    }

    #[tokio::test]
    async fn a_read_survives_temporary_failures() {
        for trouble in [answer(503, ""), answer(429, ""), Reply::Cut, Reply::Truncate, Reply::Hang] {
            let (outcome, script) = called(Method::GET, Repeat::Safe, vec![trouble.clone(), answer(200, "fine")]).await;
            assert_eq!(outcome.expect("an answer").body, b"fine", "{trouble:?}");
            assert_eq!(script.requests().len(), 2, "{trouble:?}");
        }
    }

    #[tokio::test]
    async fn a_lasting_failure_ends_after_all_tries() {
        let (outcome, script) =
            called(Method::GET, Repeat::Safe, vec![answer(500, "a"), answer(502, "b"), answer(503, "c")]).await;
        let failure = outcome.expect_err("a failure");
        assert_eq!((failure.tries, failure.status(), script.requests().len()), (3, Some(503), 3));
        let text = failure.into_error("read").to_string();
        assert!(text.contains("503 Service Unavailable: c\n         after 3 tries") && !text.contains("hush"), "{text}");
    }

    #[tokio::test]
    async fn a_refusal_is_not_tried_again() {
        for status in [400, 401, 403, 404, 409, 422, 501] {
            let (outcome, script) = called(Method::GET, Repeat::Safe, vec![answer(status, "")]).await;
            let failure = outcome.expect_err("a failure");
            assert_eq!((failure.tries, failure.status(), script.requests().len()), (1, Some(status), 1));
            assert!(!failure.may_have_acted(), "{status}");
        }
    }

    #[tokio::test]
    async fn a_create_that_may_have_worked_is_not_sent_again() {
        for trouble in [answer(500, ""), answer(503, ""), Reply::Cut, Reply::Truncate, Reply::Hang] {
            let (outcome, script) = called(Method::POST, Repeat::OnlyIfUnseen, vec![trouble.clone(), answer(200, "")]).await;
            assert!(outcome.expect_err("a failure").may_have_acted(), "{trouble:?}");
            assert_eq!(script.requests().len(), 1, "{trouble:?}");
        }
        let (outcome, script) = called(Method::POST, Repeat::OnlyIfUnseen, vec![answer(429, ""), answer(200, "made")]).await;
        assert_eq!((outcome.expect("an answer").body, script.requests().len()), (b"made".to_vec(), 2));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_tried_again_and_named() {
        let gone = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a port");
        let url = SafeUrl::parse(&format!("http://{gone}/x")).expect("a URL");
        let request = Request { method: Method::POST, url, headers: HeaderMap::new(), body: Vec::new() };
        let failure = caller().call(Repeat::OnlyIfUnseen, &request).await.expect_err("no server");
        assert_eq!((failure.tries, failure.may_have_acted(), failure.kind()), (3, false, Kind::Transfer));
    }

    #[tokio::test]
    async fn a_server_can_ask_for_a_delay() {
        let replies = vec![Reply::Answer(429, "retry-after: 3600\r\n", String::new()), answer(200, "")];
        let started = std::time::Instant::now();
        let (outcome, _script) = called(Method::GET, Repeat::Safe, replies).await;
        assert!(outcome.is_ok());
        assert!(started.elapsed() >= Duration::from_millis(40), "waits as long as the policy allows");
    }

    #[tokio::test]
    async fn a_redirect_to_another_host_is_not_followed() {
        let elsewhere = Script::start(vec![answer(200, "stolen")]).await;
        let location = format!("location: {}\r\n", elsewhere.url("/x").expose()).leak();
        let (outcome, _script) = called(Method::GET, Repeat::Safe, vec![Reply::Answer(302, location, String::new())]).await;
        let failure = outcome.expect_err("a refusal");
        assert_eq!((failure.status(), failure.kind()), (Some(302), Kind::Refused));
        assert_eq!(elsewhere.requests(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn the_vendors_request_id_is_shown() {
        let reply = Reply::Answer(400, "x-ms-request-id: abc-1\r\n", "<Error/>".to_owned());
        let (outcome, _script) = called(Method::PUT, Repeat::Safe, vec![reply]).await;
        assert!(outcome.expect_err("a refusal").to_string().ends_with("400 Bad Request: <Error/>\nrequest id abc-1"));
    }
}
