//! Reads single files and links without being led elsewhere or held up.
//! It knows nothing of rules, artifacts or the folders that the files lie in.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::path::Path;

use crate::model::entry::EntryKind;

/// Hashes a file in pieces. Its size is what was read, whatever the folder said.
///
/// # Errors
/// Fails as the file system does, and when a link or anything else has taken the file's place.
pub fn hashed(source: &Path, buffer: &mut [u8]) -> std::io::Result<(EntryKind, [u8; 32])> {
    let mut file = open(source)?;
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(std::io::Error::other("it changed while it was read"));
    }
    let mut hasher = blake3::Hasher::new();
    let mut size = 0;
    loop {
        match file.read(buffer) {
            Ok(0) => break,
            Ok(length) => {
                hasher.update(buffer.get(..length).unwrap_or_default());
                size += length as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((EntryKind::File { size, executable: is_executable(&facts) }, *hasher.finalize().as_bytes()))
}

/// Returns the bytes of a file; of a larger one than `limit` only the first `limit + 1`.
///
/// # Errors
/// Fails as the file system does, and when a link or anything else has taken the file's place.
pub fn bytes(source: &Path, limit: usize) -> std::io::Result<Vec<u8>> {
    let file = open(source)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it changed while it was read"));
    }
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns the literal target of a link.
///
/// # Errors
/// Fails as the file system does.
pub fn link_target(source: &Path) -> std::io::Result<Vec<u8>> {
    let target = std::fs::read_link(source)?;
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        Ok(target.into_os_string().into_vec())
    }
    #[cfg(not(unix))]
    {
        Ok(target.to_string_lossy().replace('\\', "/").into_bytes())
    }
}

/// Returns whether the owner may execute the file; never on systems without such a bit.
#[must_use]
pub fn is_executable(facts: &std::fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        facts.permissions().mode() & 0o100 != 0
    }
    #[cfg(not(unix))]
    {
        let _ = facts;
        false
    }
}

/// Opens a file that was just seen to be one: not through a link that has taken its place, and
/// without waiting for the writer of a pipe that has.
///
/// # Errors
/// Fails as the file system does, and on a link.
pub fn open(source: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    options.open(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_hashed_whatever_the_size_of_the_buffer() {
        let folder = tempfile::tempdir().expect("a folder");
        for size in [0, 1, 7, 8, 9, 64] {
            let place = folder.path().join(size.to_string());
            let bytes = vec![b'x'; size];
            std::fs::write(&place, &bytes).expect("a file");
            let (kind, digest) = hashed(&place, &mut [0; 8]).expect("readable");
            assert_eq!(kind, EntryKind::File { size: size as u64, executable: false });
            assert_eq!(digest, *blake3::hash(&bytes).as_bytes());
        }
    }

    #[test]
    fn what_has_taken_a_files_place_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("secret"), "x").expect("a file");
        std::os::unix::fs::symlink("secret", at("link")).expect("a link");
        assert!(hashed(&at("link"), &mut [0; 8]).is_err());
        let made = std::process::Command::new("mkfifo").arg(at("pipe")).status().expect("mkfifo");
        assert!(made.success());
        assert!(hashed(&at("pipe"), &mut [0; 8]).is_err());
        assert!(hashed(folder.path(), &mut [0; 8]).is_err());
        for name in ["link", "pipe", "."] {
            assert!(bytes(&at(name), 8).is_err(), "{name}");
        }
        std::fs::write(at("secret"), "0123456789").expect("a file");
        assert_eq!(bytes(&at("secret"), 8).expect("readable"), b"012345678");
        assert_eq!(bytes(&at("secret"), 10).expect("readable"), b"0123456789");
    }
}
