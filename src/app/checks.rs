//! Runs the project's own code to check it, as the settings ask, for `check` and for whatever deploys.

use crate::app::check_place::{Known, airflow};
use crate::app::content::{Goods, ShippingRules};
use crate::app::report::MOST_PROBLEMS;
use crate::app::session::Session;
use crate::check::order::{Order, Place, Tools};
use crate::check::perform::perform;
use crate::error::{Error, Kind, Place as FilePlace, Result};
use crate::image::engine::{Engine, EngineKind};
use crate::model::check::CheckReport;
use crate::model::dag::{Problem, Severity};
use crate::model::project::{AstroProject, ProjectKind, ProjectShape};
use crate::report::check::lines;
use crate::report::junit;

/// Runs the checks that the settings ask for: in the image when there is one that can be run, else in an environment.
///
/// # Errors
/// As `check::perform`, and when nothing tells which Airflow to check with. What the checks find is no error here.
pub async fn performed(
    session: &Session,
    (project, goods): (&ProjectShape, &Goods),
    known: Known<'_>,
    image: Option<(Engine, String)>,
) -> Result<CheckReport> {
    let (ProjectKind::Astro(astro), ShippingRules::Astro(rules)) = (&project.kind, &goods.rules) else {
        return Ok(CheckReport::default());
    };
    let mut notices = Vec::new();
    let place = match image {
        Some((engine, name)) if engine.kind != EngineKind::Buildah => Place::Image { engine, name },
        other => {
            if other.is_some() {
                notices.push("the checks run in an environment of their own, because buildah starts no containers".to_owned());
            }
            airflow(session, project, known).await?
        }
    };
    let python = |path: &crate::model::path::RelPath| path.extension() == Some(b"py");
    let order = Order {
        project: &project.root,
        in_repository: &project.in_repository,
        dags: &rules.dags_path,
        files: goods.dag_files.iter().map(|entry| entry.path.clone()).filter(python).collect(),
        has_packages: has_packages(project, astro),
        has_requirements: astro.has_requirements,
        checks: &session.settings.checks,
        place,
    };
    let tools = Tools { env: &session.env, console: &session.console, temporary: session.temporary.clone() };
    let mut report = perform(&order, &tools).await?;
    report.notices.splice(0..0, notices);
    Ok(report)
}

/// Returns whether `packages.txt` asks for anything.
fn has_packages(project: &ProjectShape, astro: &AstroProject) -> bool {
    const LARGEST: u64 = 1 << 20;
    let text = || crate::app::configure::bounded(&project.root.join("packages.txt"), LARGEST).ok().flatten();
    let counts = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    astro.has_packages && text().is_some_and(|bytes| String::from_utf8_lossy(&bytes).lines().any(counts))
}

/// Tells people what the checks found: notices, each problem at its place, and the file for programs. Failing to write the file
/// is an error, since somebody waits for it.
///
/// # Errors
/// As `report::junit::replace`.
pub fn told(session: &Session, report: &CheckReport) -> Result<()> {
    let console = &session.console;
    report.notices.iter().for_each(|notice| console.notice(notice));
    let problems: Vec<&Problem> = report.problems().collect();
    for problem in problems.iter().take(MOST_PROBLEMS) {
        let place = FilePlace { path: problem.file.to_string(), line: problem.line };
        match problem.severity {
            Severity::Error => console.error_at(&place, &problem.to_string()),
            Severity::Warning => console.warning_at(&place, &problem.to_string()),
        }
    }
    if let Some(rest) = problems.len().checked_sub(MOST_PROBLEMS).filter(|rest| *rest > 0) {
        console.info(&format!("… and {rest} more problems; `check --json` lists them all"));
    }
    match &session.settings.checks.junit_file {
        Some(path) => junit::replace(path, report),
        None => Ok(()),
    }
}

/// Checks before a deploy: tells what was found, and refuses when that is bad.
///
/// # Errors
/// `Kind::ChecksFailed` when a check found an error; as `performed` and `told`.
pub async fn before_deploy(
    session: &Session,
    subject: (&ProjectShape, &Goods),
    known: Known<'_>,
    image: Option<(Engine, String)>,
) -> Result<CheckReport> {
    let report = performed(session, subject, known, image).await?;
    told(session, &report)?;
    lines(&report).iter().for_each(|line| session.console.info(line));
    Ok(report)
}

/// Returns the error of a deploy whose checks failed.
#[must_use]
pub fn refusal(report: &CheckReport) -> Option<Error> {
    let error = report.refusal()?;
    debug_assert_eq!(error.kind(), Kind::ChecksFailed);
    Some(error.hint("`force` deploys without these checks"))
}
