//! Whole lives of previews whose Airflows are real: the base's and the preview's, of 2.11 and of 3.1, behind the simulated
//! platform's Deployments. `tests/real/run` starts what they need.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends")]

#[expect(dead_code, reason = "shared with the tests of the client")]
mod airflow_scene;
#[path = "../it/bench.rs"]
#[expect(dead_code, reason = "a preview needs a part of it")]
mod bench;
#[expect(dead_code, reason = "shared with the tests of engines")]
mod components;
#[path = "../it/previews/life.rs"]
#[expect(dead_code, reason = "shared with the tests against the simulated Airflow")]
mod life;

use airflow_scene::{Major, Pair, Proxy};
use astro_sim::world::builder::RUNTIME_LABEL;
use axum::http::Method;
use life::{Life, deployed};
use serde_json::{Value, json};

/// What must not be found in the preview's Airflow.
const SECRETS: [&str; 3] = ["hush-password", "hush-key", "***"];

struct Stage {
    life: Life,
    pair: Pair,
    /// Before the base's Airflow and the preview's.
    proxies: [Proxy; 2],
}

impl Stage {
    fn new(major: Major) -> Self {
        let pair = Pair::new(major);
        let mut life = Life::new();
        // Nobody puts what ships into the DAG folders of these Airflows, so they would be waited for in vain.
        life.bench.set("LIFTOFF_VERIFY", "off");
        if major == Major::Two {
            let runtime = "13.2.0";
            life.bench.write("Dockerfile", &format!("FROM astrocrpublic.azurecr.io/runtime:{runtime}\n"));
            let head = life.bench.commit("Airflow 2");
            life.is_pushed(&head);
            life.bench.sim.with(|world| {
                let version = world.airflow_of(runtime);
                let repository = world.image_repository(&world.deployments[0].clone());
                let base = &mut world.deployments[0];
                (base.runtime_version, base.airflow_version, base.executor) = (runtime.into(), version, "CELERY".into());
                base.deploys[0].runtime_version = runtime.into();
                base.deploys[0].git.as_mut().expect("git").insert("commitSha".into(), json!(head));
                let tag = base.deploys[0].image_tag.clone();
                world.registry.seed_image(&repository, &tag, &[(RUNTIME_LABEL, runtime)]);
            });
            life.push("dags/sales.py", "x = 1\n");
        }
        let token = life.bench.sim.with(|world| world.tokens.last().map(|token| token.text.clone())).expect("a token");
        let proxies = [pair.source.behind(&token), pair.target.behind(&token)];
        life.bench.sim.with(|world| {
            world.deployments[0].airflow_url = Some(proxies[0].url.clone());
            world.site.new_airflow_url = Some(proxies[1].url.clone());
        });
        Self { life, pair, proxies }
    }

    fn seed(&self) {
        let source = &self.pair.source;
        source.ask(
            Method::POST,
            "/connections",
            Some(&json!({
                "connection_id": "warehouse", "conn_type": "postgres", "host": "db.example", "login": "loader", "port": 5432,
                "password": "hush-password", "extra": r#"{"sslmode": "require", "secret_key": "hush-key"}"#,
            })),
        );
        source.ask(Method::POST, "/variables", Some(&json!({ "key": "limits", "value": r#"{"rows": 10}"# })));
        source.ask(Method::POST, "/pools", Some(&json!({ "name": "etl", "slots": 7, "include_deferred": true })));
    }

    /// Returns a row of the preview's connection: host, port, password and extra.
    fn warehouse(&self) -> Value {
        let rows = self.pair.target.rows("SELECT host, port, password, extra FROM connection WHERE conn_id = 'warehouse'");
        rows[0].clone()
    }

    fn paused(&self) -> Value {
        self.pair.target.rows("SELECT is_paused FROM dag WHERE dag_id = 'sales'")[0][0].clone()
    }
}

fn a_whole_life(major: Major) {
    let stage = Stage::new(major);
    stage.seed();
    // Airflow reads DAG files by itself on Astro; here it reads this one once.
    stage.pair.target.parse(&[("sales.py", "from airflow import DAG\n\nwith DAG(\"sales\", schedule=None):\n    pass\n")]);
    let life = &stage.life;
    let ran = life.preview(&["sync", "--preview-unpause", "sales"]);
    assert_eq!(deployed(&life.only()), ["IMAGE_AND_DAG"], "{}", ran.talk);
    assert_eq!(stage.warehouse()[0], "db.example", "{}\n{}", ran.data, ran.talk);
    assert_eq!((&stage.warehouse()[1], &stage.warehouse()[2]), (&json!(5432), &Value::Null), "no password, not a blank one");
    let extra = stage.warehouse()[3].as_str().expect("an extra").to_owned();
    assert!(extra.contains("sslmode") && SECRETS.iter().all(|secret| !extra.contains(secret)), "{extra}");
    assert_eq!(stage.pair.target.rows("SELECT slots, include_deferred FROM slot_pool WHERE pool = 'etl'")[0], json!([7, 1]));
    assert_eq!(stage.pair.target.rows("SELECT slots FROM slot_pool WHERE pool = 'default_pool'")[0], json!([128]));
    assert_eq!(stage.pair.target.rows("SELECT count(*) FROM variable WHERE key = 'limits'")[0], json!([1]));
    assert!([json!(false), json!(0)].contains(&stage.paused()), "{}: {}", stage.paused(), ran.talk);
    let comment = &life.comments()[0];
    assert!(comment.contains("Copied from demo: 1 connection, 1 variable, 1 pool."), "{comment}");
    assert!(comment.contains("its password") && comment.contains("sales"), "{comment}");
    assert!(SECRETS.iter().all(|secret| !ran.data.contains(secret) && !ran.talk.contains(secret) && !comment.contains(secret)));

    // A password set by hand outlives a copy that was asked for, and nothing else is written.
    stage.pair.target.ask(
        Method::PATCH,
        "/connections/warehouse?update_mask=password",
        Some(&json!({
            "connection_id": "warehouse", "conn_type": "postgres", "password": "by-hand",
        })),
    );
    life.push("dags/sales.py", "x = 2\n");
    stage.proxies[1].seen();
    let ran = life.preview(&["sync", "--copy-again"]);
    let writes: Vec<String> = stage.proxies[1].writes().into_iter().map(|seen| seen.path).collect();
    assert_eq!(writes, Vec::<String>::new(), "{}", ran.talk);
    assert_eq!(stage.warehouse()[2], "by-hand");

    life.turns("merged");
    life.preview(&["sync"]);
    assert_eq!(life.previews().len(), 0);
}

#[test]
fn a_preview_lives_with_airflow_2() {
    a_whole_life(Major::Two);
}

#[test]
fn a_preview_lives_with_airflow_3() {
    a_whole_life(Major::Three);
}
