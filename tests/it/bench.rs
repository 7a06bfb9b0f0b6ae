//! The bench on which whole runs are tried: a project in a real git repository, a simulated
//! platform, and the program started with an otherwise empty environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use astro_sim::sim::Sim;
use astro_sim::world::builder::History;
use astro_sim::world::deployment::Deployment;
use astro_sim::world::state::World;
use astro_sim::world::token::TokenSpec;
use tempfile::TempDir;

/// Everything one test needs.
pub struct Bench {
    /// The simulated platform.
    pub sim: Sim,
    folder: TempDir,
    variables: BTreeMap<String, String>,
}

/// How a run ended.
pub struct Ran {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub data: String,
    /// Standard error.
    pub talk: String,
}

impl Bench {
    /// Returns a bench with a healthy Deployment `demo`, which has one old deploy, and a small
    /// Astro project committed to a repository with a remote.
    pub fn new() -> Self {
        let mut world = World::new().deployment(Deployment::named("demo"));
        let id = world.deployments[0].id.clone();
        world.add_history(&id, History { git: None, ..History::default() });
        Self::with(world)
    }

    /// Returns a bench over a given world.
    pub fn with(mut world: World) -> Self {
        let token = world.mint_token(TokenSpec { name: "ci".into(), ..TokenSpec::default() });
        let address = "127.0.0.1:0".parse().expect("an address");
        let sim = Sim::launch(address, world).expect("a simulator");
        let folder = tempfile::tempdir().expect("a folder");
        let mut bench = Self { sim, folder, variables: BTreeMap::new() };
        bench.set("ASTRO_API_TOKEN", &token);
        bench.set("LIFTOFF_API_URL", &bench.sim.astro_url());
        bench.set("LIFTOFF_DEPLOYMENT_NAME", "demo");
        bench.set("PATH", "/usr/local/bin:/usr/bin:/bin");
        bench.write("Dockerfile", "FROM astrocrpublic.azurecr.io/runtime:3.1-4\n");
        bench.write("requirements.txt", "");
        bench.write("packages.txt", "");
        bench.write("dags/sales.py", "from airflow.sdk import DAG\n\nwith DAG(\"sales\"):\n    pass\n");
        bench.write("include/query.sql", "select 1;\n");
        bench.write("README.md", "# Demo\n");
        bench.git(&["init", "-q", "-b", "main"]);
        // Whoever fetches from there stays on this machine and gets no answer.
        bench.git(&["remote", "add", "origin", "http://127.0.0.1:9/acme/demo.git"]);
        bench.commit("First version");
        bench
    }

    /// Returns the project's folder.
    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Sets a variable for all further runs.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Takes a variable away.
    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.variables.remove(name);
        self
    }

    /// Writes a file of the project.
    pub fn write(&self, path: &str, text: &str) {
        let file = self.project().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(file, text).expect("a file");
    }

    /// Removes a file of the project.
    pub fn remove(&self, path: &str) {
        std::fs::remove_file(self.project().join(path)).expect("removed");
    }

    /// Runs git in the project and returns its output.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.project())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .envs([("GIT_AUTHOR_NAME", "Ada"), ("GIT_AUTHOR_EMAIL", "ada@example.com")])
            .envs([("GIT_COMMITTER_NAME", "Ada"), ("GIT_COMMITTER_EMAIL", "ada@example.com")])
            .output()
            .expect("git");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Commits everything and returns the commit's id.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs the program in the project's folder.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_in(&self.project(), arguments)
    }

    /// Runs the program while another run of it goes on.
    pub fn run_beside(&self, arguments: &[&str]) -> Ran {
        let temporary = self.folder.path().join("tmp-beside");
        let mut program = self.program(&self.project(), arguments);
        std::fs::create_dir_all(&temporary).expect("a folder");
        let output = program.env("TMPDIR", &temporary).output().expect("the program");
        self.ended(output, "tmp-beside")
    }

    /// Runs the program while nobody reads its standard output.
    pub fn run_unread(&self, arguments: &[&str]) -> Ran {
        let mut child = self.program(&self.project(), arguments).spawn().expect("the program");
        drop(child.stdout.take());
        self.ended(child.wait_with_output().expect("the end"), "tmp")
    }

    /// Returns the program, ready to be started in a folder.
    fn program(&self, folder: &Path, arguments: &[&str]) -> Command {
        let temporary = self.folder.path().join("tmp");
        std::fs::create_dir_all(&temporary).expect("a folder");
        let mut program = Command::new(env!("CARGO_BIN_EXE_liftoff"));
        program.args(arguments).current_dir(folder).env_clear().env("TMPDIR", &temporary).envs(&self.variables);
        program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        program
    }

    /// Runs the program and sends it SIGTERM as soon as the platform has seen an operation.
    pub fn run_until(&self, operation: &str, arguments: &[&str]) -> Ran {
        self.run_until_it_holds(operation, |sim| sim.journal().iter().any(|entry| entry.operation == operation), arguments)
    }

    /// Runs the program and sends it SIGTERM as soon as something holds in the simulated world.
    pub fn run_until_it_holds(&self, what: &str, holds: impl Fn(&Sim) -> bool, arguments: &[&str]) -> Ran {
        let child = self.program(&self.project(), arguments).spawn().expect("the program");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while !holds(&self.sim) {
            assert!(std::time::Instant::now() < deadline, "it never came to this: {what}");
            std::thread::yield_now();
        }
        let stopped = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill");
        assert!(stopped.success());
        self.ended(child.wait_with_output().expect("the end"), "tmp")
    }

    /// Runs the program in a folder.
    pub fn run_in(&self, folder: &Path, arguments: &[&str]) -> Ran {
        self.ended(self.program(folder, arguments).output().expect("the program"), "tmp")
    }

    fn ended(&self, output: std::process::Output, temporary: &str) -> Ran {
        let temporary = self.folder.path().join(temporary);
        let left: Vec<_> = std::fs::read_dir(&temporary).expect("a folder").flatten().map(|entry| entry.path()).collect();
        assert!(left.is_empty(), "temporary files were left behind: {left:?}");
        Ran {
            code: output.status.code().unwrap_or(-1),
            data: String::from_utf8_lossy(&output.stdout).into_owned(),
            talk: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs a command with `--json` and returns its object.
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let ran = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_str(&ran.data).unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.data, ran.talk))
    }

    /// Deploys, expects success and returns what was said.
    pub fn deploy(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(&[&["deploy"], arguments].concat());
        assert_eq!(ran.code, 0, "{}\n{}", ran.data, ran.talk);
        self.assert_clean(&ran);
        ran
    }

    /// Checks that the platform saw no wrong request and that no secret was printed.
    pub fn assert_clean(&self, ran: &Ran) {
        assert_eq!(self.sim.violations(), Vec::<String>::new());
        let token = self.variables.get("ASTRO_API_TOKEN").cloned().unwrap_or_default();
        for text in [&ran.data, &ran.talk] {
            assert!(token.is_empty() || !text.contains(&token), "the token was printed");
            assert!(!text.contains("sig="), "a signed URL was printed: {text}");
        }
    }

    /// Returns the types of the Deployment's finished deploys, newest first.
    pub fn deployed(&self) -> Vec<String> {
        self.history("DEPLOYED")
    }

    /// Returns the types of the Deployment's deploys with a status, newest first.
    pub fn history(&self, status: &str) -> Vec<String> {
        self.sim.with(|world| {
            let deploys = world.deployments[0].deploys.iter().rev();
            deploys.filter(|deploy| deploy.status.word() == status).map(|deploy| deploy.kind.word().to_owned()).collect()
        })
    }

    /// Returns the paths in the DAG bundle that the Deployment runs.
    pub fn dag_files(&self) -> Vec<String> {
        let bytes = self.sim.with(|world| {
            let version = world.deployments[0].dag_tarball_version.clone().expect("a DAG bundle");
            world.blob(&version).expect("the bundle's bytes")
        });
        members(&bytes)
    }

    /// Returns every file of the project with its content, mode and modification time.
    pub fn fingerprint_of_tree(&self) -> BTreeMap<PathBuf, (Vec<u8>, u32, std::time::SystemTime)> {
        use std::os::unix::fs::MetadataExt as _;
        let mut files = BTreeMap::new();
        let mut folders = vec![self.project()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
                let metadata = entry.metadata().expect("metadata");
                if metadata.is_dir() {
                    folders.push(entry.path());
                } else {
                    let content = std::fs::read(entry.path()).unwrap_or_default();
                    files.insert(entry.path(), (content, metadata.mode(), metadata.modified().expect("a time")));
                }
            }
        }
        files
    }
}

/// Returns the member paths of a bundle.
pub fn members(bytes: &[u8]) -> Vec<String> {
    let members = astro_sim::archive::members(bytes).expect("a bundle");
    members.into_iter().map(|member| member.path).collect()
}
