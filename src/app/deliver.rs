//! From gathered facts to what was shipped: decides, says what will be done, and does it.

use std::sync::OnceLock;

use crate::app::gather::Gathered;
use crate::app::reporter::Reporter;
use crate::app::session::Session;
use crate::app::story::{Finished, Story, failed};
use crate::app::{report, ship};
use crate::deploy::interrupt::Interrupt;
use crate::deploy::order::Surroundings;
use crate::plan::decide::plan;
use crate::plan::outline::Decision;
use crate::report::run::{Detail, Ending};
use crate::report::text;

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
        Decision::Nothing | Decision::NoCredentials(_) | Decision::Unmapped => Ok(None),
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
            let found = OnceLock::new();
            let shipped = ship::ship(session, gathered, (&plan, preview), (reporter.forge, &found), interrupt);
            let (outcome, record) = tokio::join!(shipped, begun);
            story.record = record;
            if let Some(report) = found.get() {
                // Together with what was read, since the later findings take the place of the former.
                let read = plan.dags.iter().flat_map(|dags| &dags.problems).cloned();
                story.problems = read.chain(report.problems().cloned()).collect();
            }
            outcome.map(Some)
        }
    }
}
