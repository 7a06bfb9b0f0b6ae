//! Text that a flag gives: as it stands, from a file with `@FILE`, or from standard input with `-`.

use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use crate::app::configure::bounded;
use crate::app::session::Session;
use crate::error::{Error, Kind, Result};

/// Most bytes read from a file or from standard input.
pub const LIMIT: u64 = 16 << 20;

/// Returns the text that a flag gives.
///
/// # Errors
/// `Kind::Usage` when the file is missing or not text, `Kind::Project` when it cannot be read or is too large.
pub fn text(session: &Session, given: &str) -> Result<String> {
    match given.strip_prefix('@') {
        Some(path) => file(session, Path::new(path)),
        None if given == "-" => standard_input(),
        None => Ok(given.to_owned()),
    }
}

/// Returns the text of a file; `-` is standard input. Relative paths count from the current folder.
///
/// # Errors
/// As `text`.
pub fn file(session: &Session, path: &Path) -> Result<String> {
    if path.as_os_str() == "-" {
        return standard_input();
    }
    let doing = || format!("read {}", path.display());
    let bytes = bounded(&session.env.current_dir().join(path), LIMIT)?
        .ok_or_else(|| Error::new(Kind::Usage, doing()).because("there is no such file"))?;
    String::from_utf8(bytes).map_err(|_| Error::new(Kind::Usage, doing()).because("it is not text in UTF-8"))
}

fn standard_input() -> Result<String> {
    let refused = |because: &dyn std::fmt::Display| Error::new(Kind::Usage, "read standard input").because(because);
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes).map_err(|error| refused(&error))?;
    if bytes.len() as u64 > LIMIT {
        return Err(refused(&format!("it is larger than {LIMIT} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| refused(&"it is not text in UTF-8"))
}

/// Returns the JSON that a flag gives.
///
/// # Errors
/// As `text`; `Kind::Usage` with line and column for what is no JSON.
pub fn json(session: &Session, flag: &str, given: &str) -> Result<Value> {
    let text = text(session, given)?;
    serde_json::from_str(&text).map_err(|error| {
        Error::new(Kind::Usage, format!("read `{flag}`")).because(format!(
            "it is no JSON: line {}, column {}",
            error.line(),
            error.column()
        ))
    })
}

/// Returns the name and value of `NAME=VALUE`.
///
/// # Errors
/// `Kind::Usage` without `=` or without a name.
pub fn pair<'a>(flag: &str, given: &'a str) -> Result<(&'a str, &'a str)> {
    let pair = given.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.ok_or_else(|| Error::new(Kind::Usage, format!("read `{flag}`")).because("it is not of the form NAME=VALUE"))
}
