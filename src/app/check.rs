//! `liftoff check`: reads the DAGs, runs them on request, and tells what is wrong with them. It uploads nothing.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::app::check_place::{Known, image, major, python};
use crate::app::content::{self, Goods};
use crate::app::reporter::Reporter;
use crate::app::session::Session;
use crate::app::{checks, dags, report, source};
use crate::changes::inputs::DagDeploys;
use crate::error::{Error, Kind, Result};
use crate::model::check::{Case, CaseOutcome, CheckReport, Depth, Stage};
use crate::model::dag::{Problem, Severity};
use crate::model::path::RelPath;
use crate::model::project::{ProjectKind, ProjectShape};
use crate::model::revision::CommitSha;
use crate::report::check::{lines, object};
use crate::report::json;
use crate::settings::values::Format;

/// What was checked, for whom it is told.
pub struct Checked {
    report: CheckReport,
    project: String,
    commit: Option<CommitSha>,
}

/// Checks the project.
///
/// # Errors
/// When the project cannot be read, or what runs its code cannot be started. What the checks find is no error here.
pub async fn checked(session: &Session) -> Result<Checked> {
    let checkout = source::checkout(session, &content::start(session)).await?;
    let project = content::shape(session, &checkout).await?;
    if !matches!(project.kind, ProjectKind::Astro(_)) {
        return Err(Error::new(Kind::Usage, "check the DAGs")
            .because(format!("with the deploy type `{}` there are none", session.settings.deploy_type.name()))
            .hint("check without `deploy-type`, in an Airflow project"));
    }
    let started = Instant::now();
    let goods = content::goods(session, &project, DagDeploys::Separate).await?;
    let mut checked = CheckReport { stages: vec![read(session, (&project, &goods), started).await?], notices: Vec::new() };
    if session.settings.checks.run_code() {
        let image = image(session, &project).await?;
        let run = checks::performed(session, (&project, &goods), Known::Nothing, image).await?;
        checked.stages.extend(run.stages);
        checked.notices.extend(run.notices);
    }
    checked.change_texts(&|text| session.console.masked(text));
    let shown = if project.in_repository.is_root() { ".".to_owned() } else { project.in_repository.to_string() };
    Ok(Checked { report: checked, project: shown, commit: source::commit(session, &checkout) })
}

/// Reads the DAGs' files without running them.
async fn read(session: &Session, (project, goods): (&ProjectShape, &Goods), started: Instant) -> Result<Stage> {
    let problems = dags::problems(project, goods, major(session, project), python(project)).await?;
    let mut first: BTreeMap<&RelPath, &Problem> = BTreeMap::new();
    for problem in problems.iter().filter(|problem| problem.severity == Severity::Error) {
        first.entry(&problem.file).or_insert(problem);
    }
    let folder = dags::folder(goods);
    let case = |path: &RelPath| {
        let file = folder.join(path);
        let outcome = first.get(&file).map_or(CaseOutcome::Passed, |problem| CaseOutcome::Failed {
            message: problem.message.clone(),
            detail: problem.to_string(),
        });
        Case { name: file.to_string(), file, seconds: 0.0, outcome }
    };
    let python = goods.dag_files.iter().map(|entry| &entry.path).filter(|path| path.extension() == Some(b"py"));
    let cases = python.map(case).collect();
    Ok(Stage { depth: Depth::Static, with: String::new(), cases, problems, dags: None, seconds: started.elapsed().as_secs_f64() })
}

/// Tells how the check ended and returns the exit code.
pub async fn told(session: &Session, reporter: &Reporter<'_>, outcome: Result<Checked>) -> u8 {
    let console = &session.console;
    let outcome = outcome.map_err(|error| error.map_text(|text| console.masked(text)));
    let (report, error) = match &outcome {
        Ok(checked) => (Some(&checked.report), checked.report.refusal()),
        Err(error) => (None, Some(error.clone())),
    };
    let printed = printed(session, report, error.as_ref());
    if let Ok(checked) = &outcome {
        let problems: Vec<Problem> = checked.report.problems().cloned().collect();
        reporter.annotate(&checked.project, checked.commit.as_ref(), &problems).await;
    }
    match printed.err().or(error) {
        Some(error) => {
            console.error(&error);
            error.kind().exit_code()
        }
        None => 0,
    }
}

fn printed(session: &Session, report: Option<&CheckReport>, error: Option<&Error>) -> Result<()> {
    let console = &session.console;
    let written = report.map_or(Ok(()), |report| checks::told(session, report));
    if session.settings.report.format == Format::Json {
        let nothing = CheckReport::default();
        let mut object = object(report.unwrap_or(&nothing), error.map(json::error));
        object["settings"] = json::settings_object(&report::shown_settings(session));
        console.json(&object)?;
    } else if let Some(report) = report {
        lines(report).iter().try_for_each(|line| console.data(line))?;
    }
    written
}
