//! What an Airflow keeps beside its DAGs: connections, variables and pools, as plain data.
//! It knows no version of Airflow's API; what may hold a secret cannot be printed.

use std::fmt;

use jiff::Timestamp;

use crate::model::secret::Secret;

/// The pool that every Airflow has. Only its slots and its `include_deferred` can be changed.
pub const DEFAULT_POOL: &str = "default_pool";

/// The kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// Connections, by their id.
    Connection,
    /// Airflow variables, by their key.
    Variable,
    /// Pools, by their name.
    Pool,
}

impl ObjectKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Connection, Self::Variable, Self::Pool];

    /// Returns the word for one of them.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Variable => "variable",
            Self::Pool => "pool",
        }
    }

    /// Returns the word for several of them.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Connection => "connections",
            Self::Variable => "variables",
            Self::Pool => "pools",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a connection has a password, which Airflow tells or not; the password itself it never tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Password {
    /// It has none.
    Absent,
    /// It has one.
    Present,
    /// Airflow 2 does not tell.
    Unknown,
}

/// A connection's extra settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extra {
    /// It has none.
    Absent,
    /// A text, by convention a JSON object, in which Airflow replaces secrets by `***`.
    Text(Secret),
    /// Airflow does not tell.
    Unknown,
}

/// A connection without its password. `Debug` shows its id and its type only: a host or a login may be a credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Connection {
    /// The id.
    pub id: String,
    /// The type, such as `postgres`.
    pub conn_type: String,
    /// The description.
    pub description: Option<String>,
    /// The host.
    pub host: Option<String>,
    /// The user's name.
    pub login: Option<String>,
    /// The schema, such as the name of a database.
    pub schema: Option<String>,
    /// The port; Airflow bounds it by nothing.
    pub port: Option<i64>,
    /// Whether it has a password.
    pub password: Password,
    /// The extra settings.
    pub extra: Extra,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("id", &self.id).field("conn_type", &self.conn_type).finish_non_exhaustive()
    }
}

/// An Airflow variable. Airflow 3 replaces what looks like a secret by `***`; Airflow 2 shows everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Secret,
    /// The description.
    pub description: Option<String>,
    /// How exactly the value is known.
    pub spelling: Spelling,
}

/// How exactly a variable's value is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// As it is stored.
    Stored,
    /// JSON is written anew, as by Airflow 3, so that a stored `2.10` reads `2.1`.
    Rewritten,
}

/// A pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// The name.
    pub name: String,
    /// The number of slots; -1 for no limit.
    pub slots: i64,
    /// The description.
    pub description: Option<String>,
    /// Whether deferred tasks take slots.
    pub include_deferred: bool,
}

/// An object of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// A connection.
    Connection(Connection),
    /// A variable.
    Variable(Variable),
    /// A pool.
    Pool(Pool),
}

impl Object {
    /// Returns its kind.
    #[must_use]
    pub const fn kind(&self) -> ObjectKind {
        match self {
            Self::Connection(_) => ObjectKind::Connection,
            Self::Variable(_) => ObjectKind::Variable,
            Self::Pool(_) => ObjectKind::Pool,
        }
    }

    /// Returns its name: a connection's id, a variable's key.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Connection(connection) => &connection.id,
            Self::Variable(variable) => &variable.key,
            Self::Pool(pool) => &pool.name,
        }
    }
}

/// A part of an object that can be changed. There is none for passwords: Airflow never tells them, so none can be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// A connection's type.
    ConnType,
    /// Anything's description.
    Description,
    /// A connection's host.
    Host,
    /// A connection's login.
    Login,
    /// A connection's schema.
    Schema,
    /// A connection's port.
    Port,
    /// A connection's extra settings.
    Extra,
    /// A variable's value.
    Value,
    /// A pool's slots.
    Slots,
    /// Whether a pool counts deferred tasks.
    IncludeDeferred,
}

impl Field {
    /// Returns Airflow's name of the field.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConnType => "conn_type",
            Self::Description => "description",
            Self::Host => "host",
            Self::Login => "login",
            Self::Schema => "schema",
            Self::Port => "port",
            Self::Extra => "extra",
            Self::Value => "value",
            Self::Slots => "slots",
            Self::IncludeDeferred => "include_deferred",
        }
    }
}

/// Whether a DAG's schedule rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paused {
    /// Nothing of it is scheduled.
    Yes,
    /// It runs by its schedule.
    No,
}

/// A DAG as Airflow knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AirflowDag {
    /// Its id.
    pub id: String,
    /// Whether it is paused.
    pub paused: Paused,
    /// The file that it comes from: absolute on Airflow 2, relative to its DAG bundle on Airflow 3.
    pub file: String,
    /// When Airflow last read that file and found the DAG in it; `None` before the first time.
    pub parsed: Option<Timestamp>,
}

/// What an Airflow made of its files of DAGs at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look {
    /// The DAGs that it has, without those whose file is gone.
    pub dags: Vec<AirflowDag>,
    /// The files that it could not import.
    pub errors: Vec<ImportError>,
    /// The newest sign of life of what reads the files, by Airflow's own clock.
    pub beat: Option<Timestamp>,
}

/// A file of DAGs that Airflow could not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    /// The file: absolute on Airflow 2, relative to its DAG bundle on Airflow 3.
    pub file: String,
    /// Python's traceback.
    pub stack_trace: String,
    /// When Airflow last read the file and failed, which moves with every try; `None` when it does not say so in a way that
    /// can be read.
    pub seen: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_credential_cannot_be_printed() {
        let hush = || Some("hush".to_owned());
        let connection = Connection {
            id: "db".to_owned(),
            conn_type: "http".to_owned(),
            description: hush(),
            host: hush(),
            login: hush(),
            schema: hush(),
            port: Some(1),
            password: Password::Present,
            extra: Extra::Text(Secret::new("hush")),
        };
        let variable =
            Variable { key: "v".to_owned(), value: Secret::new("hush"), description: None, spelling: Spelling::Stored };
        let text = format!("{:?} {:?}", Object::Connection(connection), Object::Variable(variable));
        assert!(text.contains("\"db\"") && text.contains("\"v\"") && !text.contains("hush"), "{text}");
    }
}
