//! What performing a plan led to, as plain data for the reports.
//! It knows neither how it was achieved nor how it will be shown.

use std::time::Duration;

use crate::error::Error;
use crate::model::dag_run::Trial;
use crate::model::deploy::DeployType;
use crate::model::ids::{BundleVersion, DeployId, ImageTag};
use crate::plan::verification::Verification;

/// The result of performing a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The deploy that was made.
    pub deploy_id: DeployId,
    /// Its type.
    pub deploy_type: DeployType,
    /// Tag of the image it carries.
    pub image_tag: Option<ImageTag>,
    /// The DAG bundle it carries.
    pub dag_bundle_version: Option<BundleVersion>,
    /// The other bundle it carries.
    pub bundle_version: Option<BundleVersion>,
    /// Whether it is proven to run.
    pub arrival: Arrival,
    /// What Airflow makes of it, when somebody looked.
    pub verification: Option<Verification>,
    /// What became of the DAGs that were run to try it.
    pub trials: Vec<Trial>,
    /// How long each stage took, in order.
    pub stages: Vec<Stage>,
}

/// Whether a deploy is proven to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The Deployment runs exactly this deploy.
    Proven,
    /// Nobody waited; the platform has accepted it.
    NotAwaited,
    /// The platform accepted it, but it could not be proven to run.
    NotProven,
    /// The platform accepted it, but a newer deploy took over before it arrived.
    Superseded,
}

/// One stage of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// What was done, such as `pack`.
    pub name: &'static str,
    /// What came of it, such as `12 files, 34.1 kB`; may be empty.
    pub detail: String,
    /// How long it took.
    pub took: Duration,
}

/// A plan that could not be performed to its end.
#[derive(Debug)]
pub struct Unfinished {
    /// Why.
    pub error: Error,
    /// The deploy, when it was finalized before: then it takes effect all the same.
    pub accepted: Option<Outcome>,
}

impl From<Error> for Unfinished {
    fn from(error: Error) -> Self {
        Self { error, accepted: None }
    }
}
