//! A folder with stand-ins for engines, for this module's tests.
//! It knows how `tests/fakes/engine.sh` is steered, and nothing of what is tested.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::env::snapshot::Env;
use crate::image::engine::{Engine, find};

/// What `docker --version` and its relatives print.
const VERSIONS: &[(&str, &str)] = &[
    ("docker", "Docker version 20.10.24, build 297e128"),
    ("podman", "podman version 4.3.1"),
    ("buildah", "buildah version 1.28.2"),
];

/// A private `PATH` with stand-ins, a home and a folder for temporary files.
pub struct FakeEngines {
    folder: tempfile::TempDir,
    variables: Vec<(String, OsString)>,
}

impl FakeEngines {
    /// Creates stand-ins under these names. All answer calls with success and nothing else.
    pub fn new(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fakes/engine.sh");
        for name in names {
            // Each has a folder of its own, so that they answer differently.
            let own = folder.path().join(name);
            std::fs::create_dir(&own).expect("a folder");
            std::os::unix::fs::symlink(&script, own.join(name)).expect("a link");
            let version = VERSIONS.iter().find(|(known, _)| known == name).map_or("", |(_, version)| version);
            std::fs::write(own.join("version.out"), version).expect("a file");
        }
        std::fs::create_dir(folder.path().join("tmp")).expect("a folder");
        let at = |name: &str| folder.path().join(name).into_os_string();
        let path = names.iter().map(|name| folder.path().join(name).display().to_string()).collect::<Vec<_>>().join(":");
        let variables = vec![
            ("PATH".to_owned(), path.into()),
            ("HOME".to_owned(), at("home")),
            ("TMPDIR".to_owned(), at("tmp")),
            ("ASTRO_API_TOKEN".to_owned(), "hunter2".into()),
        ];
        Self { folder, variables }
    }

    /// Sets a file that steers a stand-in, such as `build.code`.
    pub fn answer(&self, name: &str, file: &str, text: &str) {
        std::fs::write(self.at(name).join(file), text).expect("a file");
    }

    /// Sets a variable.
    pub fn variable(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.push((name.to_owned(), value.into()));
    }

    /// Returns the environment to look for engines in.
    pub fn env(&self) -> Env {
        Env::new(self.variables.clone(), self.folder.path().to_owned())
    }

    /// Finds the engine and forgets the calls that this took.
    pub async fn find(&self, name: &str, remote_builder: Option<&str>) -> Engine {
        let engine = find(&self.env(), Some(name), remote_builder).await.expect("the stand-in works");
        std::fs::remove_file(self.at(name).join("log")).expect("it was called");
        engine
    }

    /// Returns the folder of a stand-in, or another path below the root.
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns what a stand-in wrote down, empty when it wrote nothing.
    pub fn seen(&self, name: &str, file: &str) -> String {
        std::fs::read_to_string(self.at(name).join(file)).unwrap_or_default()
    }

    /// Returns each call as one line, with the temporary folder's random part as `TMP`.
    pub fn calls(&self, name: &str) -> Vec<String> {
        let tmp = self.at("tmp").display().to_string();
        let hide = |word: &str| match word.split_once(&format!("{tmp}/liftoff-image-")) {
            Some((before, after)) => format!("{before}TMP{}", after.find('/').map_or("", |slash| &after[slash..])),
            None => word.to_owned(),
        };
        self.seen(name, "log").lines().map(|line| line.split('\t').map(hide).collect::<Vec<_>>().join(" ")).collect()
    }

    /// Returns the names of what is left in the folder for temporary files.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.at("tmp")).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
    }
}
