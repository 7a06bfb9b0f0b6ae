//! Walks a syntax tree and finds the definitions of DAGs in it, with their values and tasks.
//! A DAG whose id is computed, or that a function or a loop makes, is told by its line alone.

use std::collections::HashMap;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtFunctionDef, StmtWith};
use ruff_text_size::{Ranged as _, TextRange, TextSize};

use crate::dags::calls::Arguments;
use crate::dags::constants::{Constants, Given};
use crate::dags::found::{Definitions, Found};
use crate::dags::names::{Meaning, Names};
use crate::dags::source::Source;
use crate::dags::tasks::{Invocation, TaskFunction, Tasks, is_operator};
use crate::dags::texts::readable;
use crate::dags::uses::Uses;
use crate::dags::values::{moment, shown};
use crate::model::dag::{Dag, Value};

/// The most definitions of a file.
const MOST_DEFINITIONS: usize = 10_000;
/// Statements and expressions that are visited inside task groups that are called; groups that
/// call each other multiply.
const MOST_IN_GROUPS: usize = 1_000_000;
/// Groups inside groups that are followed.
const DEEPEST_GROUP: usize = 16;
/// The longest prefix of task ids in bytes.
const LONGEST_PREFIX: usize = 1_000;
/// Bytes that are hashed of a definition inside another one.
const HASHED_INSIDE: usize = 64 << 10;

/// Finds the definitions of a file.
#[must_use]
pub fn definitions(source: &Source<'_>) -> Definitions {
    let body = &source.tree.body;
    let (names, constants, uses) = (Names::of(body), Constants::of(body), Uses::of(body));
    let mut reader = Reader {
        source,
        names: &names,
        constants: &constants,
        uses: &uses,
        found: Vec::new(),
        variables: HashMap::new(),
        functions: HashMap::new(),
        here: Here { dag: None, prefix: Some(String::new()), certain: Certainty::Once },
        covered: TextSize::new(0),
        complete: true,
        visits: 0,
        depth: 0,
    };
    reader.visit_body(body);
    Definitions { found: reader.found, complete: reader.complete }
}

/// Whether a statement runs exactly once when the file is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certainty {
    Once,
    Unknown,
}

/// Where in the file the reader is.
#[derive(Debug, Clone)]
struct Here {
    /// The DAG that tasks go to.
    dag: Option<usize>,
    /// What the groups around put before ids; none when one of them is dynamic.
    prefix: Option<String>,
    certain: Certainty,
}

struct Reader<'r, 'a> {
    source: &'r Source<'a>,
    names: &'r Names<'r>,
    constants: &'r Constants<'r>,
    uses: &'r Uses<'r>,
    found: Vec<Found>,
    variables: HashMap<&'r str, usize>,
    functions: HashMap<&'r str, TaskFunction<'r>>,
    here: Here,
    /// End of the definitions so far.
    covered: TextSize,
    complete: bool,
    /// Visits inside task groups that are called.
    visits: usize,
    /// Number of such groups around.
    depth: usize,
}

impl<'r> Reader<'r, '_> {
    fn inside(&mut self, here: Here, work: impl FnOnce(&mut Self)) {
        let outside = std::mem::replace(&mut self.here, here);
        work(self);
        self.here = outside;
    }

    /// Counts a visit inside a task group that is called, and returns whether there were too many.
    fn is_exhausted(&mut self) -> bool {
        if self.depth > 0 {
            self.visits += 1;
            self.complete &= self.visits <= MOST_IN_GROUPS;
        }
        self.depth > 0 && self.visits > MOST_IN_GROUPS
    }

    fn uncertain(&mut self, work: impl FnOnce(&mut Self)) {
        let here = Here { certain: Certainty::Unknown, ..self.here.clone() };
        self.inside(here, work);
    }

    /// Notes a definition and returns its index.
    fn define(&mut self, arguments: &Arguments<'_, 'r>, id: Option<&str>, range: TextRange) -> usize {
        if self.found.len() >= MOST_DEFINITIONS {
            self.complete = false;
            return self.found.len();
        }
        let line = self.source.line(range.start());
        let id = id.filter(|id| !id.is_empty() && self.here.certain == Certainty::Once);
        let dag = id.map(|id| self.dag(arguments, id, line, range));
        self.covered = self.covered.max(range.end());
        self.found.push(Found { dag, line, range, tasks: Tasks::default() });
        self.found.len() - 1
    }

    fn dag(&self, arguments: &Arguments<'_, 'r>, id: &str, line: usize, range: TextRange) -> Dag {
        let schedule = ["schedule", "timetable", "schedule_interval"]
            .into_iter()
            .map(|name| value(arguments.get_beside_first(name), |expression| shown(self.constants, expression)))
            .find(|value| *value != Value::Absent);
        let owner = match arguments.get_beside_first("default_args") {
            Given::Expression(expression) => self.constants.entry(expression, "owner"),
            other => other,
        };
        let code = self.source.text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default().as_bytes();
        // What is inside is hashed with what is around it, too, and can be nested very often.
        let hashed = if range.start() < self.covered { code.len().min(HASHED_INSIDE) } else { code.len() };
        Dag {
            id: readable(id),
            file: self.source.path.clone(),
            line,
            schedule: schedule.unwrap_or(Value::Absent),
            start_date: value(arguments.get_beside_first("start_date"), |expression| moment(self.constants, expression)),
            tags: value(arguments.get_beside_first("tags"), |expression| {
                Some(self.constants.texts(expression)?.into_iter().map(readable).collect())
            }),
            owner: value(owner, |expression| shown(self.constants, expression)),
            catchup: value(arguments.get_beside_first("catchup"), |expression| self.constants.truth(expression)),
            tasks: Vec::new(),
            dynamic_tasks: 0,
            code: *blake3::hash(code.get(..hashed).unwrap_or_default()).as_bytes(),
        }
    }

    /// Defines the DAG of a call of its class.
    fn constructed(&mut self, call: &'r ExprCall, range: TextRange) -> usize {
        let arguments = Arguments::of(&call.arguments, self.constants);
        let id = match arguments.first_or("dag_id") {
            Given::Expression(expression) => self.constants.text(expression),
            Given::Nothing | Given::Unsure => None,
        };
        let index = self.define(&arguments, id, range);
        self.visit_arguments(&call.arguments);
        index
    }

    fn bind(&mut self, target: &'r Expr, index: usize) {
        if let Expr::Name(name) = target {
            self.variables.insert(name.id.as_str(), index);
        }
    }

    fn with(&mut self, with: &'r StmtWith) {
        let mut here = self.here.clone();
        for item in &with.items {
            match &item.context_expr {
                Expr::Call(call) => match self.names.meaning(&call.func) {
                    Some(Meaning::Dag) => {
                        let index = self.constructed(call, with.range);
                        item.optional_vars.iter().for_each(|target| self.bind(target, index));
                        here = Here { dag: Some(index), prefix: Some(String::new()), ..here };
                    }
                    Some(Meaning::TaskGroup) => {
                        here.prefix = self.group_prefix(&Arguments::of(&call.arguments, self.constants), here.prefix)
                    }
                    _ => self.visit_expr(&item.context_expr),
                },
                Expr::Name(name) if self.variables.contains_key(name.id.as_str()) => {
                    let dag = self.variables.get(name.id.as_str()).copied();
                    here = Here { dag, prefix: Some(String::new()), ..here };
                }
                other => self.visit_expr(other),
            }
        }
        self.inside(here, |reader| reader.visit_body(&with.body));
    }

    /// Returns what a task group puts before the ids of its tasks.
    fn group_prefix(&self, arguments: &Arguments<'_, 'r>, outer: Option<String>) -> Option<String> {
        match arguments.get("prefix_group_id") {
            Given::Nothing => {}
            Given::Expression(expression) => match self.constants.truth(expression) {
                Some(true) => {}
                Some(false) => return outer,
                None => return None,
            },
            Given::Unsure => return None,
        }
        match arguments.first_or("group_id") {
            Given::Expression(expression) => {
                Some(format!("{}{}.", outer?, self.constants.text(expression)?)).filter(|prefix| prefix.len() <= LONGEST_PREFIX)
            }
            Given::Nothing | Given::Unsure => None,
        }
    }

    fn function(&mut self, function: &'r StmtFunctionDef) {
        for decorator in &function.decorator_list {
            let (callee, arguments) = match &decorator.expression {
                Expr::Call(call) => (&*call.func, Arguments::of(&call.arguments, self.constants)),
                other => (other, Arguments::none(self.constants)),
            };
            let name = function.name.as_str();
            match self.names.meaning(callee) {
                Some(Meaning::DagDecorator) => return self.dag_function(function, &arguments),
                Some(Meaning::TaskDecorator) => {
                    let id = self.named(arguments.get("task_id"), name);
                    self.functions.insert(name, TaskFunction::Task(id));
                    return;
                }
                Some(Meaning::TaskGroupDecorator) => {
                    let id = self.named(arguments.first_or("group_id"), name);
                    self.functions.insert(name, TaskFunction::Group(id, &function.body));
                    return;
                }
                _ => {}
            }
        }
        // Whoever calls it makes the DAGs in it, once or many times.
        let here = Here { dag: None, prefix: Some(String::new()), certain: Certainty::Unknown };
        self.inside(here, |reader| reader.visit_body(&function.body));
    }

    /// Returns the id that a decorator gives, by default the function's name.
    fn named(&self, given: Given<'r>, name: &str) -> Option<String> {
        match given {
            Given::Expression(expression) => self.constants.text(expression).map(str::to_owned),
            Given::Nothing => Some(name.to_owned()),
            Given::Unsure => None,
        }
    }

    fn dag_function(&mut self, function: &'r StmtFunctionDef, arguments: &Arguments<'_, 'r>) {
        let name = function.name.as_str();
        // Airflow sees the DAG only when its function is called.
        if !self.uses.read.contains(name) {
            return;
        }
        let id = self.named(arguments.first_or("dag_id"), name).map(|id| if id.is_empty() { name.to_owned() } else { id });
        let id = id.filter(|_| self.uses.called.contains(name));
        let index = self.define(arguments, id.as_deref(), function.range);
        let here = Here { dag: Some(index), prefix: Some(String::new()), ..self.here.clone() };
        self.inside(here, |reader| reader.visit_body(&function.body));
    }

    fn call(&mut self, call: &'r ExprCall) {
        if let Some(keyword) = call.arguments.find_keyword("task_id") {
            if is_operator(&call.func) {
                self.operator(call, &keyword.value);
            }
        } else if let Some(invocation) = Invocation::of(call)
            && let Some(function) = self.functions.get(invocation.name).cloned()
        {
            self.invoked(&invocation, function);
        }
    }

    fn operator(&mut self, call: &'r ExprCall, id: &'r Expr) {
        let own = call.arguments.find_keyword("dag").map(|keyword| match &keyword.value {
            Expr::Name(name) => self.variables.get(name.id.as_str()).copied(),
            _ => None,
        });
        let Some(dag) = own.unwrap_or(self.here.dag) else { return };
        let prefix = match call.arguments.find_keyword("task_group") {
            None if Some(dag) == self.here.dag => self.here.prefix.clone(),
            None => Some(String::new()),
            // The group is a value that was made elsewhere.
            Some(_) => None,
        };
        let id = prefix.and_then(|prefix| Some(prefix + self.constants.text(id)?));
        if let Some(found) = self.found.get_mut(dag) {
            found.tasks.add(id);
        }
    }

    fn invoked(&mut self, invocation: &Invocation<'r>, function: TaskFunction<'r>) {
        let Some(dag) = self.here.dag else { return };
        let overridden = invocation.overridden.map(|arguments| Arguments::of(arguments, self.constants));
        let changed = |name: &str, id: Option<String>| match overridden.as_ref().map(|arguments| arguments.get(name)) {
            None | Some(Given::Nothing) => id,
            Some(Given::Expression(expression)) => self.constants.text(expression).map(str::to_owned),
            Some(Given::Unsure) => None,
        };
        let prefix = self.here.prefix.clone();
        let full = |id: Option<String>| prefix.and_then(|prefix| Some(prefix + &id?));
        match function {
            TaskFunction::Task(id) => {
                let id = full(changed("task_id", id));
                if let Some(found) = self.found.get_mut(dag) {
                    found.tasks.add_call(id);
                }
            }
            TaskFunction::Group(id, body) => {
                let id = full(changed("group_id", id));
                if self.depth >= DEEPEST_GROUP {
                    self.complete = false;
                    return;
                }
                let id = id.and_then(|id| Some(self.found.get_mut(dag)?.tasks.numbered(id)));
                self.depth += 1;
                let prefix = id.map(|id| id + ".").filter(|prefix| prefix.len() <= LONGEST_PREFIX);
                let here = Here { prefix, ..self.here.clone() };
                self.inside(here, |reader| reader.visit_body(body));
                self.depth -= 1;
            }
        }
    }
}

fn value<'a, T>(given: Given<'a>, read: impl FnOnce(&'a Expr) -> Option<T>) -> Value<T> {
    match given {
        Given::Expression(expression) => read(expression).map_or(Value::Dynamic, Value::Known),
        Given::Nothing => Value::Absent,
        Given::Unsure => Value::Dynamic,
    }
}

impl<'r> Visitor<'r> for Reader<'r, '_> {
    fn visit_stmt(&mut self, statement: &'r Stmt) {
        if self.is_exhausted() {
            return;
        }
        match statement {
            Stmt::With(with) => self.with(with),
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(_) | Stmt::For(_) | Stmt::While(_) => self.uncertain(|reader| walk_stmt(reader, statement)),
            Stmt::Assign(assign) => match &*assign.value {
                Expr::Call(call) if self.names.meaning(&call.func) == Some(Meaning::Dag) => {
                    let index = self.constructed(call, assign.range);
                    assign.targets.iter().for_each(|target| self.bind(target, index));
                }
                _ => walk_stmt(self, statement),
            },
            Stmt::AnnAssign(assign) => match assign.value.as_deref() {
                Some(Expr::Call(call)) if self.names.meaning(&call.func) == Some(Meaning::Dag) => {
                    let index = self.constructed(call, assign.range);
                    self.bind(&assign.target, index);
                }
                _ => walk_stmt(self, statement),
            },
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'r Expr) {
        if self.is_exhausted() {
            return;
        }
        match expression {
            Expr::Call(call) if self.names.meaning(&call.func) == Some(Meaning::Dag) => {
                self.constructed(call, call.range());
            }
            Expr::Call(call) => {
                self.call(call);
                walk_expr(self, expression);
            }
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) | Expr::Lambda(_) => {
                self.uncertain(|reader| walk_expr(reader, expression));
            }
            _ => walk_expr(self, expression),
        }
    }
}
