//! What ran after a deploy of the history, part by part, compared with what runs now.
//! It reads records only; whether anybody may go back there is the business of `rollback`.

use std::collections::BTreeSet;

use crate::model::artifact::Artifact;
use crate::model::deploy::{DeployRecord, DeployStatus, DeployType};
use crate::model::deployment::Deployment;
use crate::model::ids::{BundleVersion, MountPath};
use crate::plan::deployed::origin;
use crate::plan::description::Footer;

/// Where the content of an artifact came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brought {
    /// It was not there.
    Nothing,
    /// The history does not tell; why, in words that follow "because".
    Unknown(String),
    /// This deploy brought it.
    By(Box<DeployRecord>),
}

/// One artifact, now and then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which one.
    pub artifact: Artifact,
    /// What runs now.
    pub now: Brought,
    /// What ran then.
    pub then: Brought,
    /// For a bundle, its version then; none when it was not there or is not told.
    pub bundle_version: Option<BundleVersion>,
    /// Whether the two differ, as far as is known.
    pub changed: bool,
}

/// Returns the index of the entry whose content runs, following rollbacks. `history` is newest
/// first. None when nothing was ever deployed.
#[must_use]
pub fn running(history: &[DeployRecord]) -> Option<usize> {
    let mut index = history.iter().position(is_finished)?;
    // Only ever jumps to an older entry, so the search ends.
    while let Some(target) = history.get(index).and_then(|record| record.rollback_from.as_ref()) {
        let Some(distance) = history.iter().skip(index + 1).position(|other| other.id == *target) else { break };
        index += 1 + distance;
    }
    Some(index)
}

/// Returns whether a deploy took effect.
#[must_use]
pub fn is_finished(record: &DeployRecord) -> bool {
    record.status == DeployStatus::Deployed
}

/// Compares every part of what runs with what ran after the deploy at `index` of the history.
#[must_use]
pub fn parts(deployment: &Deployment, history: &[DeployRecord], index: usize) -> Vec<Part> {
    let newest = history.iter().position(is_finished).unwrap_or_default();
    let (latest, earlier) = (history.get(newest..).unwrap_or_default(), history.get(index..).unwrap_or_default());
    let mut artifacts = vec![Artifact::Dags, Artifact::Image];
    artifacts.extend(mounts(history).into_iter().map(Artifact::Bundle));
    let compared = artifacts.into_iter().map(|artifact| {
        let (now, now_version) = brought(&artifact, latest);
        let now = confirmed(&artifact, now, deployment);
        let (then, bundle_version) = brought(&artifact, earlier);
        let changed = !same(&artifact, (&now, now_version.as_ref()), (&then, bundle_version.as_ref()));
        Part { artifact, now, then, bundle_version, changed }
    });
    compared.filter(|part| (&part.now, &part.then) != (&Brought::Nothing, &Brought::Nothing)).collect()
}

/// Returns every mount path that the history names.
#[must_use]
pub fn mounts(history: &[DeployRecord]) -> BTreeSet<MountPath> {
    let listed = history.iter().flat_map(|record| record.bundles.iter().map(|bundle| bundle.mount_path.clone()));
    let shipped = history.iter().filter(|record| record.deploy_type == Some(DeployType::Bundle));
    listed.chain(shipped.filter_map(|record| record.mount_path.clone())).collect()
}

/// Returns what brought an artifact as it was after the first of these deploys, and a bundle's version.
fn brought(artifact: &Artifact, history: &[DeployRecord]) -> (Brought, Option<BundleVersion>) {
    let Some(first) = history.first() else { return (Brought::Nothing, None) };
    // DAGs are part of the image where DAG deploys are off.
    if *artifact == Artifact::Dags && !first.dag_deploys {
        return (Brought::Nothing, None);
    }
    let found = match origin(artifact, history) {
        Ok(Some(record)) => Brought::By(Box::new(record.clone())),
        Ok(None) => Brought::Nothing,
        Err(why) => Brought::Unknown(why),
    };
    let Artifact::Bundle(mount) = artifact else { return (found, None) };
    let listed = first.bundles.iter().find(|bundle| bundle.mount_path == *mount);
    let version = listed.and_then(|bundle| bundle.desired.clone().or_else(|| bundle.current.clone()));
    let removed = matches!(&found, Brought::By(by) if Footer::parse(&by.description).is_some_and(|footer| footer.removed));
    if version.is_none() && (removed || !first.bundles.is_empty()) {
        return (Brought::Nothing, None);
    }
    (found, version)
}

/// Holds what the history says against what the Deployment says: a deploy that failed can leave
/// it on its way to something else.
fn confirmed(artifact: &Artifact, now: Brought, deployment: &Deployment) -> Brought {
    let Brought::By(by) = &now else { return now };
    let there = match artifact {
        Artifact::Dags => {
            let versions = [deployment.dag_bundle_version.as_ref(), deployment.desired_dag_bundle_version.as_ref()];
            let strange = versions.into_iter().flatten().find(|version| Some(*version) != by.dag_bundle_version.as_ref());
            strange.map(ToString::to_string)
        }
        Artifact::Image => {
            let strange = deployment.image_tag.as_ref().filter(|tag| by.image_tag.as_ref().is_some_and(|ours| ours != *tag));
            strange.map(ToString::to_string)
        }
        Artifact::Bundle(_) => None,
    };
    match there {
        Some(version) => Brought::Unknown(format!("the Deployment has {version}, which deploy {} did not bring", by.id)),
        None => now,
    }
}

fn same(
    artifact: &Artifact,
    (now, now_version): (&Brought, Option<&BundleVersion>),
    (then, then_version): (&Brought, Option<&BundleVersion>),
) -> bool {
    let (one, other) = match (now, then) {
        (Brought::Nothing, Brought::Nothing) => return true,
        (Brought::By(one), Brought::By(other)) => (one, other),
        _ => return false,
    };
    let fingerprint = |record: &DeployRecord| Footer::parse(&record.description)?.fingerprint(artifact);
    let equal = fingerprint(one).is_some() && fingerprint(one) == fingerprint(other);
    one.id == other.id
        || match artifact {
            Artifact::Dags => equal || one.dag_bundle_version.is_some() && one.dag_bundle_version == other.dag_bundle_version,
            // Equal inputs can give another image, because what they name moves on.
            Artifact::Image => one.image_tag.is_some() && one.image_tag == other.image_tag,
            Artifact::Bundle(_) => equal || now_version.is_some() && now_version == then_version,
        }
}
