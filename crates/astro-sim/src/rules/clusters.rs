//! Clusters: making, changing and deleting them (reference/astro-platform.md 8.10).
//! It must not know how they are shown, nor how long the real ones take.

use serde_json::Value;

use crate::refusal::Refusal;
use crate::rules::fields::{self, Body};
use crate::world::network::Cluster;
use crate::world::state::World;
use crate::world::token::ApiToken;

/// Returns a cluster of the caller's Organization.
pub fn enter<'a>(world: &'a World, caller: &ApiToken, id: &str) -> Result<&'a Cluster, Refusal> {
    let own = |cluster: &&Cluster| cluster.id == id && cluster.organization_id == caller.spec.organization_id;
    world.clusters.iter().find(own).ok_or_else(|| Refusal::not_found("cluster", id))
}

/// Creates a cluster and returns its id. (That it is ready at once is the simulator's.)
pub fn create(world: &mut World, caller: &ApiToken, body: &Body) -> Result<String, Refusal> {
    let name = fields::filled(body, "name").ok_or_else(|| Refusal::invalid("Invalid request: name must not be empty"))?;
    let cluster = Cluster {
        organization_id: caller.spec.organization_id.clone(),
        provider: fields::text(body, "cloudProvider").unwrap_or_default(),
        region: fields::text(body, "region").unwrap_or_default(),
        kind: fields::text(body, "type").unwrap_or_default(),
        workspace_ids: workspaces(world, caller, body)?,
        ..Cluster::named(&name)
    };
    Ok(world.add_cluster(cluster))
}

/// Changes name and Workspaces of a cluster; of the rest the simulator knows nothing.
pub fn update(world: &mut World, caller: &ApiToken, id: &str, body: &Body) -> Result<(), Refusal> {
    if enter(world, caller, id)?.kind != fields::text(body, "clusterType").unwrap_or_default() {
        return Err(Refusal::invalid("Invalid request: clusterType is not that of the cluster"));
    }
    let workspaces = workspaces(world, caller, body)?;
    if let Some(cluster) = world.clusters.iter_mut().find(|cluster| cluster.id == id) {
        cluster.name = fields::filled(body, "name").unwrap_or_else(|| cluster.name.clone());
        cluster.workspace_ids = workspaces;
    }
    Ok(())
}

/// Deletes a cluster on which no Deployment runs.
pub fn delete(world: &mut World, caller: &ApiToken, id: &str) -> Result<(), Refusal> {
    enter(world, caller, id)?;
    let used = |settings: &Body| settings.get("clusterId").and_then(Value::as_str) == Some(id);
    if world.deployments.iter().any(|deployment| used(&deployment.settings)) {
        return Err(Refusal::invalid("Cluster still has deployments"));
    }
    world.clusters.retain(|cluster| cluster.id != id);
    Ok(())
}

fn workspaces(world: &World, caller: &ApiToken, body: &Body) -> Result<Vec<String>, Refusal> {
    let sent = body.get("workspaceIds").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let own = |id: &str| world.find_workspace(id).is_ok_and(|found| found.organization_id == caller.spec.organization_id);
    sent.map(|id| if own(id) { Ok(id.to_owned()) } else { Err(Refusal::not_found("workspace", id)) }).collect()
}
