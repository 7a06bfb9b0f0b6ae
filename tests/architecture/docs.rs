//! Invariant 7: the documents are true. Paths named in prose exist, and generated tables equal their source.
//! Knows the shape of each page, not its words.

use std::path::Path;

use liftoff::error::Kind;
use liftoff::settings::docs::{action_inputs_yaml, markdown_table};
use liftoff::settings::setting::ValueKind;
use liftoff::settings::table::SETTINGS;

use crate::source::{files, root, text};

/// Folders whose paths are checked wherever prose names them in backticks.
const FOLDERS: &[&str] = &["src/", "dist/", "docs/", "tests/", "examples/", "crates/", ".ci/", ".github/"];

/// Files at the root that prose may name.
const ROOT_FILES: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "VERSIONING.md",
    "LICENSE",
    "action.yml",
    "deny.toml",
    "Cargo.toml",
    "clippy.toml",
];

/// Returns the text between backticks, line by line, outside fenced blocks.
fn backticked(content: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, line) in content.lines().enumerate() {
        if line.trim_start().trim_start_matches(['/', '!', ' ']).starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.extend(line.split('`').skip(1).step_by(2).map(|token| (index + 1, token.to_owned())));
        }
    }
    found
}

/// Returns the path that a backticked text names, or `None` when it names no path of this repository.
fn named_path(token: &str) -> Option<&str> {
    let path = token.split([':', '#', ' ']).next()?.trim_end_matches('/');
    let placeholder = token.contains(['<', '*', '{', '…', '$']);
    let known = FOLDERS.iter().any(|folder| token.starts_with(folder)) || ROOT_FILES.contains(&path);
    (known && !placeholder).then_some(path)
}

/// Returns the comment lines of a Rust file with the rest blanked, so that line numbers stay.
fn comments(content: &str) -> String {
    content.lines().map(|line| if line.trim_start().starts_with("//") { line } else { "" }).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_path_named_in_prose_exists() {
    let mut checked = 0;
    let mut wrong = Vec::new();
    for document in files("").iter().filter(|path| path.ends_with(".md") || path.ends_with(".rs")) {
        let content = text(document);
        let prose = if document.ends_with(".rs") { comments(&content) } else { content };
        let home = Path::new(document).parent().expect("a file has a folder");
        for (line, token) in backticked(&prose) {
            let Some(path) = named_path(&token) else { continue };
            checked += 1;
            if !root().join(path).exists() && !root().join(home).join(path).exists() {
                wrong.push(format!("{document}:{line} names `{path}`"));
            }
        }
    }
    assert!(checked >= 10, "only {checked} paths were found");
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut wrong = Vec::new();
    for document in files("").iter().filter(|path| path.ends_with(".md")) {
        let content = text(document);
        let home = Path::new(document).parent().expect("a file has a folder");
        for target in content.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let elsewhere = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !elsewhere && !root().join(home).join(target).exists() {
                wrong.push(format!("{document} links to {target}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Returns the cells of the rows of the first table whose header starts with `header`.
fn table(content: &str, header: &str) -> Vec<Vec<String>> {
    let rows: Vec<Vec<String>> = content
        .lines()
        .skip_while(|line| !line.starts_with(header))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().replace('`', "")).collect())
        .collect();
    assert!(!rows.is_empty(), "no table starts with {header}");
    rows
}

/// Returns the documentation of an item's attributes as one line.
fn doc(attributes: &[syn::Attribute]) -> String {
    let lines: Vec<String> = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    lines.join(" ").replace('`', "")
}

#[test]
fn the_exit_code_page_lists_every_kind_of_error() {
    let tree = syn::parse_file(&text("src/error.rs")).expect("valid Rust");
    let meanings: Vec<String> = tree
        .items
        .iter()
        .find_map(|item| match item {
            syn::Item::Enum(item) if item.ident == "Kind" => {
                Some(item.variants.iter().map(|variant| doc(&variant.attrs)).collect())
            }
            _ => None,
        })
        .expect("the enum Kind");
    let expected: Vec<Vec<String>> = Kind::ALL
        .iter()
        .zip(meanings)
        .map(|(kind, meaning)| vec![kind.exit_code().to_string(), kind.name().to_owned(), meaning])
        .collect();
    let rows = table(&text("docs/exit-codes.md"), "| Code | Name | Meaning |");
    let told: Vec<Vec<String>> = rows.iter().filter(|row| row[0] != "0").map(|row| row[..3].to_vec()).collect();
    assert_eq!(told, expected);
    assert_eq!(rows[0][0], "0", "success comes first");
}

#[test]
fn the_environment_page_lists_every_variable_of_the_host() {
    let tree = syn::parse_file(&text("src/env/names.rs")).expect("valid Rust");
    let expected: Vec<Vec<String>> = tree
        .items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Const(item) => match &*item.expr {
                syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. }) => Some(vec![name.value(), doc(&item.attrs)]),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert!(expected.len() >= 5, "only {} names were read", expected.len());
    assert_eq!(table(&text("docs/environment.md"), "| Variable | Meaning |"), expected);
}

/// Returns what stands between two marker lines.
fn between<'a>(content: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = content.split_once(&format!("{begin}\n")).unwrap_or_else(|| panic!("no line {begin}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no line {end}")).0
}

#[test]
fn the_readme_table_is_the_table_of_settings() {
    let readme = text("README.md");
    let told = between(&readme, "<!-- settings:begin -->", "<!-- settings:end -->").trim();
    let expected = markdown_table();
    assert!(SETTINGS.len() >= 40, "only {} settings", SETTINGS.len());
    assert_eq!(told, expected.trim(), "write this between the markers in README.md:\n{expected}");
}

#[test]
fn the_inputs_of_the_action_are_the_settings() {
    let action = text("action.yml");
    let expected = action_inputs_yaml();
    let told = between(&action, "# settings:begin", "# settings:end");
    assert_eq!(told.trim(), expected.trim(), "write this between the markers in action.yml:\n{expected}");
}

#[test]
fn the_action_only_launches() {
    let action: serde_json::Value = serde_saphyr::from_str(&text("action.yml")).expect("YAML");
    assert_eq!(action["runs"], serde_json::json!({ "using": "node24", "main": "dist/launch.mjs" }));
    let outputs: Vec<&String> = action["outputs"].as_object().expect("outputs").keys().collect();
    let page = text("VERSIONING.md");
    let table = table(&page, "| Output | Meaning |");
    let told: Vec<&String> = table.iter().map(|row| &row[0]).collect();
    assert_eq!(outputs, told, "VERSIONING.md lists the outputs of action.yml, in order");
    for row in &table {
        assert_eq!(action["outputs"][&row[0]]["description"], row[1].as_str(), "{}", row[0]);
    }
}

#[test]
fn example_workflows_use_inputs_that_exist() {
    let mut steps = 0;
    for path in files("examples/workflows").iter().chain(&files(".github/workflows")).filter(|path| path.ends_with(".yml")) {
        let workflow: serde_json::Value = serde_saphyr::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let jobs = workflow["jobs"].as_object().expect("jobs").values();
        for step in jobs.filter_map(|job| job["steps"].as_array()).flatten() {
            let ours = step["uses"].as_str().is_some_and(|uses| uses == "./" || uses.contains("/liftoff@"));
            for (name, value) in ours.then(|| step["with"].as_object()).flatten().into_iter().flatten() {
                steps += 1;
                let setting = SETTINGS.iter().find(|setting| setting.name == name);
                let setting = setting.unwrap_or_else(|| panic!("{path} uses the input {name}, which does not exist"));
                if let (ValueKind::Enum(words), Some(value)) = (setting.value, value.as_str()) {
                    assert!(words.contains(&value), "{path}: {name} cannot be {value}");
                }
            }
        }
    }
    assert!(steps >= 5, "only {steps} inputs were read");
}

#[test]
fn ci_runs_the_command_that_the_readme_names() {
    let readme = text("README.md");
    let commands: Vec<&str> = readme.lines().filter(|line| line.starts_with("cargo ")).collect();
    assert_eq!(commands, ["cargo run -- deploy --sandbox --root-folder examples/astro-project", "cargo test --workspace"]);
    assert!(text(".ci/run").contains("README.md"), ".ci/run takes the test command from the README");
}

#[test]
fn every_test_named_here_exists() {
    let tests: String = files("tests/architecture").iter().map(|path| text(path)).collect();
    let page = text("ARCHITECTURE.md");
    let rows = table(&page, "| # | Invariant | Tests |");
    assert_eq!(rows.len(), 7, "one row an invariant; reads and writes share one");
    let names: Vec<&str> = rows.iter().flat_map(|row| row[2].split(", ")).collect();
    let unknown: Vec<&&str> = names.iter().filter(|name| !tests.contains(&format!("fn {name}()"))).collect();
    assert_eq!(unknown, Vec::<&&str>::new());
}

#[test]
fn prose_is_told_from_code() {
    let page = "See `src/a.rs:3` and `x`.\n```sh\n`src/b.rs`\n```\n`docs/` `src/<name>.rs` `dist/y z`";
    let tokens = backticked(page);
    let paths: Vec<(usize, &str)> = tokens.iter().filter_map(|(line, token)| Some((*line, named_path(token)?))).collect();
    assert_eq!(paths, [(1, "src/a.rs"), (5, "docs"), (5, "dist/y")]);
}
