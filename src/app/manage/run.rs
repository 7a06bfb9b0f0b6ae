//! Runs a command that manages something, prints its answer and returns the exit code.

use crate::app::manage::{airflow, api, deployment, workspace};
use crate::app::session::Session;
use crate::cli::manage::Manage;
use crate::error::Result;
use crate::report::answer::Answer;
use crate::settings::values::Format;

/// Runs the command and returns its answer.
///
/// # Errors
/// As the commands say.
pub async fn answered(session: &Session, command: &Manage) -> Result<Answer> {
    match command {
        Manage::Deployment(verb) => deployment::run(session, verb).await,
        Manage::Workspace(verb) => workspace::run(session, verb).await,
        Manage::Airflow(verb) => airflow::run(session, verb).await,
        Manage::Api(call) => api::run(session, call).await,
    }
}

/// Prints the answer and returns the exit code: that of the failure, when there is one.
pub fn told(session: &Session, outcome: Result<Answer>) -> u8 {
    let console = &session.console;
    let printed = outcome.and_then(|answer| {
        match session.settings.report.format {
            Format::Json if !answer.json.is_null() => console.json(&answer.json)?,
            _ => answer.lines.iter().try_for_each(|line| console.data(line))?,
        }
        answer.failure.map_or(Ok(()), Err)
    });
    match printed {
        Ok(()) => 0,
        Err(error) => {
            let error = error.map_text(|text| console.masked(text));
            console.error(&error);
            error.kind().exit_code()
        }
    }
}
