//! Names of the environment variables that Liftoff itself defines or that hosts share.
//! Variables of a CI system stand in that system's file under `ci`.

/// The Astro API token.
pub const ASTRO_API_TOKEN: &str = "ASTRO_API_TOKEN";
/// A file that holds the Astro API token.
pub const ASTRO_API_TOKEN_FILE: &str = "ASTRO_API_TOKEN_FILE";
/// Dead API keys of the old Astro API, recognised only to say so.
pub const ASTRONOMER_KEY_ID: &str = "ASTRONOMER_KEY_ID";
/// How the names begin under which a run hands on its outputs where those are variables.
pub const LIFTOFF_OUTPUT: &str = "LIFTOFF_OUTPUT_";
/// PEM file of trust roots that replaces the host's store.
pub const SSL_CERT_FILE: &str = "SSL_CERT_FILE";
/// Folder of trust roots that replaces the host's store.
pub const SSL_CERT_DIR: &str = "SSL_CERT_DIR";
/// Set by people who want no colour, whatever its value.
pub const NO_COLOR: &str = "NO_COLOR";
/// Set by nearly every CI system, whatever its value.
pub const CI: &str = "CI";
/// Proxy for `https` URLs; the lower-case name is read first, as curl does.
pub const HTTPS_PROXY: &str = "HTTPS_PROXY";
/// Proxy for `http` URLs.
pub const HTTP_PROXY: &str = "HTTP_PROXY";
/// Proxy for both, where no more special one is set.
pub const ALL_PROXY: &str = "ALL_PROXY";
/// Comma-separated hosts, domains and networks that are reached without a proxy.
pub const NO_PROXY: &str = "NO_PROXY";
/// Folder for temporary files of one job; the runner empties it.
pub const RUNNER_TEMP: &str = "RUNNER_TEMP";
/// Folder for temporary files.
pub const TMPDIR: &str = "TMPDIR";
/// Folder for temporary files on Windows.
pub const TEMP: &str = "TEMP";
/// The repository, where it is not the nearest `.git`.
pub const GIT_DIR: &str = "GIT_DIR";
/// The working tree that belongs to `GIT_DIR`.
pub const GIT_WORK_TREE: &str = "GIT_WORK_TREE";
