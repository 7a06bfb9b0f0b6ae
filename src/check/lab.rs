//! Where a project's code runs: a process with an environment of its own, or a container of an image. Either ends with all that it
//! started, at the latest when it has been silent for too long.

use std::hash::{BuildHasher as _, Hasher as _};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::check::install::Environment;
use crate::check::order::{Order, Tools};
use crate::check::speech::{Heard, Listener};
use crate::check::variables::{for_code, for_python};
use crate::env::temporary::private_folder;
use crate::error::{Error, Kind, Result};
use crate::image::child::{self, Ended, Invocation};
use crate::image::engine::Engine;
use crate::model::path::RelPath;
use crate::project::file;

/// The program inside.
const RUNNER: &str = include_str!("runner.py");
/// The project's folder in an Astro image (`reference/astro-docs.md` 10.2).
const ASTRO_HOME: &str = "/usr/local/airflow";
/// Where a container finds the program inside.
const IN_CONTAINER: &str = "/liftoff";
/// The project's file of variables, and the most bytes of it.
const DOTENV: &str = ".env";
const LARGEST_DOTENV: usize = 1 << 20;
/// Longest time for a call of the engine that only prepares.
const PREPARE: Duration = Duration::from_secs(5 * 60);

/// A place to run in.
pub struct Lab<'a> {
    /// What is checked.
    pub order: &'a Order<'a>,
    /// With what.
    pub tools: &'a Tools<'a>,
    /// Where.
    pub inside: Inside<'a>,
}

/// The kinds of places.
pub enum Inside<'a> {
    /// An environment on this machine.
    Environment(&'a Environment),
    /// Containers of an image.
    Image(&'a Engine, &'a str),
}

/// One run of the program inside.
pub struct Round {
    /// What it said.
    pub heard: Heard,
    /// How it ended; none when it was ended, because it had been silent for too long.
    pub ended: Option<Ended>,
}

impl Lab<'_> {
    /// Runs the program inside with a task. It is ended when it says nothing for longer than `patience` after it has started.
    ///
    /// # Errors
    /// `Kind::Project` when nothing can be started.
    pub async fn run(&self, task: Map<String, Value>, patience: Duration) -> Result<Round> {
        let failed = |error: std::io::Error| Error::new(Kind::Project, "prepare a check").because(error);
        let folder = private_folder(&self.tools.temporary, "liftoff-check-").map_err(failed)?;
        let mark = format!("@liftoff-{:016x}", std::hash::RandomState::new().build_hasher().finish());
        self.write(&folder, task, &mark).map_err(failed)?;
        let listener = Listener::new(mark, patience);
        let container;
        let call = match self.inside {
            Inside::Environment(environment) => self.process(environment, folder.path()),
            Inside::Image(engine, image) => {
                container = self.container(engine, image, folder.path()).await?;
                engine.call(folder.path(), &[]).args(["start", "--attach", container.as_str()])
            }
        };
        let ended = self.watched(&call, &listener).await?;
        Ok(Round { heard: listener.heard(), ended })
    }

    /// Returns in words where it runs, to follow a version.
    #[must_use]
    pub fn words(&self) -> String {
        match self.inside {
            Inside::Environment(_) => String::new(),
            Inside::Image(_, name) => format!(" in the image {name}"),
        }
    }

    /// Writes the program and its order, readable for the image's user, too.
    fn write(&self, folder: &TempDir, mut task: Map<String, Value>, mark: &str) -> std::io::Result<()> {
        let inside = folder.path().join("inside");
        std::fs::create_dir(&inside)?;
        let dotenv = file::bytes(&self.order.project.join(DOTENV), LARGEST_DOTENV).unwrap_or_default();
        let mut variables: Map<String, Value> = Map::new();
        for (name, value) in for_code(self.tools.env, &String::from_utf8_lossy(&dotenv)) {
            variables.insert(name, value.into());
        }
        let limit = self.order.checks.parse_timeout.as_secs_f64();
        for (name, value) in [
            ("LOAD_EXAMPLES", "False".to_owned()),
            ("DAGBAG_IMPORT_TIMEOUT", limit.to_string()),
            ("DAGBAG_IMPORT_ERROR_TRACEBACKS", "True".to_owned()),
            ("DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH", "100".to_owned()),
        ] {
            variables.insert(format!("AIRFLOW__CORE__{name}"), value.into());
        }
        let (project, home) = match self.inside {
            Inside::Environment(_) => (self.order.project.to_string_lossy().into_owned(), json!(folder.path())),
            Inside::Image(..) => (ASTRO_HOME.to_owned(), Value::Null),
        };
        let dags = if self.order.dags.is_root() { project.clone() } else { format!("{project}/{}", self.order.dags) };
        task.extend([
            ("mark".to_owned(), mark.into()),
            ("project".to_owned(), project.into()),
            ("dags".to_owned(), dags.into()),
            ("home".to_owned(), home),
            ("variables".to_owned(), variables.into()),
        ]);
        std::fs::write(inside.join("runner.py"), RUNNER)?;
        std::fs::write(inside.join("order.json"), Value::Object(task).to_string())?;
        #[cfg(unix)]
        for (path, mode) in [(inside.join("runner.py"), 0o644), (inside.join("order.json"), 0o644), (inside, 0o755)] {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        }
        Ok(())
    }

    fn process(&self, environment: &Environment, folder: &Path) -> Invocation {
        let inside = folder.join("inside");
        let call = Invocation::new(&environment.python, self.order.project, for_python(self.tools.env));
        // Programs that packages bring are found before those of the machine.
        let own = environment.python.parent().map(|folder| folder.to_string_lossy().into_owned());
        let parts: Vec<String> = own.into_iter().chain(self.tools.env.owned("PATH")).collect();
        let call = call
            .variable("PATH", parts.join(if cfg!(windows) { ";" } else { ":" }))
            // What is left behind there goes with the folder.
            .variable("TMPDIR", folder);
        call.arg(inside.join("runner.py")).arg(inside.join("order.json"))
    }

    /// Creates a container with everything in it, and returns its name. Nothing is mounted, since the engine may be on another
    /// machine.
    async fn container(&self, engine: &Engine, image: &str, folder: &Path) -> Result<String> {
        let name = format!("liftoff-check-{:016x}", std::hash::RandomState::new().build_hasher().finish());
        let program = [format!("{IN_CONTAINER}/runner.py"), format!("{IN_CONTAINER}/order.json")];
        let create = engine
            .call(folder, &[])
            .args(["create", "--rm", "--name", &name, "--workdir", ASTRO_HOME, "--entrypoint", "python", "--", image])
            .args(program);
        self.prepared(create, "create a container").await?;
        let mut copies = vec![(folder.join("inside"), IN_CONTAINER.to_owned())];
        let tests = RelPath::parse(b"tests").unwrap_or_default();
        for inner in [self.order.dags, &tests] {
            let source = self.order.project.join(inner.to_path());
            if source.is_dir() {
                copies.push((source, if inner.is_root() { ASTRO_HOME.to_owned() } else { format!("{ASTRO_HOME}/{inner}") }));
            }
        }
        for (source, target) in copies {
            let copy = engine.call(folder, &[]).arg("cp").arg(source.join(".")).arg(format!("{name}:{target}"));
            if let Err(error) = self.prepared(copy, "copy the project's files into a container").await {
                let removed = engine.call(folder, &[]).args(["rm", "--force", &name]);
                let _ = self.prepared(removed, "remove a container").await;
                return Err(error);
            }
        }
        Ok(name)
    }

    async fn prepared(&self, call: Invocation, doing: &str) -> Result<()> {
        let failed = |why: String| Err(Error::new(Kind::Project, doing).because(why));
        match tokio::time::timeout(PREPARE, child::capture(&call)).await {
            Ok(Ok(captured)) if captured.ended.succeeded() => Ok(()),
            Ok(Ok(captured)) => failed(captured.ended.describe()),
            Ok(Err(error)) => Err(error),
            Err(_) => failed(format!("the engine did not answer within {} s", PREPARE.as_secs())),
        }
    }

    /// Runs a program to its end, or ends it when it has been silent for too long.
    async fn watched(&self, call: &Invocation, listener: &Listener) -> Result<Option<Ended>> {
        let on_line = |line: &str| {
            if !listener.hear(line) {
                tracing::debug!(line = %self.tools.console.masked(line), "the project's code printed");
            }
        };
        let run = child::stream(call, None, &on_line);
        tokio::pin!(run);
        loop {
            let deadline = listener.deadline();
            tokio::select! {
                ended = &mut run => return ended.map(Some),
                () = tokio::time::sleep_until(deadline.into()) => {
                    if Instant::now() >= listener.deadline() {
                        return Ok(None);
                    }
                }
            }
        }
    }
}
