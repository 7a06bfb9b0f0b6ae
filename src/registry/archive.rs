//! Members of an image archive: where each lies in a tar file, so that none must be unpacked.
//! It knows tar and gzip, not what the members mean.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use tempfile::TempDir;

use crate::env::temporary::private_folder;
use crate::error::{Error, Kind, Result};
use crate::model::path::RelPath;

/// Most members that an archive may have; real ones have a few hundred.
const MEMBER_LIMIT: usize = 100_000;
/// Most bytes of headers, long names and extended headers before one member; a path has 4 KiB.
const HEAD_LIMIT: u64 = 64 << 10;
/// Most bytes that a compressed archive may unpack to. The largest Airflow images have about 10 GiB.
const UNPACKED_LIMIT: u64 = 32 << 30;
/// How many times its own size a compressed archive may unpack to. Programs and libraries shrink to
/// a third; gzip can shrink zeros a thousandfold, which only an attack on the disk does.
const UNPACKED_RATIO: u64 = 100;
/// Bytes that every archive may unpack to, so that small ones of mostly padding pass.
const UNPACKED_FLOOR: u64 = 16 << 20;
/// Most links that are followed from one member to another.
const LINK_LIMIT: usize = 8;

/// A run of bytes in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// The file.
    pub file: PathBuf,
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub size: u64,
}

impl Extent {
    /// Opens the run for reading.
    ///
    /// # Errors
    /// Fails when the file cannot be opened.
    pub fn open(&self) -> io::Result<io::Take<File>> {
        let mut file = File::open(&self.file)?;
        file.seek(SeekFrom::Start(self.offset))?;
        Ok(file.take(self.size))
    }

    /// Reads the whole run when it has at most `limit` bytes.
    ///
    /// # Errors
    /// Fails when it is longer or cannot be read.
    pub fn read(&self, limit: u64) -> io::Result<Vec<u8>> {
        if self.size > limit {
            return Err(io::Error::other(format!("it has {} bytes, more than the {limit} allowed", self.size)));
        }
        let mut bytes = Vec::new();
        let read = self.open()?.read_to_end(&mut bytes)?;
        if read as u64 != self.size {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        Ok(bytes)
    }
}

/// An archive's members by path.
#[derive(Debug)]
pub struct Archive {
    members: BTreeMap<RelPath, Member>,
    /// Holds the unpacked tar of a compressed archive.
    _unpacked: Option<TempDir>,
}

#[derive(Debug)]
enum Member {
    File(Extent),
    Link(RelPath),
}

impl Archive {
    /// Lists the members of a tar file, which may be gzip-compressed; then its tar goes into a
    /// private folder below `temporary`. Blocks while it reads.
    ///
    /// # Errors
    /// `Project` when the file cannot be read or is no tar file.
    pub fn open(file: &Path, temporary: &Path) -> Result<Self> {
        let failed = |error: io::Error| {
            Error::new(Kind::Project, format!("read the image archive {}", file.display()))
                .because(error)
                .hint("expected is the tar file of `docker save` or of an OCI layout, plain or gzip-compressed")
        };
        let mut magic = [0; 4];
        let read = File::open(file).and_then(|mut opened| opened.read(&mut magic)).map_err(failed)?;
        let unpacked = match magic.get(..read) {
            Some([0x1f, 0x8b, ..]) => Some(unpack(file, temporary).map_err(failed)?),
            Some([0x28, 0xb5, 0x2f, 0xfd]) => {
                return Err(failed(io::Error::other("it is compressed with zstd; decompress it first")));
            }
            _ => None,
        };
        let tar_file = unpacked.as_ref().map_or_else(|| file.to_owned(), |folder| folder.path().join("image.tar"));
        let members = list(&tar_file).map_err(failed)?;
        Ok(Self { members, _unpacked: unpacked })
    }

    /// Returns where a member lies, following links between members.
    #[must_use]
    pub fn member(&self, path: &str) -> Option<&Extent> {
        let mut path = RelPath::parse(path.as_bytes())?;
        for _ in 0..LINK_LIMIT {
            match self.members.get(&path)? {
                Member::File(extent) => return Some(extent),
                Member::Link(target) => path = target.clone(),
            }
        }
        None
    }
}

fn unpack(file: &Path, temporary: &Path) -> io::Result<TempDir> {
    let folder = private_folder(temporary, "liftoff-registry-")?;
    let mut out = File::create(folder.path().join("image.tar"))?;
    let packed = File::open(file)?;
    let limit = packed.metadata()?.len().saturating_mul(UNPACKED_RATIO).clamp(UNPACKED_FLOOR, UNPACKED_LIMIT);
    let decoder = flate2::read::MultiGzDecoder::new(BufReader::new(packed));
    if io::copy(&mut decoder.take(limit + 1), &mut out)? > limit {
        return Err(io::Error::other(format!(
            "it unpacks to more than {limit} bytes, far more than an image of its size; decompress it first if that is right"
        )));
    }
    out.flush()?;
    Ok(folder)
}

/// A file of which little may be read between two members. Contents are skipped by seeking, so
/// all that is read are headers, and a long name cannot fill the memory.
struct Heads {
    file: File,
    left: Rc<Cell<u64>>,
}

impl Read for Heads {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.ok_or_else(|| io::Error::other(format!("a member's headers have over {HEAD_LIMIT} bytes")))?);
        Ok(read)
    }
}

impl Seek for Heads {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

fn list(file: &Path) -> io::Result<BTreeMap<RelPath, Member>> {
    let left = Rc::new(Cell::new(HEAD_LIMIT));
    let mut archive = tar::Archive::new(Heads { file: File::open(file)?, left: left.clone() });
    let mut members = BTreeMap::new();
    for (number, entry) in archive.entries_with_seek()?.enumerate() {
        let entry = entry?;
        left.set(HEAD_LIMIT);
        if number >= MEMBER_LIMIT {
            return Err(io::Error::other(format!("it has more than {MEMBER_LIMIT} members")));
        }
        let Some(path) = RelPath::parse(&entry.path_bytes()) else { continue };
        let kind = entry.header().entry_type();
        let member = if kind.is_file() {
            Member::File(Extent { file: file.to_owned(), offset: entry.raw_file_position(), size: entry.size() })
        } else if let (true, Some(target)) = (kind.is_symlink() || kind.is_hard_link(), entry.link_name_bytes()) {
            // A symbolic link is relative to its folder, a hard link to the archive's root.
            let base = if kind.is_symlink() { path.parent() } else { None }.unwrap_or_default();
            let Some(target) = RelPath::parse(&[base.as_bytes(), b"/", target.as_ref()].concat()) else { continue };
            Member::Link(target)
        } else {
            continue;
        };
        members.insert(path, member);
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar_of(members: &[(tar::EntryType, &str, &[u8])]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (kind, name, content) in members {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, name, *content).expect("written");
        }
        tar.into_inner().expect("written")
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("compressed");
        encoder.finish().expect("compressed")
    }

    fn opened(bytes: &[u8]) -> std::result::Result<Archive, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("image");
        std::fs::write(&file, bytes).expect("written");
        let archive = Archive::open(&file, folder.path()).map_err(|error| error.to_string());
        if archive.is_err() {
            let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").flatten().map(|entry| entry.path()).collect();
            assert_eq!(left, [file], "nothing stays behind");
        }
        archive
    }

    #[test]
    fn an_archive_that_unpacks_to_far_more_than_its_size_is_refused() {
        let zeros = vec![0; usize::try_from(UNPACKED_FLOOR).expect("small")];
        let large = gzip(&tar_of(&[(tar::EntryType::Regular, "layer", &zeros)]));
        assert!((large.len() as u64) * UNPACKED_RATIO < UNPACKED_FLOOR, "the floor decides");
        let refused = opened(&large).expect_err("it is a bomb");
        assert!(refused.contains("more than 16777216 bytes"), "{refused}");
        let small = gzip(&tar_of(&[(tar::EntryType::Regular, "layer", &zeros[..1 << 20])]));
        assert!(opened(&small).expect("it is small").member("layer").is_some());
    }

    #[test]
    fn long_names_are_read_up_to_a_limit() {
        for kind in [tar::EntryType::GNULongName, tar::EntryType::GNULongLink, tar::EntryType::XHeader] {
            let refused = opened(&tar_of(&[(kind, "x", &vec![b'n'; 70_000]), (tar::EntryType::Regular, "a", b"")]));
            let refused = refused.expect_err("it is too long");
            assert!(refused.contains("over 65536 bytes"), "{kind:?}: {refused}");
        }
        let (name, large) = ("n/".repeat(2_000) + "n", vec![1; 200_000]);
        let members: &[(tar::EntryType, &str, &[u8])] =
            &[(tar::EntryType::Regular, "large", &large), (tar::EntryType::Regular, &name, b"12")];
        assert_eq!(opened(&tar_of(members)).expect("a tar").member(&name).map(|extent| extent.size), Some(2));
    }
}
