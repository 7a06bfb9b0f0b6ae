//! Shows the changes that make an access file true: as lines, as Markdown for a pull request and as JSON.

use serde_json::{Value, json};

use crate::plan::access::decide::{AccessPlan, Change, Step};
use crate::report::answer::{Answer, Note, Weight};
use crate::report::columns::{CELL, aligned, one_line};
use crate::report::ink::Ink;

/// Returns the plan of a file as an answer.
#[must_use]
pub fn planned(plan: &AccessPlan, file: &str, ink: Ink) -> Answer {
    let steps: Vec<(&Change, &Step)> =
        plan.changes.iter().flat_map(|change| change.steps.iter().map(move |step| (change, step))).collect();
    let rows: Vec<Vec<String>> = steps.iter().map(|(change, step)| row(change, step)).collect();
    let mut lines = aligned(&rows);
    lines.extend(plan.warnings.iter().map(|warning| format!("! {}", one_line(warning, 4 * CELL))));
    lines.push(format!("{}, {} as they shall be", counted(steps.len()), plan.unchanged));
    let json = json!({ "schema": 1, "changes": changes(plan), "unchanged": plan.unchanged, "warnings": plan.warnings });
    let weight = if steps.is_empty() { Weight::NoNews } else { Weight::News };
    let note = Note { subject: format!("access {file}"), markdown: markdown(plan, &steps, ink), weight };
    Answer { lines, note: Some(note), json, ..Answer::default() }
}

/// Returns the changes of a plan for programs.
#[must_use]
pub fn changes(plan: &AccessPlan) -> Vec<Value> {
    let spelt = |change: &Change, step: &Step| {
        json!({
            "kind": change.holder.what(), "name": change.name, "id": change.id, "place": step.place,
            "from": step.from, "to": step.edit.role,
        })
    };
    plan.changes.iter().flat_map(|change| change.steps.iter().map(|step| spelt(change, step)).collect::<Vec<_>>()).collect()
}

/// Returns a change in words, such as `Workspace Data: WORKSPACE_MEMBER → WORKSPACE_AUTHOR`.
#[must_use]
pub fn words(change: &Change) -> String {
    change.steps.iter().map(|step| format!("{}: {}", step.place, arrow(step))).collect::<Vec<_>>().join("; ")
}

fn row(change: &Change, step: &Step) -> Vec<String> {
    let sign = match (&step.from, &step.edit.role) {
        (None, _) => "+",
        (_, None) => "-",
        _ => "~",
    };
    let texts = [format!("{sign} {}", change.holder.what()), change.name.clone(), step.place.clone(), arrow(step)];
    texts.iter().map(|text| one_line(text, CELL)).collect()
}

fn arrow(step: &Step) -> String {
    match (&step.from, &step.edit.role) {
        (Some(from), Some(to)) => format!("{from} → {to}"),
        (None, Some(to)) => to.clone(),
        (Some(from), None) => format!("{from} → none"),
        (None, None) => String::new(),
    }
}

fn markdown(plan: &AccessPlan, steps: &[(&Change, &Step)], ink: Ink) -> String {
    if steps.is_empty() && plan.warnings.is_empty() {
        return "### Access\n\nIt is what the file says.\n".to_owned();
    }
    let mut text = String::from("### Access\n\n| | who | where | role |\n| --- | --- | --- | --- |\n");
    for (change, step) in steps {
        let cells = row(change, step);
        let cells: Vec<String> = cells.iter().map(|cell| ink.code(cell)).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    for warning in &plan.warnings {
        text.push_str(&format!("\n- {}\n", ink.prose(&one_line(warning, 4 * CELL))));
    }
    text
}

fn counted(steps: usize) -> String {
    match steps {
        0 => "nothing to change".to_owned(),
        1 => "1 change".to_owned(),
        many => format!("{many} changes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::markup::MarkupStyle;
    use crate::model::roles::{Edit, Holder, Place};

    fn step(from: Option<&str>, to: Option<&str>) -> Step {
        let edit = Edit { place: Place::Organization, role: to.map(str::to_owned) };
        Step { place: "Workspace Data".to_owned(), from: from.map(str::to_owned), edit }
    }

    #[test]
    fn each_change_is_a_line_a_row_and_an_object() {
        let change = Change {
            holder: Holder::User,
            id: "u".to_owned(),
            name: "ann|`x`\n@acme.test".to_owned(),
            steps: vec![step(None, Some("A")), step(Some("A"), Some("B")), step(Some("B"), None)],
        };
        let plan = AccessPlan { changes: vec![change], unchanged: 2, warnings: vec!["look".to_owned()] };
        let told = planned(&plan, "a.yaml", Ink(MarkupStyle::Html));
        let markdown = told.note.as_ref().map(|note| note.markdown.clone()).unwrap_or_default();
        assert_eq!(told.lines.len(), 5);
        assert!(told.lines[0].starts_with("+ user  ann|`x` @acme.test  Workspace Data  A"), "{:?}", told.lines);
        assert!(told.lines[1].starts_with("~ user") && told.lines[1].ends_with("A → B"), "{:?}", told.lines);
        assert!(told.lines[2].starts_with("- user") && told.lines[2].ends_with("B → none"), "{:?}", told.lines);
        assert_eq!((told.lines[3].as_str(), told.lines[4].as_str()), ("! look", "3 changes, 2 as they shall be"));
        assert_eq!((&told.json["changes"][1]["from"], &told.json["changes"][1]["to"]), (&json!("A"), &json!("B")));
        assert!(
            markdown.lines().filter(|line| line.starts_with('|')).all(|line| line.replace("\\|", "").matches('|').count() == 5),
            "{}",
            markdown
        );
        assert_eq!(
            planned(&AccessPlan::default(), "a.yaml", Ink(MarkupStyle::Html)).lines,
            ["nothing to change, 0 as they shall be"]
        );
    }
}
