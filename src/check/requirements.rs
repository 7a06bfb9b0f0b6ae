//! `requirements.txt` as far as a check must understand it: its content, the files it includes, and the secrets in it.
//! What the packages are is the installer's business.

use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};
use crate::model::secret::Secret;
use crate::project::file;

/// Name of the file in a project.
pub const FILE: &str = "requirements.txt";
/// The largest file in bytes.
const LARGEST: usize = 1 << 20;
/// The most files that include each other.
const MOST_FILES: usize = 50;
/// Options that include another file, with what may stand between them and its name.
const INCLUDES: &[&str] = &["--requirement=", "--requirement ", "--constraint=", "--constraint ", "-r ", "-c ", "-r", "-c"];

/// The requirements of a project.
#[derive(Debug, Default)]
pub struct Requirements {
    /// The file; none where there is none or it asks for nothing.
    pub file: Option<PathBuf>,
    /// Hash of its content and of the files it includes.
    pub digest: [u8; 32],
    /// Whether it asks for folders of this machine, whose content nothing here knows.
    pub is_local: bool,
    /// Variables that it refers to as `${NAME}`.
    pub referred: Vec<String>,
    /// Credentials in the addresses of package indexes.
    pub secrets: Vec<Secret>,
}

/// Reads the requirements of a project.
///
/// # Errors
/// `Kind::Project` when a file cannot be read, is too large, or includes others without end.
pub fn read(project: &Path) -> Result<Requirements> {
    let start = project.join(FILE);
    let mut found = Requirements::default();
    if !start.exists() {
        return Ok(found);
    }
    let mut hasher = blake3::Hasher::new();
    let mut waiting = vec![start.clone()];
    let mut seen: Vec<PathBuf> = Vec::new();
    while let Some(path) = waiting.pop() {
        if seen.contains(&path) {
            continue;
        }
        if seen.len() == MOST_FILES {
            return Err(unreadable(&path).because(format!("{FILE} includes more than {MOST_FILES} files")));
        }
        let text = text(&path)?;
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
        let folder = path.parent().unwrap_or(project).to_owned();
        for line in text.lines().map(|line| without_remark(line).trim()).filter(|line| !line.is_empty()) {
            found.take(line);
            match included(line) {
                // What lies elsewhere in the network, the installer reads.
                Some(name) if !name.contains("://") => waiting.push(folder.join(name)),
                _ => {}
            }
        }
        seen.push(path);
    }
    found.digest = *hasher.finalize().as_bytes();
    if found.file.is_some() {
        found.file = Some(start);
    }
    Ok(found)
}

impl Requirements {
    fn take(&mut self, line: &str) {
        // Any line at all makes the file worth installing; its path is set in the end.
        self.file = Some(PathBuf::new());
        self.is_local |= is_local(line);
        self.referred.extend(referred(line));
        self.secrets.extend(secrets(line));
    }
}

/// Returns the credentials in the addresses of a text: what stands before `@`, and the password in it.
#[must_use]
pub fn secrets(text: &str) -> Vec<Secret> {
    let mut secrets = Vec::new();
    for rest in text.split("://").skip(1) {
        let host = rest.split(['/', ' ', '\t', '"', '\'', '?', '#']).next().unwrap_or_default();
        let Some((user_info, _)) = host.rsplit_once('@') else { continue };
        let password = user_info.split_once(':').map_or("", |(_, password)| password);
        secrets.extend(
            [user_info, password].into_iter().filter(|text| !text.is_empty() && !text.starts_with("${")).map(Secret::new),
        );
    }
    secrets
}

fn text(path: &Path) -> Result<String> {
    // A link is followed: what it leads to is what the installer would read.
    let real = std::fs::canonicalize(path).map_err(|error| unreadable(path).because(error))?;
    let bytes = file::bytes(&real, LARGEST).map_err(|error| unreadable(path).because(error))?;
    if bytes.len() > LARGEST {
        return Err(unreadable(path).because(format!("it is larger than {} MiB", LARGEST >> 20)));
    }
    String::from_utf8(bytes).map_err(|_| unreadable(path).because("it is not UTF-8 text"))
}

fn unreadable(path: &Path) -> Error {
    Error::new(Kind::Project, format!("read {}", path.display()))
}

/// A remark begins at the start of a line or after a blank, since addresses may hold `#`.
fn without_remark(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    line.split_once(" #").map_or(line, |(before, _)| before)
}

fn included(line: &str) -> Option<&str> {
    let name = INCLUDES.iter().find_map(|option| line.strip_prefix(option))?.trim();
    (!name.is_empty()).then_some(name)
}

fn is_local(line: &str) -> bool {
    let starts = ["-e", "--editable", ".", "/", "file:"];
    starts.iter().any(|start| line.starts_with(start))
        || line.contains("file:")
        || line.ends_with(".whl") && !line.contains("://")
}

fn referred(line: &str) -> impl Iterator<Item = String> {
    let names = line.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    let is_name = |name: &&str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    names.filter(is_name).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        files.iter().for_each(|(path, text)| std::fs::write(folder.path().join(path), text).expect("a file"));
        folder
    }

    fn of(files: &[(&str, &str)]) -> Requirements {
        read(project(files).path()).expect("requirements")
    }

    #[test]
    fn the_content_counts_with_that_of_included_files() {
        let plain = of(&[(FILE, "requests==1\n-r more.txt\n"), ("more.txt", "six\n")]);
        assert!(plain.file.is_some() && !plain.is_local);
        assert_eq!(of(&[(FILE, "requests==1\n-r more.txt\n"), ("more.txt", "six\n")]).digest, plain.digest);
        assert_ne!(of(&[(FILE, "requests==1\n-r more.txt\n"), ("more.txt", "six==1\n")]).digest, plain.digest);
        assert!(of(&[(FILE, "# nothing\n\n")]).file.is_none());
        assert!(of(&[]).file.is_none());
        for local in ["-e .", "./include/pkg", "pkg @ file:///x", "wheels/a.whl"] {
            assert!(of(&[(FILE, local)]).is_local, "{local}");
        }
        assert!(!of(&[(FILE, "a @ https://x.example/a.whl")]).is_local);
    }

    #[test]
    fn files_that_include_each_other_are_read_once_and_missing_ones_are_told() {
        of(&[(FILE, "-r a.txt\n"), ("a.txt", "-r requirements.txt\n--requirement=a.txt\n")]);
        let error = read(project(&[(FILE, "-r gone.txt\n")]).path()).expect_err("a missing file");
        assert!(error.kind() == Kind::Project && error.doing().ends_with("gone.txt"), "{error}");
    }

    #[test]
    fn credentials_are_known_and_variables_found() {
        let found = of(&[(
            FILE,
            "--index-url https://ada:hunter2@pypi.example/simple # why\n--extra-index-url=https://${USER_A}:${TOKEN_1}@x.example/\n",
        )]);
        let secrets: Vec<&str> = found.secrets.iter().map(Secret::expose).collect();
        assert!(secrets.contains(&"hunter2") && secrets.contains(&"ada:hunter2"), "{}", secrets.len());
        assert_eq!(found.referred, ["USER_A", "TOKEN_1"]);
        assert!(!format!("{found:?}").contains("hunter2"));
    }
}
