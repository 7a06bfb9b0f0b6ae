//! Commits, branches and tags: the part of a repository that every forge shows.
//! It must not know any forge, nor how a request is spelled.

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

impl ChangedFile {
    /// Returns what takes this change back.
    fn undone(self) -> ChangedFile {
        match (self.status.as_str(), self.previous) {
            ("added", _) => ChangedFile { path: self.path, status: "removed".into(), previous: None },
            ("removed", _) => ChangedFile { path: self.path, status: "added".into(), previous: None },
            (_, Some(previous)) => ChangedFile { path: previous, status: self.status, previous: Some(self.path) },
            (_, None) => ChangedFile { path: self.path, status: self.status, previous: None },
        }
    }
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

/// The commits of a repository and the names that point at them.
#[derive(Clone, Debug, Default)]
pub struct CommitGraph {
    /// Commits.
    pub commits: Vec<Commit>,
    /// Object ids by branch or tag name.
    pub refs: BTreeMap<String, String>,
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

impl CommitGraph {
    /// Adds a commit and moves a branch to it.
    pub fn push_commit(&mut self, branch: &str, sha: &str, files: &[(&str, &str)]) {
        let parents = self.refs.get(branch).cloned().into_iter().collect();
        let file = |(path, status): &(&str, &str)| ChangedFile { path: (*path).into(), status: (*status).into(), previous: None };
        let files = files.iter().map(file).collect();
        self.commits.push(Commit { sha: sha.into(), parents, message: format!("Change {branch}"), files });
        self.refs.insert(branch.into(), sha.into());
    }

    /// Returns the commit behind a branch, tag, object id or unique beginning of one (7 characters or more).
    pub fn commit(&self, name: &str) -> Option<&Commit> {
        let sha = self.refs.get(name).map_or(name, String::as_str);
        let exact = self.commits.iter().find(|commit| commit.sha == sha);
        exact.or_else(|| self.commits.iter().find(|commit| sha.len() >= 7 && commit.sha.starts_with(sha)))
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

    /// Returns the files that differ between two commits, wherever their histories parted.
    pub fn between(&self, base: &str, head: &str) -> Option<Vec<ChangedFile>> {
        let (undone, done) = (self.compare(head, base)?.files, self.compare(base, head)?.files);
        let mut files: BTreeMap<String, ChangedFile> =
            undone.into_iter().map(ChangedFile::undone).map(|file| (file.path.clone(), file)).collect();
        for file in done {
            let gone_from_base = files.remove(&file.path).map(|undone| undone.status == "added");
            let status = match (gone_from_base, file.status.as_str()) {
                (None, status) => status,
                (Some(false), "removed") => "removed",
                (Some(false), _) => "modified",
                (Some(true), "removed") => continue,
                (Some(true), _) => "added",
            };
            let status = status.to_owned();
            files.insert(file.path.clone(), ChangedFile { status, ..file });
        }
        Some(files.into_values().collect())
    }

    /// Returns a commit and all its ancestors, nearest first.
    fn history(&self, sha: &str) -> Vec<String> {
        let (mut found, mut queue) = (Vec::new(), VecDeque::from([sha.to_owned()]));
        let mut seen = BTreeSet::new();
        while let Some(sha) = queue.pop_front() {
            if !seen.insert(sha.clone()) {
                continue;
            }
            if let Some(commit) = self.commits.iter().find(|commit| commit.sha == sha) {
                queue.extend(commit.parents.iter().cloned());
                found.push(sha);
            }
        }
        found
    }

    fn files_of(&self, commits: &[String]) -> Vec<ChangedFile> {
        let mut files: BTreeMap<&str, &ChangedFile> = BTreeMap::new();
        for commit in commits.iter().filter_map(|sha| self.commits.iter().find(|commit| &commit.sha == sha)) {
            files.extend(commit.files.iter().map(|file| (file.path.as_str(), file)));
        }
        files.into_values().cloned().collect()
    }
}
