//! The answer to "what does this path belong to, and why".
//! Plain data with words for people; the rules that find the answer stand elsewhere.

use std::fmt;

use crate::model::artifact::Artifact;
use crate::model::path::RelPath;

/// What a path belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    /// The artifacts that the path is an input of: mostly one or none. Two when DAG files are
    /// inputs of the image as well, by a trigger path or because the DAGs folder is the project.
    pub artifacts: Vec<Artifact>,
    /// Why, for the first artifact or for there being none.
    pub why: Why,
}

impl Classified {
    /// Returns the first artifact.
    #[must_use]
    pub fn artifact(&self) -> Option<&Artifact> {
        self.artifacts.first()
    }
}

/// The reason of a classification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// A file of the DAGs folder.
    UnderDags(RelPath),
    /// A file of the bundle's folder.
    UnderBundle(RelPath),
    /// The Dockerfile of the image.
    Dockerfile,
    /// The ignore file of the build context.
    DockerIgnoreFile,
    /// Part of the Docker build context.
    BuildContext,
    /// Below a declared trigger path.
    TriggerPath(RelPath),
    /// Left out of the build context.
    ExcludedByDocker {
        /// Name of the ignore file.
        file: String,
        /// 1-based line, when the pattern stands in the file.
        line: Option<usize>,
    },
    /// Left out of bundles.
    ExcludedByLiftoff {
        /// 1-based line.
        line: usize,
    },
    /// Git's own data or Python's bytecode cache.
    NeverShipped,
    /// Never a reason to ship.
    Inert,
    /// Outside the project's folder and every trigger path.
    OutsideProject,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnderDags(folder) | Self::UnderBundle(folder) => write!(f, "under {folder}/"),
            Self::Dockerfile => f.write_str("the Dockerfile"),
            Self::DockerIgnoreFile => f.write_str("decides what the Docker build context holds"),
            Self::BuildContext => f.write_str("in the Docker build context"),
            Self::TriggerPath(path) => write!(f, "trigger path {path}"),
            Self::ExcludedByDocker { file, line: Some(line) } => write!(f, "excluded by {file} line {line}"),
            Self::ExcludedByDocker { file, line: None } => write!(f, "excluded by {file}"),
            Self::ExcludedByLiftoff { line } => write!(f, "excluded by .liftoffignore line {line}"),
            Self::NeverShipped => f.write_str("never shipped"),
            Self::Inert => f.write_str("inert"),
            Self::OutsideProject => f.write_str("outside the project"),
        }
    }
}
