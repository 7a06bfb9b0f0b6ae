//! Takes apart what the git program prints.
//! It knows the form of output, not what was asked.

#[cfg(unix)]
use std::ffi::OsStr;
use std::ffi::OsString;

use crate::error::{Error, Kind, Result};
use crate::git::command::Answer;
use crate::git::listing::Mode;

/// Returns the output of a command that succeeded.
///
/// # Errors
/// Fails (`Project`) with git's reason when it did not.
pub fn successful(answer: Answer) -> Result<Vec<u8>> {
    if answer.success {
        return Ok(answer.stdout);
    }
    let error = Error::new(Kind::Project, "read the git repository").because(&answer.errors);
    Err(if answer.errors.contains("promisor") || answer.errors.contains("fetch") {
        error.hint("check the repository out without `filter`, or with credentials that can fetch")
    } else {
        error.hint("check the repository out again")
    })
}

/// Returns the error for output of an unknown form.
#[must_use]
pub fn not_understood(command: &str) -> Error {
    Error::new(Kind::Project, "read the git repository").because(format!("`git {command}` answered in an unknown form"))
}

/// Returns the records of a listing whose records end with NUL.
pub fn records(listing: &[u8]) -> impl Iterator<Item = &[u8]> {
    listing.split(|byte| *byte == 0).filter(|record| !record.is_empty())
}

/// Splits bytes at the first occurrence of a byte.
#[must_use]
pub fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = bytes.iter().position(|byte| *byte == at)?;
    Some((bytes.get(..position)?, bytes.get(position + 1..)?))
}

/// Reads a mode in octal digits; `None` for one that git does not use.
#[must_use]
pub fn mode(octal: &[u8]) -> Option<Mode> {
    Mode::from_bits(u32::from_str_radix(std::str::from_utf8(octal).ok()?, 8).ok()?)
}

/// Returns bytes as an argument.
#[cfg(unix)]
#[must_use]
pub fn os_string(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStrExt as _;
    OsStr::from_bytes(bytes).to_owned()
}

/// Returns bytes as an argument.
#[cfg(not(unix))]
#[must_use]
pub fn os_string(bytes: &[u8]) -> OsString {
    OsString::from(String::from_utf8_lossy(bytes).into_owned())
}
