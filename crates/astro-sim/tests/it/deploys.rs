//! Creating deploys.

use astro_sim::world::builder::History;
use astro_sim::world::deployment::{Deployment, Status};
use astro_sim::world::state::World;
use reqwest::StatusCode;
use serde_json::json;

use crate::bench::Bench;

#[tokio::test]
async fn a_new_deploy_names_where_to_push_and_where_to_upload() {
    let bench = Bench::with(Deployment::named("one")).await;
    let (status, deploy) = bench.create("IMAGE_AND_DAG").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(deploy["status"], "INITIALIZED");
    assert_eq!(deploy["imageRepository"], format!("{}/{}/{}", bench.sim.registry_host(), bench.organization, bench.deployment));
    assert!(deploy["imageTag"].as_str().unwrap().starts_with("deploy-20"));
    assert!(deploy["dagsUploadUrl"].as_str().unwrap().starts_with(&bench.sim.url()));
    assert!(deploy.get("bundleUploadUrl").is_none());
    let (_, next) = bench.create("DAG_ONLY").await;
    assert_ne!(next["imageTag"], deploy["imageTag"], "two deploys within a second have different tags");
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn without_dag_deploys_only_image_and_dag_is_taken() {
    let bench = Bench::with(Deployment { is_dag_deploy_enabled: false, ..Deployment::named("one") }).await;
    for kind in ["DAG_ONLY", "IMAGE_ONLY"] {
        assert_eq!(bench.create(kind).await.0, StatusCode::BAD_REQUEST, "{kind}");
    }
    let (status, deploy) = bench.create("IMAGE_AND_DAG").await;
    assert_eq!(status, StatusCode::OK);
    assert!(deploy.get("dagsUploadUrl").is_none());
}

#[tokio::test]
async fn image_only_needs_an_earlier_dag_deploy() {
    let bench = Bench::with(Deployment::named("one")).await;
    assert_eq!(bench.create("IMAGE_ONLY").await.0, StatusCode::BAD_REQUEST);
    let seeded = Bench::sandbox().await;
    assert_eq!(seeded.create("IMAGE_ONLY").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_hibernating_deployment_takes_no_deploy() {
    let bench = Bench::with(Deployment { status: Status::Hibernating, ..Deployment::named("one") }).await;
    let (status, error) = bench.create("DAG_ONLY").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(error["message"].as_str().unwrap().contains("hibernating"));
}

#[tokio::test]
async fn malformed_creates_are_refused_with_the_platforms_error_body() {
    let github = json!({ "provider": "GITHUB", "commitSha": "abc", "account": "acme", "repo": "demo" });
    let with = |key: &str, value: &str| {
        let mut git = github.clone();
        git[key] = value.into();
        git
    };
    let cases = [
        (json!({}), "type"),
        (json!({ "type": "EVERYTHING" }), "type"),
        (json!({ "type": "DAG_ONLY", "colour": "red" }), "colour"),
        (json!({ "type": "DAG_ONLY", "description": 7 }), "description"),
        (json!({ "type": "DAG_ONLY", "description": "x".repeat(501) }), "description"),
        (json!({ "type": "DAG_ONLY", "description": null }), "description"),
        (json!({ "type": "DAG_ONLY", "git": { "provider": "GITHUB" } }), "git.commitSha"),
        (json!({ "type": "DAG_ONLY", "git": { "provider": "GITHUB", "commitSha": "abc" } }), "git.provider"),
        (json!({ "type": "DAG_ONLY", "git": with("remoteUrl", "https://example.org/x") }), "git.provider"),
        (json!({ "type": "DAG_ONLY", "git": with("provider", "GENERIC") }), "git.provider"),
        (json!({ "type": "BUNDLE", "bundleType": "dbt" }), "bundleMountPath"),
        (json!({ "type": "BUNDLE", "bundleMountPath": "/usr/local/airflow/dbt/one" }), "bundleMountPath"),
    ];
    let bench = Bench::sandbox().await;
    for (body, field) in cases {
        let (status, error) = bench.post(&bench.path("/deploys"), body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(error["statusCode"], 400);
        assert!(error["requestId"].as_str().is_some_and(|id| !id.is_empty()));
        assert_eq!(error["fieldErrors"][0]["field"], field, "{body}: {error}");
    }
    let taken = json!({ "type": "DAG_ONLY", "git": github, "description": "ü".repeat(500) });
    let (status, deploy) = bench.post(&bench.path("/deploys"), taken).await;
    assert_eq!((status, &deploy["git"]), (StatusCode::OK, &github));
    assert_eq!(bench.sim.with(|world| world.deployments[0].deploys.len()), 2);
}

#[tokio::test]
async fn history_is_newest_first_and_a_description_can_be_changed() {
    let bench = Bench::sandbox().await;
    let (_, first) = bench.create("DAG_ONLY").await;
    let (_, second) = bench.create("DAG_ONLY").await;
    let (_, list) = bench.get(&bench.path("/deploys?limit=2")).await;
    assert_eq!((&list["deploys"][0]["id"], &list["deploys"][1]["id"]), (&second["id"], &first["id"]));
    assert_eq!((&list["totalCount"], &list["limit"], &list["offset"]), (&json!(3), &json!(2), &json!(0)));
    let path = bench.path(&format!("/deploys/{}", first["id"].as_str().unwrap()));
    bench.post(&path, json!({ "description": "Said later" })).await;
    assert_eq!(bench.get(&path).await.1["description"], "Said later");
    assert_eq!(bench.get(&bench.path("/deploys/nothing")).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn going_back_makes_a_new_deploy_that_runs_the_old_content() {
    let bench = Bench::sandbox().await;
    let old = bench.get(&bench.path("/deploys")).await.1["deploys"][0].clone();
    bench.deploy_dags().await;
    for _ in 0..3 {
        bench.get(&bench.path("")).await;
    }
    let path = bench.path(&format!("/deploys/{}/rollback", old["id"].as_str().unwrap()));
    let (status, back) = bench.post(&path, json!({ "description": "Back" })).await;
    assert_eq!((status, &back["rollbackFromId"]), (StatusCode::OK, &old["id"]));
    bench.get(&bench.path("")).await;
    let (_, deployment) = bench.get(&bench.path("")).await;
    assert_eq!((&deployment["dagTarballVersion"], &deployment["status"]), (&old["dagTarballVersion"], &json!("HEALTHY")));
    let (_, unfinished) = bench.create("DAG_ONLY").await;
    let path = bench.path(&format!("/deploys/{}/rollback", unfinished["id"].as_str().unwrap()));
    assert_eq!(bench.post(&path, json!({})).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn after_90_days_only_the_newest_deploy_can_be_gone_back_to() {
    let mut world = World::new().deployment(Deployment::named("one"));
    let id = world.deployments[0].id.clone();
    let days = |days: i64| History { age: jiff::SignedDuration::from_hours(24 * days), ..History::default() };
    let (older, newest) = (world.add_history(&id, days(92)), world.add_history(&id, days(91)));
    let bench = Bench::on(world).await;
    let back = async |deploy: &str| bench.post(&bench.path(&format!("/deploys/{deploy}/rollback")), json!({})).await.0;
    assert_eq!((back(&older).await, back(&newest).await), (StatusCode::BAD_REQUEST, StatusCode::OK));
}

#[tokio::test]
async fn a_hybrid_deployment_keeps_a_history_but_takes_no_rollback() {
    let mut world = World::new().deployment(Deployment { kind: "HYBRID".into(), ..Deployment::named("one") });
    let id = world.deployments[0].id.clone();
    let (older, _) = (world.add_history(&id, History::default()), world.add_history(&id, History::default()));
    let bench = Bench::on(world).await;
    assert_eq!(bench.get(&bench.path("/deploys")).await.1["totalCount"], 2);
    let path = bench.path(&format!("/deploys/{older}/rollback"));
    assert_eq!(bench.post(&path, json!({})).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_registry_outside_the_world_takes_the_images_and_is_believed() {
    let mut world = World::sandbox();
    world.site.external_registry = Some("registry.example.com:5000".into());
    let bench = Bench::on(world).await;
    let repository = format!("registry.example.com:5000/{}/{}", bench.organization, bench.deployment);
    let (_, deploy) = bench.create("IMAGE_ONLY").await;
    assert_eq!(deploy["imageRepository"], repository);
    let (_, deployment) = bench.get(&bench.path("")).await;
    assert_eq!(deployment["imageRepository"], repository);
    let runtime = deployment["runtimeVersion"].clone();
    assert_eq!(bench.finalize(&deploy, json!({})).await.0, StatusCode::OK);
    bench.get(&bench.path("")).await;
    let (_, landed) = bench.get(&bench.path("")).await;
    assert_eq!((&landed["imageTag"], &landed["runtimeVersion"]), (&deploy["imageTag"], &runtime));
}
