//! The end of previews: deletes them, and tells the forge that they are gone.

use crate::app::previews::who::{Reach, Who};
use crate::app::session::Session;
use crate::app::story::Story;
use crate::astro::client::AstroClient;
use crate::error::Result;
use crate::model::preview::Preview;
use crate::plan::preview::roll;
use crate::report::preview::{Fate, PreviewReport};

/// Deletes every preview for a subject, whatever it is made from, unless this run only shows.
/// Only marked Deployments are looked at. The story holds what was deleted.
///
/// # Errors
/// As the platform answers; what could be deleted until then is gone.
pub async fn end(
    session: &Session,
    astro: &AstroClient,
    (who, reach, why): (&Who, Reach, &'static str),
    story: &mut Story,
) -> Result<()> {
    let previews = who.all(reach, roll::marked(astro.deployments(None).await?));
    let names: Vec<String> = previews.iter().map(|preview| preview.deployment.name.clone()).collect();
    let dry = session.settings.previews.dry_run;
    let mut report = story.preview.take().unwrap_or_else(|| PreviewReport::about(&who.subject));
    report.base_id = report.base_id.or_else(|| previews.first().map(|preview| preview.mark.owner.base.clone()));
    report.fate = if dry { Fate::ToDelete { why, names } } else { Fate::Deleted { why, names } };
    if !dry {
        deleted(session, astro, &previews).await?;
    }
    // What is gone has no page to link to.
    story.deployment = None;
    story.plan = None;
    story.preview = Some(report);
    Ok(())
}

/// Deletes previews.
///
/// # Errors
/// As the platform answers.
pub async fn deleted(session: &Session, astro: &AstroClient, previews: &[Preview]) -> Result<()> {
    for preview in previews {
        let Preview { deployment, mark } = preview;
        session.console.info(&format!("delete the preview {} of {}", deployment.name, mark.owner.subject.words()));
        astro.delete_deployment(&deployment.id).await?;
    }
    Ok(())
}
