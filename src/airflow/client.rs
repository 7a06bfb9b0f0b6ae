//! A client of one Airflow: its version, its connections, variables and pools, its DAGs and what it could not import.
//! It decides nothing about what is copied, and there is no way in it to read or to send a password.
//!
//! Measured on 2.11.0 and 3.1.8:
//! - Airflow 3 shows a password as `***` or null; Airflow 2 does not show it.
//! - Both replace values by `***` in the JSON object of a connection's extra, at any depth of a few levels, by the name of
//!   their key, even when the value is empty; null stays null. An extra that is not JSON is shown in clear.
//! - Airflow 3 does so in a variable as well: the whole value by the variable's key when it is not JSON, else only keys of
//!   the outermost object. It writes JSON anew (`{"a":1}` as `{"a": 1}`, `2.10` as `2.1`). Airflow 2 shows variables as
//!   they are, secrets included.
//! - Airflow 2 has no extra in the list of connections, and answers 500 for one whose extra is JSON but no object.
//! - What exists already is answered 409 by both.
//! - `%2F` in a path is part of a name, except in pools and DAGs of Airflow 2 and DAGs of Airflow 3, which answer 404, as
//!   both do for a name with a line break.

use futures_util::{StreamExt as _, stream};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Map, json};

use crate::airflow::address::{ApiVersion, is_segment};
use crate::airflow::pages;
use crate::airflow::rest::{Rest, explained};
use crate::airflow::wire::{Health, Version, WireConnection, WireDag, WireImportError, WirePool, WireVariable, change, creation};
use crate::error::{Error, Kind, Result};
use crate::http::exchange::Caller;
use crate::http::failure::Outcome;
use crate::http::retry::{Repeat, jitter};
use crate::model::airflow::{AirflowDag, Field, ImportError, Object, ObjectKind, Paused};
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;

/// Requests under way at once where many are needed.
const AT_ONCE: usize = 4;

/// A client of one Airflow. Clones share the connection pool.
#[derive(Clone)]
pub struct AirflowClient {
    rest: Rest,
}

/// A list of objects.
#[derive(Debug, Default)]
pub struct Listing {
    /// The objects, in Airflow's order.
    pub objects: Vec<Object>,
    /// The number of objects that Airflow itself could not show.
    pub unread: usize,
}

/// What became of a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// It was created.
    Created,
    /// It was there already, with values of its own.
    Existed,
    /// The answer was lost, and the object is there now: this creation or another one made it.
    Lost,
}

impl AirflowClient {
    /// Prepares a client; nothing is sent yet. The address is `address::api_url` of what Astro names.
    ///
    /// # Errors
    /// `Kind::Usage` when the address does not end in `/api/v1` or `/api/v2` or is neither https nor on this machine;
    /// `Kind::Auth` when the token cannot stand in a header.
    pub fn new(caller: Caller, api_url: &SafeUrl, token: &Secret) -> Result<Self> {
        Ok(Self { rest: Rest::new(caller, api_url, token)? })
    }

    /// Returns the version of the API.
    #[must_use]
    pub fn api_version(&self) -> ApiVersion {
        self.rest.version()
    }

    /// Returns how the client tries again.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.rest.caller
    }

    /// Returns the same client, which tries everything once.
    #[must_use]
    pub fn impatient(&self) -> Self {
        Self { rest: self.rest.impatient() }
    }

    /// Returns Airflow's version, such as `3.1.8`.
    ///
    /// # Errors
    /// As every call: `Kind::Auth`, `Kind::Refused` or `Kind::NotFound` when Airflow refuses, `Kind::Transfer` when it cannot
    /// be reached or answers in another form.
    pub async fn version(&self) -> Result<String> {
        let outcome = self.rest.get::<Version>(self.rest.url(&["version"], &[])).await;
        outcome.map(|answer| answer.version).map_err(|failure| explained(failure, "read Airflow's version"))
    }

    /// Fails unless Airflow answers and reaches its database.
    ///
    /// # Errors
    /// As `version`; `Kind::Transfer` when the database is not healthy.
    pub async fn ready(&self) -> Result<()> {
        let path: &[&str] = match self.rest.version() {
            ApiVersion::V1 => &["health"],
            ApiVersion::V2 => &["monitor", "health"],
        };
        self.version().await?;
        let doing = "read Airflow's health";
        let health = self.rest.get::<Health>(self.rest.url(path, &[])).await.map_err(|failure| explained(failure, doing))?;
        match health.metadatabase.status.as_deref() {
            Some("healthy") => Ok(()),
            _ => Err(Error::new(Kind::Transfer, doing).because("Airflow does not reach its database")),
        }
    }

    /// Returns all objects of a kind.
    ///
    /// # Errors
    /// As `version`; `Kind::Transfer` for more than 20,000 of them.
    pub async fn list(&self, kind: ObjectKind) -> Result<Listing> {
        let outcome = match kind {
            ObjectKind::Connection => self.listed::<WireConnection>(kind).await,
            ObjectKind::Variable => self.listed::<WireVariable>(kind).await,
            ObjectKind::Pool => self.listed::<WirePool>(kind).await,
        };
        let mut listing = outcome.map_err(|failure| explained(failure, format!("list Airflow's {}", kind.plural())))?;
        if kind == ObjectKind::Connection && self.rest.version() == ApiVersion::V1 {
            listing.objects = self.with_extras(listing.objects).await;
        }
        Ok(listing)
    }

    async fn listed<T: DeserializeOwned + Into<Object>>(&self, kind: ObjectKind) -> Outcome<Listing> {
        let read = pages::all::<T>(&self.rest, kind.plural()).await?;
        Ok(Listing { objects: read.items.into_iter().map(Into::into).collect(), unread: read.unread })
    }

    /// Reads each connection for itself. One that cannot be read stays as the list shows it.
    async fn with_extras(&self, connections: Vec<Object>) -> Vec<Object> {
        let mut once = self.clone();
        once.rest.caller.retry.tries = once.rest.caller.retry.tries.min(2);
        let reads = connections.into_iter().map(|listed| async {
            match once.find(listed.kind(), listed.name()).await {
                Ok(Some(whole)) => whole,
                Ok(None) => listed,
                Err(error) => {
                    tracing::debug!(connection = listed.name(), %error, "its extra settings stay unknown");
                    listed
                }
            }
        });
        stream::iter(reads.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await
    }

    /// Returns an object, if there is one of this name.
    ///
    /// # Errors
    /// As `version`; `Kind::Usage` for a name that cannot stand in an address.
    pub async fn find(&self, kind: ObjectKind, name: &str) -> Result<Option<Object>> {
        let doing = format!("read the {kind} `{name}` of Airflow");
        let url = self.url_below(kind.plural(), name, &[], &doing)?;
        match kind {
            ObjectKind::Connection => found::<WireConnection, _>(self.rest.get(url).await, &doing),
            ObjectKind::Variable => found::<WireVariable, _>(self.rest.get(url).await, &doing),
            ObjectKind::Pool => found::<WirePool, _>(self.rest.get(url).await, &doing),
        }
    }

    /// Creates an object, without a password. When the answer is lost, the object is looked up before it is sent again.
    ///
    /// # Errors
    /// As `find`.
    pub async fn create(&self, object: &Object) -> Result<Creation> {
        let (kind, name) = (object.kind(), object.name());
        let doing = format!("create the {kind} `{name}` in Airflow");
        self.url_below(kind.plural(), name, &[], &doing)?;
        let body = creation(object);
        let mut tried = 1;
        loop {
            let failure = match self.rest.send(Method::POST, self.rest.url(&[kind.plural()], &[]), &body).await {
                Ok(_) => return Ok(Creation::Created),
                Err(failure) if failure.status() == Some(409) => return Ok(Creation::Existed),
                Err(failure) => failure,
            };
            if failure.may_have_acted() && self.find(kind, name).await.is_ok_and(|found| found.is_some()) {
                return Ok(Creation::Lost);
            }
            let delay = failure.trouble().and_then(|trouble| self.caller().retry.delay(tried, &trouble, Repeat::Safe, jitter()));
            let Some(delay) = delay.filter(|_| failure.may_have_acted()) else { return Err(explained(failure, doing)) };
            tokio::time::sleep(delay).await;
            tried += 1;
        }
    }

    /// Gives these fields of an existing object the values that they have in `object`, and changes nothing else.
    ///
    /// # Errors
    /// As `find`; `Kind::NotFound` when there is no such object.
    pub async fn update(&self, object: &Object, fields: &[Field]) -> Result<()> {
        let (kind, name) = (object.kind(), object.name());
        let doing = format!("change the {kind} `{name}` in Airflow");
        let (body, query) = change(object, fields, self.rest.version());
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let url = self.url_below(kind.plural(), name, &query, &doing)?;
        self.rest.send(Method::PATCH, url, &body).await.map(drop).map_err(|failure| explained(failure, doing))
    }

    /// Returns a DAG, if Airflow has parsed one of this id.
    ///
    /// # Errors
    /// As `find`.
    pub async fn dag(&self, id: &str) -> Result<Option<AirflowDag>> {
        let doing = format!("read the DAG `{id}` of Airflow");
        let url = self.url_below("dags", id, &[], &doing)?;
        found::<WireDag, _>(self.rest.get(url).await, &doing)
    }

    /// Pauses a DAG or lets it run.
    ///
    /// # Errors
    /// As `find`; `Kind::NotFound` when Airflow has parsed no such DAG.
    pub async fn set_paused(&self, id: &str, paused: Paused) -> Result<()> {
        let doing = match paused {
            Paused::Yes => format!("pause the DAG `{id}`"),
            Paused::No => format!("unpause the DAG `{id}`"),
        };
        let url = self.url_below("dags", id, &[("update_mask", "is_paused")], &doing)?;
        let body = Map::from_iter([("is_paused".to_owned(), json!(paused == Paused::Yes))]);
        self.rest.send(Method::PATCH, url, &body).await.map(drop).map_err(|failure| explained(failure, doing))
    }

    /// Returns the files that Airflow could not import.
    ///
    /// # Errors
    /// As `version`.
    pub async fn import_errors(&self) -> Result<Vec<ImportError>> {
        let outcome = pages::all::<WireImportError>(&self.rest, "importErrors").await;
        let read = outcome.map_err(|failure| explained(failure, "list Airflow's import errors"))?;
        Ok(read.items.into_iter().map(Into::into).collect())
    }

    fn url_below(&self, list: &str, name: &str, query: &[(&str, &str)], doing: &str) -> Result<SafeUrl> {
        if is_segment(name) {
            return Ok(self.rest.url(&[list, name], query));
        }
        Err(Error::new(Kind::Usage, doing).because("an empty name, `.` and `..` cannot stand in an address"))
    }
}

fn found<T: Into<O>, O>(outcome: Outcome<T>, doing: &str) -> Result<Option<O>> {
    match outcome {
        Ok(wire) => Ok(Some(wire.into())),
        Err(failure) if failure.status() == Some(404) => Ok(None),
        Err(failure) => Err(explained(failure, doing)),
    }
}
