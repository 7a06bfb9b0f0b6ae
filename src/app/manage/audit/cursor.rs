//! How far exports came: a small file, so that the next export goes on there and repeats nothing.

use std::io::Write as _;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::app::configure::bounded;
use crate::error::{Error, Kind, Result};

/// Largest file that is read, in bytes.
const LIMIT: u64 = 16 << 20;
/// Most events that are remembered by their identity.
const MOST_SEEN: usize = 200_000;

/// How far an export came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The Organization whose events they are.
    pub organization: String,
    /// Up to when events were exported.
    pub until: Timestamp,
    /// Identities of the newest events, because the platform may write an event down late.
    pub seen: Vec<u64>,
}

impl Cursor {
    /// Reads the file; none when there is none yet.
    ///
    /// # Errors
    /// `Kind::Usage` for what is no cursor, `Kind::Project` when it cannot be read.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let Some(bytes) = bounded(path, LIMIT)? else { return Ok(None) };
        let wrong = || {
            Error::new(Kind::Usage, format!("read the cursor file {}", path.display()))
                .because("it was not written by an export")
                .hint("name another file, or delete it to begin anew")
        };
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
        let text = |name: &str| value[name].as_str().ok_or_else(wrong);
        let seen = value["seen"].as_array().ok_or_else(wrong)?;
        let seen = seen.iter().map(|one| u64::from_str_radix(one.as_str()?, 16).ok()).collect::<Option<Vec<_>>>();
        Ok(Some(Self {
            organization: text("organization")?.to_owned(),
            until: text("until")?.parse().map_err(|_| wrong())?,
            seen: seen.ok_or_else(wrong)?,
        }))
    }

    /// Replaces the file, whole or not at all.
    ///
    /// # Errors
    /// `Kind::Project` when it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let newest = self.seen.get(self.seen.len().saturating_sub(MOST_SEEN)..).unwrap_or_default();
        let seen: Vec<String> = newest.iter().map(|one| format!("{one:016x}")).collect();
        let json = json!({ "schema": 1, "organization": self.organization, "until": self.until.to_string(), "seen": seen });
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
            file.write_all(json.to_string().as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(path).map(drop).map_err(|error| error.error)
        };
        write().map_err(|error: std::io::Error| {
            Error::new(Kind::Project, format!("write the cursor file {}", path.display())).because(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cursor");
        assert_eq!(Cursor::read(&path).expect("nothing"), None);
        let until = "2026-08-01T00:00:00Z".parse().expect("a time");
        let cursor = Cursor { organization: "o".to_owned(), until, seen: vec![0, 7, u64::MAX] };
        cursor.write(&path).expect("written");
        assert_eq!(Cursor::read(&path).expect("read"), Some(cursor));
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"organization":"o","until":"now","seen":[]}"#,
            r#"{"organization":"o","until":"2026-08-01T00:00:00Z","seen":[1]}"#,
        ] {
            std::fs::write(&path, wrong).expect("a file");
            assert_eq!(Cursor::read(&path).expect_err("wrong").kind(), Kind::Usage, "{wrong}");
        }
    }
}
