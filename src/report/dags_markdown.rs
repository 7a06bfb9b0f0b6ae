//! What a deploy does to DAGs, as Markdown: which come, go and change, and what is wrong with their files.
//! It shows what `plan` found; ids, schedules and messages are hostile text.

use crate::model::dag::{Dag, DagChange, DagFacts, Problem, Severity, Value};
use crate::report::figures;
use crate::report::ink::Ink;

/// Returns what is wrong with the files of DAGs; empty when nothing is.
#[must_use]
pub fn problems(facts: &DagFacts, ink: Ink, most: usize) -> String {
    if facts.problems.is_empty() {
        return String::new();
    }
    let line = |problem: &Problem| {
        let icon = if problem.severity == Severity::Error { "❌" } else { "⚠️" };
        let line = problem.line.map(|line| format!(" line {line}")).unwrap_or_default();
        format!("- {icon} {}{line}: {}\n", ink.code(&problem.file.to_string()), ink.prose(&problem.message))
    };
    let mut text: String = facts.problems.iter().take(most).map(line).collect();
    if facts.problems.len() > most {
        text.push_str(&format!("- … and {} more\n", figures::count((facts.problems.len() - most) as u64, "problem")));
    }
    text + "\n"
}

/// Returns which DAGs come, go and change; empty when none does. What goes stands first, outside
/// of anything that folds.
#[must_use]
pub fn difference(facts: &DagFacts, ink: Ink, most: usize) -> String {
    let difference = &facts.difference;
    let mut text = String::new();
    if !difference.removed.is_empty() {
        let ids: Vec<String> = difference.removed.iter().take(most.max(5)).map(|dag| ink.code(&dag.id)).collect();
        let more = difference.removed.len().saturating_sub(ids.len());
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let what = figures::count(difference.removed.len() as u64, "DAG");
        let verb = if difference.removed.len() == 1 { "disappears" } else { "disappear" };
        text.push_str(&format!("🗑️ **{what} {verb} from the Deployment:** {}{more}\n\n", ids.join(", ")));
    }
    let mut rows: Vec<String> = Vec::new();
    rows.extend(difference.removed.iter().map(|dag| row(ink, "➖", &dag.id, &format!("**removed**, was in {}", file(dag, ink)))));
    rows.extend(difference.added.iter().map(|dag| row(ink, "➕", &dag.id, &added(dag, ink))));
    rows.extend(difference.changed.iter().map(|change| row(ink, "✏️", &change.dag.id, &changed(change, ink))));
    rows.extend(difference.dynamic.iter().map(|dynamic| {
        let lines: Vec<String> = dynamic.lines.iter().take(5).map(ToString::to_string).collect();
        let lines = if lines.is_empty() { String::new() } else { format!(" (line {})", lines.join(", ")) };
        format!("| ❔ | *dynamic* | made by {}{lines}, so only Airflow can tell |\n", ink.code(&dynamic.file.to_string()))
    }));
    if !rows.is_empty() && most > 0 {
        text.push_str("| | DAG | what |\n| --- | --- | --- |\n");
        text.extend(rows.iter().take(most).map(String::as_str));
        if rows.len() > most {
            text.push_str(&format!("\n… and {} more\n", figures::count((rows.len() - most) as u64, "DAG")));
        }
        text.push('\n');
    }
    if let Some(why) = &difference.unknown {
        text.push_str(&format!("Which DAGs differ is not fully known, because {}.\n\n", ink.prose(why)));
    }
    text
}

fn row(ink: Ink, icon: &str, id: &str, what: &str) -> String {
    format!("| {icon} | {} | {what} |\n", ink.code(id))
}

fn file(dag: &Dag, ink: Ink) -> String {
    ink.code(&dag.file.to_string())
}

fn added(dag: &Dag, ink: Ink) -> String {
    let mut parts = Vec::new();
    match &dag.schedule {
        Value::Known(schedule) => parts.push(ink.code(schedule)),
        Value::Dynamic => parts.push("dynamic schedule".to_owned()),
        Value::Absent => {}
    }
    parts.push(dag.task_count());
    if let Value::Known(owner) = &dag.owner {
        parts.push(format!("owner {}", ink.code(owner)));
    }
    if let Value::Known(true) = dag.catchup {
        parts.push("**catchup**".to_owned());
    }
    parts.push(format!("in {}", file(dag, ink)));
    parts.join(", ")
}

/// Tasks of one DAG that are named before the rest is only counted.
const TASKS: usize = 8;

fn changed(change: &DagChange, ink: Ink) -> String {
    let mut parts: Vec<String> = Vec::new();
    let fields = change
        .fields
        .iter()
        .map(|field| format!("{} {} → {}", ink.prose(field.field.name()), ink.code(&field.before), ink.code(&field.after)));
    parts.extend(fields);
    let tasks = |ids: &[String], word: &str| {
        let named: Vec<String> = ids.iter().take(TASKS).map(|id| ink.code(id)).collect();
        let more = if ids.len() > TASKS { format!(" and {} more", ids.len() - TASKS) } else { String::new() };
        let noun = if ids.len() == 1 { "task" } else { "tasks" };
        (!ids.is_empty()).then(|| format!("{noun} {word} {}{more}", named.join(", ")))
    };
    parts.extend(tasks(&change.tasks_removed, "**removed**"));
    parts.extend(tasks(&change.tasks_added, "added"));
    parts.extend(change.moved_from.as_ref().map(|from| format!("moved from {}", ink.code(&from.to_string()))));
    if parts.is_empty() {
        parts.push("code changed".to_owned());
    }
    format!("{}, in {}", parts.join("; "), file(&change.dag, ink))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dag::{DagDifference, DynamicDags, Field, FieldChange};
    use crate::model::markup::MarkupStyle;
    use crate::model::path::RelPath;

    const HTML: Ink = Ink(MarkupStyle::Html);

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).expect("a path")
    }

    fn dag(id: &str) -> Dag {
        Dag {
            id: id.to_owned(),
            file: path("dags/team.py"),
            line: 3,
            schedule: Value::Known("@daily".to_owned()),
            start_date: Value::Absent,
            tags: Value::Absent,
            owner: Value::Known("ada".to_owned()),
            catchup: Value::Known(true),
            tasks: vec!["load".to_owned()],
            dynamic_tasks: 0,
            code: [0; 32],
        }
    }

    fn facts() -> DagFacts {
        let field = FieldChange { field: Field::StartDate, before: "not set".to_owned(), after: "a|b".to_owned() };
        let change = DagChange {
            dag: dag("orders"),
            moved_from: Some(path("dags/old.py")),
            fields: vec![field],
            tasks_added: (0..9).map(|number| format!("t{number}")).collect(),
            tasks_removed: vec!["load".to_owned()],
        };
        let quiet = DagChange { moved_from: None, fields: vec![], tasks_added: vec![], tasks_removed: vec![], ..change.clone() };
        let problem = |severity, line| Problem {
            file: path("dags/@x.py"),
            line,
            column: None,
            message: "expected `:`".to_owned(),
            severity,
        };
        DagFacts {
            problems: vec![problem(Severity::Error, Some(2)), problem(Severity::Warning, None)],
            difference: DagDifference {
                added: vec![dag("<sales>")],
                removed: vec![dag("gone@acme")],
                changed: vec![change, quiet],
                dynamic: vec![DynamicDags { file: path("dags/factory.py"), lines: vec![3, 9] }],
                unknown: Some("git is silent".to_owned()),
            },
        }
    }

    #[test]
    fn what_goes_is_loud_and_stands_first() {
        let text = difference(&facts(), HTML, 100);
        assert_eq!(
            text,
            "🗑️ **1 DAG disappears from the Deployment:** <code>gone&#64;acme</code>\n\n\
             | | DAG | what |\n| --- | --- | --- |\n\
             | ➖ | <code>gone&#64;acme</code> | **removed**, was in <code>dags/team.py</code> |\n\
             | ➕ | <code>&lt;sales&gt;</code> | <code>&#64;daily</code>, 1 task, owner <code>ada</code>, **catchup**, in <code>dags/team.py</code> |\n\
             | ✏️ | <code>orders</code> | start&#95;date <code>not set</code> → <code>a&#124;b</code>; task **removed** <code>load</code>; \
             tasks added <code>t0</code>, <code>t1</code>, <code>t2</code>, <code>t3</code>, <code>t4</code>, <code>t5</code>, <code>t6</code>, \
             <code>t7</code> and 1 more; moved from <code>dags/old.py</code>, in <code>dags/team.py</code> |\n\
             | ✏️ | <code>orders</code> | code changed, in <code>dags/team.py</code> |\n\
             | ❔ | *dynamic* | made by <code>dags/factory.py</code> (line 3, 9), so only Airflow can tell |\n\n\
             Which DAGs differ is not fully known, because git is silent.\n\n"
        );
        assert_eq!(difference(&DagFacts::default(), HTML, 100), "");
    }

    #[test]
    fn little_room_still_names_what_goes() {
        let text = difference(&facts(), HTML, 2);
        assert!(text.contains("1 DAG disappears") && text.contains("… and 3 DAGs more"), "{text}");
        assert!(difference(&facts(), HTML, 0).contains("<code>gone&#64;acme</code>"));
    }

    #[test]
    fn problems_are_listed_at_their_places() {
        let text = problems(&facts(), HTML, 100);
        assert_eq!(
            text,
            "- ❌ <code>dags/&#64;x.py</code> line 2: expected &#96;:&#96;\n- ⚠️ <code>dags/&#64;x.py</code>: expected &#96;:&#96;\n\n"
        );
        assert!(problems(&facts(), HTML, 1).contains("… and 1 problem more"));
        assert_eq!(problems(&DagFacts::default(), HTML, 9), "");
    }
}
