//! Finalizing deploys and uploading what they need.

use astro_sim::archive;
use astro_sim::clock::Clock;
use astro_sim::world::deployment::Deployment;
use astro_sim::world::state::Note;
use reqwest::StatusCode;
use serde_json::json;

use crate::bench::Bench;

#[tokio::test]
async fn dags_must_have_been_uploaded_for_this_very_deploy() {
    let bench = Bench::sandbox().await;
    let (_, other) = bench.create("DAG_ONLY").await;
    let foreign = bench.upload_bundle(&other["dagsUploadUrl"]).await;
    let (_, deploy) = bench.create("DAG_ONLY").await;
    for body in [
        json!({}),
        json!({ "dagTarballVersion": "" }),
        json!({ "dagTarballVersion": "2024-01-12T18:32:20.5898930Z" }),
        json!({ "dagTarballVersion": foreign }),
        json!({ "bundleTarballVersion": foreign }),
        json!({ "version": "1" }),
    ] {
        let (status, error) = bench.finalize(&deploy, body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body} {error}");
    }
    let (_, error) = bench.finalize(&deploy, json!({})).await;
    assert_eq!(error["message"], "No DAG tarball version ID provided for DAG deploy");
    let version = bench.upload_bundle(&deploy["dagsUploadUrl"]).await;
    assert_eq!(bench.finalize(&deploy, json!({ "dagTarballVersion": version })).await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_same_finalize_twice_is_one_and_another_is_refused() {
    let bench = Bench::sandbox().await;
    let deploy = bench.deploy_dags().await;
    let body = json!({ "dagTarballVersion": deploy["dagTarballVersion"] });
    assert_eq!(bench.finalize(&deploy, body).await.0, StatusCode::OK);
    assert_eq!(bench.sim.with(|world| world.deployments[0].pending.len()), 1);
    let version = bench.sim.with(|world| {
        let blob = world.deployments[0].deploys[1].dags_blob.clone().unwrap();
        world.blobs.put(&blob, "again".into(), world.clock.now()).unwrap()
    });
    assert_eq!(bench.finalize(&deploy, json!({ "dagTarballVersion": version })).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_image_deploy_needs_its_pushed_image_and_takes_the_runtime_from_its_label() {
    let bench = Bench::sandbox().await;
    let (_, deploy) = bench.create("IMAGE_ONLY").await;
    let (status, error) = bench.finalize(&deploy, json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(error["message"].as_str().unwrap().contains("was not pushed"), "{error}");
    bench.push_image(&deploy, &[("io.astronomer.docker.runtime.version", "3.1-5")]);
    assert_eq!(bench.finalize(&deploy, json!({ "dagTarballVersion": "x" })).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(bench.finalize(&deploy, json!({})).await.0, StatusCode::OK);
    bench.get(&bench.path("")).await;
    let (_, deployment) = bench.get(&bench.path("")).await;
    assert_eq!((&deployment["astroRuntimeVersion"], &deployment["airflowVersion"]), (&json!("3.1-5"), &json!("3.1.3")));
    assert_eq!(deployment["imageTag"], deploy["imageTag"]);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_empty_version_with_an_image_removes_the_dags_and_is_noted() {
    let bench = Bench::sandbox().await;
    let (_, deploy) = bench.create("IMAGE_AND_DAG").await;
    bench.push_image(&deploy, &[]);
    assert_eq!(bench.finalize(&deploy, json!({})).await.0, StatusCode::BAD_REQUEST, "the field is required");
    assert_eq!(bench.finalize(&deploy, json!({ "dagTarballVersion": "" })).await.0, StatusCode::OK);
    bench.get(&bench.path("")).await;
    let (_, deployment) = bench.get(&bench.path("")).await;
    assert!(deployment.get("dagTarballVersion").is_none() && deployment.get("desiredDagTarballVersion").is_none());
    let id = deploy["id"].as_str().unwrap().to_owned();
    let note = Note::DagsRemoved { deployment: bench.deployment.clone(), deploy: id };
    assert_eq!(bench.sim.with(|world| world.notes.clone()), [note]);
}

#[tokio::test]
async fn a_bundle_arrives_and_an_empty_version_removes_it() {
    let bench = Bench::sandbox().await;
    let create = json!({ "type": "BUNDLE", "bundleType": "dbt", "bundleMountPath": "/usr/local/airflow/dbt/one" });
    let (_, deploy) = bench.post(&bench.path("/deploys"), create.clone()).await;
    assert_eq!(deploy["type"], "BUNDLE");
    assert!(deploy.get("dagsUploadUrl").is_none());
    let version = bench.upload_bundle(&deploy["bundleUploadUrl"]).await;
    let (_, sent) = bench.finalize(&deploy, json!({ "bundleTarballVersion": version })).await;
    assert_eq!((&sent["bundles"][0]["desiredVersion"], sent["bundles"][0].get("currentVersion")), (&json!(version), None));
    bench.get(&bench.path("")).await;
    let path = bench.path(&format!("/deploys/{}", deploy["id"].as_str().unwrap()));
    assert_eq!(bench.get(&path).await.1["bundles"][0]["currentVersion"], json!(version));
    let (_, removal) = bench.post(&bench.path("/deploys"), create).await;
    bench.finalize(&removal, json!({ "bundleTarballVersion": "" })).await;
    bench.get(&bench.path("")).await;
    bench.get(&bench.path("")).await;
    assert!(bench.sim.with(|world| world.deployments[0].bundles.is_empty()));
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn blob_storage_refuses_what_azure_refuses() {
    let bench = Bench::with(Deployment::named("one")).await;
    let (_, deploy) = bench.create("DAG_ONLY").await;
    let url = deploy["dagsUploadUrl"].as_str().unwrap();
    let put = |url: &str| bench.client.put(url).body("x");
    let plain = put(url).send().await.unwrap();
    assert_eq!(plain.status(), StatusCode::BAD_REQUEST);
    assert!(plain.text().await.unwrap().contains("<Code>MissingRequiredHeader</Code>"));
    let typed = |url: &str| put(url).header("x-ms-blob-type", "BlockBlob");
    let forged = url.replace("sig=", "sig=x");
    assert_eq!(typed(&forged).send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let endless = typed(url).body(reqwest::Body::wrap_stream(futures_of("x"))).send().await.unwrap();
    assert_eq!(endless.status(), StatusCode::LENGTH_REQUIRED);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
    assert_eq!(typed(url).bearer_auth("secret").send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(bench.sim.violations().len(), 1, "a leaked token is a violation");
    bench.sim.with(|world| world.clock.advance(std::time::Duration::from_secs(3601)));
    let late = typed(url).send().await.unwrap();
    assert_eq!(late.status(), StatusCode::FORBIDDEN);
    assert!(late.text().await.unwrap().contains("AuthenticationFailed"));
    assert!(!format!("{:?}", bench.sim.journal()).contains(url.rsplit_once("sig=").unwrap().1));
}

/// Returns a body of unknown length.
fn futures_of(text: &'static str) -> impl futures_core::Stream<Item = Result<&'static str, std::io::Error>> + Send + 'static {
    struct Once(Option<&'static str>);
    impl futures_core::Stream for Once {
        type Item = Result<&'static str, std::io::Error>;
        fn poll_next(mut self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Ready(self.0.take().map(Ok))
        }
    }
    Once(Some(text))
}

#[tokio::test]
async fn blocks_join_into_one_version_and_versions_differ() {
    let bench = Bench::with(Deployment::named("one")).await;
    bench.sim.with(|world| world.clock = Clock::Fixed("2026-01-12T18:32:20.589893Z".parse().unwrap()));
    let (_, deploy) = bench.create("DAG_ONLY").await;
    let url = deploy["dagsUploadUrl"].as_str().unwrap();
    let bundle = archive::pack(&[("dags/one.py", "x = 1\n")]);
    for (id, part) in [("YQ==", bundle.slice(..9)), ("Yg==", bundle.slice(9..))] {
        let answer = bench.client.put(format!("{url}&comp=block&blockid={id}")).body(part).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
    }
    let list = |ids: &str| format!("<?xml version=\"1.0\"?><BlockList>{ids}</BlockList>");
    let commit = |list: String| bench.client.put(format!("{url}&comp=blocklist")).body(list).send();
    let unknown = commit(list("<Latest>Yw==</Latest>")).await.unwrap();
    assert_eq!(unknown.status(), StatusCode::BAD_REQUEST);
    let answer = commit(list("<Latest>YQ==</Latest><Latest>Yg==</Latest>")).await.unwrap();
    let version = answer.headers()["x-ms-version-id"].to_str().unwrap().to_owned();
    assert_eq!(version, "2026-01-12T18:32:20.5898930Z");
    let stored = bench.sim.with(|world| world.blob(&version)).unwrap();
    assert_eq!(archive::members(&stored).unwrap()[0].path, "dags/one.py");
    assert_ne!(bench.upload_bundle(&deploy["dagsUploadUrl"]).await, version, "even with a stopped clock");
}
