//! A person's own machine, or a CI system that Liftoff does not know.
//! It reads nothing: git and the settings `branch`, `commit` and `pull-request` say the rest.

use crate::ci::provider::Provider;
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::model::context::{CiContext, Event};

/// The provider of last resort.
pub const PROVIDER: Provider =
    Provider { name: "local", docs_url: None, detect: |_| true, event_file: |_| None, wants_debug: |_| false, read };

fn read(_: &Env, _: Option<&[u8]>) -> Result<CiContext> {
    Ok(CiContext {
        provider: PROVIDER.name,
        event: Event::Local,
        commit: None,
        branch: None,
        tag: None,
        before: None,
        pull_request: None,
        repository: None,
        run_url: None,
        actor: None,
        checkout: None,
    })
}
