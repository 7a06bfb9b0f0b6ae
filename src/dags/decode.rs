//! From the bytes of a Python file to text, as Python itself decides on the encoding
//! (<https://peps.python.org/pep-0263/>). It knows nothing of the text's meaning.

use std::borrow::Cow;

/// Why bytes are no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undecodable {
    /// Python refuses the file: it is not UTF-8 at this 1-based line, and names no other encoding.
    NotUtf8 {
        /// The line.
        line: usize,
    },
    /// The file names an encoding that is not read here.
    Unknown {
        /// The name, hostile text.
        encoding: String,
    },
}

/// Returns the text of a file. Single-byte Western encodings are read as Latin-1, which gives
/// every character its place, if not always its shape.
///
/// # Errors
/// Says why the bytes are no text.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Undecodable> {
    let flaw = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(Cow::Borrowed(text)),
        Err(error) => error.valid_up_to(),
    };
    let not_utf8 = || Undecodable::NotUtf8 { line: bytes.iter().take(flaw).filter(|byte| **byte == b'\n').count() + 1 };
    let Some(encoding) = declared(bytes) else { return Err(not_utf8()) };
    let plain: String = encoding.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.as_str() {
        "latin1" | "latin" | "l1" | "iso88591" | "iso885915" | "latin9" | "cp1252" | "windows1252" | "1252" => {
            Ok(Cow::Owned(bytes.iter().copied().map(char::from).collect()))
        }
        "utf8" | "u8" | "utf8sig" | "ascii" | "usascii" => Err(not_utf8()),
        _ => Err(Undecodable::Unknown { encoding }),
    }
}

/// Returns the encoding that a comment in one of the first two lines names; the second counts
/// only below an empty line or a comment.
fn declared(bytes: &[u8]) -> Option<String> {
    const LONGEST: usize = 400;
    for line in bytes.splitn(3, |byte| *byte == b'\n').take(2) {
        let line = String::from_utf8_lossy(line.get(..LONGEST.min(line.len())).unwrap_or_default()).into_owned();
        let line = line.trim_start_matches([' ', '\t', '\u{c}']).trim_end();
        if let Some(comment) = line.strip_prefix('#') {
            let named = comment.match_indices("coding").find_map(|(at, word)| {
                let rest = comment.get(at + word.len()..)?.strip_prefix([':', '='])?.trim_start_matches([' ', '\t']);
                let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !"-_.".contains(letter));
                let name = rest.get(..end.unwrap_or(rest.len()))?;
                (!name.is_empty()).then(|| name.to_owned())
            });
            if named.is_some() {
                return named;
            }
        } else if !line.is_empty() {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_found_as_python_finds_it() {
        let unknown = |name: &str| Err(Undecodable::Unknown { encoding: name.to_owned() });
        let cases: [(&[u8], Result<&str, Undecodable>); 9] = [
            ("x = 'é'\n".as_bytes(), Ok("x = 'é'\n")),
            (b"x = 1\ny = '\xe9'\n", Err(Undecodable::NotUtf8 { line: 2 })),
            (b"# -*- coding: latin-1 -*-\nx = '\xe9'", Ok("# -*- coding: latin-1 -*-\nx = 'é'")),
            (
                b"#!/bin/python\n# vim: set fileencoding=ISO-8859-15 :\n'\xe9'",
                Ok("#!/bin/python\n# vim: set fileencoding=ISO-8859-15 :\n'é'"),
            ),
            (b"\n\n# coding: latin-1\n'\xe9'", Err(Undecodable::NotUtf8 { line: 4 })),
            (b"x = 1\n# coding: latin-1\n'\xe9'", Err(Undecodable::NotUtf8 { line: 3 })),
            (b"# coding: utf-8\n'\xe9'", Err(Undecodable::NotUtf8 { line: 2 })),
            (b"# coding: gbk\n'\xe9'", unknown("gbk")),
            (b"# encoding \xff coding: koi8-r\n", unknown("koi8-r")),
        ];
        for (bytes, expected) in cases {
            assert_eq!(text(bytes), expected.map(Cow::Borrowed), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
