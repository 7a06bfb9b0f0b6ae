//! The workflow commands of GitHub's runner, which reads both streams:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.

use crate::console::syntax::form::{Annotation, Section, Syntax};
use crate::error::Place;

/// GitHub Actions.
pub const SYNTAX: Syntax = Syntax {
    annotation: |kind, place, message| Some(annotation(kind, place, message)),
    open_group,
    close_group: |_| Some("::endgroup::".to_owned()),
    mask,
    harmless,
    ..Syntax::SILENT
};

/// Returns the line that makes an annotation.
fn annotation(kind: Annotation, place: Option<&Place>, message: &str) -> String {
    let mut properties: Vec<String> = Vec::new();
    if let Some(place) = place {
        properties.push(format!("file={}", property(&place.path)));
        properties.extend(place.line.map(|line| format!("line={line}")));
    }
    let space = if properties.is_empty() { "" } else { " " };
    format!("::{}{space}{}::{}", kind.word(), properties.join(","), data(message))
}

/// Returns the line that opens a group.
#[must_use]
pub fn open_group(section: &Section) -> String {
    format!("::group::{}", data(&section.title))
}

/// Returns the line that masks a text.
#[must_use]
pub fn mask(text: &str) -> Option<String> {
    Some(format!("::add-mask::{}", data(text)))
}

/// The runner acts on a line that begins with `::` after white space
/// (github.com/actions/runner, `ActionCommand.cs`).
#[must_use]
pub fn harmless(line: String) -> String {
    let start = line.len() - line.trim_start().len();
    match line.get(start..) {
        Some(text) if text.starts_with("::") => format!("{}: :{}", &line[..start], &text[2..]),
        _ => line,
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_properties_are_escaped() {
        let place = Place { path: "dags/a,b:c%\n.py".to_owned(), line: Some(3) };
        assert_eq!(
            annotation(Annotation::Error, Some(&place), "100%\nbad::x\r"),
            "::error file=dags/a%2Cb%3Ac%25%0A.py,line=3::100%25%0Abad::x%0D"
        );
        let place = Place { path: "a.py".to_owned(), line: None };
        assert_eq!(annotation(Annotation::Warning, Some(&place), "x"), "::warning file=a.py::x");
        assert_eq!(annotation(Annotation::Notice, None, "x"), "::notice::x");
        assert_eq!(open_group(&Section { title: "a\nb".to_owned(), name: String::new(), seconds: 0 }), "::group::a%0Ab");
        assert_eq!(mask("a%0Ab").as_deref(), Some("::add-mask::a%250Ab"));
    }

    #[test]
    fn no_text_begins_like_a_command() {
        for (text, expected) in
            [("::error::x", ": :error::x"), (" \t::add-mask::x", " \t: :add-mask::x"), (":::x", ": ::x"), ("a::b", "a::b")]
        {
            assert_eq!(harmless(text.to_owned()), expected);
        }
    }
}
