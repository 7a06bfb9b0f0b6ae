//! The Astro operations that read.
//! It must not change the world, but for noting that somebody looked.

use serde_json::{Value, json};

use crate::faces::astro_render as render;
use crate::faces::astro_request::{Outcome, Request};
use crate::refusal::Refusal;
use crate::rules::paging::Page;
use crate::rules::{access, accounts, authority, rollouts};
use crate::world::deployment::Deployment;
use crate::world::state::World;

/// Performs a reading operation; `None` if it is none of these.
pub fn perform(world: &mut World, operation: &str, request: &Request<'_>) -> Option<Outcome> {
    let outcome = match operation {
        "ListOrganizations" => list_organizations(world, request),
        "GetOrganization" => {
            world.find_organization(request.id("organizationId")).map(|found| render::organization(world, found))
        }
        "ListWorkspaces" => list_workspaces(world, request),
        "GetWorkspace" => accounts::enter_workspace(world, &request.caller, request.id("workspaceId"))
            .map(|workspace| render::workspace(world, workspace)),
        "GetDeploymentOptions" => Ok(render::deployment_options(world)),
        "ListDeployments" => list_deployments(world, request),
        "GetDeployment" => get_deployment(world, request),
        "ListDeploys" => list_deploys(world, request),
        "GetDeploy" => get_deploy(world, request),
        _ => return None,
    };
    Some(outcome.map(Some))
}

fn list_organizations(world: &World, request: &Request<'_>) -> Result<Value, Refusal> {
    let own = world.organizations.iter().filter(|found| found.id == request.caller.spec.organization_id);
    let product = request.call.parameter("product");
    let own = own.filter(|found| product.is_none_or(|product| found.product == product));
    page(request, "organizations", own.map(|found| render::organization(world, found)).collect())
}

fn list_workspaces(world: &World, request: &Request<'_>) -> Result<Value, Refusal> {
    let (ids, names) = (request.call.parameters("workspaceIds"), request.call.parameters("names"));
    let seen = world.workspaces.iter().filter(|found| accounts::sees_workspace(world, &request.caller, found));
    let wanted = seen.filter(|found| among(&ids, &found.id) && among(&names, &found.name));
    page(request, "workspaces", wanted.map(|found| render::workspace(world, found)).collect())
}

fn list_deployments(world: &mut World, request: &Request<'_>) -> Result<Value, Refusal> {
    let call = request.call;
    let (ids, names) = (call.parameters("deploymentIds"), call.parameters("names"));
    let workspaces = call.parameters("workspaceIds");
    let seen = |found: &&Deployment| {
        found.organization_id == request.caller.spec.organization_id
            && authority::reaches(&request.caller, &found.workspace_id, &found.id)
            && among(&ids, &found.id)
            && among(&names, &found.name)
            && among(&workspaces, &found.workspace_id)
    };
    page(request, "deployments", world.deployments.iter().filter(seen).map(|found| render::deployment(world, found)).collect())
}

fn get_deployment(world: &mut World, request: &Request<'_>) -> Result<Value, Refusal> {
    let id = request.id("deploymentId");
    access::enter_deployment(world, &request.caller, id)?;
    rollouts::observe(world, id);
    Ok(render::deployment(world, world.find_deployment(id)?))
}

/// Newest first (inferred: the sources name no order).
fn list_deploys(world: &World, request: &Request<'_>) -> Result<Value, Refusal> {
    let deployment = access::enter_deployment(world, &request.caller, request.id("deploymentId"))?;
    let deploys = deployment.deploys.iter().rev().map(|deploy| render::deploy(world, deployment, deploy));
    page(request, "deploys", deploys.collect())
}

fn get_deploy(world: &mut World, request: &Request<'_>) -> Result<Value, Refusal> {
    let id = request.id("deploymentId");
    access::enter_deployment(world, &request.caller, id)?;
    rollouts::observe(world, id);
    deploy(world, id, request.id("deployId"))
}

/// Returns a deploy as the contract spells it.
pub fn deploy(world: &World, deployment_id: &str, deploy_id: &str) -> Result<Value, Refusal> {
    let deployment = world.find_deployment(deployment_id)?;
    let deploy = deployment.deploy(deploy_id).ok_or_else(|| Refusal::not_found("deploy", deploy_id))?;
    Ok(render::deploy(world, deployment, deploy))
}

/// Returns whether a filter lets a value through; no filter lets all through.
pub fn among(filter: &[String], value: &str) -> bool {
    filter.is_empty() || filter.iter().any(|wanted| wanted == value)
}

/// Returns a page of a list, sorted as the request asks.
pub fn page(request: &Request<'_>, name: &str, mut items: Vec<Value>) -> Result<Value, Refusal> {
    let page = Page::parse(request.call.parameter("limit"), request.call.parameter("offset"))?;
    for sort in request.call.parameters("sorts").iter().rev() {
        let (key, order) = sort.split_once(':').unwrap_or((sort, "asc"));
        items.sort_by(|one, other| one[key].as_str().cmp(&other[key].as_str()));
        if order == "desc" {
            items.reverse();
        }
    }
    let total = items.len();
    Ok(json!({ "limit": page.limit, "offset": page.offset, "totalCount": total, name: page.cut(items) }))
}
