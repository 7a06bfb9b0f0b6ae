//! Finds the projects below a folder by the files that mark one.
//! It follows no links, and knows nothing of what a project would ship.

use std::collections::HashSet;
use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::model::path::RelPath;
use crate::project::{dockerfile, small_file};

/// Most entries of folders that are looked at.
const MOST_ENTRIES: usize = 500_000;
/// Folders that hold other people's code. Those whose names begin with a dot, virtual
/// environments, and what git ignores are passed over, too.
const PASSED_OVER: &[&str] = &["node_modules", "__pycache__"];

/// Tells which of some folders, relative to the repository, an ignore rule covers.
pub type Ignored<'a> = &'a dyn Fn(&[RelPath]) -> HashSet<RelPath>;

/// A folder that is still to be looked at.
struct Spot {
    path: RelPath,
    /// Whether it lies in an Astro project.
    inside: Inside,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Astro,
}

/// What one folder holds, as far as it matters here.
#[derive(Default)]
struct Signs {
    folders: Vec<RelPath>,
    settings_file: bool,
    dockerfile: bool,
    astro: bool,
    virtual_environment: bool,
}

/// Returns the projects below a folder of the repository, in path order and relative to the
/// repository. A project is a folder that holds
/// - `.astro/config.yaml`, or
/// - a Dockerfile on an Astro Runtime image beside a folder `dags`, or
/// - a `liftoff.toml` of its own, unless it is the repository's root, whose file is everybody's,
///   or lies in an Astro project, which ships it.
///
/// # Errors
/// `Kind::Project` when a folder cannot be read, or holds too much.
pub fn find(repository: &Path, below: &RelPath, ignored: Ignored<'_>) -> Result<Vec<RelPath>> {
    let mut found = Vec::new();
    let mut entries = 0;
    let mut level = vec![Spot { path: below.clone(), inside: Inside::Nothing }];
    while !level.is_empty() {
        let mut next = Vec::new();
        for spot in level {
            let signs = read(repository, &spot.path, &mut entries)?;
            if signs.virtual_environment {
                continue;
            }
            let astro = is_astro(repository, &spot.path, &signs);
            let own_file = signs.settings_file && !spot.path.is_root() && spot.inside == Inside::Nothing;
            let inside = if astro { Inside::Astro } else { spot.inside };
            let dags = astro.then(|| spot.path.join(&dags_folder()));
            let folders = signs.folders.into_iter().filter(|folder| Some(folder) != dags.as_ref());
            next.extend(folders.map(|path| Spot { path, inside }));
            if astro || own_file {
                found.push(spot.path);
            }
        }
        // Asked for a whole level at once, since asking may start a program.
        let paths: Vec<RelPath> = next.iter().map(|spot| spot.path.clone()).collect();
        let ignored = if paths.is_empty() { HashSet::new() } else { ignored(&paths) };
        next.retain(|spot| !ignored.contains(&spot.path));
        level = next;
    }
    found.sort();
    Ok(found)
}

fn read(repository: &Path, folder: &RelPath, entries: &mut usize) -> Result<Signs> {
    let failed = |error: std::io::Error| {
        Error::new(Kind::Project, format!("look for projects in {folder}"))
            .because(error)
            .hint("let .gitignore cover the folder, or name with `root-folder` where the projects are")
    };
    let mut signs = Signs::default();
    for item in std::fs::read_dir(repository.join(folder.to_path())).map_err(failed)? {
        let item = item.map_err(failed)?;
        *entries += 1;
        if *entries > MOST_ENTRIES {
            return Err(Error::new(Kind::Project, "look for projects")
                .because(format!("there are more than {MOST_ENTRIES} files and folders"))
                .hint("let .gitignore cover what is generated, or name with `root-folder` where the projects are"));
        }
        let kind = item.file_type().map_err(failed)?;
        let name = item.file_name();
        match name.to_str() {
            Some(".astro") => signs.astro = true,
            Some("liftoff.toml") => signs.settings_file = true,
            Some("Dockerfile") => signs.dockerfile = true,
            Some("pyvenv.cfg") => signs.virtual_environment = true,
            Some(name) if name.starts_with('.') || PASSED_OVER.contains(&name) => {}
            _ if kind.is_dir() => signs.folders.extend(RelPath::from_path(Path::new(&name)).map(|name| folder.join(&name))),
            _ => {}
        }
    }
    Ok(signs)
}

fn is_astro(repository: &Path, folder: &RelPath, signs: &Signs) -> bool {
    let place = repository.join(folder.to_path());
    if signs.astro && place.join(".astro/config.yaml").is_file() {
        return true;
    }
    if !signs.dockerfile || !place.join(dags_folder().to_path()).is_dir() {
        return false;
    }
    match small_file::read(&place.join("Dockerfile"), "Dockerfile", repository) {
        Ok(text) => dockerfile::is_on_runtime(&String::from_utf8_lossy(&text.unwrap_or_default())),
        // Whoever plans the project says what is wrong with it.
        Err(_) => true,
    }
}

/// Where DAGs are unless a project's own settings say otherwise.
fn dags_folder() -> RelPath {
    RelPath::parse(b"dags").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNTIME: &str = "FROM python AS tools\nFROM astrocrpublic.azurecr.io/runtime:3.1-4\n";

    fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let place = folder.path().join(name);
            std::fs::create_dir_all(place.parent().expect("a parent")).expect("folders");
            std::fs::write(place, text).expect("a file");
        }
        folder
    }

    fn found_below(folder: &Path, below: &str, ignored: Ignored<'_>) -> Vec<String> {
        let folder = std::fs::canonicalize(folder).expect("a folder");
        let below = RelPath::parse(below.as_bytes()).expect("a path");
        find(&folder, &below, ignored).expect("projects").iter().map(ToString::to_string).collect()
    }

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        found_below(repository(files).path(), "", &|_| HashSet::new())
    }

    #[test]
    fn a_project_is_told_by_its_files() {
        let files = [
            ("teams/b/.astro/config.yaml", ""),
            ("teams/a/Dockerfile", RUNTIME),
            ("teams/a/dags/x.py", ""),
            ("teams/a/include/dbt/dbt_project.yml", ""),
            ("teams/a/include/dbt/liftoff.toml", ""),
            ("dbt/shop/liftoff.toml", ""),
            ("dbt/shop/dbt_project.yml", ""),
            ("dbt/unaimed/dbt_project.yml", ""),
            ("web/Dockerfile", "FROM node:22\n"),
            ("web/dags/x.py", ""),
            ("no-dags/Dockerfile", RUNTIME),
            ("liftoff.toml", ""),
        ];
        assert_eq!(found(&files), ["dbt/shop", "teams/a", "teams/b"]);
        assert_eq!(
            found(&[("Dockerfile", RUNTIME), ("dags/x.py", ""), ("dags/y/Dockerfile", RUNTIME), ("dags/y/dags/x", "")]),
            ["."]
        );
        assert_eq!(found(&[("README.md", "")]), Vec::<String>::new());
    }

    #[test]
    fn other_peoples_folders_are_passed_over() {
        let files =
            ["node_modules/p", ".tox/p", "venv/p", "build/out/p", "build/kept", "a/p"].map(|name| format!("{name}/liftoff.toml"));
        let mut files: Vec<(&str, &str)> = files.iter().map(|name| (name.as_str(), "")).collect();
        files.push(("venv/pyvenv.cfg", ""));
        let folder = repository(&files);
        let out = RelPath::parse(b"build/out").expect("a path");
        let ignored = |paths: &[RelPath]| paths.iter().filter(|path| **path == out).cloned().collect();
        assert_eq!(found_below(folder.path(), "", &ignored), ["a/p", "build/kept"]);
        assert_eq!(found_below(folder.path(), "build", &ignored), ["build/kept"]);
    }

    #[test]
    fn links_lead_nowhere() {
        let outside = repository(&[("p/liftoff.toml", ""), ("Dockerfile", RUNTIME)]);
        let folder =
            repository(&[("a/liftoff.toml", ""), ("b/dags/x.py", ""), ("c/dags/x.py", ""), ("shared/Dockerfile", RUNTIME)]);
        let link = |target: &Path, name: &str| std::os::unix::fs::symlink(target, folder.path().join(name)).expect("a link");
        link(outside.path(), "away");
        link(Path::new("."), "loop");
        link(Path::new("../shared/Dockerfile"), "b/Dockerfile");
        link(&outside.path().join("Dockerfile"), "c/Dockerfile");
        // The last one is listed, so that its plan can say that the link leads out.
        assert_eq!(found_below(folder.path(), "", &|_| HashSet::new()), ["a", "b", "c"]);
    }

    #[test]
    fn names_are_found_as_they_are() {
        let names = ["p 1/liftoff.toml", "a\nb/liftoff.toml", "$(x)/liftoff.toml"].map(|name| (name, ""));
        assert_eq!(found(&names), ["$(x)", "a\\nb", "p 1"]);
        assert!(find(Path::new("/nowhere"), &RelPath::root(), &|_| HashSet::new()).is_err());
    }
}
