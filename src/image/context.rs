//! What of the project goes into a build: ignore rules in private files, or a filtered tar.
//! It never writes into the project and knows no engine's arguments.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::env::snapshot::Env;
use crate::env::temporary;
use crate::error::{Error, Kind, Result};
use crate::model::entry::{Entry, EntryKind};
use crate::model::path::RelPath;

/// Largest Dockerfile in bytes that is copied.
const DOCKERFILE_LIMIT: u64 = 4 << 20;

/// Creates a temporary folder that only this user can enter and that vanishes when dropped.
///
/// # Errors
/// Fails when the folder for temporary files cannot be written.
pub fn private_folder(env: &Env) -> Result<TempDir> {
    let parent = temporary::folder(env);
    temporary::private_folder(&parent, "liftoff-image-").map_err(|error| {
        Error::new(Kind::Project, format!("create a temporary folder in {}", parent.display()))
            .because(error)
            .hint("set TMPDIR to a folder that can be written")
    })
}

/// Joins the project's ignore rules with further patterns; in ignore files the last match wins,
/// so what is added last is left out whatever the project's rules say.
#[must_use]
pub fn ignore_rules(text: &str, excludes: &[String]) -> String {
    let mut rules = text.to_owned();
    if !rules.is_empty() && !rules.ends_with('\n') {
        rules.push('\n');
    }
    for pattern in excludes {
        rules.push_str(pattern);
        rules.push('\n');
    }
    rules
}

/// Writes a copy of the Dockerfile with its own ignore file beside it, which BuildKit prefers
/// to the context's `.dockerignore`. Returns the copy's path.
///
/// # Errors
/// Fails when the Dockerfile cannot be read or the copy not be written.
pub fn dockerfile_with_rules(folder: &TempDir, dockerfile: &Path, rules: &str) -> Result<PathBuf> {
    let failed =
        |error: io::Error| Error::new(Kind::Project, format!("copy {} for the build", dockerfile.display())).because(error);
    let mut text = Vec::new();
    let file = std::fs::File::open(dockerfile).map_err(failed)?;
    let read = io::Read::read_to_end(&mut io::Read::take(file, DOCKERFILE_LIMIT + 1), &mut text).map_err(failed)?;
    if read as u64 > DOCKERFILE_LIMIT {
        return Err(failed(io::Error::other("it is larger than 4 MiB")));
    }
    let copy = folder.path().join("Dockerfile");
    std::fs::write(&copy, text).map_err(failed)?;
    std::fs::write(folder.path().join("Dockerfile.dockerignore"), rules).map_err(failed)?;
    Ok(copy)
}

/// Writes the ignore rules into a private file for buildah and podman. Returns its path.
///
/// # Errors
/// Fails when the file cannot be written.
pub fn rules_file(folder: &TempDir, rules: &str) -> Result<OsString> {
    let file = folder.path().join("ignore");
    let rules: String = rules.lines().flat_map(|line| [unrooted(line), "\n".into()]).collect();
    std::fs::write(&file, rules)
        .map_err(|error| Error::new(Kind::Project, "write the ignore rules for the build").because(error))?;
    Ok(file.into_os_string())
}

/// Takes leading slashes off a rule. To Docker they say nothing, because all rules start at the
/// context's root; podman 4.3 takes them for a part of the name, so that the rule does nothing.
fn unrooted(line: &str) -> Cow<'_, str> {
    let (mark, pattern) = line.trim().strip_prefix('!').map_or(("", line.trim()), |pattern| ("!", pattern.trim()));
    let rest = pattern.trim_start_matches('/');
    // Only a leading slash keeps `..` inside of the context.
    if rest.len() == pattern.len() || rest.is_empty() || rest.split('/').any(|part| part == "..") {
        return line.into();
    }
    // What the slash hid must not become a comment or an exception.
    let escape = if rest.starts_with(['#', '!']) { "\\" } else { "" };
    format!("{mark}{escape}{rest}").into()
}

/// Writes the entries, and the Dockerfile when it is not among them, as a tar stream. Files are
/// read as they are written, so memory stays small whatever the project's size.
///
/// # Errors
/// Fails when a file cannot be read, changed its size meanwhile, or the stream is closed.
pub fn write_tar(out: &mut dyn Write, entries: &[Entry], dockerfile: (&RelPath, &Path)) -> io::Result<()> {
    let mut tar = tar::Builder::new(out);
    if !entries.iter().any(|entry| entry.path == *dockerfile.0) {
        let size = std::fs::metadata(dockerfile.1)?.len();
        append_file(&mut tar, dockerfile.0, dockerfile.1, (size, false))?;
    }
    for entry in entries {
        match &entry.kind {
            EntryKind::File { size, executable } => append_file(&mut tar, &entry.path, &entry.source, (*size, *executable))?,
            EntryKind::Symlink { target } => {
                let mut header = header(0o777, 0);
                header.set_entry_type(tar::EntryType::Symlink);
                tar.append_link(&mut header, entry.path.to_path(), path_of(target))?;
            }
        }
    }
    tar.into_inner()?.flush()
}

fn append_file(
    tar: &mut tar::Builder<&mut dyn Write>,
    path: &RelPath,
    source: &Path,
    (size, executable): (u64, bool),
) -> io::Result<()> {
    let file = std::fs::File::open(source)?;
    if file.metadata()?.len() != size {
        return Err(io::Error::other(format!("{path} changed while the image was being built")));
    }
    let mut header = header(if executable { 0o755 } else { 0o644 }, size);
    // `take` keeps the stream well-formed when the file grows after the check.
    let mut exact = io::Read::take(file, size);
    tar.append_data(&mut header, path.to_path(), &mut exact)
}

fn header(mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header
}

fn path_of(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_loses_its_leading_slash_and_nothing_else() {
        let rules = [
            ("/dags", "dags"),
            ("  //dags/ ", "dags/"),
            ("!/dags/x", "!dags/x"),
            ("! /x", "!x"),
            ("/#x", "\\#x"),
            ("/!x", "\\!x"),
            ("#/x", "#/x"),
            (" #x", " #x"),
            ("a/b", "a/b"),
            ("**/x", "**/x"),
            ("/", "/"),
            ("/a/../../x", "/a/../../x"),
            ("", ""),
        ];
        for (rule, expected) in rules {
            assert_eq!(unrooted(rule), expected, "{rule:?}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let file = rules_file(&folder, "/dags\r\n*.md").expect("a file");
        assert_eq!(std::fs::read_to_string(file).expect("its text"), "dags\n*.md\n");
    }
}
