//! The examples for other CI systems: their steps, taken out of the files, run in a repository under the variables that each
//! vendor documents for a push, a pull request, and a pull request from a fork.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::components::{DEAD_PROXY, variable, write};
use crate::scene::{example, take_project, text};

/// One event: where the example has the steps for it, and the variables that the vendor sets.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Event {
    steps: Vec<String>,
    variables: BTreeMap<String, String>,
}

/// One row of the table in `tests/real/examples.yml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    documentation: String,
    #[serde(default)]
    own: Vec<String>,
    variables: BTreeMap<String, String>,
    push: Event,
    pull_request: Event,
    #[serde(default)]
    fork: Event,
}

fn table() -> BTreeMap<String, Example> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/examples.yml");
    serde_saphyr::from_str(&std::fs::read_to_string(file).expect("the table")).expect("the table")
}

/// Returns an example's content. What is no YAML becomes an object of the parts that are needed.
fn content(file: &Path, variables: &BTreeMap<String, String>) -> Value {
    let written = std::fs::read_to_string(file).expect("an example");
    match file.file_name().and_then(|name| name.to_str()) {
        Some("Jenkinsfile") => jenkinsfile(file, variables),
        Some("settings.kts") => settings(&written, variables),
        _ => serde_saphyr::from_str(&written).unwrap_or_else(|error| panic!("{}: {error}", file.display())),
    }
}

/// Evaluates a Jenkinsfile with Jenkins' Groovy and returns the stages that apply.
fn jenkinsfile(file: &Path, variables: &BTreeMap<String, String>) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/jenkinsfile.groovy");
    let mut java = Command::new("java");
    java.args([
        "-cp",
        &variable("REAL_GROOVY"),
        "groovy.ui.GroovyMain",
        text(&script),
        text(file),
        &json!(variables).to_string(),
    ]);
    let output = java.output().expect("java");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["stages"].as_object().map(serde_json::Map::len), Some(1), "one stage applies: {found}");
    found
}

/// Returns the script and the variables of TeamCity's Kotlin, which only TeamCity can compile.
fn settings(written: &str, variables: &BTreeMap<String, String>) -> Value {
    let between = |text: &str, begin: &str, end: &str| Some(text.split_once(begin)?.1.split_once(end)?.0.to_owned());
    let known =
        |text: &str| variables.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("%{name}%"), value));
    let script = between(written, "scriptContent = \"\"\"", "\"\"\".trimIndent()").expect("a script");
    let own: BTreeMap<String, String> = written
        .lines()
        .filter_map(|line| {
            let (name, value) = line.trim().strip_prefix("param(\"env.")?.strip_suffix("\")")?.split_once("\", \"")?;
            Some((name.to_owned(), known(value)))
        })
        .collect();
    json!({ "script": known(&script).replace("${'$'}", "$"), "variables": own })
}

/// Returns the texts at a pointer as lines of one script.
fn script(content: &Value, pointers: &[String]) -> String {
    let lines = pointers.iter().flat_map(|pointer| match content.pointer(pointer) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list.iter().map(|line| line.as_str().expect("a command").to_owned()).collect(),
        other => panic!("{pointer} is {other:?}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A repository with the example project, and the release that the examples download from.
struct World {
    bench: Bench,
    folder: tempfile::TempDir,
    base: String,
}

impl World {
    fn new() -> Self {
        let bench = Bench::new();
        take_project(&bench, &example("astro-project"));
        let base = bench.git(&["rev-parse", "HEAD"]);
        bench.git(&["checkout", "-q", "-b", "orders"]);
        bench.write("dags/orders.py", "from airflow.sdk import DAG\n\nwith DAG(\"orders\"):\n    pass\n");
        bench.commit("Add the DAG of the orders");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("tools")).expect("a folder");
        let release = folder.path().join("release");
        std::fs::create_dir(&release).expect("a folder");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_liftoff"), release.join("liftoff-x86_64-unknown-linux-musl"))
            .expect("a link");
        Self { bench, folder, base }
    }

    /// Returns the event that systems like GitHub's describe in a file.
    fn event(&self, head: &str) -> Value {
        let repository =
            json!({ "full_name": "acme/shop", "html_url": "https://forgejo.example.com/acme/shop", "default_branch": "main" });
        let side = |name: &str, sha: &str| json!({ "ref": name, "sha": sha, "repo": repository });
        json!({
            "ref": "refs/heads/main", "before": self.base, "after": head, "forced": false, "repository": repository,
            "action": "opened", "number": 7,
            "pull_request": {
                "number": 7, "title": "Orders", "state": "open", "merged": false, "user": { "login": "ada" },
                "html_url": "https://forgejo.example.com/acme/shop/pulls/7",
                "head": side("orders", head), "base": side("main", &self.base),
            },
        })
    }

    /// Runs the steps for one event and returns what they printed, which is one JSON object.
    fn run(&self, file: &str, row: &Example, event: &Event) -> Value {
        let head = self.bench.git(&["rev-parse", "HEAD"]);
        let path = self.folder.path().join("event.json");
        write(&path, &self.event(&head).to_string());
        let known = |value: &String| {
            let value = value.replace("{head}", &head).replace("{base}", &self.base);
            value.replace("{event}", text(&path)).replace("{folder}", text(&self.tools()))
        };
        let vendor: BTreeMap<_, _> =
            row.variables.iter().chain(&event.variables).map(|(name, value)| (name.clone(), known(value))).collect();
        let content = content(&example("ci").join(file), &vendor);
        let own = row.own.iter().flat_map(|pointer| content.pointer(pointer).and_then(Value::as_object).expect("variables"));
        let own = own.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", &script(&content, &event.steps)]).current_dir(self.bench.project());
        let liftoff = Path::new(env!("CARGO_BIN_EXE_liftoff")).parent().expect("a folder");
        shell.env_clear().env("PATH", format!("{}:/usr/bin:/bin", text(liftoff))).env("TMPDIR", self.tools());
        let release = format!("file://{}", text(&self.folder.path().join("release")));
        shell.envs(own).envs(&vendor).envs([("HTTPS_PROXY", DEAD_PROXY), ("RELEASE", &release), ("SHA256", sum())]);
        let output = shell.env("LIFTOFF_JSON", "true").stdin(Stdio::null()).output().expect("a shell");
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{file}: {talk}");
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{file}: {error}: {}{talk}", String::from_utf8_lossy(&output.stdout)))
    }

    fn tools(&self) -> PathBuf {
        self.folder.path().join("tools")
    }
}

/// Returns the checksum of the program.
fn sum() -> &'static str {
    static SUM: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    SUM.get_or_init(|| {
        let output = Command::new("sha256sum").arg(env!("CARGO_BIN_EXE_liftoff")).output().expect("sha256sum");
        String::from_utf8_lossy(&output.stdout).split_whitespace().next().expect("a checksum").to_owned()
    })
}

/// Tries every row at the same time, since most of a run is waiting.
fn every_row(attempt: impl Fn(&str, &Example) + Sync) {
    let (table, attempt) = (table(), &attempt);
    std::thread::scope(|scope| table.iter().for_each(|(file, row)| drop(scope.spawn(move || attempt(file, row)))));
}

/// Returns an event with the variables of another one, whose steps count only if it has any.
fn with(event: &Event, other: &Event) -> Event {
    let steps = if other.steps.is_empty() { &event.steps } else { &other.steps };
    Event { steps: steps.clone(), variables: event.variables.clone().into_iter().chain(other.variables.clone()).collect() }
}

#[test]
fn a_pull_request_is_planned_and_a_push_is_deployed() {
    let sandbox = Event { variables: [("LIFTOFF_SANDBOX".to_owned(), "true".to_owned())].into(), ..Event::default() };
    every_row(|file, row| {
        let world = World::new();
        let planned = world.run(file, row, &with(&row.pull_request, &sandbox));
        assert_eq!((&planned["deploy_type"], &planned["result"]), (&json!("DAG_ONLY"), &Value::Null), "{file}: {planned:#}");
        let settings = &planned["settings"];
        assert_eq!(settings["pull-request"]["value"], "7", "{file}: {settings:#}");
        // Jenkins may have merged, so there the checkout is asked for the commit.
        let commit = settings["commit"]["value"].as_str();
        assert!(commit.is_none_or(|commit| commit == world.bench.git(&["rev-parse", "HEAD"])), "{file}: {settings:#}");
        world.bench.git(&["checkout", "-q", "main"]);
        world.bench.git(&["merge", "-q", "--ff-only", "orders"]);
        let deployed = world.run(file, row, &with(&row.push, &sandbox));
        assert_eq!(deployed["result"]["deployed"], true, "{file}: {deployed:#}");
    });
}

#[test]
fn a_pull_request_from_a_fork_is_planned_without_a_token() {
    every_row(|file, row| {
        let planned = World::new().run(file, row, &with(&row.pull_request, &row.fork));
        assert!(planned["would_deploy_type"].is_string(), "{file}: {planned:#}");
        assert_eq!(planned["deployment"], Value::Null, "{file}: {planned:#}");
    });
}

#[test]
fn every_example_is_in_the_table() {
    let mut found: Vec<String> = std::fs::read_dir(example("ci"))
        .expect("examples")
        .flat_map(|system| std::fs::read_dir(system.expect("a folder").path()).expect("a folder"))
        .map(|file| file.expect("a file").path().strip_prefix(example("ci")).expect("a file below").display().to_string())
        .collect();
    // A pipeline of several jobs with images of their own, which no shell can run by itself.
    found.retain(|file| file != "gitlab/monorepo.yml");
    found.sort();
    assert_eq!(found, table().into_keys().collect::<Vec<_>>());
    assert!(table().values().all(|row| row.documentation.starts_with("https://")));
}
