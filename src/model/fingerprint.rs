//! The name of a content: equal fingerprints mean equal content.
//! What goes into it is decided where content is read; this is only the value.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::model::path::RelPath;

/// A 256-bit content hash, written as 43 characters of unpadded URL-safe base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Wraps a hash.
    #[must_use]
    pub const fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// Parses what `Display` printed. Returns `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Builds a fingerprint from entries. Entries must be added in the byte order of their paths,
/// each path once; the same entries then always give the same fingerprint.
pub struct Fingerprinter(blake3::Hasher);

impl Fingerprinter {
    /// Starts a fingerprint. `purpose` keeps contents of different artifacts apart, and holds
    /// whatever else decides what is shipped, such as the name prefix inside the bundle.
    #[must_use]
    pub fn new(purpose: &str) -> Self {
        let mut fingerprinter = Self(blake3::Hasher::new());
        fingerprinter.field(b"liftoff fingerprint 1");
        fingerprinter.field(purpose.as_bytes());
        fingerprinter
    }

    /// Adds a regular file by path, executable bit and the BLAKE3 hash of its bytes.
    pub fn file(&mut self, path: &RelPath, executable: bool, content: &[u8; 32]) {
        self.field(if executable { b"x" } else { b"f" });
        self.field(path.as_bytes());
        self.field(content);
    }

    /// Adds a symbolic link by path and literal target.
    pub fn symlink(&mut self, path: &RelPath, target: &[u8]) {
        self.field(b"l");
        self.field(path.as_bytes());
        self.field(target);
    }

    /// Adds a named value, such as a build argument.
    pub fn value(&mut self, name: &str, value: &[u8]) {
        self.field(b"v");
        self.field(name.as_bytes());
        self.field(value);
    }

    /// Returns the fingerprint of everything added.
    #[must_use]
    pub fn finish(&self) -> Fingerprint {
        Fingerprint(*self.0.finalize().as_bytes())
    }

    /// Adds bytes with their length, so that neighbouring fields cannot run into each other.
    fn field(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_survives_printing() {
        let fingerprint = Fingerprint::new([7; 32]);
        let text = fingerprint.to_string();
        assert_eq!(text.len(), 43);
        assert_eq!(Fingerprint::parse(&text), Some(fingerprint));
        assert_eq!(Fingerprint::parse("short"), None);
    }

    #[test]
    fn fields_cannot_run_into_each_other() {
        let path = |text: &str| RelPath::parse(text.as_bytes()).expect("a path");
        let of = |entries: &[(&str, &str)]| {
            let mut fingerprinter = Fingerprinter::new("test");
            entries.iter().for_each(|(name, target)| fingerprinter.symlink(&path(name), target.as_bytes()));
            fingerprinter.finish()
        };
        assert_ne!(of(&[("a", "bc")]), of(&[("ab", "c")]));
        assert_ne!(of(&[("a", "b")]), of(&[("a", "b"), ("c", "")]));
        assert_eq!(of(&[("a", "b")]), of(&[("a", "b")]));
    }
}
