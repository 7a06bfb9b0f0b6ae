//! What an image is to be built from, as plain data.
//! It knows no engine.

use std::path::Path;

use crate::model::entry::Entry;
use crate::model::path::RelPath;

/// Whether base images are asked for anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullPolicy {
    /// Only when they are missing.
    Missing,
    /// In every build.
    Always,
}

/// What to build.
#[derive(Debug, Clone)]
pub struct BuildRequest<'a> {
    /// The build context: the project's absolute folder.
    pub context: &'a Path,
    /// The Dockerfile, relative to the context.
    pub dockerfile: &'a RelPath,
    /// The ignore rules in force, as the text of a `.dockerignore`.
    pub ignore_text: &'a str,
    /// Further patterns to leave out, such as `dags`.
    pub excludes: Vec<String>,
    /// The context's entries after all ignore rules, for builders that cannot be given rules.
    pub entries: &'a [Entry],
    /// Build arguments. They are not secret: images record them.
    pub build_args: Vec<(String, String)>,
    /// Specs of `--secret`, passed through: `id=…,src=…` or `id=…,env=…`.
    pub secrets: Vec<String>,
    /// Specs of `--ssh`, passed through.
    pub ssh: Vec<String>,
    /// Specs of `--cache-from`, passed through.
    pub cache_from: Vec<String>,
    /// Specs of `--cache-to`, passed through.
    pub cache_to: Vec<String>,
    /// Name of a buildx builder.
    pub builder: Option<String>,
    /// Whether base images are pulled anew.
    pub pull: PullPolicy,
    /// The local name that the image gets.
    pub tag: String,
}
