//! Where environments are kept between runs: one folder for each content of requirements.
//! It knows folders, not what is installed in them; a folder that was not finished is never used.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::env::snapshot::Env;
use crate::env::temporary::private_folder;
use crate::error::{Error, Kind, Result};

/// Written into an environment as the last step.
const COMPLETE: &str = "liftoff-complete";
/// How the folder of an environment that is being made begins.
const UNFINISHED: &str = ".making-";
/// How long an environment is kept that nobody uses.
const UNUSED: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// How long something unfinished is kept; nobody installs for a day.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder of environments.
#[derive(Debug)]
pub struct Cache {
    root: PathBuf,
    /// Holds the folder of a cache that lasts for this run only.
    _run: Option<TempDir>,
}

/// An environment that is being made; it vanishes when it is dropped.
#[derive(Debug)]
pub struct Making(TempDir);

impl Making {
    /// Returns its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.0.path()
    }
}

impl Cache {
    /// Opens the cache in the folder that the user named, else in the user's cache folder. Where there is neither, it lasts for
    /// this run only.
    ///
    /// # Errors
    /// `Kind::Project` when its folder cannot be made.
    pub fn open(named: Option<&Path>, env: &Env, temporary: &Path) -> Result<Self> {
        let of_user = || {
            let folder = env.path("XDG_CACHE_HOME").or_else(|| env.path("HOME").map(|home| home.join(".cache")))?;
            folder.is_absolute().then(|| folder.join("liftoff"))
        };
        let failed = |error: std::io::Error, folder: &Path| {
            Error::new(Kind::Project, "keep the checks' environments")
                .because(format!("{}: {error}", folder.display()))
                .hint("set `check-cache` to a folder that can be written")
        };
        match named.map(Path::to_owned).or_else(of_user) {
            Some(folder) => {
                let root = folder.join("environments");
                std::fs::create_dir_all(&root).map_err(|error| failed(error, &root))?;
                Ok(Self { root, _run: None })
            }
            None => Self::of_run(temporary),
        }
    }

    /// Opens a cache that lasts for this run only.
    ///
    /// # Errors
    /// `Kind::Project` when its folder cannot be made.
    pub fn of_run(temporary: &Path) -> Result<Self> {
        let made = private_folder(temporary, "liftoff-check-");
        let run = made.map_err(|error| Error::new(Kind::Project, "make a temporary folder").because(error))?;
        Ok(Self { root: run.path().to_owned(), _run: Some(run) })
    }

    /// Returns the cache's own folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the finished environment of a key, noting that it is used.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<PathBuf> {
        let folder = self.root.join(key);
        let mark = std::fs::File::options().append(true).open(folder.join(COMPLETE)).ok()?;
        let _ = mark.set_modified(SystemTime::now());
        Some(folder)
    }

    /// Makes a folder for an environment.
    ///
    /// # Errors
    /// `Kind::Project` when it cannot be made.
    pub fn make(&self) -> Result<Making> {
        private_folder(&self.root, UNFINISHED)
            .map(Making)
            .map_err(|error| Error::new(Kind::Project, "make a folder for an environment").because(error))
    }

    /// Puts a finished environment in its place and returns that. Where another run was faster, its one counts; what is there
    /// and not finished goes.
    ///
    /// # Errors
    /// `Kind::Project` when the file system refuses.
    pub fn keep(&self, making: Making, key: &str) -> Result<PathBuf> {
        let failed = |error: std::io::Error| Error::new(Kind::Project, "keep an environment").because(error);
        std::fs::write(making.folder().join(COMPLETE), "").map_err(failed)?;
        let folder = self.root.join(key);
        if std::fs::rename(making.folder(), &folder).is_ok() {
            // The folder has another name now; there is nothing left to remove.
            let _ = making.0.keep();
            return Ok(folder);
        }
        if let Some(theirs) = self.find(key) {
            return Ok(theirs);
        }
        std::fs::remove_dir_all(&folder).map_err(failed)?;
        std::fs::rename(making.folder(), &folder).map_err(failed)?;
        let _ = making.0.keep();
        Ok(folder)
    }

    /// Removes an environment that turned out to be broken.
    pub fn forget(&self, key: &str) {
        // Without the mark nobody uses it, even if not all of it can be removed.
        let _ = std::fs::remove_file(self.root.join(key).join(COMPLETE));
        let _ = std::fs::remove_dir_all(self.root.join(key));
    }

    /// Removes what nobody has used for long. It fails silently, since nothing depends on it.
    pub fn tidy(&self) {
        let Ok(entries) = std::fs::read_dir(&self.root) else { return };
        for entry in entries.flatten() {
            let unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
            let (dated, limit) = if unfinished { (entry.path(), STALE) } else { (entry.path().join(COMPLETE), UNUSED) };
            let age = std::fs::metadata(dated).and_then(|facts| facts.modified()).ok().and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > limit) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(folder: &Path) -> Cache {
        Cache::open(Some(folder), &Env::default(), folder).expect("a cache")
    }

    fn made(cache: &Cache, content: &str) -> Making {
        let making = cache.make().expect("a folder");
        std::fs::write(making.folder().join("content"), content).expect("a file");
        making
    }

    #[test]
    fn only_what_was_finished_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(folder.path());
        assert_eq!(cache.find("key"), None);
        drop(made(&cache, "never finished"));
        assert_eq!(std::fs::read_dir(cache.root()).expect("a folder").count(), 0, "what is given up leaves nothing");
        std::fs::create_dir_all(cache.root().join("key/half")).expect("a folder");
        assert_eq!(cache.find("key"), None, "a half-made one does not count");
        let kept = cache.keep(made(&cache, "one"), "key").expect("kept");
        assert_eq!(cache.find("key"), Some(kept.clone()));
        assert!(kept.join("content").exists() && !kept.join("half").exists());
        let again = cache.keep(made(&cache, "two"), "key").expect("the faster run's");
        assert_eq!(std::fs::read_to_string(again.join("content")).expect("a file"), "one");
        assert_eq!(std::fs::read_dir(cache.root()).expect("a folder").count(), 1);
        cache.forget("key");
        assert_eq!(cache.find("key"), None);
    }

    #[test]
    fn what_nobody_uses_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(folder.path());
        for key in ["old", "new"] {
            cache.keep(made(&cache, key), key).expect("kept");
        }
        let old = std::fs::File::options().append(true).open(cache.root().join("old").join(COMPLETE)).expect("a file");
        old.set_modified(SystemTime::now() - UNUSED * 2).expect("dated back");
        cache.tidy();
        assert_eq!((cache.find("old"), cache.find("new").is_some()), (None, true));
    }

    #[test]
    fn without_a_place_of_the_user_it_lasts_for_the_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let run = Cache::open(None, &Env::default(), folder.path()).expect("a cache");
        run.keep(made(&run, "x"), "key").expect("kept");
        drop(run);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
        let home = Env::new([("HOME".to_owned(), folder.path().as_os_str().to_owned())], "/".into());
        let kept = Cache::open(None, &home, folder.path()).expect("a cache");
        assert_eq!(kept.root(), folder.path().join(".cache/liftoff/environments"));
    }
}
