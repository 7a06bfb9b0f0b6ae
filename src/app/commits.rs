//! Brings the commits that a decision needs: from the checkout, else from its remote, else from
//! the forge's comparison. Each commit is asked for once.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::app::checkout::Checkout;
use crate::changes::change::{Change, Relation};
use crate::deploy::pack::blocking;
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::forge::interface::Forge;
use crate::git::commit::CommitInfo;
use crate::git::fetch::{Depth, Fetched};
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;

/// Clocks of committers may differ by this much.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_hours(24);

/// What is known about a commit, compared with ours.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// How our commit's history relates to it.
    pub relation: Relation,
    /// What differs between it and the working tree, or why that cannot be told.
    pub changes: std::result::Result<Vec<Change>, String>,
}

/// Compares commits with ours, at most once each.
pub struct Commits<'a> {
    /// The checkout.
    pub checkout: &'a Checkout,
    /// Our commit.
    pub ours: Option<&'a CommitSha>,
    /// Folders whose changes matter, relative to the repository.
    pub folders: Vec<RelPath>,
    /// The forge, when it can be asked.
    pub forge: Option<&'a dyn Forge>,
    /// The environment, for the git program.
    pub env: &'a Env,
    known: BTreeMap<CommitSha, Comparison>,
}

impl<'a> Commits<'a> {
    /// Prepares comparisons; nothing is asked yet.
    #[must_use]
    pub fn new(
        checkout: &'a Checkout,
        ours: Option<&'a CommitSha>,
        folders: Vec<RelPath>,
        forge: Option<&'a dyn Forge>,
        env: &'a Env,
    ) -> Self {
        Self { checkout, ours, folders, forge, env, known: BTreeMap::new() }
    }

    /// Compares a commit with ours and with the working tree.
    ///
    /// # Errors
    /// When the repository cannot be read; a commit that cannot be had is an answer.
    pub async fn compare(&mut self, theirs: &CommitSha) -> Result<Comparison> {
        if let Some(known) = self.known.get(theirs) {
            return Ok(known.clone());
        }
        let comparison = self.compared(theirs).await?;
        self.known.insert(theirs.clone(), comparison.clone());
        Ok(comparison)
    }

    async fn compared(&self, theirs: &CommitSha) -> Result<Comparison> {
        let Some(repository) = &self.checkout.repository else {
            return Ok(Comparison { relation: Relation::Unknown, changes: Err("this is not a git checkout".to_owned()) });
        };
        match self.checkout.fetch(theirs, Depth::Single, self.env).await? {
            Fetched::Have => {
                let (repository, base, folders) = (repository.clone(), theirs.clone(), self.folders.clone());
                let changes = blocking(move || repository.changes_since(&base, &folders)).await?;
                Ok(Comparison { relation: self.relation_to(theirs).await, changes: Ok(changes.changes) })
            }
            Fetched::Missing { why } => self.asked_forge(theirs, why).await,
        }
    }

    /// Returns how our history relates to another commit, fetching as much history as that needs.
    /// Whatever goes wrong leaves it unknown.
    pub async fn relation_to(&self, theirs: &CommitSha) -> Relation {
        let (Some(repository), Some(ours)) = (&self.checkout.repository, self.ours) else {
            return Relation::Unknown;
        };
        let local = || {
            let (repository, ours, theirs) = (repository.clone(), ours.clone(), theirs.clone());
            async move { blocking(move || repository.relation(&ours, &theirs)).await.unwrap_or(Relation::Unknown) }
        };
        let relation = local().await;
        let Some(head) = self.checkout.head.as_ref().filter(|_| relation == Relation::Unknown) else {
            return relation;
        };
        if self.is_surely_older(theirs, head).await {
            return Relation::Unknown;
        }
        if let Ok(Fetched::Have) = self.checkout.fetch(theirs, Depth::Since(head), self.env).await {
            let relation = local().await;
            if relation != Relation::Unknown {
                return relation;
            }
        }
        match self.forge {
            // Base and head swapped: a forge says how the second relates to the first.
            Some(forge) => {
                self.checkout.compared_by(forge, theirs, ours).await.map_or(Relation::Unknown, |comparison| comparison.relation)
            }
            None => Relation::Unknown,
        }
    }

    /// A commit made long before ours cannot come after it, so its history need not be fetched.
    async fn is_surely_older(&self, theirs: &CommitSha, head: &CommitInfo) -> bool {
        let Some(repository) = self.checkout.repository.clone() else {
            return false;
        };
        let theirs = theirs.clone();
        let info = blocking(move || repository.commit(&theirs)).await.ok().flatten();
        info.is_some_and(|info| info.committed_at.duration_until(head.committed_at) > CLOCK_SKEW)
    }

    async fn asked_forge(&self, theirs: &CommitSha, why: String) -> Result<Comparison> {
        let unavailable = |why: String| Ok(Comparison { relation: Relation::Unknown, changes: Err(why) });
        let (Some(forge), Some(repository), Some(ours)) = (self.forge, &self.checkout.repository, self.ours) else {
            return unavailable(why);
        };
        let answer = match self.checkout.compared_by(forge, theirs, ours).await {
            Ok(answer) => answer,
            Err(error) => return unavailable(format!("{why}; {}", error.cause().unwrap_or_else(|| error.doing()))),
        };
        let relation = answer.relation;
        // Forges list files since the merge base, which is their commit only when ours follows it.
        let parted = (!matches!(relation, Relation::Ahead | Relation::Same)).then(|| "their histories part".to_owned());
        if let Some(reason) = parted.or(answer.cut) {
            return Ok(Comparison { relation, changes: Err(format!("{why}; {reason}")) });
        }
        // A pull request's checkout may hold only the merge of its head.
        if let Fetched::Missing { why: reason } = self.checkout.fetch(ours, Depth::Single, self.env).await? {
            return unavailable(format!("{why}; this run's commit {} is not in the checkout either: {reason}", ours.short()));
        }
        let (repository, folders, base) = (repository.clone(), self.folders.clone(), ours.clone());
        let local = blocking(move || repository.changes_since(&base, &folders)).await;
        let mut changes = answer.changes;
        match local {
            Ok(local) => changes.extend(local.changes),
            Err(error) => return unavailable(error.cause().unwrap_or_else(|| error.doing()).to_owned()),
        }
        changes
            .retain(|change| self.folders.iter().any(|folder| change.path.is_within(folder) || folder.is_within(&change.path)));
        changes.sort();
        changes.dedup_by(|one, two| one.path == two.path);
        Ok(Comparison { relation, changes: Ok(changes) })
    }
}
