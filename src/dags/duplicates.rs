//! DAG ids that more than one definition has: Airflow keeps one of them, and nobody knows which.
//! It compares what was read; it does not know which files Airflow skips.

use std::collections::BTreeMap;

use crate::model::dag::{Dag, DagFile, Problem, Severity};

/// Returns a problem for each definition whose id another one before it has, by path and line. It is an error where both
/// stand in different files and unconditionally; Airflow takes note of no other case.
#[must_use]
pub fn duplicates(files: &[&DagFile]) -> Vec<Problem> {
    let mut by_id: BTreeMap<&str, Vec<(&Dag, bool)>> = BTreeMap::new();
    for file in files {
        for dag in &file.dags {
            by_id.entry(&dag.id).or_default().push((dag, file.conditional.contains(&dag.line)));
        }
    }
    let mut problems = Vec::new();
    for mut dags in by_id.into_values().filter(|dags| dags.len() > 1) {
        dags.sort_by_key(|(dag, _)| (&dag.file, dag.line));
        let Some(((first, conditional), others)) = dags.split_first() else { continue };
        for (other, also_conditional) in others {
            let certain = !conditional && !also_conditional && other.file != first.file;
            problems.push(Problem {
                file: other.file.clone(),
                line: Some(other.line),
                column: None,
                message: format!("the DAG id {} is taken: {} line {} has it, too", other.id, first.file, first.line),
                severity: if certain { Severity::Error } else { Severity::Warning },
            });
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dags::read::{Wanted, read};
    use crate::model::path::RelPath;

    #[test]
    fn an_id_may_be_there_once() {
        let file = |name: &str, text: &str| {
            let path = RelPath::parse(name.as_bytes()).expect("a path");
            read(&path, format!("from airflow import DAG\n{text}").as_bytes(), None, Wanted::Dags)
        };
        type Expected<'a> = &'a [(&'a str, Severity)];
        let cases: &[(&str, &str, Expected<'_>)] = &[
            ("DAG('x')", "DAG('y')", &[]),
            ("DAG('x')", "a = 1\nwith DAG('x'): ...", &[("b.py line 3: ", Severity::Error)]),
            ("DAG('x')", "if DEV:\n  DAG('x')", &[("b.py line 3: ", Severity::Warning)]),
            ("DAG('x')\nDAG('x')", "", &[("a.py line 3: ", Severity::Warning)]),
            ("for i in y: DAG('x')", "DAG('x')", &[]),
        ];
        for (one, two, expected) in cases {
            let files = [file("a.py", one), file("b.py", two)];
            let found = duplicates(&files.iter().collect::<Vec<_>>());
            assert_eq!(found.len(), expected.len(), "{one} {two}: {found:?}");
            for (problem, (start, severity)) in found.iter().zip(*expected) {
                assert!(problem.to_string().starts_with(start) && problem.severity == *severity, "{one} {two}: {problem:?}");
                assert!(problem.message.contains("a.py line 2"), "{problem}");
            }
        }
    }
}
