//! Triggers a DAG in a Deployment's Airflow and follows its run to its end.
//! It judges nothing: what a bad end means is the business of its callers.

use std::fmt;
use std::time::{Duration, Instant};

use crate::airflow::address::run_page;
use crate::airflow::client::AirflowClient;
use crate::airflow::runs::Triggered;
use crate::error::{Error, Kind, Result};
use crate::http::exchange::Caller;
use crate::model::airflow::{AirflowDag, Paused};
use crate::model::dag_run::{DagRun, NewRun, RunState, Trial, TrialEnd};
use crate::model::deployment::Deployment;
use crate::model::nearest::nearest;
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;

/// Time between the first two looks; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Longest time between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Longest time for one look.
const ONE_LOOK: Duration = Duration::from_secs(60);

/// The Airflow of a Deployment as a place where DAGs run.
pub struct Site {
    /// The client.
    pub client: AirflowClient,
    api: SafeUrl,
    pages: Option<String>,
}

/// Why a DAG cannot run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// Airflow has none of this id; the nearest one that it has.
    Absent(Option<String>),
    /// It is paused, so that a run would stay queued.
    Paused,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(None) => f.write_str("Airflow has no DAG of this id"),
            Self::Absent(Some(near)) => write!(f, "Airflow has no DAG of this id; did you mean `{near}`?"),
            Self::Paused => f.write_str(
                "it is paused, so its run would stay queued; new DAGs are, unless AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION says no",
            ),
        }
    }
}

impl Site {
    /// Prepares the Airflow of a Deployment; nothing is sent yet.
    ///
    /// # Errors
    /// `Kind::Refused` when the platform does not say where it is; as `AirflowClient::new` has them.
    pub fn of(deployment: &Deployment, calls: Caller, token: &Secret) -> Result<Self> {
        let api = deployment.airflow_api.clone().ok_or_else(|| {
            Error::new(Kind::Refused, format!("reach the Airflow of {}", deployment.name))
                .because("the platform does not say where its API is")
        })?;
        Ok(Self { client: AirflowClient::new(calls, &api, token)?, api, pages: deployment.airflow_url.clone() })
    }

    /// Returns the page of a run.
    #[must_use]
    pub fn page(&self, run: &DagRun) -> Option<String> {
        run_page(&self.api, self.pages.as_deref(), &run.dag, &run.id)
    }

    /// Returns why a DAG cannot run, if it cannot. A DAG that is not there yet and an Airflow that does not answer are awaited for `grace`.
    ///
    /// # Errors
    /// As Airflow answers.
    pub async fn obstacle(&self, dag: &str, grace: Duration) -> Result<Option<Obstacle>> {
        let deadline = Instant::now() + grace;
        let mut pause = FIRST_PAUSE;
        loop {
            let last = Instant::now() + pause > deadline;
            match self.client.dag(dag).await {
                Ok(Some(AirflowDag { paused: Paused::No, .. })) => return Ok(None),
                Ok(Some(_)) => return Ok(Some(Obstacle::Paused)),
                Ok(None) if last => {
                    let known = self.client.dags().await.unwrap_or_default();
                    let near = nearest(dag, known.iter().map(|dag| dag.id.as_str()));
                    return Ok(Some(Obstacle::Absent(near.map(str::to_owned))));
                }
                Err(error) if last || is_final(&error) => return Err(error),
                Ok(None) | Err(_) => {}
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Makes a run.
    ///
    /// # Errors
    /// As `AirflowClient::trigger`.
    pub async fn triggered(&self, new: &NewRun) -> Result<DagRun> {
        match self.client.trigger(new).await? {
            Triggered::Made(run) | Triggered::Existed(run) => Ok(run),
        }
    }

    /// Follows a run until it ends, at most for `limit`. `told` hears of every new state. An Airflow that does not answer
    /// for a while ends nothing.
    pub async fn followed(&self, run: DagRun, limit: Duration, told: &(dyn Fn(&RunState) + Sync)) -> Trial {
        let (started, once) = (Instant::now(), self.client.impatient());
        let (page, mut run, mut pause) = (self.page(&run), run, FIRST_PAUSE);
        let mut trouble = None;
        let end = loop {
            match run.state {
                RunState::Success => break TrialEnd::Succeeded,
                RunState::Failed => break TrialEnd::Failed,
                RunState::Queued | RunState::Running | RunState::Other(_) => {}
            }
            let left = limit.saturating_sub(started.elapsed());
            if left.is_zero() {
                break TrialEnd::TimedOut(trouble.unwrap_or_else(|| run.state.word().to_owned()));
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            match tokio::time::timeout(ONE_LOOK, once.run(&run.dag, &run.id)).await {
                Ok(Ok(Some(now))) => {
                    trouble = None;
                    if now.state != run.state {
                        told(&now.state);
                        run.state = now.state;
                    }
                }
                Ok(Ok(None)) => trouble = Some("not to be found".to_owned()),
                Ok(Err(error)) if is_final(&error) => break TrialEnd::Unknown(error.kind(), words(&error)),
                Ok(Err(error)) => trouble = Some(format!("out of sight ({})", words(&error))),
                Err(_) => trouble = Some(format!("out of sight (no answer in {} s)", ONE_LOOK.as_secs())),
            }
        };
        let failed = match end {
            TrialEnd::Failed => self.client.failed_tasks(&run.dag, &run.id).await.unwrap_or_else(|error| {
                tracing::info!(%error, "which tasks failed is not known");
                Vec::new()
            }),
            _ => Vec::new(),
        };
        Trial { dag: run.dag, run: Some(run.id), end, failed, page, took: started.elapsed() }
    }
}

/// Whether asking again would not help.
#[must_use]
pub fn is_final(error: &Error) -> bool {
    !matches!(error.kind(), Kind::NotFound | Kind::Transfer)
}

/// Returns an error in one sentence.
#[must_use]
pub fn words(error: &Error) -> String {
    let cause = error.cause().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("could not {}{cause}", error.doing())
}
