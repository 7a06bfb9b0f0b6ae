//! From gathered facts to what was shipped: decides, says what will be done, and does it.

use std::sync::OnceLock;

use crate::app::gather::Gathered;
use crate::app::reporter::Reporter;
use crate::app::session::Session;
use crate::app::story::{Finished, Story, failed};
use crate::app::{report, rollback, ship};
use crate::deploy::interrupt::Interrupt;
use crate::deploy::order::Surroundings;
use crate::deploy::outcome::Unfinished;
use crate::error::Kind;
use crate::model::ids::{DeployId, DeploymentId};
use crate::plan::decide::plan;
use crate::plan::facts::Target;
use crate::plan::outline::Decision;
use crate::plan::then::is_finished;
use crate::report::rollback::Fate;
use crate::report::run::{Detail, Ending};
use crate::report::text;
use crate::settings::rollback::OnFailure;

/// Whether a plan is performed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// It is only shown.
    Show,
    /// It is performed.
    Ship,
}

/// Decides and, where it is wished, ships. None when nothing was shipped.
///
/// # Errors
/// The refusal of the plan, or as `ship::ship`.
pub async fn deliver(
    session: &Session,
    reporter: &Reporter<'_>,
    (gathered, wish): (Gathered, Wish),
    (interrupt, story): (Interrupt, &mut Story),
    preview: Option<Surroundings<'_>>,
) -> Finished {
    story.project = gathered.facts.project.in_repository.to_string();
    story.deployment = gathered.facts.target.deployment().cloned();
    story.commit = gathered.facts.source.commit.clone();
    let decided = plan(&gathered.facts).map_err(failed)?;
    let plan = story.plan.insert(report::without_secrets(decided, &session.console)).clone();
    report::problems(&session.console, &plan);
    if wish == Wish::Show {
        return plan.refusal.map_or(Ok(None), |refusal| Err(failed(refusal)));
    }
    let lines = text::plan(&plan, story.deployment.as_ref(), &report::shown_settings(session), Detail::Brief);
    let group = session.console.group("plan");
    lines.iter().for_each(|line| session.console.info(line));
    drop(group);
    if let Some(refusal) = plan.refusal {
        return Err(failed(refusal));
    }
    match plan.decision {
        Decision::Nothing | Decision::NoCredentials(_) | Decision::Unmapped => {
            say_untried(session);
            Ok(None)
        }
        Decision::Ship(_) | Decision::RemoveBundle => {
            let mut wished = interrupt.clone();
            // Nobody waits for the forge before work begins, and nobody who wants to stop waits for it at all.
            let begun = async {
                let run = story.told(session, Ending::InProgress);
                tokio::select! {
                    record = reporter.begun(&run, story.commit.as_ref()) => record,
                    _ = wished.wished() => None,
                }
            };
            let target = gathered.facts.target.deployment().map(|deployment| deployment.id.clone());
            let before = before(&gathered.facts.target);
            let wants_back = session.settings.rollback.on_failure == OnFailure::RollBack && preview.is_none();
            let found = OnceLock::new();
            let shipped = ship::ship(session, gathered, (&plan, preview), (reporter.forge, &found), interrupt.clone());
            let (outcome, record) = tokio::join!(shipped, begun);
            story.record = record;
            if let Some(report) = found.get() {
                // Together with what was read, since the later findings take the place of the former.
                let read = plan.dags.iter().flat_map(|dags| &dags.problems).cloned();
                story.problems = read.chain(report.problems().cloned()).collect();
            }
            match (outcome, target) {
                (Err(unfinished), Some(target)) if wants_back => {
                    Err(recovered(session, (&target, before.as_ref()), (unfinished, interrupt), story).await)
                }
                (outcome, _) => outcome.map(Some),
            }
        }
    }
}

/// A smoke run that failed before is not repeated when nothing ships, and nobody shall take that for a success of it.
fn say_untried(session: &Session) {
    if !session.settings.deploy.smoke.dags.is_empty() {
        session
            .console
            .notice("no DAG is run to try the deploy, because nothing is deployed; `force` deploys and tries it again");
    }
}

/// Returns the newest finished deploy, after which everything that runs has run.
fn before(target: &Target) -> Option<DeployId> {
    match target {
        Target::Deployment { history, .. } => history.iter().find(|record| is_finished(record)).map(|record| record.id.clone()),
        Target::Unreachable { .. } | Target::Unmapped { .. } => None,
    }
}

/// Goes back to what ran before, when the deploy took effect and ended badly. A deploy of which
/// nobody knows how it ended is left alone.
async fn recovered(
    session: &Session,
    (target, before): (&DeploymentId, Option<&DeployId>),
    (mut unfinished, interrupt): (Box<Unfinished>, Interrupt),
    story: &mut Story,
) -> Box<Unfinished> {
    let Some(bad) = unfinished.accepted.as_ref().filter(|_| unfinished.error.kind() == Kind::Unhealthy) else {
        return unfinished;
    };
    let report = rollback::recovered(session, (target, before), bad, interrupt).await;
    if let Some(aftermath) = report.aftermath() {
        let why = match &report.fate {
            Fate::NotRecovered(error, _) => format!("\n{error}"),
            _ => "; repair the code before deploying it again".to_owned(),
        };
        unfinished.error = unfinished.error.clone().hint(format!("{aftermath}{why}"));
    }
    story.rollback = Some(report);
    unfinished
}
