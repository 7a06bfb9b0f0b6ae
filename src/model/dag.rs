//! DAGs as their Python source shows them, and how two states of them differ.
//! Plain data: it knows neither Python's grammar nor where a source comes from.

use std::fmt;

use crate::model::path::RelPath;

/// A value of a DAG as far as the source tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<T> {
    /// The source does not set it.
    Absent,
    /// The source says it literally.
    Known(T),
    /// It is computed when Airflow reads the file.
    Dynamic,
}

impl<T> Value<T> {
    /// Returns the value when the source says it literally.
    #[must_use]
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Dynamic => None,
        }
    }

    /// Returns the value in words, made with `known` from a literal one.
    #[must_use]
    pub fn shown(&self, known: impl FnOnce(&T) -> String) -> String {
        match self {
            Self::Absent => "not set".to_owned(),
            Self::Known(value) => known(value),
            Self::Dynamic => "dynamic".to_owned(),
        }
    }
}

/// A DAG whose id the source says literally. All texts are hostile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dag {
    /// Its id.
    pub id: String,
    /// The file that defines it, relative to the repository.
    pub file: RelPath,
    /// 1-based line of its definition.
    pub line: usize,
    /// When it runs.
    pub schedule: Value<String>,
    /// From when on it runs.
    pub start_date: Value<String>,
    /// Its tags, in the order of the source.
    pub tags: Value<Vec<String>>,
    /// The owner that its tasks have by default.
    pub owner: Value<String>,
    /// Whether missed runs are made up for.
    pub catchup: Value<bool>,
    /// Ids of its tasks that the source says literally, with the prefix of their groups.
    pub tasks: Vec<String>,
    /// Number of task definitions whose ids are dynamic; loops can make any number of tasks.
    pub dynamic_tasks: usize,
    /// Hash of the source text of its definition.
    pub code: [u8; 32],
}

/// What one Python file says about DAGs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DagFile {
    /// The file, relative to the repository.
    pub path: RelPath,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// Whether all of it could be read.
    pub whole: bool,
    /// Its DAGs with a literal id, in the order of the source.
    pub dags: Vec<Dag>,
    /// 1-based lines that define DAGs with an id that is computed.
    pub dynamic: Vec<usize>,
    /// Lines of those DAGs whose definition stands inside something else, such as a condition.
    pub conditional: Vec<usize>,
    /// Modules that are imported whenever the file is.
    pub imports: Vec<Import>,
    /// Hash of the source text that belongs to none of its DAGs.
    pub shared: [u8; 32],
}

/// The import of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its full name, with dots. Hostile text.
    pub module: String,
    /// 1-based line.
    pub line: usize,
}

impl DagFile {
    /// Returns a file of which nothing is known.
    #[must_use]
    pub const fn unread(path: RelPath) -> Self {
        Self {
            path,
            problems: Vec::new(),
            whole: false,
            dags: Vec::new(),
            dynamic: Vec::new(),
            conditional: Vec::new(),
            imports: Vec::new(),
            shared: [0; 32],
        }
    }
}

/// Something wrong with a Python file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, relative to the repository.
    pub file: RelPath,
    /// 1-based line, when there is one.
    pub line: Option<usize>,
    /// 1-based column in characters, when there is one.
    pub column: Option<usize>,
    /// What is wrong, on one line. Hostile text.
    pub message: String,
    /// How bad it is.
    pub severity: Severity,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Airflow cannot import the file.
    Error,
    /// Airflow skips the file, or Liftoff could not check it.
    Warning,
}

/// How the DAGs that would ship differ from those before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DagDifference {
    /// DAGs that are new, by id.
    pub added: Vec<Dag>,
    /// DAGs that are gone, by id, as they were.
    pub removed: Vec<Dag>,
    /// DAGs that are not what they were, by id.
    pub changed: Vec<DagChange>,
    /// Files whose dynamic DAGs may differ, by path.
    pub dynamic: Vec<DynamicDags>,
    /// Why these lists are empty or may lack something, in words that follow "because".
    pub unknown: Option<String>,
}

/// How one DAG differs. When nothing is listed, other code of it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DagChange {
    /// The DAG as it would ship.
    pub dag: Dag,
    /// The file that defined it before, when that is another one.
    pub moved_from: Option<RelPath>,
    /// The values that differ.
    pub fields: Vec<FieldChange>,
    /// Ids of new tasks.
    pub tasks_added: Vec<String>,
    /// Ids of tasks that are gone.
    pub tasks_removed: Vec<String>,
}

/// A value of a DAG that differs, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// Which value.
    pub field: Field,
    /// What it was.
    pub before: String,
    /// What it would be.
    pub after: String,
}

/// The values of a DAG that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// When it runs.
    Schedule,
    /// From when on it runs.
    StartDate,
    /// Its tags.
    Tags,
    /// The owner of its tasks.
    Owner,
    /// Whether missed runs are made up for.
    Catchup,
}

impl Field {
    /// Returns the name as Airflow writes it, which is also the machine-readable one.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::StartDate => "start_date",
            Self::Tags => "tags",
            Self::Owner => "owner",
            Self::Catchup => "catchup",
        }
    }
}

/// A changed file that makes DAGs whose ids are computed, so that nobody can tell from the source
/// which DAGs differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamicDags {
    /// The file.
    pub file: RelPath,
    /// 1-based lines of the definitions; none when the file no longer has any.
    pub lines: Vec<usize>,
}

/// What is known of the DAGs that would ship.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DagFacts {
    /// What is wrong with their files, errors first, then by place.
    pub problems: Vec<Problem>,
    /// How they differ from those before.
    pub difference: DagDifference,
}

impl DagFacts {
    /// Replaces every text that comes from a source by what the function makes of it.
    pub fn change_texts(&mut self, change: &dyn Fn(&str) -> String) {
        let difference = &mut self.difference;
        for problem in &mut self.problems {
            problem.message = change(&problem.message);
        }
        let moved = difference.changed.iter_mut().map(|moved| &mut moved.dag);
        for dag in difference.added.iter_mut().chain(&mut difference.removed).chain(moved) {
            dag.change_texts(change);
        }
        for moved in &mut difference.changed {
            let fields = moved.fields.iter_mut().flat_map(|field| [&mut field.before, &mut field.after]);
            for text in fields.chain(&mut moved.tasks_added).chain(&mut moved.tasks_removed) {
                *text = change(text);
            }
        }
        if let Some(unknown) = &mut difference.unknown {
            *unknown = change(unknown);
        }
    }
}

impl Dag {
    /// Returns the number of tasks in words: `4 tasks`, or `at least 4 tasks` where some ids are
    /// dynamic.
    #[must_use]
    pub fn task_count(&self) -> String {
        let count = self.tasks.len();
        let tasks = if count == 1 { "1 task".to_owned() } else { format!("{count} tasks") };
        match (self.dynamic_tasks, count) {
            (0, _) => tasks,
            (_, 0) => "dynamic tasks".to_owned(),
            _ => format!("at least {tasks}"),
        }
    }

    fn change_texts(&mut self, change: &dyn Fn(&str) -> String) {
        let values = [&mut self.schedule, &mut self.start_date, &mut self.owner];
        let values = values.into_iter().filter_map(|value| match value {
            Value::Known(text) => Some(text),
            _ => None,
        });
        let tags = match &mut self.tags {
            Value::Known(tags) => tags.as_mut_slice(),
            _ => &mut [],
        };
        for text in std::iter::once(&mut self.id).chain(values).chain(tags).chain(&mut self.tasks) {
            *text = change(text);
        }
    }
}

impl fmt::Display for Problem {
    /// Shows the problem with its place: `dags/a.py line 3, column 5: …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, " line {line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dag() -> Dag {
        let secret = || "hunter2".to_owned();
        Dag {
            id: secret(),
            file: RelPath::parse(b"dags/a.py").expect("a path"),
            line: 3,
            schedule: Value::Known(secret()),
            start_date: Value::Known(secret()),
            tags: Value::Known(vec![secret()]),
            owner: Value::Known(secret()),
            catchup: Value::Dynamic,
            tasks: vec![secret()],
            dynamic_tasks: 0,
            code: [0; 32],
        }
    }

    #[test]
    fn every_text_can_be_changed() {
        let secret = || "hunter2".to_owned();
        let field = FieldChange { field: Field::Schedule, before: secret(), after: secret() };
        let change = DagChange {
            dag: dag(),
            moved_from: None,
            fields: vec![field],
            tasks_added: vec![secret()],
            tasks_removed: vec![secret()],
        };
        let problem = Problem { file: dag().file, line: Some(1), column: Some(2), message: secret(), severity: Severity::Error };
        let mut facts = DagFacts {
            problems: vec![problem],
            difference: DagDifference {
                added: vec![dag()],
                removed: vec![dag()],
                changed: vec![change],
                dynamic: Vec::new(),
                unknown: Some(secret()),
            },
        };
        facts.change_texts(&|text| text.replace("hunter2", "***"));
        let shown = format!("{facts:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(facts.problems[0].to_string(), "dags/a.py line 1, column 2: ***");
    }

    #[test]
    fn tasks_are_counted_as_far_as_they_are_known() {
        for (known, dynamic, words) in
            [(0, 0, "0 tasks"), (1, 0, "1 task"), (4, 0, "4 tasks"), (1, 2, "at least 1 task"), (0, 1, "dynamic tasks")]
        {
            let dag = Dag { tasks: vec!["t".to_owned(); known], dynamic_tasks: dynamic, ..dag() };
            assert_eq!(dag.task_count(), words);
        }
    }
}
