//! One pattern of a `.dockerignore`: its grammar and how it matches a path.
//! It knows nothing of the order of patterns, of exceptions or of parent folders.
//!
//! Grammar: Docker's documentation of the build context (rules of Go's `filepath.Match`, plus
//! `**`). Where Docker's matcher is looser than its documentation, the matcher counts, because
//! it decides what ends up in the image; each such place says so.

/// Why a pattern is not valid; the words complete "the pattern …".
pub type Flaw = &'static str;

/// A compiled pattern without its leading `!`.
#[derive(Debug, Clone)]
pub struct DockerPattern {
    /// The cleaned text.
    text: Vec<u8>,
    form: Form,
}

/// Docker compares simple patterns as plain bytes and compiles only the others.
#[derive(Debug, Clone)]
enum Form {
    Exact,
    /// Ends in `**` and is plain before it: bytes that the path must start with.
    Prefix,
    /// Starts with `**` and is plain after it: bytes that the path must end with.
    Suffix,
    Steps(Vec<Step>),
}

/// A state of the matcher: what it takes from the path to move on.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// This character.
    One(char),
    /// `?`: any character but `/`.
    NotSlash,
    /// `[…]`. A negated class also takes `/`, unlike the documentation.
    Class { negated: bool, ranges: Vec<(char, char)> },
    /// `*`: any number of characters but `/`.
    Star,
    /// `**` at the end: any number of characters but line feeds.
    Rest,
    /// `**/`: nothing, or anything but line feeds up to a `/`. Followed by `FoldersLoop`.
    Folders,
    /// Inside what `Folders` takes.
    FoldersLoop,
    /// `^` beside other special characters: nothing, and only at the start of the path.
    Start,
}

impl DockerPattern {
    /// Compiles a cleaned pattern.
    ///
    /// # Errors
    /// Says what is wrong with a pattern that Docker refuses, or that Docker would read as
    /// something nobody can have meant.
    pub fn compile(text: &[u8]) -> Result<Self, Flaw> {
        let steps = steps(&characters(text))?;
        let plain = |part: &[Step]| part.iter().all(|step| matches!(step, Step::One(_) | Step::Start));
        // A backslash, `[` or `]` makes Docker compile the pattern even where no step is special.
        let literal = !text.iter().any(|byte| matches!(byte, b'\\' | b'[' | b']'));
        let form = if literal && plain(&steps) {
            Form::Exact
        } else if literal && text.starts_with(b"**") && plain(steps.get(folders_len(&steps)..).unwrap_or_default()) {
            Form::Suffix
        } else if literal && steps.split_last().is_some_and(|(last, before)| *last == Step::Rest && plain(before)) {
            Form::Prefix
        } else {
            Form::Steps(steps)
        };
        Ok(Self { text: text.to_vec(), form })
    }

    /// Returns whether the whole path matches. Parent folders are the caller's business.
    #[must_use]
    pub fn matches(&self, path: &[u8]) -> bool {
        match &self.form {
            Form::Exact => path == self.text,
            Form::Prefix => path.starts_with(self.plain_prefix()),
            Form::Suffix => {
                let suffix = self.text.get(2..).unwrap_or_default();
                path.ends_with(suffix) || suffix.strip_prefix(b"/") == Some(path)
            }
            Form::Steps(steps) => runs(steps, path),
        }
    }

    /// Returns whether some path below the folder could match.
    #[must_use]
    pub fn may_match_below(&self, folder: &[u8]) -> bool {
        let prefix = self.plain_prefix();
        let below = [folder, b"/"].concat();
        match self.form {
            Form::Exact => self.text.starts_with(&below),
            _ => prefix.starts_with(&below) || below.starts_with(prefix),
        }
    }

    /// Returns the bytes that every match starts with, as far as they are plain.
    fn plain_prefix(&self) -> &[u8] {
        let end = match self.form {
            Form::Exact => self.text.len(),
            Form::Prefix => self.text.len().saturating_sub(2),
            _ => self.text.iter().position(|byte| b"*?[]\\^".contains(byte)).unwrap_or(self.text.len()),
        };
        self.text.get(..end).unwrap_or_default()
    }
}

/// Returns how many steps a leading `**` or `**/` takes.
fn folders_len(steps: &[Step]) -> usize {
    match steps.first() {
        Some(Step::Folders) => 2,
        Some(Step::Rest) => 1,
        _ => 0,
    }
}

/// Splits bytes into characters; a byte that is not UTF-8 becomes one replacement character,
/// as in Go.
fn characters(bytes: &[u8]) -> Vec<char> {
    let mut characters = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        characters.extend(chunk.valid().chars());
        characters.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    characters
}

fn steps(pattern: &[char]) -> Result<Vec<Step>, Flaw> {
    let mut steps = Vec::new();
    let mut rest = pattern;
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            ('*', ['*', after @ ..]) => {
                rest = after.strip_prefix(&['/']).unwrap_or(after);
                steps.extend(if rest.is_empty() { vec![Step::Rest] } else { vec![Step::Folders, Step::FoldersLoop] });
            }
            ('*', _) => steps.push(Step::Star),
            ('?', _) => steps.push(Step::NotSlash),
            ('\\', _) => {
                let (character, after) = escaped(after)?;
                rest = after;
                steps.push(Step::One(character));
            }
            ('[', _) => {
                let (class, after) = class(after)?;
                rest = after;
                steps.push(class);
            }
            ('^', _) => steps.push(Step::Start),
            (character, _) => steps.push(Step::One(*character)),
        }
    }
    Ok(steps)
}

/// Reads what follows a backslash.
fn escaped(rest: &[char]) -> Result<(char, &[char]), Flaw> {
    match rest {
        [] => Err("ends in a backslash"),
        // Docker hands these to its regular expressions, where `\d` is a digit and `\e` an error.
        [character, ..] if character.is_ascii_alphanumeric() || !character.is_ascii() => Err(
            "has a backslash before a letter or digit, which Docker does not read as that character (folders are parted by `/`)",
        ),
        [character, after @ ..] => Ok((*character, after)),
    }
}

/// Reads a class after its `[`.
fn class(rest: &[char]) -> Result<(Step, &[char]), Flaw> {
    let (negated, mut rest) = match rest {
        ['^', after @ ..] => (true, after),
        _ => (false, rest),
    };
    let mut ranges = Vec::new();
    loop {
        match rest {
            [] => return Err("has a `[` without its `]`"),
            [']', after @ ..] if !ranges.is_empty() => return Ok((Step::Class { negated, ranges }, after)),
            ['[', ':', ..] => return Err("has `[:` inside `[…]`, which Docker reads as a named class"),
            _ => {}
        }
        let (low, after) = class_member(rest)?;
        let (high, after) = match after {
            ['-', after @ ..] => class_member(after)?,
            _ => (low, after),
        };
        if high < low {
            return Err("has a range inside `[…]` whose end is before its start");
        }
        ranges.push((low, high));
        rest = after;
    }
}

fn class_member(rest: &[char]) -> Result<(char, &[char]), Flaw> {
    match rest {
        [] => Err("has a `[` without its `]`"),
        ['-' | ']', ..] => Err("has an empty class, or a `-` or `]` inside `[…]` without a backslash before it"),
        ['*' | '?', ..] => Err("has a `*` or `?` inside `[…]` without a backslash before it"),
        ['\\', after @ ..] => escaped(after),
        [character, after @ ..] => Ok((*character, after)),
    }
}

/// Runs all states at once, so that no pattern takes more than its length times the path's.
fn runs(steps: &[Step], path: &[u8]) -> bool {
    let mut now = vec![false; steps.len() + 1];
    enter(steps, &mut now, 0, Place::Start);
    let mut next = now.clone();
    for character in characters(path) {
        next.fill(false);
        for (index, step) in steps.iter().enumerate() {
            if !now.get(index).copied().unwrap_or_default() {
                continue;
            }
            let (stay, forward) = step.take(character);
            if stay {
                enter(steps, &mut next, index, Place::Later);
            }
            if forward {
                enter(steps, &mut next, index + 1, Place::Later);
            }
        }
        std::mem::swap(&mut now, &mut next);
    }
    now.last().copied().unwrap_or_default()
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Start,
    Later,
}

/// Marks a state and those reachable from it without taking a character.
fn enter(steps: &[Step], states: &mut [bool], index: usize, place: Place) {
    let Some(state) = states.get_mut(index) else { return };
    if std::mem::replace(state, true) {
        return;
    }
    match steps.get(index) {
        Some(Step::Star | Step::Rest) => enter(steps, states, index + 1, place),
        Some(Step::Folders) => {
            enter(steps, states, index + 1, place);
            enter(steps, states, index + 2, place);
        }
        Some(Step::Start) if place == Place::Start => enter(steps, states, index + 1, place),
        _ => {}
    }
}

impl Step {
    /// Returns whether the character keeps the matcher in this state, and whether it moves it on.
    fn take(&self, character: char) -> (bool, bool) {
        match self {
            Self::One(wanted) => (false, *wanted == character),
            Self::NotSlash => (false, character != '/'),
            Self::Class { negated, ranges } => {
                (false, ranges.iter().any(|(low, high)| (*low..=*high).contains(&character)) != *negated)
            }
            Self::Star => (character != '/', false),
            Self::Rest => (character != '\n', false),
            Self::FoldersLoop => (character != '\n', character == '/'),
            Self::Folders | Self::Start => (false, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_paths() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("a", &["a"], &["b", "a/b", "aa", "x/a", "A"]),
            ("a*", &["a", "ab", "a.py"], &["a/b", "ba"]),
            ("a?c", &["abc", "aéc"], &["a/c", "ac", "abbc"]),
            ("*/x", &["a/x"], &["x", "a/b/x"]),
            ("**", &["a", "a/b", ".x"], &[]),
            ("**/x", &["x", "a/x", "a/b/x"], &["ax", "a/bx", "x/a"]),
            ("**x", &["x", "ax", "a/bx"], &["x/a"]),
            ("a/**", &["a/b", "a/b/c"], &["a", "ab", "b/a/c"]),
            ("a**", &["a", "ab", "a/b", "ab/c"], &["b"]),
            ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["a/xb", "ab", "a/b/c"]),
            ("**/a/**", &["a/b", "x/a/b/c"], &["a", "x/a"]),
            ("**/*.py[co]", &["x.pyc", "a/b/x.pyo"], &["x.py", "x.pyx"]),
            ("[a-c]x", &["ax", "cx"], &["dx", "x"]),
            ("[^a-c]x", &["dx", "/x"], &["ax"]),
            ("\\!a", &["!a"], &["a"]),
            ("\\*", &["*"], &["a"]),
            ("a]", &["a]"], &["a"]),
            ("a.b+(c)|{d}$", &["a.b+(c)|{d}$"], &["axb+(c)|{d}$"]),
            ("^a", &["^a"], &["a"]),
            ("^a/**", &["^a/b"], &["a/b", "b"]),
            ("**/^a", &["^a", "b/^a"], &["a"]),
            ("^a*", &["a", "ab"], &["^a"]),
            ("a^b*", &[], &["a^b", "ab"]),
            ("***", &["a", "a/b"], &[]),
            ("a***b", &["ab", "axb", "ax/yb"], &["a"]),
        ];
        for (pattern, yes, no) in cases {
            let compiled = DockerPattern::compile(pattern.as_bytes()).expect(pattern);
            for path in *yes {
                assert!(compiled.matches(path.as_bytes()), "{pattern} should match {path}");
            }
            for path in *no {
                assert!(!compiled.matches(path.as_bytes()), "{pattern} should not match {path}");
            }
        }
    }

    #[test]
    fn patterns_that_docker_refuses_or_misreads_are_refused() {
        for pattern in
            ["a\\", "[", "[a", "[]", "[]a]", "[^]", "[a-]", "[-a]", "[z-a]", "[*]", "[[:alpha:]]", "a\\b", ".venv\\Lib", "\\é"]
        {
            assert!(DockerPattern::compile(pattern.as_bytes()).is_err(), "{pattern}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_count_as_one_character_each() {
        let any = DockerPattern::compile(b"a??").expect("a pattern");
        assert!(any.matches(b"a\xff\xfe"));
        assert!(!any.matches(b"a\xff"));
        assert!(DockerPattern::compile(b"a\xff").expect("a pattern").matches(b"a\xff"));
    }

    #[test]
    fn a_hostile_pattern_takes_no_exponential_time() {
        let pattern = DockerPattern::compile("*a".repeat(2_000).as_bytes()).expect("a pattern");
        assert!(!pattern.matches("a".repeat(1_000).as_bytes()));
    }

    #[test]
    fn only_folders_on_the_way_to_a_match_can_hold_one() {
        let cases = [
            ("a/b/c", "a", true),
            ("a/b/c", "a/b", true),
            ("a/b/c", "a/b/c", false),
            ("a/b/c", "ab", false),
            ("a/**", "a/x", true),
            ("in*/x", "include", true),
            ("in*/x", "dags", false),
            ("**/x", "anything/at/all", true),
            ("\\!a/x", "anything", true),
        ];
        for (pattern, folder, expected) in cases {
            let pattern = DockerPattern::compile(pattern.as_bytes()).expect("a pattern");
            assert_eq!(pattern.may_match_below(folder.as_bytes()), expected, "{pattern:?} below {folder}");
        }
    }
}
