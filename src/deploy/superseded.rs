//! The last look before finalizing: did somebody deploy something newer meanwhile.
//! It compares two histories; the platform is asked by the caller.

use jiff::Timestamp;

use crate::changes::change::Relation;
use crate::error::{Error, Kind, Result};
use crate::model::deploy::{DeployRecord, DeployStatus, DeployType};
use crate::model::ids::{DeployId, MountPath};
use crate::model::revision::CommitSha;
use crate::plan::deployed::{commit, is_under_way};

/// What is about to be finalized.
#[derive(Debug, Clone, Copy)]
pub struct Ours<'a> {
    /// Our deploy.
    pub id: &'a DeployId,
    /// Its type.
    pub deploy_type: DeployType,
    /// Its mount path, for a bundle.
    pub mount_path: Option<&'a MountPath>,
    /// Our commit.
    pub commit: Option<&'a CommitSha>,
}

/// A deploy of the same artifact that the plan did not reckon with, with its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rival<'a> {
    /// Its id.
    pub id: &'a DeployId,
    /// Its commit.
    pub commit: CommitSha,
}

/// Returns the deploys from other commits that carry the same artifact and that finished since the
/// plan was made, or are under way.
#[must_use]
pub fn rivals<'a>(ours: &Ours<'_>, planned: &[DeployRecord], now: &'a [DeployRecord], time: Timestamp) -> Vec<Rival<'a>> {
    let reckoned =
        |record: &DeployRecord| planned.iter().any(|other| other.id == record.id && other.status == DeployStatus::Deployed);
    now.iter()
        .filter(|record| record.id != *ours.id && overlaps(ours, record))
        .filter(|record| (record.status == DeployStatus::Deployed && !reckoned(record)) || is_under_way(record, time))
        .filter_map(|record| Some(Rival { id: &record.id, commit: commit(record)? }))
        .filter(|rival| Some(&rival.commit) != ours.commit)
        .collect()
}

/// Checks that a rival is not newer.
///
/// # Errors
/// `Kind::Refused`, naming the newer deploy.
pub fn check(rival: &Rival<'_>, relation: Relation) -> Result<()> {
    if relation != Relation::Behind {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, "finalize the deploy")
        .because(format!(
            "deploy {} ships the newer commit {}, which was not so when this run began",
            rival.id,
            rival.commit.short()
        ))
        .hint("the newer deploy stays; set `allow-older-commit: true` to go back on purpose"))
}

fn overlaps(ours: &Ours<'_>, record: &DeployRecord) -> bool {
    let Some(theirs) = record.deploy_type else {
        return true;
    };
    (ours.deploy_type.ships_dags() && theirs.ships_dags())
        || (ours.deploy_type.ships_image() && theirs.ships_image())
        || (theirs == DeployType::Bundle
            && ours.deploy_type == DeployType::Bundle
            && record.mount_path.as_ref() == ours.mount_path)
}
