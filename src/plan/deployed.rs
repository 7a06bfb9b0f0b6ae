//! What runs on a Deployment, read from its deploy history.
//! The history is the only witness; whenever it and the Deployment disagree, the answer is "unknown".

use jiff::{SignedDuration, Timestamp};

use crate::model::artifact::Artifact;
use crate::model::deploy::{DeployRecord, DeployStatus, DeployType, GitRemote};
use crate::model::deployment::Deployment;
use crate::model::fingerprint::Fingerprint;
use crate::model::ids::DeployId;
use crate::model::revision::CommitSha;
use crate::plan::description::{Footer, place_name};

/// The deployed state of one artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deployed {
    /// Nobody could be asked, because there is no token.
    NotAsked,
    /// It was never deployed, or was removed.
    Nothing,
    /// It cannot be told what runs.
    Unknown {
        /// Why, in words that follow "because".
        why: String,
    },
    /// A deploy is known to have brought what runs.
    Known(KnownDeploy),
}

/// The deploy that brought what runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDeploy {
    /// Its id.
    pub id: DeployId,
    /// Its creation time, RFC 3339.
    pub created_at: String,
    /// Fingerprint of the content, when Liftoff shipped it.
    pub fingerprint: Option<Fingerprint>,
    /// Commit, when it was recorded.
    pub commit: Option<CommitSha>,
    /// Repository, when it was recorded.
    pub remote: Option<GitRemote>,
    /// Short name of repository and folder, when either was recorded.
    pub place: Option<String>,
    /// Whether the content is known to differ from the commit.
    pub dirty: bool,
}

/// How long an unfinished deploy counts as under way. Deploys queue, and an image takes minutes
/// to push and to roll out (`reference/astro-docs.md` 4.2); an abandoned one stays for ever.
pub const UNDER_WAY: SignedDuration = SignedDuration::from_mins(60);

/// Returns the deployed state of an artifact. `history` is newest first.
#[must_use]
pub fn state(artifact: &Artifact, deployment: &Deployment, history: &[DeployRecord], now: Timestamp) -> Deployed {
    let record = match origin(artifact, history) {
        Ok(Some(record)) => record,
        Ok(None) => return without_record(artifact, deployment),
        Err(why) => return Deployed::Unknown { why },
    };
    let newer = history.iter().take_while(|other| other.id != record.id);
    if let Some(other) = newer.into_iter().find(|other| carries(other, artifact) && is_under_way(other, now)) {
        return Deployed::Unknown { why: format!("deploy {} has not finished and may still replace what runs", other.id) };
    }
    match doubt(artifact, record, deployment, history) {
        Doubt::None => Deployed::Known(known(artifact, record)),
        Doubt::Removed => Deployed::Nothing,
        Doubt::Because(why) => Deployed::Unknown { why },
    }
}

/// Finds the newest finished deploy that carried the artifact, following rollbacks to the deploy
/// whose content runs again. `history` is newest first; given from one of its entries on, the
/// answer is what ran after that one.
///
/// # Errors
/// Why the history does not tell, in words that follow "because".
pub fn origin<'a>(artifact: &Artifact, history: &'a [DeployRecord]) -> Result<Option<&'a DeployRecord>, String> {
    let mut index = 0;
    while let Some(record) = history.get(index) {
        if record.status != DeployStatus::Deployed {
            index += 1;
            continue;
        }
        if let Some(target) = &record.rollback_from {
            // Only ever jumps to an older entry, so the search ends.
            let older = history.iter().skip(index + 1).position(|other| other.id == *target);
            match older {
                Some(distance) => index += 1 + distance,
                None => {
                    return Err(format!(
                        "deploy {} rolled back to deploy {target}, which is no longer in the history",
                        record.id
                    ));
                }
            }
            continue;
        }
        if record.deploy_type.is_none() {
            return Err(format!("deploy {} is of a type that this version of Liftoff does not know", record.id));
        }
        if carries(record, artifact) {
            return Ok(Some(record));
        }
        index += 1;
    }
    Ok(None)
}

/// Returns the commit that a deploy was made from, when it was recorded.
#[must_use]
pub fn commit(record: &DeployRecord) -> Option<CommitSha> {
    let footer = || Footer::parse(&record.description)?.commit;
    record.git.as_ref().map(|git| git.commit.clone()).or_else(footer)
}

/// Returns whether a deploy may still take effect.
#[must_use]
pub fn is_under_way(record: &DeployRecord, now: Timestamp) -> bool {
    let unfinished = !matches!(record.status, DeployStatus::Deployed | DeployStatus::Failed);
    // A time that cannot be read is no reason to trust the history.
    let young = record.created_at.parse::<Timestamp>().map_or(true, |created| now.duration_since(created) < UNDER_WAY);
    unfinished && young
}

fn carries(record: &DeployRecord, artifact: &Artifact) -> bool {
    match artifact {
        Artifact::Dags => record.deploy_type.is_some_and(DeployType::ships_dags) && record.dag_deploys,
        Artifact::Image => record.deploy_type.is_some_and(DeployType::ships_image),
        Artifact::Bundle(mount) => record.deploy_type == Some(DeployType::Bundle) && record.mount_path.as_ref() == Some(mount),
    }
}

/// The answer when no deploy in the history carried the artifact.
fn without_record(artifact: &Artifact, deployment: &Deployment) -> Deployed {
    let running = match artifact {
        Artifact::Dags => deployment.dag_bundle_version.as_ref().map(ToString::to_string),
        Artifact::Image => deployment.image_tag.as_ref().map(ToString::to_string),
        Artifact::Bundle(_) => None,
    };
    match running {
        Some(version) => Deployed::Unknown { why: format!("{version} runs there, but no deploy in the history brought it") },
        None => Deployed::Nothing,
    }
}

enum Doubt {
    None,
    Removed,
    Because(String),
}

/// Checks that what the record brought is what the Deployment says it runs.
fn doubt(artifact: &Artifact, record: &DeployRecord, deployment: &Deployment, history: &[DeployRecord]) -> Doubt {
    match artifact {
        Artifact::Dags => {
            let wanted = deployment.desired_dag_bundle_version.as_ref().or(deployment.dag_bundle_version.as_ref());
            match (&record.dag_bundle_version, wanted) {
                (None, None) => Doubt::Removed,
                (Some(ours), Some(theirs)) if ours == theirs => Doubt::None,
                (ours, theirs) => Doubt::Because(format!(
                    "the Deployment is to run DAG bundle {}, but its newest finished DAG deploy {} brought {}",
                    theirs.map_or("none", |version| version.as_str()),
                    record.id,
                    ours.as_ref().map_or("none", |version| version.as_str()),
                )),
            }
        }
        Artifact::Image => match (&record.image_tag, &deployment.image_tag) {
            (Some(ours), Some(theirs)) if ours != theirs => Doubt::Because(format!(
                "the Deployment runs image {theirs}, but its newest finished image deploy {} brought {ours}",
                record.id
            )),
            _ if record.dag_deploys != deployment.dag_deploys => {
                Doubt::Because(format!("DAG deploys were switched {} since deploy {}", on_off(deployment.dag_deploys), record.id))
            }
            _ => Doubt::None,
        },
        Artifact::Bundle(mount) => {
            if Footer::parse(&record.description).is_some_and(|footer| footer.removed) {
                return Doubt::Removed;
            }
            let latest = history.iter().find(|other| other.status == DeployStatus::Deployed && !other.bundles.is_empty());
            match latest.map(|latest| latest.bundles.iter().find(|bundle| bundle.mount_path == *mount)) {
                None => Doubt::None,
                Some(None) => Doubt::Removed,
                Some(Some(bundle)) if bundle.deploy_id != record.id => {
                    Doubt::Because(format!("the bundle at {mount} came with deploy {}, not with {}", bundle.deploy_id, record.id))
                }
                Some(Some(_)) => Doubt::None,
            }
        }
    }
}

const fn on_off(state: bool) -> &'static str {
    if state { "on" } else { "off" }
}

fn known(artifact: &Artifact, record: &DeployRecord) -> KnownDeploy {
    let footer = Footer::parse(&record.description).unwrap_or_default();
    let git = record.git.as_ref();
    KnownDeploy {
        id: record.id.clone(),
        created_at: record.created_at.clone(),
        fingerprint: footer.fingerprint(artifact),
        commit: git.map(|git| git.commit.clone()).or(footer.commit),
        remote: git.map(|git| git.remote.clone()),
        place: git.map(|git| place_name(&git.remote, git.path.as_deref())).or(footer.from),
        dirty: footer.dirty,
    }
}
