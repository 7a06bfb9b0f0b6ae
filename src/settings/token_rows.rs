//! The rows of the settings table that are about the run's own token.
//! It holds data only, as the table does.

use crate::env::names;
use crate::settings::setting::{Commands, Setting, Surface, ValueKind};

/// Where the token is, when it is in a file.
pub const API_TOKEN_FILE: Setting = Setting::ours("api-token-file", ValueKind::Path, "File that holds the Astro API token.")
    .variables(&[names::ASTRO_API_TOKEN_FILE])
    .used_by(Commands::Astro)
    .surface(Surface::NotInFile);

/// When a token is close to its end.
pub const TOKEN_WARNING_DAYS: Setting = Setting::ours(
    "token-warning-days",
    ValueKind::Text,
    "Warns this many days before the run's own token expires; `0` never warns.",
)
.or("14")
.used_by(Commands::Astro);
