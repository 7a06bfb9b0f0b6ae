//! What is to be checked, where, and with what tools.
//! Plain data and handles; how they are used is the business of `perform`.

use std::path::{Path, PathBuf};

use crate::check::airflow::Airflow;
use crate::console::printer::Console;
use crate::env::snapshot::Env;
use crate::image::engine::Engine;
use crate::model::path::RelPath;
use crate::model::runtime::Python;
use crate::settings::checks::Checks;

/// What to check.
pub struct Order<'a> {
    /// Absolute folder of the project.
    pub project: &'a Path,
    /// The same, relative to the repository, for places that people see.
    pub in_repository: &'a RelPath,
    /// DAGs folder, relative to the project.
    pub dags: &'a RelPath,
    /// The Python files in it that ship, relative to it.
    pub files: Vec<RelPath>,
    /// Whether the project has Debian packages, which only an image can have.
    pub has_packages: bool,
    /// Whether `requirements.txt` counts.
    pub has_requirements: bool,
    /// The user's wishes.
    pub checks: &'a Checks,
    /// Where its code runs.
    pub place: Place,
}

/// Where a project's code runs.
pub enum Place {
    /// In containers of an image.
    Image {
        /// The engine that has it.
        engine: Engine,
        /// Its name there.
        name: String,
    },
    /// In an environment made for it.
    Environment {
        /// The Airflow to install.
        airflow: Airflow,
        /// The Python that somebody chose.
        python: Option<Python>,
    },
}

/// What to check it with.
pub struct Tools<'a> {
    /// The environment.
    pub env: &'a Env,
    /// The console.
    pub console: &'a Console,
    /// Folder for temporary files.
    pub temporary: PathBuf,
}
