//! Real repositories for tests, made with the `git` program in temporary folders.
//! They depend on no home folder and no user settings.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

use crate::env::process;
use crate::env::snapshot::Env;
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;

/// A folder with repositories in it.
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    /// Makes an empty folder.
    pub fn create() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Makes a repository with one commit: `dags/a.py`, `dags/b.py`, `other/c.txt`.
    pub fn repository(&self, name: &str) -> Checkout {
        self.repository_with(name, &[])
    }

    /// Makes such a repository with options for `git init`.
    pub fn repository_with(&self, name: &str, options: &[&str]) -> Checkout {
        let checkout = self.empty(name, options);
        checkout.write("dags/a.py", "a = 1\n");
        checkout.write("dags/b.py", "b = 1\n");
        checkout.write("other/c.txt", "c\n");
        checkout.commit("first");
        checkout
    }

    /// Makes a repository without a commit.
    pub fn empty(&self, name: &str, options: &[&str]) -> Checkout {
        let path = self.path().join(name);
        fs::create_dir_all(&path).expect("a folder");
        let checkout = Checkout { path, env: self.env() };
        checkout.git([&["init", "-q", "-b", "main"], options].concat());
        checkout
    }

    /// Clones a repository over a URL, so that no objects are shared.
    pub fn clone_of(&self, origin: &Checkout, name: &str, options: &[&str]) -> Checkout {
        let url = format!("file://{}", origin.path.display());
        origin.git([&["clone", "-q"], options, &[url.as_str(), self.path().join(name).to_str().expect("UTF-8")]].concat());
        Checkout { path: self.path().join(name), env: self.env() }
    }

    /// Returns the canonical folder.
    pub fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder exists")
    }

    /// Returns an environment with nothing but PATH, an empty home and no git settings.
    pub fn env(&self) -> Env {
        self.env_with(&[])
    }

    /// Returns such an environment with more variables.
    pub fn env_with(&self, more: &[(&str, &str)]) -> Env {
        let path = process::snapshot().expect("an environment").path("PATH").expect("a PATH");
        let base = [
            ("PATH", path.to_str().expect("UTF-8").to_owned()),
            ("HOME", self.path().display().to_string()),
            ("TMPDIR", self.path().display().to_string()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        ];
        let all = base.into_iter().chain(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        Env::new(all.map(|(name, value)| (name.to_owned(), value.into())), self.path())
    }
}

/// A working tree.
pub struct Checkout {
    /// Its root.
    pub path: PathBuf,
    env: Env,
}

impl Checkout {
    /// Wraps a working tree that another command made.
    pub fn at(path: PathBuf, bench: &Bench) -> Self {
        Self { path, env: bench.env() }
    }

    /// Returns `git` with the given arguments, ready to run in the working tree.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.path).env_clear();
        for name in self.env.names() {
            command.env(name, self.env.path(name).expect("a value"));
        }
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Ann").env(format!("GIT_{role}_EMAIL"), "ann@example.com");
            command.env(format!("GIT_{role}_DATE"), "1700000000 +0000");
        }
        command.args(["-c", "protocol.file.allow=always", "-c", "core.autocrlf=false", "-c", "gc.auto=0"]).args(arguments);
        command
    }

    /// Runs git and returns its trimmed output.
    pub fn git<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        run(self.command(arguments))
    }

    /// Writes a file, making its folders.
    pub fn write(&self, name: impl AsRef<OsStr>, content: impl AsRef<[u8]>) {
        let path = self.path.join(Path::new(name.as_ref()));
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, content).expect("a file");
    }

    /// Deletes a file.
    pub fn delete(&self, name: &str) {
        fs::remove_file(self.path.join(name)).expect("the file exists");
    }

    /// Commits everything and returns the commit.
    pub fn commit(&self, message: &str) -> CommitSha {
        self.commit_at(message, 1_700_000_000)
    }

    /// Commits everything at a time in Unix seconds.
    pub fn commit_at(&self, message: &str, seconds: i64) -> CommitSha {
        self.git(["add", "-A"]);
        let mut command = self.command(["commit", "-q", "--allow-empty", "-m", message]);
        run({
            command.env("GIT_COMMITTER_DATE", format!("{seconds} +0000"));
            command
        });
        self.head()
    }

    /// Returns the commit that is checked out.
    pub fn head(&self) -> CommitSha {
        CommitSha::parse(&self.git(["rev-parse", "HEAD"])).expect("a commit")
    }
}

fn run(mut command: Command) -> String {
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Returns a relative path.
pub fn path(text: &str) -> RelPath {
    RelPath::parse(text.as_bytes()).expect("a relative path")
}

/// Serves the repositories below a folder over git's own protocol, on a port of its own, until the test ends.
pub fn serve_git(root: &Path) -> String {
    let root = root.to_path_buf();
    let address = serve(move |stream| {
        let output = stream.try_clone().expect("a socket");
        let mut daemon = backend();
        daemon
            .args(["daemon", "--inetd", "--export-all", "--informative-errors"])
            .arg(format!("--base-path={}", root.display()))
            .arg(&root);
        let status = daemon.stdin(OwnedFd::from(stream)).stdout(OwnedFd::from(output)).stderr(Stdio::null()).status();
        assert!(status.is_ok(), "git daemon does not start");
    });
    format!("git://{address}")
}

/// Serves the repositories below a folder over HTTP by `git http-backend`, to those who send the header.
pub fn serve_http(root: &Path, header: &'static str) -> String {
    let root = root.to_path_buf();
    let address = serve(move |mut stream| {
        let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
        let answer = match Request::read(&mut reader) {
            Some(request) if request.headers.iter().any(|line| line.eq_ignore_ascii_case(header)) => request.answer(&root),
            _ => b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n".to_vec(),
        };
        drop(stream.write_all(&answer));
    });
    format!("http://{address}")
}

/// Accepts connections and never answers, like a server behind a broken network.
pub fn serve_silence() -> String {
    let kept = Mutex::new(Vec::new());
    let address = serve(move |stream| kept.lock().expect("not poisoned").push(stream));
    format!("git://{address}")
}

fn serve(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || answer(stream));
        }
    });
    address
}

fn backend() -> Command {
    let mut command = Command::new("git");
    let path = process::snapshot().expect("an environment").path("PATH").expect("a PATH");
    command.env_clear().env("PATH", path).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", "/nonexistent");
    command
}

struct Request {
    method: String,
    target: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Request {
    fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            match line.trim_end() {
                "" => break,
                text => lines.push(text.to_owned()),
            }
        }
        let mut first = lines.first()?.split(' ');
        let mut request = Self {
            method: first.next()?.to_owned(),
            target: first.next()?.to_owned(),
            headers: lines.split_off(1),
            body: Vec::new(),
        };
        let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        reader.take(length).read_to_end(&mut request.body).ok()?;
        Some(request)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let known = |line: &&String| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
        self.headers.iter().find(known).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
    }

    fn answer(&self, root: &Path) -> Vec<u8> {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let mut command = backend();
        command.arg("http-backend").env("GIT_PROJECT_ROOT", root).env("GIT_HTTP_EXPORT_ALL", "1");
        command.env("PATH_INFO", path).env("QUERY_STRING", query).env("REQUEST_METHOD", &self.method);
        for (variable, header) in [
            ("CONTENT_TYPE", "content-type"),
            ("CONTENT_LENGTH", "content-length"),
            ("HTTP_CONTENT_ENCODING", "content-encoding"),
            ("GIT_PROTOCOL", "git-protocol"),
        ] {
            command.env(variable, self.header(header).unwrap_or_default());
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("git runs");
        drop(child.stdin.take().expect("a pipe").write_all(&self.body));
        let output = child.wait_with_output().expect("git ends").stdout;
        let text = String::from_utf8_lossy(&output);
        let status = text.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
        [format!("HTTP/1.1 {status}\r\nConnection: close\r\n").as_bytes(), &output].concat()
    }
}
