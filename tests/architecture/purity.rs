//! Invariants 1 to 3: facts are gathered before the decision, the decision is pure, and writes come after it.
//! Works on names only; it does not follow values.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};

use crate::source::{SourceFile, crate_files, imports};

/// What `plan` and all that it imports never name.
const IMPURE: &[&[&str]] = &[
    &["git2"],
    &["reqwest"],
    &["octocrab"],
    &["oci_client"],
    &["tokio"],
    &["std", "fs"],
    &["std", "env"],
    &["std", "net", "TcpStream"],
    &["std", "net", "TcpListener"],
    &["std", "net", "UdpSocket"],
    &["std", "net", "ToSocketAddrs"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "time", "SystemTime"],
    &["std", "time", "Instant"],
    &["std", "*"],
];

/// Modules whose calls change the platform, a registry, a blob or a pull request.
const ACTING: &[&str] = &["deploy", "preview", "report", "blob"];

fn closure<'a>(files: &'a [SourceFile], start: &str) -> BTreeSet<&'a str> {
    let mut graph: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let found = imports(files);
    for import in &found {
        graph.entry(&import.from.path).or_default().push(&import.to.path);
    }
    let mut open: Vec<&str> = files.iter().filter(|file| file.top() == start).map(|file| file.path.as_str()).collect();
    let mut reached = BTreeSet::new();
    while let Some(path) = open.pop() {
        if reached.insert(path) {
            open.extend(graph.get(path).into_iter().flatten());
        }
    }
    files.iter().map(|file| file.path.as_str()).filter(|path| reached.contains(path)).collect()
}

fn impure_names(file: &SourceFile) -> Vec<String> {
    file.names
        .iter()
        .filter(|(name, _)| {
            IMPURE.iter().any(|prefix| name.len() >= prefix.len() && name.iter().zip(*prefix).all(|(a, b)| a == b))
        })
        .map(|(name, line)| format!("{}:{line} names {}", file.path, name.join("::")))
        .collect()
}

#[test]
fn the_decision_and_all_it_imports_name_no_io() {
    let files = crate_files("src");
    // The vocabulary is what every decision is made of, so it is judged with the modules that decide.
    for start in ["model", "error", "changes", "dags", "plan"] {
        if start == "model" {
            assert!(closure(&files, start).len() >= 10, "the vocabulary was not read");
        }
        let reached = closure(&files, start);
        let wrong: Vec<String> =
            files.iter().filter(|file| reached.contains(file.path.as_str())).flat_map(impure_names).collect();
        assert_eq!(wrong, Vec::<String>::new(), "{start} must be pure");
    }
}

#[test]
fn the_decision_waits_for_nothing() {
    struct Waiting(Vec<usize>);
    impl<'ast> Visit<'ast> for Waiting {
        fn visit_signature(&mut self, signature: &'ast syn::Signature) {
            if let Some(token) = &signature.asyncness {
                self.0.push(token.span.start().line);
            }
            visit::visit_signature(self, signature);
        }
        fn visit_expr_async(&mut self, expression: &'ast syn::ExprAsync) {
            self.0.push(expression.async_token.span.start().line);
        }
        fn visit_expr_await(&mut self, expression: &'ast syn::ExprAwait) {
            self.0.push(expression.await_token.span.start().line);
        }
    }
    let probe = syn::parse_file("async fn f() { g().await }").expect("valid Rust");
    let mut seen = Waiting(Vec::new());
    seen.visit_file(&probe);
    assert_eq!(seen.0, [1, 1]);
    let mut wrong = Vec::new();
    for file in crate_files("src").iter().filter(|file| ["model", "changes", "dags", "plan"].contains(&file.top())) {
        let mut waiting = Waiting(Vec::new());
        waiting.visit_file(&file.tree);
        wrong.extend(waiting.0.iter().map(|line| format!("{}:{line} is async", file.path)));
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn whoever_gathers_facts_imports_nothing_that_writes() {
    let files = crate_files("src");
    let wrong: Vec<String> = imports(&files)
        .iter()
        .filter(|import| import.from.module.iter().any(|part| part.starts_with("gather")) && ACTING.contains(&import.to.top()))
        .map(|import| format!("{}:{} imports {}", import.from.path, import.line, import.to.path))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    if files.iter().any(|file| file.top() == "app") {
        assert!(
            files.iter().any(|file| file.module.iter().any(|part| part.starts_with("gather"))),
            "the file that gathers facts is named `gather…`, so that this test can find it"
        );
    }
}

#[test]
fn whoever_performs_a_plan_never_makes_one() {
    let files = crate_files("src");
    let wrong: Vec<String> = files
        .iter()
        .filter(|file| ["deploy", "preview", "report"].contains(&file.top()))
        .flat_map(|file| file.names.iter().map(move |(name, line)| (file, name, line)))
        .filter(|(_, name, _)| name.len() > 2 && name[0] == "crate" && name[1] == "plan" && name[name.len() - 1] == "plan")
        .map(|(file, _, line)| format!("{}:{line} calls plan", file.path))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

/// Its interface changes with every release.
#[test]
fn only_one_module_knows_the_python_parser() {
    let modules: BTreeSet<String> = crate_files("src")
        .iter()
        .filter(|file| file.names.iter().any(|(name, _)| name[0].starts_with("ruff_")))
        .map(|file| file.top().to_owned())
        .collect();
    assert_eq!(modules, BTreeSet::from(["dags".to_owned()]));
}

#[test]
fn only_one_file_reads_the_process_environment() {
    let readers: Vec<String> = crate_files("src")
        .iter()
        .filter(|file| {
            file.names.iter().any(|(name, _)| {
                name.len() > 1
                    && name[0] == "std"
                    && name[1] == "env"
                    && !is_a_plain_value(name)
                    && !is_the_command_line(file, name)
            })
        })
        .map(|file| file.path.clone())
        .collect();
    assert_eq!(readers, ["src/env/process.rs"]);
}

/// `std::env::consts` is known at compile time.
fn is_a_plain_value(name: &[String]) -> bool {
    matches!(name.get(2).map(String::as_str), Some("consts"))
}

/// The command line is no environment variable; `main` hands it on.
fn is_the_command_line(file: &SourceFile, name: &[String]) -> bool {
    file.top() == "main" && matches!(name.get(2).map(String::as_str), Some("args" | "args_os"))
}
