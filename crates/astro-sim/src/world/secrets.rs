//! Secrets of GitHub Actions and CI/CD variables of GitLab.
//! It must not know how a request is spelled.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::SecretKey;
use jiff::Timestamp;

/// Name of the one public key that every place of this world has.
pub const KEY_ID: &str = "568250167242549743";

/// A secret of GitHub Actions.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSecret {
    /// Environment it belongs to; `None` means the repository.
    pub environment: Option<String>,
    /// Name, in capitals.
    pub name: String,
    /// What was in the box.
    pub value: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for StoredSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("StoredSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A CI/CD variable of GitLab.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredVariable {
    /// Name.
    pub key: String,
    /// What it holds.
    pub value: String,
    /// Whether logs hide it.
    pub masked: bool,
    /// Whether only jobs of protected branches get it.
    pub protected: bool,
    /// Whether `$` in it means nothing.
    pub raw: bool,
    /// Environments that get it.
    pub environment_scope: String,
}

impl std::fmt::Debug for StoredVariable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("StoredVariable").field("key", &self.key).finish_non_exhaustive()
    }
}

fn key() -> SecretKey {
    SecretKey::from([7; 32])
}

/// Returns the public key that secrets must be sealed with, in base64.
pub fn public_key() -> String {
    STANDARD.encode(key().public_key().as_bytes())
}

/// Opens a sealed box in base64; `None` if it is not for this world's key.
pub fn opened(sealed: &str) -> Option<String> {
    let bytes = key().unseal(&STANDARD.decode(sealed).ok()?).ok()?;
    String::from_utf8(bytes).ok()
}
