//! Sleeping and waking by override (reference/astro-platform.md 5.6).
//! It must not know deploys.

use jiff::Timestamp;
use serde_json::Value;

use crate::refusal::Refusal;
use crate::rules::cron::Cron;
use crate::rules::fields::{self, Body};
use crate::world::deployment::{Deployment, HibernationOverride, Status};
use crate::world::rollout::{Change, ChangeKind};
use crate::world::state::World;

/// Returns the word and the time of what the schedules make happen next; `None` while an override rules, and where no
/// schedule is enabled or one cannot be read.
pub fn next_event(deployment: &Deployment, now: Timestamp) -> Option<(&'static str, Timestamp)> {
    if deployment.hibernation_override.is_some() {
        return None;
    }
    let asleep = deployment.status == Status::Hibernating;
    let (word, field) = if asleep { ("WAKE", "wakeAtCron") } else { ("HIBERNATE", "hibernateAtCron") };
    let schedules = deployment.settings.get("scalingSpec")?.get("hibernationSpec")?.get("schedules")?.as_array()?;
    let enabled =
        schedules.iter().filter_map(Value::as_object).filter(|schedule| fields::flag(schedule, "isEnabled") == Some(true));
    let times: Option<Vec<Timestamp>> = enabled.map(|schedule| Cron::parse(&fields::text(schedule, field)?)?.next(now)).collect();
    times?.into_iter().min().map(|at| (word, at))
}

/// Sets an override; falling asleep and waking take as long as a rollout.
pub fn set(world: &mut World, deployment_id: &str, body: &Body) -> Result<HibernationOverride, Refusal> {
    let deployment = world.find_deployment(deployment_id)?;
    if !deployment.is_development_mode {
        return Err(Refusal::invalid("Only a deployment in development mode can hibernate"));
    }
    let wanted = fields::flag(body, "isHibernating");
    let is_hibernating = wanted.ok_or_else(|| Refusal::invalid("isHibernating must be true or false"))?;
    let chosen = HibernationOverride { is_hibernating, until: fields::text(body, "overrideUntil") };
    world.find_deployment_mut(deployment_id)?.hibernation_override = Some(chosen.clone());
    steer(world, deployment_id, if is_hibernating { ChangeKind::Hibernate } else { ChangeKind::Wake })?;
    Ok(chosen)
}

/// Removes an override; the schedule rules again.
pub fn remove(world: &mut World, deployment_id: &str) -> Result<(), Refusal> {
    let deployment = world.find_deployment_mut(deployment_id)?;
    if deployment.hibernation_override.take().is_none() {
        return Err(Refusal::not_found("hibernation override of deployment", deployment_id));
    }
    let goal = if deployment.is_asleep_by_schedule { ChangeKind::Hibernate } else { ChangeKind::Wake };
    steer(world, deployment_id, goal)
}

/// Starts towards being asleep or awake, unless the Deployment is there or on its way.
fn steer(world: &mut World, deployment_id: &str, goal: ChangeKind) -> Result<(), Refusal> {
    let now = world.clock.now();
    let deployment = world.find_deployment_mut(deployment_id)?;
    if course(deployment) != goal {
        deployment.pending.push_back(Change::new(goal, now));
    }
    Ok(())
}

/// Returns where the Deployment is, or where the changes under way will bring it.
fn course(deployment: &Deployment) -> ChangeKind {
    let sleep = |change: &&Change| matches!(change.kind, ChangeKind::Hibernate | ChangeKind::Wake);
    let last = deployment.pending.iter().rev().find(sleep).map(|change| change.kind.clone());
    let now = if deployment.status == Status::Hibernating { ChangeKind::Hibernate } else { ChangeKind::Wake };
    last.unwrap_or(now)
}
