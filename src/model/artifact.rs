//! What a project ships: artifacts and the content they hold.
//! How content is read and hashed is the business of `project` and `pack`.

use std::fmt;

use crate::model::fingerprint::Fingerprint;
use crate::model::ids::MountPath;

/// One separately deployable part of a project.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Artifact {
    /// The files below the DAGs folder.
    Dags,
    /// The Docker build context, Dockerfile and build arguments.
    Image,
    /// A dbt project or another folder, mounted at a path of its own.
    Bundle(MountPath),
}

impl Artifact {
    /// Returns the key used in JSON and in the deploy description: `dags`, `image` or `bundle`.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Dags => "dags",
            Self::Image => "image",
            Self::Bundle(_) => "bundle",
        }
    }
}

impl fmt::Display for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dags => f.write_str("DAGs"),
            Self::Image => f.write_str("image"),
            Self::Bundle(mount) => write!(f, "bundle at {mount}"),
        }
    }
}

/// The content of an artifact as it would be shipped now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// Hash over path, kind, executable bit and bytes of every entry; never times or owners.
    pub fingerprint: Fingerprint,
    /// Number of files and symlinks.
    pub files: u64,
    /// Sum of file sizes in bytes.
    pub bytes: u64,
    /// Number of files that Airflow could read DAGs from (`.py` and `.zip`).
    pub dag_files: u64,
}
