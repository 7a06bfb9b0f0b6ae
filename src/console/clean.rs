//! Makes text harmless before it is printed: hostile names, titles and messages stay text.
//! It knows what terminals and CI systems act on; it prints nothing.

/// The most characters of one line of talk.
const LONGEST: usize = 8 * 1024;

/// Returns the text on one line: control characters, line ends included, and characters that
/// nobody sees or that turn the reading direction are escaped. Cut after 8,192 characters.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = escaped(text.trim_end_matches(['\n', '\r']));
    if let Some((cut, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(cut);
        line.push('…');
    }
    defused(&line)
}

/// Returns the text with its line ends kept and every line made harmless; never cut.
#[must_use]
pub fn lines(text: &str) -> String {
    text.lines().map(|line| defused(&escaped(line))).collect::<Vec<_>>().join("\n")
}

/// Parts what Azure Pipelines, TeamCity and GitHub's runner take for a command anywhere in a
/// line: `##`, letters, `[`. GitHub's older form is `##[name]`, looked for at any position
/// (github.com/actions/runner, `ActionCommand.cs`).
fn defused(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find("##") {
        // Two bytes of ASCII were found, so the next positions are character boundaries.
        let (before, after) = rest.split_at(start + 1);
        safe.push_str(before);
        let command = after.trim_start_matches('#').trim_start_matches(|character: char| character.is_ascii_alphabetic());
        if command.starts_with('[') {
            safe.push(' ');
        }
        rest = after;
    }
    safe.push_str(rest);
    safe
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => safe.push(character),
            // Variation selectors only choose between two looks of an emoji.
            '\u{fe00}'..='\u{fe0f}' => {}
            character if character.is_control() || is_invisible(character) => safe.extend(character.escape_default()),
            character => safe.push(character),
        }
    }
    safe
}

/// Returns whether the character is ignored by culture-aware comparison, as the runner's search
/// for `::` may be, or changes how its neighbours are read (Unicode, Default_Ignorable_Code_Point).
#[must_use]
pub const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_and_cannot_steer_a_terminal() {
        let rows = [
            ("plain tab\t und Ümlaut ✔\u{fe0f}\n", "plain tab\t und Ümlaut ✔"),
            ("a\nb\rc", "a\\nb\\rc"),
            ("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}"),
            ("a\u{202e}b\u{200b}c\u{feff}\u{9b}", "a\\u{202e}b\\u{200b}c\\u{feff}\\u{9b}"),
            ("##[add-mask]x ##vso[task.x]y ##teamcity[z]", "# #[add-mask]x # #vso[task.x]y # #teamcity[z]"),
            ("###[group]", "# # #[group]"),
            ("## Heading [link] # [x] #1", "## Heading [link] # [x] #1"),
        ];
        for (text, expected) in rows {
            assert_eq!(one_line(text), expected, "{text:?}");
        }
        assert_eq!(one_line(&"é".repeat(9000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn several_lines_keep_their_ends_and_nothing_is_cut() {
        assert_eq!(lines("a\r\n##[x]\n\u{1b}b\n"), "a\n# #[x]\n\\u{1b}b");
        assert_eq!(lines(&"a".repeat(9000)).len(), 9000);
    }
}
