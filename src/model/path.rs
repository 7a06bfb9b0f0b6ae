//! Relative paths as bytes: any file name, compared component by component.
//! Purely textual; it never asks the file system.

use std::fmt;
use std::path::{Path, PathBuf};

/// A normalised relative path: bytes, components parted by `/`, no empty, `.` or `..` component.
/// The empty path is the root it is relative to. Order is byte order, which is also the order
/// of bundle entries.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct RelPath(Vec<u8>);

impl RelPath {
    /// Returns the empty path.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// Normalises a path given as bytes: `./a//b/` becomes `a/b`, `a/../b` becomes `b`.
    /// Leading slashes mean the root. Returns `None` when `..` leaves the root or a component
    /// holds a NUL byte.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut components: Vec<&[u8]> = Vec::new();
        for component in bytes.split(|byte| *byte == b'/') {
            match component {
                b"" | b"." => {}
                b".." => {
                    components.pop()?;
                }
                name if name.contains(&0) => return None,
                name => components.push(name),
            }
        }
        Some(Self(components.join(&b'/')))
    }

    /// Converts a relative path of this system. Returns `None` as `parse` does.
    #[must_use]
    pub fn from_path(path: &Path) -> Option<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt as _;
            Self::parse(path.as_os_str().as_bytes())
        }
        #[cfg(not(unix))]
        {
            Self::parse(path.to_str()?.replace('\\', "/").as_bytes())
        }
    }

    /// Returns the path in this system's form.
    #[must_use]
    pub fn to_path(&self) -> PathBuf {
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt as _;
            PathBuf::from(std::ffi::OsStr::from_bytes(&self.0))
        }
        #[cfg(not(unix))]
        {
            PathBuf::from(String::from_utf8_lossy(&self.0).into_owned())
        }
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the text when it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Returns whether this is the empty path.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the components in order; none for the root.
    pub fn components(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'/').filter(|component| !component.is_empty())
    }

    /// Returns the last component; `None` for the root.
    #[must_use]
    pub fn file_name(&self) -> Option<&[u8]> {
        self.components().last()
    }

    /// Returns the bytes after the last `.` of the last component, when there are any before it.
    #[must_use]
    pub fn extension(&self) -> Option<&[u8]> {
        let name = self.file_name()?;
        let dot = name.iter().rposition(|byte| *byte == b'.')?;
        (dot > 0).then(|| &name[dot + 1..])
    }

    /// Returns the path without its last component; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let cut = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        Some(Self(self.0[..cut].to_vec()))
    }

    /// Returns every folder above this path from the top down, then the path itself: `a`, `a/b`
    /// and `a/b/c` for `a/b/c`; nothing for the root.
    pub fn ancestry(&self) -> impl Iterator<Item = Self> {
        let slashes = self.0.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(index, _)| index);
        let ends = slashes.chain((!self.is_root()).then_some(self.0.len()));
        ends.map(|end| Self(self.0[..end].to_vec()))
    }

    /// Returns this path with another appended.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        match (self.is_root(), other.is_root()) {
            (true, _) => other.clone(),
            (_, true) => self.clone(),
            _ => {
                let mut bytes = Vec::with_capacity(self.0.len() + 1 + other.0.len());
                bytes.extend_from_slice(&self.0);
                bytes.push(b'/');
                bytes.extend_from_slice(&other.0);
                Self(bytes)
            }
        }
    }

    /// Returns what remains below `base`, comparing whole components: `a/b` is below `a`, `ab`
    /// is not. Every path is below the root; a path is below itself, with the root remaining.
    #[must_use]
    pub fn strip_prefix(&self, base: &Self) -> Option<Self> {
        if base.is_root() {
            return Some(self.clone());
        }
        let rest = self.0.strip_prefix(base.0.as_slice())?;
        match rest.first() {
            None => Some(Self::root()),
            Some(b'/') => Some(Self(rest[1..].to_vec())),
            Some(_) => None,
        }
    }

    /// Returns whether this path is `base` or below it.
    #[must_use]
    pub fn is_within(&self, base: &Self) -> bool {
        base.is_root() || (self.0.starts_with(&base.0) && matches!(self.0.get(base.0.len()), None | Some(b'/')))
    }
}

impl fmt::Display for RelPath {
    /// Shows the path on one line: control characters and bytes that are not UTF-8 are escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                if character.is_control() || is_bidi_control(character) {
                    write!(f, "{}", character.escape_default())?;
                } else {
                    write!(f, "{character}")?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Returns whether the character changes the reading direction, which could disguise a name.
fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).expect("a relative path")
    }

    #[test]
    fn every_spelling_of_a_folder_is_one_path() {
        for text in ["a/b", "./a/b", "a/b/", "/a/b", "a//b", "a/./b", "a/x/../b", "./a/b/."] {
            assert_eq!(path(text), path("a/b"), "{text}");
        }
        for text in ["", ".", "./", "/", "a/.."] {
            assert!(path(text).is_root(), "{text}");
        }
        for text in ["..", "../a", "a/../../b", "a\0b"] {
            assert_eq!(RelPath::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn prefixes_are_compared_by_component() {
        assert!(path("proj/dags/x.py").is_within(&path("proj")));
        assert!(!path("proj2/dags/x.py").is_within(&path("proj")));
        assert!(path("proj").is_within(&path("proj")));
        assert!(path("proj").is_within(&RelPath::root()));
        assert_eq!(path("proj/dags/x.py").strip_prefix(&path("proj")), Some(path("dags/x.py")));
        assert_eq!(path("projects/x").strip_prefix(&path("proj")), None);
        assert_eq!(path("a").strip_prefix(&path("a")), Some(RelPath::root()));
    }

    #[test]
    fn hostile_names_are_shown_on_one_line() {
        let name = RelPath::parse(b"dags/a\n::error::x\xff\xe2\x80\xaeyp.py").expect("a relative path");
        assert_eq!(name.to_string(), "dags/a\\n::error::x\\xff\\u{202e}yp.py");
    }

    #[test]
    fn parts_of_a_path() {
        assert_eq!(path("a/b.tar.gz").extension(), Some(&b"gz"[..]));
        assert_eq!(path("a/.env").extension(), None);
        assert_eq!(path("a/b").parent(), Some(path("a")));
        assert_eq!(path("a").parent(), Some(RelPath::root()));
        assert_eq!(path("a").join(&path("b/c")), path("a/b/c"));
        assert_eq!(path("a/b/c").ancestry().collect::<Vec<_>>(), [path("a"), path("a/b"), path("a/b/c")]);
        assert_eq!(RelPath::root().ancestry().count(), 0);
    }
}
