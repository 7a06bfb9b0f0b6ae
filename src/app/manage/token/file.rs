//! A file for a token's value: only its owner can read it, and it appears whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, Kind, Result};
use crate::model::secret::Secret;

/// A file that is to hold a value. The new content waits in a file beside it, so that being able to write is proven.
pub struct Waiting {
    path: PathBuf,
    beside: Option<NamedTempFile>,
}

impl Waiting {
    /// Prepares the file at an absolute path.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self { path, beside: None }
    }

    /// Proves that the file can be written: makes the file that will take its place. What is there stays until `store`.
    ///
    /// # Errors
    /// `Kind::Usage` when the folder cannot be written or the path is no plain file, such as a link.
    pub fn prove(&mut self) -> Result<()> {
        let refused = |because: &dyn std::fmt::Display| {
            Error::new(Kind::Usage, format!("write the file {}", self.path.display())).because(because)
        };
        match std::fs::symlink_metadata(&self.path) {
            Ok(found) if !found.is_file() => return Err(refused(&"it is a link, a folder or a device, and no plain file")),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(refused(&error)),
            Ok(_) | Err(_) => {}
        }
        let (Some(folder), Some(_)) = (self.path.parent(), self.path.file_name()) else {
            return Err(refused(&"it has no name"));
        };
        self.beside = Some(private(folder, ".liftoff-").map_err(|error| refused(&error))?);
        Ok(())
    }

    /// Puts the value in place.
    ///
    /// # Errors
    /// `Kind::Transfer` when it cannot be written after all.
    pub fn store(&mut self, value: &Secret) -> Result<()> {
        let failed = |because: &dyn std::fmt::Display| {
            Error::new(Kind::Transfer, format!("write the file {}", self.path.display())).because(because)
        };
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let mut beside = match self.beside.take() {
            Some(beside) => beside,
            None => private(folder, ".liftoff-").map_err(|error| failed(&error))?,
        };
        let written = beside.write_all(value.expose().as_bytes()).and_then(|()| beside.as_file().sync_all());
        written.map_err(|error| failed(&error))?;
        beside.persist(&self.path).map_err(|error| failed(&error.error)).map(drop)
    }
}

/// Leaves a value that has no other place in a file of its own, and returns its path.
///
/// # Errors
/// `Kind::Internal` when not even that is possible.
pub fn rescue(folder: &Path, value: &Secret) -> Result<PathBuf> {
    let write = || {
        let mut file = private(folder, "liftoff-rescued-token-")?;
        file.write_all(value.expose().as_bytes())?;
        file.as_file().sync_all()?;
        file.keep().map(|(_, path)| path).map_err(|error| error.error)
    };
    write().map_err(|error| Error::new(Kind::Internal, format!("write to {}", folder.display())).because(error))
}

/// Deletes the file of a rescued value that has its place now.
///
/// # Errors
/// `Kind::Project` when the file stays.
pub fn forget(path: &Path) -> Result<()> {
    std::fs::remove_file(path).map_err(|error| {
        Error::new(Kind::Project, format!("delete {}", path.display())).because(error).hint("delete it: it holds a token's value")
    })
}

fn private(folder: &Path, prefix: &str) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600));
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_is_replaced_only_when_the_value_is_there() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        std::fs::write(&path, "old").expect("a file");
        let mut waiting = Waiting::new(path.clone());
        waiting.prove().expect("writable");
        assert_eq!(std::fs::read_to_string(&path).expect("text"), "old");
        waiting.store(&Secret::new("new")).expect("stored");
        assert_eq!(std::fs::read_to_string(&path).expect("text"), "new");
        assert_eq!(path.metadata().expect("metadata").permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_proof_that_is_not_used_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut waiting = Waiting::new(folder.path().join("token"));
        waiting.prove().expect("writable");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
        drop(waiting);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn links_folders_and_absent_folders_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).expect("a link");
        for path in [link, folder.path().to_owned(), folder.path().join("absent/token")] {
            let error = Waiting::new(path.clone()).prove().expect_err("refused");
            assert_eq!(error.kind(), Kind::Usage, "{}", path.display());
        }
    }
}
