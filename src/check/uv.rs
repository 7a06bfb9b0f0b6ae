//! The package installer uv as a program: finds it, and runs it within a limit.
//! <https://docs.astral.sh/uv/reference/cli/>. It downloads neither uv nor a Python.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::check::variables::Variables;
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};
use crate::image::child::{self, Ended, Invocation, OnLine};
use crate::image::engine::on_path;

/// Longest time for one call that installs.
const INSTALL: Duration = Duration::from_secs(20 * 60);
/// Longest time for a call that only answers.
const ANSWER: Duration = Duration::from_secs(60);

/// uv, with the environment that it gets.
#[derive(Debug, Clone)]
pub struct Uv {
    program: PathBuf,
    variables: Variables,
}

impl Uv {
    /// Finds uv on `PATH`.
    ///
    /// # Errors
    /// `Kind::Project` when it is not there.
    pub fn find(env: &Env, variables: Variables) -> Result<Self> {
        let program = on_path(env, if cfg!(windows) { "uv.exe" } else { "uv" }).ok_or_else(|| {
            Error::new(Kind::Project, "make an environment with Airflow")
                .because("`uv`, which installs Python packages, is not on PATH")
                .hint(
                    "install it in a step before, with `pip install uv` or the action astral-sh/setup-uv; or check in a container: \
                     with `image-name`, or in a deploy that builds the image",
                )
        })?;
        Ok(Self { program, variables })
    }

    /// Returns the same with another folder for what is only needed while packages are built.
    #[must_use]
    pub fn with_temporary(&self, folder: &Path) -> Self {
        let mut other = self.clone();
        other.variables.retain(|(name, _)| !["TMPDIR", "TEMP", "TMP"].contains(&name.as_str()));
        other.variables.extend(["TMPDIR", "TEMP"].map(|name| (name.to_owned(), folder.as_os_str().to_owned())));
        other
    }

    /// Returns the interpreter of a version that is on this machine.
    ///
    /// # Errors
    /// When uv cannot be run.
    pub async fn python(&self, version: &str, folder: &Path) -> Result<Option<PathBuf>> {
        let call = self.call(folder).args(["python", "find", "--no-project", "--system", version]);
        let captured = match tokio::time::timeout(ANSWER, child::capture(&call)).await {
            Ok(captured) => captured?,
            Err(_) => return Err(too_long("ask uv for a Python", ANSWER)),
        };
        let path = String::from_utf8_lossy(&captured.stdout).trim().to_owned();
        Ok((captured.ended.succeeded() && !path.is_empty()).then(|| path.into()))
    }

    /// Makes an empty environment.
    ///
    /// # Errors
    /// `Kind::Project` with uv's words.
    pub async fn environment(&self, python: &Path, at: &Path) -> Result<()> {
        let call = self.call(at).args(["venv", "--quiet", "--no-project", "--allow-existing", "--python"]).arg(python).arg(at);
        let ended = self.within("make an environment", call, &|_| {}).await?;
        if ended.succeeded() {
            return Ok(());
        }
        Err(Error::new(Kind::Project, "make an environment").because(ended.describe()))
    }

    /// Installs packages into an environment; `folder` is the one that paths are relative to. They are compiled once here, since
    /// what runs later writes nothing.
    ///
    /// # Errors
    /// When uv cannot be run or takes too long; a failing exit code is not an error here.
    pub async fn install(&self, python: &Path, packages: &[String], folder: &Path, on_line: OnLine<'_>) -> Result<Ended> {
        let call = self
            .call(folder)
            .args(["pip", "install", "--no-progress", "--compile-bytecode", "--python"])
            .arg(python)
            .args(packages);
        self.within("install Python packages", call, on_line).await
    }

    /// Returns whether the user has told uv of a date or of constraints.
    #[must_use]
    pub fn is_told_what_fits(&self) -> bool {
        let names = ["UV_EXCLUDE_NEWER", "UV_CONSTRAINT"];
        self.variables.iter().any(|(name, _)| names.contains(&name.as_str()))
    }

    /// Returns the settings of uv that decide what is installed, as bytes for a hash.
    #[must_use]
    pub fn decisive(&self) -> Vec<u8> {
        let decisive = |name: &str| name.starts_with("UV_") && !name.starts_with("UV_CACHE");
        let pairs = self.variables.iter().filter(|(name, _)| decisive(name));
        pairs.flat_map(|(name, value)| format!("{name}={}\n", value.to_string_lossy()).into_bytes()).collect()
    }

    fn call(&self, folder: &Path) -> Invocation {
        Invocation::new(&self.program, folder, self.variables.clone()).args(["--color", "never"])
    }

    async fn within(&self, doing: &str, call: Invocation, on_line: OnLine<'_>) -> Result<Ended> {
        match tokio::time::timeout(INSTALL, child::stream(&call, None, on_line)).await {
            Ok(ended) => ended,
            Err(_) => Err(too_long(doing, INSTALL)),
        }
    }
}

fn too_long(doing: &str, limit: Duration) -> Error {
    Error::new(Kind::TimedOut, doing)
        .because(format!("it was not done after {} s", limit.as_secs()))
        .hint("check that the package index answers")
}
