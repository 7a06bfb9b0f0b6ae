//! Writes the bundle of an artifact: a private temporary `.tar.gz` and the facts about it.
//! It takes entries as they come; which ones belong to the artifact is decided elsewhere.

use std::fs::File;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{Error, Kind, Result};
use crate::model::entry::{Entry, EntryKind};
use crate::model::fingerprint::{Fingerprint, Fingerprinter};
use crate::model::path::RelPath;
use crate::pack::failure::{Failure, Outcome};
use crate::pack::header::{self, FileHeader};
use crate::pack::member::Member;
use crate::pack::pipeline::{self, BlockStream};
use crate::pack::source::{self, Announced, Source};

/// Files below this many bytes are read once and held whole; larger ones are read twice, because
/// their header needs their hash.
const HELD: usize = 1024 * 1024;

/// How many of the largest entries an error names.
const NAMED: usize = 3;

/// What decides the bytes of a bundle besides its entries, and where it is written.
#[derive(Debug, Clone, Copy)]
pub struct BundleOptions<'a> {
    /// Folder inside the bundle that holds everything, such as `dags`; the root for none.
    pub prefix: &'a RelPath,
    /// Files that are added to the bundle only, at paths below `prefix`. An entry at the same
    /// path wins. They do not count for the fingerprint.
    pub extra: &'a [ExtraFile],
    /// Number of compressing threads. It does not change the bytes.
    pub threads: NonZeroUsize,
    /// What the fingerprint is for, as `Fingerprinter::new` takes it.
    pub purpose: &'a str,
    /// The largest bundle, in bytes after compression, that may come out.
    pub limit: Option<u64>,
    /// Folder for the temporary file.
    pub temp_dir: &'a Path,
}

/// A file that exists in the bundle but not on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraFile {
    /// Path below the prefix.
    pub path: RelPath,
    /// Content.
    pub bytes: Vec<u8>,
}

/// A finished bundle. Its file, readable only by its owner, is deleted when this is dropped.
#[derive(Debug)]
pub struct PackedBundle {
    file: NamedTempFile,
    size: u64,
    md5: [u8; 16],
    content: PackedContent,
}

#[derive(Debug)]
struct PackedContent {
    entries: u64,
    bytes: u64,
    fingerprint: Fingerprint,
}

impl PackedBundle {
    /// Returns where the file lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Opens the file anew, at its start.
    ///
    /// # Errors
    /// Fails when something has removed the file.
    pub fn open(&self) -> Result<File> {
        self.file.reopen().map_err(|error| Error::new(Kind::Project, "read the packed bundle").because(error))
    }

    /// Returns the size of the file in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Returns the MD5 of the file, for `Content-MD5`.
    #[must_use]
    pub const fn md5(&self) -> [u8; 16] {
        self.md5
    }

    /// Returns the number of entries, extra files not counted.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.content.entries
    }

    /// Returns the sum of the sizes of all files in bytes, extra files not counted.
    #[must_use]
    pub const fn content_bytes(&self) -> u64 {
        self.content.bytes
    }

    /// Returns the fingerprint of what was packed, extra files not counted.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.content.fingerprint
    }
}

/// Packs entries, in any order, into a new temporary file. Calls `progress` on this thread with
/// the number of content bytes packed since the call before.
///
/// # Errors
/// Fails when an entry cannot be read or is no longer what it was announced as, when two entries
/// have one path, when the bundle exceeds the limit, and when it cannot be written.
pub fn write(entries: &[Entry], options: &BundleOptions<'_>, progress: &dyn Fn(u64)) -> Result<PackedBundle> {
    let items = ordered(entries, options)?;
    let file = tempfile::Builder::new()
        .prefix("liftoff-")
        .suffix(".tar.gz")
        .tempfile_in(options.temp_dir)
        .map_err(|error| unwritable(&error, options.temp_dir))?;
    let member = Member::new(file.as_file(), options.limit);
    let (content, written) = pipeline::compress(options.threads, member, |stream| {
        let mut packer = Packer {
            stream,
            progress,
            fingerprinter: Fingerprinter::new(options.purpose),
            header: Vec::new(),
            buffer: vec![0; HELD],
        };
        let mut content = (0, 0);
        for item in &items {
            let (entries, bytes) = packer.append(item)?;
            content = (content.0 + entries, content.1 + bytes);
        }
        packer.stream.append(&header::END)?;
        Ok(PackedContent { entries: content.0, bytes: content.1, fingerprint: packer.fingerprinter.finish() })
    })
    .map_err(|failure| explained(failure, entries, options))?;
    Ok(PackedBundle { file, size: written.size, md5: written.md5, content })
}

/// Something that goes into the archive, with its name there.
struct Item<'a> {
    name: RelPath,
    origin: Origin<'a>,
}

enum Origin<'a> {
    Entry(&'a Entry),
    Extra(&'a [u8]),
}

/// Returns what goes into the archive in the order of its names.
fn ordered<'a>(entries: &'a [Entry], options: &BundleOptions<'a>) -> Result<Vec<Item<'a>>> {
    let named = |path: &RelPath, origin| Item { name: options.prefix.join(path), origin };
    let extras = options.extra.iter().map(|extra| named(&extra.path, Origin::Extra(&extra.bytes)));
    // The sort is stable, so an entry stands before the extra file of the same name.
    let mut items: Vec<_> = entries.iter().map(|entry| named(&entry.path, Origin::Entry(entry))).chain(extras).collect();
    items.sort_by(|one, other| one.name.cmp(&other.name));
    let mut twice = None;
    items.dedup_by(|later, earlier| {
        let same = later.name == earlier.name;
        if same && matches!(later.origin, Origin::Entry(_)) {
            twice = Some(later.name.clone());
        }
        same
    });
    match twice.or_else(|| items.iter().find(|item| item.name == *options.prefix).map(|item| item.name.clone())) {
        Some(name) => {
            Err(Error::new(Kind::Internal, "pack the bundle").because(format!("{name} is no name or stands for two entries")))
        }
        None => Ok(items),
    }
}

struct Packer<'a> {
    stream: &'a mut BlockStream,
    progress: &'a dyn Fn(u64),
    fingerprinter: Fingerprinter,
    header: Vec<u8>,
    buffer: Vec<u8>,
}

impl Packer<'_> {
    /// Appends an item and returns how many entries and content bytes it counts for.
    fn append(&mut self, item: &Item<'_>) -> Outcome<(u64, u64)> {
        match item.origin {
            Origin::Entry(entry) => match &entry.kind {
                EntryKind::File { size, executable } => {
                    let announced = Announced { name: &item.name, source: &entry.source, size: *size, executable: *executable };
                    let hash = self.append_source(announced)?;
                    self.fingerprinter.file(&entry.path, *executable, &hash);
                    Ok((1, *size))
                }
                EntryKind::Symlink { target } => {
                    source::check_symlink(&item.name, &entry.source, target)?;
                    self.fingerprinter.symlink(&entry.path, target);
                    self.header.clear();
                    header::append_symlink(&mut self.header, item.name.as_bytes(), target);
                    self.stream.append(&self.header)?;
                    Ok((1, 0))
                }
            },
            Origin::Extra(bytes) => {
                let hash = *blake3::hash(bytes).as_bytes();
                let size = bytes.len() as u64;
                self.append_header(&FileHeader { name: item.name.as_bytes(), size, executable: false, hash })?;
                self.stream.append(bytes)?;
                self.append_padding(size)?;
                Ok((0, 0))
            }
        }
    }

    /// Appends a file from disk and returns the BLAKE3 hash of its content.
    fn append_source(&mut self, announced: Announced<'_>) -> Outcome<[u8; 32]> {
        let Announced { name, size, executable, .. } = announced;
        let name = name.as_bytes();
        let mut source = Source::open(announced)?;
        let mut buffer = std::mem::take(&mut self.buffer);
        let hash = if size < buffer.len() as u64 {
            let content = source.read_whole(&mut buffer)?;
            let hash = *blake3::hash(content).as_bytes();
            self.append_header(&FileHeader { name, size, executable, hash })?;
            self.stream.append(content)?;
            (self.progress)(size);
            hash
        } else {
            let hash = source.read_pieces(&mut buffer, |_| Outcome::Ok(()))?;
            self.append_header(&FileHeader { name, size, executable, hash })?;
            let packed = source.read_pieces(&mut buffer, |piece| {
                self.stream.append(piece)?;
                (self.progress)(piece.len() as u64);
                Outcome::Ok(())
            })?;
            if packed != hash {
                return Err(source.rewritten().into());
            }
            hash
        };
        self.buffer = buffer;
        self.append_padding(size)?;
        Ok(hash)
    }

    fn append_header(&mut self, file: &FileHeader<'_>) -> Outcome<()> {
        self.header.clear();
        header::append_file(&mut self.header, file);
        self.stream.append(&self.header)
    }

    fn append_padding(&mut self, size: u64) -> Outcome<()> {
        const ZEROS: [u8; header::RECORD] = [0; header::RECORD];
        self.stream.append(ZEROS.get(..header::padding(size)).unwrap_or_default())
    }
}

fn explained(failure: Failure, entries: &[Entry], options: &BundleOptions<'_>) -> Error {
    match failure {
        Failure::Input(error) => error,
        Failure::Output(error) => unwritable(&error, options.temp_dir),
        Failure::Limit(limit) => Error::new(Kind::Project, "pack the bundle")
            .because(format!("compressed, it would be larger than {limit} bytes"))
            .hint(format!(
                "leave out what Airflow does not read with .liftoffignore; the largest files are {}",
                largest(entries)
            )),
        Failure::Defect(cause) => Error::new(Kind::Internal, "pack the bundle").because(cause),
        Failure::Stopped => Error::new(Kind::Internal, "pack the bundle").because("a stage ended without saying why"),
    }
}

fn unwritable(error: &std::io::Error, temp_dir: &Path) -> Error {
    let hint = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "free some space there, or set TMPDIR to a folder with room for the compressed bundle"
        }
        _ => "set TMPDIR to a folder that exists and can be written to",
    };
    Error::new(Kind::Project, format!("write the bundle to the temporary folder {}", temp_dir.display()))
        .because(error)
        .hint(hint)
}

/// Returns the largest files with their sizes, for people.
fn largest(entries: &[Entry]) -> String {
    let mut sizes: Vec<(u64, &RelPath)> = entries
        .iter()
        .filter_map(|entry| match entry.kind {
            EntryKind::File { size, .. } => Some((size, &entry.path)),
            EntryKind::Symlink { .. } => None,
        })
        .collect();
    sizes.sort_by(|one, other| other.cmp(one));
    let shown: Vec<String> = sizes.iter().take(NAMED).map(|(size, path)| format!("{path} ({size} bytes)")).collect();
    shown.join(", ")
}

// Other systems refuse some of the names below.
#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::fs;
    use std::io::Read as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::PathBuf;
    use std::process::Command;
    use std::sync::LazyLock;
    use std::time::{Duration, SystemTime};

    use md5::Digest as _;
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;
    use crate::pack::block::BLOCK;

    /// What a path is: mode and bytes of a file, or a link's target.
    #[derive(Debug, Clone, PartialEq, Eq)]
    enum Node {
        File(u32, Vec<u8>),
        Link(Vec<u8>),
    }

    struct Tree {
        folder: TempDir,
        entries: Vec<Entry>,
        nodes: BTreeMap<RelPath, Node>,
    }

    impl Tree {
        fn new() -> Self {
            Self { folder: TempDir::new().unwrap(), entries: Vec::new(), nodes: BTreeMap::new() }
        }

        fn file(mut self, name: &[u8], mode: u32, bytes: Vec<u8>) -> Self {
            let (path, source) = self.place(name);
            fs::write(&source, &bytes).unwrap();
            fs::set_permissions(&source, fs::Permissions::from_mode(mode)).unwrap();
            let executable = mode & 0o100 != 0;
            let kind = EntryKind::File { size: bytes.len() as u64, executable };
            self.entries.push(Entry { path: path.clone(), source, kind });
            self.nodes.insert(path, Node::File(if executable { 0o755 } else { 0o644 }, bytes));
            self
        }

        fn link(mut self, name: &[u8], target: &[u8]) -> Self {
            use std::os::unix::ffi::OsStrExt as _;
            let (path, source) = self.place(name);
            symlink(std::ffi::OsStr::from_bytes(target), &source).unwrap();
            let kind = EntryKind::Symlink { target: target.to_vec() };
            self.entries.push(Entry { path: path.clone(), source, kind });
            self.nodes.insert(path, Node::Link(target.to_vec()));
            self
        }

        fn place(&self, name: &[u8]) -> (RelPath, PathBuf) {
            let path = path(name);
            let source = self.folder.path().join(path.to_path());
            fs::create_dir_all(source.parent().unwrap()).unwrap();
            (path, source)
        }

        /// Fingerprints what was written, by the model's rules alone.
        fn fingerprint(&self) -> Fingerprint {
            let mut fingerprinter = Fingerprinter::new("test");
            for (path, node) in &self.nodes {
                match node {
                    Node::File(mode, bytes) => fingerprinter.file(path, *mode == 0o755, blake3::hash(bytes).as_bytes()),
                    Node::Link(target) => fingerprinter.symlink(path, target),
                }
            }
            fingerprinter.finish()
        }
    }

    fn path(name: &[u8]) -> RelPath {
        RelPath::parse(name).unwrap()
    }

    fn options(threads: usize) -> BundleOptions<'static> {
        static PREFIX: LazyLock<RelPath> = LazyLock::new(|| path(b"dags"));
        static TEMP_DIR: LazyLock<PathBuf> = LazyLock::new(tempfile::env::temp_dir);
        BundleOptions {
            prefix: &PREFIX,
            extra: &[],
            threads: NonZeroUsize::new(threads).unwrap(),
            purpose: "test",
            limit: None,
            temp_dir: &TEMP_DIR,
        }
    }

    fn pack(entries: &[Entry], threads: usize) -> Result<PackedBundle> {
        write(entries, &options(threads), &|_| {})
    }

    fn bytes_of(bundle: &PackedBundle) -> Vec<u8> {
        let mut bytes = Vec::new();
        bundle.open().unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// Extracts with the system's tar and reads what is there now.
    fn extracted(bundle: &PackedBundle) -> BTreeMap<RelPath, Node> {
        let folder = TempDir::new().unwrap();
        let tar = Command::new("tar")
            .arg("--no-same-owner")
            .arg("-xpzf")
            .arg(bundle.path())
            .arg("-C")
            .arg(folder.path())
            .output()
            .expect("these tests need tar");
        assert!(tar.status.success() && tar.stderr.is_empty(), "{}", String::from_utf8_lossy(&tar.stderr));
        let mut nodes = BTreeMap::new();
        collect(folder.path(), &RelPath::root(), &mut nodes);
        nodes
    }

    fn collect(folder: &Path, base: &RelPath, nodes: &mut BTreeMap<RelPath, Node>) {
        use std::os::unix::ffi::OsStringExt as _;
        for found in fs::read_dir(folder).unwrap() {
            let found = found.unwrap();
            let name = base.join(&RelPath::from_path(Path::new(&found.file_name())).unwrap());
            let metadata = found.metadata().unwrap();
            if metadata.is_dir() {
                collect(&found.path(), &name, nodes);
            } else if metadata.is_symlink() {
                nodes.insert(name, Node::Link(fs::read_link(found.path()).unwrap().into_os_string().into_vec()));
            } else {
                let mode = metadata.permissions().mode() & 0o7777;
                nodes.insert(name, Node::File(mode, fs::read(found.path()).unwrap()));
            }
        }
    }

    fn below_dags(nodes: &BTreeMap<RelPath, Node>) -> BTreeMap<RelPath, Node> {
        nodes.iter().map(|(name, node)| (path(b"dags").join(name), node.clone())).collect()
    }

    /// Returns bytes that deflate shrinks a little, with matches across any distance.
    fn text(size: usize, seed: u64) -> Vec<u8> {
        let mut state = seed | 1;
        let words: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        })
        .take(size / 8 + 1)
        .flat_map(|word| [b"task_id=", b"schedule", &word.to_le_bytes(), b" import "][(word % 4) as usize].to_owned())
        .collect();
        words.into_iter().take(size).collect()
    }

    fn tree_strategy() -> impl Strategy<Value = Vec<(Vec<u8>, u8, usize, u64)>> {
        let letter = prop::sample::select(b"ab .-\n\t\\\"'%~#@=:\xff\xc3\xa9\x80\x1b".to_vec());
        let name = prop::collection::vec(letter, 1..70).prop_filter("a name", |name| !matches!(name.as_slice(), b"." | b".."));
        let path = prop::collection::vec(name, 1..6).prop_map(|names| names.join(&b'/'));
        let border = prop::sample::select(vec![0, 1, 511, 512, 513, BLOCK - 1, BLOCK, BLOCK + 1, BLOCK - 512, BLOCK - 1024]);
        let size = prop_oneof![4 => 0usize..5000, 1 => border];
        prop::collection::vec((path, 0u8..8, size, any::<u64>()), 0..24)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_tree_comes_out_of_tar_as_it_went_in_whatever_the_threads(specs in tree_strategy()) {
            let mut tree = Tree::new();
            for (name, kind, size, seed) in specs {
                let new = path(&name);
                // A path cannot be both a file and a folder.
                if tree.nodes.keys().any(|known| known.is_within(&new) || new.is_within(known)) {
                    continue;
                }
                tree = match kind {
                    0 => tree.link(&name, &seed.to_string().repeat(1 + size % 30).into_bytes()),
                    1 => tree.file(&name, 0o700, text(size, seed)),
                    _ => tree.file(&name, 0o600, text(size, seed)),
                };
            }
            let one = pack(&tree.entries, 1).unwrap();
            let mut backwards = tree.entries.clone();
            backwards.reverse();
            let bytes = bytes_of(&one);
            prop_assert_eq!(&bytes, &bytes_of(&pack(&backwards, 2).unwrap()));
            prop_assert_eq!(&bytes, &bytes_of(&pack(&backwards, 3).unwrap()));
            prop_assert_eq!(extracted(&one), below_dags(&tree.nodes));
            prop_assert_eq!(one.fingerprint(), tree.fingerprint());
            prop_assert_eq!(one.entries(), tree.entries.len() as u64);
        }
    }

    #[test]
    fn files_around_every_border_are_whole() {
        let mut tree = Tree::new();
        let borders = [0, 1, 511, 512, 513, BLOCK, HELD, 2 * HELD];
        let sizes = borders.into_iter().flat_map(|border: usize| [border.saturating_sub(1), border, border + 1]);
        for (number, size) in sizes.enumerate() {
            tree = tree.file(format!("f{number:02}").as_bytes(), 0o644, text(size, number as u64));
        }
        let bundle = pack(&tree.entries, 2).unwrap();
        assert_eq!(extracted(&bundle), below_dags(&tree.nodes));
        assert_eq!(bytes_of(&bundle), bytes_of(&pack(&tree.entries, 5).unwrap()));
        assert_eq!(bundle.fingerprint(), tree.fingerprint());
    }

    /// A change of these values means that a dependency now writes other bytes for the same
    /// content. That is allowed, but never unnoticed.
    #[test]
    fn a_fixed_tree_gives_fixed_bytes() {
        let tree = Tree::new()
            .file(b"etl/load.py", 0o644, b"from airflow.sdk import dag\n".repeat(200))
            .file(b"run.sh", 0o775, b"#!/bin/sh\n".to_vec())
            .file(b"seeds/big.csv", 0o600, text(3 * BLOCK, 42))
            .link(b"etl/latest.py", b"load.py");
        let bundle = pack(&tree.entries, 2).unwrap();
        assert_eq!(
            blake3::hash(&bytes_of(&bundle)).to_hex().as_str(),
            "0176d1fe3e763f0bea9be2e4b8a7996e6830b0f51c0969df1735e4cb5011d7d3"
        );
        assert_eq!(bundle.fingerprint().to_string(), "YGOEwG2ZRz3XbgY0NFArpMfYvJIkEUH2ZkDLK4zADIQ");
    }

    #[test]
    fn times_owners_and_other_mode_bits_do_not_matter() {
        let tree = Tree::new().file(b"a.py", 0o640, b"a".to_vec()).file(b"b.sh", 0o711, b"b".to_vec());
        let before = bytes_of(&pack(&tree.entries, 1).unwrap());
        for (entry, mode) in tree.entries.iter().zip([0o666, 0o777]) {
            fs::set_permissions(&entry.source, fs::Permissions::from_mode(mode)).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_234_567_890);
            File::open(&entry.source).unwrap().set_modified(time).unwrap();
        }
        assert_eq!(before, bytes_of(&pack(&tree.entries, 1).unwrap()));
    }

    #[test]
    fn long_and_odd_names_survive_tar_and_python() {
        let long = |length: usize| [b"n".repeat(99), b"/".to_vec(), b"m".repeat(length - 100)].concat();
        let mut tree = Tree::new().link(b"short-link", &b"t".repeat(300)).link(&[b"l".repeat(120)].concat(), b"x");
        for length in [101, 102, 155, 156, 255, 256, 300] {
            tree = tree.file(&long(length), 0o644, length.to_string().into_bytes());
        }
        let deep = b"deep/".repeat(150);
        tree = tree
            .file(&[b"e".repeat(95), b"\xff\xfe".to_vec(), b"e".repeat(20)].concat(), 0o644, b"not UTF-8".to_vec())
            .file(&[&deep[..], b"end.py"].concat(), 0o755, b"deep".to_vec())
            .link(&[&deep[..], b"end.link"].concat(), &b"../".repeat(100))
            .file(&b"x".repeat(95), 0o644, b"exactly 100 with the prefix".to_vec())
            .file(b"new\nline \xe2\x80\xaeyp.py", 0o644, b"odd".to_vec());
        let bundle = pack(&tree.entries, 2).unwrap();
        assert_eq!(extracted(&bundle), below_dags(&tree.nodes));
        let listing = Command::new("python3")
            .arg("-c")
            .arg(
                "import os,sys,tarfile\n\
                 for m in tarfile.open(sys.argv[1]):\n  \
                   sys.stdout.buffer.write(os.fsencode(m.name) + b'\\0' + os.fsencode(m.linkname) + b'\\0')\n  \
                   assert (m.uid, m.gid, m.uname, m.gname) == (0, 0, '', ''), m\n",
            )
            .arg(bundle.path())
            .env("PYTHONUTF8", "1")
            .output();
        // Python is on every machine that develops DAGs, but the tests do not require it.
        if let Ok(listing) = listing {
            let expected: Vec<u8> = below_dags(&tree.nodes)
                .iter()
                .flat_map(|(name, node)| {
                    let target: &[u8] = if let Node::Link(target) = node { target } else { b"" };
                    [name.as_bytes(), b"\0", target, b"\0"].concat()
                })
                .collect();
            assert_eq!(String::from_utf8_lossy(&listing.stdout), String::from_utf8_lossy(&expected));
            assert!(listing.status.success(), "{}", String::from_utf8_lossy(&listing.stderr));
        }
    }

    #[test]
    fn the_facts_about_the_file_are_those_of_the_file() {
        let tree = Tree::new().file(b"a.py", 0o644, text(700_000, 3)).file(b"b.py", 0o644, text(2_500_000, 4));
        let progress = Cell::new(0);
        let bundle = write(&tree.entries, &options(2), &|bytes| progress.set(progress.get() + bytes)).unwrap();
        let bytes = bytes_of(&bundle);
        assert_eq!((bundle.size(), bundle.content_bytes(), progress.get()), (bytes.len() as u64, 3_200_000, 3_200_000));
        assert_eq!(bundle.md5(), <[u8; 16]>::from(md5::Md5::digest(&bytes)));
        assert_eq!(bytes[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
        // A reader that stops after the first member sees everything.
        let (mut member, mut content) = (flate2::bufread::GzDecoder::new(&bytes[..]), Vec::new());
        member.read_to_end(&mut content).unwrap();
        assert_eq!((member.into_inner().len(), content.len() % header::RECORD), (0, 0));
        assert!(content.ends_with(&header::END));
        assert!(Command::new("gzip").arg("-t").arg(bundle.path()).status().unwrap().success());
    }

    #[test]
    fn the_bundle_is_private_and_vanishes() {
        let folder = TempDir::new().unwrap();
        let bundle = write(&[], &BundleOptions { temp_dir: folder.path(), ..options(1) }, &|_| {}).unwrap();
        let file = bundle.path().to_owned();
        assert_eq!(file.parent(), Some(folder.path()));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        drop(bundle);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{}", file.display());
    }

    #[test]
    fn extra_files_ship_without_counting() {
        let tree = Tree::new().file(b"a.py", 0o644, b"a".to_vec()).file(b"z.py", 0o644, b"z".to_vec());
        let extra = |name: &[u8]| ExtraFile { path: path(name), bytes: b"extra".to_vec() };
        let extras = [extra(b"monitor.py"), extra(b"a.py")];
        let bundle = write(&tree.entries, &BundleOptions { extra: &extras, ..options(1) }, &|_| {}).unwrap();
        let mut expected = below_dags(&tree.nodes);
        expected.insert(path(b"dags/monitor.py"), Node::File(0o644, b"extra".to_vec()));
        assert_eq!(extracted(&bundle), expected);
        assert_eq!((bundle.fingerprint(), bundle.entries(), bundle.content_bytes()), (tree.fingerprint(), 2, 2));
    }

    #[test]
    fn a_changed_entry_is_an_error_that_names_it() {
        use std::os::unix::net::UnixListener;
        type Change = fn(&Path);
        let changes: [(&str, Change, &str); 8] = [
            ("a.py", |path| fs::write(path, "longer").unwrap(), "had 3 bytes and now has 6"),
            ("a.py", |path| fs::write(path, "").unwrap(), "had 3 bytes and now has 0"),
            ("a.py", |path| fs::remove_file(path).unwrap(), "it is gone"),
            ("a.py", |path| fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap(), "mode"),
            ("a.py", |path| replace(path, |path| symlink("/etc/passwd", path).unwrap()), "became a symbolic link"),
            ("a.py", |path| replace(path, |path| fs::create_dir(path).unwrap()), "no longer a regular file"),
            ("l.py", |path| replace(path, |path| symlink("/etc/passwd", path).unwrap()), "points to another place"),
            ("l.py", |path| replace(path, |path| drop(UnixListener::bind(path))), "no longer a symbolic link"),
        ];
        for (name, change, why) in changes {
            let tree = Tree::new().file(b"a.py", 0o644, b"abc".to_vec()).link(b"l.py", b"a.py");
            change(&tree.folder.path().join(name));
            let error = pack(&tree.entries, 1).unwrap_err();
            let cause = error.cause().unwrap_or_default();
            assert!(cause.contains(&format!("dags/{name} changed while it was packed")) && cause.contains(why), "{error}");
            assert_eq!((error.kind(), error.advice().is_some()), (Kind::Project, true));
        }
    }

    fn replace(path: &Path, create: fn(&Path)) {
        fs::remove_file(path).unwrap();
        create(path);
    }

    #[test]
    fn a_fifo_in_the_place_of_a_file_does_not_hang() {
        let tree = Tree::new().file(b"a.py", 0o644, Vec::new());
        let source = &tree.entries[0].source;
        fs::remove_file(source).unwrap();
        assert!(Command::new("mkfifo").arg(source).status().unwrap().success());
        let error = pack(&tree.entries, 1).unwrap_err();
        assert!(error.to_string().contains("no longer a regular file"), "{error}");
    }

    #[test]
    fn a_large_file_rewritten_between_its_two_reads_is_noticed() {
        type Change = fn(&Path);
        let changes: [(Change, &str); 3] = [
            (|path| fs::write(path, text(3 * HELD, 2)).unwrap(), "its content is another one"),
            (|path| fs::write(path, text(3 * HELD + 1, 1)).unwrap(), "its size is another one"),
            (|path| fs::write(path, text(2 * HELD, 1)).unwrap(), "its size is another one"),
        ];
        for (change, why) in changes {
            let tree = Tree::new().file(b"big.csv", 0o644, text(3 * HELD, 1));
            let source = tree.entries[0].source.clone();
            let first = Cell::new(true);
            let progress = |_| {
                if first.replace(false) {
                    change(&source)
                }
            };
            let error = write(&tree.entries, &options(2), &progress).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }

    /// `/proc/self/mem` opens as an empty regular file whose first byte cannot be read, also by
    /// root, for whom no mode makes a file unreadable.
    #[test]
    fn an_unreadable_file_is_named() {
        let executable = fs::metadata("/proc/self/mem").unwrap().permissions().mode() & 0o100 != 0;
        let kind = EntryKind::File { size: 0, executable };
        let entry = Entry { path: path(b"sub/secret.py"), source: "/proc/self/mem".into(), kind };
        let error = pack(&[entry], 1).unwrap_err();
        assert_eq!((error.kind(), error.doing()), (Kind::Project, "read dags/sub/secret.py"));
        assert!(error.advice().is_some() && error.cause().is_some(), "{error}");
    }

    #[test]
    fn two_entries_of_one_path_are_refused() {
        let tree = Tree::new().file(b"a.py", 0o644, b"a".to_vec());
        let twice = [tree.entries.clone(), tree.entries.clone()].concat();
        assert_eq!(pack(&twice, 1).unwrap_err().kind(), Kind::Internal);
        let root = Entry { path: RelPath::root(), ..tree.entries[0].clone() };
        assert_eq!(pack(&[root], 1).unwrap_err().kind(), Kind::Internal);
    }

    #[test]
    fn a_bundle_beyond_the_limit_names_its_largest_files() {
        let tree = Tree::new().file(b"model.bin", 0o644, text(3_000_000, 1)).file(b"a.py", 0o644, b"a".to_vec());
        let size = pack(&tree.entries, 2).unwrap().size();
        write(&tree.entries, &BundleOptions { limit: Some(size), ..options(2) }, &|_| {}).unwrap();
        let error = write(&tree.entries, &BundleOptions { limit: Some(size - 1), ..options(2) }, &|_| {}).unwrap_err();
        assert_eq!(error.kind(), Kind::Project);
        assert!(error.advice().unwrap().contains("model.bin (3000000 bytes), a.py (1 bytes)"), "{error}");
    }

    #[test]
    fn an_unusable_temporary_folder_is_named_with_the_setting_that_moves_it() {
        let gone = Path::new("/nonexistent/liftoff");
        let error = write(&[], &BundleOptions { temp_dir: gone, ..options(1) }, &|_| {}).unwrap_err();
        assert!(error.doing().contains("/nonexistent/liftoff") && error.advice().unwrap().contains("TMPDIR"), "{error}");
        let full = unwritable(&ErrorKind::StorageFull.into(), gone);
        assert!(full.advice().unwrap().contains("room") && full.advice().unwrap().contains("TMPDIR"), "{full}");
    }
}
