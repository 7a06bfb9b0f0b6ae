//! What Airflow's API reads and writes, as both versions spell it.
//! It sends nothing. A password is never kept: only whether there is one.
//!
//! Measured on 2.11.0 and 3.1.8:
//! - A change needs `connection_id` and `conn_type` (3) and `key` and `value` (2 and 3) in its body even when the mask leaves
//!   them out.
//! - Airflow 2 wants one `update_mask` with commas and follows only the last of several; Airflow 3 wants several, and
//!   changes nothing for one with commas, but answers 200 as well.
//! - Airflow 2 knows no `value` in a variable's mask. Without a mask it changes only what the body names.
//! - Airflow 2 refuses a variable whose description is null, Airflow 3 a pool's change of `default_pool` without a mask.

use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::airflow::address::ApiVersion;
use crate::model::airflow::{
    AirflowDag, Connection, Extra, Field, ImportError, Object, Password, Paused, Pool, Spelling, Variable,
};
use crate::model::secret::Secret;

/// One page of a list.
#[derive(Deserialize)]
pub struct Page<T> {
    /// The items.
    #[serde(
        alias = "connections",
        alias = "variables",
        alias = "pools",
        alias = "import_errors",
        alias = "dags",
        alias = "task_instances"
    )]
    pub items: Vec<T>,
    /// How many there are on all pages.
    #[serde(default)]
    pub total_entries: usize,
}

/// What an Airflow says about itself.
#[derive(Deserialize)]
pub struct Version {
    /// Its version.
    pub version: String,
}

/// How an Airflow is.
#[derive(Deserialize)]
pub struct Health {
    /// Its database.
    pub metadatabase: Component,
    /// The scheduler, which reads the files of DAGs unless a processor does.
    pub scheduler: Option<Beating>,
    /// The DAG processor, where there is one.
    pub dag_processor: Option<Beating>,
}

/// When a part of an Airflow gave a sign of life.
#[derive(Deserialize)]
pub struct Beating {
    #[serde(alias = "latest_scheduler_heartbeat", alias = "latest_dag_processor_heartbeat")]
    beat: Option<String>,
}

impl Health {
    /// Returns the newest sign of life of what may read the files of DAGs.
    #[must_use]
    pub fn beat(&self) -> Option<Timestamp> {
        let beats = [&self.scheduler, &self.dag_processor].into_iter().flatten();
        beats.filter_map(|part| part.beat.as_deref().and_then(|text| text.parse().ok())).max()
    }
}

/// How a part of an Airflow is.
#[derive(Deserialize)]
pub struct Component {
    /// `healthy` or another word.
    pub status: Option<String>,
}

/// A connection. Airflow 2 leaves out `password` always and `extra` in lists; Airflow 3 masks both.
#[derive(Deserialize)]
pub struct WireConnection {
    connection_id: String,
    conn_type: Option<String>,
    description: Option<String>,
    host: Option<String>,
    login: Option<String>,
    schema: Option<String>,
    port: Option<i64>,
    #[serde(default, deserialize_with = "named")]
    password: Option<Option<IgnoredAny>>,
    #[serde(default, deserialize_with = "named")]
    extra: Option<Option<Text>>,
}

/// A variable.
#[derive(Deserialize)]
pub struct WireVariable {
    key: String,
    value: Option<Text>,
    description: Option<String>,
    /// Only Airflow 3 says it, which also writes JSON anew.
    is_encrypted: Option<IgnoredAny>,
}

/// A pool.
#[derive(Deserialize)]
pub struct WirePool {
    name: String,
    slots: i64,
    description: Option<String>,
    #[serde(default)]
    include_deferred: bool,
}

/// A DAG.
#[derive(Deserialize)]
pub struct WireDag {
    dag_id: String,
    is_paused: Option<bool>,
    fileloc: Option<String>,
    /// Only Airflow 3 has it.
    relative_fileloc: Option<String>,
    last_parsed_time: Option<String>,
}

/// A file that could not be read.
#[derive(Deserialize)]
pub struct WireImportError {
    filename: Option<String>,
    stack_trace: Option<String>,
    timestamp: Option<String>,
}

/// A text that goes into a `Secret` at once.
struct Text(Secret);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

/// Tells null from absent.
fn named<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl From<WireConnection> for Object {
    fn from(wire: WireConnection) -> Self {
        let password = match wire.password {
            None => Password::Unknown,
            Some(None) => Password::Absent,
            Some(Some(_)) => Password::Present,
        };
        let extra = match wire.extra {
            None => Extra::Unknown,
            Some(Some(Text(text))) if !text.is_empty() => Extra::Text(text),
            Some(_) => Extra::Absent,
        };
        Self::Connection(Connection {
            id: wire.connection_id,
            conn_type: wire.conn_type.unwrap_or_default(),
            description: wire.description,
            host: wire.host,
            login: wire.login,
            schema: wire.schema,
            port: wire.port,
            password,
            extra,
        })
    }
}

impl From<WireVariable> for Object {
    fn from(wire: WireVariable) -> Self {
        let value = wire.value.map_or_else(|| Secret::new(""), |Text(value)| value);
        let spelling = if wire.is_encrypted.is_some() { Spelling::Rewritten } else { Spelling::Stored };
        Self::Variable(Variable { key: wire.key, value, description: wire.description, spelling })
    }
}

impl From<WirePool> for Object {
    fn from(wire: WirePool) -> Self {
        let WirePool { name, slots, description, include_deferred } = wire;
        Self::Pool(Pool { name, slots, description, include_deferred })
    }
}

impl From<WireDag> for AirflowDag {
    fn from(wire: WireDag) -> Self {
        let paused = if wire.is_paused.unwrap_or_default() { Paused::Yes } else { Paused::No };
        let file = wire.relative_fileloc.or(wire.fileloc).unwrap_or_default();
        Self { id: wire.dag_id, paused, file, parsed: wire.last_parsed_time.and_then(|text| text.parse().ok()) }
    }
}

impl From<WireImportError> for ImportError {
    fn from(wire: WireImportError) -> Self {
        Self {
            file: wire.filename.unwrap_or_default(),
            stack_trace: wire.stack_trace.unwrap_or_default(),
            seen: wire.timestamp.and_then(|text| text.parse().ok()),
        }
    }
}

/// Returns the body that creates an object: everything that is known of it, and no null.
#[must_use]
pub fn creation(object: &Object) -> Map<String, Value> {
    let fields: &[Field] = match object {
        Object::Connection(_) => {
            &[Field::ConnType, Field::Description, Field::Host, Field::Login, Field::Schema, Field::Port, Field::Extra]
        }
        Object::Variable(_) => &[Field::Value, Field::Description],
        Object::Pool(_) => &[Field::Slots, Field::Description, Field::IncludeDeferred],
    };
    let mut body = values(object, fields);
    body.retain(|_, value| !value.is_null());
    body.insert(key(object).to_owned(), object.name().into());
    body
}

/// Returns the body and the query that change exactly these fields of an object.
#[must_use]
pub fn change(object: &Object, fields: &[Field], version: ApiVersion) -> (Map<String, Value>, Vec<(&'static str, String)>) {
    let mut body = values(object, fields);
    match object {
        Object::Connection(_) => body.extend(values(object, &[Field::ConnType])),
        Object::Variable(_) => body.extend(values(object, &[Field::Value])),
        Object::Pool(_) => {}
    }
    body.insert(key(object).to_owned(), object.name().into());
    let names = fields.iter().map(|field| field.name());
    let masks = match (version, object) {
        (ApiVersion::V1, Object::Variable(_)) => {
            if let Some(description) = body.get_mut(Field::Description.name()).filter(|value| value.is_null()) {
                *description = "".into();
            }
            Vec::new()
        }
        (ApiVersion::V1, _) => vec![names.collect::<Vec<_>>().join(",")],
        (ApiVersion::V2, _) => names.map(str::to_owned).collect(),
    };
    (body, masks.into_iter().map(|mask| ("update_mask", mask)).collect())
}

const fn key(object: &Object) -> &'static str {
    match object {
        Object::Connection(_) => "connection_id",
        Object::Variable(_) => "key",
        Object::Pool(_) => "name",
    }
}

fn values(object: &Object, fields: &[Field]) -> Map<String, Value> {
    fields.iter().filter_map(|field| Some((field.name().to_owned(), value(object, *field)?))).collect()
}

/// Returns the value of a field, if the object has such a field and its value is known.
fn value(object: &Object, field: Field) -> Option<Value> {
    Some(match (object, field) {
        (Object::Connection(connection), Field::ConnType) => json!(connection.conn_type),
        (Object::Connection(connection), Field::Description) => json!(connection.description),
        (Object::Connection(connection), Field::Host) => json!(connection.host),
        (Object::Connection(connection), Field::Login) => json!(connection.login),
        (Object::Connection(connection), Field::Schema) => json!(connection.schema),
        (Object::Connection(connection), Field::Port) => json!(connection.port),
        (Object::Connection(connection), Field::Extra) => match &connection.extra {
            Extra::Absent => Value::Null,
            Extra::Text(text) => json!(text.expose()),
            Extra::Unknown => return None,
        },
        (Object::Variable(variable), Field::Value) => json!(variable.value.expose()),
        (Object::Variable(variable), Field::Description) => json!(variable.description),
        (Object::Pool(pool), Field::Slots) => json!(pool.slots),
        (Object::Pool(pool), Field::Description) => json!(pool.description),
        (Object::Pool(pool), Field::IncludeDeferred) => json!(pool.include_deferred),
        _ => return None,
    })
}
