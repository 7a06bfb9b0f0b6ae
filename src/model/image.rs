//! Images as facts: what an image is called, what it holds, where a prebuilt one lies.
//! Reading them is the business of `image` and `registry`.

use std::fmt;
use std::path::PathBuf;

use crate::model::secret::Secret;

/// A SHA-256 digest in the form that registries use: `sha256:` and 64 lower-case hexadecimal
/// digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageDigest(String);

impl ImageDigest {
    /// Parses a digest, with or without the leading `sha256:`. Returns `None` for anything
    /// else, also for digests of other algorithms.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        let whole = hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        whole.then(|| Self(format!("sha256:{hex}")))
    }

    /// Wraps a hash.
    #[must_use]
    pub fn from_hash(hash: [u8; 32]) -> Self {
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        for byte in hash {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        Self(text)
    }

    /// Returns the digest with its algorithm.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the 64 digits alone.
    #[must_use]
    pub fn hex(&self) -> &str {
        self.0.strip_prefix("sha256:").unwrap_or(&self.0)
    }
}

impl fmt::Display for ImageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ImageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an image says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// Label `io.astronomer.docker.runtime.version`, unparsed.
    pub runtime_version: Option<String>,
    /// Label `io.astronomer.docker.airflow.version`, unparsed.
    pub airflow_version: Option<String>,
    /// Operating system, such as `linux`.
    pub os: String,
    /// Processor architecture in Go's words, such as `amd64`.
    pub architecture: String,
    /// What identifies the content: the digest of the image's config, which is the same in a
    /// registry, in an archive and in an engine (Docker's containerd image store shows the
    /// digest of the manifest instead).
    pub digest: ImageDigest,
    /// Size in bytes: unpacked in an engine, as transferred elsewhere; `None` when unknown.
    pub size: Option<u64>,
}

impl ImageFacts {
    /// Label that holds the Runtime version. Source: `reference/astro-platform.md` 3.8.
    pub const RUNTIME_LABEL: &'static str = "io.astronomer.docker.runtime.version";
    /// Label that holds Airflow's version. Source: the same.
    pub const AIRFLOW_LABEL: &'static str = "io.astronomer.docker.airflow.version";
}

/// Where a prebuilt image lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// In the container engine, under this name or id.
    Engine(String),
    /// In a registry, as `host/repository:tag` or `host/repository@digest`.
    Registry(String),
    /// A folder in the OCI image layout.
    Layout(PathBuf),
    /// A tar file of `docker save` or of an OCI image layout, possibly gzip-compressed.
    Archive(PathBuf),
}

impl fmt::Display for ImageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(name) => write!(f, "local image {name}"),
            Self::Registry(name) => write!(f, "registry image {name}"),
            Self::Layout(path) => write!(f, "OCI layout {}", path.display()),
            Self::Archive(path) => write!(f, "image archive {}", path.display()),
        }
    }
}

/// User name and password for one registry. The user name `<token>` marks the password as an
/// identity token, as Docker's credential helpers do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryLogin {
    /// User name.
    pub username: String,
    /// Password or token.
    pub password: Secret,
}

impl RegistryLogin {
    /// The user name that marks an identity token.
    pub const IDENTITY_TOKEN: &'static str = "<token>";

    /// Returns the login for the platform's image registry: user `cli` with the API token.
    /// Source: `reference/astro-platform.md` 3.7.
    #[must_use]
    pub fn astro(token: &Secret) -> Self {
        Self { username: "cli".to_owned(), password: token.clone() }
    }
}

/// Returns whether a registry host (`name`, `name:port` or `[address]:port`) is this machine,
/// the only case in which plain HTTP is spoken.
#[must_use]
pub fn is_loopback_registry(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_sha256_digests_are_digests() {
        let hex = "ab".repeat(32);
        assert_eq!(ImageDigest::parse(&hex), ImageDigest::parse(&format!("sha256:{hex}")));
        assert_eq!(ImageDigest::parse(&hex).map(|digest| digest.hex().to_owned()), Some(hex.clone()));
        for text in ["", "sha256:", "sha512:ab", "sha256:../../etc/passwd", &hex[1..], &hex.to_uppercase()] {
            assert_eq!(ImageDigest::parse(text), None, "{text}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:1", "127.9.9.9", "[::1]:5000"] {
            assert!(is_loopback_registry(host), "{host}");
        }
        for host in ["images.astronomer.cloud", "localhost.evil.example", "10.0.0.1:5000", "127.0.0.1.example", "[::2]:1", ""] {
            assert!(!is_loopback_registry(host), "{host}");
        }
    }

    #[test]
    fn a_login_does_not_show_its_password() {
        assert!(!format!("{:?}", RegistryLogin::astro(&Secret::new("hunter2"))).contains("hunter2"));
    }
}
