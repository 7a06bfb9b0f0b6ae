//! A private bare repository in the temporary folder that borrows the checkout's objects.
//! What is fetched lands here, so the checkout's own `.git` stays untouched and may be read-only.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::env::temporary::private_folder;
use crate::error::{Error, Kind, Result};

/// The hash function of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectFormat {
    /// SHA-1, 40 digits.
    Sha1,
    /// SHA-256, 64 digits.
    Sha256,
}

/// The private repository; it vanishes when this value is dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
}

impl Scratch {
    /// Creates one below `parent` that only this user can enter and that sees the objects and the
    /// shallow boundary of the checkout.
    ///
    /// # Errors
    /// Fails (`Project`) when the temporary folder cannot be written.
    pub fn create(parent: &Path, objects: &Path, shallow: &Path, format: ObjectFormat) -> Result<Self> {
        let folder = private_folder(parent, "liftoff-git-").map_err(|error| failed(&error))?;
        let scratch = Self { folder };
        scratch.fill(objects, shallow, format).map_err(|error| failed(&error))?;
        Ok(scratch)
    }

    fn fill(&self, objects: &Path, shallow: &Path, format: ObjectFormat) -> std::io::Result<()> {
        let root = self.git_dir();
        fs::create_dir_all(root.join("objects/info"))?;
        fs::create_dir_all(root.join("objects/pack"))?;
        fs::create_dir_all(root.join("refs"))?;
        fs::write(root.join("HEAD"), "ref: refs/heads/none\n")?;
        let settings = match format {
            ObjectFormat::Sha1 => "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
            ObjectFormat::Sha256 => {
                "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n"
            }
        };
        fs::write(root.join("config"), settings)?;
        fs::write(root.join("objects/info/alternates"), alternates(objects))?;
        match fs::read(shallow) {
            Ok(boundary) => fs::write(self.shallow(), boundary),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Returns the repository's folder.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        self.folder.path()
    }

    /// Returns its object folder.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.git_dir().join("objects")
    }

    /// Returns its file of shallow boundaries, which exists only when there are any.
    #[must_use]
    pub fn shallow(&self) -> PathBuf {
        self.git_dir().join("shallow")
    }
}

fn failed(error: &std::io::Error) -> Error {
    Error::new(Kind::Project, "make a temporary repository").because(error).hint("point TMPDIR at a folder that can be written")
}

/// Returns the line of an alternates file, quoted so that any path is one line.
fn alternates(objects: &Path) -> Vec<u8> {
    let mut line = quoted(&OsString::from(objects));
    line.push(b'\n');
    line
}

/// Quotes a path in the C style that git reads in line-based input.
#[must_use]
pub fn quoted(path: &std::ffi::OsStr) -> Vec<u8> {
    let mut line = vec![b'"'];
    for byte in path.as_encoded_bytes() {
        match byte {
            b'"' | b'\\' => line.extend([b'\\', *byte]),
            0x20..=0x7e => line.push(*byte),
            _ => line.extend(format!("\\{byte:03o}").into_bytes()),
        }
    }
    line.push(b'"');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_enter() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().expect("a folder");
        let none = parent.path().join("none");
        let scratch = Scratch::create(parent.path(), &none, &none, ObjectFormat::Sha1).expect("a repository");
        assert_eq!(scratch.git_dir().metadata().expect("metadata").permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn any_path_becomes_one_quoted_line() {
        let quoted_text = |text: &str| String::from_utf8(quoted(text.as_ref())).expect("ASCII");
        assert_eq!(quoted_text("a b\n\"c\\ü"), r#""a b\012\"c\\\303\274""#);
    }
}
