//! Waits for the proof that a deploy runs, and says meanwhile what is still missing.
//! It knows neither what the deploy carries nor who asked for it.

use std::time::Duration;

use crate::astro::arrival::Expectation;
use crate::astro::wait::{Ended, Patience, wait};
use crate::deploy::order::Tools;
use crate::deploy::outcome::Arrival;
use crate::error::Result;
use crate::model::ids::DeploymentId;

/// Longest silence while waiting.
const SILENCE: Duration = Duration::from_secs(20);

/// Waits until the Deployment runs exactly what is expected, or a newer deploy took over.
///
/// # Errors
/// As `astro::wait::wait`.
pub async fn of_arrival(
    tools: &Tools<'_>,
    deployment: &DeploymentId,
    expected: &Expectation,
    patience: &Patience,
) -> Result<Arrival> {
    let activity = tools.console.activity("wait");
    let (mut said, mut last) = (String::new(), Duration::ZERO);
    let ended = wait(tools.astro, deployment, expected, patience, |progress| {
        activity.tell(&format!("wait: {}", progress.what));
        if said != progress.what || progress.elapsed >= last + SILENCE {
            said.clone_from(&progress.what);
            last = progress.elapsed;
            tools.console.info(&format!("waiting: {} ({} s)", progress.what, progress.elapsed.as_secs()));
        }
    })
    .await?;
    match ended {
        Ended::Arrived(_) => Ok(Arrival::Proven),
        Ended::Superseded { by, .. } => {
            tools.console.notice(&format!("deploy {by} took over before {} arrived", expected.deploy));
            Ok(Arrival::Superseded)
        }
    }
}
