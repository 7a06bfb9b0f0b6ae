//! The checkouts that a process works on: each is opened once, and each question about commits
//! that it lacks is asked once, whichever project asks.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::app::asked::Asked;
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::forge::interface::{Comparison, Forge};
use crate::git::commit::CommitInfo;
use crate::git::contents::{FileAt, Request, contents};
use crate::git::fetch::{Depth, Fetched, fetch_commit};
use crate::git::locate::locate;
use crate::git::repository::Repository;
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;

/// Longest time for one fetch.
const FETCH_BUDGET: Duration = Duration::from_secs(60);

/// The checkout's state.
#[derive(Clone)]
pub struct Checkout {
    /// The repository; none outside git.
    pub repository: Option<Arc<Repository>>,
    /// What is checked out; none outside git and before the first commit.
    pub head: Option<CommitInfo>,
    /// The head of the pull request, where the CI system does not tell it whole.
    pub pull_request_head: Option<CommitSha>,
    elsewhere: Arc<Elsewhere>,
}

/// What was asked of the checkout's remote and of its forge.
#[derive(Default)]
struct Elsewhere {
    /// Why commits cannot be had, with and without their history. Whoever holds it fetches.
    missing: tokio::sync::Mutex<HashMap<(CommitSha, History), String>>,
    compared: Asked<(CommitSha, CommitSha), Comparison>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum History {
    With,
    Without,
}

impl Checkout {
    /// Makes a commit available, as `git::fetch` does. Fetches of several projects take turns,
    /// because they write to the same folder.
    ///
    /// # Errors
    /// As `git::fetch::fetch_commit`.
    pub async fn fetch(&self, commit: &CommitSha, depth: Depth<'_>, env: &Env) -> Result<Fetched> {
        let Some(repository) = &self.repository else {
            return Ok(Fetched::Missing { why: "this is not a git checkout".to_owned() });
        };
        let history = if matches!(depth, Depth::Single) { History::Without } else { History::With };
        let question = (commit.clone(), history);
        let mut missing = self.elsewhere.missing.lock().await;
        if let Some(why) = missing.get(&question) {
            return Ok(Fetched::Missing { why: why.clone() });
        }
        let fetched = fetch_commit(repository, commit, depth, FETCH_BUDGET, env).await?;
        if let Fetched::Missing { why } = &fetched {
            missing.insert(question, why.clone());
        }
        Ok(fetched)
    }

    /// Reads files as a commit has them, as `git::contents` does, in turn with what `fetch` does.
    ///
    /// # Errors
    /// As `git::contents::contents`.
    pub async fn contents(&self, request: Request, env: &Env) -> Result<std::result::Result<BTreeMap<RelPath, FileAt>, String>> {
        let Some(repository) = &self.repository else {
            return Ok(Err("this is not a git checkout".to_owned()));
        };
        let _turn = self.elsewhere.missing.lock().await;
        contents(repository, request, env).await
    }

    /// Lets the forge compare two commits.
    ///
    /// # Errors
    /// As the forge.
    pub async fn compared_by(&self, forge: &dyn Forge, base: &CommitSha, head: &CommitSha) -> Result<Comparison> {
        self.elsewhere.compared.ask((base.clone(), head.clone()), forge.compare(base, head)).await
    }
}

/// Every checkout that was opened, by the root of its working tree.
#[derive(Default)]
pub struct Checkouts(Mutex<HashMap<PathBuf, Checkout>>);

impl Checkouts {
    /// Opens the repository around a folder. It blocks.
    ///
    /// # Errors
    /// `Kind::Project` when there is one that cannot be read.
    pub fn open(&self, start: &Path, env: &Env) -> Result<Checkout> {
        let Some(location) = locate(start, env)? else {
            return Ok(Checkout { repository: None, head: None, pull_request_head: None, elsewhere: Arc::default() });
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(checkout) = known.get(&location.workdir) {
            return Ok(checkout.clone());
        }
        let repository = Repository::discover(start, env)?.map(Arc::new);
        let head = repository.as_ref().map(|repository| repository.head()).transpose()?.flatten();
        let checkout = Checkout { repository, head, pull_request_head: None, elsewhere: Arc::default() };
        known.insert(location.workdir, checkout.clone());
        Ok(checkout)
    }
}
