//! One run as the reports see it: where it deployed, what it decided, how it ended.

use crate::deploy::outcome::{Arrival, Outcome};
use crate::error::{Error, Kind};
use crate::model::context::CiContext;
use crate::model::dag::Problem;
use crate::model::dag_run::Trial;
use crate::model::deploy::DeployType;
use crate::model::deployment::Deployment;
use crate::plan::outline::{Decision, Plan};
use crate::plan::verification::{Verdict, Verification};
use crate::report::preview::PreviewReport;
use crate::report::rollback::{Fate, RollbackReport};

/// Everything the reports may show of a run.
#[derive(Debug)]
pub struct Run<'a> {
    /// The project's folder as the user named it, `.` for the repository itself.
    pub project: String,
    /// Where and why the run happened.
    pub context: &'a CiContext,
    /// The Deployment, once it is known.
    pub deployment: Option<&'a Deployment>,
    /// The plan, once it is made.
    pub plan: Option<&'a Plan>,
    /// What the checks of the project's own code found, with what was read of its DAGs; empty when none ran.
    pub problems: &'a [Problem],
    /// The preview, when the run is about one.
    pub preview: Option<&'a PreviewReport>,
    /// The rollback, when the run is about one or led to one.
    pub rollback: Option<&'a RollbackReport>,
    /// How it ended.
    pub ending: Ending<'a>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub enum Ending<'a> {
    /// It only planned.
    Planned,
    /// It is still going on.
    InProgress,
    /// Nothing had to ship, or this run may not ship.
    Declined,
    /// It shipped.
    Shipped(&'a Outcome),
    /// It failed.
    Failed {
        /// Why.
        error: &'a Error,
        /// The deploy, when it was accepted before.
        accepted: Option<&'a Outcome>,
    },
}

/// How much of long lists to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The first entries and a count of the others.
    Brief,
    /// Every file, every DAG and every setting that is not a default.
    Full,
}

/// One setting as reports show it.
#[derive(Debug, Clone)]
pub struct ShownSetting {
    /// Name.
    pub name: &'static str,
    /// Value, a placeholder for secrets.
    pub value: String,
    /// Where it came from.
    pub origin: String,
}

impl Run<'_> {
    /// Returns the run's result in one line for a title: `Deployed DAGs to demo`.
    #[must_use]
    pub fn headline(&self) -> String {
        if let (Some(headline), Ending::Declined | Ending::Planned) =
            (self.preview.and_then(PreviewReport::headline), self.ending)
        {
            return headline;
        }
        let place = self.deployment.map_or_else(String::new, |deployment| format!(" to {}", deployment.name));
        if let Some(headline) = self.rollback.and_then(|rollback| self.of_rollback(rollback)) {
            return headline;
        }
        match self.ending {
            Ending::Shipped(_) if self.removes() => format!("Removed the bundle{}", place.replace(" to ", " from ")),
            Ending::Shipped(outcome) => format!("Deployed {}{place}", shipped(outcome.deploy_type)),
            Ending::Failed { accepted: Some(outcome), .. } if self.is_cancelled() && outcome.arrival == Arrival::Proven => {
                format!("Cancelled: {}{place} runs, but nobody saw whether it is well", shipped(outcome.deploy_type))
            }
            Ending::Failed { accepted: Some(outcome), .. } if self.is_cancelled() => {
                format!("Cancelled: {}{place} was accepted, but nobody saw it arrive", shipped(outcome.deploy_type))
            }
            Ending::Failed { accepted: Some(outcome), .. } if self.is_broken() => {
                format!("Deployed {}{place}, but Airflow can no longer import all of it", shipped(outcome.deploy_type))
            }
            Ending::Failed { accepted: Some(outcome), .. } if !outcome.trials.is_empty() => {
                format!("Deployed {}{place}, but not every smoke run succeeded", shipped(outcome.deploy_type))
            }
            Ending::Failed { accepted: Some(outcome), .. } => {
                format!("Deployed {}{place}, but it is not proven to run", shipped(outcome.deploy_type))
            }
            Ending::Failed { accepted: None, .. } if self.is_cancelled() => format!("Cancelled: nothing was deployed{place}"),
            Ending::Failed { error, accepted: None } => format!("Could not {}", error.doing()),
            Ending::InProgress if self.removes() => format!("Removing the bundle{}", place.replace(" to ", " from ")),
            Ending::InProgress => match self.plan.and_then(|plan| plan.decision.deploy_type()) {
                Some(deploy_type) => format!("Deploying {}{place}", shipped(deploy_type)),
                None => format!("Deploying{place}"),
            },
            Ending::Declined | Ending::Planned => match self.plan.map(|plan| plan.decision) {
                Some(Decision::Ship(deploy_type)) => format!("Would deploy {}{place}", shipped(deploy_type)),
                Some(Decision::RemoveBundle) => "Would remove the bundle".to_owned(),
                Some(Decision::NoCredentials(Some(deploy_type))) => {
                    format!("Not deployed: no credentials here; would deploy {}", shipped(deploy_type))
                }
                Some(Decision::NoCredentials(None)) => "Not deployed: no credentials here; nothing changed".to_owned(),
                Some(Decision::Unmapped) => "Not deployed: no Deployment for this branch or tag".to_owned(),
                Some(Decision::Nothing) | None => format!("Nothing to deploy{place}"),
            },
        }
    }

    /// Returns the headline of a run that is about a rollback or led to one.
    fn of_rollback(&self, rollback: &RollbackReport) -> Option<String> {
        let place = self.deployment.map_or("the Deployment", |deployment| deployment.name.as_str());
        let goal = rollback.goal();
        Some(match (&rollback.fate, self.ending) {
            (Fate::Asked, Ending::InProgress) => format!("Rolling back {place} to {goal}"),
            (Fate::Asked, Ending::Shipped(_)) => format!("Rolled back {place} to {goal}"),
            (Fate::Asked, Ending::Planned | Ending::Declined) => format!("Would roll back {place} to {goal}"),
            (Fate::Asked, Ending::Failed { accepted: Some(_), .. }) => {
                format!("Rolled back {place} to {goal}, but it is not proven to run")
            }
            (Fate::Asked, Ending::Failed { error, .. }) => format!("Could not {}", error.doing()),
            (Fate::Runs, _) => format!("Nothing to roll back: {place} runs {goal}"),
            (_, Ending::Failed { accepted: Some(outcome), .. }) => {
                format!("The deploy of {} to {place} ended badly; {}", shipped(outcome.deploy_type), rollback.aftermath()?)
            }
            _ => return None,
        })
    }

    /// Returns what Airflow makes of what was deployed, when somebody looked.
    #[must_use]
    pub fn verification(&self) -> Option<&Verification> {
        match self.ending {
            Ending::Shipped(outcome) | Ending::Failed { accepted: Some(outcome), .. } => outcome.verification.as_ref(),
            _ => None,
        }
    }

    /// Returns what became of the DAGs that were run to try what was deployed.
    #[must_use]
    pub fn trials(&self) -> &[Trial] {
        match self.ending {
            Ending::Shipped(outcome) | Ending::Failed { accepted: Some(outcome), .. } => &outcome.trials,
            _ => &[],
        }
    }

    /// Returns whether the run has come to an end.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        !matches!(self.ending, Ending::InProgress)
    }

    fn is_broken(&self) -> bool {
        self.verification().is_some_and(|verification| verification.verdict == Verdict::Failed)
    }

    /// Returns whether somebody stopped the run.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.ending, Ending::Failed { error, .. } if matches!(error.kind(), Kind::Interrupted | Kind::Terminated))
    }

    /// Returns whether the run is about removing a bundle.
    #[must_use]
    pub fn removes(&self) -> bool {
        self.plan.is_some_and(|plan| plan.decision == Decision::RemoveBundle)
    }
}

/// Returns what a deploy of this type ships, in words.
#[must_use]
pub const fn shipped(deploy_type: DeployType) -> &'static str {
    match deploy_type {
        DeployType::DagOnly => "DAGs",
        DeployType::ImageOnly => "image",
        DeployType::ImageAndDag => "image and DAGs",
        DeployType::Bundle => "bundle",
    }
}
