//! What a file of `ci` offers for its CI system.
//! It names no CI system.

use std::path::PathBuf;

use crate::env::snapshot::Env;
use crate::error::Result;
use crate::model::context::CiContext;

/// One CI system.
#[derive(Debug, Clone, Copy)]
pub struct Provider {
    /// Stable name, also of its file (with `_`) and of its fixture folder: `github-actions`.
    pub name: &'static str,
    /// Page of the vendor that documents the variables; none for `local`.
    pub docs_url: Option<&'static str>,
    /// Returns whether this run is on that system.
    pub detect: fn(&Env) -> bool,
    /// Returns the file that describes the event, when the system writes one.
    pub event_file: fn(&Env) -> Option<PathBuf>,
    /// Returns whether the person asked the CI system for debug output.
    pub wants_debug: fn(&Env) -> bool,
    /// Reads the context. The bytes are the content of the event file, if it could be read.
    pub read: fn(&Env, Option<&[u8]>) -> Result<CiContext>,
}
