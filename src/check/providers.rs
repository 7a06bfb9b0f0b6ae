//! Airflow's provider packages that a project uses and does not name, because its Runtime image has them.
//! Source of the list: Astronomer's "Astro Runtime provider package reference"
//! (<https://www.astronomer.io/docs/astro/runtime-provider-reference>). It looks for names in source text; it parses nothing.

use std::collections::BTreeSet;
use std::path::Path;

use crate::model::path::RelPath;
use crate::project::file;

/// Provider packages of Runtime images, by what follows `airflow.providers.` in an import.
const IN_RUNTIME: &[&str] = &[
    "amazon",
    "celery",
    "cncf.kubernetes",
    "common.compat",
    "common.io",
    "common.sql",
    "datadog",
    "elasticsearch",
    "fab",
    "ftp",
    "google",
    "http",
    "imap",
    "microsoft.azure",
    "mysql",
    "openlineage",
    "postgres",
    "redis",
    "sftp",
    "smtp",
    "sqlite",
    "ssh",
    "standard",
];
/// What precedes a provider's name in an import.
const BEFORE: &str = "airflow.providers.";
/// The most files that are looked at, and the most bytes of each.
const MOST_FILES: usize = 20_000;
const MOST_BYTES: usize = 1 << 20;
/// Folders inside folders that are looked into.
const DEEPEST: usize = 20;

/// Returns the packages of those providers that files in the project's folders name.
#[must_use]
pub fn used(project: &Path, folders: &[RelPath]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut files = 0;
    for folder in folders {
        walk(&project.join(folder.to_path()), DEEPEST, &mut files, &mut |text| found.extend(named(text)));
    }
    found
}

/// Reads the Python files of a folder; links are not followed.
fn walk(folder: &Path, depth: usize, files: &mut usize, read: &mut dyn FnMut(&str)) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let path = entry.path();
        if kind.is_dir() && depth > 0 {
            walk(&path, depth - 1, files, read);
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "py") {
            *files += 1;
            if *files > MOST_FILES {
                return;
            }
            if let Ok(bytes) = file::bytes(&path, MOST_BYTES) {
                read(&String::from_utf8_lossy(&bytes));
            }
        }
    }
}

fn named(text: &str) -> impl Iterator<Item = String> {
    text.split(BEFORE).skip(1).filter_map(|rest| {
        let begins = |name: &&&str| {
            let after = rest.strip_prefix(**name);
            after.is_some_and(|after| !after.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
        };
        let name = IN_RUNTIME.iter().find(begins)?;
        Some(format!("apache-airflow-providers-{}", name.replace('.', "-")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_of_the_runtime_are_found_wherever_they_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            std::fs::write(path, text).expect("a file");
        };
        write(
            "dags/deep/a.py",
            "from airflow.providers.amazon.aws.hooks.s3 import S3Hook\nimport airflow.providers.cncf.kubernetes.x\n",
        );
        write("include/b.py", "def f():\n    import airflow.providers.http as h, airflow.providers.snowflake.x\n");
        write("include/c.txt", "airflow.providers.google.x");
        write("other/d.py", "airflow.providers.google.x");
        write("dags/e.py", "airflow.providers.httpx.y");
        let folders = ["dags", "include", "plugins"].map(|name| RelPath::parse(name.as_bytes()).expect("a path"));
        let expected = ["amazon", "cncf-kubernetes", "http"].map(|name| format!("apache-airflow-providers-{name}"));
        assert_eq!(used(folder.path(), &folders).into_iter().collect::<Vec<_>>(), expected);
    }
}
