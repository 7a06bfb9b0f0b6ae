//! What a command that manages things answers: the same facts as lines for people and as JSON for programs.

use serde_json::{Value, json};

use crate::error::Error;
use crate::model::record::Record;
use crate::report::columns::{CELL, aligned, minute, one_line};

/// The answer of a command.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Lines for people.
    pub lines: Vec<String>,
    /// One object for programs; null when the lines alone are the data.
    pub json: Value,
    /// What reviewers get to read; none for commands that are nobody's business but the caller's.
    pub note: Option<Note>,
    /// What went wrong although there is an answer, such as one row of many.
    pub failure: Option<Error>,
}

/// What the job's summary and a comment on the pull request say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is about, such as the Deployments' names: the comment about the same is kept up to date.
    pub subject: String,
    /// The text in Markdown; names in it are escaped already.
    pub markdown: String,
    /// Whether it is worth a comment where there is none yet.
    pub weight: Weight,
}

/// Whether something is worth a comment of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It is.
    News,
    /// It only keeps a comment true that is there.
    NoNews,
}

/// A column of a table of records.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Heading.
    pub title: &'static str,
    /// Dotted path of the value; the first of several parted by `|` that is there.
    pub path: &'static str,
}

/// Returns a column.
#[must_use]
pub const fn column(title: &'static str, path: &'static str) -> Column {
    Column { title, path }
}

impl Answer {
    /// Returns a list: a table for people; for programs an object with `schema` and the records, as the platform spells
    /// them, under `name`.
    #[must_use]
    pub fn table(name: &str, columns: &[Column], records: &[Record]) -> Self {
        let all: Vec<Value> = records.iter().cloned().map(Record::into_value).collect();
        let json = json!({ "schema": 1, name: all });
        if records.is_empty() {
            return Self { lines: vec![format!("no {}", name.replace('_', " "))], json, ..Self::default() };
        }
        let mut rows: Vec<Vec<String>> = vec![columns.iter().map(|column| column.title.to_owned()).collect()];
        rows.extend(records.iter().map(|record| columns.iter().map(|column| cell(record, column.path)).collect()));
        Self { lines: aligned(&rows), json, ..Self::default() }
    }

    /// Returns what was done in one sentence, and the thing that it was done to.
    #[must_use]
    pub fn done(sentence: impl Into<String>, json: Value) -> Self {
        let sentence = sentence.into();
        let json = json!({ "schema": 1, "done": sentence, "result": json });
        Self { lines: vec![sentence], json, ..Self::default() }
    }

    /// Returns text that is data by itself, such as a file.
    #[must_use]
    pub fn text(lines: Vec<String>, json: Value) -> Self {
        Self { lines, json, ..Self::default() }
    }

    /// Adds what went wrong; the exit code is its.
    #[must_use]
    pub fn failing(self, failure: Option<Error>) -> Self {
        Self { failure, ..self }
    }
}

/// Returns what stands in a cell: texts on one line, times to the minute, lists by their items.
fn cell(record: &Record, paths: &str) -> String {
    let value = paths.split('|').find_map(|path| record.value(path));
    let text = value.map(shown).unwrap_or_default();
    if text.is_empty() { "-".to_owned() } else { text }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if is_time(text) => minute(text),
        Value::String(text) => one_line(text, CELL),
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Value::Array(items) if items.iter().any(Value::is_object) => items.len().to_string(),
        Value::Array(items) => one_line(&items.iter().map(shown).collect::<Vec<_>>().join(", "), CELL),
        Value::Null => String::new(),
        other => one_line(&other.to_string(), CELL),
    }
}

fn is_time(text: &str) -> bool {
    text.len() >= 20 && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_a_table_and_an_object() {
        let records: Vec<Record> = [
            json!({"id": "1", "name": "a\nb", "on": true, "at": "2026-08-01T10:11:12.5Z", "roles": [{"r": 1}, {"r": 2}], "tags": ["x", "y"]}),
            json!({"id": "2", "name": "", "on": false, "by": {"name": "Ada"}}),
        ]
        .into_iter()
        .filter_map(Record::of)
        .collect();
        let columns = [
            column("NAME", "name"),
            column("ON", "on"),
            column("AT", "at|by.name"),
            column("ROLES", "roles"),
            column("TAGS", "tags"),
        ];
        let answer = Answer::table("things", &columns, &records);
        assert_eq!(
            answer.lines,
            [
                "NAME  ON   AT                ROLES  TAGS",
                "a b   yes  2026-08-01 10:11  2      x, y",
                "-     no   Ada               -      -"
            ]
        );
        assert_eq!((&answer.json["schema"], &answer.json["things"][1]["by"]["name"]), (&json!(1), &json!("Ada")));
        assert_eq!(Answer::table("ip_ranges", &columns, &[]).lines, ["no ip ranges"]);
    }
}
