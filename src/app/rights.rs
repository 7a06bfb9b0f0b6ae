//! What a command needs and what the run's token holds, for whoever tells people about it.

use crate::astro::client::AstroClient;
use crate::astro::connection::NO_PERMISSION;
use crate::error::{Error, Kind, Result};
use crate::model::nearest::nearest;
use crate::model::permission::{Held, HeldRole, NEEDS, Need, Scope, need_of};
use crate::model::record::Record;
use crate::plan::authority::sentence;

/// Returns what a command needs.
///
/// # Errors
/// `Kind::Usage` for a command that there is not.
pub fn need(command: &str) -> Result<&'static Need> {
    need_of(command).ok_or_else(|| {
        let error = Error::new(Kind::Usage, format!("tell what `{command}` needs")).because("there is no such command");
        match nearest(command, NEEDS.iter().map(|need| need.command)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("give its words without flags, such as `deployment variable list`"),
        }
    })
}

/// Returns the error with the role that the command needs, where the platform refused it for want of permission.
#[must_use]
pub fn explained(error: Error, command: &str) -> Error {
    match need_of(command) {
        Some(need) if error.advice() == Some(NO_PERMISSION) => error.hint(format!(
            "`liftoff {command}` needs {}; `liftoff token inspect --for \"{command}\"` tells what the token has. The Organization's IP \
             access list may also keep this runner out",
            sentence(need)
        )),
        _ => error,
    }
}

/// The run's own token as the platform knows it; none when it may not read itself or does not tell its id.
///
/// # Errors
/// As reads do, apart from a refusal.
pub async fn own_record(astro: &AstroClient) -> Result<Option<Record>> {
    let Some(id) = &astro.api_token().id else { return Ok(None) };
    match astro.record(&["tokens", id], "read the run's own token").await {
        Ok(record) => Ok(Some(record)),
        Err(error) if matches!(error.kind(), Kind::Refused | Kind::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns what the token holds: by its record, else by its claims.
#[must_use]
pub fn held(astro: &AstroClient, record: Option<&Record>) -> Held {
    let roles = record.map(|record| record.records("roles").iter().map(HeldRole::of).collect());
    let scope = record.and_then(|record| Scope::parse(record.text("scope")));
    Held { scope: scope.or_else(|| astro.api_token().scope()), roles }
}
