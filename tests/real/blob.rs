//! Uploads into a real blob service. It keeps no versions, so a proxy names one as the platform's storage does.

use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liftoff::blob::upload::{Limits, Upload, upload};
use liftoff::env::snapshot::Env;
use liftoff::error::{Kind, Result};
use liftoff::http::client::{Options, build};
use liftoff::http::exchange::Caller;
use liftoff::model::ids::BundleVersion;
use liftoff::model::url::SafeUrl;
use md5::{Digest as _, Md5};
use sha2::Sha256;
use url::Url;

use crate::components::variable;

/// The key of the development account, which Azurite's documentation publishes.
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const ACCOUNT: &str = "devstoreaccount1";
const VERSION: &str = "2026-01-12T18:32:20.5898930Z";
const LIMITS: Limits = Limits { single: 1 << 20, block: 400_000, parallel: 3, stall: Duration::from_secs(20) };

/// HMAC with SHA-256, from RFC 2104.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let pad = |with: u8| {
        let mut block = [0_u8; 64];
        block[..key.len()].copy_from_slice(key);
        block.map(|byte| byte ^ with)
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

/// Returns an address below a base, signed for everything: an account SAS of the service's version 2019-02-02.
/// Source: https://learn.microsoft.com/rest/api/storageservices/create-account-sas
fn signed(base: &str, path: &str) -> Url {
    let (permissions, expiry, version) = ("rwdlacup", "2099-01-01T00:00:00Z", "2019-02-02");
    let text = format!("{ACCOUNT}\n{permissions}\nb\nsco\n\n{expiry}\n\n\n{version}\n");
    let key = STANDARD.decode(KEY).expect("base64");
    let mut url = Url::parse(&format!("{base}/{path}")).expect("an address");
    url.query_pairs_mut()
        .extend_pairs([("sv", version), ("ss", "b"), ("srt", "sco"), ("sp", permissions), ("se", expiry)])
        .append_pair("sig", &STANDARD.encode(hmac(&key, text.as_bytes())));
    url
}

fn caller() -> Caller {
    let env = Env::new([], Path::new("/").to_owned());
    Caller::new(build(&env, &Options::for_transfers(None)).expect("a client"))
}

/// Hands a request on to the blob service, and adds a version to what makes a blob whole.
async fn hand_on(State(client): State<reqwest::Client>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let service = Url::parse(&variable("REAL_BLOB")).expect("an address");
    let address = service.join(&parts.uri.to_string()).expect("an address");
    let bytes = to_bytes(body, usize::MAX).await.expect("a body");
    let makes_whole = parts.method == "PUT" && !parts.uri.query().unwrap_or_default().contains("comp=block&");
    let answer = client.request(parts.method, address).headers(parts.headers).body(bytes).send().await.expect("an answer");
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    // These belong to the connection behind.
    for name in ["connection", "content-length", "keep-alive", "transfer-encoding"] {
        response.headers_mut().remove(name);
    }
    if makes_whole && answer.status().is_success() {
        response.headers_mut().insert("x-ms-version-id", HeaderValue::from_static(VERSION));
    }
    *response.body_mut() = Body::from(answer.bytes().await.expect("a body"));
    response
}

/// A container of its own in the blob service, and a proxy in front that names versions.
struct Store {
    container: String,
    proxy: String,
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Store {
    async fn with_file_of(size: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let bytes: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
        std::fs::write(folder.path().join("bundle"), &bytes).expect("a file");
        let client = caller().client;
        let name = folder.path().file_name().and_then(|name| name.to_str()).expect("a name");
        let container = format!("test-{}", name.trim_start_matches('.').to_lowercase());
        let mut address = signed(&variable("REAL_BLOB"), &container);
        address.query_pairs_mut().append_pair("restype", "container");
        let made = client.put(address).header("content-length", 0).send().await.expect("an answer");
        // Two random names that differ in case only share a container, which does no harm.
        assert!(made.status().is_success() || made.status() == 409, "{made:?}");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let proxy = format!("http://{}/{ACCOUNT}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(hand_on).with_state(client);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { container, proxy, folder, bytes }
    }

    async fn upload(&self, base: &str, md5: [u8; 16]) -> Result<BundleVersion> {
        let url = SafeUrl::new(signed(base, &format!("{}/dags.tar.gz", self.container)));
        let file = self.folder.path().join("bundle");
        upload(&caller(), &Upload { url: &url, file: &file, md5: Some(md5) }, &LIMITS, &|_, _| {}).await
    }

    async fn stored(&self) -> (HeaderMap, Vec<u8>) {
        let url = signed(&variable("REAL_BLOB"), &format!("{}/dags.tar.gz", self.container));
        let answer = caller().client.get(url).send().await.expect("an answer").error_for_status().expect("a blob");
        (answer.headers().clone(), answer.bytes().await.expect("a body").to_vec())
    }

    fn md5(&self) -> [u8; 16] {
        Md5::digest(&self.bytes).into()
    }
}

#[tokio::test]
async fn one_put_and_many_blocks_arrive_byte_for_byte() {
    for size in [0, 1, LIMITS.single as usize, LIMITS.single as usize + 1, 3_000_000] {
        let store = Store::with_file_of(size).await;
        let version = store.upload(&store.proxy, store.md5()).await.unwrap_or_else(|error| panic!("{size}: {error}"));
        assert_eq!(version.as_str(), VERSION);
        let (headers, bytes) = store.stored().await;
        assert!(bytes == store.bytes, "{size}: {} bytes arrived", bytes.len());
        assert_eq!(headers["content-md5"], STANDARD.encode(store.md5()).as_str(), "{size}");
        assert_eq!(headers["content-type"], "application/x-tar", "{size}");
    }
}

#[tokio::test]
async fn a_store_that_names_no_version_is_an_error_of_ours() {
    for size in [100, LIMITS.single as usize + 1] {
        let store = Store::with_file_of(size).await;
        let error = store.upload(&variable("REAL_BLOB"), store.md5()).await.expect_err("no version");
        assert_eq!(error.kind(), Kind::Transfer);
        assert!(error.to_string().contains("named no version in x-ms-version-id"), "{error}");
        assert!(store.stored().await.1 == store.bytes, "the store has it all the same");
    }
}

#[tokio::test]
async fn a_damaged_upload_and_a_wrong_signature_are_refused_without_saying_it() {
    let store = Store::with_file_of(100).await;
    let error = store.upload(&store.proxy, [7; 16]).await.expect_err("another checksum");
    assert_eq!(error.kind(), Kind::Refused, "{error}");
    let url = signed(&store.proxy, &format!("{}/dags.tar.gz", store.container));
    let forged = SafeUrl::parse(&url.as_str().replace("sp=rwdlacup", "sp=rwdlacupx")).expect("an address");
    let file = store.folder.path().join("bundle");
    let request = Upload { url: &forged, file: &file, md5: None };
    let error = upload(&caller(), &request, &LIMITS, &|_, _| {}).await.expect_err("a wrong signature");
    assert_eq!(error.kind(), Kind::Refused, "{error}");
    assert!(!format!("{error} {error:?}").contains("sig="), "{error:?}");
}
