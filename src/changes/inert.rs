//! Inert paths: files of a project that never are a reason to ship.
//! It knows names only; whether an inert file is part of an image is not its business.

use crate::changes::liftoffignore::Node;
use crate::error::{Error, Kind, Result};
use crate::model::path::RelPath;

/// The standard list, in the form that the setting takes.
pub const STANDARD: &[&str] = &[
    "README*",
    "CHANGELOG*",
    "LICENSE*",
    "CONTRIBUTING*",
    "SECURITY*",
    "CODE_OF_CONDUCT*",
    ".gitignore",
    ".gitattributes",
    ".gitmodules",
    ".gitlab-ci.yml",
    ".drone.yml",
    ".woodpecker.yml",
    ".travis.yml",
    "bitbucket-pipelines.yml",
    "azure-pipelines.yml",
    "Jenkinsfile",
    "buildspec.yml",
    ".pre-commit-config.yaml",
    ".editorconfig",
    "CODEOWNERS",
    ".env",
    ".env.example",
    "airflow_settings.yaml",
    ".liftoffignore",
    "liftoff.toml",
    ".github/",
    ".gitlab/",
    ".circleci/",
    ".buildkite/",
    ".vscode/",
    ".idea/",
];

/// Endings with which a name like `README*` is still prose. `license_check.py` is code that an
/// image may need, so a name that starts like prose is not enough.
const PROSE: &[&[u8]] = &[b"md", b"markdown", b"rst", b"txt", b"adoc", b"org", b"html", b"pdf"];

/// Which root-level names and folders are inert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inert(Vec<Name>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    /// A file of this name.
    File(Vec<u8>),
    /// A prose file whose name starts so, in any case.
    Prose(Vec<u8>),
    /// Everything below this folder.
    Folder(Vec<u8>),
}

impl Inert {
    /// Returns the standard list.
    #[must_use]
    pub fn standard() -> Self {
        Self(STANDARD.iter().map(|text| Name::of(text)).collect())
    }

    /// Parses a list: `NAME` is a file in the project's folder, `NAME/` a folder with all below,
    /// and `NAME*` every prose file (no ending, or one such as `.md`) that starts so in any case.
    ///
    /// # Errors
    /// Fails with `Kind::Usage` on an empty entry, a path of several parts, or a `*` elsewhere.
    pub fn parse<'a>(list: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut names = Vec::new();
        for text in list {
            let bare = text.strip_suffix(['*', '/']).unwrap_or(text);
            if bare.is_empty() || bare.contains(['/', '*']) || matches!(bare, "." | "..") {
                return Err(Error::new(Kind::Usage, format!("read the inert path {text:?}"))
                    .because("it is not a name, a name followed by `*`, or a name followed by `/`")
                    .hint("inert paths lie directly in the project's folder, such as `NOTES.md`, `NOTES*` or `docs/`"));
            }
            names.push(Name::of(text));
        }
        Ok(Self(names))
    }

    /// Returns whether a path relative to the project is inert. For a folder, which only an
    /// entry that ends in `/` can name, the answer also holds for everything below it.
    #[must_use]
    pub fn contains(&self, path: &RelPath, node: Node) -> bool {
        let mut components = path.components();
        let Some(first) = components.next() else { return false };
        let alone = components.next().is_none() && node == Node::File;
        self.0.iter().any(|name| match name {
            Name::Folder(name) => first == name,
            Name::File(name) => alone && first == name,
            Name::Prose(start) => {
                alone
                    && first.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
                    && path.extension().is_none_or(|ending| PROSE.iter().any(|prose| prose.eq_ignore_ascii_case(ending)))
            }
        })
    }
}

impl Name {
    fn of(text: &str) -> Self {
        match (text.strip_suffix('/'), text.strip_suffix('*')) {
            (Some(name), _) => Self::Folder(name.into()),
            (_, Some(name)) => Self::Prose(name.into()),
            _ => Self::File(text.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).expect("a path")
    }

    #[test]
    fn only_root_level_names_of_the_list_are_inert() {
        let inert = Inert::standard();
        for text in [
            "README.md",
            "readme",
            "Readme.de.RST",
            "LICENSE",
            "license.txt",
            "LICENSE-APACHE",
            "CODE_OF_CONDUCT.md",
            ".env",
            ".github/workflows/ci.yml",
            ".idea",
            ".gitlab-ci.yml",
            "Jenkinsfile",
            "liftoff.toml",
            ".liftoffignore",
        ] {
            assert!(inert.contains(&path(text), Node::File), "{text}");
        }
        for text in [
            "docs/README.md",
            "license_check.py",
            "readme.py",
            "README/x",
            "README.md/x",
            ".env.prod",
            ".github2/x",
            "sub/.github/x",
            "jenkinsfile",
            "requirements.txt",
            "Dockerfile",
            ".dockerignore",
            "",
            "include/.env",
            ".ENV",
            "security.yaml",
        ] {
            assert!(!inert.contains(&path(text), Node::File), "{text}");
        }
    }

    #[test]
    fn a_folder_named_like_an_inert_file_is_not_inert() {
        let inert = Inert::standard();
        assert!(!inert.contains(&path(".env"), Node::Folder));
        assert!(!inert.contains(&path("README"), Node::Folder));
        assert!(inert.contains(&path(".github"), Node::Folder));
    }

    #[test]
    fn the_list_is_a_setting() {
        let inert = Inert::parse(["docs/", "NOTES*", "Makefile"]).expect("a list");
        for text in ["docs/a/b", "notes.md", "Makefile"] {
            assert!(inert.contains(&path(text), Node::File), "{text}");
        }
        assert!(!inert.contains(&path("README.md"), Node::File));
        assert!(!inert.contains(&path("makefile"), Node::File));
        for text in ["", "/", "*", "a/b", "a*b", "..", "a*/"] {
            assert!(Inert::parse([text]).is_err(), "{text}");
        }
        assert_eq!(Inert::parse(STANDARD.iter().copied()).expect("the standard list"), Inert::standard());
    }
}
