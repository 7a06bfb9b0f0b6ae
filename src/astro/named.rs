//! Finds one thing of a list by its id or its exact name. It never guesses: several of one name are an error.

use crate::astro::client::AstroClient;
use crate::astro::connection::{Query, Segments};
use crate::error::{Error, Kind, Result};
use crate::model::nearest::nearest;
use crate::model::record::Record;

/// Most things named in an error.
const MOST_NAMED: usize = 10;

/// A list whose items have names.
#[derive(Debug, Clone, Copy)]
pub struct Collection {
    /// Its path below the Organization.
    pub path: Segments<'static>,
    /// What one of it is called, such as `Workspace`.
    pub what: &'static str,
    /// The field that holds the name.
    pub name: &'static str,
}

/// Deployments by name.
pub const DEPLOYMENTS: Collection = Collection { path: &["deployments"], what: "Deployment", name: "name" };
/// Workspaces by name.
pub const WORKSPACES: Collection = Collection { path: &["workspaces"], what: "Workspace", name: "name" };
/// Teams by name.
pub const TEAMS: Collection = Collection { path: &["teams"], what: "team", name: "name" };
/// Users by their e-mail address.
pub const USERS: Collection = Collection { path: &["users"], what: "user", name: "username" };
/// API tokens by name.
pub const TOKENS: Collection = Collection { path: &["tokens"], what: "API token", name: "name" };
/// Clusters by name.
pub const CLUSTERS: Collection = Collection { path: &["clusters"], what: "cluster", name: "name" };

impl AstroClient {
    /// Returns the one item with this id or exact name among those that the query leaves.
    ///
    /// # Errors
    /// Fails with `NotFound` when there is none, with the nearest name, or when there are several, with their ids.
    pub async fn find_record(&self, collection: &Collection, query: Query<'_>, wanted: &str) -> Result<Record> {
        let doing = format!("list the {}s", collection.what);
        let all = self.records(collection.path, query, &doing).await?;
        one_of(collection, all, wanted)
    }
}

/// Returns the one record with this id or exact name.
///
/// # Errors
/// As `find_record`.
pub fn one_of(collection: &Collection, all: Vec<Record>, wanted: &str) -> Result<Record> {
    let missing = |cause: String| Error::new(Kind::NotFound, format!("find the {} `{wanted}`", collection.what)).because(cause);
    let names: Vec<String> = all.iter().map(|record| record.text(collection.name).to_owned()).collect();
    if let Some(found) = all.iter().find(|record| record.id() == wanted) {
        return Ok(found.clone());
    }
    let mut named: Vec<Record> = all.into_iter().filter(|record| record.text(collection.name) == wanted).collect();
    match (named.pop(), named.len()) {
        (Some(only), 0) => Ok(only),
        (Some(last), _) => {
            let ids: Vec<&str> = named.iter().chain([&last]).take(MOST_NAMED).map(Record::id).collect();
            Err(missing(format!("several have this name: {}", ids.join(", "))).hint("say which one is meant by its id"))
        }
        (None, _) if names.is_empty() => Err(missing(format!("the token sees no {} there", collection.what))),
        (None, _) => {
            let error = missing(format!("none of the {} that the token sees has this id or name", names.len()));
            match nearest(wanted, names.iter().map(String::as_str)) {
                Some(near) => Err(error.hint(format!("did you mean `{near}`?"))),
                None => Err(error.hint("check the name, which must match exactly, and that the token may see it")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn teams(all: &[(&str, &str)]) -> Vec<Record> {
        all.iter().filter_map(|(id, name)| Record::of(json!({"id": id, "name": name}))).collect()
    }

    #[test]
    fn an_id_or_an_exact_name_finds_one() {
        let all = [("t1", "Data"), ("t2", "data"), ("t3", "Ops"), ("t4", "Ops")];
        for (wanted, found) in [("t3", "t3"), ("Data", "t1"), ("data", "t2")] {
            assert_eq!(one_of(&TEAMS, teams(&all), wanted).expect("found").id(), found, "{wanted}");
        }
        for (wanted, said) in
            [("Ops", "several have this name: t3, t4"), ("Dota", "did you mean `Data`?"), ("x", "none of the 4")]
        {
            let error = one_of(&TEAMS, teams(&all), wanted).expect_err("an error");
            assert_eq!(error.kind(), Kind::NotFound);
            assert!(error.to_string().contains(said), "{error}");
        }
        assert!(one_of(&TEAMS, Vec::new(), "x").expect_err("an error").to_string().contains("sees no team"));
    }
}
