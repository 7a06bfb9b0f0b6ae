//! The Astro API's operations on whatever Liftoff manages without a form of its own: users, teams, tokens, Workspaces.
//! Every path lies below the Organization. What a record means is known by its callers.

use std::collections::HashSet;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::astro::client::AstroClient;
use crate::astro::connection::{Query, Segments, explained};
use crate::error::{Error, Kind, Result};
use crate::http::failure::Outcome;
use crate::http::retry::Repeat;
use crate::model::record::Record;

/// Largest page that the API gives (`reference/astro-platform.md` 1.7).
const PAGE_SIZE: usize = 1_000;

/// Most pages read of one list, against a server whose count never ends.
const MOST_PAGES: usize = 100;

/// A page of any list: its array is named after what it holds, so it is known by being the only one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyPage {
    #[serde(default)]
    total_count: usize,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl AnyPage {
    fn into_records(self) -> Vec<Record> {
        let lists = self.fields.into_iter().filter_map(|(_, value)| match value {
            Value::Array(items) => Some(items),
            _ => None,
        });
        lists.flatten().filter_map(Record::of).collect()
    }
}

impl AstroClient {
    /// Returns all records of a list, in the platform's order. `doing` follows "could not".
    ///
    /// # Errors
    /// Fails as reads do.
    pub async fn records(&self, path: Segments<'_>, query: Query<'_>, doing: &str) -> Result<Vec<Record>> {
        let organization = self.organization_id().await?.as_str();
        let path = [&["organizations", organization], path].concat();
        let mut all = Vec::new();
        // What is made while paging can shift another thing onto two pages.
        let mut seen = HashSet::new();
        let mut offset = 0;
        for _ in 0..MOST_PAGES {
            let page = self.any_page(&path, query, offset).await.map_err(|failure| explained(failure, doing))?;
            let total = page.total_count;
            let records = page.into_records();
            offset += records.len();
            let ended = records.is_empty() || offset >= total;
            all.extend(records.into_iter().filter(|record| record.id().is_empty() || seen.insert(record.id().to_owned())));
            if ended {
                return Ok(all);
            }
        }
        Err(Error::new(Kind::Transfer, doing).because(format!("the list goes on after {offset} items")))
    }

    async fn any_page(&self, path: Segments<'_>, query: Query<'_>, offset: usize) -> Outcome<AnyPage> {
        let (limit, offset) = (PAGE_SIZE.to_string(), offset.to_string());
        let query = [query, &[("limit", limit.as_str()), ("offset", offset.as_str())]].concat();
        self.connection().get(path, &query).await
    }

    /// Returns one record. `doing` follows "could not".
    ///
    /// # Errors
    /// Fails as reads do.
    pub async fn record(&self, path: Segments<'_>, doing: &str) -> Result<Record> {
        let path = [&["organizations", self.organization_id().await?.as_str()], path].concat();
        let read = self.connection().get::<Map<String, Value>>(&path, &[]).await;
        read.map(Record::new).map_err(|failure| explained(failure, doing))
    }

    /// Creates something and returns the platform's answer. It is not tried again when the platform may have acted, because
    /// equal requests make two things (`reference/astro-platform.md` 1.5).
    ///
    /// # Errors
    /// Fails with `Refused` when the platform does not want it, else as requests do.
    pub async fn create_record(&self, path: Segments<'_>, body: &Record, doing: &str) -> Result<Record> {
        self.sent(path, body, Repeat::OnlyIfUnseen, doing).await
    }

    /// Changes something and returns the platform's answer; an answer without a body is an empty record.
    ///
    /// # Errors
    /// Fails with `Refused` when the platform does not want it, else as requests do.
    pub async fn update_record(&self, path: Segments<'_>, body: &Record, doing: &str) -> Result<Record> {
        self.sent(path, body, Repeat::Safe, doing).await
    }

    async fn sent(&self, path: Segments<'_>, body: &Record, repeat: Repeat, doing: &str) -> Result<Record> {
        let path = [&["organizations", self.organization_id().await?.as_str()], path].concat();
        let sent = self.connection().post_any(&path, body.fields(), repeat).await;
        sent.map(Record::new).map_err(|failure| explained(failure, doing))
    }

    /// Removes something; what is gone already counts as removed.
    ///
    /// # Errors
    /// Fails with `Refused` when the platform does not want it, else as requests do.
    pub async fn remove_record(&self, path: Segments<'_>, doing: &str) -> Result<()> {
        let path = [&["organizations", self.organization_id().await?.as_str()], path].concat();
        self.connection().delete(&path).await.map_err(|failure| explained(failure, doing))
    }

    /// Sends any request and returns the body of its answer. Writes that may have acted are not tried again.
    ///
    /// # Errors
    /// Fails as requests do.
    pub async fn raw(&self, method: Method, path: Segments<'_>, query: Query<'_>, body: Option<&Value>) -> Result<Vec<u8>> {
        let doing = format!("call {method} {}", path.join("/"));
        let sent = self.connection().raw(method, path, query, body).await;
        sent.map_err(|failure| explained(failure, doing))
    }
}
