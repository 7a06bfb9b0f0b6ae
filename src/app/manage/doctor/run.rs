//! The examination as a whole: independent looks at the same time, told in the order of causes.

use std::sync::Arc;
use std::time::Duration;

use crate::app::manage::doctor::{account, host, network};
use crate::app::rights;
use crate::app::session::Session;
use crate::cli::doctor::Doctor;
use crate::error::{Kind, Result};
use crate::report::answer::Answer;
use crate::report::findings::{self, Finding, Grade};

/// Longest time for one look.
const LIMIT: Duration = Duration::from_secs(10);

/// Examines and answers with all findings; none ends the examination.
///
/// # Errors
/// `Kind::Usage` for a command that there is not.
pub async fn run(session: &Session, wanted: &Doctor) -> Result<Answer> {
    let need = rights::need(&wanted.command)?;
    let session = impatient(session);
    let (network, account, engine, forge) = tokio::join!(
        network::look(&session, LIMIT),
        account::look(&session, (&wanted.command, need), &wanted.deployment),
        host::engine(&session, LIMIT),
        host::forge(&session, LIMIT),
    );
    let unreached = network.iter().any(|finding| matches!(finding.grade, Grade::Wrong(Kind::Transfer)));
    let account = account.into_iter().map(|finding| if unreached { excused(finding) } else { finding });
    let mut all = network;
    all.extend(account);
    all.extend([engine, host::checkout(&session), forge]);
    Ok(findings::answer(&all, &format!("find this place fit for `{}`", wanted.command)))
}

/// What cannot be known while the API is out of reach.
fn excused(finding: Finding) -> Finding {
    match finding.grade {
        Grade::Wrong(Kind::Transfer) => Finding::new(finding.name, Grade::Skipped, "not seen, because the API was not reached"),
        _ => finding,
    }
}

/// Returns the session with clients that try once and not for long, and that share nothing that was asked before.
fn impatient(session: &Session) -> Session {
    let mut session = session.clone();
    session.calls.retry.tries = 1;
    session.calls.answer_timeout = LIMIT;
    session.platform = Arc::default();
    session
}
