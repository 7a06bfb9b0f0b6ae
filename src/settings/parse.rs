//! Reads the words of values: switches, durations, lists, paths.
//! It knows no setting by name and never asks the file system.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::settings::setting::ValueKind;

/// The longest accepted duration.
pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads a switch: `true`, `yes`, `on`, `1` and their opposites in any case.
#[must_use]
pub fn switch(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Reads a duration such as `300s`, `5m`, `10 min`, `1h30m` or bare seconds.
///
/// # Errors
/// Returns what is wrong when the text is no duration, is zero, or is longer than `LONGEST`.
pub fn duration(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a duration such as `300s`, `5m` or `1h30m`";
    let text = text.trim();
    let mut rest = text;
    let mut seconds: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|character: char| character.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.len() - after.trim_start_matches(|character: char| character.is_ascii_alphabetic()).len();
        let (unit, after) = after.split_at(letters);
        let factor = match unit.to_ascii_lowercase().as_str() {
            // A number without a unit stands alone: `1h30` could mean minutes or seconds.
            "" if number.len() == text.len() => 1,
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
            _ => return Err(EXPECTED.to_owned()),
        };
        let number: u64 = number.parse().map_err(|_| EXPECTED.to_owned())?;
        seconds = seconds.saturating_add(number.saturating_mul(factor));
        rest = after.trim_start();
    }
    match Duration::from_secs(seconds) {
        Duration::ZERO if text.is_empty() => Err(EXPECTED.to_owned()),
        Duration::ZERO => Err("must be longer than nothing".to_owned()),
        long if long > LONGEST => Err(format!("must not be longer than {} hours", LONGEST.as_secs() / 3600)),
        duration => Ok(duration),
    }
}

/// Reads a lifetime such as `12h`, `7d` or `2w`, up to a year; none for `never`.
///
/// # Errors
/// Returns what is wrong.
pub fn lifetime(text: &str) -> Result<Option<Duration>, String> {
    const DAY: u64 = 24 * 60 * 60;
    let text = text.trim().to_ascii_lowercase();
    if text == "never" {
        return Ok(None);
    }
    let number = |unit: char| text.strip_suffix(unit).and_then(|number| number.trim().parse::<u64>().ok());
    let seconds = match (number('h'), number('d'), number('w')) {
        (Some(hours), ..) => hours.checked_mul(3_600),
        (_, Some(days), _) => days.checked_mul(DAY),
        (.., Some(weeks)) => weeks.checked_mul(7 * DAY),
        _ => None,
    };
    match seconds {
        Some(seconds) if (1..=366 * DAY).contains(&seconds) => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(format!(
            "expected hours, days or weeks up to a year such as `12h`, `7d` or `2w`, or `never`, got {}",
            quoted(&text)
        )),
    }
}

/// Splits a list by its kind, trims the items and drops the empty ones.
#[must_use]
pub fn items(kind: ValueKind, text: &str) -> Vec<String> {
    let commas = kind == ValueKind::List;
    text.split(|character: char| character == '\n' || (commas && character == ','))
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Joins a path to an absolute folder and removes `.` and `..` by text alone. Absolute paths
/// stay where they point.
#[must_use]
pub fn absolute(folder: &Path, text: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for component in folder.join(text).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                path.pop();
            }
            other => path.push(other),
        }
    }
    path
}

/// Quotes a value for an error message on one line: control characters escaped, at most 80
/// characters.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("`{}`", escaped(text))
}

/// Returns a value as `quoted` shows it, without the marks around it.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut shown: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    if text.chars().nth(80).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_have_eight_words_in_any_case() {
        for text in ["true", "TRUE", " yes ", "On", "1"] {
            assert_eq!(switch(text), Some(true), "{text}");
        }
        for text in ["false", "No", "OFF", "0"] {
            assert_eq!(switch(text), Some(false), "{text}");
        }
        for text in ["", "y", "2", "truee", "null"] {
            assert_eq!(switch(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        let rows = [
            ("300s", 300),
            ("5m", 300),
            ("10 min", 600),
            ("1h30m", 5400),
            ("1h 30m", 5400),
            ("90", 90),
            ("2 Hours", 7200),
            ("0h5m", 300),
            ("24h", 86400),
        ];
        for (text, seconds) in rows {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "0",
            "0s",
            "m",
            "5x",
            "-5m",
            "1.5h",
            "1h30",
            "25h",
            "99999999999999999999h",
            "18446744073709551615h",
            "5 m s",
            "５m",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lifetimes_have_one_unit() {
        let hours = |text: &str| lifetime(text).map(|found| found.map(|found| found.as_secs() / 3_600));
        for (text, expected) in [("12h", Some(12)), (" 7D", Some(168)), ("2w", Some(336)), ("366 d", Some(8784)), ("Never", None)]
        {
            assert_eq!(hours(text), Ok(expected), "{text}");
        }
        for text in ["", "0d", "7", "d", "367d", "-1d", "1.5d", "7d12h", "99999999999999999999w", "18446744073709551615w"] {
            assert!(hours(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lists_split_by_their_kind() {
        assert_eq!(items(ValueKind::List, "a, b\r\n\n c,"), ["a", "b", "c"]);
        assert_eq!(items(ValueKind::Lines, "id=a,src=b\n id=c \n"), ["id=a,src=b", "id=c"]);
    }

    #[test]
    fn paths_become_absolute_by_text_alone() {
        for (text, expected) in
            [("a", "/w/p/a"), ("./a/", "/w/p/a"), ("../a", "/w/a"), ("/x/../y", "/y"), (".", "/w/p"), ("../../../..", "/")]
        {
            assert_eq!(absolute(Path::new("/w/p"), text), PathBuf::from(expected), "{text}");
        }
    }

    #[test]
    fn quoted_values_stay_on_one_short_line() {
        assert_eq!(quoted("a\n\u{1b}[31m"), "`a\\n\\u{1b}[31m`");
        assert!(quoted(&"é".repeat(500)).chars().count() <= 83);
    }
}
