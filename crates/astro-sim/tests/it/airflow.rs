//! Who reaches an Airflow and when, what it shows, and where its DAGs come from.

use astro_sim::archive;
use astro_sim::clock::Clock;
use astro_sim::world::airflow::{Connection, Dag, ImportError, Variable};
use astro_sim::world::deployment::{Deployment, EnvironmentVariable, Status};
use astro_sim::world::state::World;
use astro_sim::world::token::{Access, TokenSpec};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

/// Returns a Deployment of Airflow 2.
pub fn airflow_2() -> Deployment {
    Deployment { runtime_version: "13.2.0".into(), airflow_version: "2.11.0".into(), ..Deployment::named("two") }
}

async fn get(bench: &Bench, path: &str) -> (StatusCode, Value) {
    bench.airflow(Method::GET, path, None).await
}

#[tokio::test]
async fn each_airflow_has_its_own_api_and_says_that_the_other_is_none() {
    for (deployment, version, health, other) in [
        (airflow_2(), "2.11.0", "health", "api/v2/version"),
        (Deployment::named("three"), "3.1.2", "monitor/health", "api/v1/version"),
    ] {
        let bench = Bench::with(deployment).await;
        assert_eq!(get(&bench, "version").await, (StatusCode::OK, json!({ "version": version, "git_version": null })));
        assert_eq!(get(&bench, health).await.1["scheduler"]["status"], "healthy");
        assert_eq!(bench.airflow_at(Method::GET, other, None).await.0, StatusCode::NOT_FOUND);
        let (_, shown) = bench.get(&bench.path("")).await;
        let base = shown["apiUrl"].as_str().unwrap();
        let answer = bench.client.get(format!("{base}/version")).bearer_auth(&bench.token).send().await.unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap()["version"], version);
        assert_eq!(bench.sim.violations(), Vec::<String>::new());
        assert_eq!(get(&bench, "moons").await.0, StatusCode::NOT_IMPLEMENTED);
        assert_eq!(get(&bench, "pools?colour=red").await.0.as_u16() / 100, 4);
        assert_eq!(bench.sim.violations().len(), 2);
        assert_eq!(bench.sim.journal()[0].operation, "GetVersion");
    }
}

#[tokio::test]
async fn an_address_elsewhere_is_named_instead() {
    let bench =
        Bench::with(Deployment { airflow_url: Some("http://127.0.0.1:1/api/v2".into()), ..Deployment::named("one") }).await;
    let (_, shown) = bench.get(&bench.path("")).await;
    assert_eq!((&shown["apiUrl"], &shown["webServerAirflowApiUrl"]), (&json!("http://127.0.0.1:1/api/v2"), &shown["apiUrl"]));
    bench.sim.with(|world| world.site.new_airflow_url = Some("http://127.0.0.1:2/api/v2".into()));
    let create = bench.new_deployment(&[]);
    assert_eq!(bench.post("/deployments", create).await.1["apiUrl"], "http://127.0.0.1:2/api/v2");
}

#[tokio::test]
async fn tokens_are_checked_as_astro_checks_them() {
    let mut bench = Bench::with(Deployment::named("one")).await;
    let mint = |spec: TokenSpec| bench.sim.with(|world| world.mint_token(spec));
    let reader = mint(TokenSpec { access: Access::Read, ..TokenSpec::default() });
    let elsewhere = mint(TokenSpec { workspace_ids: vec!["other".into()], ..TokenSpec::default() });
    let foreign = mint(TokenSpec { organization_id: "other".into(), ..TokenSpec::default() });
    for (token, read, write, violations) in
        [("none".into(), 401, 401, 0), (reader, 200, 403, 0), (elsewhere, 403, 403, 0), (foreign, 403, 403, 2)]
    {
        bench.token = token;
        assert_eq!(get(&bench, "connections").await.0, read);
        let pool = json!({ "name": "p", "slots": 1 });
        assert_eq!(bench.airflow(Method::POST, "pools", Some(pool)).await.0, write);
        assert_eq!(bench.sim.violations().len(), violations);
    }
}

#[tokio::test]
async fn a_webserver_comes_up_after_its_deployment_and_sleeps_with_it() {
    let mut world = World::new();
    world.rollout.webserver_lag = 2;
    let mut bench = Bench::on(world).await;
    let create = bench.new_deployment(&[("isDevelopmentMode", json!(true))]);
    let (_, made) = bench.post("/deployments", create).await;
    bench.deployment = made["id"].as_str().unwrap().to_owned();
    assert_eq!(get(&bench, "version").await.0, StatusCode::SERVICE_UNAVAILABLE);
    bench.get(&bench.path("")).await;
    assert_eq!(bench.get(&bench.path("")).await.1["status"], "HEALTHY");
    for expected in [404, 404, 200, 200] {
        assert_eq!(get(&bench, "version").await.0, expected);
    }
    bench.sim.with(|world| world.deployments[0].status = Status::Hibernating);
    assert_eq!(get(&bench, "version").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn lists_come_in_pages_of_at_most_a_hundred() {
    for (deployment, usual, zero, wrong) in [(airflow_2(), 100, 100, 400), (Deployment::named("three"), 50, 0, 422)] {
        let bench = Bench::with(deployment).await;
        bench.sim.with(|world| {
            let named = |number: i32| Connection::named(&format!("c{number}"), "http");
            world.deployments[0].airflow.connections = (0..150).map(named).collect();
        });
        let cases = [("", usual), ("?limit=7", 7), ("?limit=1000", 100), ("?limit=100&offset=100", 50), ("?limit=0", zero)];
        for (query, count) in cases {
            let (_, list) = get(&bench, &format!("connections{query}")).await;
            assert_eq!(list["connections"].as_array().unwrap().len(), count, "{query}");
            assert_eq!(list["total_entries"], 150);
        }
        assert_eq!(get(&bench, "connections?limit=-1").await.0, wrong);
        assert_eq!(get(&bench, "pools").await.1["pools"][0]["slots"], 128);
        assert_eq!(bench.sim.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn each_version_hides_secrets_in_its_own_way() {
    let connection = Connection {
        password: Some("hush".into()),
        extra: Some(r#"{"region":"eu","api_key":"hush","more":{"token":"hush"},"proxy":"p"}"#.into()),
        ..Connection::named("c", "http")
    };
    let plain = Connection::named("plain", "http");
    let hidden = |proxy: &str| json!({ "api_key": "***", "more": { "token": "***" }, "proxy": proxy, "region": "eu" });
    let variables = [("my_token", "hush"), ("my_pin_password", "1234"), ("plain", r#"{"password":"hush","n":1}"#)];
    let cases = [
        (airflow_2(), None, None, hidden("p"), ["hush", "1234", r#"{"password":"hush","n":1}"#]),
        (
            Deployment::named("3"),
            Some(json!("***")),
            Some(hidden("***")),
            hidden("***"),
            ["***", "1234", r#"{"n":1,"password":"***"}"#],
        ),
    ];
    for (mut deployment, password, listed, single, values) in cases {
        deployment.airflow.connections = vec![connection.clone(), plain.clone()];
        deployment.airflow.variables = variables.iter().map(|(key, value)| Variable::named(key, value)).collect();
        let bench = Bench::with(deployment).await;
        let parsed = |value: &Value| value["extra"].as_str().map(|text| serde_json::from_str::<Value>(text).unwrap());
        let (_, list) = get(&bench, "connections").await;
        let of_list = &list["connections"][0];
        assert_eq!((of_list.get("password").cloned(), parsed(of_list)), (password.clone(), listed.clone()));
        assert_eq!(of_list.get("extra").is_some(), listed.is_some());
        let (_, own) = get(&bench, "connections/c").await;
        assert_eq!((own.get("password").cloned(), parsed(&own)), (password.clone(), Some(single)));
        let (_, bare) = get(&bench, "connections/plain").await;
        assert_eq!((bare.get("password").cloned(), bare["extra"].clone()), (password.map(|_| Value::Null), Value::Null));
        let (_, list) = get(&bench, "variables").await;
        let shown: Vec<_> =
            list["variables"].as_array().unwrap().iter().map(|variable| variable["value"].as_str().unwrap()).collect();
        assert_eq!(shown, values);
        assert_eq!(get(&bench, "variables/my_token").await.1["value"], values[0]);
        assert!(!bench.sim.with(|world| format!("{world:?}")).contains("hush"));
    }
}

#[tokio::test]
async fn the_dags_are_the_files_of_the_bundle_that_runs() {
    let off = |value: &str| EnvironmentVariable {
        key: "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION".into(),
        value: value.into(),
        is_secret: false,
        updated_at: Clock::default().now(),
    };
    for (variables, is_paused) in [(vec![], true), (vec![off("True")], true), (vec![off("False")], false)] {
        let old = Dag { dag_id: "one".into(), file: "one.py".into(), is_paused: !is_paused };
        let mut deployment = Deployment { environment_variables: variables, ..Deployment::named("one") };
        deployment.airflow.dags = vec![old, Dag { dag_id: "gone".into(), file: "gone.py".into(), is_paused }];
        let bench = Bench::with(deployment).await;
        let (_, deploy) = bench.create("DAG_ONLY").await;
        let files = [("dags/one.py", "x"), ("dags/sub/two.py", "x"), ("dags/__init__.py", ""), ("dags/data.csv", "x")];
        let answer = bench.upload(&deploy["dagsUploadUrl"], archive::pack(&files)).await;
        let version = answer.headers()["x-ms-version-id"].to_str().unwrap().to_owned();
        bench.finalize(&deploy, json!({ "dagTarballVersion": version })).await;
        bench.get(&bench.path("")).await;
        assert_eq!(get(&bench, "dags/gone").await.0, StatusCode::OK, "the old bundle still runs");
        bench.get(&bench.path("")).await;
        let (_, list) = get(&bench, "dags").await;
        let shown = |dag: &Value| (dag["dag_id"].as_str().unwrap().to_owned(), dag["is_paused"].as_bool().unwrap());
        let dags: Vec<_> = list["dags"].as_array().unwrap().iter().map(shown).collect();
        assert_eq!(dags, [("one".to_owned(), !is_paused), ("two".to_owned(), is_paused)]);
        assert_eq!(get(&bench, "dags/gone").await.0, StatusCode::NOT_FOUND);
        let (_, removal) = bench.create("IMAGE_AND_DAG").await;
        bench.push_image(&removal, &[]);
        bench.finalize(&removal, json!({ "dagTarballVersion": "" })).await;
        bench.get(&bench.path("")).await;
        bench.get(&bench.path("")).await;
        assert_eq!(get(&bench, "dags").await.1["total_entries"], 0);
        assert_eq!(bench.sim.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn dags_are_found_by_pattern_and_paused_and_import_errors_are_listed() {
    for (mut deployment, mask, file) in
        [(airflow_2(), "?update_mask=is_paused", "/usr/local/airflow/dags/b.py"), (Deployment::named("three"), "", "b.py")]
    {
        let dag = |dag_id: &str| Dag { dag_id: dag_id.into(), file: format!("{dag_id}.py"), is_paused: true };
        deployment.airflow.dags = vec![dag("b"), dag("Aab"), dag("a_b"), dag("c")];
        deployment.airflow.import_errors = vec![ImportError {
            id: 1,
            timestamp: Clock::default().now(),
            filename: "b.py".into(),
            stack_trace: "Traceback".into(),
            is_lasting: true,
        }];
        let bench = Bench::with(deployment).await;
        for (pattern, found) in
            [("a_b", vec!["Aab", "a_b"]), ("B", vec!["Aab", "a_b", "b"]), ("a%25b", vec!["Aab", "a_b"]), ("x", vec![])]
        {
            let (_, list) = get(&bench, &format!("dags?dag_id_pattern={pattern}")).await;
            let ids: Vec<_> = list["dags"].as_array().unwrap().iter().map(|dag| dag["dag_id"].as_str().unwrap()).collect();
            assert_eq!(ids, found, "{pattern}");
        }
        let patch = async |path: &str, body: Value| bench.airflow(Method::PATCH, path, Some(body)).await;
        assert_eq!(patch(&format!("dags/b{mask}"), json!({ "is_paused": false })).await.1["is_paused"], false);
        assert_eq!(get(&bench, "dags/b").await.1["is_paused"], false);
        assert_eq!(get(&bench, "dags/b").await.1["has_import_errors"], true);
        assert_eq!(patch("dags/b?update_mask=owners", json!({ "is_paused": false })).await.0, StatusCode::BAD_REQUEST);
        assert_eq!(patch("dags/none", json!({ "is_paused": false })).await.0, StatusCode::NOT_FOUND);
        let (_, errors) = get(&bench, "importErrors").await;
        assert_eq!((&errors["total_entries"], &errors["import_errors"][0]["filename"]), (&json!(1), &json!(file)));
        assert_eq!(bench.sim.violations(), Vec::<String>::new());
    }
}
