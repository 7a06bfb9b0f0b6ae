//! Reading the name of a dbt project from its `dbt_project.yml`.
//! It knows nothing else of dbt.

use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Kind, Result};
use crate::project::small_file;

const FILE_NAME: &str = "dbt_project.yml";

#[derive(Deserialize)]
struct DbtProject {
    name: Option<Name>,
}

/// A value that may be of the wrong type, so that the error can say so.
struct Name(Option<String>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(name) => Self(Some(name)),
            _ => Self(None),
        })
    }
}

/// Returns the `name` of the dbt project in a folder, which becomes part of its mount path. It
/// has letters, digits and underscores, which is dbt's own rule (docs.getdbt.com, `name`);
/// dashes after the first character are let pass, since the platform's client takes any text
/// (`reference/astro-platform.md` 3.13).
///
/// # Errors
/// Fails when the file is missing or outside the boundary, is not YAML (with the line), or has
/// no such name (with the line).
pub fn name(folder: &Path, boundary: &Path) -> Result<String> {
    let failed = |line| Error::new(Kind::Project, format!("read {FILE_NAME}")).at(FILE_NAME, line);
    let Some(bytes) = small_file::read(&folder.join(FILE_NAME), FILE_NAME, boundary)? else {
        return Err(failed(None)
            .because(format!("{} has no such file", folder.display()))
            .hint("point `root-folder` at the dbt project's folder"));
    };
    let project: DbtProject = serde_saphyr::from_slice(&bytes).map_err(|error| {
        let line = error.location().and_then(|location| usize::try_from(location.line()).ok());
        failed(line).because(error.without_snippet()).hint("a dbt project is a YAML mapping with a `name`")
    })?;
    let line = line_of_name(&bytes);
    match project.name {
        Some(Name(Some(name))) if is_plain(&name) => Ok(name),
        found => Err(failed(line)
            .because(match found {
                Some(Name(Some(name))) if !name.trim().is_empty() => "`name` holds other characters than letters, digits and `_`",
                Some(_) => "`name` is not a non-empty text",
                None => "there is no `name`",
            })
            .hint("give the dbt project a name of letters, digits and underscores, such as `name: shop`")),
    }
}

fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().next().is_some_and(plain) && name.bytes().all(|byte| plain(byte) || byte == b'-')
}

/// Returns the 1-based line of the key `name` where it stands at the start of a line, as it
/// does in all but a mapping written on one line.
fn line_of_name(bytes: &[u8]) -> Option<usize> {
    bytes.split(|byte| *byte == b'\n').position(|line| line.starts_with(b"name:")).map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE_NAME), text).expect("a file");
        let folder = std::fs::canonicalize(folder.path()).expect("a folder");
        name(&folder, &folder)
    }

    #[test]
    fn the_name_is_a_non_empty_text() {
        assert_eq!(
            read("# shop\nname: 'shop'\nversion: 1.0.0\nmodels:\n  shop:\n    +enabled: \"{{ true }}\"\n").expect("valid"),
            "shop"
        );
        assert_eq!(read("name: shop\nvars: {a: 1}\n").expect("valid"), "shop");
        assert_eq!(read("name: \"123\"\n").expect("valid"), "123");
        for text in
            ["name: ''\n", "name:\n", "name: 123\n", "name: [a]\n", "name: {a: b}\n", "version: 1\n", "- name: a\n", "", "text"]
        {
            assert!(read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_name_that_would_bend_the_mount_path_is_refused_with_its_line() {
        for name in ["shop", "_shop", "Shop_2", "2shop", "shop-eu"] {
            assert_eq!(read(&format!("name: '{name}'\n")).expect(name), name);
        }
        for name in ["../../dags", "a/b", "a b", " shop", "-shop", ".", "shop.", "shöp", "shop$"] {
            let error = read(&format!("# ours\nname: \"{name}\"\n")).expect_err(name);
            assert_eq!(error.kind(), Kind::Project, "{name}");
            assert_eq!(error.place().and_then(|place| place.line), Some(2), "{name}");
            assert!(error.to_string().contains("letters, digits"), "{error}");
        }
    }

    #[test]
    fn broken_yaml_is_shown_with_its_line() {
        let error = read("name: shop\nmodels: [a\nb: c\n").expect_err("broken");
        assert!(error.place().is_some_and(|place| place.line.is_some_and(|line| line >= 2)), "{error}");
    }

    #[test]
    fn a_missing_file_names_the_setting() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(name(folder.path(), folder.path()).expect_err("missing").to_string().contains("root-folder"));
    }
}
