//! DAGs of an Airflow: where they come from, how they are found and paused.
//! It must not know Python: each file of a bundle is one DAG of the file's name, unless a line of it begins with `raise `, so
//! that it cannot be imported.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::archive;
use crate::refusal::Refusal;
use crate::rules::airflow_write::{Holds, Write};
use crate::rules::fields;
use crate::world::airflow::{Airflow, Dag, DagFile, ImportError};
use crate::world::deployment::Deployment;
use crate::world::state::World;

/// Environment variable that says whether new DAGs are paused; they are unless it says no.
const PAUSED_VARIABLE: &str = "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION";

/// Time between two rounds, by the processor's own clock, which runs ahead so that no test has to wait.
const ROUND: Duration = Duration::from_secs(30);

/// Makes a Deployment's DAGs those of the bundle that runs, if another one did; DAGs that stay keep their state.
pub fn refresh(world: &mut World, deployment_id: &str) {
    let Ok(deployment) = world.find_deployment(deployment_id) else { return };
    let running = deployment.dag_tarball_version.clone();
    if deployment.airflow.dags_version == running {
        return;
    }
    let bundle = running.as_ref().and_then(|version| world.blobs.version(version));
    let files = match (&running, bundle) {
        (None, _) => Some(Vec::new()),
        // Nobody can say what a bundle holds that the store does not have.
        (Some(_), None) => None,
        (Some(_), Some(bundle)) => Some(python_files(&bundle)),
    };
    let is_paused = pauses_new_dags(deployment);
    let Ok(deployment) = world.find_deployment_mut(deployment_id) else { return };
    let airflow = &mut deployment.airflow;
    if let Some(files) = files {
        let state = |dag_id: &str| airflow.dags.iter().find(|dag| dag.dag_id == dag_id).map(|dag| dag.is_paused);
        let dag = |file: &DagFile| {
            let known = state(&file.dag_id);
            let reads = airflow.parsing.reads(&file.file) && file.trace.is_none();
            let is_paused = known.unwrap_or(is_paused);
            (known.is_some() || reads).then(|| Dag { dag_id: file.dag_id.clone(), file: file.file.clone(), is_paused })
        };
        airflow.dags = files.iter().filter_map(dag).collect();
        airflow.files = files;
    }
    airflow.dags_version = running;
}

/// Reads the files of the bundle once more, as a processor does at intervals: each attempt leaves its time, on the DAG or on
/// the import error.
pub fn parse_round(airflow: &mut Airflow, now: Timestamp) {
    let interval = SignedDuration::try_from(ROUND).unwrap_or(SignedDuration::ZERO);
    let next = airflow.round.and_then(|round| round.saturating_add(interval).ok());
    let at = next.map_or(now, |next| next.max(now));
    airflow.round = Some(at);
    let running = &airflow.files;
    airflow.import_errors.retain(|error| error.is_lasting || running.iter().any(|file| file.file == error.filename));
    for file in airflow.files.clone().into_iter().filter(|file| airflow.parsing.reads(&file.file)) {
        let id = airflow.import_errors.iter().map(|error| error.id).max().unwrap_or_default() + 1;
        let known = airflow.import_errors.iter_mut().find(|error| error.filename == file.file);
        match (file.trace, known) {
            (Some(trace), Some(known)) => (known.stack_trace, known.timestamp) = (trace, at),
            (Some(stack_trace), None) => {
                let filename = file.file;
                airflow.import_errors.push(ImportError { id, timestamp: at, filename, stack_trace, is_lasting: false });
            }
            (None, _) => {
                airflow.import_errors.retain(|error| error.is_lasting || error.filename != file.file);
                airflow.parsed.insert(file.dag_id, at);
            }
        }
    }
}

/// Returns a DAG.
pub fn find<'a>(airflow: &'a Airflow, dag_id: &str) -> Result<&'a Dag, Refusal> {
    airflow.dags.iter().find(|dag| dag.dag_id == dag_id).ok_or_else(|| missing(dag_id))
}

/// Returns the DAGs whose id contains a pattern, by id.
pub fn list(airflow: &Airflow, pattern: Option<&str>) -> Vec<Dag> {
    let pattern = pattern.map(|pattern| format!("%{}%", pattern.to_lowercase()));
    let fits = |dag: &&Dag| pattern.as_deref().is_none_or(|pattern| is_like(&dag.dag_id.to_lowercase(), pattern));
    let mut dags: Vec<Dag> = airflow.dags.iter().filter(fits).cloned().collect();
    dags.sort_by(|one, other| one.dag_id.cmp(&other.dag_id));
    dags
}

/// Pauses a DAG, or lets it run.
pub fn update(airflow: &mut Airflow, dag_id: &str, write: &Write<'_>) -> Result<Dag, Refusal> {
    write.check(&[("is_paused", Holds::Flag)], &["is_paused"])?;
    if !write.mask.is_empty() && write.mask != ["is_paused"] {
        return Err(Refusal::invalid("Only `is_paused` field can be updated through the REST API"));
    }
    let dag = airflow.dags.iter_mut().find(|dag| dag.dag_id == dag_id).ok_or_else(|| missing(dag_id))?;
    dag.is_paused = fields::flag(write.body, "is_paused").unwrap_or(dag.is_paused);
    Ok(dag.clone())
}

fn missing(dag_id: &str) -> Refusal {
    Refusal::new(404, "NOT_FOUND", format!("Dag with id: {dag_id} was not found"))
}

fn pauses_new_dags(deployment: &Deployment) -> bool {
    let mut variables = deployment.environment_variables.iter();
    let said = variables.find(|variable| variable.key == PAUSED_VARIABLE).map(|variable| variable.value.to_lowercase());
    !said.is_some_and(|said| matches!(said.as_str(), "f" | "false" | "0"))
}

/// Returns id and path of each Python file; a bundle that cannot be read has none, and of two with one name the first counts.
fn python_files(bundle: &[u8]) -> Vec<DagFile> {
    let mut files: Vec<DagFile> = Vec::new();
    for member in archive::members(bundle).unwrap_or_default() {
        let path = member.path.trim_start_matches("./");
        let path = path.strip_prefix("dags/").unwrap_or(path);
        let name = path.rsplit('/').next().unwrap_or(path);
        let Some(dag_id) = name.strip_suffix(".py").filter(|dag_id| !matches!(*dag_id, "" | "__init__")) else { continue };
        if member.link.is_none() && !files.iter().any(|known| known.dag_id == dag_id) {
            let trace = trace(path, &member.bytes);
            files.push(DagFile { dag_id: dag_id.to_owned(), file: path.to_owned(), trace });
        }
    }
    files
}

/// Returns what Python would say about a file that cannot be imported.
fn trace(path: &str, bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let (index, line) = text.lines().enumerate().find(|(_, line)| line.starts_with("raise "))?;
    let said = line.trim_start_matches("raise ");
    Some(format!(
        "Traceback (most recent call last):\n  File \"/usr/local/airflow/dags/{path}\", line {}, in <module>\n    {line}\n{said}\n",
        index + 1
    ))
}

/// Returns whether SQL's `LIKE` finds a text: `%` stands for anything and `_` for one character.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    // Which prefixes of the text the pattern fits so far.
    let mut fits = vec![false; text.len() + 1];
    if let Some(empty) = fits.first_mut() {
        *empty = true;
    }
    for wanted in pattern {
        if wanted == '%' {
            let first = fits.iter().position(|fit| *fit).unwrap_or(fits.len());
            fits.iter_mut().skip(first).for_each(|fit| *fit = true);
        } else {
            let mut next = vec![false];
            next.extend(text.iter().zip(&fits).map(|(letter, fit)| *fit && (wanted == '_' || wanted == *letter)));
            fits = next;
        }
    }
    fits.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::pack;
    use crate::world::airflow::Parsing;

    fn airflow(files: &[(&str, &str)]) -> Airflow {
        Airflow { files: python_files(&pack(files)), ..Airflow::default() }
    }

    #[test]
    fn each_round_leaves_its_time_on_what_it_found_and_on_what_it_could_not_import() {
        let broken = [("dags/a.py", "x = 1\n"), ("dags/b.py", "\nraise Oh(1)\n")];
        let mut airflow = airflow(&broken);
        let (first, second) = (Timestamp::from_second(100).unwrap(), Timestamp::from_second(130).unwrap());
        parse_round(&mut airflow, first);
        assert_eq!(airflow.parsed.get("a"), Some(&first));
        assert_eq!(airflow.parsed.get("b"), None);
        assert_eq!((airflow.import_errors.len(), airflow.import_errors[0].timestamp), (1, first));
        assert!(airflow.import_errors[0].stack_trace.contains("dags/b.py\", line 2, in <module>"));
        parse_round(&mut airflow, first);
        assert_eq!((airflow.parsed.get("a"), airflow.import_errors[0].timestamp), (Some(&second), second), "rounds take time");
        airflow.files = python_files(&pack(&[("dags/b.py", "x = 1\n")]));
        airflow.parsing = Parsing::Without(vec!["b.py".into()]);
        parse_round(&mut airflow, first);
        assert_eq!(airflow.import_errors.len(), 1, "nobody has read the mended file");
        airflow.parsing = Parsing::Prompt;
        parse_round(&mut airflow, first);
        assert!(airflow.import_errors.is_empty() && airflow.parsed.contains_key("b"));
    }
}
