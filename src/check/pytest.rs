//! Runs the project's tests and reads how each one fared.
//! What it runs is pytest; what the tests are about it does not know.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::check::junit::{self, Test};
use crate::check::lab::Lab;
use crate::error::{Error, Kind, Result};
use crate::model::check::{Case, CaseOutcome, Depth, Stage, sort};
use crate::model::dag::{Problem, Severity};
use crate::model::path::RelPath;

/// How much longer than their limit the tests may take before everything is ended.
const GRACE: Duration = Duration::from_secs(15);
/// The most characters of results that are read.
const MOST_RESULTS: usize = 32 << 20;
/// pytest's exit code when there was nothing to run
/// (<https://docs.pytest.org/en/stable/reference/exit-codes.html>).
const NO_TESTS: i64 = 5;
/// The folder of tests, below which a bare name is looked for, as the Astro CLI does.
const TESTS: &[u8] = b"tests";

/// Runs the tests.
///
/// # Errors
/// `Kind::Usage` when there is no such file or folder of tests; `Kind::Project` when pytest cannot be started.
pub async fn pytest(lab: &Lab<'_>) -> Result<Stage> {
    let started = Instant::now();
    let limit = lab.order.checks.pytest_timeout;
    let tests = target(lab)?;
    let task = json!({ "task": "pytest", "tests": tests.to_string(), "limit": limit.as_secs_f64(), "most": MOST_RESULTS });
    let round = lab.run(task.as_object().cloned().unwrap_or_default(), limit + GRACE).await?;
    let lines: Vec<String> = round.heard.tail.into();
    let first = round.heard.results.iter().find_map(|result| result["airflow"].as_str().zip(result["python"].as_str()));
    let with = first.map(|(airflow, python)| format!("Airflow {airflow} on Python {python}")).unwrap_or_default() + &lab.words();
    let place = lab.order.in_repository.join(&tests);
    let whole = |message: String| Problem { file: place.clone(), line: None, column: None, message, severity: Severity::Error };
    let (mut cases, mut problems) = (Vec::new(), Vec::new());
    match round.heard.results.iter().find(|result| result.get("xml").is_some()) {
        Some(result) => {
            for test in junit::tests(result["xml"].as_str().unwrap_or_default()) {
                let file = test.file.as_deref().and_then(|file| RelPath::parse(file.as_bytes()));
                let file = file.map_or_else(|| place.clone(), |file| lab.order.in_repository.join(&file));
                problems.extend(problem(&test, &file));
                cases.push(Case { file, name: test.name, seconds: test.seconds, outcome: test.outcome });
            }
            match result["code"].as_i64() {
                Some(0) => {}
                Some(NO_TESTS) => problems.push(whole("there are no tests".to_owned())),
                Some(1) if !problems.is_empty() => {}
                code => problems.push(whole(format!(
                    "pytest ended with exit code {}: {}",
                    code.unwrap_or(-1),
                    lines.last().map(String::as_str).unwrap_or_default()
                ))),
            }
        }
        None if lines.iter().any(|line| line.contains("No module named 'pytest'")) => {
            return Err(Error::new(Kind::Project, "run the tests")
                .because(format!("there is no pytest{}", lab.words()))
                .hint("add `pytest` to requirements.txt"));
        }
        None if round.ended.is_none() || round.heard.gave_up => {
            problems.push(whole(format!("the tests took longer than {} s", limit.as_secs())));
        }
        None => {
            let how = lines.join("\n");
            return Err(Error::new(Kind::ChecksFailed, "run the tests").because(format!("Python ended before they did\n{how}")));
        }
    }
    sort(&mut problems);
    Ok(Stage { depth: Depth::Pytest, with, cases, problems, dags: None, seconds: started.elapsed().as_secs_f64() })
}

/// Returns the file or folder of tests, relative to the project.
fn target(lab: &Lab<'_>) -> Result<RelPath> {
    let wanted = &lab.order.checks.pytest_file;
    let below = RelPath::parse(TESTS).unwrap_or_default().join(wanted);
    let there = |path: &RelPath| lab.order.project.join(path.to_path()).exists();
    [wanted.clone(), below].into_iter().find(|path| there(path)).ok_or_else(|| {
        Error::new(Kind::Usage, "find the tests")
            .because(format!("the project has no {wanted}"))
            .hint("set `pytest-file` to a file or folder of the project")
    })
}

/// Returns what a failed test means for people, at the line that failed.
fn problem(test: &Test, file: &RelPath) -> Option<Problem> {
    let CaseOutcome::Failed { message, detail } = &test.outcome else { return None };
    // pytest ends what it knows of a failure with `FILE:8: AssertionError`.
    let place = test.file.as_deref().and_then(|name| {
        let lines = detail.lines().rev().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        lines.filter_map(|rest| rest.split(':').next()?.parse().ok()).next()
    });
    let message = match message.lines().next().map(str::trim) {
        Some("collection failure") | None => detail.lines().last().unwrap_or_default().trim_start_matches("E ").trim(),
        Some(first) => first,
    };
    let message = format!("{}: {message}", test.name);
    Some(Problem { file: file.clone(), line: place.or(test.line), column: None, message, severity: Severity::Error })
}
