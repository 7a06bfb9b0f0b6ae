//! Writes compressed blocks, in order, as one gzip member and keeps its checksums.
//! It knows neither who compressed the blocks nor what they hold.

use std::io::Write;

use md5::{Digest as _, Md5};

use crate::pack::block::Block;
use crate::pack::failure::{Failure, Outcome};

/// Magic, deflate, no flags, no time, no extra flags, unknown system: nothing that varies.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// An empty last deflate block, which ends the stream after the sync flush of the block before.
const LAST: [u8; 2] = [0x03, 0x00];

/// The gzip member as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Bytes.
    pub size: u64,
    /// MD5 of these bytes, which blob storage checks on arrival.
    pub md5: [u8; 16],
}

/// A gzip member in the making.
pub struct Member<W> {
    out: W,
    limit: Option<u64>,
    size: u64,
    md5: Md5,
    checksum: crc32fast::Hasher,
}

impl<W: Write> Member<W> {
    /// Starts a member of at most `limit` bytes.
    pub fn new(out: W, limit: Option<u64>) -> Self {
        Self { out, limit, size: 0, md5: Md5::new(), checksum: crc32fast::Hasher::new() }
    }

    /// Writes the next block; the first brings the gzip header with it.
    ///
    /// # Errors
    /// Fails when the bytes cannot be written or exceed the limit.
    pub fn append(&mut self, block: &Block) -> Outcome<()> {
        self.start()?;
        self.checksum.combine(&block.checksum);
        self.write(&block.output)
    }

    /// Writes the trailer.
    ///
    /// # Errors
    /// Fails as `append` does.
    pub fn finish(mut self) -> Outcome<Written> {
        self.start()?;
        self.write(&LAST)?;
        // The format keeps the length modulo 2^32.
        let length = self.checksum.total_len() as u32;
        let checksum = self.checksum.clone().finalize();
        self.write(&checksum.to_le_bytes())?;
        self.write(&length.to_le_bytes())?;
        self.out.flush().map_err(Failure::Output)?;
        Ok(Written { size: self.size, md5: self.md5.finalize().into() })
    }

    fn start(&mut self) -> Outcome<()> {
        if self.size == 0 { self.write(&HEADER) } else { Ok(()) }
    }

    fn write(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.size += bytes.len() as u64;
        if let Some(limit) = self.limit.filter(|limit| self.size > *limit) {
            return Err(Failure::Limit(limit));
        }
        self.md5.update(bytes);
        self.out.write_all(bytes).map_err(Failure::Output)
    }
}
