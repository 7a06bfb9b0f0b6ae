//! The entries of an artifact's content: what was found on disk and would be shipped.
//! Finding them is the business of `project`, reading their bytes that of `pack`.

use std::path::PathBuf;

use crate::model::path::RelPath;

/// A file or symbolic link that belongs to an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path relative to the artifact's folder (the DAGs folder, the bundle's folder, the build
    /// context).
    pub path: RelPath,
    /// Where it lies on disk.
    pub source: PathBuf,
    /// What it is.
    pub kind: EntryKind,
}

/// The two kinds of entries that ship; folders are implied, everything else is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File {
        /// Size in bytes when it was found.
        size: u64,
        /// Whether the owner may execute it.
        executable: bool,
    },
    /// A symbolic link with its literal target, never followed.
    Symlink {
        /// Target as bytes.
        target: Vec<u8>,
    },
}
