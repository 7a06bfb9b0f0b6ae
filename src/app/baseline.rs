//! For each artifact: what runs there, which commit to compare with, and what git says.

use crate::app::commits::Commits;
use crate::app::content::ShippingRules;
use crate::app::session::Session;
use crate::changes::change::{Change, Relation};
use crate::error::{Error, Kind, Result};
use crate::model::artifact::{Artifact, Content};
use crate::model::revision::CommitSha;
use crate::plan::deployed::Deployed;
use crate::plan::facts::{ArtifactFacts, BaseOrigin, ChangedFile, Diff};
use crate::settings::values::DagsPrefix;

/// Completes the facts of one artifact.
///
/// # Errors
/// When the repository cannot be read.
pub async fn artifact(
    session: &Session,
    commits: &mut Commits<'_>,
    rules: &ShippingRules,
    (artifact, content): (Artifact, Content),
    deployed: Deployed,
) -> Result<ArtifactFacts> {
    let same = matches!(&deployed, Deployed::Known(known) if known.fingerprint == Some(content.fingerprint));
    let beyond_files = beyond_files(session, rules, &artifact);
    let mut facts =
        ArtifactFacts { artifact, content, deployed, relation: Relation::Unknown, diff: Diff::NotAsked, beyond_files };
    if same && !session.settings.deploy.force {
        return Ok(facts);
    }
    match base(session, commits, &facts.deployed).await? {
        Base::None => {}
        Base::Unavailable(why) => facts.diff = Diff::Unavailable { why },
        Base::Commit(base, origin) => {
            let comparison = commits.compare(&base).await?;
            if origin == BaseOrigin::Deployed {
                facts.relation = comparison.relation;
            }
            facts.diff = match comparison.changes {
                Ok(changes) => Diff::Files { files: classified(rules, &changes), base, origin },
                Err(why) => Diff::Unavailable { why },
            };
        }
    }
    Ok(facts)
}

enum Base {
    None,
    Unavailable(String),
    Commit(CommitSha, BaseOrigin),
}

async fn base(session: &Session, commits: &Commits<'_>, deployed: &Deployed) -> Result<Base> {
    let given = session.settings.deploy.base.as_deref();
    match deployed {
        Deployed::Nothing | Deployed::NotAsked => Ok(Base::None),
        Deployed::Known(known) => {
            Ok(known.commit.clone().map_or(Base::None, |commit| Base::Commit(commit, BaseOrigin::Deployed)))
        }
        Deployed::Unknown { .. } => match given {
            Some(revision) => resolved(commits, revision),
            None => Ok(Base::None),
        },
    }
}

/// Finds the base for a plan without a token: the setting, else the event's former commit, else
/// where the pull request left its target branch.
///
/// # Errors
/// When the repository cannot be read, or the setting names no commit.
pub async fn without_token(
    session: &Session,
    commits: &mut Commits<'_>,
) -> Result<std::result::Result<(CommitSha, BaseOrigin), String>> {
    if let Some(revision) = &session.settings.deploy.base {
        return Ok(match resolved(commits, revision)? {
            Base::Commit(commit, origin) => Ok((commit, origin)),
            Base::Unavailable(why) => Err(why),
            Base::None => Err("there is no base".to_owned()),
        });
    }
    if let Some(pull_request) = &session.context.pull_request
        && let (Some(tip), Some(ours), Some(repository)) = (&pull_request.base, commits.ours, &commits.checkout.repository)
    {
        // The tip brings enough history for a merge base only in complete clones.
        let base = repository.merge_base(ours, tip).ok().flatten().unwrap_or_else(|| tip.clone());
        return Ok(Ok((base, BaseOrigin::MergeBase)));
    }
    Ok(match &session.context.before {
        Some(before) => Ok((before.clone(), BaseOrigin::Event)),
        None => Err("there is neither a token nor a commit to compare with (`--base`)".to_owned()),
    })
}

/// Gives an artifact the facts of a plan without a token.
///
/// # Errors
/// When the repository cannot be read.
pub async fn unreachable(
    commits: &mut Commits<'_>,
    rules: &ShippingRules,
    (artifact, content): (Artifact, Content),
    base: &std::result::Result<(CommitSha, BaseOrigin), String>,
) -> Result<ArtifactFacts> {
    let diff = match base {
        Err(why) => Diff::Unavailable { why: why.clone() },
        Ok((base, origin)) => match commits.compare(base).await?.changes {
            Ok(changes) => Diff::Files { files: classified(rules, &changes), base: base.clone(), origin: *origin },
            Err(why) => Diff::Unavailable { why },
        },
    };
    let (deployed, relation) = (Deployed::NotAsked, Relation::Unknown);
    Ok(ArtifactFacts { artifact, content, deployed, relation, diff, beyond_files: None })
}

/// Settings that decide what ships are no part of a commit, so a deploy without a fingerprint can
/// only be compared by its commit where they are as other tools have them.
fn beyond_files(session: &Session, rules: &ShippingRules, artifact: &Artifact) -> Option<String> {
    let settings = &session.settings;
    let ignores = match rules {
        ShippingRules::Astro(rules) => !rules.liftoff_ignore.is_empty(),
        ShippingRules::Bundle(rules) => !rules.liftoff_ignore.is_empty(),
    };
    let reason = match artifact {
        Artifact::Image if settings.image.name.is_some() => "`image-name` names a prebuilt image",
        Artifact::Image if !settings.image.build_args.is_empty() => "`build-args` are set",
        Artifact::Image if settings.image.dockerfile.as_bytes() != b"Dockerfile" => "`dockerfile` is set",
        Artifact::Dags if settings.project.dags_prefix == DagsPrefix::None => "`no-dags-base-dir` is set",
        Artifact::Dags if settings.project.dags_path.as_bytes() != b"dags" => "`dags-path` is set",
        Artifact::Dags | Artifact::Bundle(_) if ignores => ".liftoffignore leaves files out",
        _ => return None,
    };
    Some(reason.to_owned())
}

fn resolved(commits: &Commits<'_>, revision: &str) -> Result<Base> {
    let Some(repository) = &commits.checkout.repository else {
        return Ok(Base::Unavailable("this is not a git checkout".to_owned()));
    };
    if let Some(commit) = repository.rev_parse(revision)? {
        return Ok(Base::Commit(commit, BaseOrigin::Setting));
    }
    // A full id that the checkout lacks may be had from the remote.
    match CommitSha::parse(revision) {
        Some(commit) => Ok(Base::Commit(commit, BaseOrigin::Setting)),
        None => Err(Error::new(Kind::Usage, format!("find the base commit `{revision}`"))
            .because("the checkout knows no branch, tag or commit of that name")
            .hint("give a full commit id, or fetch the branch before")),
    }
}

/// One line per changed path and artifact.
fn classified(rules: &ShippingRules, changes: &[Change]) -> Vec<ChangedFile> {
    let mut files = Vec::new();
    for change in changes {
        let verdict = rules.classify(&change.path);
        let file =
            |artifact| ChangedFile { path: change.path.clone(), change: change.kind, artifact, why: verdict.why.to_string() };
        if verdict.artifacts.is_empty() {
            files.push(file(None));
        }
        files.extend(verdict.artifacts.iter().cloned().map(|artifact| file(Some(artifact))));
    }
    files
}
