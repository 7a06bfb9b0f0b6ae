//! What the settings say about the checks before a deploy.
//! It does not know how a check is done.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::path::RelPath;

/// What to check, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checks {
    /// Whether Airflow imports every DAG.
    pub parse: bool,
    /// Whether the project's tests run.
    pub pytest: bool,
    /// The test file or folder, relative to the project.
    pub pytest_file: RelPath,
    /// Longest time for one DAG file.
    pub parse_timeout: Duration,
    /// Longest time for all tests.
    pub pytest_timeout: Duration,
    /// The Airflow that somebody named: numbers parted by dots.
    pub airflow_version: Option<String>,
    /// Absolute folder for environments, when somebody says.
    pub cache: Option<PathBuf>,
    /// Absolute path of the file for results.
    pub junit_file: Option<PathBuf>,
}

impl Checks {
    /// Returns whether anything of the project has to run.
    #[must_use]
    pub const fn run_code(&self) -> bool {
        self.parse || self.pytest
    }
}
