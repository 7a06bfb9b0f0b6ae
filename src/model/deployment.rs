//! A Deployment as Liftoff needs to know it, and its deploy target's identity.
//! Field meanings: `reference/astro-platform.md` 5.8.

use crate::model::ids::{BundleVersion, DeploymentId, ImageTag, OrganizationId, WorkspaceId};
use crate::model::url::SafeUrl;

/// A snapshot of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Id.
    pub id: DeploymentId,
    /// Name, unique only by convention.
    pub name: String,
    /// Its description, with the mark of Liftoff when it is a preview. Hostile text.
    pub description: String,
    /// Creation time, RFC 3339 as the platform gave it; may be empty.
    pub created_at: String,
    /// Organization it belongs to.
    pub organization_id: OrganizationId,
    /// Workspace it belongs to.
    pub workspace_id: WorkspaceId,
    /// Name of that Workspace, when told.
    pub workspace_name: Option<String>,
    /// Kubernetes namespace, such as `geometrical-gyroscope-9932`.
    pub namespace: String,
    /// Kind of infrastructure, when told.
    pub kind: Option<DeploymentKind>,
    /// Health.
    pub status: DeploymentStatus,
    /// The platform's own words on the health.
    pub status_reason: Option<String>,
    /// Runtime version that runs; empty before the first image.
    pub runtime_version: String,
    /// Airflow version that runs.
    pub airflow_version: String,
    /// Whether DAGs are deployed as a bundle instead of inside the image.
    pub dag_deploys: bool,
    /// Whether only API tokens may deploy.
    pub cicd_enforced: bool,
    /// Whether the Deployment is a development one, which may hibernate.
    pub development_mode: bool,
    /// Whether tasks run outside Astro; then DAGs never ship through Astro.
    pub remote_execution: bool,
    /// DAG bundle that Airflow's containers have.
    pub dag_bundle_version: Option<BundleVersion>,
    /// DAG bundle they are to have.
    pub desired_dag_bundle_version: Option<BundleVersion>,
    /// Tag of the running image.
    pub image_tag: Option<ImageTag>,
    /// Registry and repository of its images, when told.
    pub image_repository: Option<String>,
    /// The hibernation override in force, when there is one.
    pub hibernation_override: Option<HibernationOverride>,
    /// Whether it sleeps now.
    pub hibernating: bool,
    /// When it falls asleep or wakes next, by its schedule.
    pub next_rest: Option<RestEvent>,
    /// Base URL of Airflow's REST API, with its version.
    pub airflow_api: Option<SafeUrl>,
    /// Page of the Deployment in the Astro UI.
    pub astro_url: Option<String>,
    /// Airflow's own pages.
    pub airflow_url: Option<String>,
}

impl Deployment {
    /// Returns a healthy Deployment of which nothing is known but its id and name.
    #[must_use]
    pub fn new(id: DeploymentId, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            description: String::new(),
            created_at: String::new(),
            organization_id: OrganizationId::new(""),
            workspace_id: WorkspaceId::new(""),
            workspace_name: None,
            namespace: String::new(),
            kind: None,
            status: DeploymentStatus::Healthy,
            status_reason: None,
            runtime_version: String::new(),
            airflow_version: String::new(),
            dag_deploys: false,
            cicd_enforced: false,
            development_mode: false,
            remote_execution: false,
            dag_bundle_version: None,
            desired_dag_bundle_version: None,
            image_tag: None,
            image_repository: None,
            hibernation_override: None,
            hibernating: false,
            next_rest: None,
            airflow_api: None,
            astro_url: None,
            airflow_url: None,
        }
    }
}

/// A change between awake and asleep that the schedule will bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestEvent {
    /// What happens.
    pub what: Rest,
    /// When, RFC 3339.
    pub at: String,
}

/// Awake or asleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// It falls asleep.
    Hibernates,
    /// It wakes.
    Wakes,
}

/// Kind of infrastructure under a Deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentKind {
    /// Shared cluster, Astro Hosted.
    Standard,
    /// Own cluster, Astro Hosted.
    Dedicated,
    /// Own cluster in the customer's cloud account.
    Hybrid,
}

/// Health of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentStatus {
    /// Being made.
    Creating,
    /// Rolling out.
    Deploying,
    /// Up.
    Healthy,
    /// Asleep.
    Hibernating,
    /// Broken.
    Unhealthy,
    /// Not known to the platform, or a word unknown to us.
    Unknown(String),
}

/// A hibernation override: a person's or a tool's exception from the schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HibernationOverride {
    /// `true`: kept asleep; `false`: kept awake.
    pub hibernate: bool,
    /// RFC 3339 end; absent: until removed.
    pub until: Option<String>,
}
