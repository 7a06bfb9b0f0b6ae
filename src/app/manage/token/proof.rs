//! Whether a new value works: one read with it.

use jiff::Timestamp;

use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::astro::token::ApiToken;
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;
use crate::model::secret::Secret;

/// Takes the value out of the platform's answer to a creation or a rotation, and hides it from now on.
///
/// # Errors
/// `Kind::Transfer` when the platform gave none.
pub fn taken(session: &Session, token: &mut Record, doing: &str) -> Result<Secret> {
    match token.take("token").as_ref().and_then(|value| value.as_str()) {
        Some(text) if !text.is_empty() => {
            let value = Secret::new(text);
            session.console.mask(&value);
            Ok(value)
        }
        _ => Err(Error::new(Kind::Transfer, doing).because("the platform's answer holds no value")),
    }
}

/// Reads something with the value. That the platform then refuses something else does not matter: it knew the token.
///
/// # Errors
/// `Kind::Auth` when the platform does not know it, `Kind::Transfer` when that could not be found out.
pub async fn works(session: &Session, astro: &AstroClient, value: &Secret) -> Result<()> {
    let token = ApiToken::parse(value, Timestamp::now())?;
    let organization = Some(astro.organization_id().await?.clone());
    let fresh = AstroClient::new(session.calls.clone(), session.settings.api.url.clone(), token, organization)?;
    match fresh.record(&[], "try the new value").await {
        Err(error) if matches!(error.kind(), Kind::Auth | Kind::Transfer) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
