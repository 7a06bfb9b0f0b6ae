//! What independent witnesses say of our reading of CI systems: GitHub's own example payloads, and `env-ci`
//! from npm, which knows many systems' variables. `tests/real/run` installs both; nothing of them is kept.
#![expect(clippy::expect_used, reason = "a witness that does not answer fails the test that asks")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use liftoff::ci;
use liftoff::env::snapshot::Env;
use liftoff::model::context::{CiContext, Event, PullRequestState, Trust};
use serde_json::Value;

#[path = "components.rs"]
#[expect(dead_code, reason = "each suite needs a part of it")]
mod components;

use components::variable;

fn env(variables: &BTreeMap<String, String>) -> Env {
    Env::new(variables.iter().map(|(name, value)| (name.clone(), value.into())), PathBuf::from("/w"))
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Returns every example payload of the event, of GitHub in the cloud and of all Enterprise Servers.
fn payloads() -> Vec<(String, Value)> {
    let package = Path::new(&variable("REAL_CLIENTS")).join("node_modules/@octokit/webhooks-examples");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&package).expect("the package").flatten() {
        let Ok(text) = std::fs::read_to_string(entry.path().join("index.json")) else { continue };
        let events: Vec<Value> = serde_json::from_str(&text).expect("a list of events");
        for event in events {
            let name = event["name"].as_str().expect("a name").to_owned();
            let examples = event["examples"].as_array().expect("examples");
            found.extend(examples.iter().map(|example| (name.clone(), example.clone())));
        }
    }
    assert!(found.len() > 500, "only {} payloads", found.len());
    found
}

const RUN_SHA: &str = "5555555555555555555555555555555555555555";

fn read(name: &str, payload: &Value) -> CiContext {
    let repository = payload["repository"]["full_name"].as_str().unwrap_or("acme/pipelines");
    let variables = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", name),
        ("GITHUB_EVENT_PATH", "/github/workflow/event.json"),
        ("GITHUB_REPOSITORY", repository),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_SHA", RUN_SHA),
    ];
    let env = env(&variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let provider = ci::detect(&env);
    assert_eq!(provider.name, "github-actions");
    let bytes = payload.to_string();
    (provider.read)(&env, Some(bytes.as_bytes())).unwrap_or_else(|error| panic!("{name}: {error}\n{payload:#}"))
}

#[test]
fn every_payload_that_github_shows_is_understood() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (name, payload) in payloads() {
        let context = read(&name, &payload);
        let sha = context.commit.as_ref().map(ToString::to_string);
        let told = |value: &Value| value.as_str().map(str::to_owned);
        *seen.entry(name.clone()).or_default() += 1;
        match name.as_str() {
            "pull_request" => pull_request(&context, &payload),
            "push" => push(&context, &payload),
            "create" => {
                let tag = payload["ref_type"] == "tag";
                assert_eq!(context.event, if tag { Event::Tag } else { Event::BranchCreated });
                assert_eq!(if tag { context.tag } else { context.branch }, told(&payload["ref"]));
                assert_eq!(sha.as_deref(), Some(RUN_SHA));
            }
            "delete" => {
                let branch = payload["ref_type"] == "branch";
                assert_eq!(context.event == Event::BranchDeleted, branch);
                assert_eq!(if branch { context.branch } else { context.tag }, told(&payload["ref"]));
                assert_eq!(sha, None);
            }
            "release" => assert_eq!((context.event, context.tag), (Event::Release, told(&payload["release"]["tag_name"]))),
            "merge_group" => {
                assert_eq!((context.event, sha), (Event::MergeGroup, told(&payload["merge_group"]["head_sha"])));
                assert_eq!(context.before.map(|it| it.to_string()), told(&payload["merge_group"]["base_sha"]));
            }
            "workflow_run" => {
                let run = &payload["workflow_run"];
                assert_eq!((context.event, sha), (Event::Upstream, told(&run["head_sha"])));
                assert_eq!(context.branch, told(&run["head_branch"]));
                let ours = run["head_repository"]["full_name"] == payload["repository"]["full_name"];
                assert_eq!(context.trust == Trust::Fork, !ours && !run["head_repository"].is_null());
            }
            _ => {}
        }
    }
    for (event, least) in
        [("pull_request", 20), ("push", 4), ("create", 2), ("delete", 1), ("release", 3), ("workflow_run", 2), ("merge_group", 1)]
    {
        let count = seen.get(event).copied().unwrap_or_default();
        assert!(count >= least, "only {count} payloads of {event}");
    }
}

fn pull_request(context: &CiContext, payload: &Value) {
    let raw = &payload["pull_request"];
    let read = context.pull_request.as_ref().expect("a pull request");
    assert_eq!(context.event, Event::PullRequest { action: payload["action"].as_str().expect("an action").to_owned() });
    assert_eq!(Some(read.number), raw["number"].as_u64());
    assert_eq!(read.head.as_ref().map(ToString::to_string).as_deref(), text(&raw["head"]["sha"]));
    assert_eq!(read.base.as_ref().map(ToString::to_string).as_deref(), text(&raw["base"]["sha"]));
    assert_eq!(Some(read.head_branch.as_str()), raw["head"]["ref"].as_str());
    assert_eq!(Some(read.base_branch.as_str()), raw["base"]["ref"].as_str());
    assert_eq!(read.title, raw["title"].as_str().unwrap_or_default());
    assert_eq!(read.url.as_deref(), raw["html_url"].as_str());
    let merged = raw["merged"] == true;
    let state = match (merged, raw["state"].as_str()) {
        (true, _) => PullRequestState::Merged,
        (false, Some("closed")) => PullRequestState::Closed,
        (false, _) => PullRequestState::Open,
    };
    assert_eq!(read.state, state);
    let commit = if merged { &raw["merge_commit_sha"] } else { &raw["head"]["sha"] };
    assert_eq!(context.commit.as_ref().map(ToString::to_string).as_deref(), text(commit), "{payload:#}");
    let foreign = raw["head"]["repo"]["full_name"] != payload["repository"]["full_name"];
    let dependabot = raw["user"]["login"] == "dependabot[bot]";
    let trust = match (foreign, dependabot) {
        (true, _) => Trust::Fork,
        (false, true) => Trust::Dependabot,
        (false, false) => Trust::SameRepository,
    };
    assert_eq!(context.trust, trust, "{payload:#}");
}

fn push(context: &CiContext, payload: &Value) {
    let reference = payload["ref"].as_str().expect("a reference");
    assert_eq!(context.branch.as_deref(), reference.strip_prefix("refs/heads/"));
    assert_eq!(context.tag.as_deref(), reference.strip_prefix("refs/tags/"));
    let zeros = |value: &Value| value.as_str().is_none_or(|text| text.bytes().all(|byte| byte == b'0'));
    if payload["deleted"] == true {
        assert_eq!(context.commit, None);
        assert_ne!(context.event, Event::Push);
    } else {
        assert_eq!(context.commit.as_ref().map(ToString::to_string).as_deref(), Some(RUN_SHA));
        assert_eq!(
            context.before.as_ref().map(ToString::to_string).as_deref(),
            text(&payload["before"]).filter(|_| !zeros(&payload["before"]))
        );
    }
}

/// Asks `env-ci` about every fixture. It reads files itself, so the event is written to one.
const WITNESS: &str = r#"
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
const [index, fixtures, scratch] = process.argv.slice(1);
const { default: envCi } = await import(index);
const said = {};
for (const system of readdirSync(fixtures, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  for (const file of readdirSync(join(fixtures, system.name))) {
    const { env, event } = JSON.parse(readFileSync(join(fixtures, system.name, file), "utf8"));
    const folder = mkdtempSync(join(scratch, "event-"));
    const path = join(folder, "event");
    if (event !== null) {
      writeFileSync(path, typeof event === "string" ? event : JSON.stringify(event));
      if (env.GITHUB_EVENT_PATH) env.GITHUB_EVENT_PATH = path;
      if (env.TEAMCITY_BUILD_PROPERTIES_FILE) {
        env.TEAMCITY_BUILD_PROPERTIES_FILE = join(folder, "first");
        writeFileSync(env.TEAMCITY_BUILD_PROPERTIES_FILE, `teamcity.configuration.properties.file=${path}\n`);
      }
    } else {
      delete env.GITHUB_EVENT_PATH;
    }
    said[`${system.name}/${file}`] = envCi({ env, cwd: folder });
  }
}
console.log(JSON.stringify(said));
"#;

/// What `env-ci` calls a system, where that differs from our name.
const SERVICES: &[(&str, &str)] = &[
    ("azure-pipelines", "azurePipelines"),
    ("bitbucket-pipelines", "bitbucket"),
    ("github-actions", "github"),
    // It takes these for the systems that they mimic.
    ("gitea-actions", "github"),
    ("harness", "drone"),
    ("gitlab-ci", "gitlab"),
];

/// Where `env-ci` is known to say something else, of a system or in a fixture, and why we do not.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("azure-pipelines", "pr", "of GitHub's pull requests it takes the id for the number"),
    ("gitlab-ci", "pr", "it takes the id of the instance for the number of the project"),
    ("azure-pipelines", "commit of a pull request", "it takes the merge"),
    ("github-actions", "commit of a pull request", "it takes the merge"),
    ("gitlab-ci", "commit of a pull request", "it takes the merge"),
    ("github-actions", "prBranch", "it takes the reference of the merge"),
    ("gitea-actions", "prBranch", "it takes the reference of the head"),
    ("jenkins", "prBranch", "it takes the name of the job"),
    ("buildkite", "prBranch", "it keeps the owner of a fork"),
    ("teamcity", "branch", "it keeps refs/heads/ and <default>"),
    ("jenkins", "branch", "it keeps the name of the remote"),
    ("teamcity", "slug", "it takes the name of the project there"),
    ("gitlab-ci/external-pull-request.json", "slug", "it takes the mirror"),
    ("gitlab-ci/fork-in-fork.json", "slug", "it takes the fork, where the merge request is not"),
];

/// Returns the position of the entry that explains a difference.
fn known(path: &str, provider: &str, field: &str) -> Option<usize> {
    DIFFERENT.iter().position(|(subject, what, _)| (*subject == provider || *subject == path) && *what == field)
}

#[test]
fn env_ci_reads_the_same_in_every_fixture_where_both_speak() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ci");
    let scratch = tempfile::tempdir().expect("a folder");
    let index = Path::new(&variable("REAL_CLIENTS")).join("node_modules/env-ci/index.js");
    let output = Command::new("node")
        .args(["--input-type=module", "-e", WITNESS])
        .args([&index, &fixtures, &scratch.path().to_owned()])
        .output()
        .expect("node");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: BTreeMap<String, Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut agreed: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut disagreed, mut explained) = (Vec::new(), Vec::new());
    for (path, witness) in &said {
        let fixture: Value =
            serde_json::from_str(&std::fs::read_to_string(fixtures.join(path)).expect("a fixture")).expect("JSON");
        let ours = &fixture["expect"];
        let provider = ours["provider"].as_str().expect("a provider");
        if provider == "local" {
            continue;
        }
        let service = SERVICES.iter().find(|(name, _)| *name == provider).map_or(provider, |(_, service)| service);
        if (provider, path.as_str()) == ("jenkins", "jenkins/pipeline-person.json") {
            // It knows Jenkins by its URL only, which this one has not.
            assert_eq!(witness["service"], Value::Null);
            continue;
        }
        assert_eq!(witness["service"], service, "{path}");
        // What the payload says, not the variables, it does not read but for the pull request.
        let event = fixture["env"]["GITHUB_EVENT_NAME"].as_str().unwrap_or_default();
        if matches!(event, "workflow_run" | "delete" | "merge_group" | "pull_request_review" | "workflow_call")
            || path.contains("push-deleted")
        {
            continue;
        }
        let merged = ours["pull_request"]["state"] == "merged";
        let is_pull_request = !ours["pull_request"].is_null();
        let commit = if is_pull_request { "commit of a pull request" } else { "commit" };
        let number = ours["pull_request"]["number"].as_u64().map(|number| number.to_string());
        let text = |value: &Value| value.as_str().or_else(|| value.is_number().then_some("")).map(str::to_owned);
        let number_said =
            witness["pr"].as_str().map(str::to_owned).or_else(|| witness["pr"].as_u64().map(|number| number.to_string()));
        let rows = [
            (commit, text(&ours["commit"]).filter(|_| !merged), text(&witness["commit"])),
            ("tag", text(&ours["tag"]), text(&witness["tag"])),
            ("branch", text(&ours["branch"]).filter(|_| !is_pull_request && ours["tag"].is_null()), text(&witness["branch"])),
            (
                "base",
                text(&ours["pull_request"]["base_branch"]).filter(|it| !it.is_empty()),
                text(&witness["branch"]).filter(|_| witness["isPr"] == true),
            ),
            ("prBranch", text(&ours["pull_request"]["head_branch"]).filter(|_| !merged), text(&witness["prBranch"])),
            ("pr", number, number_said),
            ("slug", text(&ours["repository"]["path"]), text(&witness["slug"])),
        ];
        for (field, ours, theirs) in rows {
            let (Some(ours), Some(theirs)) = (ours, theirs.filter(|it| !it.is_empty())) else { continue };
            if ours == theirs {
                *agreed.entry(field).or_default() += 1;
            } else {
                match known(path, provider, field) {
                    Some(entry) => explained.push(entry),
                    None => disagreed.push(format!("{path}: {field}: we say {ours}, env-ci says {theirs}")),
                }
            }
        }
    }
    assert_eq!(disagreed, Vec::<String>::new());
    let idle: Vec<_> = DIFFERENT.iter().enumerate().filter(|(entry, _)| !explained.contains(entry)).collect();
    assert!(idle.is_empty(), "these explain nothing: {idle:?}");
    for (field, least) in [
        ("commit", 30),
        ("commit of a pull request", 8),
        ("tag", 6),
        ("branch", 30),
        ("base", 8),
        ("prBranch", 8),
        ("pr", 15),
        ("slug", 40),
    ] {
        let count = agreed.get(field).copied().unwrap_or_default();
        assert!(count >= least, "they agreed on {field} only {count} times: {agreed:?}");
    }
}
