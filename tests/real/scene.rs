//! The scene of whole runs: an example project in a repository, a simulated platform, a real engine, and the program.
//! It checks after each run what must hold after all of them; what a run shipped is the business of the tests.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use astro_sim::world::deployment::Deployment;
use astro_sim::world::state::World;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use crate::bench::{Bench, Ran};
use crate::components::{DEAD_PROXY, PATH, RUNTIME, RealEngine, files_below, variable, write};

/// One scene at a time uses the engines, so that each can see what it left there itself.
static TURN: Mutex<()> = Mutex::new(());

/// Files that no image holds, by the project's `.dockerignore`, though they lie in the project.
const KEPT_OUT: &[&str] =
    &[".env", "airflow_settings.yaml", "logs/scheduler.log", "include/__pycache__/readings.pyc", "notes/plan.txt"];
/// A line for the `.dockerignore` of the kind that podman does not understand.
const ROOTED: &str = "/notes\n";

/// Where the images go.
pub enum Registry {
    /// Into the simulator's own, which checks what is pushed.
    Simulated,
    /// Into the real one that wants the user `cli` and a password.
    Real,
}

/// Everything a whole run needs.
pub struct Scene {
    /// The platform, the project and the program.
    pub bench: Bench,
    /// The engine.
    pub engine: RealEngine,
    folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Scene {
    /// Returns a scene with a copy of `examples/astro-project` for a Deployment that has never been deployed to.
    pub fn new(deployment: Deployment, registry: &Registry, engine: impl FnOnce(&Path) -> RealEngine) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().expect("a folder");
        let mut world = World::new().deployment(deployment);
        if matches!(registry, Registry::Real) {
            world.site.external_registry = Some(variable("REAL_LOCKED_REGISTRY"));
        }
        let mut bench = Bench::with(world);
        take_project(&bench, &example("astro-project"));
        KEPT_OUT.iter().for_each(|path| bench.write(path, "not for images"));
        let rules = std::fs::read_to_string(bench.project().join(".dockerignore")).expect("ignore rules");
        bench.write(".dockerignore", &(rules + ROOTED));
        bench.commit("Add what no image holds");
        for name in ["home", "tools"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let engine = engine(folder.path());
        bench.set("PATH", PATH).set("HTTPS_PROXY", DEAD_PROXY).set("LIFTOFF_CONTAINER_ENGINE", engine.name);
        bench.set("HOME", text(&folder.path().join("home")));
        for (name, value) in &engine.variables {
            bench.set(name, value.to_str().expect("UTF-8"));
        }
        let scene = Self { bench, engine, folder, _turn: turn };
        if matches!(registry, Registry::Real) {
            return scene.with_token(&variable("REAL_LOCKED_REGISTRY_PASSWORD"));
        }
        scene.engine.make_base(&scene.tools(), &scene.base_image());
        scene
    }

    /// Makes another text the platform's API token and gives it to the program.
    pub fn with_token(mut self, token: &str) -> Self {
        self.bench.sim.with(|world| token.clone_into(&mut world.tokens[0].text));
        self.bench.set("ASTRO_API_TOKEN", token);
        self.engine.make_base(&self.tools(), &self.base_image());
        self
    }

    /// Returns the folder for what the test itself does.
    pub fn tools(&self) -> PathBuf {
        self.folder.path().join("tools")
    }

    /// Runs the engine in the project, for the test itself.
    pub fn engine(&self, arguments: &[&str]) -> String {
        self.engine.run(&self.tools(), &self.bench.project(), arguments)
    }

    /// Runs the program and checks that it left nothing behind and nothing changed.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let tree = self.bench.fingerprint_of_tree();
        let images = self.images();
        let ran = self.bench.run(arguments);
        self.bench.assert_clean(&ran);
        assert!(tree == self.bench.fingerprint_of_tree(), "the user's tree was changed");
        assert_eq!(self.images(), images, "the engine has other images than before");
        let list: &[&str] = if self.engine.name == "buildah" { &["containers", "-q"] } else { &["ps", "-aq"] };
        assert_eq!(self.engine(list), "", "a container was left");
        self.assert_no_credentials();
        ran
    }

    /// Deploys and returns the type of the deploy that was made, if one was.
    pub fn deploy(&self, arguments: &[&str]) -> Option<String> {
        let before = self.bench.sim.with(|world| world.deployments[0].deploys.len());
        let ran = self.run(&[&["deploy"], arguments].concat());
        assert_eq!(ran.code, 0, "{}\n{}", ran.data, ran.talk);
        let deployed = self.bench.deployed();
        assert_eq!(self.bench.sim.with(|world| world.deployments[0].deploys.len()), deployed.len(), "a deploy is not finished");
        assert!(deployed.len() <= before + 1, "one run makes at most one deploy");
        (deployed.len() > before).then(|| deployed[0].clone())
    }

    /// Returns the names of the engine's images.
    pub fn images(&self) -> Vec<String> {
        let format = if self.engine.name == "buildah" { "{{.Name}}:{{.Tag}}" } else { "{{.Repository}}:{{.Tag}}" };
        let mut names: Vec<String> = self.engine(&["images", "--format", format]).lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    fn assert_no_credentials(&self) {
        let token = self.bench.sim.with(|world| world.tokens[0].text.clone());
        // As engines write logins down.
        let login = STANDARD.encode(format!("cli:{token}"));
        let mut files = files_below(&self.folder.path().join("home"));
        // Where podman and buildah keep logins when they are told nothing else.
        files.extend(["/run/containers/0/auth.json", "/run/user/0/containers/auth.json"].map(PathBuf::from));
        for file in files.into_iter().filter(|file| file.exists()) {
            let content = std::fs::read(&file).expect("a file");
            let holds = |text: &str| content.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!holds(&token) && !holds(&login), "a login was left in {}", file.display());
        }
        assert!(!self.folder.path().join("home/.docker/config.json").exists(), "docker's configuration was written");
    }

    fn base_image(&self) -> String {
        let dockerfile = std::fs::read_to_string(self.bench.project().join("Dockerfile")).expect("a Dockerfile");
        let name = dockerfile.lines().find_map(|line| line.strip_prefix("FROM ")).expect("a base image").trim();
        assert!(name.ends_with(&format!(":{RUNTIME}")), "the example is based on {name}");
        name.to_owned()
    }
}

/// Returns an example of this repository.
pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// Makes a folder's files the project of a bench, committed.
pub fn take_project(bench: &Bench, source: &Path) {
    for file in files_below(&bench.project()) {
        if !file.starts_with(bench.project().join(".git")) {
            std::fs::remove_file(file).expect("removed");
        }
    }
    for file in files_below(source) {
        let path = file.strip_prefix(source).expect("a file below");
        let target = bench.project().join(path);
        write(&target, "");
        std::fs::copy(&file, &target).expect("a copy");
    }
    bench.commit("Take the example");
}

/// Returns a path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}
