//! Reads the results that pytest writes as JUnit XML, in its form `xunit1`
//! (<https://docs.pytest.org/en/stable/how-to/output.html#creating-junitxml-format-files>). It knows that form, not what a test means.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use crate::model::check::CaseOutcome;

/// The most tests that are read.
const MOST_TESTS: usize = 100_000;
/// The most bytes that are kept of what is known about a failure.
const LONGEST_DETAIL: usize = 20_000;

/// One test.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// Its name with that of its class, if it has one.
    pub name: String,
    /// Its file, as pytest names it.
    pub file: Option<String>,
    /// 1-based line of its definition.
    pub line: Option<usize>,
    /// How long it took.
    pub seconds: f64,
    /// How it fared.
    pub outcome: CaseOutcome,
}

/// Returns the tests of a document; those before the first mistake when it is not well-formed.
#[must_use]
pub fn tests(xml: &str) -> Vec<Test> {
    let mut reader = Reader::from_str(xml);
    let mut tests: Vec<Test> = Vec::new();
    let mut detail: Option<String> = None;
    while tests.len() < MOST_TESTS {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                begin(&start, &mut tests);
                detail = is_failure(&start).then(String::new);
            }
            Ok(Event::Empty(start)) => begin(&start, &mut tests),
            Ok(Event::Text(text)) => append(&mut detail, &text),
            Ok(Event::CData(text)) => append(&mut detail, &text),
            Ok(Event::GeneralRef(reference)) => {
                let text = match reference.resolve_char_ref() {
                    Ok(Some(character)) => character.to_string(),
                    _ => match &*reference {
                        "lt" => "<".to_owned(),
                        "gt" => ">".to_owned(),
                        "amp" => "&".to_owned(),
                        "quot" => "\"".to_owned(),
                        "apos" => "'".to_owned(),
                        _ => String::new(),
                    },
                };
                append(&mut detail, &text);
            }
            Ok(Event::End(_)) => {
                let last = tests.last_mut().map(|test| &mut test.outcome);
                if let (Some(text), Some(CaseOutcome::Failed { detail, .. })) = (detail.take(), last) {
                    *detail = text;
                }
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    tests
}

fn append(detail: &mut Option<String>, text: &str) {
    if let Some(detail) = detail
        && detail.len() < LONGEST_DETAIL
    {
        detail.push_str(text);
    }
}

fn is_failure(start: &BytesStart<'_>) -> bool {
    matches!(start.name().as_ref(), "failure" | "error")
}

fn begin(start: &BytesStart<'_>, tests: &mut Vec<Test>) {
    let attribute = |name: &str| {
        let found = start.try_get_attribute(name).ok().flatten()?;
        Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
    };
    match (start.name().as_ref(), tests.last_mut()) {
        ("testcase", _) => tests.push(Test {
            name: attribute("name").unwrap_or_default(),
            file: attribute("file"),
            // pytest counts from 0 here.
            line: attribute("line").and_then(|line| line.parse::<usize>().ok()).map(|line| line + 1),
            seconds: attribute("time").and_then(|time| time.parse().ok()).unwrap_or_default(),
            outcome: CaseOutcome::Passed,
        }),
        ("failure" | "error", Some(test)) => {
            let message = attribute("message").unwrap_or_default();
            test.outcome = CaseOutcome::Failed { message, detail: String::new() };
        }
        ("skipped", Some(test)) => test.outcome = CaseOutcome::Skipped(attribute("message").unwrap_or_default()),
        _ => {}
    }
}

#[cfg(test)]
mod tests_of_reading {
    use super::*;

    #[test]
    fn tests_are_read_with_what_is_known_of_them() {
        let xml = r#"<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" tests="4">
<testcase classname="tests.test_a" name="test_good" file="tests/test_a.py" line="3" time="0.001" />
<testcase classname="tests.test_a" name="test_bad[&lt;x&gt;]" file="tests/test_a.py" line="6" time="0.5"><failure message="assert 1 == 2&#10; + where">def test_bad():
&gt;       assert 1 == 2 &amp; 3 &#x41;
tests/test_a.py:8: AssertionError</failure></testcase>
<testcase name="test_out" file="tests/test_a.py" line="9" time="0"><skipped type="pytest.skip" message="not today">x</skipped></testcase>
<testcase name="tests.test_" time="0"><error message="collection failure">E   ModuleNotFoundError</error></testcase>
<testcase name="cut"#;
        let found = tests(xml);
        assert_eq!(found.len(), 4, "{found:?}");
        assert_eq!((found[0].line, found[0].seconds, &found[0].outcome), (Some(4), 0.001, &CaseOutcome::Passed));
        assert_eq!(found[1].name, "test_bad[<x>]");
        let CaseOutcome::Failed { message, detail } = &found[1].outcome else { panic!("{found:?}") };
        assert!(message.starts_with("assert 1 == 2"), "{message:?}");
        assert!(detail.contains(">       assert 1 == 2 & 3 A\ntests/test_a.py:8: AssertionError"), "{detail}");
        assert_eq!(found[2].outcome, CaseOutcome::Skipped("not today".to_owned()));
        assert!(matches!(&found[3].outcome, CaseOutcome::Failed { detail, .. } if detail.contains("ModuleNotFoundError")));
        assert_eq!(tests("no XML at all <"), []);
    }
}
