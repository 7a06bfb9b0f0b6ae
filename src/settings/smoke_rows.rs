//! The rows of the settings table about running DAGs once after a deploy.
//! It holds data only, as the table does.

use crate::settings::setting::{Commands, Setting, ValueKind};

/// Which DAGs to run.
pub const SMOKE_DAGS: Setting = Setting::ours(
    "smoke-dags",
    ValueKind::List,
    "Ids of DAGs to run once after the deploy arrived; a run that fails fails the deploy.",
)
.used_by(Commands::Deploy);

/// What they get.
pub const SMOKE_CONF: Setting = Setting::ours(
    "smoke-conf",
    ValueKind::Text,
    "What the runs of `smoke-dags` get: a JSON object, or `@` and the path of a file inside the project that holds one.",
)
.used_by(Commands::Deploy);

/// How long they may take.
pub const SMOKE_TIMEOUT: Setting =
    Setting::ours("smoke-timeout", ValueKind::Duration, "How long each run of `smoke-dags` may take.")
        .or("10m")
        .used_by(Commands::Deploy);
