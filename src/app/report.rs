//! Tells the world how a run went. Failing to tell is a warning, never a failed deploy.

use std::time::Duration;

use serde_json::Value;

use crate::app::session::Session;
use crate::console::printer::Console;
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::forge;
use crate::forge::interface::{Comment, CommitStatus, Connection, Forge, State, Upsert};
use crate::model::revision::CommitSha;
use crate::plan::outline::{Decision, Plan};
use crate::report::run::{Ending, Run, ShownSetting};
use crate::report::{github_files, markdown, outputs};

/// Longest time for one call to the forge, with its retries.
const FORGE_BUDGET: Duration = Duration::from_secs(45);
/// Name of the file variables on GitHub Actions and those that mimic it.
const OUTPUT: &str = "GITHUB_OUTPUT";
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// Name of the commit status.
const STATUS_NAME: &str = "liftoff";

/// Connects to the forge, when there is one and a token for it.
#[must_use]
pub fn connected(session: &Session) -> Option<Box<dyn Forge>> {
    let report = &session.settings.report;
    let mut repository = session.context.repository.clone()?;
    repository.forge = report.forge.unwrap_or(repository.forge);
    let connection = Connection {
        caller: session.calls.clone(),
        api_url: report.forge_api_url.clone().or_else(|| repository.api_url.clone())?,
        token: report.forge_token.clone()?,
        repository,
        budget: FORGE_BUDGET,
    };
    match forge::connect(&connection) {
        Ok(forge) => forge,
        Err(error) => {
            session.console.warn_about(&error);
            None
        }
    }
}

/// Returns the settings as reports show them.
#[must_use]
pub fn shown_settings(session: &Session) -> Vec<ShownSetting> {
    let shown = |(name, (value, origin)): (&&'static str, &(String, crate::settings::origin::Origin))| ShownSetting {
        name,
        value: value.clone(),
        origin: origin.to_string(),
    };
    session.settings.origins.iter().map(shown).collect()
}

/// Writes step outputs and the job summary, where the CI system has them.
pub fn files(env: &Env, console: &Console, run: &Run<'_>, json: &Value) {
    write(env, console, outputs::values(run, json), &markdown::report(run));
}

/// Writes the outputs and the summary that are given.
pub fn write(env: &Env, console: &Console, mut values: Vec<(&'static str, String)>, summary: &str) {
    let warn = |outcome: Result<()>| {
        if let Err(error) = outcome {
            console.warn_about(&error);
        }
    };
    if let Some(path) = env.path(OUTPUT) {
        values.iter_mut().for_each(|(_, value)| *value = console.masked(value));
        warn(github_files::write_outputs(&path, &values));
    }
    if let Some(path) = env.path(SUMMARY) {
        warn(github_files::append_summary(&path, summary));
    }
}

/// Updates the pull request's comment and the commit's status.
pub async fn to_forge(session: &Session, run: &Run<'_>, forge: Option<&dyn Forge>, commit: Option<&CommitSha>) {
    let Some(forge) = forge else {
        return;
    };
    let report = &session.settings.report;
    let silent = matches!(run.plan.map(|plan| plan.decision), Some(Decision::Nothing | Decision::Unmapped))
        && !matches!(run.ending, Ending::Failed { .. });
    let warn = |error: crate::error::Error| session.console.warn_about(&error);
    if let Some(number) = session.settings.context.pull_request.filter(|_| report.comment) {
        // A no-op adds no comment, but one that is there must not go on telling something else.
        let upsert = if silent && !report.comment_on_no_op { Upsert::OnlyEdit } else { Upsert::Always };
        let target = run.deployment.map_or_else(|| named_target(session), |deployment| deployment.id.to_string());
        let (mark, body) = (markdown::mark(&run.project, &target), markdown::report(run));
        match forge.upsert_comment(&Comment { pull_request: number, mark: &mark, body: &body }, upsert).await {
            Ok(Some(url)) => session.console.info(&format!("commented on pull request #{number}: {url}")),
            Ok(None) => {}
            Err(error) => warn(error),
        }
    }
    to_forge_status(session, run, Some(forge), commit).await;
}

/// Sets the commit's status, when that is wanted.
pub async fn to_forge_status(session: &Session, run: &Run<'_>, forge: Option<&dyn Forge>, commit: Option<&CommitSha>) {
    let (Some(forge), Some(commit)) = (forge, commit.filter(|_| session.settings.report.commit_status)) else {
        return;
    };
    let status = CommitStatus {
        commit,
        state: state(&run.ending),
        name: STATUS_NAME,
        description: &run.headline(),
        target_url: session.context.run_url.as_deref(),
    };
    if let Err(error) = forge.set_status(&status).await {
        session.console.warn_about(&error);
    }
}

/// Returns the plan with everything masked that the console masks. It happens before anything is
/// made of the texts, because escaping would hide a secret from the mask.
#[must_use]
pub fn without_secrets(mut plan: Plan, console: &Console) -> Plan {
    let reasons = plan.artifacts.iter_mut().map(|verdict| &mut verdict.reason);
    let causes = plan.files.iter_mut().map(|file| &mut file.why);
    for text in std::iter::once(&mut plan.reason).chain(&mut plan.notices).chain(reasons).chain(causes) {
        *text = console.masked(text);
    }
    plan.refusal = plan.refusal.map(|refusal| refusal.map_text(|text| console.masked(text)));
    plan
}

fn named_target(session: &Session) -> String {
    let target = &session.settings.target;
    target.deployment_id.as_ref().map(ToString::to_string).or_else(|| target.deployment_name.clone()).unwrap_or_default()
}

const fn state(ending: &Ending<'_>) -> State {
    match ending {
        Ending::InProgress => State::InProgress,
        Ending::Failed { .. } => State::Failure,
        Ending::Planned | Ending::Declined | Ending::Shipped(_) => State::Success,
    }
}
