//! Compares a commit's tree with the disk, with the index as a cache of what was hashed before.
//! Hashing and looking into submodules are functions it is given; it reads nothing itself.

use std::collections::HashSet;

use crate::changes::change::{Change, ChangeKind};
use crate::error::Result;
use crate::git::listing::{DiskItem, Index, Mode, ObjectId, Tree};
use crate::model::path::RelPath;

/// What is compared.
pub struct Sides<'a> {
    /// The commit's tree.
    pub tree: &'a Tree,
    /// The index.
    pub index: &'a Index,
    /// The disk.
    pub disk: &'a [DiskItem],
    /// Whether the file system keeps executable bits.
    pub executable_bits: ExecutableBits,
}

/// Whether the executable bit on disk means anything (`core.fileMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutableBits {
    /// It does.
    Trusted,
    /// It does not, so it never counts as a change.
    Ignored,
}

/// The state of a submodule's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubmoduleState {
    /// There is no repository in the folder.
    NotInitialised,
    /// Its files are exactly those of this commit.
    At(ObjectId),
    /// Its files are those of no commit.
    Modified,
}

/// Returns the changes from the tree to the disk, sorted by path. `hash` returns the blob ids of
/// regular files and links, told which ids would mean that they are unchanged; `submodule` looks into a submodule's folder.
///
/// # Errors
/// Passes on what the two functions return.
pub fn changes(
    sides: &Sides<'_>,
    hash: impl FnOnce(&[(&DiskItem, ObjectId)]) -> Result<Vec<ObjectId>>,
    submodule: impl Fn(&RelPath) -> Result<SubmoduleState>,
) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    let mut seen: HashSet<&RelPath> = HashSet::new();
    let mut unsure: Vec<(&DiskItem, ObjectId)> = Vec::new();
    for item in sides.disk {
        let Some(old) = sides.tree.get(&item.path) else {
            changes.push(Change { path: item.path.clone(), kind: ChangeKind::Added });
            continue;
        };
        seen.insert(&item.path);
        let known = known_id(sides.index, item);
        if mode_differs(old.mode, item.mode, sides.executable_bits) {
            changes.push(Change { path: item.path.clone(), kind: ChangeKind::Modified });
        } else if item.mode == Mode::Gitlink {
            let same = match submodule(&item.path)? {
                SubmoduleState::At(id) => id == old.id,
                SubmoduleState::NotInitialised => sides.index.get(&item.path).is_some_and(|entry| entry.id == old.id),
                SubmoduleState::Modified => false,
            };
            if !same {
                changes.push(Change { path: item.path.clone(), kind: ChangeKind::Modified });
            }
        } else {
            match known {
                Some(id) if id == old.id => {}
                Some(_) => changes.push(Change { path: item.path.clone(), kind: ChangeKind::Modified }),
                None => unsure.push((item, old.id)),
            }
        }
    }
    if !unsure.is_empty() {
        for ((item, old), id) in unsure.iter().zip(hash(&unsure)?) {
            if id != *old {
                changes.push(Change { path: item.path.clone(), kind: ChangeKind::Modified });
            }
        }
    }
    let gone = sides.tree.keys().filter(|path| !seen.contains(path));
    changes.extend(gone.map(|path| Change { path: path.clone(), kind: ChangeKind::Removed }));
    changes.sort_unstable();
    Ok(changes)
}

/// Returns the blob id when the index proves what the file holds.
fn known_id(index: &Index, item: &DiskItem) -> Option<ObjectId> {
    let entry = index.get(&item.path)?;
    let unchanged = entry.stat?.still_describes(item.stat.as_ref()?);
    (unchanged && is_link(entry.mode) == is_link(item.mode)).then_some(entry.id)
}

fn is_link(mode: Mode) -> bool {
    mode == Mode::Symlink
}

fn mode_differs(old: Mode, new: Mode, bits: ExecutableBits) -> bool {
    let plain = |mode| if bits == ExecutableBits::Ignored && mode == Mode::Executable { Mode::File } else { mode };
    plain(old) != plain(new)
}
