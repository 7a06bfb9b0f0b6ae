//! The whole simulated world and how its parts are found.
//! It must not know who asks, nor the rules between its parts.

use bytes::Bytes;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::faults::Fault;
use crate::ids::Ids;
use crate::refusal::Refusal;
use crate::world::account::{Organization, Workspace};
use crate::world::azure_devops::AzureDevOps;
use crate::world::bitbucket::Bitbucket;
use crate::world::bitbucket_dc::BitbucketDc;
use crate::world::blobs::BlobStore;
use crate::world::deployment::Deployment;
use crate::world::environment::Environment;
use crate::world::gitea::Gitea;
use crate::world::github::GitHub;
use crate::world::gitlab::GitLab;
use crate::world::network::{AgentToken, Cluster, IpRange};
use crate::world::people::People;
use crate::world::records::{AuditLog, LogLine, Rates};
use crate::world::registry::Registry;
use crate::world::role::{CustomRole, DEPLOYMENT_ADMIN, DEPLOYMENT_READER, EntityKind, ORGANIZATION_OWNER, TokenRole};
use crate::world::rollout::Rollout;
use crate::world::runtime::RuntimeRelease;
use crate::world::token::{Access, ApiToken, TokenSpec};

/// Something irreversible that a test may want to have seen or not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A deploy removed all DAGs of its Deployment.
    DagsRemoved {
        /// Deployment id.
        deployment: String,
        /// Deploy id.
        deploy: String,
    },
    /// A deploy removed a bundle.
    BundleRemoved {
        /// Deployment id.
        deployment: String,
        /// Mount path of the bundle.
        mount_path: String,
    },
}

/// Where the world is reached; the server fills it in.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// Base address without a trailing slash.
    pub url: String,
    /// Host and port of the world's own image registry.
    pub registry_host: String,
    /// Host and port of a registry outside the world that takes the images instead. The world cannot look into it, so
    /// it believes that every image was pushed there.
    pub external_registry: Option<String>,
    /// Base of the Airflow API that Deployments made from now on name instead of the world's own.
    pub new_airflow_url: Option<String>,
}

impl Site {
    /// Returns host and port of the registry that images are pushed to.
    pub fn image_host(&self) -> &str {
        self.external_registry.as_deref().unwrap_or(&self.registry_host)
    }
}

/// The whole world.
#[derive(Debug)]
pub struct World {
    /// Where it is reached.
    pub site: Site,
    /// Its time.
    pub clock: Clock,
    /// Its ids.
    pub ids: Ids,
    /// Organizations.
    pub organizations: Vec<Organization>,
    /// Workspaces.
    pub workspaces: Vec<Workspace>,
    /// Deployments.
    pub deployments: Vec<Deployment>,
    /// Environment objects.
    pub environment: Environment,
    /// API tokens.
    pub tokens: Vec<ApiToken>,
    /// Tokens of remote execution agents.
    pub agent_tokens: Vec<AgentToken>,
    /// Users, Teams and invitations.
    pub people: People,
    /// Custom roles.
    pub roles: Vec<CustomRole>,
    /// Allowed ranges of addresses.
    pub ip_ranges: Vec<IpRange>,
    /// Clusters.
    pub clusters: Vec<Cluster>,
    /// Log lines of Deployments, in the order they were added.
    pub logs: Vec<LogLine>,
    /// The audit log.
    pub audit: AuditLog,
    /// How often who called.
    pub rates: Rates,
    /// Runtime releases on offer.
    pub releases: Vec<RuntimeRelease>,
    /// Blob storage.
    pub blobs: BlobStore,
    /// Image registry.
    pub registry: Registry,
    /// Azure DevOps.
    pub azure_devops: AzureDevOps,
    /// Gitea or Forgejo.
    pub gitea: Gitea,
    /// GitHub.
    pub github: GitHub,
    /// GitLab.
    pub gitlab: GitLab,
    /// Bitbucket Cloud.
    pub bitbucket: Bitbucket,
    /// Bitbucket Data Center.
    pub bitbucket_dc: BitbucketDc,
    /// How changes land.
    pub rollout: Rollout,
    /// When the newest Deployment was made, were it gone or not.
    pub last_creation: Timestamp,
    /// Faults that wait for requests.
    pub faults: Vec<Fault>,
    /// Irreversible things that happened.
    pub notes: Vec<Note>,
    /// Longest request body that is read, in bytes.
    pub body_limit: u64,
}

impl World {
    /// Returns an Organization.
    pub fn find_organization(&self, id: &str) -> Result<&Organization, Refusal> {
        self.organizations.iter().find(|found| found.id == id).ok_or_else(|| Refusal::not_found("organization", id))
    }

    /// Returns a Workspace.
    pub fn find_workspace(&self, id: &str) -> Result<&Workspace, Refusal> {
        self.workspaces.iter().find(|found| found.id == id).ok_or_else(|| Refusal::not_found("workspace", id))
    }

    /// Returns a Workspace, to be changed.
    pub fn find_workspace_mut(&mut self, id: &str) -> Result<&mut Workspace, Refusal> {
        self.workspaces.iter_mut().find(|found| found.id == id).ok_or_else(|| Refusal::not_found("workspace", id))
    }

    /// Returns a Deployment.
    pub fn find_deployment(&self, id: &str) -> Result<&Deployment, Refusal> {
        self.deployments.iter().find(|found| found.id == id).ok_or_else(|| Refusal::not_found("deployment", id))
    }

    /// Returns a Deployment, to be changed.
    pub fn find_deployment_mut(&mut self, id: &str) -> Result<&mut Deployment, Refusal> {
        self.deployments.iter_mut().find(|found| found.id == id).ok_or_else(|| Refusal::not_found("deployment", id))
    }

    /// Returns the first Deployment of this name.
    pub fn deployment_named(&self, name: &str) -> Option<&Deployment> {
        self.deployments.iter().find(|found| found.name == name)
    }

    /// Returns the content of an uploaded bundle by its version.
    pub fn blob(&self, version: &str) -> Option<Bytes> {
        self.blobs.version(version)
    }

    /// Returns the repository a Deployment's images are pushed to, without the host.
    pub fn image_repository(&self, deployment: &Deployment) -> String {
        format!("{}/{}", deployment.organization_id, deployment.id)
    }

    /// Returns the Airflow inside a Runtime; an unknown Runtime names its own.
    pub fn airflow_of(&self, runtime: &str) -> String {
        let release = self.releases.iter().find(|release| release.version == runtime);
        release.map_or_else(
            || runtime.split('-').next().unwrap_or_default().to_owned() + ".0",
            |found| found.airflow_version.clone(),
        )
    }

    /// Makes a token and returns its bearer text.
    pub fn mint_token(&mut self, mut spec: TokenSpec) -> String {
        if spec.organization_id.is_empty() {
            spec.organization_id = self.organizations.first().map(|found| found.id.clone()).unwrap_or_default();
        }
        if spec.roles.is_empty() {
            spec.roles = self.implied_roles(&spec);
        }
        let token = ApiToken::mint(self.ids.fresh(), spec, self.clock.now());
        let text = token.text.clone();
        self.tokens.push(token);
        text
    }

    /// Forgets whatever belongs to a Workspace or Deployment that is no more, and every role on it.
    pub fn forget_entity(&mut self, id: &str) {
        self.tokens.retain(|token| token.spec.home().1 != id);
        self.tokens.iter_mut().for_each(|token| token.forget(id));
        self.agent_tokens.retain(|token| token.deployment_id != id);
        self.people.forget(id);
        self.logs.retain(|line| line.deployment_id != id);
    }

    /// Returns the roles of a token that names only its limits and its access.
    fn implied_roles(&mut self, spec: &TokenSpec) -> Vec<TokenRole> {
        let on = |kind, ids: &[String], role| ids.iter().map(|id| TokenRole::on(kind, id, role)).collect::<Vec<_>>();
        let home = [spec.organization_id.clone()];
        match (spec.home().0, spec.access) {
            (EntityKind::Deployment, Access::Write) => on(EntityKind::Deployment, &spec.deployment_ids, DEPLOYMENT_ADMIN),
            (EntityKind::Deployment, Access::Read) => {
                if !self.roles.iter().any(|role| role.name == DEPLOYMENT_READER) {
                    let reads = ["deployment.get", "deployment.deploys.get", "deployment.logs.get", "deployment.envObjects.get"];
                    self.add_role(DEPLOYMENT_READER, &[&reads[..], &["deployment.airflow.get"]].concat());
                }
                on(EntityKind::Deployment, &spec.deployment_ids, DEPLOYMENT_READER)
            }
            (EntityKind::Workspace, Access::Write) => on(EntityKind::Workspace, &spec.workspace_ids, "WORKSPACE_OWNER"),
            (EntityKind::Workspace, Access::Read) => on(EntityKind::Workspace, &spec.workspace_ids, "WORKSPACE_MEMBER"),
            (_, Access::Write) => on(EntityKind::Organization, &home, ORGANIZATION_OWNER),
            (_, Access::Read) => {
                let own = self.workspaces.iter().filter(|found| found.organization_id == spec.organization_id);
                let ids: Vec<String> = own.map(|found| found.id.clone()).collect();
                let mut roles = on(EntityKind::Organization, &home, "ORGANIZATION_MEMBER");
                roles.extend(on(EntityKind::Workspace, &ids, "WORKSPACE_MEMBER"));
                roles
            }
        }
    }
}
