//! One Python file: its text, its syntax tree, and what is wrong with it.
//! The parser is `ruff_python_parser`, and nothing outside `dags` knows that.

use std::borrow::Cow;
use std::cell::OnceCell;

use ruff_python_ast::{ModModule, PythonVersion};
use ruff_python_parser::{Mode, ParseOptions, Parsed, parse_unchecked};
use ruff_source_file::LineIndex;
use ruff_text_size::{Ranged as _, TextSize};

use crate::dags::decode::{self, Undecodable};
use crate::dags::nesting::{Nesting, nesting};
use crate::dags::texts::readable;
use crate::model::dag::{Problem, Severity};
use crate::model::path::RelPath;
use crate::model::runtime::Python;

/// Stack that a thread needs for parsing any file, in bytes. It holds a tree as deep as
/// `nesting::DEEPEST` several times over, also in builds without optimisation.
pub const STACK: usize = 64 << 20;
/// The largest file that is read, in bytes.
pub const LARGEST: usize = 8 << 20;
/// The most problems told of one file; after the first few the parser only stumbles on.
const MOST_PROBLEMS: usize = 10;

/// A parsed file.
pub struct Source<'a> {
    /// The file, relative to the repository.
    pub path: &'a RelPath,
    /// Its text.
    pub text: Cow<'a, str>,
    /// What is wrong with it, in the order of the text.
    pub problems: Vec<Problem>,
    /// Its syntax tree, as far as the text has one.
    pub tree: ModModule,
    lines: OnceCell<LineIndex>,
}

impl<'a> Source<'a> {
    /// Parses a file. Syntax that only some version of Python knows is a problem when the version
    /// is known and older. Call it on a thread that has `STACK` bytes of stack.
    ///
    /// # Errors
    /// Returns the one problem of a file that is too large, too deep, or no text.
    pub fn parse(path: &'a RelPath, bytes: &'a [u8], python: Option<Python>) -> Result<Self, Problem> {
        let unread = |message: String| Problem {
            file: path.clone(),
            line: None,
            column: None,
            message: format!("not checked, because {message}"),
            severity: Severity::Warning,
        };
        if bytes.len() > LARGEST {
            return Err(unread(format!("it is larger than {} MiB", LARGEST >> 20)));
        }
        let text = decode::text(bytes).map_err(|flaw| match flaw {
            Undecodable::NotUtf8 { line } => Problem {
                line: Some(line),
                message: "it is not UTF-8 and does not declare another encoding".to_owned(),
                severity: Severity::Error,
                ..unread(String::new())
            },
            Undecodable::Unknown { encoding } => unread(format!("Liftoff does not read the encoding {}", readable(&encoding))),
        })?;
        match nesting(&text) {
            Nesting::Shallow => {}
            Nesting::Deep => return Err(unread("it is nested too deeply".to_owned())),
            Nesting::Wrong(message) => {
                return Err(Problem { message: message.to_owned(), severity: Severity::Error, ..unread(String::new()) });
            }
        }
        let version = python.map_or(PythonVersion::latest(), |python| (python.major, python.minor).into());
        let parsed = parse_unchecked(&text, ParseOptions::from(Mode::Module).with_target_version(version));
        let lines = OnceCell::new();
        let problems = found(path, &text, &lines, &parsed);
        match parsed.try_into_module() {
            Some(module) => Ok(Self { path, text, problems, tree: module.into_syntax(), lines }),
            None => Err(unread("the parser took it for an expression".to_owned())),
        }
    }

    /// Returns the 1-based line of an offset.
    #[must_use]
    pub fn line(&self, offset: TextSize) -> usize {
        index(&self.lines, &self.text).line_index(offset).get()
    }
}

fn index<'a>(lines: &'a OnceCell<LineIndex>, text: &str) -> &'a LineIndex {
    lines.get_or_init(|| LineIndex::from_source_text(text))
}

/// Returns the first problem of each line.
fn found<T>(path: &RelPath, text: &str, lines: &OnceCell<LineIndex>, parsed: &Parsed<T>) -> Vec<Problem> {
    let errors = parsed.errors().iter().map(|error| (error.location.start(), error.error.to_string()));
    let versions = parsed.unsupported_syntax_errors().iter().map(|error| (error.start(), error.to_string()));
    let mut all: Vec<(TextSize, String)> = errors.chain(versions).collect();
    all.sort_by_key(|(offset, _)| *offset);
    let mut problems: Vec<Problem> = Vec::new();
    for (offset, message) in all {
        let place = index(lines, text).line_column(offset, text);
        if problems.last().is_some_and(|last| last.line == Some(place.line.get())) {
            continue;
        }
        if problems.len() == MOST_PROBLEMS {
            break;
        }
        problems.push(Problem {
            file: path.clone(),
            line: Some(place.line.get()),
            column: Some(place.column.get()),
            message: readable(&message),
            severity: Severity::Error,
        });
    }
    problems
}
