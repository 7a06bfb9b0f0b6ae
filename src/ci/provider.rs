//! What a file of `ci` offers for its CI system.
//! It names no CI system.

use std::path::PathBuf;

use crate::env::snapshot::Env;
use crate::error::Result;
use crate::model::context::{CiContext, Event};
use crate::model::dialect::Dialect;
use crate::model::outputs::Outputs;

/// One CI system. Its file starts from `Provider::SILENT` and says what is different.
#[derive(Debug, Clone, Copy)]
pub struct Provider {
    /// Stable name, also of its file (with `_`) and of its fixture folder: `github-actions`.
    pub name: &'static str,
    /// Page of the vendor that documents the variables; none for `local`.
    pub docs_url: Option<&'static str>,
    /// How its log reads lines.
    pub dialect: Dialect,
    /// Where it takes outputs from.
    pub outputs: Outputs,
    /// Returns whether this run is on that system.
    pub detect: fn(&Env) -> bool,
    /// Returns the file that describes the event, when the system writes one.
    pub event_file: fn(&Env) -> Option<PathBuf>,
    /// Returns the file to read instead, when the event file only points to it.
    pub leads_to: fn(&[u8]) -> Option<PathBuf>,
    /// Returns whether the person asked the CI system for debug output.
    pub wants_debug: fn(&Env) -> bool,
    /// Reads the context. The bytes are the content of the event file, if it could be read.
    pub read: fn(&Env, Option<&[u8]>) -> Result<CiContext>,
}

impl Provider {
    /// A system that says nothing.
    pub const SILENT: Self = Self {
        name: "",
        docs_url: None,
        dialect: Dialect::Plain,
        outputs: Outputs::None,
        detect: |_| false,
        event_file: |_| None,
        leads_to: |_| None,
        wants_debug: |_| false,
        read: |_, _| Ok(CiContext::new("", Event::Local)),
    };
}
