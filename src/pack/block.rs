//! One block of the tar stream and its compression, independent of every other block but for the
//! 32 KiB before it. It knows deflate, but neither tar nor threads.

use flate2::{Compress, Compression, FlushCompress, Status};

use crate::pack::failure::{Failure, Outcome};

/// Bytes of content in a block. It decides the packed bytes, so it is never a setting.
pub const BLOCK: usize = 256 * 1024;

/// Bytes of the deflate window: what a block may refer to in the block before.
pub const WINDOW: usize = 32 * 1024;

/// Chosen by measurement (`benches/bundle.sh`).
const LEVEL: u32 = 3;

/// A piece of the tar stream with the window before it, and what it compresses to.
#[derive(Default)]
pub struct Block {
    /// The window (at most `WINDOW` bytes), then the content (at most `BLOCK` bytes).
    input: Vec<u8>,
    window: usize,
    /// The compressed content, ending at a byte boundary, ready to be followed by the next block.
    pub output: Vec<u8>,
    /// Checksum of the content.
    pub checksum: crc32fast::Hasher,
}

impl Block {
    /// Empties the block and gives it the end of the stream so far as its window.
    pub fn restart(&mut self, before: Option<&Self>) {
        self.input.clear();
        self.input.reserve_exact(WINDOW + BLOCK);
        if let Some(before) = before {
            let start = before.input.len().saturating_sub(WINDOW);
            self.input.extend(before.input.iter().skip(start));
        }
        self.window = self.input.len();
    }

    /// Takes as many bytes as fit and returns the rest.
    pub fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (taken, rest) = bytes.split_at(bytes.len().min(self.room()));
        self.input.extend_from_slice(taken);
        rest
    }

    /// Returns how many more bytes fit.
    #[must_use]
    pub fn room(&self) -> usize {
        BLOCK - self.content().len()
    }

    /// Returns the content without the window.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        self.input.get(self.window..).unwrap_or_default()
    }

    fn window(&self) -> &[u8] {
        self.input.get(..self.window).unwrap_or_default()
    }
}

/// Compresses a block's content into its `output` and sums it up into `checksum`.
///
/// # Errors
/// Fails only by a defect of the compressor.
pub fn deflate(block: &mut Block) -> Outcome<()> {
    let mut output = std::mem::take(&mut block.output);
    output.clear();
    let content = block.content();
    // What deflate cannot shrink grows by five bytes for every 16 KiB at worst.
    output.reserve(content.len() + content.len() / 1024 + 64);
    // A new compressor for every block: a reset one keeps the old window's bytes behind the end
    // of the new input, where its hashes look, so that its output depends on what it did before.
    let mut compressor = Compress::new(Compression::new(LEVEL), false);
    if !block.window().is_empty() {
        compressor.set_dictionary(block.window()).map_err(defect)?;
    }
    // A sync flush ends with an empty stored block and so on a byte boundary.
    match compressor.compress_vec(content, &mut output, FlushCompress::Sync).map_err(defect)? {
        Status::Ok if compressor.total_in() == content.len() as u64 && output.len() < output.capacity() => {}
        status => return Err(defect(format!("the compressor stopped early ({status:?})"))),
    }
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(content);
    block.checksum = checksum;
    block.output = output;
    Ok(())
}

fn defect(cause: impl std::fmt::Display) -> Failure {
    Failure::Defect(cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns bytes without any repetition that deflate could use.
    fn noise(size: usize, seed: u8) -> Vec<u8> {
        let mut bytes = vec![0; size];
        blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
        bytes
    }

    fn deflated(before: &[u8], content: &[u8]) -> Vec<u8> {
        let (mut first, mut block) = (Block::default(), Block::default());
        first.restart(None);
        assert!(first.fill(before).is_empty());
        block.restart(Some(&first));
        assert!(block.fill(content).is_empty());
        deflate(&mut block).unwrap();
        block.output
    }

    #[test]
    fn a_block_refers_to_the_end_of_the_block_before() {
        let before = noise(BLOCK, 1);
        let repeated = &before[BLOCK - 30_000..];
        assert!(deflated(&before, repeated).len() < 1_000);
        assert!(deflated(&noise(BLOCK, 2), repeated).len() > 29_000);
    }

    /// A compressor that is reset and used again fails this test: for about every tenth block of
    /// only two letters, what it held before decides between equally good matches.
    #[test]
    fn a_block_does_not_depend_on_the_blocks_that_its_thread_compressed_before() {
        let letters = |size, seed| noise(size, seed).iter().map(|byte| b'a' + byte % 2).collect::<Vec<u8>>();
        let pairs: Vec<_> = (0..100).map(|seed| (letters(WINDOW, seed), letters(100, 100 + seed))).collect();
        let forwards: Vec<_> = pairs.iter().map(|(before, content)| deflated(before, content)).collect();
        let mut backwards: Vec<_> = pairs.iter().rev().map(|(before, content)| deflated(before, content)).collect();
        backwards.reverse();
        assert_eq!(forwards, backwards);
    }

    #[test]
    fn a_block_takes_what_fits_and_grows_little_when_nothing_repeats() {
        let mut block = Block::default();
        block.restart(None);
        let bytes = noise(BLOCK + 5, 6);
        assert_eq!((block.fill(&bytes).len(), block.room()), (5, 0));
        deflate(&mut block).unwrap();
        assert!((BLOCK..BLOCK + BLOCK / 1024 + 64).contains(&block.output.len()), "{}", block.output.len());
    }
}
