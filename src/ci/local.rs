//! A person's own machine, or a CI system that Liftoff does not know.
//! It reads nothing: git and the settings `branch`, `commit` and `pull-request` say the rest.
//! Beyond `CI=true` there is no variable on which unknown systems agree.

use crate::ci::provider::Provider;
use crate::model::context::{CiContext, Event};

/// The provider of last resort.
pub const PROVIDER: Provider =
    Provider { name: "local", detect: |_| true, read: |_, _| Ok(CiContext::new("local", Event::Local)), ..Provider::SILENT };
