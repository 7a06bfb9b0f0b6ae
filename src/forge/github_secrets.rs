//! Secrets of GitHub Actions, of a repository or of one of its environments: <https://docs.github.com/rest/actions/secrets>.
//! GitHub takes a secret only in libsodium's sealed box, made with the public key of the place.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::PublicKey;
use crypto_box::aead::OsRng;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use crate::error::{Error, Kind, Result};
use crate::forge::github_client::Client;
use crate::forge::interface::Connection;
use crate::model::secret::Secret;

/// What the token must be allowed.
const RIGHTS: &str = "a workflow's own GITHUB_TOKEN cannot write secrets: set `forge-token` to a fine-grained token, or one of a GitHub \
                      App, with `Secrets: write` (for an environment: `Environments: write`)";

/// One secret.
pub struct GitHubSecret {
    client: Client,
    /// Route of the place, below the repository.
    place: String,
    name: String,
}

#[derive(Deserialize)]
struct WireKey {
    key_id: String,
    key: String,
}

impl GitHubSecret {
    /// Prepares a secret of the connection's repository, or of an environment of it; nothing is sent yet.
    ///
    /// # Errors
    /// As `Connect`.
    pub fn new(connection: &Connection, environment: Option<&str>, name: &str) -> Result<Self> {
        let place = match environment {
            Some(environment) => {
                format!("environments/{}", byte_serialize(environment.as_bytes()).collect::<String>().replace('+', "%20"))
            }
            None => "actions".to_owned(),
        };
        Ok(Self { client: Client::new(connection)?, place, name: name.to_owned() })
    }

    /// Proves that secrets can be written here: writes one that means nothing and deletes it again. Reading would not prove
    /// it, because a token may read keys and names only.
    ///
    /// # Errors
    /// As `store`.
    pub async fn prove(&self) -> Result<()> {
        let probe = format!("LIFTOFF_PROBE_{}", self.name);
        self.write(&probe, &Secret::new("probe")).await?;
        self.tell("delete the probe again", Method::DELETE, &probe, None).await
    }

    /// Stores the secret; one of that name is replaced.
    ///
    /// # Errors
    /// `Kind::Auth`, `Kind::Refused` or `Kind::NotFound` when GitHub refuses, `Kind::Transfer` when it cannot be reached.
    pub async fn store(&self, value: &Secret) -> Result<()> {
        self.write(&self.name, value).await
    }

    async fn write(&self, name: &str, value: &Secret) -> Result<()> {
        let doing = format!("write the GitHub secret {name}");
        let route = self.client.route(&format!("{}/secrets/public-key", self.place));
        let key: WireKey = self.client.get(&doing, route).await.map_err(advised)?;
        let sealed = sealed(&key.key, value).ok_or_else(|| {
            Error::new(Kind::Transfer, doing.clone()).because("GitHub's public key for secrets is not of the usual form")
        })?;
        let body = json!({ "encrypted_value": sealed, "key_id": key.key_id });
        self.tell(&doing, Method::PUT, name, Some(&body)).await
    }

    async fn tell(&self, doing: &str, method: Method, name: &str, body: Option<&Value>) -> Result<()> {
        let route = self.client.route(&format!("{}/secrets/{name}", self.place));
        self.client.tell(doing, (method, route), body).await.map_err(advised)
    }
}

fn advised(error: Error) -> Error {
    if matches!(error.kind(), Kind::Refused | Kind::NotFound | Kind::Auth) { error.hint(RIGHTS) } else { error }
}

/// Returns the value in a sealed box for a public key, both in base64; none for a text that is no key.
fn sealed(key: &str, value: &Secret) -> Option<String> {
    let key = PublicKey::from_slice(&STANDARD.decode(key).ok()?).ok()?;
    let sealed = key.seal(&mut OsRng, value.expose().as_bytes()).ok()?;
    Some(STANDARD.encode(sealed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto_box::SecretKey;

    #[test]
    fn only_the_key_opens_the_box() {
        let secret = SecretKey::generate(&mut OsRng);
        let key = STANDARD.encode(secret.public_key().as_bytes());
        let text = sealed(&key, &Secret::new("hunter2")).expect("a box");
        let opened = secret.unseal(&STANDARD.decode(&text).expect("base64")).expect("opened");
        assert_eq!(opened, b"hunter2");
        assert!(SecretKey::generate(&mut OsRng).unseal(&STANDARD.decode(&text).expect("base64")).is_err());
        for wrong in ["", "AAAA", "not base64!"] {
            assert_eq!(sealed(wrong, &Secret::new("x")), None, "{wrong}");
        }
    }
}
