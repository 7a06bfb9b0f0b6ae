//! Performs a plan, in the order that leaves nothing behind when it fails: everything that can
//! fail here happens before the deploy is created, and nothing takes effect before it is finalized.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::astro::answers::CreatedDeploy;
use crate::astro::arrival::{Expectation, ExpectedBundle};
use crate::astro::requests::{FinalizeBody, NewBundle, NewDeploy};
use crate::console::progress::bytes;
use crate::deploy::ending::{cut_short, explained};
use crate::deploy::hibernation;
use crate::deploy::image;
use crate::deploy::monitoring;
use crate::deploy::order::{Order, Tools};
use crate::deploy::outcome::{Arrival, Outcome, Unfinished};
use crate::deploy::pack;
use crate::deploy::proof;
use crate::deploy::ready::{ImageInput, ReadyImage};
use crate::deploy::smoke;
use crate::deploy::stopwatch::Stopwatch;
use crate::deploy::superseded::{self, Ours};
use crate::deploy::verify;
use crate::error::{Error, Kind, Result};
use crate::model::artifact::Artifact;
use crate::model::deploy::DeployType;
use crate::model::deployment::{Deployment, DeploymentKind};
use crate::model::ids::{BundleVersion, DeployId};
use crate::model::path::RelPath;
use crate::pack::bundle::{ExtraFile, PackedBundle};
use crate::plan::description::compose;
use crate::plan::facts::{Target, dockerfile_runtime};
use crate::plan::outline::{Decision, Step};

/// Deploys looked at for the last check before finalizing.
const RECENT: usize = 20;
/// How long a Deployment may take to wake when nobody waits for the arrival.
const WAKE_BUDGET: Duration = Duration::from_secs(600);

/// Performs the plan.
///
/// # Errors
/// The first failure of any step, with the deploy when it was finalized before.
pub async fn perform(order: Order<'_, '_>, tools: &Tools<'_>) -> std::result::Result<Outcome, Box<Unfinished>> {
    let accepted = Mutex::new(None);
    let mut interrupt = tools.interrupt.clone();
    let before = order.deployment.clone();
    // Whoever pushed to a preview wants to look at it; the override that woke it ends by itself.
    let stays_awake = order.preview.is_some() && before.hibernation_override.is_none();
    let woken = OnceLock::new();
    let outcome = tokio::select! {
        outcome = ship(order, tools, &accepted, &woken) => outcome,
        kind = interrupt.wished() => Err(cut_short(kind)),
    };
    if let Some(until) = woken.get().filter(|_| !stays_awake) {
        hibernation::restored(tools, &before, until).await;
    }
    outcome.map_err(|error| {
        let accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::new(Unfinished { error: explained(error, accepted.as_ref()), accepted })
    })
}

async fn ship(
    mut order: Order<'_, '_>,
    tools: &Tools<'_>,
    accepted: &Mutex<Option<Outcome>>,
    woken: &OnceLock<String>,
) -> Result<Outcome> {
    let mut watch = Stopwatch::default();
    let deploy_type = match order.plan.decision {
        Decision::Ship(deploy_type) => deploy_type,
        Decision::RemoveBundle => DeployType::Bundle,
        Decision::Nothing | Decision::NoCredentials(_) | Decision::Unmapped => {
            return Err(Error::new(Kind::Internal, "perform a plan that ships nothing"));
        }
    };
    let (cargo, opened) = tokio::try_join!(load(&order, tools, deploy_type, &mut watch), opened(&order))?;
    order.deployment = opened.unwrap_or(order.deployment);
    if order.plan.steps.contains(&Step::Wake) {
        let started = Instant::now();
        let budget = order.patience.map_or(WAKE_BUDGET, |patience| patience.budget);
        hibernation::woken(tools, &order.deployment, budget, woken).await?;
        watch.record("wake", started, String::new());
    }
    if let Some(preview) = order.preview {
        let started = Instant::now();
        (preview.furnish)(order.deployment.clone()).await?;
        watch.record("copy", started, String::new());
    }
    let before = verify::before(&order, tools).await;
    let sent = send(&order, tools, (deploy_type, &cargo), &mut watch, accepted).await;
    let proven = match &sent {
        Ok(outcome) => prove(&order, tools, outcome, &mut watch).await,
        Err(_) => Ok(Arrival::NotProven),
    };
    // After the proof, so that an engine that hangs delays nothing that matters.
    if let Some(image) = &cargo.built {
        image::forgotten(image, tools.console).await;
    }
    let outcome = sent?;
    let outcome = Outcome { arrival: proven?, ..outcome };
    let known = |outcome: &Outcome| *accepted.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome.clone());
    known(&outcome);
    let verification = verify::after(&order, tools, (before, &outcome), &mut watch).await;
    let mut outcome = Outcome { verification, stages: watch.stages(), ..outcome };
    known(&outcome);
    let mut failure = verify::failure(&order, &outcome);
    if failure.is_none() {
        outcome.trials = smoke::trials(&order, tools, &outcome, &mut watch).await;
        outcome.stages = watch.stages();
        known(&outcome);
        failure = smoke::failure(&outcome);
    }
    failure.map_or(Ok(outcome), Err)
}

/// Returns the preview's Deployment, which may have to be made first.
async fn opened(order: &Order<'_, '_>) -> Result<Option<Deployment>> {
    match order.preview {
        Some(preview) => (preview.open)().await.map(Some),
        None => Ok(None),
    }
}

/// Everything that ships, ready to go.
struct Cargo {
    built: Option<ReadyImage>,
    dags: Option<PackedBundle>,
    bundle: Option<PackedBundle>,
}

/// What the uploads led to.
#[derive(Default)]
struct Versions {
    dags: Option<BundleVersion>,
    bundle: Option<BundleVersion>,
}

/// Builds, packs and checks. Nothing leaves this machine.
async fn load(order: &Order<'_, '_>, tools: &Tools<'_>, deploy_type: DeployType, watch: &mut Stopwatch) -> Result<Cargo> {
    let dags = order.dags.as_ref().filter(|_| order.plan.steps.contains(&Step::PackDags));
    let extra = if order.deployment.kind == Some(DeploymentKind::Hybrid) { monitoring_dag(order)? } else { Vec::new() };
    let started = Instant::now();
    let dags = match dags {
        Some(input) => Some(pack::packed(tools, "DAGs", input, extra).await?),
        None => None,
    };
    let bundle = match order.bundle.as_ref().and_then(|bundle| bundle.content.as_ref()) {
        Some(input) => Some(pack::packed(tools, "bundle", input, Vec::new()).await?),
        None => None,
    };
    if let Some(bundle) = dags.as_ref().or(bundle.as_ref()) {
        watch.record("pack", started, format!("{}, {}", files(bundle.entries()), bytes(bundle.size())));
    }
    let ships_image = deploy_type.ships_image();
    let built = match &order.image {
        Some(ImageInput::Build(input)) if ships_image => {
            let started = Instant::now();
            let built = image::built(tools, input, &order.footer.run).await?;
            watch.record("build", started, built.facts.size.map(bytes).unwrap_or_default());
            Some(built)
        }
        _ => None,
    };
    let cargo = Cargo { built, dags, bundle };
    let image = cargo.image(order, deploy_type);
    if let Err(refusal) = fit(order, image).await {
        if let Some(image) = image {
            image::forgotten(image, tools.console).await;
        }
        return Err(refusal);
    }
    Ok(cargo)
}

impl Cargo {
    /// Returns the image that ships, built or found.
    fn image<'a>(&'a self, order: &'a Order<'_, '_>, deploy_type: DeployType) -> Option<&'a ReadyImage> {
        match (&self.built, &order.image) {
            (Some(built), _) => Some(built),
            (None, Some(ImageInput::Prebuilt(found))) if deploy_type.ships_image() => Some(found),
            _ => None,
        }
    }
}

/// Checks what would ship: the image, then the project's own code in it.
async fn fit(order: &Order<'_, '_>, image: Option<&ReadyImage>) -> Result<()> {
    if let Some(image) = image {
        acceptable(order, image).await?;
    }
    match order.checked {
        Some(check) => check(image.and_then(ReadyImage::in_engine)).await,
        None => Ok(()),
    }
}

/// Checks the image against the platform's rules, and that its inputs are still those that it
/// will be recorded with.
async fn acceptable(order: &Order<'_, '_>, image: &ReadyImage) -> Result<()> {
    image::check(&image.facts, &order.deployment.runtime_version, &order.facts.runtime_releases)?;
    if !order.plan.steps.contains(&Step::BuildImage) {
        return Ok(());
    }
    let planned = order.facts.artifacts.iter().find(|facts| facts.artifact == Artifact::Image);
    if (order.image_fingerprint)().await? == planned.map(|facts| facts.content.fingerprint) {
        return Ok(());
    }
    Err(Error::new(Kind::Project, "build the image")
        .because("files of the project changed between the plan and the end of the build")
        .hint("let nothing write to the project while Liftoff runs, then start again"))
}

fn monitoring_dag(order: &Order<'_, '_>) -> Result<Vec<ExtraFile>> {
    let path =
        RelPath::parse(monitoring::FILE_NAME.as_bytes()).ok_or_else(|| Error::new(Kind::Internal, "name the monitoring DAG"))?;
    // An image may bring another Airflow than the one that runs.
    let brought = dockerfile_runtime(&order.facts.project).filter(|_| order.plan.steps.contains(&Step::BuildImage));
    let airflow = match brought {
        Some(runtime) => format!("{}.", runtime.airflow_major()),
        None => order.deployment.airflow_version.clone(),
    };
    Ok(vec![ExtraFile { path, bytes: monitoring::source(&airflow).as_bytes().to_vec() }])
}

/// Creates the deploy, fills it and finalizes it. From the moment in which it may take effect,
/// `accepted` holds it.
async fn send(
    order: &Order<'_, '_>,
    tools: &Tools<'_>,
    (deploy_type, cargo): (DeployType, &Cargo),
    watch: &mut Stopwatch,
    accepted: &Mutex<Option<Outcome>>,
) -> Result<Outcome> {
    let started = Instant::now();
    let created = tools.astro.create_deploy(&order.deployment.id, &new_deploy(order, deploy_type)).await?;
    tools.console.info(&format!("created deploy {}", created.id));
    let versions = fill(order, tools, (deploy_type, cargo), &created).await?;
    let what = if deploy_type.ships_image() { "push and upload" } else { "upload" };
    if order.plan.decision != Decision::RemoveBundle {
        watch.record(what, started, String::new());
    }
    if deploy_type.ships_dags() && created.dags_upload_url.is_some() && versions.dags.is_none() {
        return Err(Error::new(Kind::Refused, "finalize the deploy")
            .because("DAG deploys were switched on for this Deployment while this run was under way")
            .hint("run again"));
    }
    not_superseded(order, tools, deploy_type, &created.id).await?;
    if let Some(preview) = order.preview {
        (preview.still_wanted)().await?;
    }
    let started = Instant::now();
    let body = finalize_body(order, deploy_type, &versions);
    let outcome = Outcome {
        deploy_id: created.id.clone(),
        deploy_type,
        image_tag: deploy_type.ships_image().then(|| created.image_tag.clone()),
        dag_bundle_version: versions.dags,
        bundle_version: versions.bundle,
        arrival: Arrival::NotProven,
        verification: None,
        trials: Vec::new(),
        stages: Vec::new(),
    };
    // From here on the deploy may take effect, even if the answer is lost.
    *accepted.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome.clone());
    tools.astro.finalize(&order.deployment.id, &created.id, &body).await?;
    watch.record("finalize", started, String::new());
    tools.console.info(&format!("finalized deploy {}", created.id));
    Ok(outcome)
}

fn new_deploy(order: &Order<'_, '_>, deploy_type: DeployType) -> NewDeploy {
    let mut footer = order.footer.clone();
    for artifact in &order.facts.artifacts {
        if crate::plan::guards::carried(deploy_type, &artifact.artifact) && order.plan.decision != Decision::RemoveBundle {
            footer.record(&artifact.artifact, artifact.content.fingerprint);
        }
    }
    footer.removed = order.plan.decision == Decision::RemoveBundle;
    let marker = format!("run={}", footer.run);
    NewDeploy {
        deploy_type,
        description: compose(&order.words, &footer),
        marker,
        // As the platform's own client does: content that is not the commit's goes without it.
        git: order.facts.source.git.clone().filter(|_| !order.footer.dirty && order.facts.request.prebuilt_image.is_none()),
        bundle: order
            .bundle
            .as_ref()
            .map(|bundle| NewBundle { mount_path: bundle.mount_path.clone(), bundle_type: bundle.bundle_type.clone() }),
    }
}

/// Pushes and uploads at the same time.
async fn fill(
    order: &Order<'_, '_>,
    tools: &Tools<'_>,
    (deploy_type, cargo): (DeployType, &Cargo),
    created: &CreatedDeploy,
) -> Result<Versions> {
    let push = async {
        match cargo.image(order, deploy_type) {
            Some(image) => {
                image::pushed(tools, image, &created.image_repository, created.image_tag.as_str(), tools.astro.token()).await
            }
            None => Ok(()),
        }
    };
    let upload = async {
        Ok(Versions {
            dags: match &cargo.dags {
                Some(dags) => Some(pack::uploaded(tools, "DAGs", dags, created.dags_upload_url.as_ref()).await?),
                None => None,
            },
            bundle: match &cargo.bundle {
                Some(bundle) => Some(pack::uploaded(tools, "bundle", bundle, created.bundle_upload_url.as_ref()).await?),
                None => None,
            },
        })
    };
    let ((), versions) = tokio::try_join!(push, upload)?;
    Ok(versions)
}

async fn not_superseded(order: &Order<'_, '_>, tools: &Tools<'_>, deploy_type: DeployType, id: &DeployId) -> Result<()> {
    if order.facts.request.allow_older_commit || !order.plan.steps.contains(&Step::CheckSuperseded) {
        return Ok(());
    }
    let Target::Deployment { history, .. } = &order.facts.target else {
        return Ok(());
    };
    let now = tools.astro.deploys(&order.deployment.id, RECENT).await?;
    let ours = Ours {
        id,
        deploy_type,
        mount_path: order.bundle.as_ref().map(|bundle| &bundle.mount_path),
        commit: order.facts.source.commit.as_ref(),
    };
    for rival in superseded::rivals(&ours, history, &now, Timestamp::now()) {
        superseded::check(&rival, (order.relation_to)(rival.commit.clone()).await)?;
    }
    Ok(())
}

fn finalize_body(order: &Order<'_, '_>, deploy_type: DeployType, versions: &Versions) -> FinalizeBody {
    match (deploy_type, versions) {
        _ if order.plan.decision == Decision::RemoveBundle => FinalizeBody::DeleteBundle,
        (_, Versions { bundle: Some(version), .. }) => FinalizeBody::Bundle(version.clone()),
        (_, Versions { dags: Some(version), .. }) => FinalizeBody::Dags(version.clone()),
        (DeployType::ImageOnly, _) => FinalizeBody::ImageOnly,
        _ => FinalizeBody::Nothing,
    }
}

/// Waits until exactly this deploy runs.
async fn prove(order: &Order<'_, '_>, tools: &Tools<'_>, outcome: &Outcome, watch: &mut Stopwatch) -> Result<Arrival> {
    if !order.plan.steps.contains(&Step::ProveArrival) {
        return Ok(Arrival::NotAwaited);
    }
    let bundle = order.bundle.as_ref();
    let bundle = bundle.map(|it| ExpectedBundle { mount_path: it.mount_path.clone(), version: outcome.bundle_version.clone() });
    let expected = Expectation {
        deploy: outcome.deploy_id.clone(),
        dags: outcome.dag_bundle_version.clone(),
        image: outcome.image_tag.clone(),
        bundles: bundle.into_iter().collect(),
    };
    let started = Instant::now();
    let patience = order.patience.unwrap_or_default();
    let arrival = proof::of_arrival(tools, &order.deployment.id, &expected, &patience).await?;
    watch.record("arrive", started, String::new());
    Ok(arrival)
}

fn files(count: u64) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}
