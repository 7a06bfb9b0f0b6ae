//! What a run's reports share: settings as shown, texts without secrets, outputs and summary.

use serde_json::Value;

use crate::app::session::Session;
use crate::console::printer::Console;
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::model::markup::{Markup, MarkupStyle};
use crate::plan::outline::Plan;
use crate::report::run::{Run, ShownSetting};
use crate::report::{github_files, markdown, outputs};

/// Name of the file variables on GitHub Actions and those that mimic it.
const OUTPUT: &str = "GITHUB_OUTPUT";
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// What a job's summary may look like; its limit is in bytes, of which a character has four at most.
const SUMMARY_MARKUP: Markup = Markup { style: MarkupStyle::Html, limit: 250_000 };

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
    write(env, console, outputs::values(run, json), &summary(run));
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

/// Returns the run as a job's summary shows it.
#[must_use]
pub fn summary(run: &Run<'_>) -> String {
    markdown::report(run, SUMMARY_MARKUP)
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
