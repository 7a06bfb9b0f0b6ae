//! Names of the environment variables that Liftoff itself defines or that hosts share.
//! Variables of a CI system stand in that system's file under `ci`.

/// The Astro API token.
pub const ASTRO_API_TOKEN: &str = "ASTRO_API_TOKEN";
/// A file that holds the Astro API token.
pub const ASTRO_API_TOKEN_FILE: &str = "ASTRO_API_TOKEN_FILE";
/// Dead API keys of the old Astro API, recognised only to say so.
pub const ASTRONOMER_KEY_ID: &str = "ASTRONOMER_KEY_ID";
/// PEM file of trust roots that replaces the host's store.
pub const SSL_CERT_FILE: &str = "SSL_CERT_FILE";
/// Set by people who want no colour, whatever its value.
pub const NO_COLOR: &str = "NO_COLOR";
