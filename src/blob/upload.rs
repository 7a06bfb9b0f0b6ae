//! Puts a bundle into the blob store and returns the version that the store gave it.
//! The signed URL is the only credential; no other one is ever sent to this host.
//!
//! Requests: https://learn.microsoft.com/rest/api/storageservices/put-blob, put-block and
//! put-block-list; `reference/astro-platform.md` 3.6.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{StreamExt as _, TryStreamExt as _};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Method};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use crate::blob::refusal::{Refusal, explained};
use crate::error::{Error, Kind, Result};
use crate::http::exchange::{Answer, Caller, Request, exchange};
use crate::http::failure::{Cause, Failure, Outcome};
use crate::http::retry::Repeat;
use crate::model::ids::BundleVersion;
use crate::model::url::SafeUrl;

/// Bytes read from the file and handed to the connection at a time.
const CHUNK: usize = 256 << 10;

/// Most blocks that one blob may have.
const MOST_BLOCKS: u64 = 50_000;

const BLOB_TYPE: HeaderName = HeaderName::from_static("x-ms-blob-type");
const BLOB_CONTENT_TYPE: HeaderName = HeaderName::from_static("x-ms-blob-content-type");
const BLOB_MD5: HeaderName = HeaderName::from_static("x-ms-blob-content-md5");
const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
const VERSION_ID: &str = "x-ms-version-id";

/// The vendor's own deploy guide sends this type for compressed bundles, too.
const TAR: HeaderValue = HeaderValue::from_static("application/x-tar");

/// A bundle to be uploaded.
#[derive(Debug, Clone, Copy)]
pub struct Upload<'a> {
    /// Where to, with its signature.
    pub url: &'a SafeUrl,
    /// The file; it must not change during the upload.
    pub file: &'a Path,
    /// MD5 of the file, which the store then checks (one request) or keeps (several).
    pub md5: Option<[u8; 16]>,
}

/// How an upload is cut up and watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest file in bytes that goes in one request.
    pub single: u64,
    /// Size of a block in bytes; larger where a file would have more than 50,000.
    pub block: u64,
    /// Blocks under way at the same time.
    pub parallel: usize,
    /// Longest time in which no byte moves.
    pub stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { single: 64 << 20, block: 16 << 20, parallel: 4, stall: Duration::from_secs(60) }
    }
}

/// Uploads a file and returns the version by which the deploy is finalized. `progress` gets the
/// bytes sent so far and in all; it may go back when a part is sent again. The `caller`'s client
/// must have no idle timeout, because that would bound the whole upload.
///
/// # Errors
/// Fails with `Refused` when the store does not accept the upload, with `Transfer` after all
/// tries or when the store gives no version, and with `Project` when the file cannot be read.
pub async fn upload(
    caller: &Caller,
    upload: &Upload<'_>,
    limits: &Limits,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<BundleVersion> {
    let size = tokio::fs::metadata(upload.file).await.map_err(|error| unreadable(upload.file, &error))?.len();
    let transfer = Transfer { caller, upload, limits, progress, size, sent: Arc::new(AtomicU64::new(0)) };
    progress(0, size);
    let answer = if size <= limits.single { transfer.in_one().await } else { transfer.in_blocks().await };
    let answer = answer.map_err(|failure| explained(failure, "upload the bundle"))?;
    progress(size, size);
    version(&answer)
}

/// One upload under way.
struct Transfer<'a> {
    caller: &'a Caller,
    upload: &'a Upload<'a>,
    limits: &'a Limits,
    progress: &'a (dyn Fn(u64, u64) + Sync),
    size: u64,
    sent: Arc<AtomicU64>,
}

/// A part of the file.
#[derive(Debug, Clone, Copy)]
struct Part {
    offset: u64,
    length: u64,
}

impl Transfer<'_> {
    async fn in_one(&self) -> Outcome<Answer> {
        let whole = Part { offset: 0, length: self.size };
        let mut headers = HeaderMap::from_iter([(BLOB_TYPE, HeaderValue::from_static("BlockBlob")), (CONTENT_TYPE, TAR)]);
        headers.extend(self.md5().map(|md5| (CONTENT_MD5, md5)));
        self.caller.persist(Repeat::Safe, || self.put_part(self.upload.url, &headers, whole)).await
    }

    async fn in_blocks(&self) -> Outcome<Answer> {
        let block = self.limits.block.max(self.size.div_ceil(MOST_BLOCKS)).max(1);
        let parts: Vec<Part> = (0..self.size.div_ceil(block))
            .map(|index| Part { offset: index * block, length: block.min(self.size - index * block) })
            .collect();
        self.put_blocks(&parts).await?;
        match self.put_list(parts.len()).await {
            // The store forgets blocks, for one when a list was taken whose answer got lost.
            Err(failure) if is_unknown_block(&failure) => {
                tracing::warn!(reason = %failure, "the store forgot blocks; sending them again");
                self.sent.store(0, Ordering::Relaxed);
                self.put_blocks(&parts).await?;
                self.put_list(parts.len()).await
            }
            outcome => outcome,
        }
    }

    async fn put_blocks(&self, parts: &[Part]) -> Outcome<()> {
        let headers = HeaderMap::new();
        let headers = &headers;
        let puts = parts.iter().enumerate().map(|(index, part)| async move {
            let url = with_query(self.upload.url, &[("comp", "block"), ("blockid", &block_id(index))]);
            let url = &url;
            self.caller.persist(Repeat::Safe, || self.put_part(url, headers, *part)).await.map(drop)
        });
        futures_util::stream::iter(puts).buffer_unordered(self.limits.parallel.max(1)).try_collect().await
    }

    async fn put_list(&self, count: usize) -> Outcome<Answer> {
        let url = with_query(self.upload.url, &[("comp", "blocklist")]);
        let xml = HeaderValue::from_static("application/xml");
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, xml), (BLOB_CONTENT_TYPE, TAR)]);
        headers.extend(self.md5().map(|md5| (BLOB_MD5, md5)));
        let request = Request { method: Method::PUT, url, headers, body: block_list(count).into_bytes() };
        self.caller.call(Repeat::Safe, &request).await
    }

    /// Sends a part once, watching that bytes keep moving.
    async fn put_part(&self, url: &SafeUrl, headers: &HeaderMap, part: Part) -> Outcome<Answer> {
        let own = Arc::new(AtomicU64::new(0));
        let body = match self.body(part, Arc::clone(&own)).await {
            Ok(body) => body,
            Err(error) => {
                return Err(Failure::unsent(Method::PUT, url.clone(), unreadable(self.upload.file, &error).to_string()));
            }
        };
        let request = self.caller.client.put(url.expose().clone()).headers(headers.clone());
        // Without the length the request would be sent in chunks, which the store refuses.
        let request = request.header(CONTENT_LENGTH, part.length).body(body);
        let sending = exchange(&Method::PUT, url, request);
        let outcome = tokio::select! {
            outcome = sending => outcome,
            () = self.stalled(&own) => {
                let reason = format!("no byte moved for {:?}", self.limits.stall);
                Err(Failure::silence(Method::PUT, url.clone(), reason))
            }
        };
        if outcome.is_err() {
            self.sent.fetch_sub(own.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        outcome
    }

    async fn body(&self, part: Part, own: Arc<AtomicU64>) -> std::io::Result<Body> {
        let mut file = File::open(self.upload.file).await?;
        file.seek(std::io::SeekFrom::Start(part.offset)).await?;
        let sent = Arc::clone(&self.sent);
        let counted = ReaderStream::with_capacity(file.take(part.length), CHUNK).inspect_ok(move |chunk| {
            own.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            sent.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        });
        Ok(Body::wrap_stream(counted))
    }

    /// Ends when a part has not moved for too long; reports progress meanwhile.
    async fn stalled(&self, own: &AtomicU64) {
        let tick = (self.limits.stall / 20).clamp(Duration::from_millis(1), Duration::from_millis(250));
        let mut moved = (own.load(Ordering::Relaxed), tokio::time::Instant::now());
        loop {
            tokio::time::sleep(tick).await;
            (self.progress)(self.sent.load(Ordering::Relaxed).min(self.size), self.size);
            let now = own.load(Ordering::Relaxed);
            if now != moved.0 {
                moved = (now, tokio::time::Instant::now());
            } else if moved.1.elapsed() >= self.limits.stall {
                return;
            }
        }
    }

    fn md5(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&STANDARD.encode(self.upload.md5?)).ok()
    }
}

fn is_unknown_block(failure: &Failure) -> bool {
    matches!(&failure.cause, Cause::Status { code: 400, body, .. } if Refusal::parse(body).code == "InvalidBlockList")
}

/// Adds to the query; what is signed stays as it is, byte for byte.
fn with_query(url: &SafeUrl, pairs: &[(&str, &str)]) -> SafeUrl {
    let mut url = url.expose().clone();
    url.query_pairs_mut().extend_pairs(pairs);
    SafeUrl::new(url)
}

/// Ids of one blob's blocks must all have the same length.
fn block_id(index: usize) -> String {
    STANDARD.encode(format!("block-{index:06}"))
}

fn block_list(count: usize) -> String {
    let mut list = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>");
    for index in 0..count {
        // Writing to a string cannot fail.
        let _ = write!(list, "<Latest>{}</Latest>", block_id(index));
    }
    list.push_str("</BlockList>");
    list
}

fn version(answer: &Answer) -> Result<BundleVersion> {
    let value = answer.headers.get(VERSION_ID).and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    if value.is_empty() {
        return Err(Error::new(Kind::Transfer, "upload the bundle")
            .because(format!("the store took it ({}) but named no version in {VERSION_ID}", answer.status))
            .hint("without a version the deploy cannot be finalized; a proxy may drop the header"));
    }
    Ok(BundleVersion::new(value))
}

fn unreadable(file: &Path, error: &std::io::Error) -> Error {
    Error::new(Kind::Project, format!("read the bundle {}", file.display())).because(error)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Mutex;

    use astro_sim::faults::{Effect, Fault};
    use astro_sim::sim::Sim;
    use astro_sim::world::state::World;

    use super::*;
    use crate::env::snapshot::Env;
    use crate::http::client::{Options, build};
    use crate::http::retry::RetryPolicy;
    use crate::http::scripted::{Reply, Script};

    const LIMITS: Limits = Limits { single: 1_000, block: 300, parallel: 3, stall: Duration::from_secs(20) };

    /// A simulated store, a signed URL, and a file to put there.
    struct Bench {
        sim: Sim,
        url: SafeUrl,
        folder: tempfile::TempDir,
        bytes: Vec<u8>,
    }

    impl Bench {
        async fn with_file_of(size: usize) -> Self {
            let sim = Sim::start(World::sandbox()).await.expect("a simulator");
            let signed = sim.with(|world| {
                world.blobs.create("d/bundle.tar.gz");
                world.blobs.sign("d/bundle.tar.gz", world.clock.now())
            });
            let url = SafeUrl::parse(&format!("{}/blob/bundles/d/bundle.tar.gz?{signed}", sim.url())).expect("a URL");
            let folder = tempfile::tempdir().expect("a folder");
            let bytes: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
            std::fs::write(folder.path().join("bundle"), &bytes).expect("written");
            Self { sim, url, folder, bytes }
        }

        fn fault(&self, operation: &str, times: u32, effect: Effect) {
            self.sim.with(|world| world.faults.push(Fault::on(operation, times, effect)));
        }

        async fn upload(&self, limits: &Limits) -> Result<BundleVersion> {
            let file = self.folder.path().join("bundle");
            upload(&caller(), &Upload { url: &self.url, file: &file, md5: None }, limits, &|_, _| {}).await
        }

        fn operations(&self) -> Vec<String> {
            self.sim.journal().iter().map(|entry| entry.operation.clone()).collect()
        }

        /// Asserts that the version holds the file, and that no request was out of order.
        fn assert_stored(&self, version: &BundleVersion) {
            let stored = self.sim.with(|world| world.blob(version.as_str())).expect("a stored version");
            assert!(stored == self.bytes, "{} bytes are stored, {} were sent", stored.len(), self.bytes.len());
            assert_eq!(self.sim.violations(), Vec::<String>::new());
        }
    }

    fn caller() -> Caller {
        let client = build(&Env::new([], PathBuf::new()), &Options::for_transfers(None)).expect("a client");
        let retry = RetryPolicy {
            tries: 3,
            first_delay: Duration::from_millis(2),
            longest_delay: Duration::from_millis(4),
            longest_request: Duration::from_millis(20),
        };
        Caller { client, retry, answer_timeout: Duration::from_secs(20) }
    }

    #[tokio::test]
    async fn small_files_go_in_one_request_and_large_ones_in_blocks() {
        for (size, requests) in [(0, 1), (1, 1), (1_000, 1), (1_001, 5), (1_200, 5), (3_001, 12)] {
            let bench = Bench::with_file_of(size).await;
            let version = bench.upload(&LIMITS).await.expect("uploaded");
            bench.assert_stored(&version);
            assert_eq!(bench.operations().len(), requests, "{size}: {:?}", bench.operations());
        }
    }

    #[tokio::test]
    async fn every_part_survives_temporary_failures() {
        for operation in ["PutBlob", "PutBlock", "PutBlockList"] {
            for effect in
                [Effect::Status(503, String::new()), Effect::CutBeforeAnswer, Effect::CutBeforeRequest, Effect::RetryAfter(0)]
            {
                let bench = Bench::with_file_of(if operation == "PutBlob" { 900 } else { 2_000 }).await;
                bench.fault(operation, 2, effect.clone());
                let version = bench.upload(&LIMITS).await.unwrap_or_else(|error| panic!("{operation} {effect:?}: {error}"));
                bench.assert_stored(&version);
            }
        }
    }

    #[tokio::test]
    async fn a_silent_store_is_given_up_and_tried_again() {
        let bench = Bench::with_file_of(900).await;
        bench.fault("PutBlob", 1, Effect::Hang);
        let version = bench.upload(&Limits { stall: Duration::from_millis(300), ..LIMITS }).await.expect("uploaded");
        bench.assert_stored(&version);
        assert_eq!(bench.operations().len(), 2);
    }

    #[tokio::test]
    async fn an_expired_url_is_said_to_be_expired() {
        let bench = Bench::with_file_of(10).await;
        bench.sim.with(|world| world.clock.advance(Duration::from_secs(100_000)));
        let error = bench.upload(&LIMITS).await.expect_err("expired");
        assert_eq!(error.kind(), Kind::Refused);
        let text = format!("{error} {error:?}");
        assert!(text.contains("the upload URL has expired") && text.contains("AuthenticationFailed"), "{text}");
        assert!(!text.contains("sig="), "{text}");
        assert_eq!(bench.operations().len(), 1, "a refusal is not tried again");
    }

    #[tokio::test]
    async fn a_store_that_names_no_version_is_an_error() {
        let bench = Bench::with_file_of(10).await;
        bench.fault("PutBlob", 1, Effect::DropHeader("x-ms-version-id".to_owned()));
        let error = bench.upload(&LIMITS).await.expect_err("no version");
        assert_eq!(error.kind(), Kind::Transfer);
        assert!(error.to_string().contains("named no version"), "{error}");
    }

    #[tokio::test]
    async fn a_request_carries_what_the_store_needs_and_no_credential() {
        let version = || Reply::Answer(201, "x-ms-version-id: v1\r\n", String::new());
        let script = Script::start(vec![version()]).await;
        let bench = Bench::with_file_of(10).await;
        let file = bench.folder.path().join("bundle");
        let url = script.url("/c/b?sig=hush");
        let sent = upload(&caller(), &Upload { url: &url, file: &file, md5: Some([7; 16]) }, &LIMITS, &|_, _| {}).await;
        assert_eq!(sent.expect("uploaded").as_str(), "v1");
        let request = script.requests().concat().to_lowercase();
        for header in [
            "put /c/b?sig=hush http/1.1",
            "x-ms-blob-type: blockblob",
            "content-type: application/x-tar",
            "content-length: 10",
            "content-md5: bwchbwchbwchbwchbwchbw==",
        ] {
            assert!(request.contains(header), "{header}: {request}");
        }
        assert!(!request.contains("authorization") && !request.contains("transfer-encoding"), "{request}");
    }

    #[tokio::test]
    async fn progress_ends_with_the_whole_file() {
        let bench = Bench::with_file_of(2_000).await;
        let seen = Mutex::new(Vec::new());
        let file = bench.folder.path().join("bundle");
        let note = |sent, total| seen.lock().expect("no panic").push((sent, total));
        upload(&caller(), &Upload { url: &bench.url, file: &file, md5: None }, &LIMITS, &note).await.expect("uploaded");
        let seen = seen.into_inner().expect("no panic");
        assert_eq!((seen.first(), seen.last()), (Some(&(0, 2_000)), Some(&(2_000, 2_000))));
    }

    #[tokio::test]
    async fn a_missing_file_is_not_a_transfer_failure() {
        let bench = Bench::with_file_of(10).await;
        std::fs::remove_file(bench.folder.path().join("bundle")).expect("removed");
        assert_eq!(bench.upload(&LIMITS).await.expect_err("no file").kind(), Kind::Project);
    }

    #[test]
    fn a_signature_survives_added_parameters() {
        let signed =
            SafeUrl::parse("https://blob.example/c/dags?sv=2026&se=2026-01-01T00%3A00%3A00Z&sig=a%2Bb%2Fc%3D").expect("a URL");
        let url = with_query(&signed, &[("comp", "block"), ("blockid", "YmxvY2stMDAwMDAw")]);
        assert_eq!(
            url.expose().as_str(),
            "https://blob.example/c/dags?sv=2026&se=2026-01-01T00%3A00%3A00Z&sig=a%2Bb%2Fc%3D&comp=block&blockid=YmxvY2stMDAwMDAw"
        );
    }

    #[test]
    fn block_ids_have_one_length_and_their_order() {
        let ids: Vec<String> = [0, 9, 49_999].map(block_id).into();
        assert!(ids.iter().all(|id| id.len() == ids[0].len()));
        assert_eq!(
            block_list(2),
            format!(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList><Latest>{}</Latest><Latest>{}</Latest></BlockList>",
                block_id(0),
                block_id(1)
            )
        );
    }

    #[test]
    fn a_version_is_taken_without_its_line_end_and_never_empty() {
        let answer = |value: Option<&str>| Answer {
            status: reqwest::StatusCode::CREATED,
            headers: value
                .map(|value| (HeaderName::from_static(VERSION_ID), HeaderValue::from_str(value).expect("a value")))
                .into_iter()
                .collect(),
            body: Vec::new(),
        };
        let read = version(&answer(Some("2026-01-02T03:04:05.5898930Z "))).expect("a version");
        assert_eq!(read.as_str(), "2026-01-02T03:04:05.5898930Z");
        for missing in [None, Some(""), Some("  ")] {
            assert_eq!(version(&answer(missing)).expect_err("no version").kind(), Kind::Transfer);
        }
    }
}
