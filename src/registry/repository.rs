//! One repository of one registry: authorised requests with retries, manifests and blobs.
//! It knows HTTP and logins; what an image is made of it does not know.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use tokio::sync::Mutex;
use url::Url;

use crate::error::{Error, Kind, Result};
use crate::model::image::{ImageDigest, RegistryLogin, is_loopback_registry};
use crate::model::url::SafeUrl;
use crate::registry::answer::{Excess, Failure, body};
use crate::registry::challenge::Challenge;
use crate::registry::manifest::{ACCEPTED, MANIFEST_LIMIT, sha256};

/// Largest answer in bytes of a token service.
const TOKEN_LIMIT: u64 = 1 << 20;

/// Most redirects from a registry to where a blob lies.
const MOST_REDIRECTS: usize = 5;

/// What a token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading.
    Pull,
    /// Reading and writing.
    Push,
}

/// How to reach registries.
#[derive(Debug, Clone)]
pub struct Transport {
    /// Client with the proxies and trust roots of the run.
    pub http: reqwest::Client,
    /// Pauses before each further try after a temporary failure.
    pub retry_delays: Vec<Duration>,
}

/// A repository with a login. Plain HTTP is spoken to this machine only.
pub struct Repository {
    transport: Transport,
    base: Url,
    name: String,
    login: Option<RegistryLogin>,
    scopes: Vec<String>,
    authorization: Mutex<Option<HeaderValue>>,
}

impl Repository {
    /// Names a repository: `registry` is a host with an optional port, `name` a path such as
    /// `org/deployment`. `None` as login means anonymous.
    ///
    /// # Errors
    /// `Usage` when they form no URL.
    pub fn new(transport: &Transport, address: (&str, &str), login: Option<RegistryLogin>, access: Access) -> Result<Self> {
        let (registry, name) = address;
        let scheme = if is_loopback_registry(registry) { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{registry}/v2/"))
            .map_err(|error| Error::new(Kind::Usage, format!("understand the registry name `{registry}`")).because(error))?;
        let actions = if access == Access::Push { "pull,push" } else { "pull" };
        let scopes = vec![format!("repository:{name}:{actions}")];
        let authorization = Mutex::new(None);
        Ok(Self { transport: transport.clone(), base, name: name.to_owned(), login, scopes, authorization })
    }

    /// Also asks for the right to read another repository of the same registry, which mounting
    /// its blobs needs.
    #[must_use]
    pub fn reading_also(mut self, other: &str) -> Self {
        self.scopes.push(format!("repository:{other}:pull"));
        self
    }

    /// Returns the repository's path, such as `org/deployment`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the registry's host, with its port when it has one of its own.
    #[must_use]
    pub fn registry(&self) -> &str {
        self.base[url::Position::BeforeHost..url::Position::AfterPort].as_ref()
    }

    /// Returns the pauses between tries.
    #[must_use]
    pub fn retry_delays(&self) -> &[Duration] {
        &self.transport.retry_delays
    }

    /// Reads a manifest or index by tag or digest, checked against its digest. Returns its
    /// bytes, media type and digest.
    ///
    /// # Errors
    /// `NotFound`, `Auth`, `Refused` or `Transfer`, as the registry answers.
    pub async fn manifest(&self, reference: &str) -> Result<(Vec<u8>, String, ImageDigest)> {
        let url = self.url(&["manifests", reference])?;
        let make = || self.transport.http.request(Method::GET, url.clone()).header(ACCEPT, ACCEPTED.join(", "));
        let doing = format!("read the manifest of {}:{reference} at {}", self.name, self.registry());
        let response = self.send(&url, make).await.map_err(|failure| failure.into_error(&doing))?;
        let media_type = header(&response, CONTENT_TYPE.as_str()).unwrap_or_default();
        let bytes = body(response, MANIFEST_LIMIT, Excess::Refuse).await?;
        let digest = sha256(&bytes);
        if ImageDigest::parse(reference).is_some_and(|wanted| wanted != digest) {
            return Err(Error::new(Kind::Transfer, doing).because(format!("its content has the digest {digest}")));
        }
        Ok((bytes, media_type, digest))
    }

    /// Opens a blob for reading, wherever the registry says it lies. What comes is not yet
    /// checked against the digest.
    ///
    /// # Errors
    /// As for `manifest`; `Transfer` also when the registry points to a place without encryption,
    /// or from one place to the next without end.
    pub async fn blob(&self, digest: &ImageDigest) -> Result<Response> {
        let doing = || format!("read the layer {digest} of {} at {}", self.name, self.registry());
        let mut url = self.url(&["blobs", digest.as_str()])?;
        for _ in 0..=MOST_REDIRECTS {
            let make = || self.transport.http.request(Method::GET, url.clone());
            let response = self.send_to(&url, Redirects::Return, make).await.map_err(|failure| failure.into_error(doing()))?;
            let Some(next) = redirect(&response) else { return Ok(response) };
            if next.scheme() != "https" && !(self.base.scheme() == "http" && is_loopback(&next)) {
                return Err(Error::new(Kind::Transfer, doing())
                    .because(format!("the registry points to {}, which is not encrypted", SafeUrl::new(next))));
            }
            url = next;
        }
        Err(Error::new(Kind::Transfer, doing()).because(format!("more than {MOST_REDIRECTS} redirects")))
    }

    /// Returns whether the repository has the blob.
    ///
    /// # Errors
    /// As for `manifest`, except that absence is no error.
    pub async fn has_blob(&self, digest: &ImageDigest) -> std::result::Result<bool, Failure> {
        let Ok(url) = self.url(&["blobs", digest.as_str()]) else { return Ok(false) };
        match self.send(&url, || self.transport.http.request(Method::HEAD, url.clone())).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.status == Some(StatusCode::NOT_FOUND) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Writes a manifest under a tag. Returns its digest.
    ///
    /// # Errors
    /// As for `manifest`; `Transfer` when the registry finds the manifest invalid.
    pub async fn put_manifest(&self, tag: &str, manifest: Vec<u8>, media_type: &str) -> Result<ImageDigest> {
        let url = self.url(&["manifests", tag])?;
        let digest = sha256(&manifest);
        let make =
            || self.transport.http.request(Method::PUT, url.clone()).header(CONTENT_TYPE, media_type).body(manifest.clone());
        let sent = self.send(&url, make).await;
        sent.map_err(|failure| failure.into_error(format!("push the manifest of {}:{tag} to {}", self.name, self.registry())))?;
        Ok(digest)
    }

    /// Starts an upload, asking the registry to mount the blob from another repository when
    /// one is given. Returns where to upload to; `None` when the blob was mounted.
    ///
    /// # Errors
    /// Returns the registry's failure.
    pub async fn start_upload(
        &self,
        digest: &ImageDigest,
        mount_from: Option<&str>,
    ) -> std::result::Result<Option<Url>, Failure> {
        let bad = |why: &str| Failure { status: Some(StatusCode::NOT_IMPLEMENTED), reason: why.to_owned(), retry_after: None };
        let mut url = self.url(&["blobs", "uploads", ""]).map_err(|error| bad(&error.to_string()))?;
        if let Some(other) = mount_from {
            url.query_pairs_mut().append_pair("mount", digest.as_str()).append_pair("from", other);
        }
        let make = || self.transport.http.request(Method::POST, url.clone()).header("content-length", "0");
        let response = self.send(&url, make).await?;
        if response.status() == StatusCode::CREATED {
            return Ok(None);
        }
        let location = header(&response, "location").ok_or_else(|| bad("the registry named no place to upload to"))?;
        let mut location = response.url().join(&location).map_err(|_| bad("the registry named no valid place to upload to"))?;
        location.query_pairs_mut().append_pair("digest", digest.as_str());
        Ok(Some(location))
    }

    /// Uploads a blob in one request to where `start_upload` said. It is never retried here,
    /// because a body that is a stream can be sent once only.
    ///
    /// # Errors
    /// Returns the registry's failure.
    pub async fn finish_upload(&self, location: Url, size: u64, content: reqwest::Body) -> std::result::Result<(), Failure> {
        let request = self.transport.http.request(Method::PUT, location.clone());
        let request = request.header(CONTENT_TYPE, "application/octet-stream").header("content-length", size).body(content);
        let response = self.authorized(request, &location).await.send().await;
        let response = response.map_err(|error| Failure::unanswered("PUT", &location, &error))?;
        if response.status().is_success() { Ok(()) } else { Err(Failure::answered("PUT", response).await) }
    }

    fn url(&self, rest: &[&str]) -> Result<Url> {
        let mut url = self.base.clone();
        let segments = url.path_segments_mut().map(|mut segments| {
            segments.pop_if_empty().extend(self.name.split('/')).extend(rest);
        });
        segments.map_err(|()| Error::new(Kind::Usage, "form the registry's URL").because(self.registry()))?;
        Ok(url)
    }

    /// Sends a request that may be repeated: logs in when asked to, tries again after
    /// temporary failures.
    async fn send(&self, url: &Url, make: impl Fn() -> RequestBuilder) -> std::result::Result<Response, Failure> {
        self.send_to(url, Redirects::Refuse, make).await
    }

    async fn send_to(
        &self,
        url: &Url,
        redirects: Redirects,
        make: impl Fn() -> RequestBuilder,
    ) -> std::result::Result<Response, Failure> {
        let mut delays = self.transport.retry_delays.iter();
        // Storage that the registry points to must not be able to ask for the login.
        let mut may_log_in = url.origin() == self.base.origin();
        loop {
            let request = self.authorized(make(), url).await;
            let method = method_of(&request);
            let failure = match request.send().await {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) if redirects == Redirects::Return && redirect(&response).is_some() => return Ok(response),
                Ok(response) if response.status() == StatusCode::UNAUTHORIZED && may_log_in => {
                    may_log_in = false;
                    match Challenge::of(response.headers()) {
                        Some(challenge) => match self.log_in(&challenge).await {
                            Ok(()) => continue,
                            Err(failure) => failure,
                        },
                        None => Failure::answered(&method, response).await,
                    }
                }
                Ok(response) => Failure::answered(&method, response).await,
                Err(error) => Failure::unanswered(&method, url, &error),
            };
            match delays.next() {
                Some(delay) if failure.is_temporary() => {
                    let pause = failure.retry_after.unwrap_or(*delay);
                    tracing::warn!(
                        reason = failure.reason,
                        delay_ms = pause.as_millis(),
                        "the registry failed for now, trying again"
                    );
                    tokio::time::sleep(pause).await;
                }
                _ => return Err(failure),
            }
        }
    }

    /// Adds the login to a request to the registry itself; storage that it points to gets none.
    async fn authorized(&self, request: RequestBuilder, url: &Url) -> RequestBuilder {
        match self.authorization.lock().await.as_ref() {
            Some(value) if url.origin() == self.base.origin() => request.header(AUTHORIZATION, value.clone()),
            _ => request,
        }
    }

    async fn log_in(&self, challenge: &Challenge) -> std::result::Result<(), Failure> {
        let value = match (challenge, &self.login) {
            (Challenge::Basic, Some(login)) => basic(login),
            (Challenge::Basic, None) => return Err(refused_login("the registry wants a login and there is none")),
            (Challenge::Bearer { realm, service }, login) => {
                let token = self.token(realm, service.as_deref(), login.as_ref()).await?;
                HeaderValue::from_str(&format!("Bearer {token}")).ok()
            }
        };
        let mut value = value.ok_or_else(|| refused_login("the login holds characters that no header can hold"))?;
        value.set_sensitive(true);
        *self.authorization.lock().await = Some(value);
        Ok(())
    }

    async fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        login: Option<&RegistryLogin>,
    ) -> std::result::Result<String, Failure> {
        let mut url = Url::parse(realm).map_err(|_| refused_login("the registry names no valid token service"))?;
        if url.scheme() != "https" && !(is_loopback(&url) && self.base.scheme() == "http") {
            return Err(refused_login("the registry names a token service without encryption"));
        }
        let mut form: Vec<(&str, &str)> = service.map(|service| ("service", service)).into_iter().collect();
        form.extend(self.scopes.iter().map(|scope| ("scope", scope.as_str())));
        let request = match login {
            Some(login) if login.username == RegistryLogin::IDENTITY_TOKEN => {
                form.extend([("grant_type", "refresh_token"), ("client_id", "liftoff")]);
                form.push(("refresh_token", login.password.expose()));
                let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
                let request = self.transport.http.post(url.clone());
                request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(text)
            }
            _ => {
                url.query_pairs_mut().extend_pairs(form);
                let request = self.transport.http.get(url.clone());
                match login.and_then(basic) {
                    Some(value) => request.header(AUTHORIZATION, value),
                    None => request,
                }
            }
        };
        let response = request.send().await.map_err(|error| Failure::unanswered("GET", &url, &error))?;
        if !response.status().is_success() {
            return Err(Failure::answered("GET", response).await);
        }
        let bytes = body(response, TOKEN_LIMIT, Excess::Refuse).await.map_err(|error| refused_login(&error.to_string()))?;
        let answer: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let token = answer.get("token").or_else(|| answer.get("access_token")).and_then(serde_json::Value::as_str);
        token.map(str::to_owned).ok_or_else(|| refused_login("the token service gave no token"))
    }
}

/// What happens with an answer that points elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Redirects {
    /// It is a failure.
    Refuse,
    /// The caller gets it.
    Return,
}

/// Returns where an answer points to. Within one origin the client has followed already.
fn redirect(response: &Response) -> Option<Url> {
    let elsewhere = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    response.url().join(&header(response, "location").filter(|_| elsewhere)?).ok()
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback_registry)
}

fn refused_login(why: &str) -> Failure {
    Failure { status: Some(StatusCode::UNAUTHORIZED), reason: why.to_owned(), retry_after: None }
}

fn basic(login: &RegistryLogin) -> Option<HeaderValue> {
    let pair = STANDARD.encode(format!("{}:{}", login.username, login.password.expose()));
    let mut value = HeaderValue::from_str(&format!("Basic {pair}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn method_of(request: &RequestBuilder) -> String {
    let built = request.try_clone().and_then(|request| request.build().ok());
    built.map_or_else(|| "request".to_owned(), |request| request.method().to_string())
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::extract::Request;
    use axum::http::StatusCode;
    use axum::response::IntoResponse as _;

    use super::*;

    type Seen = Arc<Mutex<Vec<(String, bool)>>>;

    /// Starts a registry or a storage: it demands a login for paths under `/v2/`, answers them with
    /// a redirect to `location`, and others by their path. Records path and whether a login came.
    async fn serve(location: &str) -> (String, Seen) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let seen = Seen::default();
        let (location, record) = (location.to_owned(), seen.clone());
        let answer = move |request: Request| {
            let path = request.uri().path().to_owned();
            let login = request.headers().contains_key("authorization");
            record.lock().expect("a lock").push((path.clone(), login));
            let answer = match path.as_str() {
                "/content" => "blob".into_response(),
                "/loop" => (StatusCode::FOUND, [("location", "/loop")]).into_response(),
                "/ask" => (StatusCode::UNAUTHORIZED, [("www-authenticate", "Basic realm=\"x\"")]).into_response(),
                _ if !login => (StatusCode::UNAUTHORIZED, [("www-authenticate", "Basic realm=\"x\"")]).into_response(),
                _ => (StatusCode::TEMPORARY_REDIRECT, [("location", location.as_str())]).into_response(),
            };
            std::future::ready(answer)
        };
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
        (address, seen)
    }

    async fn blob(registry: &str) -> Result<Response> {
        let options = crate::http::client::Options::for_transfers(None);
        let http = crate::http::client::build(&crate::env::snapshot::Env::default(), &options).expect("a client");
        let transport = Transport { http, retry_delays: Vec::new() };
        let login = RegistryLogin { username: "u".to_owned(), password: crate::model::secret::Secret::new("p") };
        let repository = Repository::new(&transport, (registry, "a/b"), Some(login), Access::Pull).expect("a name");
        repository.blob(&sha256(b"blob")).await
    }

    #[tokio::test]
    async fn a_blob_is_read_where_the_registry_says_without_the_login() {
        let (storage, asked) = serve("").await;
        let (registry, _) = serve(&format!("http://{storage}/content?sig=x")).await;
        let answer = blob(&registry).await.expect("the blob");
        assert_eq!(answer.text().await.expect("a body"), "blob");
        assert_eq!(*asked.lock().expect("a lock"), [("/content".to_owned(), false)]);
    }

    #[tokio::test]
    async fn storage_cannot_ask_for_the_login() {
        let (storage, asked) = serve("").await;
        let (registry, _) = serve(&format!("http://{storage}/ask")).await;
        assert_eq!(blob(&registry).await.map(drop).map_err(|error| error.kind()), Err(Kind::Auth));
        assert_eq!(*asked.lock().expect("a lock"), [("/ask".to_owned(), false)]);
    }

    #[tokio::test]
    async fn redirects_end_and_never_lead_to_an_unencrypted_place() {
        let (storage, asked) = serve("").await;
        let (endless, _) = serve(&format!("http://{storage}/loop")).await;
        let (plain, _) = serve("http://storage.invalid/content?sig=hush").await;
        for (registry, expected) in
            [(endless, "redirects"), (plain, "http://storage.invalid/content?[query hidden], which is not encrypted")]
        {
            let error = blob(&registry).await.map(drop).expect_err("it is refused");
            assert_eq!(error.kind(), Kind::Transfer, "{error}");
            assert!(error.to_string().contains(expected) && !error.to_string().contains("hush"), "{error}");
        }
        assert!(asked.lock().expect("a lock").iter().all(|(_, login)| !login));
    }
}
