//! A running simulator with a client and a token.
//! It must not know what is tested.

use std::sync::Once;

use astro_sim::archive;
use astro_sim::sim::Sim;
use astro_sim::world::deployment::Deployment;
use astro_sim::world::state::World;
use astro_sim::world::token::TokenSpec;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

/// A running simulator, a token of its Organization and the Deployment in question.
pub struct Bench {
    pub sim: Sim,
    pub client: Client,
    pub token: String,
    pub organization: String,
    pub deployment: String,
}

/// Returns an HTTP client.
pub fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    Client::builder().no_proxy().build().unwrap()
}

impl Bench {
    /// Starts with one Deployment in a world without any other.
    pub async fn with(deployment: Deployment) -> Bench {
        Bench::on(World::new().deployment(deployment)).await
    }

    /// Starts with the sandbox.
    pub async fn sandbox() -> Bench {
        Bench::on(World::sandbox()).await
    }

    /// Starts with a world.
    pub async fn on(mut world: World) -> Bench {
        let token = world.mint_token(TokenSpec::default());
        let organization = world.organizations[0].id.clone();
        let deployment = world.deployments.first().map(|found| found.id.clone()).unwrap_or_default();
        Bench { sim: Sim::start(world).await.unwrap(), client: client(), token, organization, deployment }
    }

    /// Sends a call to the Astro face below the Organization.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let url = format!("{}/organizations/{}{path}", self.sim.astro_url(), self.organization);
        let request = self.client.request(method, url).bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// Gets and returns status and JSON.
    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        let response = self.send(Method::GET, path, None).await;
        (response.status(), response.json().await.unwrap())
    }

    /// Posts and returns status and JSON.
    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let response = self.send(Method::POST, path, Some(body)).await;
        (response.status(), response.json().await.unwrap())
    }

    /// Sends a call to the Airflow of the Deployment, below its API's base, and returns status and JSON; null if there is none.
    pub async fn airflow(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let two = self.sim.with(|world| world.deployments[0].airflow_version.starts_with('2'));
        self.airflow_at(method, &format!("api/{}/{path}", if two { "v1" } else { "v2" }), body).await
    }

    /// Sends a call below the Deployment's Airflow and returns status and JSON; null if there is none.
    pub async fn airflow_at(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let url = format!("{}/airflow/{}/{path}", self.sim.url(), self.deployment);
        let request = self.client.request(method, url).bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap_or_default())
    }

    /// Returns the request for a small standard Deployment in the first Workspace, with further fields; null takes one out.
    pub fn new_deployment(&self, further: &[(&str, Value)]) -> Value {
        let mut body = json!({
            "type": "STANDARD", "name": "new", "workspaceId": self.sim.with(|world| world.workspaces[0].id.clone()),
            "executor": "CELERY", "cloudProvider": "AWS", "region": "us-east-1",
            "defaultTaskPodCpu": "0.25", "defaultTaskPodMemory": "0.5Gi",
            "resourceQuotaCpu": "10", "resourceQuotaMemory": "20Gi",
        });
        further.iter().for_each(|(field, value)| body[*field] = value.clone());
        body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        body
    }

    /// Returns the path of the Deployment and what follows.
    pub fn path(&self, rest: &str) -> String {
        format!("/deployments/{}{rest}", self.deployment)
    }

    /// Creates a deploy and returns status and JSON.
    pub async fn create(&self, kind: &str) -> (StatusCode, Value) {
        self.post(&self.path("/deploys"), json!({ "type": kind })).await
    }

    /// Finalizes a deploy and returns status and JSON.
    pub async fn finalize(&self, deploy: &Value, body: Value) -> (StatusCode, Value) {
        let path = self.path(&format!("/deploys/{}/finalize", deploy["id"].as_str().unwrap()));
        self.post(&path, body).await
    }

    /// Uploads bytes to a signed address and returns the answer.
    pub async fn upload(&self, url: &Value, bytes: impl Into<reqwest::Body>) -> Response {
        let request = self.client.put(url.as_str().unwrap()).header("x-ms-blob-type", "BlockBlob");
        request.body(bytes).send().await.unwrap()
    }

    /// Uploads a small bundle and returns its version.
    pub async fn upload_bundle(&self, url: &Value) -> String {
        let answer = self.upload(url, archive::pack(&[("dags/one.py", "x = 1\n")])).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        answer.headers()["x-ms-version-id"].to_str().unwrap().to_owned()
    }

    /// Puts an image where a deploy expects one.
    pub fn push_image(&self, deploy: &Value, labels: &[(&str, &str)]) {
        let repository = deploy["imageRepository"].as_str().unwrap().split_once('/').unwrap().1.to_owned();
        let tag = deploy["imageTag"].as_str().unwrap().to_owned();
        self.sim.with(|world| world.registry.seed_image(&repository, &tag, labels));
    }

    /// Deploys DAGs up to the finalize and returns the deploy.
    pub async fn deploy_dags(&self) -> Value {
        let (_, deploy) = self.create("DAG_ONLY").await;
        let version = self.upload_bundle(&deploy["dagsUploadUrl"]).await;
        let (status, deploy) = self.finalize(&deploy, json!({ "dagTarballVersion": version })).await;
        assert_eq!(status, StatusCode::OK, "{deploy}");
        deploy
    }
}
