//! Reads a repository through the `git` program, for those that the library cannot open or read:
//! SHA-256, reftable, partial clones, and checkouts that belong to another user. It never writes,
//! and it runs no command that a foreign repository's settings could name.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::env::temporary::private_folder;
use crate::error::{Error, Kind, Result};
use crate::git::command::Git;
use crate::git::commit::Commit;
use crate::git::compare::ExecutableBits;
use crate::git::history::Node;
use crate::git::listing::{DiskItem, Index, IndexItem, Mode, ObjectId, Tree, TreeItem};
use crate::git::output::{mode, not_understood, os_string, records, split_once, successful};
use crate::git::scratch::{ObjectFormat, Scratch, quoted};
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;

/// Who owns the checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// The user of this run, or someone the user declared safe.
    Ours,
    /// Somebody else: its settings must not run commands.
    Foreign,
}

/// The `git` program, looking at one checkout.
#[derive(Clone)]
pub struct Program {
    /// May fetch objects that a partial clone left behind.
    git: Git,
    /// May not talk to any server.
    offline: Git,
    workdir: PathBuf,
    ownership: Ownership,
}

impl Program {
    /// Prepares the program for a checkout. Whether it can read the checkout shows on first use.
    #[must_use]
    pub fn new(git: Git, workdir: &Path, ownership: Ownership) -> Self {
        let mut git = git;
        if ownership == Ownership::Foreign {
            let mut setting = OsString::from("safe.directory=");
            setting.push(workdir);
            git = silent(git.with_setting(setting));
        }
        Self { offline: silent(git.clone()), git, workdir: workdir.to_path_buf(), ownership }
    }

    /// Returns a copy that also sees what was fetched, and puts there whatever git fetches by itself.
    #[must_use]
    pub fn with_scratch(&self, scratch: &Scratch, objects: &Path) -> Self {
        let see = |git: &Git| {
            let git = git
                .clone()
                .with_variable("GIT_OBJECT_DIRECTORY", scratch.objects())
                .with_variable("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects);
            if scratch.shallow().exists() { git.with_variable("GIT_SHALLOW_FILE", scratch.shallow()) } else { git }
        };
        Self { git: see(&self.git), offline: see(&self.offline), workdir: self.workdir.clone(), ownership: self.ownership }
    }

    /// Returns who owns the checkout.
    #[must_use]
    pub const fn ownership(&self) -> Ownership {
        self.ownership
    }

    /// Returns the program itself, bound to the checkout's folder.
    #[must_use]
    pub const fn git(&self) -> &Git {
        &self.git
    }

    /// Returns the program without leave to talk to any server.
    #[must_use]
    pub const fn offline(&self) -> &Git {
        &self.offline
    }

    /// Checks that git accepts the checkout and that it has a working tree.
    ///
    /// # Errors
    /// Fails (`Project`) with git's reason.
    pub fn check(&self) -> Result<()> {
        self.text(&["rev-parse", "--git-dir"]).map(drop)
    }

    /// Returns whether the repository has no working tree.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.line(&["rev-parse", "--is-bare-repository"]).is_some_and(|answer| answer == "true")
    }

    /// Returns the commit that HEAD names; `None` before the first commit.
    #[must_use]
    pub fn head(&self) -> Option<CommitSha> {
        self.rev_parse("HEAD")
    }

    /// Returns the commit that an expression names. The caller has made sure it is no option.
    #[must_use]
    pub fn rev_parse(&self, expression: &str) -> Option<CommitSha> {
        let commit = format!("{expression}^{{commit}}");
        CommitSha::parse(&self.line(&["rev-parse", "--verify", "--quiet", &commit])?)
    }

    /// Returns a commit's object; `None` when it is not at hand.
    ///
    /// # Errors
    /// Fails when git cannot be run.
    pub fn commit(&self, sha: &CommitSha) -> Result<Option<Commit>> {
        let answer = self.offline.run(&["cat-file", "commit", sha.as_str()], None)?;
        Ok(if answer.success { Commit::parse(sha, &answer.stdout) } else { None })
    }

    /// Returns whether a tree is at hand.
    #[must_use]
    pub fn has_tree(&self, id: &str) -> bool {
        self.offline.run(&["cat-file", "-e", id], None).is_ok_and(|answer| answer.success)
    }

    /// Returns the branch that is checked out.
    #[must_use]
    pub fn branch(&self) -> Option<String> {
        self.line(&["symbolic-ref", "--quiet", "--short", "HEAD"])
    }

    /// Returns the names of all remotes.
    #[must_use]
    pub fn remotes(&self) -> Vec<String> {
        self.line(&["remote"]).map(|names| names.lines().map(str::to_owned).collect()).unwrap_or_default()
    }

    /// Returns a remote's URL, which may hold credentials.
    #[must_use]
    pub fn remote_url(&self, name: &str) -> Option<String> {
        self.line(&["remote", "get-url", name])
    }

    /// Returns a path inside the repository, such as `objects`.
    ///
    /// # Errors
    /// Fails (`Project`) with git's reason.
    pub fn git_path(&self, name: &str) -> Result<PathBuf> {
        let bytes = self.text(&["rev-parse", "--git-path", name])?;
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        Ok(self.workdir.join(os_string(line)))
    }

    /// Returns the hash function of the repository.
    #[must_use]
    pub fn object_format(&self) -> ObjectFormat {
        match self.line(&["rev-parse", "--show-object-format"]).as_deref() {
            Some("sha256") => ObjectFormat::Sha256,
            _ => ObjectFormat::Sha1,
        }
    }

    /// Returns whether executable bits on disk mean anything here.
    #[must_use]
    pub fn executable_bits(&self) -> ExecutableBits {
        match self.line(&["config", "--type=bool", "--get", "core.fileMode"]).as_deref() {
            Some("false") => ExecutableBits::Ignored,
            _ => ExecutableBits::Trusted,
        }
    }

    /// Returns the files of a commit below some folders.
    ///
    /// # Errors
    /// Fails (`Project`) with git's reason, such as objects that cannot be had.
    pub fn tree(&self, commit: &CommitSha, folders: &[RelPath]) -> Result<Tree> {
        let mut arguments: Vec<OsString> = ["ls-tree", "-r", "-z", "--full-tree", commit.as_str()].map(OsString::from).into();
        arguments.extend(path_arguments(folders));
        let listing = successful(self.git.run(&arguments, None)?)?;
        // Each record is `<mode> <type> <id>\t<path>`.
        let records = records(&listing).map(|record| {
            let (fields, path) = split_once(record, b'\t')?;
            let mut fields = fields.split(|byte| *byte == b' ');
            let (mode, id) = (mode(fields.next()?), ObjectId::from_hex(fields.nth(1)?)?);
            Some((RelPath::parse(path)?, mode.map(|mode| TreeItem { mode, id })))
        });
        let all: Option<Vec<_>> = records.collect();
        let all = all.ok_or_else(|| not_understood("ls-tree"))?;
        Ok(all.into_iter().filter_map(|(path, item)| Some((path, item?))).collect())
    }

    /// Returns the index below some folders, without file metadata.
    ///
    /// # Errors
    /// Fails (`Project`) with git's reason.
    pub fn index(&self, folders: &[RelPath]) -> Result<Index> {
        let mut arguments: Vec<OsString> = ["ls-files", "-s", "-v", "-z", "--full-name", "--"].map(OsString::from).into();
        arguments.extend(path_arguments(folders));
        let listing = successful(self.offline.run(&arguments, None)?)?;
        // Each record is `<tag> <mode> <id> <stage>\t<path>`; a lower-case tag is assume-unchanged, S skip-worktree.
        let records = records(&listing).map(|record| {
            let (fields, path) = split_once(record, b'\t')?;
            let mut fields = fields.split(|byte| *byte == b' ');
            let tag = fields.next()?.first()?;
            let (mode, id) = (mode(fields.next()?), ObjectId::from_hex(fields.next()?)?);
            let hidden = tag.is_ascii_lowercase() || *tag == b'S';
            Some((RelPath::parse(path)?, mode.map(|mode| IndexItem { mode, id, stat: None, hidden })))
        });
        let all: Option<Vec<_>> = records.collect();
        let all = all.ok_or_else(|| not_understood("ls-files"))?;
        Ok(all.into_iter().filter_map(|(path, item)| Some((path, item?))).collect())
    }

    /// Returns the blob ids of files and links on disk, in their order.
    ///
    /// # Errors
    /// Fails (`Project`) when one of them cannot be read.
    pub fn hash(&self, items: &[&DiskItem]) -> Result<Vec<ObjectId>> {
        let mut files = Vec::new();
        let mut targets = Vec::new();
        for item in items {
            if item.mode == Mode::Symlink {
                let target = std::fs::read_link(self.workdir.join(item.path.to_path()))
                    .map_err(|error| Error::new(Kind::Project, format!("read {}", item.path)).because(error))?;
                targets.push(target.into_os_string().into_encoded_bytes());
            } else {
                files.extend(quoted(item.path.to_path().as_os_str()));
                files.push(b'\n');
            }
        }
        // A clean filter (Git LFS) is a command that the repository's settings name.
        let filters: &[&str] = if self.ownership == Ownership::Foreign { &["--no-filters"] } else { &[] };
        let mut hashed = self.hash_paths(files, filters)?.into_iter();
        let mut linked = self.hash_contents(&targets)?.into_iter();
        let ids = items.iter().map(|item| if item.mode == Mode::Symlink { linked.next() } else { hashed.next() });
        ids.collect::<Option<Vec<_>>>().ok_or_else(|| not_understood("hash-object"))
    }

    fn hash_paths(&self, lines: Vec<u8>, options: &[&str]) -> Result<Vec<ObjectId>> {
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let arguments = [&["hash-object", "--stdin-paths"], options].concat();
        let listing = successful(self.offline.run(&arguments, Some(lines))?)?;
        listing
            .trim_ascii_end()
            .split(|byte| *byte == b'\n')
            .map(|line| ObjectId::from_hex(line).ok_or_else(|| not_understood("hash-object")))
            .collect()
    }

    /// Hashes contents by way of private files, so that one process does for all.
    fn hash_contents(&self, contents: &[Vec<u8>]) -> Result<Vec<ObjectId>> {
        if contents.is_empty() {
            return Ok(Vec::new());
        }
        let failed = |error: std::io::Error| Error::new(Kind::Project, "write a temporary file").because(error);
        let folder = private_folder(self.git.temporary(), "liftoff-git-").map_err(failed)?;
        let mut lines = Vec::new();
        for (number, content) in contents.iter().enumerate() {
            let path = folder.path().join(number.to_string());
            std::fs::write(&path, content).map_err(failed)?;
            lines.extend(quoted(path.as_os_str()));
            lines.push(b'\n');
        }
        self.hash_paths(lines, &["--no-filters"])
    }

    /// Returns the files on disk below some folders that are neither tracked nor ignored. A
    /// repository inside the working tree is one path.
    ///
    /// # Errors
    /// Fails (`Project`) with git's reason.
    pub fn untracked(&self, folders: &[RelPath]) -> Result<HashSet<RelPath>> {
        let mut arguments: Vec<OsString> =
            ["ls-files", "-o", "-z", "--exclude-standard", "--full-name", "--"].map(OsString::from).into();
        arguments.extend(path_arguments(folders));
        let listing = successful(self.offline.run(&arguments, None)?)?;
        Ok(records(&listing).filter_map(RelPath::parse).collect())
    }

    /// Returns those paths that an ignore rule covers.
    ///
    /// # Errors
    /// Fails (`Project`) when git cannot be run or cannot tell of one of them, as of a path in a
    /// submodule.
    pub fn ignored(&self, paths: &[RelPath]) -> Result<HashSet<RelPath>> {
        let mut input = Vec::new();
        for path in paths {
            // Git would read a path that begins with `:` as a pattern, and this command refuses to
            // be told otherwise.
            input.extend([b"./", path.as_bytes(), b"\0"].concat());
        }
        let git = self.offline.clone().without_variables("GIT_LITERAL_PATHSPECS");
        let answer = git.run(&["check-ignore", "-z", "--stdin"], Some(input))?;
        // It fails when there is nothing to tell, silently.
        let listing = if answer.errors.is_empty() { answer.stdout } else { successful(answer)? };
        Ok(records(&listing).filter_map(RelPath::parse).collect())
    }

    /// Returns the commits that can be reached from the given ones.
    ///
    /// # Errors
    /// Fails (`Project`) with git's reason.
    pub fn graph(&self, tips: &[&CommitSha]) -> Result<HashMap<CommitSha, Node>> {
        let mut nodes = HashMap::new();
        let known: Vec<&str> =
            tips.iter().filter(|tip| self.commit(tip).is_ok_and(|commit| commit.is_some())).map(|tip| tip.as_str()).collect();
        if known.is_empty() {
            return Ok(nodes);
        }
        let arguments = [&["rev-list", "--parents", "--timestamp"], known.as_slice(), &["--"]].concat();
        let listing = successful(self.offline.run(&arguments, None)?)?;
        for line in String::from_utf8_lossy(&listing).lines() {
            let mut fields = line.split(' ');
            let time = fields.next().and_then(|text| text.parse().ok()).unwrap_or(0);
            let mut commits = fields.filter_map(CommitSha::parse);
            let Some(sha) = commits.next() else { continue };
            nodes.insert(sha, Node { time, parents: commits.collect() });
        }
        // At a shallow boundary git hides parents that exist but were not fetched.
        for sha in self.shallow_boundary()? {
            if let (Some(node), Some(commit)) = (nodes.get_mut(&sha), self.commit(&sha)?) {
                node.parents = commit.parents;
            }
        }
        Ok(nodes)
    }

    /// Returns the commits at which the history at hand ends early.
    ///
    /// # Errors
    /// Fails (`Project`) with git's reason.
    pub fn shallow_boundary(&self) -> Result<Vec<CommitSha>> {
        let text = match self.offline.variable("GIT_SHALLOW_FILE") {
            Some(path) => std::fs::read_to_string(path),
            None => std::fs::read_to_string(self.git_path("shallow")?),
        };
        Ok(text.unwrap_or_default().lines().filter_map(CommitSha::parse).collect())
    }

    fn text(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        successful(self.offline.run(arguments, None)?)
    }

    /// Returns trimmed output; `None` when the command fails or says nothing.
    fn line(&self, arguments: &[&str]) -> Option<String> {
        let answer = self.offline.run(arguments, None).ok().filter(|answer| answer.success)?;
        let text = String::from_utf8(answer.stdout).ok()?;
        Some(text.trim_end().to_owned()).filter(|text| !text.is_empty())
    }
}

/// Returns git without leave to talk to any server, whatever the repository's settings say.
fn silent(git: Git) -> Git {
    git.without_variables("GIT_ALLOW_PROTOCOL")
        .with_variable("GIT_ALLOW_PROTOCOL", "none")
        .with_variable("GIT_NO_LAZY_FETCH", "1")
}

fn path_arguments(folders: &[RelPath]) -> Vec<OsString> {
    if folders.iter().any(RelPath::is_root) {
        return Vec::new();
    }
    folders.iter().map(|folder| folder.to_path().into_os_string()).collect()
}
