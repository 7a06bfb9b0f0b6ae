//! The checkout that a run works on: one interface over the library and the `git` program.
//! It reads only; the one thing it ever writes is a private temporary folder for fetched objects.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::changes::change::{Change, ChangeKind, ChangeSet, Relation};
use crate::env::names;
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};
use crate::git::command::Git;
use crate::git::commit::CommitInfo;
use crate::git::compare::{self, Sides, SubmoduleState};
use crate::git::library::{Library, Refusal};
use crate::git::listing::{Index, Mode, ObjectId, Tree, outermost};
use crate::git::locate::{Location, bare, locate};
use crate::git::program::{Ownership, Program};
use crate::git::source::Source;
use crate::git::worktree::files_on_disk;
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;

/// A git repository with a working tree. Its functions block; call them off the async threads.
pub struct Repository {
    workdir: PathBuf,
    env: Env,
    source: Mutex<Source>,
}

impl Repository {
    /// Finds and opens the repository of a folder: the nearest `.git` at or above it, or what
    /// `GIT_DIR` and `GIT_WORK_TREE` name. `None` when there is none at all. A checkout that
    /// belongs to another user is read through the `git` program without running anything its
    /// settings name.
    ///
    /// # Errors
    /// Fails (`Project`) when the repository is bare, damaged, or of a format that neither the
    /// library nor the installed git can read.
    pub fn discover(start: &Path, env: &Env) -> Result<Option<Self>> {
        locate(start, env)?.map(|location| Self::open(location, env)).transpose()
    }

    fn open(location: Location, env: &Env) -> Result<Self> {
        let Location { workdir, git_dir } = location;
        let mut git = Git::new(&workdir, env);
        if let Some(git_dir) = &git_dir {
            git = git.with_variable(names::GIT_DIR, git_dir).with_variable(names::GIT_WORK_TREE, &workdir);
        }
        let (library, ownership, reason) = match Library::open(&workdir, git_dir.as_deref()) {
            Ok(library) => (Some(library), Ownership::Ours, String::new()),
            Err(Refusal::Bare) => return Err(bare(&workdir)),
            Err(Refusal::Foreign) => (None, Ownership::Foreign, "it belongs to another user".to_owned()),
            Err(Refusal::Unreadable(reason)) => (None, Ownership::Ours, reason),
        };
        // `core.worktree` may put the working tree elsewhere, as in a submodule.
        let workdir = library.as_ref().and_then(Library::workdir).and_then(|path| path.canonicalize().ok()).unwrap_or(workdir);
        let program = Program::new(git, &workdir, ownership);
        if library.is_none() {
            program.check().map_err(|error| unusable(&workdir, &reason, &error))?;
            if program.is_bare() {
                return Err(bare(&workdir));
            }
        }
        Ok(Self { workdir, env: env.clone(), source: Mutex::new(Source::new(library, program)) })
    }

    /// Returns the root of the working tree, absolute and canonical.
    #[must_use]
    pub fn workdir(&self) -> &Path {
        &self.workdir
    }

    /// Returns a path relative to the working tree, after following every symbolic link in it;
    /// `None` when it leads outside. Missing last components are taken literally.
    #[must_use]
    pub fn relative(&self, path: &Path) -> Option<RelPath> {
        let mut missing = Vec::new();
        let absolute = self.env.current_dir().join(path);
        let mut existing = absolute.as_path();
        let real = loop {
            match existing.canonicalize() {
                Ok(real) => break real,
                Err(_) => {
                    // A path ending in `..` has no file name and cannot be taken literally.
                    missing.push(existing.file_name()?.to_owned());
                    existing = existing.parent()?;
                }
            }
        };
        let below = real.strip_prefix(&self.workdir).ok()?;
        let whole = missing.iter().rev().fold(below.to_path_buf(), |path, name| path.join(name));
        RelPath::from_path(&whole)
    }

    /// Returns the commit that is checked out; `None` before the first commit.
    ///
    /// # Errors
    /// Fails (`Project`) when the repository is damaged.
    pub fn head(&self) -> Result<Option<CommitInfo>> {
        let source = self.source();
        let commit = source.head()?.map_or(Ok(None), |sha| source.commit(&sha))?;
        Ok(commit.map(|commit| commit.info))
    }

    /// Returns a commit that is at hand, here or fetched; `None` when it is not.
    ///
    /// # Errors
    /// Fails (`Project`) when the repository is damaged.
    pub fn commit(&self, sha: &CommitSha) -> Result<Option<CommitInfo>> {
        Ok(self.source().commit(sha)?.map(|commit| commit.info))
    }

    /// Returns whether a commit and its root folder are at hand, so that it can be compared with.
    ///
    /// # Errors
    /// Fails (`Project`) when the repository is damaged.
    pub fn has_files_of(&self, sha: &CommitSha) -> Result<bool> {
        let source = self.source();
        Ok(source.commit(sha)?.is_some_and(|commit| source.has_tree(&commit.tree)))
    }

    /// Returns the branch that is checked out; `None` when HEAD is detached. Hostile text.
    #[must_use]
    pub fn branch(&self) -> Option<String> {
        self.source().branch()
    }

    /// Returns the name of the remote that counts: `origin`, else the only one.
    #[must_use]
    pub fn remote(&self) -> Option<String> {
        self.source().remote()
    }

    /// Returns the URL of `origin`, else of the only remote, as `git remote get-url` prints it.
    /// It may hold credentials: parse it before printing.
    #[must_use]
    pub fn remote_url(&self) -> Option<String> {
        self.source().remote_url()
    }

    /// Returns whether the checkout's history ends early.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.source().is_shallow()
    }

    /// Returns how the working tree differs from a commit below some folders: all files on disk,
    /// untracked and ignored ones too, because those ship. Folders are as `relative` returns them;
    /// a folder may also be a file. A rename is one removed and one added path; a submodule is one
    /// path, changed when its files are not exactly those of the recorded commit.
    ///
    /// # Errors
    /// Fails (`Project`) when the commit's files are not at hand or a file cannot be read.
    pub fn changes_since(&self, base: &CommitSha, folders: &[RelPath]) -> Result<ChangeSet> {
        let folders = outermost(folders);
        let source = &mut *self.source();
        let tree = source.tree(base, &folders, &self.env)?;
        let index = source.index(&folders)?;
        let changes = self.compare(source, &tree, &index, &folders)?;
        Ok(ChangeSet { base: base.clone(), changes })
    }

    /// Returns those of the paths that are regular files in a commit, with the ids of their blobs.
    /// The paths lie in the folders.
    ///
    /// # Errors
    /// Fails (`Project`) when the commit's folders are not at hand.
    pub fn files_at(&self, commit: &CommitSha, folders: &[RelPath], paths: &[RelPath]) -> Result<BTreeMap<RelPath, ObjectId>> {
        let tree = self.source().tree(commit, &outermost(folders), &self.env)?;
        let is_file = |mode| matches!(mode, Mode::File | Mode::Executable);
        let files = paths.iter().filter_map(|path| Some((path.clone(), tree.get(path).filter(|item| is_file(item.mode))?.id)));
        Ok(files.collect())
    }

    /// Returns the size of each blob, in their order; `None` for those that are not at hand.
    ///
    /// # Errors
    /// Fails (`Project`) when the repository is damaged.
    pub fn blob_sizes(&self, ids: &[ObjectId]) -> Result<Vec<Option<u64>>> {
        self.source().blob_sizes(ids)
    }

    /// Returns the bytes of blobs that are at hand, in their order.
    ///
    /// # Errors
    /// Fails (`Project`) when one of them cannot be read.
    pub fn blobs(&self, ids: &[ObjectId]) -> Result<Vec<Vec<u8>>> {
        self.source().blobs(ids)
    }

    /// Returns the files that a commit of everything would change: tracked files that differ from
    /// HEAD and untracked ones that are not ignored.
    ///
    /// # Errors
    /// Fails (`Project`) when HEAD's files are not at hand or a file cannot be read.
    pub fn uncommitted(&self, folders: &[RelPath]) -> Result<Vec<Change>> {
        let head = self.head()?;
        let folders = outermost(folders);
        let source = &mut *self.source();
        let tree = head.map_or_else(|| Ok(Tree::new()), |head| source.tree(&head.sha, &folders, &self.env))?;
        let index = source.index(&folders)?;
        let mut changes = self.compare(source, &tree, &index, &folders)?;
        let added = changes.iter().filter(|change| change.kind == ChangeKind::Added && !index.contains_key(&change.path));
        let untracked: Vec<RelPath> = added.map(|change| change.path.clone()).collect();
        let ignored = source.ignored(&untracked, &folders)?;
        changes.retain(|change| match change.kind {
            ChangeKind::Added => !ignored.contains(&change.path),
            ChangeKind::Removed => !index.get(&change.path).is_some_and(|item| item.hidden),
            ChangeKind::Modified => true,
        });
        Ok(changes)
    }

    /// Returns those folders, relative to the working tree, that an ignore rule covers; none where
    /// git cannot tell.
    #[must_use]
    pub fn ignored_folders(&self, folders: &[RelPath]) -> HashSet<RelPath> {
        self.source().ignored_folders(folders)
    }

    /// Returns how `ours` relates to `theirs`; `Unknown` when the history at hand does not tell.
    ///
    /// # Errors
    /// Fails (`Project`) when the repository is damaged.
    pub fn relation(&self, ours: &CommitSha, theirs: &CommitSha) -> Result<Relation> {
        Ok(self.source().kinship(ours, theirs)?.relation)
    }

    /// Returns the newest common ancestor that the history at hand shows.
    ///
    /// # Errors
    /// Fails (`Project`) when the repository is damaged.
    pub fn merge_base(&self, ours: &CommitSha, theirs: &CommitSha) -> Result<Option<CommitSha>> {
        Ok(self.source().kinship(ours, theirs)?.merge_base)
    }

    /// Returns the commit that a branch, tag or (short) id names, also when the branch exists only
    /// at the remote. Text that starts with `-` names nothing.
    ///
    /// # Errors
    /// None today; reading the repository may fail one day.
    pub fn rev_parse(&self, rev: &str) -> Result<Option<CommitSha>> {
        let rev = rev.trim();
        if rev.is_empty() || rev.starts_with('-') || rev.contains(char::is_control) {
            return Ok(None);
        }
        let source = self.source();
        let here = source.rev_parse(rev);
        Ok(here.or_else(|| source.rev_parse(&format!("refs/remotes/{}/{rev}", source.remote()?))))
    }

    /// Returns the head of a pull request when what is checked out is its merge with the target
    /// branch, made on the spot: then the first parent is the target's tip at the remote.
    ///
    /// # Errors
    /// Fails (`Project`) when the repository is damaged.
    pub fn merged_head(&self, target: &str) -> Result<Option<CommitSha>> {
        let source = self.source();
        let merge = source.head()?.map_or(Ok(None), |sha| source.commit(&sha))?;
        let (Some([base, head]), Some(remote)) = (merge.as_ref().map(|commit| commit.parents.as_slice()), source.remote()) else {
            return Ok(None);
        };
        // A person who merges the target into the branch makes the branch the first parent.
        let tip = source.rev_parse(&format!("refs/remotes/{remote}/{target}"));
        Ok((!target.is_empty() && tip.as_ref() == Some(base)).then(|| head.clone()))
    }

    /// Returns the `git` program bound to this checkout, and who owns the checkout.
    #[must_use]
    pub fn program(&self) -> (Git, Ownership) {
        self.source().program()
    }

    /// Returns the folder of the private repository into which missing commits are fetched,
    /// making it on first use.
    ///
    /// # Errors
    /// Fails (`Project`) when the temporary folder cannot be written.
    pub fn scratch(&self) -> Result<PathBuf> {
        self.source().scratch(&self.env)
    }

    /// Makes commits that were fetched into the private repository visible to all reads.
    ///
    /// # Errors
    /// Fails (`Project`) when they cannot be read.
    pub fn see_fetched(&self) -> Result<()> {
        self.source().see_fetched()
    }

    fn compare(&self, source: &Source, tree: &Tree, index: &Index, folders: &[RelPath]) -> Result<Vec<Change>> {
        let mut submodules: HashSet<RelPath> =
            index.iter().filter(|(_, item)| item.mode == Mode::Gitlink).map(|(path, _)| path.clone()).collect();
        // One that the index no longer knows is still a submodule while its repository is there.
        let old = tree.iter().filter(|(_, item)| item.mode == Mode::Gitlink).map(|(path, _)| path);
        submodules.extend(old.filter(|path| self.has_repository(path)).cloned());
        let disk = files_on_disk(&self.workdir, folders, &submodules)?;
        let sides = Sides { tree, index, disk: &disk, executable_bits: source.executable_bits() };
        compare::changes(&sides, |items| source.hash(&self.workdir, items), |path| self.submodule(path))
    }

    fn has_repository(&self, path: &RelPath) -> bool {
        self.workdir.join(path.to_path()).join(".git").symlink_metadata().is_ok()
    }

    fn submodule(&self, path: &RelPath) -> Result<SubmoduleState> {
        if !self.has_repository(path) {
            return Ok(SubmoduleState::NotInitialised);
        }
        let location = Location { workdir: self.workdir.join(path.to_path()), git_dir: None };
        let nested = Self::open(location, &self.env)?;
        let Some(head) = nested.head()? else { return Ok(SubmoduleState::Modified) };
        let id = ObjectId::from_hex(head.sha.as_str().as_bytes());
        let clean = nested.changes_since(&head.sha, &[RelPath::root()])?.changes.is_empty();
        Ok(id.filter(|_| clean).map_or(SubmoduleState::Modified, SubmoduleState::At))
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unusable(workdir: &Path, library: &str, program: &Error) -> Error {
    let why = program.cause().unwrap_or_default();
    Error::new(Kind::Project, format!("open the git repository at {}", workdir.display()))
        .because(format!("{library}; {why}"))
        .hint(format!(
            "install a recent git; if the checkout belongs to another user, `git config --global --add safe.directory {}`; \
             if it is a worktree or submodule, its main repository must be reachable too",
            workdir.display()
        ))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;
    use crate::git::fixture::{Bench, Checkout, path};

    fn open(bench: &Bench, checkout: &Checkout) -> Repository {
        Repository::discover(&checkout.path, &bench.env()).expect("it opens").expect("there is a repository")
    }

    /// Opens a repository so that everything is read through the program.
    fn open_program(bench: &Bench, checkout: &Checkout) -> Repository {
        let workdir = checkout.path.canonicalize().expect("it exists");
        let program = Program::new(Git::new(&workdir, &bench.env()), &workdir, Ownership::Ours);
        Repository { workdir, env: bench.env(), source: Mutex::new(Source::new(None, program)) }
    }

    fn shown(changes: &[Change]) -> Vec<String> {
        let letter = |kind| match kind {
            ChangeKind::Added => 'A',
            ChangeKind::Modified => 'M',
            ChangeKind::Removed => 'D',
        };
        changes.iter().map(|change| format!("{} {}", letter(change.kind), change.path)).collect()
    }

    /// Returns the changes, having made sure that the library and the program agree on them.
    fn changes(bench: &Bench, checkout: &Checkout, base: &CommitSha, folders: &[&str]) -> Vec<String> {
        let folders: Vec<RelPath> = folders.iter().map(|folder| path(folder)).collect();
        let answers = [open(bench, checkout), open_program(bench, checkout)]
            .map(|repository| shown(&repository.changes_since(base, &folders).expect("a comparison").changes));
        assert_eq!(answers[0], answers[1], "library and program differ");
        answers[0].clone()
    }

    fn uncommitted(bench: &Bench, checkout: &Checkout, folder: &str) -> Vec<String> {
        let answers = [open(bench, checkout), open_program(bench, checkout)]
            .map(|repository| shown(&repository.uncommitted(&[path(folder)]).expect("a comparison")));
        assert_eq!(answers[0], answers[1], "library and program differ");
        answers[0].clone()
    }

    #[test]
    fn everything_on_disk_is_compared_only_below_the_folders() {
        let bench = Bench::create();
        let repo = bench.repository("r");
        let base = repo.head();
        assert!(changes(&bench, &repo, &base, &[""]).is_empty());
        repo.write(".gitignore", "*.log\nbuild/\n");
        repo.write("dags/a.py", "a = 2\n");
        repo.delete("dags/b.py");
        repo.write("dags/new.py", "n");
        repo.write("dags/x.log", "ignored");
        repo.write("dags/build/deep/y", "ignored folder");
        repo.write("dags2/z.py", "a sibling with the same prefix");
        repo.write("other/c.txt", "changed");
        assert_eq!(
            changes(&bench, &repo, &base, &["dags"]),
            ["M dags/a.py", "D dags/b.py", "A dags/build/deep/y", "A dags/new.py", "A dags/x.log"]
        );
        assert_eq!(changes(&bench, &repo, &base, &["other/c.txt", "dags2"]), ["A dags2/z.py", "M other/c.txt"]);
        assert_eq!(changes(&bench, &repo, &base, &["dags", "dags/build", ""]).len(), 8);
        assert!(changes(&bench, &repo, &base, &["nowhere", "dags/a.py/below"]).is_empty());
        assert!(changes(&bench, &repo, &base, &[]).is_empty());
        assert_eq!(uncommitted(&bench, &repo, "dags"), ["M dags/a.py", "D dags/b.py", "A dags/new.py"]);
        repo.commit("all");
        assert_eq!(changes(&bench, &repo, &base, &["dags"]).len(), 5, "committing does not change what ships");
        assert!(uncommitted(&bench, &repo, "").is_empty());
    }

    #[test]
    fn the_head_of_a_pull_request_is_found_behind_a_merge_made_on_the_spot() {
        let bench = Bench::create();
        let origin = bench.repository("origin");
        let main = origin.git(["rev-parse", "--abbrev-ref", "HEAD"]);
        origin.git(["checkout", "-q", "-b", "feature"]);
        origin.write("dags/feature.py", "f");
        let feature = origin.commit("feature");
        origin.git(["checkout", "-q", &main]);
        origin.write("dags/more.py", "m");
        origin.commit("more");
        let ci = bench.clone_of(&origin, "ci", &[]);
        let found = |target: &str| {
            let answers =
                [open(&bench, &ci), open_program(&bench, &ci)].map(|repository| repository.merged_head(target).expect("read"));
            assert_eq!(answers[0], answers[1], "library and program differ");
            answers[0].clone()
        };
        assert_eq!(found(&main), None, "no merge");
        ci.git(["checkout", "-q", "--detach"]);
        ci.git(["merge", "-q", "--no-ff", "-m", "on the spot", "origin/feature"]);
        assert_eq!(found(&main), Some(feature));
        for other in ["feature", "nowhere", "", "main^{tree}", "-x"] {
            assert_eq!(found(other), None, "{other}");
        }
        ci.git(["checkout", "-q", "--detach", "origin/feature"]);
        ci.git(["merge", "-q", "-m", "a person's", &format!("origin/{main}")]);
        assert_eq!(found(&main), None, "a merge of the target into the branch is the head itself");
    }

    #[test]
    fn types_modes_and_case_count_as_changes() {
        let bench = Bench::create();
        let repo = bench.repository("r");
        repo.write("dags/Case.py", "same");
        symlink("a.py", repo.path.join("dags/link")).expect("a link");
        symlink("a.py", repo.path.join("dags/still")).expect("a link");
        repo.write("dags/run.sh", "#!/bin/sh\n");
        repo.write("dags/dir/file", "x");
        let base = repo.commit("more");
        assert!(changes(&bench, &repo, &base, &["dags"]).is_empty());
        fs::rename(repo.path.join("dags/Case.py"), repo.path.join("dags/case.py")).expect("a rename");
        repo.delete("dags/link");
        symlink("b.py", repo.path.join("dags/link")).expect("a link");
        fs::set_permissions(repo.path.join("dags/run.sh"), fs::Permissions::from_mode(0o755)).expect("a mode");
        repo.delete("dags/a.py");
        symlink("b.py", repo.path.join("dags/a.py")).expect("a link");
        fs::remove_dir_all(repo.path.join("dags/dir")).expect("a folder");
        repo.write("dags/dir", "a file now");
        let expected =
            ["D dags/Case.py", "M dags/a.py", "A dags/case.py", "A dags/dir", "D dags/dir/file", "M dags/link", "M dags/run.sh"];
        assert_eq!(changes(&bench, &repo, &base, &["dags"]), expected);
        repo.git(["config", "core.fileMode", "false"]);
        assert!(!changes(&bench, &repo, &base, &["dags"]).contains(&"M dags/run.sh".to_owned()));
        repo.git(["config", "core.ignoreCase", "true"]);
        assert!(changes(&bench, &repo, &base, &["dags"]).contains(&"A dags/case.py".to_owned()));
    }

    #[test]
    fn any_file_name_is_a_path() {
        let bench = Bench::create();
        let repo = bench.repository("r");
        let base = repo.head();
        let names: [&[u8]; 8] = [
            b"dags/with space",
            b"dags/new\nline",
            b"dags/\xff\xfe",
            b"dags/\"q\\",
            b"dags/-rf",
            b"dags/*",
            b"dags/:(top)x",
            b"dags/\xc3\xbc",
        ];
        for name in names {
            repo.write(std::ffi::OsStr::from_bytes(name), "1");
        }
        let added = open(&bench, &repo).changes_since(&base, &[path("dags")]).expect("a comparison").changes;
        let mut sorted = names;
        sorted.sort_unstable();
        assert_eq!(added.iter().map(|change| change.path.as_bytes()).collect::<Vec<_>>(), sorted);
        assert_eq!(changes(&bench, &repo, &base, &["dags"]).len(), names.len());
        let base = repo.commit("odd names");
        assert!(changes(&bench, &repo, &base, &["dags"]).is_empty(), "both hash every name");
        repo.write("dags/*", "2");
        assert_eq!(changes(&bench, &repo, &base, &["dags/*", "dags/-rf"]), ["M dags/*"]);
    }

    #[test]
    fn content_decides_and_not_what_the_index_says() {
        let bench = Bench::create();
        let repo = bench.repository("r");
        let base = repo.head();
        repo.git(["update-index", "--assume-unchanged", "dags/a.py"]);
        repo.git(["update-index", "--skip-worktree", "dags/b.py"]);
        repo.write("dags/a.py", "a = 3\n");
        repo.delete("dags/b.py");
        repo.git(["rm", "-q", "--cached", "other/c.txt"]);
        assert_eq!(changes(&bench, &repo, &base, &[""]), ["M dags/a.py", "D dags/b.py"]);
        assert_eq!(uncommitted(&bench, &repo, ""), ["M dags/a.py"]);
    }

    #[test]
    fn a_file_changed_in_the_instant_of_the_commit_is_seen() {
        let bench = Bench::create();
        let repo = bench.repository("r");
        for number in 0..5 {
            repo.write("dags/a.py", format!("x = {number:03}\n"));
            let base = repo.commit("x");
            repo.write("dags/a.py", format!("y = {number:03}\n"));
            assert_eq!(changes(&bench, &repo, &base, &["dags"]), ["M dags/a.py"]);
        }
    }

    #[test]
    fn a_link_to_a_folder_is_never_followed() {
        let bench = Bench::create();
        let repo = bench.repository("r");
        symlink("dags", repo.path.join("project")).expect("a link");
        symlink("/", repo.path.join("outside")).expect("a link");
        let base = repo.commit("links");
        let repository = open(&bench, &repo);
        assert!(changes(&bench, &repo, &base, &["project", "outside"]).is_empty());
        assert!(changes(&bench, &repo, &base, &["outside/proc", "project/a.py"]).is_empty());
        assert_eq!(repository.relative(Path::new("r/project/a.py")), Some(path("dags/a.py")));
        assert_eq!(repository.relative(&repo.path.join("dags/not/yet")), Some(path("dags/not/yet")));
        assert_eq!(repository.relative(&repo.path), Some(RelPath::root()));
        for outside in
            [bench.path().join("r2"), repo.path.join("outside/etc"), repo.path.join(".."), repo.path.join("no/../../x")]
        {
            assert_eq!(repository.relative(&outside), None, "{}", outside.display());
        }
    }

    #[test]
    fn a_submodule_is_one_path() {
        let bench = Bench::create();
        let inner = bench.repository("inner");
        let repo = bench.repository("r");
        repo.git(["submodule", "add", "-q", inner.path.to_str().expect("UTF-8"), "dags/sub"]);
        let base = repo.commit("with submodule");
        assert!(changes(&bench, &repo, &base, &[""]).is_empty());
        let nested = Repository::discover(&repo.path.join("dags/sub/dags"), &bench.env()).expect("opens").expect("found");
        assert_eq!(nested.workdir(), repo.path.join("dags/sub"));
        assert_eq!(nested.head().expect("readable").map(|head| head.sha), Some(inner.head()));

        repo.write("dags/sub/dags/generated.py", "x");
        assert_eq!(changes(&bench, &repo, &base, &["dags"]), ["M dags/sub"]);
        fs::remove_file(repo.path.join("dags/sub/dags/generated.py")).expect("it exists");
        let sub = Checkout::at(repo.path.join("dags/sub"), &bench);
        sub.write("dags/a.py", "a = 9\n");
        sub.commit("moved on");
        assert_eq!(changes(&bench, &repo, &base, &["dags"]), ["M dags/sub"]);
        assert_eq!(uncommitted(&bench, &repo, "dags"), ["M dags/sub"]);
        repo.commit("bump");
        assert_eq!(changes(&bench, &repo, &base, &["dags"]), ["M dags/sub"]);
        repo.git(["submodule", "deinit", "-q", "-f", "dags/sub"]);
        assert_eq!(changes(&bench, &repo, &base, &["dags"]), ["M dags/sub"], "the index knows when the folder is empty");
        assert!(changes(&bench, &repo, &repo.head(), &["dags"]).is_empty());
        repo.git(["rm", "-q", "dags/sub"]);
        assert_eq!(changes(&bench, &repo, &base, &["dags"]), ["D dags/sub"]);
    }

    #[test]
    fn heads_branches_and_remotes_are_read() {
        let bench = Bench::create();
        let origin = bench.repository("origin");
        origin.git(["branch", "side/x"]);
        let repo = bench.clone_of(&origin, "r", &[]);
        for repository in [open(&bench, &repo), open_program(&bench, &repo)] {
            let head = repository.head().expect("readable").expect("a commit");
            assert_eq!((head.subject.as_str(), head.author.as_str()), ("first", "Ann"));
            assert_eq!(head.committed_at.as_second(), 1_700_000_000);
            assert_eq!(repository.branch().as_deref(), Some("main"));
            assert_eq!(repository.remote_url(), Some(format!("file://{}", origin.path.display())));
            assert!(!repository.is_shallow());
            let short = head.sha.short();
            for rev in ["HEAD", "main", "origin/main", "side/x", short, " main "] {
                assert_eq!(repository.rev_parse(rev).expect("readable"), Some(head.sha.clone()), "{rev}");
            }
            repo.git(["update-ref", "refs/tags/-x", "HEAD"]);
            for rev in ["", "-h", "-x", "--all", "nope", "HEAD:dags", "HEAD~9", "main..side/x", "a\nb"] {
                assert_eq!(repository.rev_parse(rev).expect("readable"), None, "{rev}");
            }
            let nowhere = CommitSha::parse(&"ab".repeat(20)).expect("a commit id");
            assert_eq!(repository.commit(&nowhere).expect("readable"), None);
            assert_eq!(repository.commit(&CommitSha::parse(&"ab".repeat(32)).expect("an id")).expect("readable"), None);
            assert_eq!(repository.changes_since(&nowhere, &[RelPath::root()]).map_err(|error| error.kind()), Err(Kind::Project));
        }
        repo.git(["checkout", "-q", "--detach"]);
        repo.git(["remote", "remove", "origin"]);
        for repository in [open(&bench, &repo), open_program(&bench, &repo)] {
            assert_eq!(repository.branch(), None);
            assert_eq!(repository.remote_url(), None);
        }
        repo.git(["remote", "add", "upstream", "https://u:secret@example.com/x.git"]);
        assert_eq!(open(&bench, &repo).remote_url().as_deref(), Some("https://u:secret@example.com/x.git"));
        repo.git(["remote", "add", "second", "https://example.com/y.git"]);
        assert_eq!(open(&bench, &repo).remote_url(), None, "neither of two remotes is the one");
    }

    #[test]
    fn relations_are_the_same_either_way() {
        let bench = Bench::create();
        let repo = bench.repository("r");
        let first = repo.head();
        let second = repo.commit_at("second", 1_700_000_100);
        repo.git(["checkout", "-q", "-b", "side", first.as_str()]);
        let side = repo.commit_at("side", 1_700_000_200);
        let nowhere = CommitSha::parse(&"ab".repeat(20)).expect("a commit id");
        for repository in [open(&bench, &repo), open_program(&bench, &repo)] {
            let relation = |ours, theirs| repository.relation(ours, theirs).expect("readable");
            assert_eq!(relation(&first, &first), Relation::Same);
            assert_eq!(relation(&second, &first), Relation::Ahead);
            assert_eq!(relation(&first, &side), Relation::Behind);
            assert_eq!(relation(&second, &side), Relation::Diverged);
            assert_eq!(relation(&second, &nowhere), Relation::Unknown);
            assert_eq!(repository.merge_base(&second, &side).expect("readable"), Some(first.clone()));
        }
        let url = format!("file://{}", repo.path.display());
        repo.git(["clone", "-q", "--depth", "1", &url, "../shallow"]);
        let shallow = Checkout::at(bench.path().join("shallow"), &bench);
        for repository in [open(&bench, &shallow), open_program(&bench, &shallow)] {
            assert!(repository.is_shallow());
            assert_eq!(repository.relation(&side, &second).expect("readable"), Relation::Unknown);
            assert_eq!(repository.relation(&side, &first).expect("readable"), Relation::Ahead, "the boundary names its parent");
        }
    }

    #[test]
    fn a_repository_without_commits_has_only_additions() {
        let bench = Bench::create();
        let repo = bench.empty("r", &[]);
        repo.write("dags/a.py", "x");
        for repository in [open(&bench, &repo), open_program(&bench, &repo)] {
            assert_eq!(repository.head().expect("readable"), None);
            assert_eq!(repository.branch().as_deref(), Some("main"));
        }
        assert_eq!(uncommitted(&bench, &repo, ""), ["A dags/a.py"]);
    }

    #[test]
    fn odd_places_are_found_or_refused_with_advice() {
        let bench = Bench::create();
        fs::create_dir_all(bench.path().join("plain/.git")).expect("folders");
        assert!(Repository::discover(&bench.path().join("plain"), &bench.env()).expect("no error").is_none());
        assert!(Repository::discover(&bench.path().join("absent"), &bench.env()).is_err());
        let repo = bench.repository("r");
        repo.git(["worktree", "add", "-q", "-b", "tree", "../tree"]);
        let tree = Checkout::at(bench.path().join("tree"), &bench);
        tree.write("dags/new.py", "1");
        assert_eq!(changes(&bench, &tree, &repo.head(), &["dags"]), ["A dags/new.py"]);
        assert_eq!(open(&bench, &tree).branch().as_deref(), Some("tree"));
        for (init, place) in [(&["--bare"][..], "bare"), (&["--bare"], "bare/refs")] {
            drop(bench.empty("bare", init));
            let error = Repository::discover(&bench.path().join(place), &bench.env()).err().expect("it is refused");
            assert_eq!(error.kind(), Kind::Project, "{error}");
            assert!(error.to_string().contains("bare") && error.advice().is_some());
        }
        fs::create_dir_all(bench.path().join("broken")).expect("a folder");
        fs::write(bench.path().join("broken/.git"), "gitdir: /nowhere/at/all\n").expect("a file");
        let error = Repository::discover(&bench.path().join("broken"), &bench.env()).err().expect("it is refused");
        assert!(error.to_string().contains("main repository must be reachable"), "{error}");
        let git_dir = repo.path.join(".git");
        fs::create_dir(bench.path().join("elsewhere")).expect("a folder");
        let pointed = bench.env_with(&[("GIT_DIR", git_dir.to_str().expect("UTF-8")), ("GIT_WORK_TREE", "elsewhere")]);
        let repository = Repository::discover(&bench.path(), &pointed).expect("it opens").expect("found");
        assert_eq!(repository.workdir(), bench.path().join("elsewhere"));
        assert_eq!(shown(&repository.uncommitted(&[path("other")]).expect("readable")), ["D other/c.txt"]);
    }

    #[test]
    fn ignored_folders_are_told_by_the_library_and_by_the_program() {
        let bench = Bench::create();
        for (name, options) in [("library", &[][..]), ("program", &["--object-format=sha256"])] {
            let repo = bench.repository_with(name, options);
            repo.write(".gitignore", "build/\nout*\n!outer\n");
            for folder in ["build/x", "src/build", "outer", "output", ":(glob)b"] {
                repo.write(format!("{folder}/file"), "");
            }
            let folders = ["build", "build/x", "src", "src/build", "outer", "output", ":(glob)b", "missing"].map(path);
            let mut ignored: Vec<String> =
                open(&bench, &repo).ignored_folders(&folders).iter().map(ToString::to_string).collect();
            ignored.sort();
            assert_eq!(ignored, ["build", "build/x", "output", "src/build"], "{name}");
        }
    }

    #[test]
    fn a_sha256_repository_is_read_through_the_program() {
        let bench = Bench::create();
        let repo = bench.repository_with("r", &["--object-format=sha256"]);
        let base = repo.head();
        repo.write("dags/a.py", "changed");
        assert_eq!(base.as_str().len(), 64);
        assert_eq!(changes(&bench, &repo, &base, &[""]), ["M dags/a.py"]);
        assert_eq!(uncommitted(&bench, &repo, ""), ["M dags/a.py"]);
        let next = repo.commit("next");
        assert_eq!(open(&bench, &repo).relation(&next, &base).expect("readable"), Relation::Ahead);
    }

    #[test]
    fn a_partial_clone_gets_its_trees_without_touching_its_repository() {
        let bench = Bench::create();
        let origin = bench.repository("origin");
        let base = origin.head();
        origin.write("dags/a.py", "a = 2\n");
        origin.write("dags/deep/er/x.py", "x");
        origin.commit("second");
        origin.git(["config", "uploadpack.allowFilter", "true"]);
        for filter in ["--filter=tree:0", "--filter=blob:none"] {
            let name = filter.replace([':', '='], "");
            let repo = bench.clone_of(&origin, &name, &[filter]);
            let before = repo.git(["count-objects", "-v"]);
            let got = open(&bench, &repo).changes_since(&base, &[path("dags")]).expect("the trees come").changes;
            assert_eq!(shown(&got), ["M dags/a.py", "A dags/deep/er/x.py"], "{filter}");
            assert_eq!(repo.git(["count-objects", "-v"]), before, "{filter}");
        }
    }

    #[test]
    fn a_read_only_repository_is_not_written_to() {
        let bench = Bench::create();
        let repo = bench.repository("r");
        let base = repo.head();
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        let touch = |name: &str| fs::File::open(repo.path.join(name)).and_then(|file| file.set_modified(old)).expect("a time");
        touch("dags/a.py");
        touch(".git/index");
        let before = repo.command(["hash-object", ".git/index"]).output().expect("git runs").stdout;
        assert!(changes(&bench, &repo, &base, &[""]).is_empty(), "a stale index does not make a change");
        assert_eq!(repo.command(["hash-object", ".git/index"]).output().expect("git runs").stdout, before);
        assert_eq!(fs::metadata(repo.path.join(".git/index")).and_then(|index| index.modified()).expect("a time"), old);
    }

    #[test]
    fn an_index_of_any_form_is_read() {
        let bench = Bench::create();
        let repo = bench.repository("r");
        let base = repo.head();
        repo.git(["update-index", "--split-index"]);
        assert!(changes(&bench, &repo, &base, &[""]).is_empty());
        assert!(uncommitted(&bench, &repo, "").is_empty());
        repo.git(["update-index", "--no-split-index"]);
        repo.git(["sparse-checkout", "set", "--cone", "--sparse-index", "dags"]);
        assert!(!repo.path.join("other").exists());
        assert_eq!(changes(&bench, &repo, &base, &[""]), ["D other/c.txt"], "what is not on disk does not ship");
        assert!(uncommitted(&bench, &repo, "").is_empty());
        repo.git(["sparse-checkout", "disable"]);
        repo.git(["update-index", "--index-version", "4"]);
        repo.write("dags/b.py", "b = 2\n");
        assert_eq!(changes(&bench, &repo, &base, &["dags"]), ["M dags/b.py"]);
        assert_eq!(uncommitted(&bench, &repo, "dags"), ["M dags/b.py"]);
    }

    #[test]
    fn files_that_git_converts_are_compared_as_git_does() {
        let bench = Bench::create();
        let repo = bench.repository("r");
        repo.write(".gitattributes", "*.txt eol=crlf\n*.bin filter=rot\n");
        repo.git(["config", "filter.rot.clean", "tr a-m n-z"]);
        repo.write("dags/lines.txt", "one\r\ntwo\r\n");
        repo.write("dags/large.bin", "abc");
        repo.write("dags/plain", "abc");
        let base = repo.commit("converted");
        assert_eq!(repo.git(["cat-file", "blob", "HEAD:dags/large.bin"]), "nop");
        // As after a restored cache: same content, other times.
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        for name in ["dags/lines.txt", "dags/large.bin", "dags/plain"] {
            fs::File::open(repo.path.join(name)).and_then(|file| file.set_modified(old)).expect("a time");
        }
        assert!(changes(&bench, &repo, &base, &["dags"]).is_empty());
        repo.write("dags/lines.txt", "one\r\nTWO\r\n");
        repo.write("dags/large.bin", "abd");
        assert_eq!(changes(&bench, &repo, &base, &["dags"]), ["M dags/large.bin", "M dags/lines.txt"]);
    }

    #[test]
    fn a_checkout_of_another_user_is_read_without_running_its_settings() {
        let bench = Bench::create();
        let repo = bench.repository("r");
        let base = repo.head();
        let trap = bench.path().join("trap");
        let command = format!("touch {}", trap.display());
        for key in ["core.fsmonitor", "filter.x.clean", "core.sshCommand", "core.pager"] {
            repo.git(["config", key, &command]);
        }
        repo.write(".gitattributes", "* filter=x\n");
        repo.write("dags/a.py", "changed");
        for name in ["", ".git", ".git/HEAD", ".git/config"] {
            drop(std::os::unix::fs::chown(repo.path.join(name), Some(4321), None));
        }
        let repository = open(&bench, &repo);
        assert_eq!(shown(&repository.changes_since(&base, &[path("dags")]).expect("readable").changes), ["M dags/a.py"]);
        assert_eq!(repository.head().expect("readable").map(|head| head.sha), Some(base));
        // Only root can make a checkout foreign; in an own one the filter has to run.
        let foreign = repository.program().1 == Ownership::Foreign;
        assert_eq!(trap.exists(), !foreign, "a command of a foreign repository ran");
    }
}
