//! The workflow commands of GitHub's runner, and how its log keeps text from becoming one:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.
//! It makes lines; it prints none.

use crate::error::Place;

/// How lines are written for whoever reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// For people and for CI systems without commands.
    Plain,
    /// For GitHub's runner, which turns some lines into annotations, groups and masks.
    GitHubActions,
}

impl Dialect {
    /// Returns the dialect of a CI provider, by its stable name.
    #[must_use]
    pub fn of(provider: &str) -> Self {
        if provider == "github-actions" { Self::GitHubActions } else { Self::Plain }
    }

    /// Returns a cleaned line in a form that cannot be a command. The runner acts on a line
    /// that begins with `::` after white space (github.com/actions/runner, `ActionCommand.cs`).
    #[must_use]
    pub fn harmless(self, line: String) -> String {
        let start = line.len() - line.trim_start().len();
        match line.get(start..) {
            Some(text) if self == Self::GitHubActions && text.starts_with("::") => {
                format!("{}: :{}", &line[..start], &text[2..])
            }
            _ => line,
        }
    }
}

/// The commands that carry a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Annotation {
    /// A failure.
    Error,
    /// Something that may be wrong.
    Warning,
    /// Something worth knowing.
    Notice,
}

impl Annotation {
    /// Returns the word that both dialects use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// Returns the line that makes an annotation. The message may have several lines.
#[must_use]
pub fn annotation(kind: Annotation, place: Option<&Place>, message: &str) -> String {
    let mut properties: Vec<String> = Vec::new();
    if let Some(place) = place {
        properties.push(format!("file={}", property(&place.path)));
        properties.extend(place.line.map(|line| format!("line={line}")));
    }
    let space = if properties.is_empty() { "" } else { " " };
    format!("::{}{space}{}::{}", kind.word(), properties.join(","), data(message))
}

/// Returns the line that opens a group of lines.
#[must_use]
pub fn group(title: &str) -> String {
    format!("::group::{}", data(title))
}

/// The line that closes a group.
pub const END_GROUP: &str = "::endgroup::";

/// Returns the line that makes the runner hide a text from then on.
#[must_use]
pub fn mask(text: &str) -> String {
    format!("::add-mask::{}", data(text))
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
        assert_eq!(group("a\nb"), "::group::a%0Ab");
        assert_eq!(mask("a%0Ab"), "::add-mask::a%250Ab");
    }

    #[test]
    fn no_text_begins_like_a_command() {
        for (text, expected) in
            [("::error::x", ": :error::x"), (" \t::add-mask::x", " \t: :add-mask::x"), (":::x", ": ::x"), ("a::b", "a::b")]
        {
            assert_eq!(Dialect::GitHubActions.harmless(text.to_owned()), expected);
            assert_eq!(Dialect::Plain.harmless(text.to_owned()), text);
        }
    }
}
