//! Keeps a preview as it should be: made, deployed to, or gone.
//!
//! What should be is looked up at the forge, not taken from the event: events come late, twice, or
//! not at all. It is looked up again right before the Deployment is created and right before the
//! deploy takes effect, because a pull request can be closed while its run still builds.

use crate::app::deliver::{Wish, deliver};
use crate::app::previews::end;
use crate::app::previews::play::played;
use crate::app::previews::scene::{self, Start};
use crate::app::previews::wanted::{self, Wanted};
use crate::app::previews::who::{self, Reach, Who};
use crate::app::reporter::Reporter;
use crate::app::session::Session;
use crate::app::story::{Finished, Story, failed, stopped};
use crate::app::target;
use crate::cli::command::Verb;
use crate::deploy::interrupt::Interrupt;
use crate::error::{Error, Kind, Result};
use crate::forge::interface::Forge;
use crate::report::preview::{Fate, PreviewReport};

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
    let Some((who, wanted)) = situation else {
        story.preview = Some(PreviewReport { fate: Fate::NoPullRequest, ..PreviewReport::default() });
        return Ok(None);
    };
    story.commit.clone_from(&who.commit);
    story.project.clone_from(&who.project);
    match wanted {
        end @ (Wanted::Gone(why) | Wanted::Over(why)) => tokio::select! {
            ended = gone(session, (&who, end.reach()), why, story) => ended.map(|()| None).map_err(failed),
            kind = wished.wished() => Err(failed(stopped(kind))),
        },
        Wanted::Elsewhere(fate) => {
            story.preview = Some(PreviewReport { fate, ..PreviewReport::about(&who.subject) });
            Ok(None)
        }
        Wanted::There => there(session, &who, reporter, (interrupt, story)).await,
    }
}

/// Finds out whom the run serves and what they should have; none without a pull request.
async fn situation(session: &Session, verb: Verb, forge: Option<&dyn Forge>) -> Result<Option<(Who, Wanted)>> {
    let Some(who) = who::who(session, verb, forge).await? else {
        return Ok(None);
    };
    let wanted = wanted::of_run(session, verb, &who, forge).await?;
    Ok(Some((who, wanted)))
}

/// Deletes what there is; without a token there is nothing.
async fn gone(session: &Session, (who, reach): (&Who, Reach), why: &'static str, story: &mut Story) -> Result<()> {
    match target::astro(session).await? {
        Some(astro) => end::end(session, &astro, (who, reach, why), story).await,
        None => {
            let fate = Fate::Deleted { why, names: Vec::new() };
            story.preview = Some(PreviewReport { fate, ..PreviewReport::about(&who.subject) });
            Ok(())
        }
    }
}

/// Makes and deploys to a preview.
async fn there(session: &Session, who: &Who, reporter: &Reporter<'_>, (interrupt, story): (Interrupt, &mut Story)) -> Finished {
    let mut wished = interrupt.clone();
    let wish = if session.settings.previews.dry_run { Wish::Show } else { Wish::Ship };
    for round in 1.. {
        let start = tokio::select! {
            start = scene::start(session, who, reporter.forge) => start.map_err(failed)?,
            kind = wished.wished() => return Err(failed(stopped(kind))),
        };
        let (scene, gathered) = match start {
            Start::Plain(gathered) => return deliver(session, reporter, (gathered, wish), (interrupt, story), None).await,
            Start::Preview(scene, gathered) => (scene, gathered),
        };
        match played((&scene, gathered), who, (reporter, wish), (interrupt.clone(), story)).await {
            // Another run, or a person, deleted it; whoever is still wanted starts over.
            Err(unfinished) if unfinished.error.kind() == Kind::NotFound && unfinished.accepted.is_none() && round < ROUNDS => {
                session.console.notice(&format!("the preview was deleted meanwhile; starting over ({})", unfinished.error));
            }
            finished => return finished,
        }
    }
    Err(failed(Error::new(Kind::Internal, "keep the preview")))
}
