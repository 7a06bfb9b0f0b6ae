//! Connections, variables and pools of an Airflow, and what was done with them, for people and for programs.
//! A password is never known here, and a value only where somebody asked for it.

use serde_json::{Value, json};

use crate::error::{Error, Kind, Result};
use crate::model::airflow::{Extra, Field, Object, ObjectKind, Password};
use crate::model::airflow_draft::Draft;
use crate::model::record::Record;
use crate::preview::apply_plan::{Act, Row};
use crate::preview::copy::Copied;
use crate::preview::copy_plan::CopyPlan;
use crate::preview::left::{Left, Why};
use crate::report::answer::{Answer, Column, column};
use crate::report::figures::count;

/// Failures named in one error before the rest is only counted.
const NAMED: usize = 5;

/// Whether values of variables are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// They are.
    Shown,
    /// They are not.
    Hidden,
}

const CONNECTIONS: &[Column] = &[
    column("ID", "connection_id"),
    column("TYPE", "conn_type"),
    column("HOST", "host"),
    column("PORT", "port"),
    column("LOGIN", "login"),
    column("SCHEMA", "schema"),
    column("PASSWORD", "has_password"),
    column("EXTRA", "has_extra"),
    column("DESCRIPTION", "description"),
];
const VARIABLES: &[Column] = &[column("KEY", "key"), column("DESCRIPTION", "description")];
const VALUES: &[Column] = &[column("KEY", "key"), column("VALUE", "value"), column("DESCRIPTION", "description")];
const POOLS: &[Column] = &[
    column("NAME", "name"),
    column("SLOTS", "slots"),
    column("COUNTS DEFERRED", "include_deferred"),
    column("DESCRIPTION", "description"),
];

/// Returns a list of objects of one kind.
#[must_use]
pub fn list(kind: ObjectKind, objects: &[Object], values: Values) -> Answer {
    let records: Vec<Record> = objects.iter().filter_map(|object| Record::of(shown(object, values))).collect();
    let columns = match (kind, values) {
        (ObjectKind::Connection, _) => CONNECTIONS,
        (ObjectKind::Variable, Values::Hidden) => VARIABLES,
        (ObjectKind::Variable, Values::Shown) => VALUES,
        (ObjectKind::Pool, _) => POOLS,
    };
    Answer::table(kind.plural(), columns, &records)
}

fn shown(object: &Object, values: Values) -> Value {
    match object {
        Object::Connection(it) => json!({
            "connection_id": it.id, "conn_type": it.conn_type, "description": it.description, "host": it.host,
            "login": it.login, "schema": it.schema, "port": it.port,
            "has_password": match it.password {
                Password::Present => Some(true),
                Password::Absent => Some(false),
                Password::Unknown => None,
            },
            "has_extra": match it.extra {
                Extra::Text(_) => Some(true),
                Extra::Absent => Some(false),
                Extra::Unknown => None,
            },
        }),
        Object::Variable(it) if values == Values::Shown => {
            json!({ "key": it.key, "value": it.value.expose(), "description": it.description })
        }
        Object::Variable(it) => json!({ "key": it.key, "description": it.description }),
        Object::Pool(it) => json!({
            "name": it.name, "slots": it.slots, "description": it.description, "include_deferred": it.include_deferred,
        }),
    }
}

/// Returns what was done with objects, or, without `ends`, what would be.
#[must_use]
pub fn applied(kind: ObjectKind, rows: &[Row], ends: Option<&[Result<()>]>) -> Answer {
    let mut lines = Vec::new();
    let mut objects = Vec::new();
    let mut failures: Vec<(&str, Kind, String)> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let failure = ends.and_then(|ends| ends.get(index)).and_then(|end| end.as_ref().err());
        let (word, fields) = done(&row.act);
        let name = row.name.escape_debug();
        match (failure, word) {
            (Some(error), _) => {
                lines.push(format!("failed     {kind} `{name}`: {}", one_line(error)));
                failures.push((&row.name, error.kind(), one_line(error)));
            }
            (None, "left") => {
                let why: Vec<String> = row.why.iter().map(ToString::to_string).collect();
                failures.push((&row.name, Kind::Usage, format!("not applied: {}", why.join("; "))));
            }
            (None, "unchanged") => {}
            (None, word) => {
                let what = if fields.is_empty() { String::new() } else { format!(": {}", fields.join(", ")) };
                let word = if ends.is_none() { format!("would be {word}") } else { word.to_owned() };
                lines.push(format!("{word:<10} {kind} `{name}`{what}"));
            }
        }
        lines.extend(row.why.iter().map(|why| format!("not applied: {kind} `{name}`: {why}")));
        objects.push(json!({
            "name": row.name,
            "end": if failure.is_some() { "failed" } else { word },
            "fields": fields,
            "not_applied": row.why.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "error": failure.map(one_line),
        }));
    }
    let same = rows.iter().filter(|row| row.act == Act::Same).count();
    lines.push(format!("{same} of {} unchanged", count(rows.len() as u64, kind.name())));
    let json = json!({ "schema": 1, "dry_run": ends.is_none(), kind.plural(): objects });
    let failure = failed(&failures).map(|(worst, why)| {
        let others = if ends.is_none() { "can be applied" } else { "are as they should be" };
        Error::new(worst, format!("apply {} of {}", failures.len(), count(rows.len() as u64, kind.name())))
            .because(why)
            .hint(format!("the others {others}; run again once the reason is gone"))
    });
    Answer::text(lines, json).failing(failure)
}

/// Returns the kind of a failure, of a refusal rather than of an object that was left alone, and what failed.
fn failed(failures: &[(&str, Kind, String)]) -> Option<(Kind, String)> {
    let (_, first, _) = failures.iter().find(|(_, kind, _)| *kind != Kind::Usage).or_else(|| failures.first())?;
    let named = failures.iter().take(NAMED).map(|(name, _, why)| format!("{}: {why}", name.escape_debug()));
    let more = failures.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!("\n… and {more} more") };
    Some((*first, named.collect::<Vec<_>>().join("\n") + &more))
}

fn done(act: &Act) -> (&'static str, Vec<&'static str>) {
    match act {
        Act::Create(draft) => ("created", names(draft, &draft.named)),
        Act::Change(draft, fields) => ("changed", names(draft, fields)),
        Act::Same => ("unchanged", Vec::new()),
        Act::Delete => ("deleted", Vec::new()),
        Act::Leave => ("left", Vec::new()),
        Act::Lacks(_) => ("impossible", Vec::new()),
    }
}

fn names(draft: &Draft, fields: &[Field]) -> Vec<&'static str> {
    fields.iter().map(|field| field.name()).chain(draft.password.as_ref().map(|_| "password")).collect()
}

/// Returns what a copy would do.
#[must_use]
pub fn would_copy(kind: ObjectKind, plan: &CopyPlan) -> Answer {
    let created: Vec<&str> = plan.create.iter().map(Object::name).collect();
    let mut lines: Vec<String> =
        created.iter().map(|name| format!("would be created {kind} `{}`", name.escape_debug())).collect();
    let mut changed = Vec::new();
    for change in &plan.update {
        let fields: Vec<&str> = change.fields.iter().map(|field| field.name()).collect();
        lines.push(format!("would be changed {kind} `{}`: {}", change.object.name().escape_debug(), fields.join(", ")));
        changed.push(json!({ "name": change.object.name(), "fields": fields }));
    }
    lines.extend(plan.left.iter().map(|left| format!("would not be copied: {left}")));
    lines.push(format!("{} unchanged", count(plan.unchanged.total() as u64, kind.name())));
    let json = json!({
        "schema": 1, "dry_run": true, "created": created, "changed": changed, "unchanged": plan.unchanged.total(),
        "not_copied": plan.left.iter().map(left).collect::<Vec<_>>(),
    });
    Answer::text(lines, json)
}

/// Returns what a copy did.
#[must_use]
pub fn copied(kind: ObjectKind, copied: &Copied) -> Answer {
    let counts = [copied.created.total(), copied.updated.total(), copied.unchanged.total()];
    let mut lines = vec![format!("{}: {} created, {} changed, {} unchanged", kind.plural(), counts[0], counts[1], counts[2])];
    lines.extend(copied.left.iter().map(|left| format!("not copied: {left}")));
    let json = json!({
        "schema": 1, "dry_run": false, "created": counts[0], "changed": counts[1], "unchanged": counts[2],
        "not_copied": copied.left.iter().map(left).collect::<Vec<_>>(),
    });
    let failed: Vec<String> = copied.left.iter().filter(|left| is_failed(left)).map(ToString::to_string).collect();
    let failure = (!failed.is_empty()).then(|| {
        let named = failed.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join("\n");
        Error::new(Kind::Transfer, format!("copy {}", count(failed.len() as u64, kind.name())))
            .because(named)
            .hint("the others were copied; run again once the reason is gone")
    });
    Answer::text(lines, json).failing(failure)
}

fn left(left: &Left) -> Value {
    json!({ "name": left.name, "why": left.why.iter().map(ToString::to_string).collect::<Vec<_>>() })
}

fn is_failed(left: &Left) -> bool {
    left.why.iter().any(|why| matches!(why, Why::Failed(_)))
}

fn one_line(error: &Error) -> String {
    let lines = error.cause().unwrap_or(error.doing()).lines();
    lines.map(str::trim).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;

    fn row(name: &str, act: Act, why: Vec<Why>) -> Row {
        Row { name: name.to_owned(), act, why }
    }

    fn draft(name: &str) -> Draft {
        let mut draft = Draft::new(ObjectKind::Connection, name);
        draft.text(Field::ConnType, Some("http".to_owned()));
        draft.password = Some(Secret::new("hush"));
        draft
    }

    #[test]
    fn what_was_done_and_what_would_be_are_told_apart() {
        let rows = [
            row("a", Act::Create(draft("a")), Vec::new()),
            row("b\u{1b}", Act::Change(draft("b"), vec![Field::Host]), vec![Why::Masked("login")]),
            row("c", Act::Same, Vec::new()),
            row("d", Act::Delete, Vec::new()),
        ];
        let kind = ObjectKind::Connection;
        let dry = applied(kind, &rows, None);
        assert_eq!(
            dry.lines,
            [
                "would be created connection `a`: conn_type, password",
                "would be changed connection `b\\u{1b}`: host, password",
                "not applied: connection `b\\u{1b}`: its login, which Airflow masks",
                "would be deleted connection `d`",
                "1 of 4 connections unchanged",
            ]
        );
        assert!(dry.failure.is_none() && dry.json["dry_run"] == json!(true));
        let failed = || Err(Error::new(Kind::Refused, "create it").because("403\nno"));
        let real = applied(kind, &rows, Some(&[failed(), Ok(()), Ok(()), failed()]));
        assert_eq!(real.lines[0], "failed     connection `a`: 403; no");
        assert_eq!(
            (&real.json["connections"][0]["end"], &real.json["connections"][2]["end"]),
            (&json!("failed"), &json!("unchanged"))
        );
        let failure = real.failure.expect("a failure");
        assert_eq!((failure.kind(), failure.doing()), (Kind::Refused, "apply 2 of 4 connections"));
        assert!(!format!("{dry:?} {:?} {:?}", real.lines, real.json).contains("hush"));
    }

    #[test]
    fn an_object_that_was_left_alone_fails_the_run() {
        let rows = [row("a", Act::Same, Vec::new()), row("v", Act::Leave, vec![Why::Masked("value")])];
        let applied = |ends| applied(ObjectKind::Variable, &rows, ends);
        let failure = applied(Some(&[Ok(()), Ok(())][..])).failure.expect("a failure");
        assert_eq!((failure.kind(), failure.doing()), (Kind::Usage, "apply 1 of 2 variables"));
        assert!(failure.to_string().contains("v: not applied: its value, which Airflow masks"), "{failure}");
        assert!(applied(None).failure.is_some(), "a dry run promises nothing else");
        let refused = || Err(Error::new(Kind::Refused, "create it"));
        assert_eq!(applied(Some(&[refused(), Ok(())])).failure.expect("a failure").kind(), Kind::Refused);
    }
}
