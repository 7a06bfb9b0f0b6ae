//! The real components that `tests/real/run` starts, and what tests do with them besides what they test.
//! It knows no test; a component that is missing fails whoever asks for it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Labels of the base image, as the platform's own images have them.
pub const RUNTIME_LABEL: &str = "io.astronomer.docker.runtime.version";
/// The Runtime that the base image says it is.
pub const RUNTIME: &str = "3.1-4";
/// Where Debian has its engines; other installations of them must not come first.
pub const PATH: &str = "/usr/bin:/usr/sbin:/bin:/sbin";
/// A proxy that nobody answers: what is not on this machine fails at once.
pub const DEAD_PROXY: &str = "http://127.0.0.1:9";

/// Returns a variable that the runner sets.
#[expect(clippy::disallowed_methods, reason = "`tests/real/run` hands the addresses over in the environment")]
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; run tests/real/run"))
}

/// A container engine's program with an environment of its own.
pub struct RealEngine {
    /// Its name.
    pub name: &'static str,
    /// All variables it needs.
    pub variables: Vec<(&'static str, OsString)>,
}

impl RealEngine {
    /// Returns docker with the runner's daemon.
    pub fn docker() -> Self {
        Self { name: "docker", variables: vec![("DOCKER_HOST", variable("REAL_DOCKER_HOST").into())] }
    }

    /// Returns buildah or podman with a store in a folder.
    pub fn daemonless(name: &'static str, folder: &Path) -> Self {
        let file = folder.join("storage.conf");
        let (root, run) = (folder.join("containers"), folder.join("containers-run"));
        let (root, run) = (root.display(), run.display());
        write(&file, &format!("[storage]\ndriver = \"vfs\"\ngraphroot = \"{root}\"\nrunroot = \"{run}\"\n"));
        let variables = vec![
            ("BUILDAH_ISOLATION", "chroot".into()),
            ("STORAGE_DRIVER", "vfs".into()),
            ("CONTAINERS_STORAGE_CONF", file.into()),
        ];
        Self { name, variables }
    }

    /// Runs it in a folder and returns how it ended. `home` is also its folder for temporary files.
    pub fn try_run(&self, home: &Path, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(Path::new("/usr/bin").join(self.name));
        command.args(arguments).current_dir(folder).env_clear();
        command.envs([("PATH", PATH), ("HTTPS_PROXY", DEAD_PROXY), ("DOCKER_BUILDKIT", "1")]);
        command.env("HOME", home).env("TMPDIR", home).envs(self.variables.iter().cloned());
        command.output().unwrap_or_else(|error| panic!("{} does not start: {error}", self.name))
    }

    /// Runs it in a folder, expects success and returns what it printed.
    pub fn run(&self, home: &Path, folder: &Path, arguments: &[&str]) -> String {
        let output = self.try_run(home, folder, arguments);
        assert!(output.status.success(), "{} {arguments:?}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Makes the base image under a name: a shell, the labels and the triggers of an Astro Runtime image.
    pub fn make_base(&self, home: &Path, name: &str) {
        let folder = home.join("base");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::copy("/bin/busybox", folder.join("busybox")).expect("a static busybox is installed");
        let dockerfile = format!(
            "FROM scratch\nADD busybox /bin/sh\nLABEL {RUNTIME_LABEL}={RUNTIME} io.astronomer.docker.airflow.version=3.1.0\n\
             WORKDIR /usr/local/airflow\nSHELL [\"/bin/sh\", \"-c\"]\n\
             ONBUILD COPY packages.txt .\nONBUILD RUN test -e packages.txt\nONBUILD COPY requirements.txt .\nONBUILD COPY . .\n"
        );
        write(&folder.join("Dockerfile"), &dockerfile);
        // Only Docker's own format can hold ONBUILD and SHELL.
        let format: &[&str] = if self.name == "docker" { &[] } else { &["--format", "docker"] };
        self.run(home, &folder, &[&["build"], format, &["-t", name, "."]].concat());
    }
}

/// Writes a file and the folders above it.
pub fn write(file: &Path, text: &str) {
    std::fs::create_dir_all(file.parent().expect("a folder above")).expect("folders");
    std::fs::write(file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

/// Returns every file below a folder, links not followed.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            match entry.file_type().expect("a kind of file").is_dir() {
                true => folders.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    files.sort();
    files
}
