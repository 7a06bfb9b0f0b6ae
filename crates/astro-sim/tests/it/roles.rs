//! Custom roles, templates and permissions, and what else an Organization has.

use astro_sim::world::deployment::Deployment;
use astro_sim::world::network::Cluster;
use astro_sim::world::role::SubjectRoles;
use astro_sim::world::state::World;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

#[tokio::test]
async fn a_role_is_made_listed_changed_and_deleted_once_nobody_holds_it() {
    let mut world = World::new().workspace("Other").deployment(Deployment::named("one"));
    let deployment = world.deployments[0].id.clone();
    let ann = world.add_user("ann@acme.test", SubjectRoles::of("ORGANIZATION_MEMBER"));
    let other = world.workspaces[1].id.clone();
    let bench = Bench::on(world).await;
    let body = |name: &str, further: &[(&str, Value)]| {
        let mut body = json!({ "name": name, "scopeType": "DEPLOYMENT", "permissions": ["deployment.get"] });
        further.iter().for_each(|(key, value)| body[*key] = value.clone());
        body
    };
    let (status, made) = bench.post("/roles", body("Shipper", &[])).await;
    assert_eq!((status, &made["permissions"]), (StatusCode::OK, &json!(["deployment.get"])), "{made}");
    let path = format!("/roles/{}", made["id"].as_str().unwrap());
    let (_, dag) =
        bench.post("/roles", body("Reader", &[("scopeType", json!("DAG")), ("permissions", json!(["dag.get"]))])).await;
    assert_eq!(dag["scopeType"], "DAG");
    for refused in [
        body("Shipper", &[]),
        body("DEPLOYMENT_ADMIN", &[]),
        body("", &[]),
        body("None", &[("permissions", json!([]))]),
        body("Odd", &[("permissions", json!(["deployment.fly"]))]),
    ] {
        assert_eq!(bench.post("/roles", refused.clone()).await.0, StatusCode::BAD_REQUEST, "{refused}");
    }
    let (_, list) = bench.get("/roles?scopeTypes=DEPLOYMENT").await;
    assert_eq!((&list["totalCount"], list.get("defaultRoles")), (&json!(1), None));
    let (_, list) = bench.get("/roles?includeDefaultRoles=true&scopeTypes=WORKSPACE").await;
    assert_eq!((list["defaultRoles"].as_array().unwrap().len(), &list["totalCount"]), (5, &json!(0)));
    let give = async |role: &str| {
        let held = json!([{ "deploymentId": deployment, "role": role }]);
        let body = json!({ "organizationRole": "ORGANIZATION_MEMBER", "deploymentRoles": held });
        bench.post(&format!("/users/{ann}/roles"), body).await.0
    };
    assert_eq!(give("Shipper").await, StatusCode::OK);
    let restricted = json!({ "name": "Pilot", "permissions": ["deployment.get"], "restrictedWorkspaceIds": [other] });
    assert_eq!(bench.post(&path, restricted).await.0, StatusCode::OK);
    let held = bench.sim.with(|world| world.people.users[0].roles.deployment(&deployment).map(str::to_owned));
    assert_eq!(held.as_deref(), Some("Pilot"), "who held it holds it under its new name");
    assert_eq!(give("Pilot").await, StatusCode::BAD_REQUEST, "it belongs to another Workspace now");
    let delete = async || bench.send(Method::DELETE, &path, None).await.status();
    assert_eq!(delete().await, StatusCode::BAD_REQUEST, "somebody holds it");
    assert_eq!(give("DEPLOYMENT_ADMIN").await, StatusCode::OK);
    assert_eq!((delete().await, delete().await), (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND));
    assert_eq!(bench.get("/role-templates?scopeTypes=DEPLOYMENT").await.1.as_array().unwrap().len(), 1);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn clusters_their_options_and_the_organization_itself_are_told() {
    let mut world = World::new();
    let id = world.add_cluster(Cluster::named("west"));
    let bench = Bench::on(world).await;
    assert_eq!(bench.get("/clusters?names=west&provider=AWS").await.1["clusters"][0]["id"], json!(id));
    assert_eq!(bench.get("/clusters?provider=GCP").await.1["totalCount"], 0);
    assert_eq!(bench.get(&format!("/clusters/{id}")).await.1["name"], "west");
    assert_eq!(bench.get("/clusters/none").await.0, StatusCode::NOT_FOUND);
    assert_eq!(bench.get("/cluster-options?type=DEDICATED").await.1.as_array().unwrap().len(), 3);
    assert_eq!(bench.get("/cluster-options").await.0, StatusCode::BAD_REQUEST);
    let (_, changed) = bench.post("", json!({ "name": "Acme", "billingEmail": "a@b.test", "isScimEnabled": true })).await;
    assert_eq!((&changed["name"], &changed["isScimEnabled"]), (&json!("Acme"), &json!(true)));
    let url = format!("{}/authorization/permission-groups?scopeType=DEPLOYMENT", bench.sim.astro_url());
    let groups: Value = bench.client.get(url).bearer_auth(&bench.token).send().await.unwrap().json().await.unwrap();
    assert_eq!(groups[0]["name"], "DEPLOYMENT");
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_cluster_is_made_changed_and_deleted_once_it_is_empty() {
    let bench = Bench::on(World::new().deployment(Deployment::named("one"))).await;
    let workspace = bench.sim.with(|world| world.workspaces[0].id.clone());
    let new = json!({ "cloudProvider": "AWS", "name": "west", "region": "us-west-2", "type": "DEDICATED", "vpcSubnetRange": "10.0.0.0/20" });
    let (status, made) = bench.post("/clusters", new).await;
    assert_eq!((status, &made["region"]), (StatusCode::OK, &json!("us-west-2")), "{made}");
    let path = format!("/clusters/{}", made["id"].as_str().unwrap());
    let change =
        |workspace: &str| json!({ "clusterType": "DEDICATED", "name": "far west", "k8sTags": [], "workspaceIds": [workspace] });
    let (status, changed) = bench.post(&path, change(&workspace)).await;
    assert_eq!((status, &changed["name"], &changed["workspaceIds"]), (StatusCode::OK, &json!("far west"), &json!([workspace])));
    assert_eq!(bench.post(&path, change("other")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(bench.post(&path, json!({ "clusterType": "HYBRID" })).await.0, StatusCode::BAD_REQUEST);
    let use_it = |value: Value| bench.sim.with(|world| world.deployments[0].settings.insert("clusterId".into(), value));
    use_it(made["id"].clone());
    let delete = async || bench.send(Method::DELETE, &path, None).await.status();
    assert_eq!(delete().await, StatusCode::BAD_REQUEST);
    use_it(json!("another"));
    assert_eq!((delete().await, delete().await), (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND));
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}
