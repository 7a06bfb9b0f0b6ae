//! What a dialect can say, and the words that all dialects share.

use crate::error::Place;

/// How the commands of one dialect are spelt. Texts come cleaned: one line each, except for the
/// message of an annotation, whose lines are cleaned one by one.
#[derive(Debug)]
pub struct Syntax {
    /// Returns the line or lines that carry a message; none where it is written as for people.
    pub annotation: fn(Annotation, Option<&Place>, &str) -> Option<String>,
    /// A line after an error that is written as for people.
    pub after_error: Option<&'static str>,
    /// Returns the line that opens a group of lines.
    pub open_group: fn(&Section) -> String,
    /// Returns the line that closes it.
    pub close_group: fn(&Section) -> Option<String>,
    /// Returns the line that makes the log hide a text from then on.
    pub mask: fn(&str) -> Option<String>,
    /// Returns the line that hands on an output, by a name of capitals and `_`.
    pub output: fn(&str, &str) -> Option<String>,
    /// Returns the line that hands on a summary, a file of Markdown.
    pub summary: fn(&str) -> Option<String>,
    /// Returns a cleaned line in a form that is no command.
    pub harmless: fn(String) -> String,
}

impl Syntax {
    /// A dialect without commands.
    pub const SILENT: Self = Self {
        annotation: |_, _, _| None,
        after_error: None,
        open_group: |section| section.title.clone(),
        close_group: |_| None,
        mask: |_| None,
        output: |_, _| None,
        summary: |_| None,
        harmless: |line| line,
    };
}

/// A group of lines.
#[derive(Debug, Clone)]
pub struct Section {
    /// Its title, for people.
    pub title: String,
    /// Its name, unlike every other's in this run: letters, digits and `_`.
    pub name: String,
    /// The time of what is being said, in seconds since 1970.
    pub seconds: u64,
}

/// The kinds of messages.
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
    /// Returns the word for people, which most dialects use as well.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}
