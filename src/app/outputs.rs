//! Hands on the outputs and the summary of a run, in the CI system's way and to the file that the user
//! named. Failing to do so is a warning, never a failed deploy.

use std::io::Write as _;
use std::path::Path;

use crate::ci::provider::Provider;
use crate::console::printer::Console;
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};
use crate::model::outputs::Outputs;
use crate::report::{github_files, output_lines};

/// Names of the file variables on GitHub Actions and those that mimic it.
const OUTPUT: &str = "GITHUB_OUTPUT";
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Where outputs go.
pub struct Outlets<'a> {
    /// The environment.
    pub env: &'a Env,
    /// The CI system.
    pub provider: &'a Provider,
    /// The file that the user named.
    pub file: Option<&'a Path>,
}

/// Hands on the outputs, by name, and the summary, as Markdown.
pub fn hand_on(outlets: &Outlets<'_>, console: &Console, mut values: Vec<(&'static str, String)>, summary: &str) {
    values.iter_mut().for_each(|(_, value)| *value = console.masked(value));
    let warn = |outcome: Result<()>| {
        if let Err(error) = outcome {
            console.warn_about(&error);
        }
    };
    let env = outlets.env;
    match outlets.provider.outputs {
        Outputs::None => {}
        Outputs::GitHubFiles => {
            if let Some(path) = env.path(OUTPUT) {
                warn(github_files::write_outputs(&path, &values));
            }
            if let Some(path) = env.path(SUMMARY) {
                warn(github_files::append_summary(&path, summary));
            }
        }
        Outputs::Lines(variable) => {
            if let Some(path) = env.path(variable) {
                warn(output_lines::append(&path, &values));
            }
        }
        Outputs::Log(folder) => {
            output_lines::named(&values).iter().for_each(|(name, value)| console.output(name, value));
            if let Some(folder) = folder.and_then(|variable| env.path(variable)) {
                warn(leave_summary(console, &folder, summary));
            }
        }
    }
    if let Some(path) = outlets.file {
        warn(output_lines::replace(path, &values));
    }
}

/// Leaves the summary in a folder that the CI system empties after the job, because it reads the
/// file some time after the command.
fn leave_summary(console: &Console, folder: &Path, markdown: &str) -> Result<()> {
    let write = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix("liftoff-").suffix(".md");
        #[cfg(unix)]
        builder.permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(markdown.as_bytes())?;
        let (_, path) = file.keep().map_err(|error| error.error)?;
        Ok(path)
    };
    let path = write().map_err(|error: std::io::Error| {
        Error::new(Kind::Project, "write the summary").because(format!("{}: {error}", folder.display()))
    })?;
    console.summary(&path);
    Ok(())
}
