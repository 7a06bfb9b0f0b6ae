//! A small registry on loopback with a token service, for this module's tests.
//! It checks what a registry checks: tokens, digests, and that a manifest's blobs are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::registry::manifest::sha256;

/// The running registry; it ends with the test's runtime.
pub struct FakeRegistry {
    /// Host and port.
    pub address: String,
    state: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    address: String,
    failures: usize,
    uploads: usize,
    blobs: BTreeMap<String, Bytes>,
    owned: BTreeSet<(String, String)>,
    manifests: BTreeMap<(String, String), Bytes>,
}

impl FakeRegistry {
    /// Starts a registry that answers the first `failures` uploads with status 503.
    pub async fn start(failures: usize) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let state = Arc::new(Mutex::new(Inner { address: address.clone(), failures, ..Inner::default() }));
        let app = axum::Router::new().fallback(answer).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, state }
    }

    /// Returns how many blobs were sent in full.
    pub fn uploads(&self) -> usize {
        self.state.lock().expect("a lock").uploads
    }

    /// Returns `repository:tag` of each manifest.
    pub fn tags(&self) -> Vec<String> {
        let state = self.state.lock().expect("a lock");
        let names = state.manifests.keys().filter(|(_, tag)| !tag.starts_with("sha256:"));
        names.map(|(repository, tag)| format!("{repository}:{tag}")).collect()
    }
}

async fn answer(State(state): State<Arc<Mutex<Inner>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let query: BTreeMap<String, String> =
        url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut inner = state.lock().expect("a lock");
    if parts.uri.path() == "/token" {
        // cli:t0ken
        let known = authorization == "Basic Y2xpOnQwa2Vu";
        return if known { r#"{"token":"granted"}"#.into_response() } else { StatusCode::UNAUTHORIZED.into_response() };
    }
    if authorization != "Bearer granted" {
        let challenge = format!(r#"Bearer realm="http://{}/token",service="fake""#, inner.address);
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response();
    }
    let path = parts.uri.path().trim_start_matches("/v2/");
    if let Some((name, rest)) = path.split_once("/blobs/") {
        return inner.blob(&parts.method, (name, rest), &query, body);
    }
    let (name, tag) = path.split_once("/manifests/").expect("a manifest's path");
    inner.manifest(&parts.method, (name, tag), body)
}

impl Inner {
    fn blob(&mut self, method: &Method, (name, rest): (&str, &str), query: &BTreeMap<String, String>, body: Bytes) -> Response {
        if *method == Method::POST {
            let from = query.get("from").cloned().unwrap_or_default();
            let digest = query.get("mount").cloned().unwrap_or_default();
            if self.owned.contains(&(from, digest.clone())) {
                self.owned.insert((name.to_owned(), digest));
                return StatusCode::CREATED.into_response();
            }
            return (StatusCode::ACCEPTED, [(header::LOCATION, format!("/v2/{name}/blobs/uploads/1?state=x"))]).into_response();
        }
        if *method == Method::PUT {
            if self.failures > 0 {
                self.failures -= 1;
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
            let digest = sha256(&body).to_string();
            assert_eq!(query.get("digest"), Some(&digest), "the content has the digest that was announced");
            self.uploads += 1;
            self.blobs.insert(digest.clone(), body);
            self.owned.insert((name.to_owned(), digest));
            return StatusCode::CREATED.into_response();
        }
        match self.owned.contains(&(name.to_owned(), rest.to_owned())) {
            true => self.blobs.get(rest).cloned().unwrap_or_default().into_response(),
            false => StatusCode::NOT_FOUND.into_response(),
        }
    }

    fn manifest(&mut self, method: &Method, (name, tag): (&str, &str), body: Bytes) -> Response {
        if *method == Method::PUT {
            let manifest: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            let layers = manifest["layers"].as_array().expect("layers").iter().chain([&manifest["config"]]);
            for part in layers {
                let digest = part["digest"].as_str().expect("a digest").to_owned();
                assert!(self.owned.contains(&(name.to_owned(), digest)), "blobs come before their manifest");
            }
            self.manifests.insert((name.to_owned(), tag.to_owned()), body.clone());
            self.manifests.insert((name.to_owned(), sha256(&body).to_string()), body);
            return StatusCode::CREATED.into_response();
        }
        match self.manifests.get(&(name.to_owned(), tag.to_owned())) {
            Some(bytes) => bytes.clone().into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }
}
