//! What the subject of a preview should have now, as the forge says.

use crate::app::previews::who::{self, Reach, Who};
use crate::app::session::Session;
use crate::cli::command::Verb;
use crate::error::Result;
use crate::forge::interface::{Forge, PullRequestNow};
use crate::model::context::{Event, PullRequestState, Trust};
use crate::model::preview::Subject;
use crate::report::preview::Fate;
use crate::settings::values::Mapping;

/// What should be.
pub enum Wanted {
    /// A preview.
    There,
    /// None for this project, for this reason.
    Gone(&'static str),
    /// None for any project, because the subject is over; how, in words that follow it.
    Over(&'static str),
    /// Something that another run sees to.
    Elsewhere(Fate),
}

impl Wanted {
    /// Returns whose previews end.
    #[must_use]
    pub const fn reach(&self) -> Reach {
        match self {
            Self::Over(_) => Reach::EveryProject,
            Self::There | Self::Gone(_) | Self::Elsewhere(_) => Reach::ThisProject,
        }
    }
}

/// Returns what should be, for a run that does what it was told. An event is old; the forge knows.
///
/// # Errors
/// As `who::now`.
pub async fn of_run(session: &Session, verb: Verb, who: &Who, forge: Option<&dyn Forge>) -> Result<Wanted> {
    if let Some(why) = session.settings.unmapped() {
        session.console.notice(why);
        return Ok(Wanted::Gone("is for a branch that no Deployment is mapped to"));
    }
    Ok(match (verb, &who.subject) {
        (Verb::Down, _) if session.context.event == Event::BranchDeleted => Wanted::Over("was deleted"),
        (Verb::Down, _) => Wanted::Gone("is over, as this run was told"),
        (Verb::Sync, Subject::PullRequest(number)) => of_pull_request(session, who, &who::now(session, forge, *number).await?),
        _ => Wanted::There,
    })
}

/// Returns what a pull request should have now.
#[must_use]
pub fn of_pull_request(session: &Session, who: &Who, now: &PullRequestNow) -> Wanted {
    match now.state {
        PullRequestState::Merged => return Wanted::Over("was merged"),
        PullRequestState::Closed => return Wanted::Over("was closed"),
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
