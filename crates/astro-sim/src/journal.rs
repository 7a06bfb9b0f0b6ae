//! Records every request, without secrets.
//! It must not know what a request means.

use crate::exchange::Call;
use crate::faults::{Effect, Face};

/// Query parameters whose values are credentials.
const SECRET_PARAMETERS: [&str; 8] =
    ["sig", "token", "access_token", "private_token", "job_token", "password", "refresh_token", "client_secret"];

/// One request and what became of it.
#[derive(Clone, Debug)]
pub struct JournalEntry {
    /// Which side was asked.
    pub face: Face,
    /// Operation, such as `CreateDeploy`; empty if unknown.
    pub operation: String,
    /// HTTP method.
    pub method: String,
    /// Path, decoded.
    pub path: String,
    /// Query, decoded; values of credentials are replaced by `…`.
    pub query: String,
    /// Length of the request's body in bytes.
    pub request_bytes: u64,
    /// `User-Agent` of the client.
    pub user_agent: String,
    /// Status of the answer; `None` if the client got none.
    pub status: Option<u16>,
    /// The fault that hit it.
    pub fault: Option<Effect>,
    /// What was wrong beyond an ordinary error.
    pub violation: Option<String>,
}

impl JournalEntry {
    /// Returns an entry for a request that has not been answered.
    pub fn open(face: Face, operation: &str, call: &Call) -> JournalEntry {
        let parameter = |(name, value): &(String, String)| {
            let secret = SECRET_PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret));
            format!("{name}={}", if secret { "…" } else { value })
        };
        JournalEntry {
            face,
            operation: operation.to_owned(),
            method: call.method.clone(),
            path: call.path.clone(),
            query: call.query.iter().map(parameter).collect::<Vec<_>>().join("&"),
            request_bytes: call.body.len() as u64,
            user_agent: call.header("user-agent").unwrap_or_default().to_owned(),
            status: None,
            fault: None,
            violation: None,
        }
    }
}
