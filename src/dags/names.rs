//! What the names of a file mean, as far as its imports tell: which of them are Airflow's.
//! It follows no import; names are listed in Airflow's "public interface"
//! (<https://airflow.apache.org/docs/apache-airflow/stable/public-airflow-interface.html>).

use std::collections::HashMap;

use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{Expr, Stmt};

/// What a callee or a decorator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The class of DAGs.
    Dag,
    /// The decorator that makes a function a DAG.
    DagDecorator,
    /// A decorator that makes a function a task.
    TaskDecorator,
    /// The class of task groups.
    TaskGroup,
    /// The decorator that makes a function a task group.
    TaskGroupDecorator,
}

/// The imports of a file.
#[derive(Debug, Default)]
pub struct Names<'a> {
    /// The full path that a local name stands for. Where there are several, Airflow's wins: the
    /// others are substitutes for when it is not installed.
    paths: HashMap<&'a str, String>,
    /// Whether all names of some module of Airflow are imported.
    star: bool,
}

impl<'a> Names<'a> {
    /// Collects the imports of a file, wherever they stand.
    #[must_use]
    pub fn of(body: &'a [Stmt]) -> Self {
        let mut names = Self::default();
        names.visit_body(body);
        names
    }

    /// Returns what an expression means.
    #[must_use]
    pub fn meaning(&self, expression: &Expr) -> Option<Meaning> {
        let (first, rest) = dotted(expression)?;
        match self.paths.get(first) {
            Some(path) => {
                let mut parts: Vec<&str> = path.split('.').collect();
                parts.extend(rest);
                matches!(parts.first(), Some(&("airflow" | "cosmos"))).then(|| meaning(&parts)).flatten()
            }
            None if self.star => meaning(&[&[first], rest.as_slice()].concat()),
            None => None,
        }
    }

    fn add(&mut self, name: &'a str, path: String) {
        // Every use of the name looks at the path again.
        const LONGEST: usize = 200;
        let is_airflow = |path: &str| path == "airflow" || path.starts_with("airflow.");
        if path.len() <= LONGEST && !self.paths.get(name).is_some_and(|known| is_airflow(known)) {
            self.paths.insert(name, path);
        }
    }
}

impl<'a> Visitor<'a> for Names<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let path = alias.name.as_str();
                    match &alias.asname {
                        Some(name) => self.add(name.as_str(), path.to_owned()),
                        None => {
                            let top = path.split('.').next().unwrap_or(path);
                            self.add(top, top.to_owned());
                        }
                    }
                }
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                let Some(module) = &import.module else { return };
                for alias in &import.names {
                    if alias.name.as_str() == "*" {
                        self.star |= module.as_str().split('.').next() == Some("airflow");
                    } else {
                        let name = alias.asname.as_ref().unwrap_or(&alias.name);
                        self.add(name.as_str(), format!("{}.{}", module.as_str(), alias.name.as_str()));
                    }
                }
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

/// Returns the parts of `a.b.c`; `None` for any other expression.
#[must_use]
pub fn dotted(expression: &Expr) -> Option<(&str, Vec<&str>)> {
    let mut parts = Vec::new();
    let mut inner = expression;
    loop {
        match inner {
            Expr::Attribute(attribute) => {
                parts.push(attribute.attr.as_str());
                inner = &attribute.value;
            }
            Expr::Name(name) => {
                parts.reverse();
                return Some((name.id.as_str(), parts));
            }
            _ => return None,
        }
    }
}

fn meaning(parts: &[&str]) -> Option<Meaning> {
    match *parts.last()? {
        // Cosmos is Astronomer's own package for dbt (<https://astronomer.github.io/astronomer-cosmos/>).
        "DAG" | "DbtDag" => Some(Meaning::Dag),
        "dag" => Some(Meaning::DagDecorator),
        "TaskGroup" => Some(Meaning::TaskGroup),
        "task_group" => Some(Meaning::TaskGroupDecorator),
        "setup" | "teardown" => Some(Meaning::TaskDecorator),
        // Also `task.branch`, `task.bash` and their like.
        _ if parts.contains(&"task") => Some(Meaning::TaskDecorator),
        _ => None,
    }
}
