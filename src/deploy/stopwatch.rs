//! Measures the stages of a deploy.

use std::time::Instant;

use crate::deploy::outcome::Stage;

/// Collects stages in the order in which they end.
#[derive(Debug, Default)]
pub struct Stopwatch(Vec<Stage>);

impl Stopwatch {
    /// Records a stage that began at `started` and ends now.
    pub fn record(&mut self, name: &'static str, started: Instant, detail: String) {
        self.0.push(Stage { name, detail, took: started.elapsed() });
    }

    /// Returns the stages so far.
    #[must_use]
    pub fn stages(&self) -> Vec<Stage> {
        self.0.clone()
    }
}
