//! Whether what a token holds suffices for a command, and whether it is wider than needed. Pure.

use crate::model::permission::{Held, HeldRole, Least, Need, OnDeployment, Place, Scope};

/// The role that a Deployment token has unless somebody chose another.
const DEPLOYMENT_ADMIN: &str = "DEPLOYMENT_ADMIN";

/// What is to be said about a token and a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It suffices.
    Enough,
    /// It suffices and could do more than that: why.
    Wider(String),
    /// It does not suffice: why.
    TooLittle(String),
    /// Nobody can tell before the platform is asked: why.
    Unknown(String),
}

impl Verdict {
    /// Returns the word for programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Enough => "enough",
            Self::Wider(_) => "wider-than-needed",
            Self::TooLittle(_) => "too-little",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Returns the reason; empty where there is none to give.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Enough => "",
            Self::Wider(why) | Self::TooLittle(why) | Self::Unknown(why) => why,
        }
    }
}

/// Judges whether a token suffices for a command about a place.
#[must_use]
pub fn judge(held: &Held, need: &Need, place: &Place) -> Verdict {
    let Some(roles) = &held.roles else {
        return by_scope(held.scope, need);
    };
    if roles.iter().any(|held| held.on == Some(Scope::Organization) && held.role == Least::OrganizationOwner.role()) {
        return match need.least {
            Least::OrganizationOwner => Verdict::Enough,
            _ => Verdict::Wider(format!("it is ORGANIZATION_OWNER, and {} would do", sentence(need))),
        };
    }
    if need.least == Least::Anyone {
        return Verdict::Enough;
    }
    if need.least == Least::OrganizationOwner {
        return Verdict::TooLittle(format!("it needs {}, and the token has {}", sentence(need), listed(roles)));
    }
    match best(roles, place) {
        Some(level) if level > need.least => {
            Verdict::Wider(format!("it is {} in the Workspace, and {} would do", level.role(), sentence(need)))
        }
        Some(level) if level == need.least => Verdict::Enough,
        _ => on_deployment(roles, need, place),
    }
}

/// Returns who may run a command, for hints: `WORKSPACE_AUTHOR or a Deployment token`.
#[must_use]
pub fn sentence(need: &Need) -> String {
    match need.on_deployment {
        _ if need.least == Least::Anyone => "any role".to_owned(),
        OnDeployment::Admin(_) => format!("{} or a Deployment token's DEPLOYMENT_ADMIN", need.least.role()),
        OnDeployment::Custom(permission) => format!("{} or a custom role with {permission}", need.least.role()),
        OnDeployment::No => need.least.role().to_owned(),
    }
}

/// What can be said from the scope alone.
fn by_scope(scope: Option<Scope>, need: &Need) -> Verdict {
    let hidden = || Verdict::Unknown(format!("the platform does not show the token its roles; needed: {}", sentence(need)));
    match (scope, need.least, need.on_deployment) {
        (_, Least::Anyone, _) => Verdict::Enough,
        (Some(Scope::Deployment), _, OnDeployment::No) => {
            Verdict::TooLittle(format!("it is a Deployment token, and needed is {}", sentence(need)))
        }
        (Some(Scope::Workspace | Scope::Deployment), Least::OrganizationOwner, _) => {
            Verdict::TooLittle(format!("it is no Organization token, and needed is {}", sentence(need)))
        }
        _ => hidden(),
    }
}

/// Returns the highest role in the Workspace that is meant, or in any where none is known.
fn best(roles: &[HeldRole], place: &Place) -> Option<Least> {
    let meant = |held: &&HeldRole| {
        held.on == Some(Scope::Workspace) && place.workspace.as_ref().is_none_or(|workspace| *workspace == held.entity)
    };
    roles.iter().filter(meant).filter_map(|held| Least::of_workspace_role(&held.role)).max()
}

fn on_deployment(roles: &[HeldRole], need: &Need, place: &Place) -> Verdict {
    let meant = |held: &&HeldRole| {
        held.on == Some(Scope::Deployment) && place.deployment.as_ref().is_none_or(|deployment| *deployment == held.entity)
    };
    let too_little = || Verdict::TooLittle(format!("it needs {}, and the token has {}", sentence(need), listed(roles)));
    let Some(role) = roles.iter().find(meant) else { return too_little() };
    match (need.on_deployment, role.role.as_str()) {
        (OnDeployment::No, _) | (OnDeployment::Custom(_), DEPLOYMENT_ADMIN) => too_little(),
        (OnDeployment::Admin(_), DEPLOYMENT_ADMIN) => Verdict::Enough,
        (OnDeployment::Admin(permission) | OnDeployment::Custom(permission), custom) => {
            Verdict::Unknown(format!("it has the custom role {custom}, which must hold {permission}"))
        }
    }
}

fn listed(roles: &[HeldRole]) -> String {
    let named = |held: &HeldRole| match held.on {
        Some(on) if on != Scope::Organization => format!("{} on the {} {}", held.role, on.name(), held.entity),
        _ => held.role.clone(),
    };
    match roles {
        [] => "no role".to_owned(),
        all => all.iter().map(named).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::permission::need_of;

    fn role(on: Scope, entity: &str, role: &str) -> HeldRole {
        HeldRole { on: Some(on), entity: entity.to_owned(), role: role.to_owned() }
    }

    fn judged(roles: Option<Vec<HeldRole>>, scope: Scope, command: &str) -> Verdict {
        let place = Place { workspace: Some("w1".to_owned()), deployment: Some("d1".to_owned()) };
        judge(&Held { scope: Some(scope), roles }, need_of(command).expect(command), &place)
    }

    #[test]
    fn roles_suffice_are_wider_or_too_little() {
        use Scope::{Deployment, Organization, Workspace};
        for (on, entity, name, command, expected) in [
            (Organization, "o", "ORGANIZATION_OWNER", "organization user invite", "enough"),
            (Organization, "o", "ORGANIZATION_OWNER", "deploy", "wider-than-needed"),
            (Organization, "o", "ORGANIZATION_MEMBER", "deploy", "too-little"),
            (Organization, "o", "ORGANIZATION_MEMBER", "workspace list", "enough"),
            (Workspace, "w1", "WORKSPACE_AUTHOR", "deploy", "enough"),
            (Workspace, "w1", "WORKSPACE_OWNER", "deploy", "wider-than-needed"),
            (Workspace, "w1", "WORKSPACE_MEMBER", "deploy", "too-little"),
            (Workspace, "w2", "WORKSPACE_OWNER", "deploy", "too-little"),
            (Workspace, "w1", "WORKSPACE_OWNER", "workspace create", "too-little"),
            (Deployment, "d1", "DEPLOYMENT_ADMIN", "deploy", "enough"),
            (Deployment, "d2", "DEPLOYMENT_ADMIN", "deploy", "too-little"),
            (Deployment, "d1", "DEPLOYMENT_ADMIN", "deployment create", "too-little"),
            (Deployment, "d1", "DEPLOYMENT_ADMIN", "token rotate", "too-little"),
            (Deployment, "d1", "DEPLOYER", "deploy", "unknown"),
        ] {
            let verdict = judged(Some(vec![role(on, entity, name)]), on, command);
            assert_eq!(verdict.word(), expected, "{name} {entity} {command}: {verdict:?}");
            assert_eq!(verdict.reason().is_empty(), expected == "enough");
        }
    }

    #[test]
    fn hidden_roles_leave_only_the_scope() {
        for (scope, command, expected) in [
            (Scope::Deployment, "deploy", "unknown"),
            (Scope::Deployment, "deployment create", "too-little"),
            (Scope::Workspace, "organization audit-logs export", "too-little"),
            (Scope::Organization, "organization audit-logs export", "unknown"),
            (Scope::Workspace, "workspace list", "enough"),
        ] {
            assert_eq!(judged(None, scope, command).word(), expected, "{scope:?} {command}");
        }
    }

    #[test]
    fn the_reason_names_the_role_that_would_do() {
        let verdict = judged(Some(vec![role(Scope::Workspace, "w1", "WORKSPACE_MEMBER")]), Scope::Workspace, "deploy");
        assert_eq!(
            verdict.reason(),
            "it needs WORKSPACE_AUTHOR or a Deployment token's DEPLOYMENT_ADMIN, and the token has WORKSPACE_MEMBER on the Workspace w1"
        );
    }
}
