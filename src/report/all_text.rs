//! The plans of several projects as terminal text, one line a project.

use std::collections::BTreeMap;

use crate::report::all::All;

/// Widest column before the reason.
const WIDEST: usize = 48;
/// Projects that a line about several names before the rest is only counted.
const MOST_NAMED: usize = 3;

/// Returns one line a project, and the result.
#[must_use]
pub fn lines(all: &All<'_>) -> Vec<String> {
    let rows: Vec<[String; 4]> = all
        .projects
        .iter()
        .map(|project| {
            let deployment = project.deployment.as_ref().map_or("-", |deployment| &deployment.name).to_owned();
            [project.root_folder.to_string(), project.verdict(), deployment, project.why()]
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).min(WIDEST);
    let widths = [width(0), width(1), width(2)];
    let mut lines: Vec<String> = rows
        .iter()
        .map(|[folder, verdict, deployment, why]| {
            format!("{folder:<0$}  {verdict:<1$}  {deployment:<2$}  {why}", widths[0], widths[1], widths[2]).trim_end().to_owned()
        })
        .collect();
    lines.push(all.headline());
    lines
}

/// Returns what the plans say besides, each once, with the projects that it is about.
#[must_use]
pub fn notices(all: &All<'_>) -> Vec<String> {
    let mut about: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for project in &all.projects {
        // A declined project's reason stands in its line.
        let notices = project.plan.iter().filter(|_| !project.is_declined()).flat_map(|plan| &plan.notices);
        notices.for_each(|notice| about.entry(notice).or_default().push(project.root_folder.to_string()));
    }
    about.into_iter().map(|(notice, projects)| format!("{}: {notice}", named(&projects))).collect()
}

fn named(projects: &[String]) -> String {
    match projects.get(..MOST_NAMED) {
        Some(first) if projects.len() > MOST_NAMED => format!("{} and {} more", first.join(", "), projects.len() - MOST_NAMED),
        _ => projects.join(", "),
    }
}
