//! What lies around the DAGs' files: the folders from which Airflow imports, as far as their names tell.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::changes::inputs::InputRules;
use crate::model::path::RelPath;
use crate::model::project::ProjectShape;

/// The most names that are read of one folder; a larger one tells nothing.
const MOST_NAMES: usize = 20_000;
/// Astro's folder of plugins, which Airflow imports from.
const PLUGINS: &[u8] = b"plugins";

/// The folders around the DAGs.
pub struct Surroundings {
    /// Folders from which Airflow imports, in its order, relative to the repository.
    pub roots: Vec<RelPath>,
    project: RelPath,
    disk: PathBuf,
}

/// Names by folder; none for what is no folder or cannot be read.
pub type Known = BTreeMap<RelPath, Option<BTreeSet<String>>>;

impl Surroundings {
    /// Returns the folders around the DAGs folder of a project; that folder is relative to the repository.
    #[must_use]
    pub fn of(project: &ProjectShape, rules: &InputRules, dags: &RelPath) -> Self {
        let plugins = RelPath::parse(PLUGINS).map(|plugins| rules.project.join(&plugins));
        let roots = std::iter::once(rules.project.clone()).chain([dags.clone()]).chain(plugins).collect();
        Self { roots, project: rules.project.clone(), disk: project.root.clone() }
    }

    /// Returns the names in a folder of the repository without their suffixes, reading each folder once.
    pub fn names(&self, folder: &RelPath, known: &mut Known) -> Option<BTreeSet<String>> {
        if let Some(names) = known.get(folder) {
            return names.clone();
        }
        // What lies outside the project is no business of its DAGs.
        let names = folder.strip_prefix(&self.project).and_then(|inner| {
            let mut names = BTreeSet::new();
            for entry in std::fs::read_dir(self.disk.join(inner.to_path())).ok()?.flatten() {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                names.insert(name.split('.').next().unwrap_or_default().to_owned());
            }
            (names.len() <= MOST_NAMES).then_some(names)
        });
        known.insert(folder.clone(), names.clone());
        names
    }
}
