//! API tokens as bearers and as things, and tokens of remote execution agents.

use std::time::Duration;

use astro_sim::world::deployment::Deployment;
use astro_sim::world::records::RateLimits;
use astro_sim::world::role::{EntityKind, TokenRole};
use astro_sim::world::state::World;
use astro_sim::world::token::TokenSpec;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

async fn bench() -> (Bench, String) {
    let bench = Bench::on(World::new().workspace("Other").deployment(Deployment::named("one"))).await;
    let workspace = bench.sim.with(|world| world.workspaces[0].id.clone());
    (bench, workspace)
}

fn of_workspace(id: &str, further: &[(&str, Value)]) -> Value {
    let mut body = json!({ "name": "ci", "scope": "WORKSPACE", "entityId": id, "role": "WORKSPACE_OPERATOR" });
    further.iter().for_each(|(key, value)| body[*key] = value.clone());
    body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    body
}

async fn create(bench: &Bench, body: Value) -> (String, String) {
    let (status, made) = bench.post("/tokens", body).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    (made["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
}

async fn status_as(bench: &Bench, token: &str, path: &str) -> u16 {
    let url = format!("{}/organizations/{}{path}", bench.sim.astro_url(), bench.organization);
    bench.client.get(url).bearer_auth(token).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_tokens_text_is_shown_once_and_works_until_it_is_rotated_or_ends() {
    let (bench, workspace) = bench().await;
    let (id, text) = create(&bench, of_workspace(&workspace, &[("tokenExpiryPeriodInDays", json!(2))])).await;
    assert_eq!(text.split('.').count(), 3, "a JWT");
    let path = format!("/tokens/{id}");
    let (_, seen) = bench.get(&path).await;
    assert_eq!((seen.get("token"), seen.get("lastUsedAt"), &seen["expiryPeriodInDays"]), (None, None, &json!(2)));
    assert_eq!(status_as(&bench, &text, "/workspaces").await, 200);
    let (_, rotated) = bench.post(&format!("{path}/rotate"), json!({})).await;
    let newer = rotated["token"].as_str().unwrap().to_owned();
    assert!(rotated["lastUsedAt"].is_string() && rotated["lastRotatedAt"].is_string(), "{rotated}");
    assert_eq!((status_as(&bench, &text, "/workspaces").await, status_as(&bench, &newer, "/workspaces").await), (401, 200));
    bench.sim.with(|world| world.clock.advance(Duration::from_secs(2 * 86_400 + 1)));
    assert_eq!(status_as(&bench, &newer, "/workspaces").await, 401);
    let delete = async || bench.send(Method::DELETE, &path, None).await.status();
    assert_eq!((delete().await, delete().await), (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND));
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
    assert!(!format!("{:?}", bench.sim.with(|world| world.tokens.clone())).contains(&newer));
}

#[tokio::test]
async fn what_does_not_fit_a_token_is_refused() {
    let (bench, workspace) = bench().await;
    let deployment = bench.deployment.clone();
    let cases = [
        (vec![("tokenExpiryPeriodInDays", json!(0))], 400),
        (vec![("tokenExpiryPeriodInDays", json!(3651))], 400),
        (vec![("name", json!(""))], 400),
        (vec![("name", json!("n".repeat(257)))], 400),
        (vec![("description", json!("d".repeat(501)))], 400),
        (vec![("entityId", Value::Null)], 400),
        (vec![("entityId", json!("other"))], 404),
        (vec![("role", json!("DEPLOYMENT_ADMIN"))], 400),
        (vec![("scope", json!("DEPLOYMENT")), ("entityId", json!(deployment)), ("role", json!("DEPLOYMENT_ADMIN"))], 200),
        (vec![("scope", json!("ORGANIZATION")), ("role", json!("ORGANIZATION_OWNER"))], 400),
        (vec![("scope", json!("ORGANIZATION")), ("entityId", Value::Null), ("role", json!("ORGANIZATION_OWNER"))], 200),
    ];
    for (further, expected) in cases {
        let body = of_workspace(&workspace, &further);
        assert_eq!(bench.post("/tokens", body.clone()).await.0, expected, "{body}");
    }
}

#[tokio::test]
async fn lists_are_of_one_scope_and_roles_are_replaced_within_the_tokens_own() {
    let (bench, workspace) = bench().await;
    let other = bench.sim.with(|world| world.workspaces[1].id.clone());
    let deployment = bench.deployment.clone();
    let (id, _) = create(&bench, of_workspace(&workspace, &[])).await;
    let names = async |query: &str| {
        let (status, list) = bench.get(&format!("/tokens?{query}")).await;
        assert_eq!(status, StatusCode::OK, "{list}");
        list["tokens"].as_array().unwrap().iter().map(|token| token["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&format!("workspaceId={workspace}")).await, std::slice::from_ref(&id));
    assert_eq!(names(&format!("workspaceId={other}")).await, Vec::<String>::new());
    assert_eq!(names("").await.len(), 2);
    assert!(!names("includeOnlyOrganizationTokens=true").await.contains(&id));
    let role = |kind: &str, entity: &str, role: &str| json!({ "entityType": kind, "entityId": entity, "role": role });
    let own = role("WORKSPACE", &workspace, "WORKSPACE_MEMBER");
    let roles = async |list: Value| bench.post(&format!("/tokens/{id}/roles"), json!({ "roles": list })).await;
    let (status, now) = roles(json!([own, role("DEPLOYMENT", &deployment, "DEPLOYMENT_ADMIN")])).await;
    assert_eq!((status, now["deploymentRoles"].as_array().unwrap().len()), (StatusCode::OK, 1), "{now}");
    assert_eq!(names(&format!("deploymentId={deployment}")).await, std::slice::from_ref(&id));
    let refused = [json!([]), json!([own, own]), json!([own, role("WORKSPACE", &other, "WORKSPACE_MEMBER")])];
    for list in refused {
        assert_eq!(roles(list.clone()).await.0, StatusCode::BAD_REQUEST, "{list}");
    }
    let (_, renamed) = bench.post(&format!("/tokens/{id}"), json!({ "name": "other" })).await;
    assert_eq!((&renamed["name"], renamed["roles"].as_array().unwrap().len()), (&json!("other"), 2));
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_token_dies_with_its_deployment_and_others_lose_their_role_on_it() {
    let (bench, workspace) = bench().await;
    let deployment = bench.deployment.clone();
    let own = json!({ "name": "own", "scope": "DEPLOYMENT", "entityId": deployment, "role": "DEPLOYMENT_ADMIN" });
    let (_, text) = create(&bench, own).await;
    let (wide, _) = create(&bench, of_workspace(&workspace, &[])).await;
    let roles = json!([
        { "entityType": "WORKSPACE", "entityId": workspace, "role": "WORKSPACE_MEMBER" },
        { "entityType": "DEPLOYMENT", "entityId": deployment, "role": "DEPLOYMENT_ADMIN" },
    ]);
    bench.post(&format!("/tokens/{wide}/roles"), json!({ "roles": roles })).await;
    assert_eq!(status_as(&bench, &text, &format!("/deployments/{deployment}")).await, 200);
    bench.send(Method::DELETE, &format!("/deployments/{deployment}"), None).await;
    assert_eq!(status_as(&bench, &text, "/deployments").await, 401);
    let (_, left) = bench.get(&format!("/tokens/{wide}")).await;
    assert_eq!(left["roles"], json!([{ "entityType": "WORKSPACE", "entityId": workspace, "role": "WORKSPACE_MEMBER" }]));
}

#[tokio::test]
async fn each_role_may_do_what_the_platforms_table_says() {
    let (mut bench, workspace) = bench().await;
    let deployment = bench.deployment.clone();
    bench.sim.with(|world| world.add_role("KEYS", &["deployment.get", "deployment.apiTokens.get"]));
    let get = |path: String| (Method::GET, path, None);
    let calls = [
        get(format!("/deployments/{deployment}")),
        (Method::POST, format!("/deployments/{deployment}/deploys"), Some(json!({ "type": "DAG_ONLY" }))),
        (Method::POST, format!("/deployments/{deployment}/hibernation-override"), Some(json!({ "isHibernating": true }))),
        get(format!("/tokens?deploymentId={deployment}")),
        get(format!("/tokens?workspaceId={workspace}")),
        (
            Method::POST,
            format!("/workspaces/{workspace}"),
            Some(json!({ "name": "M", "description": "", "cicdEnforcedDefault": false })),
        ),
        (Method::POST, "/workspaces".into(), Some(json!({ "name": "New" }))),
        get("/allowed-ip-address-ranges".into()),
    ];
    let rows = [
        (EntityKind::Workspace, &workspace, "WORKSPACE_MEMBER", [200, 403, 403, 403, 403, 403, 403, 403]),
        (EntityKind::Workspace, &workspace, "WORKSPACE_AUTHOR", [200, 200, 403, 403, 403, 403, 403, 403]),
        (EntityKind::Workspace, &workspace, "WORKSPACE_OPERATOR", [200, 200, 400, 200, 200, 403, 403, 403]),
        (EntityKind::Workspace, &workspace, "WORKSPACE_OWNER", [200, 200, 400, 200, 200, 200, 403, 403]),
        (EntityKind::Deployment, &deployment, "DEPLOYMENT_ADMIN", [200, 200, 400, 403, 403, 403, 403, 403]),
        (EntityKind::Deployment, &deployment, "KEYS", [200, 403, 403, 200, 403, 403, 403, 403]),
        (EntityKind::Organization, &bench.organization.clone(), "ORGANIZATION_MEMBER", [403, 403, 403, 403, 403, 403, 403, 403]),
        (EntityKind::Organization, &bench.organization.clone(), "ORGANIZATION_OWNER", [200, 200, 400, 200, 200, 200, 200, 200]),
    ];
    for (kind, id, role, expected) in rows {
        let roles = vec![TokenRole::on(kind, id, role)];
        bench.token = bench.sim.with(|world| world.mint_token(TokenSpec { roles, ..TokenSpec::default() }));
        for ((method, path, body), expected) in calls.clone().into_iter().zip(expected) {
            let answer = bench.send(method.clone(), &path, body).await;
            assert_eq!(answer.status(), expected, "{role}: {method} {path}: {}", answer.text().await.unwrap());
        }
    }
}

#[tokio::test]
async fn too_many_calls_in_a_second_are_refused_for_a_while() {
    let (bench, _) = bench().await;
    bench.sim.with(|world| {
        world.clock = astro_sim::clock::Clock::Fixed(world.clock.now());
        world.rates.limits = Some(RateLimits { get: 2, ..RateLimits::default() });
    });
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(bench.send(Method::GET, "/workspaces", None).await);
    }
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status().as_u16()).collect();
    assert_eq!((statuses, &answers[2].headers()["retry-after"]), (vec![200, 200, 429], &"1".parse().unwrap()));
    bench.sim.with(|world| world.clock.advance(Duration::from_secs(1)));
    assert_eq!(bench.get("/workspaces").await.0, StatusCode::OK);
}

#[tokio::test]
async fn agents_of_a_remote_deployment_have_tokens_of_their_own() {
    let (bench, _) = bench().await;
    let path = bench.path("/agent-tokens");
    assert_eq!(bench.post(&path, json!({ "name": "agent" })).await.0, StatusCode::BAD_REQUEST);
    bench.sim.with(|world| {
        world.deployments[0].settings.insert("remoteExecution".into(), json!({ "enabled": true, "remoteApiUrl": "u" }))
    });
    let (status, made) = bench.post(&path, json!({ "name": "agent", "tokenExpiryPeriodInDays": 3 })).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    assert!(made["token"].is_string() && made["endAt"].is_string(), "{made}");
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    assert_eq!(bench.get(&one).await.1.get("token"), None);
    assert_eq!(bench.get(&path).await.1["totalCount"], 1);
    assert_eq!(bench.send(Method::DELETE, &one, None).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(bench.get(&one).await.0, StatusCode::NOT_FOUND);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}
