//! Spans of time as flags give them.

/// Reads a number of days such as `60d`, `60 days`, `8w` or `60`.
///
/// # Errors
/// Returns what was expected.
pub fn days(text: &str) -> Result<u32, String> {
    let text = text.trim();
    let digits = text.trim_end_matches(|character: char| !character.is_ascii_digit());
    let factor = match text.strip_prefix(digits).unwrap_or_default().trim() {
        "" | "d" | "day" | "days" => 1,
        "w" | "week" | "weeks" => 7,
        _ => 0,
    };
    let days =
        digits.parse::<u32>().ok().and_then(|number| number.checked_mul(factor)).filter(|days| (1..=36_500).contains(days));
    days.ok_or_else(|| "expected a number of days, such as `60d`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_in_their_usual_spellings() {
        for (text, expected) in [("60d", 60), ("60", 60), (" 2 weeks", 14), ("1 day", 1)] {
            assert_eq!(days(text), Ok(expected), "{text}");
        }
        for wrong in ["", "d", "0d", "1h", "-1d", "99999999999d", "1d2"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }
}
