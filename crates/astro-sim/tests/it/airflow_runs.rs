//! How DAGs are triggered and how their runs end.

use astro_sim::world::airflow::Dag;
use astro_sim::world::airflow_runs::Outcome;
use astro_sim::world::deployment::Deployment;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::airflow::airflow_2;
use crate::bench::Bench;

/// Both Airflows with DAGs whose runs succeed, fail and hang, and a paused one.
async fn benches() -> Vec<Bench> {
    let mut benches = Vec::new();
    for mut deployment in [airflow_2(), Deployment::named("three")] {
        let dag = |id: &str| Dag { dag_id: id.into(), file: format!("{id}.py"), is_paused: id == "paused" };
        deployment.airflow.dags = ["good", "bad", "slow", "paused"].map(dag).into();
        let outcomes = &mut deployment.airflow.runs.outcomes;
        outcomes.insert("bad".into(), Outcome::FailsAt("load".into()));
        outcomes.insert("slow".into(), Outcome::Hangs);
        benches.push(Bench::with(deployment).await);
    }
    benches
}

async fn trigger(bench: &Bench, dag: &str, body: Value) -> (StatusCode, Value) {
    bench.airflow(Method::POST, &format!("dags/{dag}/dagRuns"), Some(body)).await
}

async fn states(bench: &Bench, dag: &str) -> Vec<String> {
    let mut states = Vec::new();
    for _ in 0..3 {
        let (_, run) = bench.airflow(Method::GET, &format!("dags/{dag}/dagRuns/r1"), None).await;
        states.push(run["state"].as_str().unwrap_or_default().to_owned());
    }
    states
}

#[tokio::test]
async fn runs_end_as_the_world_says_and_name_the_task_that_failed() {
    for bench in benches().await {
        let body = json!({ "dag_run_id": "r1", "logical_date": null, "conf": { "n": 1 } });
        for (dag, expected) in [
            ("good", ["running", "success", "success"]),
            ("bad", ["running", "failed", "failed"]),
            ("slow", ["running", "running", "running"]),
            ("paused", ["queued", "queued", "queued"]),
        ] {
            let (status, run) = trigger(&bench, dag, body.clone()).await;
            assert_eq!((status, &run["state"], &run["conf"]["n"]), (StatusCode::OK, &json!("queued"), &json!(1)), "{dag}");
            assert_eq!(states(&bench, dag).await, expected, "{dag}");
            let (_, tasks) = bench.airflow(Method::GET, &format!("dags/{dag}/dagRuns/r1/taskInstances?state=failed"), None).await;
            let named: Vec<_> = tasks["task_instances"].as_array().unwrap().iter().map(|task| task["task_id"].clone()).collect();
            assert_eq!(named, if dag == "bad" { vec![json!("load")] } else { Vec::new() });
        }
        assert_eq!(bench.sim.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn wrong_triggers_are_refused_as_each_version_refuses_them() {
    for (index, bench) in benches().await.into_iter().enumerate() {
        let wrong = if index == 0 { 400 } else { 422 };
        let date = "2026-01-02T03:04:05Z";
        assert_eq!(trigger(&bench, "good", json!({ "dag_run_id": "r1", "logical_date": date })).await.0, 200);
        for (dag, body, status) in [
            ("good", json!({ "dag_run_id": "r1", "logical_date": null }), 409),
            ("good", json!({ "dag_run_id": "r2", "logical_date": date }), 409),
            ("good", json!({ "logical_date": null, "colour": "red" }), wrong),
            ("good", json!({ "logical_date": null, "conf": [1] }), wrong),
            ("good", json!({ "logical_date": "soon" }), wrong),
            ("good", json!({ "dag_run_id": "r3" }), if index == 0 { 200 } else { 422 }),
            ("none", json!({ "logical_date": null }), 404),
        ] {
            assert_eq!(trigger(&bench, dag, body.clone()).await.0, status, "{dag} {body}");
        }
        assert_eq!(bench.airflow(Method::GET, "dags/good/dagRuns/none", None).await.0, 404);
        assert_eq!(bench.airflow(Method::GET, "dags/good/dagRuns/none/taskInstances", None).await.0, 404);
    }
}
