//! Whole deploys against the simulated platform.

use astro_sim::faults::{Effect, Fault};
use astro_sim::world::rollout::Outcome;
use astro_sim::world::state::Note;

use crate::bench::Bench;

#[test]
fn dags_ship_once_and_then_nothing_does() {
    let bench = Bench::new();
    let before = bench.fingerprint_of_tree();
    let first = bench.deploy(&["--deploy-type", "dags-only"]);
    assert!(first.data.contains("Deployed    DAGs to demo") && first.data.contains("proven to run"), "{}", first.data);
    assert_eq!(bench.dag_files(), ["dags/sales.py"]);
    assert_eq!(bench.deployed(), ["DAG_ONLY", "IMAGE_AND_DAG"]);

    let second = bench.deploy(&["--deploy-type", "dags-only"]);
    assert!(second.talk.contains("nothing to ship"), "{}", second.talk);
    assert_eq!(bench.deployed().len(), 2);
    assert_eq!(before, bench.fingerprint_of_tree(), "the user's tree was changed");
}

#[test]
fn a_dag_deploy_needs_at_most_six_requests_besides_polling() {
    let bench = Bench::new();
    bench.deploy(&["--deploy-type", "dags-only", "--wait=false"]);
    let requests: Vec<String> = bench
        .sim
        .journal()
        .iter()
        .filter(|entry| entry.path.starts_with("/v1/"))
        .map(|entry| format!("{} {}", entry.method, entry.path))
        .collect();
    assert!(requests.len() <= 6, "{requests:#?}");
}

#[test]
fn what_runs_decides_not_what_was_pushed() {
    let bench = Bench::new();
    bench.deploy(&["--deploy-type", "dags-only"]);
    // A push that fails, then one that touches only the README: the DAG change must still ship.
    bench.write("dags/sales.py", "# changed\n");
    bench.commit("Change the DAG");
    bench.sim.with(|world| world.faults.push(Fault::on("PutBlob", 100, Effect::Status(403, String::new()))));
    assert_ne!(bench.run(&["deploy", "--deploy-type", "dags-only"]).code, 0);
    bench.sim.with(|world| world.faults.clear());
    bench.write("README.md", "# Demo, better\n");
    bench.commit("Improve the README");
    let ran = bench.deploy(&["--deploy-type", "dags-only"]);
    assert!(ran.data.contains("Deployed    DAGs"), "{}", ran.talk);
    assert_eq!(bench.deployed().len(), 3);
}

#[test]
fn a_deploy_that_ends_badly_is_not_green() {
    let cases = [
        (Outcome::Unhealthy("scheduler is down".into()), 10, "scheduler is down"),
        (Outcome::DeployFailed("no space".into()), 10, "failed"),
        (Outcome::NeverArrives, 11, "hint:"),
    ];
    for (outcome, code, words) in cases {
        let bench = Bench::new();
        bench.sim.with(|world| world.rollout.outcome = outcome.clone());
        let ran = bench.run(&["deploy", "--deploy-type", "dags-only", "--wait-time", "4s"]);
        // An unhealthy Deployment may recover, so a short budget can end before that verdict.
        let late = ran.code == 11 && matches!(outcome, Outcome::Unhealthy(_));
        assert!(ran.code == code || late, "{outcome:?}: {} {}", ran.code, ran.talk);
        assert!(ran.talk.contains(words), "{outcome:?}: {}", ran.talk);
        bench.assert_clean(&ran);
    }
}

#[test]
fn a_lost_answer_to_create_makes_one_deploy() {
    let bench = Bench::new();
    bench.sim.with(|world| world.faults.push(Fault::on("CreateDeploy", 1, Effect::CutBeforeAnswer)));
    bench.deploy(&["--deploy-type", "dags-only"]);
    assert_eq!(bench.deployed(), ["DAG_ONLY", "IMAGE_AND_DAG"]);
    assert_eq!(bench.history("INITIALIZED"), Vec::<String>::new());
}

#[test]
fn a_lost_answer_to_finalize_is_asked_again() {
    let bench = Bench::new();
    bench.sim.with(|world| world.faults.push(Fault::on("FinalizeDeploy", 1, Effect::CutBeforeAnswer)));
    bench.deploy(&["--deploy-type", "dags-only"]);
    assert_eq!(bench.deployed().len(), 2);
}

#[test]
fn an_upload_without_a_version_finalizes_nothing() {
    let bench = Bench::new();
    let version = bench.sim.with(|world| world.deployments[0].dag_tarball_version.clone());
    bench.sim.with(|world| world.faults.push(Fault::on("PutBlob", 100, Effect::DropHeader("x-ms-version-id".into()))));
    let ran = bench.run(&["deploy", "--deploy-type", "dags-only"]);
    assert_eq!(ran.code, 9, "{}", ran.talk);
    assert_eq!(bench.sim.with(|world| world.deployments[0].dag_tarball_version.clone()), version);
    assert!(bench.sim.with(|world| world.notes.iter().all(|note| !matches!(note, Note::DagsRemoved { .. }))));
}

#[test]
fn a_dbt_project_ships_is_unchanged_and_is_removed() {
    let bench = Bench::new();
    let folder = bench.project().join("dbt/shop");
    bench.write("dbt/shop/dbt_project.yml", "name: shop\nversion: '1.0'\n");
    bench.write("dbt/shop/models/orders.sql", "select 1\n");
    bench.write("dbt/shop/.liftoffignore", "target/\n");
    bench.write("dbt/shop/target/manifest.json", "{}");
    bench.commit("Add dbt");
    let run = |arguments: &[&str]| {
        let ran = bench.run_in(&folder, arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.talk);
        bench.assert_clean(&ran);
        ran
    };
    run(&["dbt", "deploy"]);
    let bundles = |bench: &Bench| bench.sim.with(|world| world.deployments[0].bundles.len());
    assert_eq!(bundles(&bench), 1);
    assert!(run(&["dbt", "deploy"]).talk.contains("nothing to ship"));
    assert_eq!(bench.deployed()[0], "BUNDLE");
    run(&["dbt", "delete", "--mount-path", "/usr/local/airflow/dbt/shop"]);
    assert_eq!(bundles(&bench), 0);
    assert!(run(&["dbt", "delete"]).talk.contains("nothing to ship"));
}

#[test]
fn a_hibernating_deployment_is_woken_and_left_as_it_was() {
    use astro_sim::world::deployment::{HibernationOverride, Status};
    let bench = Bench::new();
    let former = HibernationOverride { is_hibernating: true, until: None };
    bench.sim.with(|world| {
        let deployment = &mut world.deployments[0];
        deployment.is_development_mode = true;
        deployment.status = Status::Hibernating;
        deployment.hibernation_override = Some(former.clone());
    });
    let refused = bench.run(&["deploy", "--deploy-type", "dags-only"]);
    assert_eq!(refused.code, 6, "{}", refused.talk);
    assert!(refused.talk.contains("wake-on-deploy"), "{}", refused.talk);
    bench.deploy(&["--deploy-type", "dags-only", "--wake-on-deploy"]);
    assert_eq!(bench.sim.with(|world| world.deployments[0].hibernation_override.clone()), Some(former));
    assert_eq!(bench.deployed()[0], "DAG_ONLY");
}

#[test]
fn hybrids_monitoring_dag_exists_in_the_bundle_only() {
    let bench = Bench::new();
    bench.sim.with(|world| world.deployments[0].kind = "HYBRID".into());
    bench.deploy(&["--deploy-type", "dags-only"]);
    assert_eq!(bench.dag_files(), ["dags/astronomer_monitoring_dag.py", "dags/sales.py"]);
    assert!(!bench.project().join("dags/astronomer_monitoring_dag.py").exists());
    assert!(bench.deploy(&["--deploy-type", "dags-only"]).talk.contains("nothing to ship"));
}

#[test]
fn an_older_commit_is_refused_and_the_newer_one_stays() {
    let bench = Bench::new();
    let old = bench.git(&["rev-parse", "HEAD"]);
    bench.write("dags/sales.py", "# newer\n");
    bench.commit("Newer");
    bench.deploy(&["--deploy-type", "dags-only"]);
    bench.git(&["checkout", "-q", &old]);
    let ran = bench.run(&["deploy", "--deploy-type", "dags-only"]);
    assert_eq!(ran.code, 6, "{}", ran.talk);
    assert!(ran.talk.contains("comes after"), "{}", ran.talk);
    assert_eq!(bench.deployed().len(), 2);
    bench.deploy(&["--deploy-type", "dags-only", "--allow-older-commit"]);
}

#[test]
fn the_bundle_holds_links_and_odd_names_but_no_caches() {
    let bench = Bench::new();
    bench.write("dags/a b\nc.py", "x = 1\n");
    bench.write("dags/__pycache__/sales.pyc", "x");
    bench.write("dags/.airflowignore", "skip\n");
    bench.write(".liftoffignore", "*.tmp\n");
    bench.write("dags/x.tmp", "x");
    std::os::unix::fs::symlink("sales.py", bench.project().join("dags/link.py")).expect("a link");
    bench.commit("Odd names");
    bench.deploy(&["--deploy-type", "dags-only"]);
    assert_eq!(bench.dag_files(), ["dags/.airflowignore", "dags/a b\nc.py", "dags/link.py", "dags/sales.py"]);
}

#[test]
fn a_stopped_run_says_what_took_effect_and_the_next_one_carries_on() {
    let bench = Bench::new();
    bench.sim.with(|world| world.rollout.outcome = Outcome::NeverArrives);
    let ran = bench.run_until("FinalizeDeploy", &["deploy", "--deploy-type", "dags-only"]);
    assert_eq!(ran.code, 143, "{}", ran.talk);
    assert!(ran.talk.contains("SIGTERM") && ran.talk.contains("was finalized and may take effect"), "{}", ran.talk);

    let bench = Bench::new();
    bench.sim.with(|world| world.faults.push(Fault::on("PutBlob", 1, Effect::Delay(60_000))));
    let ran = bench.run_until("CreateDeploy", &["deploy", "--deploy-type", "dags-only"]);
    assert_eq!(ran.code, 143, "{}", ran.talk);
    assert!(ran.talk.contains("nothing was deployed"), "{}", ran.talk);
    bench.sim.with(|world| world.faults.clear());
    bench.deploy(&["--deploy-type", "dags-only"]);
    assert_eq!(bench.deployed(), ["DAG_ONLY", "IMAGE_AND_DAG"]);
}

#[test]
fn a_deploy_that_was_accepted_is_reported_even_when_it_is_not_proven() {
    let bench = Bench::new();
    bench.sim.with(|world| world.rollout.outcome = Outcome::NeverArrives);
    let result = bench.json(&["deploy", "--deploy-type", "dags-only", "--wait-time", "2s"])["result"].clone();
    assert_eq!(result["deployed"], true, "{result:#}");
    assert_eq!(result["proven"], false);
    assert_eq!(result["error"]["exit_code"], 11);
    let id = bench.sim.with(|world| world.deployments[0].deploys.last().expect("a deploy").id.clone());
    assert_eq!(result["deploy_id"], id.as_str());
}

#[test]
fn the_action_word_plan_never_deploys() {
    let mut bench = Bench::new();
    bench.set("LIFTOFF_ACTION", "Plan");
    let ran = bench.run(&["deploy", "--deploy-type", "dags-only"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(ran.data.contains("Decision    ship DAGs"), "{}", ran.data);
    assert_eq!(bench.deployed(), ["IMAGE_AND_DAG"]);
}

#[test]
fn a_newer_commit_that_is_still_under_way_is_not_overwritten() {
    let bench = Bench::new();
    let old = bench.git(&["rev-parse", "HEAD"]);
    bench.write("dags/sales.py", "# newer\n");
    bench.commit("Newer");
    bench.sim.with(|world| world.rollout.next.push_back(Outcome::NeverArrives));
    bench.deploy(&["--deploy-type", "dags-only", "--wait=false"]);
    bench.git(&["checkout", "-q", &old]);
    let ran = bench.run(&["deploy", "--deploy-type", "dags-only"]);
    assert_eq!(ran.code, 6, "{}", ran.talk);
    assert!(ran.talk.contains("newer commit"), "{}", ran.talk);
}
