//! Calls of GitHub's REST API: patient where that is safe, bounded in time, and with failures explained.
//! It knows no operation.

use std::time::Duration;

use octocrab::service::middleware::retry::{NoOpRateLimitMetrics, RetryConfig};
use octocrab::{FromResponse, Octocrab};
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::error::{Error, Kind, Result};
use crate::forge::interface::Connection;
use crate::http::retry::{Repeat, RetryPolicy, Trouble, jitter};
use crate::model::image::is_loopback_registry;
use crate::model::markup::cut;
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;

/// What the token must be allowed.
const RIGHTS: &str = "the job needs `permissions: pull-requests: write` for comments, `statuses: write` for statuses, \
                      `deployments: write` for deployments and `checks: write` for findings";

/// A client for one repository.
pub struct Client {
    patient: Octocrab,
    once: Octocrab,
    repository: String,
    token: Secret,
    retry: RetryPolicy,
    budget: Duration,
}

impl Client {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// As `Connect`.
    pub fn new(connection: &Connection) -> Result<Self> {
        let Connection { caller, api_url, token, repository, budget } = connection;
        let repository = repository.path.as_str();
        let doing = || format!("talk to GitHub about {repository}");
        let part = |text: &str| {
            let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            plain && text.bytes().any(|byte| byte != b'.')
        };
        if !repository.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name)) {
            return Err(Error::new(Kind::Usage, doing()).because("a repository is named `owner/name`"));
        }
        let url = Url::parse(api_url).map_err(|error| Error::new(Kind::Usage, doing()).because(error))?;
        let loopback = url.host_str().is_some_and(is_loopback_registry);
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(Error::new(Kind::Usage, doing())
                .because(format!("the token would travel unencrypted to {}", SafeUrl::new(url)))
                .hint("the API URL, GITHUB_API_URL, must begin with https://"));
        }
        let client = |retry: RetryConfig| -> Result<Octocrab> {
            Octocrab::builder()
                .base_uri(api_url.as_str())
                .map_err(|error| Error::new(Kind::Usage, doing()).because(format!("the API URL is not usable: {error}")))?
                .personal_token(token.expose().to_owned())
                .add_retry_config(retry)
                .build_with_reqwest(caller.client.clone())
                .map_err(|error| Error::new(Kind::Internal, doing()).because(error))
        };
        let patience = RetryConfig::HandleRateLimits {
            metrics: std::sync::Arc::new(NoOpRateLimitMetrics),
            max_retries: 3,
            min_wait_seconds: 1,
            retry_on_forbidden: false,
        };
        Ok(Self {
            patient: client(patience)?,
            once: client(RetryConfig::None)?,
            repository: repository.to_owned(),
            token: token.clone(),
            retry: caller.retry,
            budget: *budget,
        })
    }

    /// Returns the route of something in the repository.
    #[must_use]
    pub fn route(&self, rest: &str) -> String {
        format!("/repos/{}/{rest}", self.repository)
    }

    /// Reads something.
    ///
    /// # Errors
    /// As `Forge::upsert_comment`.
    pub async fn get<T: DeserializeOwned>(&self, doing: &str, route: String) -> Result<T> {
        self.bounded(doing, self.patient.get::<T, _, ()>(route, None)).await
    }

    /// Reads something that is refused to many tokens, and so is not asked for twice.
    ///
    /// # Errors
    /// As `get`.
    pub async fn get_once<T: DeserializeOwned>(&self, doing: &str, route: &str) -> Result<T> {
        self.bounded(doing, self.once.get::<T, _, ()>(route, None)).await
    }

    /// Creates something of which the newest counts, so that another of the same does no harm.
    ///
    /// # Errors
    /// As `get`.
    pub async fn renew(&self, doing: &str, route: String, body: &impl Serialize) -> Result<()> {
        let sent = self.patient.post::<_, serde_json::Value>(route, Some(body));
        self.bounded(doing, sent).await.map(drop)
    }

    /// Changes something to what the body says.
    ///
    /// # Errors
    /// As `get`.
    pub async fn change<T: DeserializeOwned>(&self, doing: &str, route: String, body: &impl Serialize) -> Result<T> {
        self.bounded(doing, self.patient.patch::<T, _, _>(route, Some(body))).await
    }

    /// Sends what does the same when it is sent twice, and whose answer says nothing more.
    ///
    /// # Errors
    /// As `get`.
    pub async fn tell(&self, doing: &str, (method, route): (Method, String), body: Option<&serde_json::Value>) -> Result<()> {
        let sent = async {
            let request = http::request::Builder::new().method(method).uri(route);
            let response = self.patient.execute(self.patient.build_request(request, body)?).await?;
            octocrab::map_github_error(response).await.map(drop)
        };
        self.bounded(doing, sent).await
    }

    /// Adds something: the request is sent again only when GitHub has surely not acted on it.
    ///
    /// # Errors
    /// As `get`.
    pub async fn add<T: DeserializeOwned>(
        &self,
        doing: &str,
        (method, route): (Method, String),
        body: &impl Serialize,
    ) -> Result<T> {
        let sent = async {
            let mut tried = 1;
            loop {
                let request = http::request::Builder::new().method(method.clone()).uri(route.as_str());
                let response = self.once.execute(self.once.build_request(request, Some(body))?).await?;
                let Some(delay) = self.delay(tried, &response) else {
                    return T::from_response(octocrab::map_github_error(response).await?).await;
                };
                tokio::time::sleep(delay).await;
                tried += 1;
            }
        };
        self.bounded(doing, sent).await
    }

    /// Returns how long to wait before a request is sent again that GitHub turned away for being one too many.
    fn delay<T>(&self, tried: u32, response: &http::Response<T>) -> Option<Duration> {
        let asked = response.headers().get(http::header::RETRY_AFTER);
        let retry_after = asked.and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
        let turned_away = match response.status().as_u16() {
            429 => true,
            403 => retry_after.is_some(),
            _ => false,
        };
        let trouble = Trouble::Status { code: 429, retry_after };
        turned_away.then(|| self.retry.delay(tried, &trouble, Repeat::OnlyIfUnseen, jitter())).flatten()
    }

    async fn bounded<T>(&self, doing: &str, call: impl Future<Output = octocrab::Result<T>>) -> Result<T> {
        match tokio::time::timeout(self.budget, call).await {
            Ok(outcome) => outcome.map_err(|error| self.explain(doing, &error)),
            Err(_) => Err(Error::new(Kind::Transfer, doing).because(format!("GitHub did not answer within {:?}", self.budget))),
        }
    }

    fn explain(&self, doing: &str, error: &octocrab::Error) -> Error {
        let octocrab::Error::GitHub { source, .. } = error else {
            return Error::new(Kind::Transfer, doing).because(cut(&self.without_token(&chain(error)), 600));
        };
        let status = source.status_code.as_u16();
        let because = format!("GitHub answered {status}: {}", cut(&self.without_token(&source.message), 600));
        match status {
            401 => Error::new(Kind::Auth, doing).because(because).hint("check `github-token`; GitHub does not accept it"),
            403 | 404 => {
                let kind = if status == 403 { Kind::Refused } else { Kind::NotFound };
                Error::new(kind, doing).because(because).hint(RIGHTS)
            }
            408 | 429 | 500.. => Error::new(Kind::Transfer, doing).because(because),
            _ => Error::new(Kind::Refused, doing).because(because),
        }
    }

    fn without_token(&self, text: &str) -> String {
        if self.token.is_empty() { text.to_owned() } else { text.replace(self.token.expose(), "[secret]") }
    }
}

/// Joins an error with its causes; octocrab's own text names only the outermost.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(&format!(": {inner_text}"));
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::snapshot::Env;
    use crate::http::client::{Options, build};
    use crate::http::exchange::Caller;
    use crate::http::scripted::{Reply, Script};
    use crate::model::context::{ForgeKind, Repository};

    fn made(api_url: &str, path: &str) -> Result<Client> {
        let mut caller = Caller::new(build(&Env::default(), &Options::for_calls(None)).expect("a client"));
        caller.retry.first_delay = Duration::from_millis(1);
        let repository = Repository { forge: ForgeKind::GitHub, server_url: String::new(), api_url: None, path: path.to_owned() };
        let (api_url, token, budget) = (api_url.to_owned(), Secret::new("hunter2"), Duration::from_secs(10));
        Client::new(&Connection { caller, api_url, token, repository, budget })
    }

    #[test]
    fn a_repository_name_cannot_smuggle_a_route() {
        for name in ["acme", "acme/x/y", "acme/../x", "acme/..", "acme/x?y", "/x", "acme/"] {
            assert_eq!(made("http://127.0.0.1:9", name).err().map(|error| error.kind()), Some(Kind::Usage), "{name}");
        }
    }

    #[test]
    fn the_token_never_travels_unencrypted() {
        for (url, refused) in [
            ("http://ghe.example/api/v3", true),
            ("ftp://ghe.example", true),
            ("ghe.example", true),
            ("http://127.0.0.1.ghe.example", true),
            ("https://ghe.example/api/v3", false),
            ("http://127.0.0.1:9", false),
            ("http://[::1]:9", false),
        ] {
            // The client builds on the runtime that it will run in.
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let _inside = runtime.enter();
            assert_eq!(made(url, "acme/demo").err().map(|error| error.kind()), refused.then_some(Kind::Usage), "{url}");
        }
    }

    /// Adds something against a script; returns the outcome and how often it was sent.
    async fn added(replies: Vec<Reply>) -> (Result<u64>, usize) {
        let script = Script::start(replies).await;
        let client = made(script.url("").expose().as_str(), "acme/demo").expect("a client");
        let outcome = client.add("add it", (Method::POST, client.route("things")), &serde_json::json!({})).await;
        (outcome, script.requests().len())
    }

    fn reply(status: u16, headers: &'static str) -> Reply {
        let json = r#"{"message":"no hunter2"}"#;
        Reply::Answer(status, headers, if status == 201 { "7".to_owned() } else { json.to_owned() })
    }

    #[tokio::test]
    async fn what_is_added_is_sent_again_only_when_github_turned_it_away() {
        for (first, sent, kind) in [
            (reply(429, ""), 2, None),
            (reply(429, "retry-after: 0\r\n"), 2, None),
            (reply(403, "retry-after: 0\r\n"), 2, None),
            (reply(403, ""), 1, Some(Kind::Refused)),
            (reply(503, ""), 1, Some(Kind::Transfer)),
            (reply(422, ""), 1, Some(Kind::Refused)),
        ] {
            let (outcome, requests) = added(vec![first, reply(201, "")]).await;
            if let Err(error) = &outcome {
                assert!(error.to_string().contains("no [secret]"), "{error}");
            }
            assert_eq!((requests, outcome.err().map(|error| error.kind())), (sent, kind));
        }
    }
}
