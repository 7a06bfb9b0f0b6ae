//! Users, their roles, and invitations.

use astro_sim::world::deployment::Deployment;
use astro_sim::world::role::{EntityKind, ORGANIZATION_OWNER, SubjectRoles, TokenRole};
use astro_sim::world::state::World;
use astro_sim::world::token::{Holder, TokenSpec};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

/// An owner, and somebody with a role in the Workspace, one in the Deployment and one on a DAG.
struct Scene {
    bench: Bench,
    workspace: String,
    owner: String,
    ann: String,
}

async fn scene() -> Scene {
    let mut world = World::new().deployment(Deployment::named("one"));
    let (workspace, deployment) = (world.workspaces[0].id.clone(), world.deployments[0].id.clone());
    let owner = world.add_user("boss@acme.test", SubjectRoles::of(ORGANIZATION_OWNER));
    let roles = SubjectRoles::of("ORGANIZATION_MEMBER")
        .in_workspace(&workspace, "WORKSPACE_AUTHOR")
        .in_deployment(&deployment, "DEPLOYMENT_ADMIN")
        .on_dag(&deployment, "daily", "DAG_VIEWER");
    let ann = world.add_user("ann@acme.test", roles);
    Scene { bench: Bench::on(world).await, workspace, owner, ann }
}

impl Scene {
    async fn roles(&self, id: &str, body: Value) -> (StatusCode, Value) {
        self.bench.post(&format!("/users/{id}/roles"), body).await
    }

    fn act_as(&mut self, kind: EntityKind, id: &str, role: &str) {
        let roles = vec![TokenRole::on(kind, id, role)];
        self.bench.token = self.bench.sim.with(|world| world.mint_token(TokenSpec { roles, ..TokenSpec::default() }));
    }
}

#[tokio::test]
async fn a_list_shows_who_has_a_role_there_and_only_that_role() {
    let scene = scene().await;
    let (bench, workspace) = (&scene.bench, &scene.workspace);
    let names = async |query: &str| {
        let (status, list) = bench.get(&format!("/users?{query}")).await;
        assert_eq!(status, StatusCode::OK, "{list}");
        list["users"].as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("sorts=username:asc").await, ["ann@acme.test", "boss@acme.test"]);
    assert_eq!(names(&format!("workspaceId={workspace}")).await, ["ann@acme.test"]);
    assert_eq!(names(&format!("deploymentId={}", bench.deployment)).await, ["ann@acme.test"]);
    assert_eq!(names("workspaceId=other").await, Vec::<String>::new());
    assert_eq!(names("dagId=daily").await, ["ann@acme.test"]);
    let (_, list) = bench.get(&format!("/users?workspaceId={workspace}")).await;
    let user = &list["users"][0];
    assert_eq!((user["workspaceRoles"].as_array().unwrap().len(), &user["deploymentRoles"]), (1, &json!([])));
    let (_, whole) = bench.get(&format!("/users/{}", scene.ann)).await;
    assert_eq!(whole["deploymentRoles"], json!([{ "deploymentId": bench.deployment, "role": "DEPLOYMENT_ADMIN" }]));
    assert_eq!(whole["dagRoles"], json!([{ "deploymentId": bench.deployment, "dagId": "daily", "role": "DAG_VIEWER" }]));
    assert_eq!(bench.get("/users/nobody").await.0, StatusCode::NOT_FOUND);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn roles_are_replaced_as_sets_and_the_organizations_role_must_be_there() {
    let scene = scene().await;
    let (ann, workspace) = (&scene.ann, &scene.workspace);
    let operator = json!([{ "workspaceId": workspace, "role": "WORKSPACE_OPERATOR" }]);
    assert_eq!(scene.roles(ann, json!({ "workspaceRoles": operator })).await.0, StatusCode::BAD_REQUEST);
    let (status, now) = scene.roles(ann, json!({ "organizationRole": "ORGANIZATION_BILLING_ADMIN" })).await;
    assert_eq!(status, StatusCode::OK, "{now}");
    assert_eq!(now["dagRoles"].as_array().unwrap().len(), 1, "lists that are not sent stay");
    let body = json!({ "organizationRole": "ORGANIZATION_MEMBER", "workspaceRoles": operator });
    let (_, now) = scene.roles(ann, body).await;
    assert_eq!((&now["workspaceRoles"], now["deploymentRoles"].as_array().unwrap().len()), (&operator, 1));
    assert_eq!(now["dagRoles"], json!([]), "with any list, the roles on DAGs must be sent too");
    let (_, now) = scene.roles(ann, json!({ "organizationRole": "ORGANIZATION_MEMBER", "workspaceRoles": [] })).await;
    assert_eq!(now["workspaceRoles"], json!([]));
    let deployment = &scene.bench.deployment;
    let refused = [
        json!({ "organizationRole": "KING" }),
        json!({ "organizationRole": "ORGANIZATION_MEMBER", "deploymentRoles": [{ "deploymentId": deployment, "role": "KING" }] }),
        json!({ "organizationRole": "ORGANIZATION_MEMBER", "workspaceRoles": [
            { "workspaceId": workspace, "role": "WORKSPACE_MEMBER" }, { "workspaceId": workspace, "role": "WORKSPACE_OWNER" }] }),
        json!({ "organizationRole": "ORGANIZATION_MEMBER", "dagRoles": [{ "deploymentId": deployment, "role": "DAG_VIEWER" }] }),
    ];
    for body in refused {
        assert_eq!(scene.roles(ann, body.clone()).await.0, StatusCode::BAD_REQUEST, "{body}");
    }
    let elsewhere = json!({ "organizationRole": "ORGANIZATION_MEMBER",
        "workspaceRoles": [{ "workspaceId": "other", "role": "WORKSPACE_MEMBER" }] });
    assert_eq!(scene.roles(ann, elsewhere).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_last_owner_stays() {
    let scene = scene().await;
    let member = json!({ "organizationRole": "ORGANIZATION_MEMBER" });
    let (status, refused) = scene.roles(&scene.owner, member.clone()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(refused["message"].as_str().unwrap().contains("last owner"), "{refused}");
    assert_eq!(scene.roles(&scene.ann, json!({ "organizationRole": "ORGANIZATION_OWNER" })).await.0, StatusCode::OK);
    assert_eq!(scene.roles(&scene.owner, member).await.0, StatusCode::OK);
}

#[tokio::test]
async fn who_changes_a_role_must_own_what_it_is_about() {
    let mut scene = scene().await;
    let (ann, workspace, deployment) = (scene.ann.clone(), scene.workspace.clone(), scene.bench.deployment.clone());
    let (_, now) = scene.bench.get(&format!("/users/{ann}")).await;
    let with = |key: &str, value: Value| {
        let mut body = json!({});
        for key in ["organizationRole", "workspaceRoles", "deploymentRoles", "dagRoles"] {
            body[key] = now[key].clone();
        }
        body[key] = value;
        body
    };
    let in_workspace = with("workspaceRoles", json!([{ "workspaceId": workspace, "role": "WORKSPACE_MEMBER" }]));
    let in_deployment = with("deploymentRoles", json!([]));
    let in_organization = with("organizationRole", json!("ORGANIZATION_BILLING_ADMIN"));
    let rows = [
        (EntityKind::Workspace, &workspace, "WORKSPACE_OPERATOR", [403, 403, 403]),
        (EntityKind::Deployment, &deployment, "DEPLOYMENT_ADMIN", [403, 200, 403]),
        (EntityKind::Workspace, &workspace, "WORKSPACE_OWNER", [200, 200, 403]),
    ];
    for (kind, id, role, expected) in rows {
        scene.act_as(kind, id, role);
        for (body, expected) in [&in_workspace, &in_deployment, &in_organization].into_iter().zip(expected) {
            assert_eq!(scene.roles(&ann, body.clone()).await.0, expected, "{role} {body}");
            let restore = scene.bench.sim.with(|world| {
                let old = world.mint_token(TokenSpec::default());
                std::mem::replace(&mut scene.bench.token, old)
            });
            assert_eq!(scene.roles(&ann, with("organizationRole", json!("ORGANIZATION_MEMBER"))).await.0, 200);
            scene.bench.token = restore;
        }
    }
}

#[tokio::test]
async fn who_is_invited_is_pending_until_the_invitation_is_taken_back() {
    let scene = scene().await;
    let invite =
        async |email: &str| scene.bench.post("/invites", json!({ "inviteeEmail": email, "role": "ORGANIZATION_MEMBER" })).await;
    let (status, made) = invite("new@acme.test").await;
    assert_eq!(status, StatusCode::OK, "{made}");
    assert_eq!(made["invitee"]["username"], "new@acme.test");
    for email in ["new@acme.test", "ANN@acme.test", "nonsense", "two words@acme.test"] {
        assert_eq!(invite(email).await.0, StatusCode::BAD_REQUEST, "{email}");
    }
    let pending = || scene.bench.sim.with(|world| world.people.user_named("new@acme.test").map(|user| user.status.word()));
    assert_eq!(pending(), Some("PENDING"));
    let path = format!("/invites/{}", made["inviteId"].as_str().unwrap());
    let delete = async || scene.bench.send(Method::DELETE, &path, None).await.status();
    assert_eq!((delete().await, delete().await), (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND));
    assert_eq!(pending(), None);
    assert_eq!(scene.bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn somebody_who_is_logged_in_is_told_who_that_is() {
    let mut scene = scene().await;
    let url = format!("{}/users/self", scene.bench.sim.astro_url());
    let who = async |token: &str| {
        let answer = scene.bench.client.get(&url).bearer_auth(token).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    assert_eq!(who(&scene.bench.token).await.0, StatusCode::BAD_REQUEST);
    let spec = TokenSpec { name: "ann@acme.test".into(), holder: Holder::User, ..TokenSpec::default() };
    let token = scene.bench.sim.with(|world| world.mint_token(spec));
    assert_eq!(who(&token).await.1["id"], json!(scene.ann));
    scene.bench.token = token;
    assert_eq!(scene.bench.sim.violations(), Vec::<String>::new());
}
