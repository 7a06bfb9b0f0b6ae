//! The rows of the settings table about looking at Airflow after a deploy.

use crate::settings::setting::{Commands, Setting, ValueKind};

/// What new import errors mean.
pub const VERIFY: Setting = Setting::ours(
    "verify",
    ValueKind::Enum(&["off", "warn", "fail"]),
    "What it means that Airflow can no longer import a file after the deploy arrived; `off` does not look.",
)
.or("fail")
.used_by(Commands::Deploy);

/// How long to look.
pub const VERIFY_TIME: Setting =
    Setting::ours("verify-time", ValueKind::Duration, "How long Airflow may take to read what was deployed.")
        .or("5m")
        .used_by(Commands::Deploy);
