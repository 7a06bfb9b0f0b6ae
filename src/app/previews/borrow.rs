//! The base Deployment's image for a preview: where it is what ours would be, nothing is built.

use jiff::Timestamp;

use crate::app::baseline;
use crate::app::commits::Commits;
use crate::app::content::Goods;
use crate::app::session::Session;
use crate::app::target::PreviewTarget;
use crate::astro::client::AstroClient;
use crate::deploy::ready;
use crate::error::Result;
use crate::model::artifact::Artifact;
use crate::model::deploy::{DeployRecord, DeployStatus};
use crate::model::image::RegistryLogin;
use crate::plan::deployed::{self, Deployed};
use crate::plan::facts::{Existence, PreviewFacts};
use crate::plan::verdict;

/// Deploys of the base that are read: a busy one's newest image can lie further back, and is then
/// built anew.
const HISTORY: usize = 100;

/// Finds out what only a preview has, and takes the base's image when ours would be the same.
/// `wanted` tells whether an image may ship at all.
///
/// # Errors
/// As the platform answers and as git can be read. A registry that gives the image away to nobody
/// is no error: then it is built.
pub async fn preview_facts(
    session: &Session,
    (target, wanted): (&PreviewTarget, bool),
    (astro, commits): (&AstroClient, &mut Commits<'_>),
    history: &[DeployRecord],
    goods: &mut Goods,
) -> Result<PreviewFacts> {
    let previews = &session.settings.previews;
    let fresh = !history.iter().any(|deploy| deploy.status == DeployStatus::Deployed);
    let copies = previews.copies;
    let mut facts = PreviewFacts {
        existence: target.existence,
        image_of: None,
        copies: (copies.connections || copies.variables || copies.pools)
            && (target.existence == Existence::ToBe || fresh || copies.again),
        unpauses: !previews.unpause.is_empty(),
    };
    let content = goods.artifacts.iter().find(|(artifact, _)| *artifact == Artifact::Image).cloned();
    let (Some(image), true, None) = (content, wanted, &goods.prebuilt) else {
        return Ok(facts);
    };
    let base = &target.base;
    let deploys = session.platform.history(astro, &base.id, HISTORY).await?;
    let state = deployed::state(&Artifact::Image, base, &deploys, Timestamp::now());
    let Deployed::Known(known) = &state else {
        return Ok(facts);
    };
    let running = deploys.iter().find(|deploy| deploy.id == known.id).and_then(|deploy| deploy.image_tag.clone());
    let judged = verdict::judge(&baseline::artifact(session, commits, &goods.rules, image, state.clone()).await?);
    let (Some(repository), Some(tag), false) = (&base.image_repository, running, judged.changed) else {
        return Ok(facts);
    };
    let login = RegistryLogin::astro(astro.token());
    let name = format!("{repository}:{tag}");
    match ready::in_registry(&session.transfers.client, (name, login), &session.temporary).await {
        Ok(found) => {
            goods.prebuilt = Some(found);
            facts.image_of = Some(base.name.clone());
        }
        Err(error) => session.console.notice(&format!("the image of {} cannot be had, so it is built: {error}", base.name)),
    }
    Ok(facts)
}
