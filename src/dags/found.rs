//! What walking a syntax tree brings to light.
//! It does not know how it was found.

use ruff_text_size::TextRange;

use crate::dags::tasks::Tasks;
use crate::model::dag::Dag;

/// The definitions of a file, in the order of the source.
pub struct Definitions {
    /// Those that were read.
    pub found: Vec<Found>,
    /// Whether these are all.
    pub complete: bool,
}

/// A definition; without a DAG when its id is dynamic.
pub struct Found {
    /// The DAG, still without its tasks.
    pub dag: Option<Dag>,
    /// 1-based line.
    pub line: usize,
    /// Where its definition stands.
    pub range: TextRange,
    /// Its tasks.
    pub tasks: Tasks,
}

impl Found {
    /// Returns the DAG with its tasks.
    #[must_use]
    pub fn finished(self) -> Option<Dag> {
        self.dag.map(|dag| Dag { tasks: self.tasks.ids, dynamic_tasks: self.tasks.dynamic, ..dag })
    }
}
