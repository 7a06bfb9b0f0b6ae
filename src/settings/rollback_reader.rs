//! Reads the settings of history and rollback and checks their forms.

use crate::error::Result;
use crate::model::ids::DeployId;
use crate::settings::parse::quoted;
use crate::settings::reader::Reader;
use crate::settings::rollback::{OnFailure, Rollback};

/// The most deploys that the history can show.
const MOST: usize = 5_000;

/// Reads the settings.
///
/// # Errors
/// Fails with `Kind::Usage` on values of a wrong form.
pub fn rollback(reader: &Reader<'_>) -> Result<Rollback> {
    let word = reader.word("limit");
    let limit = word.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    Ok(Rollback {
        to: reader.text("to").map(|id| DeployId::new(id.trim())),
        previous: reader.is_on("previous"),
        allow_runtime_downgrade: reader.is_on("allow-runtime-downgrade"),
        on_failure: if reader.word("on-failure") == "rollback" { OnFailure::RollBack } else { OnFailure::Nothing },
        dry_run: reader.is_on("dry-run"),
        limit: limit
            .ok_or_else(|| reader.wrong("limit", &format!("expected a number from 1 to {MOST}, got {}", quoted(word))))?,
    })
}
