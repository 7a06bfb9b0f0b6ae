//! Secrets of GitHub Actions and CI/CD variables of GitLab.

use astro_sim::world::github::GitHubToken;
use astro_sim::world::gitlab::{JOB_TOKEN, MAINTAINER_TOKEN, READ_TOKEN, TOKEN};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::PublicKey;
use crypto_box::aead::OsRng;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

async fn github(bench: &Bench, token: &str, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let url = format!("{}/repos/acme/demo/{path}", bench.sim.github_api_url());
    let mut request = bench.client.request(method, url).bearer_auth(token).header("user-agent", "test");
    if !body.is_null() {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

fn sealed(key: &Value, text: &str) -> String {
    let key = PublicKey::from_slice(&STANDARD.decode(key["key"].as_str().unwrap()).unwrap()).unwrap();
    STANDARD.encode(key.seal(&mut OsRng, text.as_bytes()).unwrap())
}

#[tokio::test]
async fn a_github_secret_must_be_sealed_for_the_key_that_is_named() {
    let bench = Bench::sandbox().await;
    bench.sim.with(|world| {
        world.github.tokens.push(GitHubToken::of_person("keeper", "ada", &[("secrets", "write")]));
        world.github.tokens.push(GitHubToken::of_person("reader", "ada", &[("secrets", "read")]));
    });
    let (_, key) = github(&bench, "reader", Method::GET, "actions/secrets/public-key", Value::Null).await;
    let good = json!({ "encrypted_value": sealed(&key, "hunter2"), "key_id": key["key_id"] });
    let put = async |token: &str, name: &str, body: &Value| {
        github(&bench, token, Method::PUT, &format!("actions/secrets/{name}"), body.clone()).await.0
    };
    assert_eq!(put("reader", "A", &good).await, StatusCode::FORBIDDEN);
    for wrong in [
        json!({ "encrypted_value": STANDARD.encode("hunter2"), "key_id": key["key_id"] }),
        json!({ "encrypted_value": sealed(&key, "x"), "key_id": "1" }),
        json!({ "key_id": key["key_id"] }),
    ] {
        assert_eq!(put("keeper", "A", &wrong).await, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert_eq!(put("keeper", "GITHUB_A", &good).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(put("keeper", "a", &good).await, StatusCode::CREATED);
    assert_eq!(put("keeper", "A", &good).await, StatusCode::NO_CONTENT);
    let values = bench
        .sim
        .with(|world| world.github.repositories[0].secrets.iter().map(|secret| secret.value.clone()).collect::<Vec<_>>());
    assert_eq!(values, ["hunter2"]);
    let (_, shown) = github(&bench, "reader", Method::GET, "actions/secrets/A", Value::Null).await;
    assert!(shown["name"] == "A" && shown.get("value").is_none(), "{shown}");
    assert_eq!(github(&bench, "keeper", Method::DELETE, "actions/secrets/A", Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(github(&bench, "keeper", Method::GET, "actions/secrets/A", Value::Null).await.0, StatusCode::NOT_FOUND);
    let (status, _) = github(&bench, "keeper", Method::GET, "environments/prod/secrets/public-key", Value::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "environments have a permission of their own");
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_gitlab_variable_needs_a_maintainer_and_a_value_that_can_be_masked() {
    let bench = Bench::sandbox().await;
    let call = async |(header, token): (&str, &str), method: Method, rest: &str, body: Value| {
        let url = format!("{}/projects/acme%2Fplatform%2Fdemo/variables{rest}", bench.sim.gitlab_api_url());
        let mut request = bench.client.request(method, url).header(header, token);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap_or_default())
    };
    let keeper = ("private-token", MAINTAINER_TOKEN);
    let body = json!({ "key": "A", "value": "hunter2hunter2", "masked": true });
    for (other, status) in [
        (("private-token", TOKEN), StatusCode::FORBIDDEN),
        (("private-token", READ_TOKEN), StatusCode::FORBIDDEN),
        (("job-token", JOB_TOKEN), StatusCode::UNAUTHORIZED),
    ] {
        assert_eq!(call(other, Method::POST, "", body.clone()).await.0, status, "{other:?}");
    }
    for wrong in [
        json!({ "key": "A" }),
        json!({ "key": "A-B", "value": "hunter2hunter2" }),
        json!({ "key": "A", "value": "short", "masked": true }),
        json!({ "key": "A", "value": "has some blanks", "masked": true }),
    ] {
        assert_eq!(call(keeper, Method::POST, "", wrong.clone()).await.0, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(call(keeper, Method::POST, "", body.clone()).await.0, StatusCode::CREATED);
    assert_eq!(call(keeper, Method::POST, "", body).await.0, StatusCode::BAD_REQUEST, "the key is taken");
    let (status, changed) = call(keeper, Method::PUT, "/A", json!({ "value": "another-value", "protected": true })).await;
    assert_eq!((status, &changed["masked"], &changed["protected"]), (StatusCode::OK, &json!(true), &json!(true)));
    let scoped = json!({ "key": "A", "value": "hunter2hunter2", "environment_scope": "production" });
    assert_eq!(call(keeper, Method::POST, "", scoped).await.0, StatusCode::CREATED, "a key is taken for each scope by itself");
    let (status, several) = call(keeper, Method::GET, "/A", Value::Null).await;
    assert_eq!(status, StatusCode::CONFLICT, "{several}");
    let production = "/A?filter%5Benvironment_scope%5D=production";
    let (status, found) = call(keeper, Method::GET, production, Value::Null).await;
    assert_eq!((status, &found["environment_scope"]), (StatusCode::OK, &json!("production")));
    assert_eq!(call(keeper, Method::DELETE, production, Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call(keeper, Method::GET, production, Value::Null).await.0, StatusCode::NOT_FOUND);
    assert_eq!(call(keeper, Method::DELETE, "/A", Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call(keeper, Method::GET, "/A", Value::Null).await.0, StatusCode::NOT_FOUND);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}
