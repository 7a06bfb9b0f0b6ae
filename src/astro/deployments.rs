//! The Astro API's operations that make and remove Deployments.
//! One call makes one Deployment; which one to make is decided elsewhere.

use serde_json::{Map, Value};

use crate::astro::answers::ManagedObject;
use crate::astro::client::AstroClient;
use crate::astro::connection::{Query, Segments, explained};
use crate::astro::wire::blueprint::{WireSettings, create_body};
use crate::astro::wire::deployment::WireDeployment;
use crate::astro::wire::listing::WireManaged;
use crate::error::Result;
use crate::http::retry::{Repeat, Trouble, jitter};
use crate::model::blueprint::Blueprint;
use crate::model::deployment::Deployment;
use crate::model::ids::DeploymentId;
use crate::model::record::Record;

/// Who may create Deployments. Source: `reference/astro-docs.md` 5.1 and 7.2.
const WHO_MAY: &str = "creating Deployments needs a token of the Workspace or the Organization with the role Workspace Operator or \
                       more; a Deployment's own token cannot do it";

impl AstroClient {
    /// Returns the settings of a Deployment from which another one can be made. Secret values of
    /// environment variables are not among them.
    ///
    /// # Errors
    /// Fails as reads do.
    pub async fn blueprint(&self, id: &DeploymentId) -> Result<Blueprint> {
        let organization = self.organization_id().await?;
        let path = ["organizations", organization.as_str(), "deployments", id.as_str()];
        let read = self.connection().get::<WireSettings>(&path, &[]).await;
        Ok(read.map_err(|failure| explained(failure, format!("read the settings of {id}")))?.into_model())
    }

    /// Creates a Deployment. When the answer is lost, one with this very name and description is
    /// sought first and created again only if there is none, because the platform makes a second
    /// one of an equal request.
    ///
    /// # Errors
    /// Fails with `Refused` when the platform does not want it, with `Transfer` when it cannot be
    /// said whether it exists.
    pub async fn create_deployment(&self, new: &Blueprint) -> Result<Deployment> {
        let organization = self.organization_id().await?;
        let path = ["organizations", organization.as_str(), "deployments"];
        let body = create_body(new);
        let doing = || format!("create the Deployment {}", new.name);
        let policy = self.connection().caller().retry;
        let mut tried = 1;
        loop {
            let sent = self.connection().post::<WireDeployment>(&path, &body, Repeat::OnlyIfUnseen).await;
            let mut failure = match sent {
                Ok(wire) => return Ok(self.modelled(wire)),
                Err(failure) if failure.may_have_acted() => failure,
                Err(failure) => {
                    let forbidden = failure.status() == Some(403);
                    let error = explained(failure, doing());
                    return Err(if forbidden { error.hint(WHO_MAY) } else { error });
                }
            };
            let trouble = failure.trouble().unwrap_or(Trouble::Lost);
            let delay = policy.delay(tried, &trouble, Repeat::Safe, jitter());
            tracing::warn!(reason = %failure, "the answer to the creation is lost; looking for the Deployment");
            tokio::time::sleep(delay.unwrap_or(policy.first_delay)).await;
            let all = self.deployments(None).await?;
            if let Some(found) = all.into_iter().find(|it| it.name == new.name && it.description == new.description) {
                return Ok(found);
            }
            if delay.is_none() {
                failure.tries = tried;
                return Err(explained(failure, doing()));
            }
            tried += 1;
        }
    }

    /// Returns what the Environment Manager delivers to a Deployment, linked objects of its
    /// Workspace included, without values.
    ///
    /// # Errors
    /// Fails as reads do.
    pub async fn managed_objects(&self, id: &DeploymentId) -> Result<Vec<ManagedObject>> {
        let organization = self.organization_id().await?;
        let path = ["organizations", organization.as_str(), "environment-objects"];
        let query = [("deploymentId", id.as_str()), ("resolveLinked", "true"), ("showSecrets", "false")];
        let read = self.every::<WireManaged>(&path, &query).await;
        let all = read.map_err(|failure| explained(failure, format!("list the Environment Manager's objects of {id}")))?;
        Ok(all.into_iter().filter_map(WireManaged::into_model).collect())
    }

    /// Returns what a Deployment of a kind, such as `STANDARD`, can be made of in a cloud, such as `AWS`.
    ///
    /// # Errors
    /// Fails as reads do.
    pub async fn deployment_options(&self, kind: &str, cloud: Option<&str>) -> Result<Record> {
        let mut query = vec![("deploymentType", kind)];
        query.extend(cloud.map(|cloud| ("cloudProvider", cloud)));
        self.record_at(&["deployment-options"], &query, &format!("read what a {kind} Deployment can be made of")).await
    }

    /// Returns the one record that a path below the Organization answers a query with. `doing` follows "could not".
    ///
    /// # Errors
    /// Fails as reads do.
    pub async fn record_at(&self, path: Segments<'_>, query: Query<'_>, doing: &str) -> Result<Record> {
        let path = [&["organizations", self.organization_id().await?.as_str()], path].concat();
        let read = self.connection().get::<Map<String, Value>>(&path, query).await;
        read.map(Record::new).map_err(|failure| explained(failure, doing))
    }

    /// Deletes a Deployment; one that is gone already counts as deleted.
    ///
    /// # Errors
    /// Fails as requests do.
    pub async fn delete_deployment(&self, id: &DeploymentId) -> Result<()> {
        let organization = self.organization_id().await?;
        let path = ["organizations", organization.as_str(), "deployments", id.as_str()];
        let sent = self.connection().delete(&path).await;
        sent.map_err(|failure| explained(failure, format!("delete the Deployment {id}")))
    }
}
