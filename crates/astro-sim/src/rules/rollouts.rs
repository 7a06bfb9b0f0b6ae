//! Lands accepted changes when their time has come (reference/astro-platform.md 4).
//! It must not know who reads, only that somebody did.

use jiff::{SignedDuration, Timestamp};

use crate::rules::airflow_dags;
use crate::world::deploy::{Deploy, DeployKind, DeployStatus};
use crate::world::deployment::{Deployment, Status};
use crate::world::rollout::{Change, ChangeKind, Outcome, Pace};
use crate::world::state::World;

/// Notes that somebody reads a Deployment or one of its deploys, and lands what is due.
pub fn observe(world: &mut World, deployment_id: &str) {
    let (now, pace) = (world.clock.now(), world.rollout.pace);
    let Ok(deployment) = world.find_deployment_mut(deployment_id) else { return };
    match pace {
        Pace::Polls(polls) => {
            let due = deployment.pending.front_mut().is_some_and(|change| {
                let due = change.polls_seen >= polls;
                change.polls_seen = change.polls_seen.saturating_add(1);
                due
            });
            if due {
                land_next(deployment, now);
            }
        }
        Pace::Millis(millis) => {
            let wait = SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
            // The loop ends: it either lands a change or stops.
            while deployment.pending.front().is_some_and(|change| now.duration_since(change.since) >= wait) {
                if !land_next(deployment, now) {
                    break;
                }
            }
        }
    }
    airflow_dags::refresh(world, deployment_id);
}

/// Lands everything whose time has come, where changes land by time; reads do not count here.
pub fn catch_up(world: &mut World) {
    if !matches!(world.rollout.pace, Pace::Millis(_)) {
        return;
    }
    let waiting = world.deployments.iter().filter(|deployment| !deployment.pending.is_empty());
    let ids: Vec<_> = waiting.map(|deployment| deployment.id.clone()).collect();
    for id in ids {
        observe(world, &id);
    }
}

/// Lands the oldest pending change and returns whether it did.
fn land_next(deployment: &mut Deployment, now: Timestamp) -> bool {
    if deployment.pending.front().is_none_or(|change| change.outcome == Outcome::NeverArrives) {
        return false;
    }
    let Some(change) = deployment.pending.pop_front() else { return false };
    let reason = settle(deployment, &change, now);
    deployment.updated_at = now;
    deployment.status = match (&change.kind, &reason) {
        (ChangeKind::Hibernate, _) => Status::Hibernating,
        (_, Some(_)) => Status::Unhealthy,
        _ => Status::Healthy,
    };
    deployment.status_reason = reason;
    if !deployment.pending.is_empty() {
        deployment.status = Status::Deploying;
    }
    true
}

/// Applies a change and returns why the Deployment is unhealthy after it, if it is.
fn settle(deployment: &mut Deployment, change: &Change, now: Timestamp) -> Option<String> {
    let ChangeKind::Deploy(id) = &change.kind else { return None };
    let mut deploy = deployment.deploy(id)?.clone();
    deploy.updated_at = now;
    if let Outcome::DeployFailed(reason) = &change.outcome {
        deploy.status = DeployStatus::Failed;
        deploy.status_reason = Some(reason.clone());
        undo_desires(deployment, &deploy);
    } else {
        deploy.status = DeployStatus::Deployed;
        arrive(deployment, &deploy);
        deploy.snapshot = Some(deployment.snapshot());
    }
    if let Some(stored) = deployment.deploy_mut(id) {
        *stored = deploy;
    }
    match &change.outcome {
        Outcome::Unhealthy(reason) => Some(reason.clone()),
        _ => None,
    }
}

fn arrive(deployment: &mut Deployment, deploy: &Deploy) {
    if let (Some(_), Some(old)) = (&deploy.rollback_from_id, &deploy.snapshot) {
        deployment.image_tag = old.image_tag.clone();
        deployment.dag_tarball_version = old.dag_tarball_version.clone();
        deployment.runtime_version = old.runtime_version.clone();
        deployment.airflow_version = old.airflow_version.clone();
        deployment.is_dag_deploy_enabled = old.is_dag_deploy_enabled;
        deployment.bundles = old.bundles.clone();
        return;
    }
    if deploy.kind.ships_image() {
        deployment.image_tag = deploy.image_tag.clone();
        deployment.runtime_version = deploy.runtime_version.clone();
        deployment.airflow_version = deploy.airflow_version.clone();
    }
    if let Some(version) = &deploy.dag_tarball_version {
        deployment.dag_tarball_version = Some(version.clone()).filter(|version| !version.is_empty());
    }
    if deploy.kind == DeployKind::Bundle {
        let version = deploy.bundle_tarball_version.clone().filter(|version| !version.is_empty());
        let mounted = |mount_path: &str| Some(mount_path) == deploy.mount_path.as_deref();
        for bundle in deployment.bundles.iter_mut().filter(|bundle| mounted(&bundle.mount_path)) {
            bundle.current_version = version.clone();
        }
        deployment.bundles.retain(|bundle| bundle.current_version.is_some() || bundle.desired_version.is_some());
    }
}

/// Makes what runs the goal again, unless a later deploy has set another.
fn undo_desires(deployment: &mut Deployment, deploy: &Deploy) {
    let sent = deploy.dag_tarball_version.as_deref().map(|version| Some(version).filter(|version| !version.is_empty()));
    if deploy.rollback_from_id.is_some() || sent == Some(deployment.desired_dag_tarball_version.as_deref()) {
        deployment.desired_dag_tarball_version = deployment.dag_tarball_version.clone();
    }
    for bundle in deployment.bundles.iter_mut().filter(|bundle| bundle.deploy_id == deploy.id) {
        bundle.desired_version = bundle.current_version.clone();
    }
    deployment.bundles.retain(|bundle| bundle.current_version.is_some() || bundle.desired_version.is_some());
}
