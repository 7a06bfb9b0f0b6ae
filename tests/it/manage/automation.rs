//! `docs/automation.md` is true: every command that it names exists with the flags that it shows, and so does every test.

use std::path::Path;
use std::process::Command;

/// Returns what stands in backticks in a cell.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Returns the cells of the rows of all tables, without headings.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| ---");
    let rows = page.lines().filter(is_row).map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect());
    rows.filter(|row: &Vec<&str>| row.first() != Some(&"What")).collect()
}

fn help(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_liftoff")).args(words).arg("--help").output().expect("the program");
    assert!(output.status.success(), "liftoff {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn has_test(folder: &Path, name: &str) -> bool {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    entries.map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            return has_test(&path, name);
        }
        path.extension().is_some_and(|extension| extension == "rs")
            && std::fs::read_to_string(&path).expect("a file").contains(&format!("fn {name}()"))
    })
}

#[test]
fn every_command_and_every_test_of_the_page_exists() {
    let page = std::fs::read_to_string("docs/automation.md").expect("the page");
    let rows = rows(&page);
    assert!(rows.len() > 20, "{} rows", rows.len());
    for row in &rows {
        let [what, commands, tests] = row.as_slice() else { panic!("not three cells: {row:?}") };
        assert!(quoted(commands).next().is_some() && quoted(tests).next().is_some(), "an empty cell: {row:?}");
        for command in quoted(commands).filter_map(|command| command.strip_prefix("liftoff ")) {
            let is_word = |word: &&str| word.starts_with(|first: char| first.is_ascii_lowercase());
            let words: Vec<&str> = command.split(' ').take_while(is_word).collect();
            let help = help(&words);
            assert!(help.contains(&format!("Usage: liftoff {}", words.join(" "))), "{what}: {command}");
            assert!(!help.contains("<COMMAND>"), "{what}: `{command}` lacks its verb");
            for flag in command.split(' ').filter(|word| word.starts_with("--")) {
                let flag = flag.split('=').next().unwrap_or(flag);
                assert!(help.contains(flag), "{what}: `liftoff {}` has no {flag}", words.join(" "));
            }
        }
        for test in quoted(tests) {
            assert!(["tests", "src", "crates"].iter().any(|folder| has_test(Path::new(folder), test)), "{what}: no test {test}");
        }
    }
}
