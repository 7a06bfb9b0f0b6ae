//! What a token may do: the least role that each command needs, and the roles that a token holds.
//! Plain data from `reference/astro-docs.md` 7.2; whether one suffices for the other is decided in `plan::authority`.

use crate::model::record::Record;

/// The least that somebody must be, the weakest first. Each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Least {
    /// Any token of the Organization.
    Anyone,
    /// `WORKSPACE_ACCESSOR`: sees that things are there.
    Accessor,
    /// `WORKSPACE_MEMBER`: reads.
    Member,
    /// `WORKSPACE_AUTHOR`: deploys and runs DAGs.
    Author,
    /// `WORKSPACE_OPERATOR`: changes Deployments.
    Operator,
    /// `WORKSPACE_OWNER`: changes who may do what.
    Owner,
    /// `ORGANIZATION_OWNER`.
    OrganizationOwner,
}

impl Least {
    const WORKSPACE: [Self; 5] = [Self::Accessor, Self::Member, Self::Author, Self::Operator, Self::Owner];

    /// Returns the platform's name of the role; that of the weakest where any role does.
    #[must_use]
    pub const fn role(self) -> &'static str {
        match self {
            Self::Anyone => "ORGANIZATION_MEMBER",
            Self::Accessor => "WORKSPACE_ACCESSOR",
            Self::Member => "WORKSPACE_MEMBER",
            Self::Author => "WORKSPACE_AUTHOR",
            Self::Operator => "WORKSPACE_OPERATOR",
            Self::Owner => "WORKSPACE_OWNER",
            Self::OrganizationOwner => "ORGANIZATION_OWNER",
        }
    }

    /// Returns how much a role of a Workspace is; none for a role that is no such.
    #[must_use]
    pub fn of_workspace_role(role: &str) -> Option<Self> {
        Self::WORKSPACE.into_iter().find(|least| least.role() == role)
    }
}

/// Whether a role on the Deployment alone will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDeployment {
    /// `DEPLOYMENT_ADMIN` will, which Deployment tokens have, and so will a custom role with this permission.
    Admin(&'static str),
    /// Only a custom role with this permission will.
    Custom(&'static str),
    /// No.
    No,
}

/// What a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The command, or the words that several begin with.
    pub command: &'static str,
    /// The least role in the Workspace or the Organization.
    pub least: Least,
    /// Whether a role on the Deployment alone will do.
    pub on_deployment: OnDeployment,
}

const fn admin(command: &'static str, least: Least, permission: &'static str) -> Need {
    Need { command, least, on_deployment: OnDeployment::Admin(permission) }
}

const fn custom(command: &'static str, least: Least, permission: &'static str) -> Need {
    Need { command, least, on_deployment: OnDeployment::Custom(permission) }
}

const fn wide(command: &'static str, least: Least) -> Need {
    Need { command, least, on_deployment: OnDeployment::No }
}

/// Every command. The row with most words of a command counts, so that a noun's row covers the verbs that need no own.
/// Where the documentation contradicts itself, the role that its table names stands here (`reference/astro-docs.md` 7.2).
pub const NEEDS: &[Need] = &[
    admin("plan", Least::Member, "deployment.get"),
    admin("deploy", Least::Author, "deployment.deploys.create"),
    admin("dbt", Least::Author, "deployment.deploys.create"),
    admin("dbt plan", Least::Member, "deployment.get"),
    admin("history", Least::Member, "deployment.deploys.get"),
    admin("rollback", Least::Author, "deployment.deploys.update"),
    admin("check", Least::Member, "deployment.get"),
    wide("preview", Least::Operator),
    wide("preview list", Least::Member),
    wide("sandbox", Least::Anyone),
    wide("api", Least::Anyone),
    wide("doctor", Least::Anyone),
    admin("airflow", Least::Author, "deployment.airflow.get"),
    admin("airflow connections", Least::Operator, "deployment.airflow.connection.update"),
    admin("airflow connections list", Least::Author, "deployment.airflow.connection.get"),
    admin("airflow variables", Least::Operator, "deployment.airflow.variable.update"),
    admin("airflow variables list", Least::Author, "deployment.airflow.variable.get"),
    admin("airflow pools", Least::Operator, "deployment.airflow.pool.update"),
    admin("airflow pools list", Least::Author, "deployment.airflow.pool.get"),
    custom("airflow token", Least::Owner, "deployment.apiTokens.create"),
    // Deployments.
    admin("deployment", Least::Operator, "deployment.update"),
    admin("deployment list", Least::Member, "deployment.get"),
    admin("deployment inspect", Least::Member, "deployment.get"),
    admin("deployment diff", Least::Member, "deployment.get"),
    admin("deployment logs", Least::Member, "deployment.logs.get"),
    wide("deployment create", Least::Operator),
    admin("deployment delete", Least::Operator, "deployment.delete"),
    admin("deployment hibernate", Least::Operator, "deployment.hibernation.update"),
    admin("deployment wake-up", Least::Operator, "deployment.hibernation.update"),
    admin("deployment variable list", Least::Member, "deployment.get"),
    admin("deployment worker-queue list", Least::Member, "deployment.get"),
    admin("deployment connection list", Least::Author, "deployment.airflow.connection.get"),
    admin("deployment airflow-variable list", Least::Author, "deployment.airflow.variable.get"),
    admin("deployment pool list", Least::Author, "deployment.airflow.pool.get"),
    admin("deployment env-object", Least::Operator, "deployment.envObjects.update"),
    admin("deployment env-object list", Least::Member, "deployment.envObjects.get"),
    admin("deployment user", Least::Owner, "deployment.users.update"),
    admin("deployment team", Least::Owner, "deployment.teams.update"),
    custom("deployment token", Least::Owner, "deployment.apiTokens.update"),
    custom("deployment token list", Least::Operator, "deployment.apiTokens.get"),
    custom("deployment token report", Least::Operator, "deployment.apiTokens.get"),
    custom("deployment token rotate", Least::Owner, "deployment.apiTokens.rotate"),
    custom("deployment token delete", Least::Owner, "deployment.apiTokens.delete"),
    // Workspaces.
    wide("workspace", Least::Owner),
    wide("workspace list", Least::Anyone),
    wide("workspace inspect", Least::Anyone),
    wide("workspace create", Least::OrganizationOwner),
    wide("workspace user list", Least::Member),
    wide("workspace team list", Least::Member),
    wide("workspace env-object", Least::Operator),
    wide("workspace env-object list", Least::Member),
    wide("workspace token list", Least::Operator),
    wide("workspace token report", Least::Operator),
    // The Organization.
    wide("organization", Least::OrganizationOwner),
    wide("organization list", Least::Anyone),
    wide("organization inspect", Least::Anyone),
    wide("organization user list", Least::Anyone),
    wide("organization team list", Least::Anyone),
    wide("organization team user list", Least::Anyone),
    wide("organization role list", Least::Anyone),
    wide("organization cluster list", Least::Anyone),
    wide("access", Least::Owner),
    // Tokens of any scope: those of a Workspace are its owner's business.
    wide("token", Least::Owner),
    wide("token inspect", Least::Anyone),
    custom("token list", Least::Operator, "deployment.apiTokens.get"),
    custom("token report", Least::Operator, "deployment.apiTokens.get"),
    custom("token create", Least::Owner, "deployment.apiTokens.create"),
    custom("token update", Least::Owner, "deployment.apiTokens.update"),
    custom("token rotate", Least::Owner, "deployment.apiTokens.rotate"),
    custom("token delete", Least::Owner, "deployment.apiTokens.delete"),
];

/// Returns what a command needs: the row with most of its words. None for a command of which no row knows the first word.
#[must_use]
pub fn need_of(command: &str) -> Option<&'static Need> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let begins = |need: &&Need| {
        let known: Vec<&str> = need.command.split(' ').collect();
        words.starts_with(&known)
    };
    NEEDS.iter().filter(begins).max_by_key(|need| need.command.split(' ').count())
}

/// What a token belongs to, which decides who may change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The Organization.
    Organization,
    /// A Workspace.
    Workspace,
    /// A Deployment.
    Deployment,
}

impl Scope {
    /// Every scope, the widest first.
    pub const ALL: [Self; 3] = [Self::Organization, Self::Workspace, Self::Deployment];

    /// Returns the platform's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Organization => "ORGANIZATION",
            Self::Workspace => "WORKSPACE",
            Self::Deployment => "DEPLOYMENT",
        }
    }

    /// Returns the word for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Organization => "Organization",
            Self::Workspace => "Workspace",
            Self::Deployment => "Deployment",
        }
    }

    /// Returns the scope for the platform's word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

/// One role of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRole {
    /// What it is a role on; none for a DAG, a tag and kinds unknown here.
    pub on: Option<Scope>,
    /// Id of that.
    pub entity: String,
    /// Name of the role.
    pub role: String,
}

impl HeldRole {
    /// Reads an entry of a token's `roles` (`reference/astro-platform.md` 10.2, ApiTokenRole).
    #[must_use]
    pub fn of(record: &Record) -> Self {
        let text = |path| record.text(path).to_owned();
        Self { on: Scope::parse(record.text("entityType")), entity: text("entityId"), role: text("role") }
    }
}

/// What a token holds, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What it belongs to; none where neither its claims nor the platform tell.
    pub scope: Option<Scope>,
    /// Its roles; none where the platform does not show them to it.
    pub roles: Option<Vec<HeldRole>>,
}

/// What a command is about, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Id of the Workspace.
    pub workspace: Option<String>,
    /// Id of the Deployment.
    pub deployment: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_with_most_words_counts() {
        for (command, row, least) in [
            ("deploy", "deploy", Least::Author),
            ("dbt deploy", "dbt", Least::Author),
            ("deployment list", "deployment list", Least::Member),
            ("deployment variable create", "deployment", Least::Operator),
            ("deployment token rotate", "deployment token rotate", Least::Owner),
            ("workspace create", "workspace create", Least::OrganizationOwner),
            ("organization audit-logs export", "organization", Least::OrganizationOwner),
        ] {
            let need = need_of(command).expect(command);
            assert_eq!((need.command, need.least), (row, least), "{command}");
        }
        assert_eq!((need_of("deploymental"), need_of("")), (None, None));
    }

    #[test]
    fn no_command_has_two_rows() {
        for need in NEEDS {
            assert_eq!(NEEDS.iter().filter(|other| other.command == need.command).count(), 1, "{}", need.command);
        }
    }

    #[test]
    fn roles_of_a_workspace_have_their_order() {
        assert!(Least::of_workspace_role("WORKSPACE_OPERATOR") > Least::of_workspace_role("WORKSPACE_AUTHOR"));
        assert_eq!(Least::of_workspace_role("DEPLOYMENT_ADMIN"), None);
    }
}
