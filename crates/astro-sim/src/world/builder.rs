//! Builds worlds: an empty one, the sandbox, and whatever a test needs.
//! It must not know the rules; what it places is taken as given.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::archive;
use crate::clock::Clock;
use crate::ids::Ids;
use crate::world::account::{Organization, Workspace};
use crate::world::azure_devops::AzureDevOps;
use crate::world::bitbucket::Bitbucket;
use crate::world::bitbucket_dc::BitbucketDc;
use crate::world::blobs::BlobStore;
use crate::world::commits::CommitGraph;
use crate::world::deploy::{Deploy, DeployKind, DeployStatus};
use crate::world::deployment::Deployment;
use crate::world::environment::Environment;
use crate::world::gitea::Gitea;
use crate::world::github::{GitHub, GitHubRepository, GitHubToken, PullRequest, USUAL_PERMISSIONS};
use crate::world::gitlab::GitLab;
use crate::world::people::People;
use crate::world::records::{AuditLog, Rates};
use crate::world::registry::Registry;
use crate::world::rollout::Rollout;
use crate::world::runtime;
use crate::world::state::{Site, World};
use crate::world::token::TokenSpec;

/// Label of an image that names its Astro Runtime (reference/astro-platform.md 3.8).
pub const RUNTIME_LABEL: &str = "io.astronomer.docker.runtime.version";
/// Label of an image that names its Airflow.
pub const AIRFLOW_LABEL: &str = "io.astronomer.docker.airflow.version";
/// The commit the sandbox's old deploy came from.
pub const SANDBOX_COMMIT: &str = "1111111111111111111111111111111111111111";
/// Head of the sandbox's pull request.
pub const SANDBOX_HEAD: &str = "2222222222222222222222222222222222222222";
/// Token of the sandbox's GitHub.
pub const SANDBOX_GITHUB_TOKEN: &str = "ghs_sandbox";

impl Default for World {
    fn default() -> World {
        World::new()
    }
}

impl World {
    /// Returns a world with one Organization and one Workspace, and no Deployment.
    pub fn new() -> World {
        let world = World {
            site: Site::default(),
            clock: Clock::default(),
            ids: Ids::default(),
            organizations: Vec::new(),
            workspaces: Vec::new(),
            deployments: Vec::new(),
            environment: Environment::default(),
            tokens: Vec::new(),
            agent_tokens: Vec::new(),
            people: People::default(),
            roles: Vec::new(),
            ip_ranges: Vec::new(),
            clusters: Vec::new(),
            logs: Vec::new(),
            audit: AuditLog::default(),
            rates: Rates::default(),
            releases: runtime::releases(),
            blobs: BlobStore::default(),
            registry: Registry::default(),
            azure_devops: AzureDevOps::default(),
            gitea: Gitea::default(),
            github: GitHub::default(),
            gitlab: GitLab::default(),
            bitbucket: Bitbucket::default(),
            bitbucket_dc: BitbucketDc::default(),
            rollout: Rollout::default(),
            last_creation: Timestamp::UNIX_EPOCH,
            faults: Vec::new(),
            notes: Vec::new(),
            body_limit: 2 << 30,
        };
        world.organization("Sandbox").workspace("Main")
    }

    /// Returns a world to try things in: the Deployment `demo` with one old deploy of image and DAGs, an Organization
    /// token, two users and a Team, and the repository `acme/demo` with pull request 1 on every forge.
    pub fn sandbox() -> World {
        let mut world = World::new().deployment(Deployment::named("demo"));
        let id = world.deployments.first().map(|found| found.id.clone()).unwrap_or_default();
        world.add_history(&id, History::default());
        world.mint_token(TokenSpec { name: "sandbox".into(), ..TokenSpec::default() });
        world.github.tokens.push(GitHubToken::of_workflow(SANDBOX_GITHUB_TOKEN, &USUAL_PERMISSIONS));
        let (owner, name, default_branch) = ("acme".into(), "demo".into(), "main".into());
        let graph = sandbox_graph();
        let mut repository = GitHubRepository { owner, name, default_branch, graph, ..GitHubRepository::default() };
        repository.pulls.push(PullRequest {
            number: 1,
            title: "Change the example".into(),
            state: "open".into(),
            merged: false,
            merge_commit: None,
            fork: None,
            head_ref: "change".into(),
            head_sha: SANDBOX_HEAD.into(),
            base_ref: "main".into(),
            base_sha: SANDBOX_COMMIT.into(),
        });
        world.gitlab = GitLab::sandbox(sandbox_graph());
        world.bitbucket = Bitbucket::sandbox(sandbox_graph());
        world.bitbucket_dc = BitbucketDc::sandbox(sandbox_graph());
        world.github.repositories.push(repository);
        world.add_sandbox_gitea();
        world.add_sandbox_azure_devops();
        world.add_sandbox_people();
        world
    }

    /// Adds an Organization.
    pub fn organization(mut self, name: &str) -> World {
        let organization = Organization {
            id: self.ids.fresh(),
            name: name.into(),
            product: "HOSTED".into(),
            billing_email: String::new(),
            is_scim_enabled: false,
            created_at: self.clock.now(),
        };
        self.organizations.push(organization);
        self
    }

    /// Adds a Workspace to the newest Organization.
    pub fn workspace(mut self, name: &str) -> World {
        let now = self.clock.now();
        self.workspaces.push(Workspace {
            id: self.ids.fresh(),
            organization_id: self.organizations.last().map(|found| found.id.clone()).unwrap_or_default(),
            name: name.into(),
            description: String::new(),
            cicd_enforced_default: false,
            created_at: now,
            updated_at: now,
        });
        self
    }

    /// Adds a Deployment and returns the world.
    pub fn deployment(mut self, deployment: Deployment) -> World {
        self.add_deployment(deployment);
        self
    }

    /// Adds a Deployment, filling in what is empty, and returns its id.
    pub fn add_deployment(&mut self, mut deployment: Deployment) -> String {
        if deployment.id.is_empty() {
            deployment.id = self.ids.fresh();
        }
        if deployment.workspace_id.is_empty() {
            deployment.workspace_id = self.workspaces.first().map(|found| found.id.clone()).unwrap_or_default();
        }
        if deployment.organization_id.is_empty() {
            let workspace = self.workspaces.iter().find(|found| found.id == deployment.workspace_id);
            deployment.organization_id = workspace.map(|found| found.organization_id.clone()).unwrap_or_default();
        }
        if deployment.namespace.is_empty() {
            deployment.namespace = format!("sim-namespace-{:04}", self.ids.number());
        }
        self.last_creation = self.creation_after(self.last_creation);
        deployment.created_at = self.last_creation;
        deployment.updated_at = self.last_creation;
        let id = deployment.id.clone();
        self.deployments.push(deployment);
        id
    }

    /// Returns the time of a creation after another one: now, or a little later, so that no two are the same when shown.
    fn creation_after(&self, last: Timestamp) -> Timestamp {
        let shown = |at: Timestamp| Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
        let next = last.saturating_add(SignedDuration::from_millis(1)).unwrap_or(last);
        shown(self.clock.now()).max(shown(next))
    }

    /// Adds a landed deploy to a Deployment's history and returns its id; an unknown Deployment gets nothing.
    pub fn add_history(&mut self, deployment_id: &str, history: History) -> String {
        let now = self.clock.now().saturating_sub(history.age).unwrap_or(Timestamp::UNIX_EPOCH);
        let id = self.ids.fresh();
        let Ok(deployment) = self.find_deployment(deployment_id) else { return String::new() };
        let repository = self.image_repository(deployment);
        let mut deploy = Deploy::new(history.kind, now);
        deploy.runtime_version = history.runtime_version.clone().unwrap_or_else(|| deployment.runtime_version.clone());
        deploy.airflow_version = self.airflow_of(&deploy.runtime_version);
        deploy.is_dag_deploy_enabled = deployment.is_dag_deploy_enabled;
        deploy.image_tag = deployment.fresh_tag(now);
        if history.kind.ships_image() {
            let labels = [(RUNTIME_LABEL, deploy.runtime_version.as_str()), (AIRFLOW_LABEL, deploy.airflow_version.as_str())];
            self.registry.seed_image(&repository, &deploy.image_tag, &labels);
        }
        if history.kind.ships_dags() && deploy.is_dag_deploy_enabled {
            let blob = format!("{deployment_id}/{id}/dags.tar.gz");
            self.blobs.create(&blob);
            deploy.dag_tarball_version = self.blobs.put(&blob, history.bundle.clone(), now).ok();
            deploy.dags_blob = Some(blob);
        }
        deploy.id = id.clone();
        deploy.status = DeployStatus::Deployed;
        deploy.description = history.description;
        deploy.git = history.git;
        deploy.created_by = "sandbox".into();
        if let Ok(deployment) = self.find_deployment_mut(deployment_id) {
            land(deployment, deploy);
        }
        id
    }
}

/// Returns the history that the sandbox's repository has on every forge: `main`, and `change` one commit ahead of it.
pub fn sandbox_graph() -> CommitGraph {
    let mut graph = CommitGraph::default();
    graph.push("main", SANDBOX_COMMIT, &[("dags/example.py", "added"), ("Dockerfile", "added")]);
    graph.refs.insert("change".into(), SANDBOX_COMMIT.into());
    graph.push("change", SANDBOX_HEAD, &[("dags/example.py", "modified")]);
    graph
}

/// Makes a landed deploy the newest of its Deployment.
fn land(deployment: &mut Deployment, mut deploy: Deploy) {
    if deploy.kind.ships_image() {
        deployment.image_tag = deploy.image_tag.clone();
        deployment.runtime_version = deploy.runtime_version.clone();
        deployment.airflow_version = deploy.airflow_version.clone();
    }
    if deploy.dag_tarball_version.is_some() {
        deployment.dag_tarball_version = deploy.dag_tarball_version.clone();
        deployment.desired_dag_tarball_version = deploy.dag_tarball_version.clone();
    }
    deploy.snapshot = Some(deployment.snapshot());
    deployment.deploys.push(deploy);
}

/// A landed deploy to be put into a history.
#[derive(Clone, Debug)]
pub struct History {
    /// What it shipped.
    pub kind: DeployKind,
    /// Its description.
    pub description: String,
    /// Its `git` object.
    pub git: Option<Map<String, Value>>,
    /// The DAG bundle's bytes.
    pub bundle: Bytes,
    /// How long ago it was.
    pub age: SignedDuration,
    /// Runtime of its image; `None` means the Deployment's.
    pub runtime_version: Option<String>,
}

impl Default for History {
    fn default() -> History {
        let git =
            [("provider", "GITHUB"), ("account", "acme"), ("repo", "demo"), ("branch", "main"), ("commitSha", SANDBOX_COMMIT)];
        History {
            kind: DeployKind::ImageAndDag,
            description: "First deploy".into(),
            git: Some(git.into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect()),
            bundle: archive::pack(&[("dags/example.py", "# An empty example.\n")]),
            age: SignedDuration::from_hours(24),
            runtime_version: None,
        }
    }
}
