//! Whole deploys whose DAGs real Airflows 2.11 and 3.1 read: the bundle that arrived is put into their DAGs folder, and the
//! gate turns red and green by what they say. `tests/real/run` starts what it needs.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends")]

#[expect(dead_code, reason = "shared with the tests of copies")]
mod airflow_scene;
#[path = "../it/bench.rs"]
#[expect(dead_code, reason = "the scenes need a part of it")]
mod bench;
#[expect(dead_code, reason = "shared with the tests of engines")]
mod components;
#[expect(dead_code, reason = "shared with the tests of engines")]
mod shipped;

use std::sync::atomic::{AtomicBool, Ordering};

use airflow_scene::{Major, Pair, Proxy};
use bench::{Bench, Ran};
use serde_json::{Value, json};

const DAG: &str = "import shared\nfrom airflow.models.dag import DAG\n\ndag = DAG('NAME', schedule=None)\n";

/// A simulated platform whose Deployment has a real Airflow.
struct Stage {
    pair: Pair,
    _proxy: Proxy,
    bench: Bench,
}

impl Stage {
    fn new(major: Major) -> Self {
        let (pair, bench) = (Pair::new(major), Bench::new());
        let token = bench.sim.with(|world| world.tokens[0].text.clone());
        let proxy = pair.target.behind(&token);
        bench.sim.with(|world| {
            let runtime = if major == Major::Two { "13.2.0" } else { "3.1-4" };
            let version = world.airflow_of(runtime);
            let deployment = &mut world.deployments[0];
            (deployment.runtime_version, deployment.airflow_version) = (runtime.into(), version);
            deployment.airflow_url = Some(proxy.url.clone());
        });
        bench.remove("dags/sales.py");
        bench.write("dags/shared.py", "LIMIT = 1\n");
        bench.write("dags/one.py", &DAG.replace("NAME", "one"));
        bench.write("dags/two.py", &DAG.replace("NAME", "two"));
        bench.commit("Two DAGs");
        Self { pair, _proxy: proxy, bench }
    }

    /// Deploys while the Airflow takes what arrives and reads its files over and over, as its pods would.
    fn deploy(&self, more: &[&str]) -> Ran {
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut taken = None;
                loop {
                    let last = over.load(Ordering::Relaxed);
                    let running = self.bench.sim.with(|world| world.deployments[0].dag_tarball_version.clone());
                    let bundle = running.as_ref().and_then(|version| self.bench.sim.with(|world| world.blob(version)));
                    if let Some(bundle) = bundle.filter(|_| running != taken) {
                        let files = shipped::members(&bundle).into_iter().filter(|(path, _)| !path.ends_with('/'));
                        self.pair
                            .target
                            .take(files.filter_map(|(path, text)| Some((path.strip_prefix("dags/")?.to_owned(), text))));
                        taken = running;
                    }
                    self.pair.target.parse(&[]);
                    if last {
                        break;
                    }
                }
            });
            let ran =
                self.bench.run(&[&["deploy", "--deploy-type", "dags-only", "--json", "--verify-time", "4m"], more].concat());
            over.store(true, Ordering::Relaxed);
            self.bench.assert_clean(&ran);
            ran
        })
    }

    fn verified(&self, more: &[&str]) -> (i32, Value) {
        let ran = self.deploy(more);
        let told: Value = serde_json::from_str(&ran.data).unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.data, ran.talk));
        (ran.code, told["verification"].clone())
    }
}

fn turns_red_and_green(major: Major) {
    let stage = Stage::new(major);
    let (code, found) = stage.verified(&["--verify", "off"]);
    assert_eq!((code, found), (0, Value::Null));

    stage.bench.write("dags/one.py", &(DAG.replace("NAME", "one") + "shared.NONE\n"));
    stage.bench.commit("Break one");
    let (code, found) = stage.verified(&[]);
    assert_eq!((code, &found["verdict"]), (10, &json!("failed")), "{found:#}");
    let new = &found["new_errors"][0];
    assert_eq!((&new["file"], &new["line"]), (&json!("dags/one.py"), &json!(5)), "{found:#}");
    assert!(new["message"].as_str().is_some_and(|text| text.contains("has no attribute 'NONE'")), "{found:#}");
    assert_eq!(found["new_errors"].as_array().map(Vec::len), Some(1));

    // What was broken before is no longer news.
    stage.bench.write("dags/three.py", &DAG.replace("NAME", "three"));
    stage.bench.commit("A third one");
    let (code, found) = stage.verified(&[]);
    assert_eq!((code, &found["verdict"]), (0, &json!("passed")), "{found:#}");
    assert_eq!((&found["known_errors"][0]["file"], &found["appeared"]), (&json!("dags/one.py"), &json!(["three"])), "{found:#}");

    stage.bench.write("dags/one.py", &DAG.replace("NAME", "one"));
    stage.bench.commit("Mend it");
    let (code, found) = stage.verified(&[]);
    assert_eq!((code, &found["verdict"], &found["known_errors"]), (0, &json!("passed"), &json!([])), "{found:#}");
}

#[test]
fn the_gate_turns_red_and_green_on_airflow_2() {
    turns_red_and_green(Major::Two);
}

#[test]
fn the_gate_turns_red_and_green_on_airflow_3() {
    turns_red_and_green(Major::Three);
}
