//! What a run's reports share: settings as shown, texts without secrets, the job's summary.

use crate::app::session::Session;
use crate::console::printer::Console;
use crate::error::Place;
use crate::model::dag::Severity;
use crate::model::markup::{Markup, MarkupStyle};
use crate::plan::outline::Plan;
use crate::report::markdown;
use crate::report::run::{Run, ShownSetting};

/// What a job's summary may look like; its limit is in bytes, of which a character has four at most.
const SUMMARY_MARKUP: Markup = Markup { style: MarkupStyle::Html, limit: 250_000 };
/// Problems printed of one run; a CI system shows fewer.
pub const MOST_PROBLEMS: usize = 100;

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

/// Returns the run as a job's summary shows it.
#[must_use]
pub fn summary(run: &Run<'_>) -> String {
    markdown::report(run, SUMMARY_MARKUP)
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
