//! A rollback from the wish to the proof: one that the user asks for, and one that follows a
//! deploy that ended badly.

use jiff::Timestamp;

use crate::app::content::threads;
use crate::app::gather::{HISTORY, LONG_HISTORY, project, target_is_a_strangers};
use crate::app::reporter::Reporter;
use crate::app::session::Session;
use crate::app::ship::{patience, run_name};
use crate::app::story::{Finished, Story, failed, stopped};
use crate::app::target;
use crate::astro::client::AstroClient;
use crate::console::printer::Console;
use crate::deploy::interrupt::Interrupt;
use crate::deploy::order::Tools;
use crate::deploy::outcome::{Outcome, Unfinished};
use crate::deploy::rollback::{Order, perform};
use crate::error::{Error, Kind, Result};
use crate::model::context::Trust;
use crate::model::deployment::Deployment;
use crate::model::ids::{DeployId, DeploymentId};
use crate::plan::rollback::{Choice, Goal, Request, Rollback, Scope, Situation, decide, undo};
use crate::plan::then::Brought;
use crate::report::rollback::{Fate, RollbackReport};
use crate::report::run::Ending;
use crate::settings::values::DeployTypeSetting;

/// Goes back where the user wants to. None when that is what runs, or when this run only shows.
///
/// # Errors
/// As the steps.
pub async fn work(session: &Session, reporter: &Reporter<'_>, (interrupt, story): (Interrupt, &mut Story)) -> Finished {
    let mut wished = interrupt.clone();
    let chosen = tokio::select! {
        chosen = chosen(session, story) => chosen.map_err(failed)?,
        kind = wished.wished() => return Err(failed(stopped(kind))),
    };
    let (astro, deployment, choice) = chosen;
    let (back, fate) = match choice {
        Choice::Go(back) => (back, Fate::Asked),
        Choice::Runs(back) => (back, Fate::Runs),
    };
    let goes = matches!(fate, Fate::Asked) && !session.settings.rollback.dry_run;
    story.commit = back.commit();
    let report = story.rollback.insert(RollbackReport { back: Some(without_secrets(&back, &session.console)), fate });
    if !goes {
        return Ok(None);
    }
    let group = session.console.group("rollback");
    report.text().iter().for_each(|line| session.console.info(line));
    drop(group);
    let begun = async {
        let run = story.told(session, Ending::InProgress);
        tokio::select! {
            record = reporter.begun(&run, story.commit.as_ref()) => record,
            _ = wished.wished() => None,
        }
    };
    let words = session.settings.deploy.description.clone().unwrap_or_else(|| format!("Rollback to {}", report_goal(&back)));
    let (outcome, record) = tokio::join!(performed(session, (&astro, &deployment, &back), words, interrupt), begun);
    story.record = record;
    outcome.map(Some)
}

fn report_goal(back: &Rollback) -> String {
    RollbackReport { back: Some(back.clone()), fate: Fate::Asked }.goal()
}

/// Finds the Deployment and the way back.
async fn chosen(session: &Session, story: &mut Story) -> Result<(AstroClient, Deployment, Choice)> {
    let goal = goal(session)?;
    let doing = || Error::new(Kind::Refused, "roll back");
    if session.context.trust == Trust::Fork && (!session.settings.deploy.allow_fork || target_is_a_strangers(session)) {
        return Err(doing()
            .because("this run serves a pull request from a fork, and a stranger must not choose what runs")
            .hint(
                "roll back from a run of your own; `allow-fork: true` allows it where no file of the fork names the Deployment",
            ));
    }
    if let Some(why) = session.settings.unmapped() {
        return Err(doing().because(why).hint("name the Deployment by a flag, an input or a variable"));
    }
    let astro = target::astro(session).await?.ok_or_else(|| target::no_token(session))?;
    let deployment = session.platform.deployment(&astro, &session.settings.target).await?;
    story.deployment = Some(deployment.clone());
    // The comment on a pull request is one for each project; without a checkout there is none.
    if let Ok((_, shape)) = project(session).await {
        story.project = shape.in_repository.to_string();
    }
    let history = session.platform.history(&astro, &deployment.id, LONG_HISTORY).await?;
    let choice =
        decide(&request(session, goal), &Situation { deployment: &deployment, history: &history, now: Timestamp::now() })?;
    Ok((astro, deployment, choice))
}

fn goal(session: &Session) -> Result<Goal> {
    let settings = &session.settings;
    match (&settings.rollback.to, settings.rollback.previous) {
        (Some(id), _) => Ok(Goal::Deploy(id.clone())),
        (None, true) => Ok(Goal::Previous(match settings.deploy_type {
            DeployTypeSetting::Infer => Scope::Everything,
            DeployTypeSetting::DagsOnly => Scope::Dags,
            DeployTypeSetting::ImageOnly => Scope::Image,
            DeployTypeSetting::ImageAndDags => Scope::Project,
            DeployTypeSetting::Dbt | DeployTypeSetting::NonDags => Scope::Bundles(settings.bundle.mount_path.clone()),
        })),
        (None, false) => Err(Error::new(Kind::Usage, "roll back")
            .because("neither `to` nor `previous` is set")
            .hint("name the deploy with `--to`, as `liftoff history` lists it, or use `--previous`")),
    }
}

fn request(session: &Session, to: Goal) -> Request {
    Request { to, allow_runtime_downgrade: session.settings.rollback.allow_runtime_downgrade, wake: session.settings.deploy.wake }
}

async fn performed(
    session: &Session,
    (astro, deployment, rollback): (&AstroClient, &Deployment, &Rollback),
    words: String,
    interrupt: Interrupt,
) -> std::result::Result<Outcome, Box<Unfinished>> {
    let tools = Tools {
        astro,
        calls: session.calls.clone(),
        transfers: session.transfers.clone(),
        console: &session.console,
        env: &session.env,
        temporary: session.temporary.clone(),
        threads: threads(),
        interrupt,
    };
    let patience = session.settings.deploy.wait.map(patience);
    perform(&Order { deployment, rollback, words, run: run_name(), patience }, &tools).await
}

/// Goes back to `before` after a deploy that ended badly, and returns what became of that.
pub async fn recovered(
    session: &Session,
    (deployment, before): (&DeploymentId, Option<&DeployId>),
    bad: &Outcome,
    interrupt: Interrupt,
) -> RollbackReport {
    let mut wished = interrupt.clone();
    let way = tokio::select! {
        way = way_back(session, (deployment, before), bad) => way,
        kind = wished.wished() => Err(stopped(kind)),
    };
    let not_recovered =
        |error: Error, rollback| Fate::NotRecovered(Box::new(error.map_text(|text| session.console.masked(text))), rollback);
    let (astro, deployment, choice) = match way {
        Ok(way) => way,
        Err(error) => return RollbackReport { back: None, fate: not_recovered(error, None) },
    };
    let back = match choice {
        Choice::Runs(back) => {
            return RollbackReport { back: Some(without_secrets(&back, &session.console)), fate: Fate::StillRuns };
        }
        Choice::Go(back) => back,
    };
    let report = RollbackReport { back: Some(without_secrets(&back, &session.console)), fate: Fate::Asked };
    session.console.notice(&format!("deploy {} ended badly; rolling back to {}", bad.deploy_id, report.goal()));
    report.text().iter().for_each(|line| session.console.info(line));
    let words = format!("Rollback to {}, because deploy {} ended badly", report_goal(&back), bad.deploy_id);
    let fate = match performed(session, (&astro, &deployment, &back), words, interrupt).await {
        Ok(outcome) => Fate::Recovered(Box::new(outcome)),
        Err(unfinished) => not_recovered(unfinished.error, unfinished.accepted.map(|accepted| accepted.deploy_id)),
    };
    RollbackReport { fate, ..report }
}

/// Finds the way back to what ran before, unless somebody else has taken over. Nothing that was
/// read before the deploy is good enough.
async fn way_back(
    session: &Session,
    (id, before): (&DeploymentId, Option<&DeployId>),
    bad: &Outcome,
) -> Result<(AstroClient, Deployment, Choice)> {
    let astro = target::astro(session).await?.ok_or_else(|| target::no_token(session))?;
    let (deployment, mut history) = tokio::try_join!(astro.deployment(id), astro.deploys(id, HISTORY))?;
    if before.is_some_and(|before| !history.iter().any(|record| record.id == *before)) {
        history = astro.deploys(id, LONG_HISTORY).await?;
    }
    let goal = undo(&bad.deploy_id, before, &history)?;
    let choice =
        decide(&request(session, goal), &Situation { deployment: &deployment, history: &history, now: Timestamp::now() })?;
    Ok((astro, deployment, choice))
}

/// Returns the way back as reports may show it.
fn without_secrets(back: &Rollback, console: &Console) -> Rollback {
    let mut back = back.clone();
    let parts = back.parts.iter_mut().flat_map(|part| [&mut part.now, &mut part.then]);
    let records = parts.filter_map(|brought| match brought {
        Brought::By(record) => Some(record.as_mut()),
        Brought::Nothing | Brought::Unknown(_) => None,
    });
    for record in records.chain([&mut back.target]) {
        record.description = console.masked(&record.description);
        if let Some(branch) = record.git.as_mut().and_then(|git| git.branch.as_mut()) {
            *branch = console.masked(branch);
        }
    }
    back
}
