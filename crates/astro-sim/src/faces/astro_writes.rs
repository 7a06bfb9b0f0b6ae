//! The Astro operations that change the world.
//! It must not know the rules they follow.

use crate::faces::astro_request::{Outcome, Request};
use crate::faces::{astro_reads, astro_render as render};
use crate::rules::{accounts, deployments, deploys, finalize, hibernation, rollback};
use crate::world::state::World;

/// Performs a changing operation; `None` if it is none of these.
pub fn perform(world: &mut World, operation: &str, request: &Request<'_>) -> Option<Outcome> {
    let outcome = match operation {
        "CreateWorkspace" | "UpdateWorkspace" | "DeleteWorkspace" => workspace(world, operation, request),
        "CreateDeployment" => create_deployment(world, request),
        "UpdateDeployment"
        | "DeleteDeployment"
        | "UpdateDeploymentHibernationOverride"
        | "DeleteDeploymentHibernationOverride" => deployment(world, operation, request),
        "CreateDeploy" | "UpdateDeploy" | "FinalizeDeploy" | "DeployRollback" => deploy(world, operation, request),
        _ => return None,
    };
    Some(outcome)
}

fn workspace(world: &mut World, operation: &str, request: &Request<'_>) -> Outcome {
    let mut id = request.id("workspaceId").to_owned();
    match operation {
        "CreateWorkspace" => id = accounts::create(world, &request.caller, &request.body)?,
        "UpdateWorkspace" => accounts::update(world, &id, &request.body)?,
        _ => return accounts::delete(world, &id).map(|()| None),
    }
    Ok(Some(render::workspace(world, world.find_workspace(&id)?)))
}

fn create_deployment(world: &mut World, request: &Request<'_>) -> Outcome {
    let id = deployments::create(world, &request.caller, &request.body)?;
    Ok(Some(render::deployment(world, world.find_deployment(&id)?)))
}

fn deployment(world: &mut World, operation: &str, request: &Request<'_>) -> Outcome {
    let id = request.id("deploymentId").to_owned();
    match operation {
        "UpdateDeployment" => {
            deployments::update(world, &id, &request.body)?;
            Ok(Some(render::deployment(world, world.find_deployment(&id)?)))
        }
        "DeleteDeployment" => {
            deployments::delete(world, &id);
            Ok(None)
        }
        "UpdateDeploymentHibernationOverride" => {
            Ok(Some(render::hibernation_override(&hibernation::set(world, &id, &request.body)?)))
        }
        _ => hibernation::remove(world, &id).map(|()| None),
    }
}

fn deploy(world: &mut World, operation: &str, request: &Request<'_>) -> Outcome {
    let id = request.id("deploymentId").to_owned();
    let mut deploy = request.id("deployId").to_owned();
    match operation {
        "CreateDeploy" => deploy = deploys::create(world, &request.caller, &id, &request.body)?,
        "UpdateDeploy" => deploys::describe(world, &id, &deploy, &request.body)?,
        "FinalizeDeploy" => finalize::finalize(world, &id, &deploy, &request.body)?,
        _ => deploy = rollback::rollback(world, &request.caller, (&id, &deploy), &request.body)?,
    }
    astro_reads::deploy(world, &id, &deploy).map(Some)
}
