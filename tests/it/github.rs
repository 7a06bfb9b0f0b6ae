//! A run as a GitHub Actions step: context, outputs, summary, comment, status.

use astro_sim::faults::{Effect, Fault};
use astro_sim::world::builder::{SANDBOX_COMMIT, SANDBOX_GITHUB_TOKEN};
use astro_sim::world::rollout::{Outcome, Pace};
use astro_sim::world::state::World;

use crate::bench::Bench;

struct Step {
    bench: Bench,
    files: tempfile::TempDir,
}

impl Step {
    fn new() -> Self {
        let mut bench = Bench::with(World::sandbox());
        let files = tempfile::tempdir().expect("a folder");
        let head = bench.git(&["rev-parse", "HEAD"]);
        bench.git(&["remote", "set-url", "origin", "https://github.com/acme/demo.git"]);
        bench.sim.with(|world| world.github.repositories[0].push_commit("change", &head, &[("dags/sales.py", "added")]));
        let event = serde_json::json!({
            "action": "synchronize",
            "number": 1,
            "pull_request": {
                "number": 1, "title": "Change the `example` ::error::x", "state": "open", "merged": false,
                "html_url": "https://github.com/acme/demo/pull/1",
                "user": {"login": "ada", "type": "User"},
                "head": {"ref": "change", "sha": head, "repo": {"full_name": "acme/demo", "fork": false}},
                "base": {"ref": "main", "sha": head, "repo": {"full_name": "acme/demo"}},
            },
            "repository": {"full_name": "acme/demo"},
            "sender": {"login": "ada", "type": "User"},
        });
        let path = |name: &str| files.path().join(name).display().to_string();
        std::fs::write(path("event.json"), event.to_string()).expect("an event");
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
            ("GITHUB_SHA", &head),
            ("GITHUB_RUN_ID", "7"),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_ACTOR", "ada"),
            ("GITHUB_WORKSPACE", &bench.project().display().to_string()),
            ("GITHUB_OUTPUT", &path("output")),
            ("GITHUB_STEP_SUMMARY", &path("summary")),
        ] {
            bench.set(name, value);
        }
        Self { bench, files }
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.files.path().join(name)).unwrap_or_default()
    }

    fn asked(&self, operation: &str) -> usize {
        self.bench.sim.journal().iter().filter(|entry| entry.operation == operation).count()
    }

    fn comments(&self) -> Vec<String> {
        self.bench.sim.with(|world| world.github.repositories[0].comments.iter().map(|comment| comment.body.clone()).collect())
    }
}

#[test]
fn a_step_reports_to_the_runner_and_the_pull_request() {
    let step = Step::new();
    let ran = step.bench.deploy(&["--deploy-type", "dags-only", "--commit-status"]);
    assert!(ran.talk.contains("::group::plan") && ran.talk.contains("::endgroup::"), "{}", ran.talk);
    let outputs = step.file("output");
    for name in liftoff::report::outputs::NAMES {
        assert!(outputs.contains(&format!("{name}<<")), "{name} is not in {outputs}");
    }
    assert!(outputs.contains("\ntrue\n") && outputs.contains("\nDAG_ONLY\n"), "{outputs}");
    assert!(step.file("summary").contains("✅ Deployed DAG"), "{}", step.file("summary"));
    let comments = step.comments();
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].starts_with("<!-- liftoff project="), "{}", comments[0]);
    let statuses = step
        .bench
        .sim
        .with(|world| world.github.repositories[0].statuses.iter().map(|status| status.state.clone()).collect::<Vec<_>>());
    assert_eq!(statuses, ["pending", "success"]);
}

#[test]
fn a_push_reports_to_the_pull_request_that_its_commit_belongs_to() {
    let mut step = Step::new();
    step.bench.set("GITHUB_EVENT_NAME", "push").set("GITHUB_REF", "refs/heads/change");
    std::fs::write(step.files.path().join("event.json"), r#"{"ref": "refs/heads/change"}"#).expect("an event");
    let head = step.bench.git(&["rev-parse", "HEAD"]);
    step.bench.sim.with(|world| world.github.repositories[0].pulls[0].head_sha = head);
    step.bench.deploy(&["--deploy-type", "dags-only"]);
    let (comments, asked) = (step.comments(), step.asked("ListPullsOfCommit"));
    assert_eq!((comments.len(), asked), (1, 1), "{comments:?}");
    assert!(comments[0].contains("Deployed DAG"), "{comments:?}");
    step.bench.deploy(&["--deploy-type", "dags-only"]);
    assert_eq!(step.asked("ListPullsOfCommit"), 1, "a run that ships nothing has nothing to say");
}

#[test]
fn a_running_deploy_is_in_progress_and_a_stopped_one_cancelled() {
    let step = Step::new();
    step.bench.sim.with(|world| world.faults.push(Fault::on("PutBlob", 1, Effect::Delay(60_000))));
    let in_progress = |sim: &astro_sim::sim::Sim| {
        sim.with(|world| {
            let repository = &world.github.repositories[0];
            let comment = repository.comments.first().is_some_and(|comment| comment.body.contains("🚀 Deploying DAGs to "));
            comment && repository.statuses.first().is_some_and(|status| status.state == "pending")
        })
    };
    let arguments = ["deploy", "--deploy-type", "dags-only", "--commit-status"];
    let ran = step.bench.run_until_it_holds("comment and status tell of a running deploy", in_progress, &arguments);
    assert_eq!(ran.code, 143, "{}", ran.talk);
    let comments = step.comments();
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].contains("🚫 Cancelled: nothing was deployed to "), "{}", comments[0]);
    step.bench.sim.with(|world| {
        let last = world.github.repositories[0].statuses.last().expect("a status");
        assert_eq!(last.state, "error");
        assert!(last.description.as_ref().is_some_and(|text| text.starts_with("Cancelled")), "{last:?}");
        assert_eq!(last.context, format!("liftoff/{}", world.deployments[0].name));
    });
}

#[test]
fn no_report_holds_a_secret_that_a_name_repeats() {
    let step = Step::new();
    let ran = step.bench.run(&["deploy", "--root-folder", SANDBOX_GITHUB_TOKEN, "--commit-status"]);
    assert_eq!(ran.code, 3, "{}", ran.talk);
    let reports = [ran.talk, ran.data, step.file("output"), step.file("summary"), step.comments().join("\n")];
    for report in &reports {
        let plain = report.replace("&#95;", "_");
        assert!(!plain.contains(SANDBOX_GITHUB_TOKEN), "{report}");
    }
    for (name, report) in [("output", &reports[2]), ("summary", &reports[3]), ("comment", &reports[4])] {
        assert!(report.contains("***") || report.contains("&#42;&#42;&#42;"), "{name} is silent: {report}");
    }
}

#[test]
fn a_run_that_ships_nothing_makes_no_comment_unless_asked() {
    let step = Step::new();
    step.bench.deploy(&["--deploy-type", "dags-only", "--comment=false"]);
    step.bench.deploy(&["--deploy-type", "dags-only"]);
    assert_eq!(step.comments(), Vec::<String>::new());
    step.bench.deploy(&["--deploy-type", "dags-only", "--comment-on-no-op"]);
    assert!(step.comments()[0].contains("Nothing to deploy"), "{:?}", step.comments());
}

#[test]
fn the_one_comment_is_edited_in_place_and_stays_true() {
    let step = Step::new();
    step.bench.deploy(&["--deploy-type", "dags-only"]);
    assert!(step.comments()[0].contains("Deployed DAG"), "{:?}", step.comments());
    step.bench.deploy(&["--deploy-type", "dags-only"]);
    let comments = step.comments();
    assert_eq!(comments.len(), 1);
    assert!(comments[0].contains("Nothing to deploy"), "{}", comments[0]);
}

#[test]
fn a_forge_that_refuses_is_a_warning_and_the_deploy_stays_green() {
    let step = Step::new();
    step.bench.sim.with(|world| {
        let body = serde_json::json!({"message": "Resource not accessible by integration"}).to_string();
        world.faults.push(Fault::on("ListComments", 100, Effect::Status(403, body)));
    });
    let ran = step.bench.deploy(&["--deploy-type", "dags-only"]);
    assert!(ran.talk.contains("::warning::") && ran.talk.contains("pull-requests: write"), "{}", ran.talk);
    assert_eq!(step.comments().len(), 0);
}

#[test]
fn a_fork_without_secrets_gets_a_neutral_plan() {
    let mut step = Step::new();
    let event =
        step.file("event.json").replace("\"full_name\":\"acme/demo\",\"fork\":false", "\"full_name\":\"eve/demo\",\"fork\":true");
    let event = if event.contains("eve/demo") {
        event
    } else {
        event.replace("\"fork\":false,\"full_name\":\"acme/demo\"", "\"fork\":true,\"full_name\":\"eve/demo\"")
    };
    assert!(event.contains("eve/demo"), "{event}");
    std::fs::write(step.files.path().join("event.json"), event).expect("an event");
    step.bench.unset("ASTRO_API_TOKEN").unset("GITHUB_TOKEN");
    let ran = step.bench.run(&["deploy"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(ran.talk.contains("forks get no secrets"), "{}", ran.talk);
    assert!(step.file("output").contains("\nfalse\n"));
    assert_eq!(step.bench.deployed().len(), 1);
}

#[test]
fn a_rollback_says_what_runs_now_and_which_commit_that_is() {
    let mut step = Step::new();
    step.bench.deploy(&["--deploy-type", "dags-only", "--comment=false"]);
    let old = step.bench.sim.with(|world| {
        let deploys = &mut world.deployments[0].deploys;
        deploys[0].description = format!("by @acme/everyone {SANDBOX_GITHUB_TOKEN} <img>");
        deploys[0].id.clone()
    });
    // As the action starts it.
    step.bench.set("INPUT_ACTION", "rollback").set("INPUT_TO", &old).set("INPUT_COMMIT-STATUS", "true");
    step.bench.set("INPUT_FORGE-DEPLOYMENT", "true");
    let ran = step.bench.run(&["deploy"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    step.bench.assert_clean(&ran);
    let comments = step.comments();
    assert_eq!(comments.len(), 1, "{comments:?}");
    for words in [&format!("Rolled back demo to deploy {old}"), "111111111", "runs exactly this deploy", "**back**", "unchanged"]
    {
        assert!(comments[0].contains(words), "{words}: {}", comments[0]);
    }
    for text in [&comments[0], &step.file("summary"), &step.file("output"), &ran.talk, &ran.data] {
        let plain = text.replace("&#95;", "_");
        assert!(!plain.contains(SANDBOX_GITHUB_TOKEN) && !text.contains(" @acme/everyone<"), "{text}");
    }
    assert!(step.file("output").contains("Rolled back demo to deploy"), "{}", step.file("output"));
    step.bench.sim.with(|world| {
        let repository = &world.github.repositories[0];
        let states: Vec<&str> = repository.statuses.iter().map(|status| status.state.as_str()).collect();
        assert_eq!(states, ["pending", "success"]);
        assert!(repository.statuses.iter().all(|status| status.sha == SANDBOX_COMMIT), "the commit that runs has the status");
        let shas: Vec<&str> = repository.deployments.iter().map(|record| record.sha.as_str()).collect();
        assert_eq!(shas, [SANDBOX_COMMIT]);
    });
    // What runs already is no news.
    let again = step.bench.run(&["deploy"]);
    assert_eq!(again.code, 0, "{}", again.talk);
    assert!(step.comments()[0].contains("Nothing to roll back"), "{}", step.comments()[0]);
}

#[test]
fn a_bad_deploy_and_its_rollback_stand_in_one_comment() {
    let step = Step::new();
    step.bench.sim.with(|world| {
        world.rollout.pace = Pace::Polls(0);
        world.rollout.next.push_back(Outcome::Unhealthy("scheduler is down".into()));
    });
    let arguments = ["deploy", "--deploy-type", "dags-only", "--wait-time", "3s", "--on-failure", "rollback", "--commit-status"];
    let ran = step.bench.run(&arguments);
    assert_eq!(ran.code, 10, "{}", ran.talk);
    let comments = step.comments();
    assert_eq!(comments.len(), 1, "{comments:?}");
    for words in
        ["❌ The deploy of DAGs to demo ended badly; rolled back to deploy", "scheduler is down", "111111111", "which runs again"]
    {
        assert!(comments[0].contains(words), "{words}: {}", comments[0]);
    }
    step.bench.sim.with(|world| {
        let last = world.github.repositories[0].statuses.last().expect("a status");
        assert_eq!(last.state, "failure", "{last:?}");
    });
}

#[test]
fn what_a_deployment_file_would_change_stands_in_one_comment_that_stays_true() {
    let step = Step::new();
    let file = step.bench.run(&["deployment", "inspect", "--deployment", "demo"]);
    assert_eq!(file.code, 0, "{}", file.talk);
    step.bench.write("demo.yaml", &file.data);
    let diff = ["deployment", "diff", "-f", "demo.yaml"];
    let run = |text: &str| {
        step.bench.write("demo.yaml", text);
        let ran = step.bench.run(&diff);
        assert_eq!(ran.code, 0, "{}", ran.talk);
        step.bench.assert_clean(&ran);
    };
    run(&file.data);
    assert_eq!(step.comments(), Vec::<String>::new(), "without a change there is nothing to say");
    run(&file.data.replace("description: \"\"", "description: \"@acme <b>New</b>\""));
    let [comment] = &step.comments()[..] else { panic!("{:?}", step.comments()) };
    assert!(comment.contains("1 change") && comment.contains("configuration.description"), "{comment}");
    assert!(!comment.contains("<b>") && !comment.contains(" @acme"), "{comment}");
    assert!(step.file("summary").contains("configuration.description"), "{}", step.file("summary"));
    run(&file.data);
    let [comment] = &step.comments()[..] else { panic!("{:?}", step.comments()) };
    assert!(comment.contains("no changes"), "{comment}");
    assert_eq!((step.asked("CreateComment"), step.asked("UpdateComment")), (1, 1));
}
