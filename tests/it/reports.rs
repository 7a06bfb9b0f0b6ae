//! Whole runs on a CI system of each forge: the pull request is told that a deploy runs, and then what became of it.

use astro_sim::faults::{Effect, Fault};
use astro_sim::sim::Sim;
use astro_sim::world::builder::SANDBOX_HEAD;
use astro_sim::world::state::World;
use liftoff::model::context::ForgeKind;

use crate::bench::Bench;
use crate::forges::rows::ROWS;
use crate::forges::stage::Row;

/// The variables of a run for pull request 1 on a CI system that goes with the forge, and the forge's token.
fn variables(row: &Row, sim: &Sim, event: &str) -> Vec<(&'static str, String)> {
    let text =
        |pairs: &[(&'static str, &str)]| pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<Vec<_>>();
    let mut all = match row.kind {
        ForgeKind::GitLab => text(&[
            ("GITLAB_CI", "true"),
            ("CI_SERVER_URL", "https://gitlab.example.com"),
            ("CI_API_V4_URL", &(row.api)(sim)),
            ("CI_PROJECT_ID", "1"),
            ("CI_PROJECT_PATH", row.path),
            ("CI_PIPELINE_SOURCE", "merge_request_event"),
            ("CI_COMMIT_SHA", SANDBOX_HEAD),
            ("CI_MERGE_REQUEST_IID", "1"),
            ("CI_MERGE_REQUEST_PROJECT_ID", "1"),
            ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "1"),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "change"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("CI_JOB_URL", "https://gitlab.example.com/job/7"),
            ("GITLAB_TOKEN", row.token),
        ]),
        ForgeKind::Bitbucket => text(&[
            ("BITBUCKET_BUILD_NUMBER", "7"),
            ("BITBUCKET_REPO_FULL_NAME", row.path),
            ("BITBUCKET_COMMIT", SANDBOX_HEAD),
            ("BITBUCKET_BRANCH", "change"),
            ("BITBUCKET_PR_ID", "1"),
            ("BITBUCKET_PR_DESTINATION_BRANCH", "main"),
            ("LIFTOFF_FORGE_API_URL", &(row.api)(sim)),
            ("BITBUCKET_TOKEN", row.token),
        ]),
        ForgeKind::BitbucketServer => text(&[
            ("JENKINS_URL", "https://jenkins.example.com/"),
            ("GIT_URL", "https://bitbucket.example.com/scm/ACME/demo.git"),
            ("BRANCH_NAME", "PR-1"),
            ("CHANGE_ID", "1"),
            ("CHANGE_BRANCH", "change"),
            ("CHANGE_TARGET", "main"),
            ("BUILD_URL", "https://jenkins.example.com/job/demo/7/"),
            ("LIFTOFF_COMMIT", SANDBOX_HEAD),
            ("LIFTOFF_FORGE_API_URL", &(row.api)(sim)),
            ("BITBUCKET_TOKEN", row.token),
        ]),
        ForgeKind::AzureDevOps => text(&[
            ("TF_BUILD", "True"),
            ("BUILD_BUILDID", "7"),
            ("BUILD_REASON", "PullRequest"),
            ("BUILD_REPOSITORY_PROVIDER", "TfsGit"),
            ("BUILD_REPOSITORY_URI", "https://dev.azure.com/acme/data/_git/demo"),
            ("SYSTEM_COLLECTIONURI", "https://dev.azure.com/acme/"),
            ("SYSTEM_TEAMPROJECT", "data"),
            ("SYSTEM_PULLREQUEST_ISFORK", "False"),
            ("SYSTEM_PULLREQUEST_PULLREQUESTID", "1"),
            ("SYSTEM_PULLREQUEST_SOURCEBRANCH", "refs/heads/change"),
            ("SYSTEM_PULLREQUEST_SOURCECOMMITID", SANDBOX_HEAD),
            ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
            ("LIFTOFF_FORGE_API_URL", &(row.api)(sim)),
            ("SYSTEM_ACCESSTOKEN", row.token),
        ]),
        _ => text(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_EVENT_PATH", event),
            ("GITHUB_REPOSITORY", row.path),
            ("GITHUB_SERVER_URL", "https://forge.example.com"),
            ("GITHUB_API_URL", &(row.api)(sim)),
            ("GITHUB_RUN_ID", "7"),
            ("GITHUB_TOKEN", row.token),
        ]),
    };
    if row.kind == ForgeKind::Gitea {
        all.push(("GITEA_ACTIONS", "true".to_owned()));
    }
    all
}

/// A project on a CI system of the forge, and the folder of the event's file.
fn stage(row: &Row) -> (Bench, tempfile::TempDir) {
    let mut bench = Bench::with(World::sandbox());
    bench.sim.with(|world| (row.prepare)(world));
    bench.set("LIFTOFF_ALLOW_OTHER_REPOSITORY", "true");
    let files = tempfile::tempdir().expect("a folder");
    let side = |branch: &str, sha: &str| serde_json::json!({"ref": branch, "sha": sha, "repo": {"full_name": row.path}});
    let event = serde_json::json!({
        "action": "synchronize",
        "pull_request": {
            "number": 1, "title": "Change", "state": "open", "merged": false, "user": {"login": "ada"},
            "head": side("change", SANDBOX_HEAD), "base": side("main", &"1".repeat(40)),
        },
    });
    let path = files.path().join("event.json");
    std::fs::write(&path, event.to_string()).expect("an event");
    for (name, value) in variables(row, &bench.sim, &path.display().to_string()) {
        bench.set(name, &value);
    }
    (bench, files)
}

const DEPLOY: [&str; 4] = ["deploy", "--deploy-type", "dags-only", "--commit-status"];

fn comments(row: &Row, sim: &Sim) -> Vec<String> {
    sim.with(|world| (row.comments)(world))
        .into_iter()
        .map(|(_, text)| text)
        .filter(|text| text.contains("liftoff project="))
        .collect()
}

fn states(row: &Row, sim: &Sim) -> Vec<String> {
    sim.with(|world| (row.statuses)(world)).into_iter().map(|[state, ..]| state).collect()
}

#[test]
fn every_forge_is_told_of_a_deploy_and_its_one_comment_stays_true() {
    for row in ROWS {
        let (bench, _files) = stage(row);
        let ran = bench.run(&[&DEPLOY[..], &["--forge-deployment"]].concat());
        assert_eq!(ran.code, 0, "{:?}: {}", row.kind, ran.talk);
        bench.assert_clean(&ran);
        assert!(!ran.talk.contains("warning"), "{:?}: {}", row.kind, ran.talk);
        let told = comments(row, &bench.sim);
        assert_eq!(told.len(), 1, "{:?}: {told:?}", row.kind);
        assert!(told[0].contains("✅ Deployed DAGs to "), "{:?}: {}", row.kind, told[0]);
        assert!(states(row, &bench.sim).ends_with(&[row.states[1].to_owned()]), "{:?}: {:?}", row.kind, states(row, &bench.sim));
        let records = bench.sim.with(|world| (row.records)(world));
        let keeps = matches!(row.kind, ForgeKind::GitHub | ForgeKind::GitLab);
        assert_eq!(records.iter().any(|record| record.ends_with(" success")), keeps, "{:?}: {records:?}", row.kind);
        assert_eq!(ran.talk.contains("keeps no records of deployments"), !keeps, "{:?}: {}", row.kind, ran.talk);

        let again = bench.deploy(&DEPLOY[1..]);
        let told = comments(row, &bench.sim);
        assert_eq!(told.len(), 1, "{:?}: {}", row.kind, again.talk);
        assert!(told[0].contains("Nothing to deploy"), "{:?}: {}", row.kind, told[0]);
    }
}

#[test]
fn a_stopped_run_leaves_cancelled_on_every_forge() {
    for row in ROWS {
        let (bench, _files) = stage(row);
        bench.sim.with(|world| world.faults.push(Fault::on("PutBlob", 1, Effect::Delay(60_000))));
        let runs = |sim: &Sim| {
            comments(row, sim).first().is_some_and(|text| text.contains("🚀 Deploying DAGs to "))
                && states(row, sim).ends_with(&[row.states[0].to_owned()])
        };
        let ran = bench.run_until_it_holds(&format!("{:?} is told of a running deploy", row.kind), runs, &DEPLOY);
        assert_eq!(ran.code, 143, "{:?}: {}", row.kind, ran.talk);
        let told = comments(row, &bench.sim);
        assert_eq!(told.len(), 1, "{:?}: {told:?}", row.kind);
        assert!(told[0].contains("🚫 Cancelled: nothing was deployed to "), "{:?}: {}", row.kind, told[0]);
        assert!(states(row, &bench.sim).ends_with(&[row.states[3].to_owned()]), "{:?}: {:?}", row.kind, states(row, &bench.sim));
    }
}

#[test]
fn findings_reach_the_forges_that_show_them() {
    for row in ROWS {
        let (bench, _files) = stage(row);
        bench.write("dags/broken.py", "from airflow.sdk import dag\n\ndef broken(:\n    pass\n");
        let ran = bench.run(&["plan", "--deploy-type", "dags-only", "--annotations"]);
        assert_eq!(ran.code, 7, "{:?}: {}", row.kind, ran.talk);
        assert_eq!(bench.sim.violations(), Vec::<String>::new(), "{:?}", row.kind);
        let records = bench.sim.with(|world| (row.records)(world));
        let shows = matches!(row.kind, ForgeKind::GitHub | ForgeKind::Bitbucket | ForgeKind::BitbucketServer);
        assert_eq!(records.iter().any(|record| record.contains("dags/broken.py")), shows, "{:?}: {records:?}", row.kind);
        let told = comments(row, &bench.sim);
        assert!(told.len() == 1 && told[0].contains("broken.py"), "{:?}: {told:?}", row.kind);
    }
}
