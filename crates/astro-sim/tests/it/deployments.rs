//! Tokens, scopes, lists, Deployments and Workspaces.

use std::time::Duration;

use astro_sim::world::deployment::Deployment;
use astro_sim::world::state::World;
use astro_sim::world::token::{Access, Holder, TokenSpec};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::bench::Bench;

#[tokio::test]
async fn tokens_are_checked_for_presence_text_expiry_and_scope() {
    let mut bench = Bench::sandbox().await;
    let url = format!("{}/organizations", bench.sim.astro_url());
    let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status();
    assert_eq!(status(bench.client.get(&url)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(bench.client.get(&url).bearer_auth("nonsense")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(bench.client.get(&url).basic_auth("cli", Some(&bench.token))).await, StatusCode::UNAUTHORIZED);
    let mint = |spec: TokenSpec| bench.sim.with(|world| world.mint_token(spec));
    let soon = bench.sim.with(|world| world.clock.now() + Duration::from_secs(60));
    let short = mint(TokenSpec { expires_at: Some(soon), ..TokenSpec::default() });
    assert_eq!(status(bench.client.get(&url).bearer_auth(&short)).await, StatusCode::OK);
    bench.sim.with(|world| world.clock.advance(Duration::from_secs(61)));
    assert_eq!(status(bench.client.get(&url).bearer_auth(&short)).await, StatusCode::UNAUTHORIZED);
    let reader = mint(TokenSpec { access: Access::Read, ..TokenSpec::default() });
    let elsewhere = mint(TokenSpec { workspace_ids: vec!["other".into()], ..TokenSpec::default() });
    let foreign = mint(TokenSpec { organization_id: "other".into(), ..TokenSpec::default() });
    for (token, read, write) in [(reader, 200, 403), (elsewhere, 403, 403), (foreign, 403, 403)] {
        bench.token = token;
        assert_eq!(bench.get(&bench.path("")).await.0, read);
        assert_eq!(bench.create("DAG_ONLY").await.0, write);
    }
}

#[tokio::test]
async fn enforced_ci_refuses_a_users_token() {
    let mut bench = Bench::with(Deployment { is_cicd_enforced: true, ..Deployment::named("one") }).await;
    assert_eq!(bench.create("DAG_ONLY").await.0, StatusCode::OK);
    bench.token = bench.sim.with(|world| world.mint_token(TokenSpec { holder: Holder::User, ..TokenSpec::default() }));
    assert_eq!(bench.create("DAG_ONLY").await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn lists_come_in_pages_and_filters_narrow_them() {
    let mut world = World::new().workspace("Other");
    let other = world.workspaces[1].id.clone();
    for number in 0..1005 {
        world.add_deployment(Deployment::named(&format!("d{number:04}")));
    }
    world.add_deployment(Deployment { workspace_id: other.clone(), ..Deployment::named("d0000") });
    let bench = Bench::on(world).await;
    let count = async |query: &str| {
        let (_, list) = bench.get(&format!("/deployments?{query}")).await;
        (list["deployments"].as_array().unwrap().len(), list["totalCount"].as_u64().unwrap())
    };
    assert_eq!(count("").await, (20, 1006));
    assert_eq!(count("limit=1000").await, (1000, 1006));
    assert_eq!(count("limit=1000&offset=1000").await, (6, 1006));
    assert_eq!(count("names=d0000&names=d0001").await, (3, 3));
    assert_eq!(count(&format!("names=d0000&workspaceIds={other}")).await, (1, 1));
    assert_eq!(count(&format!("deploymentIds={}", bench.deployment)).await, (1, 1));
    let (_, sorted) = bench.get("/deployments?sorts=name:desc&limit=1").await;
    assert_eq!(sorted["deployments"][0]["name"], "d1004");
    for wrong in ["limit=0", "limit=1001", "offset=-1", "limit=x", "colour=red", "sorts=colour:asc", "limit=1&limit=2"] {
        assert_eq!(bench.get(&format!("/deployments?{wrong}")).await.0, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_not_simulated_says_so_and_is_a_violation() {
    let bench = Bench::sandbox().await;
    assert_eq!(bench.get("/moons").await.0, StatusCode::NOT_IMPLEMENTED);
    assert_eq!(bench.get("/clusters").await.0, StatusCode::OK);
    let unknown = format!("unknown Astro route GET /v1/organizations/{}/moons", bench.organization);
    assert_eq!(bench.sim.violations(), [unknown]);
    assert_eq!(bench.sim.journal()[1].operation, "ListClusters");
}

#[tokio::test]
async fn a_deployment_can_be_made_changed_and_deleted() {
    let mut bench = Bench::on(World::new()).await;
    let workspace = bench.sim.with(|world| world.workspaces[0].id.clone());
    let secret = json!({ "key": "PASSWORD", "isSecret": true, "value": "hush" });
    let queue = json!({
        "name": "default", "isDefault": true, "astroMachine": "A5", "minWorkerCount": 0, "maxWorkerCount": 3,
        "workerConcurrency": 5,
    });
    let create = bench.new_deployment(&[
        ("environmentVariables", json!([secret])),
        ("isDevelopmentMode", json!(true)),
        ("workerQueues", json!([queue])),
    ]);
    let (status, made) = bench.post("/deployments", create).await;
    assert_eq!((status, &made["status"]), (StatusCode::OK, &json!("CREATING")), "{made}");
    bench.deployment = made["id"].as_str().unwrap().to_owned();
    bench.get(&bench.path("")).await;
    assert_eq!(bench.get(&bench.path("")).await.1["status"], "HEALTHY");
    let update = json!({
        "type": "STANDARD", "name": "renamed", "workspaceId": workspace, "executor": "CELERY", "schedulerSize": "SMALL",
        "isCicdEnforced": true, "isDagDeployEnabled": true, "isHighAvailability": false,
        "environmentVariables": [{ "key": "PASSWORD", "isSecret": true }],
    });
    let (status, changed) = bench.post(&bench.path(""), update.clone()).await;
    assert_eq!((status, &changed["name"], &changed["region"]), (StatusCode::OK, &json!("renamed"), &json!("us-east-1")));
    assert!(changed["environmentVariables"][0].get("value").is_none());
    assert_eq!(bench.sim.with(|world| world.deployments[0].environment_variables[0].value.clone()), "hush");
    let mut partial = update;
    partial.as_object_mut().unwrap().remove("executor");
    assert_eq!(bench.post(&bench.path(""), partial).await.1["fieldErrors"][0]["field"], "executor");
    let delete = async || bench.send(Method::DELETE, &bench.path(""), None).await.status();
    assert_eq!((delete().await, delete().await), (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND));
    for rest in ["", "/deploys", "/deploys/x"] {
        assert_eq!(bench.get(&bench.path(rest)).await.0, StatusCode::NOT_FOUND, "{rest}");
    }
    assert_eq!(bench.airflow_at(Method::GET, "api/v2/version", None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(bench.get("/deployments").await.1["totalCount"], 0);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn workspaces_organizations_and_options_keep_the_contract() {
    let bench = Bench::sandbox().await;
    let (_, made) = bench.post("/workspaces", json!({ "name": "Second" })).await;
    let path = format!("/workspaces/{}", made["id"].as_str().unwrap());
    let change = json!({ "name": "Third", "description": "", "cicdEnforcedDefault": true });
    assert_eq!(bench.post(&path, change).await.1["name"], "Third");
    assert_eq!(bench.get("/workspaces?names=Third").await.1["totalCount"], 1);
    assert_eq!(bench.send(Method::DELETE, &path, None).await.status(), StatusCode::NO_CONTENT);
    let full = format!("/workspaces/{}", bench.sim.with(|world| world.workspaces[0].id.clone()));
    assert_eq!(bench.send(Method::DELETE, &full, None).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(bench.get("").await.1["product"], "HOSTED");
    let (_, options) = bench.get("/deployment-options").await;
    assert_eq!(options["runtimeReleases"][0]["version"], "3.1-5");
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_that_breaks_the_contract_is_our_own_bug_and_a_violation() {
    let bench = Bench::sandbox().await;
    bench.sim.with(|world| world.deployments[0].settings.insert("colour".into(), "red".into()));
    assert_eq!(bench.get(&bench.path("")).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    let violations = bench.sim.violations();
    assert_eq!(violations, ["answer of GetDeployment breaks the contract: colour is not a known field"]);
}
