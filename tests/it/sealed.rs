//! What other programs of the same user can learn from a running Liftoff.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

/// A user without rights, for test runs as root.
const NOBODY: u32 = 65_534;

#[test]
fn nobody_of_the_same_user_can_read_the_environment_of_a_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let owner = std::fs::metadata(folder.path()).expect("a folder").uid();
    let program = folder.path().join("liftoff");
    std::fs::copy(env!("CARGO_BIN_EXE_liftoff"), &program).expect("a copy");
    for place in [folder.path(), &program] {
        std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    let mut command = Command::new(&program);
    command.arg("sandbox").current_dir(folder.path()).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    if owner == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    let mut child = command.spawn().expect("the program");
    let mut first = String::new();
    let read = BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut first);
    // The kernel gives the files of a sealed process to root, whoever runs it.
    let environment = std::fs::metadata(format!("/proc/{}/environ", child.id())).map(|facts| facts.uid());
    child.kill().and_then(|()| child.wait()).expect("stopped");
    read.expect("a line");
    assert!(first.starts_with("export ASTRO_API_TOKEN="), "it did not start: {first}");
    assert_eq!(environment.expect("facts"), 0);
}
