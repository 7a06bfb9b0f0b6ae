//! Invariant 6: tables are complete. Each provider and forge file is registered and has its fixtures.
//! Reads names only; what a provider answers is tested where the fixtures are run.

use crate::source::{crate_files, files, text};

/// Files of the module `ci` that are not a provider, each with what it is.
const NOT_PROVIDERS: &[(&str, &str)] = &[
    ("mod", "the table and the choice"),
    ("provider", "what a provider is"),
    ("reference", "names of branches and pull requests"),
    ("github_payload", "the events that GitHub and Gitea share"),
    ("drone_variables", "the variables that Drone and Harness share"),
];

/// What may name a provider after all, and which.
const NAMED_BY: &[(&str, &str)] = &[
    // The hint tells where that system keeps secrets.
    ("src/app/target.rs", "\"github-actions\""),
];

/// Files of the module `forge` that are not a forge.
const NOT_FORGES: &[(&str, &str)] = &[
    ("mod", "the list"),
    ("diff", "what two commits differ in"),
    ("github_client", "how GitHub is called"),
    ("github_records", "what GitHub keeps besides comments and statuses"),
    ("interface", "the trait"),
    ("rest", "what all JSON APIs share"),
    ("sticky", "the comment that is edited in place"),
];

/// Returns the names of the files and folders directly below `folder`, without `.rs`; none when there is no folder.
fn members(folder: &str, others: &[(&str, &str)]) -> Vec<String> {
    if !exists(folder) {
        return Vec::new();
    }
    let mut found: Vec<String> = files(folder)
        .iter()
        .filter_map(|path| path.strip_prefix(folder)?.trim_start_matches('/').split('/').next())
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .filter(|name| !others.iter().any(|(other, _)| other == name))
        .collect();
    found.dedup();
    found
}

fn exists(path: &str) -> bool {
    crate::source::root().join(path).exists()
}

/// Returns the text of a constant's value.
fn const_text(content: &str, name: &str) -> String {
    let (_, rest) = content.split_once(&format!("const {name}:")).unwrap_or_else(|| panic!("no constant {name}"));
    rest.split(';').next().expect("a value").to_owned()
}

#[test]
fn every_ci_provider_is_in_the_table_and_has_fixtures() {
    if !exists("src/ci/mod.rs") {
        assert!(!text("src/lib.rs").contains("mod ci;"), "src/lib.rs declares `ci`, but src/ci/mod.rs is missing");
        return;
    }
    let table = const_text(&text("src/ci/mod.rs"), "PROVIDERS");
    let providers = members("src/ci", NOT_PROVIDERS);
    assert!(providers.len() >= 2, "only {providers:?} were found");
    let mut wrong = Vec::new();
    for provider in &providers {
        if !table.contains(&format!("{provider}::")) {
            wrong.push(format!("src/ci/{provider}.rs is not in PROVIDERS"));
        }
        let fixtures = format!("tests/fixtures/ci/{}", provider.replace('_', "-"));
        if !files(&fixtures).iter().any(|path| path.ends_with(".json")) {
            wrong.push(format!("{fixtures} holds no fixture"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// A new system is one file, one row, one folder: nobody else may name it.
#[test]
fn no_file_outside_ci_asks_which_system_it_is() {
    let names: Vec<String> =
        members("src/ci", NOT_PROVIDERS).iter().map(|name| format!("\"{}\"", name.replace('_', "-"))).collect();
    let mut wrong = Vec::new();
    for path in files("src").iter().filter(|path| path.ends_with(".rs") && !path.starts_with("src/ci/")) {
        let content = text(path);
        let production = content.split("#[cfg(test)]").next().unwrap_or_default();
        let found = names.iter().filter(|name| !NAMED_BY.contains(&(path, name)) && production.contains(name.as_str()));
        wrong.extend(found.map(|name| format!("{path} names {name}")));
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_readme_lists_every_ci_system() {
    let readme = text("README.md");
    let rows =
        readme.lines().skip_while(|line| !line.starts_with("| System | Name |")).skip(2).take_while(|line| line.starts_with('|'));
    let told: Vec<&str> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    let mut expected: Vec<String> = members("src/ci", NOT_PROVIDERS).iter().map(|name| name.replace('_', "-")).collect();
    expected.retain(|name| name != "local");
    let mut sorted = told.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
}

#[test]
fn every_fixture_folder_belongs_to_a_provider() {
    let folders = members("tests/fixtures/ci", &[("README.md", "how to write one")]);
    let orphans: Vec<&String> =
        folders.iter().filter(|folder| !exists(&format!("src/ci/{}.rs", folder.replace('-', "_")))).collect();
    assert_eq!(orphans, Vec::<&String>::new());
}

#[test]
fn every_forge_is_reached_from_outside() {
    if !exists("src/app") && !exists("src/app.rs") {
        assert!(!text("src/lib.rs").contains("mod app;"), "src/lib.rs declares `app`, but there is none");
        return;
    }
    let sources = crate_files("src");
    let forges = members("src/forge", NOT_FORGES);
    assert!(!forges.is_empty(), "no forge was found");
    let table = text("src/forge/mod.rs");
    let unreached: Vec<&String> = forges
        .iter()
        .filter(|forge| !table.contains(&format!("{forge}::")))
        .filter(|forge| {
            !sources
                .iter()
                .filter(|file| file.top() != "forge")
                .flat_map(|file| &file.names)
                .any(|(name, _)| name.len() > 2 && name[0] == "crate" && name[1] == "forge" && name[2] == **forge)
        })
        .collect();
    assert_eq!(unreached, Vec::<&String>::new(), "nobody can choose these forges");
}
