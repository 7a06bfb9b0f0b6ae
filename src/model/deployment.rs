//! A Deployment as Liftoff needs to know it, and its deploy target's identity.
//! Field meanings: `reference/astro-platform.md` 5.8.

use crate::model::ids::{BundleVersion, DeploymentId, ImageTag, OrganizationId, WorkspaceId};

/// A snapshot of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Id.
    pub id: DeploymentId,
    /// Name, unique only by convention.
    pub name: String,
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
    /// The hibernation override in force, when there is one.
    pub hibernation_override: Option<HibernationOverride>,
    /// Whether it sleeps now.
    pub hibernating: bool,
    /// Page of the Deployment in the Astro UI.
    pub astro_url: Option<String>,
    /// Airflow's own pages.
    pub airflow_url: Option<String>,
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
