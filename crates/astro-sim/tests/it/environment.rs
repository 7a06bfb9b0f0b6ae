//! Environment objects of Workspaces and Deployments.

use astro_sim::world::deployment::Deployment;
use astro_sim::world::state::World;
use astro_sim::world::token::{Access, TokenSpec};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

const PATH: &str = "/environment-objects";

/// Two Deployments of one Workspace.
async fn bench() -> (Bench, String, [String; 2]) {
    let bench = Bench::on(World::new().deployment(Deployment::named("one")).deployment(Deployment::named("two"))).await;
    let (workspace, ids) = bench
        .sim
        .with(|world| (world.workspaces[0].id.clone(), [world.deployments[0].id.clone(), world.deployments[1].id.clone()]));
    (bench, workspace, ids)
}

/// Returns the request for a variable of a Workspace with further fields.
fn variable(workspace: &str, key: &str, further: &[(&str, Value)]) -> Value {
    let mut body = json!({
        "objectType": "ENVIRONMENT_VARIABLE", "objectKey": key, "scope": "WORKSPACE", "scopeEntityId": workspace,
        "environmentVariable": { "value": "hush", "isSecret": true },
    });
    further.iter().for_each(|(field, value)| body[field] = value.clone());
    body
}

fn of(deployment: &str) -> Value {
    json!({ "scope": "DEPLOYMENT", "scopeEntityId": deployment })
}

async fn create(bench: &Bench, body: Value) -> String {
    let (status, made) = bench.post(PATH, body).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

async fn list(bench: &Bench, query: &str) -> Vec<Value> {
    let (status, list) = bench.get(&format!("{PATH}?{query}")).await;
    assert_eq!(status, StatusCode::OK, "{list}");
    list["environmentObjects"].as_array().unwrap().clone()
}

async fn keys(bench: &Bench, query: &str) -> Vec<String> {
    list(bench, query).await.iter().map(|object| object["objectKey"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_deployment_gets_what_is_linked_to_it_and_what_is_linked_to_all_unless_it_is_excluded() {
    let (bench, workspace, [one, two]) = bench().await;
    let add = async |key: &str, further: &[(&str, Value)]| create(&bench, variable(&workspace, key, further)).await;
    add("NOBODY", &[]).await;
    let mut link = of(&two);
    link["overrides"] = json!({ "environmentVariable": { "value": "for two" } });
    add("TWO", &[("links", json!([link])), ("environmentVariable", json!({ "value": "for all" }))]).await;
    let all = add("ALL", &[("autoLinkDeployments", json!(true)), ("excludeLinks", json!([of(&one)]))]).await;
    add("OWN", &[("autoLinkDeployments", json!(true))]).await;
    let own =
        [("scope", json!("DEPLOYMENT")), ("scopeEntityId", json!(two)), ("environmentVariable", json!({ "value": "mine" }))];
    add("OWN", &own).await;
    let seen =
        async |deployment: &str, resolve: bool| keys(&bench, &format!("deploymentId={deployment}&resolveLinked={resolve}")).await;
    assert_eq!(seen(&one, true).await, ["OWN"]);
    assert_eq!(seen(&two, true).await, ["OWN", "TWO", "ALL"]);
    assert_eq!((seen(&one, false).await, seen(&two, false).await), (vec![], vec!["OWN".to_owned()]));
    assert_eq!(keys(&bench, &format!("workspaceId={workspace}&objectKey=ALL")).await, ["ALL"]);
    assert_eq!(keys(&bench, &format!("workspaceId={workspace}&objectType=CONNECTION")).await, Vec::<String>::new());
    let resolved = list(&bench, &format!("deploymentId={two}&resolveLinked=true")).await;
    assert_eq!((&resolved[0]["environmentVariable"]["value"], resolved[0].get("sourceScope")), (&json!("mine"), None));
    assert_eq!(resolved[1]["environmentVariable"]["value"], "for two");
    assert_eq!((resolved[1].get("id"), &resolved[1]["sourceScopeEntityId"]), (None, &json!(workspace)));
    for _ in 0..2 {
        let exclude = bench.send(Method::POST, &format!("{PATH}/{all}/exclude-linking"), Some(of(&two))).await;
        assert_eq!(exclude.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(seen(&two, true).await, ["OWN", "TWO"]);
    bench.send(Method::DELETE, &format!("/deployments/{two}"), None).await;
    let left = bench.sim.with(|world| format!("{:?}", world.environment));
    assert!(!left.contains(&two), "{left}");
    assert!(!left.contains("hush"), "{left}");
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_secret_is_shown_only_where_the_organization_lets_it() {
    let (bench, workspace, [one, _]) = bench().await;
    let id = create(&bench, variable(&workspace, "A", &[("autoLinkDeployments", json!(true))])).await;
    let connection = json!({
        "objectType": "CONNECTION", "objectKey": "db", "scope": "DEPLOYMENT", "scopeEntityId": one,
        "connection": { "type": "postgres", "host": "h", "password": "hush", "extra": { "a": 1 } },
    });
    create(&bench, connection).await;
    let (_, own) = bench.get(&format!("{PATH}/{id}")).await;
    assert_eq!(own["environmentVariable"], json!({ "value": "", "isSecret": true }));
    assert_eq!(own["setFields"], json!(["value"]));
    let query = format!("deploymentId={one}&resolveLinked=true");
    let hidden = list(&bench, &query).await;
    assert_eq!(hidden[0]["connection"], json!({ "type": "postgres", "host": "h" }));
    assert_eq!(hidden[0]["setFields"], json!(["extra", "host", "password", "type"]));
    let (status, refused) = bench.get(&format!("{PATH}?{query}&showSecrets=true")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(refused["message"].as_str().unwrap().contains("showSecrets"));
    bench.sim.with(|world| world.environment.shows_secrets = true);
    let shown = list(&bench, &format!("{query}&showSecrets=true")).await;
    assert_eq!(
        (&shown[0]["connection"]["password"], &shown[1]["environmentVariable"]["value"]),
        (&json!("hush"), &json!("hush"))
    );
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_update_drops_what_it_leaves_out_but_secrets_and_the_overrides_of_a_link_that_stays() {
    let (bench, workspace, [one, two]) = bench().await;
    let link = |overrides: Value| json!({ "scope": "DEPLOYMENT", "scopeEntityId": one, "overrides": overrides });
    let overridden = link(json!({ "environmentVariable": { "value": "other" } }));
    let further = [("links", json!([overridden, of(&two)])), ("autoLinkDeployments", json!(true)), ("description", json!("d"))];
    let id = create(&bench, variable(&workspace, "A", &further)).await;
    let path = format!("{PATH}/{id}");
    let stored = || bench.sim.with(|world| world.environment.objects[0].clone());
    let value = || stored().links[0].overrides.get("value").cloned();
    let update = async |body: Value| {
        let (status, answer) = bench.post(&path, body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    };
    let answer = update(json!({ "environmentVariable": { "value": "" }, "links": [of(&one)] })).await;
    assert_eq!((&answer["autoLinkDeployments"], &answer["description"]), (&json!(false), &json!("")));
    assert_eq!(answer["links"], json!([{ "scope": "DEPLOYMENT", "scopeEntityId": one, "setFields": ["value"] }]));
    assert_eq!((stored().content["value"].as_str(), value()), (Some("hush"), Some(json!("other"))));
    update(json!({ "environmentVariable": { "value": "new" }, "links": [link(json!({ "unsetFields": ["value"] }))] })).await;
    assert_eq!((stored().content["value"].as_str(), value()), (Some("new"), None));
    update(json!({ "environmentVariable": {} })).await;
    assert_eq!((stored().content["value"].as_str(), stored().links.len()), (Some("new"), 0));
    let delete = async || bench.send(Method::DELETE, &path, None).await.status();
    assert_eq!((delete().await, delete().await), (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND));
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let (bench, workspace, [one, _]) = bench().await;
    let id = create(&bench, variable(&workspace, "A", &[("links", json!([of(&one)]))])).await;
    let own_and = |field: &str, value: Value| {
        let own = [("scope", json!("DEPLOYMENT")), ("scopeEntityId", json!(one)), (field, value)];
        variable("", "B", &own)
    };
    let with = |field: &str, value: Value| variable(&workspace, "B", &[(field, value)]);
    let cases = [
        (variable(&workspace, "A", &[]), 409),
        (variable(&workspace, "1A", &[]), 400),
        (variable("none", "B", &[]), 404),
        (with("objectType", json!("CONNECTION")), 400),
        (with("connection", json!({ "type": "http" })), 400),
        (with("links", json!([of("none")])), 404),
        (with("links", json!([of(&one), of(&one)])), 409),
        (with("links", json!([{ "scope": "DEPLOYMENT", "scopeEntityId": one, "overrides": { "connection": {} } }])), 400),
        (own_and("autoLinkDeployments", json!(true)), 400),
        (own_and("links", json!([of(&one)])), 400),
    ];
    for (body, expected) in cases {
        assert_eq!(bench.post(PATH, body.clone()).await.0.as_u16(), expected, "{body}");
    }
    let exclude = async || bench.send(Method::POST, &format!("{PATH}/{id}/exclude-linking"), Some(of(&one))).await.status();
    assert_eq!(exclude().await, StatusCode::CONFLICT, "it is linked by name");
    assert_eq!(bench.post(&format!("{PATH}/{id}"), json!({ "links": [] })).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(bench.get(PATH).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn tokens_reach_what_they_reach_elsewhere() {
    let (mut bench, workspace, _) = bench().await;
    let id = create(&bench, variable(&workspace, "A", &[])).await;
    let mint = |spec: TokenSpec| bench.sim.with(|world| world.mint_token(spec));
    let reader = mint(TokenSpec { access: Access::Read, ..TokenSpec::default() });
    let elsewhere = mint(TokenSpec { workspace_ids: vec!["other".into()], ..TokenSpec::default() });
    for (token, read, write) in [(reader, 200, 403), (elsewhere, 403, 403)] {
        bench.token = token;
        assert_eq!(bench.get(&format!("{PATH}/{id}")).await.0, read);
        assert_eq!(bench.get(&format!("{PATH}?workspaceId={workspace}")).await.0, read);
        assert_eq!(bench.post(PATH, variable(&workspace, "B", &[])).await.0, write);
        assert_eq!(bench.send(Method::DELETE, &format!("{PATH}/{id}"), None).await.status(), write);
    }
}
