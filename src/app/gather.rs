//! Gathers the facts of a run: everything a decision needs, read before it is made.

use jiff::Timestamp;

use crate::app::baseline;
use crate::app::checkout::Checkout;
use crate::app::commits::Commits;
use crate::app::content::{self, Goods, ShippingRules};
use crate::app::dags;
use crate::app::previews::borrow;
use crate::app::session::Session;
use crate::app::source;
use crate::app::target::{Destination, PreviewTarget};
use crate::astro::client::AstroClient;
use crate::error::Result;
use crate::forge::interface::Forge;
use crate::model::artifact::Artifact;
use crate::model::context::{PullRequestState, Trust};
use crate::model::deploy::DeployRecord;
use crate::model::deployment::Deployment;
use crate::model::project::ProjectShape;
use crate::plan::decide::ships_dags;
use crate::plan::deployed::{self, Deployed};
use crate::plan::facts::{ArtifactFacts, Existence, Facts, Request, Source, Target};
use crate::settings::origin::Origin;
use crate::settings::values::{DeployTypeSetting, Intent, Mapping};
use crate::settings::verify::Verify;

/// Deploys read first. A busy Deployment's newest image deploy can lie further back; then more
/// are read.
pub const HISTORY: usize = 100;
/// Deploys read at the most.
pub const LONG_HISTORY: usize = 5_000;

/// What was gathered, for the decision and for performing it.
pub struct Gathered {
    /// The facts.
    pub facts: Facts,
    /// What it takes to ship; none where nothing can ship.
    pub means: Option<Means>,
}

/// What it takes to ship.
pub struct Means {
    /// The platform.
    pub astro: AstroClient,
    /// The checkout.
    pub checkout: Checkout,
    /// What would ship.
    pub goods: Goods,
}

/// Gathers the facts.
///
/// # Errors
/// The first thing that cannot be read.
pub async fn gather(
    session: &Session,
    forge: Option<&dyn Forge>,
    destination: impl Future<Output = Result<Destination>>,
) -> Result<Gathered> {
    if let Some(why) = session.settings.unmapped() {
        return unmapped(session, why).await;
    }
    // The platform is asked while the disk is read.
    let (destination, (checkout, shape)) = tokio::try_join!(destination, project(session))?;
    let dag_deploys = destination.dag_deploys(session.settings.project.assumed_dag_deploys);
    let (mut goods, history) =
        tokio::try_join!(content::goods(session, &shape, dag_deploys), history(session, &destination, HISTORY))?;
    let source = source::source(session, &checkout, &shape.in_repository, goods.rules.folders()).await?;

    if matches!(destination, Destination::Known { .. }) {
        content::take_prebuilt(session, &shape, &mut goods).await?;
    }
    keep_asked_for(session, &destination, &mut goods);
    let mut commits = Commits::new(&checkout, source.commit.as_ref(), goods.rules.folders(), forge, &session.env);
    let mut preview = None;
    let (target, astro, artifacts) = match destination {
        Destination::Known { astro, deployment, preview: of } => {
            let (mut artifacts, history) =
                deployed_artifacts(session, &mut commits, &goods, (&astro, &deployment), history).await?;
            if let Some(of) = of {
                let wanted = image_may_ship(session, &artifacts);
                let facts =
                    borrow::preview_facts(session, (&of, wanted), (&astro, &mut commits), (&history, &mut artifacts), &mut goods)
                        .await?;
                preview = Some(facts);
            }
            (Target::Deployment { deployment, history }, Some(*astro), artifacts)
        }
        Destination::Unreachable { trust } => {
            let base = baseline::without_token(session, &mut commits).await?;
            let mut artifacts = Vec::new();
            for artifact in goods.artifacts.clone() {
                artifacts.push(baseline::unreachable(&mut commits, &goods.rules, artifact, &base).await?);
            }
            let dag_deploys = dag_deploys == crate::changes::inputs::DagDeploys::Separate;
            (Target::Unreachable { trust, dag_deploys }, None, artifacts)
        }
    };
    drop(commits);
    let runtime_releases = match &astro {
        Some(astro) if image_may_ship(session, &artifacts) => {
            let releases = session.platform.runtime_releases(astro, &session.settings.target).await?;
            releases.into_iter().map(|release| release.version).collect()
        }
        _ => Vec::new(),
    };
    let mut facts =
        Facts { request: request(session), source, project: shape, target, artifacts, runtime_releases, dags: None, preview };
    if ships_dags(&facts)? {
        facts.dags = dags::facts(session, &facts, &goods, &checkout).await?;
    }
    Ok(Gathered { facts, means: astro.map(|astro| Means { astro, checkout, goods }) })
}

/// Where nothing is deployed, there is nothing to compare.
async fn unmapped(session: &Session, why: &str) -> Result<Gathered> {
    let (checkout, project) = project(session).await?;
    let target = Target::Unmapped { why: why.to_owned() };
    let source = Source { commit: source::commit(session, &checkout), ..Source::default() };
    let (artifacts, runtime_releases) = (Vec::new(), Vec::new());
    let facts =
        Facts { request: request(session), source, project, target, artifacts, runtime_releases, dags: None, preview: None };
    Ok(Gathered { facts, means: None })
}

/// Reads the project's shape, and the checkout around it.
///
/// # Errors
/// When there is no project, or it cannot be read.
pub async fn project(session: &Session) -> Result<(Checkout, ProjectShape)> {
    let checkout = source::checkout(session, &content::start(session)).await?;
    let shape = content::shape(session, &checkout).await?;
    Ok((checkout, shape))
}

async fn history(session: &Session, destination: &Destination, limit: usize) -> Result<Vec<DeployRecord>> {
    match destination {
        Destination::Known { preview: Some(PreviewTarget { existence: Existence::ToBe, .. }), .. } => Ok(Vec::new()),
        Destination::Known { astro, deployment, .. } => session.platform.history(astro, &deployment.id, limit).await,
        Destination::Unreachable { .. } => Ok(Vec::new()),
    }
}

/// Judges what runs, reading more of the history when the first part does not tell.
async fn deployed_artifacts(
    session: &Session,
    commits: &mut Commits<'_>,
    goods: &Goods,
    (astro, deployment): (&AstroClient, &Deployment),
    mut history: Vec<DeployRecord>,
) -> Result<(Vec<ArtifactFacts>, Vec<DeployRecord>)> {
    let states = |history: &[DeployRecord]| -> Vec<Deployed> {
        let now = Timestamp::now();
        goods.artifacts.iter().map(|(artifact, _)| deployed::state(artifact, deployment, history, now)).collect()
    };
    let mut deployed = states(&history);
    if history.len() >= HISTORY && deployed.iter().any(|state| !matches!(state, Deployed::Known(_))) {
        history = session.platform.history(astro, &deployment.id, LONG_HISTORY).await?;
        deployed = states(&history);
    }
    let mut artifacts = Vec::new();
    for (artifact, state) in goods.artifacts.clone().into_iter().zip(deployed) {
        artifacts.push(baseline::artifact(session, commits, &goods.rules, artifact, state).await?);
    }
    Ok((artifacts, history))
}

/// An explicit type makes the other artifact irrelevant, and remote execution ships no DAGs.
fn keep_asked_for(session: &Session, destination: &Destination, goods: &mut Goods) {
    let remote = matches!(destination, Destination::Known { deployment, .. } if deployment.remote_execution);
    let wanted = |artifact: &Artifact| match session.settings.deploy_type {
        DeployTypeSetting::DagsOnly => *artifact != Artifact::Image,
        DeployTypeSetting::ImageOnly => *artifact != Artifact::Dags,
        _ => !(remote && *artifact == Artifact::Dags),
    };
    goods.artifacts.retain(|(artifact, _)| wanted(artifact));
    if !goods.artifacts.iter().any(|(artifact, _)| *artifact == Artifact::Dags) {
        goods.dags = None;
    }
}

fn image_may_ship(session: &Session, artifacts: &[ArtifactFacts]) -> bool {
    artifacts.iter().any(|facts| {
        let same = matches!(&facts.deployed, Deployed::Known(known) if known.fingerprint == Some(facts.content.fingerprint));
        let settings = &session.settings;
        let asked = settings.deploy.force
            || !settings.deploy.skip_unchanged
            || matches!(settings.deploy_type, DeployTypeSetting::ImageAndDags | DeployTypeSetting::ImageOnly);
        facts.artifact == Artifact::Image && (!same || asked)
    })
}

fn request(session: &Session) -> Request {
    let (settings, deploy) = (&session.settings, &session.settings.deploy);
    Request {
        deploy_type: settings.deploy_type,
        skip_unchanged: deploy.skip_unchanged,
        force: deploy.force,
        allow_no_dags: settings.project.allow_no_dags,
        allow_large_bundle: settings.project.allow_large_bundle,
        allow_older_commit: deploy.allow_older_commit,
        allow_other_repository: deploy.allow_other_repository,
        wake_on_deploy: deploy.wake,
        wait: deploy.wait.is_some(),
        verify: deploy.verify != Verify::Off,
        smoke: !deploy.smoke.dags.is_empty(),
        delete_bundle: settings.bundle.delete,
        prebuilt_image: settings.image.name.clone(),
        trust: Some(session.context.trust),
        allow_fork: deploy.allow_fork,
        target_is_a_strangers: target_is_a_strangers(session),
        into: match &settings.mapping {
            Mapping::Section { into } if settings.intent == Intent::Show => into.clone(),
            Mapping::Section { .. } | Mapping::Absent | Mapping::Unmapped { .. } => None,
        },
    }
}

/// Returns whether the settings file of a fork, before anybody merged it, names the Deployment.
#[must_use]
pub fn target_is_a_strangers(session: &Session) -> bool {
    let by_file = |name| matches!(session.settings.origins.get(name), Some((_, Origin::File { .. })));
    let context = &session.context;
    let merged = context.pull_request.as_ref().is_some_and(|pull_request| pull_request.state == PullRequestState::Merged);
    context.trust == Trust::Fork && !merged && (by_file("deployment-id") || by_file("deployment-name"))
}

/// Returns the input rules when the project is an Airflow project.
#[must_use]
pub fn astro_rules(goods: &Goods) -> Option<&std::sync::Arc<crate::changes::inputs::InputRules>> {
    match &goods.rules {
        ShippingRules::Astro(rules) => Some(rules),
        ShippingRules::Bundle(_) => None,
    }
}
