//! Real Airflows that `tests/real/run` started, each behind a proxy that takes a token as Astro does.
//! It knows neither what is copied nor what is tested.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::components::variable;

/// The major versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Major {
    /// Airflow 2.11 with the API v1.
    Two,
    /// Airflow 3.1 with the API v2.
    Three,
}

/// A pair of Airflows of one version. One scene at a time has it, and finds it empty.
pub struct Pair {
    /// The one that is copied.
    pub source: Airflow,
    /// The one that gets the copy.
    pub target: Airflow,
    _turn: MutexGuard<'static, ()>,
}

static TURNS: [Mutex<()>; 2] = [Mutex::new(()), Mutex::new(())];

impl Pair {
    /// Takes the pair of a version, and empties both.
    pub fn new(major: Major) -> Self {
        let turn = match major {
            Major::Two => &TURNS[0],
            Major::Three => &TURNS[1],
        };
        let turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = Self { source: Airflow::new(major, "source"), target: Airflow::new(major, "target"), _turn: turn };
        pair.source.empty();
        pair.target.empty();
        pair
    }
}

/// A running Airflow.
pub struct Airflow {
    major: Major,
    home: PathBuf,
    programs: PathBuf,
    api: String,
    credential: String,
}

impl Airflow {
    fn new(major: Major, side: &str) -> Self {
        let (number, version) = match major {
            Major::Two => ("2", "v1"),
            Major::Three => ("3", "v2"),
        };
        let home = Path::new(&variable("REAL_AIRFLOW_HOMES")).join(format!("{number}-{side}"));
        let port = std::fs::read_to_string(home.join("port")).expect("a port");
        let root = format!("http://127.0.0.1:{port}");
        let credential = match major {
            // Of `admin` with the password `admin`.
            Major::Two => "Basic YWRtaW46YWRtaW4=".to_owned(),
            Major::Three => format!("Bearer {}", token(&format!("{root}/auth/token"))),
        };
        let programs = Path::new(&variable("REAL_AIRFLOW")).join(number).join("bin");
        Self { major, home, programs, api: format!("{root}/api/{version}"), credential }
    }

    /// Starts a proxy that takes this token.
    pub fn behind(&self, token: &str) -> Proxy {
        Proxy::start(&self.api, &self.credential, token)
    }

    /// Asks the API as its administrator, and expects success.
    pub fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) = self.try_ask(method.clone(), path, body);
        assert!(status.is_success(), "{method} {path} was answered {status}: {answer}");
        answer
    }

    /// Asks the API as its administrator.
    pub fn try_ask(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let url = format!("{}{path}", self.api);
        let (credential, body) = (self.credential.clone(), body.map(Value::to_string));
        on_a_thread(async move {
            let mut request = client().request(method, url).header("authorization", credential);
            if let Some(body) = body {
                request = request.header("content-type", "application/json").body(body);
            }
            let answer = request.send().await.expect("an answer");
            let status = answer.status();
            (status, serde_json::from_slice(&answer.bytes().await.expect("a body")).unwrap_or_default())
        })
    }

    /// Writes files of DAGs and has them parsed, as a scheduler or a DAG processor does it once.
    pub fn parse(&self, files: &[(&str, &str)]) {
        for (name, text) in files {
            std::fs::write(self.home.join("dags").join(name), text).expect("a file");
        }
        let arguments: &[&str] = match self.major {
            Major::Two => &["scheduler", "--skip-serve-logs", "--num-runs", "6"],
            Major::Three => &["dag-processor", "--num-runs", "1"],
        };
        let output = self.program("airflow", arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Has tasks run, as a scheduler does it, while something is done.
    pub async fn scheduling<T>(&self, work: impl Future<Output = T>) -> T {
        let log = std::fs::File::create(self.home.join("scheduler.log")).expect("a log");
        let mut command = self.command("airflow", &["scheduler", "--skip-serve-logs"]);
        let root = self.api.rsplit_once("/api/").expect("an API").0;
        command.env("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", format!("{root}/execution/"));
        command.stdout(log.try_clone().expect("a log")).stderr(log);
        let scheduler = Scheduler(command.spawn().expect("the scheduler starts"));
        let result = work.await;
        drop(scheduler);
        result
    }

    /// Makes the DAGs folder hold exactly these files.
    pub fn take(&self, files: impl Iterator<Item = (String, Vec<u8>)>) {
        let folder = self.home.join("dags");
        std::fs::remove_dir_all(&folder).expect("an old folder");
        std::fs::create_dir(&folder).expect("a folder");
        for (name, content) in files {
            let file = folder.join(name);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
            std::fs::write(file, content).expect("a file");
        }
    }

    /// Returns the rows of a query to the database, as the Airflow behind the API has it. Nothing in it is encrypted.
    pub fn rows(&self, query: &str) -> Value {
        self.database(&[query])
    }

    fn empty(&self) {
        self.database(&[
            "DELETE FROM connection",
            "DELETE FROM variable",
            "DELETE FROM slot_pool WHERE pool <> 'default_pool'",
            "UPDATE slot_pool SET slots = 128, include_deferred = 0",
        ]);
    }

    /// Runs statements and returns the rows of the last one.
    fn database(&self, statements: &[&str]) -> Value {
        let script = "import json, sqlite3, sys\n\
            with sqlite3.connect(sys.argv[1], timeout=30) as database:\n  \
              rows = [database.execute(statement).fetchall() for statement in sys.argv[2:]]\n\
            print(json.dumps(rows[-1]))";
        let database = self.home.join("airflow.db");
        let arguments = [&["-S", "-c", script, database.to_str().expect("UTF-8")], statements].concat();
        let output = self.program("python", &arguments);
        assert!(output.status.success(), "{statements:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("rows")
    }

    fn program(&self, name: &str, arguments: &[&str]) -> Output {
        self.command(name, arguments).output().expect("the program starts")
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.args(arguments).env("AIRFLOW_HOME", &self.home).env("PATH", &self.programs);
        command
    }
}

/// A scheduler, which ends with what it was started for, also when that fails.
struct Scheduler(std::process::Child);

impl Drop for Scheduler {
    fn drop(&mut self) {
        // With SIGKILL it would leave its workers behind.
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// What a proxy does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Hands it on.
    Fine,
    /// Answers with this status in Airflow's place.
    Away(u16),
    /// Hands it on and loses the answer.
    Forgetful,
    /// Answers as an Airflow that has nothing.
    Blind,
}

/// A request that a proxy saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The path and the query, as they were sent.
    pub path: String,
    /// The body.
    pub body: String,
}

/// A proxy on a thread of its own, so that it serves whole programs as well. It ends with the test.
pub struct Proxy {
    /// The address of the API, as Astro would tell it, with a scheme.
    pub url: String,
    state: Arc<ProxyState>,
    _stop: tokio::sync::oneshot::Sender<()>,
}

struct ProxyState {
    api: String,
    credential: String,
    expected: String,
    seen: Mutex<Vec<Seen>>,
    moods: Mutex<Vec<(Method, &'static str, Mood)>>,
}

impl Proxy {
    fn start(api: &str, credential: &str, token: &str) -> Self {
        let state = Arc::new(ProxyState {
            api: api.to_owned(),
            credential: credential.to_owned(),
            expected: format!("Bearer {token}"),
            seen: Mutex::default(),
            moods: Mutex::default(),
        });
        let (address, addresses) = mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let app = Router::new().fallback(hand_on).with_state(Arc::clone(&state));
        std::thread::spawn(move || {
            runtime().block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
                address.send(listener.local_addr().expect("an address")).expect("a test that waits");
                let stopped = async move { stopped.await.unwrap_or_default() };
                axum::serve(listener, app).with_graceful_shutdown(stopped).await.expect("served");
            });
        });
        let address = addresses.recv().expect("an address");
        let version = api.rsplit('/').next().expect("a version");
        Self { url: format!("http://{address}/api/{version}"), state, _stop: stop }
    }

    /// Sets what becomes of the next requests with this method and this part of a path, one by one.
    pub fn expect(&self, method: &Method, part: &'static str, moods: &[Mood]) {
        let mut queue = self.state.moods.lock().unwrap_or_else(PoisonError::into_inner);
        queue.extend(moods.iter().map(|mood| (method.clone(), part, *mood)));
    }

    /// Returns what was asked since the last time.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.state.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns what was written since the last time.
    pub fn writes(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.method != "GET").collect()
    }
}

async fn hand_on(State(state): State<Arc<ProxyState>>, request: Request) -> Response<Body> {
    let answer = |status: u16, body: Vec<u8>| {
        let status = StatusCode::from_u16(status).expect("a status");
        Response::builder().status(status).header("content-type", "application/json").body(Body::from(body)).expect("an answer")
    };
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 64 << 20).await.expect("a body");
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    state.seen.lock().unwrap_or_else(PoisonError::into_inner).push(Seen {
        method: parts.method.to_string(),
        path: path.clone(),
        body: String::from_utf8_lossy(&bytes).into_owned(),
    });
    if parts.headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(&state.expected) {
        return answer(401, json!({ "detail": "this is not the token" }).to_string().into_bytes());
    }
    let mood = {
        let mut moods = state.moods.lock().unwrap_or_else(PoisonError::into_inner);
        let next = moods.iter().position(|(method, part, _)| *method == parts.method && path.contains(part));
        next.map_or(Mood::Fine, |index| moods.remove(index).2)
    };
    if let Mood::Away(status) = mood {
        return answer(status, b"<html>no Airflow here</html>".to_vec());
    }
    if mood == Mood::Blind {
        let list = parts.uri.path().rsplit('/').next().unwrap_or_default();
        let nothing = json!({ list: [], "total_entries": 0 });
        return answer(200, nothing.to_string().into_bytes());
    }
    let root = state.api.rsplit_once("/api/").expect("an API").0;
    let mut onward = client().request(parts.method, format!("{root}{path}")).header("authorization", &state.credential);
    if let Some(kind) = parts.headers.get("content-type") {
        onward = onward.header("content-type", kind);
    }
    let response = onward.body(bytes).send().await.expect("an answer");
    let status = response.status().as_u16();
    let body = response.bytes().await.expect("a body").to_vec();
    if mood == Mood::Forgetful { answer(502, b"<html>bad gateway</html>".to_vec()) } else { answer(status, body) }
}

fn token(url: &str) -> String {
    let url = url.to_owned();
    on_a_thread(async move {
        let answer = client().get(url).send().await.expect("an answer").bytes().await.expect("a body");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        answer["access_token"].as_str().expect("a token").to_owned()
    })
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Waits for something from within or without a runtime.
fn on_a_thread<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    std::thread::spawn(move || runtime().block_on(work)).join().expect("a result")
}
