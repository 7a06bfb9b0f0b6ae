//! Image builds and pushes with real engines and a real registry, all on this machine.
//! `tests/real/run` starts what it needs.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends")]

mod components;

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use components::{DEAD_PROXY, PATH, RUNTIME, RealEngine, files_below, variable, write};
use liftoff::env::snapshot::Env;
use liftoff::image::build::{Built, build};
use liftoff::image::engine::{Builder, Engine, find};
use liftoff::image::inspect::inspect;
use liftoff::image::push::{PushRequest, push};
use liftoff::image::request::{BuildRequest, PullPolicy};
use liftoff::model::entry::{Entry, EntryKind};
use liftoff::model::image::{ImageSource, RegistryLogin};
use liftoff::model::path::RelPath;
use liftoff::model::secret::Secret;
use liftoff::registry::prebuilt::{Prebuilt, PrebuiltBody, open};
use liftoff::registry::push::{PushTarget, push as push_stored};
use liftoff::registry::repository::Transport;

const IGNORE: &str = "secret*\n!dags/keep.py\n";

/// An engine, a registry and a project, which is gone when it is dropped.
struct World {
    folder: tempfile::TempDir,
    engine: RealEngine,
    registry: String,
}

impl World {
    fn new(engine: impl FnOnce(&Path) -> RealEngine) -> Self {
        let folder = tempfile::Builder::new().prefix("liftoff-real-").tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("home")).expect("a folder");
        let engine = engine(folder.path());
        engine.make_base(folder.path(), "liftoff-base");
        Self { folder, engine, registry: variable("REAL_REGISTRY") }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn env(&self) -> Env {
        let mut variables = self.engine.variables.clone();
        variables.extend([
            ("PATH", PATH.into()),
            ("HOME", self.at("home").into()),
            ("TMPDIR", self.folder.path().into()),
            ("HTTPS_PROXY", DEAD_PROXY.into()),
            ("ASTRO_API_TOKEN", "not-for-engines".into()),
        ]);
        Env::new(variables.into_iter().map(|(name, value)| (name.to_owned(), value)), self.folder.path().to_owned())
    }

    /// Writes the project; returns its folder.
    fn project(&self) -> PathBuf {
        let project = self.at("project");
        let files = [
            (
                "Dockerfile",
                "FROM liftoff-base\nCOPY include/data.txt /data.txt\nARG GREETING=none\nRUN echo $GREETING > greeting\n",
            ),
            (".dockerignore", IGNORE),
            ("requirements.txt", ""),
            ("packages.txt", ""),
            ("secret.txt", "hidden"),
            ("include/data.txt", "data"),
            ("include/a b.txt", "blank"),
            ("dags/one.py", "1"),
            ("dags/keep.py", "2"),
        ];
        files.iter().for_each(|(path, text)| write(&project.join(path), text));
        project
    }

    fn run(&self, arguments: &[&str]) {
        self.engine.run(self.folder.path(), self.folder.path(), arguments);
    }

    fn transport(&self) -> Transport {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Transport { http, retry_delays: vec![] }
    }

    async fn pulled(&self, name: &str) -> Prebuilt {
        let source = ImageSource::Registry(format!("{}/{name}", self.registry));
        open(&self.transport(), &source, None, self.folder.path()).await.expect("the image can be read")
    }
}

/// Reads every layer of an image and returns the files below Airflow's home.
async fn files_of(image: &Prebuilt) -> BTreeSet<String> {
    let PrebuiltBody::Remote(remote) = &image.body else { panic!("the image is in a registry") };
    let mut found = BTreeSet::new();
    for layer in &remote.manifest.layers {
        let response = remote.repository.blob(&layer.digest).await.expect("a layer");
        let bytes = response.bytes().await.expect("its bytes");
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(bytes.as_ref()).read_to_end(&mut tar).expect("gzip");
        for entry in tar::Archive::new(tar.as_slice()).entries().expect("a tar") {
            let entry = entry.expect("an entry");
            if entry.header().entry_type().is_file() {
                found.insert(String::from_utf8_lossy(&entry.path_bytes()).into_owned());
            }
        }
    }
    found.iter().filter_map(|path| path.strip_prefix("usr/local/airflow/").map(str::to_owned)).collect()
}

/// What must be in the image: everything but what the rules leave out, less the DAGs.
fn expected_files() -> BTreeSet<String> {
    let names =
        [".dockerignore", "Dockerfile", "greeting", "include/a b.txt", "include/data.txt", "packages.txt", "requirements.txt"];
    names.map(str::to_owned).into()
}

fn entries(project: &Path) -> Vec<Entry> {
    let names = [".dockerignore", "Dockerfile", "include/a b.txt", "include/data.txt", "packages.txt", "requirements.txt"];
    let entry = |name: &&str| {
        let source = project.join(name);
        let size = std::fs::metadata(&source).expect("a file").len();
        let path = RelPath::parse(name.as_bytes()).expect("a path");
        Entry { path, source, kind: EntryKind::File { size, executable: false } }
    };
    names.iter().map(entry).collect()
}

fn snapshot(project: &Path) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
    let file = |path: PathBuf| {
        let modified = std::fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("a time");
        (path.clone(), std::fs::read(&path).expect("a file"), modified)
    };
    files_below(project).into_iter().map(file).collect()
}

async fn builds_and_pushes(world: &World, engine: &Engine, project: &Path) {
    let before = snapshot(project);
    let dockerfile = RelPath::parse(b"Dockerfile").expect("a path");
    let entries = entries(project);
    let local = "liftoff-test:local";
    let request = BuildRequest {
        context: project,
        dockerfile: &dockerfile,
        ignore_text: IGNORE,
        excludes: vec!["dags".to_owned()],
        entries: &entries,
        build_args: vec![("GREETING".to_owned(), "hello".to_owned())],
        secrets: vec![],
        ssh: vec![],
        cache_from: vec![],
        cache_to: vec![],
        builder: None,
        pull: PullPolicy::Missing,
        tag: local.to_owned(),
    };
    let built = build(engine, &request, &|_| {}).await.expect("the build succeeds");
    assert!(matches!(built, Built::InEngine(_)));
    assert_eq!(snapshot(project), before, "the project is as it was");
    let facts = inspect(engine, local).await.expect("the engine answers").expect("the image is there");
    assert_eq!(facts.runtime_version.as_deref(), Some(RUNTIME));
    assert_eq!((facts.os.as_str(), facts.architecture.as_str()), ("linux", "amd64"));
    let repository = format!("org/{}", format!("{:?}", engine.builder).to_lowercase());
    let login = RegistryLogin { username: "cli".to_owned(), password: Secret::new("token") };
    let target = PushRequest {
        local: local.to_owned(),
        repository: format!("{}/{repository}", world.registry),
        tag: "deploy-1".to_owned(),
        login,
        retry_delays: vec![],
    };
    let pushed = push(engine, &target, &|_| {}).await.expect("the push succeeds");
    assert_eq!(pushed.warnings, Vec::<String>::new());
    let image = world.pulled(&format!("{repository}:deploy-1")).await;
    assert_eq!(files_of(&image).await, expected_files());
    assert_eq!(image.facts.digest, facts.digest, "the registry has the image that was inspected");
    assert_eq!(image.facts.runtime_version.as_deref(), Some(RUNTIME));
    let PrebuiltBody::Remote(remote) = &image.body else { panic!("the image is in a registry") };
    let digest = pushed.digest.expect("the engine named the digest");
    let (_, _, actual) = remote.repository.manifest(digest.as_str()).await.expect("the digest can be pulled");
    assert_eq!(actual, digest);
    let left: Vec<_> = std::fs::read_dir(world.folder.path())
        .expect("a folder")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("liftoff-"))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "no temporary folder is left");
}

#[tokio::test]
async fn docker_builds_with_buildkit_and_with_the_classic_builder() {
    let world = World::new(|_| RealEngine::docker());
    let project = world.project();
    let mut engine = find(&world.env(), Some("docker"), None).await.expect("docker works");
    assert_eq!(engine.builder, Builder::BuildKit, "Debian's docker 20.10 drives BuildKit by itself");
    builds_and_pushes(&world, &engine, &project).await;
    engine.builder = Builder::Classic;
    builds_and_pushes(&world, &engine, &project).await;

    // The same image through `docker save` and our own push.
    let archive = world.at("saved.tar");
    world.run(&["save", "-o", &archive.display().to_string(), "liftoff-test:local"]);
    let source = ImageSource::Archive(archive);
    let saved = open(&world.transport(), &source, None, world.folder.path()).await.expect("the archive can be read");
    let local = inspect(&engine, "liftoff-test:local").await.expect("the engine answers").expect("the image is there");
    assert_eq!(saved.facts.digest, local.digest);
    let target = PushTarget {
        repository: format!("{}/org/saved", world.registry),
        tag: "1".to_owned(),
        login: RegistryLogin::astro(&Secret::new("token")),
    };
    push_stored(&world.transport(), &saved, &target, world.folder.path(), &|_| {}).await.expect("the push succeeds");
    let image = world.pulled("org/saved:1").await;
    assert_eq!(files_of(&image).await, expected_files());
    // Docker itself can pull and run what we pushed.
    let pushed = format!("{}/org/saved:1", world.registry);
    world.run(&["rmi", "-f", "liftoff-test:local"]);
    world.run(&["pull", &pushed]);
    world.run(&["run", "--rm", "--network=none", &pushed, "/bin/sh", "-c", "test -e /data.txt"]);
}

#[tokio::test]
async fn buildah_builds_and_an_oci_layout_is_copied() {
    let world = World::new(|folder| RealEngine::daemonless("buildah", folder));
    let project = world.project();
    let engine = find(&world.env(), Some("buildah"), None).await.expect("buildah works");
    builds_and_pushes(&world, &engine, &project).await;

    let layout = world.at("layout");
    world.run(&["push", "liftoff-test:local", &format!("oci:{}:x", layout.display())]);
    let opened = open(&world.transport(), &ImageSource::Layout(layout), None, world.folder.path()).await;
    let opened = opened.expect("the layout can be read");
    let target = |repository: &str| PushTarget {
        repository: format!("{}/{repository}", world.registry),
        tag: "1".to_owned(),
        login: RegistryLogin::astro(&Secret::new("token")),
    };
    let first = push_stored(&world.transport(), &opened, &target("org/layout"), world.folder.path(), &|_| {}).await;
    let first = first.expect("the push succeeds");
    let remote = world.pulled("org/layout:1").await;
    let lines = std::sync::Mutex::new(Vec::new());
    let note = |line: &str| lines.lock().expect("a lock").push(line.to_owned());
    let second = push_stored(&world.transport(), &remote, &target("org/copy"), world.folder.path(), &note).await;
    assert_eq!(second.expect("the copy succeeds"), first, "a copy keeps the digest");
    let lines = lines.into_inner().expect("a lock");
    assert!(lines.iter().all(|line| line.ends_with("mounted")), "nothing is sent twice: {lines:?}");
    assert_eq!(files_of(&world.pulled("org/copy:1").await).await, expected_files());
}

#[tokio::test]
async fn podman_builds_and_pushes() {
    let world = World::new(|folder| RealEngine::daemonless("podman", folder));
    let project = world.project();
    let engine = find(&world.env(), Some("podman"), None).await.expect("podman works");
    builds_and_pushes(&world, &engine, &project).await;
}
