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
use crate::model::deployment::Deployment;
use crate::model::image::RegistryLogin;
use crate::plan::deployed::{self, Deployed};
use crate::plan::facts::{ArtifactFacts, BaseOrigin, Diff, Existence, PreviewFacts};
use crate::plan::verdict;

/// Deploys of the base that are read: a busy one's newest image can lie further back, and is then
/// built anew.
const HISTORY: usize = 100;

/// Finds out what only a preview has. What was never deployed to it is explained by how it differs
/// from the base, and where the image would be the base's, that one is taken. `wanted` tells
/// whether an image may ship at all.
///
/// # Errors
/// As the platform answers and as git can be read. A registry that does not give the image away is
/// no error: then it is built.
pub async fn preview_facts(
    session: &Session,
    (target, wanted): (&PreviewTarget, bool),
    (astro, commits): (&AstroClient, &mut Commits<'_>),
    (history, artifacts): (&[DeployRecord], &mut [ArtifactFacts]),
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
    let image_ships = wanted && goods.prebuilt.is_none();
    if !image_ships && artifacts.iter().all(|artifact| artifact.deployed != Deployed::Nothing) {
        return Ok(facts);
    }
    let deploys = session.platform.history(astro, &target.base.id, HISTORY).await?;
    for artifact in artifacts {
        let of_image = artifact.artifact == Artifact::Image && image_ships;
        if artifact.deployed != Deployed::Nothing && !of_image {
            continue;
        }
        let state = deployed::state(&artifact.artifact, &target.base, &deploys, Timestamp::now());
        let content = (artifact.artifact.clone(), artifact.content);
        let of_base = baseline::artifact(session, commits, &goods.rules, content, state).await?;
        if of_image {
            facts.image_of = image_of(session, astro, (&target.base, &deploys), (&of_base, goods)).await;
        }
        if let (Deployed::Nothing, Diff::Files { base, files, .. }) = (&artifact.deployed, of_base.diff) {
            artifact.diff = Diff::Files { base, origin: BaseOrigin::BaseDeployment, files };
        }
    }
    Ok(facts)
}

/// Takes the base's image when ours would be the same; returns whose it is.
async fn image_of(
    session: &Session,
    astro: &AstroClient,
    (base, deploys): (&Deployment, &[DeployRecord]),
    (of_base, goods): (&ArtifactFacts, &mut Goods),
) -> Option<String> {
    let Deployed::Known(known) = &of_base.deployed else {
        return None;
    };
    let tag = deploys.iter().find(|deploy| deploy.id == known.id).and_then(|deploy| deploy.image_tag.clone());
    let (Some(repository), Some(tag), false) = (&base.image_repository, tag, verdict::judge(of_base).changed) else {
        return None;
    };
    let image = (format!("{repository}:{tag}"), RegistryLogin::astro(astro.token()));
    match ready::in_registry(&session.transfers.client, image, &session.temporary).await {
        Ok(found) => {
            goods.prebuilt = Some(found);
            Some(base.name.clone())
        }
        Err(error) => {
            session.console.notice(&format!("the image of {} cannot be had, so it is built: {error}", base.name));
            None
        }
    }
}
