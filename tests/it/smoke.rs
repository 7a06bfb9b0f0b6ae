//! Runs of chosen DAGs after a deploy: red when one fails, and nothing runs that cannot.

use astro_sim::faults::{Effect, Fault};
use astro_sim::world::airflow_runs::{DagRun, Outcome};
use astro_sim::world::state::World;
use serde_json::{Value, json};

use crate::bench::Bench;

const DAGS: &[&str] = &["deploy", "--deploy-type", "dags-only"];

/// Returns a bench whose Airflow lets new DAGs run at once.
fn bench(airflow_two: bool) -> Bench {
    let bench = Bench::new();
    bench.sim.with(|world| {
        let deployment = &mut world.deployments[0];
        deployment.environment_variables.push(astro_sim::world::deployment::EnvironmentVariable {
            key: "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION".into(),
            value: "False".into(),
            is_secret: false,
            updated_at: world.clock.now(),
        });
        if airflow_two {
            let version = world.airflow_of("13.2.0");
            let deployment = &mut world.deployments[0];
            (deployment.runtime_version, deployment.airflow_version) = ("13.2.0".into(), version);
        }
    });
    bench.write("dags/stock.py", "from airflow.sdk import DAG\n\nwith DAG(\"stock\"):\n    pass\n");
    bench.commit("Stock");
    bench
}

fn outcome(bench: &Bench, dag: &str, outcome: Outcome) {
    bench.sim.with(|world| world.deployments[0].airflow.runs.outcomes.insert(dag.into(), outcome.clone()));
}

fn runs(bench: &Bench) -> Vec<DagRun> {
    bench.sim.with(|world| world.deployments[0].airflow.runs.made.clone())
}

fn asked(bench: &Bench, operation: &str) -> usize {
    bench.sim.journal().iter().filter(|entry| entry.operation == operation).count()
}

fn object(bench: &Bench, more: &[&str]) -> (i32, Value) {
    let ran = bench.run(&[DAGS, &["--json"], more].concat());
    bench.assert_clean(&ran);
    let object: Value = serde_json::from_str(&ran.data).unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.data, ran.talk));
    (ran.code, object)
}

#[test]
fn chosen_dags_run_once_with_the_conf_and_are_linked() {
    for (airflow_two, page) in [(true, "/grid?dag_run_id=liftoff__"), (false, "/runs/liftoff__")] {
        let bench = bench(airflow_two);
        bench.write("include/smoke.json", "{\"day\": 1}");
        bench.commit("Conf");
        let ran =
            bench.deploy(&["--deploy-type", "dags-only", "--smoke-dags", "sales,stock", "--smoke-conf", "@include/smoke.json"]);
        assert!(ran.data.contains("Smoke run   sales succeeded"), "{}\n{}", ran.data, ran.talk);
        assert!(ran.data.contains(page) && ran.data.contains("Smoke run   stock succeeded"), "{}", ran.data);
        let mut made: Vec<(String, Value)> = runs(&bench).into_iter().map(|run| (run.dag_id, Value::Object(run.conf))).collect();
        made.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(made, [("sales".to_owned(), json!({ "day": 1 })), ("stock".to_owned(), json!({ "day": 1 }))]);
        // Nothing ships, so nothing runs.
        let again = bench.deploy(&["--deploy-type", "dags-only", "--smoke-dags", "sales"]);
        assert!(again.talk.contains("`force` deploys and tries it again"), "{}", again.talk);
        assert_eq!(runs(&bench).len(), 2);
    }
}

#[test]
fn a_run_that_fails_fails_the_deploy_and_names_the_task() {
    for airflow_two in [false, true] {
        let bench = bench(airflow_two);
        outcome(&bench, "stock", Outcome::FailsAt("load".into()));
        let ran = bench.run(&[DAGS, &["--smoke-dags", "sales\nstock"]].concat());
        assert_eq!(ran.code, 10, "{}\n{}", ran.data, ran.talk);
        assert!(
            ran.talk.contains("stock: failed at `load`") && ran.talk.contains("could not see the smoke run of `stock`"),
            "{}",
            ran.talk
        );
        assert!(ran.data.contains("Smoke run   sales succeeded"), "{}", ran.data);
        bench.assert_clean(&ran);
    }
}

#[test]
fn a_failed_run_takes_the_deploy_back_where_that_is_asked_for() {
    let bench = bench(false);
    bench.deploy(&DAGS[1..]);
    let version = || bench.sim.with(|world| world.deployments[0].dag_tarball_version.clone());
    let before = version();
    outcome(&bench, "sales", Outcome::FailsAt("load".into()));
    bench.write("dags/sales.py", "from airflow.sdk import DAG\n\nwith DAG(\"sales\"):\n    x = 1\n");
    bench.commit("Change");
    let (code, json) = object(&bench, &["--smoke-dags", "sales", "--on-failure", "rollback"]);
    assert_eq!((code, &json["smoke_runs"][0]["end"]), (10, &json!("failed")), "{json:#}");
    assert_eq!((&json["smoke_runs"][0]["failed_tasks"][0]["task"], &json["rollback"]["fate"]), (&json!("load"), &json!("done")));
    assert_eq!(version(), before);
    let ran = bench.run(&[DAGS, &["--smoke-dags", "sales", "--on-failure", "rollback"]].concat());
    assert_eq!(ran.code, 10, "{}", ran.talk);
    assert!(ran.data.starts_with("Taken back  DAGs of demo: deploy") && !ran.data.contains("Deployed "), "{}", ran.data);
}

#[test]
fn a_run_that_hangs_times_out_and_takes_nothing_back() {
    let bench = bench(false);
    outcome(&bench, "sales", Outcome::Hangs);
    let (code, json) = object(&bench, &["--smoke-dags", "sales,stock", "--smoke-timeout", "2s", "--on-failure", "rollback"]);
    assert_eq!(
        (code, &json["smoke_runs"][0]["end"], &json["smoke_runs"][0]["why"]),
        (11, &json!("timed-out"), &json!("running"))
    );
    assert_eq!((&json["smoke_runs"][1]["end"], &json["rollback"]), (&json!("succeeded"), &Value::Null), "{json:#}");
}

#[test]
fn nothing_runs_unless_all_of_them_can() {
    let paused = |world: &mut World| world.deployments[0].environment_variables.clear();
    for (dags, change, words) in [
        ("sales,stokc", None, "did you mean `stock`?"),
        ("sales,nowhere/to be found", None, "Airflow has no DAG of this id"),
        ("stock", Some(paused), "stock: did not run: it is paused"),
    ] {
        let bench = bench(false);
        if let Some(change) = change {
            bench.sim.with(change);
        }
        let ran = bench.run(&[DAGS, &["--smoke-dags", dags]].concat());
        assert!(ran.code == 10 && ran.talk.contains(words), "{dags}: {}\n{}", ran.data, ran.talk);
        assert_eq!((runs(&bench).len(), asked(&bench, "TriggerDag")), (0, 0), "{dags}");
        bench.assert_clean(&ran);
    }
}

#[test]
fn what_is_wrong_with_the_settings_is_said_before_anything_ships() {
    for (arguments, file, code, words) in [
        (&["--smoke-conf", "{\"a\": hush}"][..], "", 2, "it is not JSON (line 1, column 7)"),
        (&["--smoke-conf", "[1]"], "", 2, "no object"),
        (&["--smoke-conf", "@../out.json"], "", 2, "no path of a file inside the project"),
        (&["--smoke-conf", "@none.json"], "", 3, "there is no such file"),
        (&["--smoke-conf", "@smoke.json"], "{\n\"a\": hush}", 3, "it is not JSON (line 2, column 6)"),
        (&["--smoke-timeout", "0s"], "", 2, "must be longer than nothing"),
        (&["--wait=false"], "", 2, "nobody would know when to run them"),
    ] {
        let bench = bench(false);
        bench.write("smoke.json", file);
        let ran = bench.run(&[DAGS, &["--smoke-dags", "sales"], arguments].concat());
        assert!(ran.code == code && ran.talk.contains(words), "{arguments:?}: {} {}\n{}", ran.code, ran.data, ran.talk);
        assert!(!ran.talk.contains("hush") && asked(&bench, "CreateDeploy") == 0, "{arguments:?}: {}", ran.talk);
    }
}

#[test]
fn a_lost_answer_runs_nothing_twice_and_a_refusal_is_not_taken_for_a_failed_run() {
    let bench = bench(false);
    bench.sim.with(|world| world.faults.push(Fault::on("TriggerDag", 1, Effect::CutBeforeAnswer)));
    bench.deploy(&["--deploy-type", "dags-only", "--smoke-dags", "sales"]);
    assert_eq!(runs(&bench).len(), 1);
    for (status, code) in [(401, 4), (403, 6)] {
        let bench = self::bench(false);
        bench.sim.with(|world| world.faults.push(Fault::on("TriggerDag", 100, Effect::Status(status, String::new()))));
        let (found, json) = object(&bench, &["--smoke-dags", "sales", "--on-failure", "rollback"]);
        assert_eq!(
            (found, &json["smoke_runs"][0]["end"], &json["rollback"]),
            (code, &json!("unknown"), &Value::Null),
            "{json:#}"
        );
    }
}

#[test]
fn the_plan_names_the_steps_after_the_arrival_and_hides_the_conf() {
    let bench = bench(false);
    let conf = "{\"password\": \"hush-hush\"}";
    let json = bench.json(&["plan", "--smoke-dags", "sales", "--smoke-conf", conf]);
    let steps: Vec<&str> = json["steps"].as_array().expect("steps").iter().filter_map(Value::as_str).collect();
    assert_eq!(steps[steps.len() - 3..], ["prove-arrival", "verify", "smoke-run"], "{steps:?}");
    assert!(!json.to_string().contains("hush-hush"), "{json:#}");
    let json = bench.json(&["plan", "--verify", "off"]);
    assert_eq!(json["steps"].as_array().and_then(|steps| steps.last()), Some(&json!("prove-arrival")));
    let ran = bench.run(&[DAGS, &["--smoke-dags", "sales", "--smoke-conf", conf, "--log-level", "trace"]].concat());
    assert!(ran.code == 0 && !ran.data.contains("hush-hush") && !ran.talk.contains("hush-hush"), "{}", ran.talk);
}
