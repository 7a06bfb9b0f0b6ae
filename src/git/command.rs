//! Runs the `git` program with a clean environment, bounded time and bounded output.
//! It knows no subcommand; what it prints on failure never holds user info of a URL.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::env::children::is_withheld;
use crate::env::snapshot::Env;
use crate::env::temporary;
use crate::error::{Error, Kind, Result};

/// The longest a reading command may take; a partial clone may have to fetch trees meanwhile.
const READ_TIMEOUT: Duration = Duration::from_secs(300);
/// The most bytes of output that are read.
const MOST_OUTPUT: u64 = 512 << 20;
/// The most bytes of error output that are read.
const MOST_ERRORS: u64 = 64 << 10;

/// Settings that win over the repository's own: nothing runs on the side, nobody is asked.
const SETTINGS: [&str; 8] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.askPass=",
    "core.quotePath=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
];

/// Variables of git that pass through: how to connect, and settings given by the environment.
/// All others are dropped, because they point git elsewhere, ask questions or trace secrets.
const PASSED: [&str; 9] = [
    "GIT_CONFIG_",
    "GIT_SSH",
    "GIT_SSL_",
    "GIT_PROXY_",
    "GIT_HTTP_",
    "GIT_EXEC_PATH",
    "GIT_ATTR_",
    "GIT_ALLOW_PROTOCOL",
    "GIT_PROTOCOL_FROM_USER",
];

/// Prefixes of other variables that git and the helpers it runs do not get: questions to people
/// and translated messages.
const DROPPED: [&str; 3] = ["SSH_ASKPASS", "LC_ALL", "LANGUAGE"];

/// The `git` program in one folder with one environment.
#[derive(Clone)]
pub struct Git {
    folder: PathBuf,
    variables: Vec<(OsString, OsString)>,
    settings: Vec<OsString>,
    temporary: PathBuf,
}

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    /// Whether it ended with code 0.
    pub success: bool,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Error output on printable lines, without credentials, at most 2,000 characters.
    pub errors: String,
}

impl Git {
    /// Prepares git for a folder; of the environment's `GIT_*` only what is harmless is passed on.
    #[must_use]
    pub fn new(folder: &Path, env: &Env) -> Self {
        let passed = |name: &str| !name.starts_with("GIT_") || PASSED.iter().any(|prefix| name.starts_with(prefix));
        let dropped = |name: &str| is_withheld(name) || DROPPED.iter().any(|prefix| name.starts_with(prefix));
        let mut variables: Vec<(OsString, OsString)> = env
            .names()
            .filter(|name| passed(name) && !dropped(name))
            .filter_map(|name| Some((OsString::from(name), env.path(name)?.into_os_string())))
            .collect();
        for (name, value) in [
            ("LC_ALL", "C"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_LITERAL_PATHSPECS", "1"),
            ("GIT_PAGER", "cat"),
            ("GCM_INTERACTIVE", "never"),
        ] {
            variables.push((name.into(), value.into()));
        }
        Self { folder: folder.to_path_buf(), variables, settings: Vec::new(), temporary: temporary::folder(env) }
    }

    /// Returns a copy with a variable set.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Returns a copy without the variables whose names start with the prefix.
    #[must_use]
    pub fn without_variables(mut self, prefix: &str) -> Self {
        self.variables.retain(|(name, _)| !name.to_string_lossy().starts_with(prefix));
        self
    }

    /// Returns a copy with one more setting, as `-c` takes it. It must not be a secret.
    #[must_use]
    pub fn with_setting(mut self, setting: impl Into<OsString>) -> Self {
        self.settings.push(setting.into());
        self
    }

    /// Returns the folder for temporary files.
    #[must_use]
    pub fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Returns a variable's value when it is set and not empty.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_os_str())
            .filter(|value| !value.is_empty())
    }

    /// Runs a command to its end, feeding it `input`. An end with another code than 0 is not an error here.
    ///
    /// # Errors
    /// Fails when git cannot be started (`Project`), takes over five minutes (`TimedOut`) or
    /// writes over 512 MiB (`Project`).
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S], input: Option<Vec<u8>>) -> Result<Answer> {
        let mut command = self.command(arguments, Hardening::On);
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child = command.spawn().map_err(|error| not_started(&error))?;
        if let (Some(bytes), Some(mut stdin)) = (input, child.stdin.take()) {
            // A command that stops reading says why on its own.
            thread::spawn(move || drop(stdin.write_all(&bytes)));
        }
        let deadline = Instant::now() + READ_TIMEOUT;
        let stdout = child.stdout.take().map(|pipe| collect(pipe, MOST_OUTPUT));
        let stderr = child.stderr.take().map(|pipe| collect(pipe, MOST_ERRORS));
        let mut outputs = Vec::new();
        for receiver in [stdout, stderr].into_iter().flatten() {
            match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => outputs.push(bytes),
                Err(_) => {
                    drop(child.kill());
                    drop(child.wait());
                    return Err(timed_out(READ_TIMEOUT));
                }
            }
        }
        let status = child.wait().map_err(|error| not_started(&error))?;
        let stderr = outputs.pop().unwrap_or_default();
        let stdout = outputs.pop().unwrap_or_default();
        if u64::try_from(stdout.len()).is_ok_and(|length| length > MOST_OUTPUT) {
            return Err(Error::new(Kind::Project, "read the repository").because("git printed more than 512 MiB"));
        }
        Ok(Answer { success: status.success(), stdout, errors: harmless(&stderr) })
    }

    /// Runs a command like `run`, but without blocking, within `timeout`, and ends it when the
    /// future is dropped. Output is cut at 16 MiB.
    ///
    /// # Errors
    /// Fails when git cannot be started (`Project`) or takes too long (`TimedOut`).
    pub async fn run_within<S: AsRef<OsStr>>(&self, arguments: &[S], hardening: Hardening, timeout: Duration) -> Result<Answer> {
        use tokio::io::AsyncReadExt as _;
        let mut command = tokio::process::Command::from(self.command(arguments, hardening));
        let mut child = command.stdin(Stdio::null()).kill_on_drop(true).spawn().map_err(|error| not_started(&error))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let work = async {
            let (mut output, mut errors) = (Vec::new(), Vec::new());
            let read_output = async {
                if let Some(pipe) = stdout {
                    let mut pipe = pipe.take(16 << 20);
                    pipe.read_to_end(&mut output).await.ok();
                }
            };
            let read_errors = async {
                if let Some(mut pipe) = stderr {
                    (&mut pipe).take(MOST_ERRORS).read_to_end(&mut errors).await.ok();
                    tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await.ok();
                }
            };
            tokio::join!(read_output, read_errors);
            let status = child.wait().await.map_err(|error| not_started(&error))?;
            Ok(Answer { success: status.success(), stdout: output, errors: harmless(&errors) })
        };
        tokio::time::timeout(timeout, work).await.unwrap_or_else(|_| Err(timed_out(timeout)))
    }

    fn command<S: AsRef<OsStr>>(&self, arguments: &[S], hardening: Hardening) -> Command {
        let mut command = Command::new("git");
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value))).current_dir(&self.folder);
        if hardening == Hardening::On {
            for setting in SETTINGS {
                command.arg("-c").arg(setting);
            }
            for setting in &self.settings {
                command.arg("-c").arg(setting);
            }
        }
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// Whether the settings of this module are passed along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hardening {
    /// For every command that does something.
    On,
    /// Only for listing the user's own settings, among which ours must not appear.
    Off,
}

fn collect(pipe: impl Read + Send + 'static, limit: u64) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut pipe = pipe.take(limit + 1);
        // What was read before a broken pipe is all there is.
        drop(pipe.read_to_end(&mut bytes));
        drop(sender.send(bytes));
    });
    receiver
}

fn not_started(error: &std::io::Error) -> Error {
    let error_text = if error.kind() == std::io::ErrorKind::NotFound {
        "the `git` program is not on PATH".to_owned()
    } else {
        error.to_string()
    };
    Error::new(Kind::Project, "run git").because(error_text).hint("install git, or use an image that has it")
}

fn timed_out(limit: Duration) -> Error {
    Error::new(Kind::TimedOut, "run git").because(format!("it took more than {:.1} s", limit.as_secs_f32()))
}

/// Returns text without control characters and without user info or queries of URLs, at most 2,000 characters.
#[must_use]
pub fn harmless(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split(['\n', '\r']).map(|line| {
        let clean: String = line.chars().filter(|character| !character.is_control()).collect();
        without_credentials(clean.trim_end())
    });
    let joined = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    joined.chars().take(2_000).collect()
}

fn without_credentials(line: &str) -> String {
    let mut clean = String::new();
    let mut rest = line;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + 3);
        clean.push_str(before);
        let end = after.find(|character: char| character.is_whitespace() || "'\"<>".contains(character)).unwrap_or(after.len());
        let (url, remainder) = after.split_at(end);
        // Everything up to the last `@` goes, because a password may hold an unescaped `/`.
        let url = url.rsplit_once('@').map_or(url, |(_, host)| host);
        clean.push_str(url.split_once('?').map_or(url, |(path, _)| path));
        rest = remainder;
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_prints_loses_its_credentials() {
        let table = [
            ("fatal: unable to access 'https://u:p@h/x.git/': no", "fatal: unable to access 'https://h/x.git/': no"),
            ("https://tok@h/a https://x:y@z@h/b?sig=1 end", "https://h/a https://h/b end"),
            ("https://u:p/q@h/x", "https://h/x"),
            ("\u{1b}[31mremote: hi\r\n\n  ok\u{7}", "[31mremote: hi\n  ok"),
            ("git@host:path stays", "git@host:path stays"),
        ];
        for (printed, shown) in table {
            assert_eq!(harmless(printed.as_bytes()), shown);
        }
        assert_eq!(harmless(&[b'x'; 9_000]).len(), 2_000);
    }

    #[test]
    fn variables_that_redirect_git_or_trace_secrets_are_dropped() {
        let given = [
            "GIT_DIR",
            "GIT_TRACE_CURL",
            "GIT_ASKPASS",
            "SSH_ASKPASS",
            "ASTRO_API_TOKEN",
            "ASTRONOMER_KEY_SECRET",
            "INPUT_API_TOKEN",
            "LIFTOFF_GITHUB_TOKEN",
            "GITHUB_TOKEN",
            "ACTIONS_RUNTIME_TOKEN",
        ];
        let wanted = ["GIT_SSH_COMMAND", "GIT_CONFIG_COUNT", "HOME"];
        let names = [&given[..], &wanted].concat();
        let env = Env::new(names.iter().map(|name| ((*name).to_owned(), "x".into())), PathBuf::from("/"));
        let git = Git::new(Path::new("/"), &env);
        let kept: Vec<&str> = names.into_iter().filter(|name| git.variable(name).is_some()).collect();
        assert_eq!(kept, wanted);
    }
}
