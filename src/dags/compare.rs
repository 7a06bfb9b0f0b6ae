//! How the DAGs of changed files differ from what they were.
//! It compares facts; it does not know where the two states come from.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use crate::model::dag::{Dag, DagChange, DagDifference, DagFile, DynamicDags, Field, FieldChange, Value};
use crate::model::path::RelPath;

/// Files named as unreadable before the rest is only counted.
const FILES_NAMED: usize = 3;

/// Compares the changed files of two states. A file that one state lacks is just not in it; DAGs
/// of a file that one state cannot read in full are left out, since they may be in it.
#[must_use]
pub fn difference(before: &[DagFile], after: &[DagFile]) -> DagDifference {
    let unread: BTreeSet<&RelPath> = before.iter().chain(after).filter(|file| !file.whole).map(|file| &file.path).collect();
    let known = |dag: &Dag| !unread.contains(&dag.file);
    let mut found = DagDifference {
        dynamic: dynamic(before, after),
        unknown: (!unread.is_empty()).then(|| unreadable(&unread)),
        ..DagDifference::default()
    };
    let (shared_before, shared_after) = (shared(before), shared(after));
    let (mut ids, new) = (by_id(before), by_id(after));
    for (id, now) in new {
        for pair in paired(&ids.remove(id).unwrap_or_default(), &now) {
            match pair {
                (Some(was), Some(now)) => {
                    let change = change(was, now);
                    let same_rest = shared_before.get(&was.file) == shared_after.get(&now.file);
                    if !(same_rest && is_untouched(was, &change)) {
                        found.changed.push(change);
                    }
                }
                (None, Some(now)) if known(now) => found.added.push(now.clone()),
                (Some(was), None) if known(was) => found.removed.push(was.clone()),
                _ => {}
            }
        }
    }
    found.removed.extend(ids.into_values().flatten().filter(|was| known(was)).cloned());
    found.removed.sort_by(|one, two| (&one.id, &one.file, one.line).cmp(&(&two.id, &two.file, two.line)));
    found
}

/// Returns the hash of what belongs to no DAG, by file.
fn shared(files: &[DagFile]) -> HashMap<&RelPath, [u8; 32]> {
    files.iter().map(|file| (&file.path, file.shared)).collect()
}

fn by_id(files: &[DagFile]) -> BTreeMap<&str, Vec<&Dag>> {
    let mut ids: BTreeMap<&str, Vec<&Dag>> = BTreeMap::new();
    for dag in files.iter().flat_map(|file| &file.dags) {
        ids.entry(&dag.id).or_default().push(dag);
    }
    ids
}

type Pair<'a> = (Option<&'a Dag>, Option<&'a Dag>);

/// Pairs the definitions of one id: those of the same file first, then in their order.
fn paired<'a>(before: &[&'a Dag], after: &[&'a Dag]) -> Vec<Pair<'a>> {
    let mut by_file: HashMap<&RelPath, VecDeque<usize>> = HashMap::new();
    for (index, dag) in before.iter().enumerate() {
        by_file.entry(&dag.file).or_default().push_back(index);
    }
    let (mut pairs, mut alone, mut taken) = (Vec::new(), Vec::new(), HashSet::new());
    for dag in after {
        match by_file.get_mut(&dag.file).and_then(VecDeque::pop_front) {
            Some(index) => {
                taken.insert(index);
                pairs.push((before.get(index).copied(), Some(*dag)));
            }
            None => alone.push(*dag),
        }
    }
    let mut left = before.iter().enumerate().filter(|(index, _)| !taken.contains(index)).map(|(_, dag)| *dag);
    for dag in alone {
        pairs.push((left.next(), Some(dag)));
    }
    pairs.extend(left.map(|was| (Some(was), None)));
    pairs
}

/// Returns how a DAG differs, also when it is only by code that has no name here.
fn change(was: &Dag, now: &Dag) -> DagChange {
    let text = |value: &Value<String>| value.shown(Clone::clone);
    let tags = |value: &Value<Vec<String>>| value.shown(|tags| format!("[{}]", tags.join(", ")));
    let catchup = |value: &Value<bool>| value.shown(ToString::to_string);
    let fields = [
        (Field::Schedule, text(&was.schedule), text(&now.schedule)),
        (Field::StartDate, text(&was.start_date), text(&now.start_date)),
        (Field::Tags, tags(&was.tags), tags(&now.tags)),
        (Field::Owner, text(&was.owner), text(&now.owner)),
        (Field::Catchup, catchup(&was.catchup), catchup(&now.catchup)),
    ];
    let fields = fields.into_iter().filter(|(_, before, after)| before != after);
    DagChange {
        dag: now.clone(),
        moved_from: (was.file != now.file).then(|| was.file.clone()),
        fields: fields.map(|(field, before, after)| FieldChange { field, before, after }).collect(),
        tasks_added: missing(&now.tasks, &was.tasks),
        tasks_removed: missing(&was.tasks, &now.tasks),
    }
}

/// Returns those of the first that the second lacks, in their order.
fn missing(tasks: &[String], others: &[String]) -> Vec<String> {
    let known: HashSet<&String> = others.iter().collect();
    tasks.iter().filter(|task| !known.contains(task)).cloned().collect()
}

/// Returns whether nothing of the DAG itself differs; what its file shares may still.
fn is_untouched(was: &Dag, change: &DagChange) -> bool {
    was.code == change.dag.code
        && change.moved_from.is_none()
        && change.fields.is_empty()
        && change.tasks_added.is_empty()
        && change.tasks_removed.is_empty()
}

fn dynamic(before: &[DagFile], after: &[DagFile]) -> Vec<DynamicDags> {
    let gone = before.iter().filter(|file| !file.dynamic.is_empty()).map(|file| (&file.path, Vec::new()));
    let mut files: BTreeMap<&RelPath, Vec<usize>> = gone.collect();
    files.extend(after.iter().filter(|file| !file.dynamic.is_empty()).map(|file| (&file.path, file.dynamic.clone())));
    files.into_iter().map(|(file, lines)| DynamicDags { file: file.clone(), lines }).collect()
}

fn unreadable(files: &BTreeSet<&RelPath>) -> String {
    let named: Vec<String> = files.iter().take(FILES_NAMED).map(ToString::to_string).collect();
    match files.len().saturating_sub(FILES_NAMED) {
        0 => format!("{} cannot be read in full", named.join(", ")),
        rest => format!("{} and {rest} more cannot be read in full", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dags::read::{Wanted, read};

    fn files(sources: &[(&str, &str)]) -> Vec<DagFile> {
        let read = |(path, text): &(&str, &str)| {
            let text = format!("from airflow import DAG\n{text}");
            read(&RelPath::parse(path.as_bytes()).expect("a path"), text.as_bytes(), None, Wanted::Dags)
        };
        sources.iter().map(read).collect()
    }

    /// Returns the difference in short words.
    fn compared(before: &[(&str, &str)], after: &[(&str, &str)]) -> Vec<String> {
        let found = difference(&files(before), &files(after));
        let mut words: Vec<String> = found.added.iter().map(|dag| format!("+{}", dag.id)).collect();
        words.extend(found.removed.iter().map(|dag| format!("-{}", dag.id)));
        for change in &found.changed {
            let mut text = format!("~{}", change.dag.id);
            if let Some(from) = &change.moved_from {
                text += &format!(" from {from}");
            }
            for field in &change.fields {
                text += &format!(" {} {}->{}", field.field.name(), field.before, field.after);
            }
            text.extend(change.tasks_added.iter().map(|task| format!(" +{task}")));
            text.extend(change.tasks_removed.iter().map(|task| format!(" -{task}")));
            words.push(text);
        }
        words.extend(found.dynamic.iter().map(|file| format!("?{} {:?}", file.file, file.lines)));
        words.extend(found.unknown.map(|why| format!("!{why}")));
        words
    }

    #[test]
    fn what_happened_to_each_dag_is_told() {
        type Sources<'a> = &'a [(&'a str, &'a str)];
        let cases: &[(Sources<'_>, Sources<'_>, &[&str])] = &[
            (&[("a", "DAG('x')")], &[("a", "DAG('x')")], &[]),
            (&[], &[("a", "DAG('x')\nDAG('w')")], &["+w", "+x"]),
            (&[("a", "DAG('x')")], &[], &["-x"]),
            (&[("a", "DAG('x')")], &[("a", "pass")], &["-x"]),
            (&[("a", "DAG('x')")], &[("a", "DAG('y')")], &["+y", "-x"]),
            (
                &[("a", "DAG('x', schedule='@daily', tags=['a'])")],
                &[("a", "DAG('x', schedule='@hourly', catchup=True)")],
                &["~x schedule @daily->@hourly tags [a]->not set catchup not set->true"],
            ),
            (&[("a", "DAG('x', schedule=None)")], &[("a", "DAG('x', schedule=f())")], &["~x schedule None->dynamic"]),
            (&[("a", "DAG('x', schedule=g())")], &[("a", "DAG('x', schedule=f())")], &["~x"]),
            (
                &[("a", "with DAG('x'):\n  A(task_id='a') >> A(task_id='b')")],
                &[("a", "with DAG('x'):\n  A(task_id='b') >> A(task_id='c')")],
                &["~x +c -a"],
            ),
            (&[("a", "with DAG('x'):\n  f(1)")], &[("a", "with DAG('x'):\n  f(2)")], &["~x"]),
            (&[("a", "y = 1\nDAG('x')\nDAG('w')")], &[("a", "y = 2\nDAG('x')\nDAG('w')")], &["~w", "~x"]),
            (&[("a", "DAG('x')\nDAG('w', tags=['a'])")], &[("a", "DAG('x')\nDAG('w')")], &["~w tags [a]->not set"]),
            (&[("a", "DAG('x')")], &[("b", "DAG('x')")], &["~x from a"]),
            (&[("a", "DAG('x')\nDAG('y')")], &[("a", "DAG('y')"), ("b", "DAG('x')")], &["~x from a"]),
            (&[("a", "DAG('x')"), ("b", "DAG('x')")], &[("b", "DAG('x')"), ("c", "DAG('x')")], &["~x from a"]),
            (&[("a", "DAG('x')\nDAG('x')")], &[("a", "DAG('x')")], &["-x"]),
            (&[("a", "DAG(f())")], &[("a", "y = 1\nDAG(f())")], &["?a [3]"]),
            (&[("a", "DAG(f())")], &[], &["?a []"]),
            (&[("a", "DAG('x')")], &[("a", "DAG(f())")], &["-x", "?a [2]"]),
            (&[("a", "DAG('x')")], &[("a", "DAG('x'")], &["~x", "!a cannot be read in full"]),
            (&[("a", "DAG('x')"), ("b", "DAG('y')")], &[("a", "def (:")], &["-y", "!a cannot be read in full"]),
            (&[("a", "def (:")], &[("a", "DAG('x')")], &["!a cannot be read in full"]),
        ];
        for (before, after, expected) in cases {
            assert_eq!(compared(before, after), *expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn a_great_many_dags_are_compared_in_one_pass() {
        let many = |from: usize, suffix: &str| -> String {
            (from..from + 9_000).map(|number| format!("DAG('d{number}'{suffix})\n")).collect()
        };
        let before = [many(0, ""), many(9_000, "")];
        let after = [many(0, ", catchup=True"), many(9_000, ", catchup=True")];
        let found = compared(&[("a", &before[0]), ("b", &before[1])], &[("c", &after[0]), ("d", &after[1])]);
        assert_eq!(found.len(), 18_000);
        let same = "DAG('x')\n".repeat(9_000);
        assert_eq!(compared(&[("a", &same)], &[("b", &same)]).len(), 9_000);
    }
}
