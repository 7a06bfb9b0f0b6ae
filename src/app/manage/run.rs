//! Runs a command that manages something, prints its answer and returns the exit code.

use crate::app::manage::{access, airflow, api, deployment, doctor, organization, token, workspace};
use crate::app::outputs::hand_on;
use crate::app::reporter::Reporter;
use crate::app::rights;
use crate::app::session::Session;
use crate::cli::manage::{Manage, Managed};
use crate::error::Result;
use crate::report::answer::{Answer, Note};
use crate::settings::values::Format;

/// Runs the command and returns its answer.
///
/// # Errors
/// As the commands say.
pub async fn answered(session: &Session, command: &Managed) -> Result<Answer> {
    let answered = match &command.what {
        Manage::Deployment(verb) => deployment::run(session, verb).await,
        Manage::Workspace(verb) => workspace::run(session, verb).await,
        Manage::Access(verb) => access::run(session, verb).await,
        Manage::Airflow(verb) => airflow::run(session, verb).await,
        Manage::Api(call) => api::run(session, call).await,
        Manage::Organization(verb) => organization::run(session, verb).await,
        Manage::Token(wanted) => token::run::run(session, wanted).await,
        Manage::Doctor(wanted) => doctor::run::run(session, wanted).await,
    };
    answered.map_err(|error| rights::explained(error, &command.name))
}

/// Prints the answer, hands the note on to reviewers, and returns the exit code: that of the failure, when there is one.
pub async fn told(session: &Session, reporter: &Reporter<'_>, outcome: Result<Answer>) -> u8 {
    let console = &session.console;
    if let Ok(Answer { note: Some(note), .. }) = &outcome {
        let note = Note { markdown: console.masked(&note.markdown), ..note.clone() };
        hand_on(&session.outlets(), console, Vec::new(), &note.markdown);
        reporter.note(&note).await;
    }
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
