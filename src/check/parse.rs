//! Lets Airflow import every DAG file, and says which of them it could not import, and why.
//! A file that hangs or ends Python costs its own time; the others are imported all the same.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::check::exceptions::{self, exceptions};
use crate::check::lab::{Lab, Round};
use crate::error::{Error, Kind, Result};
use crate::model::check::{Case, CaseOutcome, Depth, Stage, sort};
use crate::model::dag::{Problem, Severity};
use crate::model::path::RelPath;
use crate::project::file;

/// The most runs of Python; each but the first follows a file that hung or ended it.
const MOST_ROUNDS: usize = 20;
/// How much longer than its limit a file may take before everything is ended.
const GRACE: Duration = Duration::from_secs(8);
/// The largest list of exceptions in bytes.
const LARGEST_LIST: usize = 1 << 20;

/// Imports every DAG file.
///
/// # Errors
/// `Kind::Project` when Python or Airflow cannot be started.
pub async fn parse(lab: &Lab<'_>) -> Result<Stage> {
    let started = Instant::now();
    let files = &lab.order.files;
    let mut found = Imported { with: String::new(), results: files.iter().map(|_| None).collect() };
    for _ in 0..MOST_ROUNDS {
        if found.results.iter().all(Option::is_some) {
            break;
        }
        let limit = lab.order.checks.parse_timeout;
        let round = lab.run(found.task(files, limit), limit + GRACE).await?;
        found.take(round, limit)?;
    }
    Ok(found.stage(lab, started))
}

/// What is known of the files so far.
struct Imported {
    with: String,
    results: Vec<Option<FileResult>>,
}

/// How a file fared.
#[derive(Debug, Default)]
struct FileResult {
    /// Airflow reads no DAGs from it.
    skipped: bool,
    seconds: f64,
    dags: Vec<String>,
    errors: Vec<ImportError>,
}

#[derive(Debug)]
struct ImportError {
    message: String,
    trace: String,
    /// Where, relative to the project.
    place: Option<(RelPath, usize)>,
}

impl Imported {
    fn task(&self, files: &[RelPath], limit: Duration) -> Map<String, Value> {
        let files: Vec<String> = files.iter().map(ToString::to_string).collect();
        let done: Vec<usize> = (0..files.len()).filter(|index| self.results.get(*index).is_some_and(Option::is_some)).collect();
        let task = json!({ "task": "parse", "files": files, "done": done, "limit": limit.as_secs_f64() });
        task.as_object().cloned().unwrap_or_default()
    }

    fn take(&mut self, round: Round, limit: Duration) -> Result<()> {
        for result in &round.heard.results {
            if let Some(airflow) = result["airflow"].as_str() {
                self.with = format!("Airflow {airflow} on Python {}", result["python"].as_str().unwrap_or_default());
            }
            let index = result["file"].as_u64().and_then(|index| usize::try_from(index).ok());
            if let Some(slot) = index.and_then(|index| self.results.get_mut(index)) {
                *slot = Some(file_result(result));
            }
        }
        if round.heard.ended {
            return Ok(());
        }
        let at = round.heard.at.filter(|index| self.results.get(*index).is_some_and(Option::is_none));
        let lines: Vec<String> = round.heard.tail.into();
        let Some(slot) = at.and_then(|index| self.results.get_mut(index)) else {
            let how = round.ended.map_or("it said nothing for too long".to_owned(), |ended| code(ended.code));
            return Err(Error::new(Kind::Project, "start Airflow for the check").because(format!("{how}\n{}", lines.join("\n"))));
        };
        let trace = lines.join("\n");
        let hung = round.ended.is_none() || round.heard.gave_up;
        let message = match round.ended {
            _ if hung => {
                format!("importing it took longer than {} s, and nothing but the end of Python stopped it", limit.as_secs_f64())
            }
            Some(ended) => format!("importing it ended Python ({})", code(ended.code)),
            None => String::new(),
        };
        *slot = Some(FileResult { errors: vec![ImportError { message, trace, place: None }], ..FileResult::default() });
        Ok(())
    }

    fn stage(self, lab: &Lab<'_>, started: Instant) -> Stage {
        let order = lab.order;
        let list = file::bytes(&order.project.join(exceptions::FILE), LARGEST_LIST).unwrap_or_default();
        let excepted = exceptions(&String::from_utf8_lossy(&list));
        let mut by_id: BTreeMap<String, RelPath> = BTreeMap::new();
        let (mut cases, mut problems) = (Vec::new(), Vec::new());
        for (path, result) in order.files.iter().zip(self.results) {
            let inner = order.dags.join(path);
            let file = order.in_repository.join(&inner);
            let mut result = result.unwrap_or_else(given_up);
            if result.skipped {
                continue;
            }
            for id in &result.dags {
                if let Some(first) = by_id.get(id).filter(|_| result.errors.is_empty()) {
                    let message = format!("the DAG id {id} is taken: {first} has it, too");
                    result.errors.push(ImportError { trace: message.clone(), message, place: None });
                    break;
                }
            }
            for id in result.dags {
                by_id.entry(id).or_insert_with(|| file.clone());
            }
            let outcome = match result.errors.first() {
                None => CaseOutcome::Passed,
                Some(_) if excepted.contains(&inner) => CaseOutcome::Skipped(format!("{} names it", exceptions::FILE)),
                Some(first) => {
                    problems.extend(result.errors.iter().map(|error| problem(error, &file, order.in_repository)));
                    CaseOutcome::Failed { message: first.message.clone(), detail: first.trace.clone() }
                }
            };
            cases.push(Case { name: file.to_string(), file, seconds: result.seconds, outcome });
        }
        sort(&mut problems);
        let (with, seconds) = (self.with + &lab.words(), started.elapsed().as_secs_f64());
        Stage { depth: Depth::Parse, with, cases, problems, dags: Some(by_id.len()), seconds }
    }
}

fn given_up() -> FileResult {
    let message = format!("not imported, because {MOST_ROUNDS} files before it hung or ended Python");
    FileResult { errors: vec![ImportError { trace: message.clone(), message, place: None }], ..FileResult::default() }
}

fn problem(error: &ImportError, file: &RelPath, in_repository: &RelPath) -> Problem {
    // Where the cause lies in another file, that is no place in this one.
    let place = error.place.as_ref().map(|(path, line)| (in_repository.join(path), *line));
    let (path, line, message) = match place {
        Some((path, line)) if path == *file => (path, Some(line), error.message.clone()),
        Some((path, line)) => (path, Some(line), format!("{} (imported by {file})", error.message)),
        None => (file.clone(), None, error.message.clone()),
    };
    Problem { file: path, line, column: None, message, severity: Severity::Error }
}

fn file_result(result: &Value) -> FileResult {
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let error = |error: &Value| ImportError {
        message: one_line(error["message"].as_str().unwrap_or_default()),
        trace: error["trace"].as_str().unwrap_or_default().to_owned(),
        place: error["path"]
            .as_str()
            .and_then(|path| RelPath::parse(path.as_bytes()))
            .zip(error["line"].as_u64().and_then(|line| usize::try_from(line).ok())),
    };
    FileResult {
        skipped: result["skipped"] == true,
        seconds: result["seconds"].as_f64().unwrap_or_default(),
        dags: texts(&result["dags"]),
        errors: result["errors"].as_array().into_iter().flatten().map(error).collect(),
    }
}

/// Returns a text on one line and of a length that people read.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 600;
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST { line } else { line.chars().take(LONGEST).chain(['…']).collect() }
}

fn code(code: Option<i32>) -> String {
    code.map_or_else(|| "ended by a signal".to_owned(), |code| format!("exit code {code}"))
}
