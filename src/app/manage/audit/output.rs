//! Where exported lines go: a file that appears when it is complete, or standard output as they come.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::NamedTempFile;

use crate::console::printer::Console;
use crate::error::{Error, Kind, Result};

/// Bytes that are collected before they are written.
const PORTION: usize = 64 << 10;

/// Whether lines are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As they are.
    Plain,
    /// With gzip.
    Gzip,
}

/// Where lines go.
pub struct Output {
    target: Target,
    packing: Packed,
}

enum Target {
    File { path: PathBuf, file: Box<NamedTempFile> },
    Stdout(Console),
}

enum Packed {
    Plain(Vec<u8>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
}

impl Output {
    /// Opens the output: `-` is standard output, anything else an absolute path.
    ///
    /// # Errors
    /// `Kind::Usage` when the folder of the file cannot be written.
    pub fn open(path: &Path, packing: Packing, console: &Console) -> Result<Self> {
        let target = if path.as_os_str() == "-" {
            Target::Stdout(console.clone())
        } else {
            let refused = |because: &dyn std::fmt::Display| {
                Error::new(Kind::Usage, format!("write the file {}", path.display())).because(because)
            };
            // A device or a link would be replaced by the file.
            if std::fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
                return Err(refused(&"something other than a plain file is there"));
            }
            let made = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")));
            Target::File { path: path.to_owned(), file: Box::new(made.map_err(|error| refused(&error))?) }
        };
        let packing = match packing {
            Packing::Plain => Packed::Plain(Vec::new()),
            Packing::Gzip => Packed::Gzip(Box::new(GzEncoder::new(Vec::new(), Compression::default()))),
        };
        Ok(Self { target, packing })
    }

    /// Returns whether this is standard output.
    #[must_use]
    pub const fn is_stdout(&self) -> bool {
        matches!(self.target, Target::Stdout(_))
    }

    /// Writes a line.
    ///
    /// # Errors
    /// `Kind::Project` when it cannot be written.
    pub fn line(&mut self, line: &[u8]) -> Result<()> {
        match &mut self.packing {
            Packed::Plain(bytes) => {
                bytes.extend_from_slice(line);
                bytes.push(b'\n');
            }
            Packed::Gzip(encoder) => {
                encoder.write_all(line).and_then(|()| encoder.write_all(b"\n")).map_err(|error| unwritten(&error))?;
            }
        }
        if self.pending().len() >= PORTION { self.flush() } else { Ok(()) }
    }

    /// Hands on what was collected.
    ///
    /// # Errors
    /// As `line`.
    pub fn flush(&mut self) -> Result<()> {
        let bytes = std::mem::take(self.pending());
        match &mut self.target {
            Target::File { file, .. } => file.write_all(&bytes).map_err(|error| unwritten(&error)),
            Target::Stdout(console) => console.bytes(&bytes),
        }
    }

    /// Ends the output: a file appears now.
    ///
    /// # Errors
    /// As `line`.
    pub fn finish(mut self) -> Result<()> {
        if let Packed::Gzip(encoder) = &mut self.packing {
            encoder.try_finish().map_err(|error| unwritten(&error))?;
        }
        self.flush()?;
        match self.target {
            Target::Stdout(_) => Ok(()),
            Target::File { path, file } => {
                file.as_file().sync_all().map_err(|error| unwritten(&error))?;
                file.persist(path).map(drop).map_err(|error| unwritten(&error.error))
            }
        }
    }

    fn pending(&mut self) -> &mut Vec<u8> {
        match &mut self.packing {
            Packed::Plain(bytes) => bytes,
            Packed::Gzip(encoder) => encoder.get_mut(),
        }
    }
}

fn unwritten(error: &std::io::Error) -> Error {
    Error::new(Kind::Project, "write the events").because(error)
}
