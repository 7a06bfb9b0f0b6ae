//! What checks found: stages, their cases and the problems of all.
//! Plain data: it does not know how a check is done.

use crate::error::{Error, Kind, Place};
use crate::model::dag::{Problem, Severity};
use crate::model::path::RelPath;

/// Problems that an error names before the rest is only counted.
const MOST_NAMED: usize = 5;

/// How deep a check looks, and at what cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// It reads the source.
    Static,
    /// Airflow imports every DAG.
    Parse,
    /// The project's tests run.
    Pytest,
}

impl Depth {
    /// Returns the machine-readable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Parse => "parse",
            Self::Pytest => "pytest",
        }
    }
}

/// One thing that was checked: a file or a test. All texts are hostile.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its file, relative to the repository.
    pub file: RelPath,
    /// Its name: the file's own, or that of a test.
    pub name: String,
    /// How long it took.
    pub seconds: f64,
    /// How it fared.
    pub outcome: CaseOutcome,
}

/// How a case fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseOutcome {
    /// Well.
    Passed,
    /// It was left out, for this reason.
    Skipped(String),
    /// Badly.
    Failed {
        /// What is wrong, on one line.
        message: String,
        /// All that is known about it, such as a traceback.
        detail: String,
    },
}

/// One check.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// How deep it looked.
    pub depth: Depth,
    /// With what: `Airflow 3.1.8 on Python 3.12.1`; empty when nothing ran.
    pub with: String,
    /// What was checked.
    pub cases: Vec<Case>,
    /// What is wrong, for people: errors first, then by place.
    pub problems: Vec<Problem>,
    /// DAGs that were found, when that is known.
    pub dags: Option<usize>,
    /// How long it took.
    pub seconds: f64,
}

impl Stage {
    /// Returns whether it found an error.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Returns the number of cases that passed, failed and were skipped.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |wanted: fn(&CaseOutcome) -> bool| self.cases.iter().filter(|case| wanted(&case.outcome)).count();
        (
            count(|outcome| *outcome == CaseOutcome::Passed),
            count(|outcome| matches!(outcome, CaseOutcome::Failed { .. })),
            count(|outcome| matches!(outcome, CaseOutcome::Skipped(_))),
        )
    }
}

/// All checks of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CheckReport {
    /// The checks, in the order in which they were done.
    pub stages: Vec<Stage>,
    /// What people should know besides, one sentence each.
    pub notices: Vec<String>,
}

impl CheckReport {
    /// Returns every problem.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.stages.iter().flat_map(|stage| &stage.problems)
    }

    /// Returns the error of a run whose checks failed; none when they passed.
    #[must_use]
    pub fn refusal(&self) -> Option<Error> {
        let errors: Vec<&Problem> = self.problems().filter(|problem| problem.severity == Severity::Error).collect();
        let first = errors.first()?;
        let mut causes: Vec<String> = errors.iter().take(MOST_NAMED).map(ToString::to_string).collect();
        if let Some(rest) = errors.len().checked_sub(MOST_NAMED).filter(|rest| *rest > 0) {
            causes.push(format!("and {rest} more"));
        }
        let error = Error::new(Kind::ChecksFailed, "pass the checks").because(causes.join("\n"));
        let Place { path, line } = Place { path: first.file.to_string(), line: first.line };
        Some(error.at(path, line))
    }

    /// Replaces every text that comes from the project's code by what the function makes of it.
    pub fn change_texts(&mut self, change: &dyn Fn(&str) -> String) {
        for stage in &mut self.stages {
            stage.with = change(&stage.with);
            for problem in &mut stage.problems {
                problem.message = change(&problem.message);
            }
            for case in &mut stage.cases {
                case.name = change(&case.name);
                match &mut case.outcome {
                    CaseOutcome::Passed => {}
                    CaseOutcome::Skipped(why) => *why = change(why),
                    CaseOutcome::Failed { message, detail } => {
                        *message = change(message);
                        *detail = change(detail);
                    }
                }
            }
        }
        for notice in &mut self.notices {
            *notice = change(notice);
        }
    }
}

/// Sorts problems as reports show them: errors first, then by place.
pub fn sort(problems: &mut [Problem]) {
    problems.sort_by(|one, two| (one.severity, &one.file, one.line).cmp(&(two.severity, &two.file, two.line)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: usize, severity: Severity) -> Problem {
        let file = RelPath::parse(b"dags/a.py").expect("a path");
        Problem { file, line: Some(line), column: None, message: "hunter2".to_owned(), severity }
    }

    fn report(problems: Vec<Problem>) -> CheckReport {
        let file = RelPath::parse(b"dags/a.py").expect("a path");
        let failed = CaseOutcome::Failed { message: "hunter2".to_owned(), detail: "hunter2".to_owned() };
        let outcomes = [CaseOutcome::Passed, failed, CaseOutcome::Skipped("hunter2".to_owned())];
        let case = |outcome| Case { file: file.clone(), name: "hunter2".to_owned(), seconds: 0.0, outcome };
        let cases = outcomes.map(case).to_vec();
        let stage = Stage { depth: Depth::Parse, with: "hunter2".to_owned(), cases, problems, dags: None, seconds: 0.0 };
        CheckReport { stages: vec![stage], notices: vec!["hunter2".to_owned()] }
    }

    #[test]
    fn only_errors_refuse_and_the_first_few_are_named() {
        assert!(report(vec![problem(1, Severity::Warning)]).refusal().is_none());
        let error = report((1..=7).map(|line| problem(line, Severity::Error)).collect()).refusal().expect("a refusal");
        assert_eq!(error.kind(), Kind::ChecksFailed);
        let cause = error.cause().expect("a cause");
        assert!(cause.starts_with("dags/a.py line 1: ") && cause.ends_with("\nand 2 more"), "{cause}");
        assert_eq!(error.place().and_then(|place| place.line), Some(1));
    }

    #[test]
    fn every_text_can_be_changed() {
        let mut report = report(vec![problem(1, Severity::Error)]);
        assert_eq!(report.stages[0].counts(), (1, 1, 1));
        report.change_texts(&|text| text.replace("hunter2", "***"));
        assert!(!format!("{report:?}").contains("hunter2"), "{report:?}");
    }
}
