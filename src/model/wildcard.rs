//! Names in which `*` stands for any characters, also none.
//! It knows nothing of what is named; matching takes time in proportion to the lengths' product at most.

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcard(String);

impl Wildcard {
    /// Wraps a pattern. Every text is one; without a star it means itself.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// Returns whether a name fits.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == name };
        let Some(mut name) = name.strip_prefix(first) else { return false };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        // The earliest place for each part leaves most room for the others.
        for part in middle.split('*').filter(|part| !part.is_empty()) {
            let Some((_, after)) = name.split_once(part) else { return false };
            name = after;
        }
        name.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, name, fits) in [
            ("db", "db", true),
            ("db", "db2", false),
            ("*", "", true),
            ("*", "a/b c", true),
            ("db_*", "db_one", true),
            ("db_*", "my_db_one", false),
            ("*_db", "one_db", true),
            ("*_db", "one_db_", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "ac", false),
            ("a**c", "ac", true),
            ("a*a", "a", false),
            ("*ab*", "xaby", true),
            ("*a*b", "ab", true),
        ] {
            assert_eq!(Wildcard::new(pattern).fits(name), fits, "{pattern} {name}");
        }
    }
}
