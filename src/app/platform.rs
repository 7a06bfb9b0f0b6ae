//! What the projects of a process read from Astro: each read is done once, with one client, so
//! that many projects on few Deployments stay within the platform's pace.

use crate::app::asked::Asked;
use crate::astro::answers::RuntimeRelease;
use crate::astro::client::AstroClient;
use crate::error::{Error, Kind, Result};
use crate::model::deploy::DeployRecord;
use crate::model::deployment::Deployment;
use crate::model::ids::{DeploymentId, OrganizationId};
use crate::settings::values::Target;

/// The reads of a process.
#[derive(Default)]
pub struct Platform {
    clients: Asked<Option<OrganizationId>, AstroClient>,
    deployments: Asked<Target, Deployment>,
    histories: Asked<(DeploymentId, usize), Vec<DeployRecord>>,
    releases: Asked<Option<OrganizationId>, Vec<RuntimeRelease>>,
}

impl Platform {
    /// Returns the client for an Organization, or for the token's own; `make` makes it when it
    /// is wanted for the first time.
    ///
    /// # Errors
    /// As `make`.
    pub async fn client(
        &self,
        organization: Option<OrganizationId>,
        make: impl Fn() -> Result<AstroClient>,
    ) -> Result<AstroClient> {
        self.clients.ask(organization, async { make() }).await
    }

    /// Returns the Deployment that a target names.
    ///
    /// # Errors
    /// `Kind::Usage` when it names none, else as the platform answers.
    pub async fn deployment(&self, astro: &AstroClient, target: &Target) -> Result<Deployment> {
        let answer = async {
            match (&target.deployment_id, &target.deployment_name) {
                (Some(id), _) => astro.deployment(id).await,
                (None, Some(name)) => astro.find_deployment(name, target.workspace.as_deref()).await,
                (None, None) => Err(Error::new(Kind::Usage, "choose a Deployment")
                    .because("neither `deployment-id` nor `deployment-name` is set")
                    .hint("set one of them as a flag, an input, LIFTOFF_DEPLOYMENT_ID or in liftoff.toml; Liftoff never guesses a target")),
            }
        };
        self.deployments.ask(target.clone(), answer).await
    }

    /// Returns up to `limit` deploys of a Deployment, newest first.
    ///
    /// # Errors
    /// As the platform answers.
    pub async fn history(&self, astro: &AstroClient, deployment: &DeploymentId, limit: usize) -> Result<Vec<DeployRecord>> {
        self.histories.ask((deployment.clone(), limit), astro.deploys(deployment, limit)).await
    }

    /// Returns the Runtime versions on offer.
    ///
    /// # Errors
    /// As the platform answers.
    pub async fn runtime_releases(&self, astro: &AstroClient, target: &Target) -> Result<Vec<RuntimeRelease>> {
        self.releases.ask(target.organization.clone(), astro.runtime_releases()).await
    }
}
