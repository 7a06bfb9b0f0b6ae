//! What the commands about a Deployment's Airflow begin with: the Deployment, awake, and a client.

use crate::airflow::client::AirflowClient;
use crate::app::manage::scene;
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::cli::which::DeploymentArg;
use crate::deploy::trial::Site;
use crate::error::{Error, Kind, Result};
use crate::model::deployment::{Deployment, DeploymentStatus};
use crate::model::ids::DeploymentId;

/// A Deployment whose Airflow can be asked.
pub struct Reached {
    /// The platform.
    pub astro: AstroClient,
    /// The Deployment.
    pub deployment: Deployment,
    /// Its Airflow.
    pub site: Site,
}

impl Reached {
    /// Returns the client of its Airflow.
    #[must_use]
    pub const fn client(&self) -> &AirflowClient {
        &self.site.client
    }
}

/// Finds the Deployment and prepares its Airflow; Airflow itself is not asked yet.
///
/// # Errors
/// As `scene::deployment`; `Kind::Refused` for one that hibernates, because its Airflow does not answer.
pub async fn reached(session: &Session, which: &DeploymentArg) -> Result<Reached> {
    let astro = scene::astro(session).await?;
    let record = scene::deployment(session, &astro, which).await?;
    let deployment = astro.deployment(&DeploymentId::new(record.id())).await?;
    if deployment.hibernating || deployment.status == DeploymentStatus::Hibernating {
        return Err(Error::new(Kind::Refused, format!("reach the Airflow of {}", deployment.name))
            .because("the Deployment hibernates")
            .hint(format!("wake it first: `liftoff deployment wake-up --deployment {}`", deployment.id)));
    }
    let site = Site::of(&deployment, session.calls.clone(), astro.token())?;
    Ok(Reached { astro, deployment, site })
}
