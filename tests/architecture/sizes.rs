//! Invariant 5 and the size rules of the style guide, for the product and for the simulator.
//! Knows no module by name.

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use crate::source::{SourceFile, crate_files};

const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_LINES: usize = 60;
const MAX_PARAMETERS: usize = 5;

/// Functions that may take a `bool`, because it is a recorded fact and not a choice of behaviour.
const FACTS: &[(&str, &str)] = &[("src/model/fingerprint.rs", "file"), ("src/plan/deployed.rs", "on_off")];

fn all_files() -> Vec<SourceFile> {
    let mut files = crate_files("src");
    assert!(files.len() >= 20, "only {} files of the product were read", files.len());
    let simulator = crate_files("crates/astro-sim/src");
    assert!(!simulator.is_empty(), "the simulator was not read");
    files.extend(simulator);
    files
}

#[test]
fn no_file_is_longer_than_400_lines_before_its_tests() {
    let mut long: Vec<(usize, String)> =
        all_files().into_iter().filter(|file| file.lines > MAX_FILE_LINES).map(|file| (file.lines, file.path)).collect();
    long.sort();
    assert_eq!(long, Vec::new());
}

/// One function: where it is, how long, and what its parameters look like.
struct Function {
    place: String,
    lines: usize,
    parameters: usize,
    flags: usize,
    implements_a_trait: bool,
}

struct Functions<'a> {
    path: &'a str,
    in_trait_impl: bool,
    found: Vec<Function>,
}

impl Functions<'_> {
    fn add(&mut self, signature: &syn::Signature, end: usize) {
        let start = signature.span().start().line;
        let typed = signature.inputs.iter().filter_map(|input| match input {
            syn::FnArg::Typed(typed) => Some(&*typed.ty),
            syn::FnArg::Receiver(_) => None,
        });
        let flags = typed.clone().filter(|kind| matches!(kind, syn::Type::Path(path) if path.path.is_ident("bool"))).count();
        self.found.push(Function {
            place: format!("{}:{start} {}", self.path, signature.ident),
            lines: end + 1 - start,
            parameters: typed.count(),
            flags,
            implements_a_trait: self.in_trait_impl,
        });
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig, item.span().end().line);
        visit::visit_item_fn(self, item);
    }
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, item.span().end().line);
        visit::visit_impl_item_fn(self, item);
    }
    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.add(&item.sig, item.span().end().line);
        visit::visit_trait_item_fn(self, item);
    }
    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let outer = std::mem::replace(&mut self.in_trait_impl, item.trait_.is_some());
        visit::visit_item_impl(self, item);
        self.in_trait_impl = outer;
    }
}

fn functions() -> Vec<Function> {
    let files = all_files();
    let found: Vec<Function> = files
        .iter()
        .flat_map(|file| {
            let mut functions = Functions { path: &file.path, in_trait_impl: false, found: Vec::new() };
            functions.visit_file(&file.tree);
            functions.found
        })
        .collect();
    assert!(found.len() >= 60, "only {} functions were read", found.len());
    found
}

#[test]
fn no_function_is_longer_than_60_lines() {
    let mut long: Vec<(usize, String)> = functions()
        .into_iter()
        .filter(|function| function.lines > MAX_FUNCTION_LINES)
        .map(|function| (function.lines, function.place))
        .collect();
    long.sort_by(|one, two| two.cmp(one));
    assert_eq!(long, Vec::new());
}

#[test]
fn no_function_takes_more_than_five_parameters() {
    let wide: Vec<(usize, String)> = functions()
        .into_iter()
        .filter(|function| function.parameters > MAX_PARAMETERS && !function.implements_a_trait)
        .map(|function| (function.parameters, function.place))
        .collect();
    assert_eq!(wide, Vec::new());
}

#[test]
fn no_function_takes_a_bare_flag() {
    let flagged: Vec<String> = functions()
        .into_iter()
        .filter(|function| function.flags > 0 && !function.implements_a_trait)
        .filter(|function| function.place.starts_with("src/"))
        .filter(|function| {
            !FACTS.iter().any(|(path, name)| function.place.starts_with(path) && function.place.ends_with(&format!(" {name}")))
        })
        .map(|function| format!("{}: make the bool an enum", function.place))
        .collect();
    assert_eq!(flagged, Vec::<String>::new());
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> = all_files()
        .iter()
        .filter(|file| {
            !file
                .tree
                .attrs
                .iter()
                .any(|attribute| matches!(attribute.style, syn::AttrStyle::Inner(_)) && attribute.path().is_ident("doc"))
        })
        .map(|file| format!("{}: begin with `//!`", file.path))
        .collect();
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn no_file_is_a_drawer() {
    let drawers: Vec<String> = all_files()
        .into_iter()
        .filter(|file| {
            file.module.iter().any(|part| matches!(part.as_str(), "utils" | "util" | "helpers" | "helper" | "common" | "misc"))
        })
        .map(|file| file.path)
        .collect();
    assert_eq!(drawers, Vec::<String>::new());
}

#[test]
fn lengths_and_parameters_are_counted_as_a_reader_counts() {
    let tree = syn::parse_file("/// Doc.\nfn f(a: u8, yes: bool) -> u8 {\n    a\n}\nimpl T for S { fn g(&self, no: bool) {} }")
        .expect("Rust");
    let mut functions = Functions { path: "x.rs", in_trait_impl: false, found: Vec::new() };
    functions.visit_file(&tree);
    let seen: Vec<_> = functions
        .found
        .iter()
        .map(|function| {
            (function.place.as_str(), function.lines, function.parameters, function.flags, function.implements_a_trait)
        })
        .collect();
    assert_eq!(seen, [("x.rs:2 f", 3, 2, 1, false), ("x.rs:5 g", 1, 1, 1, true)]);
}
