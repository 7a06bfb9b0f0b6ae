//! The service messages of TeamCity's agent: <https://www.jetbrains.com/help/teamcity/service-messages.html>.
//! The agent reads them from standard output only.

use crate::console::syntax::form::{Annotation, Syntax};
use crate::error::Place;

/// TeamCity.
pub const SYNTAX: Syntax = Syntax {
    annotation: |kind, place, message| Some(annotation(kind, place, message)),
    open_group: |section| format!("##teamcity[blockOpened name='{}']", value(&section.title)),
    close_group: |section| Some(format!("##teamcity[blockClosed name='{}']", value(&section.title))),
    output: |name, text| Some(format!("##teamcity[setParameter name='{name}' value='{}']", value(text))),
    ..Syntax::SILENT
};

/// The longest description of a build problem, in characters.
const LONGEST_PROBLEM: usize = 4000;

/// A message in the log has no place of its own, so that stands before the text. An error ends the
/// run, and a build problem tells on the build's first page why.
fn annotation(kind: Annotation, place: Option<&Place>, message: &str) -> String {
    let place = place.map(|place| match place.line {
        Some(line) => format!("{}:{line}: ", place.path),
        None => format!("{}: ", place.path),
    });
    let text = place.unwrap_or_default() + message;
    let status = match kind {
        Annotation::Error => "ERROR",
        Annotation::Warning => "WARNING",
        Annotation::Notice => "NORMAL",
    };
    let line = format!("##teamcity[message text='{}' status='{status}']", value(&text));
    if kind != Annotation::Error {
        return line;
    }
    let problem: String = text.chars().take(LONGEST_PROBLEM / 2).collect();
    format!("{line}\n##teamcity[buildProblem description='{}']", value(&problem))
}

fn value(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\'' | '|' | '[' | ']' => escaped.extend(['|', character]),
            '\n' => escaped.push_str("|n"),
            '\r' => escaped.push_str("|r"),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::syntax::form::Section;

    #[test]
    fn values_are_escaped_and_errors_are_problems() {
        let place = Place { path: "dags/a.py".to_owned(), line: Some(3) };
        assert_eq!(
            annotation(Annotation::Error, Some(&place), "it's [x] a|b\nnext\r"),
            "##teamcity[message text='dags/a.py:3: it|'s |[x|] a||b|nnext|r' status='ERROR']\n\
             ##teamcity[buildProblem description='dags/a.py:3: it|'s |[x|] a||b|nnext|r']"
        );
        assert_eq!(annotation(Annotation::Warning, None, "é"), "##teamcity[message text='é' status='WARNING']");
        assert_eq!(annotation(Annotation::Notice, None, "x"), "##teamcity[message text='x' status='NORMAL']");
        let section = Section { title: "a'b".to_owned(), name: String::new(), seconds: 0 };
        assert_eq!((SYNTAX.open_group)(&section), "##teamcity[blockOpened name='a|'b']");
        assert_eq!((SYNTAX.close_group)(&section).as_deref(), Some("##teamcity[blockClosed name='a|'b']"));
        assert_eq!((SYNTAX.output)("A_B", "x]").as_deref(), Some("##teamcity[setParameter name='A_B' value='x|]']"));
        let long = annotation(Annotation::Error, None, &"[".repeat(9000));
        assert!(long.lines().last().is_some_and(|problem| problem.len() < LONGEST_PROBLEM + 50));
    }
}
