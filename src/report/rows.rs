//! What became of each of several things that one command was about. The exit code is that of the worst row.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::report::answer::Answer;
use crate::report::columns::{CELL, aligned, one_line};

/// One thing and what became of it.
#[derive(Debug, Clone)]
pub struct Row {
    /// What the user calls it, such as an e-mail address.
    pub who: String,
    /// What was wanted for it, such as a role; may be empty.
    pub wanted: String,
    /// What became of it in a word or two, such as `added`, or why not.
    pub result: Result<String>,
}

/// Returns the rows as an answer; `doing` follows "could not" when any of them failed.
#[must_use]
pub fn answer(doing: &str, rows: &[Row]) -> Answer {
    let failed: Vec<&Error> = rows.iter().filter_map(|row| row.result.as_ref().err()).collect();
    let all: Vec<Value> = rows.iter().map(spelt).collect();
    let json = json!({ "schema": 1, "failed": failed.len(), "rows": all });
    let worst = failed.iter().max_by_key(|error| error.kind().exit_code()).map(|error| (*error).clone());
    let failure = worst.map(|worst| if rows.len() == 1 { worst } else { summed(doing, &worst, (failed.len(), rows.len())) });
    let mut lines = vec![["WHO", "WANTED", "RESULT"].map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(|row| vec![shown(&row.who), shown(&row.wanted), result(row)]));
    let lines = match rows {
        [] => vec!["nothing to do".to_owned()],
        [only] if only.result.is_err() => Vec::new(),
        _ => aligned(&lines),
    };
    Answer { lines, json, ..Answer::default() }.failing(failure)
}

fn spelt(row: &Row) -> Value {
    match &row.result {
        Ok(done) => json!({ "who": row.who, "wanted": row.wanted, "result": done }),
        Err(error) => json!({
            "who": row.who, "wanted": row.wanted, "result": "failed", "kind": error.kind().name(), "error": error.to_string(),
        }),
    }
}

fn summed(doing: &str, worst: &Error, (failed, rows): (usize, usize)) -> Error {
    let sum = Error::new(worst.kind(), doing)
        .because(format!("{failed} of {rows} failed; the worst: could not {worst}", worst = said(worst)));
    match worst.advice() {
        Some(advice) => sum.hint(advice),
        None => sum,
    }
}

fn said(error: &Error) -> String {
    let cause = error.cause().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{}{cause}", error.doing())
}

fn result(row: &Row) -> String {
    match &row.result {
        Ok(done) => shown(done),
        Err(error) => one_line(&format!("failed: {}", error.cause().unwrap_or(error.doing())), 5 * CELL),
    }
}

fn shown(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { one_line(text, CELL) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn row(who: &str, result: Result<&str>) -> Row {
        Row { who: who.to_owned(), wanted: "R".to_owned(), result: result.map(str::to_owned) }
    }

    #[test]
    fn the_worst_row_decides_and_every_row_is_told() {
        let missing = Error::new(Kind::NotFound, "find the user `b`").because("there is none").hint("look");
        let refused = Error::new(Kind::Refused, "change c").because("no");
        let told = answer("add users", &[row("a", Ok("added")), row("b", Err(missing.clone())), row("c", Err(refused))]);
        assert_eq!(
            told.lines,
            ["WHO  WANTED  RESULT", "a    R       added", "b    R       failed: there is none", "c    R       failed: no",]
        );
        let failure = told.failure.expect("a failure");
        assert_eq!(failure.kind(), Kind::Refused);
        assert!(failure.to_string().contains("2 of 3 failed; the worst: could not change c: no"), "{failure}");
        assert_eq!((&told.json["failed"], &told.json["rows"][1]["kind"]), (&json!(2), &json!("not-found")));
        let alone = answer("add users", &[row("b", Err(missing))]);
        assert_eq!(
            (alone.lines.len(), alone.failure.map(|error| error.to_string())),
            (0, Some("could not find the user `b`\nbecause: there is none\nhint: look".to_owned()))
        );
        let fine = answer("add users", &[row("a", Ok("added"))]);
        assert!(fine.failure.is_none());
        assert_eq!(answer("add users", &[]).lines, ["nothing to do"]);
    }
}
