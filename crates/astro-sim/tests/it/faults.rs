//! Faults, the journal and the server itself.

use std::io::{Read, Write};
use std::time::Duration;

use astro_sim::faults::{Effect, Face, Fault, Match};
use astro_sim::world::deployment::Deployment;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

async fn bench(fault: Fault) -> Bench {
    let bench = Bench::with(Deployment::named("one")).await;
    bench.sim.with(|world| world.faults.push(fault));
    bench
}

fn deploys(bench: &Bench) -> usize {
    bench.sim.with(|world| world.deployments[0].deploys.len())
}

async fn try_create(bench: &Bench) -> reqwest::Result<StatusCode> {
    let url = format!("{}/organizations/{}{}", bench.sim.astro_url(), bench.organization, bench.path("/deploys"));
    let request = bench.client.post(url).bearer_auth(&bench.token).json(&json!({ "type": "DAG_ONLY" }));
    request.timeout(Duration::from_millis(300)).send().await.map(|answer| answer.status())
}

#[tokio::test]
async fn a_cut_before_the_answer_applies_the_request_and_one_before_the_request_does_not() {
    for (effect, applied) in [(Effect::CutBeforeAnswer, 1), (Effect::CutBeforeRequest, 0)] {
        let bench = bench(Fault::on("CreateDeploy", 1, effect.clone())).await;
        let error = try_create(&bench).await.unwrap_err();
        assert!(!error.is_timeout(), "{effect:?}: {error}");
        assert_eq!(deploys(&bench), applied, "{effect:?}");
        let entry = bench.sim.journal()[0].clone();
        assert_eq!((entry.status, entry.fault), (None, Some(effect)));
        assert_eq!(try_create(&bench).await.unwrap(), StatusCode::OK, "the fault is used up");
    }
}

#[tokio::test]
async fn a_status_and_a_rate_limit_come_instead_of_the_answer() {
    let bench = bench(Fault::on("CreateDeploy", 2, Effect::Status(503, "down".into()))).await;
    bench.sim.with(|world| world.faults.push(Fault::on("CreateDeploy", 1, Effect::RetryAfter(7))));
    assert_eq!(try_create(&bench).await.unwrap(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(try_create(&bench).await.unwrap(), StatusCode::SERVICE_UNAVAILABLE);
    let limited = bench.send(Method::POST, &bench.path("/deploys"), Some(json!({ "type": "DAG_ONLY" }))).await;
    assert_eq!((limited.status(), limited.headers()["retry-after"].to_str().unwrap()), (StatusCode::TOO_MANY_REQUESTS, "7"));
    assert_eq!(deploys(&bench), 0);
    assert_eq!(try_create(&bench).await.unwrap(), StatusCode::OK);
}

#[tokio::test]
async fn hangs_delays_broken_json_and_lost_headers_reach_the_client() {
    let bench = bench(Fault::on("CreateDeploy", 1, Effect::Hang)).await;
    assert!(try_create(&bench).await.unwrap_err().is_timeout());
    assert_eq!(deploys(&bench), 0);
    bench.sim.with(|world| world.faults.push(Fault::on("CreateDeploy", 1, Effect::Delay(10_000))));
    assert!(try_create(&bench).await.unwrap_err().is_timeout());
    assert_eq!(deploys(&bench), 1, "a slow answer was applied");
    bench.sim.with(|world| world.faults.push(Fault::on("GetDeployment", 1, Effect::BrokenJson)));
    let broken = bench.send(Method::GET, &bench.path(""), None).await;
    assert!(broken.json::<Value>().await.unwrap_err().is_decode());
    let (_, deploy) = bench.create("DAG_ONLY").await;
    bench.sim.with(|world| world.faults.push(Fault::on("PutBlob", 1, Effect::DropHeader("x-ms-version-id".into()))));
    let nameless = bench.upload(&deploy["dagsUploadUrl"], "x").await;
    assert_eq!((nameless.status(), nameless.headers().get("x-ms-version-id")), (StatusCode::CREATED, None));
}

#[tokio::test]
async fn a_fault_can_wait_and_can_match_a_face_a_method_and_a_path() {
    let matches = Match { skip: 1, ..Match::face(Face::Astro) };
    let bench = bench(Fault { matches, times: 1, effect: Effect::Status(500, "{}".into()) }).await;
    let status = async |path: &str| bench.send(Method::GET, path, None).await.status();
    assert_eq!(
        (status("").await, status("").await, status("").await),
        (StatusCode::OK, StatusCode::INTERNAL_SERVER_ERROR, StatusCode::OK)
    );
    let prefix = format!("/v1/organizations/{}/deployments", bench.organization);
    let matches = Match { method: Some("get".into()), path_prefix: prefix, ..Match::default() };
    bench.sim.with(|world| world.faults.push(Fault { matches, times: 1, effect: Effect::Status(502, "{}".into()) }));
    assert_eq!(bench.create("DAG_ONLY").await.0, StatusCode::OK);
    assert_eq!((status("").await, status(&bench.path("")).await), (StatusCode::OK, StatusCode::BAD_GATEWAY));
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_not_kept() {
    let bench = Bench::with(Deployment::named("one")).await;
    bench.sim.with(|world| world.body_limit = 1000);
    let (_, deploy) = bench.create("DAG_ONLY").await;
    assert_eq!(bench.upload(&deploy["dagsUploadUrl"], vec![0; 1001]).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(bench.upload(&deploy["dagsUploadUrl"], vec![0; 1000]).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn the_journal_holds_no_secret_and_unknown_routes_are_violations() {
    let bench = Bench::sandbox().await;
    let (_, deploy) = bench.create("DAG_ONLY").await;
    let signature = deploy["dagsUploadUrl"].as_str().unwrap().rsplit_once("sig=").unwrap().1.to_owned();
    bench.upload_bundle(&deploy["dagsUploadUrl"]).await;
    let answer = bench.client.get(format!("{}/elsewhere?access_token=hush", bench.sim.url())).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_IMPLEMENTED);
    let journal = format!("{:?}", bench.sim.journal());
    for secret in [bench.token.as_str(), &signature, "hush"] {
        assert!(!journal.contains(secret), "{secret} in {journal}");
    }
    assert!(!format!("{:?}", bench.sim.with(|world| format!("{world:?}"))).contains(&bench.token));
    assert_eq!(bench.sim.violations(), ["unknown route GET /elsewhere"]);
    let operations: Vec<_> = bench.sim.journal().into_iter().map(|entry| entry.operation).collect();
    assert_eq!(operations, ["CreateDeploy", "PutBlob", ""]);
}

#[test]
fn it_serves_a_blocking_client_and_stops_when_dropped() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bench = runtime.block_on(Bench::sandbox());
    let address = bench.sim.registry_host();
    let mut open = std::net::TcpStream::connect(&address).unwrap();
    open.write_all(b"GET /v2/ HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut start = [0; 12];
    open.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 401");
    drop(bench);
    let mut rest = Vec::new();
    open.read_to_end(&mut rest).unwrap();
    assert!(std::net::TcpStream::connect(&address).is_err());
}
