//! Understands what the program inside says about its progress, among the lines that a project's own code prints.
//! It knows the form of `runner.py`, not what the results mean.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The most bytes of all results.
const MOST_BYTES: usize = 64 << 20;
/// Lines kept for an error.
const KEPT_LINES: usize = 40;
/// How long Python and Airflow may take to start, and to end.
const START: Duration = Duration::from_secs(180);
const END: Duration = Duration::from_secs(10);

/// Listens to one run of the program inside.
pub struct Listener {
    mark: String,
    /// How long it may stay silent about each thing that it is at.
    patience: Duration,
    heard: Mutex<Heard>,
}

/// What was heard.
#[derive(Debug)]
pub struct Heard {
    /// What it is at.
    pub at: Option<usize>,
    /// Whether it came to its end.
    pub ended: bool,
    /// Its results, in order.
    pub results: Vec<Value>,
    /// Whether it ended itself, because something took too long.
    pub gave_up: bool,
    /// The last lines that the code printed itself.
    pub tail: VecDeque<String>,
    /// When it has been silent for too long.
    pub deadline: Instant,
    pending: String,
    bytes: usize,
}

impl Listener {
    /// Creates a listener to the lines that begin with `mark`.
    #[must_use]
    pub fn new(mark: String, patience: Duration) -> Self {
        let deadline = Instant::now() + START + patience;
        let heard = Heard {
            at: None,
            ended: false,
            results: Vec::new(),
            gave_up: false,
            tail: VecDeque::new(),
            deadline,
            pending: String::new(),
            bytes: 0,
        };
        Self { mark, patience, heard: Mutex::new(heard) }
    }

    /// Takes a line and returns whether it was the program's own.
    pub fn hear(&self, line: &str) -> bool {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(rest) = line.strip_prefix(&self.mark).and_then(|rest| rest.strip_prefix(' ')) else {
            if heard.tail.len() == KEPT_LINES {
                heard.tail.pop_front();
            }
            // How Python's `faulthandler` begins; what was printed before may not have ended its line.
            heard.gave_up |= line.contains("Timeout (");
            heard.tail.push_back(line.to_owned());
            return false;
        };
        let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        match word {
            "at" => {
                heard.at = rest.parse().ok();
                heard.deadline = Instant::now() + self.patience;
            }
            "end" => {
                heard.ended = true;
                heard.deadline = Instant::now() + END;
            }
            "part" => heard.piece(rest),
            "last" => {
                heard.piece(rest);
                heard.complete();
            }
            _ => {}
        }
        true
    }

    /// Returns when the program has been silent for too long, as far as was heard.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).deadline
    }

    /// Returns what was heard.
    #[must_use]
    pub fn heard(self) -> Heard {
        self.heard.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    fn piece(&mut self, text: &str) {
        let text = text.strip_suffix('.').unwrap_or(text);
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes <= MOST_BYTES {
            self.pending.push_str(text);
        }
    }

    fn complete(&mut self) {
        let text = std::mem::take(&mut self.pending);
        self.results.extend(serde_json::from_str::<Value>(&text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_told_from_what_the_code_prints() {
        let listener = Listener::new("@x".to_owned(), Duration::from_secs(5));
        let lines = [
            ("hello", false),
            ("@y at 1", false),
            ("@x at 0", true),
            ("@x part {\"file\": 0, .", true),
            ("noise", false),
            ("@x last \"a\": \"b c\"}.", true),
            ("@x last not JSON.", true),
            ("@x at 1", true),
            ("@x end", true),
        ];
        for (line, own) in lines {
            assert_eq!(listener.hear(line), own, "{line}");
        }
        let heard = listener.heard();
        assert_eq!(heard.results, [serde_json::json!({ "file": 0, "a": "b c" })]);
        assert_eq!((heard.at, heard.ended), (Some(1), true));
    }
}
