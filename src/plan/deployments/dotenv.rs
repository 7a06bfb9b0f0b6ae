//! Reads and writes `.env` files: one `KEY=VALUE` a line. `$` means nothing in them, so that a file cannot take values out of
//! the environment of whoever loads it.

use crate::error::{Error, Kind, Result};
use crate::plan::deployments::check::is_variable_name;

/// Stands for `$` while the parser, which would fill in variables, looks at the text. Nobody writes this character.
const DOLLAR: char = '\u{f8ff}';

/// Returns the variables of a file in their order; of one that is there twice, the last counts.
///
/// # Errors
/// `Kind::Project` for a line that is no variable; its text is not shown, because it may hold a secret.
pub fn read(file: &str, text: &str) -> Result<Vec<(String, String)>> {
    let refused = |because: String| Error::new(Kind::Project, format!("read {file}")).because(because).at(file, None);
    if text.contains(DOLLAR) {
        return Err(refused("it holds a character that is kept for private use".to_owned()));
    }
    let text = text.replace("\\$", "$").replace('$', &DOLLAR.to_string());
    let mut all: Vec<(String, String)> = Vec::new();
    for (place, item) in dotenvy::from_read_iter(text.as_bytes()).enumerate() {
        let (key, value) = item.map_err(|_| {
            refused(format!("variable {} is not of the form KEY=VALUE", place + 1)).hint("values with blanks need quotes")
        })?;
        if !is_variable_name(&key) {
            return Err(refused(format!("`{}` cannot be the name of an environment variable", key.escape_debug())));
        }
        all.retain(|(earlier, _)| *earlier != key);
        all.push((key, value.replace(DOLLAR, "$")));
    }
    Ok(all)
}

/// Returns the text of a file; a variable without a value is a secret, of which only the name is written.
pub fn written<'a>(variables: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let line = |(key, value): (&str, Option<&str>)| match value {
        None => format!("# {key} is a secret, whose value cannot be read\n"),
        Some(value) => {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('\n', "\\n");
            format!("{key}=\"{escaped}\"\n")
        }
    };
    variables.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn lines_are_variables_and_a_dollar_is_a_dollar() {
        let text = "# comment\nA=1\nexport B='two words'\n\nC=\"x\\ny\"\nD=$PATH-${HOME}\nA=last\nE=\n";
        let all = read(".env", text).expect("a file");
        let pairs: Vec<(&str, &str)> = all.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("B", "two words"), ("C", "x\ny"), ("D", "$PATH-${HOME}"), ("A", "last"), ("E", "")]);
        for wrong in ["hunter2 is it\n", "A=b hunter2\n", "A-B=hunter2\n"] {
            let error = read(".env", wrong).expect_err(wrong);
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_secret_is_only_named() {
        let text = written([("A", Some("1")), ("S", None)].into_iter());
        assert_eq!(text, "A=\"1\"\n# S is a secret, whose value cannot be read\n");
        assert_eq!(read("f", &text).expect("a file"), [("A".to_owned(), "1".to_owned())]);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in "[ -~äß\n]{0,20}") {
            let text = written([("KEY", Some(value.as_str()))].into_iter());
            prop_assert_eq!(read("f", &text).expect("a file"), [("KEY".to_owned(), value)]);
        }
    }
}
