//! Walks folders and hashes what it finds, in parallel and with the same result every time.
//! It asks the rules what belongs; it knows neither what the files mean nor what they are for.

use std::fs::FileType;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::changes::dockerignore::Above;
use crate::changes::folder::FolderRules;
use crate::changes::image::ImageRules;
use crate::changes::liftoffignore::Node;
use crate::error::{Error, Kind, Result};
use crate::model::entry::{Entry, EntryKind};
use crate::model::path::RelPath;
use crate::project::{file, links};

/// A folder, or a single file, to walk.
#[derive(Debug, Clone)]
pub struct Root<'a> {
    /// Where it lies. A link here is not followed.
    pub place: PathBuf,
    /// What errors put before the paths found in it.
    pub shown: RelPath,
    /// What belongs.
    pub rules: Rules<'a>,
}

/// What belongs to a walk.
#[derive(Debug, Clone, Copy)]
pub enum Rules<'a> {
    /// Files that ship in a bundle; links must not lead out of it.
    Bundle(FolderRules<'a>),
    /// Files that only count; links may lead anywhere, since they are not followed.
    Counted(FolderRules<'a>),
    /// Inputs of the image.
    Image(ImageRules<'a>),
}

/// Whether the bytes of files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Every file is read and hashed.
    Hash,
    /// Files are only listed, and sockets are passed over as Docker does.
    List,
}

/// An entry with the BLAKE3 hash of its bytes; zeros for links and for files that were only listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The entry, by its path below the root.
    pub entry: Entry,
    /// The hash.
    pub digest: [u8; 32],
}

/// Files that one worker takes at a time: enough to make handing out cheap, and few enough that
/// no worker is left alone with the rest.
const FILES_AT_A_TIME: usize = 32;

/// Bytes of a file in memory at a time, for each worker.
const BUFFER: usize = 128 * 1024;

/// Walks all roots at once. Returns, for each, what belongs, sorted by path.
///
/// # Errors
/// Names the first path, in order, that cannot be read, is neither file, folder nor link, is a
/// link that leads out of a bundle, or changed while it was read.
pub fn walk(roots: &[Root<'_>], reading: Reading, threads: NonZeroUsize) -> Result<Vec<Vec<Found>>> {
    let walk = Walk { roots, reading, queue: Mutex::default(), changed: Condvar::new() };
    for (index, root) in roots.iter().enumerate() {
        walk.begin(index, root)?;
    }
    let yields: Vec<Yield> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.get()).map(|_| scope.spawn(|| walk.work())).collect();
        let mut yields = vec![walk.work()];
        yields.extend(others.into_iter().filter_map(|worker| worker.join().ok()));
        yields
    });
    let mut found: Vec<Vec<Found>> = roots.iter().map(|_| Vec::new()).collect();
    let mut failures = Vec::new();
    for worker in yields {
        failures.extend(worker.failures);
        for (root, one) in worker.found {
            if let Some(list) = found.get_mut(root) {
                list.push(one);
            }
        }
    }
    if let Some(first) = failures.into_iter().min_by(|one, two| (one.root, &one.path).cmp(&(two.root, &two.path))) {
        return Err(first.error);
    }
    for list in &mut found {
        list.sort_unstable_by(|one, two| one.entry.path.cmp(&two.entry.path));
    }
    Ok(found)
}

struct Walk<'a> {
    roots: &'a [Root<'a>],
    reading: Reading,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: Vec<Job>,
    working: usize,
}

enum Job {
    Folder { root: usize, at: Spot, above: Above },
    Files { root: usize, files: Vec<Spot> },
}

/// A path below a root, where it lies, and what the folder that holds it said it is.
struct Spot {
    path: RelPath,
    place: PathBuf,
    kind: FileType,
}

/// What one worker has to show.
#[derive(Default)]
struct Yield {
    found: Vec<(usize, Found)>,
    failures: Vec<Failure>,
}

struct Failure {
    root: usize,
    path: RelPath,
    error: Error,
}

impl Walk<'_> {
    /// Puts the first job of a root into the queue.
    fn begin(&self, index: usize, root: &Root<'_>) -> Result<()> {
        let kind = std::fs::symlink_metadata(&root.place).map_err(|error| unreadable(&root.shown, &error))?.file_type();
        let at = Spot { path: RelPath::root(), place: root.place.clone(), kind };
        let job = if kind.is_dir() {
            Job::Folder { root: index, at, above: Above::default() }
        } else {
            Job::Files { root: index, files: vec![at] }
        };
        self.lock().jobs.push(job);
        Ok(())
    }

    /// Takes jobs until none is left and nobody can make another.
    fn work(&self) -> Yield {
        let mut result = Yield::default();
        let mut buffer = vec![0; BUFFER];
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop() {
                queue.working += 1;
                drop(queue);
                let more = self.run(job, &mut result, &mut buffer);
                queue = self.lock();
                queue.jobs.extend(more);
                queue.working -= 1;
                self.changed.notify_all();
            } else if queue.working == 0 {
                return result;
            } else {
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, job: Job, result: &mut Yield, buffer: &mut [u8]) -> Vec<Job> {
        match job {
            Job::Folder { root, at, above } => {
                let Some(rules) = self.roots.get(root) else { return Vec::new() };
                let mut contents = FolderContents::default();
                if let Err(error) = contents.read(rules, &at, &above, self.reading) {
                    result.failures.push(Failure { root, path: at.path, error });
                }
                contents.jobs(root)
            }
            Job::Files { root, files } => {
                let Some(rules) = self.roots.get(root) else { return Vec::new() };
                for at in files {
                    match self.entry(rules, &at, buffer) {
                        Ok((kind, digest)) => {
                            let entry = Entry { path: at.path, source: at.place, kind };
                            result.found.push((root, Found { entry, digest }));
                        }
                        Err(error) => result.failures.push(Failure { root, path: at.path, error }),
                    }
                }
                Vec::new()
            }
        }
    }

    /// Reads one file or link.
    fn entry(&self, root: &Root<'_>, at: &Spot, buffer: &mut [u8]) -> Result<(EntryKind, [u8; 32])> {
        let shown = || root.shown.join(&at.path);
        let failed = |error: std::io::Error| unreadable(&shown(), &error);
        if at.kind.is_symlink() {
            let target = file::link_target(&at.place).map_err(failed)?;
            if let Rules::Bundle(_) = root.rules {
                links::check(&at.path, &target).map_err(|fault| {
                    Error::new(Kind::Project, format!("pack {}", shown()))
                        .because(format!("the link {fault}"))
                        .hint("make the link relative and let it end inside the folder, or list it in .liftoffignore")
                        .at(shown().to_string(), None)
                })?;
            }
            return Ok((EntryKind::Symlink { target }, [0; 32]));
        }
        if !at.kind.is_file() {
            return Err(special(&shown(), at.kind));
        }
        match self.reading {
            Reading::Hash => file::hashed(&at.place, buffer).map_err(failed),
            Reading::List => {
                let facts = std::fs::symlink_metadata(&at.place).map_err(failed)?;
                Ok((EntryKind::File { size: facts.len(), executable: file::is_executable(&facts) }, [0; 32]))
            }
        }
    }
}

/// What a folder holds, as far as it belongs.
#[derive(Default)]
struct FolderContents {
    folders: Vec<(Spot, Above)>,
    files: Vec<Spot>,
}

impl FolderContents {
    fn read(&mut self, root: &Root<'_>, at: &Spot, above: &Above, reading: Reading) -> Result<()> {
        let shown = root.shown.join(&at.path);
        let failed = |error: std::io::Error| unreadable(&shown, &error);
        for item in std::fs::read_dir(&at.place).map_err(failed)? {
            let item = item.map_err(failed)?;
            let Some(name) = RelPath::from_path(Path::new(&item.file_name())) else {
                return Err(Error::new(Kind::Project, format!("read {shown}")).because("it holds a name that cannot be written"));
            };
            let path = at.path.join(&name);
            let kind = item.file_type().map_err(failed)?;
            let node = if kind.is_dir() { Node::Folder } else { Node::File };
            let (belongs, below) = root.rules.judge(above, &path, node);
            let spot = || Spot { path: path.clone(), place: item.path(), kind };
            match (below, node) {
                (Some(below), Node::Folder) => self.folders.push((spot(), below)),
                (_, Node::File) if belongs => {
                    let passed_over = reading == Reading::List && is_socket(kind);
                    if !passed_over {
                        self.files.push(spot());
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn jobs(self, root: usize) -> Vec<Job> {
        let folders = self.folders.into_iter().map(|(at, above)| Job::Folder { root, at, above });
        let mut jobs: Vec<Job> = folders.collect();
        let mut files = self.files;
        while !files.is_empty() {
            let rest = files.split_off(files.len().min(FILES_AT_A_TIME));
            jobs.push(Job::Files { root, files: std::mem::replace(&mut files, rest) });
        }
        jobs
    }
}

impl Rules<'_> {
    /// Returns whether the path belongs, and for a folder what its children have to know, unless
    /// nothing below it belongs.
    fn judge(&self, above: &Above, path: &RelPath, node: Node) -> (bool, Option<Above>) {
        match self {
            Self::Bundle(rules) | Self::Counted(rules) => match rules.exclusion(path, node) {
                None => (true, Some(Above::default())),
                Some(_) => (false, None),
            },
            Self::Image(rules) => {
                let step = rules.step(above, path, node);
                (step.verdict.is_ok(), step.below)
            }
        }
    }
}

fn is_socket(kind: FileType) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        kind.is_socket()
    }
    #[cfg(not(unix))]
    {
        let _ = kind;
        false
    }
}

fn unreadable(shown: &RelPath, error: &std::io::Error) -> Error {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => "it vanished during the run; let nothing write to the project meanwhile",
        _ => "make it readable for the user that runs Liftoff, or leave it out by an ignore file",
    };
    Error::new(Kind::Project, format!("read {shown}")).because(error).hint(hint).at(shown.to_string(), None)
}

fn special(shown: &RelPath, kind: FileType) -> Error {
    let what = match () {
        #[cfg(unix)]
        () if std::os::unix::fs::FileTypeExt::is_fifo(&kind) => "a named pipe",
        () if is_socket(kind) => "a socket",
        () => "a device",
    };
    Error::new(Kind::Project, format!("read {shown}"))
        .because(format!("it is {what}, not a file"))
        .hint("remove it or leave it out by an ignore file")
        .at(shown.to_string(), None)
}
