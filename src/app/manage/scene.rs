//! What most of these commands begin with: the platform, and the things that they are about.

use crate::app::session::Session;
use crate::app::target;
use crate::astro::client::AstroClient;
use crate::astro::connection::Query;
use crate::astro::named::{Collection, DEPLOYMENTS, WORKSPACES};
use crate::cli::which::DeploymentArg;
use crate::error::{Error, Kind, Result};
use crate::model::context::ForgeKind;
use crate::model::markup::MarkupStyle;
use crate::model::record::Record;
use crate::report::ink::Ink;
use crate::settings::origin::Origin;

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
    let by_flag = |name: &&str| matches!(session.settings.origins.get(name), Some((_, Origin::Flag(_))));
    let id = match &which.deployment {
        Some(_) if ["deployment-id", "deployment-name"].iter().any(by_flag) => {
            return Err(Error::new(Kind::Usage, "choose a Deployment").because("it is named twice").hint("name it once"));
        }
        Some(wanted) => {
            let workspace = workspace_filter(session, astro).await?;
            let query: Vec<(&str, &str)> = workspace.iter().map(|id| ("workspaceIds", id.as_str())).collect();
            return astro.find_record(&DEPLOYMENTS, &query, wanted).await;
        }
        None => {
            if let (false, Some(why)) = (target.is_named(), session.settings.unmapped()) {
                return Err(Error::new(Kind::Usage, "choose a Deployment")
                    .because(why)
                    .hint("name it with `--deployment`, by id or exact name"));
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

/// Returns an error when another thing of a list has the name that one is to get: names tell things apart, and the platform
/// does not mind two of one name.
///
/// # Errors
/// `Kind::Refused`; as the list.
pub async fn still_free(astro: &AstroClient, collection: &Collection, query: Query<'_>, (id, name): (&str, &str)) -> Result<()> {
    let all = astro.records(collection.path, query, &format!("list the {}s", collection.what)).await?;
    match all.iter().find(|record| record.text(collection.name) == name && record.id() != id) {
        Some(other) => Err(Error::new(Kind::Refused, format!("name a {} `{name}`", collection.what))
            .because(format!("{} has this name already", other.id()))
            .hint("choose another name")),
        None => Ok(()),
    }
}

/// Returns how notes for reviewers are written: as the forge that would show them takes it.
#[must_use]
pub fn ink(session: &Session) -> Ink {
    let forge = session.settings.report.forge.or_else(|| session.context.repository.as_ref().map(|it| it.forge));
    Ink(match forge {
        Some(ForgeKind::Bitbucket | ForgeKind::BitbucketServer) => MarkupStyle::Plain,
        _ => MarkupStyle::Html,
    })
}

/// Returns an error unless a name was repeated, which is how a deletion says that it is meant.
///
/// # Errors
/// `Kind::Refused`.
pub fn confirmed((what, name): (&str, &str), confirmation: &str) -> Result<()> {
    if confirmation == name {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, format!("delete the {what} {name}"))
        .because(format!("`--confirm` says `{confirmation}`, which is not its name"))
        .hint("repeat its exact name with `--confirm`; that cannot be undone"))
}

/// Returns an error unless a thing holds what was written.
///
/// # Errors
/// `Kind::Refused`, with the names of the fields that differ.
pub fn verified(now: &Record, written: &Record, doing: &str) -> Result<()> {
    let differs = |(field, value): &(&String, &serde_json::Value)| {
        // The platform may leave an empty value out.
        let is_empty = value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
        now.fields().get(*field) != Some(*value) && !(is_empty && now.value(field).is_none())
    };
    let names: Vec<&str> = written.fields().iter().filter(differs).map(|(field, _)| field.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, doing)
        .because(format!("the platform holds another value than was written for {}", names.join(", ")))
        .hint("somebody else may have changed it at the same time; look, and run this again"))
}
