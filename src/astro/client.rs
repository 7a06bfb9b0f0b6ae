//! The Astro API's operations on Organizations, Workspaces and Deployments.
//! Deploys are in `deploys`, the search by name in `find`; decisions are made elsewhere.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use crate::astro::answers::{RuntimeRelease, Workspace};
use crate::astro::connection::{Connection, explained};
use crate::astro::token::ApiToken;
use crate::astro::wire::deployment::{OverrideBody, WireDeployment};
use crate::astro::wire::listing::{Page, WireOptions, WireOrganization, WireWorkspace};
use crate::error::{Error, Kind, Result};
use crate::http::exchange::Caller;
use crate::http::failure::Outcome;
use crate::model::deployment::{Deployment, HibernationOverride};
use crate::model::ids::{DeploymentId, OrganizationId, WorkspaceId};
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;

/// Largest page that the API gives.
const PAGE_SIZE: usize = 1_000;

/// Most pages read of one list, against a server whose count never ends.
const MOST_PAGES: usize = 100;

/// A client of the Astro API with one token. Clones share connections, pace and what was learnt.
#[derive(Clone)]
pub struct AstroClient {
    connection: Connection,
    token: ApiToken,
    organization: Arc<OnceCell<OrganizationId>>,
}

impl AstroClient {
    /// Creates a client; nothing is sent yet. `base` is the API's URL with its version, such as
    /// `https://api.astronomer.io/v1`. An `organization` given here wins over the token's own.
    ///
    /// # Errors
    /// Fails with `Usage` when `base` cannot be an API's URL.
    pub fn new(caller: Caller, base: SafeUrl, token: ApiToken, organization: Option<OrganizationId>) -> Result<Self> {
        let connection = Connection::new(caller, base, token.secret())?;
        let known = organization.or_else(|| token.organization.clone());
        Ok(Self { connection, token, organization: Arc::new(OnceCell::new_with(known)) })
    }

    /// Returns the token, for the registry and for Airflow.
    #[must_use]
    pub fn token(&self) -> &Secret {
        self.token.secret()
    }

    /// Returns what the token says about itself.
    #[must_use]
    pub const fn api_token(&self) -> &ApiToken {
        &self.token
    }

    /// Returns the connection, for operations defined in other files.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the Organization: the given one, the token's, or the only one that the token sees.
    ///
    /// # Errors
    /// Fails with `NotFound` when there are several or none, else as a read does.
    pub async fn organization_id(&self) -> Result<&OrganizationId> {
        self.organization.get_or_try_init(|| self.only_organization()).await
    }

    async fn only_organization(&self) -> Result<OrganizationId> {
        let doing = "find the Organization of the token";
        let all: Vec<WireOrganization> =
            self.every(&["organizations"], &[]).await.map_err(|failure| explained(failure, doing))?;
        let mut all: Vec<(OrganizationId, String)> = all.into_iter().map(WireOrganization::into_parts).collect();
        let refused = |cause: String| Error::new(Kind::NotFound, doing).because(cause);
        match (all.pop(), all.len()) {
            (Some((id, _)), 0) => Ok(id),
            (None, _) => Err(refused("the token sees no Organization".to_owned()).hint("check the token's role")),
            (Some(last), _) => {
                let names: Vec<String> = all.iter().chain([&last]).map(|(id, name)| format!("{name} ({id})")).collect();
                Err(refused(format!("the token sees several: {}", names.join(", "))).hint("say which one is meant by its id"))
            }
        }
    }

    /// Returns all Workspaces that the token sees.
    ///
    /// # Errors
    /// Fails as reads do.
    pub async fn workspaces(&self) -> Result<Vec<Workspace>> {
        let organization = self.organization_id().await?;
        let path = ["organizations", organization.as_str(), "workspaces"];
        let all: Vec<WireWorkspace> =
            self.every(&path, &[("sorts", "name:asc")]).await.map_err(|failure| explained(failure, "list the Workspaces"))?;
        Ok(all.into_iter().map(WireWorkspace::into_model).collect())
    }

    /// Returns a Deployment by id.
    ///
    /// # Errors
    /// Fails with `NotFound`, `Auth`, `Refused` or `Transfer`.
    pub async fn deployment(&self, id: &DeploymentId) -> Result<Deployment> {
        let organization = self.organization_id().await?;
        let path = ["organizations", organization.as_str(), "deployments", id.as_str()];
        let wire: WireDeployment =
            self.connection.get(&path, &[]).await.map_err(|failure| explained(failure, format!("read the Deployment {id}")))?;
        Ok(self.modelled(wire))
    }

    /// Returns all Deployments that the token sees, or only those with a name.
    ///
    /// # Errors
    /// Fails as reads do.
    pub async fn deployments(&self, name: Option<&str>) -> Result<Vec<Deployment>> {
        let organization = self.organization_id().await?;
        let path = ["organizations", organization.as_str(), "deployments"];
        let mut query = vec![("sorts", "createdAt:asc")];
        query.extend(name.map(|name| ("names", name)));
        let all: Vec<WireDeployment> =
            self.every(&path, &query).await.map_err(|failure| explained(failure, "list the Deployments"))?;
        // A Deployment made while paging can shift another one onto two pages.
        let mut seen = HashSet::new();
        let all = all.into_iter().map(|wire| self.modelled(wire));
        Ok(all.filter(|deployment| seen.insert(deployment.id.clone())).collect())
    }

    /// Returns the Runtime versions that the platform offers.
    ///
    /// # Errors
    /// Fails as reads do.
    pub async fn runtime_releases(&self) -> Result<Vec<RuntimeRelease>> {
        let organization = self.organization_id().await?;
        let path = ["organizations", organization.as_str(), "deployment-options"];
        let options: WireOptions =
            self.connection.get(&path, &[]).await.map_err(|failure| explained(failure, "list the Runtime versions on offer"))?;
        Ok(options.into_releases())
    }

    /// Keeps a development Deployment awake or asleep against its schedule.
    ///
    /// # Errors
    /// Fails with `Refused` when the Deployment cannot hibernate, else as requests do.
    pub async fn set_hibernation_override(&self, id: &DeploymentId, wanted: &HibernationOverride) -> Result<()> {
        let organization = self.organization_id().await?;
        let path = ["organizations", organization.as_str(), "deployments", id.as_str(), "hibernation-override"];
        let sent = self.connection.update(&path, &OverrideBody::new(wanted)).await;
        sent.map_err(|failure| explained(failure, format!("override the hibernation of {id}")))
    }

    /// Removes the override; one that is gone already counts as removed.
    ///
    /// # Errors
    /// Fails as requests do.
    pub async fn remove_hibernation_override(&self, id: &DeploymentId) -> Result<()> {
        let organization = self.organization_id().await?;
        let path = ["organizations", organization.as_str(), "deployments", id.as_str(), "hibernation-override"];
        let sent = self.connection.delete(&path).await;
        sent.map_err(|failure| explained(failure, format!("remove the hibernation override of {id}")))
    }

    /// Returns the Workspace that the token belongs to, when it says so.
    #[must_use]
    pub const fn workspace_of_token(&self) -> Option<&WorkspaceId> {
        self.token.workspace.as_ref()
    }

    /// Returns the id of the token itself, when it says so.
    #[must_use]
    pub fn own_token_id(&self) -> Option<&str> {
        self.token.id.as_deref()
    }

    /// Returns how long the token still lives, when it says so.
    #[must_use]
    pub fn token_expires_in(&self, now: Timestamp) -> Option<jiff::SignedDuration> {
        self.token.expires_in(now)
    }

    /// Reads one page of a list.
    ///
    /// # Errors
    /// Returns the failure after all tries.
    pub async fn page<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        offset: usize,
        limit: usize,
    ) -> Outcome<Page<T>> {
        let (limit, offset) = (limit.clamp(1, PAGE_SIZE).to_string(), offset.to_string());
        let mut query = query.to_vec();
        query.extend([("limit", limit.as_str()), ("offset", offset.as_str())]);
        self.connection.get(path, &query).await
    }

    /// Reads all pages of a list.
    ///
    /// # Errors
    /// Returns the failure after all tries.
    pub async fn every<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Outcome<Vec<T>> {
        let mut items = Vec::new();
        for _ in 0..MOST_PAGES {
            let page: Page<T> = self.page(path, query, items.len(), PAGE_SIZE).await?;
            let got = page.items.len();
            items.extend(page.items);
            if got == 0 || items.len() >= page.total_count {
                break;
            }
        }
        Ok(items)
    }

    /// Converts a Deployment into the vocabulary.
    #[must_use]
    pub fn modelled(&self, wire: WireDeployment) -> Deployment {
        wire.into_model(|workspace, id| astro_url(self.connection.base(), workspace, id))
    }
}

/// Returns the page of a Deployment in the Astro UI, which stands on `cloud.` where the API
/// stands on `api.` (`reference/astro-platform.md` 1.1); `None` for other APIs.
fn astro_url(base: &SafeUrl, workspace: &WorkspaceId, id: &DeploymentId) -> Option<String> {
    let domain = base.expose().host_str()?.strip_prefix("api.")?;
    Some(format!("https://cloud.{domain}/{workspace}/deployments/{id}"))
}
