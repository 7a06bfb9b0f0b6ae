//! Which role each operation needs, and whether a token has it (reference/astro-docs.md 7.2).
//! It must not know what any operation does.

use crate::refusal::Refusal;
use crate::world::role::{DEPLOYMENT_ADMIN, DEPLOYMENT_PERMISSIONS, EntityKind, ORGANIZATION_OWNER, TokenRole, WORKSPACE_ROLES};
use crate::world::state::World;
use crate::world::token::ApiToken;

/// How much somebody is in a Workspace, the least first; the order is that of [`WORKSPACE_ROLES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Anybody with a token of the Organization.
    Anyone,
    /// Sees that things are there.
    Accessor,
    /// Reads.
    Member,
    /// Deploys.
    Author,
    /// Changes Deployments.
    Operator,
    /// Changes who may do what.
    Owner,
}

/// How an operation finds the thing that the caller needs a role on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The Organization; `Owner` means its owner.
    Organization,
    /// The Workspace of the path.
    Workspace,
    /// The Deployment of the path.
    Deployment,
    /// Whatever the request turns out to be about; the rules of the operation ask.
    Subject,
}

/// A thing that somebody may have a role on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// The caller's Organization.
    Organization,
    /// A Workspace by id.
    Workspace(&'a str),
    /// A Deployment by id.
    Deployment(&'a str),
}

/// What an operation needs.
#[derive(Debug)]
pub struct Need {
    /// Its name.
    pub operation: &'static str,
    /// On what.
    pub at: At,
    /// The least level.
    pub level: Level,
    /// The permission of a custom role of a Deployment that will do instead; empty if none will.
    pub permission: &'static str,
}

const fn need(operation: &'static str, at: At, level: Level, permission: &'static str) -> Need {
    Need { operation, at, level, permission }
}

/// Every operation of the contract. Where the sources name no role, the choice is inferred; that everybody may list users
/// and Teams is, because the incumbent's commands of a Workspace look them up there.
pub const NEEDS: &[Need] = &[
    need("ListPermissionGroups", At::Organization, Level::Anyone, ""),
    need("ListOrganizations", At::Organization, Level::Anyone, ""),
    need("GetOrganization", At::Organization, Level::Anyone, ""),
    need("UpdateOrganization", At::Organization, Level::Owner, ""),
    need("ListAllowedIpAddressRanges", At::Organization, Level::Owner, ""),
    need("CreateAllowedIpAddressRange", At::Organization, Level::Owner, ""),
    need("BulkCreateAllowedIpAddressRanges", At::Organization, Level::Owner, ""),
    need("BulkDeleteAllowedIpAddressRanges", At::Organization, Level::Owner, ""),
    need("DeleteAllowedIpAddressRange", At::Organization, Level::Owner, ""),
    need("GetOrganizationAuditLogs", At::Organization, Level::Owner, ""),
    need("GetClusterOptions", At::Organization, Level::Anyone, ""),
    need("ListClusters", At::Organization, Level::Anyone, ""),
    need("CreateCluster", At::Organization, Level::Owner, ""),
    need("DeleteCluster", At::Organization, Level::Owner, ""),
    need("GetCluster", At::Organization, Level::Anyone, ""),
    need("UpdateCluster", At::Organization, Level::Owner, ""),
    need("GetDeploymentOptions", At::Organization, Level::Anyone, ""),
    need("ListDeployments", At::Organization, Level::Anyone, ""),
    need("CreateDeployment", At::Subject, Level::Operator, ""),
    need("DeleteDeployment", At::Deployment, Level::Operator, "deployment.delete"),
    need("GetDeployment", At::Deployment, Level::Member, "deployment.get"),
    need("UpdateDeployment", At::Deployment, Level::Operator, "deployment.update"),
    need("ListAgentTokens", At::Deployment, Level::Operator, "deployment.agentTokens.get"),
    need("CreateAgentToken", At::Deployment, Level::Operator, "deployment.agentTokens.create"),
    need("DeleteAgentToken", At::Deployment, Level::Operator, "deployment.agentTokens.delete"),
    need("GetAgentToken", At::Deployment, Level::Operator, "deployment.agentTokens.get"),
    need("ListDeploys", At::Deployment, Level::Member, "deployment.deploys.get"),
    need("CreateDeploy", At::Deployment, Level::Author, "deployment.deploys.create"),
    need("GetDeploy", At::Deployment, Level::Member, "deployment.deploys.get"),
    need("UpdateDeploy", At::Deployment, Level::Author, "deployment.deploys.update"),
    need("FinalizeDeploy", At::Deployment, Level::Author, "deployment.deploys.create"),
    need("DeployRollback", At::Deployment, Level::Author, "deployment.deploys.update"),
    need("DeleteDeploymentHibernationOverride", At::Deployment, Level::Operator, "deployment.hibernation.update"),
    need("UpdateDeploymentHibernationOverride", At::Deployment, Level::Operator, "deployment.hibernation.update"),
    need("GetDeploymentLogs", At::Deployment, Level::Member, "deployment.logs.get"),
    need("ListEnvironmentObjects", At::Subject, Level::Member, "deployment.envObjects.get"),
    need("CreateEnvironmentObject", At::Subject, Level::Operator, "deployment.envObjects.create"),
    need("DeleteEnvironmentObject", At::Subject, Level::Operator, "deployment.envObjects.delete"),
    need("GetEnvironmentObject", At::Subject, Level::Member, "deployment.envObjects.get"),
    need("UpdateEnvironmentObject", At::Subject, Level::Operator, "deployment.envObjects.update"),
    need("ExcludeLinkingEnvironmentObject", At::Subject, Level::Operator, "deployment.envObjects.update"),
    need("CreateUserInvite", At::Organization, Level::Owner, ""),
    need("DeleteUserInvite", At::Organization, Level::Owner, ""),
    need("ListRoleTemplates", At::Organization, Level::Anyone, ""),
    need("ListRoles", At::Organization, Level::Anyone, ""),
    need("CreateCustomRole", At::Organization, Level::Owner, ""),
    need("DeleteCustomRole", At::Organization, Level::Owner, ""),
    need("UpdateCustomRole", At::Organization, Level::Owner, ""),
    need("GetCustomRole", At::Organization, Level::Anyone, ""),
    need("ListTeams", At::Organization, Level::Anyone, ""),
    need("CreateTeam", At::Organization, Level::Owner, ""),
    need("DeleteTeam", At::Organization, Level::Owner, ""),
    need("GetTeam", At::Organization, Level::Anyone, ""),
    need("UpdateTeam", At::Organization, Level::Owner, ""),
    need("ListTeamMembers", At::Organization, Level::Anyone, ""),
    need("AddTeamMembers", At::Organization, Level::Owner, ""),
    need("RemoveTeamMember", At::Organization, Level::Owner, ""),
    need("UpdateTeamRoles", At::Subject, Level::Owner, "deployment.teams.update"),
    need("ListApiTokens", At::Subject, Level::Operator, "deployment.apiTokens.get"),
    need("CreateApiToken", At::Subject, Level::Owner, "deployment.apiTokens.create"),
    need("DeleteApiToken", At::Subject, Level::Owner, "deployment.apiTokens.delete"),
    need("GetApiToken", At::Subject, Level::Operator, "deployment.apiTokens.get"),
    need("UpdateApiToken", At::Subject, Level::Owner, "deployment.apiTokens.update"),
    need("UpdateApiTokenRoles", At::Subject, Level::Owner, "deployment.apiTokens.update"),
    need("RotateApiToken", At::Subject, Level::Owner, "deployment.apiTokens.rotate"),
    need("ListUsers", At::Organization, Level::Anyone, ""),
    need("GetUser", At::Organization, Level::Anyone, ""),
    need("UpdateUserRoles", At::Subject, Level::Owner, "deployment.users.update"),
    need("ListUserTeams", At::Organization, Level::Anyone, ""),
    need("ListWorkspaces", At::Organization, Level::Anyone, ""),
    need("CreateWorkspace", At::Organization, Level::Owner, ""),
    need("DeleteWorkspace", At::Workspace, Level::Owner, ""),
    need("GetWorkspace", At::Workspace, Level::Anyone, ""),
    need("UpdateWorkspace", At::Workspace, Level::Owner, ""),
    need("GetSelfUser", At::Organization, Level::Anyone, ""),
];

/// Returns what an operation needs; an unknown one needs all there is.
pub fn need_of(operation: &str) -> &'static Need {
    const UNKNOWN: Need = need("", At::Organization, Level::Owner, "");
    NEEDS.iter().find(|need| need.operation == operation).unwrap_or(&UNKNOWN)
}

/// Returns a 403 unless the caller has the role on a place that an operation needs.
pub fn require(world: &World, caller: &ApiToken, operation: &str, place: Place<'_>) -> Result<(), Refusal> {
    let need = need_of(operation);
    demand(world, caller, place, (need.level, need.permission))
}

/// Returns a 403 unless the caller has a level on a place, or the permission on a Deployment.
pub fn demand(world: &World, caller: &ApiToken, place: Place<'_>, (level, permission): (Level, &str)) -> Result<(), Refusal> {
    let allowed = match place {
        Place::Organization => level == Level::Anyone || is_owner(caller),
        Place::Workspace(id) => level_in(caller, id).is_some_and(|held| held >= level),
        Place::Deployment(id) => {
            let workspace = world.find_deployment(id).map(|found| found.workspace_id.as_str()).unwrap_or_default();
            level_in(caller, workspace).is_some_and(|held| held >= level) || permits(world, caller, id, permission)
        }
    };
    if allowed { Ok(()) } else { Err(Refusal::forbidden("Token does not have permission to perform this action")) }
}

/// Returns how much the caller is in a Workspace, by a role there or as the Organization's owner.
pub fn level_in(caller: &ApiToken, workspace_id: &str) -> Option<Level> {
    if is_owner(caller) {
        return Some(Level::Owner);
    }
    on(caller, EntityKind::Workspace, workspace_id).filter_map(|role| level_of(&role.role)).max()
}

/// Returns whether the caller has any role on a Deployment, on its Workspace, or on one of its DAGs.
pub fn reaches(caller: &ApiToken, workspace_id: &str, deployment_id: &str) -> bool {
    level_in(caller, workspace_id).is_some()
        || caller.spec.roles.iter().any(|role| {
            (role.kind == EntityKind::Deployment && role.entity_id == deployment_id)
                || role.deployment_id.as_deref() == Some(deployment_id)
        })
}

/// Returns whether the caller has any role in a Workspace, or on one of its Deployments.
pub fn sees_workspace(world: &World, caller: &ApiToken, workspace_id: &str) -> bool {
    let mut own = world.deployments.iter().filter(|found| found.workspace_id == workspace_id);
    level_in(caller, workspace_id).is_some() || own.any(|found| reaches(caller, workspace_id, &found.id))
}

fn is_owner(caller: &ApiToken) -> bool {
    on(caller, EntityKind::Organization, &caller.spec.organization_id).any(|role| role.role == ORGANIZATION_OWNER)
}

fn on<'a>(caller: &'a ApiToken, kind: EntityKind, id: &str) -> impl Iterator<Item = &'a TokenRole> {
    caller.spec.roles.iter().filter(move |role| role.kind == kind && role.entity_id == id)
}

fn level_of(role: &str) -> Option<Level> {
    let levels = [Level::Accessor, Level::Member, Level::Author, Level::Operator, Level::Owner];
    WORKSPACE_ROLES.iter().zip(levels).find(|(name, _)| **name == role).map(|(_, level)| level)
}

fn permits(world: &World, caller: &ApiToken, deployment_id: &str, permission: &str) -> bool {
    // The admin may do all but handing out tokens.
    let admin = DEPLOYMENT_PERMISSIONS.contains(&permission) && !permission.starts_with("deployment.apiTokens.");
    let mut held = on(caller, EntityKind::Deployment, deployment_id);
    held.any(|held| {
        let custom =
            world.roles.iter().find(|role| role.name == held.role && role.organization_id == caller.spec.organization_id);
        (held.role == DEPLOYMENT_ADMIN && admin)
            || custom.is_some_and(|role| role.permissions.iter().any(|known| known == permission))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contract;

    #[test]
    fn every_operation_of_the_contract_has_its_row_and_its_permission_exists() {
        let contract = Contract::astro_v1().unwrap();
        let known: Vec<&str> = contract.operations.iter().map(|operation| operation.id.as_str()).collect();
        assert!(NEEDS.iter().all(|need| known.contains(&need.operation)));
        for operation in known {
            assert_eq!(NEEDS.iter().filter(|need| need.operation == operation).count(), 1, "{operation}");
            let permission = need_of(operation).permission;
            assert!(permission.is_empty() || DEPLOYMENT_PERMISSIONS.contains(&permission), "{permission}");
        }
    }

    #[test]
    fn the_path_of_an_operation_names_what_the_caller_needs_a_role_on() {
        let contract = Contract::astro_v1().unwrap();
        for operation in &contract.operations {
            let named = match need_of(&operation.id).at {
                At::Deployment => "{deploymentId}",
                At::Workspace => "{workspaceId}",
                _ => continue,
            };
            assert!(operation.path.contains(named), "{}", operation.id);
        }
    }
}
