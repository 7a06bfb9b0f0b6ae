//! What writes to an Airflow change, and which of them harm a secret.

use astro_sim::world::airflow::{Connection, Variable};
use astro_sim::world::deployment::Deployment;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::airflow::airflow_2;
use crate::bench::Bench;

/// Both Airflows with a connection, two variables and a pool of their own.
async fn benches() -> Vec<Bench> {
    let mut benches = Vec::new();
    for mut deployment in [airflow_2(), Deployment::named("three")] {
        deployment.airflow.connections.push(Connection {
            host: Some("old".into()),
            login: Some("ada".into()),
            password: Some("hush".into()),
            extra: Some(r#"{"token":"hush","region":"eu"}"#.into()),
            ..Connection::named("c", "http")
        });
        deployment.airflow.variables = vec![Variable::named("my_secret", "hush"), Variable::named("a/b", "plain")];
        benches.push(Bench::with(deployment).await);
    }
    benches
}

async fn status(bench: &Bench, method: &str, path: &str, body: Value) -> u16 {
    let body = Some(body).filter(|body| !body.is_null());
    bench.airflow(method.parse().unwrap(), path, body).await.0.as_u16()
}

#[tokio::test]
async fn statuses_are_those_of_each_version() {
    let connection = json!({ "connection_id": "n", "conn_type": "http", "port": 80 });
    let with = |key: &str, value: Value| {
        let mut body = json!({ "connection_id": "m", "conn_type": "http" });
        body[key] = value;
        body
    };
    let default = |body: Value| ("PATCH", "pools/default_pool", body);
    let masked = |body: Value| ("PATCH", "pools/default_pool?update_mask=slots", body);
    let cases = [
        (("POST", "connections", connection.clone()), 200, 201),
        (("POST", "connections", connection), 409, 409),
        (("POST", "connections", json!({ "connection_id": "m" })), 400, 422),
        (("POST", "connections", with("colour", json!("red"))), 400, 422),
        (("POST", "connections", with("port", json!("80"))), 400, 422),
        (("POST", "connections", with("connection_id", json!("a b"))), 400, 422),
        (("POST", "connections", with("extra", json!("no JSON"))), 200, 422),
        (("GET", "connections/n", Value::Null), 200, 200),
        (("PATCH", "connections/n", json!({ "connection_id": "n", "conn_type": "ftp" })), 200, 200),
        (("PATCH", "connections/n", json!({ "host": "h" })), 200, 422),
        (("PATCH", "connections/n?update_mask=colour", json!({ "connection_id": "n", "conn_type": "ftp" })), 400, 200),
        (("PATCH", "connections/n?update_mask=host", json!({ "connection_id": "n", "conn_type": "ftp" })), 400, 200),
        (("PATCH", "connections/n", json!({ "connection_id": "x", "conn_type": "ftp" })), 400, 400),
        (("PATCH", "connections/none", json!({ "connection_id": "none", "conn_type": "ftp" })), 404, 404),
        (("DELETE", "connections/n", Value::Null), 204, 204),
        (("DELETE", "connections/n", Value::Null), 404, 404),
        (("POST", "variables", json!({ "key": "v", "value": "1" })), 200, 201),
        (("POST", "variables", json!({ "key": "v", "value": "2" })), 200, 409),
        (("POST", "variables", json!({ "key": "w" })), 400, 422),
        (("PATCH", "variables/v", json!({ "key": "v", "value": "3", "description": null })), 200, 200),
        (("PATCH", "variables/v", json!({ "key": "w", "value": "3" })), 400, 400),
        (("PATCH", "variables/v?update_mask=value", json!({ "key": "v", "value": "4" })), 400, 200),
        (("PATCH", "variables/v?update_mask=val", json!({ "key": "v", "value": "4" })), 200, 200),
        (("GET", "variables/a%2Fb", Value::Null), 200, 200),
        (("GET", "variables/none", Value::Null), 404, 404),
        (("DELETE", "variables/v", Value::Null), 204, 204),
        (("DELETE", "variables/v", Value::Null), 404, 404),
        (("POST", "pools", json!({ "name": "p", "slots": 1 })), 200, 201),
        (("POST", "pools", json!({ "name": "p", "slots": 1 })), 409, 409),
        (("POST", "pools", json!({ "name": "q" })), 400, 422),
        (("PATCH", "pools/p", json!({ "name": "p", "slots": 2 })), 200, 422),
        (("PATCH", "pools/p", json!({ "name": "p", "slots": 2, "include_deferred": true })), 200, 200),
        (("PATCH", "pools/p?update_mask=colour", json!({ "slots": 2 })), 400, 200),
        (default(json!({ "slots": 3 })), 400, 400),
        (default(json!({ "name": "default_pool", "slots": 3, "include_deferred": false })), 200, 400),
        (masked(json!({ "slots": 4 })), 200, 200),
        (("DELETE", "pools/default_pool", Value::Null), 400, 400),
        (("DELETE", "pools/p", Value::Null), 204, 204),
        (("GET", "pools/p", Value::Null), 404, 404),
    ];
    let benches = benches().await;
    for ((method, path, body), two, three) in cases {
        assert_eq!(status(&benches[0], method, path, body.clone()).await, two, "2: {method} {path} {body}");
        assert_eq!(status(&benches[1], method, path, body.clone()).await, three, "3: {method} {path} {body}");
    }
    for bench in benches {
        assert_eq!(bench.sim.with(|world| world.deployments[0].airflow.pools[0].slots), 4);
        assert_eq!(bench.sim.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_patch_leaves_alone_what_it_does_not_name() {
    for bench in benches().await {
        let body = json!({ "connection_id": "c", "conn_type": "ftp", "host": "new", "login": null, "port": 21 });
        assert_eq!(status(&bench, "PATCH", "connections/c?update_mask=host", body.clone()).await, 200);
        let stored = || bench.sim.with(|world| world.deployments[0].airflow.connections[0].clone());
        let old = Connection { host: Some("new".into()), ..stored() };
        assert_eq!((stored(), old.conn_type.as_str()), (old.clone(), "http"));
        assert_eq!(status(&bench, "PATCH", "connections/c", body).await, 200);
        assert_eq!(stored(), Connection { conn_type: "ftp".into(), login: None, port: Some(21), ..old });
        assert_eq!(bench.sim.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_mask_of_several_fields_is_spelled_differently() {
    let body = json!({ "connection_id": "c", "conn_type": "ftp", "host": "new", "login": "new" });
    for (query, two, three) in [
        ("update_mask=host,login", ("new", "new"), ("old", "ada")),
        ("update_mask=host&update_mask=login", ("old", "new"), ("new", "new")),
    ] {
        for (bench, expected) in benches().await.into_iter().zip([two, three]) {
            assert_eq!(status(&bench, "PATCH", &format!("connections/c?{query}"), body.clone()).await, 200);
            let stored = bench.sim.with(|world| world.deployments[0].airflow.connections[0].clone());
            assert_eq!((stored.host.as_deref(), stored.login.as_deref()), (Some(expected.0), Some(expected.1)), "{query}");
        }
    }
}

#[tokio::test]
async fn a_secret_is_harmed_by_the_mask_and_by_nothing() {
    let connection = |key: &str, value: &str| json!({ "connection_id": "c", "conn_type": "http", key: value });
    let variable = |key: &str, value: &str| json!({ "key": key, "value": value });
    let (extra, other) = (r#"{"token":"***","region":"us"}"#, r#"{"token":"new"}"#);
    let (kept, merged) = (r#"{"token":"hush","region":"eu"}"#, r#"{"region":"us","token":"hush"}"#);
    // Path, body, what is harmed, and what is stored then in either version.
    let cases = [
        ("connections/c", connection("password", "***"), "connection c: password is written as the mask", "***", "hush"),
        ("connections/c", connection("password", ""), "connection c: password is overwritten with nothing", "hush", "hush"),
        ("connections/c", connection("password", "new"), "", "new", "new"),
        ("connections/c", connection("extra", extra), "connection c: extra is written as the mask", extra, merged),
        ("connections/c", connection("extra", ""), "connection c: extra is overwritten with nothing", "", "{}"),
        ("connections/c", connection("extra", other), "", other, other),
        ("connections/c?update_mask=conn_type", connection("extra", ""), "", kept, kept),
        ("variables/my_secret", variable("my_secret", "***"), "variable my_secret: value is written as the mask", "***", "***"),
        ("variables/my_secret", variable("my_secret", ""), "variable my_secret: value is overwritten with nothing", "", ""),
        ("variables/a/b", variable("a/b", ""), "", "hush", "hush"),
    ];
    for (path, body, harm, two, three) in cases {
        for (bench, expected) in benches().await.into_iter().zip([two, three]) {
            assert_eq!(status(&bench, "PATCH", path, body.clone()).await, 200, "{path} {body}");
            let expected_harm: Vec<String> = if harm.is_empty() { vec![] } else { vec![harm.into()] };
            assert_eq!(bench.sim.violations(), expected_harm, "{path} {body}");
            let stored = bench.sim.with(|world| {
                let airflow = &world.deployments[0].airflow;
                match () {
                    () if body.get("password").is_some() => airflow.connections[0].password.clone().unwrap(),
                    () if body.get("extra").is_some() => airflow.connections[0].extra.clone().unwrap(),
                    () => airflow.variables[0].value.clone(),
                }
            });
            assert_eq!(stored, expected, "{path} {body}");
        }
    }
}

#[tokio::test]
async fn a_copied_mask_is_a_violation_on_creation_too() {
    for bench in benches().await {
        let body = json!({ "connection_id": "n", "conn_type": "http", "password": "***" });
        bench.airflow(Method::POST, "connections", Some(body)).await;
        bench.airflow(Method::POST, "variables", Some(json!({ "key": "n", "value": "***" }))).await;
        assert_eq!(bench.sim.violations().len(), 2);
        let answer = bench.client.patch(format!("{}/airflow/{}/api/v2/dags/x", bench.sim.url(), bench.deployment)).send().await;
        assert_eq!(answer.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
}
