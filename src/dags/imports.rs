//! Which modules a file imports whenever it is imported itself, and which of them a project lacks.
//! It judges by the names in the project's folders; what is installed besides it cannot know, so that it only speaks of
//! packages that are the project's own beyond doubt.

use std::collections::BTreeSet;

use ruff_python_ast::Stmt;
use ruff_text_size::Ranged as _;

use crate::dags::source::Source;
use crate::dags::texts::readable;
use crate::model::dag::{DagFile, Import, Problem, Severity};
use crate::model::path::RelPath;

/// The most imports of a file that are looked at.
const MOST_IMPORTS: usize = 1_000;
/// Astro's folder for a project's own modules, which counts without `__init__.py`, too.
const INCLUDE: &str = "include";
/// What makes a folder a package that nothing installed elsewhere can extend.
const INIT: &str = "__init__";

/// Returns the imports that always happen: statements of the file itself, not inside a condition, an attempt or a function.
#[must_use]
pub fn imports(source: &Source<'_>) -> Vec<Import> {
    let import = |module: &str, start| Import { module: readable(module), line: source.line(start) };
    let mut all = Vec::new();
    for statement in &source.tree.body {
        match statement {
            Stmt::Import(names) => {
                all.extend(names.names.iter().map(|alias| import(alias.name.as_str(), statement.start())));
            }
            Stmt::ImportFrom(from) if from.level == 0 => {
                all.extend(from.module.iter().map(|module| import(module.as_str(), statement.start())));
            }
            _ => {}
        }
    }
    all.truncate(MOST_IMPORTS);
    all
}

/// Lists the names in a folder without their suffixes; none when there is no such folder.
pub type Names<'a> = &'a mut dyn FnMut(&RelPath) -> Option<BTreeSet<String>>;

/// Returns a warning for each import of a module that one of the project's own packages lacks. `roots` are the folders from
/// which Airflow imports, in its order.
pub fn missing(files: &[&DagFile], roots: &[RelPath], names: Names<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in files {
        for import in &file.imports {
            if let Some((package, lacking)) = lacking(&import.module, roots, names) {
                problems.push(Problem {
                    file: file.path.clone(),
                    line: Some(import.line),
                    column: None,
                    message: format!("it imports {}, but {package} has no {lacking}", import.module),
                    severity: Severity::Warning,
                });
            }
        }
    }
    problems
}

/// Returns the package that lacks a part of the module, and that part.
fn lacking(module: &str, roots: &[RelPath], names: Names<'_>) -> Option<(RelPath, String)> {
    let parts: Vec<&str> = module.split('.').collect();
    let (first, rest) = parts.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let mut homes: Vec<(RelPath, BTreeSet<String>)> = Vec::new();
    for root in roots {
        let folder = root.join(&RelPath::parse(first.as_bytes())?);
        if let Some(inside) = names(&folder) {
            homes.push((folder, inside));
        }
    }
    if *first != INCLUDE && !homes.iter().any(|(_, inside)| inside.contains(INIT)) {
        return None;
    }
    for part in rest {
        if homes.is_empty() {
            return None;
        }
        if !homes.iter().any(|(_, inside)| inside.contains(*part)) {
            return homes.into_iter().next().map(|(folder, _)| (folder, (*part).to_owned()));
        }
        let below: Vec<RelPath> =
            homes.iter().filter_map(|(folder, _)| Some(folder.join(&RelPath::parse(part.as_bytes())?))).collect();
        homes = below.into_iter().filter_map(|folder| names(&folder).map(|inside| (folder, inside))).collect();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::dags::read::{Wanted, read};

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).expect("a path")
    }

    fn file(text: &str) -> DagFile {
        read(&path("dags/a.py"), text.as_bytes(), None, Wanted::Dags)
    }

    #[test]
    fn only_imports_that_always_happen_count() {
        let text = "import a.b, c as d\nfrom e.f import g\nfrom . import h\nfrom .i import j\ntry:\n  import k\nexcept ImportError: ...\n\
                    if X:\n  import l\ndef m(): import n\n";
        let found: Vec<(String, usize)> = file(text).imports.into_iter().map(|import| (import.module, import.line)).collect();
        assert_eq!(found, [("a.b", 1), ("c", 1), ("e.f", 2)].map(|(module, line)| (module.to_owned(), line)));
    }

    #[test]
    fn a_module_is_missing_only_from_a_package_of_the_project() {
        let tree: BTreeMap<&str, &[&str]> = BTreeMap::from([
            ("include", &["readings", "sql"][..]),
            ("include/sql", &["orders"][..]),
            ("dags/shared", &["__init__", "dates"][..]),
            ("dags/google", &["own"][..]),
            ("plugins/shared", &["extra"][..]),
        ]);
        let cases: &[(&str, Option<&str>)] = &[
            ("from include.readings import x", None),
            ("from include.sql.orders import x", None),
            ("import include", None),
            ("from include import anything", None),
            ("from include.raedings import x", Some("it imports include.raedings, but include has no raedings")),
            ("import include.sql.order", Some("it imports include.sql.order, but include/sql has no order")),
            ("from include.readings.deeper import x", None),
            ("from shared.dates import x", None),
            ("from shared.extra import x", None),
            ("from shared.gone import x", Some("it imports shared.gone, but dags/shared has no gone")),
            ("from google.cloud import storage", None),
            ("from airflow.sdk import DAG", None),
            ("import pandas.core", None),
        ];
        let roots = [path(""), path("dags"), path("plugins")];
        for (text, expected) in cases {
            let mut names = |folder: &RelPath| {
                let inside = tree.get(folder.as_str()?)?;
                Some(inside.iter().map(|name| (*name).to_owned()).collect())
            };
            let found = missing(&[&file(text)], &roots, &mut names);
            assert_eq!(found.first().map(|problem| problem.message.as_str()), *expected, "{text}");
        }
    }
}
