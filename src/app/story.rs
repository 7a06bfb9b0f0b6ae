//! What a run has learnt so far, for the reports, and how it ends.

use crate::app::session::Session;
use crate::deploy::outcome::{Outcome, Unfinished};
use crate::error::{Error, Kind};
use crate::forge::interface::RecordId;
use crate::model::dag::Problem;
use crate::model::deployment::Deployment;
use crate::model::revision::CommitSha;
use crate::plan::outline::Plan;
use crate::report::preview::PreviewReport;
use crate::report::rollback::RollbackReport;
use crate::report::run::{Ending, Run};

/// What a run has learnt so far.
#[derive(Default)]
pub struct Story {
    /// The project's folder in the repository; empty until it is known.
    pub project: String,
    /// The Deployment.
    pub deployment: Option<Deployment>,
    /// The plan.
    pub plan: Option<Plan>,
    /// The commit.
    pub commit: Option<CommitSha>,
    /// The forge's record of the deployment.
    pub record: Option<RecordId>,
    /// What the checks of the project's own code found, with what was read of its DAGs.
    pub problems: Vec<Problem>,
    /// The preview, when the run is about one.
    pub preview: Option<PreviewReport>,
    /// The rollback, when the run is about one or led to one.
    pub rollback: Option<RollbackReport>,
}

impl Story {
    /// Returns the run as the reports see it.
    #[must_use]
    pub fn told<'a>(&'a self, session: &'a Session, ending: Ending<'a>) -> Run<'a> {
        Run {
            project: if self.project.is_empty() { ".".to_owned() } else { self.project.clone() },
            context: &session.context,
            deployment: self.deployment.as_ref(),
            plan: self.plan.as_ref(),
            preview: self.preview.as_ref(),
            rollback: self.rollback.as_ref(),
            problems: &self.problems,
            ending,
        }
    }
}

/// How a run ends: with what it shipped, with none when it had nothing to ship, or unfinished.
pub type Finished = std::result::Result<Option<Outcome>, Box<Unfinished>>;

/// Returns the end of a run that shipped nothing.
#[must_use]
pub fn failed(error: Error) -> Box<Unfinished> {
    Box::new(Unfinished::from(error))
}

/// Returns the error of a run that was stopped before it shipped anything.
#[must_use]
pub fn stopped(kind: Kind) -> Error {
    Error::new(kind, "finish").because("the run was stopped").hint("nothing was deployed")
}
