//! Finds the repository that a folder belongs to, by looking at names only.
//! It opens nothing and runs nothing, so it also finds repositories that no library can open.

use std::path::{Path, PathBuf};

use crate::env::names;
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};

/// Where a repository was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Root of the working tree, absolute and canonical.
    pub workdir: PathBuf,
    /// The repository itself, when the environment names it apart from the working tree.
    pub git_dir: Option<PathBuf>,
}

/// Looks for `.git` in the folder and its ancestors, or follows `GIT_DIR` and `GIT_WORK_TREE`.
/// An empty `.git` folder is passed over, as git does.
///
/// # Errors
/// Fails (`Project`) when the folder does not exist or lies in a bare repository.
pub fn locate(start: &Path, env: &Env) -> Result<Option<Location>> {
    let absolute = env.current_dir().join(start);
    let start = absolute.canonicalize().map_err(|error| {
        Error::new(Kind::Project, format!("read {}", absolute.display())).because(error).hint("name a folder that exists")
    })?;
    if let Some(git_dir) = env.path(names::GIT_DIR) {
        let workdir =
            env.path(names::GIT_WORK_TREE).map_or_else(|| env.current_dir().to_path_buf(), |path| env.current_dir().join(path));
        let workdir = workdir.canonicalize().unwrap_or(workdir);
        return Ok(Some(Location { workdir, git_dir: Some(env.current_dir().join(git_dir)) }));
    }
    for folder in start.ancestors() {
        let dot_git = folder.join(".git");
        let head = dot_git.join("HEAD").symlink_metadata();
        if let Err(error) = &head
            && error.kind() == std::io::ErrorKind::PermissionDenied
        {
            return Err(Error::new(Kind::Project, format!("read the git repository at {}", dot_git.display()))
                .because(error)
                .hint("make the checkout readable for the user that runs Liftoff"));
        }
        if dot_git.is_file() || head.is_ok() {
            return Ok(Some(Location { workdir: folder.to_path_buf(), git_dir: None }));
        }
        if folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir() {
            return Err(bare(folder));
        }
    }
    Ok(None)
}

/// Returns the error for a repository without a working tree.
#[must_use]
pub fn bare(path: &Path) -> Error {
    Error::new(Kind::Project, format!("use the git repository at {}", path.display()))
        .because("it is bare: it has no working tree")
        .hint("run Liftoff in a checkout (`git clone` or `git worktree add` makes one)")
}
