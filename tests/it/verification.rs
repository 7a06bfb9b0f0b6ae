//! What Airflow makes of a deploy, in whole runs: new import errors are red, old ones and silence are not.

use astro_sim::faults::{Effect, Fault};
use astro_sim::world::airflow::{ImportError, Parsing};
use astro_sim::world::deployment::{HibernationOverride, Status};
use astro_sim::world::state::World;
use serde_json::{Value, json};

use crate::bench::Bench;

const DAGS: &[&str] = &["deploy", "--deploy-type", "dags-only"];
const BROKEN: &str = "from airflow.sdk import DAG\n\nraise ImportError(\"no module named shop\")\n";

fn dag(id: &str) -> String {
    format!("from airflow.sdk import DAG\n\nwith DAG(\"{id}\"):\n    pass\n")
}

/// Returns a bench whose Deployment has read the project's first version.
fn deployed() -> Bench {
    let bench = Bench::new();
    let ran = bench.deploy(&DAGS[1..]);
    assert!(ran.data.contains("Verified    Airflow has read the DAGs and can import every file"), "{}\n{}", ran.data, ran.talk);
    bench
}

fn change(bench: &Bench, path: &str, text: &str) {
    bench.write(path, text);
    bench.commit("Change");
}

fn verification(bench: &Bench, more: &[&str]) -> (i32, Value) {
    let ran = bench.run(&[DAGS, &["--json"], more].concat());
    bench.assert_clean(&ran);
    let object: Value = serde_json::from_str(&ran.data).unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.data, ran.talk));
    (ran.code, object["verification"].clone())
}

fn airflow_two(world: &mut World) {
    let version = world.airflow_of("13.2.0");
    let deployment = &mut world.deployments[0];
    (deployment.runtime_version, deployment.airflow_version) = ("13.2.0".into(), version);
}

#[test]
fn a_file_that_airflow_can_no_longer_import_is_red_until_it_is_mended() {
    for old in [false, true] {
        let bench = Bench::new();
        if old {
            bench.sim.with(airflow_two);
        }
        bench.deploy(&DAGS[1..]);
        change(&bench, "dags/sales.py", BROKEN);
        let ran = bench.run(DAGS);
        assert_eq!(ran.code, 10, "{}\n{}", ran.data, ran.talk);
        assert!(ran.talk.contains("dags/sales.py: ImportError(\"no module named shop\")"), "{}", ran.talk);
        assert!(ran.talk.contains("--> dags/sales.py:3"), "{}", ran.talk);
        assert!(ran.data.contains("Verified    Airflow can no longer import 1 file"), "{}", ran.data);
        bench.assert_clean(&ran);
        change(&bench, "dags/sales.py", &dag("sales"));
        let (code, found) = verification(&bench, &[]);
        assert_eq!((code, &found["verdict"], &found["known_errors"]), (0, &json!("passed"), &json!([])), "{found:#}");
    }
}

#[test]
fn errors_that_were_there_before_are_listed_and_are_not_fatal() {
    let bench = deployed();
    change(&bench, "dags/old.py", BROKEN);
    assert_eq!(bench.run(&[DAGS, &["--verify", "off"]].concat()).code, 0);
    change(&bench, "dags/new.py", &dag("new"));
    let (code, found) = verification(&bench, &[]);
    assert_eq!((code, &found["verdict"]), (0, &json!("passed")), "{found:#}");
    assert_eq!((&found["known_errors"][0]["file"], &found["new_errors"]), (&json!("dags/old.py"), &json!([])));
    assert_eq!((&found["appeared"], &found["paused"]), (&json!(["new"]), &json!(["new", "sales"])));
    bench.remove("dags/new.py");
    bench.commit("Remove");
    assert_eq!(verification(&bench, &[]).1["disappeared"], json!(["new"]));
}

#[test]
fn an_old_error_of_another_bundle_is_not_the_deploys() {
    let bench = deployed();
    change(&bench, "dags/sales.py", &(dag("sales") + "# more\n"));
    bench.sim.with(|world| {
        let timestamp = world.clock.now();
        let error = ImportError { id: 7, timestamp, filename: "other/x.py".into(), stack_trace: "boom".into(), is_lasting: true };
        world.deployments[0].airflow.import_errors.push(error);
    });
    let (code, found) = verification(&bench, &[]);
    assert_eq!((code, &found["verdict"], &found["known_errors"][0]["file"]), (0, &json!("passed"), &json!("other/x.py")));
}

#[test]
fn only_the_setting_fail_turns_a_run_red() {
    let bench = deployed();
    change(&bench, "dags/sales.py", BROKEN);
    let ran = bench.deploy(&["--deploy-type", "dags-only", "--verify", "warn"]);
    assert!(ran.talk.contains("warning: Airflow cannot import dags/sales.py"), "{}", ran.talk);
    let bench = deployed();
    change(&bench, "dags/sales.py", BROKEN);
    let (code, found) = verification(&bench, &["--verify", "off"]);
    assert_eq!((code, found), (0, Value::Null));
    let asked = bench.sim.journal().iter().filter(|entry| entry.operation == "ListImportErrors").count();
    let bench = deployed();
    assert_eq!(bench.sim.journal().iter().filter(|entry| entry.operation == "ListImportErrors").count(), asked, "nobody looked");
}

#[test]
fn an_airflow_that_cannot_be_asked_never_turns_a_deploy_red() {
    for (status, words) in [(401, "does not accept"), (403, ""), (503, "503")] {
        let bench = deployed();
        change(&bench, "dags/sales.py", BROKEN);
        bench.sim.with(|world| world.faults.push(Fault::on("ListImportErrors", 1_000, Effect::Status(status, String::new()))));
        let ran = bench.deploy(&DAGS[1..]);
        assert!(ran.talk.contains("NOT VERIFIED"), "{status}: {}", ran.talk);
        assert!(ran.data.contains("Verified    not verified, because"), "{status} {words}: {}", ran.data);
    }
}

#[test]
fn nothing_is_judged_before_every_file_was_read() {
    for parsing in [Parsing::Never, Parsing::Without(vec!["sales.py".into()])] {
        let bench = deployed();
        bench.write("dags/sales.py", BROKEN);
        change(&bench, "dags/other.py", &dag("other"));
        bench.sim.with(|world| world.deployments[0].airflow.parsing = parsing.clone());
        let (code, found) = verification(&bench, &["--verify-time", "1s"]);
        assert_eq!((code, &found["verdict"]), (0, &json!("unverified")), "{found:#}");
        let unread = found["unread"].as_array().cloned().unwrap_or_default();
        assert!(unread.contains(&json!("dags/sales.py")), "{parsing:?}: {found:#}");
    }
}

#[test]
fn a_deployment_that_is_woken_is_verified_before_it_sleeps_again() {
    let bench = deployed();
    change(&bench, "dags/sales.py", BROKEN);
    bench.sim.with(|world| {
        let deployment = &mut world.deployments[0];
        deployment.is_development_mode = true;
        deployment.status = Status::Hibernating;
        deployment.hibernation_override = Some(HibernationOverride { is_hibernating: true, until: None });
    });
    let ran = bench.run(&[DAGS, &["--wake-on-deploy"]].concat());
    assert_eq!(ran.code, 10, "{}\n{}", ran.data, ran.talk);
}

#[test]
fn a_traceback_shows_no_secret_of_the_run() {
    let mut bench = deployed();
    bench.set("LIFTOFF_FORGE_TOKEN", "hush-hush-forge");
    change(&bench, "dags/sales.py", "raise ImportError(\"hush-hush-forge\")\n");
    let ran = bench.run(&[DAGS, &["--json"]].concat());
    assert_eq!(ran.code, 10, "{}", ran.talk);
    assert!(!ran.data.contains("hush-hush") && !ran.talk.contains("hush-hush"), "{}\n{}", ran.data, ran.talk);
}

#[test]
fn new_import_errors_take_the_deploy_back_where_that_is_asked_for() {
    let bench = deployed();
    let version = || bench.sim.with(|world| world.deployments[0].dag_tarball_version.clone());
    let before = version();
    change(&bench, "dags/sales.py", BROKEN);
    let ran = bench.run(&[DAGS, &["--on-failure", "rollback", "--json"]].concat());
    let json: Value = serde_json::from_str(&ran.data).expect("an object");
    assert_eq!((ran.code, &json["verification"]["verdict"]), (10, &json!("failed")), "{json:#}");
    assert_eq!((&json["rollback"]["fate"], version()), (&json!("done"), before), "{json:#}\n{}", ran.talk);
    // Mended, the next commit ships as ever.
    change(&bench, "dags/sales.py", &dag("sales2"));
    assert_eq!(verification(&bench, &[]).0, 0);
}
