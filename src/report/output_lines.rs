//! Outputs as lines `NAME=value`, which GitLab's dotenv reports
//! (<https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv>), Java properties,
//! `docker --env-file` and a shell's `.` all read alike. It knows their common ground, not what the outputs mean.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use crate::env::names;
use crate::error::{Error, Kind, Result};

/// Outputs that are prose or JSON. No line could hold them for all readers.
const LEFT_OUT: &[&str] = &["reason", "json"];

/// Returns the outputs by the names that lines give them: `deploy-id` is `LIFTOFF_OUTPUT_DEPLOY_ID`. A
/// value that means something to a shell, to GitLab or to Java is left empty: those whose names
/// stand in `report::outputs` never do.
#[must_use]
pub fn named(outputs: &[(&str, String)]) -> Vec<(String, String)> {
    outputs
        .iter()
        .filter(|(name, _)| !LEFT_OUT.contains(name))
        .map(|(name, value)| {
            let name = format!("{}{}", names::LIFTOFF_OUTPUT, name.to_ascii_uppercase().replace('-', "_"));
            (name, if is_plain(value) { value.clone() } else { String::new() })
        })
        .collect()
}

/// Appends the outputs to a file that the CI system made.
///
/// # Errors
/// `Kind::Project` when it cannot be written.
pub fn append(path: &Path, outputs: &[(&str, String)]) -> Result<()> {
    let write = || OpenOptions::new().append(true).create(true).open(path)?.write_all(lines(outputs).as_bytes());
    write().map_err(|error| failure(path, &error))
}

/// Makes a file of the outputs, in place of what is there: of a link, too, so that a link in
/// the checkout cannot lead outside.
///
/// # Errors
/// `Kind::Project` when it cannot be written.
pub fn replace(path: &Path, outputs: &[(&str, String)]) -> Result<()> {
    let write = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        // Whoever collects the file may be another user.
        #[cfg(unix)]
        builder.permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(lines(outputs).as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| failure(path, &error))
}

fn lines(outputs: &[(&str, String)]) -> String {
    named(outputs).iter().map(|(name, value)| format!("{name}={value}\n")).collect()
}

/// GitLab expands `$` and trims white space, TeamCity and Windows expand `%`, a shell acts on the rest.
fn is_plain(value: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b':' | b'@' | b'+' | b',' | b'=' | b'?' | b'-')
    };
    value.bytes().all(plain)
}

fn failure(path: &Path, error: &std::io::Error) -> Error {
    Error::new(Kind::Project, "write the outputs").because(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::outputs::NAMES;

    fn outputs(value: &str) -> Vec<(&'static str, String)> {
        NAMES.iter().map(|name| (*name, value.to_owned())).collect()
    }

    #[test]
    fn lines_keep_to_what_all_readers_allow() {
        let hostile = [
            "a b",
            "$HOME",
            "`id`",
            "a;b",
            "a\nLIFTOFF_OUTPUT_DEPLOYED=true",
            "a\rb",
            "'",
            "\"",
            "a&b",
            "#x",
            "~",
            "%PATH%",
            "é",
            "a\\b",
            "*",
            "(x)",
            "<x",
            "|x",
            "!x",
        ];
        for value in hostile {
            assert!(named(&outputs(value)).iter().all(|(_, value)| value.is_empty()), "{value:?}");
        }
        let fine = [
            "",
            "true",
            "DAG_ONLY",
            "2026-08-01T10:00:00.1234567Z",
            "https://acme.astronomer.run/d1?orgId=org_1",
            "deploy-2026-08-01T10-00",
            "a@b+c,d=e",
        ];
        for value in fine {
            assert!(named(&outputs(value)).iter().all(|(_, kept)| kept == value), "{value:?}");
        }
        let text = lines(&outputs("x"));
        assert_eq!(text.lines().next(), Some("LIFTOFF_OUTPUT_DEPLOYED=x"));
        assert!(text.lines().all(|line| line.split_once('=').is_some_and(|(name, _)| {
            name.strip_prefix("LIFTOFF_OUTPUT_")
                .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        })));
        // GitLab's own limits when nobody raised them: 20 variables, 5 KB.
        assert!(text.lines().count() <= 20 && lines(&outputs(&"x".repeat(350))).len() <= 5 << 10);
        assert!(!text.contains("REASON") && !text.contains("JSON"));
    }

    #[test]
    fn a_systems_file_is_appended_to_and_ones_own_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file.env");
        std::fs::write(&path, "EARLIER=1\n").expect("written");
        append(&path, &[("deploy-id", "d1".to_owned())]).expect("appended");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "EARLIER=1\nLIFTOFF_OUTPUT_DEPLOY_ID=d1\n");
        replace(&path, &[("deploy-id", "d2".to_owned())]).expect("replaced");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "LIFTOFF_OUTPUT_DEPLOY_ID=d2\n");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left beside it");
        let error = replace(&folder.path().join("none/file.env"), &[]).expect_err("no folder");
        assert!(error.cause().is_some_and(|cause| cause.contains("none/file.env")), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (secret, link) = (folder.path().join("secret"), folder.path().join("liftoff.env"));
        std::fs::write(&secret, "kept").expect("written");
        std::os::unix::fs::symlink(&secret, &link).expect("a link");
        replace(&link, &[("deploy-id", "d1".to_owned())]).expect("replaced");
        assert_eq!(std::fs::read_to_string(&secret).expect("a file"), "kept");
        assert!(!link.is_symlink());
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(link.metadata().expect("metadata").permissions().mode() & 0o444, 0o444);
    }
}
