//! Which tokens want attention.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::app::manage::token::list::{shown, without_value};
use crate::app::manage::token::place::Place;
use crate::cli::token::Report;
use crate::error::{Error, Kind, Result};
use crate::model::markup::MarkupStyle;
use crate::model::record::Record;
use crate::plan::tokens::{Concern, Limits, concerns};
use crate::report::answer::{Answer, Column, Note, Weight, column};
use crate::report::ink::Ink;

/// Job summaries, wherever there are any, take HTML.
const INK: Ink = Ink(MarkupStyle::Html);

/// Columns of the report.
const COLUMNS: &[Column] = &[
    column("NAME", "name"),
    column("ID", "id"),
    column("SCOPE", "scope"),
    column("CONCERNS", "concerns"),
    column("EXPIRES", "ends"),
    column("ROTATED", "lastRotatedAt"),
    column("USED", "lastUsedAt"),
];

/// Reports on the tokens with a role here or, for the Organization, anywhere in it.
///
/// # Errors
/// As reads do. With `--exit-code`, anything to report is an answer that fails with `Kind::ChecksFailed`.
pub async fn run(place: &Place, what: &Report) -> Result<Answer> {
    let limits = Limits {
        now: Timestamp::now(),
        unused_days: what.unused_for,
        stale_days: what.older_than,
        soon_days: what.expiring_within,
    };
    let tokens = place.tokens_below().await?;
    let total = tokens.len();
    let worth: Vec<(Record, Vec<Concern>)> = tokens
        .into_iter()
        .map(|token| (concerns(&token, &limits), token))
        .filter(|(all, _)| !all.is_empty())
        .map(|(all, token)| (token, all))
        .collect();
    let rows: Vec<Record> = worth.iter().map(|(token, all)| row(token, all)).collect();
    let sentence = format!("{} of {total} API tokens of {} want attention", worth.len(), place.name);
    let mut lines = vec![sentence.clone()];
    if !rows.is_empty() {
        lines.extend(Answer::table("tokens", COLUMNS, &rows).lines);
    }
    let objects: Vec<Value> = worth.iter().map(|(token, all)| object(token, all)).collect();
    let json = json!({ "schema": 1, "total": total, "concerning": objects });
    let failure = (what.exit_code && !worth.is_empty()).then(|| {
        Error::new(Kind::ChecksFailed, "find every API token in order")
            .because(sentence.clone())
            .hint("rotate stale ones with `liftoff token rotate`, delete unused ones with `liftoff token delete`")
    });
    let note =
        Note { subject: format!("API tokens of {}", place.name), markdown: markdown(&sentence, &worth), weight: Weight::NoNews };
    Ok(Answer { lines, json, note: Some(note), failure })
}

fn row(token: &Record, all: &[Concern]) -> Record {
    let mut row = shown(token);
    row.set("concerns", all.iter().map(|concern| Value::from(concern.word())).collect::<Vec<_>>());
    row
}

fn object(token: &Record, all: &[Concern]) -> Value {
    let words: Vec<&str> = all.iter().map(|concern| concern.word()).collect();
    json!({ "token": without_value(token.clone()).into_value(), "concerns": words })
}

fn markdown(sentence: &str, worth: &[(Record, Vec<Concern>)]) -> String {
    let mut text = format!("### API tokens\n\n{}.\n", INK.prose(sentence));
    if !worth.is_empty() {
        text.push_str("\n| Token | Id | Concerns |\n| --- | --- | --- |\n");
    }
    for (token, all) in worth {
        let words: Vec<&str> = all.iter().map(|concern| concern.word()).collect();
        text.push_str(&format!("| {} | {} | {} |\n", INK.code(token.text("name")), INK.code(token.id()), words.join(", ")));
    }
    text
}
