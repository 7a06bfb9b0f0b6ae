//! A whole `.dockerignore`: which paths Docker leaves out of the build context.
//! It works on text and paths alone and never asks the disk.
//!
//! Semantics: those of BuildKit, which current Docker uses. The last pattern that matches a path
//! or a folder above it wins; an exception (`!`) is only tried on a path that is excluded at that
//! point, and counts for what lies below a folder only if it was tried there.

use crate::changes::docker_pattern::DockerPattern;
use crate::error::{Error, Kind, Result};
use crate::model::path::RelPath;

/// The longest line that Docker reads, in bytes.
const LONGEST_LINE: usize = 64 * 1024;

/// The patterns of a `.dockerignore`, in order.
#[derive(Debug, Clone, Default)]
pub struct DockerIgnore {
    rules: Vec<Rule>,
    /// The file as it was, with the lines that were added.
    text: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Rule {
    pattern: DockerPattern,
    effect: Effect,
    /// 1-based line; `None` for patterns that were added.
    line: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Effect {
    Exclude,
    Include,
}

/// What is known about a folder before looking at its children: which patterns matched it or a
/// folder above it. The default is right for the children of the build context itself.
#[derive(Debug, Clone, Default)]
pub struct Above(Vec<bool>);

/// What the patterns say about one path.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The exclusion that decided; `None` when the path is part of the build context.
    pub excluded: Option<Exclusion>,
    /// What its children have to know, should it be a folder.
    pub below: Above,
}

/// The pattern that excluded a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exclusion {
    /// 1-based line; `None` for a pattern that was not in the file.
    pub line: Option<usize>,
}

impl DockerIgnore {
    /// Parses the bytes of a `.dockerignore`. `name` is what errors call the file.
    ///
    /// # Errors
    /// Fails, naming the line, on a pattern that Docker would refuse and on a line of 64 KiB or more.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self> {
        let lines = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut rules = Vec::new();
        for (index, line) in lines.split(|byte| *byte == b'\n').enumerate() {
            let flaw = |because: &str| {
                Error::new(Kind::Project, format!("read {name}"))
                    .because(format!("line {}: the pattern {because}", index + 1))
                    .hint("correct the line; see the pattern rules in Docker's documentation of the build context")
                    .at(name, Some(index + 1))
            };
            if line.len() >= LONGEST_LINE {
                return Err(flaw("is longer than Docker reads"));
            }
            if let Some(rule) = rule(line, Some(index + 1)).map_err(flaw)? {
                rules.push(rule);
            }
        }
        Ok(Self { rules, text: bytes.to_vec() })
    }

    /// Returns the text of the file, with the lines that were added.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Returns these rules followed by further patterns, one `.dockerignore` line each.
    ///
    /// # Errors
    /// Fails on a pattern that Docker would refuse.
    pub fn with_extra(&self, patterns: &[&str]) -> Result<Self> {
        let mut extended = self.clone();
        for pattern in patterns {
            let flaw = |because| {
                Error::new(Kind::Internal, "add to the .dockerignore").because(format!("the pattern {because}: {pattern}"))
            };
            extended.rules.extend(rule(pattern.as_bytes(), None).map_err(flaw)?);
            if extended.text.last().is_some_and(|byte| *byte != b'\n') {
                extended.text.push(b'\n');
            }
            extended.text.extend_from_slice(pattern.as_bytes());
            extended.text.push(b'\n');
        }
        Ok(extended)
    }

    /// Returns these rules without the lines that, trimmed, are exactly `unwanted`. They become
    /// blank, so that the numbers of the other lines stay.
    ///
    /// # Errors
    /// Fails as `parse`; never for text that was parsed before.
    pub fn without_lines(&self, unwanted: &[u8], name: &str) -> Result<Self> {
        let lines = self.text.split(|byte| *byte == b'\n').map(|line| if line.trim_ascii() == unwanted { &[] } else { line });
        Self::parse(&lines.collect::<Vec<_>>().join(&b'\n'), name)
    }

    /// Returns what the patterns say about a path whose parent folder's result is `above`.
    #[must_use]
    pub fn judge(&self, above: &Above, path: &RelPath) -> Judgement {
        let mut excluded = None;
        let mut below = vec![false; self.rules.len()];
        for ((index, rule), matched) in self.rules.iter().enumerate().zip(&mut below) {
            // Docker does not even try a pattern that could not change the outcome, and then
            // does not know for the folder's children that it would have matched the folder.
            let tried = (rule.effect == Effect::Include) == excluded.is_some();
            *matched = above.0.get(index).copied().unwrap_or_default() || (tried && rule.pattern.matches(path.as_bytes()));
            if *matched {
                excluded = match rule.effect {
                    Effect::Include => None,
                    Effect::Exclude => excluded.or(Some(Exclusion { line: rule.line })),
                };
            }
        }
        Judgement { excluded, below: Above(below) }
    }

    /// Returns what the patterns say about a path on its own, having looked at all its parents.
    #[must_use]
    pub fn judge_path(&self, path: &RelPath) -> Judgement {
        let mut judgement = Judgement { excluded: None, below: Above::default() };
        for part in path.ancestry() {
            judgement = self.judge(&judgement.below, &part);
        }
        judgement
    }

    /// Returns whether the path is left out of the build context. Docker makes no difference
    /// between files and folders.
    #[must_use]
    pub fn excludes(&self, path: &RelPath) -> bool {
        self.judge_path(path).excluded.is_some()
    }

    /// Returns whether something below an excluded folder may be part of the build context, so
    /// that the folder has to be looked into.
    #[must_use]
    pub fn may_reinclude_below(&self, folder: &RelPath) -> bool {
        self.rules.iter().any(|rule| rule.effect == Effect::Include && rule.pattern.may_match_below(folder.as_bytes()))
    }

    /// Returns the one line that excludes exactly this path (and what is below it), with every
    /// special character escaped, for adding to a `.dockerignore`. Control characters and bytes
    /// that are not UTF-8 become `?`, since the format cannot express them.
    #[must_use]
    pub fn line_for(path: &RelPath) -> String {
        let mut line = String::from("/");
        for chunk in path.as_bytes().utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '*' | '?' | '[' | ']' | '!' | '\\' | '^' => line.extend(['\\', character]),
                    // Docker trims white space at the ends of a line.
                    ' ' => line.push_str("[ ]"),
                    _ if character.is_control() || character.is_whitespace() => line.push('?'),
                    _ => line.push(character),
                }
            }
            line.extend(chunk.invalid().iter().map(|_| '?'));
        }
        line
    }
}

/// Reads one line. `None` for blank lines and comments.
fn rule(line: &[u8], number: Option<usize>) -> std::result::Result<Option<Rule>, &'static str> {
    if line.starts_with(b"#") {
        return Ok(None);
    }
    let line = trim(line);
    if line.is_empty() {
        return Ok(None);
    }
    let (mark, pattern) = line.strip_prefix(b"!").map_or((&b""[..], line), |pattern| (b"!", trim(pattern)));
    let pattern = clean(pattern);
    let pattern = pattern.strip_prefix(b"/").filter(|rest| !rest.is_empty()).unwrap_or(&pattern);
    // Docker cleans twice; the second time counts, with the mark and with what a leading slash hid.
    let whole = clean(trim(&[mark, pattern].concat()));
    let (effect, pattern) = whole.strip_prefix(b"!").map_or((Effect::Exclude, &whole[..]), |pattern| (Effect::Include, pattern));
    if pattern.is_empty() {
        return if effect == Effect::Include { Err("is a lone `!`") } else { Ok(None) };
    }
    Ok(Some(Rule { pattern: DockerPattern::compile(pattern)?, effect, line: number }))
}

/// Removes white space, as Unicode defines it, from both ends.
fn trim(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    let is_space = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(char::is_whitespace));
    while let Some(length) = (1..=rest.len().min(3)).find(|length| rest.get(..*length).is_some_and(is_space)) {
        rest = rest.get(length..).unwrap_or_default();
    }
    while let Some(cut) =
        (1..=rest.len().min(3)).map(|length| rest.len() - length).find(|cut| rest.get(*cut..).is_some_and(is_space))
    {
        rest = rest.get(..cut).unwrap_or_default();
    }
    rest
}

/// Resolves `.`, `..` and repeated or trailing slashes by text. Empty stays empty; a path that is
/// resolved to nothing is `.`, which matches nothing. A `..` that leaves the root stays.
fn clean(path: &[u8]) -> Vec<u8> {
    if path.is_empty() {
        return Vec::new();
    }
    let rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if rooted => {}
            _ => parts.push(part),
        }
    }
    let joined = parts.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/".as_slice(), &joined].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    /// One case of the table that the real-component tests also give to `docker build`.
    #[derive(Deserialize)]
    struct Case {
        name: String,
        ignore: String,
        files: Vec<String>,
        kept: Vec<String>,
    }

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).expect("a relative path")
    }

    fn kept(ignore: &DockerIgnore, files: &[String]) -> Vec<String> {
        files.iter().filter(|file| !ignore.excludes(&path(file))).cloned().collect()
    }

    /// Walks as the disk walker does: with results handed down, and looking into an excluded
    /// folder only where that could find something.
    fn walked(ignore: &DockerIgnore, file: &str) -> bool {
        let mut above = Above::default();
        let mut shipped = false;
        for part in path(file).ancestry() {
            let judgement = ignore.judge(&above, &part);
            shipped = judgement.excluded.is_none();
            if !shipped && part != path(file) && !ignore.may_reinclude_below(&part) {
                return false;
            }
            above = judgement.below;
        }
        shipped
    }

    #[test]
    fn the_table_of_documented_cases_holds() {
        let table = include_str!("../../tests/fixtures/dockerignore/cases.json");
        let cases: Vec<Case> = serde_json::from_str(table).expect("a table of cases");
        assert!(cases.len() >= 60, "only {} cases", cases.len());
        for case in cases {
            let ignore = DockerIgnore::parse(case.ignore.as_bytes(), ".dockerignore").expect(&case.name);
            assert_eq!(kept(&ignore, &case.files), case.kept, "{}: {:?}", case.name, case.ignore);
            for file in &case.files {
                assert_eq!(walked(&ignore, file), case.kept.contains(file), "{}: walking to {file}", case.name);
            }
        }
    }

    #[test]
    fn an_invalid_pattern_is_an_error_with_its_line() {
        for (text, line) in [("a\n[", 2), ("!", 1), ("\n\n! /", 3), ("a\\", 1), ("#x\n[]", 2), ("[z-a]", 1)] {
            let error = DockerIgnore::parse(text.as_bytes(), "app/.dockerignore").expect_err(text);
            assert_eq!(error.place().and_then(|place| place.line), Some(line), "{text}");
            assert!(error.to_string().contains("app/.dockerignore"), "{error}");
        }
        let long = "a".repeat(LONGEST_LINE);
        assert!(DockerIgnore::parse(long.as_bytes(), ".dockerignore").is_err());
    }

    #[test]
    fn the_deciding_line_is_known() {
        let ignore = DockerIgnore::parse(b"# comment\n\n*.md\n!README.md\ndocs\nREADME.md\n", ".dockerignore").expect("valid");
        let line = |text: &str| ignore.judge_path(&path(text)).excluded.map(|exclusion| exclusion.line);
        assert_eq!(line("a.md"), Some(Some(3)));
        assert_eq!(line("docs/x/y"), Some(Some(5)));
        assert_eq!(line("README.md"), Some(Some(6)));
        assert_eq!(line("x.py"), None);
        let extra = ignore.with_extra(&["/dags"]).expect("valid");
        assert_eq!(extra.judge_path(&path("dags/x")).excluded, Some(Exclusion { line: None }));
        assert!(extra.excludes(&path("a.md")));
        assert!(ignore.with_extra(&["["]).is_err());
    }

    #[test]
    fn a_line_for_a_path_excludes_that_path_and_no_other() {
        for name in ["dags", "a b", " x ", "!x", "#x", "a*b", "[x]", "a?b", "a\\b", "^x*", "src/dags", "dags\u{a0}"] {
            let line = DockerIgnore::line_for(&path(name));
            let ignore = DockerIgnore::default().with_extra(&[&line]).expect(name);
            assert!(ignore.excludes(&path(name)), "{line:?} should exclude {name:?}");
            assert!(ignore.excludes(&path(name).join(&path("deep/file"))), "{line:?} should exclude what is in {name:?}");
            for other in ["x", "ab", "aXb", "other", "src", "^x"] {
                assert!(!ignore.excludes(&path(other)), "{line:?} should not exclude {other:?}");
            }
        }
        let odd = RelPath::parse(b"a\nb\xff").expect("a path");
        let ignore = DockerIgnore::default().with_extra(&[&DockerIgnore::line_for(&odd)]).expect("valid");
        assert!(ignore.excludes(&odd));
    }

    /// Matches by trying everything, straight from the documentation.
    fn naive_match(pattern: &[u8], path: &[u8]) -> bool {
        match pattern {
            [] => path.is_empty(),
            [b'*', b'*'] => true,
            [b'*', b'*', b'/', rest @ ..] => {
                naive_match(rest, path) || (0..path.len()).any(|at| path[at] == b'/' && naive_match(rest, &path[at + 1..]))
            }
            [b'*', rest @ ..] => (0..=path.len()).any(|at| !path[..at].contains(&b'/') && naive_match(rest, &path[at..])),
            [b'?', rest @ ..] => path.first().is_some_and(|byte| *byte != b'/') && naive_match(rest, &path[1..]),
            [byte, rest @ ..] => path.first() == Some(byte) && naive_match(rest, &path[1..]),
        }
    }

    /// Decides for every folder on the way down, with nothing remembered but which patterns matched.
    fn naive_excludes(lines: &[String], file: &str) -> bool {
        let parts: Vec<&str> = file.split('/').collect();
        let mut held = vec![false; lines.len()];
        let mut excluded = false;
        for depth in 1..=parts.len() {
            let here = parts[..depth].join("/");
            excluded = false;
            for (index, line) in lines.iter().enumerate() {
                let (exception, pattern) = line.strip_prefix('!').map_or((false, line.as_str()), |rest| (true, rest));
                if !held[index] && exception == excluded {
                    held[index] = naive_match(pattern.as_bytes(), here.as_bytes());
                }
                if held[index] {
                    excluded = !exception;
                }
            }
        }
        excluded
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]
        #[test]
        fn rules_agree_with_a_naive_reading(
            lines in prop::collection::vec("!?(\\*\\*/)?[ab?*]{1,2}(/[ab?*]{1,2}){0,2}(/\\*\\*)?", 0..6),
            files in prop::collection::vec("[ab]{1,2}(/[ab]{1,2}){0,3}", 1..8),
        ) {
            // `**` inside a component is not documented; Docker's own reading is in the table.
            let inside = |line: &String| line.trim_start_matches('!').split('/').any(|part| part.len() > 1 && part.contains("**"));
            prop_assume!(!lines.iter().any(|line| line.trim_start_matches('!') != "**" && inside(line) && line.replace("**/", "").replace("/**", "").contains("**")));
            let ignore = DockerIgnore::parse(lines.join("\n").as_bytes(), ".dockerignore").expect("valid patterns");
            for file in &files {
                prop_assert_eq!(ignore.excludes(&path(file)), naive_excludes(&lines, file), "{:?} on {}", &lines, file);
                prop_assert_eq!(!ignore.excludes(&path(file)), walked(&ignore, file), "walking {:?} to {}", &lines, file);
            }
        }
    }
}
