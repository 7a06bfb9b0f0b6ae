//! Names of branches and tags with `*` and `**`, and which of several fits a name best.
//! It knows nothing of settings; a pattern is untrusted text, so matching takes bounded time.

/// The longest pattern, in bytes.
const LONGEST: usize = 255;
/// The longest name that a pattern with stars is tried on, in bytes; forges take shorter ones.
const LONGEST_NAME: usize = 1024;

/// Why a pattern is not valid; the words complete "the name …".
pub type Flaw = &'static str;

/// A name in which `*` stands for any characters but `/`, and `**` for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    One(char),
    Star,
    Stars,
}

/// How well a pattern fits; the greater the better.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Fit<'a> {
    exact: bool,
    letters: usize,
    fewer_stars: std::cmp::Reverse<usize>,
    // Nothing but the order of names is left to tell two patterns apart.
    name: std::cmp::Reverse<&'a str>,
}

impl Glob {
    /// Parses a pattern.
    ///
    /// # Errors
    /// Says what is wrong with a pattern that is empty or too long, or that holds characters
    /// which no branch and no tag has, so that it can never have been meant as it is read.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        if text.is_empty() {
            return Err("is empty");
        }
        if text.len() > LONGEST {
            return Err("is longer than 255 bytes");
        }
        if text.contains(['?', '[', '\\']) {
            return Err("holds `?`, `[` or `\\`, which no branch or tag has; only `*` and `**` are special");
        }
        if text.contains(|character: char| character.is_control() || character == ' ') {
            return Err("holds a blank or a control character, which no branch or tag has");
        }
        if text.contains("***") {
            return Err("holds more than two `*` in a row");
        }
        let mut steps = Vec::new();
        for character in text.chars() {
            match (character, steps.last()) {
                ('*', Some(Step::Star)) => {
                    steps.pop();
                    steps.push(Step::Stars);
                }
                ('*', _) => steps.push(Step::Star),
                (other, _) => steps.push(Step::One(other)),
            }
        }
        Ok(Self { text: text.to_owned(), steps })
    }

    /// Returns the pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether the whole name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        if self.is_exact() || name.len() > LONGEST_NAME {
            return self.text == name;
        }
        // Bit `index`: the first `index` steps have taken what was read so far.
        let mut reached = vec![false; self.steps.len() + 1];
        reached[0] = true;
        self.skip_stars(&mut reached);
        for character in name.chars() {
            let mut next = vec![false; reached.len()];
            for (index, step) in self.steps.iter().enumerate().filter(|(index, _)| reached[*index]) {
                match step {
                    Step::One(wanted) => next[index + 1] |= *wanted == character,
                    Step::Star => next[index] |= character != '/',
                    Step::Stars => next[index] = true,
                }
            }
            reached = next;
            self.skip_stars(&mut reached);
        }
        reached.last() == Some(&true)
    }

    /// A star may also take nothing.
    fn skip_stars(&self, reached: &mut [bool]) {
        for (index, step) in self.steps.iter().enumerate() {
            if reached[index] && !matches!(step, Step::One(_)) {
                reached[index + 1] = true;
            }
        }
    }

    fn is_exact(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::One(_)))
    }

    fn fit(&self) -> Fit<'_> {
        let count = |wanted: fn(&Step) -> bool| self.steps.iter().filter(|step| wanted(step)).count();
        Fit {
            exact: self.is_exact(),
            letters: count(|step| matches!(step, Step::One(_))),
            fewer_stars: std::cmp::Reverse(count(|step| matches!(step, Step::Stars))),
            name: std::cmp::Reverse(&self.text),
        }
    }
}

/// Returns the candidate whose pattern fits the name best: the exact name, else the pattern with
/// most characters besides stars, else one without `**`, else the first by name.
pub fn best<'a, T>(name: &str, candidates: impl IntoIterator<Item = &'a T>, glob: fn(&T) -> &Glob) -> Option<&'a T> {
    candidates.into_iter().filter(|candidate| glob(candidate).matches(name)).max_by_key(|candidate| glob(candidate).fit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> Glob {
        Glob::parse(text).expect(text)
    }

    #[test]
    fn one_star_stays_within_a_part_and_two_do_not() {
        let rows = [
            ("main", "main", true),
            ("main", "Main", false),
            ("main", "main2", false),
            ("feature/*", "feature/a", true),
            ("feature/*", "feature/a/b", false),
            ("feature/*", "feature", false),
            ("feature/**", "feature/a/b", true),
            ("feature/**", "features/a", false),
            ("*", "main", true),
            ("*", "a/b", false),
            ("**", "a/b", true),
            ("v*", "v1.2", true),
            ("v*", "v", true),
            ("*-eu/*", "a-b-eu/x", true),
            ("**/hotfix", "a/b/hotfix", true),
            ("**/hotfix", "hotfix", false),
            ("a**z", "a/b/z", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2c/c", false),
            ("grün/*", "grün/é", true),
        ];
        for (pattern, name, expected) in rows {
            assert_eq!(glob(pattern).matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn the_closest_pattern_wins_whatever_the_order() {
        let rows: [(&str, &[&str], Option<&str>); 8] = [
            ("main", &["**", "*", "main"], Some("main")),
            ("release/1.2", &["release/*", "release/1.*", "**"], Some("release/1.*")),
            ("release/1.2", &["release/**", "release/*"], Some("release/*")),
            ("release/1/2", &["release/**", "release/*"], Some("release/**")),
            ("aXb", &["a*b", "*Xb", "aX*"], Some("*Xb")),
            ("aXb", &["a*", "*b"], Some("*b")),
            ("x", &["a*", "b"], None),
            ("x", &[], None),
        ];
        for (name, patterns, expected) in rows {
            let mut globs: Vec<Glob> = patterns.iter().map(|text| glob(text)).collect();
            for _ in 0..2 {
                let found = best(name, &globs, |glob| glob).map(Glob::as_str);
                assert_eq!(found, expected, "{name} {patterns:?}");
                globs.reverse();
            }
        }
    }

    #[test]
    fn patterns_that_can_match_nothing_are_refused() {
        for text in ["", "a?", "[ab]", "a\\b", "a b", "a\nb", "***", &"x".repeat(256)] {
            assert!(Glob::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn hostile_names_and_patterns_are_answered_at_once() {
        let stars = glob(&format!("{}a", "a*".repeat(127)));
        assert!(!stars.matches(&format!("{}b", "a".repeat(1_000))));
        assert!(!glob("**").matches(&"a".repeat(1_000_000)), "no forge has such names");
    }
}
