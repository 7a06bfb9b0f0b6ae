//! Reads an Astro API token before it is used: whose it is, and whether it can work at all.
//! It asks no server and verifies no signature; the platform does that.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Kind, Result};
use crate::model::ids::{DeploymentId, OrganizationId, WorkspaceId};
use crate::model::permission::Scope;
use crate::model::secret::Secret;

/// An API token with what it says about itself. Printing it never shows the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    text: Secret,
    /// Id of the token, for people who look for it in the Astro UI.
    pub id: Option<String>,
    /// The Organization it belongs to, when it says so.
    pub organization: Option<OrganizationId>,
    /// The Workspace it belongs to, when it says so.
    pub workspace: Option<WorkspaceId>,
    /// The Deployment it belongs to, when it says so (inferred: no client reads this claim yet).
    pub deployment: Option<DeploymentId>,
    /// When it ends; `None` when it never does or does not say.
    pub expires: Option<Timestamp>,
}

/// The claims that matter. Source: `reference/astro-platform.md` 2.2.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    #[serde(default)]
    permissions: Option<Vec<Value>>,
    #[serde(default)]
    exp: Option<f64>,
    #[serde(default)]
    api_token_id: Option<String>,
}

impl ApiToken {
    /// Reads a token. Blanks around it and a `Bearer` prefix are removed. A token that is no
    /// JWT is accepted as it is, because only the platform can judge it.
    ///
    /// # Errors
    /// Fails with `Auth` when the token cannot work: empty, with quotes or blanks, cut off,
    /// expired, or the log-in token of a person.
    pub fn parse(text: &Secret, now: Timestamp) -> Result<Self> {
        let token = bare(text.expose())?;
        let text = Secret::new(token);
        let opaque = Self { text, id: None, organization: None, workspace: None, deployment: None, expires: None };
        let parts: Vec<&str> = token.split('.').collect();
        let &[header, payload, _] = parts.as_slice() else {
            // `{"` in base64: the beginning of a JWT's header.
            return if token.starts_with("eyJ") { Err(malformed("its three parts are not complete")) } else { Ok(opaque) };
        };
        if !header.starts_with("eyJ") {
            return Ok(opaque);
        }
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('='));
        let payload = payload.map_err(|_| malformed("its middle part is not base64"))?;
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| malformed("its claims cannot be read"))?;
        opaque.with_claims(claims, now)
    }

    fn with_claims(mut self, claims: Claims, now: Timestamp) -> Result<Self> {
        let permissions = claims.permissions.unwrap_or_default();
        if permissions.is_empty() {
            return Err(unusable("it is a person's log-in token, not an API token")
                .hint("create an API token for the Deployment, Workspace or Organization in the Astro UI"));
        }
        for permission in permissions.iter().filter_map(Value::as_str) {
            match permission.split_once(':') {
                Some(("organizationId", id)) if !id.is_empty() => self.organization = Some(OrganizationId::new(id)),
                Some(("workspaceId", id)) if !id.is_empty() => self.workspace = Some(WorkspaceId::new(id)),
                Some(("deploymentId", id)) if !id.is_empty() => self.deployment = Some(DeploymentId::new(id)),
                _ => {}
            }
        }
        self.id = claims.api_token_id.filter(|id| !id.is_empty());
        // Rounds down, so that the token is never believed to live longer than it does.
        self.expires = claims.exp.and_then(|seconds| Timestamp::from_second(seconds.floor() as i64).ok());
        match self.expires {
            Some(expires) if expires <= now => {
                let name = self.id.as_ref().map(|id| format!(" (token id {id})")).unwrap_or_default();
                Err(unusable(&format!("it expired at {expires}{name}"))
                    .hint("rotate the token in the Astro UI and store the new value in the CI system"))
            }
            _ => Ok(self),
        }
    }

    /// Returns the token itself, for the wire.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.text
    }

    /// Returns what it belongs to, as far as its claims tell: the narrowest thing that they name. A token may be narrower.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        match (&self.deployment, &self.workspace, &self.organization) {
            (Some(_), ..) => Some(Scope::Deployment),
            (None, Some(_), _) => Some(Scope::Workspace),
            (None, None, Some(_)) => Some(Scope::Organization),
            (None, None, None) => None,
        }
    }

    /// Returns how long the token still lives, when it says so.
    #[must_use]
    pub fn expires_in(&self, now: Timestamp) -> Option<SignedDuration> {
        self.expires.map(|expires| expires.duration_since(now))
    }
}

/// Removes what people paste around a token, and refuses what cannot be repaired safely.
fn bare(text: &str) -> Result<&str> {
    let text = text.trim();
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let text = if first.eq_ignore_ascii_case("bearer") { rest.trim() } else { text };
    if text.is_empty() {
        return Err(unusable("it is empty").hint(
            "set ASTRO_API_TOKEN; in a pull request from a fork, or when the secret has another name, CI gives an empty value",
        ));
    }
    if text.starts_with(['"', '\'']) || text.ends_with(['"', '\'']) {
        return Err(unusable("it is in quotes").hint("store the token without quotes"));
    }
    if text.contains("${") || text.starts_with('$') {
        return Err(
            unusable("it is the name of a variable that was not filled in").hint("check how the CI file passes the secret")
        );
    }
    if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return Err(unusable("it has blanks or line breaks inside").hint("store the token as one line"));
    }
    if !text.is_ascii() {
        return Err(unusable("it has characters that no token has").hint("copy the token again"));
    }
    Ok(text)
}

fn malformed(reason: &str) -> Error {
    unusable(&format!("it is malformed: {reason}")).hint("copy the whole token again; it has three parts joined by dots")
}

fn unusable(reason: &str) -> Error {
    Error::new(Kind::Auth, "use the Astro API token").because(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().expect("a time")
    }

    fn jwt(claims: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#), URL_SAFE_NO_PAD.encode(claims))
    }

    fn parsed(text: &str) -> Result<ApiToken> {
        ApiToken::parse(&Secret::new(text), now())
    }

    #[test]
    fn a_token_tells_whose_it_is_and_how_long_it_lives() {
        let expires = now().as_second() + 3_600;
        let text = jwt(&format!(
            r#"{{"permissions":["organizationId:org1","x","",":","workspaceId:ws1",7,"apiTokenId:t"],"exp":{expires},"apiTokenId":"t1"}}"#
        ));
        for spelled in [text.clone(), format!("Bearer {text}"), format!(" bearer  {text}\r\n")] {
            let token = parsed(&spelled).expect("a token");
            assert_eq!(token.organization, Some(OrganizationId::new("org1")));
            assert_eq!(token.workspace, Some(WorkspaceId::new("ws1")));
            assert_eq!(token.id.as_deref(), Some("t1"));
            assert_eq!(token.expires_in(now()), Some(SignedDuration::from_hours(1)));
            assert_eq!(token.secret().expose(), text);
            assert!(!format!("{token:?}").contains(&text));
        }
    }

    #[test]
    fn a_token_without_an_end_or_of_an_unknown_form_is_accepted() {
        let endless = parsed(&jwt(r#"{"permissions":["organizationId:o"]}"#)).expect("a token");
        assert_eq!(endless.expires_in(now()), None);
        for text in ["opaque-token_123", "a.b", "a.b.c", "ast.0.1.2"] {
            let token = parsed(text).expect("an opaque token");
            assert_eq!((token.organization, token.expires), (None, None), "{text}");
        }
    }

    #[test]
    fn a_token_that_cannot_work_is_refused_with_the_fix() {
        let expired = jwt(&format!(r#"{{"permissions":["organizationId:o"],"exp":{},"apiTokenId":"t9"}}"#, now().as_second()));
        let whole = jwt(r#"{"permissions":["organizationId:o"]}"#);
        let (cut, _) = whole.rsplit_once('.').expect("three parts");
        for (text, said) in [
            ("", "empty"),
            ("  \n", "empty"),
            ("Bearer ", "empty"),
            ("\"abc\"", "quotes"),
            ("'abc'", "quotes"),
            ("abc def", "blanks"),
            ("abc\ndef", "blanks"),
            ("${ASTRO_API_TOKEN}", "not filled in"),
            ("$ASTRO_API_TOKEN", "not filled in"),
            ("tökén", "characters"),
            (cut, "malformed"),
            ("eyJhbGciOiJSUzI1NiJ9.!!!.c2ln", "malformed"),
            ("eyJhbGciOiJSUzI1NiJ9.bm90IGpzb24.c2ln", "malformed"),
            (&jwt(r#"{"scope":"openid"}"#), "log-in token"),
            (&jwt(r#"{"permissions":[]}"#), "log-in token"),
            (&expired, "expired at 2026-01-02T03:04:05Z (token id t9)"),
        ] {
            let error = parsed(text).expect_err(text);
            assert_eq!(error.kind(), Kind::Auth, "{text}");
            assert!(error.to_string().contains(said), "{text}: {error}");
            assert!(error.advice().is_some(), "{text}");
            assert!(text.len() < 20 || !error.to_string().contains(text), "the token is printed: {error}");
        }
    }

    #[test]
    fn absurd_ends_do_not_crash() {
        for exp in ["1e300", "-1e300", "9.5e15"] {
            let text = jwt(&format!(r#"{{"permissions":["organizationId:o"],"exp":{exp}}}"#));
            let outcome = parsed(&text).map(|token| token.expires);
            assert!(matches!(outcome, Ok(None)), "{exp}: {outcome:?}");
        }
    }
}
