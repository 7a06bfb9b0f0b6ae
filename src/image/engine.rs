//! Finds a container engine that works and learns once what it can do.
//! It knows nothing of images, builds or registries.

use std::path::{Path, PathBuf};

use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};
use crate::image::child::{self, Invocation};
use crate::image::environment::for_engine;

/// The families of engines, which share a command line within themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// Docker's command line with a daemon behind it.
    Docker,
    /// Podman.
    Podman,
    /// Buildah.
    Buildah,
}

impl EngineKind {
    const ALL: [Self; 3] = [Self::Docker, Self::Podman, Self::Buildah];

    /// Returns the name of the program.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        }
    }
}

/// How an engine builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builder {
    /// `docker buildx build` that loads into the daemon.
    Buildx,
    /// `docker buildx build` with a named remote builder and no daemon: the result is a file.
    BuildxRemote,
    /// `docker build` with `DOCKER_BUILDKIT=1`, which clients before 23.0 understand alone.
    BuildKit,
    /// Docker's classic builder: no secrets, no SSH, the context sent as a tar stream.
    Classic,
    /// Buildah's builder, which podman shares.
    Buildah,
}

/// An engine that answered.
#[derive(Debug, Clone)]
pub struct Engine {
    /// Its family.
    pub kind: EngineKind,
    /// Its program's file.
    pub program: PathBuf,
    /// How it builds.
    pub builder: Builder,
    env: Env,
}

impl Engine {
    /// Prepares a call of this engine from `folder`, with an environment that holds nothing
    /// secret but what the `secrets` specs read.
    #[must_use]
    pub fn call(&self, folder: &Path, secrets: &[String]) -> Invocation {
        Invocation::new(&self.program, folder, for_engine(&self.env, secrets))
    }

    /// Returns the environment that the engine was found in.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.env
    }
}

/// Finds the engine to use: the `wanted` one (`docker`, `podman`, `buildah` or a path), else
/// the first of those on `PATH` that works. `remote_builder` is the name of a buildx builder,
/// with which a docker client needs no daemon.
///
/// # Errors
/// Says for each candidate why it does not work.
pub async fn find(env: &Env, wanted: Option<&str>, remote_builder: Option<&str>) -> Result<Engine> {
    let mut rejected = Vec::new();
    for (name, program) in candidates(env, wanted) {
        let Some(program) = program else {
            rejected.push(format!("{name}: not found on PATH"));
            continue;
        };
        match probe(env, &program, remote_builder).await {
            Ok(engine) => return Ok(engine),
            Err(reason) => rejected.push(format!("{name}: {reason}")),
        }
    }
    let error = Error::new(Kind::Project, "find a container engine that works").because(rejected.join("\n"));
    Err(error.hint(
        "start a Docker daemon, install podman or buildah, name a buildx builder, or deploy an image that was built \
         before with `image-name`",
    ))
}

fn candidates(env: &Env, wanted: Option<&str>) -> Vec<(String, Option<PathBuf>)> {
    match wanted {
        Some(path) if path.contains('/') => vec![(path.to_owned(), Some(env.current_dir().join(path)))],
        Some(name) => vec![(name.to_owned(), on_path(env, name))],
        None => EngineKind::ALL.iter().map(|kind| (kind.program().to_owned(), on_path(env, kind.program()))).collect(),
    }
}

/// Returns the first executable file of this name in the folders of `PATH`.
#[must_use]
pub fn on_path(env: &Env, name: &str) -> Option<PathBuf> {
    let folders = env.raw("PATH")?.split(':').filter(|folder| !folder.is_empty());
    folders.map(|folder| env.current_dir().join(folder).join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(file) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
    }
    #[cfg(not(unix))]
    {
        metadata.is_file()
    }
}

async fn probe(env: &Env, program: &Path, remote_builder: Option<&str>) -> std::result::Result<Engine, String> {
    let engine = |kind, builder| Engine { kind, program: program.to_owned(), builder, env: env.clone() };
    let version = ask(env, program, &["--version"]).await?;
    match family(&version) {
        Some(EngineKind::Docker) => {
            let builder = docker_builder(env, program, remote_builder).await?;
            Ok(engine(EngineKind::Docker, builder))
        }
        Some(kind) => {
            // `info` opens the storage, which is what usually fails in a container.
            ask(env, program, &["info"]).await?;
            Ok(engine(kind, Builder::Buildah))
        }
        None => Err(format!("it calls itself `{}`, which is no known engine", first_line(&version))),
    }
}

/// Recognises a family by what `--version` prints, because `docker` is often podman.
fn family(version: &str) -> Option<EngineKind> {
    let words = first_line(version).to_ascii_lowercase();
    EngineKind::ALL.into_iter().rev().find(|kind| words.starts_with(kind.program()))
}

async fn docker_builder(env: &Env, program: &Path, remote_builder: Option<&str>) -> std::result::Result<Builder, String> {
    let daemon = ask(env, program, &["version", "--format", "{{.Client.Version}}"]).await;
    let buildx = ask(env, program, &["buildx", "version"]).await;
    match (daemon, buildx, remote_builder) {
        (Ok(_), Ok(_), _) => Ok(Builder::Buildx),
        (Err(_), Ok(_), Some(_)) => Ok(Builder::BuildxRemote),
        (Err(reason), _, _) => Err(reason),
        (Ok(_), Err(_), Some(name)) => Err(format!("it has no buildx, which the builder `{name}` needs")),
        (Ok(version), Err(_), None) if has_own_buildkit(&version) => Ok(Builder::BuildKit),
        (Ok(_), Err(_), None) => Ok(Builder::Classic),
    }
}

/// Returns whether a docker client of this version drives BuildKit by itself: 18.09 began it,
/// 23.0 moved it into buildx. Source: the release notes of Docker Engine.
fn has_own_buildkit(version: &str) -> bool {
    let major = version.trim().split('.').next().and_then(|major| major.parse::<u32>().ok());
    major.is_some_and(|major| (19..23).contains(&major)) || version.trim().starts_with("18.09")
}

async fn ask(env: &Env, program: &Path, args: &[&str]) -> std::result::Result<String, String> {
    let invocation = Invocation::new(program, env.current_dir(), for_engine(env, &[])).args(args.iter().copied());
    let captured = child::capture(&invocation).await.map_err(|error| error.cause().unwrap_or_default().to_owned())?;
    if captured.ended.succeeded() {
        return Ok(String::from_utf8_lossy(&captured.stdout).into_owned());
    }
    let said = captured.ended.tail.last().cloned().unwrap_or_else(|| captured.ended.describe());
    Err(format!("`{}` failed: {said}", args.join(" ")))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fake_engine::FakeEngines;

    #[tokio::test]
    async fn the_first_engine_that_works_is_used() {
        let fakes = FakeEngines::new(&["docker", "podman", "buildah"]);
        fakes.answer("docker", "version.code", "1");
        let engine = find(&fakes.env(), None, None).await.expect("podman works");
        assert_eq!((engine.kind, engine.builder), (EngineKind::Podman, Builder::Buildah));
        fakes.answer("podman", "info.code", "125");
        let engine = find(&fakes.env(), None, None).await.expect("buildah works");
        assert_eq!(engine.kind, EngineKind::Buildah);
    }

    #[tokio::test]
    async fn the_way_to_build_follows_from_client_daemon_and_builder() {
        let cases = [
            // (client version, daemon's exit code, buildx's exit code, builder's name, expected)
            ("28.2.2", "0", "0", None, Some(Builder::Buildx)),
            ("28.2.2", "0", "0", Some("k8s"), Some(Builder::Buildx)),
            ("28.2.2", "0", "1", None, Some(Builder::Classic)),
            ("20.10.24+dfsg1", "0", "1", None, Some(Builder::BuildKit)),
            ("18.09.1", "0", "1", None, Some(Builder::BuildKit)),
            ("17.12.0", "0", "1", None, Some(Builder::Classic)),
            ("28.2.2", "1", "0", Some("k8s"), Some(Builder::BuildxRemote)),
            ("28.2.2", "1", "0", None, None),
            ("20.10.24", "0", "1", Some("k8s"), None),
        ];
        for (version, daemon, buildx, builder, expected) in cases {
            let fakes = FakeEngines::new(&["docker"]);
            // `docker --version` and `docker version` share a key; only the first line counts for one.
            fakes.answer("docker", "version.out", &format!("Docker version {version}"));
            let engine = Engine {
                kind: EngineKind::Docker,
                program: fakes.at("docker/docker"),
                builder: Builder::Classic,
                env: fakes.env(),
            };
            fakes.answer("docker", "version.out", version);
            fakes.answer("docker", "version.code", daemon);
            fakes.answer("docker", "buildx-version.code", buildx);
            let found = docker_builder(&engine.env, &engine.program, builder).await;
            assert_eq!(found.ok(), expected, "{version} {daemon} {buildx} {builder:?}");
        }
    }

    #[tokio::test]
    async fn an_error_says_for_each_engine_why_it_does_not_work() {
        let fakes = FakeEngines::new(&["docker", "buildah"]);
        fakes.answer("docker", "version.code", "1");
        fakes.answer("docker", "version.err", "first\nCannot connect to the Docker daemon\n");
        fakes.answer("buildah", "version.out", "something else");
        let error = find(&fakes.env(), None, None).await.expect_err("nothing works");
        let expected = "docker: `--version` failed: Cannot connect to the Docker daemon\npodman: not found on PATH\n\
                        buildah: it calls itself `something else`, which is no known engine";
        assert_eq!(error.cause(), Some(expected));
        assert_eq!(error.kind(), Kind::Project);
    }

    #[tokio::test]
    async fn a_docker_that_is_podman_is_used_as_podman() {
        let fakes = FakeEngines::new(&["docker"]);
        fakes.answer("docker", "version.out", "podman version 4.3.1");
        let engine = find(&fakes.env(), Some("docker"), None).await.expect("it works");
        assert_eq!(engine.kind, EngineKind::Podman);
        let by_path = find(&fakes.env(), Some("./docker/docker"), None).await.expect("a path works too");
        assert_eq!(by_path.kind, EngineKind::Podman);
    }

    #[tokio::test]
    async fn engines_do_not_see_the_api_token() {
        let fakes = FakeEngines::new(&["buildah"]);
        find(&fakes.env(), None, None).await.expect("buildah works");
        let seen = fakes.seen("buildah", "env");
        assert!(seen.contains("HOME=") && !seen.contains("hunter2"), "{seen}");
    }
}
