//! API tokens: what they claim and what they may do.
//! It must not know the requests they come with.

use jiff::Timestamp;
use serde_json::json;

use crate::digest;

/// Who stands behind a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An API token, as CI uses it.
    Service,
    /// A user's log-in; its claims carry no permissions.
    User,
}

/// What a token may do within its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads only.
    Read,
    /// Reads and writes.
    Write,
}

/// A wanted token; the world fills in ids.
#[derive(Clone, Debug)]
pub struct TokenSpec {
    /// Name shown as the author of deploys.
    pub name: String,
    /// Who holds it.
    pub holder: Holder,
    /// What it may do.
    pub access: Access,
    /// Organization it belongs to; empty means the world's first.
    pub organization_id: String,
    /// Workspaces it is limited to; empty means the whole Organization.
    pub workspace_ids: Vec<String>,
    /// Deployments it is limited to; empty means all it can reach otherwise.
    pub deployment_ids: Vec<String>,
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
            expires_at: None,
        }
    }
}

/// A token the platform knows.
#[derive(Clone)]
pub struct ApiToken {
    /// Platform id.
    pub id: String,
    /// What was asked for.
    pub spec: TokenSpec,
    /// The bearer text.
    pub text: String,
}

impl std::fmt::Debug for ApiToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ApiToken").field("id", &self.id).field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl ApiToken {
    /// Returns a token whose text is a JWT with the platform's claims (reference/astro-platform.md 2.2); its signature is
    /// no signature, because clients cannot check one.
    pub fn mint(id: String, spec: TokenSpec, now: Timestamp) -> ApiToken {
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
        let text = format!("{header}.{payload}.{}", digest::tag(&["token", &id]));
        ApiToken { id, spec, text }
    }

    /// Returns whether the token's scope holds a Deployment.
    pub fn reaches(&self, workspace_id: &str, deployment_id: &str) -> bool {
        (self.spec.workspace_ids.is_empty() || self.spec.workspace_ids.iter().any(|id| id == workspace_id))
            && (self.spec.deployment_ids.is_empty() || self.spec.deployment_ids.iter().any(|id| id == deployment_id))
    }
}
