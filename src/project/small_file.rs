//! Reading small text files of a project, such as a Dockerfile, with a bound on their size.
//! It knows nothing of what is in them.

use std::io::Read as _;
use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::project::file;

/// The largest file that is read, in bytes; real ones have a few kilobytes.
const LARGEST: u64 = 1024 * 1024;

/// Reads a file; `None` when there is none. `name` is what errors call it. Links are followed
/// within `boundary`, a canonical folder: repositories of several projects share files by them,
/// but nobody else's files may be read, nor quoted in errors, because a repository says so.
///
/// # Errors
/// Fails when the file lies outside the boundary, cannot be read, is not a regular file, or has
/// more than 1 MiB.
pub fn read(path: &Path, name: &str, boundary: &Path) -> Result<Option<Vec<u8>>> {
    let failed = |cause: &dyn std::fmt::Display| Error::new(Kind::Project, format!("read {name}")).because(cause).at(name, None);
    let real = match std::fs::canonicalize(path) {
        Ok(real) => real,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(failed(&error)),
    };
    if !real.starts_with(boundary) {
        return Err(failed(&"it is a link out of the repository").hint("let the link end at a file inside the repository"));
    }
    if !std::fs::metadata(&real).map_err(|error| failed(&error))?.is_file() {
        return Err(failed(&"it is not a file"));
    }
    let mut bytes = Vec::new();
    let file = file::open(&real).map_err(|error| failed(&error))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(failed(&"it has more than 1 MiB"));
    }
    Ok(Some(bytes))
}

/// Returns whether the error says that there is no such file, rather than that it cannot be read.
#[must_use]
pub fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_huge_and_odd_files_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("small"), "x").expect("a file");
        std::fs::write(at("huge"), vec![b'x'; 1024 * 1024 + 1]).expect("a file");
        let boundary = std::fs::canonicalize(folder.path()).expect("a folder");
        let read = |path: &Path| read(path, "name", &boundary);
        assert_eq!(read(&at("small")).expect("readable"), Some(b"x".to_vec()));
        assert_eq!(read(&at("none")).expect("absent"), None);
        assert_eq!(read(&at("small/none")).expect("absent"), None);
        assert!(read(&at("huge")).expect_err("too large").to_string().contains("1 MiB"));
        assert!(read(folder.path()).expect_err("a folder").to_string().contains("not a file"));
    }

    #[test]
    fn links_are_followed_inside_the_boundary_and_nowhere_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("repository/astro")).expect("folders");
        std::fs::create_dir(at("repository-2")).expect("a folder");
        for name in ["repository/shared", "repository-2/secret", "secret"] {
            std::fs::write(at(name), "hunter2").expect("a file");
        }
        let boundary = std::fs::canonicalize(at("repository")).expect("a folder");
        let rows = [
            ("../shared", Some(true)),
            ("../../repository/shared", Some(true)),
            ("gone", None),
            ("../../secret", Some(false)),
            ("../../repository-2/secret", Some(false)),
            ("door/secret", Some(false)),
        ];
        std::os::unix::fs::symlink("../../repository-2", at("repository/astro/door")).expect("a link");
        for (target, expected) in rows {
            let link = at("repository/astro/Dockerfile");
            std::os::unix::fs::symlink(target, &link).expect("a link");
            let found = read(&link, "Dockerfile", &boundary);
            match expected {
                Some(true) => assert_eq!(found.expect(target), Some(b"hunter2".to_vec())),
                None => assert_eq!(found.expect(target), None),
                Some(false) => {
                    let error = found.expect_err(target).to_string();
                    assert!(error.contains("Dockerfile") && error.contains("out of the repository"), "{error}");
                }
            }
            std::fs::remove_file(link).expect("removed");
        }
        assert!(read(&at("repository/astro/door/secret"), "name", &boundary).is_err(), "a folder may be the link");
    }
}
