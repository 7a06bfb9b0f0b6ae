//! A repository's commits, branches and tags, as every forge has them.
//! It must not know any forge, nor what a comparison is asked for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// Path from the repository's root.
    pub path: String,
    /// `added`, `removed`, `modified` or `renamed`.
    pub status: String,
    /// Old path of a renamed file.
    pub previous: Option<String>,
}

/// A commit.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Full object id.
    pub sha: String,
    /// Parents' object ids.
    pub parents: Vec<String>,
    /// Message.
    pub message: String,
    /// What it changes against its first parent.
    pub files: Vec<ChangedFile>,
}

/// How two commits lie to each other.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// `ahead`, `behind`, `diverged` or `identical`.
    pub status: &'static str,
    /// The common ancestor.
    pub merge_base: String,
    /// Commits the base lacks, oldest first.
    pub ahead: Vec<String>,
    /// Number of commits the head lacks.
    pub behind: usize,
    /// Files changed since the common ancestor.
    pub files: Vec<ChangedFile>,
}

/// All commits of a repository and the names that lead to them.
#[derive(Clone, Debug, Default)]
pub struct CommitGraph {
    /// Commits.
    pub commits: Vec<Commit>,
    /// Object ids by branch or tag name.
    pub refs: BTreeMap<String, String>,
}

impl CommitGraph {
    /// Adds a commit and moves a branch to it.
    pub fn push(&mut self, branch: &str, sha: &str, files: &[(&str, &str)]) {
        let file = |(path, status): &(&str, &str)| ChangedFile { path: (*path).into(), status: (*status).into(), previous: None };
        self.push_files(branch, sha, files.iter().map(file).collect());
    }

    /// Adds a commit with any files, such as renamed ones, and moves a branch to it.
    pub fn push_files(&mut self, branch: &str, sha: &str, files: Vec<ChangedFile>) {
        let parents = self.refs.get(branch).cloned().into_iter().collect();
        self.commits.push(Commit { sha: sha.into(), parents, message: format!("Change {branch}"), files });
        self.refs.insert(branch.into(), sha.into());
    }

    /// Returns the commit with exactly this object id.
    pub fn exact(&self, sha: &str) -> Option<&Commit> {
        self.commits.iter().find(|commit| commit.sha == sha)
    }

    /// Returns the commit behind a branch, tag, object id or unique beginning of one (7 characters or more).
    pub fn commit(&self, name: &str) -> Option<&Commit> {
        let sha = self.refs.get(name).map_or(name, String::as_str);
        self.exact(sha).or_else(|| self.commits.iter().find(|commit| sha.len() >= 7 && commit.sha.starts_with(sha)))
    }

    /// Returns the first branch or tag, by name, whose history holds a commit.
    pub fn name_containing(&self, sha: &str) -> Option<&str> {
        let holds = |tip: &str| self.history(tip).iter().any(|found| found == sha);
        self.refs.iter().find(|(_, tip)| holds(tip)).map(|(name, _)| name.as_str())
    }

    /// Compares two commits; `None` if one is unknown or they share no history.
    pub fn compare(&self, base: &str, head: &str) -> Option<Comparison> {
        let (base, head) = (&self.commit(base)?.sha, &self.commit(head)?.sha);
        let (of_base, of_head) = (self.history(base), self.history(head));
        let seen: BTreeSet<_> = of_base.iter().collect();
        let merge_base = of_head.iter().find(|sha| seen.contains(sha))?.clone();
        let own: BTreeSet<_> = of_head.iter().collect();
        let behind = of_base.iter().filter(|sha| !own.contains(sha)).count();
        let ahead: Vec<_> = of_head.iter().filter(|sha| !seen.contains(sha)).rev().cloned().collect();
        let status = match (ahead.len(), behind) {
            (0, 0) => "identical",
            (_, 0) => "ahead",
            (0, _) => "behind",
            _ => "diverged",
        };
        let files = self.files_of(&ahead);
        Some(Comparison { status, merge_base, ahead, behind, files })
    }

    /// Returns how the second commit's tree differs from the first's, in path order; `None` if one is unknown.
    ///
    /// A tree is what the commits of the first-parent line left behind, so a file counts as changed when another commit
    /// touched it last.
    pub fn difference(&self, from: &str, to: &str) -> Option<Vec<ChangedFile>> {
        let (old, new) = (self.tree(&self.commit(from)?.sha), self.tree(&self.commit(to)?.sha));
        let mut moved = BTreeSet::new();
        let mut files = Vec::new();
        for (path, version) in &new {
            // Going back over a renaming is one, too.
            let back = old.iter().find(|(_, before)| before.previous == Some(path)).map(|(former, _)| *former);
            let former = |former: &&str| old.contains_key(former) && !new.contains_key(former);
            let previous = version.previous.filter(former).or(back.filter(former));
            let (status, previous) = match (old.get(path), previous) {
                (Some(before), _) if before == version => continue,
                (Some(_), _) => ("modified", None),
                (None, Some(previous)) => ("renamed", Some(previous)),
                (None, None) => ("added", None),
            };
            moved.extend(previous);
            files.push(ChangedFile { path: (*path).into(), status: status.into(), previous: previous.map(str::to_owned) });
        }
        let gone = old.keys().filter(|path| !new.contains_key(*path) && !moved.contains(*path));
        files.extend(gone.map(|path| ChangedFile { path: (*path).into(), status: "removed".into(), previous: None }));
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Some(files)
    }

    /// Returns a commit and all its ancestors, nearest first.
    fn history(&self, sha: &str) -> Vec<String> {
        let (mut found, mut queue) = (Vec::new(), VecDeque::from([sha.to_owned()]));
        let mut seen = BTreeSet::new();
        while let Some(sha) = queue.pop_front() {
            if !seen.insert(sha.clone()) {
                continue;
            }
            if let Some(commit) = self.exact(&sha) {
                queue.extend(commit.parents.iter().cloned());
                found.push(sha);
            }
        }
        found
    }

    fn files_of(&self, commits: &[String]) -> Vec<ChangedFile> {
        let mut files: BTreeMap<&str, &ChangedFile> = BTreeMap::new();
        for commit in commits.iter().filter_map(|sha| self.exact(sha)) {
            files.extend(commit.files.iter().map(|file| (file.path.as_str(), file)));
        }
        files.into_values().cloned().collect()
    }

    /// Returns who touched each file of a commit's tree last.
    fn tree(&self, sha: &str) -> BTreeMap<&str, Version<'_>> {
        let (mut line, mut next) = (Vec::new(), self.exact(sha));
        while let Some(commit) = next {
            line.push(commit);
            next = commit.parents.first().and_then(|parent| self.exact(parent));
        }
        let mut tree = BTreeMap::new();
        for commit in line.into_iter().rev() {
            for file in &commit.files {
                let previous = file.previous.as_deref();
                previous.map(|previous| tree.remove(previous));
                match file.status.as_str() {
                    "removed" => drop(tree.remove(file.path.as_str())),
                    _ => drop(tree.insert(file.path.as_str(), Version { commit: &commit.sha, previous })),
                }
            }
        }
        tree
    }
}

/// A file's content, known by who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version<'a> {
    commit: &'a str,
    previous: Option<&'a str>,
}
