//! The bench on which the lives of previews are tried: a repository with a pull request at the
//! simulated GitHub, a base Deployment that runs its `main`, and events as the runner gives them.

use astro_sim::world::airflow::{Connection, Variable};
use astro_sim::world::builder::SANDBOX_GITHUB_TOKEN;
use astro_sim::world::deployment::{Deployment, EnvironmentVariable};
use astro_sim::world::state::World;
use serde_json::{Map, Value, json};

use crate::bench::{Bench, Ran};

/// How a preview's description begins its mark.
pub const MARK: &str = "[liftoff-preview:1 ";

/// A repository, its pull request 1 from `change` into `main`, and the Deployment `demo`.
pub struct Life {
    /// The bench.
    pub bench: Bench,
    files: tempfile::TempDir,
}

impl Life {
    /// Returns a life in which the pull request changes one DAG.
    pub fn new() -> Self {
        let mut world = World::sandbox();
        let base = &mut world.deployments[0];
        base.is_cicd_enforced = true;
        let secret = |key: &str| EnvironmentVariable {
            key: key.into(),
            value: "production".into(),
            is_secret: true,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
        };
        base.environment_variables =
            vec![EnvironmentVariable { is_secret: false, ..secret("STAGE") }, secret("DB_PASSWORD"), secret("API_KEY")];
        base.airflow.connections.push(Connection {
            host: Some("db.example".into()),
            password: Some("hunter2".into()),
            ..Connection::named("warehouse", "postgres")
        });
        base.airflow.variables.push(Variable { key: "limit".into(), value: "10".into(), description: None });
        let mut bench = Bench::with(world);
        let files = tempfile::tempdir().expect("a folder");
        bench.git(&["remote", "set-url", "origin", "https://github.com/acme/demo.git"]);
        let main = bench.git(&["rev-parse", "HEAD"]);
        let git = [("provider", "GITHUB"), ("account", "acme"), ("repo", "demo"), ("branch", "main"), ("commitSha", &main)];
        let git: Map<String, Value> = git.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
        bench.sim.with(|world| world.deployments[0].deploys[0].git = Some(git));
        let path = |name: &str| files.path().join(name).display().to_string();
        let api = bench.sim.github_api_url();
        for (name, value) in [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_EVENT_PATH", &path("event.json")),
            ("GITHUB_REPOSITORY", "acme/demo"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_API_URL", &api),
            ("GITHUB_TOKEN", SANDBOX_GITHUB_TOKEN),
            ("GITHUB_REF", "refs/pull/1/merge"),
            ("GITHUB_HEAD_REF", "change"),
            ("GITHUB_BASE_REF", "main"),
            ("GITHUB_SHA", &main),
            ("GITHUB_RUN_ID", "7"),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_ACTOR", "ada"),
            ("GITHUB_WORKSPACE", &bench.project().display().to_string()),
            ("GITHUB_OUTPUT", &path("output")),
            ("GITHUB_STEP_SUMMARY", &path("summary")),
        ] {
            bench.set(name, value);
        }
        // Whoever builds an image here has not taken the base's.
        bench.set("LIFTOFF_CONTAINER_ENGINE", "/bin/false");
        bench.git(&["checkout", "-q", "-b", "change"]);
        let life = Self { bench, files };
        life.push("dags/sales.py", "from airflow.sdk import DAG\n\nwith DAG(\"sales\", tags=[\"new\"]):\n    pass\n");
        life
    }

    /// Commits a change to the pull request and says so to the forge and in the event.
    pub fn push(&self, path: &str, text: &str) -> String {
        self.bench.write(path, text);
        let head = self.bench.commit("A change");
        self.is_pushed(&head);
        head
    }

    /// Tells forge and event that the pull request is at what is checked out.
    pub fn is_pushed(&self, head: &str) {
        self.bench.sim.with(|world| {
            let repository = &mut world.github.repositories[0];
            repository.push_commit("change", head, &[("dags/sales.py", "modified")]);
            repository.pulls[0].head_sha = head.to_owned();
        });
        self.event("synchronize", head);
    }

    /// Writes the event that the runner tells.
    pub fn event(&self, action: &str, head: &str) {
        let (state, merged, base, branch) = self.bench.sim.with(|world| {
            let pull = &world.github.repositories[0].pulls[0];
            (pull.state.clone(), pull.merged, pull.base_ref.clone(), pull.head_ref.clone())
        });
        let event = json!({
            "action": action,
            "number": 1,
            "pull_request": {
                "number": 1, "title": "Change the `example` ::error::x", "state": state, "merged": merged,
                "html_url": "https://github.com/acme/demo/pull/1",
                "user": {"login": "ada", "type": "User"},
                "head": {"ref": branch, "sha": head, "repo": {"full_name": "acme/demo", "fork": false}},
                "base": {"ref": base, "sha": head, "repo": {"full_name": "acme/demo"}},
            },
            "repository": {"full_name": "acme/demo"},
            "sender": {"login": "ada", "type": "User"},
        });
        std::fs::write(self.files.path().join("event.json"), event.to_string()).expect("an event");
    }

    /// Writes the event of a pull request whose code is a fork's.
    pub fn event_of_fork(&self, head: &str) {
        self.event("synchronize", head);
        let path = self.path("event.json");
        let text = std::fs::read_to_string(&path).expect("the event");
        let mut event: Value = serde_json::from_str(&text).expect("JSON");
        event["pull_request"]["head"]["repo"] = json!({"full_name": "eve/demo", "fork": true});
        std::fs::write(path, event.to_string()).expect("an event");
    }

    /// Writes the event of a pull request that Dependabot opened.
    pub fn event_of_dependabot(&self, head: &str) {
        self.event("opened", head);
        let path = self.path("event.json");
        let text = std::fs::read_to_string(&path)
            .expect("the event")
            .replace(r#"{"login":"ada","type":"User"}"#, r#"{"login":"dependabot[bot]","type":"Bot"}"#);
        assert!(text.contains("dependabot"), "{text}");
        std::fs::write(path, text).expect("an event");
    }

    /// Returns the path of one of the runner's files.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.files.path().join(name)
    }

    /// Runs the program, does something while it waits at a gate, opens the gate, and returns how
    /// the run ended.
    pub fn while_at(&self, gate: &str, arguments: &[&str], change: impl FnOnce()) -> Ran {
        std::thread::scope(|scope| {
            let run = scope.spawn(|| self.bench.run(arguments));
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
            while self.bench.sim.waiting(gate) == 0 {
                if run.is_finished() {
                    let ran = run.join().expect("a run");
                    panic!("it never came to {gate}: {}\n{}", ran.data, ran.talk);
                }
                assert!(std::time::Instant::now() < deadline, "it never came to {gate}");
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            change();
            self.bench.sim.open(gate);
            run.join().expect("a run")
        })
    }

    /// Changes the pull request at the forge.
    pub fn pull(&self, state: &str, merged: bool) {
        self.bench.sim.with(|world| {
            let pull = &mut world.github.repositories[0].pulls[0];
            (pull.state, pull.merged) = (state.to_owned(), merged);
        });
    }

    /// Closes or merges the pull request, or opens it again, and writes the event of it.
    pub fn turns(&self, action: &str) {
        match action {
            "merged" => self.pull("closed", true),
            "reopened" => self.pull("open", false),
            _ => self.pull("closed", false),
        }
        let head = self.bench.git(&["rev-parse", "HEAD"]);
        self.event(if action == "merged" { "closed" } else { action }, &head);
    }

    /// Runs a verb and expects success.
    pub fn preview(&self, arguments: &[&str]) -> Ran {
        let ran = self.bench.run(&[&["preview"], arguments].concat());
        assert_eq!(ran.code, 0, "{}\n{}", ran.data, ran.talk);
        self.bench.assert_clean(&ran);
        ran
    }

    /// Returns the marked Deployments.
    pub fn previews(&self) -> Vec<Deployment> {
        self.bench.sim.with(|world| {
            let marked = world.deployments.iter().filter(|deployment| deployment.description.contains(MARK));
            marked.cloned().collect()
        })
    }

    /// Returns the one marked Deployment.
    pub fn only(&self) -> Deployment {
        let mut previews = self.previews();
        let names: Vec<&String> = previews.iter().map(|preview| &preview.name).collect();
        assert_eq!(previews.len(), 1, "{names:?}");
        previews.remove(0)
    }

    /// Returns the bodies of the pull request's comments.
    pub fn comments(&self) -> Vec<String> {
        self.bench.sim.with(|world| world.github.repositories[0].comments.iter().map(|comment| comment.body.clone()).collect())
    }

    /// Returns what a file of the runner holds.
    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.files.path().join(name)).unwrap_or_default()
    }

    /// Returns how often an operation was asked for.
    pub fn asked(&self, operation: &str) -> usize {
        self.bench.sim.journal().iter().filter(|entry| entry.operation == operation).count()
    }
}

/// Returns the types of a Deployment's finished deploys, oldest first.
pub fn deployed(deployment: &Deployment) -> Vec<&'static str> {
    let finished = deployment.deploys.iter().filter(|deploy| deploy.status.word() == "DEPLOYED");
    finished.map(|deploy| deploy.kind.word()).collect()
}
