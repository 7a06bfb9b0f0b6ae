//! Tells the world how a run went. Failing to tell is a warning, never a failed deploy.

use std::time::Duration;

use serde_json::Value;

use crate::app::session::Session;
use crate::console::printer::Console;
use crate::env::snapshot::Env;
use crate::error::{Place, Result};
use crate::forge::github::{CommitStatus, GitHub, StatusState, Upsert};
use crate::model::context::ForgeKind;
use crate::model::dag::Severity;
use crate::model::revision::CommitSha;
use crate::plan::outline::{Decision, Plan};
use crate::report::run::{Ending, Run, ShownSetting};
use crate::report::{github_files, markdown, outputs};

/// Longest time for one call to the forge, with its retries.
const FORGE_BUDGET: Duration = Duration::from_secs(45);
/// Name of the file variables on GitHub Actions and those that mimic it.
const OUTPUT: &str = "GITHUB_OUTPUT";
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// Problems printed of one run; a CI system shows fewer.
const MOST_PROBLEMS: usize = 100;
/// Name of the commit status.
const STATUS_CONTEXT: &str = "liftoff";

/// Connects to the forge, when there is one and a token for it.
#[must_use]
pub fn github(session: &Session) -> Option<GitHub> {
    let repository = session.context.repository.as_ref().filter(|repository| repository.forge == ForgeKind::GitHub)?;
    let token = session.settings.report.github_token.as_ref()?;
    let api_url = repository.api_url.as_deref()?;
    match GitHub::new(session.calls.client.clone(), api_url, token, &repository.path, FORGE_BUDGET) {
        Ok(github) => Some(github),
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
    let warn = |outcome: Result<()>| {
        if let Err(error) = outcome {
            console.warn_about(&error);
        }
    };
    if let Some(path) = env.path(OUTPUT) {
        let mut values = outputs::values(run, json);
        values.iter_mut().for_each(|(_, value)| *value = console.masked(value));
        warn(github_files::write_outputs(&path, &values));
    }
    if let Some(path) = env.path(SUMMARY) {
        warn(github_files::append_summary(&path, &markdown::report(run)));
    }
}

/// Updates the pull request's comment and the commit's status.
pub async fn to_forge(session: &Session, run: &Run<'_>, github: Option<&GitHub>, commit: Option<&CommitSha>) {
    let Some(github) = github else {
        return;
    };
    let report = &session.settings.report;
    let silent =
        matches!(run.plan.map(|plan| plan.decision), Some(Decision::Nothing)) && !matches!(run.ending, Ending::Failed { .. });
    let warn = |error: crate::error::Error| session.console.warn_about(&error);
    if let Some(number) = session.settings.context.pull_request.filter(|_| report.comment) {
        // A no-op adds no comment, but one that is there must not go on telling something else.
        let upsert = if silent && !report.comment_on_no_op { Upsert::OnlyEdit } else { Upsert::Always };
        let target = run.deployment.map_or_else(|| named_target(session), |deployment| deployment.id.to_string());
        let marker = markdown::marker(&run.project, &target);
        match github.upsert_comment(number, &marker, &markdown::report(run), upsert).await {
            Ok(Some(url)) => session.console.info(&format!("commented on pull request #{number}: {url}")),
            Ok(None) => {}
            Err(error) => warn(error),
        }
    }
    to_forge_status(session, run, Some(github), commit).await;
}

/// Sets the commit's status, when that is wanted.
pub async fn to_forge_status(session: &Session, run: &Run<'_>, github: Option<&GitHub>, commit: Option<&CommitSha>) {
    let (Some(github), Some(commit)) = (github, commit.filter(|_| session.settings.report.commit_status)) else {
        return;
    };
    let status = CommitStatus {
        state: state(&run.ending),
        context: STATUS_CONTEXT,
        description: run.headline(),
        target_url: session.context.run_url.as_deref(),
    };
    if let Err(error) = github.set_status(commit, &status).await {
        session.console.warn_about(&error);
    }
}

/// Prints what is wrong with the DAGs' files, each problem at its place.
pub fn problems(console: &Console, plan: &Plan) {
    let problems = plan.dags.as_ref().map_or(&[][..], |dags| &dags.problems);
    for problem in problems.iter().take(MOST_PROBLEMS) {
        let place = Place { path: problem.file.to_string(), line: problem.line };
        let text = problem.to_string();
        match problem.severity {
            Severity::Error => console.error_at(&place, &text),
            Severity::Warning => console.warning_at(&place, &text),
        }
    }
    if let Some(rest) = problems.len().checked_sub(MOST_PROBLEMS).filter(|rest| *rest > 0) {
        console.info(&format!("… and {rest} more problems; `plan --json` lists them all"));
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
    if let Some(dags) = &mut plan.dags {
        dags.change_texts(&|text| console.masked(text));
    }
    plan.refusal = plan.refusal.map(|refusal| refusal.map_text(|text| console.masked(text)));
    plan
}

fn named_target(session: &Session) -> String {
    let target = &session.settings.target;
    target.deployment_id.as_ref().map(ToString::to_string).or_else(|| target.deployment_name.clone()).unwrap_or_default()
}

const fn state(ending: &Ending<'_>) -> StatusState {
    match ending {
        Ending::InProgress => StatusState::Pending,
        Ending::Failed { .. } => StatusState::Failure,
        Ending::Planned | Ending::Declined | Ending::Shipped(_) => StatusState::Success,
    }
}
