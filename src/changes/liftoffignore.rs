//! `.liftoffignore`: what a bundle leaves out, in the syntax of `.gitignore`.
//! It judges single paths; walking and looking at parent folders is the caller's business.

use std::path::PathBuf;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::error::{Error, Kind, Result};
use crate::model::path::RelPath;

/// Name of the file, in the project's folder.
pub const FILE_NAME: &str = ".liftoffignore";

/// The patterns of a `.liftoffignore`; none by default.
#[derive(Debug, Clone, Default)]
pub struct LiftoffIgnore(Option<Gitignore>);

/// Whether a path is a folder; patterns that end in `/` match only folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// A file or a symbolic link.
    File,
    /// A folder.
    Folder,
}

impl LiftoffIgnore {
    /// Parses the bytes of a `.liftoffignore`. `name` is what errors call the file.
    ///
    /// # Errors
    /// Fails, naming the line, on an invalid pattern and on text that is not UTF-8.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self> {
        let flaw = |line: usize, because: String| {
            Error::new(Kind::Project, format!("read {name}"))
                .because(format!("line {line}: {because}"))
                .hint("correct the line; the syntax is that of .gitignore")
                .at(name, Some(line))
        };
        let mut builder = GitignoreBuilder::new("");
        builder.allow_unclosed_class(false);
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let number = index + 1;
            let text = std::str::from_utf8(line).map_err(|_| flaw(number, "it is not UTF-8".to_owned()))?;
            let text = if index == 0 { text.trim_start_matches('\u{feff}') } else { text };
            // A pattern remembers the file it came from; the line number serves better here.
            builder.add_line(Some(PathBuf::from(number.to_string())), text).map_err(|error| flaw(number, error.to_string()))?;
        }
        let matcher = builder.build().map_err(|error| Error::new(Kind::Project, format!("read {name}")).because(error))?;
        Ok(Self((!matcher.is_empty()).then_some(matcher)))
    }

    /// Returns whether there are no patterns at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|rules| rules.is_empty())
    }

    /// Returns the 1-based line that leaves out exactly this path; its parents are not looked
    /// at. The last matching line decides, as in git.
    #[must_use]
    pub fn excluding_line(&self, path: &RelPath, node: Node) -> Option<usize> {
        let found = self.0.as_ref()?.matched(path.to_path(), node == Node::Folder);
        let pattern = if found.is_ignore() { found.inner() } else { None };
        pattern.map(|glob| glob.from().and_then(|line| line.to_str()?.parse().ok()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, path: &str, node: Node) -> Option<usize> {
        let ignore = LiftoffIgnore::parse(text.as_bytes(), FILE_NAME).expect("valid patterns");
        ignore.excluding_line(&RelPath::parse(path.as_bytes()).expect("a path"), node)
    }

    #[test]
    fn patterns_are_those_of_gitignore() {
        let text = "\u{feff}*.tmp\r\n# comment\n\n!keep.tmp\n/top\nfolder/\na/**/z\n\\#x\n";
        let cases = [
            ("x.tmp", Node::File, Some(1)),
            ("deep/er/x.tmp", Node::File, Some(1)),
            ("keep.tmp", Node::File, None),
            ("top", Node::File, Some(5)),
            ("deep/top", Node::File, None),
            ("folder", Node::Folder, Some(6)),
            ("deep/folder", Node::Folder, Some(6)),
            ("folder", Node::File, None),
            ("a/b/c/z", Node::File, Some(7)),
            ("#x", Node::File, Some(8)),
            ("topper", Node::File, None),
        ];
        for (path, node, expected) in cases {
            assert_eq!(line(text, path, node), expected, "{path}");
        }
    }

    #[test]
    fn names_that_are_not_utf8_can_be_matched() {
        let ignore = LiftoffIgnore::parse(b"*.bin", FILE_NAME).expect("valid patterns");
        let path = RelPath::parse(b"a\xff\n.bin").expect("a path");
        assert_eq!(ignore.excluding_line(&path, Node::File), Some(1));
    }

    #[test]
    fn an_invalid_line_is_an_error_with_its_number() {
        for bytes in [&b"ok\n[z-a]\n"[..], b"ok\nx\xff\n", b"ok\n[a\n"] {
            let error = LiftoffIgnore::parse(bytes, FILE_NAME).expect_err("an invalid line");
            assert_eq!(error.place().and_then(|place| place.line), Some(2), "{error}");
        }
    }
}
