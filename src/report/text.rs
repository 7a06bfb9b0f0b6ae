//! The plan and the outcome as terminal text, useful without colour.

use crate::changes::change::ChangeKind;
use crate::console::progress::bytes;
use crate::deploy::outcome::{Arrival, Outcome};
use crate::model::deployment::Deployment;
use crate::plan::outline::{Decision, Plan};
use crate::plan::verdict::Verdict;
use crate::report::run::{Detail, ShownSetting, shipped};
use crate::report::{dags, figures, smoke, verification};

/// Files listed in a plan before the rest is only counted, unless every file was asked for.
const FILES_SHOWN: usize = 40;

/// Returns the plan, line by line.
#[must_use]
pub fn plan(plan: &Plan, deployment: Option<&Deployment>, settings: &[ShownSetting], detail: Detail) -> Vec<String> {
    let mut lines = Vec::new();
    if plan.decision == Decision::Unmapped {
        return vec!["Deployment  none".to_owned(), format!("Decision    {}", decision(plan))];
    }
    match deployment {
        Some(deployment) => lines.push(format!("Deployment  {} ({})", deployment.name, deployment.id)),
        None => lines.push("Deployment  unknown, because there is no token".to_owned()),
    }
    if let Some((commit, origin)) = &plan.base {
        lines.push(format!("Base        {}, the commit {}", commit.short(), origin.words()));
    }
    match plan.decision {
        Decision::RemoveBundle => lines.extend(plan.artifacts.iter().map(|verdict| format!("Removal     {}", verdict.artifact))),
        _ => lines.extend(plan.artifacts.iter().map(artifact)),
    }
    lines.extend(plan.dags.iter().flat_map(|facts| dags::lines(facts, detail)));
    lines.extend(files(plan, detail));
    if detail == Detail::Full {
        let set: Vec<&ShownSetting> = settings.iter().filter(|setting| setting.origin != "default").collect();
        if !set.is_empty() {
            lines.push("Settings".to_owned());
            lines.extend(set.iter().map(|setting| format!("  {} = {}  ({})", setting.name, setting.value, setting.origin)));
        }
    }
    lines.extend(plan.notices.iter().map(|notice| format!("Note        {notice}")));
    lines.push(format!("Decision    {}", decision(plan)));
    if let Some(refusal) = &plan.refusal {
        lines.push(format!("Refused     {}", refusal.cause().unwrap_or_else(|| refusal.doing())));
    }
    if !plan.steps.is_empty() && detail == Detail::Full {
        lines.push("Steps".to_owned());
        lines.extend(plan.steps.iter().map(|step| format!("  {}", step.words())));
    }
    lines
}

fn artifact(verdict: &Verdict) -> String {
    let state = if verdict.changed { "changed" } else { "unchanged" };
    let name = match &verdict.artifact {
        crate::model::artifact::Artifact::Bundle(_) => "Bundle",
        crate::model::artifact::Artifact::Dags => "DAGs",
        crate::model::artifact::Artifact::Image => "Image",
    };
    let content = &verdict.content;
    let size = format!("{}, {}", figures::count(content.files, "file"), bytes(content.bytes));
    format!("{name:<12}{state}: {} [{size}]", verdict.reason)
}

fn files(plan: &Plan, detail: Detail) -> Vec<String> {
    if plan.files.is_empty() {
        return Vec::new();
    }
    let shown = if detail == Detail::Full { plan.files.len() } else { FILES_SHOWN.min(plan.files.len()) };
    let width = plan.files.iter().take(shown).map(|file| file.path.to_string().chars().count()).max().unwrap_or(0).min(60);
    let mut lines = vec!["Files".to_owned()];
    for file in plan.files.iter().take(shown) {
        let owner = file.artifact.as_ref().map_or("-", |artifact| artifact.key());
        lines.push(format!("  {} {:<width$}  {owner:<6} {}", change_letter(file.change), file.path.to_string(), file.why));
    }
    if plan.files.len() > shown {
        lines.push(format!("  … and {} more", figures::count((plan.files.len() - shown) as u64, "file")));
    }
    lines
}

/// Returns the decision in one sentence.
#[must_use]
pub fn decision(plan: &Plan) -> String {
    let why = match plan.artifacts.as_slice() {
        // The artifact lines above say it already.
        [_, ..] if plan.decision == Decision::Nothing => String::new(),
        _ => format!(" ({})", plan.reason),
    };
    match plan.decision {
        Decision::Ship(deploy_type) if plan.artifacts.iter().any(|artifact| artifact.changed) => {
            format!("ship {}", shipped(deploy_type))
        }
        Decision::Ship(deploy_type) => format!("ship {} although nothing changed", shipped(deploy_type)),
        Decision::RemoveBundle => "remove the bundle".to_owned(),
        Decision::Nothing => format!("nothing to ship{why}"),
        Decision::NoCredentials(Some(deploy_type)) => {
            format!("show only; with credentials this would ship {}", shipped(deploy_type))
        }
        Decision::NoCredentials(None) => "show only; nothing would ship".to_owned(),
        Decision::Unmapped => format!("nothing to ship, because {}", plan.reason),
    }
}

const fn proof(arrival: Arrival) -> &'static str {
    match arrival {
        Arrival::Proven => "and proven to run",
        Arrival::NotAwaited => "accepted; not awaited",
        Arrival::NotProven => "accepted; not proven to run",
        Arrival::Superseded => "accepted; a newer deploy took over before it arrived",
    }
}

/// Returns the outcome of a rollback, line by line.
#[must_use]
pub fn rolled_back(done: &Outcome, deployment: &Deployment) -> Vec<String> {
    let mut lines = outcome(done, deployment, None);
    if let Some(first) = lines.first_mut() {
        *first = format!("Rolled back {}: deploy {}, {}", deployment.name, done.deploy_id, proof(done.arrival));
    }
    lines
}

/// Returns the outcome, line by line.
#[must_use]
pub fn outcome(outcome: &Outcome, deployment: &Deployment, plan: Option<&Plan>) -> Vec<String> {
    let proof = proof(outcome.arrival);
    let removed = plan.is_some_and(|plan| plan.decision == Decision::RemoveBundle);
    let (word, preposition) = if removed { ("Removed ", "from") } else { ("Deployed", "to") };
    let what = shipped(outcome.deploy_type);
    let mut lines = vec![format!("{word}    {what} {preposition} {}: deploy {}, {proof}", deployment.name, outcome.deploy_id)];
    if let Some(tag) = &outcome.image_tag {
        lines.push(format!("Image       {tag}"));
    }
    if let Some(version) = &outcome.dag_bundle_version {
        lines.push(format!("DAG bundle  {version}"));
    }
    if let Some(version) = &outcome.bundle_version {
        lines.push(format!("Bundle      {version}"));
    }
    lines.extend(outcome.verification.iter().flat_map(verification::lines));
    lines.extend(smoke::lines(&outcome.trials));
    let stages: Vec<String> =
        outcome.stages.iter().map(|stage| format!("{} {}", stage.name, figures::duration(stage.took))).collect();
    lines.push(format!("Timings     {}", stages.join(", ")));
    if let Some(url) = &deployment.astro_url {
        lines.push(format!("Astro       {url}"));
    }
    if let Some(url) = &deployment.airflow_url {
        lines.push(format!("Airflow     {url}"));
    }
    lines
}

/// Returns what became of a deploy that ended badly and was taken back by a rollback, line by line.
#[must_use]
pub fn taken_back(bad: &Outcome, back: &Outcome, deployment: &Deployment, plan: Option<&Plan>) -> Vec<String> {
    let mut lines = outcome(bad, deployment, plan);
    if let Some(first) = lines.first_mut() {
        let what = shipped(bad.deploy_type);
        *first = format!(
            "Taken back  {what} of {}: deploy {} ended badly; deploy {} brought back what ran before, {}",
            deployment.name,
            bad.deploy_id,
            back.deploy_id,
            proof(back.arrival)
        );
    }
    lines
}

/// Returns the stable machine-readable word of a change.
#[must_use]
pub const fn change_word(change: ChangeKind) -> &'static str {
    match change {
        ChangeKind::Added => "added",
        ChangeKind::Modified => "modified",
        ChangeKind::Removed => "removed",
    }
}

/// Returns git's letter for a change.
#[must_use]
pub const fn change_letter(change: ChangeKind) -> char {
    match change {
        ChangeKind::Added => 'A',
        ChangeKind::Modified => 'M',
        ChangeKind::Removed => 'D',
    }
}
