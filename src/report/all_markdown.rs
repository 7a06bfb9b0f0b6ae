//! The plans of several projects as Markdown, for a job's summary: one row a project.
//! Folder names and Deployment names are hostile: they appear only through `Ink`.

use crate::model::markup::MarkupStyle;
use crate::report::all::{All, ProjectPlan};
use crate::report::ink::Ink;

/// Job summaries, wherever there are any, take HTML.
const INK: Ink = Ink(MarkupStyle::Html);

/// Returns the whole report.
#[must_use]
pub fn report(all: &All<'_>) -> String {
    let failed = all.failure.is_some() || all.projects.iter().any(|project| project.error.is_some());
    let mut text = format!("### {} {}\n\n", if failed { "❌" } else { "📋" }, INK.prose(&all.headline()));
    if let Some(cause) = all.failure.as_ref().and_then(|failure| failure.cause()) {
        text.push_str(&format!("{}\n\n", INK.prose(cause)));
    }
    if !all.projects.is_empty() {
        text.push_str("| project | decision | Deployment | why |\n| --- | --- | --- | --- |\n");
        text.extend(all.projects.iter().map(row));
    }
    text
}

fn row(project: &ProjectPlan) -> String {
    let verdict = if project.must_ship().is_some() { format!("**{}**", project.verdict()) } else { project.verdict() };
    let deployment = project.deployment.as_ref().map_or_else(|| "–".to_owned(), |deployment| INK.code(&deployment.name));
    format!("| {} | {verdict} | {deployment} | {} |\n", INK.code(&project.root_folder.to_string()), INK.prose(&project.why()))
}
