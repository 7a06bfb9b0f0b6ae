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
//! - The creation of what exists already is answered 409 by both, but for variables of Airflow 2, which it overwrites.
//! - `%2F` in a path is part of a name, except in pools and DAGs of Airflow 2 and DAGs of Airflow 3, which answer 404, as
//!   both do for a name with a line break.

use futures_util::{StreamExt as _, stream};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::airflow::address::{ApiVersion, is_segment};
use crate::airflow::pages;
use crate::airflow::rest::{Rest, explained};
use crate::airflow::wire::{Health, Version, WireConnection, WireDag, WireImportError, WirePool, WireVariable, change, creation};
use crate::error::{Error, Kind, Result};
use crate::http::exchange::Caller;
use crate::http::failure::Outcome;
use crate::http::retry::{Repeat, jitter};
use crate::model::airflow::{AirflowDag, Field, ImportError, Look, Object, ObjectKind, Paused};
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;

/// Requests under way at once where many are needed.
const AT_ONCE: usize = 4;

/// A client of one Airflow. Clones share the connection pool.
#[derive(Clone)]
pub struct AirflowClient {
    pub(crate) rest: Rest,
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
        self.version().await?;
        match self.health().await?.metadatabase.status.as_deref() {
            Some("healthy") => Ok(()),
            _ => Err(Error::new(Kind::Transfer, "read Airflow's health").because("Airflow does not reach its database")),
        }
    }

    /// Returns all objects of a kind.
    ///
    /// # Errors
    /// As `version`; `Kind::Transfer` for more than 20,000 of them, or 256 MiB.
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
        let doing = format!("read the {kind} `{}` of Airflow", name.escape_debug());
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
        self.create_from(object.kind(), object.name(), &creation(object)).await
    }

    /// Creates what a body says, as `create` does.
    ///
    /// # Errors
    /// As `find`.
    pub(crate) async fn create_from(&self, kind: ObjectKind, name: &str, body: &Map<String, Value>) -> Result<Creation> {
        let doing = format!("create the {kind} `{}` in Airflow", name.escape_debug());
        self.url_below(kind.plural(), name, &[], &doing)?;
        let mut tried = 1;
        loop {
            let failure = match self.rest.send(Method::POST, self.rest.url(&[kind.plural()], &[]), body).await {
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
        let (body, query) = change(object, fields, self.rest.version());
        let masks: Vec<String> = query.into_iter().map(|(_, mask)| mask).collect();
        self.update_from((object.kind(), object.name()), &body, &masks).await
    }

    /// Changes what a body and its update masks say.
    ///
    /// # Errors
    /// As `update`.
    pub(crate) async fn update_from(
        &self,
        (kind, name): (ObjectKind, &str),
        body: &Map<String, Value>,
        masks: &[String],
    ) -> Result<()> {
        let doing = format!("change the {kind} `{}` in Airflow", name.escape_debug());
        let query: Vec<(&str, &str)> = masks.iter().map(|mask| ("update_mask", mask.as_str())).collect();
        let url = self.url_below(kind.plural(), name, &query, &doing)?;
        self.rest.send(Method::PATCH, url, body).await.map(drop).map_err(|failure| explained(failure, doing))
    }

    /// Returns whether the API wants all fields of an update in one mask.
    #[must_use]
    pub fn takes_one_mask(&self) -> bool {
        self.rest.version() == ApiVersion::V1
    }

    /// Returns a DAG, if Airflow has parsed one of this id.
    ///
    /// # Errors
    /// As `find`.
    pub async fn dag(&self, id: &str) -> Result<Option<AirflowDag>> {
        let doing = format!("read the DAG `{}` of Airflow", id.escape_debug());
        let url = self.url_below("dags", id, &[], &doing)?;
        found::<WireDag, _>(self.rest.get(url).await, &doing)
    }

    /// Returns every DAG that Airflow has and shows to this token.
    ///
    /// # Errors
    /// As `version`.
    pub async fn dags(&self) -> Result<Vec<AirflowDag>> {
        let outcome = pages::all::<WireDag>(&self.rest, "dags").await;
        let read = outcome.map_err(|failure| explained(failure, "list Airflow's DAGs"))?;
        Ok(read.items.into_iter().map(Into::into).collect())
    }

    /// Pauses a DAG or lets it run.
    ///
    /// # Errors
    /// As `find`; `Kind::NotFound` when Airflow has parsed no such DAG.
    pub async fn set_paused(&self, id: &str, paused: Paused) -> Result<()> {
        let doing = match paused {
            Paused::Yes => format!("pause the DAG `{}`", id.escape_debug()),
            Paused::No => format!("unpause the DAG `{}`", id.escape_debug()),
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

    /// Returns what Airflow made of its files of DAGs: the DAGs it has, and what it could not import.
    ///
    /// The errors are read first. Whoever compares two looks must not take a DAG's old state for newer than its file's error.
    ///
    /// Read in the sources of 2.11.0 and 3.1: `last_parsed_time` of a DAG is set whenever its file was read and the DAG found
    /// in it, also when nothing changed; the `timestamp` of an import error is set anew whenever the file fails again. Both
    /// are taken when the result is stored, so a file that was read for long can be older than they say. Both lists leave
    /// out DAGs whose file is gone.
    ///
    /// # Errors
    /// As `version`.
    pub async fn look(&self) -> Result<Look> {
        let errors = self.import_errors().await?;
        let dags = self.dags().await?;
        // Without it only the first look is a little less exact.
        let health = self.health().await.inspect_err(|error| tracing::debug!(%error, "no sign of life is known")).ok();
        Ok(Look { dags, errors, beat: health.and_then(|health| health.beat()) })
    }

    async fn health(&self) -> Result<Health> {
        let path: &[&str] = match self.rest.version() {
            ApiVersion::V1 => &["health"],
            ApiVersion::V2 => &["monitor", "health"],
        };
        let outcome = self.rest.get::<Health>(self.rest.url(path, &[])).await;
        outcome.map_err(|failure| explained(failure, "read Airflow's health"))
    }

    /// Returns the address of an object.
    ///
    /// # Errors
    /// `Kind::Usage` for a name that cannot stand in an address.
    pub(crate) fn url_below(&self, list: &str, name: &str, query: &[(&str, &str)], doing: &str) -> Result<SafeUrl> {
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::env::snapshot::Env;
    use crate::http::client::{Options, build};
    use crate::http::scripted::{Reply, Script};
    use crate::model::airflow::{Connection, Extra, Password, Pool, Spelling, Variable};

    fn client(script: &Script, version: &str) -> AirflowClient {
        let mut caller = Caller::new(build(&Env::new([], PathBuf::new()), &Options::for_calls(None)).expect("a client"));
        caller.retry.first_delay = Duration::from_millis(1);
        caller.retry.tries = 3;
        AirflowClient::new(caller, &script.url(&format!("/d/api/{version}?x=y")), &Secret::new("hush")).expect("a client")
    }

    fn answer(status: u16, body: &str) -> Reply {
        Reply::Answer(status, "", body.to_owned())
    }

    fn first_lines(script: &Script) -> Vec<String> {
        let lines = script.requests().into_iter().map(|request| request.lines().next().unwrap_or_default().to_owned());
        lines.map(|line| line.trim_end_matches(" HTTP/1.1").to_owned()).collect()
    }

    fn body(script: &Script, index: usize) -> String {
        script.requests()[index].split("\r\n\r\n").nth(1).unwrap_or_default().to_owned()
    }

    fn pool(name: &str) -> Object {
        Object::Pool(Pool { name: name.to_owned(), slots: 3, description: None, include_deferred: true })
    }

    fn variable(key: &str) -> Object {
        let (key, value) = (key.to_owned(), Secret::new("hush-value"));
        Object::Variable(Variable { key, value, description: None, spelling: Spelling::Stored })
    }

    fn connection(extra: Extra) -> Object {
        Object::Connection(Connection {
            id: "c".to_owned(),
            conn_type: "http".to_owned(),
            description: None,
            host: Some("h".to_owned()),
            login: None,
            schema: None,
            port: None,
            password: Password::Present,
            extra,
        })
    }

    #[tokio::test]
    async fn lists_are_read_to_their_end_however_small_the_pages_are() {
        let page = |names: &str, total: usize| {
            let items: Vec<String> =
                names.chars().map(|name| format!(r#"{{"name":"{name}","slots":1,"description":null}}"#)).collect();
            answer(200, &format!(r#"{{"pools":[{}],"total_entries":{total}}}"#, items.join(",")))
        };
        for (replies, read, asked) in [
            (vec![page("ab", 3), page("c", 3)], "abc", 2),
            (vec![page("", 0)], "", 1),
            (vec![page("ab", 9), page("", 9)], "ab", 2),
            (vec![answer(503, ""), page("a", 1)], "a", 2),
        ] {
            let script = Script::start(replies).await;
            let listing = client(&script, "v2").list(ObjectKind::Pool).await.expect("a list");
            let names: String = listing.objects.iter().map(Object::name).collect();
            assert_eq!((names.as_str(), script.requests().len()), (read, asked));
            assert_eq!(first_lines(&script)[0], "GET /d/api/v2/pools?limit=100&offset=0");
            assert!(script.requests()[0].contains("authorization: Bearer hush\r\n"));
        }
    }

    #[tokio::test]
    async fn a_list_without_an_end_is_given_up() {
        let items = vec![r#"{"name":"p","slots":1,"description":null}"#; 10_000].join(",");
        let endless = answer(200, &format!(r#"{{"pools":[{items}],"total_entries":999999}}"#));
        let script = Script::start(vec![endless; 3]).await;
        let error = client(&script, "v2").list(ObjectKind::Pool).await.expect_err("too many");
        assert!(error.kind() == Kind::Transfer && error.to_string().contains("more than 20000 entries"), "{error}");
        assert_eq!(script.requests().len(), 2);
    }

    #[tokio::test]
    async fn airflow_2_tells_each_extra_for_itself_and_one_that_fails_stays_unknown() {
        let listed = |id: &str| format!(r#"{{"connection_id":"{id}","conn_type":"http","port":1}}"#);
        let list = format!(r#"{{"connections":[{},{}],"total_entries":2}}"#, listed("a"), listed("b"));
        let whole = r#"{"connection_id":"a","conn_type":"http","extra":"{}","port":null}"#;
        let script = Script::start(vec![answer(200, &list), answer(200, whole), answer(403, "")]).await;
        let listing = client(&script, "v1").list(ObjectKind::Connection).await.expect("a list");
        let extras: Vec<&Extra> = listing
            .objects
            .iter()
            .filter_map(|object| match object {
                Object::Connection(connection) => Some(&connection.extra),
                _ => None,
            })
            .collect();
        assert!(extras.contains(&&Extra::Unknown) && extras.contains(&&Extra::Text(Secret::new("{}"))), "{extras:?}");
        let mut asked = first_lines(&script);
        asked.sort();
        assert_eq!(asked[..2], ["GET /d/api/v1/connections/a", "GET /d/api/v1/connections/b"]);
    }

    #[tokio::test]
    async fn whether_there_is_a_password_is_known_and_the_password_is_not() {
        for (password, known) in
            [(r#","password":"***""#, Password::Present), (r#","password":null"#, Password::Absent), ("", Password::Unknown)]
        {
            let found = format!(r#"{{"connection_id":"c","conn_type":null,"extra":null{password}}}"#);
            let script = Script::start(vec![answer(200, &found)]).await;
            let found = client(&script, "v2").find(ObjectKind::Connection, "c").await.expect("an answer");
            let Some(Object::Connection(found)) = found else { panic!("a connection") };
            assert_eq!((found.password, found.extra), (known, Extra::Absent));
        }
    }

    #[tokio::test]
    async fn a_name_stays_one_segment_or_is_refused() {
        for (name, path) in [("a/b", "a%2Fb"), ("%2e%2e", "%252e%252e"), ("a b?c#d", "a%20b%3Fc%23d"), ("\u{fc}", "%C3%BC")] {
            let script = Script::start(vec![answer(404, "{}"), answer(200, "{}")]).await;
            let client = client(&script, "v2");
            assert_eq!(client.find(ObjectKind::Variable, name).await.expect("an answer"), None);
            client.update(&pool(name), &[Field::Slots]).await.expect("a change");
            let expected = [format!("GET /d/api/v2/variables/{path}"), format!("PATCH /d/api/v2/pools/{path}?update_mask=slots")];
            assert_eq!(first_lines(&script), expected);
        }
        let script = Script::start(Vec::new()).await;
        let client = client(&script, "v2");
        for name in ["", ".", ".."] {
            let outcomes = [
                client.find(ObjectKind::Pool, name).await.err(),
                client.create(&pool(name)).await.err(),
                client.update(&pool(name), &[Field::Slots]).await.err(),
                client.dag(name).await.err(),
                client.set_paused(name, Paused::No).await.err(),
            ];
            assert!(outcomes.iter().all(|error| error.as_ref().is_some_and(|error| error.kind() == Kind::Usage)), "{outcomes:?}");
        }
        assert_eq!(script.requests(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_change_names_its_fields_as_each_version_wants_it() {
        let fields = [Field::Host, Field::Port, Field::Extra];
        for (version, object, fields, query, sent) in [
            (
                "v1",
                connection(Extra::Absent),
                &fields[..],
                "connections/c?update_mask=host%2Cport%2Cextra",
                r#"{"conn_type":"http","connection_id":"c","extra":null,"host":"h","port":null}"#,
            ),
            (
                "v2",
                connection(Extra::Unknown),
                &fields[..2],
                "connections/c?update_mask=host&update_mask=port",
                r#"{"conn_type":"http","connection_id":"c","host":"h","port":null}"#,
            ),
            ("v1", variable("v"), &[Field::Description], "variables/v", r#"{"description":"","key":"v","value":"hush-value"}"#),
            (
                "v2",
                variable("v"),
                &[Field::Description],
                "variables/v?update_mask=description",
                r#"{"description":null,"key":"v","value":"hush-value"}"#,
            ),
            (
                "v1",
                pool("default_pool"),
                &[Field::Slots, Field::IncludeDeferred],
                "pools/default_pool?update_mask=slots%2Cinclude_deferred",
                r#"{"include_deferred":true,"name":"default_pool","slots":3}"#,
            ),
        ] {
            let script = Script::start(vec![answer(200, "{}")]).await;
            client(&script, version).update(&object, fields).await.expect("a change");
            assert_eq!(first_lines(&script), [format!("PATCH /d/api/{version}/{query}")]);
            assert_eq!(body(&script, 0), sent);
        }
    }

    #[tokio::test]
    async fn a_creation_has_no_null_and_no_password() {
        for (object, sent) in [
            (connection(Extra::Unknown), r#"{"conn_type":"http","connection_id":"c","host":"h"}"#),
            (
                connection(Extra::Text(Secret::new("{\"a\":1}"))),
                r#"{"conn_type":"http","connection_id":"c","extra":"{\"a\":1}","host":"h"}"#,
            ),
            (variable("v"), r#"{"key":"v","value":"hush-value"}"#),
            (pool("p"), r#"{"include_deferred":true,"name":"p","slots":3}"#),
        ] {
            let script = Script::start(vec![answer(201, "")]).await;
            assert_eq!(client(&script, "v2").create(&object).await.expect("a creation"), Creation::Created);
            assert_eq!(body(&script, 0), sent);
        }
    }

    #[tokio::test]
    async fn a_creation_without_an_answer_is_looked_up_before_it_is_sent_again() {
        let there = answer(200, r#"{"name":"p","slots":1,"description":null}"#);
        let gone = answer(404, "{}");
        let lost = answer(502, "<html>");
        for (replies, expected, asked) in [
            (vec![answer(409, "{}")], Some(Creation::Existed), "POST"),
            (vec![lost.clone(), there.clone()], Some(Creation::Lost), "POST GET"),
            (vec![Reply::Cut, there], Some(Creation::Lost), "POST GET"),
            (vec![lost.clone(), gone.clone(), answer(201, "")], Some(Creation::Created), "POST GET POST"),
            (vec![answer(429, ""), answer(201, "")], Some(Creation::Created), "POST POST"),
            (vec![lost.clone(), gone.clone(), lost.clone(), gone.clone(), lost, gone], None, "POST GET POST GET POST GET"),
            (vec![answer(422, "{}")], None, "POST"),
        ] {
            let script = Script::start(replies).await;
            let outcome = client(&script, "v2").create(&pool("p")).await;
            assert_eq!(outcome.ok(), expected, "{asked}");
            let methods: Vec<String> = first_lines(&script).iter().map(|line| line.split(' ').take(1).collect()).collect();
            assert_eq!(methods.join(" "), asked);
        }
    }

    #[tokio::test]
    async fn a_refusal_says_what_is_wrong_and_repeats_no_value() {
        for (status, reply, kind, told) in [
            (
                422,
                r#"{"detail":[{"loc":["body","port"],"msg":"Input should be a valid integer","input":"hush-value"}]}"#,
                Kind::Refused,
                "body.port: Input should be a valid integer",
            ),
            (400, r#"{"title":"Bad Request","detail":"'hush-value' is not of type 'integer'","status":400}"#, Kind::Refused, ""),
            (500, r#"{"title":"Broken","detail":"On instance: hush-value"}"#, Kind::Transfer, "Broken"),
            (500, "<html>hush-value", Kind::Transfer, "500"),
            (403, r#"{"detail":"Forbidden for hush"}"#, Kind::Refused, "Forbidden for [secret]"),
            (401, r#"{"title":"Unauthorized","detail":null}"#, Kind::Auth, "Unauthorized"),
            (404, r#"{"detail":"The Variable with key: `v` was not found"}"#, Kind::NotFound, "key: `v`"),
        ] {
            let script = Script::start(vec![answer(status, reply); 3]).await;
            let error = client(&script, "v2").update(&variable("v"), &[Field::Value]).await.expect_err("a refusal");
            let text = format!("{error} {error:?}");
            assert!(error.kind() == kind && text.contains(told) && !text.contains("hush"), "{text}");
        }
    }

    #[tokio::test]
    async fn an_answer_of_another_form_is_not_quoted() {
        let script = Script::start(vec![answer(200, r#"{"key":"v","value":{"hush":"hush-value"}}"#)]).await;
        let error = client(&script, "v2").find(ObjectKind::Variable, "v").await.expect_err("no variable");
        assert!(error.kind() == Kind::Transfer && !format!("{error:?}").contains("hush"), "{error}");
    }
}
