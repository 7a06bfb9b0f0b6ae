//! Going back to an earlier deploy (reference/astro-docs.md 4.5).
//! It must not know when the rollback lands.

use jiff::SignedDuration;

use crate::refusal::Refusal;
use crate::rules::deploys::check_description;
use crate::rules::fields::{self, Body};
use crate::world::deploy::{Deploy, DeployStatus};
use crate::world::deployment::{Deployment, Status};
use crate::world::rollout::{Change, ChangeKind};
use crate::world::state::World;
use crate::world::token::ApiToken;

/// Days a deploy can be gone back to.
const KEPT_DAYS: i64 = 90;

/// Starts a rollback to a deploy and returns the new deploy's id; it needs no finalize.
pub fn rollback(world: &mut World, caller: &ApiToken, ids: (&str, &str), body: &Body) -> Result<String, Refusal> {
    let (deployment_id, deploy_id) = ids;
    check_description(body)?;
    let now = world.clock.now();
    let deployment = world.find_deployment(deployment_id)?;
    let target = deployment.deploy(deploy_id).ok_or_else(|| Refusal::not_found("deploy", deploy_id))?.clone();
    check_target(deployment, &target, now.duration_since(target.created_at))?;
    if deployment.status == Status::Hibernating {
        return Err(Refusal::invalid("Deployment is hibernating and cannot be deployed to"));
    }
    let snapshot = target.snapshot.clone().unwrap_or_default();
    let mut change = Change::new(ChangeKind::Deploy(String::new()), now);
    change.outcome = world.rollout.draw();
    let mut deploy = Deploy::new(target.kind, now);
    deploy.id = world.ids.fresh();
    deploy.description = fields::text(body, "description").unwrap_or_default();
    deploy.created_by = caller.id.clone();
    deploy.git = target.git.clone();
    deploy.mount_path = target.mount_path.clone();
    deploy.bundle_type = target.bundle_type.clone();
    deploy.rollback_from_id = Some(target.id.clone());
    deploy.image_tag = snapshot.image_tag.clone();
    deploy.dag_tarball_version = snapshot.dag_tarball_version.clone();
    deploy.runtime_version = snapshot.runtime_version.clone();
    deploy.airflow_version = snapshot.airflow_version.clone();
    deploy.is_dag_deploy_enabled = snapshot.is_dag_deploy_enabled;
    deploy.snapshot = Some(snapshot);
    let id = deploy.id.clone();
    change.kind = ChangeKind::Deploy(id.clone());
    let deployment = world.find_deployment_mut(deployment_id)?;
    deployment.desired_dag_tarball_version = deploy.dag_tarball_version.clone();
    deployment.status = Status::Deploying;
    deployment.deploys.push(deploy);
    deployment.pending.push_back(change);
    Ok(id)
}

fn check_target(deployment: &Deployment, target: &Deploy, age: SignedDuration) -> Result<(), Refusal> {
    if deployment.kind == "HYBRID" {
        return Err(Refusal::invalid("Rollback is available for Hosted Deployments only"));
    }
    if target.status != DeployStatus::Deployed || target.snapshot.is_none() {
        return Err(Refusal::invalid("Only a deploy that has been deployed can be rolled back to"));
    }
    let newest = deployment.deploys.iter().rfind(|deploy| deploy.status == DeployStatus::Deployed);
    if age > SignedDuration::from_hours(24 * KEPT_DAYS) && newest.is_none_or(|newest| newest.id != target.id) {
        return Err(Refusal::invalid("The deploy is too old to be rolled back to"));
    }
    Ok(())
}
