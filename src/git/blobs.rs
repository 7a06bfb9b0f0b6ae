//! Reads blobs, the bytes of committed files, through the library or the `git` program.
//! It reads what is at hand; it fetches nothing and knows no paths.

use git2::{ErrorCode, ObjectType, Oid};

use crate::error::{Error, Kind, Result};
use crate::git::library::{Library, failed};
use crate::git::listing::ObjectId;
use crate::git::output::{not_understood, split_once, successful};
use crate::git::program::Program;

/// Returns the size of each blob, in their order; `None` for those that are missing.
///
/// # Errors
/// Fails (`Project`) when the object database is damaged.
pub fn sizes_by_library(library: &Library, ids: &[ObjectId]) -> Result<Vec<Option<u64>>> {
    let database = library.opened().odb().map_err(|error| failed(&error))?;
    let size = |id: &ObjectId| match Oid::from_str(&id.to_hex()).and_then(|id| database.read_header(id)) {
        Ok((size, ObjectType::Blob)) => Ok(Some(size as u64)),
        Ok(_) => Err(Error::new(Kind::Project, "read the git repository").because("a file's object is no blob")),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(failed(&error)),
    };
    ids.iter().map(size).collect()
}

/// Returns the bytes of blobs that are at hand, in their order.
///
/// # Errors
/// Fails (`Project`) when one of them cannot be read.
pub fn read_by_library(library: &Library, ids: &[ObjectId]) -> Result<Vec<Vec<u8>>> {
    let repository = library.opened();
    let read = |id: &ObjectId| repository.find_blob(Oid::from_str(&id.to_hex())?).map(|blob| blob.content().to_vec());
    ids.iter().map(|id| read(id).map_err(|error| failed(&error))).collect()
}

/// Returns the size of each blob, in their order; `None` for those that are missing.
///
/// # Errors
/// Fails (`Project`) with git's reason.
pub fn sizes_by_program(program: &Program, ids: &[ObjectId]) -> Result<Vec<Option<u64>>> {
    let listing = successful(program.offline().run(&["cat-file", "--batch-check"], Some(lines(ids)))?)?;
    // Each line is `<id> blob <size>` or `<id> missing`.
    let text = String::from_utf8_lossy(&listing);
    let sizes: Option<Vec<Option<u64>>> = text
        .lines()
        .map(|line| match line.split(' ').collect::<Vec<_>>().as_slice() {
            [_, "blob", size] => size.parse().ok().map(Some),
            [_, "missing"] => Some(None),
            _ => None,
        })
        .collect();
    sizes.filter(|sizes| sizes.len() == ids.len()).ok_or_else(|| not_understood("cat-file"))
}

/// Returns the bytes of blobs that are at hand, in their order.
///
/// # Errors
/// Fails (`Project`) with git's reason.
pub fn read_by_program(program: &Program, ids: &[ObjectId]) -> Result<Vec<Vec<u8>>> {
    let listing = successful(program.offline().run(&["cat-file", "--batch"], Some(lines(ids)))?)?;
    // Each record is `<id> blob <size>\n<bytes>\n`.
    let mut rest = listing.as_slice();
    let mut next = || {
        let (header, after) = split_once(rest, b'\n')?;
        let size: usize = std::str::from_utf8(header).ok()?.rsplit_once(' ')?.1.parse().ok()?;
        let bytes = after.get(..size)?.to_vec();
        rest = after.get(size + 1..)?;
        Some(bytes)
    };
    ids.iter().map(|_| next()).collect::<Option<Vec<_>>>().ok_or_else(|| not_understood("cat-file"))
}

fn lines(ids: &[ObjectId]) -> Vec<u8> {
    ids.iter().flat_map(|id| (id.to_hex() + "\n").into_bytes()).collect()
}
