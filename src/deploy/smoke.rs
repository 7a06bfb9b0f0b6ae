//! Runs chosen DAGs once after a deploy has arrived.
//! Nothing is triggered unless all of them can run; what a run is made with was decided before the deploy.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::deploy::order::{Order, Smoke, Tools};
use crate::deploy::outcome::{Arrival, Outcome};
use crate::deploy::stopwatch::Stopwatch;
use crate::deploy::trial::{Obstacle, Site, words};
use crate::error::{Error, Kind, Result};
use crate::model::airflow::Paused;
use crate::model::dag_run::{DagRun, NewRun, RunState, Trial, TrialEnd};
use crate::plan::outline::Step;
use crate::plan::verification::Verdict;

/// Runs the DAGs and returns what became of each; nothing when nobody asked or the deploy did not arrive.
pub async fn trials(order: &Order<'_, '_>, tools: &Tools<'_>, outcome: &Outcome, watch: &mut Stopwatch) -> Vec<Trial> {
    let wanted = order.plan.steps.contains(&Step::SmokeRun);
    let Some(smoke) = order.smoke.as_ref().filter(|_| wanted) else { return Vec::new() };
    if outcome.arrival != Arrival::Proven {
        tools.console.notice("no DAG is run, because a newer deploy took over before this one arrived");
        return Vec::new();
    }
    let started = Instant::now();
    let mut trials = match site(order, tools, outcome).await {
        Ok(site) => tried(&site, smoke, tools, outcome).await,
        Err(error) => smoke.dags.iter().map(|dag| not_run(dag, unknown(&error))).collect(),
    };
    for trial in &mut trials {
        trial.change_texts(&|text| tools.console.masked(text));
        match trial.end {
            TrialEnd::Succeeded => tools.console.info(&format!("smoke run of {}: {}", trial.dag, trial.words())),
            _ => tools.console.warning(&format!("smoke run of {}: {}", trial.dag, trial.words())),
        }
    }
    watch.record("smoke", started, String::new());
    trials
}

/// Returns the Airflow as it is now: another image may have brought another one with another API.
async fn site(order: &Order<'_, '_>, tools: &Tools<'_>, outcome: &Outcome) -> Result<Site> {
    let now = match outcome.image_tag {
        Some(_) => Some(tools.astro.deployment(&order.deployment.id).await?),
        None => None,
    };
    Site::of(now.as_ref().unwrap_or(&order.deployment), tools.calls.clone(), tools.astro.token())
}

async fn tried(site: &Site, smoke: &Smoke, tools: &Tools<'_>, outcome: &Outcome) -> Vec<Trial> {
    let activity = tools.console.activity("run the smoke DAGs");
    tools.console.info(&format!("waiting: smoke runs of {}", smoke.dags.join(", ")));
    let judged = outcome.verification.as_ref().map(|verification| &verification.verdict);
    // Whoever has read the whole deploy knows every DAG of it.
    let grace = if matches!(judged, Some(Verdict::Passed | Verdict::Failed)) { Duration::ZERO } else { smoke.grace };
    let ready = join_all(smoke.dags.iter().map(|dag| ready(site, smoke, dag, grace))).await;
    if ready.iter().any(Option::is_some) {
        let ends = ready.into_iter().map(|end| end.unwrap_or(TrialEnd::NotTried));
        return smoke.dags.iter().zip(ends).map(|(dag, end)| not_run(dag, end)).collect();
    }
    activity.tell("wait for the smoke runs to end");
    join_all(smoke.dags.iter().map(|dag| one(site, smoke, dag, (tools, outcome)))).await
}

/// Returns why a DAG cannot be run; none when it can.
async fn ready(site: &Site, smoke: &Smoke, dag: &str, grace: Duration) -> Option<TrialEnd> {
    let may_be_unpaused = smoke.unpause.iter().any(|id| id == dag);
    let found = match site.obstacle(dag, grace).await {
        Ok(Some(Obstacle::Paused)) if may_be_unpaused => site.client.set_paused(dag, Paused::No).await.map(|()| None),
        found => found,
    };
    match found {
        Ok(None) => None,
        Ok(Some(obstacle)) => Some(TrialEnd::Impossible(obstacle.to_string())),
        Err(error) => Some(unknown(&error)),
    }
}

async fn one(site: &Site, smoke: &Smoke, dag: &str, (tools, outcome): (&Tools<'_>, &Outcome)) -> Trial {
    let id = Some(format!("liftoff__{}", outcome.deploy_id));
    let new = NewRun { dag: dag.to_owned(), id, logical_date: None, conf: smoke.conf.clone() };
    let told = |state: &RunState| tracing::info!(dag, state = state.word(), "smoke run");
    match site.triggered(&new).await {
        Ok(run) => {
            let run = DagRun { dag: dag.to_owned(), ..run };
            if let Some(page) = site.page(&run) {
                tools.console.info(&format!("triggered {dag}: {page}"));
            }
            site.followed(run, smoke.limit, &told).await
        }
        Err(error) => not_run(dag, unknown(&error)),
    }
}

fn unknown(error: &Error) -> TrialEnd {
    TrialEnd::Unknown(error.kind(), words(error))
}

fn not_run(dag: &str, end: TrialEnd) -> Trial {
    Trial { dag: dag.to_owned(), run: None, end, failed: Vec::new(), page: None, took: Duration::ZERO }
}

/// Returns the failure of a deploy whose smoke runs did not all succeed. A run that failed weighs more than one that did not
/// end in time, and that more than one of which nobody knows.
#[must_use]
pub fn failure(outcome: &Outcome) -> Option<Error> {
    let weight = |trial: &&Trial| match trial.end {
        TrialEnd::Succeeded | TrialEnd::NotTried => None,
        TrialEnd::Failed | TrialEnd::Impossible(_) => Some((0, Kind::Unhealthy)),
        TrialEnd::TimedOut(_) => Some((1, Kind::TimedOut)),
        TrialEnd::Unknown(kind, _) => Some((2, kind)),
    };
    let (_, kind) = outcome.trials.iter().filter_map(|trial| weight(&trial)).min_by_key(|(weight, _)| *weight)?;
    let bad: Vec<&Trial> = outcome.trials.iter().filter(|trial| weight(trial).is_some()).collect();
    let which = match bad.as_slice() {
        [only] => format!("the smoke run of `{}`", only.dag),
        _ => format!("{} of {} smoke runs", bad.len(), outcome.trials.len()),
    };
    let doing = if kind == Kind::Unhealthy { format!("see {which} succeed") } else { format!("see {which} end") };
    let line = |trial: &&Trial| match &trial.page {
        Some(page) => format!("{}: {}\n{page}", trial.dag, trial.words()),
        None => format!("{}: {}", trial.dag, trial.words()),
    };
    let lines: Vec<String> = bad.iter().map(line).collect();
    let impossible = bad.iter().any(|trial| matches!(trial.end, TrialEnd::Impossible(_)));
    let advice = match kind {
        _ if impossible => "unpause the DAG in Airflow or correct `smoke-dags`; no DAG was run",
        Kind::Unhealthy => "repair the DAGs and deploy again, or deploy what ran before",
        Kind::TimedOut => "the runs go on; look at them in Airflow, or allow more with `smoke-timeout`",
        _ => "look at the runs in Airflow",
    };
    Some(Error::new(kind, doing).because(lines.join("\n")).hint(format!("deploy {} runs; {advice}", outcome.deploy_id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::deploy::DeployType;
    use crate::model::ids::DeployId;

    fn outcome(ends: &[TrialEnd]) -> Outcome {
        let trials = ends.iter().enumerate().map(|(index, end)| not_run(&format!("dag{index}"), end.clone())).collect();
        Outcome {
            deploy_id: DeployId::new("d1"),
            deploy_type: DeployType::DagOnly,
            image_tag: None,
            dag_bundle_version: None,
            bundle_version: None,
            arrival: Arrival::Proven,
            verification: None,
            trials,
            stages: Vec::new(),
        }
    }

    #[test]
    fn the_worst_end_decides_the_exit_code() {
        use TrialEnd::{Failed, Impossible, NotTried, Succeeded, TimedOut, Unknown};
        let (late, lost) = (TimedOut("running".to_owned()), Unknown(Kind::Refused, "403".to_owned()));
        for (ends, expected) in [
            (vec![], None),
            (vec![Succeeded, Succeeded], None),
            (vec![Succeeded, Failed], Some(Kind::Unhealthy)),
            (vec![late.clone(), Failed], Some(Kind::Unhealthy)),
            (vec![NotTried, Impossible("it is paused".to_owned())], Some(Kind::Unhealthy)),
            (vec![lost.clone(), late], Some(Kind::TimedOut)),
            (vec![Succeeded, lost], Some(Kind::Refused)),
        ] {
            let failure = failure(&outcome(&ends));
            assert_eq!(failure.as_ref().map(Error::kind), expected, "{ends:?}");
            assert!(failure.is_none_or(|error| error.advice().is_some_and(|advice| advice.starts_with("deploy d1 runs; "))));
        }
    }
}
