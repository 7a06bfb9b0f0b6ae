//! The checks before a deploy as rows of the table of settings.
//! It holds data only; what a run makes of the values is the business of `checks`.

use crate::settings::setting::{Commands, Setting, Surface, ValueKind};

/// Row of `parse`.
pub const PARSE: Setting = Setting::incumbent(
    "parse",
    ValueKind::Bool,
    "Imports every DAG with the Airflow that will run it before anything is uploaded; `force` skips it.",
)
.or("false")
.used_by(Commands::Project);
/// Row of `pytest`.
pub const PYTEST: Setting = Setting::incumbent(
    "pytest",
    ValueKind::Bool,
    "Runs the project's tests with pytest before anything is uploaded; `force` skips it.",
)
.or("false")
.used_by(Commands::Project);
/// Row of `pytest-file`.
pub const PYTEST_FILE: Setting = Setting::incumbent("pytest-file", ValueKind::Path, "Test file or folder for `pytest`.")
    .or("tests")
    .used_by(Commands::Project);
/// Row of `parse-timeout`.
pub const PARSE_TIMEOUT: Setting =
    Setting::ours("parse-timeout", ValueKind::Duration, "Longest time that importing one DAG file may take.")
        .or("30s")
        .used_by(Commands::Project);
/// Row of `pytest-timeout`.
pub const PYTEST_TIMEOUT: Setting =
    Setting::ours("pytest-timeout", ValueKind::Duration, "Longest time that all tests together may take.")
        .or("30m")
        .used_by(Commands::Project);
/// Row of `airflow-version`.
pub const AIRFLOW_VERSION: Setting = Setting::ours(
    "airflow-version",
    ValueKind::Text,
    "Airflow to check with, such as `3.1` or `2.11.0`; that of the Dockerfile or the Deployment when absent.",
)
.used_by(Commands::Project);
/// Row of `check-cache`.
pub const CHECK_CACHE: Setting = Setting::ours(
    "check-cache",
    ValueKind::Path,
    "Folder in which the checks' environments are kept; `liftoff` in the user's cache folder when absent.",
)
.used_by(Commands::Project)
.surface(Surface::NotInFile);
/// Row of `junit-file`.
pub const JUNIT_FILE: Setting =
    Setting::ours("junit-file", ValueKind::Path, "File for the checks' results as JUnit XML; replaced if it is there.")
        .used_by(Commands::Project)
        .surface(Surface::NotInFile);
