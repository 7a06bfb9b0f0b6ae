//! Finds where to deploy: token, Deployment and what its history says.

use jiff::{SignedDuration, Timestamp};

use crate::app::configure::bounded;
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::astro::token::ApiToken;
use crate::changes::inputs::DagDeploys;
use crate::cli::command::Command;
use crate::env::names;
use crate::error::{Error, Kind, Result};
use crate::model::context::Trust;
use crate::model::deployment::Deployment;
use crate::model::secret::Secret;
use crate::plan::facts::Existence;
use crate::settings::values::AssumedDagDeploys;

/// The largest token file in bytes; tokens have about two thousand.
const TOKEN_LIMIT: u64 = 64 << 10;

/// Where this run deploys to.
pub enum Destination {
    /// A Deployment.
    Known {
        /// The platform.
        astro: Box<AstroClient>,
        /// The Deployment.
        deployment: Box<Deployment>,
        /// What only previews have.
        preview: Option<PreviewTarget>,
    },
    /// There is no token, and this run may go without.
    Unreachable {
        /// The pull request's kind, when it explains the missing token.
        trust: Option<Trust>,
    },
}

/// What only a preview has as a destination.
pub struct PreviewTarget {
    /// The Deployment that it is made from.
    pub base: Box<Deployment>,
    /// Whether it is there; one that is to be made is known by what it will be like.
    pub existence: Existence,
}

impl Destination {
    /// Returns how DAGs reach the Deployment; without a token, what the settings assume.
    #[must_use]
    pub fn dag_deploys(&self, assumed: AssumedDagDeploys) -> DagDeploys {
        let separate = match self {
            // DAGs of remote execution ship neither as a bundle nor in the image.
            Self::Known { deployment, .. } => deployment.dag_deploys || deployment.remote_execution,
            Self::Unreachable { .. } => assumed == AssumedDagDeploys::On,
        };
        if separate { DagDeploys::Separate } else { DagDeploys::InImage }
    }
}

/// Finds the destination.
///
/// # Errors
/// `Kind::Auth` for a missing or unusable token, `Kind::Usage` when no Deployment is named, and
/// as the platform answers.
pub async fn destination(session: &Session, command: &Command) -> Result<Destination> {
    let Some(astro) = astro(session).await? else {
        return without_token(session, command);
    };
    let target = &session.settings.target;
    let deployment = session.platform.deployment(&astro, target).await?;
    Ok(Destination::Known { astro: Box::new(astro), deployment: Box::new(deployment), preview: None })
}

/// Returns the platform; none without a token.
///
/// # Errors
/// `Kind::Auth` for an unusable token.
pub async fn astro(session: &Session) -> Result<Option<AstroClient>> {
    let Some(token) = token(session)? else {
        return Ok(None);
    };
    let organization = session.settings.target.organization.clone();
    session.platform.client(organization, || client(session, &token)).await.map(Some)
}

fn client(session: &Session, token: &Secret) -> Result<AstroClient> {
    let settings = &session.settings;
    if settings.api.token.is_some() {
        session.console.hide(token)
    } else {
        session.console.mask(token)
    }
    let now = Timestamp::now();
    let token = ApiToken::parse(token, now)?;
    if let Some(left) = token.expires_in(now)
        && left.as_hours() < i64::from(settings.api.token_warning_days) * 24
    {
        let left = time_left(left);
        session
            .console
            .warning(&format!("the Astro API token expires in {left}; rotate it in time, such as with `liftoff token rotate`"));
    }
    AstroClient::new(session.calls.clone(), settings.api.url.clone(), token, settings.target.organization.clone())
}

/// Returns how long something still lasts, for people: whole days, or hours within the last two days.
#[must_use]
pub fn time_left(left: SignedDuration) -> String {
    match left.as_hours() {
        hours if hours >= 48 => format!("{} days", hours / 24),
        1 => "1 hour".to_owned(),
        hours => format!("{hours} hours"),
    }
}

/// Returns the token that was given; none when there is none.
///
/// # Errors
/// `Kind::Auth` when its file is missing, empty or no text.
pub fn token(session: &Session) -> Result<Option<Secret>> {
    let api = &session.settings.api;
    if api.token.is_some() {
        return Ok(api.token.clone());
    }
    let Some(path) = &api.token_file else {
        return Ok(None);
    };
    let unusable = |because: &str| Error::new(Kind::Auth, format!("read the token file {}", path.display())).because(because);
    let bytes = bounded(path, TOKEN_LIMIT)?.ok_or_else(|| unusable("there is no such file"))?;
    let text = String::from_utf8(bytes).map_err(|_| unusable("it is not text"))?;
    if text.trim().is_empty() {
        return Err(unusable("it is empty"));
    }
    Ok(Some(Secret::new(text.trim())))
}

fn without_token(session: &Session, command: &Command) -> Result<Destination> {
    let trust = session.context.trust;
    // Where it may be a fork's, it may be right that there is none.
    let excused = trust != Trust::SameRepository;
    if excused || *command == Command::Plan {
        return Ok(Destination::Unreachable { trust: Some(trust).filter(|_| excused) });
    }
    Err(no_token(session))
}

/// Returns the error of a run that needs a token and has none.
#[must_use]
pub fn no_token(session: &Session) -> Error {
    let error = Error::new(Kind::Auth, "sign in to Astro");
    if session.env.get(names::ASTRONOMER_KEY_ID).is_some() {
        return error
            .because("ASTRONOMER_KEY_ID is set, but Astro no longer accepts API keys")
            .hint("create a Deployment API token in Astro and set it as ASTRO_API_TOKEN");
    }
    let hint = if session.context.provider == "github-actions" {
        "store a Deployment API token as a secret and pass it: `env: ASTRO_API_TOKEN: ${{ secrets.ASTRO_API_TOKEN }}`"
    } else {
        "create a Deployment API token in Astro and set it as ASTRO_API_TOKEN; to try Liftoff without an account, add `--sandbox`"
    };
    error.because("ASTRO_API_TOKEN is not set or empty").hint(hint)
}
