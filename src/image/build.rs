//! Builds the project's image with an engine, from the user's folder as it is.
//! It knows nothing of deploys; leaving DAGs out is just another ignore pattern.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::{Error, Kind, Result};
use crate::image::child::{self, Ended, Feed, OnLine};
use crate::image::command_line::{BuildFiles, build_args};
use crate::image::context::{dockerfile_with_rules, ignore_rules, private_folder, rules_file, write_tar};
use crate::image::engine::{Builder, Engine};
use crate::image::environment::{cache_token, check_secrets};
use crate::image::request::BuildRequest;

/// A built image.
#[derive(Debug)]
pub enum Built {
    /// It lies in the engine under this name.
    InEngine(String),
    /// A remote builder wrote it into a private file, which vanishes when this is dropped.
    Archive(BuiltArchive),
}

/// An image archive in a private temporary folder.
#[derive(Debug)]
pub struct BuiltArchive {
    file: PathBuf,
    _folder: TempDir,
}

impl BuiltArchive {
    /// Returns the archive's path, valid as long as this value lives.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file
    }
}

/// Builds the image for linux/amd64 and hands on each line of the build's output. The project's
/// files are only read. A dropped future ends the build.
///
/// # Errors
/// `BuildFailed` with the last lines when the build fails; `Usage` when the engine cannot do
/// what is asked; `Project` when files cannot be read.
pub async fn build(engine: &Engine, request: &BuildRequest<'_>, on_line: OnLine<'_>) -> Result<Built> {
    refuse_what_the_engine_lacks(engine, request)?;
    check_secrets(&request.secrets)?;
    let folder = private_folder(engine.env())?;
    let dockerfile = request.context.join(request.dockerfile.to_path());
    let rules = ignore_rules(request.ignore_text, &request.excludes);
    let mut feed: Option<Feed> = None;
    let mut files = BuildFiles { dockerfile: &dockerfile, rules: None, archive: None };
    let (copy, rules_path, inside, archive);
    match engine.builder {
        Builder::Buildx | Builder::BuildxRemote | Builder::BuildKit => {
            copy = dockerfile_with_rules(&folder, &dockerfile, &rules)?;
            files.dockerfile = &copy;
        }
        Builder::Buildah => {
            rules_path = PathBuf::from(rules_file(&folder, &rules)?);
            files.rules = Some(&rules_path);
        }
        Builder::Classic => {
            inside = request.dockerfile.to_path();
            files.dockerfile = &inside;
            feed = Some(tar_feed(request, &dockerfile));
        }
    }
    if engine.builder == Builder::BuildxRemote {
        archive = folder.path().join("image.tar");
        files.archive = Some(&archive);
    }
    let args = build_args(engine.kind, engine.builder, request, files);
    let mut call = engine.call(request.context, &request.secrets).args(args);
    match engine.builder {
        Builder::BuildKit => call = call.variable("DOCKER_BUILDKIT", "1"),
        Builder::Classic => call = call.variable("DOCKER_BUILDKIT", "0"),
        _ => {}
    }
    if let Some((name, token)) = cache_token(engine.env(), request.cache_from.iter().chain(&request.cache_to)) {
        call = call.variable(name, token);
    }
    let ended = child::stream(&call, feed, on_line).await?;
    if !ended.succeeded() {
        return Err(failure(&ended, request));
    }
    Ok(match files.archive {
        Some(file) => Built::Archive(BuiltArchive { file: file.to_owned(), _folder: folder }),
        None => Built::InEngine(request.tag.clone()),
    })
}

fn tar_feed(request: &BuildRequest<'_>, dockerfile: &Path) -> Feed {
    let entries = request.entries.to_vec();
    let (name, source) = (request.dockerfile.clone(), dockerfile.to_owned());
    Box::new(move |out| write_tar(out, &entries, (&name, &source)))
}

fn refuse_what_the_engine_lacks(engine: &Engine, request: &BuildRequest<'_>) -> Result<()> {
    let buildx = matches!(engine.builder, Builder::Buildx | Builder::BuildxRemote);
    let classic = engine.builder == Builder::Classic;
    let lacking = [
        (classic && !request.secrets.is_empty(), "build secrets"),
        (classic && !request.ssh.is_empty(), "SSH keys for the build"),
        (request.builder.is_some() && !buildx, "a named builder"),
        (!request.cache_to.is_empty() && !buildx && engine.builder != Builder::Buildah, "a cache export"),
    ];
    match lacking.iter().find(|(lacks, _)| *lacks) {
        None => Ok(()),
        Some((_, what)) => Err(Error::new(Kind::Usage, format!("use {what} with {}", engine.program.display()))
            .because("this engine has no BuildKit that can do it")
            .hint("install the buildx plugin of Docker, or use another engine with `container-engine`")),
    }
}

/// What failing builds say, and what helps. The first match counts.
const HINTS: &[(&[&str], &str)] = &[
    (&["no space left on device"], "free disk space for the engine, for instance with `docker system prune`"),
    (
        &["requirements.txt", "not found"],
        "an Astro Runtime image needs requirements.txt and packages.txt beside the Dockerfile; they may be empty",
    ),
    (
        &["packages.txt", "not found"],
        "an Astro Runtime image needs requirements.txt and packages.txt beside the Dockerfile; they may be empty",
    ),
    (&["exec format error"], "the image is built for linux/amd64; on another machine register QEMU before the build"),
    (&["toomanyrequests"], "the base image's registry limits anonymous pulls; log in to it before the deploy"),
    (&["unauthorized"], "log in to the base image's registry before the deploy"),
    (&["denied"], "log in to the base image's registry before the deploy"),
];

fn failure(ended: &Ended, request: &BuildRequest<'_>) -> Error {
    let error = Error::new(Kind::BuildFailed, "build the image").because(ended.describe());
    let error = error.at(request.dockerfile.to_string(), None);
    let said = ended.tail.join("\n").to_ascii_lowercase();
    match HINTS.iter().find(|(words, _)| words.iter().all(|word| said.contains(word))) {
        Some((_, hint)) => error.hint(*hint),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::engine::EngineKind;
    use crate::image::fake_engine::FakeEngines;
    use crate::image::request::PullPolicy;
    use crate::model::entry::{Entry, EntryKind};
    use crate::model::path::RelPath;

    struct Project {
        folder: TempDir,
        dockerfile: RelPath,
        entries: Vec<Entry>,
    }

    const DOCKERFILE: &str = "# syntax=docker/dockerfile:1\nFROM base\nCOPY x /x\n";

    impl Project {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let mut entries = Vec::new();
            for (path, text, ships) in [
                ("Dockerfile", DOCKERFILE, false),
                ("x", "1", true),
                ("dags/a.py", "2", false),
                (".dockerignore", "secret", true),
            ] {
                let source = folder.path().join(path);
                std::fs::create_dir_all(source.parent().expect("a parent")).expect("a folder");
                std::fs::write(&source, text).expect("a file");
                let kind = EntryKind::File { size: text.len() as u64, executable: path == "x" };
                let path = RelPath::parse(path.as_bytes()).expect("a path");
                if ships {
                    entries.push(Entry { path, source, kind });
                }
            }
            let path = RelPath::parse(b"link").expect("a path");
            entries.push(Entry {
                path,
                source: folder.path().join("link"),
                kind: EntryKind::Symlink { target: b"../out".to_vec() },
            });
            Self { folder, dockerfile: RelPath::parse(b"Dockerfile").expect("a path"), entries }
        }

        fn request(&self) -> BuildRequest<'_> {
            BuildRequest {
                context: self.folder.path(),
                dockerfile: &self.dockerfile,
                ignore_text: "secret\n!dags/a.py",
                excludes: vec!["dags".to_owned()],
                entries: &self.entries,
                build_args: vec![("NAME".to_owned(), "a b".to_owned())],
                secrets: vec![],
                ssh: vec![],
                cache_from: vec!["type=gha".to_owned()],
                cache_to: vec![],
                builder: None,
                pull: PullPolicy::Always,
                tag: "liftoff:local".to_owned(),
            }
        }
    }

    async fn engine(fakes: &FakeEngines, kind: EngineKind, builder: Builder) -> Engine {
        let mut engine = fakes.find(kind.program(), None).await;
        engine.builder = builder;
        engine
    }

    fn expected_calls() -> [(EngineKind, Builder, String); 6] {
        let common = "--build-arg NAME=a b --cache-from type=gha";
        [
            (
                EngineKind::Docker,
                Builder::Buildx,
                format!(
                    "docker buildx build --platform linux/amd64 --progress plain --provenance=false --sbom=false --builder far --pull \
                     {common} --cache-to type=inline --file TMP/Dockerfile --tag liftoff:local --load PROJECT"
                ),
            ),
            (
                EngineKind::Docker,
                Builder::BuildxRemote,
                format!(
                    "docker buildx build --platform linux/amd64 --progress plain --provenance=false --sbom=false --builder far --pull \
                     {common} --cache-to type=inline --file TMP/Dockerfile --tag liftoff:local \
                     --output type=docker,dest=TMP/image.tar PROJECT"
                ),
            ),
            (
                EngineKind::Docker,
                Builder::BuildKit,
                format!(
                    "docker build --platform linux/amd64 --progress plain --pull {common} --file TMP/Dockerfile --tag liftoff:local PROJECT"
                ),
            ),
            (
                EngineKind::Docker,
                Builder::Classic,
                format!("docker build --platform linux/amd64 --pull {common} --file Dockerfile --tag liftoff:local -"),
            ),
            (
                EngineKind::Podman,
                Builder::Buildah,
                format!(
                    "podman build --platform linux/amd64 --format docker --pull=always {common} --file PROJECT/Dockerfile \
                     --ignorefile TMP/ignore --tag liftoff:local PROJECT"
                ),
            ),
            (
                EngineKind::Buildah,
                Builder::Buildah,
                format!(
                    "buildah build --platform linux/amd64 --format docker --pull=always {common} --file PROJECT/Dockerfile \
                     --ignorefile TMP/ignore --tag liftoff:local PROJECT"
                ),
            ),
        ]
    }

    #[tokio::test]
    async fn each_builder_gets_exactly_these_arguments() {
        for (kind, builder, expected) in expected_calls() {
            let project = Project::new();
            let fakes = FakeEngines::new(&["docker", "podman", "buildah"]);
            let engine = engine(&fakes, kind, builder).await;
            let mut request = project.request();
            if matches!(builder, Builder::Buildx | Builder::BuildxRemote) {
                request.builder = Some("far".to_owned());
                request.cache_to = vec!["type=inline".to_owned()];
            }
            let built = build(&engine, &request, &|_| {}).await.expect("the build succeeds");
            let calls = fakes.calls(kind.program()).join("\n");
            assert_eq!(calls.replace(&project.folder.path().display().to_string(), "PROJECT"), expected);
            match built {
                Built::Archive(archive) => {
                    assert_eq!(builder, Builder::BuildxRemote);
                    assert_eq!(std::fs::read(archive.path()).expect("the archive"), b"archive");
                }
                Built::InEngine(name) => assert_eq!(name, "liftoff:local"),
            }
            assert_eq!(fakes.leftovers(), Vec::<PathBuf>::new(), "{builder:?} leaves nothing behind");
        }
    }

    #[tokio::test]
    async fn dags_are_left_out_without_touching_the_project() {
        for (kind, builder) in [(EngineKind::Docker, Builder::BuildKit), (EngineKind::Buildah, Builder::Buildah)] {
            let project = Project::new();
            let fakes = FakeEngines::new(&["docker", "buildah"]);
            let engine = engine(&fakes, kind, builder).await;
            build(&engine, &project.request(), &|_| {}).await.expect("the build succeeds");
            assert_eq!(fakes.seen(kind.program(), "seen.ignore"), "secret\n!dags/a.py\ndags\n", "the last match wins");
            assert_eq!(fakes.seen(kind.program(), "seen.dockerfile"), DOCKERFILE);
            let ignore = std::fs::read_to_string(project.folder.path().join(".dockerignore"));
            assert_eq!(ignore.expect("the user's file"), "secret");
            let mut names: Vec<_> = std::fs::read_dir(project.folder.path())
                .expect("a folder")
                .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
                .collect();
            names.sort();
            assert_eq!(names, [".dockerignore", "Dockerfile", "dags", "x"]);
        }
    }

    #[tokio::test]
    async fn the_classic_builder_gets_the_entries_and_the_dockerfile_as_a_tar() {
        let project = Project::new();
        let fakes = FakeEngines::new(&["docker"]);
        let engine = engine(&fakes, EngineKind::Docker, Builder::Classic).await;
        std::os::unix::fs::symlink("../out", project.folder.path().join("link")).expect("a link");
        build(&engine, &project.request(), &|_| {}).await.expect("the build succeeds");
        let tar = std::fs::File::open(fakes.at("docker/seen.tar")).expect("a tar");
        let found: Vec<(String, u32, Option<String>)> = tar::Archive::new(tar)
            .entries()
            .expect("a tar")
            .map(|entry| {
                let entry = entry.expect("an entry");
                let link = entry.link_name_bytes().map(|link| String::from_utf8_lossy(&link).into_owned());
                (String::from_utf8_lossy(&entry.path_bytes()).into_owned(), entry.header().mode().expect("a mode"), link)
            })
            .collect();
        let expected =
            [("Dockerfile", 0o644, None), ("x", 0o755, None), (".dockerignore", 0o644, None), ("link", 0o777, Some("../out"))];
        assert_eq!(found, expected.map(|(path, mode, link)| (path.to_owned(), mode, link.map(str::to_owned))));
        assert!(fakes.seen("docker", "env").contains("DOCKER_BUILDKIT=0"));
    }

    #[tokio::test]
    async fn a_file_that_changes_during_the_build_fails_it() {
        let mut project = Project::new();
        project.entries[0].kind = EntryKind::File { size: 99, executable: false };
        let fakes = FakeEngines::new(&["docker"]);
        let engine = engine(&fakes, EngineKind::Docker, Builder::Classic).await;
        let error = build(&engine, &project.request(), &|_| {}).await.expect_err("the build fails");
        assert_eq!((error.kind(), error.cause()), (Kind::Project, Some("x changed while the image was being built")));
    }

    #[tokio::test]
    async fn a_failed_build_shows_its_last_lines_and_what_helps() {
        let project = Project::new();
        let fakes = FakeEngines::new(&["buildah"]);
        let lines: String = (0..60).map(|number| format!("step {number}\n")).collect();
        fakes.answer("buildah", "build.out", &lines);
        fakes.answer("buildah", "build.err", "\u{1b}[31mCOPY requirements.txt: file not found\r\n");
        fakes.answer("buildah", "build.code", "17");
        let engine = engine(&fakes, EngineKind::Buildah, Builder::Buildah).await;
        let count = std::sync::atomic::AtomicUsize::new(0);
        let on_line = |_: &str| {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        };
        let error = build(&engine, &project.request(), &on_line).await.expect_err("the build fails");
        assert_eq!(error.kind(), Kind::BuildFailed);
        assert_eq!(count.into_inner(), 61, "every line is handed on");
        let cause = error.cause().expect("a cause");
        assert!(cause.starts_with("exit code 17\nstep 21\n"), "{cause}");
        assert!(cause.ends_with("step 59\n[31mCOPY requirements.txt: file not found"), "{cause}");
        assert_eq!(cause.lines().count(), 41);
        assert!(error.advice().is_some_and(|advice| advice.contains("may be empty")));
        assert_eq!(fakes.leftovers(), Vec::<PathBuf>::new());
    }

    #[tokio::test]
    async fn secrets_reach_the_engine_by_name_only() {
        let project = Project::new();
        let mut fakes = FakeEngines::new(&["podman"]);
        fakes.variable("INDEX_URL", "https://user:s3cret@pypi.example");
        let engine = engine(&fakes, EngineKind::Podman, Builder::Buildah).await;
        let mut request = project.request();
        request.secrets = vec!["id=index,env=INDEX_URL".to_owned()];
        request.ssh = vec!["default".to_owned()];
        build(&engine, &request, &|_| {}).await.expect("the build succeeds");
        let calls = fakes.calls("podman").join("\n");
        assert!(calls.contains("--secret id=index,env=INDEX_URL --ssh default") && !calls.contains("s3cret"), "{calls}");
        let env = fakes.seen("podman", "env");
        assert!(env.contains("s3cret") && !env.contains("hunter2"), "{env}");
    }

    #[tokio::test]
    async fn what_an_engine_cannot_do_is_refused_before_the_build() {
        let project = Project::new();
        let with = |change: fn(&mut BuildRequest<'_>)| {
            let mut request = project.request();
            change(&mut request);
            request
        };
        let cases = [
            (Builder::Classic, with(|request| request.secrets = vec!["id=x".to_owned()])),
            (Builder::Classic, with(|request| request.ssh = vec!["default".to_owned()])),
            (Builder::BuildKit, with(|request| request.builder = Some("far".to_owned()))),
            (Builder::BuildKit, with(|request| request.cache_to = vec!["type=inline".to_owned()])),
            (Builder::Buildx, with(|request| request.secrets = vec!["id=x,env=ASTRO_API_TOKEN".to_owned()])),
        ];
        let fakes = FakeEngines::new(&["docker"]);
        let mut engine = fakes.find("docker", None).await;
        for (builder, request) in cases {
            engine.builder = builder;
            let error = build(&engine, &request, &|_| {}).await.expect_err("it is refused");
            assert_eq!(error.kind(), Kind::Usage, "{error}");
            assert_eq!(fakes.calls("docker"), Vec::<String>::new());
        }
    }

    #[tokio::test]
    async fn a_cancelled_build_ends_with_all_its_children() {
        let project = Project::new();
        let fakes = FakeEngines::new(&["buildah"]);
        let engine = engine(&fakes, EngineKind::Buildah, Builder::Buildah).await;
        let pipe = fakes.at("buildah/build.hang");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is installed");
        assert!(made.success());
        // Opening a pipe waits for the other side, so this thread is done when the family is.
        let ended = tokio::task::spawn_blocking(move || std::fs::read(pipe));
        let (started, has_started) = tokio::sync::oneshot::channel();
        let started = std::sync::Mutex::new(Some(started));
        let on_line = |_: &str| {
            if let Some(started) = started.lock().expect("a lock").take() {
                started.send(()).expect("someone waits");
            }
        };
        let request = project.request();
        tokio::select! {
            result = build(&engine, &request, &on_line) => panic!("the build ended: {result:?}"),
            started = has_started => started.expect("it has started"),
        }
        assert_eq!(ended.await.expect("a thread").expect("a pipe"), b"");
        assert_eq!(fakes.leftovers(), Vec::<PathBuf>::new());
    }
}
