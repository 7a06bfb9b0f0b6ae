//! Runs of DAGs as Airflow tells them, and what became of those that somebody waited for.
//! It knows no version of Airflow's API and triggers nothing.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::error::Kind;

/// Failed tasks that are named before the rest is only counted.
const NAMED: usize = 5;

/// What a run is made with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewRun {
    /// The DAG.
    pub dag: String,
    /// The run's id; Airflow makes one when absent.
    pub id: Option<String>,
    /// The moment that the run is about, RFC 3339; Airflow 2 takes the present when absent, Airflow 3 none.
    pub logical_date: Option<String>,
    /// What the run's tasks get.
    pub conf: Map<String, Value>,
}

/// A run of a DAG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DagRun {
    /// The DAG.
    pub dag: String,
    /// The run's id, unique for the DAG.
    pub id: String,
    /// Its state.
    pub state: RunState,
}

/// The states of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunState {
    /// It waits for its turn.
    Queued,
    /// It goes on.
    Running,
    /// It ended well.
    Success,
    /// It ended badly.
    Failed,
    /// Another state, in Airflow's word. Hostile text.
    Other(String),
}

impl RunState {
    /// Returns the state of Airflow's word.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        match word {
            "queued" => Self::Queued,
            "running" => Self::Running,
            "success" => Self::Success,
            "failed" => Self::Failed,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Returns Airflow's word.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Other(word) => word,
        }
    }

    /// Returns whether the run is over.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Success | Self::Failed)
    }
}

/// A task of a run that failed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailedTask {
    /// When it ended, as Airflow spells it; empty when it does not say so. First, so that tasks sort by it.
    pub ended: String,
    /// The task's id. Hostile text.
    pub task: String,
    /// Which of a mapped task's instances; none for a task that is not mapped.
    pub map_index: Option<u64>,
    /// How often it was tried, when Airflow says so.
    pub tries: Option<u64>,
}

impl FailedTask {
    /// Returns the task in words: `load`, or `load[3]` for one of a mapped task.
    #[must_use]
    pub fn name(&self) -> String {
        match self.map_index {
            Some(index) => format!("{}[{index}]", self.task),
            None => self.task.clone(),
        }
    }
}

/// What became of a run that somebody waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The DAG.
    pub dag: String,
    /// The run's id; none when it was not made.
    pub run: Option<String>,
    /// How it ended.
    pub end: TrialEnd,
    /// The first tasks that failed, in the order in which they ended.
    pub failed: Vec<FailedTask>,
    /// The run's page in Airflow.
    pub page: Option<String>,
    /// How long it was waited for.
    pub took: Duration,
}

impl Trial {
    /// Returns how it ended, in words that follow the DAG's name. They hold hostile text.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.end {
            TrialEnd::Succeeded => "succeeded".to_owned(),
            TrialEnd::Failed if self.failed.is_empty() => "failed".to_owned(),
            TrialEnd::Failed => {
                let named: Vec<String> = self.failed.iter().take(NAMED).map(|task| format!("`{}`", task.name())).collect();
                let more = self.failed.len().saturating_sub(NAMED);
                let more = if more == 0 { String::new() } else { format!(" and {more} more") };
                format!("failed at {}{more}", named.join(", "))
            }
            TrialEnd::TimedOut(state) => format!("was still {state} after {} s", self.took.as_secs()),
            TrialEnd::Impossible(why) => format!("did not run: {why}"),
            TrialEnd::Unknown(_, why) => format!("is not known to have run well: {why}"),
            TrialEnd::NotTried => "was not run, because not all of them can".to_owned(),
        }
    }

    /// Changes every text that came from Airflow.
    pub fn change_texts(&mut self, change: &dyn Fn(&str) -> String) {
        self.failed.iter_mut().for_each(|task| task.task = change(&task.task));
        self.run = self.run.as_deref().map(change);
        match &mut self.end {
            TrialEnd::TimedOut(text) | TrialEnd::Impossible(text) | TrialEnd::Unknown(_, text) => *text = change(text),
            TrialEnd::Succeeded | TrialEnd::Failed | TrialEnd::NotTried => {}
        }
    }
}

/// How a run ended that somebody waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialEnd {
    /// Well.
    Succeeded,
    /// Badly.
    Failed,
    /// Not in time; the text is its last known state.
    TimedOut(String),
    /// Nothing ran, because the DAG cannot; why, in a sentence.
    Impossible(String),
    /// Nobody knows, because Airflow could not be asked: the class of that failure, and why, in a sentence.
    Unknown(Kind, String),
    /// It was not made, because another one could not be.
    NotTried,
}

impl TrialEnd {
    /// Returns the stable machine-readable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut(_) => "timed-out",
            Self::Impossible(_) => "impossible",
            Self::Unknown(..) => "unknown",
            Self::NotTried => "not-tried",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn airflows_words_stay_what_they_are() {
        for word in ["queued", "running", "success", "failed", "restarting"] {
            let state = RunState::of_word(word);
            assert_eq!((state.word(), state.is_final()), (word, ["success", "failed"].contains(&word)));
        }
        let mut task = FailedTask { ended: String::new(), task: "load".to_owned(), map_index: None, tries: None };
        assert_eq!(task.name(), "load");
        task.map_index = Some(3);
        assert_eq!(task.name(), "load[3]");
    }
}
