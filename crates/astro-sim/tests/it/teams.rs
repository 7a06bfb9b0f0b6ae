//! Teams, their members and roles.

use astro_sim::world::role::{EntityKind, SubjectRoles, TokenRole};
use astro_sim::world::state::World;
use astro_sim::world::token::TokenSpec;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

async fn bench() -> (Bench, String, String) {
    let mut world = World::new();
    let workspace = world.workspaces[0].id.clone();
    let ann = world.add_user("ann@acme.test", SubjectRoles::of("ORGANIZATION_MEMBER"));
    world.add_team("Directory", SubjectRoles::of("ORGANIZATION_MEMBER"), &[&ann]);
    world.people.teams[0].is_idp_managed = true;
    (Bench::on(world).await, workspace, ann)
}

async fn members(bench: &Bench, team: &str) -> Vec<String> {
    let (status, list) = bench.get(&format!("/teams/{team}/members")).await;
    assert_eq!(status, StatusCode::OK, "{list}");
    list["teamMembers"].as_array().unwrap().iter().map(|member| member["username"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_team_is_made_filled_given_roles_renamed_and_deleted() {
    let (bench, workspace, ann) = bench().await;
    let (status, team) = bench.post("/teams", json!({ "name": "Data", "description": "d" })).await;
    assert_eq!((status, &team["organizationRole"]), (StatusCode::OK, &json!("ORGANIZATION_MEMBER")), "{team}");
    let id = team["id"].as_str().unwrap().to_owned();
    let path = format!("/teams/{id}");
    let add = async |member: &str| {
        bench.send(Method::POST, &format!("{path}/members"), Some(json!({ "memberIds": [member] }))).await.status()
    };
    assert_eq!((add(&ann).await, add(&ann).await), (StatusCode::NO_CONTENT, StatusCode::NO_CONTENT));
    assert_eq!(add("nobody").await, StatusCode::NOT_FOUND);
    assert_eq!(members(&bench, &id).await, ["ann@acme.test"]);
    let (_, of_ann) = bench.get(&format!("/users/{ann}/teams?sorts=name:asc")).await;
    assert_eq!(of_ann["teams"].as_array().unwrap().len(), 2);
    let held = json!([{ "workspaceId": workspace, "role": "WORKSPACE_AUTHOR" }]);
    let roles = json!({ "organizationRole": "ORGANIZATION_MEMBER", "workspaceRoles": held });
    let (status, now) = bench.post(&format!("{path}/roles"), roles).await;
    assert_eq!((status, &now["workspaceRoles"]), (StatusCode::OK, &held));
    let (_, list) = bench.get(&format!("/teams?workspaceId={workspace}")).await;
    assert_eq!(list["teams"][0]["name"], "Data");
    assert_eq!(bench.get("/teams?names=Data&names=Else").await.1["totalCount"], 1);
    let (_, renamed) = bench.post(&path, json!({ "name": "Analytics" })).await;
    assert_eq!((&renamed["name"], &renamed["description"]), (&json!("Analytics"), &json!("")));
    let remove = async || bench.send(Method::DELETE, &format!("{path}/members/{ann}"), None).await.status();
    assert_eq!((remove().await, remove().await), (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND));
    let delete = async || bench.send(Method::DELETE, &path, None).await.status();
    assert_eq!((delete().await, delete().await), (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND));
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_identity_providers_team_keeps_its_members_and_takes_roles() {
    let (bench, workspace, ann) = bench().await;
    let id = bench.sim.with(|world| world.people.teams[0].id.clone());
    let add = bench.send(Method::POST, &format!("/teams/{id}/members"), Some(json!({ "memberIds": [ann] }))).await;
    let remove = bench.send(Method::DELETE, &format!("/teams/{id}/members/{ann}"), None).await;
    assert_eq!((add.status(), remove.status()), (StatusCode::BAD_REQUEST, StatusCode::BAD_REQUEST));
    assert_eq!(members(&bench, &id).await, ["ann@acme.test"]);
    let roles = json!({ "organizationRole": "ORGANIZATION_MEMBER", "dagRoles": [], "deploymentRoles": [],
        "workspaceRoles": [{ "workspaceId": workspace, "role": "WORKSPACE_MEMBER" }] });
    assert_eq!(bench.post(&format!("/teams/{id}/roles"), roles).await.0, StatusCode::OK);
    bench.sim.with(|world| world.organizations[0].is_scim_enabled = true);
    assert_eq!(bench.post("/teams", json!({ "name": "Own" })).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_workspaces_owner_lets_teams_in_and_makes_none() {
    let (mut bench, workspace, _) = bench().await;
    let id = bench.sim.with(|world| world.people.teams[0].id.clone());
    let roles = vec![TokenRole::on(EntityKind::Workspace, &workspace, "WORKSPACE_OWNER")];
    bench.token = bench.sim.with(|world| world.mint_token(TokenSpec { roles, ..TokenSpec::default() }));
    let with = |workspaces: Value| json!({ "organizationRole": "ORGANIZATION_MEMBER", "workspaceRoles": workspaces });
    let held = json!([{ "workspaceId": workspace, "role": "WORKSPACE_MEMBER" }]);
    assert_eq!(bench.post(&format!("/teams/{id}/roles"), with(held)).await.0, StatusCode::OK);
    assert_eq!(bench.get(&format!("/teams/{id}")).await.0, StatusCode::OK);
    assert_eq!(bench.post("/teams", json!({ "name": "Own" })).await.0, StatusCode::FORBIDDEN);
    assert_eq!(bench.post(&format!("/teams/{id}"), json!({ "name": "Own" })).await.0, StatusCode::FORBIDDEN);
}
