//! API tokens: what they claim and which roles they have.
//! It must not know the requests they come with, nor what a role allows.

use jiff::Timestamp;
use serde_json::json;

use crate::digest;
use crate::world::role::{EntityKind, TokenRole};

/// Who stands behind a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An API token, as CI uses it.
    Service,
    /// A user's log-in; its claims carry no permissions.
    User,
}

/// What a token may do within its scope, for those who do not care about roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads only: a member.
    Read,
    /// Reads and writes: the owner of an Organization or Workspace, or the admin of a Deployment.
    Write,
}

/// A wanted token; the world fills in ids and, unless they are given, roles.
#[derive(Clone, Debug)]
pub struct TokenSpec {
    /// Name shown as the author of deploys; a user's log-in has the e-mail address.
    pub name: String,
    /// Who holds it.
    pub holder: Holder,
    /// What it may do, unless roles are given.
    pub access: Access,
    /// Organization it belongs to; empty means the world's first.
    pub organization_id: String,
    /// Workspaces it is limited to; empty means the whole Organization.
    pub workspace_ids: Vec<String>,
    /// Deployments it is limited to; empty means all it can reach otherwise.
    pub deployment_ids: Vec<String>,
    /// Its roles; empty means those that follow from the limits and the access.
    pub roles: Vec<TokenRole>,
    /// When it stops working; `None` means never.
    pub expires_at: Option<Timestamp>,
}

impl Default for TokenSpec {
    fn default() -> TokenSpec {
        TokenSpec {
            name: "ci".into(),
            holder: Holder::Service,
            access: Access::Write,
            organization_id: String::new(),
            workspace_ids: Vec::new(),
            deployment_ids: Vec::new(),
            roles: Vec::new(),
            expires_at: None,
        }
    }
}

impl TokenSpec {
    /// Returns the kind and the id of the thing the token belongs to, which decides who may change it.
    pub fn home(&self) -> (EntityKind, &str) {
        match (self.deployment_ids.first(), self.workspace_ids.first()) {
            (Some(id), _) => (EntityKind::Deployment, id),
            (None, Some(id)) => (EntityKind::Workspace, id),
            (None, None) => (EntityKind::Organization, &self.organization_id),
        }
    }
}

/// A token the platform knows.
#[derive(Clone)]
pub struct ApiToken {
    /// Platform id.
    pub id: String,
    /// What was asked for, with the roles it has now.
    pub spec: TokenSpec,
    /// The bearer text.
    pub text: String,
    /// Free text.
    pub description: String,
    /// `STANDARD` or `DIRECT_ACCESS`.
    pub kind: String,
    /// Days it was asked to live.
    pub expiry_days: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When its text began to work.
    pub started_at: Timestamp,
    /// When it was last the bearer of a request.
    pub last_used_at: Option<Timestamp>,
    /// When it last got a new text.
    pub last_rotated_at: Option<Timestamp>,
    /// Who made it.
    pub created_by: String,
}

impl std::fmt::Debug for ApiToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ApiToken").field("id", &self.id).field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl ApiToken {
    /// Returns a token with a fresh text.
    pub fn mint(id: String, spec: TokenSpec, now: Timestamp) -> ApiToken {
        let text = text(&id, &spec, now, "first");
        ApiToken {
            id,
            spec,
            text,
            description: String::new(),
            kind: "STANDARD".into(),
            expiry_days: None,
            created_at: now,
            updated_at: now,
            started_at: now,
            last_used_at: None,
            last_rotated_at: None,
            created_by: "sandbox".into(),
        }
    }

    /// Gives it another text, which a salt makes different from all before; the old one is worth nothing from now on.
    pub fn rotate(&mut self, now: Timestamp, salt: &str) {
        self.text = text(&self.id, &self.spec, now, salt);
        self.started_at = now;
        self.last_rotated_at = Some(now);
        self.updated_at = now;
    }

    /// Returns the few characters of its text that lists show.
    pub fn short_text(&self) -> String {
        self.text.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect()
    }

    /// Forgets the roles on a Workspace or Deployment that is no more.
    pub fn forget(&mut self, entity_id: &str) {
        self.spec.roles.retain(|role| role.entity_id != entity_id && role.deployment_id.as_deref() != Some(entity_id));
    }
}

/// Returns a JWT with the platform's claims (reference/astro-platform.md 2.2); its signature is no signature, because
/// clients cannot check one.
fn text(id: &str, spec: &TokenSpec, now: Timestamp, salt: &str) -> String {
    let mut claims = json!({ "apiTokenId": id, "iat": now.as_second(), "iss": "astro-sim", "sub": id });
    if spec.holder == Holder::Service {
        let mut permissions = vec![format!("apiTokenId:{id}"), format!("organizationId:{}", spec.organization_id)];
        permissions.extend(spec.workspace_ids.iter().map(|id| format!("workspaceId:{id}")));
        permissions.extend(spec.deployment_ids.iter().map(|id| format!("deploymentId:{id}")));
        claims["permissions"] = json!(permissions);
    }
    if let Some(expiry) = spec.expires_at {
        claims["exp"] = json!(expiry.as_second());
    }
    let header = digest::base64_url(br#"{"alg":"none","typ":"JWT"}"#);
    let payload = digest::base64_url(claims.to_string().as_bytes());
    format!("{header}.{payload}.{}", digest::tag(&["token", id, salt]))
}
