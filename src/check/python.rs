//! Finds a Python on this machine that an Airflow runs on.
//! It takes what is there; it downloads nothing.

use std::path::{Path, PathBuf};

use crate::check::airflow::Airflow;
use crate::check::uv::Uv;
use crate::error::{Error, Kind, Result};
use crate::model::runtime::Python;

/// An interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its file.
    pub file: PathBuf,
    /// Its version.
    pub version: Python,
    /// What people should know when it is not the best one.
    pub notice: Option<String>,
}

/// Finds the best interpreter for an Airflow; `folder` is one that holds no project.
///
/// # Errors
/// `Kind::Project` when there is none.
pub async fn find(uv: &Uv, airflow: &Airflow, chosen: Option<Python>, folder: &Path) -> Result<Found> {
    let wanted = airflow.pythons(chosen);
    let shown = |python: &Python| format!("{}.{}", python.major, python.minor);
    for python in &wanted {
        let Some(file) = uv.python(&shown(python), folder).await? else { continue };
        let best = wanted.first().filter(|best| *best != python);
        let notice = best.map(|best| {
            format!(
                "the checks run on Python {}, because the image's {} is not on this machine; what differs between the two can differ here",
                shown(python),
                shown(best)
            )
        });
        return Ok(Found { file, version: *python, notice });
    }
    let all: Vec<String> = wanted.iter().map(shown).collect();
    Err(Error::new(Kind::Project, format!("find a Python for Airflow {airflow}"))
        .because(format!("none of the versions {} is on this machine", all.join(", ")))
        .hint("install one of them in a step before, or let uv download it: set UV_PYTHON_DOWNLOADS=automatic"))
}
