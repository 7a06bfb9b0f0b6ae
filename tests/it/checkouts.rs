//! Every kind of checkout that CI systems make, cloned over git's own protocol from a real server: what runs was shipped by
//! another tool, so only its commit tells what differs, and the checkout may not have that commit.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use astro_sim::world::builder::{History, SANDBOX_GITHUB_TOKEN};
use astro_sim::world::deployment::Deployment;
use astro_sim::world::state::World;
use serde_json::Value;

use crate::bench::Bench;

/// A repository on a server, whose first commit runs on the Deployment and whose second changes one DAG.
struct Origin {
    bench: Bench,
    url: String,
    runs: String,
    head: String,
}

impl Origin {
    fn new() -> Self {
        let mut bench = Bench::with(World::new().deployment(Deployment::named("demo")));
        bench.set("LIFTOFF_ALLOW_OTHER_REPOSITORY", "true");
        let runs = bench.git(&["rev-parse", "HEAD"]);
        bench.git(&["config", "uploadpack.allowFilter", "true"]);
        bench.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        bench.write("dags/sales.py", "from airflow.sdk import DAG\n\nwith DAG(\"sales\", schedule=\"@daily\"):\n    pass\n");
        let head = bench.commit("Run daily");
        let url = format!("{}/project", serve(bench.project().parent().expect("a folder")));
        let origin = Self { bench, url, runs, head };
        let runs = origin.runs.clone();
        origin.runs_commit(&runs);
        origin
    }

    /// Makes the Deployment run a commit, deployed by a tool that records no fingerprint.
    fn runs_commit(&self, commit: &str) {
        self.bench.sim.with(|world| {
            let id = world.deployments[0].id.clone();
            let mut git = History::default().git.expect("a git object");
            git.insert("commitSha".to_owned(), Value::from(commit));
            world.add_history(&id, History { git: Some(git), ..History::default() });
        });
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.bench.project().with_file_name(name)
    }

    /// Clones the repository with these options.
    fn clone(&self, name: &str, options: &[&str]) -> PathBuf {
        let folder = self.beside(name);
        let target = folder.display().to_string();
        git(&self.beside("."), &[&["clone", "-q"], options, &[&self.url, &target]].concat());
        folder
    }

    fn plan(&self, folder: &Path) -> Value {
        let ran = self.bench.run_in(folder, &["plan", "--json"]);
        self.bench.assert_clean(&ran);
        serde_json::from_str(&ran.data).unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.data, ran.talk))
    }
}

/// Serves the repositories below a folder over git's own protocol until the tests end.
fn serve(root: &Path) -> String {
    let root = root.to_path_buf();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let output = stream.try_clone().expect("a socket");
            let mut daemon = Command::new("git");
            daemon.args(["daemon", "--inetd", "--export-all"]).arg(format!("--base-path={}", root.display())).arg(&root);
            daemon.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null").stderr(Stdio::null());
            let mut daemon = daemon.stdin(OwnedFd::from(stream)).stdout(OwnedFd::from(output)).spawn().expect("git daemon");
            std::thread::spawn(move || daemon.wait());
        }
    });
    format!("git://{address}")
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .envs([("GIT_AUTHOR_NAME", "Ada"), ("GIT_AUTHOR_EMAIL", "ada@example.com")])
        .envs([("GIT_COMMITTER_NAME", "Ada"), ("GIT_COMMITTER_EMAIL", "ada@example.com")])
        .output()
        .expect("git");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Checks that only the one changed DAG ships, explained file by file.
fn assert_explained(plan: &Value, about: &str) {
    let files: Vec<&str> = plan["files"].as_array().expect("files").iter().filter_map(|file| file["path"].as_str()).collect();
    assert_eq!(plan["deploy_type"], "DAG_ONLY", "{about}: {plan:#}");
    assert_eq!(files, ["dags/sales.py"], "{about}");
    assert_eq!(plan["artifacts"]["image"]["changed"], false, "{about}");
}

/// Checks that everything ships, and returns why.
fn assert_in_full(plan: &Value, about: &str) -> String {
    assert_eq!(plan["would_deploy_type"], "IMAGE_AND_DAG", "{about}: {plan:#}");
    plan["artifacts"]["image"]["reason"].as_str().expect("a reason").to_owned()
}

#[test]
fn every_kind_of_clone_finds_the_one_commit_it_lacks() {
    let origin = Origin::new();
    let kinds: [(&str, &[&str]); 7] = [
        ("complete", &[]),
        ("shallow", &["--depth=1"]),
        ("shallow-detached", &["--depth=1", "--branch=main", "--single-branch"]),
        ("blobless", &["--filter=blob:none"]),
        ("treeless", &["--filter=tree:0"]),
        ("shallow-treeless", &["--depth=1", "--filter=tree:0"]),
        ("other-remote", &["--depth=1", "--origin=upstream"]),
    ];
    for (name, options) in kinds {
        let folder = origin.clone(name, options);
        if name.ends_with("detached") {
            git(&folder, &["checkout", "-q", "--detach"]);
        }
        let refs = git(&folder, &["for-each-ref"]);
        let shallow = std::fs::read_to_string(folder.join(".git/shallow")).unwrap_or_default();
        assert_explained(&origin.plan(&folder), name);
        assert_eq!(git(&folder, &["for-each-ref"]), refs, "{name}: the checkout's references were changed");
        assert_eq!(std::fs::read_to_string(folder.join(".git/shallow")).unwrap_or_default(), shallow, "{name}");
    }
}

#[test]
fn worktrees_submodules_and_other_peoples_checkouts_are_read_as_well() {
    let origin = Origin::new();
    let shallow = origin.clone("shallow", &["--depth=1"]);
    let worktree = origin.beside("worktree");
    git(&shallow, &["worktree", "add", "-q", "--detach", &worktree.display().to_string()]);
    assert_explained(&origin.plan(&worktree), "worktree");

    let outer = origin.beside("outer");
    std::fs::create_dir(&outer).expect("a folder");
    git(&outer, &["init", "-q", "-b", "main"]);
    git(&outer, &["submodule", "--quiet", "add", "--depth=1", &origin.url, "pipelines"]);
    assert_explained(&origin.plan(&outer.join("pipelines")), "submodule");

    // Only root can give a checkout away; as anybody else there is nothing to try.
    let foreign = origin.clone("foreign", &["--depth=1"]);
    let given = Command::new("chown").args(["-R", "12345:12345"]).arg(&foreign).stderr(Stdio::null()).status().expect("chown");
    if given.success() {
        assert_explained(&origin.plan(&foreign), "foreign");
    }
}

#[test]
fn a_base_that_no_branch_holds_any_more_is_fetched_by_its_id() {
    let origin = Origin::new();
    let tree = origin.bench.git(&["rev-parse", "HEAD^{tree}"]);
    let rewritten = origin.bench.git(&["commit-tree", "-m", "Everything anew", &tree]);
    origin.bench.git(&["reset", "-q", "--hard", &rewritten]);
    assert_explained(&origin.plan(&origin.clone("forced", &["--depth=1"])), "force push");

    let origin = Origin::new();
    origin.bench.git(&["checkout", "-q", "-b", "hotfix", &origin.runs]);
    origin.bench.write("include/query.sql", "select 2;\n");
    let hotfix = origin.bench.commit("Hotfix");
    origin.bench.git(&["checkout", "-q", "main"]);
    origin.runs_commit(&hotfix);
    let plan = origin.plan(&origin.clone("other-branch", &["--depth=1", "--single-branch", "--branch=main"]));
    assert_eq!(plan["would_deploy_type"], "IMAGE_AND_DAG", "the hotfix is on no branch of ours: {plan:#}");
    let files: Vec<&str> = plan["files"].as_array().expect("files").iter().filter_map(|file| file["path"].as_str()).collect();
    assert_eq!(files, ["dags/sales.py", "include/query.sql"]);
}

#[test]
fn what_cannot_be_had_ships_in_full_and_is_said() {
    let origin = Origin::new();
    let lonely = origin.clone("lonely", &["--depth=1"]);
    git(&lonely, &["remote", "remove", "origin"]);
    let why = assert_in_full(&origin.plan(&lonely), "no remote");
    assert!(why.contains("no remote named origin"), "{why}");

    let complete = origin.clone("complete", &[]);
    git(&complete, &["remote", "remove", "origin"]);
    assert_explained(&origin.plan(&complete), "nothing has to be fetched");

    origin.runs_commit(&"d".repeat(40));
    let why = assert_in_full(&origin.plan(&origin.clone("gone", &["--depth=1"])), "unknown to the server");
    assert!(why.contains("cannot be compared, because") && why.contains(&"d".repeat(40)), "{why}");
}

#[test]
fn the_forge_is_asked_for_what_git_cannot_fetch_and_its_cut_lists_are_recognised() {
    let mut origin = Origin::new();
    let head = origin.head.clone();
    let gone = "d".repeat(40);
    let folder = origin.clone("checkout", &["--depth=1"]);
    origin.runs_commit(&gone);
    let at_the_forge = |origin: &Origin, base: &str, files: &[(&str, &str)]| {
        origin.bench.sim.with(|world| {
            world.github = World::sandbox().github;
            let repository = &mut world.github.repositories[0];
            repository.push_commit("main", base, &[]);
            repository.push_commit("main", &head, files);
        });
    };
    at_the_forge(&origin, &gone, &[("dags/sales.py", "modified")]);
    let api = origin.bench.sim.github_api_url();
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "workflow_dispatch"),
        ("GITHUB_REPOSITORY", "acme/demo"),
        ("GITHUB_API_URL", &api),
        ("GITHUB_TOKEN", SANDBOX_GITHUB_TOKEN),
        ("GITHUB_SHA", &head),
    ] {
        origin.bench.set(name, value);
    }
    assert_explained(&origin.plan(&folder), "compared by GitHub");

    let many: Vec<String> = (0..301).map(|number| format!("include/{number}.sql")).collect();
    let files: Vec<(&str, &str)> = many.iter().map(|path| (path.as_str(), "added")).collect();
    let gone = "e".repeat(40);
    origin.runs_commit(&gone);
    at_the_forge(&origin, &gone, &files);
    let why = assert_in_full(&origin.plan(&folder), "more files than GitHub lists");
    assert!(why.contains("GitHub lists only 300 files"), "{why}");
}
