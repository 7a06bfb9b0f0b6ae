//! DAGs of an Airflow: where they come from, how they are found and paused.
//! It must not know Python: each file of a bundle is one DAG of the file's name.

use crate::archive;
use crate::refusal::Refusal;
use crate::rules::airflow_write::{Holds, Write};
use crate::rules::fields;
use crate::world::airflow::{Airflow, Dag};
use crate::world::deployment::Deployment;
use crate::world::state::World;

/// Environment variable that says whether new DAGs are paused; they are unless it says no.
const PAUSED_VARIABLE: &str = "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION";

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
        let dag = |(dag_id, file): (String, String)| {
            let is_paused = state(&dag_id).unwrap_or(is_paused);
            Dag { dag_id, file, is_paused }
        };
        airflow.dags = files.into_iter().map(dag).collect();
    }
    airflow.dags_version = running;
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
fn python_files(bundle: &[u8]) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for member in archive::members(bundle).unwrap_or_default() {
        let path = member.path.trim_start_matches("./");
        let path = path.strip_prefix("dags/").unwrap_or(path);
        let name = path.rsplit('/').next().unwrap_or(path);
        let Some(dag_id) = name.strip_suffix(".py").filter(|dag_id| !matches!(*dag_id, "" | "__init__")) else { continue };
        if member.link.is_none() && !files.iter().any(|(known, _)| known == dag_id) {
            files.push((dag_id.to_owned(), path.to_owned()));
        }
    }
    files
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
