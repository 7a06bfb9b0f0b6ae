//! Lists of previews: those that there are, and what became of those that were swept.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::error::Error;
use crate::model::deployment::DeploymentStatus;
use crate::model::preview::{Preview, Subject};
use crate::plan::preview::sweep::{expiry, minutes};
use crate::report::figures::count;
use crate::report::ink::Ink;
use crate::report::json;

/// A preview in a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The preview.
    pub preview: Preview,
    /// Name of its base; none when that is gone.
    pub base: Option<String>,
    /// When it was last deployed to.
    pub last_deploy: Option<Timestamp>,
}

/// What became of a preview that was looked at.
#[derive(Debug, Clone)]
pub struct Swept {
    /// The preview.
    pub preview: Preview,
    /// What became of it.
    pub fate: SweptFate,
}

/// What became of a preview that was looked at.
#[derive(Debug, Clone)]
pub enum SweptFate {
    /// It stays; why.
    Kept(String),
    /// It was deleted; why.
    Deleted(String),
    /// It would be deleted; why.
    WouldDelete(String),
    /// It could not be judged or deleted.
    Failed(Error),
}

impl SweptFate {
    const fn word(&self) -> &'static str {
        match self {
            Self::Kept(_) => "kept",
            Self::Deleted(_) => "deleted",
            Self::WouldDelete(_) => "would delete",
            Self::Failed(_) => "failed",
        }
    }

    fn why(&self) -> String {
        match self {
            Self::Kept(why) | Self::Deleted(why) | Self::WouldDelete(why) => why.clone(),
            Self::Failed(error) => error.to_string(),
        }
    }
}

/// Returns the previews as a table for a terminal.
#[must_use]
pub fn table(previews: &[Listed]) -> Vec<String> {
    if previews.is_empty() {
        return vec!["no previews".to_owned()];
    }
    let mut rows = vec![["NAME", "FOR", "BASE", "STATUS", "EXPIRES", "ID"].map(str::to_owned)];
    rows.extend(previews.iter().map(|listed| {
        let Listed { preview, base, last_deploy } = listed;
        let subject = match &preview.mark.owner.subject {
            Subject::PullRequest(number) => format!("{} #{number}", preview.mark.owner.repository),
            Subject::Branch(branch) => format!("{} {branch}", preview.mark.owner.repository),
        };
        [
            preview.deployment.name.clone(),
            subject,
            base.clone().unwrap_or_else(|| "gone".to_owned()),
            status(&preview.deployment.status),
            expiry(preview, *last_deploy).map_or_else(|| "never".to_owned(), minutes),
            preview.deployment.id.to_string(),
        ]
    }));
    aligned(&rows)
}

fn aligned<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    rows.iter()
        .map(|row| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

fn status(status: &DeploymentStatus) -> String {
    match status {
        DeploymentStatus::Creating => "creating".to_owned(),
        DeploymentStatus::Deploying => "deploying".to_owned(),
        DeploymentStatus::Healthy => "healthy".to_owned(),
        DeploymentStatus::Hibernating => "hibernating".to_owned(),
        DeploymentStatus::Unhealthy => "unhealthy".to_owned(),
        DeploymentStatus::Unknown(word) => word.to_ascii_lowercase(),
    }
}

/// Returns the previews as one object.
#[must_use]
pub fn object(previews: &[Listed]) -> Value {
    let one = |listed: &Listed| {
        let mut object = identity(&listed.preview);
        object["status"] = json!(status(&listed.preview.deployment.status));
        object["created_at"] = json!(listed.preview.deployment.created_at);
        object["last_deploy"] = json!(listed.last_deploy.map(|time| time.to_string()));
        object["expires"] = json!(expiry(&listed.preview, listed.last_deploy).map(|time| time.to_string()));
        object["base_name"] = json!(listed.base);
        object
    };
    json!({ "schema": 1, "previews": previews.iter().map(one).collect::<Vec<_>>() })
}

fn identity(preview: &Preview) -> Value {
    let owner = &preview.mark.owner;
    let number = match owner.subject {
        Subject::PullRequest(number) => Some(number),
        Subject::Branch(_) => None,
    };
    json!({
        "id": preview.deployment.id.as_str(),
        "name": preview.deployment.name,
        "repository": owner.repository,
        "project": owner.project,
        "pull_request": number,
        "branch": preview.mark.branch,
        "base_id": owner.base.as_str(),
        "made_by": preview.mark.version,
        "url": preview.deployment.astro_url,
        "airflow_url": preview.deployment.airflow_url,
    })
}

/// Returns what became of the previews, one line each.
#[must_use]
pub fn swept_lines(swept: &[Swept]) -> Vec<String> {
    let rows: Vec<[String; 3]> =
        swept.iter().map(|it| [it.fate.word().to_owned(), it.preview.deployment.name.clone(), it.fate.why()]).collect();
    let mut lines = aligned(&rows);
    lines.push(swept_headline(swept));
    lines
}

/// Returns what became of the previews in one line.
#[must_use]
pub fn swept_headline(swept: &[Swept]) -> String {
    let number = |word: &str| swept.iter().filter(|it| it.fate.word() == word).count() as u64;
    let mut parts = vec![count(swept.len() as u64, "preview")];
    for word in ["deleted", "would delete", "kept", "failed"] {
        if number(word) > 0 {
            parts.push(format!("{} {word}", number(word)));
        }
    }
    parts.join(", ")
}

/// Returns what became of the previews as one object.
#[must_use]
pub fn swept_object(swept: &[Swept]) -> Value {
    let one = |it: &Swept| {
        let mut object = identity(&it.preview);
        object["fate"] = json!(it.fate.word());
        object["why"] = json!(it.fate.why());
        if let SweptFate::Failed(error) = &it.fate {
            object["error"] = json::error(error);
        }
        object
    };
    json!({ "schema": 1, "previews": swept.iter().map(one).collect::<Vec<_>>() })
}

/// Returns what became of the previews as a job's summary.
#[must_use]
pub fn swept_markdown(swept: &[Swept], ink: Ink) -> String {
    const MOST: usize = 200;
    let mut text = format!("### 🧹 {}\n\n", ink.prose(&swept_headline(swept)));
    if swept.is_empty() {
        return text;
    }
    text.push_str("| preview | | why |\n| --- | --- | --- |\n");
    for it in swept.iter().take(MOST) {
        let name = ink.code(&it.preview.deployment.name);
        text.push_str(&format!("| {name} | {} | {} |\n", it.fate.word(), ink.prose(&it.fate.why())));
    }
    if swept.len() > MOST {
        text.push_str(&format!("\n… and {} more\n", swept.len() - MOST));
    }
    text
}
