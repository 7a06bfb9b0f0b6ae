//! Reads entries from disk and notices when they are not what was announced.
//! It follows no link and knows nothing of the bundle.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _};
use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::model::path::RelPath;

/// What was announced of a file; what is on disk must agree.
#[derive(Clone, Copy)]
pub struct Announced<'a> {
    /// The name for messages.
    pub name: &'a RelPath,
    /// Where it lies on disk.
    pub source: &'a Path,
    /// Size in bytes.
    pub size: u64,
    /// Whether the owner may execute it.
    pub executable: bool,
}

/// An open regular file of the announced size and mode.
pub struct Source<'a> {
    file: File,
    announced: Announced<'a>,
}

impl<'a> Source<'a> {
    /// Opens a file without following a link in its last component and without waiting, should a
    /// FIFO have taken its place.
    ///
    /// # Errors
    /// Fails when the file cannot be read or has changed since it was announced.
    pub fn open(announced: Announced<'a>) -> Result<Self> {
        let file = open(announced.source).map_err(|error| unreadable(announced.name, &error))?;
        let metadata = file.metadata().map_err(|error| unreadable(announced.name, &error))?;
        if !metadata.is_file() {
            return Err(changed(announced.name, "it is no longer a regular file"));
        }
        if metadata.len() != announced.size {
            let sizes = format!("it had {} bytes and now has {}", announced.size, metadata.len());
            return Err(changed(announced.name, &sizes));
        }
        if is_executable(&metadata).is_some_and(|executable| executable != announced.executable) {
            return Err(changed(announced.name, "its mode is another one"));
        }
        Ok(Self { file, announced })
    }

    /// Reads a file that is smaller than `buffer` and returns its content.
    ///
    /// # Errors
    /// Fails when the file cannot be read, shrank or grew.
    pub fn read_whole<'b>(&mut self, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        let length = self.read_into(buffer)?;
        let content = buffer.get(..length).unwrap_or_default();
        if content.len() as u64 == self.announced.size { Ok(content) } else { Err(self.resized()) }
    }

    /// Reads the file from its start, piece by piece, and returns its BLAKE3 hash.
    ///
    /// # Errors
    /// Fails when the file cannot be read, shrank or grew, or when `take` fails.
    pub fn read_pieces<E: From<Error>>(
        &mut self,
        buffer: &mut [u8],
        mut take: impl FnMut(&[u8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<[u8; 32], E> {
        self.file.rewind().map_err(|error| unreadable(self.announced.name, &error))?;
        let mut hasher = blake3::Hasher::new();
        let mut left = self.announced.size;
        loop {
            let length = self.read_into(buffer)?;
            let piece = buffer.get(..length).unwrap_or_default();
            left = left.checked_sub(piece.len() as u64).ok_or_else(|| self.resized())?;
            if piece.is_empty() {
                break;
            }
            hasher.update(piece);
            take(piece)?;
        }
        if left == 0 { Ok(*hasher.finalize().as_bytes()) } else { Err(self.resized().into()) }
    }

    /// Returns the error for a file that was read twice with different results.
    #[must_use]
    pub fn rewritten(&self) -> Error {
        changed(self.announced.name, "its content is another one")
    }

    fn resized(&self) -> Error {
        changed(self.announced.name, "its size is another one")
    }

    /// Fills the buffer as far as the file goes.
    fn read_into(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut length = 0;
        while let Some(free) = buffer.get_mut(length..).filter(|free| !free.is_empty()) {
            match self.file.read(free) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(self.announced.name, &error)),
            }
        }
        Ok(length)
    }
}

/// Checks that a symbolic link still has the announced target.
///
/// # Errors
/// Fails when the link has changed or cannot be read.
pub fn check_symlink(name: &RelPath, source: &Path, target: &[u8]) -> Result<()> {
    let found = std::fs::read_link(source).map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => changed(name, "it is no longer a symbolic link"),
        _ => unreadable(name, &error),
    })?;
    if link_bytes(&found).is_some_and(|bytes| bytes != target) {
        return Err(changed(name, "it points to another place"));
    }
    Ok(())
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// Returns whether the owner may execute the file, where the system knows such a thing.
#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> Option<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(metadata.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> Option<bool> {
    None
}

/// Returns the target's bytes, where the system keeps them as they were written.
#[cfg(unix)]
fn link_bytes(target: &Path) -> Option<&[u8]> {
    use std::os::unix::ffi::OsStrExt as _;
    Some(target.as_os_str().as_bytes())
}

#[cfg(not(unix))]
fn link_bytes(_: &Path) -> Option<&[u8]> {
    None
}

fn changed(name: &RelPath, how: &str) -> Error {
    Error::new(Kind::Project, "pack the bundle")
        .because(format!("{name} changed while it was packed: {how}"))
        .hint("run Liftoff when nothing else writes to the project, after every build step has ended")
        .at(name.to_string(), None)
}

fn unreadable(name: &RelPath, error: &io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => changed(name, "it is gone"),
        _ if became_link(error) => changed(name, "it became a symbolic link"),
        _ => Error::new(Kind::Project, format!("read {name}"))
            .because(error)
            .hint("make the file readable for the user that runs Liftoff, or leave it out with .liftoffignore")
            .at(name.to_string(), None),
    }
}

/// Returns whether opening failed because of `O_NOFOLLOW`; FreeBSD and NetBSD answer differently
/// from Linux and macOS.
#[cfg(unix)]
fn became_link(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ELOOP | libc::EMLINK))
}

#[cfg(not(unix))]
fn became_link(_: &io::Error) -> bool {
    false
}
