//! Makes a preview if there is none, deploys to it, and gives up when it is no longer wanted.

use std::pin::Pin;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::app::deliver::{Wish, deliver};
use crate::app::gather::Gathered;
use crate::app::previews::furnish::{Furnished, furnished};
use crate::app::previews::scene::Scene;
use crate::app::previews::wanted::{Wanted, of_pull_request};
use crate::app::previews::who::Who;
use crate::app::previews::{end, make, unpause};
use crate::app::reporter::Reporter;
use crate::app::session::Session;
use crate::app::story::{Finished, Story, failed};
use crate::deploy::interrupt::Interrupt;
use crate::deploy::order::Surroundings;
use crate::deploy::outcome::Outcome;
use crate::error::{Error, Kind, Result};
use crate::forge::interface::Forge;
use crate::model::deployment::Deployment;
use crate::model::preview::{Preview, Subject};
use crate::plan::preview::mark;
use crate::plan::preview::sweep::expiry;
use crate::report::preview::{Fate, PreviewReport};

/// What happens around the deploy.
struct Play<'a> {
    session: &'a Session,
    forge: Option<&'a dyn Forge>,
    who: &'a Who,
    scene: &'a Scene,
    /// Whether the base's objects are copied.
    copies: bool,
    opened: Mutex<Option<Deployment>>,
    furnished: Mutex<Furnished>,
    /// What should be instead, once the preview is no longer wanted.
    instead: OnceLock<Wanted>,
}

type Step<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

impl Play<'_> {
    /// Returns the preview's Deployment, up and running.
    async fn open(&self) -> Result<Deployment> {
        let (Scene { astro, owner, draft, roll, .. }, session) = (self.scene, self.session);
        let deployment = match &roll.own {
            Some(own) => own.deployment.clone(),
            None => {
                self.still_wanted().await?;
                make::made(session, astro, &draft.blueprint, owner).await?
            }
        };
        // From here on it is there, also when the build fails meanwhile.
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(deployment.clone());
        make::up(session, astro, deployment).await
    }

    /// Happens once the preview is awake.
    async fn furnish(&self, preview: Deployment) -> Result<()> {
        self.scene.give_what_lacks().await?;
        if self.copies {
            let furnished = furnished(self.session, &self.scene.astro, &self.scene.base, &preview).await?;
            *self.furnished.lock().unwrap_or_else(PoisonError::into_inner) = furnished;
        }
        Ok(())
    }

    /// Asks once more what should be. Anything but a preview for this commit ends the run; a forge
    /// that does not answer ends nothing.
    async fn still_wanted(&self) -> Result<()> {
        let (Some(forge), Subject::PullRequest(number)) = (self.forge, &self.who.subject) else {
            return Ok(());
        };
        let now = match forge.pull_request(*number).await {
            Ok(now) => now,
            Err(error) => {
                self.session.console.warn_about(&error);
                return Ok(());
            }
        };
        match of_pull_request(self.session, self.who, &now) {
            Wanted::There => Ok(()),
            other => {
                let _ = self.instead.set(other);
                Err(Error::new(Kind::Refused, "go on").because(format!("{} is not what it was", self.who.subject.words())))
            }
        }
    }

    /// Returns what the report says of the preview before anything is done.
    fn report(&self) -> PreviewReport {
        let (scene, previews) = (self.scene, &self.session.settings.previews);
        PreviewReport {
            fate: if scene.roll.own.is_some() { Fate::Kept } else { Fate::ToBe },
            base: scene.base.name.clone(),
            base_id: Some(scene.base.id.clone()),
            schedule: previews.schedule.clone().filter(|_| previews.development_mode),
            missing_secrets: scene.missing_secrets(),
            ..PreviewReport::about(&self.who.subject)
        }
    }
}

/// Deploys to the preview that a scene is about. None when nothing was deployed.
///
/// # Errors
/// As the steps; a preview that is no longer wanted is no error.
pub async fn played(
    (scene, gathered): (&Scene, Gathered),
    who: &Who,
    (reporter, wish): (&Reporter<'_>, Wish),
    (interrupt, story): (Interrupt, &mut Story),
) -> Finished {
    let (session, astro) = (&scene.session, &scene.astro);
    let play = Play {
        session,
        forge: reporter.forge,
        who,
        scene,
        copies: gathered.facts.preview.as_ref().is_some_and(|preview| preview.copies),
        opened: Mutex::default(),
        furnished: Mutex::default(),
        instead: OnceLock::new(),
    };
    let report = play.report();
    story.preview = Some(report.clone());
    let open = || -> Step<'_, Deployment> { Box::pin(play.open()) };
    let furnish = |preview: Deployment| -> Step<'_, ()> { Box::pin(play.furnish(preview)) };
    let still_wanted = || -> Step<'_, ()> { Box::pin(play.still_wanted()) };
    let surroundings = Surroundings { open: &open, furnish: &furnish, still_wanted: &still_wanted };
    let finished = deliver(session, reporter, (gathered, wish), (interrupt, &mut *story), Some(surroundings)).await;
    let Play { opened, furnished, instead, .. } = play;
    let Furnished { copied, not_copied, unlinked } = furnished.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut report = PreviewReport { copied, not_copied, unlinked, ..report };
    if let (Some(opened), None) = (opened.into_inner().unwrap_or_else(PoisonError::into_inner), &scene.roll.own) {
        report.fate = Fate::Made;
        story.deployment = Some(opened);
    }
    story.preview = Some(report);
    match instead.into_inner() {
        Some(end @ (Wanted::Gone(why) | Wanted::Over(why))) => {
            session.console.notice(&format!("{} {why} while this run was under way", who.subject.words()));
            end::end(session, astro, (who, end.reach(), why), story).await.map(|()| None).map_err(failed)
        }
        Some(Wanted::Elsewhere(fate)) => {
            story.preview = Some(PreviewReport { fate, ..story.preview.take().unwrap_or_default() });
            Ok(None)
        }
        Some(Wanted::There) | None => {
            if wish == Wish::Ship && finished.is_ok() {
                if finished.as_ref().is_ok_and(Option::is_none) {
                    scene.give_what_lacks().await.map_err(failed)?;
                }
                settled(scene, story, &finished).await;
            }
            finished
        }
    }
}

/// Finishes what does not decide whether the run succeeded: surplus previews, paused DAGs, and
/// what the report says of the preview's life.
async fn settled(scene: &Scene, story: &mut Story, finished: &Finished) {
    let Scene { session, astro, roll, .. } = scene;
    let stale: Vec<Preview> = roll.surplus.iter().chain(&roll.elsewhere).cloned().collect();
    if let Err(error) = end::deleted(session, astro, &stale).await {
        session.console.warn_about(&error);
    }
    let (Some(report), Some(deployment)) = (&mut story.preview, &mut story.deployment) else {
        return;
    };
    let ships_dags = |outcome: &Outcome| outcome.deploy_type.ships_dags();
    if finished.as_ref().is_ok_and(|outcome| outcome.as_ref().is_some_and(ships_dags)) {
        unpause::unpaused(session, astro, deployment, report).await;
    }
    if !report.is_there() {
        return;
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
}
