//! Reads the repository's files and the paths that Rust files name.
//! Judges nothing; the sibling files do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// Returns the folder of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the text of a file that must exist.
pub fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns every file below `folder` that git would not ignore, relative to the root, sorted.
pub fn files(folder: &str) -> Vec<String> {
    let mut found: Vec<String> = ignore::WalkBuilder::new(root().join(folder))
        .hidden(false)
        .git_global(false)
        .git_exclude(false)
        .parents(false)
        .add_custom_ignore_filename(".gitignore")
        .filter_entry(|entry| !matches!(entry.file_name().to_str(), Some(".git" | "target" | "node_modules")))
        .build()
        .map(|entry| entry.expect("a readable folder"))
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .map(|entry| relative(entry.path()))
        .collect();
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("a path below the root").to_str().expect("a UTF-8 path").replace('\\', "/")
}

/// One production file of the crate, parsed. Modules under `#[cfg(test)]` are not part of it.
pub struct SourceFile {
    /// Path relative to the root, such as `src/model/path.rs`.
    pub path: String,
    /// Module path, such as `["model", "path"]`; empty for `lib.rs` and `main.rs`.
    pub module: Vec<String>,
    /// The syntax tree without its test modules.
    pub tree: syn::File,
    /// Number of lines before the test module, or of the whole file.
    pub lines: usize,
    /// Every multi-segment path named by the file, with its line.
    pub names: Vec<(Vec<String>, usize)>,
}

impl SourceFile {
    /// Returns the top-level module, such as `model`, or `lib` and `main` for the roots.
    pub fn top(&self) -> &str {
        self.module.first().map_or_else(|| if self.path.ends_with("main.rs") { "main" } else { "lib" }, String::as_str)
    }
}

/// Parses the production files below a `src` folder. Files declared by `#[cfg(test)] mod x;` are left out.
pub fn crate_files(folder: &str) -> Vec<SourceFile> {
    let paths: Vec<String> = files(folder).into_iter().filter(|path| path.ends_with(".rs")).collect();
    let mut test_only = BTreeSet::new();
    let mut parsed = Vec::new();
    for path in paths {
        let content = text(&path);
        let mut tree = syn::parse_file(&content).unwrap_or_else(|error| panic!("{path}: {error}"));
        let tests_start = tree.items.iter().filter(|item| is_test_module(item)).map(|item| item.span().start().line).min();
        for item in tree.items.iter().filter(|item| is_test_module(item)) {
            if let syn::Item::Mod(module) = item {
                test_only.extend(module_files(&path, &module.ident.to_string()));
            }
        }
        tree.items.retain(|item| !is_test_module(item));
        let lines = tests_start.map_or_else(|| content.lines().count(), |line| line.saturating_sub(1));
        let names = named_paths(&tree);
        let module = module_path(folder, &path);
        parsed.push(SourceFile { path, module, tree, lines, names });
    }
    parsed.retain(|file| !test_only.iter().any(|test: &String| file.path == *test || file.path.starts_with(&format!("{test}/"))));
    parsed
}

fn module_path(folder: &str, path: &str) -> Vec<String> {
    let inner = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/').trim_end_matches(".rs");
    let mut parts: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

fn module_files(declared_in: &str, name: &str) -> [String; 2] {
    let path = PathBuf::from(declared_in);
    let folder = match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod" | "lib" | "main") => path.parent().map(Path::to_path_buf).unwrap_or_default(),
        _ => path.with_extension(""),
    };
    let base = folder.join(name).to_str().expect("UTF-8").to_owned();
    [format!("{base}.rs"), base]
}

fn is_test_module(item: &syn::Item) -> bool {
    let syn::Item::Mod(module) = item else { return false };
    module.attrs.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}

fn named_paths(tree: &syn::File) -> Vec<(Vec<String>, usize)> {
    let mut collector = Collector { names: Vec::new() };
    collector.visit_file(tree);
    collector.names
}

struct Collector {
    names: Vec<(Vec<String>, usize)>,
}

impl Collector {
    fn flatten(&mut self, tree: &syn::UseTree, prefix: &mut Vec<String>) {
        let line = tree.span().start().line;
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.flatten(&path.tree, prefix);
                prefix.pop();
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.flatten(item, prefix)),
            syn::UseTree::Name(name) if name.ident == "self" => self.names.push((prefix.clone(), line)),
            syn::UseTree::Name(name) => self.push_with(prefix, name.ident.to_string(), line),
            syn::UseTree::Rename(rename) => self.push_with(prefix, rename.ident.to_string(), line),
            syn::UseTree::Glob(_) => self.push_with(prefix, "*".to_owned(), line),
        }
    }

    fn push_with(&mut self, prefix: &[String], last: String, line: usize) {
        let mut name = prefix.to_vec();
        name.push(last);
        self.names.push((name, line));
    }

    /// Macro bodies are not parsed by syn, so paths in them are read from the tokens.
    fn tokens(&mut self, stream: TokenStream) {
        let mut current: Vec<String> = Vec::new();
        let mut line = 0;
        let mut colons = 0;
        for token in stream {
            match token {
                TokenTree::Ident(ident) if !current.is_empty() && colons == 2 => {
                    current.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Ident(ident) => {
                    self.flush(&mut current, line);
                    line = ident.span().start().line;
                    current.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !current.is_empty() => colons += 1,
                TokenTree::Group(group) => {
                    self.flush(&mut current, line);
                    self.tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => self.flush(&mut current, line),
            }
        }
        self.flush(&mut current, line);
    }

    fn flush(&mut self, current: &mut Vec<String>, line: usize) {
        if current.len() > 1 {
            self.names.push((std::mem::take(current), line));
        }
        current.clear();
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.flatten(&item.tree, &mut Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let name = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.names.push((name, path.span().start().line));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}

/// One import: the file that imports, the file that holds what it imports, and the line.
pub struct Import<'a> {
    pub from: &'a SourceFile,
    pub to: &'a SourceFile,
    pub line: usize,
}

/// Returns every import between files of one crate, found in `use` items, inline paths and macros.
pub fn imports(files: &[SourceFile]) -> Vec<Import<'_>> {
    let by_module: BTreeMap<&[String], &SourceFile> =
        files.iter().filter(|file| file.path != "src/main.rs").map(|file| (file.module.as_slice(), file)).collect();
    let mut found = Vec::new();
    for from in files {
        for (name, line) in &from.names {
            let own_crate = if from.path == "src/main.rs" { "liftoff" } else { "crate" };
            if name.first().map(String::as_str) != Some(own_crate) {
                continue;
            }
            let target = (0..name.len()).rev().find_map(|length| by_module.get(&name[1..=length]));
            if let Some(to) = target.filter(|to| to.path != from.path) {
                found.push(Import { from, to, line: *line });
            }
        }
    }
    found
}

#[test]
fn paths_are_found_in_uses_inline_and_in_macros() {
    let tree = syn::parse_file(
        "use crate::a::{self, b::C as D, *};\nfn f() { crate::x::y(); assert_eq!(g(crate::m::N::O), std::fs::P); }",
    )
    .expect("valid Rust");
    let names: BTreeSet<String> = named_paths(&tree).into_iter().map(|(name, _)| name.join("::")).collect();
    let expected =
        ["crate::a", "crate::a::*", "crate::a::b::C", "crate::m::N::O", "crate::x::y", "std::fs::P"].map(str::to_owned);
    assert_eq!(names, BTreeSet::from(expected));
}

#[test]
fn an_import_leads_to_the_file_of_the_longest_module_path() {
    let files = crate_files("src");
    let imports = imports(&files);
    assert!(
        imports.iter().any(|import| import.from.path == "src/model/path.rs" || import.to.path == "src/model/path.rs"),
        "somebody uses RelPath"
    );
    assert!(imports.iter().any(|import| import.from.path == "src/env/process.rs" && import.to.path == "src/error.rs"));
}
