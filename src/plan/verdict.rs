//! Per artifact: does what would be shipped differ from what runs, and how is that known.
//! It answers in the order fingerprint, commit difference, "changed"; it never guesses "unchanged".

use crate::model::artifact::{Artifact, Content};
use crate::model::fingerprint::Fingerprint;
use crate::model::revision::CommitSha;
use crate::plan::deployed::{Deployed, KnownDeploy};
use crate::plan::facts::{ArtifactFacts, BaseOrigin, ChangedFile, Diff};

/// The judgement on one artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Which artifact.
    pub artifact: Artifact,
    /// Its content here.
    pub content: Content,
    /// The fingerprint recorded with what runs, when there is one.
    pub deployed_fingerprint: Option<Fingerprint>,
    /// Whether it has to ship.
    pub changed: bool,
    /// How that is known, as a sentence without a full stop.
    pub reason: String,
    /// The commit it was compared with.
    pub base: Option<(CommitSha, BaseOrigin)>,
    /// The files of this artifact that changed, as far as git can tell.
    pub files: Vec<ChangedFile>,
}

/// Judges one artifact.
#[must_use]
pub fn judge(facts: &ArtifactFacts) -> Verdict {
    let (changed, reason) = match &facts.deployed {
        Deployed::Nothing if facts.content.files == 0 => (false, "there is none here and none on the Deployment".to_owned()),
        Deployed::Nothing => (true, "it has never been deployed there".to_owned()),
        Deployed::NotAsked => by_files(facts),
        Deployed::Unknown { why } => (true, with_files(facts, why)),
        Deployed::Known(known) => match known.fingerprint {
            Some(theirs) if theirs == facts.content.fingerprint => {
                (false, format!("the content is the same as in deploy {}, which runs", known.id))
            }
            Some(_) => (true, explained(facts, known)),
            None if known.dirty => (true, format!("deploy {} shipped files that its commit does not have", known.id)),
            None => by_commit(facts, known),
        },
    };
    Verdict {
        artifact: facts.artifact.clone(),
        content: facts.content,
        deployed_fingerprint: match &facts.deployed {
            Deployed::Known(known) => known.fingerprint,
            _ => None,
        },
        changed,
        reason,
        base: match &facts.diff {
            Diff::Files { base, origin, .. } => Some((base.clone(), *origin)),
            _ => None,
        },
        files: own_files(facts).into_iter().cloned().collect(),
    }
}

/// Where nobody can be asked what runs, git alone has to do.
fn by_files(facts: &ArtifactFacts) -> (bool, String) {
    match &facts.diff {
        Diff::Files { base, origin, .. } => match own_files(facts).len() {
            0 => (false, format!("no file of it differs from {}, the commit {}", base.short(), origin.words())),
            count => (true, format!("{} from {}, the commit {}", differing(count), base.short(), origin.words())),
        },
        Diff::Unavailable { why } => (true, format!("nothing to compare with, because {why}")),
        Diff::NotAsked => (true, "nothing to compare with".to_owned()),
    }
}

/// What runs is unknown, so it ships; a base that the user gave only explains.
fn with_files(facts: &ArtifactFacts, why: &str) -> String {
    match &facts.diff {
        Diff::Files { base, origin, .. } => {
            format!("{why}; {} from {}, the commit {}", differing(own_files(facts).len()), base.short(), origin.words())
        }
        _ => why.to_owned(),
    }
}

/// The content is known to differ; git says which files, if it can.
fn explained(facts: &ArtifactFacts, known: &KnownDeploy) -> String {
    let differs = format!("the content differs from deploy {}, which runs", known.id);
    match &facts.diff {
        Diff::Files { base, .. } if known.dirty => {
            format!("{differs} and was shipped from {} with uncommitted changes", base.short())
        }
        Diff::Files { base, .. } => match own_files(facts).len() {
            0 => format!(
                "{differs}; git sees no difference from its commit {}, so a generated file or a setting does",
                base.short()
            ),
            count => format!("{} from {}, the commit that runs", differing(count), base.short()),
        },
        Diff::Unavailable { why } => format!("{differs}; which files is unknown, because {why}"),
        Diff::NotAsked => differs,
    }
}

/// What runs was shipped by another tool, but its commit is known.
fn by_commit(facts: &ArtifactFacts, known: &KnownDeploy) -> (bool, String) {
    if let Some(why) = &facts.beyond_files {
        return (
            true,
            format!("deploy {}, which runs, has no fingerprint, and its commit does not tell enough, because {why}", known.id),
        );
    }
    match &facts.diff {
        Diff::Files { base, .. } => match own_files(facts).len() {
            0 => (false, format!("no file of it differs from {}, the commit that runs", base.short())),
            count => (true, format!("{} from {}, the commit that runs", differing(count), base.short())),
        },
        Diff::Unavailable { why } => (true, format!("what deploy {} shipped cannot be compared, because {why}", known.id)),
        Diff::NotAsked => (true, format!("deploy {}, which runs, has neither a fingerprint nor a commit", known.id)),
    }
}

fn differing(count: usize) -> String {
    match count {
        0 => "no file differs".to_owned(),
        1 => "1 file differs".to_owned(),
        _ => format!("{count} files differ"),
    }
}

fn own_files(facts: &ArtifactFacts) -> Vec<&ChangedFile> {
    match &facts.diff {
        Diff::Files { files, .. } => files.iter().filter(|file| file.artifact.as_ref() == Some(&facts.artifact)).collect(),
        _ => Vec::new(),
    }
}
