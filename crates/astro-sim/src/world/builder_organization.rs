//! Puts people, clusters, log lines and audit events into a world.
//! It must not know the rules; what it places is taken as given.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::world::network::{Cluster, IpRange};
use crate::world::people::{Team, User, UserStatus};
use crate::world::records::{AuditEvent, LogLine};
use crate::world::role::{CustomRole, ORGANIZATION_OWNER, SubjectRoles};
use crate::world::state::World;

impl World {
    /// Adds an active user to the first Organization and returns the id.
    pub fn add_user(&mut self, username: &str, roles: SubjectRoles) -> String {
        let (id, now) = (self.ids.fresh(), self.clock.now());
        self.people.users.push(User {
            id: id.clone(),
            organization_id: self.first_organization(),
            username: username.into(),
            full_name: username.split('@').next().unwrap_or_default().to_owned(),
            status: UserStatus::Active,
            roles,
            created_at: now,
            updated_at: now,
        });
        id
    }

    /// Adds a Team to the first Organization and returns the id.
    pub fn add_team(&mut self, name: &str, roles: SubjectRoles, members: &[&str]) -> String {
        let (id, now) = (self.ids.fresh(), self.clock.now());
        self.people.teams.push(Team {
            id: id.clone(),
            organization_id: self.first_organization(),
            name: name.into(),
            description: String::new(),
            is_idp_managed: false,
            roles,
            members: members.iter().map(|&member| member.to_owned()).collect(),
            created_at: now,
            updated_at: now,
        });
        id
    }

    /// Adds a custom role of Deployments to the first Organization and returns the id.
    pub fn add_role(&mut self, name: &str, permissions: &[&str]) -> String {
        let (id, now) = (self.ids.fresh(), self.clock.now());
        self.roles.push(CustomRole {
            id: id.clone(),
            organization_id: self.first_organization(),
            name: name.into(),
            description: String::new(),
            scope_type: "DEPLOYMENT".into(),
            permissions: permissions.iter().map(|&permission| permission.to_owned()).collect(),
            restricted_workspace_ids: Vec::new(),
            created_at: now,
            updated_at: now,
        });
        id
    }

    /// Adds a cluster, filling in what is empty, and returns its id.
    pub fn add_cluster(&mut self, mut cluster: Cluster) -> String {
        if cluster.id.is_empty() {
            cluster.id = self.ids.fresh();
        }
        if cluster.organization_id.is_empty() {
            cluster.organization_id = self.first_organization();
        }
        cluster.created_at = self.clock.now();
        let id = cluster.id.clone();
        self.clusters.push(cluster);
        id
    }

    /// Adds an allowed range of addresses to the first Organization and returns its id.
    pub fn add_ip_range(&mut self, range: &str) -> String {
        let (id, created_at) = (self.ids.fresh(), self.clock.now());
        let (organization_id, range) = (self.first_organization(), range.to_owned());
        self.ip_ranges.push(IpRange { id: id.clone(), organization_id, range, created_at, created_by: "sandbox".into() });
        id
    }

    /// Adds a line to a Deployment's log that was written some time ago.
    pub fn add_log_line(&mut self, deployment_id: &str, source: &str, raw: &str, age: SignedDuration) {
        let at = self.ago(age);
        self.logs.push(LogLine { deployment_id: deployment_id.into(), at, source: source.into(), raw: raw.into() });
    }

    /// Adds an event to the audit log that happened some time ago; its time is filled in.
    pub fn add_audit_event(&mut self, mut event: Value, age: SignedDuration) {
        let at = self.ago(age);
        event["timestamp"] = at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().into();
        self.audit.events.push(AuditEvent { at, event });
    }

    /// Puts an owner, a member and a Team of it into the sandbox.
    pub fn add_sandbox_people(&mut self) {
        let workspace = self.workspaces.first().map(|found| found.id.clone()).unwrap_or_default();
        self.add_user("owner@acme.test", SubjectRoles::of(ORGANIZATION_OWNER).in_workspace(&workspace, "WORKSPACE_OWNER"));
        let member = SubjectRoles::of("ORGANIZATION_MEMBER").in_workspace(&workspace, "WORKSPACE_MEMBER");
        let member = self.add_user("member@acme.test", member);
        self.add_team("Data engineers", SubjectRoles::of("ORGANIZATION_MEMBER"), &[&member]);
        self.add_cluster(Cluster::named("demo"));
    }

    fn ago(&self, age: SignedDuration) -> Timestamp {
        self.clock.now().saturating_sub(age).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn first_organization(&self) -> String {
        self.organizations.first().map(|found| found.id.clone()).unwrap_or_default()
    }
}
