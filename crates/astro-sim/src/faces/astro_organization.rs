//! The Astro operations on an Organization itself: roles, address ranges and clusters.
//! It must not know the rules they follow.

use serde_json::{Value, json};

use crate::faces::astro_reads::{among, page};
use crate::faces::astro_render::{self, time};
use crate::faces::astro_render_people::subject;
use crate::faces::astro_request::{Outcome, Request};
use crate::refusal::Refusal;
use crate::rules::{accounts, clusters, ip_ranges, roles};
use crate::world::network::{Cluster, IpRange};
use crate::world::role::{
    CustomRole, DAG_PERMISSIONS, DAG_ROLES, DEPLOYMENT_ADMIN, DEPLOYMENT_PERMISSIONS, ORGANIZATION_ROLES, WORKSPACE_ROLES,
};
use crate::world::state::World;

/// Whether the permissions of a role are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Permissions {
    Hidden,
    Shown,
}

/// Performs an operation on an Organization; `None` if it is none of these.
pub fn perform(world: &mut World, operation: &str, request: &Request<'_>) -> Option<Outcome> {
    let outcome = match operation {
        "UpdateOrganization" => update(world, request).map(Some),
        "ListRoles" | "GetCustomRole" | "CreateCustomRole" | "UpdateCustomRole" | "DeleteCustomRole" => {
            role(world, operation, request)
        }
        "ListRoleTemplates" => Ok(Some(templates(request))),
        "ListPermissionGroups" => Ok(Some(permission_groups(request))),
        "ListAllowedIpAddressRanges"
        | "CreateAllowedIpAddressRange"
        | "BulkCreateAllowedIpAddressRanges"
        | "BulkDeleteAllowedIpAddressRanges"
        | "DeleteAllowedIpAddressRange" => ip_range(world, operation, request),
        "ListClusters" => list_clusters(world, request).map(Some),
        "GetCluster" | "CreateCluster" | "UpdateCluster" | "DeleteCluster" => cluster(world, operation, request),
        "GetClusterOptions" => Ok(Some(cluster_options(request))),
        _ => return None,
    };
    Some(outcome)
}

fn update(world: &mut World, request: &Request<'_>) -> Result<Value, Refusal> {
    let id = request.id("organizationId");
    accounts::update_organization(world, id, &request.body)?;
    Ok(astro_render::organization(world, world.find_organization(id)?))
}

fn role(world: &mut World, operation: &str, request: &Request<'_>) -> Outcome {
    let (caller, body) = (&request.caller, &request.body);
    let mut id = request.id("customRoleId").to_owned();
    match operation {
        "ListRoles" => return list_roles(world, request).map(Some),
        "GetCustomRole" => id = request.id("roleId").to_owned(),
        "CreateCustomRole" => id = roles::create(world, caller, body)?,
        "UpdateCustomRole" => roles::update(world, caller, &id, body)?,
        _ => return roles::delete(world, caller, &id).map(|()| None),
    }
    Ok(Some(render_role(world, roles::enter(world, caller, &id)?, Permissions::Shown)))
}

fn list_roles(world: &World, request: &Request<'_>) -> Result<Value, Refusal> {
    let scopes = request.call.parameters("scopeTypes");
    let own = world.roles.iter().filter(|role| role.organization_id == request.caller.spec.organization_id);
    let wanted = own.filter(|role| among(&scopes, &role.scope_type));
    let list = wanted.map(|role| render_role(world, role, Permissions::Hidden)).collect();
    let mut answer = page(request, "roles", list)?;
    if request.call.parameter("includeDefaultRoles") == Some("true") {
        answer["defaultRoles"] = built_in(&scopes).into();
    }
    Ok(answer)
}

fn render_role(world: &World, role: &CustomRole, permissions: Permissions) -> Value {
    let mut answer = json!({
        "id": role.id, "name": role.name, "description": role.description, "scopeType": role.scope_type,
        "restrictedWorkspaceIds": role.restricted_workspace_ids,
        "createdAt": time(role.created_at), "updatedAt": time(role.updated_at),
        "createdBy": subject(world, "sandbox"), "updatedBy": subject(world, "sandbox"),
    });
    if permissions == Permissions::Shown {
        answer["permissions"] = role.permissions.clone().into();
    }
    answer
}

/// Returns the roles that every Organization has; only those of Deployments and DAGs name their permissions here.
fn built_in(scopes: &[String]) -> Vec<Value> {
    let admin: Vec<&str> =
        DEPLOYMENT_PERMISSIONS.into_iter().filter(|permission| !permission.starts_with("deployment.apiTokens.")).collect();
    let families: [(&str, &[&str], &[&str]); 4] = [
        ("ORGANIZATION", &ORGANIZATION_ROLES, &[]),
        ("WORKSPACE", &WORKSPACE_ROLES, &[]),
        ("DEPLOYMENT", &[DEPLOYMENT_ADMIN], &admin),
        ("DAG", &DAG_ROLES, &DAG_PERMISSIONS),
    ];
    let wanted = families.iter().filter(|(scope, _, _)| among(scopes, scope));
    let roles = wanted.flat_map(|(scope, names, permissions)| {
        names.iter().map(move |name| json!({ "name": name, "scopeType": scope, "permissions": permissions }))
    });
    roles.collect()
}

fn templates(request: &Request<'_>) -> Value {
    let scopes = request.call.parameters("scopeTypes");
    let mut own = built_in(&scopes);
    own.retain(|role| role["scopeType"] == "DEPLOYMENT" || role["scopeType"] == "DAG");
    own.into()
}

fn permission_groups(request: &Request<'_>) -> Value {
    let scope = request.call.parameter("scopeType");
    let families: [(&str, &[&str]); 2] = [("DEPLOYMENT", &DEPLOYMENT_PERMISSIONS), ("DAG", &DAG_PERMISSIONS)];
    let wanted = families.iter().filter(|(family, _)| scope.is_none_or(|scope| scope == *family));
    let group = |(family, actions): &(&str, &[&str])| {
        let entries: Vec<Value> = actions.iter().map(|action| json!({ "action": action, "description": "" })).collect();
        json!({ "name": family, "scope": family, "description": "", "permissions": entries })
    };
    wanted.map(group).collect()
}

fn ip_range(world: &mut World, operation: &str, request: &Request<'_>) -> Outcome {
    let (caller, body) = (&request.caller, &request.body);
    let ids = match operation {
        "ListAllowedIpAddressRanges" => return list_ip_ranges(world, request).map(Some),
        "CreateAllowedIpAddressRange" => {
            let range = body.get("ipAddressRange").and_then(Value::as_str).unwrap_or_default().to_owned();
            ip_ranges::create(world, caller, &[range], 400)?
        }
        "BulkCreateAllowedIpAddressRanges" => {
            ip_ranges::create(world, caller, &ip_ranges::texts(body, "allowedIpAddressRanges"), 409)?
        }
        "BulkDeleteAllowedIpAddressRanges" => {
            let ids = ip_ranges::texts(body, "allowedIpAddressRangeIds");
            return ip_ranges::delete(world, caller, &ids, 400).map(|()| None);
        }
        _ => {
            let id = request.id("allowedIpAddressRangeId").to_owned();
            return ip_ranges::delete(world, caller, &[id], 404).map(|()| None);
        }
    };
    let made = world.ip_ranges.iter().filter(|range| ids.contains(&range.id));
    let mut made: Vec<Value> = made.map(|range| render_ip_range(world, range)).collect();
    if operation == "CreateAllowedIpAddressRange" {
        return Ok(made.pop());
    }
    Ok(Some(json!({ "allowedIpAddressRanges": made })))
}

fn list_ip_ranges(world: &World, request: &Request<'_>) -> Result<Value, Refusal> {
    let own = world.ip_ranges.iter().filter(|range| range.organization_id == request.caller.spec.organization_id);
    page(request, "allowedIpAddressRanges", own.map(|range| render_ip_range(world, range)).collect())
}

fn render_ip_range(world: &World, range: &IpRange) -> Value {
    json!({
        "id": range.id, "organizationId": range.organization_id, "ipAddressRange": range.range,
        "createdAt": time(range.created_at), "updatedAt": time(range.created_at),
        "createdBy": subject(world, &range.created_by), "updatedBy": subject(world, &range.created_by),
    })
}

fn list_clusters(world: &World, request: &Request<'_>) -> Result<Value, Refusal> {
    let (names, provider) = (request.call.parameters("names"), request.call.parameter("provider"));
    let own = world.clusters.iter().filter(|cluster| cluster.organization_id == request.caller.spec.organization_id);
    let wanted =
        own.filter(|cluster| among(&names, &cluster.name) && provider.is_none_or(|provider| provider == cluster.provider));
    page(request, "clusters", wanted.map(render_cluster).collect())
}

fn cluster(world: &mut World, operation: &str, request: &Request<'_>) -> Outcome {
    let (caller, body) = (&request.caller, &request.body);
    let mut id = request.id("clusterId").to_owned();
    match operation {
        "CreateCluster" => id = clusters::create(world, caller, body)?,
        "UpdateCluster" => clusters::update(world, caller, &id, body)?,
        "DeleteCluster" => return clusters::delete(world, caller, &id).map(|()| None),
        _ => {}
    }
    clusters::enter(world, caller, &id).map(|cluster| Some(render_cluster(cluster)))
}

fn render_cluster(cluster: &Cluster) -> Value {
    json!({
        "id": cluster.id, "organizationId": cluster.organization_id, "name": cluster.name, "type": cluster.kind,
        "cloudProvider": cluster.provider, "region": cluster.region, "status": "CREATED", "workspaceIds": cluster.workspace_ids,
        "dbInstanceType": "db.m6g.large", "vpcSubnetRange": "172.20.0.0/20", "isDrEnabled": false, "drRegion": "",
        "createdAt": time(cluster.created_at), "updatedAt": time(cluster.created_at),
    })
}

fn cluster_options(request: &Request<'_>) -> Value {
    let providers = [("AWS", "us-east-1"), ("AZURE", "eastus2"), ("GCP", "us-central1")];
    let provider = request.call.parameter("provider");
    let wanted = providers.iter().filter(|(name, _)| provider.is_none_or(|provider| provider == *name));
    let machine = json!({ "name": "small", "cpu": 4, "memory": "16 GiB" });
    let option = |(name, region): &(&str, &str)| {
        json!({
            "provider": name, "regions": [{ "name": region }], "defaultRegion": { "name": region },
            "databaseInstances": [machine], "defaultDatabaseInstance": machine,
            "nodeInstances": [machine], "defaultNodeInstance": machine, "defaultVpcSubnetRange": "172.20.0.0/20",
            "nodeCountMin": 2, "nodeCountDefault": 20, "nodeCountMax": 100,
        })
    };
    wanted.map(option).collect()
}
