//! Waits for one deploy: asks the platform at intervals until `arrival` gives a final verdict.
//! All times are values; temporary failures of the platform do not end the wait.

use std::time::Duration;

use tokio::time::Instant;

use crate::astro::arrival::{Expectation, Verdict, superseded_by, verdict};
use crate::astro::client::AstroClient;
use crate::error::{Error, Kind, Result};
use crate::http::failure::shown;
use crate::model::deploy::DeployRecord;
use crate::model::deployment::Deployment;
use crate::model::ids::{DeployId, DeploymentId};

/// How many of the newest deploys are searched for one that took over.
const NEWEST: usize = 20;

/// Most characters of the platform's reasons that are shown.
const MOST_REASON_CHARS: usize = 1_000;

/// How patiently to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Longest time in all.
    pub budget: Duration,
    /// Time between the first few questions, while most DAG deploys arrive.
    pub first_interval: Duration,
    /// Time between later questions; intervals grow by half until they reach it.
    pub interval: Duration,
    /// For how long a Deployment must stay unhealthy before that is its end state; it is often
    /// unhealthy for a moment while it rolls out.
    pub settle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            budget: Duration::from_secs(600),
            first_interval: Duration::from_secs(2),
            interval: Duration::from_secs(10),
            settle: Duration::from_secs(60),
        }
    }
}

/// How things stand during the wait, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Time since the wait began.
    pub elapsed: Duration,
    /// What is still missing.
    pub what: String,
}

/// A good end of the wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The deploy arrived.
    Arrived(Deployment),
    /// A newer deploy took over before this one arrived.
    Superseded {
        /// The newer deploy.
        by: DeployId,
        /// The Deployment as it was then.
        deployment: Deployment,
    },
}

/// Waits until a deploy arrived. `on_progress` is called after each question that leaves
/// something missing.
///
/// # Errors
/// Fails with `Unhealthy` when the deploy failed or the Deployment stays unhealthy, with
/// `TimedOut` when the budget ran out, and with `Auth`, `NotFound` or `Refused` when the
/// platform no longer answers questions.
pub async fn wait(
    client: &AstroClient,
    deployment: &DeploymentId,
    expected: &Expectation,
    patience: &Patience,
    mut on_progress: impl FnMut(&Progress),
) -> Result<Ended> {
    let started = Instant::now();
    let deadline = started + patience.budget;
    let mut interval = patience.first_interval.min(patience.interval);
    let mut state = State { unhealthy_since: None, missing: "the platform has not answered yet".to_owned() };
    loop {
        // A question near the deadline may not outlive it, whatever retries it makes.
        let Ok(looked) = tokio::time::timeout_at(deadline, look(client, deployment, expected)).await else {
            return Err(state.at_the_deadline(expected, patience));
        };
        if let Some(ended) = state.take(looked, expected, patience)? {
            return Ok(ended);
        }
        on_progress(&Progress { elapsed: started.elapsed(), what: state.missing.clone() });
        tokio::time::sleep_until(deadline.min(Instant::now() + interval)).await;
        interval = interval.mul_f64(1.5).min(patience.interval);
    }
}

/// What one question found.
enum Look {
    Verdict(Verdict, Box<Deployment>),
    Superseded { by: DeployId, deployment: Box<Deployment> },
}

async fn look(client: &AstroClient, deployment: &DeploymentId, expected: &Expectation) -> Result<Look> {
    let (now, deploy) =
        futures_util::future::try_join(client.deployment(deployment), client.deploy(deployment, &expected.deploy)).await?;
    let verdict = verdict(expected, &now, &deploy);
    if matches!(verdict, Verdict::Pending { .. }) && is_another_wanted(expected, &now) {
        let history: Vec<DeployRecord> = client.deploys(deployment, NEWEST).await?;
        if let Some(newer) = superseded_by(expected, &now, &deploy, &history) {
            return Ok(Look::Superseded { by: newer.id.clone(), deployment: Box::new(now) });
        }
    }
    Ok(Look::Verdict(verdict, Box::new(now)))
}

/// Returns whether the Deployment is told to run something else, which is the case shortly
/// before it is told of ours, and after a newer deploy took over. Only then is the history read.
fn is_another_wanted(expected: &Expectation, now: &Deployment) -> bool {
    let differs = |ours: Option<&str>, theirs: Option<&str>| ours.is_some() && ours != theirs;
    differs(
        expected.dags.as_ref().map(|version| version.as_str()),
        now.desired_dag_bundle_version.as_ref().map(|version| version.as_str()),
    ) || differs(expected.image.as_ref().map(|tag| tag.as_str()), now.image_tag.as_ref().map(|tag| tag.as_str()))
        || !expected.bundles.is_empty()
}

/// What is known between two questions.
struct State {
    unhealthy_since: Option<Instant>,
    missing: String,
}

impl State {
    fn take(&mut self, looked: Result<Look>, expected: &Expectation, patience: &Patience) -> Result<Option<Ended>> {
        match looked {
            Ok(Look::Superseded { by, deployment }) => return Ok(Some(Ended::Superseded { by, deployment: *deployment })),
            Ok(Look::Verdict(Verdict::Arrived, deployment)) => return Ok(Some(Ended::Arrived(*deployment))),
            Ok(Look::Verdict(Verdict::Failed { why }, _)) => {
                let doing = format!("see the deploy {} arrive", expected.deploy);
                return Err(Error::new(Kind::Unhealthy, doing)
                    .because(shown(&why, MOST_REASON_CHARS))
                    .hint("the Deployment runs what it ran before; see the deploy history in the Astro UI"));
            }
            Ok(Look::Verdict(Verdict::Unhealthy { why }, _)) => {
                let since = *self.unhealthy_since.get_or_insert_with(Instant::now);
                self.missing = shown(&why, MOST_REASON_CHARS);
                if since.elapsed() >= patience.settle {
                    return Err(self.unhealthy());
                }
            }
            Ok(Look::Verdict(Verdict::Pending { what }, _)) => {
                self.unhealthy_since = None;
                self.missing = what;
            }
            Err(error) if error.kind() == Kind::Transfer => {
                tracing::warn!(reason = error.cause().unwrap_or_default(), "the platform does not answer; still waiting");
                self.missing = "the platform does not answer".to_owned();
            }
            Err(error) => return Err(error),
        }
        Ok(None)
    }

    fn unhealthy(&self) -> Error {
        Error::new(Kind::Unhealthy, "see the Deployment healthy after the deploy arrived")
            .because(format!("it is unhealthy: {}", self.missing))
            .hint("the deploy is in place; see the Deployment's health and logs in the Astro UI, or roll back")
    }

    fn at_the_deadline(&self, expected: &Expectation, patience: &Patience) -> Error {
        if self.unhealthy_since.is_some() {
            return self.unhealthy();
        }
        Error::new(Kind::TimedOut, format!("see the deploy {} arrive within {} s", expected.deploy, patience.budget.as_secs()))
            .because(&self.missing)
            .hint("the deploy goes on without Liftoff; look at the Deployment, or allow more time")
    }
}
