//! The only reader of the real process environment.

use std::path::PathBuf;

use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};

/// Returns the environment of this process. Variables whose names are not UTF-8 are left out.
///
/// # Errors
/// Fails when the current folder no longer exists.
#[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
pub fn snapshot() -> Result<Env> {
    let current_dir: PathBuf = std::env::current_dir().map_err(|error| {
        Error::new(Kind::Project, "find the current folder").because(error).hint("start Liftoff in a folder that exists")
    })?;
    let variables = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    Ok(Env::new(variables, current_dir))
}
