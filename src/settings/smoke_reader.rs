//! Reads the settings of smoke runs and checks their forms.
//! It knows what values are allowed, not how a DAG is run.

use std::time::Duration;

use crate::error::Result;
use crate::model::path::RelPath;
use crate::settings::json_text;
use crate::settings::parse::quoted;
use crate::settings::reader::Reader;
use crate::settings::smoke::{Conf, Smoke};

/// Most DAGs that are run.
const MOST: usize = 50;
/// Longest id of a DAG, as Airflow stores it.
const LONGEST_ID: usize = 250;

/// Reads the settings.
///
/// # Errors
/// Fails with `Kind::Usage` on too many DAGs, on an id that cannot be one, on a conf that is no JSON object, on a path that
/// leaves the project, and on no time at all.
pub fn smoke(reader: &Reader<'_>) -> Result<Smoke> {
    let mut dags: Vec<String> = Vec::new();
    for dag in reader.items("smoke-dags") {
        if matches!(dag.as_str(), "." | "..") || dag.len() > LONGEST_ID || dag.chars().any(char::is_control) {
            return Err(reader.wrong("smoke-dags", &format!("{} cannot be the id of a DAG", quoted(&dag))));
        }
        if !dags.contains(&dag) {
            dags.push(dag);
        }
    }
    if dags.len() > MOST {
        return Err(reader.wrong("smoke-dags", &format!("{} DAGs are too many; at most {MOST} are run", dags.len())));
    }
    let timeout = reader.duration("smoke-timeout").filter(|time| *time >= Duration::from_secs(1));
    let timeout = timeout.ok_or_else(|| reader.wrong("smoke-timeout", "expected a second at least"))?;
    Ok(Smoke { dags, conf: conf(reader)?, timeout })
}

fn conf(reader: &Reader<'_>) -> Result<Conf> {
    let text = reader.word("smoke-conf");
    let Some(path) = text.strip_prefix('@') else {
        return json_text::object(text).map(Conf::Given).map_err(|why| reader.wrong("smoke-conf", &why));
    };
    match RelPath::parse(path.as_bytes()).filter(|path| !path.is_root()) {
        Some(path) => Ok(Conf::File(path)),
        None => Err(reader.wrong("smoke-conf", &format!("{} is no path of a file inside the project", quoted(path)))),
    }
}
