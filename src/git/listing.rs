//! What a tree, the index and the disk hold, in terms that every backend shares.
//! Plain data: it does not know how a listing was made.

use std::collections::{BTreeMap, HashMap};

use crate::model::path::RelPath;

/// The id of a blob, tree or commit: 20 bytes (SHA-1, padded with zeros) or 32 bytes (SHA-256).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId([u8; 32]);

impl ObjectId {
    /// Wraps 20 or 32 raw bytes; `None` for other lengths.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut id = [0; 32];
        if !matches!(bytes.len(), 20 | 32) {
            return None;
        }
        id.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Some(Self(id))
    }

    /// Parses 40 or 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(digits: &[u8]) -> Option<Self> {
        let bytes: Option<Vec<u8>> = digits
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some((hex(*high)? << 4) | hex(*low)?),
                _ => None,
            })
            .collect();
        Self::from_bytes(&bytes?)
    }

    /// Returns the hexadecimal digits: 40, or 64 for an id that fills all 32 bytes.
    #[must_use]
    pub fn to_hex(self) -> String {
        let padded = self.0.iter().skip(20).all(|byte| *byte == 0);
        let length = if padded { 20 } else { 32 };
        self.0.iter().take(length).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The kinds of paths that git records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A regular file.
    File,
    /// A regular file that may be executed.
    Executable,
    /// A symbolic link.
    Symlink,
    /// A commit of another repository: a submodule.
    Gitlink,
}

impl Mode {
    /// Reads a git file mode; `None` for folders and unknown values.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        match bits & 0o170_000 {
            0o100_000 if bits & 0o100 != 0 => Some(Self::Executable),
            0o100_000 => Some(Self::File),
            0o120_000 => Some(Self::Symlink),
            0o160_000 => Some(Self::Gitlink),
            _ => None,
        }
    }
}

/// A path of a commit's tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeItem {
    /// Its kind.
    pub mode: Mode,
    /// Id of its blob, or of the submodule's commit.
    pub id: ObjectId,
}

/// The files of a commit's tree below some folders.
pub type Tree = BTreeMap<RelPath, TreeItem>;

/// A path of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexItem {
    /// Its kind.
    pub mode: Mode,
    /// Id of its blob, or of the submodule's commit.
    pub id: ObjectId,
    /// What the file looked like when git last read it; `None` when that cannot be relied on.
    pub stat: Option<Stat>,
    /// Whether the user told git to look away (`skip-worktree`, `assume-unchanged`).
    pub hidden: bool,
}

/// The paths of the index below some folders. A path in conflict has no reliable `stat`.
pub type Index = HashMap<RelPath, IndexItem>;

/// The file metadata that git keeps, truncated to 32 bits as git does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Modification time: seconds and nanoseconds.
    pub mtime: (u32, u32),
    /// Status change time: seconds and nanoseconds.
    pub ctime: (u32, u32),
    /// Inode.
    pub inode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in bytes.
    pub size: u32,
}

impl Stat {
    /// Returns whether a file that looks like `now` is still the one recorded here. A field that
    /// other implementations of git leave at zero is not compared.
    #[must_use]
    pub fn still_describes(&self, now: &Self) -> bool {
        let same_time = |recorded: (u32, u32), seen: (u32, u32)| {
            recorded.0 == seen.0 && (recorded.1 == 0 || seen.1 == 0 || recorded.1 == seen.1)
        };
        let whole = self.inode != 0;
        self.size == now.size
            && same_time(self.mtime, now.mtime)
            && (!whole
                || (same_time(self.ctime, now.ctime) && self.inode == now.inode && self.uid == now.uid && self.gid == now.gid))
    }
}

/// A path on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskItem {
    /// Path relative to the root of the working tree.
    pub path: RelPath,
    /// Its kind; `Gitlink` for the folder of a submodule.
    pub mode: Mode,
    /// What it looks like now; `None` for a submodule and on systems without these fields.
    pub stat: Option<Stat>,
}

/// Returns the folders without those that lie below another one.
#[must_use]
pub fn outermost(folders: &[RelPath]) -> Vec<RelPath> {
    let mut outer: Vec<RelPath> = Vec::new();
    let mut sorted = folders.to_vec();
    sorted.sort_by_key(|folder| folder.as_bytes().len());
    for folder in sorted {
        if !outer.iter().any(|other| folder.is_within(other)) {
            outer.push(folder);
        }
    }
    outer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_inside_others_are_left_out() {
        let path = |text: &str| RelPath::parse(text.as_bytes()).expect("a path");
        assert_eq!(outermost(&[path("a/b"), path("ab"), path("a"), path("a")]), [path("a"), path("ab")]);
        assert_eq!(outermost(&[path("x"), RelPath::root()]), [RelPath::root()]);
        assert!(outermost(&[]).is_empty());
    }

    #[test]
    fn ids_of_both_hash_functions_are_read() {
        for digits in ["ab".repeat(20), "AB".repeat(32)] {
            assert_eq!(ObjectId::from_hex(digits.as_bytes()), ObjectId::from_bytes(&vec![0xab; digits.len() / 2]));
            let id = ObjectId::from_hex(digits.as_bytes()).expect("an id");
            assert_eq!(id.to_hex(), digits.to_lowercase());
        }
        for text in ["", "abc", &"g".repeat(40), &"a".repeat(42)] {
            assert_eq!(ObjectId::from_hex(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_file_is_only_trusted_while_it_looks_the_same() {
        let seen = Stat { mtime: (5, 7), ctime: (5, 7), inode: 9, uid: 1, gid: 2, size: 3 };
        assert!(seen.still_describes(&seen));
        let others = [
            Stat { mtime: (6, 7), ..seen },
            Stat { mtime: (5, 8), ..seen },
            Stat { ctime: (6, 7), ..seen },
            Stat { inode: 8, ..seen },
            Stat { uid: 0, ..seen },
            Stat { gid: 0, ..seen },
            Stat { size: 4, ..seen },
        ];
        for other in others {
            assert!(!seen.still_describes(&other), "{other:?}");
        }
        let sparse = Stat { mtime: (5, 0), ctime: (0, 0), inode: 0, uid: 0, gid: 0, size: 3 };
        assert!(sparse.still_describes(&seen));
        assert!(!sparse.still_describes(&Stat { size: 4, ..seen }));
    }
}
