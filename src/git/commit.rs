//! Reads a commit object from its raw bytes, so that every way of getting the bytes gives the same answer.
//! It does not know where the bytes come from and ignores shallow boundaries on purpose.

use jiff::Timestamp;

use crate::model::revision::CommitSha;

/// The longest subject or name that is kept, in characters.
const LONGEST_TEXT: usize = 250;

/// What people want to know about a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitInfo {
    /// The commit.
    pub sha: CommitSha,
    /// First line of the message without control characters, at most 250 characters. Hostile text.
    pub subject: String,
    /// The author's name without control characters, at most 250 characters. Hostile text.
    pub author: String,
    /// When it was committed, to the second.
    pub committed_at: Timestamp,
}

/// A commit object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The part for people.
    pub info: CommitInfo,
    /// Hexadecimal id of its tree.
    pub tree: String,
    /// Parents as recorded in the object, whether or not they can be had.
    pub parents: Vec<CommitSha>,
}

impl Commit {
    /// Parses the raw content of a commit object; `None` when it is not one.
    #[must_use]
    pub fn parse(sha: &CommitSha, raw: &[u8]) -> Option<Self> {
        let end = raw.windows(2).position(|pair| pair == b"\n\n").unwrap_or(raw.len());
        let (header, message) = (raw.get(..end)?, raw.get(end..).unwrap_or_default());
        let (mut tree, mut author, mut seconds, mut encoding) = (None, String::new(), None, Encoding::Utf8);
        let mut parents = Vec::new();
        let (mut author_line, mut committer_line) = (&b""[..], &b""[..]);
        for line in header.split(|byte| *byte == b'\n') {
            let Some(space) = line.iter().position(|byte| *byte == b' ') else { continue };
            let (key, value) = (line.get(..space)?, line.get(space + 1..)?);
            match key {
                b"tree" if tree.is_none() => tree = CommitSha::parse(std::str::from_utf8(value).ok()?),
                b"parent" => parents.push(CommitSha::parse(std::str::from_utf8(value).ok()?)?),
                b"author" if author_line.is_empty() => author_line = value,
                b"committer" if committer_line.is_empty() => committer_line = value,
                b"encoding" if is_latin(value) => encoding = Encoding::Latin1,
                _ => {}
            }
        }
        if let Some((name, _)) = person(author_line) {
            author = readable(name, encoding);
        }
        if let Some((_, time)) = person(committer_line) {
            seconds = Some(time);
        }
        let subject =
            message.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default().trim_ascii();
        let info = CommitInfo {
            sha: sha.clone(),
            subject: readable(subject, encoding),
            author,
            committed_at: Timestamp::from_second(seconds.unwrap_or(0)).unwrap_or(Timestamp::UNIX_EPOCH),
        };
        Some(Self { info, tree: tree?.as_str().to_owned(), parents })
    }
}

/// Splits `Name <address> seconds zone` into name and seconds.
fn person(line: &[u8]) -> Option<(&[u8], i64)> {
    let open = line.iter().position(|byte| *byte == b'<').unwrap_or(0);
    let close = line.iter().rposition(|byte| *byte == b'>')?;
    let rest = std::str::from_utf8(line.get(close + 1..)?).ok()?;
    let seconds = rest.split_ascii_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(0);
    Some((line.get(..open)?.trim_ascii(), seconds))
}

/// How a commit's text is written; everything that is not Latin-1 is taken for UTF-8.
#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Latin1,
}

fn is_latin(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"iso-8859-1") || name.eq_ignore_ascii_case(b"latin1")
}

/// Returns one line of text that cannot steer a terminal, a log or a page.
fn readable(bytes: &[u8], encoding: Encoding) -> String {
    let text: String = match encoding {
        Encoding::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
        Encoding::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    text.chars().filter(|character| !character.is_control() && !turns_direction(*character)).take(LONGEST_TEXT).collect()
}

/// Returns whether a character changes the reading direction and could disguise what follows.
fn turns_direction(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha(digit: &str) -> CommitSha {
        CommitSha::parse(&digit.repeat(40)).expect("a commit id")
    }

    fn raw(headers: &str, message: &[u8]) -> Vec<u8> {
        let tree = "e".repeat(40);
        [format!("tree {tree}\n{headers}").as_bytes(), b"\n\n", message].concat()
    }

    #[test]
    fn a_commit_is_read_from_its_raw_bytes() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let bytes = raw(
            &format!(
                "parent {one}\nparent {two}\nauthor Ann A <a@x> 5 +0100\ncommitter Bob <b@x> 1700000000 -0500\ngpgsig -----\n parent x"
            ),
            "\n Föö \nbody".as_bytes(),
        );
        let commit = Commit::parse(&sha("a"), &bytes).expect("a commit");
        assert_eq!(commit.parents, [sha("1"), sha("2")]);
        assert_eq!(commit.info.subject, "Föö");
        assert_eq!(commit.info.author, "Ann A");
        assert_eq!(commit.info.committed_at.as_second(), 1_700_000_000);
        assert_eq!(commit.tree, "e".repeat(40));
    }

    #[test]
    fn hostile_and_odd_commits_give_safe_text() {
        let people = "author \u{1b}[31mx <> 1 +0\ncommitter > 99999999999999999999 z";
        let commit = Commit::parse(&sha("a"), &raw(people, b"a\x1b]0;b\r\xff\n")).expect("a commit");
        assert_eq!(commit.info.author, "[31mx");
        assert_eq!(commit.info.subject, "a]0;b\u{fffd}");
        assert_eq!(commit.info.committed_at, Timestamp::UNIX_EPOCH);
        let long = Commit::parse(&sha("a"), &raw("", "ü".repeat(1000).as_bytes())).expect("a commit");
        assert_eq!(long.info.subject.chars().count(), LONGEST_TEXT);
        let latin = Commit::parse(&sha("a"), &raw("author J\u{e9} <> 1 +0\nencoding ISO-8859-1", b"caf\xe9")).expect("a commit");
        assert_eq!(latin.info.subject, "café");
        for garbage in [&b""[..], b"blob", b"tree zz\n\n", b"parent 1\n\nx"] {
            assert_eq!(Commit::parse(&sha("a"), garbage), None);
        }
    }
}
