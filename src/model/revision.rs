//! Names of commits. It checks their form; it never looks them up.

use std::fmt;

/// A full commit id: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits, never all zeros.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommitSha(String);

impl CommitSha {
    /// Parses a full commit id of any case. Returns `None` for anything else, also for the
    /// all-zero id by which forges say "no commit".
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let whole = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let zero = text.bytes().all(|byte| byte == b'0');
        (whole && !zero).then(|| Self(text.to_ascii_lowercase()))
    }

    /// Returns all digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first nine digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..9]
    }
}

impl fmt::Display for CommitSha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CommitSha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_ids_are_commits() {
        let sha = CommitSha::parse("ABCDEF0123456789abcdef0123456789abcdef01").expect("a commit id");
        assert_eq!(sha.short(), "abcdef012");
        for text in ["", "abc", "HEAD", &"0".repeat(40), &"g".repeat(40), &"a".repeat(41)] {
            assert_eq!(CommitSha::parse(text), None, "{text}");
        }
        assert!(CommitSha::parse(&"a".repeat(64)).is_some());
    }
}
