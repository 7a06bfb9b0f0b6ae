//! The shape of a project on disk, as plain facts.
//! Reading the disk is the business of `project`.

use std::path::PathBuf;

use crate::model::path::RelPath;
use crate::model::runtime::RuntimeVersion;

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectShape {
    /// Absolute folder of the project.
    pub root: PathBuf,
    /// That folder relative to the repository's root; the root path when it is the repository
    /// itself or there is no repository.
    pub in_repository: RelPath,
    /// What kind of project it is.
    pub kind: ProjectKind,
}

/// The kinds of projects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectKind {
    /// An Airflow project: DAGs folder and, for image deploys, a Dockerfile.
    Astro(AstroProject),
    /// A dbt project.
    Dbt {
        /// The `name` of `dbt_project.yml`.
        name: String,
    },
    /// Any other folder, shipped as a bundle.
    Folder,
}

/// Facts of an Airflow project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AstroProject {
    /// DAGs folder relative to the project.
    pub dags_path: RelPath,
    /// Whether the DAGs folder exists.
    pub has_dags_folder: bool,
    /// The Dockerfile, when it exists.
    pub dockerfile: Option<Dockerfile>,
    /// Whether `requirements.txt` exists and is part of the Docker build context.
    pub has_requirements: bool,
    /// Whether `packages.txt` exists and is part of the Docker build context.
    pub has_packages: bool,
}

/// Facts of a Dockerfile, read from its instructions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// Path relative to the project.
    pub path: RelPath,
    /// Base image of the last stage with build arguments filled in; `None` when it names an
    /// earlier stage's unresolvable argument or `scratch`.
    pub base_image: Option<String>,
    /// Runtime version that the base image's tag names, when it is an Astro Runtime image.
    pub runtime: Option<RuntimeVersion>,
    /// Whether the base image runs ONBUILD steps that need `requirements.txt` and
    /// `packages.txt`: an Astro Runtime image that is not a `-base` one.
    pub needs_package_files: bool,
}
