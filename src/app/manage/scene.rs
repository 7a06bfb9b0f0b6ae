//! What most of these commands begin with: the platform, and the things that they are about.

use crate::app::session::Session;
use crate::app::target;
use crate::astro::client::AstroClient;
use crate::astro::named::{DEPLOYMENTS, WORKSPACES};
use crate::cli::which::DeploymentArg;
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;

/// Returns the platform.
///
/// # Errors
/// `Kind::Auth` without a token or with an unusable one.
pub async fn astro(session: &Session) -> Result<AstroClient> {
    target::astro(session).await?.ok_or_else(|| target::no_token(session))
}

/// Returns the Deployment that a command is about: the flag's, else the settings'.
///
/// # Errors
/// `Kind::Usage` when none is named, `Kind::NotFound` for none or several of that name, else as the platform answers.
pub async fn deployment(session: &Session, astro: &AstroClient, which: &DeploymentArg) -> Result<Record> {
    let target = &session.settings.target;
    let id = match &which.deployment {
        Some(wanted) => {
            let workspace = workspace_filter(session, astro).await?;
            let query: Vec<(&str, &str)> = workspace.iter().map(|id| ("workspaceIds", id.as_str())).collect();
            return astro.find_record(&DEPLOYMENTS, &query, wanted).await;
        }
        None => {
            if let (false, Some(why)) = (target.is_named(), session.settings.unmapped()) {
                return Err(Error::new(Kind::Usage, "choose a Deployment").because(why).hint("name it with `--deployment`"));
            }
            session.platform.deployment(astro, target).await?.id
        }
    };
    astro.record(&["deployments", id.as_str()], &format!("read the Deployment {id}")).await
}

/// Returns the Workspace that `--workspace` or its setting names, else the token's own.
///
/// # Errors
/// `Kind::Usage` when none is named, `Kind::NotFound` for none or several of that name.
pub async fn workspace(session: &Session, astro: &AstroClient) -> Result<Record> {
    let wanted = session.settings.target.workspace.clone().or_else(|| astro.workspace_of_token().map(|id| id.to_string()));
    let Some(wanted) = wanted else {
        return Err(Error::new(Kind::Usage, "choose a Workspace")
            .because("neither `workspace` is set nor does the token belong to one")
            .hint("name it with `--workspace`, by id or exact name"));
    };
    astro.find_record(&WORKSPACES, &[], &wanted).await
}

/// Returns the id of the Workspace that is named; none when all that the token sees are meant.
///
/// # Errors
/// `Kind::NotFound` for none or several of that name.
pub async fn workspace_filter(session: &Session, astro: &AstroClient) -> Result<Option<String>> {
    match &session.settings.target.workspace {
        Some(wanted) => astro.find_record(&WORKSPACES, &[], wanted).await.map(|found| Some(found.id().to_owned())),
        None => Ok(None),
    }
}
