//! The rows of the settings table that are about history and rollback.
//! It holds data only, as the table does.

use crate::settings::setting::{Commands, Setting, Surface, ValueKind};

/// Settings of a deploy that mean the same for a rollback.
pub const SHARED: &[&str] = &[
    "deploy-type",
    "description",
    "mount-path",
    "allow-fork",
    "wake-on-deploy",
    "wait",
    "wait-time",
    "allow-runtime-downgrade",
    "dry-run",
    "comment-on-no-op",
    "environment",
];

/// What a bad end leads to. Not in the file: the change that is being deployed must not decide
/// what happens when it turns out to be bad.
pub const ON_FAILURE: Setting = Setting::ours(
    "on-failure",
    ValueKind::Enum(&["none", "rollback"]),
    "What follows a deploy that failed or left the Deployment unhealthy: nothing, or a rollback to what ran before.",
)
.or("none")
.used_by(Commands::OnlyDeploy)
.surface(Surface::NotInFile);

/// The word without which no lower Runtime comes back.
pub const ALLOW_RUNTIME_DOWNGRADE: Setting = Setting::ours(
    "allow-runtime-downgrade",
    ValueKind::Bool,
    "Lets a rollback bring back a lower Runtime version: running tasks fail, and metadata that it has no place for is erased.",
)
.or("false")
.used_by(Commands::OnlyDeploy)
.surface(Surface::NotInFile);

/// Where to go back to, by id.
pub const TO: Setting = Setting::ours("to", ValueKind::Text, "Id of the deploy that `rollback` goes back to.")
    .used_by(Commands::Rollback)
    .surface(Surface::NotInFile);

/// Where to go back to, without an id.
pub const PREVIOUS: Setting = Setting::ours(
    "previous",
    ValueKind::Bool,
    "Lets `rollback` go back to the newest earlier deploy with other content, of the kind that `deploy-type` names.",
)
.or("false")
.used_by(Commands::Rollback)
.surface(Surface::NotInFile);

/// How much of the history is shown.
pub const LIMIT: Setting =
    Setting::ours("limit", ValueKind::Text, "Most deploys that `history` shows.").or("20").used_by(Commands::History);
