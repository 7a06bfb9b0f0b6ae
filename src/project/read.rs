//! Reads what a project folder is: an Astro project, a dbt project or just a folder.
//! It states facts; which of them are reasons to stop is decided elsewhere.

use std::path::{Path, PathBuf};

use crate::changes::dockerignore::DockerIgnore;
use crate::error::{Error, Kind, Result};
use crate::model::path::RelPath;
use crate::model::project::{AstroProject, Dockerfile, ProjectKind, ProjectShape};
use crate::project::{dbt, dockerfile, rules, small_file};

/// What the folder is to be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// An Airflow project.
    Astro,
    /// A dbt project.
    Dbt,
    /// Any folder.
    Folder,
}

/// How to read a project.
#[derive(Debug, Clone, Copy)]
pub struct ReadOptions<'a> {
    /// What the folder is to be read as.
    pub wanted: Wanted,
    /// The repository's folder, when there is one.
    pub repository: Option<&'a Path>,
    /// The DAGs folder, relative to the project.
    pub dags_path: &'a RelPath,
    /// The Dockerfile, relative to the project.
    pub dockerfile: &'a RelPath,
    /// Build arguments, which may name the base image.
    pub build_args: &'a [(String, String)],
}

/// Reads the shape of the project in a folder.
///
/// # Errors
/// Fails when the folder is missing or not a folder, when a file that describes the project is
/// unreadable or invalid, and for a dbt project or other folder inside an Astro project.
pub fn read(root: &Path, options: &ReadOptions<'_>) -> Result<ProjectShape> {
    let root = real_folder(root)?;
    let repository = options.repository.and_then(|folder| std::fs::canonicalize(folder).ok());
    let in_repository = repository.as_deref().and_then(|repository| root.strip_prefix(repository).ok());
    let boundary = in_repository.and(repository.as_deref());
    let in_repository = in_repository.and_then(RelPath::from_path).unwrap_or_default();
    let kind = match options.wanted {
        Wanted::Astro => ProjectKind::Astro(astro(&root, boundary.unwrap_or(&root), options)?),
        Wanted::Dbt => {
            refuse_inside_astro(&root, boundary)?;
            ProjectKind::Dbt { name: dbt::name(&root, boundary.unwrap_or(&root))? }
        }
        Wanted::Folder => {
            refuse_inside_astro(&root, boundary)?;
            ProjectKind::Folder
        }
    };
    Ok(ProjectShape { root, in_repository, kind })
}

fn real_folder(root: &Path) -> Result<PathBuf> {
    let failed = |cause: &dyn std::fmt::Display| {
        Error::new(Kind::Project, format!("find the project folder {}", root.display()))
            .because(cause)
            .hint("check `root-folder`; it is relative to where the repository was checked out")
    };
    let real = std::fs::canonicalize(root).map_err(|error| match small_file::is_absent(&error) {
        true => failed(&"there is no such folder"),
        false => failed(&error),
    })?;
    if real.is_dir() { Ok(real) } else { Err(failed(&"it is not a folder")) }
}

fn astro(root: &Path, boundary: &Path, options: &ReadOptions<'_>) -> Result<AstroProject> {
    let (_, docker_ignore) = rules::docker_ignore(root, boundary, options.dockerfile)?;
    Ok(AstroProject {
        dags_path: options.dags_path.clone(),
        has_dags_folder: root.join(options.dags_path.to_path()).is_dir(),
        dockerfile: read_dockerfile(root, boundary, options)?,
        has_requirements: reaches_the_build(root, "requirements.txt", &docker_ignore),
        has_packages: reaches_the_build(root, "packages.txt", &docker_ignore),
    })
}

fn read_dockerfile(root: &Path, boundary: &Path, options: &ReadOptions<'_>) -> Result<Option<Dockerfile>> {
    let name = options.dockerfile.to_string();
    let bytes = small_file::read(&root.join(options.dockerfile.to_path()), &name, boundary)?;
    Ok(bytes.map(|bytes| dockerfile::facts(options.dockerfile, &String::from_utf8_lossy(&bytes), options.build_args)))
}

/// Returns whether the file exists and is part of the build context; a file that the ignore
/// file leaves out is as good as missing.
fn reaches_the_build(root: &Path, name: &str, docker_ignore: &DockerIgnore) -> bool {
    let excluded = RelPath::parse(name.as_bytes()).is_none_or(|path| docker_ignore.excludes(&path));
    !excluded && root.join(name).is_file()
}

/// The platform's own client refuses this, because the folder would ship twice
/// (`reference/astro-platform.md` 3.13). Outside a repository only folders that look like a
/// project count, since `.astro/config.yaml` in a home folder is that client's own settings.
fn refuse_inside_astro(root: &Path, repository: Option<&Path>) -> Result<()> {
    for folder in root.ancestors() {
        let looks_like_one = || folder.join("dags").is_dir() || folder.join("Dockerfile").is_file();
        if folder.join(".astro/config.yaml").is_file() && (repository.is_some() || looks_like_one()) {
            return Err(Error::new(Kind::Project, format!("read {} as a project of its own", root.display()))
                .because(format!("it lies inside the Astro project {}", folder.display()))
                .hint("move it out of the Astro project, or deploy the Astro project"));
        }
        if Some(folder) == repository {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).expect("a path")
    }

    /// Writes files, creating their folders.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let place = folder.path().join(name);
            std::fs::create_dir_all(place.parent().expect("a parent")).expect("folders");
            std::fs::write(place, text).expect("a file");
        }
        folder
    }

    fn read_as(wanted: Wanted, repository: &Path, below: &str) -> Result<ProjectShape> {
        let options = ReadOptions {
            wanted,
            repository: Some(repository),
            dags_path: &path("dags"),
            dockerfile: &path("Dockerfile"),
            build_args: &[("V".to_owned(), "3.1-4".to_owned())],
        };
        read(&repository.join(below), &options)
    }

    fn astro_of(files: &[(&str, &str)]) -> AstroProject {
        let folder = folder(files);
        match read_as(Wanted::Astro, folder.path(), "").expect("a project").kind {
            ProjectKind::Astro(astro) => astro,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_astro_project_is_described_by_facts() {
        let astro = astro_of(&[
            ("Dockerfile", "ARG V=1\nFROM astrocrpublic.azurecr.io/runtime:$V\n"),
            ("requirements.txt", ""),
            ("dags/a.py", ""),
        ]);
        assert!(astro.has_dags_folder && astro.has_requirements && !astro.has_packages);
        let dockerfile = astro.dockerfile.expect("a Dockerfile");
        assert_eq!(dockerfile.base_image.as_deref(), Some("astrocrpublic.azurecr.io/runtime:3.1-4"));
        assert!(dockerfile.needs_package_files);

        let bare = astro_of(&[("x", "")]);
        assert!(!bare.has_dags_folder && bare.dockerfile.is_none() && !bare.has_requirements);
        assert!(!astro_of(&[("dags", "a file")]).has_dags_folder);
    }

    #[test]
    fn a_package_file_that_docker_does_not_see_is_missing() {
        let files = [("requirements.txt", ""), ("packages.txt", ""), (".dockerignore", "*.txt\n!packages.txt\n")];
        let astro = astro_of(&files);
        assert!(!astro.has_requirements && astro.has_packages);
        let own = [("requirements.txt", ""), (".dockerignore", "*.txt\n"), ("Dockerfile.dockerignore", "")];
        assert!(astro_of(&own).has_requirements, "the Dockerfile's own ignore file counts instead");
    }

    #[test]
    fn the_place_in_the_repository_is_known() {
        let folder = folder(&[("teams/data/astro/Dockerfile", "FROM a")]);
        let shape = read_as(Wanted::Astro, folder.path(), "./teams//data/astro/").expect("a project");
        assert_eq!(shape.in_repository, path("teams/data/astro"));
        assert_eq!(rules::repository_root(&shape), std::fs::canonicalize(folder.path()).expect("a folder"));
        let shape = read_as(Wanted::Astro, folder.path(), ".").expect("a project");
        assert!(shape.in_repository.is_root());
        let elsewhere = tempfile::tempdir().expect("a folder");
        let options = ReadOptions {
            wanted: Wanted::Folder,
            repository: Some(elsewhere.path()),
            dags_path: &path("dags"),
            dockerfile: &path("Dockerfile"),
            build_args: &[],
        };
        let shape = read(folder.path(), &options).expect("a folder outside the repository");
        assert!(shape.in_repository.is_root());
        assert_eq!(rules::repository_root(&shape), shape.root);
    }

    #[test]
    fn a_missing_folder_or_a_file_is_no_project() {
        let folder = folder(&[("file", "x")]);
        let missing = read_as(Wanted::Astro, folder.path(), "nowhere").expect_err("missing").to_string();
        assert!(missing.contains("there is no such folder") && missing.contains("root-folder"), "{missing}");
        let file = read_as(Wanted::Astro, folder.path(), "file").expect_err("a file").to_string();
        assert!(file.contains("not a folder"), "{file}");
    }

    #[test]
    fn files_that_describe_the_project_may_be_links_inside_the_repository_only() {
        let cases = [
            (Wanted::Astro, "Dockerfile", "FROM a"),
            (Wanted::Astro, "Dockerfile.dockerignore", "x"),
            (Wanted::Astro, ".dockerignore", "x"),
            (Wanted::Astro, ".liftoffignore", "x"),
            (Wanted::Dbt, "dbt_project.yml", "name: shop"),
            (Wanted::Dbt, ".liftoffignore", "x"),
        ];
        for (wanted, name, text) in cases {
            let folder = folder(&[("secret", text), ("repository/shared", text), ("repository/a/dbt_project.yml", "name: shop")]);
            let repository = folder.path().join("repository");
            let read = |target: &str| {
                let link = repository.join("a").join(name);
                let _ = std::fs::remove_file(&link);
                std::os::unix::fs::symlink(target, link).expect("a link");
                let shape = read_as(wanted, &repository, "a")?;
                match wanted {
                    Wanted::Astro => rules::input_rules(&shape, rule_options()).map(|_| ()),
                    _ => rules::bundle_rules(&shape, crate::model::ids::MountPath::new("/x")).map(|_| ()),
                }
            };
            read("../shared").expect(name);
            let error = read("../../secret").expect_err(name).to_string();
            assert!(error.contains(name) && error.contains("out of the repository"), "{error}");
        }
    }

    fn rule_options() -> rules::RuleOptions {
        rules::RuleOptions {
            dags: crate::changes::inputs::DagDeploys::Separate,
            dockerfile: path("Dockerfile"),
            inert: crate::changes::inert::Inert::standard(),
            trigger_paths: Vec::new(),
        }
    }

    #[test]
    fn an_invalid_ignore_file_is_told_with_its_line() {
        let folder = folder(&[(".dockerignore", "ok\n[\n")]);
        let error = read_as(Wanted::Astro, folder.path(), "").expect_err("invalid");
        assert_eq!(error.place().and_then(|place| place.line), Some(2));
    }

    #[test]
    fn a_dbt_project_inside_an_astro_project_is_refused() {
        let folder = folder(&[
            ("astro/.astro/config.yaml", ""),
            ("astro/dbt/shop/dbt_project.yml", "name: shop"),
            ("dbt/shop/dbt_project.yml", "name: shop"),
        ]);
        for wanted in [Wanted::Dbt, Wanted::Folder] {
            let error = read_as(wanted, folder.path(), "astro/dbt/shop").expect_err("inside").to_string();
            assert!(error.contains("inside the Astro project"), "{error}");
        }
        let shape = read_as(Wanted::Dbt, folder.path(), "dbt/shop").expect("a dbt project");
        assert_eq!(shape.kind, ProjectKind::Dbt { name: "shop".to_owned() });
    }

    #[test]
    fn settings_above_the_repository_make_no_astro_project() {
        let home = folder(&[(".astro/config.yaml", ""), ("work/repo/dbt_project.yml", "name: shop")]);
        assert!(read_as(Wanted::Dbt, &home.path().join("work/repo"), "").is_ok());
        let options = ReadOptions {
            wanted: Wanted::Dbt,
            repository: None,
            dags_path: &path("dags"),
            dockerfile: &path("Dockerfile"),
            build_args: &[],
        };
        assert!(read(&home.path().join("work/repo"), &options).is_ok(), "a home folder's settings are no project");
        std::fs::create_dir(home.path().join("dags")).expect("a folder");
        assert!(read(&home.path().join("work/repo"), &options).is_err());
    }
}
