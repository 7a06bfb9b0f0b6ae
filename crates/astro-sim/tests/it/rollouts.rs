//! When and how changes land.

use astro_sim::world::deployment::{Deployment, Status};
use astro_sim::world::rollout::{Outcome, Pace};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

async fn look(bench: &Bench) -> Value {
    bench.get(&bench.path("")).await.1
}

#[tokio::test]
async fn a_deploy_is_wanted_at_once_and_lands_after_the_polls() {
    let bench = Bench::sandbox().await;
    let old = look(&bench).await["dagTarballVersion"].clone();
    let deploy = bench.deploy_dags().await;
    let pending = look(&bench).await;
    assert_eq!((&pending["status"], &pending["dagTarballVersion"]), (&json!("DEPLOYING"), &old));
    assert_eq!(pending["desiredDagTarballVersion"], deploy["dagTarballVersion"]);
    let landed = look(&bench).await;
    assert_eq!((&landed["status"], &landed["dagTarballVersion"]), (&json!("HEALTHY"), &deploy["dagTarballVersion"]));
    let path = bench.path(&format!("/deploys/{}", deploy["id"].as_str().unwrap()));
    assert_eq!(bench.get(&path).await.1["status"], "DEPLOYED");
}

#[tokio::test]
async fn two_deploys_land_in_order() {
    let bench = Bench::sandbox().await;
    let (first, second) = (bench.deploy_dags().await, bench.deploy_dags().await);
    look(&bench).await;
    let between = look(&bench).await;
    assert_eq!((&between["dagTarballVersion"], &between["status"]), (&first["dagTarballVersion"], &json!("DEPLOYING")));
    assert_eq!(between["desiredDagTarballVersion"], second["dagTarballVersion"]);
    look(&bench).await;
    assert_eq!(look(&bench).await["dagTarballVersion"], second["dagTarballVersion"]);
}

#[tokio::test]
async fn a_deploy_can_end_badly_in_three_ways() {
    let bench = Bench::sandbox().await;
    let old = look(&bench).await["dagTarballVersion"].clone();
    let status_of = async |deploy: &Value| {
        let path = bench.path(&format!("/deploys/{}", deploy["id"].as_str().unwrap()));
        bench.get(&path).await.1["status"].clone()
    };
    bench
        .sim
        .with(|world| world.rollout.next.extend([Outcome::DeployFailed("broken".into()), Outcome::Unhealthy("sick".into())]));
    let failed = bench.deploy_dags().await;
    look(&bench).await;
    let after = look(&bench).await;
    assert_eq!((&after["dagTarballVersion"], &after["desiredDagTarballVersion"]), (&old, &old));
    assert_eq!((&after["status"], status_of(&failed).await), (&json!("HEALTHY"), json!("FAILED")));
    let unhealthy = bench.deploy_dags().await;
    look(&bench).await;
    let after = look(&bench).await;
    assert_eq!((&after["status"], &after["statusReason"]), (&json!("UNHEALTHY"), &json!("sick")));
    assert_eq!(status_of(&unhealthy).await, "DEPLOYED");
    bench.sim.with(|world| world.rollout.outcome = Outcome::NeverArrives);
    let lost = bench.deploy_dags().await;
    for _ in 0..5 {
        assert_eq!(look(&bench).await["status"], "DEPLOYING");
    }
    assert_eq!(status_of(&lost).await, "INITIALIZED");
}

#[tokio::test]
async fn by_time_a_deploy_lands_when_the_clock_says_so() {
    let bench = Bench::sandbox().await;
    bench.sim.with(|world| world.rollout.pace = Pace::Millis(60_000));
    let deploy = bench.deploy_dags().await;
    for _ in 0..3 {
        assert_eq!(look(&bench).await["status"], "DEPLOYING");
    }
    bench.sim.with(|world| world.clock.advance(std::time::Duration::from_secs(60)));
    let (_, list) = bench.get("/deployments").await;
    assert_eq!(list["deployments"][0]["dagTarballVersion"], deploy["dagTarballVersion"], "lists tell the same");
}

#[tokio::test]
async fn waking_takes_polls_and_needs_development_mode() {
    let asleep = Deployment {
        status: Status::Hibernating,
        is_development_mode: true,
        is_asleep_by_schedule: true,
        ..Deployment::named("one")
    };
    let bench = Bench::with(asleep).await;
    let (status, answer) = bench.post(&bench.path("/hibernation-override"), json!({ "isHibernating": false })).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({ "isActive": true, "isHibernating": false })));
    assert_eq!(look(&bench).await["status"], "HIBERNATING");
    let awake = look(&bench).await;
    assert_eq!(
        (&awake["status"], &awake["scalingStatus"]["hibernationStatus"]["isHibernating"]),
        (&json!("HEALTHY"), &json!(false))
    );
    let remove = async || bench.send(Method::DELETE, &bench.path("/hibernation-override"), None).await.status();
    assert_eq!((remove().await, remove().await), (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND));
    look(&bench).await;
    assert_eq!(look(&bench).await["status"], "HIBERNATING", "the schedule rules again");
    let other = Bench::sandbox().await;
    let (status, _) = other.post(&other.path("/hibernation-override"), json!({ "isHibernating": true })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}
