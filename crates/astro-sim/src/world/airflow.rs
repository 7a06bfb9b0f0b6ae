//! What the Airflow of a Deployment holds: connections, variables, pools, DAGs and import errors.
//! It must not know which version of the REST API shows it, nor the rules that change it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use crate::world::airflow_runs::Runs;

/// The pool that every Airflow has.
pub const DEFAULT_POOL: &str = "default_pool";
/// Slots of the pool that every Airflow has.
const DEFAULT_SLOTS: i64 = 128;

/// A connection. What Airflow's API leaves out is `None`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// Its name, unique within the Airflow.
    pub id: String,
    /// Such as `postgres`.
    pub conn_type: String,
    /// Free text.
    pub description: Option<String>,
    /// Host.
    pub host: Option<String>,
    /// Schema, or a database's name.
    pub schema: Option<String>,
    /// User.
    pub login: Option<String>,
    /// Password; never answered in clear.
    pub password: Option<String>,
    /// Port.
    pub port: Option<i64>,
    /// Further fields as the text of a JSON object; secret ones are never answered in clear.
    pub extra: Option<String>,
}

impl Connection {
    /// Returns a bare connection.
    pub fn named(id: &str, conn_type: &str) -> Connection {
        Connection { id: id.into(), conn_type: conn_type.into(), ..Connection::default() }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Connection");
        shown.field("id", &self.id).field("conn_type", &self.conn_type).finish_non_exhaustive()
    }
}

/// A variable.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name, unique within the Airflow.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Free text.
    pub description: Option<String>,
}

impl Variable {
    /// Returns a variable without a description.
    pub fn named(key: &str, value: &str) -> Variable {
        Variable { key: key.into(), value: value.into(), description: None }
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Variable").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A pool. Nothing ever runs in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Its name, unique within the Airflow.
    pub name: String,
    /// Most tasks at a time; -1 means any number.
    pub slots: i64,
    /// Free text.
    pub description: Option<String>,
    /// Whether deferred tasks take slots.
    pub include_deferred: bool,
}

/// A DAG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dag {
    /// Its name, unique within the Airflow.
    pub dag_id: String,
    /// The file it comes from, below the DAGs folder.
    pub file: String,
    /// Whether it is paused.
    pub is_paused: bool,
}

/// A file that could not be read as DAGs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError {
    /// Number, unique within the Airflow.
    pub id: u64,
    /// When it was found.
    pub timestamp: Timestamp,
    /// The file, below the DAGs folder.
    pub filename: String,
    /// What Python said.
    pub stack_trace: String,
    /// Whether it stays whatever is deployed, as one of another DAG bundle does.
    pub is_lasting: bool,
}

/// How an Airflow reads the files of its DAGs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Parsing {
    /// All of them in every round.
    #[default]
    Prompt,
    /// None any more.
    Never,
    /// All but these, which stay as they were; paths below the DAGs folder.
    Without(Vec<String>),
}

impl Parsing {
    /// Returns whether a file is read.
    pub fn reads(&self, file: &str) -> bool {
        match self {
            Parsing::Prompt => true,
            Parsing::Never => false,
            Parsing::Without(files) => !files.iter().any(|it| it == file),
        }
    }
}

/// A file of the bundle that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DagFile {
    /// The DAG that it makes.
    pub dag_id: String,
    /// Its path below the DAGs folder.
    pub file: String,
    /// What Python says when the file cannot be imported.
    pub trace: Option<String>,
}

/// One Airflow.
#[derive(Clone, Debug)]
pub struct Airflow {
    /// Connections in the order of their creation.
    pub connections: Vec<Connection>,
    /// Variables in the order of their creation.
    pub variables: Vec<Variable>,
    /// Pools in the order of their creation.
    pub pools: Vec<Pool>,
    /// DAGs.
    pub dags: Vec<Dag>,
    /// Their runs.
    pub runs: Runs,
    /// Files that could not be read.
    pub import_errors: Vec<ImportError>,
    /// How files are read.
    pub parsing: Parsing,
    /// The files of the bundle that runs.
    pub files: Vec<DagFile>,
    /// When DAGs were last found in their files, by id.
    pub parsed: BTreeMap<String, Timestamp>,
    /// When the files were last read.
    pub round: Option<Timestamp>,
    /// The DAG bundle that the DAGs were read from.
    pub dags_version: Option<String>,
    /// Further requests that find no webserver although the Deployment is there.
    pub webserver_lag: u32,
}

impl Default for Airflow {
    /// Returns an Airflow with nothing but the pool that each has.
    fn default() -> Airflow {
        let pool = Pool {
            name: DEFAULT_POOL.into(),
            slots: DEFAULT_SLOTS,
            description: Some("Default pool".into()),
            include_deferred: false,
        };
        Airflow {
            connections: Vec::new(),
            variables: Vec::new(),
            pools: vec![pool],
            dags: Vec::new(),
            runs: Runs::default(),
            import_errors: Vec::new(),
            parsing: Parsing::default(),
            files: Vec::new(),
            parsed: BTreeMap::new(),
            round: None,
            dags_version: None,
            webserver_lag: 0,
        }
    }
}
