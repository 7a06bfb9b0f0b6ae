//! How DAGs differ, as terminal text and as JSON.
//! It shows what was found out; it compares nothing.

use serde_json::{Value as Json, json};

use crate::model::dag::{Dag, DagChange, DagFacts, Field, Problem, Severity, Value};
use crate::report::run::Detail;

/// DAGs listed before the rest is only counted, unless every one was asked for.
const SHOWN: usize = 40;
/// Tasks named of one DAG before the rest is only counted.
const TASKS_SHOWN: usize = 8;

/// Returns the difference, line by line; nothing when there is nothing to tell.
#[must_use]
pub fn lines(facts: &DagFacts, detail: Detail) -> Vec<String> {
    let difference = &facts.difference;
    let mut all: Vec<String> = difference.removed.iter().map(|dag| format!("  - dag {}", dag.id)).collect();
    all.extend(difference.added.iter().map(|dag| format!("  + dag {} ({})", dag.id, summary(dag))));
    all.extend(difference.changed.iter().map(|change| format!("  ~ dag {}: {}", change.dag.id, changes(change))));
    all.extend(difference.dynamic.iter().map(|dynamic| match dynamic.lines.as_slice() {
        [] => format!("  ? dynamic DAGs in {} are gone", dynamic.file),
        [line, ..] => format!("  ? dynamic DAGs in {} line {line} changed", dynamic.file),
    }));
    let shown = if detail == Detail::Full { all.len() } else { SHOWN };
    if let Some(rest) = all.len().checked_sub(shown).filter(|rest| *rest > 0) {
        all.truncate(shown);
        all.push(format!("  … and {rest} more"));
    }
    if let Some(unknown) = &difference.unknown {
        let what = if all.is_empty() { "which DAGs differ is unknown" } else { "more DAGs may differ" };
        all.push(format!("  ! {what}, because {unknown}"));
    }
    if !all.is_empty() {
        all.insert(0, "DAG changes".to_owned());
    }
    all
}

/// Returns what is worth knowing about a new DAG: `@daily, 4 tasks`.
#[must_use]
pub fn summary(dag: &Dag) -> String {
    let schedule = match &dag.schedule {
        Value::Absent => None,
        Value::Known(schedule) => Some(schedule.clone()),
        Value::Dynamic => Some("dynamic schedule".to_owned()),
    };
    schedule.into_iter().chain([dag.task_count()]).collect::<Vec<_>>().join(", ")
}

/// Returns how a DAG differs: `schedule @daily -> @hourly, task +load`.
#[must_use]
pub fn changes(change: &DagChange) -> String {
    let mut parts: Vec<String> =
        change.moved_from.iter().map(|from| format!("moved from {from} to {}", change.dag.file)).collect();
    parts.extend(change.fields.iter().map(|field| format!("{} {} -> {}", field.field.name(), field.before, field.after)));
    let added = change.tasks_added.iter().map(|task| format!("+{task}"));
    let tasks: Vec<String> = added.chain(change.tasks_removed.iter().map(|task| format!("-{task}"))).collect();
    if !tasks.is_empty() {
        let word = if tasks.len() == 1 { "task" } else { "tasks" };
        let more = tasks.len().saturating_sub(TASKS_SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        parts.push(format!("{word} {}{more}", tasks.into_iter().take(TASKS_SHOWN).collect::<Vec<_>>().join(" ")));
    }
    if parts.is_empty() { "code".to_owned() } else { parts.join(", ") }
}

/// Returns everything as one object (`VERSIONING.md`).
#[must_use]
pub fn object(facts: &DagFacts) -> Json {
    let difference = &facts.difference;
    let dynamic = |dynamic: &crate::model::dag::DynamicDags| json!({ "file": dynamic.file.to_string(), "lines": dynamic.lines });
    json!({
        "added": difference.added.iter().map(dag).collect::<Vec<_>>(),
        "removed": difference.removed.iter().map(dag).collect::<Vec<_>>(),
        "changed": difference.changed.iter().map(changed).collect::<Vec<_>>(),
        "dynamic": difference.dynamic.iter().map(dynamic).collect::<Vec<_>>(),
        "unknown": difference.unknown,
        "problems": facts.problems.iter().map(problem).collect::<Vec<_>>(),
    })
}

fn dag(dag: &Dag) -> Json {
    let dynamic = [
        (Field::Schedule, dag.schedule == Value::Dynamic),
        (Field::StartDate, dag.start_date == Value::Dynamic),
        (Field::Tags, dag.tags == Value::Dynamic),
        (Field::Owner, dag.owner == Value::Dynamic),
        (Field::Catchup, dag.catchup == Value::Dynamic),
    ];
    let dynamic: Vec<&str> = dynamic.into_iter().filter(|(_, is)| *is).map(|(field, _)| field.name()).collect();
    json!({
        "id": dag.id,
        "file": dag.file.to_string(),
        "line": dag.line,
        "schedule": dag.schedule.known(),
        "start_date": dag.start_date.known(),
        "tags": dag.tags.known(),
        "owner": dag.owner.known(),
        "catchup": dag.catchup.known(),
        "tasks": dag.tasks,
        "dynamic_tasks": dag.dynamic_tasks,
        "dynamic": dynamic,
    })
}

fn changed(change: &DagChange) -> Json {
    let fields =
        change.fields.iter().map(|field| json!({ "field": field.field.name(), "before": field.before, "after": field.after }));
    let mut object = dag(&change.dag);
    object["moved_from"] = json!(change.moved_from.as_ref().map(ToString::to_string));
    object["changes"] = fields.collect();
    object["tasks_added"] = json!(change.tasks_added);
    object["tasks_removed"] = json!(change.tasks_removed);
    object
}

/// Returns a problem as one object.
#[must_use]
pub fn problem(problem: &Problem) -> Json {
    json!({
        "severity": match problem.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "file": problem.file.to_string(),
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
    })
}
