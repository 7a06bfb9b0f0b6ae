//! The server: takes connections, reads requests, applies faults, asks the faces and writes the journal.
//! It must not know what any face does.

use std::convert::Infallible;
use std::future;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::contract::Contract;
use crate::exchange::{Answer, Call};
use crate::faces::registry_place::TOKEN_PATH;
use crate::faces::{airflow, astro, azure_devops, bitbucket, bitbucket_dc, blob, gitea, github, gitlab, registry};
use crate::faults::{self, Effect, Face, Target};
use crate::gates::Gates;
use crate::journal::JournalEntry;
use crate::spelling::{Plus, decode, parse_pairs};
use crate::world::state::World;

/// Room made for a body before its bytes arrive, whatever its `Content-Length` claims.
const FIRST_ROOM: u64 = 64 << 20;

/// What the server's connections share.
#[derive(Debug)]
pub struct Shared {
    world: Mutex<World>,
    journal: Mutex<Vec<JournalEntry>>,
    gates: Gates,
    contract: Contract,
}

impl Shared {
    /// Returns the shared state of a world.
    pub fn new(world: World, contract: Contract) -> Shared {
        Shared { world: Mutex::new(world), journal: Mutex::default(), gates: Gates::default(), contract }
    }

    /// Returns the world, alone for as long as the guard lives.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the gates.
    pub fn gates(&self) -> &Gates {
        &self.gates
    }

    /// Returns the journal.
    pub fn journal(&self) -> MutexGuard<'_, Vec<JournalEntry>> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes connections until told to stop; then every open one is closed.
pub async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stop: oneshot::Receiver<Infallible>) {
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            _ = &mut stop => return,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        // A failed accept concerns one client only.
        let Ok((stream, _)) = stream else { continue };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(move |request| serve(Arc::clone(&shared), request));
            // A broken connection is the client's affair, or a fault of ours on purpose.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Answers one request; an error closes the connection without an answer.
async fn serve(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let mut call = Call {
        method: parts.method.as_str().to_owned(),
        path: decode(parts.uri.path(), Plus::Kept),
        raw_path: parts.uri.path().to_owned(),
        query: parse_pairs(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body: Bytes::new(),
    };
    let face = face(&call.path);
    let operation = operation(&shared, face, &call);
    let target = Target { face, operation: &operation, method: &call.method, path: &call.path };
    let (effect, limit) = {
        let mut world = shared.world();
        (faults::strike(&mut world.faults, target), world.body_limit)
    };
    let mut entry = JournalEntry::open(face, &operation, &call);
    entry.fault = effect.clone();
    let applied = match &effect {
        Some(Effect::CutBeforeRequest) => return cut(&shared, entry),
        Some(Effect::Hang) => {
            shared.journal().push(entry);
            return future::pending().await;
        }
        Some(Effect::Status(status, text)) => {
            Some(Answer::empty(*status).header("content-type", "application/json").body(text.clone()))
        }
        Some(Effect::RetryAfter(seconds)) => Some(too_many(*seconds)),
        _ => None,
    };
    let read = read_body(body, limit, &mut call).await?;
    entry.request_bytes = call.body.len() as u64;
    if let Some(Effect::Gate(gate)) = &effect {
        shared.gates.pass(gate).await;
    }
    let answer = match (applied, read) {
        (Some(answer), _) => answer,
        (None, Read::TooLong) => Answer::empty(413).violating(format!("a body is longer than {limit} bytes")),
        (None, Read::Whole) => answer(&shared, face, &call),
    };
    match &effect {
        Some(Effect::Delay(millis)) => tokio::time::sleep(Duration::from_millis(*millis)).await,
        Some(Effect::GateAnswer(gate)) => shared.gates.pass(gate).await,
        _ => {}
    }
    entry.violation = answer.violation.clone();
    if effect == Some(Effect::CutBeforeAnswer) {
        return cut(&shared, entry);
    }
    let answer = spoil(answer, effect);
    entry.status = Some(answer.status);
    shared.journal().push(entry);
    Ok(respond(answer))
}

fn face(path: &str) -> Face {
    match path {
        _ if path.starts_with("/v1/") => Face::Astro,
        _ if path.starts_with(blob::PREFIX) => Face::Blob,
        _ if path == TOKEN_PATH || path == "/v2" || path.starts_with(registry::PREFIX) => Face::Registry,
        _ if path.starts_with(github::PREFIX) => Face::GitHub,
        _ if path.starts_with(gitlab::PREFIX) => Face::GitLab,
        _ if path.starts_with(bitbucket::PREFIX) => Face::Bitbucket,
        _ if path.starts_with(bitbucket_dc::PREFIX) => Face::BitbucketDc,
        _ if path.starts_with(gitea::PREFIX) => Face::Gitea,
        _ if path.starts_with(azure_devops::PREFIX) => Face::AzureDevOps,
        _ if path.starts_with(airflow::PREFIX) => Face::Airflow,
        _ => Face::Unknown,
    }
}

fn operation(shared: &Shared, face: Face, call: &Call) -> String {
    match face {
        Face::Astro => astro::operation(&shared.contract, call),
        Face::Blob => blob::operation(call).to_owned(),
        Face::Registry => registry::operation(call).to_owned(),
        Face::GitHub => github::operation(call).to_owned(),
        Face::GitLab => gitlab::operation(call).to_owned(),
        Face::Bitbucket => bitbucket::operation(call).to_owned(),
        Face::BitbucketDc => bitbucket_dc::operation(call).to_owned(),
        Face::Gitea => gitea::operation(call).to_owned(),
        Face::AzureDevOps => azure_devops::operation(call).to_owned(),
        Face::Airflow => airflow::operation(call).to_owned(),
        Face::Unknown => String::new(),
    }
}

fn answer(shared: &Shared, face: Face, call: &Call) -> Answer {
    let world = &mut *shared.world();
    match face {
        Face::Astro => astro::answer(world, &shared.contract, call),
        Face::Blob => blob::answer(world, call),
        Face::Registry => registry::answer(world, call),
        Face::GitHub => github::answer(world, call),
        Face::GitLab => gitlab::answer(world, call),
        Face::Bitbucket => bitbucket::answer(world, call),
        Face::BitbucketDc => bitbucket_dc::answer(world, call),
        Face::Gitea => gitea::answer(world, call),
        Face::AzureDevOps => azure_devops::answer(world, call),
        Face::Airflow => airflow::answer(world, call),
        Face::Unknown => Answer::empty(501).violating(format!("unknown route {} {}", call.method, call.path)),
    }
}

/// How much of a body could be read.
enum Read {
    Whole,
    TooLong,
}

async fn read_body(mut body: Incoming, limit: u64, call: &mut Call) -> io::Result<Read> {
    let announced = call.header("content-length").and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    let mut whole = BytesMut::with_capacity(usize::try_from(announced.min(limit).min(FIRST_ROOM)).unwrap_or_default());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(io::Error::other)?.into_data() else { continue };
        if (whole.len() + data.len()) as u64 > limit {
            return Ok(Read::TooLong);
        }
        whole.extend_from_slice(&data);
    }
    call.body = whole.freeze();
    Ok(Read::Whole)
}

fn cut(shared: &Shared, entry: JournalEntry) -> io::Result<Response<Full<Bytes>>> {
    shared.journal().push(entry);
    Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut by a fault"))
}

fn too_many(seconds: u64) -> Answer {
    let body = r#"{"message":"Too many requests","requestId":"sim-request-limit","statusCode":429}"#;
    Answer::empty(429).header("content-type", "application/json").header("retry-after", &seconds.to_string()).body(body)
}

fn spoil(mut answer: Answer, effect: Option<Effect>) -> Answer {
    match effect {
        Some(Effect::BrokenJson) => answer.body = answer.body.slice(..answer.body.len() / 2),
        Some(Effect::DropHeader(name)) => drop(answer.headers.remove(name.as_str())),
        _ => {}
    }
    answer
}

fn respond(answer: Answer) -> Response<Full<Bytes>> {
    let status = answer.status_code();
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = status;
    *response.headers_mut() = answer.headers;
    response
}
