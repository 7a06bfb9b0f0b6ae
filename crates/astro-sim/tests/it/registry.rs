//! The image registry.

use astro_sim::digest;
use astro_sim::world::registry::{DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Visibility};
use astro_sim::world::token::{Access, TokenSpec};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

struct Push {
    bench: Bench,
    repository: String,
    token: String,
}

impl Push {
    async fn start() -> Push {
        let bench = Bench::sandbox().await;
        let repository = format!("{}/{}", bench.organization, bench.deployment);
        let token = grant(&bench, Some(&bench.token), &format!("repository:{repository}:pull,push")).await;
        Push { bench, repository, token }
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/v2/{}/{path}", self.bench.sim.url(), self.repository);
        self.bench.client.request(method, url).bearer_auth(&self.token)
    }

    async fn blob(&self, bytes: &'static [u8]) -> Response {
        let path = format!("blobs/uploads/?digest={}", digest::oci(bytes));
        self.call(Method::POST, &path).body(bytes).send().await.unwrap()
    }

    async fn manifest(&self, reference: &str, media_type: &str, body: &Value) -> Response {
        let request = self.call(Method::PUT, &format!("manifests/{reference}")).header("content-type", media_type);
        request.body(body.to_string()).send().await.unwrap()
    }
}

async fn grant(bench: &Bench, password: Option<&str>, scope: &str) -> String {
    let request = bench.client.get(format!("{}/registry/token", bench.sim.url())).query(&[("scope", scope)]);
    let request = match password {
        Some(password) => request.basic_auth("cli", Some(password)),
        None => request,
    };
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    answer["token"].as_str().unwrap_or_default().to_owned()
}

fn image(config: &[u8], layer: &[u8]) -> Value {
    json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest::oci(config), "size": config.len() },
        "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest::oci(layer), "size": layer.len() }],
    })
}

const CONFIG: &[u8] =
    br#"{"os":"linux","architecture":"amd64","config":{"Labels":{"io.astronomer.docker.runtime.version":"3.1-5"}}}"#;
const LAYER: &[u8] = b"a layer";

#[tokio::test]
async fn without_a_token_the_challenge_names_realm_service_and_scope() {
    let bench = Bench::sandbox().await;
    let url = format!("{}/v2/one/two/manifests/latest", bench.sim.url());
    let answer = bench.client.put(url).body("{}").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let host = bench.sim.registry_host();
    let wanted =
        format!("Bearer realm=\"http://{host}/registry/token\",service=\"{host}\",scope=\"repository:one/two:pull,push\"");
    assert_eq!(answer.headers()["www-authenticate"], wanted.as_str());
    let base = bench.client.get(format!("{}/v2/", bench.sim.url())).send().await.unwrap();
    assert_eq!(base.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_password_is_the_api_token_with_or_without_its_prefix() {
    let bench = Bench::sandbox().await;
    let status = async |user: &str, password: &str| {
        let request = bench.client.get(format!("{}/registry/token", bench.sim.url()));
        request.basic_auth(user, Some(password)).send().await.unwrap().status()
    };
    assert_eq!(status("cli", &bench.token).await, StatusCode::OK);
    assert_eq!(status("cli", &format!("Bearer {}", bench.token)).await, StatusCode::OK);
    assert_eq!(status("cli", "wrong").await, StatusCode::UNAUTHORIZED);
    assert_eq!(status("me", &bench.token).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn only_repositories_of_reachable_deployments_can_be_pushed_and_public_ones_pulled() {
    let mut push = Push::start().await;
    for repository in [
        "library/python",
        "other/repo",
        &format!("{}/nothing", push.bench.organization),
        &format!("other/{}", push.bench.deployment),
    ] {
        push.repository = repository.to_owned();
        push.token = grant(&push.bench, Some(&push.bench.token), &format!("repository:{repository}:pull,push")).await;
        assert_eq!(push.blob(LAYER).await.status(), StatusCode::FORBIDDEN, "{repository}");
    }
    push.bench.sim.with(|world| {
        world.registry.seed_image("library/python", "3", &[]);
        world.registry.repositories.get_mut("library/python").unwrap().visibility = Visibility::Public;
    });
    push.repository = "library/python".into();
    push.token = grant(&push.bench, None, "repository:library/python:pull,push").await;
    assert_eq!(push.call(Method::GET, "manifests/3").send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(push.blob(LAYER).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_reader_may_pull_and_not_push() {
    let mut push = Push::start().await;
    let reader = push.bench.sim.with(|world| world.mint_token(TokenSpec { access: Access::Read, ..TokenSpec::default() }));
    push.token = grant(&push.bench, Some(&reader), &format!("repository:{}:pull,push", push.repository)).await;
    assert_eq!(push.blob(LAYER).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(push.call(Method::GET, "tags/list").send().await.unwrap().status(), StatusCode::OK);
    push.bench.sim.with(|world| world.clock.advance(std::time::Duration::from_secs(301)));
    let late = push.call(Method::GET, "tags/list").send().await.unwrap();
    assert_eq!(late.status(), StatusCode::UNAUTHORIZED, "registry tokens are short-lived");
}

#[tokio::test]
async fn a_manifest_is_refused_until_all_it_names_is_there() {
    let push = Push::start().await;
    let body = image(CONFIG, LAYER);
    let refused = async |media_type: &str, body: &Value| {
        let answer = push.manifest("one", media_type, body).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        answer.json::<Value>().await.unwrap()["errors"][0]["code"].clone()
    };
    assert_eq!(refused(OCI_MANIFEST, &body).await, "MANIFEST_BLOB_UNKNOWN");
    assert_eq!(push.blob(CONFIG).await.status(), StatusCode::CREATED);
    assert_eq!(refused(OCI_MANIFEST, &body).await, "MANIFEST_BLOB_UNKNOWN");
    push.blob(LAYER).await;
    assert_eq!(refused(DOCKER_MANIFEST, &body).await, "MANIFEST_INVALID");
    let digest = digest::oci(body.to_string().as_bytes());
    let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        { "digest": digest, "platform": { "os": "linux", "architecture": "amd64" } },
    ] });
    assert_eq!(refused(OCI_INDEX, &index).await, "MANIFEST_BLOB_UNKNOWN");
    let stored = push.manifest("one", OCI_MANIFEST, &body).await;
    assert_eq!(
        (stored.status(), stored.headers()["docker-content-digest"].to_str().unwrap()),
        (StatusCode::CREATED, digest.as_str())
    );
    assert_eq!(push.manifest("all", OCI_INDEX, &index).await.status(), StatusCode::CREATED);
    let facts = push.bench.sim.with(|world| world.registry.image(&push.repository, "all")).unwrap();
    assert_eq!(facts.labels["io.astronomer.docker.runtime.version"], "3.1-5");
    let head = push.call(Method::HEAD, "manifests/one").send().await.unwrap();
    assert_eq!(head.headers()["content-length"], body.to_string().len().to_string().as_str());
    assert_eq!(push.call(Method::GET, "manifests/two").send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(push.bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn chunks_must_follow_each_other_and_digests_must_fit() {
    let push = Push::start().await;
    let started = push.call(Method::POST, "blobs/uploads/").send().await.unwrap();
    assert_eq!(started.status(), StatusCode::ACCEPTED);
    let place = started.headers()["location"].to_str().unwrap().to_owned();
    let chunk = |range: &'static str, text: &'static str| {
        let request = push.bench.client.patch(&place).bearer_auth(&push.token);
        request.header("content-range", range).body(text).send()
    };
    assert_eq!(chunk("0-1", "a ").await.unwrap().status(), StatusCode::ACCEPTED);
    assert_eq!(chunk("0-1", "a ").await.unwrap().status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let more = chunk("2-6", "layer").await.unwrap();
    assert_eq!(more.headers()["range"], "0-6");
    let finish = push.bench.client.put(&place).bearer_auth(&push.token);
    let finished = finish.query(&[("digest", digest::oci(LAYER))]).send().await.unwrap();
    assert_eq!(finished.status(), StatusCode::CREATED);
    let blob = push.call(Method::GET, &format!("blobs/{}", digest::oci(LAYER))).send().await.unwrap();
    assert_eq!(blob.bytes().await.unwrap(), LAYER);
    let wrong = push.call(Method::POST, &format!("blobs/uploads/?digest={}", digest::oci(b"other"))).body("x");
    assert_eq!(wrong.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_blob_is_mounted_only_from_a_repository_the_caller_may_pull() {
    let mut push = Push::start().await;
    push.bench.sim.with(|world| {
        for name in ["library/python", "secret/base"] {
            world.registry.put_blob(name, &digest::oci(LAYER), LAYER.into()).unwrap();
        }
        world.registry.repositories.get_mut("library/python").unwrap().visibility = Visibility::Public;
    });
    let scopes = ["library/python", "secret/base"].map(|name| format!(" repository:{name}:pull")).concat();
    let scopes = format!("repository:{}:pull,push{scopes}", push.repository);
    push.token = grant(&push.bench, Some(&push.bench.token), &scopes).await;
    for (from, status) in [("secret/base", StatusCode::ACCEPTED), ("library/python", StatusCode::CREATED)] {
        let path = format!("blobs/uploads/?mount={}&from={from}", digest::oci(LAYER));
        assert_eq!(push.call(Method::POST, &path).send().await.unwrap().status(), status, "{from}");
    }
}

#[tokio::test]
async fn an_image_for_another_platform_cannot_be_finalized() {
    let push = Push::start().await;
    let (_, deploy) = push.bench.create("IMAGE_ONLY").await;
    let config: &'static [u8] = br#"{"os":"linux","architecture":"arm64"}"#;
    push.blob(config).await;
    push.blob(LAYER).await;
    push.manifest(deploy["imageTag"].as_str().unwrap(), OCI_MANIFEST, &image(config, LAYER)).await;
    let (status, error) = push.bench.finalize(&deploy, json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(error["message"].as_str().unwrap().contains("linux/arm64"), "{error}");
}
