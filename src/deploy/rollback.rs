//! Goes back to an earlier deploy and proves that it runs. Whether anybody may is decided before.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::astro::arrival::{Expectation, ExpectedBundle};
use crate::astro::requests::NewRollback;
use crate::astro::wait::Patience;
use crate::deploy::order::Tools;
use crate::deploy::outcome::{Arrival, Outcome, Unfinished};
use crate::deploy::stopwatch::Stopwatch;
use crate::deploy::{hibernation, proof};
use crate::error::{Error, Kind, Result};
use crate::model::artifact::Artifact;
use crate::model::deploy::DeployRecord;
use crate::model::deployment::Deployment;
use crate::model::ids::DeployId;
use crate::plan::deployed::commit;
use crate::plan::description::{Footer, compose};
use crate::plan::rollback::{DagDeploys, Rollback};
use crate::plan::then::Brought;

/// How long a Deployment may take to wake when nobody waits for the arrival.
const WAKE_BUDGET: Duration = Duration::from_secs(600);

/// What to do.
pub struct Order<'a> {
    /// The Deployment.
    pub deployment: &'a Deployment,
    /// The way back.
    pub rollback: &'a Rollback,
    /// The user's words for the rollback.
    pub words: String,
    /// Random name of the run.
    pub run: String,
    /// How to wait for the arrival; none to not wait.
    pub patience: Option<Patience>,
}

/// Goes back.
///
/// # Errors
/// The first failure of any step, with the rollback when the platform had accepted it before.
pub async fn perform(order: &Order<'_>, tools: &Tools<'_>) -> std::result::Result<Outcome, Box<Unfinished>> {
    let accepted = Mutex::new(None);
    let woken = OnceLock::new();
    let mut interrupt = tools.interrupt.clone();
    let done = tokio::select! {
        done = back(order, tools, &accepted, &woken) => done,
        kind = interrupt.wished() => Err(Error::new(kind, "finish").because("the run was stopped by a signal")),
    };
    if let Some(until) = woken.get() {
        hibernation::restored(tools, order.deployment, until).await;
    }
    done.map_err(|error| {
        let accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::new(Unfinished { error: explained(error, accepted.as_ref()), accepted })
    })
}

/// Says what a failure means for the Deployment.
fn explained(error: Error, accepted: Option<&Outcome>) -> Error {
    let advice = error.advice().map(|advice| format!("{advice}\n")).unwrap_or_default();
    let meaning = match accepted {
        Some(outcome) => {
            format!("Astro has accepted the rollback {}; look at the Deployment before running again", outcome.deploy_id)
        }
        // An answer that never came says nothing.
        None if matches!(error.kind(), Kind::Transfer | Kind::Interrupted | Kind::Terminated) => {
            "Astro may have accepted the rollback all the same; `liftoff history` tells".to_owned()
        }
        None => "nothing was rolled back".to_owned(),
    };
    error.hint(format!("{advice}{meaning}"))
}

async fn back(
    order: &Order<'_>,
    tools: &Tools<'_>,
    accepted: &Mutex<Option<Outcome>>,
    woken: &OnceLock<String>,
) -> Result<Outcome> {
    let mut watch = Stopwatch::default();
    if order.rollback.wakes {
        let started = Instant::now();
        let budget = order.patience.map_or(WAKE_BUDGET, |patience| patience.budget);
        hibernation::woken(tools, order.deployment, budget, woken).await?;
        watch.record("wake", started, String::new());
    }
    let started = Instant::now();
    let new = NewRollback {
        to: order.rollback.target.id.clone(),
        description: compose(&order.words, &footer(order)),
        marker: format!("run={}", order.run),
    };
    let record = tools.astro.rollback(&order.deployment.id, &new).await?;
    watch.record("roll back", started, String::new());
    tools.console.info(&format!("rolled back to deploy {}: deploy {}", new.to, record.id));
    let expected = expectation(order, &record);
    let outcome = Outcome {
        deploy_id: record.id.clone(),
        deploy_type: order.rollback.deploy_type,
        image_tag: expected.image.clone(),
        dag_bundle_version: expected.dags.clone(),
        bundle_version: expected.bundles.iter().find_map(|bundle| bundle.version.clone()),
        arrival: Arrival::NotProven,
        verification: None,
        trials: Vec::new(),
        stages: Vec::new(),
    };
    *accepted.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome.clone());
    let arrival = match &order.patience {
        Some(patience) => {
            let started = Instant::now();
            let arrival = proof::of_arrival(tools, &order.deployment.id, &expected, patience).await?;
            watch.record("arrive", started, String::new());
            arrival
        }
        None => Arrival::NotAwaited,
    };
    Ok(Outcome { arrival, stages: watch.stages(), ..outcome })
}

/// Returns what is to run once the rollback has arrived: every version as it was then.
fn expectation(order: &Order<'_>, record: &DeployRecord) -> Expectation {
    let mut expected = Expectation { deploy: DeployId::new(record.id.as_str()), dags: None, image: None, bundles: Vec::new() };
    for part in &order.rollback.parts {
        match (&part.artifact, &part.then) {
            (Artifact::Dags, Brought::By(by)) => expected.dags.clone_from(&by.dag_bundle_version),
            (Artifact::Image, Brought::By(by)) => expected.image.clone_from(&by.image_tag),
            (Artifact::Bundle(mount), Brought::By(_)) if part.bundle_version.is_some() => {
                let version = part.bundle_version.clone();
                expected.bundles.push(ExpectedBundle { mount_path: mount.clone(), version });
            }
            (Artifact::Bundle(mount), Brought::Nothing) => {
                expected.bundles.push(ExpectedBundle { mount_path: mount.clone(), version: None });
            }
            _ => {}
        }
    }
    if order.rollback.dag_deploys == Some(DagDeploys::Off) {
        expected.dags = None;
    }
    expected
}

/// Returns what a later run is to know of what runs again.
fn footer(order: &Order<'_>) -> Footer {
    let rollback = order.rollback;
    let mut footer = Footer { run: order.run.clone(), commit: rollback.commit(), ..Footer::default() };
    for part in &rollback.parts {
        let Brought::By(by) = &part.then else { continue };
        let theirs = Footer::parse(&by.description).unwrap_or_default();
        let same = commit(by) == footer.commit;
        footer.dirty |= same && theirs.dirty;
        footer.from = footer.from.or(theirs.from.clone().filter(|_| same));
        // One bundle has a place in the footer, and there may be several.
        if let (Artifact::Dags | Artifact::Image, Some(print)) = (&part.artifact, theirs.fingerprint(&part.artifact)) {
            footer.record(&part.artifact, print);
        }
    }
    footer
}
