//! The files through which a step hands outputs and a summary to GitHub's runner:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#environment-files>.
//! It knows their syntax and limits, not what stands in them.

use std::collections::hash_map::RandomState;
use std::fs::OpenOptions;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::Write as _;
use std::path::Path;

use crate::error::{Error, Kind, Result};

/// The most bytes of a step's summary; the runner drops a longer one altogether.
pub const SUMMARY_LIMIT: u64 = 1024 * 1024;

const CUT: &str = "\n\n_The summary was cut because GitHub shows at most 1 MiB._\n";

/// Appends step outputs to the file named by `GITHUB_OUTPUT`. Values may hold anything.
///
/// # Errors
/// Fails with `Kind::Internal` on a name that is not letters, digits, `-` and `_`, and with
/// `Kind::Project` when the file cannot be written.
pub fn write_outputs(path: &Path, pairs: &[(&str, String)]) -> Result<()> {
    let mut text = String::new();
    for (name, value) in pairs {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Err(Error::new(Kind::Internal, "write the step's outputs").because(format!("`{name}` is no output name")));
        }
        let delimiter = delimiter(value);
        text.push_str(&format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"));
    }
    append(path, &text).map_err(|error| failure("write the step's outputs", path, &error))
}

/// Appends Markdown to the file named by `GITHUB_STEP_SUMMARY`, cut so that the whole file
/// stays within `SUMMARY_LIMIT`.
///
/// # Errors
/// Fails with `Kind::Project` when the file cannot be written.
pub fn append_summary(path: &Path, markdown: &str) -> Result<()> {
    let doing = "write the job summary";
    let present = match std::fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(failure(doing, path, &error)),
    };
    let room = usize::try_from(SUMMARY_LIMIT.saturating_sub(present)).unwrap_or(0);
    // The blank line ends an HTML block of whatever comes before.
    append(path, &fitted(&format!("{}\n\n", markdown.trim_end()), room)).map_err(|error| failure(doing, path, &error))
}

fn fitted(text: &str, room: usize) -> String {
    if text.len() <= room {
        return text.to_owned();
    }
    let Some(room) = room.checked_sub(CUT.len()) else { return String::new() };
    let cut = text.floor_char_boundary(room);
    // Whole lines, so that no table row or link is cut in half.
    let cut = text.get(..cut).and_then(|kept| kept.rfind('\n')).unwrap_or(0);
    format!("{}{CUT}", text.get(..cut).unwrap_or_default())
}

/// Returns a line that does not occur in the value. It is random, so that no value can be
/// written to end early and add outputs of its own.
fn delimiter(value: &str) -> String {
    loop {
        // Each state is keyed from the system's source of randomness.
        let (left, right) = (RandomState::new().build_hasher(), RandomState::new().build_hasher());
        let delimiter = format!("liftoff_{:016x}{:016x}", left.finish(), right.finish());
        if !value.contains(&delimiter) {
            return delimiter;
        }
    }
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(text.as_bytes())
}

fn failure(doing: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::new(Kind::Project, doing)
        .because(format!("{}: {error}", path.display()))
        .hint("when Liftoff runs in a container of its own, mount the folder of that file into it")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the file as the runner does (github.com/actions/runner, `FileCommandManager.cs`).
    fn read(path: &Path) -> Vec<(String, String)> {
        let text = std::fs::read_to_string(path).expect("the file");
        let mut lines = text.split('\n');
        let mut outputs = Vec::new();
        while let Some(line) = lines.next().filter(|line| !line.is_empty()) {
            let (name, delimiter) = line.split_once("<<").expect("a heredoc");
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            outputs.push((name.to_owned(), value.join("\n")));
        }
        outputs
    }

    #[test]
    fn outputs_come_back_as_they_were() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("output");
        std::fs::write(&path, "earlier<<E\nx\nE\n").expect("written");
        let pairs = [
            ("deployed", "true".to_owned()),
            ("reason", "a\nb<<EOF\nEOF\ndeployed=false\n\n".to_owned()),
            ("preview-id", String::new()),
            ("json", "{\"a\": \"é\"}\r".to_owned()),
        ];
        write_outputs(&path, &pairs).expect("written");
        let expected = std::iter::once(("earlier".to_owned(), "x".to_owned()))
            .chain(pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        assert_eq!(read(&path), expected.collect::<Vec<_>>());
        for name in ["", "a b", "a<<b", "a\nb", "a=b"] {
            assert_eq!(write_outputs(&path, &[(name, String::new())]).expect_err(name).kind(), Kind::Internal);
        }
    }

    #[test]
    fn no_two_delimiters_are_alike() {
        assert_ne!(delimiter(""), delimiter(""));
        assert!(delimiter("").len() > 32);
    }

    #[test]
    fn a_summary_is_appended_and_stays_below_the_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("summary");
        append_summary(&path, "# One\n\n").expect("written");
        append_summary(&path, "two").expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("the file"), "# One\n\ntwo\n\n");
        append_summary(&path, &"é line\n".repeat(200_000)).expect("written");
        append_summary(&path, &"more\n".repeat(1000)).expect("written");
        let text = std::fs::read_to_string(&path).expect("the file");
        assert!(text.len() as u64 <= SUMMARY_LIMIT && text.len() as u64 > SUMMARY_LIMIT - 100, "{}", text.len());
        assert!(text.contains("é line\n\n_The summary was cut"));
    }

    #[test]
    fn cutting_never_splits_a_line_or_exceeds_its_room() {
        let text = "ééé\n".repeat(40);
        for room in 0..=text.len() {
            let kept = fitted(&text, room);
            assert!(kept.len() <= room);
            assert!(
                kept.strip_suffix(CUT).is_none_or(|kept| kept.split('\n').all(|line| line == "ééé" || line.is_empty())),
                "{room}"
            );
        }
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("none/output");
        let error = write_outputs(&path, &[("a", "b".to_owned())]).expect_err("no folder");
        assert!(error.cause().is_some_and(|cause| cause.contains("none/output")), "{error}");
        assert_eq!(append_summary(&path, "x").expect_err("no folder").kind(), Kind::Project);
    }
}
