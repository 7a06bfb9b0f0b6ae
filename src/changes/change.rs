//! Differences between a commit and the working tree, and between two commits' histories.
//! Plain data: it does not know how the differences were found.

use crate::model::path::RelPath;
use crate::model::revision::CommitSha;

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It exists now and did not exist before.
    Added,
    /// Its content, type or executable bit differs.
    Modified,
    /// It existed before and does not exist now.
    Removed,
}

/// One changed path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Change {
    /// Path relative to the root of the working tree.
    pub path: RelPath,
    /// What happened to it.
    pub kind: ChangeKind,
}

/// All changes since a commit below some folders. A rename is one removed and one added path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    /// The commit compared with.
    pub base: CommitSha,
    /// The changes, sorted by path, each path once.
    pub changes: Vec<Change>,
}

/// How one commit's history relates to another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Both are the same commit.
    Same,
    /// Ours descends from theirs.
    Ahead,
    /// Theirs descends from ours.
    Behind,
    /// Neither descends from the other.
    Diverged,
    /// The history at hand does not tell.
    Unknown,
}
