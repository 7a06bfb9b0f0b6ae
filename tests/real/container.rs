//! The images of `dist/Dockerfile`, built and run by a real engine on bases that are made here.
//! The bases hold Debian's own git and docker client, so what is tested is what the Dockerfile adds: layers, users,
//! variables, entrypoints.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use astro_sim::world::deployment::Deployment;
use serde_json::Value;

use crate::bench::Bench;
use crate::components::{RealEngine, variable, write};
use crate::scene::{Registry, Scene, example, take_project, text};

/// Nobody's user id, with the limits that careful clusters set.
const STRICT: [&str; 4] = ["--user=12345:12345", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL"];
const ALONE: &str = "--network=none";
/// What the stand-in for buildx answers; it cannot build, so that the client's own BuildKit does.
const STAND_IN: &str = "a stand-in for buildx";

/// Builds all variants, once.
fn engine() -> RealEngine {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let build = |context: &Path, arguments: &[&str]| {
            RealEngine::docker().run(folder.path(), context, &[&["build", "-q"], arguments, &["."]].concat());
        };
        build(&git_base(&folder.path().join("git")), &["-t", "liftoff-test-base:git"]);
        build(&docker_base(&folder.path().join("docker")), &["-t", "liftoff-test-base:docker"]);
        let context = folder.path().join("context");
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let binary = Path::new(env!("CARGO_BIN_EXE_liftoff"));
        place(&context.join(format!("rootfs-{architecture}")), binary, "usr/local/bin/liftoff");
        let layout = Command::new(example("../dist/layout.sh")).args([text(&context), architecture, text(binary)]).status();
        assert!(layout.expect("a shell").success());
        let dockerfile = example("../dist/Dockerfile");
        for variant in ["plain", "git", "docker"] {
            let bases = ["--build-arg=GIT_BASE=liftoff-test-base:git", "--build-arg=DOCKER_BASE=liftoff-test-base:docker"];
            let name = format!("liftoff-test:{variant}");
            build(&context, &[&bases[..], &["--target", variant, "-t", &name, "-f", text(&dockerfile)]].concat());
        }
    });
    RealEngine::docker()
}

/// Copies a program and the libraries it needs below a root.
fn place(root: &Path, program: &Path, target: &str) {
    let output = Command::new("ldd").arg(program).output().expect("ldd");
    let libraries = String::from_utf8(output.stdout).expect("UTF-8");
    let libraries = libraries.split_whitespace().filter(|word| word.starts_with('/'));
    let all = libraries.map(|path| (PathBuf::from(path), path.trim_start_matches('/'))).chain([(program.to_owned(), target)]);
    for (source, target) in all {
        let target = root.join(target);
        std::fs::create_dir_all(target.parent().expect("a folder above")).expect("folders");
        std::fs::copy(&source, &target).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    }
}

/// A shell and git, with the entrypoint and the user that `alpine/git` has.
fn git_base(folder: &Path) -> PathBuf {
    let root = folder.join("root");
    place(&root, Path::new("/usr/bin/git"), "usr/bin/git");
    place(&root, Path::new("/bin/busybox"), "bin/busybox");
    for tool in ["sh", "cat", "env", "id"] {
        symlink("busybox", root.join("bin").join(tool)).expect("a link");
    }
    write(&folder.join("Dockerfile"), "FROM scratch\nCOPY root/ /\nWORKDIR /git\nENTRYPOINT [\"git\"]\nCMD [\"--help\"]\n");
    folder.to_owned()
}

/// A docker client where `docker:cli` has it, and a stand-in for buildx where that has the real one.
fn docker_base(folder: &Path) -> PathBuf {
    place(&folder.join("root"), Path::new("/usr/bin/docker"), "usr/local/bin/docker");
    let plugin = folder.join("root/usr/local/libexec/docker/cli-plugins/docker-buildx");
    let metadata = r#"{"SchemaVersion":"0.1.0","Vendor":"acme","Version":"1"}"#;
    write(
        &plugin,
        &format!("#!/bin/sh\ncase $1 in docker-cli-plugin-metadata) echo '{metadata}';; *) echo '{STAND_IN}'; exit 1;; esac\n"),
    );
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).expect("permissions");
    write(&folder.join("Dockerfile"), "FROM scratch\nCOPY root/ /\nENTRYPOINT [\"docker-entrypoint.sh\"]\n");
    folder.to_owned()
}

/// A checkout of the example that belongs to root, and how to mount it.
fn checkout() -> (Bench, String) {
    let bench = Bench::new();
    take_project(&bench, &example("astro-project"));
    assert_eq!(std::fs::metadata(bench.project()).expect("metadata").uid(), 0, "`tests/real/run` runs as root");
    let mount = format!("--volume={}:/project:ro", text(&bench.project()));
    (bench, mount)
}

/// Runs a container in the foreground and returns what it printed.
fn run(arguments: &[&str]) -> String {
    let home = tempfile::tempdir().expect("a folder");
    engine().run(home.path(), home.path(), &[&["run", "--rm"], arguments].concat())
}

fn assert_deployed(printed: &str, case: &str) {
    let said: Value = serde_json::from_str(printed).unwrap_or_else(|error| panic!("{case}: {error}: {printed}"));
    assert_eq!(said["result"]["deployed"], true, "{case}: {said:#}");
    assert_eq!(said["result"]["deploy_type"], "DAG_ONLY", "{case}: {said:#}");
}

#[test]
fn every_variant_deploys_for_any_user_with_a_read_only_root_and_without_home() {
    let (_bench, mount) = checkout();
    let deploy = ["deploy", "--sandbox", "--json"];
    let without_home = ["env", "-u", "HOME", "liftoff"];
    let cases: [(&str, &[&str], &[&str]); 7] = [
        ("plain", &[], &[]),
        ("plain", &["--env=HOME="], &[]),
        ("plain", &["--env=HOME=/"], &[]),
        ("git", &["--env=HOME=/"], &["liftoff"]),
        ("git", &[], &without_home),
        ("docker", &["--env=HOME=/"], &["liftoff"]),
        ("docker", &[], &without_home),
    ];
    for (variant, options, program) in cases {
        let image = format!("liftoff-test:{variant}");
        let arguments = [&STRICT[..], options, &[ALONE, &mount, &image], program, &deploy].concat();
        assert_deployed(&run(&arguments), &format!("{arguments:?}"));
    }
}

#[test]
fn without_a_user_named_the_plain_and_git_variants_are_nobody_and_the_docker_variant_is_root() {
    engine();
    let user = |variant| {
        let folder = tempfile::tempdir().expect("a folder");
        let name = format!("liftoff-test:{variant}");
        engine().run(folder.path(), folder.path(), &["inspect", "--format", "{{.Config.User}}", &name])
    };
    assert_eq!(["plain", "git", "docker"].map(user), ["65532:65532", "65532:65532", "0:0"]);
}

#[test]
fn ci_systems_run_their_scripts_inside_the_images() {
    engine();
    let (bench, mount) = checkout();
    let script = "set -e\ncd /project\nliftoff deploy --sandbox --json\n";
    for image in ["liftoff-test:git", "liftoff-test:docker"] {
        // As GitLab's runner does: a script into the shell's standard input.
        let mut shell = Command::new("/usr/bin/docker");
        shell.args(
            [&["-H", &variable("REAL_DOCKER_HOST"), "run", "--rm", "-i"], &STRICT[..], &[ALONE, &mount, image, "sh"]].concat(),
        );
        let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("docker");
        std::io::Write::write_all(&mut shell.stdin.take().expect("a pipe"), script.as_bytes()).expect("a script");
        let output = shell.wait_with_output().expect("the end");
        let case = format!("{image} in GitLab: {}", String::from_utf8_lossy(&output.stderr));
        assert_deployed(&String::from_utf8_lossy(&output.stdout), &case);

        // As Jenkins does: a container that waits in `cat`, and steps executed in it.
        let docker = |arguments: &[&str]| engine().run(&bench.project(), &bench.project(), arguments);
        let id = docker(&[&["run", "-d", "-t"], &STRICT[..], &[ALONE, &mount, image, "cat"]].concat());
        let running = docker(&["top", &id, "-eo", "pid,comm"]);
        let said = docker(&["exec", &id, "sh", "-c", script]);
        docker(&["rm", "-f", &id]);
        assert!(running.contains("cat"), "{running}");
        assert_deployed(&said, &format!("{image} in Jenkins"));
    }
}

#[test]
fn git_trusts_a_checkout_that_somebody_else_owns() {
    let (bench, mount) = checkout();
    let head = bench.git(&["rev-parse", "HEAD"]);
    for image in ["liftoff-test:git", "liftoff-test:docker"] {
        assert_eq!(run(&[&STRICT[..], &[ALONE, &mount, image, "git", "rev-parse", "HEAD"]].concat()), head);
    }
}

#[test]
fn the_docker_variant_builds_an_image_where_it_is_given_a_daemon() {
    let engine = engine();
    let scene = Scene::new(Deployment::named("demo"), &Registry::Simulated, |_| RealEngine::docker());
    let socket = variable("REAL_DOCKER_HOST").trim_start_matches("unix://").to_owned();
    let group = format!("--group-add={}", std::fs::metadata(&socket).expect("the socket").gid());
    let socket = format!("--volume={socket}:/var/run/docker.sock");
    let project = format!("--volume={}:/project:ro", text(&scene.bench.project()));
    let options = [&STRICT[..], &["--network=host", &group, &socket, &project]].concat();
    let version = ["liftoff-test:docker", "docker", "buildx", "version"];
    let stand_in = engine.try_run(&scene.tools(), &scene.tools(), &[&["run", "--rm"], &options[..], &version].concat());
    assert_eq!(String::from_utf8_lossy(&stand_in.stdout).trim(), STAND_IN, "docker finds the plugin");

    let token = scene.bench.sim.with(|world| world.tokens[0].text.clone());
    let settings = [format!("--env=ASTRO_API_TOKEN={token}"), format!("--env=LIFTOFF_API_URL={}", scene.bench.sim.astro_url())];
    let command = ["liftoff-test:docker", "liftoff", "deploy", "--deployment-name=demo", "--container-engine=docker"];
    let images = scene.images();
    run(&[&options[..], &[&settings[0], &settings[1]], &command].concat());
    assert_eq!(scene.bench.deployed(), ["IMAGE_AND_DAG"]);
    assert_eq!(scene.bench.sim.violations(), Vec::<String>::new());
    assert_eq!(scene.images(), images, "nothing is left in the daemon");
}
