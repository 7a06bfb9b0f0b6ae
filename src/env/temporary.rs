//! Where temporary files go, and folders there that nobody else can enter.
//! It knows the variables that name the place, not what is put there.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::env::names;
use crate::env::snapshot::Env;

/// Returns the folder for temporary files as an absolute path: that of the job where the runner
/// has one, because it is emptied after the job, else the system's.
#[must_use]
pub fn folder(env: &Env) -> PathBuf {
    let named = [names::RUNNER_TEMP, names::TMPDIR, names::TEMP].iter().find_map(|name| env.path(name));
    named.map_or_else(|| PathBuf::from("/tmp"), |folder| env.current_dir().join(folder))
}

/// Creates a folder below `parent` that only this user can enter and that vanishes when dropped.
///
/// # Errors
/// Fails when `parent` cannot be written.
pub fn private_folder(parent: &Path, prefix: &str) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    // The user's umask alone would let others read what lies here, such as a login.
    #[cfg(unix)]
    builder.permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700));
    builder.tempdir_in(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jobs_own_folder_comes_before_the_systems() {
        let cases: [(&[(&str, &str)], &str); 5] = [
            (&[("RUNNER_TEMP", "/r"), ("TMPDIR", "/t"), ("TEMP", "/e")], "/r"),
            (&[("TMPDIR", "/t"), ("TEMP", "/e")], "/t"),
            (&[("RUNNER_TEMP", ""), ("TEMP", "/e")], "/e"),
            (&[("TMPDIR", "here")], "/w/here"),
            (&[], "/tmp"),
        ];
        for (variables, expected) in cases {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
            assert_eq!(folder(&Env::new(variables, PathBuf::from("/w"))), Path::new(expected));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_private_folder_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().expect("a folder");
        let made = private_folder(parent.path(), "liftoff-test-").expect("a folder");
        assert_eq!(made.path().metadata().expect("metadata").permissions().mode() & 0o777, 0o700);
    }
}
