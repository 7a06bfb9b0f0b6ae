//! An immutable copy of environment variables.
//! It knows no variable by name; `names` does.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Environment variables at one moment, with the folder the run started in.
#[derive(Clone, Default)]
pub struct Env {
    variables: BTreeMap<String, OsString>,
    current_dir: PathBuf,
}

impl Env {
    /// Creates a snapshot from name and value pairs; the last of equal names wins.
    pub fn new(variables: impl IntoIterator<Item = (String, OsString)>, current_dir: PathBuf) -> Self {
        Self { variables: variables.into_iter().collect(), current_dir }
    }

    /// Returns the value when it is set, UTF-8 and not empty after trimming white space. CI
    /// systems set absent values to the empty string, so empty counts as unset. So does `$(name)`,
    /// which Azure leaves of a variable that does not exist, such as a secret in a fork's run.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name)?.to_str().map(str::trim).filter(|value| !value.is_empty() && !is_reference(value))
    }

    /// Returns a copy of what `get` returns.
    #[must_use]
    pub fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// Returns the untrimmed value when it is set and UTF-8, even if empty.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.variables.get(name)?.to_str()
    }

    /// Returns the value as a path when it is set and not empty.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// Returns whether the value is `true`, `1`, `yes` or `on` in any case.
    #[must_use]
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| ["true", "1", "yes", "on"].iter().any(|word| value.eq_ignore_ascii_case(word)))
    }

    /// Returns the value exactly as it is, when it is set.
    #[must_use]
    pub fn verbatim(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name).map(OsString::as_os_str)
    }

    /// Returns all names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Returns the folder in which the run started.
    #[must_use]
    pub fn current_dir(&self) -> &std::path::Path {
        &self.current_dir
    }
}

/// Returns whether the whole value is a reference that nobody replaced.
fn is_reference(value: &str) -> bool {
    let name = value.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
    name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')))
}

impl std::fmt::Debug for Env {
    /// Shows names only; values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_values_count_as_unset() {
        let env = Env::new(
            [("A".to_owned(), " x ".into()), ("B".to_owned(), "  ".into()), ("C".to_owned(), "TRUE".into())],
            PathBuf::from("/w"),
        );
        for (value, expected) in [("$(SECRET)", None), ("$(a.b-c)", None), ("a $(b)", Some("a $(b)")), ("$(a b)", Some("$(a b)"))]
        {
            let env = Env::new([("A".to_owned(), value.into())], PathBuf::from("/w"));
            assert_eq!(env.get("A"), expected);
        }
        assert_eq!(env.get("A"), Some("x"));
        assert_eq!(env.raw("A"), Some(" x "));
        assert_eq!(env.get("B"), None);
        assert_eq!(env.get("Z"), None);
        assert!(env.is_true("C"));
        assert_eq!(format!("{env:?}"), r#"["A", "B", "C"]"#);
    }
}
