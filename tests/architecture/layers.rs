//! Invariant 4: layers import only downwards, and no two files import each other in a circle.
//! The table below is the only place that knows the order.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Import, SourceFile, crate_files, imports};

/// Top-level modules, lowest row first. A row imports only rows above it in this table.
const LAYERS: &[&[&str]] = &[
    &["error", "model"],
    &["env", "http"],
    &["ci", "settings", "changes", "dags"],
    &["plan", "console"],
    ADAPTERS,
    &["check", "deploy", "preview"],
    &["report"],
    &["cli", "logging"],
    &["app"],
    &["main"],
];

/// Modules that talk to the world. They never import each other, nor `plan`.
const ADAPTERS: &[&str] = &["git", "project", "pack", "image", "astro", "blob", "registry", "airflow", "forge"];

/// The only imports within one row: whoever may import, and what. Every failure is a `crate::error`, and the HTTP client
/// finds its proxies in the environment.
const WITHIN_A_ROW: &[(&str, &str)] = &[("model", "error"), ("http", "env")];

fn row(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

fn describe(import: &Import<'_>) -> String {
    format!("{}:{} imports {}", import.from.path, import.line, import.to.path)
}

fn files() -> Vec<SourceFile> {
    let files = crate_files("src");
    assert!(files.len() >= 20, "only {} files were read", files.len());
    files
}

#[test]
fn every_top_level_module_has_its_layer() {
    let unlisted: Vec<String> = files()
        .iter()
        .filter(|file| file.top() != "lib" && row(file.top()).is_none())
        .map(|file| format!("{}: add `{}` to the layer table and to ARCHITECTURE.md", file.path, file.top()))
        .collect();
    assert_eq!(unlisted, Vec::<String>::new());
}

#[test]
fn the_layer_table_of_the_architecture_page_is_the_one_tested() {
    let page = crate::source::text("ARCHITECTURE.md");
    for row in LAYERS.iter().filter(|row| **row != ["main"]) {
        let words = row.iter().map(|module| format!("`{module}`")).collect::<Vec<_>>().join(" ");
        assert!(page.contains(&format!("| {words} |")), "ARCHITECTURE.md lacks the row {words}");
    }
}

#[test]
fn layers_import_only_downwards() {
    let files = files();
    let found = imports(&files);
    assert!(found.len() >= 20, "only {} imports were found", found.len());
    let wrong: Vec<String> = found.iter().filter(|import| !is_downwards(import)).map(describe).collect();
    assert_eq!(wrong, Vec::<String>::new());
}

fn is_downwards(import: &Import<'_>) -> bool {
    let (from, to) = (import.from.top(), import.to.top());
    if from == to || WITHIN_A_ROW.contains(&(from, to)) {
        return true;
    }
    let adapter_sees_plan = ADAPTERS.contains(&from) && to == "plan";
    matches!((row(from), row(to)), (Some(upper), Some(lower)) if lower < upper) && !adapter_sees_plan
}

#[test]
fn no_two_files_import_each_other_in_a_circle() {
    let files = files();
    let found = imports(&files);
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in &found {
        graph.entry(&import.from.path).or_default().insert(&import.to.path);
    }
    let mut done = BTreeSet::new();
    for start in graph.keys() {
        let circle = circle_from(start, &graph, &mut Vec::new(), &mut done);
        assert_eq!(circle, None, "files import each other in a circle");
    }
}

fn circle_from<'a>(
    file: &'a str,
    graph: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    trail: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<String> {
    if let Some(start) = trail.iter().position(|seen| *seen == file) {
        return Some([&trail[start..], &[file]].concat().join(" → "));
    }
    if done.contains(file) {
        return None;
    }
    trail.push(file);
    let circle = graph.get(file).into_iter().flatten().find_map(|next| circle_from(next, graph, trail, done));
    trail.pop();
    done.insert(file);
    circle
}

#[test]
fn children_never_import_their_parent() {
    let files = files();
    let wrong: Vec<String> = imports(&files)
        .iter()
        .filter(|import| {
            import.from.path != "src/main.rs"
                && import.from.module.len() > import.to.module.len()
                && import.from.module.starts_with(&import.to.module)
        })
        .map(describe)
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn imports_are_crate_paths_without_super_self_or_globs() {
    let wrong: Vec<String> = files()
        .iter()
        .flat_map(|file| file.names.iter().map(move |(name, line)| (file, name, line)))
        .filter(|(_, name, _)| {
            matches!(name[0].as_str(), "super" | "self") || (name[0] == "crate" && name.last().is_some_and(|last| last == "*"))
        })
        .map(|(file, name, line)| format!("{}:{line} names {}", file.path, name.join("::")))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn nothing_is_re_exported() {
    let mut wrong = Vec::new();
    for file in files() {
        for item in &file.tree.items {
            if matches!(item, syn::Item::Use(item) if !matches!(item.vis, syn::Visibility::Inherited)) {
                wrong.push(file.path.clone());
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_mod_file_defines_no_types() {
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| file.path.ends_with("/mod.rs")) {
        for item in &file.tree.items {
            let allowed = matches!(
                item,
                syn::Item::Mod(_) | syn::Item::Use(_) | syn::Item::Const(_) | syn::Item::Static(_) | syn::Item::Fn(_)
            );
            if !allowed {
                wrong.push(format!("{}: move the definition to a named sibling", file.path));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_circle_is_told_file_by_file() {
    let graph = BTreeMap::from([("a", BTreeSet::from(["b", "c"])), ("b", BTreeSet::from(["c"])), ("c", BTreeSet::from(["b"]))]);
    assert_eq!(circle_from("a", &graph, &mut Vec::new(), &mut BTreeSet::new()).as_deref(), Some("b → c → b"));
    let tree = BTreeMap::from([("a", BTreeSet::from(["b", "c"])), ("b", BTreeSet::from(["c"]))]);
    assert_eq!(circle_from("a", &tree, &mut Vec::new(), &mut BTreeSet::new()), None);
}
