//! Lists what lies on disk below some folders of the working tree.
//! It knows no ignore rules: what is on disk can ship. It never follows a symbolic link.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::git::listing::{DiskItem, Mode, Stat};
use crate::model::path::RelPath;

/// The most paths that are listed.
const MOST_PATHS: usize = 5_000_000;

/// Returns all files, links and submodule folders below the folders, in no order. `.git` is left
/// out everywhere, and so are devices, sockets and pipes. A folder that does not exist, or that
/// only exists behind a symbolic link, holds nothing.
///
/// # Errors
/// Fails (`Project`) when a folder cannot be read or holds more than five million paths.
pub fn files_on_disk(workdir: &Path, folders: &[RelPath], submodules: &HashSet<RelPath>) -> Result<Vec<DiskItem>> {
    let mut found = Vec::new();
    let mut pending: Vec<RelPath> = Vec::new();
    for folder in folders {
        if let Some(metadata) = reachable(workdir, folder)? {
            sort_in(folder.clone(), &metadata, submodules, &mut pending, &mut found);
        }
    }
    while let Some(folder) = pending.pop() {
        let entries = match fs::read_dir(workdir.join(folder.to_path())) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unreadable(&folder, &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&folder, &error))?;
            let name = entry.file_name();
            if name == ".git" {
                continue;
            }
            let Some(name) = RelPath::from_path(Path::new(&name)) else { continue };
            let path = folder.join(&name);
            match entry.metadata() {
                Ok(metadata) => sort_in(path, &metadata, submodules, &mut pending, &mut found),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(unreadable(&path, &error)),
            }
        }
        if found.len() > MOST_PATHS {
            return Err(Error::new(Kind::Project, "compare the working tree with a commit")
                .because(format!("it holds more than {MOST_PATHS} files")));
        }
    }
    Ok(found)
}

/// Puts a path where it belongs: folders among the pending ones, what can ship among the found.
fn sort_in(
    path: RelPath,
    metadata: &Metadata,
    submodules: &HashSet<RelPath>,
    pending: &mut Vec<RelPath>,
    found: &mut Vec<DiskItem>,
) {
    let kind = metadata.file_type();
    if kind.is_dir() {
        if submodules.contains(&path) {
            found.push(DiskItem { path, mode: Mode::Gitlink, stat: None });
        } else {
            pending.push(path);
        }
    } else if kind.is_symlink() {
        found.push(DiskItem { path, mode: Mode::Symlink, stat: stat_of(metadata) });
    } else if kind.is_file() {
        let mode = if is_executable(metadata) { Mode::Executable } else { Mode::File };
        found.push(DiskItem { path, mode, stat: stat_of(metadata) });
    }
}

/// Returns the metadata of a folder whose ancestors are all real folders.
fn reachable(workdir: &Path, folder: &RelPath) -> Result<Option<Metadata>> {
    let mut path = RelPath::root();
    let mut metadata = inspect(workdir, &path)?;
    for component in folder.components() {
        if !metadata.as_ref().is_some_and(Metadata::is_dir) {
            return Ok(None);
        }
        let Some(component) = RelPath::parse(component) else { return Ok(None) };
        path = path.join(&component);
        metadata = inspect(workdir, &path)?;
    }
    Ok(metadata)
}

fn inspect(workdir: &Path, path: &RelPath) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(workdir.join(path.to_path())) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn unreadable(path: &RelPath, error: &io::Error) -> Error {
    Error::new(Kind::Project, format!("read {path}")).because(error).hint("make the checkout readable for the user of this run")
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}

/// Returns the fields that git keeps, cut to 32 bits as git cuts them.
#[cfg(unix)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "git's index keeps the low 32 bits")]
fn stat_of(metadata: &Metadata) -> Option<Stat> {
    use std::os::unix::fs::MetadataExt as _;
    Some(Stat {
        mtime: (metadata.mtime() as u32, metadata.mtime_nsec() as u32),
        ctime: (metadata.ctime() as u32, metadata.ctime_nsec() as u32),
        inode: metadata.ino() as u32,
        uid: metadata.uid(),
        gid: metadata.gid(),
        size: metadata.size() as u32,
    })
}

#[cfg(not(unix))]
fn stat_of(_: &Metadata) -> Option<Stat> {
    None
}
