//! Reads the ignore files of a project and makes its input rules from them.
//! What the rules mean is the business of `changes`; this only finds the files and the links.

use std::path::Path;

use crate::changes::dockerignore::DockerIgnore;
use crate::changes::folder::BundleRules;
use crate::changes::inert::Inert;
use crate::changes::inputs::{DagDeploys, InputRules};
use crate::changes::liftoffignore::{FILE_NAME, LiftoffIgnore};
use crate::error::{Error, Kind, Result};
use crate::model::ids::MountPath;
use crate::model::path::RelPath;
use crate::model::project::{ProjectKind, ProjectShape};
use crate::project::small_file;

/// What the rules of an Astro project depend on besides its files.
#[derive(Debug, Clone)]
pub struct RuleOptions {
    /// How DAGs reach the Deployment.
    pub dags: DagDeploys,
    /// The Dockerfile, relative to the project, whether it exists or not.
    pub dockerfile: RelPath,
    /// Files that are no reason to build an image.
    pub inert: Inert,
    /// Further inputs of the image, relative to the repository.
    pub trigger_paths: Vec<RelPath>,
}

/// Reads the input rules of an Astro project.
///
/// # Errors
/// Fails on an unreadable or invalid ignore file, and on a DAGs folder that is a link out of
/// the repository.
pub fn input_rules(shape: &ProjectShape, options: RuleOptions) -> Result<InputRules> {
    let ProjectKind::Astro(astro) = &shape.kind else {
        return Err(Error::new(Kind::Internal, "read the input rules").because("the folder is not an Astro project"));
    };
    let (docker_ignore_path, mut docker_ignore) = docker_ignore(&shape.root, repository_root(shape), &options.dockerfile)?;
    if options.dags == DagDeploys::InImage {
        // The platform's own client appends this line for its builds, may leave it behind, and
        // takes it out again when the image has to hold the DAGs (`reference/astro-platform.md` 3.10).
        let left_behind = [astro.dags_path.as_bytes(), b"/"].concat();
        docker_ignore = docker_ignore.without_lines(&left_behind, &docker_ignore_path.to_string())?;
    }
    Ok(InputRules {
        project: shape.in_repository.clone(),
        dags_path: astro.dags_path.clone(),
        dags_source: dags_source(shape, &astro.dags_path)?,
        dags: options.dags,
        docker_ignore,
        docker_ignore_path,
        liftoff_ignore: liftoff_ignore(shape)?,
        inert: options.inert,
        trigger_paths: options.trigger_paths,
        dockerfile: options.dockerfile,
    })
}

/// Reads the rules of a bundle.
///
/// # Errors
/// Fails on an unreadable or invalid `.liftoffignore`.
pub fn bundle_rules(shape: &ProjectShape, mount: MountPath) -> Result<BundleRules> {
    Ok(BundleRules { folder: shape.in_repository.clone(), mount, liftoff_ignore: liftoff_ignore(shape)? })
}

/// Reads the Docker ignore file that counts: `<Dockerfile>.dockerignore` when it exists, else
/// `.dockerignore`. Returns its path relative to the project, also when there is none.
///
/// # Errors
/// Fails on an unreadable or invalid file, and on a link out of `boundary`, a canonical folder.
pub fn docker_ignore(root: &Path, boundary: &Path, dockerfile: &RelPath) -> Result<(RelPath, DockerIgnore)> {
    let own = RelPath::parse(&[dockerfile.as_bytes(), b".dockerignore"].concat()).unwrap_or_default();
    let common = RelPath::parse(b".dockerignore").unwrap_or_default();
    for path in [own, common.clone()] {
        let name = path.to_string();
        if let Some(bytes) = small_file::read(&root.join(path.to_path()), &name, boundary)? {
            return Ok((path, DockerIgnore::parse(&bytes, &name)?));
        }
    }
    Ok((common, DockerIgnore::default()))
}

/// Returns the repository's folder, or the project's when there is no repository.
#[must_use]
pub fn repository_root(shape: &ProjectShape) -> &Path {
    shape.root.ancestors().nth(shape.in_repository.components().count()).unwrap_or(&shape.root)
}

fn liftoff_ignore(shape: &ProjectShape) -> Result<LiftoffIgnore> {
    match small_file::read(&shape.root.join(FILE_NAME), FILE_NAME, repository_root(shape))? {
        Some(bytes) => LiftoffIgnore::parse(&bytes, FILE_NAME),
        None => Ok(LiftoffIgnore::default()),
    }
}

/// Follows a DAGs folder that is a link, or lies behind one, to a folder of the repository.
fn dags_source(shape: &ProjectShape, dags_path: &RelPath) -> Result<Option<RelPath>> {
    let named = shape.root.join(dags_path.to_path());
    let failed = |cause: &dyn std::fmt::Display| {
        Error::new(Kind::Project, format!("read the DAGs folder {dags_path}"))
            .because(cause)
            .hint("let the link end at a folder inside the repository")
    };
    let real = match std::fs::canonicalize(&named) {
        Ok(real) => real,
        Err(error) if small_file::is_absent(&error) => return Ok(None),
        Err(error) => return Err(failed(&error)),
    };
    if real == named {
        return Ok(None);
    }
    let inside = real.strip_prefix(repository_root(shape)).ok().and_then(RelPath::from_path);
    inside.map(Some).ok_or_else(|| failed(&format!("it is a link to {}, outside the repository", real.display())))
}
