//! Rules of the image: which files of the project are inputs of `docker build`.
//! It judges paths; it knows neither the disk nor how an image is built.

use crate::changes::classified::Why;
use crate::changes::dockerignore::{Above, DockerIgnore};
use crate::changes::folder::is_never_shipped;
use crate::changes::inert::Inert;
use crate::changes::liftoffignore::Node;
use crate::model::path::RelPath;

/// Which paths of the project are inputs of the image. All paths are relative to the project,
/// which is the build context.
#[derive(Debug, Clone, Copy)]
pub struct ImageRules<'a> {
    /// The patterns of the ignore file.
    pub docker_ignore: &'a DockerIgnore,
    /// The ignore file that counts.
    pub docker_ignore_path: &'a RelPath,
    /// The Dockerfile.
    pub dockerfile: &'a RelPath,
    /// Files that are in the image but are no reason to build one; none when the whole build
    /// context is wanted.
    pub inert: Option<&'a Inert>,
    /// The DAGs folder, when it ships on its own.
    pub left_out: Option<&'a RelPath>,
}

/// What the rules say about one path.
#[derive(Debug, Clone)]
pub struct ImageStep {
    /// Why the path is an input (`Ok`) or not (`Err`).
    pub verdict: Result<Why, Why>,
    /// For a folder: what its children have to know, or `None` when nothing below is an input.
    pub below: Option<Above>,
}

impl ImageRules<'_> {
    /// Judges a path whose parent folder gave `above`.
    #[must_use]
    pub fn step(&self, above: &Above, path: &RelPath, node: Node) -> ImageStep {
        let verdict = self.by_name(path, node);
        let wanted_below = node == Node::Folder && self.own_file_below(path);
        if let Some(verdict) = verdict
            && !wanted_below
        {
            return ImageStep { verdict, below: None };
        }
        let judgement = self.docker_ignore.judge(above, path);
        let by_docker = match judgement.excluded {
            None => Ok(Why::BuildContext),
            Some(exclusion) => Err(Why::ExcludedByDocker { file: self.docker_ignore_path.to_string(), line: exclusion.line }),
        };
        let enter = by_docker.is_ok() || wanted_below || self.docker_ignore.may_reinclude_below(path);
        let below = (node == Node::Folder && enter).then_some(judgement.below);
        ImageStep { verdict: self.by_name(path, node).unwrap_or(by_docker), below }
    }

    /// Judges a file, having looked at all folders above it.
    ///
    /// # Errors
    /// Returns why the file is no input.
    pub fn file_verdict(&self, path: &RelPath) -> Result<Why, Why> {
        let mut above = Above::default();
        for part in path.ancestry() {
            let node = if part == *path { Node::File } else { Node::Folder };
            let step = self.step(&above, &part, node);
            match step.below {
                Some(below) => above = below,
                None => return step.verdict,
            }
        }
        Err(Why::OutsideProject)
    }

    /// Judges by name alone, before the patterns of the ignore file are asked.
    fn by_name(&self, path: &RelPath, node: Node) -> Option<Result<Why, Why>> {
        if node == Node::File && path == self.dockerfile {
            return Some(Ok(Why::Dockerfile));
        }
        if node == Node::File && path == self.docker_ignore_path {
            return Some(Ok(Why::DockerIgnoreFile));
        }
        if let Some(dags) = self.left_out.filter(|dags| path.is_within(dags)) {
            return Some(Err(Why::UnderDags(dags.clone())));
        }
        match self.inert {
            Some(_) if is_never_shipped(path, node) => Some(Err(Why::NeverShipped)),
            Some(inert) if inert.contains(path, node) => Some(Err(Why::Inert)),
            _ => None,
        }
    }

    /// Returns whether the Dockerfile or the ignore file lies below: they count wherever they
    /// are, also in a folder that the build context leaves out.
    fn own_file_below(&self, folder: &RelPath) -> bool {
        self.dockerfile.is_within(folder) || self.docker_ignore_path.is_within(folder)
    }
}
