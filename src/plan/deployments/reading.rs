//! Takes values out of a mapping strictly: every key is known, every value is of its type, and every mistake is told with
//! its line. `${NAME}` is filled in here, after parsing, so that no value can change the structure of a file.

use crate::error::{Error, Kind};
use crate::model::manifest::entry::At;
use crate::model::manifest::node::{Key, Node, Shape};
use crate::model::nearest::nearest;

/// Most mistakes told at once.
const MOST_TOLD: usize = 20;

/// Gives the value of a variable of the environment.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The reading of one file: what it may look up, and the mistakes found so far.
pub struct Reading<'a> {
    lookup: Lookup<'a>,
    problems: Vec<(usize, String)>,
}

impl<'a> Reading<'a> {
    /// Begins a reading.
    #[must_use]
    pub const fn new(lookup: Lookup<'a>) -> Self {
        Self { lookup, problems: Vec::new() }
    }

    /// Notes a mistake on a line.
    pub fn wrong(&mut self, line: usize, what: impl Into<String>) {
        self.problems.push((line, what.into()));
    }

    /// Returns the error that tells all mistakes; none where there are none.
    #[must_use]
    pub fn into_error(self, file: &str) -> Option<Error> {
        told(file, self.problems)
    }

    /// Returns the entries of a mapping, each of whose keys is among the known ones; others are noted.
    pub fn entries<'n>(&mut self, node: &'n Node, place: &str, known: &[&'static str]) -> Vec<(&'static str, &'n Key, &'n Node)> {
        let Shape::Map(entries) = &node.shape else {
            self.wrong(node.line, format!("`{place}` must be a mapping, not {}", node.shape.called()));
            return Vec::new();
        };
        let mut found: Vec<(&'static str, &Key, &Node)> = Vec::new();
        for (key, value) in entries {
            let same = known.iter().find(|name| name.eq_ignore_ascii_case(&key.text));
            match same {
                Some(name) if found.iter().any(|(earlier, ..)| earlier == name) => {
                    self.wrong(key.line, format!("`{place}` has the key `{name}` twice"));
                }
                Some(name) => found.push((name, key, value)),
                None => self.unknown(key, place, known),
            }
        }
        found
    }

    fn unknown(&mut self, key: &Key, place: &str, known: &[&'static str]) {
        let near = nearest(&key.text, known.iter().copied());
        let hint = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        let shown: String = key.text.chars().take(64).collect();
        self.wrong(key.line, format!("`{place}` has no key `{shown}`{hint}"));
    }

    /// Returns the items of a list; nothing at all counts as no list, so that a heading without items says nothing.
    pub fn items<'n>(&mut self, node: &'n Node, place: &str) -> Option<&'n [Node]> {
        match &node.shape {
            Shape::List(items) => Some(items),
            Shape::Null => None,
            other => {
                self.wrong(node.line, format!("`{place}` must be a list, not {}", other.called()));
                None
            }
        }
    }

    /// Returns a text; numbers and flags are taken as they are written, and nothing is none.
    pub fn text(&mut self, node: &Node, place: &str) -> Option<At<String>> {
        let plain = |text: &str| Some(At::new(node.line, text.to_owned()));
        match &node.shape {
            Shape::Null => None,
            Shape::Text(text) => self.filled(node.line, text),
            Shape::Number(text) => plain(text),
            Shape::Flag(flag) => plain(if *flag { "true" } else { "false" }),
            Shape::List(_) | Shape::Map(_) => {
                self.wrong(node.line, format!("`{place}` must be a text, not {}", node.shape.called()));
                None
            }
        }
    }

    /// Returns a flag; nothing is none.
    pub fn flag(&mut self, node: &Node, place: &str) -> Option<At<bool>> {
        match &node.shape {
            Shape::Null => return None,
            Shape::Flag(flag) => return Some(At::new(node.line, *flag)),
            Shape::Text(text) if text.contains("${") => {
                let filled = self.filled(node.line, text)?;
                if let Ok(flag) = filled.value.trim().to_ascii_lowercase().parse() {
                    return Some(filled.with(flag));
                }
            }
            _ => {}
        }
        self.wrong(node.line, format!("`{place}` must be true or false"));
        None
    }

    /// Returns a whole number; nothing is none.
    pub fn whole(&mut self, node: &Node, place: &str) -> Option<At<i64>> {
        match &node.shape {
            Shape::Null => return None,
            Shape::Number(text) => {
                if let Ok(number) = text.parse() {
                    return Some(At::new(node.line, number));
                }
            }
            Shape::Text(text) if text.contains("${") => {
                let filled = self.filled(node.line, text)?;
                if let Ok(number) = filled.value.trim().parse() {
                    return Some(filled.with(number));
                }
            }
            _ => {}
        }
        self.wrong(node.line, format!("`{place}` must be a whole number"));
        None
    }

    /// Fills variables of the environment into a text.
    fn filled(&mut self, line: usize, text: &str) -> Option<At<String>> {
        if !text.contains("${") {
            return Some(At::new(line, text.to_owned()));
        }
        let (mut value, mut rest, mut looked_up) = (String::new(), text, false);
        while let Some(start) = rest.find("${") {
            let (before, after) = (&rest[..start], &rest[start + 2..]);
            if let Some(escaped) = before.strip_suffix('$') {
                value.push_str(escaped);
                value.push_str("${");
                rest = after;
                continue;
            }
            value.push_str(before);
            let name = after.split_once('}').map(|(name, _)| name).filter(|name| is_name(name));
            let Some(name) = name else {
                self.wrong(
                    line,
                    "`${` begins the name of a variable and ends with `}`; write `$${` for the characters themselves",
                );
                return None;
            };
            let Some(found) = (self.lookup)(name) else {
                self.wrong(line, format!("the variable {name} is not set"));
                return None;
            };
            value.push_str(&found);
            looked_up = true;
            rest = &after[name.len() + 1..];
        }
        value.push_str(rest);
        Some(At { line, value, written: looked_up.then(|| text.to_owned()) })
    }
}

fn is_name(name: &str) -> bool {
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(starts) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Returns the error that tells mistakes with their lines, the first of them as its place; none for none.
#[must_use]
pub fn told(file: &str, mut problems: Vec<(usize, String)>) -> Option<Error> {
    problems.sort_by_key(|(line, _)| *line);
    let (first, more) = (problems.first()?.0, problems.len().saturating_sub(MOST_TOLD));
    // Flags stand on no line.
    let told = |(line, what): (usize, String)| if line == 0 { what } else { format!("line {line}: {what}") };
    let mut lines: Vec<String> = problems.into_iter().take(MOST_TOLD).map(told).collect();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    if first == 0 {
        return Some(Error::new(Kind::Usage, "use these flags").because(lines.join("\n")));
    }
    Some(Error::new(Kind::Project, format!("use {file}")).because(lines.join("\n")).at(file, Some(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> std::result::Result<At<String>, String> {
        let lookup = |name: &str| match name {
            "STAGE" => Some("prod".to_owned()),
            "EVIL" => Some("${STAGE}\nname: x".to_owned()),
            _ => None,
        };
        let mut reading = Reading::new(&lookup);
        match reading.text(&Node { line: 3, shape: Shape::Text(text.to_owned()) }, "value") {
            Some(filled) => Ok(filled),
            None => Err(reading.into_error("f").map(|error| error.to_string()).unwrap_or_default()),
        }
    }

    #[test]
    fn variables_are_filled_in_once_and_only_where_they_are_named() {
        for (text, value, looked_up) in [
            ("plain $STAGE {x}", "plain $STAGE {x}", false),
            ("a-${STAGE}-b", "a-prod-b", true),
            ("$${STAGE}", "${STAGE}", false),
            ("$${STAGE}${STAGE}", "${STAGE}prod", true),
            ("$$${STAGE}", "$${STAGE}", false),
            ("${EVIL}", "${STAGE}\nname: x", true),
        ] {
            let filled = filled(text).expect(text);
            assert_eq!((filled.value.as_str(), filled.written.is_some()), (value, looked_up), "{text}");
        }
        for (text, said) in [
            ("${GONE}", "line 3: the variable GONE is not set"),
            ("${", "ends with `}`"),
            ("${A B}", "ends with `}`"),
            ("${}", "ends with `}`"),
        ] {
            assert!(filled(text).expect_err(text).contains(said), "{text}");
        }
    }

    #[test]
    fn mistakes_are_told_in_the_order_of_their_lines_and_never_without_end() {
        let problems = (0..50).rev().map(|line| (line + 1, "bad".to_owned())).collect();
        let error = told("f.yaml", problems).expect("an error");
        assert_eq!(error.place().and_then(|place| place.line), Some(1));
        assert_eq!(error.cause().map(|cause| cause.lines().count()), Some(MOST_TOLD + 1));
        assert!(error.to_string().contains("and 30 more"));
        assert!(told("f", Vec::new()).is_none());
    }
}
