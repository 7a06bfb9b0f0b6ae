//! The ways in which CI systems take outputs of a step.
//! It names them; what the outputs are and how they are written stands elsewhere.

/// Where a CI system takes the outputs of a step from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outputs {
    /// Nowhere; the setting `outputs-file` serves everybody.
    None,
    /// The files named by `GITHUB_OUTPUT` and `GITHUB_STEP_SUMMARY`.
    GitHubFiles,
    /// A file of `NAME=value` lines, named by this variable.
    Lines(&'static str),
    /// Commands in the log. A summary is a file in the folder named by this variable, which the
    /// system keeps until the job ends.
    Log(Option<&'static str>),
}
