//! Several projects as the reports see them: what must ship, and what stands in the way.
//! Each project was planned like any other; nothing is decided here.

use serde_json::{Value, json};

use crate::error::Error;
use crate::model::context::CiContext;
use crate::model::deploy::DeployType;
use crate::model::deployment::Deployment;
use crate::model::markup::cut;
use crate::model::path::RelPath;
use crate::plan::outline::{Decision, Plan};
use crate::report::figures;
use crate::report::run::shipped;
use crate::settings::values::DeployTypeSetting;

/// Characters of a reason that a matrix or a table holds.
pub const REASON: usize = 300;

/// What became of planning every project.
#[derive(Debug)]
pub struct All<'a> {
    /// Where and why the run happened.
    pub context: &'a CiContext,
    /// The projects, in path order.
    pub projects: Vec<ProjectPlan>,
    /// Why there are none.
    pub failure: Option<Error>,
}

/// What became of planning one of them.
#[derive(Debug, Clone)]
pub struct ProjectPlan {
    /// Its folder, relative to the repository.
    pub root_folder: RelPath,
    /// The `deploy-type` that holds for it.
    pub deploy_type: DeployTypeSetting,
    /// The Deployment, once it is known.
    pub deployment: Option<Deployment>,
    /// The plan, once it is made, without the refusal.
    pub plan: Option<Plan>,
    /// What stands in the way.
    pub error: Option<Error>,
}

impl ProjectPlan {
    /// Returns what must ship; nothing where something stands in the way.
    #[must_use]
    pub fn must_ship(&self) -> Option<DeployType> {
        let decision = self.plan.as_ref()?.decision;
        match decision {
            Decision::Ship(_) | Decision::RemoveBundle if self.error.is_none() => decision.deploy_type(),
            _ => None,
        }
    }

    /// Returns whether this run may not ship it, whatever changed.
    #[must_use]
    pub fn is_declined(&self) -> bool {
        matches!(self.plan.as_ref().map(|plan| plan.decision), Some(Decision::Unmapped | Decision::NoCredentials(_)))
    }

    /// Returns the decision in a word or two.
    #[must_use]
    pub fn verdict(&self) -> String {
        match (&self.error, self.plan.as_ref().map(|plan| plan.decision)) {
            (Some(_), _) => "error".to_owned(),
            (None, Some(Decision::Ship(deploy_type))) => format!("ship {}", shipped(deploy_type)),
            (None, Some(Decision::RemoveBundle)) => "remove the bundle".to_owned(),
            (None, Some(Decision::Unmapped | Decision::NoCredentials(_))) => "declined".to_owned(),
            (None, Some(Decision::Nothing) | None) => "nothing".to_owned(),
        }
    }

    /// Returns why, on one line.
    #[must_use]
    pub fn why(&self) -> String {
        let why = match (&self.error, &self.plan) {
            (Some(error), _) => format!("could not {}: {}", error.doing(), error.cause().unwrap_or_default()),
            (None, Some(plan)) => plan.reason.clone(),
            (None, None) => String::new(),
        };
        cut(why.lines().next().unwrap_or_default(), REASON)
    }
}

impl All<'_> {
    /// Returns the projects that must ship.
    pub fn shipping(&self) -> impl Iterator<Item = &ProjectPlan> {
        self.projects.iter().filter(|project| project.must_ship().is_some())
    }

    /// Returns the result in one line for a title.
    #[must_use]
    pub fn headline(&self) -> String {
        if let Some(failure) = &self.failure {
            return format!("Could not {}", failure.doing());
        }
        let failed = self.projects.iter().filter(|project| project.error.is_some()).count();
        let failed = if failed > 0 { format!(", {} failed", figures::count(failed as u64, "plan")) } else { String::new() };
        format!("{} of {} must ship{failed}", self.shipping().count(), figures::count(self.projects.len() as u64, "project"))
    }

    /// Returns the matrix over which a CI system can fan out. Keys that are called like inputs
    /// hold what those inputs take.
    #[must_use]
    pub fn matrix(&self) -> Value {
        let include: Vec<Value> = self
            .shipping()
            .map(|project| {
                json!({
                    "root-folder": project.root_folder.to_string(),
                    "deployment-id": project.deployment.as_ref().map(|deployment| deployment.id.as_str()),
                    "deployment-name": project.deployment.as_ref().map(|deployment| deployment.name.as_str()),
                    "deploy-type": project.deploy_type.name(),
                    "ships": project.must_ship().map(|deploy_type| deploy_type.name()),
                    "reason": project.why(),
                })
            })
            .collect();
        json!({ "include": include })
    }
}
