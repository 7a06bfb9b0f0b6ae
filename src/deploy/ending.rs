//! What the end of a deploy means for the Deployment, in words.
//! It changes nothing.

use crate::deploy::outcome::{Arrival, Outcome};
use crate::error::{Error, Kind};

/// Returns the error of a run that a signal stopped.
#[must_use]
pub fn cut_short(kind: Kind) -> Error {
    let signal = if kind == Kind::Interrupted { "SIGINT (Ctrl-C)" } else { "SIGTERM" };
    Error::new(kind, "finish").because(format!("the run was stopped by {signal}"))
}

/// Says what a failure means for the Deployment.
#[must_use]
pub fn explained(error: Error, accepted: Option<&Outcome>) -> Error {
    let advice = error.advice().map(|advice| format!("{advice}\n")).unwrap_or_default();
    match accepted {
        // It runs. What was found wrong with it says so itself.
        Some(outcome) if outcome.arrival == Arrival::Proven => match error.advice() {
            Some(_) => error,
            None => error.hint(format!("deploy {} runs", outcome.deploy_id)),
        },
        Some(outcome) => error.hint(format!(
            "{advice}deploy {} was finalized and may take effect all the same; look at the Deployment before running again",
            outcome.deploy_id
        )),
        None => error.hint(format!("{advice}nothing was deployed")),
    }
}
