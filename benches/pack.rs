//! Packs a folder once and prints what came out, for `benches/bundle.sh`:
//! `pack FOLDER THREADS OUTPUT`. It lists the folder itself, because the packer takes a list.

use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use liftoff::model::entry::{Entry, EntryKind};
use liftoff::model::path::RelPath;
use liftoff::pack::bundle::{self, BundleOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo bench` and `cargo test` pass `--bench` and filters of their own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [folder, threads, output] = arguments.as_slice() else {
        return Ok(());
    };
    let mut entries = Vec::new();
    list(Path::new(folder), &RelPath::root(), &mut entries)?;
    let prefix = RelPath::parse(b"dags").ok_or("a path")?;
    let options = BundleOptions {
        prefix: &prefix,
        extra: &[],
        threads: threads.parse::<NonZeroUsize>()?,
        purpose: "benchmark",
        limit: None,
        temp_dir: Path::new(output).parent().ok_or("a file in a folder")?,
    };
    let bundle = bundle::write(&entries, &options, &|_| {})?;
    std::fs::rename(bundle.path(), PathBuf::from(output))?;
    Ok(())
}

fn list(folder: &Path, path: &RelPath, entries: &mut Vec<Entry>) -> std::io::Result<()> {
    for found in std::fs::read_dir(folder)? {
        let found = found?;
        let source = found.path();
        let Some(name) = RelPath::from_path(Path::new(&found.file_name())) else { continue };
        let metadata = found.metadata()?;
        if metadata.is_dir() {
            list(&source, &path.join(&name), entries)?;
        } else if metadata.is_symlink() {
            let target = std::fs::read_link(&source)?.into_os_string().into_vec();
            entries.push(Entry { path: path.join(&name), source, kind: EntryKind::Symlink { target } });
        } else if metadata.is_file() {
            let executable = metadata.permissions().mode() & 0o100 != 0;
            entries.push(Entry { path: path.join(&name), source, kind: EntryKind::File { size: metadata.len(), executable } });
        }
    }
    Ok(())
}
