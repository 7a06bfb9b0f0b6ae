//! History and rollback: whole runs against the simulated platform.

use astro_sim::faults::{Effect, Fault, Match};
use astro_sim::world::builder::{History, SANDBOX_COMMIT};
use astro_sim::world::deploy::DeployKind;
use astro_sim::world::deployment::{Deployment, Status};
use astro_sim::world::rollout::{Outcome, Pace};
use astro_sim::world::state::World;
use jiff::SignedDuration;
use serde_json::Value;

use crate::bench::Bench;

/// A bench whose Deployment has these deploys, given by kind, age in hours and Runtime, and their ids.
fn bench_of(deploys: &[(DeployKind, i64, &str)]) -> (Bench, Vec<String>) {
    let mut world = World::new().deployment(Deployment::named("demo"));
    let id = world.deployments[0].id.clone();
    let mut ids = Vec::new();
    for (kind, age, runtime) in deploys {
        let history = History {
            kind: *kind,
            description: format!("deploy of {age} hours ago"),
            age: SignedDuration::from_hours(*age),
            runtime_version: Some((*runtime).to_owned()),
            ..History::default()
        };
        ids.push(world.add_history(&id, history));
    }
    world.rollout.pace = Pace::Polls(0);
    (Bench::with(world), ids)
}

fn three() -> (Bench, Vec<String>) {
    use DeployKind::{DagOnly, ImageAndDag};
    bench_of(&[(ImageAndDag, 72, "3.1-4"), (DagOnly, 48, "3.1-4"), (DagOnly, 24, "3.1-4")])
}

fn version(bench: &Bench) -> Option<String> {
    bench.sim.with(|world| world.deployments[0].dag_tarball_version.clone())
}

fn version_of(bench: &Bench, deploy: &str) -> Option<String> {
    bench.sim.with(|world| world.deployments[0].deploy(deploy).and_then(|deploy| deploy.dag_tarball_version.clone()))
}

fn rollbacks(bench: &Bench) -> usize {
    bench.sim.with(|world| world.deployments[0].deploys.iter().filter(|deploy| deploy.rollback_from_id.is_some()).count())
}

fn asked(bench: &Bench) -> usize {
    bench.sim.journal().iter().filter(|entry| entry.operation == "DeployRollback").count()
}

#[test]
fn history_tells_what_runs_also_after_a_rollback() {
    let (bench, ids) = three();
    let history = bench.json(&["history"]);
    let deploys = history["deploys"].as_array().expect("deploys");
    let seen: Vec<&str> = deploys.iter().filter_map(|deploy| deploy["id"].as_str()).collect();
    assert_eq!(seen, [&ids[2], &ids[1], &ids[0]]);
    let runs = |history: &Value, index: usize| history["deploys"][index]["runs"].to_string();
    assert_eq!([0, 1, 2].map(|index| runs(&history, index)), [r#"["DAGs"]"#, "[]", r#"["image"]"#]);
    assert_eq!((&deploys[0]["commit"], &deploys[0]["branch"]), (&SANDBOX_COMMIT.into(), &"main".into()));

    let ran = bench.run(&["rollback", "--to", &ids[1]]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.data, ran.talk);
    let history = bench.json(&["history", "--limit", "3"]);
    assert_eq!([0, 1, 2].map(|index| runs(&history, index)), ["[]", "[]", r#"["DAGs"]"#]);
    assert_eq!(history["deploys"][0]["rollback_of"], Value::from(ids[1].clone()));
    assert_eq!(history["deploys"][0]["deployed_by"], "ci");
    assert_eq!(history["deploys"].as_array().map(Vec::len), Some(3));

    let table = bench.run(&["history"]);
    assert_eq!(table.code, 0, "{}", table.talk);
    assert!(table.data.starts_with("TIME") && table.data.contains("111111111 main"), "{}", table.data);
    assert!(!table.data.contains("[liftoff:"), "{}", table.data);
    for wrong in ["0", "-1", "many", "5001"] {
        assert_eq!(bench.run(&["history", &format!("--limit={wrong}")]).code, 2, "{wrong}");
    }
    bench.assert_clean(&table);
}

#[test]
fn hostile_descriptions_stay_in_their_line() {
    let (bench, _) = three();
    bench.sim.with(|world| {
        world.deployments[0].deploys[2].description = "x\n::error::owned\u{1b}[31m\r\nand \u{202e}more".into();
    });
    let ran = bench.run(&["history"]);
    assert_eq!((ran.code, ran.data.lines().count()), (0, 4), "{}", ran.data);
    assert!(!ran.data.contains('\u{1b}') && !ran.data.contains('\u{202e}'), "{:?}", ran.data);
    assert!(!ran.data.lines().any(|line| line.starts_with("::")), "{}", ran.data);
}

#[test]
fn a_rollback_brings_the_old_content_back_and_a_later_plan_knows_it() {
    let (bench, ids) = three();
    bench.deploy(&["--deploy-type", "dags-only", "--allow-other-repository"]);
    assert_eq!(bench.json(&["plan", "--deploy-type", "dags-only"])["decision"], "nothing");
    let result = bench.json(&["rollback", "--previous", "--deploy-type", "dags-only"]);
    assert_eq!(result["rollback"]["to"], Value::from(ids[2].clone()), "{result:#}");
    assert_eq!((&result["result"]["proven"], &result["result"]["deployed"]), (&true.into(), &true.into()), "{result:#}");
    assert_eq!(version(&bench), version_of(&bench, &ids[2]));
    let plan = bench.json(&["plan", "--deploy-type", "dags-only", "--allow-other-repository"]);
    assert_eq!(plan["deploy_type"], "DAG_ONLY", "{plan:#}");

    // Forward again by name: the plan finds the fingerprint of what runs.
    let ours = bench.sim.with(|world| world.deployments[0].deploys[3].id.clone());
    let ran = bench.run(&["rollback", "--to", &ours]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(
        ran.data.contains(&format!("Rolled back demo to deploy {ours}")) && ran.data.contains("proven to run"),
        "{}",
        ran.data
    );
    assert_eq!(bench.json(&["plan", "--deploy-type", "dags-only"])["decision"], "nothing");
    bench.assert_clean(&ran);

    let again = bench.run(&["rollback", "--to", &ours]);
    assert_eq!((again.code, rollbacks(&bench)), (0, 2), "{}", again.talk);
    assert!(again.data.contains("Nothing to roll back: demo runs"), "{}", again.data);
}

#[test]
fn a_dry_run_says_what_would_come_back_and_asks_for_nothing() {
    let (bench, ids) = three();
    let ran = bench.run(&["rollback", "--to", &ids[1], "--dry-run"]);
    assert_eq!((ran.code, asked(&bench)), (0, 0), "{}", ran.talk);
    for words in ["Would roll back demo to deploy", "DAGs        comes back", "Image       stays", "environment variables"] {
        assert!(ran.data.contains(words), "{words}: {}", ran.data);
    }
}

#[test]
fn what_must_not_come_back_is_refused_before_the_call() {
    use DeployKind::{DagOnly, ImageAndDag};
    let (bench, ids) = bench_of(&[
        (ImageAndDag, 24 * 91, "3.1-4"),
        (ImageAndDag, 72, "3.0-1"),
        (ImageAndDag, 48, "3.1-4"),
        (DagOnly, 24, "3.1-4"),
    ]);
    let refused = |arguments: &[&str], code: i32, words: &str| {
        let ran = bench.run(&[&["rollback"], arguments].concat());
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.talk);
        assert!(ran.talk.contains(words), "{arguments:?}: {}", ran.talk);
        assert_eq!(asked(&bench), 0, "{arguments:?}");
    };
    refused(&[], 2, "--previous");
    refused(&["--previous", "--to", "x"], 2, "together with");
    refused(&["--to", "nowhere"], 5, "liftoff history");
    refused(&["--to", &ids[0]], 6, "90 days");
    refused(&["--to", &ids[1]], 6, "all running tasks fail at once");
    bench.sim.with(|world| world.deployments[0].status = Status::Hibernating);
    refused(&["--to", &ids[2]], 6, "wake-on-deploy");
    bench.sim.with(|world| world.deployments[0].status = Status::Healthy);
    bench.sim.with(|world| world.deployments[0].kind = "HYBRID".into());
    refused(&["--to", &ids[2]], 6, "Hosted");
    bench.sim.with(|world| world.deployments[0].kind = "STANDARD".into());

    let allowed = bench.json(&["rollback", "--to", &ids[1], "--allow-runtime-downgrade"]);
    assert_eq!(allowed["rollback"]["runtime"], serde_json::json!({"from": "3.1-4", "to": "3.0-1"}), "{allowed:#}");
    assert_eq!(bench.sim.with(|world| world.deployments[0].runtime_version.clone()), "3.0-1");
}

#[test]
fn a_deploy_under_way_is_not_rolled_over() {
    let (bench, ids) = three();
    bench.deploy(&["--deploy-type", "dags-only", "--allow-other-repository", "--wait=false"]);
    bench.sim.with(|world| {
        world.deployments[0].deploys[3].status = astro_sim::world::deploy::DeployStatus::Initialized;
    });
    let ran = bench.run(&["rollback", "--to", &ids[1]]);
    assert_eq!((ran.code, asked(&bench)), (6, 0), "{}", ran.talk);
    assert!(ran.talk.contains("has not finished"), "{}", ran.talk);
}

#[test]
fn a_lost_answer_makes_one_rollback() {
    for effect in [Effect::CutBeforeAnswer, Effect::Status(502, String::new())] {
        let (bench, ids) = three();
        bench.sim.with(|world| world.faults.push(Fault::on("DeployRollback", 1, effect.clone())));
        let ran = bench.run(&["rollback", "--to", &ids[1]]);
        assert_eq!((ran.code, rollbacks(&bench)), (0, 1), "{effect:?}: {}", ran.talk);
        bench.assert_clean(&ran);
    }
}

#[test]
fn a_refusal_and_a_bad_end_are_not_green() {
    let (bench, ids) = three();
    bench.sim.with(|world| world.faults.push(Fault::on("DeployRollback", 1, Effect::Status(403, "{}".into()))));
    let ran = bench.run(&["rollback", "--to", &ids[1]]);
    assert_eq!((ran.code, rollbacks(&bench)), (6, 0), "{}", ran.talk);
    assert!(ran.talk.contains("nothing was rolled back"), "{}", ran.talk);

    bench.sim.with(|world| world.rollout.next.push_back(Outcome::Unhealthy("scheduler is down".into())));
    let ran = bench.run(&["rollback", "--to", &ids[1], "--wait-time", "3s"]);
    assert_eq!((ran.code, rollbacks(&bench)), (10, 1), "{}", ran.talk);
    assert!(ran.talk.contains("scheduler is down") && ran.talk.contains("accepted the rollback"), "{}", ran.talk);
}

/// Deploys DAGs that end badly, with `on-failure: rollback`.
fn bad_deploy(bench: &Bench, outcome: Outcome) -> (i32, Value, String) {
    bench.sim.with(|world| world.rollout.next.push_back(outcome));
    let arguments = ["deploy", "--deploy-type", "dags-only", "--allow-other-repository", "--wait-time", "3s", "--json"];
    let ran = bench.run(&[&arguments[..], &["--on-failure", "rollback"]].concat());
    let json = serde_json::from_str(&ran.data).unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.data, ran.talk));
    bench.assert_clean(&ran);
    (ran.code, json, ran.talk)
}

#[test]
fn a_deploy_that_ends_unhealthy_is_rolled_back_and_stays_red() {
    let (bench, ids) = three();
    let (code, json, talk) = bad_deploy(&bench, Outcome::Unhealthy("scheduler is down".into()));
    assert_eq!((code, version(&bench)), (10, version_of(&bench, &ids[2])), "{talk}");
    assert_eq!((&json["rollback"]["fate"], &json["rollback"]["proven"]), (&"done".into(), &true.into()), "{json:#}");
    assert_eq!(json["rollback"]["to"], Value::from(ids[2].clone()));
    assert!(talk.contains("scheduler is down") && talk.contains("which runs again"), "{talk}");

    // Without the word, nothing is undone.
    let (bench, _) = three();
    bench.sim.with(|world| world.rollout.next.push_back(Outcome::Unhealthy("scheduler is down".into())));
    let ran = bench.run(&["deploy", "--deploy-type", "dags-only", "--allow-other-repository", "--wait-time", "3s"]);
    assert_eq!((ran.code, asked(&bench)), (10, 0), "{}", ran.talk);
}

#[test]
fn a_deploy_that_failed_left_what_ran_before() {
    let (bench, ids) = three();
    let (code, json, talk) = bad_deploy(&bench, Outcome::DeployFailed("no space".into()));
    assert_eq!((code, asked(&bench), version(&bench)), (10, 0, version_of(&bench, &ids[2])), "{talk}");
    assert_eq!(json["rollback"]["fate"], "still runs", "{json:#}");
}

#[test]
fn nobody_knows_how_a_deploy_ends_that_timed_out() {
    let (bench, _) = three();
    let (code, json, _) = bad_deploy(&bench, Outcome::NeverArrives);
    assert_eq!((code, asked(&bench)), (11, 0));
    assert_eq!(json["rollback"], Value::Null);
}

#[test]
fn the_rollback_of_a_bad_deploy_can_end_badly_too() {
    let (bench, _) = three();
    bench.sim.with(|world| world.rollout.outcome = Outcome::Unhealthy("the database is gone".into()));
    let (code, json, talk) = bad_deploy(&bench, Outcome::Unhealthy("scheduler is down".into()));
    assert_eq!((code, rollbacks(&bench)), (10, 1), "{talk}");
    assert_eq!(json["rollback"]["fate"], "failed", "{json:#}");
    assert!(talk.contains("scheduler is down") && talk.contains("the database is gone"), "{talk}");

    let (bench, _) = three();
    let fault = Fault { matches: Match::operation("DeployRollback"), times: 9, effect: Effect::Status(403, "{}".into()) };
    bench.sim.with(|world| world.faults.push(fault));
    let (code, json, talk) = bad_deploy(&bench, Outcome::Unhealthy("scheduler is down".into()));
    assert_eq!((code, rollbacks(&bench)), (10, 0), "{talk}");
    assert_eq!((&json["rollback"]["fate"], &json["rollback"]["rollback_id"]), (&"failed".into(), &Value::Null), "{json:#}");
}

#[test]
fn nobody_rolls_over_a_newer_deploy() {
    let (bench, _) = three();
    let newer = bench.sim.with(|world| {
        // It is there from the start, and newer than whatever this run makes.
        let id = world.deployments[0].id.clone();
        let newer = world.add_history(&id, History { kind: DeployKind::DagOnly, ..History::default() });
        let deploys = &mut world.deployments[0].deploys;
        if let Some(last) = deploys.last_mut() {
            last.created_at += SignedDuration::from_hours(48);
        }
        newer
    });
    let (code, json, talk) = bad_deploy(&bench, Outcome::Unhealthy("scheduler is down".into()));
    assert_eq!((code, asked(&bench)), (10, 0), "{talk}");
    assert_eq!(json["rollback"]["fate"], "failed", "{json:#}");
    assert!(talk.contains(&format!("the newer deploy {newer} takes over")), "{talk}");
}

#[test]
fn who_does_not_wait_cannot_roll_back() {
    let (bench, _) = three();
    let ran = bench.run(&["deploy", "--on-failure", "rollback", "--wait=false"]);
    assert_eq!(ran.code, 2, "{}", ran.talk);
    bench.write("liftoff.toml", "on-failure = \"rollback\"\n");
    assert_eq!(bench.run(&["plan"]).code, 2, "not in the file");
}

#[test]
fn a_hibernating_deployment_is_woken_for_a_rollback_and_left_as_it_was() {
    let (bench, ids) = three();
    bench.sim.with(|world| {
        let deployment = &mut world.deployments[0];
        deployment.is_development_mode = true;
        deployment.status = Status::Hibernating;
    });
    let ran = bench.run(&["rollback", "--to", &ids[1], "--wake-on-deploy"]);
    assert_eq!((ran.code, version(&bench)), (0, version_of(&bench, &ids[1])), "{}", ran.talk);
    assert!(bench.sim.with(|world| world.deployments[0].hibernation_override.is_none()));
    bench.assert_clean(&ran);
}

#[test]
fn an_automatic_rollback_does_not_downgrade_the_runtime_by_itself() {
    for (arguments, fate) in [(&[][..], "failed"), (&["--allow-runtime-downgrade"][..], "done")] {
        let (bench, ids) = three();
        // The deploy that ends badly has brought a higher Runtime.
        bench.sim.with(|world| {
            world.rollout.next.push_back(Outcome::Unhealthy("scheduler is down".into()));
            world.deployments[0].deploys.iter_mut().for_each(|deploy| deploy.runtime_version = "3.0-1".into());
            world.deployments[0].image_tag = "another".into();
        });
        let deploy = ["deploy", "--deploy-type", "dags-only", "--allow-other-repository", "--wait-time", "3s", "--json"];
        let ran = bench.run(&[&deploy[..], &["--on-failure", "rollback"], arguments].concat());
        let json: Value = serde_json::from_str(&ran.data).expect("JSON");
        assert_eq!((ran.code, &json["rollback"]["fate"]), (10, &fate.into()), "{}\n{json:#}", ran.talk);
        assert_eq!(ran.talk.contains("allow-runtime-downgrade"), fate == "failed", "{}", ran.talk);
        assert_eq!(version(&bench) == version_of(&bench, &ids[2]), fate == "done");
    }
}

#[test]
fn a_dbt_project_comes_back_and_a_removed_one_too() {
    let bench = Bench::new();
    bench.sim.with(|world| world.rollout.pace = Pace::Polls(0));
    let folder = bench.project().join("dbt/shop");
    let bundle = |bench: &Bench| {
        bench.sim.with(|world| world.deployments[0].bundles.first().and_then(|bundle| bundle.current_version.clone()))
    };
    let run = |arguments: &[&str]| {
        let ran = bench.run_in(&folder, arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.talk);
        bench.assert_clean(&ran);
    };
    let mut versions = Vec::new();
    for number in [1, 2] {
        bench.write("dbt/shop/dbt_project.yml", "name: shop\nversion: '1.0'\n");
        bench.write("dbt/shop/models/orders.sql", &format!("select {number}\n"));
        bench.commit("dbt");
        run(&["dbt", "deploy"]);
        versions.push(bundle(&bench).expect("a bundle"));
    }
    run(&["rollback", "--previous", "--deploy-type", "dbt"]);
    assert_eq!(bundle(&bench).as_ref(), versions.first());
    bench.write("dbt/shop/models/orders.sql", "select 1\n");
    bench.commit("Revert dbt");
    run(&["dbt", "deploy"]);
    assert_eq!(bench.deployed().len(), 4, "the content of the rollback is known");

    run(&["dbt", "delete"]);
    assert_eq!(bundle(&bench), None);
    run(&["rollback", "--previous", "--deploy-type", "dbt"]);
    assert!(bundle(&bench).is_some());
}

#[test]
fn a_stopped_rollback_says_that_it_was_accepted() {
    let (bench, ids) = three();
    bench.sim.with(|world| world.rollout.outcome = Outcome::NeverArrives);
    let waits = |sim: &astro_sim::sim::Sim| {
        let journal = sim.journal();
        let called = journal.iter().position(|entry| entry.operation == "DeployRollback");
        called.is_some_and(|called| journal.iter().skip(called).any(|entry| entry.operation == "GetDeploy"))
    };
    let ran = bench.run_until_it_holds("it waits for the arrival", waits, &["rollback", "--to", &ids[1]]);
    assert_eq!((ran.code, rollbacks(&bench)), (143, 1), "{}", ran.talk);
    assert!(ran.talk.contains("accepted the rollback"), "{}", ran.talk);
}
