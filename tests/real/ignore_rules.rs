//! The table of `.dockerignore` cases, held against real builds.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use liftoff::image::context::rules_file;
use serde::Deserialize;

use crate::components::{RealEngine, write};
use crate::scene::text;
use crate::shipped::members;

#[derive(Deserialize)]
struct Case {
    name: String,
    ignore: String,
    files: Vec<String>,
    kept: Vec<String>,
    #[serde(default)]
    differs: Vec<String>,
}

/// Builds a case as the product does, with its rules and a Dockerfile outside of the context, and returns what
/// `COPY . .` saw.
fn copied(engine: &RealEngine, case: &Case) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let (home, context) = (folder.path(), folder.path().join("context"));
    std::fs::create_dir(&context).expect("a folder");
    case.files.iter().for_each(|path| write(&context.join(path), "x"));
    write(&home.join("Dockerfile"), "FROM scratch\nCOPY . /\n");
    let (dockerfile, tar) = (home.join("Dockerfile"), home.join("out.tar"));
    let output = format!("type=tar,dest={}", tar.display());
    let mut arguments = vec!["build", "-q", "-f", text(&dockerfile), "-o", &output];
    let rules;
    if engine.name == "docker" {
        write(&home.join("Dockerfile.dockerignore"), &case.ignore);
    } else {
        rules = rules_file(&folder, &case.ignore).expect("a file of rules");
        arguments.extend(["--ignorefile", text(Path::new(&rules))]);
    }
    arguments.push(".");
    let output = engine.try_run(home, &context, &arguments);
    assert!(output.status.success(), "{}: {}", case.name, String::from_utf8_lossy(&output.stderr));
    let tar = std::fs::read(tar).expect("the build's result");
    let mut files: Vec<String> = members(&tar).into_iter().map(|(path, _)| path).filter(|path| !path.ends_with('/')).collect();
    files.sort();
    files
}

/// Asserts that an engine agrees with the table but for the cases that say otherwise of it.
fn assert_table(engine: &RealEngine, known_as: &str, exceptions: usize) {
    let table = include_str!("../fixtures/dockerignore/cases.json");
    let cases: Vec<Case> = serde_json::from_str(table).expect("a table of cases");
    assert_eq!(cases.len(), 93, "the table has another length; do all cases still count?");
    let (differing, agreeing): (Vec<Case>, Vec<Case>) =
        cases.into_iter().partition(|case| case.differs.iter().any(|engine| engine == known_as));
    assert_eq!(differing.len(), exceptions, "{known_as}");
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    let work = || {
        while let Some(case) = agreeing.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut kept = case.kept.clone();
            kept.sort();
            let found = copied(engine, case);
            if found != kept {
                wrong.lock().expect("a lock").push(format!("{}: {:?}: {found:?}", case.name, case.ignore));
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    assert_eq!(wrong.into_inner().expect("a lock"), Vec::<String>::new(), "{known_as}");
    for case in &differing {
        assert_ne!(copied(engine, case), case.kept, "{known_as}: {} differs no longer", case.name);
    }
}

#[test]
fn buildkit_reads_ignore_rules_as_the_table_says() {
    assert_table(&RealEngine::docker(), "buildkit-20.10", 5);
}

#[test]
fn podman_reads_our_form_of_the_rules_as_the_table_says() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_table(&RealEngine::daemonless("podman", folder.path()), "podman-4.3", 6);
}
