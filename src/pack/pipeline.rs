//! The threads between the reader and the file: the caller's thread cuts a stream into blocks,
//! workers compress them, one thread writes them in order. It knows nothing of tar or entries.

use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::pack::block::{self, Block};
use crate::pack::failure::{Failure, Outcome};
use crate::pack::member::{Member, Written};

/// More workers than this outrun any reader and would only cost memory.
const MOST_WORKERS: usize = 16;

/// Compresses everything that `produce` appends into one gzip member on `out` and returns what
/// `produce` returned. The bytes do not depend on `threads`.
///
/// Memory stays below about 0.6 MiB for each of `2 * threads + 2` blocks, because a block travels
/// in a circle (reader, worker, writer, reader) and no more of them exist.
///
/// # Errors
/// Returns the failure of `produce`, else of the compression, else of the output.
pub fn compress<W: Write + Send, T>(
    threads: NonZeroUsize,
    member: Member<W>,
    produce: impl FnOnce(&mut BlockStream) -> Outcome<T>,
) -> Outcome<(T, Written)> {
    let workers = threads.get().min(MOST_WORKERS);
    let blocks = 2 * workers + 2;
    // Every channel has room for all blocks, so only the wait for a spare block ever blocks a
    // sender, and whoever stops wakes its neighbours by dropping its ends.
    let (spare, spares) = sync_channel(blocks);
    thread::scope(|scope| {
        let mut lanes = Vec::with_capacity(workers);
        let mut results = Vec::with_capacity(workers);
        let mut compressing = Vec::with_capacity(workers);
        for _ in 0..workers {
            let (lane, jobs) = sync_channel(blocks);
            let (done, result) = sync_channel(blocks);
            lanes.push(lane);
            results.push(result);
            compressing.push(scope.spawn(move || deflate_all(&jobs, &done)));
        }
        let writing = scope.spawn(move || write_in_order(member, &results, &spare));
        let mut stream = BlockStream { lanes, next: 0, spares, unborn: blocks, current: None };
        let produced = produce(&mut stream).and_then(|value| stream.finish().map(|()| value));
        drop(stream);
        let compressed: Outcome<()> = compressing.into_iter().try_for_each(|worker| joined(worker.join()));
        let written = joined(writing.join());
        match (produced, compressed, written) {
            (Ok(value), Ok(()), Ok(written)) => Ok((value, written)),
            // "Stopped" is only the echo of a failure further down.
            (Err(failure), _, _) if !matches!(failure, Failure::Stopped) => Err(failure),
            (_, Err(failure), _) | (_, _, Err(failure)) | (Err(failure), _, _) => Err(failure),
        }
    })
}

/// The reader's end: takes bytes and hands them on block by block.
pub struct BlockStream {
    lanes: Vec<SyncSender<Block>>,
    next: usize,
    spares: Receiver<Block>,
    /// Blocks that may still be created.
    unborn: usize,
    current: Option<Block>,
}

impl BlockStream {
    /// Appends bytes to the stream; waits while all blocks are in use.
    ///
    /// # Errors
    /// Returns `Stopped` when the stages behind have ended early.
    pub fn append(&mut self, mut bytes: &[u8]) -> Outcome<()> {
        while !bytes.is_empty() {
            let mut block = match self.current.take() {
                Some(block) if block.room() > 0 => block,
                full => self.exchange(full)?,
            };
            bytes = block.fill(bytes);
            self.current = Some(block);
        }
        Ok(())
    }

    /// Returns an empty block, after handing on the full one whose end it needs as its window.
    fn exchange(&mut self, full: Option<Block>) -> Outcome<Block> {
        let mut block = match self.spares.try_recv() {
            Ok(block) => block,
            Err(_) if self.unborn > 0 => {
                self.unborn -= 1;
                Block::default()
            }
            Err(_) => self.spares.recv().map_err(|_| Failure::Stopped)?,
        };
        block.restart(full.as_ref());
        full.map_or(Ok(()), |full| self.hand_on(full))?;
        Ok(block)
    }

    fn hand_on(&mut self, block: Block) -> Outcome<()> {
        let lane = self.lanes.get(self.next).ok_or(Failure::Stopped)?;
        self.next = (self.next + 1) % self.lanes.len();
        lane.send(block).map_err(|_| Failure::Stopped)
    }

    fn finish(&mut self) -> Outcome<()> {
        self.current.take().map_or(Ok(()), |block| self.hand_on(block))
    }
}

/// Compresses the blocks of one lane until the reader or the writer hangs up.
fn deflate_all(jobs: &Receiver<Block>, done: &SyncSender<Block>) -> Outcome<()> {
    for mut block in jobs {
        block::deflate(&mut block)?;
        if done.send(block).is_err() {
            break;
        }
    }
    Ok(())
}

/// Takes blocks from the lanes in turn, which is the order in which the reader dealt them out.
fn write_in_order<W: Write>(mut member: Member<W>, results: &[Receiver<Block>], spare: &SyncSender<Block>) -> Outcome<Written> {
    for result in results.iter().cycle() {
        let Ok(block) = result.recv() else { break };
        member.append(&block)?;
        // The reader may have ended already and want no more blocks.
        let _ = spare.send(block);
    }
    member.finish()
}

fn joined<T>(outcome: thread::Result<Outcome<T>>) -> Outcome<T> {
    outcome.unwrap_or_else(|_| Err(Failure::Defect("a thread panicked".to_owned())))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::error::{Error, Kind};
    use crate::pack::block::BLOCK;

    const THREADS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

    /// An output with room for so many bytes.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.0.checked_sub(bytes.len()) {
                Some(room) => self.0 = room,
                None => return Err(io::ErrorKind::StorageFull.into()),
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_stops_the_reader() {
        for room in [0, 100, 3_000] {
            let mut appended = 0_u64;
            // Endless but for the failure.
            let outcome = compress(THREADS, Member::new(Disk(room), None), |stream| -> Outcome<()> {
                loop {
                    stream.append(&[7; 10_000])?;
                    appended += 10_000;
                }
            });
            assert!(matches!(&outcome, Err(Failure::Output(error)) if error.kind() == io::ErrorKind::StorageFull), "{outcome:?}");
            assert!(appended < 1 << 30, "{appended}");
        }
    }

    #[test]
    fn a_failing_reader_stops_the_rest_and_is_the_failure() {
        for blocks in [0, 1, 20] {
            let outcome = compress(THREADS, Member::new(Vec::new(), None), |stream| -> Outcome<()> {
                stream.append(&vec![1; blocks * BLOCK])?;
                Err(Error::new(Kind::Project, "read a.py").into())
            });
            assert!(matches!(&outcome, Err(Failure::Input(error)) if error.doing() == "read a.py"), "{outcome:?}");
        }
    }

    /// Sees how far the reader is ahead whenever something is written.
    struct Witness<'a> {
        appended: &'a AtomicU64,
        most_ahead: &'a AtomicU64,
        written: u64,
    }

    impl Write for Witness<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let ahead = self.appended.load(Ordering::SeqCst).saturating_sub(self.written * BLOCK as u64);
            self.most_ahead.fetch_max(ahead, Ordering::SeqCst);
            // The gzip header comes with the first block and in a write of its own.
            self.written += u64::from(bytes.len() > 10);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_reader_is_never_further_ahead_than_the_blocks_that_exist() {
        let (appended, most_ahead) = (AtomicU64::new(0), AtomicU64::new(0));
        let member = Member::new(Witness { appended: &appended, most_ahead: &most_ahead, written: 0 }, None);
        let total = 80 * BLOCK as u64;
        let ((), written) = compress(THREADS, member, |stream| {
            let piece = vec![9; BLOCK];
            while appended.load(Ordering::SeqCst) < total {
                stream.append(&piece)?;
                appended.fetch_add(BLOCK as u64, Ordering::SeqCst);
            }
            Ok(())
        })
        .unwrap();
        let most = most_ahead.load(Ordering::SeqCst);
        assert!((BLOCK as u64..=7 * BLOCK as u64).contains(&most), "{most}");
        assert!(written.size > 1000);
    }
}
