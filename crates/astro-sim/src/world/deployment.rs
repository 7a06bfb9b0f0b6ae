//! A Deployment: its settings, what it runs, its history and what is on its way.
//! It must not know the rules that change it.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::world::airflow::Airflow;
use crate::world::deploy::{BundleState, Deploy, DeployStatus, Snapshot};
use crate::world::rollout::Change;

/// A Deployment's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Being made.
    Creating,
    /// A change is on its way.
    Deploying,
    /// Running well.
    Healthy,
    /// Asleep.
    Hibernating,
    /// Running badly.
    Unhealthy,
    /// Nobody knows.
    Unknown,
}

impl Status {
    /// Returns the contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Status::Creating => "CREATING",
            Status::Deploying => "DEPLOYING",
            Status::Healthy => "HEALTHY",
            Status::Hibernating => "HIBERNATING",
            Status::Unhealthy => "UNHEALTHY",
            Status::Unknown => "UNKNOWN",
        }
    }
}

/// An environment variable of a Deployment.
#[derive(Clone)]
pub struct EnvironmentVariable {
    /// Name.
    pub key: String,
    /// Value; secret ones are never answered.
    pub value: String,
    /// Whether the value is write-only.
    pub is_secret: bool,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for EnvironmentVariable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = if self.is_secret { "…" } else { &self.value };
        formatter.debug_struct("EnvironmentVariable").field("key", &self.key).field("value", &value).finish_non_exhaustive()
    }
}

/// An override of the hibernation schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HibernationOverride {
    /// Whether the Deployment shall sleep.
    pub is_hibernating: bool,
    /// Until when; `None` means until removed.
    pub until: Option<String>,
}

/// A Deployment.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Platform id; empty lets the world choose one.
    pub id: String,
    /// Display name; duplicates are possible.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Organization; empty lets the world choose its first.
    pub organization_id: String,
    /// Workspace; empty lets the world choose its first.
    pub workspace_id: String,
    /// Kubernetes namespace; empty lets the world choose one.
    pub namespace: String,
    /// `STANDARD`, `DEDICATED` or `HYBRID`.
    pub kind: String,
    /// `ASTRO`, `CELERY` or `KUBERNETES`.
    pub executor: String,
    /// Astro Runtime it runs.
    pub runtime_version: String,
    /// Airflow it runs.
    pub airflow_version: String,
    /// Whether DAG deploys are on.
    pub is_dag_deploy_enabled: bool,
    /// Whether only API tokens may deploy.
    pub is_cicd_enforced: bool,
    /// Whether it may hibernate.
    pub is_development_mode: bool,
    /// Health.
    pub status: Status,
    /// Why it is unhealthy.
    pub status_reason: Option<String>,
    /// Tag of the running image; empty before the first image deploy.
    pub image_tag: String,
    /// Version of the DAGs that run.
    pub dag_tarball_version: Option<String>,
    /// Version of the DAGs that shall run.
    pub desired_dag_tarball_version: Option<String>,
    /// Bundles.
    pub bundles: Vec<BundleState>,
    /// Environment variables.
    pub environment_variables: Vec<EnvironmentVariable>,
    /// Further settings of the create or update request, answered as they were sent.
    pub settings: Map<String, Value>,
    /// Whether the schedule, without an override, has it asleep.
    pub is_asleep_by_schedule: bool,
    /// Override of the schedule.
    pub hibernation_override: Option<HibernationOverride>,
    /// What its Airflow holds.
    pub airflow: Airflow,
    /// Base of an Airflow API elsewhere that is named instead of the world's own; a test puts a real Airflow there.
    pub airflow_url: Option<String>,
    /// Deploys, oldest first.
    pub deploys: Vec<Deploy>,
    /// Accepted changes that have not landed, oldest first.
    pub pending: VecDeque<Change>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Deployment {
    /// Returns a healthy standard Deployment with DAG deploys on, on Runtime 3.1-4, with no deploy yet.
    pub fn named(name: &str) -> Deployment {
        Deployment {
            id: String::new(),
            name: name.into(),
            description: String::new(),
            organization_id: String::new(),
            workspace_id: String::new(),
            namespace: String::new(),
            kind: "STANDARD".into(),
            executor: "ASTRO".into(),
            runtime_version: "3.1-4".into(),
            airflow_version: "3.1.2".into(),
            is_dag_deploy_enabled: true,
            is_cicd_enforced: false,
            is_development_mode: false,
            status: Status::Healthy,
            status_reason: None,
            image_tag: String::new(),
            dag_tarball_version: None,
            desired_dag_tarball_version: None,
            bundles: Vec::new(),
            environment_variables: Vec::new(),
            settings: Map::new(),
            is_asleep_by_schedule: false,
            hibernation_override: None,
            airflow: Airflow::default(),
            airflow_url: None,
            deploys: Vec::new(),
            pending: VecDeque::new(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// Returns one of its deploys.
    pub fn deploy(&self, id: &str) -> Option<&Deploy> {
        self.deploys.iter().find(|deploy| deploy.id == id)
    }

    /// Returns one of its deploys, to be changed.
    pub fn deploy_mut(&mut self, id: &str) -> Option<&mut Deploy> {
        self.deploys.iter_mut().find(|deploy| deploy.id == id)
    }

    /// Returns what it runs now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            image_tag: self.image_tag.clone(),
            dag_tarball_version: self.dag_tarball_version.clone(),
            runtime_version: self.runtime_version.clone(),
            airflow_version: self.airflow_version.clone(),
            is_dag_deploy_enabled: self.is_dag_deploy_enabled,
            bundles: self.bundles.clone(),
        }
    }

    /// Returns a tag that none of its deploys has: `deploy-` and the UTC time with seconds.
    pub fn fresh_tag(&self, now: Timestamp) -> String {
        let mut at = now;
        loop {
            let tag = format!("deploy-{}", at.strftime("%Y-%m-%dT%H-%M-%S"));
            let next = at.saturating_add(SignedDuration::from_secs(1)).unwrap_or(at);
            if next == at || self.deploys.iter().all(|deploy| deploy.image_tag != tag) {
                return tag;
            }
            at = next;
        }
    }

    /// Returns whether DAGs have ever been deployed to it.
    pub fn has_had_dags(&self) -> bool {
        let shipped = |deploy: &Deploy| {
            deploy.status == DeployStatus::Deployed
                && deploy.dag_tarball_version.as_deref().is_some_and(|version| !version.is_empty())
        };
        self.dag_tarball_version.is_some() || self.desired_dag_tarball_version.is_some() || self.deploys.iter().any(shipped)
    }
}
