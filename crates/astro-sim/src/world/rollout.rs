//! How finished calls become visible: pace, outcome and what is still on its way.
//! It must not know Deployments or deploys beyond their ids.

use std::collections::VecDeque;

use jiff::Timestamp;

/// When a pending change lands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// After this many reads of the Deployment or of a deploy saw it pending.
    Polls(u32),
    /// After this many milliseconds of the world's clock.
    Millis(u64),
}

/// How a deploy ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It arrives and the Deployment is healthy.
    Healthy,
    /// It arrives and the Deployment is unhealthy for this reason.
    Unhealthy(String),
    /// The deploy fails for this reason and the old version stays.
    DeployFailed(String),
    /// It stays pending for ever.
    NeverArrives,
}

/// How the world rolls changes out.
#[derive(Clone, Debug)]
pub struct Rollout {
    /// When changes land.
    pub pace: Pace,
    /// How deploys end.
    pub outcome: Outcome,
    /// Ends of the next deploys, used up first.
    pub next: VecDeque<Outcome>,
    /// Requests to the Airflow of a Deployment made from now on that are answered 404 after its creation has landed.
    pub webserver_lag: u32,
}

impl Default for Rollout {
    fn default() -> Rollout {
        Rollout { pace: Pace::Polls(1), outcome: Outcome::Healthy, next: VecDeque::new(), webserver_lag: 0 }
    }
}

impl Rollout {
    /// Returns the end of the deploy that is finalized now.
    pub fn draw(&mut self) -> Outcome {
        self.next.pop_front().unwrap_or_else(|| self.outcome.clone())
    }
}

/// What is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A finalized deploy, by id.
    Deploy(String),
    /// The Deployment's creation.
    Creation,
    /// A restart after changed settings.
    Restart,
    /// Going to sleep.
    Hibernate,
    /// Waking up.
    Wake,
}

/// A change that has been accepted and has not landed.
#[derive(Clone, Debug)]
pub struct Change {
    /// What it is.
    pub kind: ChangeKind,
    /// How it will end.
    pub outcome: Outcome,
    /// Reads that saw it pending.
    pub polls_seen: u32,
    /// When it was accepted.
    pub since: Timestamp,
}

impl Change {
    /// Returns a change that will end well.
    pub fn new(kind: ChangeKind, since: Timestamp) -> Change {
        Change { kind, outcome: Outcome::Healthy, polls_seen: 0, since }
    }
}
