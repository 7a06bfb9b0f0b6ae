//! What checks found, as terminal text and as JSON.
//! It shows results; it checks nothing.

use serde_json::{Value, json};

use crate::model::check::{Case, CaseOutcome, CheckReport, Depth, Stage};
use crate::model::dag::Severity;
use crate::report::dags;
use crate::report::figures::count;

/// Returns one line for each check.
#[must_use]
pub fn lines(report: &CheckReport) -> Vec<String> {
    report.stages.iter().map(line).collect()
}

/// Returns the whole result in one line for a title.
#[must_use]
pub fn headline(report: &CheckReport) -> String {
    let errors = report.problems().filter(|problem| problem.severity == Severity::Error).count() as u64;
    let warnings = report.problems().count() as u64 - errors;
    format!("{}, {}", count(errors, "error"), count(warnings, "warning"))
}

fn line(stage: &Stage) -> String {
    let (passed, failed, skipped) = stage.counts();
    let total = (passed + failed) as u64;
    let what = count(total, if stage.depth == Depth::Pytest { "test" } else { "file" });
    let dags = stage.dags.map(|dags| format!(", {}", count(dags as u64, "DAG"))).unwrap_or_default();
    let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    let with = if stage.with.is_empty() { String::new() } else { format!(" with {}", stage.with) };
    let warnings = stage.problems.iter().filter(|problem| problem.severity == Severity::Warning).count() as u64;
    let warnings = if warnings > 0 { format!(", {}", count(warnings, "warning")) } else { String::new() };
    format!("{:<7}{what}{dags}{with}: {failed} failed{skipped}{warnings} ({:.2} s)", stage.depth.name(), stage.seconds)
}

/// Returns everything as one object, schema 1 (`VERSIONING.md`).
#[must_use]
pub fn object(report: &CheckReport, refusal: Option<Value>) -> Value {
    json!({
        "schema": 1,
        "passed": refusal.is_none(),
        "checks": report.stages.iter().map(stage).collect::<Vec<_>>(),
        "notices": report.notices,
        "error": refusal,
    })
}

fn stage(stage: &Stage) -> Value {
    let (passed, failed, skipped) = stage.counts();
    json!({
        "name": stage.depth.name(),
        "with": stage.with,
        "passed": passed,
        "failed": failed,
        "skipped": skipped,
        "dags": stage.dags,
        "seconds": rounded(stage.seconds),
        "problems": stage.problems.iter().map(dags::problem).collect::<Vec<_>>(),
        "cases": stage.cases.iter().filter(|case| stage.depth != Depth::Static || case.outcome != CaseOutcome::Passed).map(case).collect::<Vec<_>>(),
    })
}

fn case(case: &Case) -> Value {
    let (outcome, message) = match &case.outcome {
        CaseOutcome::Passed => ("passed", None),
        CaseOutcome::Skipped(why) => ("skipped", Some(why)),
        CaseOutcome::Failed { message, .. } => ("failed", Some(message)),
    };
    json!({
        "file": case.file.to_string(),
        "name": case.name,
        "outcome": outcome,
        "message": message,
        "seconds": rounded(case.seconds),
    })
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
