//! The two ways to read a repository behind one set of functions, with the private repository beside them.
//! The library answers where it can, the `git` program everywhere else; both give the same answers.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::env::snapshot::Env;
use crate::env::temporary;
use crate::error::{Error, Kind, Result};
use crate::git::blobs;
use crate::git::command::Git;
use crate::git::commit::Commit;
use crate::git::compare::ExecutableBits;
use crate::git::history::{self, Kinship, Node};
use crate::git::library::Library;
use crate::git::listing::{DiskItem, Index, Mode, ObjectId, Tree};
use crate::git::program::{Ownership, Program};
use crate::git::scratch::{ObjectFormat, Scratch};
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;

/// Where a repository's facts come from.
pub struct Source {
    library: Option<Library>,
    program: Program,
    scratch: Option<Scratch>,
}

impl Source {
    /// Puts the two ways together; without a library the program answers everything.
    #[must_use]
    pub const fn new(library: Option<Library>, program: Program) -> Self {
        Self { library, program, scratch: None }
    }

    /// Returns the commit that HEAD names; `None` before the first commit.
    ///
    /// # Errors
    /// Fails (`Project`) when HEAD is damaged.
    pub fn head(&self) -> Result<Option<CommitSha>> {
        self.library.as_ref().map_or_else(|| Ok(self.program.head()), Library::head)
    }

    /// Returns the commit that an expression names. The caller has made sure it is no option.
    #[must_use]
    pub fn rev_parse(&self, expression: &str) -> Option<CommitSha> {
        match &self.library {
            Some(library) => library.rev_parse(expression),
            None => self.program.rev_parse(expression),
        }
    }

    /// Returns the branch that is checked out.
    #[must_use]
    pub fn branch(&self) -> Option<String> {
        self.library.as_ref().map_or_else(|| self.program.branch(), Library::branch)
    }

    /// Returns the URL of the remote that counts, which may hold credentials.
    #[must_use]
    pub fn remote_url(&self) -> Option<String> {
        let name = self.remote()?;
        match &self.library {
            Some(library) => library.remote_url(&name),
            None => self.program.remote_url(&name),
        }
    }

    /// Returns whether the checkout's history ends early.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        match &self.library {
            Some(library) => library.is_shallow(),
            None => self.program.shallow_boundary().is_ok_and(|boundary| !boundary.is_empty()),
        }
    }

    /// Returns whether a tree is at hand.
    #[must_use]
    pub fn has_tree(&self, id: &str) -> bool {
        self.library.as_ref().map_or_else(|| self.program.has_tree(id), |library| library.has_tree(id))
    }

    /// Returns the `git` program bound to the checkout, and who owns the checkout.
    #[must_use]
    pub fn program(&self) -> (Git, Ownership) {
        (self.program.git().clone(), self.program.ownership())
    }

    /// Returns the folder of the private repository, making it on first use.
    ///
    /// # Errors
    /// Fails (`Project`) when the temporary folder cannot be written.
    pub fn scratch(&mut self, env: &Env) -> Result<PathBuf> {
        self.prepare_scratch(env)?;
        let folder = self.scratch.as_ref().map(|scratch| scratch.git_dir().to_path_buf());
        folder.ok_or_else(|| Error::new(Kind::Internal, "make a temporary repository"))
    }

    /// Returns a commit's object; `None` when it is not at hand.
    ///
    /// # Errors
    /// Fails (`Project`) when the repository is damaged.
    pub fn commit(&self, sha: &CommitSha) -> Result<Option<Commit>> {
        match &self.library {
            Some(library) => library.commit(sha),
            None => self.program.commit(sha),
        }
    }

    /// Returns the name of the remote that counts: `origin`, else the only one.
    #[must_use]
    pub fn remote(&self) -> Option<String> {
        let mut names = match &self.library {
            Some(library) => library.remotes(),
            None => self.program.remotes(),
        };
        names.retain(|name| !name.starts_with('-'));
        if names.iter().any(|name| name == "origin") {
            return Some("origin".to_owned());
        }
        if names.len() == 1 { names.pop() } else { None }
    }

    /// Returns the files of a commit below some folders. Where the library misses objects, as in
    /// a partial clone, git may be able to fetch them.
    ///
    /// # Errors
    /// Fails (`Project`) when they cannot be had.
    pub fn tree(&mut self, commit: &CommitSha, folders: &[RelPath], env: &Env) -> Result<Tree> {
        if folders.is_empty() {
            return Ok(Tree::new());
        }
        if let Some(tree) = self.library.as_ref().map_or(Ok(None), |library| library.tree(commit, folders))? {
            return Ok(tree);
        }
        self.prepare_scratch(env)?;
        self.program.tree(commit, folders)
    }

    /// Returns the size of each blob, in their order; `None` for those that are not at hand.
    ///
    /// # Errors
    /// Fails (`Project`) when the objects cannot be read.
    pub fn blob_sizes(&self, ids: &[ObjectId]) -> Result<Vec<Option<u64>>> {
        match (&self.library, ids) {
            (_, []) => Ok(Vec::new()),
            (Some(library), _) => blobs::sizes_by_library(library, ids),
            (None, _) => blobs::sizes_by_program(&self.program, ids),
        }
    }

    /// Returns the bytes of blobs that are at hand, in their order.
    ///
    /// # Errors
    /// Fails (`Project`) when one of them cannot be read.
    pub fn blobs(&self, ids: &[ObjectId]) -> Result<Vec<Vec<u8>>> {
        match (&self.library, ids) {
            (_, []) => Ok(Vec::new()),
            (Some(library), _) => blobs::read_by_library(library, ids),
            (None, _) => blobs::read_by_program(&self.program, ids),
        }
    }

    /// Returns the index below some folders.
    ///
    /// # Errors
    /// Fails (`Project`) when neither way can read it.
    pub fn index(&self, folders: &[RelPath]) -> Result<Index> {
        if folders.is_empty() {
            return Ok(Index::new());
        }
        match self.library.as_ref().and_then(|library| library.index(folders)) {
            Some(index) => Ok(index),
            None => self.program.index(folders),
        }
    }

    /// Returns the blob ids of files and links on disk, in their order; each comes with the id that
    /// it would have if it were unchanged.
    ///
    /// # Errors
    /// Fails (`Project`) when one of them cannot be read.
    pub fn hash(&self, workdir: &Path, items: &[(&DiskItem, ObjectId)]) -> Result<Vec<ObjectId>> {
        let all: Vec<&DiskItem> = items.iter().map(|(item, _)| *item).collect();
        let Some(library) = &self.library else { return self.program.hash(&all) };
        let mut ids = library.hash(workdir, &all)?;
        let everywhere = library.converts_everywhere();
        let mut doubtful = Vec::new();
        for ((item, expected), id) in items.iter().zip(&mut ids) {
            let plain = item.mode == Mode::Symlink || id == expected;
            if !plain && (everywhere || library.converts(&item.path)) {
                doubtful.push((*item, id));
            }
        }
        let converted: Vec<&DiskItem> = doubtful.iter().map(|(item, _)| *item).collect();
        // Only git knows all conversions. Without it such files count as changed, which is safe.
        if let (false, Ok(known)) = (converted.is_empty(), self.program.hash(&converted)) {
            doubtful.into_iter().zip(known).for_each(|((_, id), new)| *id = new);
        }
        Ok(ids)
    }

    /// Returns those untracked paths that an ignore rule covers.
    ///
    /// # Errors
    /// Fails (`Project`) when the ignore rules cannot be read.
    pub fn ignored(&self, untracked: &[RelPath], folders: &[RelPath]) -> Result<HashSet<RelPath>> {
        if untracked.is_empty() {
            return Ok(HashSet::new());
        }
        let mut ignored: HashSet<RelPath> = untracked.iter().cloned().collect();
        if let Some(library) = &self.library {
            for path in library.not_ignored(untracked) {
                ignored.remove(path);
            }
        } else {
            let kept = self.program.untracked(folders)?;
            let is_kept =
                |path: &RelPath| std::iter::successors(Some(path.clone()), RelPath::parent).any(|path| kept.contains(&path));
            ignored.retain(|path| !is_kept(path));
        }
        Ok(ignored)
    }

    /// Returns those folders that an ignore rule covers; none where git cannot tell.
    #[must_use]
    pub fn ignored_folders(&self, folders: &[RelPath]) -> HashSet<RelPath> {
        let Some(library) = &self.library else { return self.program.ignored(folders).unwrap_or_default() };
        let kept: HashSet<&RelPath> = library.not_ignored(folders).into_iter().collect();
        folders.iter().filter(|folder| !kept.contains(folder)).cloned().collect()
    }

    /// Returns whether executable bits on disk mean anything here.
    #[must_use]
    pub fn executable_bits(&self) -> ExecutableBits {
        if cfg!(not(unix)) {
            return ExecutableBits::Ignored;
        }
        self.library.as_ref().map_or_else(|| self.program.executable_bits(), Library::executable_bits)
    }

    /// Returns how two commits relate, as far as the history at hand tells.
    ///
    /// # Errors
    /// Fails (`Project`) when the repository is damaged.
    pub fn kinship(&self, ours: &CommitSha, theirs: &CommitSha) -> Result<Kinship> {
        if let Some(library) = &self.library {
            return history::kinship(ours, theirs, |sha| {
                let node = |commit: Commit| Node { time: commit.info.committed_at.as_second(), parents: commit.parents };
                Ok(library.commit(sha)?.map(node))
            });
        }
        let graph = self.program.graph(&[ours, theirs])?;
        history::kinship(ours, theirs, |sha| Ok(graph.get(sha).cloned()))
    }

    fn objects(&self) -> Result<PathBuf> {
        match &self.library {
            Some(library) => Ok(library.common_dir().join("objects")),
            None => self.program.git_path("objects"),
        }
    }

    fn prepare_scratch(&mut self, env: &Env) -> Result<()> {
        if self.scratch.is_some() {
            return Ok(());
        }
        let objects = self.objects()?;
        let (shallow, format) = match &self.library {
            Some(library) => (library.common_dir().join("shallow"), ObjectFormat::Sha1),
            None => (self.program.git_path("shallow")?, self.program.object_format()),
        };
        let scratch = Scratch::create(&temporary::folder(env), &objects, &shallow, format)?;
        self.program = self.program.with_scratch(&scratch, &objects);
        if let Some(library) = &self.library {
            library.see_objects(&scratch.objects())?;
        }
        self.scratch = Some(scratch);
        Ok(())
    }

    /// Makes what was fetched into the private repository visible.
    ///
    /// # Errors
    /// Fails (`Project`) when it cannot be read.
    pub fn see_fetched(&mut self) -> Result<()> {
        // A first fetch may have made the file of shallow boundaries.
        if let Some(scratch) = &self.scratch {
            self.program = self.program.with_scratch(scratch, &self.objects()?);
        }
        self.library.as_ref().map_or(Ok(()), Library::refresh)
    }
}
