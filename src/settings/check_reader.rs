//! Reads the settings of the checks before a deploy.
//! It knows what values are allowed, not how a check is done.

use std::time::Duration;

use crate::error::Result;
use crate::settings::checks::Checks;
use crate::settings::reader::Reader;

/// Reads the checks.
///
/// # Errors
/// Fails on a test path that leaves the project, on a version that is none, and on no time at all.
pub fn checks(reader: &Reader<'_>) -> Result<Checks> {
    let version = reader.text("airflow-version");
    if version.as_deref().is_some_and(|version| !is_version(version)) {
        return Err(reader.wrong("airflow-version", "expected numbers parted by dots, such as `3.1` or `2.11.0`"));
    }
    let time = |name: &str| match reader.duration(name) {
        Some(time) if time >= Duration::from_secs(1) => Ok(time),
        _ => Err(reader.wrong(name, "expected a second at least")),
    };
    Ok(Checks {
        parse: reader.is_on("parse"),
        pytest: reader.is_on("pytest"),
        pytest_file: reader.inner_path("pytest-file")?,
        parse_timeout: time("parse-timeout")?,
        pytest_timeout: time("pytest-timeout")?,
        airflow_version: version,
        cache: reader.absolute_path("check-cache"),
        junit_file: reader.absolute_path("junit-file"),
    })
}

/// Returns whether a text is two or three numbers parted by dots.
fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let number = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    (2..=3).contains(&parts.len()) && parts.iter().all(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_are_a_version() {
        for good in ["3.1", "2.11.0", "3.1.8"] {
            assert!(is_version(good), "{good}");
        }
        for bad in ["", "3", "3.1.8.1", "3.x", ">=3.1", "3.1\n--index-url x", "3..1", "12345.1"] {
            assert!(!is_version(bad), "{bad}");
        }
    }
}
