//! The deploy history as a table and as one object.
//! Names and descriptions are hostile: the table keeps each on its line, and the console cleans it.

use serde_json::{Value, json};

use crate::model::artifact::Artifact;
use crate::model::deploy::{DeployRecord, DeployStatus};
use crate::model::deployment::Deployment;
use crate::plan::deployed::commit;
use crate::plan::description::words;
use crate::report::columns::{aligned, minute, one_line};
use crate::report::json::deployment;

/// Most characters of a description in the table.
const DESCRIPTION: usize = 60;
/// Most characters of a name in the table.
const NAME: usize = 30;

/// The deploys of a Deployment.
#[derive(Debug, Clone)]
pub struct History {
    /// The Deployment.
    pub deployment: Deployment,
    /// Its deploys, newest first.
    pub deploys: Vec<Listed>,
    /// What cannot be told to run, each with the reason in words that follow "because".
    pub unknown: Vec<(Artifact, String)>,
}

/// A deploy in the list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The deploy.
    pub record: DeployRecord,
    /// What it brought that runs now.
    pub runs: Vec<Artifact>,
}

/// Returns the history as a table for a terminal.
#[must_use]
pub fn table(history: &History) -> Vec<String> {
    if history.deploys.is_empty() {
        return vec![format!("no deploys to {}", one_line(&history.deployment.name, NAME))];
    }
    let mut rows = vec![["TIME", "ID", "TYPE", "STATUS", "RUNS NOW", "COMMIT", "BY", "DESCRIPTION"].map(str::to_owned).to_vec()];
    rows.extend(history.deploys.iter().map(row));
    let mut lines = aligned(&rows);
    lines.extend(history.unknown.iter().map(|(artifact, why)| format!("It is unknown which {artifact} runs, because {why}")));
    lines
}

fn row(listed: &Listed) -> Vec<String> {
    let record = &listed.record;
    let runs: Vec<String> = listed.runs.iter().map(ToString::to_string).collect();
    let said = words(&record.description);
    let text = match &record.rollback_from {
        Some(target) if !said.contains(target.as_str()) => format!("rollback to {target}: {said}"),
        _ => said.to_owned(),
    };
    vec![
        minute(&record.created_at),
        record.id.to_string(),
        kind(record).to_owned(),
        status(&record.status),
        if runs.is_empty() { "-".to_owned() } else { runs.join(", ") },
        source(record),
        record.deployer.as_deref().map_or_else(|| "-".to_owned(), |name| one_line(name, NAME)),
        one_line(&text, DESCRIPTION),
    ]
}

fn kind(record: &DeployRecord) -> &'static str {
    record.deploy_type.map_or("unknown", |deploy_type| deploy_type.name())
}

fn status(status: &DeployStatus) -> String {
    match status {
        DeployStatus::Initialized => "unfinished".to_owned(),
        DeployStatus::Deployed => "deployed".to_owned(),
        DeployStatus::Failed => "failed".to_owned(),
        DeployStatus::Other(word) => one_line(&word.to_ascii_lowercase(), NAME),
    }
}

fn source(record: &DeployRecord) -> String {
    let branch = record.git.as_ref().and_then(|git| git.branch.as_deref());
    match (commit(record), branch) {
        (Some(commit), Some(branch)) => format!("{} {}", commit.short(), one_line(branch, NAME)),
        (Some(commit), None) => commit.short().to_owned(),
        (None, _) => "-".to_owned(),
    }
}

/// Returns the history as one object.
#[must_use]
pub fn object(history: &History) -> Value {
    let unknown = history.unknown.iter().map(|(artifact, why)| json!({ "artifact": artifact.key(), "why": why }));
    json!({
        "schema": 1,
        "deployment": deployment(&history.deployment),
        "deploys": history.deploys.iter().map(deploy).collect::<Vec<_>>(),
        "unknown": unknown.collect::<Vec<_>>(),
    })
}

fn deploy(listed: &Listed) -> Value {
    let record = &listed.record;
    let git = record.git.as_ref();
    json!({
        "id": record.id.as_str(),
        "created_at": record.created_at,
        "deploy_type": record.deploy_type.map(|deploy_type| deploy_type.name()),
        "status": status(&record.status),
        "runs": listed.runs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "commit": commit(record).map(|commit| commit.to_string()),
        "branch": git.and_then(|git| git.branch.as_deref()),
        "repository": git.map(|git| git.remote.to_string()),
        "deployed_by": record.deployer,
        "description": words(&record.description),
        "rollback_of": record.rollback_from.as_ref().map(|id| id.as_str()),
        "mount_path": record.mount_path.as_ref().map(|mount| mount.as_str()),
        "dag_bundle_version": record.dag_bundle_version.as_ref().map(|version| version.as_str()),
        "image_tag": record.image_tag.as_ref().map(|tag| tag.as_str()),
        "runtime_version": Some(record.runtime_version.as_str()).filter(|version| !version.is_empty()),
    })
}
