//! Keeps a preview as it should be: made, deployed to, or gone.
//!
//! What should be is looked up at the forge, not taken from the event: events come late, twice, or
//! not at all. It is looked up again right before the Deployment is created and right before the
//! deploy takes effect, because a pull request can be closed while its run still builds.

use std::pin::Pin;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::app::deliver::{Wish, deliver};
use crate::app::gather::{Gathered, gather};
use crate::app::previews::furnish::{Furnished, furnished};
use crate::app::previews::make::{self, chosen_name, drafted, new_mark, prospect};
use crate::app::previews::who::{self, Who};
use crate::app::previews::{end, sweep, unpause};
use crate::app::reporter::Reporter;
use crate::app::session::Session;
use crate::app::story::{Finished, Story, failed, stopped};
use crate::app::target::{self, Destination, PreviewTarget};
use crate::astro::client::AstroClient;
use crate::cli::command::{Command, Verb};
use crate::deploy::interrupt::Interrupt;
use crate::deploy::order::Surroundings;
use crate::deploy::outcome::Outcome;
use crate::error::{Error, Kind, Result};
use crate::forge::interface::{Forge, PullRequestNow};
use crate::model::blueprint::{Blueprint, VariableValue};
use crate::model::context::{PullRequestState, Trust};
use crate::model::deployment::Deployment;
use crate::model::preview::{Owner, Preview, Subject};
use crate::plan::facts::{Existence, Facts, dockerfile_runtime};
use crate::plan::preview::blueprint::Draft;
use crate::plan::preview::mark;
use crate::plan::preview::roll::{self, Roll};
use crate::plan::preview::sweep::expiry;
use crate::report::preview::{Fate, PreviewReport};
use crate::report::previews::SweptFate;
use crate::settings::origin::Origin;
use crate::settings::values::{DeployTypeSetting, Mapping};

/// How often a run starts over because its preview was deleted under its hands.
const ROUNDS: usize = 3;

/// Does what `sync`, `up` or `down` asks for. None when nothing was deployed.
///
/// # Errors
/// As the steps; a preview that is no longer wanted is no error.
pub async fn work(
    session: &Session,
    verb: Verb,
    reporter: &Reporter<'_>,
    (interrupt, story): (Interrupt, &mut Story),
) -> Finished {
    let mut wished = interrupt.clone();
    let situation = tokio::select! {
        situation = situation(session, verb, reporter.forge) => situation.map_err(failed)?,
        kind = wished.wished() => return Err(failed(stopped(kind))),
    };
    let (who, wanted) = match situation {
        Situation::NoPullRequest => {
            story.preview = Some(PreviewReport { fate: Fate::NoPullRequest, ..PreviewReport::default() });
            return Ok(None);
        }
        Situation::Known(who, wanted) => (who, wanted),
    };
    story.commit.clone_from(&who.commit);
    story.project.clone_from(&who.project);
    match wanted {
        Wanted::Gone(why) => {
            let ended = async {
                match target::destination(session, &Command::Deploy).await? {
                    Destination::Known { astro, deployment, .. } => {
                        base_of(story, &deployment, &who);
                        end::end(session, &astro, (&who.owner(&deployment.id), why), story).await
                    }
                    Destination::Unreachable { .. } => {
                        story.preview = Some(PreviewReport {
                            fate: Fate::Deleted { why, names: Vec::new() },
                            subject: who.subject.words(),
                            ..PreviewReport::default()
                        });
                        Ok(())
                    }
                }
            };
            tokio::select! {
                ended = ended => ended.map(|()| None).map_err(failed),
                kind = wished.wished() => Err(failed(stopped(kind))),
            }
        }
        Wanted::Elsewhere(fate) => {
            story.preview = Some(PreviewReport { fate, subject: who.subject.words(), ..PreviewReport::default() });
            Ok(None)
        }
        Wanted::There => there(session, &who, reporter, (interrupt, story)).await,
    }
}

/// What a run found.
enum Situation {
    /// `sync` found no pull request.
    NoPullRequest,
    /// Whom it serves, and what they should have.
    Known(Box<Who>, Wanted),
}

/// What should be.
enum Wanted {
    /// A preview.
    There,
    /// None, for this reason.
    Gone(&'static str),
    /// Something that another run sees to.
    Elsewhere(Fate),
}

async fn situation(session: &Session, verb: Verb, forge: Option<&dyn Forge>) -> Result<Situation> {
    let Some(who) = who::who(session, verb, forge).await? else {
        return Ok(Situation::NoPullRequest);
    };
    let wanted = match (verb, &who.subject) {
        (Verb::Down, _) => Wanted::Gone("is over, as this run was told"),
        (Verb::Sync, Subject::PullRequest(number)) => wanted(session, &who, &who::now(session, forge, *number).await?),
        _ => Wanted::There,
    };
    Ok(Situation::Known(Box::new(who), wanted))
}

/// Returns what a pull request should have now.
fn wanted(session: &Session, who: &Who, now: &PullRequestNow) -> Wanted {
    match now.state {
        PullRequestState::Merged => return Wanted::Gone("was merged"),
        PullRequestState::Closed => return Wanted::Gone("was closed"),
        PullRequestState::Open => {}
    }
    // A stranger's commit is not known to be the head by all forges, and is not deployed anyway.
    if let (Some(head), Some(ours), Trust::SameRepository) = (&now.head, &who.commit, session.context.trust)
        && head != ours
    {
        return Wanted::Elsewhere(Fate::MovedOn(head.clone()));
    }
    match &session.settings.mapping {
        Mapping::Section { into: Some(into) } if !now.base_branch.is_empty() && *into != now.base_branch => {
            Wanted::Elsewhere(Fate::Retargeted(now.base_branch.clone()))
        }
        _ => Wanted::There,
    }
}

fn base_of(story: &mut Story, base: &Deployment, who: &Who) {
    let report = PreviewReport { base: base.name.clone(), subject: who.subject.words(), ..PreviewReport::default() };
    story.preview = Some(report);
}

/// Makes and deploys to a preview.
async fn there(session: &Session, who: &Who, reporter: &Reporter<'_>, (interrupt, story): (Interrupt, &mut Story)) -> Finished {
    let mut wished = interrupt.clone();
    let wish = if session.settings.previews.dry_run { Wish::Show } else { Wish::Ship };
    for round in 1.. {
        let opening = async {
            if session.settings.unmapped().is_some() {
                return Ok(Start::Plain(gather(session, reporter.forge, target::destination(session, &Command::Deploy)).await?));
            }
            start(session, who, reporter.forge).await
        };
        let start = tokio::select! {
            start = opening => start.map_err(failed)?,
            kind = wished.wished() => return Err(failed(stopped(kind))),
        };
        let scene = match start {
            Start::Plain(gathered) => return deliver(session, reporter, (gathered, wish), (interrupt, story), None).await,
            Start::Preview(scene) => scene,
        };
        match played(*scene, who, (reporter, wish), (interrupt.clone(), story)).await {
            // Another run, or a person, deleted it; whoever is still wanted starts over.
            Err(unfinished) if unfinished.error.kind() == Kind::NotFound && unfinished.accepted.is_none() && round < ROUNDS => {
                session.console.notice(&format!("the preview was deleted meanwhile; starting over ({})", unfinished.error));
            }
            finished => return finished,
        }
    }
    Err(failed(Error::new(Kind::Internal, "keep the preview")))
}

/// Where the making of a preview starts.
enum Start {
    /// Without one: there are no credentials, or nothing is mapped to this branch.
    Plain(Gathered),
    /// With everything that was found out.
    Preview(Box<Scene>),
}

/// Everything that is known before anything is done.
struct Scene {
    session: Session,
    astro: AstroClient,
    base: Deployment,
    owner: Owner,
    roll: Roll,
    draft: Draft,
    /// What the preview has, when it is there.
    present: Option<Blueprint>,
    gathered: Gathered,
}

async fn start(session: &Session, who: &Who, forge: Option<&dyn Forge>) -> Result<Start> {
    let (astro, base) = match target::destination(session, &Command::Deploy).await? {
        Destination::Known { astro, deployment, .. } => (*astro, *deployment),
        destination => return Ok(Start::Plain(gather(session, forge, async { Ok(destination) }).await?)),
    };
    refuse_odd(session, &base)?;
    let owner = who.owner(&base.id);
    let (all, base_blueprint) = tokio::try_join!(astro.deployments(None), astro.blueprint(&base.id))?;
    let mut roll = roll::call(roll::marked(all.clone()), &owner);
    let (name, mark) = match &roll.own {
        Some(own) => (own.deployment.name.clone(), own.mark.clone()),
        None => {
            keep_limit(session, &astro, forge, (&owner, &mut roll)).await?;
            (chosen_name(session, (&owner, &who.branch, &base), &all)?, new_mark(session, &owner, &who.branch)?)
        }
    };
    let mut draft = drafted(session, &base_blueprint, (&name, &mark), None);
    let (existence, deployment) = match &roll.own {
        Some(own) => (Existence::There, own.deployment.clone()),
        None => (Existence::ToBe, prospect(&draft.blueprint, &base)),
    };
    let session = for_preview(session, existence, who);
    let target = PreviewTarget { base: Box::new(base.clone()), existence };
    let destination =
        Destination::Known { astro: Box::new(astro.clone()), deployment: Box::new(deployment), preview: Some(target) };
    let present = async {
        match &roll.own {
            Some(own) => astro.blueprint(&own.deployment.id).await.map(Some),
            None => Ok(None),
        }
    };
    let (gathered, present) = tokio::try_join!(gather(&session, forge, async { Ok(destination) }), present)?;
    if let Some(version) = runtime(&gathered.facts, &base) {
        draft.blueprint.runtime_version = version;
    }
    Ok(Start::Preview(Box::new(Scene { session, astro, base, owner, roll, draft, present, gathered })))
}

fn refuse_odd(session: &Session, base: &Deployment) -> Result<()> {
    if session.settings.deploy_type.is_bundle() {
        return Err(Error::new(Kind::Usage, "make a preview of a bundle")
            .because("a preview begins with image and DAGs, which a bundle alone does not have")
            .hint("make the preview of the Airflow project, and deploy the bundle to it in a further step"));
    }
    match mark::parse(&base.description) {
        Some(mark) => Err(Error::new(Kind::Usage, format!("make a preview of {}", base.name))
            .because(format!("it is itself the preview of {}", mark.owner.subject.words()))
            .hint("name the Deployment that pull requests are merged for")),
        None => Ok(()),
    }
}

/// Holds the number of previews down, first by sweeping away those that are over.
async fn keep_limit(
    session: &Session,
    astro: &AstroClient,
    forge: Option<&dyn Forge>,
    (owner, roll): (&Owner, &mut Roll),
) -> Result<()> {
    let Some(limit) = session.settings.previews.limit.map(|limit| limit as usize) else {
        return Ok(());
    };
    if roll.others.len() >= limit && !session.settings.previews.dry_run {
        let others = std::mem::take(&mut roll.others);
        // This forge knows nothing of what another repository's pull requests are.
        let (ours, mut left): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|other| other.mark.owner.repository == owner.repository);
        let swept = sweep::swept(session, astro, forge, ours).await?;
        left.extend(swept.into_iter().filter(|it| !matches!(it.fate, SweptFate::Deleted(_))).map(|it| it.preview));
        roll.others = left;
    }
    if roll.others.len() < limit {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, "make another preview")
        .because(format!("there are {} previews of this Deployment, and `preview-limit` is {limit}", roll.others.len()))
        .hint("close what is no longer needed, run `liftoff preview gc`, or raise `preview-limit`"))
}

/// Returns the settings under which a preview is deployed to.
fn for_preview(session: &Session, existence: Existence, who: &Who) -> Session {
    let mut session = session.clone();
    let explicit =
        |session: &Session, name: &str| session.settings.origins.get(name).is_some_and(|(_, origin)| Origin::is_explicit(origin));
    if !explicit(&session, "wake-on-deploy") {
        session.settings.deploy.wake = true;
    }
    // The forge has said that this commit is the head, after a force push as well.
    if matches!(who.subject, Subject::PullRequest(_)) {
        session.settings.deploy.allow_older_commit = true;
    }
    if existence == Existence::ToBe && session.settings.deploy_type != DeployTypeSetting::Infer {
        session.console.notice("a preview begins with image and DAGs, whatever `deploy-type` says");
        session.settings.deploy_type = DeployTypeSetting::Infer;
    }
    session
}

/// Returns the Runtime version to create the preview with: what will be deployed, where the
/// platform offers it.
fn runtime(facts: &Facts, base: &Deployment) -> Option<String> {
    let of_base = facts.preview.as_ref().is_some_and(|preview| preview.image_of.is_some());
    let ours = dockerfile_runtime(&facts.project).filter(|_| !of_base).map(ToString::to_string);
    let offered = |version: &String| facts.runtime_releases.is_empty() || facts.runtime_releases.contains(version);
    ours.filter(offered).or_else(|| Some(base.runtime_version.clone()).filter(|version| !version.is_empty()))
}

/// What happened around the deploy.
#[derive(Default)]
struct Around {
    opened: Mutex<Option<Deployment>>,
    furnished: Mutex<Option<Furnished>>,
    ended: OnceLock<Wanted>,
}

async fn played(
    scene: Scene,
    who: &Who,
    (reporter, wish): (&Reporter<'_>, Wish),
    (interrupt, story): (Interrupt, &mut Story),
) -> Finished {
    let Scene { session, astro, base, owner, roll, draft, present, gathered } = scene;
    let (session, astro) = (&session, &astro);
    let is_there = roll.own.is_some();
    let copies = gathered.facts.preview.as_ref().is_some_and(|preview| preview.copies);
    let mut report = PreviewReport {
        fate: if is_there { Fate::Kept } else { Fate::ToBe },
        subject: who.subject.words(),
        base: base.name.clone(),
        schedule: session.settings.previews.schedule.clone().filter(|_| session.settings.previews.development_mode),
        missing_secrets: missing_secrets(&draft, present.as_ref()),
        ..PreviewReport::default()
    };
    story.preview = Some(report.clone());
    let around = Around::default();
    let check = || checked(session, reporter.forge, who, &around);
    let open = || -> Pin<Box<dyn Future<Output = Result<Deployment>> + Send + '_>> {
        Box::pin(async {
            let deployment = match &roll.own {
                Some(own) => own.deployment.clone(),
                None => {
                    check().await?;
                    make::made(session, astro, &draft.blueprint, &owner).await?
                }
            };
            let up = make::up(session, astro, deployment).await?;
            *around.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(up.clone());
            Ok(up)
        })
    };
    let furnish = |preview: Deployment| -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>> {
        let (base, around) = (&base, &around);
        Box::pin(async move {
            if copies {
                let furnished = furnished(session, astro, base, &preview).await?;
                *around.furnished.lock().unwrap_or_else(PoisonError::into_inner) = Some(furnished);
            }
            Ok(())
        })
    };
    let still_wanted = || -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>> { Box::pin(check()) };
    let surroundings = Surroundings { open: &open, furnish: &furnish, still_wanted: &still_wanted };
    let finished = deliver(session, reporter, (gathered, wish), (interrupt, &mut *story), Some(surroundings)).await;
    let opened = around.opened.into_inner().unwrap_or_else(PoisonError::into_inner);
    let furnished = around.furnished.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or_default();
    report = PreviewReport { copied: furnished.copied, not_copied: furnished.not_copied, unlinked: furnished.unlinked, ..report };
    if let (Some(opened), false) = (&opened, is_there) {
        report.fate = Fate::Made;
        story.deployment = Some(opened.clone());
    }
    story.preview = Some(report);
    match around.ended.into_inner() {
        Some(Wanted::Gone(why)) => {
            session.console.notice(&format!("{} {why} while this run was under way", who.subject.words()));
            end::end(session, astro, (&owner, why), story).await.map(|()| None).map_err(failed)
        }
        Some(Wanted::Elsewhere(fate)) => {
            story.preview = Some(PreviewReport { fate, ..story.preview.take().unwrap_or_default() });
            Ok(None)
        }
        Some(Wanted::There) | None => settled(session, astro, (roll, wish), story, finished).await,
    }
}

/// Asks once more what should be. Anything but a preview for this commit ends the run; a forge
/// that does not answer ends nothing.
async fn checked(session: &Session, forge: Option<&dyn Forge>, who: &Who, around: &Around) -> Result<()> {
    let (Some(forge), Subject::PullRequest(number)) = (forge, &who.subject) else {
        return Ok(());
    };
    let now = match forge.pull_request(*number).await {
        Ok(now) => now,
        Err(error) => {
            session.console.warn_about(&error);
            return Ok(());
        }
    };
    match wanted(session, who, &now) {
        Wanted::There => Ok(()),
        other => {
            let _ = around.ended.set(other);
            Err(Error::new(Kind::Refused, "go on").because(format!("{} is not what it was", who.subject.words())))
        }
    }
}

/// Finishes what does not decide whether the run succeeded: surplus previews, paused DAGs, and
/// what the report says of the preview's life.
async fn settled(
    session: &Session,
    astro: &AstroClient,
    (roll, wish): (Roll, Wish),
    story: &mut Story,
    finished: std::result::Result<Option<Outcome>, Box<crate::deploy::outcome::Unfinished>>,
) -> Finished {
    let (Ok(outcome), Wish::Ship) = (&finished, wish) else {
        return finished;
    };
    let stale: Vec<Preview> = roll.surplus.into_iter().chain(roll.elsewhere).collect();
    if let Err(error) = end::deleted(session, astro, &stale).await {
        session.console.warn_about(&error);
    }
    let (Some(report), Some(deployment)) = (&mut story.preview, &mut story.deployment) else {
        return finished;
    };
    if outcome.as_ref().is_some_and(|outcome| outcome.deploy_type.ships_dags()) {
        unpause::unpaused(session, astro, deployment, report).await;
    }
    if !report.is_there() {
        return finished;
    }
    match tokio::try_join!(astro.deployment(&deployment.id), make::last_deploy(astro, &deployment.id)) {
        Ok((now, last)) => {
            if let Some(mark) = mark::parse(&now.description) {
                report.expires = expiry(&Preview { deployment: now.clone(), mark }, last);
            }
            report.next_rest.clone_from(&now.next_rest);
            *deployment = now;
        }
        Err(error) => session.console.warn_about(&error),
    }
    finished
}

/// Returns the secret variables of the base that the preview lacks; one that is there lacks what
/// it does not have, whoever gave it the others.
fn missing_secrets(draft: &Draft, present: Option<&Blueprint>) -> Vec<String> {
    let Some(present) = present else {
        return draft.missing_secrets.clone();
    };
    let secrets = draft.blueprint.variables.iter().filter(|variable| matches!(variable.value, VariableValue::Secret(_)));
    let mut wanted: Vec<String> = draft.missing_secrets.iter().cloned().chain(secrets.map(|it| it.key.clone())).collect();
    wanted.retain(|key| present.variables.iter().all(|variable| variable.key != *key));
    wanted.sort();
    wanted
}
