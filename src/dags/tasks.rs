//! The tasks of a DAG while its definition is read.
//! It counts what is called; it does not decide which DAG a call belongs to.

use std::collections::HashMap;

use ruff_python_ast::{Expr, ExprCall, Stmt};

use crate::dags::texts::readable;

/// The most tasks of a DAG that are listed by name.
const MOST: usize = 10_000;
/// The most calls of one chain that are looked through.
const LONGEST_CHAIN: usize = 16;

/// A function that makes a task, or a group of them, when it is called.
#[derive(Debug, Clone)]
pub enum TaskFunction<'a> {
    /// A task with this id; none when the id is dynamic.
    Task(Option<String>),
    /// A group with this id and what its function does.
    Group(Option<String>, &'a [Stmt]),
}

/// The tasks of a DAG.
#[derive(Debug, Default)]
pub struct Tasks {
    /// Ids in the order of the source.
    pub ids: Vec<String>,
    /// Number of definitions with dynamic ids.
    pub dynamic: usize,
    uses: HashMap<String, usize>,
}

impl Tasks {
    /// Adds a task whose id the source says, or a dynamic one.
    pub fn add(&mut self, id: Option<String>) {
        match id {
            Some(id) if self.ids.len() < MOST => self.ids.push(readable(&id)),
            _ => self.dynamic += 1,
        }
    }

    /// Adds the result of calling a task function: Airflow numbers further calls, `load__1`.
    pub fn add_call(&mut self, id: Option<String>) {
        let id = id.map(|id| self.numbered(id));
        self.add(id);
    }

    /// Returns the id that one more use of a name gets.
    pub fn numbered(&mut self, id: String) -> String {
        let uses = self.uses.entry(id.clone()).or_default();
        *uses += 1;
        if *uses == 1 { id } else { format!("{id}__{}", *uses - 1) }
    }
}

/// A call that runs a decorated function: its name, and the arguments of `override`.
pub struct Invocation<'a> {
    /// Name of the function.
    pub name: &'a str,
    /// What `override` was given.
    pub overridden: Option<&'a ruff_python_ast::Arguments>,
}

impl<'a> Invocation<'a> {
    /// Reads `f(…)`, `f.expand(…)`, `f.partial(…).expand(…)` and `f.override(…)(…)`. The inner
    /// calls of such a chain are none themselves.
    #[must_use]
    pub fn of(call: &'a ExprCall) -> Option<Self> {
        let mut overridden = None;
        let mut callee = &*call.func;
        if let Expr::Attribute(attribute) = callee {
            if !matches!(attribute.attr.as_str(), "expand" | "expand_kwargs") {
                return None;
            }
            callee = &attribute.value;
        }
        for _ in 0..LONGEST_CHAIN {
            match callee {
                Expr::Name(name) => return Some(Self { name: name.id.as_str(), overridden }),
                Expr::Call(inner) => match &*inner.func {
                    Expr::Attribute(attribute) if attribute.attr.as_str() == "override" => {
                        overridden = Some(&inner.arguments);
                        callee = &attribute.value;
                    }
                    Expr::Attribute(attribute) if attribute.attr.as_str() == "partial" => callee = &attribute.value,
                    _ => return None,
                },
                _ => return None,
            }
        }
        None
    }
}

/// Returns whether the callee looks like an operator's class, `BashOperator` or
/// `BashOperator.partial`, and not like a method that happens to take a `task_id`.
#[must_use]
pub fn is_operator(callee: &Expr) -> bool {
    let class = match callee {
        Expr::Attribute(attribute) if attribute.attr.as_str() == "partial" => &*attribute.value,
        other => other,
    };
    let name = match class {
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Name(name) => name.id.as_str(),
        _ => return false,
    };
    name.starts_with(char::is_uppercase)
}
