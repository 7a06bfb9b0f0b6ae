//! Rules of an artifact that ships a folder as it is: the DAGs folder, a dbt project, any bundle.
//! It judges paths; it knows neither the disk nor the image.

use crate::changes::classified::{Classified, Why};
use crate::changes::liftoffignore::{LiftoffIgnore, Node};
use crate::model::artifact::Artifact;
use crate::model::ids::MountPath;
use crate::model::path::RelPath;

/// Which paths below a folder ship.
#[derive(Debug, Clone, Copy)]
pub struct FolderRules<'a> {
    /// The rules of `.liftoffignore`.
    pub ignore: &'a LiftoffIgnore,
    /// The folder, relative to where `.liftoffignore` lies.
    pub base: &'a RelPath,
}

impl FolderRules<'_> {
    /// Returns why a path, relative to the folder, does not ship on its own account; `None` when
    /// it does. The caller has already asked for the folders above it.
    #[must_use]
    pub fn exclusion(&self, path: &RelPath, node: Node) -> Option<Why> {
        if is_never_shipped(path, node) {
            return Some(Why::NeverShipped);
        }
        self.ignore.excluding_line(&self.base.join(path), node).map(|line| Why::ExcludedByLiftoff { line })
    }

    /// Returns why the folder itself, or one above it, does not ship; `None` when it does.
    #[must_use]
    pub fn base_exclusion(&self) -> Option<Why> {
        self.base
            .ancestry()
            .find_map(|folder| self.ignore.excluding_line(&folder, Node::Folder))
            .map(|line| Why::ExcludedByLiftoff { line })
    }

    /// Returns why a file, relative to the folder, does not ship; `None` when it does. A folder
    /// that is left out takes everything below it with it, as in git.
    #[must_use]
    pub fn file_exclusion(&self, path: &RelPath) -> Option<Why> {
        self.base_exclusion().or_else(|| {
            path.ancestry().find_map(|part| {
                let node = if part == *path { Node::File } else { Node::Folder };
                self.exclusion(&part, node)
            })
        })
    }
}

/// Returns whether the last component is git's own data (`.git`, a folder or the file of a
/// submodule or worktree) or Python's bytecode cache: these never ship in a bundle and never
/// count as content, because they differ between checkouts of one commit.
#[must_use]
pub fn is_never_shipped(path: &RelPath, node: Node) -> bool {
    match path.file_name() {
        Some(b".git") => true,
        Some(b"__pycache__") => node == Node::Folder,
        _ => false,
    }
}

/// The rules of a bundle: a dbt project or another folder.
#[derive(Debug, Clone)]
pub struct BundleRules {
    /// The bundle's folder, relative to the repository.
    pub folder: RelPath,
    /// Where it is mounted.
    pub mount: MountPath,
    /// The rules of `.liftoffignore`, which lies in that folder.
    pub liftoff_ignore: LiftoffIgnore,
}

impl BundleRules {
    /// Returns the rules for walking the folder.
    #[must_use]
    pub fn files(&self) -> FolderRules<'_> {
        const HERE: &RelPath = &RelPath::root();
        FolderRules { ignore: &self.liftoff_ignore, base: HERE }
    }

    /// Classifies a path relative to the bundle's folder.
    #[must_use]
    pub fn owner(&self, path: &RelPath) -> Classified {
        match self.files().file_exclusion(path) {
            Some(why) => Classified { artifacts: Vec::new(), why },
            None => {
                Classified { artifacts: vec![Artifact::Bundle(self.mount.clone())], why: Why::UnderBundle(self.folder.clone()) }
            }
        }
    }

    /// Classifies a path relative to the repository.
    #[must_use]
    pub fn classify(&self, change: &RelPath) -> Classified {
        match change.strip_prefix(&self.folder) {
            Some(path) => self.owner(&path),
            None => Classified { artifacts: Vec::new(), why: Why::OutsideProject },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).expect("a path")
    }

    #[test]
    fn a_bundle_owns_its_folder_less_the_ignored() {
        let rules = BundleRules {
            folder: path("dbt/shop"),
            mount: MountPath::new("/usr/local/airflow/dbt/shop"),
            liftoff_ignore: LiftoffIgnore::parse(b"target/\n*.log\n!keep.log\n", ".liftoffignore").expect("valid"),
        };
        let cases = [
            ("dbt/shop/models/a.sql", "under dbt/shop/", 1),
            ("dbt/shop/.git", "never shipped", 0),
            ("dbt/shop/macros/.git/config", "never shipped", 0),
            ("dbt/shop/py/__pycache__/a.pyc", "never shipped", 0),
            ("dbt/shop/loose.pyc", "under dbt/shop/", 1),
            ("dbt/shop/target/run.json", "excluded by .liftoffignore line 1", 0),
            ("dbt/shop/target/keep.log", "excluded by .liftoffignore line 1", 0),
            ("dbt/shop/a.log", "excluded by .liftoffignore line 2", 0),
            ("dbt/shop/keep.log", "under dbt/shop/", 1),
            ("dbt/shop2/a.sql", "outside the project", 0),
            ("dbt/Shop/a.sql", "outside the project", 0),
            ("README.md", "outside the project", 0),
            ("dbt/shop/README.md", "under dbt/shop/", 1),
        ];
        for (change, why, artifacts) in cases {
            let classified = rules.classify(&path(change));
            assert_eq!((classified.why.to_string().as_str(), classified.artifacts.len()), (why, artifacts), "{change}");
        }
    }

    #[test]
    fn a_folder_inside_an_ignored_folder_ships_nothing() {
        let ignore = LiftoffIgnore::parse(b"src/\n", ".liftoffignore").expect("valid");
        let rules = FolderRules { ignore: &ignore, base: &path("src/dags") };
        assert_eq!(rules.file_exclusion(&path("a.py")), Some(Why::ExcludedByLiftoff { line: 1 }));
    }
}
