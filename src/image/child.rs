//! Runs one program without a shell: output line by line, a bounded memory of it, a sure end.
//! It knows nothing of engines; callers give arguments and environment in full.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::error::{Error, Kind, Result};

/// Receives lines of output as they come.
pub type OnLine<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Lines kept for an error.
const KEPT_LINES: usize = 40;
/// Longest line in bytes; the rest of a longer one is dropped.
const LINE_LIMIT: usize = 4096;
/// Largest output in bytes that `capture` takes.
const CAPTURE_LIMIT: u64 = 16 << 20;

/// A program to run, with everything it gets.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The program's file.
    pub program: PathBuf,
    /// Arguments, none of which may be secret: other users of the machine see them.
    pub args: Vec<OsString>,
    /// The whole environment.
    pub environment: Vec<(String, OsString)>,
    /// Folder to run in.
    pub folder: PathBuf,
}

impl Invocation {
    /// Creates an invocation without arguments.
    #[must_use]
    pub fn new(program: &Path, folder: &Path, environment: Vec<(String, OsString)>) -> Self {
        Self { program: program.to_owned(), args: Vec::new(), environment, folder: folder.to_owned() }
    }

    /// Appends an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Appends arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable, replacing an inherited one.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.retain(|(other, _)| other != name);
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        // A group of its own, so that a cancelled build ends with all its children.
        #[cfg(unix)]
        command.process_group(0);
        command
    }

    fn start(&self, mut command: Command) -> Result<Running> {
        let child = command
            .spawn()
            .map_err(|error| Error::new(Kind::Project, format!("start {}", self.program.display())).because(error))?;
        Ok(Running(child))
    }
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The last lines it wrote.
    pub tail: Vec<String>,
}

impl Ended {
    /// Returns whether the program reported success.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// Describes a failure: the exit code, then the last lines.
    #[must_use]
    pub fn describe(&self) -> String {
        let how = match self.code {
            Some(code) => format!("exit code {code}"),
            None => "ended by a signal".to_owned(),
        };
        if self.tail.is_empty() { how } else { format!("{how}\n{}", self.tail.join("\n")) }
    }
}

/// What a short program wrote.
#[derive(Debug)]
pub struct Captured {
    /// How it ended; the tail is that of its standard error.
    pub ended: Ended,
    /// Its standard output, at most 16 MiB.
    pub stdout: Vec<u8>,
}

/// Runs a program to its end and returns its standard output.
///
/// # Errors
/// Fails when it cannot be started; a failing exit code is not an error here.
pub async fn capture(invocation: &Invocation) -> Result<Captured> {
    let mut running = invocation.start(invocation.command())?;
    let (stdout, stderr) = (running.0.stdout.take(), running.0.stderr.take());
    let mut bytes = Vec::new();
    let mut tail = Tail::default();
    let read = async {
        if let Some(stdout) = stdout {
            stdout.take(CAPTURE_LIMIT).read_to_end(&mut bytes).await?;
        }
        Ok::<(), std::io::Error>(())
    };
    let (output, errors) = tokio::join!(read, each_line(stderr, |line| tail.push(line)));
    let ended = running.end(invocation, output.and(errors)).await?;
    Ok(Captured { ended: Ended { code: ended, tail: tail.0.into() }, stdout: bytes })
}

/// Runs a program to its end and hands on each line of its output. `feed`, when given, writes
/// the program's standard input from a thread of its own.
///
/// # Errors
/// Fails when the program cannot be started or its input cannot be produced; a failing exit
/// code is not an error here.
pub async fn stream(invocation: &Invocation, feed: Option<Feed>, on_line: OnLine<'_>) -> Result<Ended> {
    let mut command = invocation.command();
    if feed.is_some() {
        command.stdin(Stdio::piped());
    }
    let output = one_output(&mut command)
        .map_err(|error| Error::new(Kind::Internal, format!("follow {}", invocation.program.display())).because(error))?;
    let mut running = invocation.start(command)?;
    let writer = match (feed, running.0.stdin.take()) {
        (Some(feed), Some(stdin)) => Some(tokio::task::spawn_blocking(move || write_input(stdin, feed))),
        _ => None,
    };
    let mut tail = Tail::default();
    let take = |line: &str| {
        on_line(line);
        tail.push(line);
    };
    let read = each_line(Some(output), take).await;
    let code = running.end(invocation, read).await?;
    if let Some(writer) = writer {
        let unwritten = |error| Error::new(Kind::Project, "write the build context").because(error);
        match writer.await.map_err(std::io::Error::other) {
            // The program closed its input early; its own words say why.
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::BrokenPipe && code != Some(0) => {}
            Ok(Err(error)) | Err(error) => return Err(unwritten(error)),
            Ok(Ok(())) => {}
        }
    }
    Ok(Ended { code, tail: tail.0.into() })
}

/// Joins a program's output and errors in one pipe, so that lines stay in the order in which
/// they were written.
fn one_output(command: &mut Command) -> std::io::Result<Output> {
    let (reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    output(reader)
}

/// The reading end of a pipe, for use without blocking.
#[cfg(unix)]
type Output = tokio::net::unix::pipe::Receiver;
/// The reading end of a pipe; Windows has no way to wait for an anonymous one, so threads do.
#[cfg(not(unix))]
type Output = tokio::fs::File;

#[cfg(unix)]
fn output(reader: std::io::PipeReader) -> std::io::Result<Output> {
    Output::from_owned_fd(reader.into())
}

#[cfg(not(unix))]
fn output(reader: std::io::PipeReader) -> std::io::Result<Output> {
    let handle = std::os::windows::io::OwnedHandle::from(reader);
    Ok(Output::from_std(std::fs::File::from(handle)))
}

/// Writes a program's standard input.
pub type Feed = Box<dyn FnOnce(&mut dyn std::io::Write) -> std::io::Result<()> + Send>;

fn write_input(stdin: ChildStdin, feed: Feed) -> std::io::Result<()> {
    let mut pipe = std::io::BufWriter::with_capacity(64 << 10, input(stdin)?);
    feed(&mut pipe)?;
    std::io::Write::flush(&mut pipe)
}

#[cfg(unix)]
fn input(stdin: ChildStdin) -> std::io::Result<std::fs::File> {
    Ok(std::fs::File::from(stdin.into_owned_fd()?))
}

#[cfg(not(unix))]
fn input(stdin: ChildStdin) -> std::io::Result<std::fs::File> {
    Ok(std::fs::File::from(stdin.into_owned_handle()?))
}

async fn each_line(source: Option<impl AsyncRead + Unpin>, mut take: impl FnMut(&str)) -> std::io::Result<()> {
    let Some(source) = source else { return Ok(()) };
    let mut reader = BufReader::new(source);
    let mut line = Vec::new();
    loop {
        let available = reader.fill_buf().await?;
        if available.is_empty() {
            break;
        }
        let (part, ends) = match available.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            Some(end) => (&available[..end], 1),
            None => (available, 0),
        };
        let room = LINE_LIMIT.saturating_sub(line.len()).min(part.len());
        line.extend_from_slice(&part[..room]);
        let consumed = part.len() + ends;
        reader.consume(consumed);
        if ends == 1 {
            hand_on(&mut line, &mut take);
        }
    }
    hand_on(&mut line, &mut take);
    Ok(())
}

/// Hands a line on as text without control characters, which could move the terminal's cursor.
fn hand_on(line: &mut Vec<u8>, take: &mut impl FnMut(&str)) {
    let text: String = String::from_utf8_lossy(line).chars().filter(|c| *c == '\t' || !c.is_control()).collect();
    line.clear();
    let text = text.trim_end();
    if !text.is_empty() {
        take(text);
    }
}

#[derive(Default)]
struct Tail(VecDeque<String>);

impl Tail {
    fn push(&mut self, line: &str) {
        if self.0.len() == KEPT_LINES {
            self.0.pop_front();
        }
        self.0.push_back(line.to_owned());
    }
}

/// A started program; dropping it ends it and the processes it started.
struct Running(Child);

impl Running {
    async fn end(&mut self, invocation: &Invocation, read: std::io::Result<()>) -> Result<Option<i32>> {
        let failed = |error| Error::new(Kind::Internal, format!("follow {}", invocation.program.display())).because(error);
        read.map_err(failed)?;
        Ok(self.0.wait().await.map_err(failed)?.code())
    }
}

/// Elsewhere `kill_on_drop` ends the program alone.
#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        use rustix::process::{Pid, Signal, kill_process_group};
        // The id is gone once the program was waited for, so no stranger can be hit.
        let Some(group) = self.0.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) else { return };
        let _ = kill_process_group(group, Signal::TERM);
        // Engines clean up half-built containers on SIGTERM; give them a moment.
        for _ in 0..20 {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let _ = kill_process_group(group, Signal::KILL);
    }
}
