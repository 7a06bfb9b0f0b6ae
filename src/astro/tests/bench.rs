//! What the tests of the Astro client share: a simulated platform with a client.
//! Uploads are placed into the simulator's store directly; the blob client has tests of its own.

use std::path::PathBuf;
use std::time::Duration;

use astro_sim::faults::{Effect, Fault};
use astro_sim::sim::Sim;
use astro_sim::world::state::World;
use astro_sim::world::token::TokenSpec;
use jiff::Timestamp;

use crate::astro::answers::CreatedDeploy;
use crate::astro::arrival::{Expectation, ExpectedBundle};
use crate::astro::client::AstroClient;
use crate::astro::requests::{FinalizeBody, NewBundle, NewDeploy};
use crate::astro::token::ApiToken;
use crate::astro::wait::{Ended, Patience, wait};
use crate::env::snapshot::Env;
use crate::error::Error;
use crate::http::client::{Options, build};
use crate::http::exchange::Caller;
use crate::http::retry::RetryPolicy;
use crate::model::deploy::{DeployType, GitRemote, GitSource};
use crate::model::ids::{BundleVersion, DeploymentId, MountPath, OrganizationId};
use crate::model::revision::CommitSha;
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;

/// Patience for a simulated platform that answers at once.
pub const PATIENCE: Patience = Patience {
    budget: Duration::from_secs(20),
    first_interval: Duration::from_millis(1),
    interval: Duration::from_millis(5),
    settle: Duration::from_millis(20),
};

/// A simulated platform, a client with a token, and the first Deployment's id.
pub struct Bench {
    pub sim: Sim,
    pub client: AstroClient,
    pub token: String,
    pub demo: DeploymentId,
}

impl Bench {
    pub async fn sandbox() -> Self {
        Self::with_token(World::sandbox(), TokenSpec::default()).await
    }

    pub async fn with_token(mut world: World, spec: TokenSpec) -> Self {
        let token = world.mint_token(spec);
        let demo = DeploymentId::new(world.deployments.first().map(|found| found.id.clone()).unwrap_or_default());
        let sim = Sim::start(world).await.expect("a simulator");
        let client = client(&sim, &token, None, Duration::from_secs(20));
        Self { sim, client, token, demo }
    }

    pub fn fault(&self, operation: &str, times: u32, effect: Effect) {
        self.sim.with(|world| world.faults.push(Fault::on(operation, times, effect)));
    }

    /// Returns how often an operation was asked for.
    pub fn count(&self, operation: &str) -> usize {
        self.sim.journal().iter().filter(|entry| entry.operation == operation).count()
    }

    pub fn deploys_named(&self, description: &str) -> usize {
        self.sim.with(|world| {
            let deploys = world.deployments.iter().flat_map(|deployment| &deployment.deploys);
            deploys.filter(|deploy| deploy.description == description).count()
        })
    }

    /// Places a bundle where a deploy's upload URL points, and returns its version.
    pub fn uploaded(&self, url: Option<&SafeUrl>) -> BundleVersion {
        let path = url.expect("an upload URL").expose().path().to_owned();
        let name = path.trim_start_matches("/blob/bundles/").to_owned();
        self.sim.with(|world| {
            let now = world.clock.now();
            BundleVersion::new(world.blobs.put(&name, "bytes".into(), now).expect("stored"))
        })
    }

    pub async fn finalized(&self, new: &NewDeploy) -> (CreatedDeploy, Expectation) {
        let created = self.client.create_deploy(&self.demo, new).await.expect("a deploy");
        let (body, dags, bundles) = match &new.bundle {
            None => {
                let version = self.uploaded(created.dags_upload_url.as_ref());
                (FinalizeBody::Dags(version.clone()), Some(version), Vec::new())
            }
            Some(new) => {
                let version = self.uploaded(created.bundle_upload_url.as_ref());
                let expected = ExpectedBundle { mount_path: new.mount_path.clone(), version: Some(version.clone()) };
                (FinalizeBody::Bundle(version), None, vec![expected])
            }
        };
        self.client.finalize(&self.demo, &created.id, &body).await.expect("finalized");
        let expected = Expectation { deploy: created.id.clone(), dags, image: None, bundles };
        (created, expected)
    }

    pub async fn waited(&self, expected: &Expectation, patience: &Patience) -> Result<Ended, Error> {
        wait(&self.client, &self.demo, expected, patience, |_| {}).await
    }

    pub fn assert_clean(&self) {
        assert_eq!(self.sim.violations(), Vec::<String>::new());
    }
}

/// Returns a client that retries within milliseconds.
pub fn client(sim: &Sim, token: &str, organization: Option<OrganizationId>, answer_timeout: Duration) -> AstroClient {
    client_of(&SafeUrl::parse(&sim.astro_url()).expect("a URL"), token, organization, answer_timeout)
}

/// Returns a client of an API at any URL.
pub fn client_of(base: &SafeUrl, token: &str, organization: Option<OrganizationId>, answer_timeout: Duration) -> AstroClient {
    let http = build(&Env::new([], PathBuf::new()), &Options::for_calls(None)).expect("a client");
    let retry = RetryPolicy {
        tries: 3,
        first_delay: Duration::from_millis(2),
        longest_delay: Duration::from_millis(4),
        longest_request: Duration::from_millis(20),
    };
    let caller = Caller { client: http, retry, answer_timeout };
    let token = ApiToken::parse(&Secret::new(token), Timestamp::now()).expect("a token");
    AstroClient::new(caller, base.clone(), token, organization).expect("an Astro client")
}

/// Returns a DAG deploy that carries a marker.
pub fn dag_deploy(marker: &str) -> NewDeploy {
    NewDeploy {
        deploy_type: DeployType::DagOnly,
        description: format!("Fix the daily load {marker}"),
        marker: marker.to_owned(),
        git: Some(GitSource {
            remote: GitRemote::GitHub { account: "acme".into(), repo: "demo".into() },
            commit: CommitSha::parse(&"3".repeat(40)).expect("a commit"),
            branch: Some("main".into()),
            path: Some("airflow".into()),
            author_name: Some("Ada \"Countess\" Lovelace".into()),
            commit_url: None,
        }),
        bundle: None,
    }
}

/// Returns a deploy of a dbt project.
pub fn bundle_deploy() -> NewDeploy {
    let bundle = NewBundle { mount_path: MountPath::new("/usr/local/airflow/dbt/shop"), bundle_type: "dbt".into() };
    NewDeploy { deploy_type: DeployType::Bundle, bundle: Some(bundle), git: None, ..dag_deploy("[b]") }
}

/// Returns the DAG bundle that the first Deployment runs.
pub fn version_of(sim: &Sim) -> Option<String> {
    sim.with(|world| world.deployments[0].dag_tarball_version.clone())
}
