//! What Airflow makes of a deploy, as terminal text, as JSON and as Markdown.
//! It shows a judgement; names and tracebacks are hostile text.

use serde_json::{Value, json};

use crate::model::markup::cut;
use crate::plan::verification::{Broken, Verdict, Verification};
use crate::report::figures::count;
use crate::report::ink::Ink;

/// Names in one line before the rest is only counted.
const NAMED: usize = 10;
/// Files of each kind in Markdown before the rest is only counted.
const MOST_FILES: usize = 10;

/// Returns the judgement in one sentence.
#[must_use]
pub fn sentence(verification: &Verification) -> String {
    let files = |list: &[Broken]| count(list.len() as u64, "file");
    let findings = &verification.findings;
    match &verification.verdict {
        Verdict::Passed if findings.known.is_empty() => "Airflow has read the DAGs and can import every file".to_owned(),
        Verdict::Passed => {
            format!("Airflow has read the DAGs; it cannot import {}, as before the deploy", files(&findings.known))
        }
        Verdict::Failed => format!("Airflow can no longer import {}", files(&findings.new)),
        Verdict::Unverified(why) => format!("not verified, because {why}"),
    }
}

/// Returns the verification, line by line.
#[must_use]
pub fn lines(verification: &Verification) -> Vec<String> {
    let findings = &verification.findings;
    let mut lines = vec![format!("Verified    {}", sentence(verification))];
    let broken = [("new", &findings.new), ("as before", &findings.known), ("not shipped", &findings.elsewhere)];
    for (word, list) in broken {
        lines.extend(list.iter().map(|broken| format!("  {word}: {}: {}", broken.file, broken.message)));
    }
    for (word, list) in names(verification) {
        lines.push(format!("DAGs        {word}: {}", some(list, ToOwned::to_owned)));
    }
    lines
}

/// Returns the verification as one object.
#[must_use]
pub fn object(verification: &Verification) -> Value {
    let broken = |list: &[Broken]| -> Vec<Value> {
        let one = |it: &Broken| json!({ "file": it.file, "line": it.line, "message": it.message, "stack_trace": it.trace });
        list.iter().map(one).collect()
    };
    let findings = &verification.findings;
    json!({
        "verdict": verification.verdict.name(),
        "why": match &verification.verdict { Verdict::Unverified(why) => Some(why), Verdict::Passed | Verdict::Failed => None },
        "new_errors": broken(&findings.new),
        "known_errors": broken(&findings.known),
        "other_errors": broken(&findings.elsewhere),
        "appeared": findings.appeared,
        "disappeared": findings.disappeared,
        "paused": findings.paused,
        "unread": findings.unread,
    })
}

/// Returns the verification as Markdown. `most` bounds the characters of one traceback.
#[must_use]
pub fn markdown(verification: &Verification, ink: Ink, most: usize) -> String {
    let icon = match verification.verdict {
        Verdict::Passed => "✅",
        Verdict::Failed => "❌",
        Verdict::Unverified(_) => "⚠️",
    };
    let findings = &verification.findings;
    let mut text = format!("{icon} {}.\n\n", ink.prose(&cut(&sentence(verification), most)));
    for broken in findings.new.iter().take(MOST_FILES) {
        let line = broken.line.map(|line| format!(" line {line}")).unwrap_or_default();
        text.push_str(&format!("{}{line}: {}\n\n", ink.code(&broken.file), ink.prose(&broken.message)));
        let skip = broken.trace.chars().count().saturating_sub(most);
        let trace: String = broken.trace.chars().skip(skip).collect();
        text.push_str(&ink.fold("Traceback", &ink.block(&trace)));
    }
    let rest = findings.new.len().saturating_sub(MOST_FILES);
    if rest > 0 {
        text.push_str(&format!("… and {}\n\n", count(rest as u64, "more file")));
    }
    let file = |broken: &Broken| format!("{} ({})", ink.code(&broken.file), ink.prose(&broken.message));
    for (words, list) in
        [("Cannot be imported, as before", &findings.known), ("Cannot be imported, not of this deploy", &findings.elsewhere)]
    {
        if !list.is_empty() {
            text.push_str(&format!("{words}: {}\n\n", some(list, file)));
        }
    }
    for (word, list) in names(verification) {
        text.push_str(&format!("DAGs that {word}: {}\n\n", some(list, |name| ink.code(name))));
    }
    text
}

fn names(verification: &Verification) -> impl Iterator<Item = (&'static str, &Vec<String>)> {
    let findings = &verification.findings;
    let lists = [("appeared", &findings.appeared), ("disappeared", &findings.disappeared), ("are paused", &findings.paused)];
    lists.into_iter().filter(|(_, list)| !list.is_empty())
}

fn some<T>(list: &[T], shown: impl Fn(&T) -> String) -> String {
    let named: Vec<String> = list.iter().take(NAMED).map(shown).collect();
    let rest = list.len().saturating_sub(NAMED);
    if rest == 0 { named.join(", ") } else { format!("{} and {rest} more", named.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::markup::MarkupStyle;
    use crate::plan::verification::Findings;

    fn failed() -> Verification {
        let broken = |file: &str| Broken {
            file: file.to_owned(),
            line: Some(3),
            message: "NameError: @acme </code>".to_owned(),
            trace: "Traceback\n```\n<img>\nNameError: @acme </code>".to_owned(),
        };
        let findings = Findings {
            new: vec![broken("dags/a.py")],
            known: vec![broken("dags/old.py")],
            paused: (0..12).map(|index| format!("dag{index}")).collect(),
            ..Findings::default()
        };
        Verification { verdict: Verdict::Failed, findings }
    }

    #[test]
    fn a_failure_is_told_like_this() {
        assert_eq!(
            lines(&failed()),
            [
                "Verified    Airflow can no longer import 1 file",
                "  new: dags/a.py: NameError: @acme </code>",
                "  as before: dags/old.py: NameError: @acme </code>",
                "DAGs        are paused: dag0, dag1, dag2, dag3, dag4, dag5, dag6, dag7, dag8, dag9 and 2 more",
            ]
        );
        let object = object(&failed());
        assert_eq!((object["verdict"].as_str(), object["new_errors"][0]["line"].as_u64()), (Some("failed"), Some(3)));
        let unknown = Verification { verdict: Verdict::Unverified("it sleeps".to_owned()), findings: Findings::default() };
        assert_eq!(sentence(&unknown), "not verified, because it sleeps");
    }

    #[test]
    fn hostile_texts_stay_text() {
        let text = markdown(&failed(), Ink(MarkupStyle::Html), 300);
        assert!(!text.contains("@acme") && !text.contains("<img>") && text.contains("dags/a.py"), "{text}");
    }
}
