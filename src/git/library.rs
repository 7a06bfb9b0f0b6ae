//! Reads a repository through libgit2: no process, no configured command is ever run.
//! It knows no network; objects that are missing are simply not there.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

use git2::{AttrCheckFlags, AttrValue, ErrorCode, ObjectType, Oid};

use crate::error::{Error, Kind, Result};
use crate::git::commit::Commit;
use crate::git::compare::ExecutableBits;
use crate::git::listing::{DiskItem, Index, IndexItem, Mode, ObjectId, Stat, Tree, TreeItem};
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;

/// The most entries of one commit's tree that are listed, against trees that name each other
/// over and over.
const MOST_ENTRIES: usize = 5_000_000;
/// Index flags of git's on-disk format: stage bits, assume-unchanged, skip-worktree.
const STAGE: u16 = 0x3000;
const ASSUME_UNCHANGED: u16 = 0x8000;
const SKIP_WORKTREE: u16 = 0x4000;

/// A repository opened by libgit2.
pub struct Library(git2::Repository);

/// Why libgit2 cannot serve a repository.
#[derive(Debug)]
pub enum Refusal {
    /// It belongs to another user.
    Foreign,
    /// It has no working tree.
    Bare,
    /// Its format is unknown to libgit2, or it is damaged.
    Unreadable(String),
}

impl Library {
    /// Opens the repository of a working tree, or the one at `git_dir`.
    ///
    /// # Errors
    /// Says why another way must be found.
    pub fn open(workdir: &Path, git_dir: Option<&Path>) -> std::result::Result<Self, Refusal> {
        let repository = git2::Repository::open(git_dir.unwrap_or(workdir)).map_err(|error| match error.code() {
            ErrorCode::Owner => Refusal::Foreign,
            _ => Refusal::Unreadable(error.message().to_owned()),
        })?;
        if git_dir.is_some() {
            repository.set_workdir(workdir, false).map_err(|error| Refusal::Unreadable(error.message().to_owned()))?;
        }
        if repository.is_bare() { Err(Refusal::Bare) } else { Ok(Self(repository)) }
    }

    /// Returns the root of the working tree as the repository itself names it.
    #[must_use]
    pub fn workdir(&self) -> Option<&Path> {
        self.0.workdir()
    }

    /// Returns the opened repository itself.
    #[must_use]
    pub const fn opened(&self) -> &git2::Repository {
        &self.0
    }

    /// Returns the folder that holds objects, shared by all working trees.
    #[must_use]
    pub fn common_dir(&self) -> &Path {
        self.0.commondir()
    }

    /// Makes fetched objects visible.
    ///
    /// # Errors
    /// Fails (`Project`) when the folder cannot be read.
    pub fn see_objects(&self, objects: &Path) -> Result<()> {
        let database = self.0.odb().map_err(|error| failed(&error))?;
        match objects.to_str() {
            Some(path) => database.add_disk_alternate(path).map_err(|error| failed(&error)),
            None => Err(Error::new(Kind::Project, "read fetched commits").because("the temporary folder's name is not UTF-8")),
        }
    }

    /// Looks for objects that appeared since the last look.
    ///
    /// # Errors
    /// Fails (`Project`) when the object folders cannot be read.
    pub fn refresh(&self) -> Result<()> {
        self.0.odb().and_then(|database| database.refresh()).map_err(|error| failed(&error))
    }

    /// Returns the commit that HEAD names; `None` before the first commit.
    ///
    /// # Errors
    /// Fails (`Project`) when HEAD is damaged.
    pub fn head(&self) -> Result<Option<CommitSha>> {
        match self.0.head().and_then(|head| head.peel_to_commit().map(|commit| commit.id())) {
            Ok(id) => Ok(CommitSha::parse(&id.to_string())),
            Err(error) if error.code() == ErrorCode::UnbornBranch => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Returns the commit that an expression names. The caller has made sure it is no option.
    #[must_use]
    pub fn rev_parse(&self, expression: &str) -> Option<CommitSha> {
        let commit = self.0.revparse_single(expression).ok()?.peel_to_commit().ok()?;
        CommitSha::parse(&commit.id().to_string())
    }

    /// Returns a commit's object; `None` when it is not at hand.
    ///
    /// # Errors
    /// Fails (`Project`) when the object database is damaged.
    pub fn commit(&self, sha: &CommitSha) -> Result<Option<Commit>> {
        // SHA-256 ids can be asked for in a SHA-1 repository, which cannot have them.
        let Ok(id) = Oid::from_str(sha.as_str()) else { return Ok(None) };
        match self.0.odb().and_then(|database| database.read(id).map(|object| (object.kind(), object.data().to_vec()))) {
            Ok((ObjectType::Commit, raw)) => Ok(Commit::parse(sha, &raw)),
            Ok(_) => Ok(None),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Returns whether a tree is at hand.
    #[must_use]
    pub fn has_tree(&self, id: &str) -> bool {
        Oid::from_str(id).is_ok_and(|id| self.0.find_tree(id).is_ok())
    }

    /// Returns the branch that is checked out, even before its first commit.
    #[must_use]
    pub fn branch(&self) -> Option<String> {
        let head = self.0.find_reference("HEAD").ok()?;
        let target = head.symbolic_target().ok().flatten()?;
        target.strip_prefix("refs/heads/").map(str::to_owned)
    }

    /// Returns the names of all remotes.
    #[must_use]
    pub fn remotes(&self) -> Vec<String> {
        let Ok(names) = self.0.remotes() else { return Vec::new() };
        names.iter().filter_map(|name| name.ok().flatten().map(str::to_owned)).collect()
    }

    /// Returns a remote's URL, which may hold credentials.
    #[must_use]
    pub fn remote_url(&self, name: &str) -> Option<String> {
        let remote = self.0.find_remote(name).ok()?;
        remote.url().ok().map(str::to_owned)
    }

    /// Returns whether the history ends early.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.0.is_shallow()
    }

    /// Returns whether executable bits on disk mean anything here.
    #[must_use]
    pub fn executable_bits(&self) -> ExecutableBits {
        match self.0.config().and_then(|config| config.get_bool("core.filemode")) {
            Ok(false) => ExecutableBits::Ignored,
            _ => ExecutableBits::Trusted,
        }
    }

    /// Returns the files of a commit below some folders; `None` when objects are missing.
    ///
    /// # Errors
    /// Fails (`Project`) when a tree is damaged or has more than five million entries.
    pub fn tree(&self, commit: &CommitSha, folders: &[RelPath]) -> Result<Option<Tree>> {
        match self.tree_or_error(commit, folders) {
            Ok(tree) => Ok(Some(tree)),
            Err(Failure::Git(error)) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(Failure::Git(error)) => Err(failed(&error)),
            Err(Failure::Limits(reason)) => {
                Err(Error::new(Kind::Project, format!("read the files of commit {}", commit.short())).because(reason))
            }
        }
    }

    fn tree_or_error(&self, commit: &CommitSha, folders: &[RelPath]) -> std::result::Result<Tree, Failure> {
        let root = self.0.find_commit(Oid::from_str(commit.as_str())?)?.tree_id();
        let mut files = Tree::new();
        let mut pending = Vec::new();
        for folder in folders {
            self.descend(root, folder, &mut pending, &mut files)?;
        }
        let mut visited = 0_usize;
        while let Some((path, id)) = pending.pop() {
            for entry in self.0.find_tree(id)?.iter() {
                visited += 1;
                if visited > MOST_ENTRIES {
                    return Err(Failure::Limits("it has more than five million files"));
                }
                keep(path.join(&single(entry.name_bytes())?), &entry, &mut pending, &mut files);
            }
        }
        Ok(files)
    }

    /// Follows a path from the root of a tree and keeps what is found there, if anything.
    fn descend(
        &self,
        root: Oid,
        folder: &RelPath,
        pending: &mut Vec<(RelPath, Oid)>,
        files: &mut Tree,
    ) -> std::result::Result<(), Failure> {
        if folder.is_root() {
            pending.push((RelPath::root(), root));
            return Ok(());
        }
        let mut id = root;
        let mut names = folder.components().peekable();
        while let Some(name) = names.next() {
            let tree = self.0.find_tree(id)?;
            let Some(entry) = tree.get_name_bytes(name) else { return Ok(()) };
            if names.peek().is_none() {
                keep(folder.clone(), &entry, pending, files);
            } else if entry.kind() != Some(ObjectType::Tree) {
                return Ok(());
            }
            id = entry.id();
        }
        Ok(())
    }

    /// Returns the index below some folders; `None` when libgit2 cannot read it.
    #[must_use]
    pub fn index(&self, folders: &[RelPath]) -> Option<Index> {
        let mut index = self.0.index().ok()?;
        index.read(false).ok()?;
        // With `core.ignoreCase` libgit2 sorts its copy in another order than ours.
        let sorted = !self.0.config().and_then(|config| config.get_bool("core.ignorecase")).unwrap_or(false);
        let written = index.path().and_then(|path| fs::metadata(path).ok()).as_ref().and_then(modified);
        let mut items = HashMap::new();
        for folder in folders {
            let prefix = folder.as_bytes();
            let start = if sorted { first_at_or_after(&index, prefix) } else { 0 };
            for position in start..index.len() {
                let Some(entry) = index.get(position) else { break };
                if sorted && !entry.path.starts_with(prefix) {
                    break;
                }
                let (Some(path), Some(mode)) = (RelPath::parse(&entry.path), Mode::from_bits(entry.mode)) else { continue };
                if path.is_within(folder) {
                    items.insert(path, index_item(&entry, mode, written)?);
                }
            }
        }
        Some(items)
    }

    /// Returns the blob ids of files and links on disk, in their order, without any filter.
    ///
    /// # Errors
    /// Fails (`Project`) when one of them cannot be read.
    pub fn hash(&self, workdir: &Path, items: &[&DiskItem]) -> Result<Vec<ObjectId>> {
        let hash_one = |item: &&DiskItem| {
            let unreadable =
                |reason: &dyn std::fmt::Display| Error::new(Kind::Project, format!("read {}", item.path)).because(reason);
            let path = workdir.join(item.path.to_path());
            let id = if item.mode == Mode::Symlink {
                let target = fs::read_link(&path).map_err(|error| unreadable(&error))?;
                Oid::hash_object(ObjectType::Blob, target.as_os_str().as_encoded_bytes())
            } else {
                Oid::hash_file(ObjectType::Blob, &path)
            };
            let id = id.map_err(|error| unreadable(&error.message()))?;
            ObjectId::from_bytes(id.as_bytes()).ok_or_else(|| unreadable(&"its hash has an unknown length"))
        };
        items.iter().map(hash_one).collect()
    }

    /// Returns whether a setting makes git convert line endings of all text files before hashing them.
    #[must_use]
    pub fn converts_everywhere(&self) -> bool {
        let setting = self.0.config().and_then(|config| config.get_string("core.autocrlf"));
        setting.is_ok_and(|value| !value.eq_ignore_ascii_case("false"))
    }

    /// Returns whether attributes make git convert this file before hashing it.
    #[must_use]
    pub fn converts(&self, path: &RelPath) -> bool {
        let path = path.to_path();
        ["text", "eol", "crlf", "filter", "ident", "working-tree-encoding"].iter().any(|name| {
            let value = self.0.get_attr_bytes(&path, name, AttrCheckFlags::FILE_THEN_INDEX).unwrap_or_default();
            !matches!(AttrValue::from_bytes(value), AttrValue::Unspecified | AttrValue::False)
        })
    }

    /// Returns those paths that no ignore rule covers.
    #[must_use]
    pub fn not_ignored<'a>(&self, paths: &'a [RelPath]) -> Vec<&'a RelPath> {
        let known = RefCell::new(HashMap::new());
        paths.iter().filter(|path| !self.is_ignored(path, &known)).collect()
    }

    /// A path is ignored when it or a folder above it is; folders are asked once.
    fn is_ignored(&self, path: &RelPath, known: &RefCell<HashMap<RelPath, bool>>) -> bool {
        let Some(parent) = path.parent() else { return false };
        let cached = known.borrow().get(&parent).copied();
        let parent_ignored = cached.unwrap_or_else(|| {
            let ignored = self.is_ignored(&parent, known);
            known.borrow_mut().insert(parent.clone(), ignored);
            ignored
        });
        parent_ignored || self.0.is_path_ignored(path.to_path()).unwrap_or(false)
    }
}

enum Failure {
    Git(git2::Error),
    Limits(&'static str),
}

impl From<git2::Error> for Failure {
    fn from(error: git2::Error) -> Self {
        Self::Git(error)
    }
}

/// Returns a tree entry's name as one component; hostile trees hold names that climb.
fn single(name: &[u8]) -> std::result::Result<RelPath, Failure> {
    RelPath::parse(name)
        .filter(|path| !name.is_empty() && path.as_bytes() == name && !name.contains(&b'/'))
        .ok_or(Failure::Limits("a file name in it is not valid"))
}

fn keep(path: RelPath, entry: &git2::TreeEntry<'_>, pending: &mut Vec<(RelPath, Oid)>, files: &mut Tree) {
    if entry.kind() == Some(ObjectType::Tree) {
        pending.push((path, entry.id()));
        return;
    }
    let mode = u32::try_from(entry.filemode_raw()).ok().and_then(Mode::from_bits);
    if let (Some(mode), Some(id)) = (mode, ObjectId::from_bytes(entry.id().as_bytes())) {
        files.insert(path, TreeItem { mode, id });
    }
}

/// Returns the first position whose path is not before the given bytes; the index is sorted.
fn first_at_or_after(index: &git2::Index, path: &[u8]) -> usize {
    let (mut low, mut high) = (0, index.len());
    while low < high {
        let middle = low + (high - low) / 2;
        match index.get(middle) {
            Some(entry) if entry.path.as_slice() < path => low = middle + 1,
            _ => high = middle,
        }
    }
    low
}

/// Converts an entry. Metadata counts only for entries without a conflict that are older than the
/// index itself: a file written in the same instant may have changed since without a trace.
fn index_item(entry: &git2::IndexEntry, mode: Mode, written: Option<(u32, u32)>) -> Option<IndexItem> {
    let seconds = |time: git2::IndexTime| (u32::from_ne_bytes(time.seconds().to_ne_bytes()), time.nanoseconds());
    let stat = Stat {
        mtime: seconds(entry.mtime),
        ctime: seconds(entry.ctime),
        inode: entry.ino,
        uid: entry.uid,
        gid: entry.gid,
        size: entry.file_size,
    };
    let settled =
        entry.flags & STAGE == 0 && written.is_some_and(|written| is_older(stat.mtime, written)) && mode != Mode::Gitlink;
    let hidden = entry.flags & ASSUME_UNCHANGED != 0 || entry.flags_extended & SKIP_WORKTREE != 0;
    Some(IndexItem { mode, id: ObjectId::from_bytes(entry.id.as_bytes())?, stat: settled.then_some(stat), hidden })
}

/// Where one side has no nanoseconds, only whole seconds tell.
const fn is_older(file: (u32, u32), index: (u32, u32)) -> bool {
    file.0 < index.0 || (file.0 == index.0 && file.1 != 0 && index.1 != 0 && file.1 < index.1)
}

#[cfg(unix)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "git's index keeps the low 32 bits")]
fn modified(metadata: &fs::Metadata) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.mtime() as u32, metadata.mtime_nsec() as u32))
}

#[cfg(not(unix))]
fn modified(_: &fs::Metadata) -> Option<(u32, u32)> {
    None
}

/// Returns the error for what libgit2 cannot read.
#[must_use]
pub fn failed(error: &git2::Error) -> Error {
    Error::new(Kind::Project, "read the git repository").because(error.message()).hint("check the repository out again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_as_young_as_the_index_is_not_trusted() {
        let table = [
            ((5, 0), (6, 0), true),
            ((5, 1), (5, 2), true),
            ((5, 2), (5, 2), false),
            ((5, 3), (5, 2), false),
            ((6, 0), (5, 0), false),
            ((5, 0), (5, 9), false),
            ((5, 1), (5, 0), false),
        ];
        for (file, index, older) in table {
            assert_eq!(is_older(file, index), older, "{file:?} {index:?}");
        }
    }

    #[test]
    fn names_that_climb_are_refused() {
        assert!(single(b"a b\n\xff").is_ok());
        for name in [&b""[..], b".", b"..", b"a/b", b"/a", b"../a", b"a\0"] {
            assert!(single(name).is_err(), "{name:?}");
        }
    }
}
