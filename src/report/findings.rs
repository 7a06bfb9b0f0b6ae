//! What an examination found: one line each, aligned, with what to do about it.

use serde_json::{Value, json};

use crate::error::{Error, Kind};
use crate::report::answer::Answer;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// As it should be.
    Fine,
    /// Not looked at, or of no concern.
    Skipped,
    /// It may be wrong.
    Doubtful,
    /// It is wrong, with the class of the failure that it will be.
    Wrong(Kind),
}

impl Grade {
    /// Returns the word for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Skipped => "skipped",
            Self::Doubtful => "warn",
            Self::Wrong(_) => "fail",
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Skipped => "-",
            other => other.word(),
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, such as `token`.
    pub name: &'static str,
    /// How bad it is.
    pub grade: Grade,
    /// What was seen.
    pub text: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Finding {
    /// Returns a finding.
    #[must_use]
    pub fn new(name: &'static str, grade: Grade, text: impl Into<String>) -> Self {
        Self { name, grade, text: text.into(), advice: None }
    }

    /// Returns the finding that something failed.
    #[must_use]
    pub fn failed(name: &'static str, error: &Error) -> Self {
        Self::of_error(name, Grade::Wrong(error.kind()), error)
    }

    /// Returns a finding that is made of an error.
    #[must_use]
    pub fn of_error(name: &'static str, grade: Grade, error: &Error) -> Self {
        let text = match error.cause() {
            Some(cause) => format!("could not {}: {cause}", error.doing()),
            None => format!("could not {}", error.doing()),
        };
        Self { name, grade, text, advice: error.advice().map(str::to_owned) }
    }

    /// Adds what to do.
    #[must_use]
    pub fn advising(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

/// Returns the findings as an answer. The first wrong one decides the exit code: findings stand in an order in which each
/// may be the cause of those after it.
#[must_use]
pub fn answer(findings: &[Finding], doing: &str) -> Answer {
    let width = findings.iter().map(|finding| finding.name.chars().count()).max().unwrap_or_default();
    let lines = findings.iter().flat_map(|finding| lines(finding, width)).collect();
    let failure = findings.iter().find_map(|finding| match finding.grade {
        Grade::Wrong(kind) => Some((kind, finding)),
        _ => None,
    });
    let wrong = findings.iter().filter(|finding| matches!(finding.grade, Grade::Wrong(_))).count();
    let failure = failure.map(|(kind, first)| {
        let because = match wrong {
            1 => format!("{}: {}", first.name, first.text),
            _ => format!("{wrong} findings are wrong; the first is {}: {}", first.name, first.text),
        };
        let error = Error::new(kind, doing).because(because);
        match &first.advice {
            Some(advice) => error.hint(advice.clone()),
            None => error,
        }
    });
    let verdict = failure.as_ref().map_or("ok", |error| error.kind().name());
    let all: Vec<Value> = findings.iter().map(object).collect();
    let json = json!({ "schema": 1, "verdict": verdict, "findings": all });
    Answer { lines, json, failure, ..Answer::default() }
}

fn lines(finding: &Finding, width: usize) -> Vec<String> {
    let text = finding.text.trim().replace("\n", "; ");
    let first = format!("{:<4}  {:<width$}  {text}", finding.grade.sign(), finding.name);
    let advice = finding.advice.as_ref().filter(|_| finding.grade != Grade::Fine);
    let advice = advice.map(|advice| format!("{:width$}        -> {}", "", advice.replace('\n', " ")));
    std::iter::once(first).chain(advice).collect()
}

fn object(finding: &Finding) -> Value {
    let kind = match finding.grade {
        Grade::Wrong(kind) => Value::from(kind.name()),
        _ => Value::Null,
    };
    json!({ "name": finding.name, "grade": finding.grade.word(), "kind": kind, "text": finding.text, "advice": finding.advice })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_aligned_and_the_first_wrong_one_decides() {
        let findings = [
            Finding::new("clock", Grade::Fine, "0 s apart").advising("not said"),
            Finding::new("token", Grade::Wrong(Kind::Auth), "it expired\nlong ago").advising("rotate it"),
            Finding::new("Deployment", Grade::Wrong(Kind::NotFound), "none"),
            Finding::new("git", Grade::Skipped, "none here"),
        ];
        let answer = answer(&findings, "find this run healthy");
        assert_eq!(
            answer.lines,
            [
                "ok    clock       0 s apart",
                "fail  token       it expired; long ago",
                "                  -> rotate it",
                "fail  Deployment  none",
                "-     git         none here",
            ]
        );
        let failure = answer.failure.expect("a failure");
        assert_eq!((failure.kind(), failure.advice()), (Kind::Auth, Some("rotate it")));
        assert_eq!((&answer.json["verdict"], &answer.json["findings"][1]["kind"]), (&json!("auth"), &json!("auth")));
        assert!(super::answer(&findings[..1], "x").failure.is_none());
    }
}
