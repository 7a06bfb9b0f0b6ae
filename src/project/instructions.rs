//! Splits a Dockerfile into its instructions, as BuildKit's own reader does.
//! It knows no instruction's meaning, except which ones may carry a here-document.
//!
//! Source: Docker's Dockerfile reference (parser directives, format, here-documents).

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// Its word, in upper case.
    pub keyword: String,
    /// The rest of the logical line, continuations joined, without white space at the ends.
    pub arguments: String,
    /// 1-based line on which it starts.
    pub line: usize,
}

/// The instructions of a Dockerfile, and the character that escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instructions {
    /// In the order of the file.
    pub list: Vec<Instruction>,
    /// A backslash unless a directive says that it is a backtick.
    pub escape: char,
}

/// Reads a Dockerfile's text. Nothing is refused: what cannot be understood is left to Docker.
#[must_use]
pub fn instructions(text: &str) -> Instructions {
    let text = text.trim_start_matches('\u{feff}');
    let escape = escape_directive(text);
    let mut list = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, first)) = lines.next() {
        if is_skipped(first) {
            continue;
        }
        let mut logical = String::new();
        let mut line = first;
        while let Some(start) = continued(line, escape) {
            logical.push_str(start);
            // Comments and blank lines between continuations are dropped.
            match lines.by_ref().map(|(_, next)| next).find(|next| !is_skipped(next)) {
                Some(next) => line = next,
                None => {
                    line = "";
                    break;
                }
            }
        }
        logical.push_str(line);
        let logical = logical.trim();
        let (keyword, arguments) = logical.split_once(char::is_whitespace).unwrap_or((logical, ""));
        let instruction =
            Instruction { keyword: keyword.to_ascii_uppercase(), arguments: arguments.trim().to_owned(), line: index + 1 };
        for document in here_documents(&instruction) {
            let end =
                |line: &str| if document.tabs { line.trim_start_matches('\t') == document.end } else { line == document.end };
            let _body = lines.by_ref().find(|(_, line)| end(line));
        }
        list.push(instruction);
    }
    Instructions { list, escape }
}

fn is_skipped(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// Returns the line without its continuation mark, when it has one. A mark after another escape
/// character is an escaped character, not a mark.
fn continued(line: &str, escape: char) -> Option<&str> {
    let start = line.trim_end_matches([' ', '\t', '\r']).strip_suffix(escape)?;
    (!start.ends_with(escape)).then_some(start)
}

/// Finds `# escape=` among the directives, which end at the first line that is not one.
fn escape_directive(text: &str) -> char {
    for line in text.lines() {
        let Some((name, value)) = line.trim().strip_prefix('#').and_then(|rest| rest.split_once('=')) else { break };
        let name = name.trim();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            break;
        }
        if name.eq_ignore_ascii_case("escape") && value.trim() == "`" {
            return '`';
        }
    }
    '\\'
}

struct HereDocument {
    end: String,
    /// Whether tabs before the end are ignored (`<<-`).
    tabs: bool,
}

fn here_documents(instruction: &Instruction) -> Vec<HereDocument> {
    let arguments = match instruction.keyword.as_str() {
        "ONBUILD" => instruction.arguments.as_str(),
        keyword @ ("RUN" | "COPY" | "ADD") => &format!("{keyword} {}", instruction.arguments),
        _ => return Vec::new(),
    };
    let carries = arguments
        .split_whitespace()
        .next()
        .is_some_and(|word| ["RUN", "COPY", "ADD"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword)));
    if carries { words(arguments).iter().filter_map(|word| here_document(word)).collect() } else { Vec::new() }
}

/// Reads a word such as `<<EOF`, `3<<-"END"`.
fn here_document(word: &str) -> Option<HereDocument> {
    let rest = word.trim_start_matches(|character: char| character.is_ascii_digit()).strip_prefix("<<")?;
    let (tabs, name) = rest.strip_prefix('-').map_or((false, rest), |name| (true, name));
    let end: String = name.chars().filter(|character| !matches!(character, '"' | '\'')).collect();
    (!end.is_empty() && !name.contains('<')).then_some(HereDocument { end, tabs })
}

/// Splits at white space outside quotes; the quotes stay.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in text.chars() {
        match quote {
            None if character.is_whitespace() => {
                words.push(String::new());
                continue;
            }
            None if matches!(character, '"' | '\'') => quote = Some(character),
            Some(open) if open == character => quote = None,
            _ => {}
        }
        if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String, usize)> {
        instructions(text).list.into_iter().map(|one| (one.keyword, one.arguments, one.line)).collect()
    }

    fn one(keyword: &str, arguments: &str, line: usize) -> (String, String, usize) {
        (keyword.to_owned(), arguments.to_owned(), line)
    }

    #[test]
    fn comments_continuations_and_case_are_understood() {
        let text =
            "\u{feff}# syntax=docker/dockerfile:1\n\n# FROM no\nfrom a\\\n  b \\  \n# inside\n\n c\r\nRun x \\\\\nUSER y\n";
        assert_eq!(read(text), [one("FROM", "a  b  c", 4), one("RUN", "x \\\\", 9), one("USER", "y", 10)]);
        assert_eq!(read("FROM a \\\n"), [one("FROM", "a", 1)]);
        assert_eq!(read(""), []);
    }

    #[test]
    fn the_escape_character_is_a_directive() {
        assert_eq!(
            read("# escape=`\nFROM a `\n b\nRUN c:\\\nUSER d"),
            [one("FROM", "a  b", 2), one("RUN", "c:\\", 4), one("USER", "d", 5)]
        );
        assert_eq!(instructions("FROM a\n# escape=`\n").escape, '\\');
        assert_eq!(instructions("# a comment\n# escape=`\n").escape, '\\');
        assert_eq!(instructions("#syntax=x\n# Escape = `\n").escape, '`');
    }

    #[test]
    fn here_documents_hide_their_lines() {
        let text = "RUN <<EOF cat <<-'TWO'\nFROM hidden\nEOF\nFROM hidden\n\t\tTWO\nFROM a\n";
        assert_eq!(read(text).iter().map(|(keyword, ..)| keyword.as_str()).collect::<Vec<_>>(), ["RUN", "FROM"]);
        for shown in
            ["RUN echo \"<<EOF\"\nFROM a\n", "RUN cat <<<EOF\nFROM a\n", "LABEL x=<<EOF\nFROM a\n", "ENV A <<EOF\nFROM a\n"]
        {
            assert_eq!(read(shown).len(), 2, "{shown}");
        }
        assert_eq!(read("COPY <<a /x\nFROM hidden\na\nONBUILD RUN <<b\nFROM hidden\nb\nFROM z").len(), 3);
    }
}
