//! The rows of the settings table that are about the run's own token.
//! It holds data only, as the table does.

use crate::settings::setting::{Commands, Setting, ValueKind};

/// When a token is close to its end.
pub const TOKEN_WARNING_DAYS: Setting = Setting::ours(
    "token-warning-days",
    ValueKind::Text,
    "Warns this many days before the run's own token expires; `0` never warns.",
)
.or("14")
.used_by(Commands::Astro);
