//! The names of a module that keep one literal value from start to end. A second assignment, also
//! under a condition or from a function, and a call of a method make a name unknown.
//! It knows nothing of DAGs, and what Python would compute it leaves alone.

use std::collections::HashMap;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Stmt};

/// Names that may stand for each other in a row.
const MOST_HOPS: usize = 8;
/// The longest text in bytes, and the longest list or dictionary, that is read: longer ones would
/// be read again for every DAG that shares them, and Airflow's ids end at 250 characters.
const LONGEST: usize = 1_000;

/// The constants of a module.
#[derive(Debug, Default)]
pub struct Constants<'a> {
    values: HashMap<&'a str, Option<&'a Expr>>,
    /// Statements of blocks around the current one.
    blocks: usize,
    /// Functions and classes around the current statement.
    scopes: usize,
}

/// What a dictionary or a call says about a name.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    /// It gives this.
    Expression(&'a Expr),
    /// It surely gives nothing.
    Nothing,
    /// It may give something.
    Unsure,
}

impl<'a> Constants<'a> {
    /// Finds the constants of a module.
    #[must_use]
    pub fn of(body: &'a [Stmt]) -> Self {
        let mut constants = Self::default();
        constants.visit_body(body);
        constants
    }

    /// Returns the expression that a name stands for; other expressions stand for themselves.
    #[must_use]
    pub fn resolved(&self, expression: &'a Expr) -> &'a Expr {
        let mut current = expression;
        for _ in 0..MOST_HOPS {
            match current {
                Expr::Name(name) => match self.values.get(name.id.as_str()) {
                    Some(Some(value)) => current = value,
                    _ => return current,
                },
                _ => return current,
            }
        }
        current
    }

    /// Returns a text, unless it is very long.
    #[must_use]
    pub fn text(&self, expression: &'a Expr) -> Option<&'a str> {
        match self.resolved(expression) {
            Expr::StringLiteral(literal) => Some(literal.value.to_str()).filter(|text| text.len() <= LONGEST),
            _ => None,
        }
    }

    /// Returns a truth value.
    #[must_use]
    pub fn truth(&self, expression: &'a Expr) -> Option<bool> {
        match self.resolved(expression) {
            Expr::BooleanLiteral(literal) => Some(literal.value),
            _ => None,
        }
    }

    /// Returns a list, tuple or set of texts.
    #[must_use]
    pub fn texts(&self, expression: &'a Expr) -> Option<Vec<&'a str>> {
        let elements: &[Expr] = match self.resolved(expression) {
            Expr::List(list) => &list.elts,
            Expr::Tuple(tuple) => &tuple.elts,
            Expr::Set(set) => &set.elts,
            _ => return None,
        };
        if elements.len() > LONGEST {
            return None;
        }
        elements.iter().map(|element| self.text(element)).collect()
    }

    /// Returns what a dictionary, `{…}` or `dict(…)`, says about a key.
    #[must_use]
    pub fn entry(&self, dictionary: &'a Expr, key: &str) -> Given<'a> {
        let mut given = Given::Nothing;
        match self.resolved(dictionary) {
            Expr::Dict(dict) if dict.items.len() <= LONGEST => {
                for item in &dict.items {
                    match item.key.as_ref().map(|key| self.text(key)) {
                        Some(Some(name)) if name == key => given = Given::Expression(&item.value),
                        Some(Some(_)) => {}
                        // A computed key or `**other` may be the one, or replace it.
                        _ => given = Given::Unsure,
                    }
                }
            }
            Expr::Call(call)
                if matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "dict")
                    && call.arguments.keywords.len() <= LONGEST =>
            {
                if !call.arguments.args.is_empty() {
                    given = Given::Unsure;
                }
                for keyword in &call.arguments.keywords {
                    match &keyword.arg {
                        Some(name) if name.as_str() == key => given = Given::Expression(&keyword.value),
                        Some(_) => {}
                        None => given = Given::Unsure,
                    }
                }
            }
            Expr::NoneLiteral(_) => {}
            _ => given = Given::Unsure,
        }
        given
    }

    fn bind(&mut self, name: &'a str, value: Option<&'a Expr>) {
        self.values.entry(name).and_modify(|known| *known = None).or_insert(value);
    }

    /// Notes that a target gets a value that is not known, or changes what it holds.
    fn lose(&mut self, target: &'a Expr) {
        match target {
            Expr::Name(name) if self.scopes == 0 => self.bind(name.id.as_str(), None),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| self.lose(element)),
            Expr::List(list) => list.elts.iter().for_each(|element| self.lose(element)),
            Expr::Starred(starred) => self.lose(&starred.value),
            Expr::Subscript(_) | Expr::Attribute(_) => self.lose_root(target),
            _ => {}
        }
    }

    /// Loses `a` for `a.b[c]`.
    fn lose_root(&mut self, target: &'a Expr) {
        let mut inner = target;
        loop {
            inner = match inner {
                Expr::Subscript(subscript) => &subscript.value,
                Expr::Attribute(attribute) => &attribute.value,
                Expr::Name(name) => {
                    self.values.insert(name.id.as_str(), None);
                    return;
                }
                _ => return,
            };
        }
    }

    fn assigned(&mut self, targets: &'a [Expr], value: Option<&'a Expr>) {
        match (targets, value) {
            ([Expr::Name(name)], Some(value)) if self.scopes == 0 && self.blocks == 0 => {
                self.bind(name.id.as_str(), Some(value));
            }
            _ => targets.iter().for_each(|target| self.lose(target)),
        }
    }
}

impl<'a> Visitor<'a> for Constants<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Assign(assign) => self.assigned(&assign.targets, Some(&assign.value)),
            Stmt::AnnAssign(assign) if assign.value.is_some() => {
                self.assigned(std::slice::from_ref(&assign.target), assign.value.as_deref());
            }
            Stmt::AugAssign(assign) => {
                self.lose(&assign.target);
                self.lose_root(&assign.target);
            }
            Stmt::For(repeat) => self.lose(&repeat.target),
            Stmt::With(with) => with.items.iter().filter_map(|item| item.optional_vars.as_deref()).for_each(|it| self.lose(it)),
            Stmt::Delete(delete) => delete.targets.iter().for_each(|target| self.lose(target)),
            Stmt::Global(global) => {
                for name in &global.names {
                    self.values.insert(name.as_str(), None);
                }
            }
            Stmt::Expr(expression) => {
                // `arguments.update(…)`
                if let Expr::Call(call) = &*expression.value {
                    self.lose(&call.func);
                }
            }
            Stmt::FunctionDef(function) if self.scopes == 0 => self.bind(function.name.as_str(), None),
            Stmt::ClassDef(class) if self.scopes == 0 => self.bind(class.name.as_str(), None),
            Stmt::Import(import) if self.scopes == 0 => {
                import.names.iter().filter_map(|alias| alias.asname.as_ref()).for_each(|name| self.bind(name.as_str(), None));
            }
            Stmt::ImportFrom(import) if self.scopes == 0 => {
                let names = import.names.iter().map(|alias| alias.asname.as_ref().unwrap_or(&alias.name));
                names.for_each(|name| self.bind(name.as_str(), None));
            }
            _ => {}
        }
        let scope = usize::from(matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_)));
        self.blocks += 1;
        self.scopes += scope;
        walk_stmt(self, statement);
        self.blocks -= 1;
        self.scopes -= scope;
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Named(named) = expression {
            self.lose(&named.target);
        }
        walk_expr(self, expression);
    }
}
