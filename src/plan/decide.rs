//! From facts to a plan.
//! It decides once for every command; no other place decides what ships.

use crate::changes::change::Relation;
use crate::error::{Error, Kind, Result};
use crate::model::artifact::Artifact;
use crate::model::context::Trust;
use crate::model::dag::DagDifference;
use crate::model::deploy::DeployType;
use crate::model::deployment::DeploymentStatus;
use crate::plan::deployed::Deployed;
use crate::plan::facts::{ArtifactFacts, ChangedFile, Diff, Existence, Facts, PreviewFacts, Target};
use crate::plan::guards;
use crate::plan::outline::{Decision, Plan, Step};
use crate::plan::verdict::{self, Verdict};
use crate::settings::parse::quoted;
use crate::settings::values::DeployTypeSetting;

/// Decides what to ship. A plan that a guard objects to holds the refusal, so that it can still be
/// shown.
///
/// # Errors
/// `Kind::Internal` when the facts contradict each other.
pub fn plan(facts: &Facts) -> Result<Plan> {
    if let Target::Unmapped { why } = &facts.target {
        return Ok(unmapped(why));
    }
    let artifacts: Vec<Verdict> = facts.artifacts.iter().map(verdict::judge).collect();
    let (wanted, reason) = deploy_type(facts, &artifacts)?;
    let refusal = match wanted {
        Some(deploy_type) => guards::check(facts, deploy_type).err(),
        None => guards::check_nothing(facts).err(),
    };
    let decision = match (&facts.target, wanted) {
        (Target::Unreachable { trust: Some(Trust::Fork | Trust::Dependabot | Trust::Unknown), .. }, wanted) => {
            Decision::NoCredentials(wanted)
        }
        (_, None) => Decision::Nothing,
        (_, Some(_)) if facts.request.delete_bundle => Decision::RemoveBundle,
        (_, Some(deploy_type)) => Decision::Ship(deploy_type),
    };
    let files = all_files(facts);
    Ok(Plan {
        decision,
        reason,
        base: artifacts.iter().find_map(|artifact| artifact.base.clone()),
        steps: steps(facts, decision),
        notices: notices(facts, wanted),
        files,
        dags: facts.dags.clone(),
        artifacts,
        refusal,
    })
}

/// Returns whether the plan for these facts ships DAGs, so that it is worth reading them.
///
/// # Errors
/// As `plan`.
pub fn ships_dags(facts: &Facts) -> Result<bool> {
    let artifacts: Vec<Verdict> = facts.artifacts.iter().map(verdict::judge).collect();
    let (wanted, _) = deploy_type(facts, &artifacts)?;
    Ok(wanted.is_some_and(|deploy_type| {
        let in_bundle = facts.target.dag_deploys() && deploy_type.ships_dags();
        in_bundle || (guards::dags_in_image(facts) && deploy_type.ships_image())
    }))
}

/// Nothing is compared where there is nothing to compare with.
fn unmapped(why: &str) -> Plan {
    Plan {
        decision: Decision::Unmapped,
        reason: why.to_owned(),
        artifacts: Vec::new(),
        files: Vec::new(),
        dags: None,
        base: None,
        steps: Vec::new(),
        notices: vec![why.to_owned()],
        refusal: None,
    }
}

/// Chooses the deploy type; none when nothing has to ship. The text says why.
fn deploy_type(facts: &Facts, artifacts: &[Verdict]) -> Result<(Option<DeployType>, String)> {
    let changed: Vec<&Verdict> = artifacts.iter().filter(|artifact| artifact.changed).collect();
    let skip = facts.request.skip_unchanged && !facts.request.force;
    let requested = facts.request.deploy_type;
    let explicit = |deploy_type: DeployType| {
        let deploy_type = possible(facts, deploy_type);
        let ours: Vec<&Verdict> = artifacts.iter().filter(|artifact| guards::carried(deploy_type, &artifact.artifact)).collect();
        if skip && !ours.is_empty() && ours.iter().all(|artifact| !artifact.changed) {
            return (None, format!("{} and {}", asked(requested), reasons(&ours)));
        }
        (Some(deploy_type), format!("{}; {}", asked(requested), reasons(&ours)))
    };
    Ok(match requested {
        DeployTypeSetting::DagsOnly => explicit(DeployType::DagOnly),
        DeployTypeSetting::ImageOnly => explicit(DeployType::ImageOnly),
        DeployTypeSetting::ImageAndDags => explicit(DeployType::ImageAndDag),
        DeployTypeSetting::Dbt | DeployTypeSetting::NonDags if facts.request.delete_bundle => removal(facts)?,
        DeployTypeSetting::Dbt | DeployTypeSetting::NonDags => explicit(DeployType::Bundle),
        DeployTypeSetting::Infer if changed.is_empty() && facts.request.force => (
            Some(DeployType::ImageAndDag),
            format!("`force` is set, although {}", reasons(&artifacts.iter().collect::<Vec<_>>())),
        ),
        DeployTypeSetting::Infer if changed.is_empty() => (None, reasons(&artifacts.iter().collect::<Vec<_>>())),
        DeployTypeSetting::Infer => (Some(inferred(facts, &changed)), reasons(&changed)),
    })
}

/// With remote execution DAGs never ship through Astro, so "image and DAGs" is the image.
fn possible(facts: &Facts, deploy_type: DeployType) -> DeployType {
    let remote = facts.target.deployment().is_some_and(|deployment| deployment.remote_execution);
    if remote && deploy_type == DeployType::ImageAndDag { DeployType::ImageOnly } else { deploy_type }
}

fn inferred(facts: &Facts, changed: &[&Verdict]) -> DeployType {
    let dags = changed.iter().any(|verdict| verdict.artifact == Artifact::Dags);
    let image = changed.iter().any(|verdict| verdict.artifact == Artifact::Image);
    let image_alone = match &facts.target {
        Target::Deployment { deployment, .. } => {
            deployment.remote_execution || (deployment.dag_deploys && deployment.dag_bundle_version.is_some())
        }
        Target::Unreachable { dag_deploys, .. } => *dag_deploys,
        Target::Unmapped { .. } => false,
    };
    match (dags, image) {
        (true, false) => DeployType::DagOnly,
        (false, true) if image_alone => DeployType::ImageOnly,
        _ => DeployType::ImageAndDag,
    }
}

fn removal(facts: &Facts) -> Result<(Option<DeployType>, String)> {
    let bundle =
        facts.artifacts.first().ok_or_else(|| Error::new(Kind::Internal, "plan the removal of a bundle without a bundle"))?;
    Ok(match &bundle.deployed {
        Deployed::Nothing if facts.request.skip_unchanged && !facts.request.force => {
            (None, format!("no {} is on the Deployment", bundle.artifact))
        }
        _ => (Some(DeployType::Bundle), format!("the removal of the {} was asked for", bundle.artifact)),
    })
}

fn asked(requested: DeployTypeSetting) -> String {
    format!("deploy-type `{}` was asked for", requested.name())
}

/// Joins what is known of each artifact: "DAGs: …; image: …".
fn reasons(artifacts: &[&Verdict]) -> String {
    artifacts.iter().map(|verdict| format!("{}: {}", verdict.artifact, verdict.reason)).collect::<Vec<_>>().join("; ")
}

/// Every changed file once. Artifacts may have been compared with different commits; a file is
/// listed with its owner's comparison, or with another's where its owner has none.
fn all_files(facts: &Facts) -> Vec<ChangedFile> {
    let compared: Vec<&Artifact> = facts
        .artifacts
        .iter()
        .filter(|artifact| matches!(artifact.diff, Diff::Files { .. }))
        .map(|artifact| &artifact.artifact)
        .collect();
    let mut files: Vec<ChangedFile> = Vec::new();
    for artifact in &facts.artifacts {
        if let Diff::Files { files: changed, .. } = &artifact.diff {
            let shown = |file: &&ChangedFile| match &file.artifact {
                Some(owner) => *owner == artifact.artifact || !compared.contains(&owner),
                None => true,
            };
            files.extend(changed.iter().filter(shown).cloned());
        }
    }
    files.sort_by(|one, two| (&one.path, &one.artifact).cmp(&(&two.path, &two.artifact)));
    files.dedup_by(|one, two| one.path == two.path && one.artifact == two.artifact);
    files
}

fn steps(facts: &Facts, decision: Decision) -> Vec<Step> {
    let (Decision::Ship(deploy_type), dag_deploys) = (decision, facts.target.dag_deploys()) else {
        let mut steps = match decision {
            Decision::RemoveBundle => vec![Step::CreateDeploy, Step::Finalize],
            _ => return Vec::new(),
        };
        surround(facts, &mut steps);
        return steps;
    };
    let mut steps = Vec::new();
    let ships_dags = deploy_type.ships_dags() && dag_deploys;
    if ships_dags {
        steps.push(Step::PackDags);
    }
    if deploy_type == DeployType::Bundle {
        steps.push(Step::PackBundle);
    }
    if deploy_type.ships_image() {
        let of_base = facts.preview.as_ref().is_some_and(|preview| preview.image_of.is_some());
        steps.push(match facts.request.prebuilt_image {
            Some(_) => Step::TakePrebuiltImage,
            None if of_base => Step::TakeBaseImage,
            None => Step::BuildImage,
        });
        steps.push(Step::CheckRuntime);
    }
    steps.push(Step::CreateDeploy);
    if deploy_type.ships_image() {
        steps.push(Step::PushImage);
    }
    if ships_dags {
        steps.push(Step::UploadDags);
    }
    if deploy_type == DeployType::Bundle {
        steps.push(Step::UploadBundle);
    }
    steps.extend([Step::CheckSuperseded, Step::Finalize]);
    surround(facts, &mut steps);
    steps
}

/// Adds what happens before and after shipping.
fn surround(facts: &Facts, steps: &mut Vec<Step>) {
    let asleep = facts
        .target
        .deployment()
        .is_some_and(|deployment| deployment.hibernating || deployment.status == DeploymentStatus::Hibernating);
    let wakes = asleep && facts.request.wake_on_deploy;
    // A Deployment that is put back to sleep before the deploy arrived would never get it.
    if facts.request.wait || wakes {
        steps.push(Step::ProveArrival);
        look_after(facts, steps);
    }
    if wakes {
        let before_create = steps.iter().position(|step| *step == Step::CreateDeploy).unwrap_or(0);
        steps.insert(before_create, Step::Wake);
        if facts.preview.is_none() {
            steps.push(Step::RestoreHibernation);
        }
    }
    if let Some(preview) = &facts.preview {
        around_a_preview(preview, steps);
    }
}

/// Adds what happens once the deploy has arrived. Airflow reads no DAGs anew after a bundle, and those of
/// remote execution do not ship through Astro.
fn look_after(facts: &Facts, steps: &mut Vec<Step>) {
    let ships_project = steps.iter().any(|step| matches!(step, Step::UploadDags | Step::PushImage));
    let remote = facts.target.deployment().is_some_and(|deployment| deployment.remote_execution);
    if facts.request.verify && ships_project && !remote {
        steps.push(Step::Verify);
    }
    if facts.request.smoke {
        steps.push(Step::SmokeRun);
    }
}

fn around_a_preview(preview: &PreviewFacts, steps: &mut Vec<Step>) {
    if preview.existence == Existence::ToBe {
        steps.insert(0, Step::CreatePreview);
    }
    let before_create = steps.iter().position(|step| *step == Step::CreateDeploy).unwrap_or(0);
    if preview.copies {
        steps.insert(before_create, Step::CopyObjects);
    }
    if preview.unpauses {
        steps.push(Step::UnpauseDags);
    }
}

fn notices(facts: &Facts, wanted: Option<DeployType>) -> Vec<String> {
    let mut notices = Vec::new();
    match &facts.target {
        Target::Unreachable { trust, dag_deploys } => {
            let cause = match trust {
                Some(Trust::Fork) => "pull requests from forks get no secrets",
                Some(Trust::Dependabot) => "Dependabot's pull requests get no deploy secrets",
                Some(Trust::Unknown) => "there is no ASTRO_API_TOKEN, as is right for a pull request from a fork",
                Some(Trust::SameRepository) | None => "there is no ASTRO_API_TOKEN",
            };
            let state = if *dag_deploys { "on" } else { "off" };
            notices.push(format!("{cause}, so this plan is made from git alone and takes DAG deploys to be {state}"));
        }
        Target::Deployment { deployment, .. } if deployment.status == DeploymentStatus::Unhealthy => {
            let why = deployment.status_reason.as_deref().unwrap_or("Astro gives no reason");
            notices.push(format!("the Deployment was unhealthy before this run: {why}"));
        }
        Target::Deployment { .. } | Target::Unmapped { .. } => {}
    }
    if let Some(base) = facts.preview.as_ref().and_then(|preview| preview.image_of.as_ref()) {
        notices
            .push(format!("the image is the one that {} runs, because ours would be the same; nothing is built", quoted(base)));
    }
    if let Some(branch) = &facts.request.into {
        notices.push(format!("this is what merging the pull request into {} would do", quoted(branch)));
    }
    if wanted.is_some() && facts.source.commit.is_none() && facts.target.deployment().is_some() {
        notices
            .push("this is not a git checkout with a commit, so it cannot be told whether newer content is replaced".to_owned());
    }
    if wanted.is_some() && !facts.source.uncommitted.is_empty() {
        let count = facts.source.uncommitted.len();
        let files = if count == 1 { "1 file that differs".to_owned() } else { format!("{count} files that differ") };
        notices.push(format!("the working tree ships as it is, with {files} from the commit"));
    }
    if wanted.is_some() && facts.request.force && facts.request.skip_unchanged {
        notices.push("`force` ships even when nothing changed; leave it out to let Liftoff skip".to_owned());
    }
    notices.extend(facts.artifacts.iter().filter_map(|artifact| relation_notice(facts, artifact, wanted?)));
    // Nothing vanishes from what is not there yet.
    let is_there = facts.preview.as_ref().is_none_or(|preview| preview.existence == Existence::There);
    notices.extend(facts.dags.iter().filter(|_| is_there).filter_map(|dags| vanishing(&dags.difference)));
    notices
}

/// A DAG that vanishes takes its schedule with it, which must not pass unseen.
fn vanishing(difference: &DagDifference) -> Option<String> {
    const MOST: usize = 20;
    let unless = if difference.dynamic.is_empty() { "" } else { ", unless a DAG with a computed id takes its place" };
    let ids: Vec<String> = difference.removed.iter().take(MOST).map(|dag| format!("`{}`", dag.id)).collect();
    let more = difference.removed.len().saturating_sub(MOST);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    match ids.as_slice() {
        [] => None,
        [id] => Some(format!("DAG {id} disappears from the Deployment{unless}")),
        ids => Some(format!("{} DAGs disappear from the Deployment{unless}: {}{more}", difference.removed.len(), ids.join(", "))),
    }
}

/// What to know about the commit that would be replaced.
fn relation_notice(facts: &Facts, artifact: &ArtifactFacts, wanted: DeployType) -> Option<String> {
    let Deployed::Known(known) = &artifact.deployed else {
        return None;
    };
    let theirs = known.commit.as_ref()?.short();
    if !guards::carried(wanted, &artifact.artifact) || known.commit == facts.source.commit {
        return None;
    }
    match artifact.relation {
        Relation::Diverged => Some(format!(
            "{}: {theirs}, which runs, is not in this commit's history (another branch, or a force push)",
            artifact.artifact
        )),
        Relation::Unknown => Some(format!(
            "{}: it cannot be told whether {theirs}, which runs, is newer than this commit; more history (`fetch-depth: 0`) would tell",
            artifact.artifact
        )),
        Relation::Same | Relation::Ahead | Relation::Behind => None,
    }
}
