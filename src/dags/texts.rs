//! Texts of a source in a form that is safe to show: one line, of bounded length.
//! It does not know what they mean.

/// The longest text in characters; the rest is cut off.
pub const LONGEST: usize = 250;

/// Returns a text with control characters escaped, those that turn the reading direction
/// included, and cut to a bounded length.
#[must_use]
pub fn readable(text: &str) -> String {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        match character {
            _ if count == LONGEST => {
                shown.push('…');
                break;
            }
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                shown.extend(character.escape_default())
            }
            _ if character.is_control() => shown.extend(character.escape_default()),
            _ => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_on_its_line_and_short() {
        assert_eq!(readable("a é 日"), "a é 日");
        assert_eq!(readable("a\n::x\r\t\0\u{202e}\u{2028}"), "a\\n::x\\r\\t\\u{0}\\u{202e}\\u{2028}");
        assert_eq!(readable(&"é".repeat(9_000)).chars().count(), LONGEST + 1);
    }
}
