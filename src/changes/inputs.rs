//! The input rules of an Astro project: which path is an input of which artifact. The disk
//! walker, the fingerprints and the classification of git changes all ask here.
//! It is pure: it knows paths and patterns, not the disk, the repository or the Deployment.

use crate::changes::classified::{Classified, Why};
use crate::changes::dockerignore::DockerIgnore;
use crate::changes::folder::{FolderRules, is_never_shipped};
use crate::changes::image::ImageRules;
use crate::changes::inert::Inert;
use crate::changes::liftoffignore::{LiftoffIgnore, Node};
use crate::error::Result;
use crate::model::artifact::Artifact;
use crate::model::path::RelPath;

/// How the DAGs of a project reach the Deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DagDeploys {
    /// DAG deploys are on: the DAGs are an artifact of their own and not part of the image.
    Separate,
    /// DAG deploys are off: the DAGs are part of the image.
    InImage,
}

/// The input rules of an Astro project.
#[derive(Debug, Clone)]
pub struct InputRules {
    /// The project's folder, relative to the repository.
    pub project: RelPath,
    /// The DAGs folder, relative to the project.
    pub dags_path: RelPath,
    /// Where the DAG files really lie, relative to the repository, when the DAGs folder is a
    /// symbolic link.
    pub dags_source: Option<RelPath>,
    /// How DAGs reach the Deployment.
    pub dags: DagDeploys,
    /// The patterns of the Docker ignore file, without anything added for the DAGs.
    pub docker_ignore: DockerIgnore,
    /// The Docker ignore file that counts, relative to the project: `<Dockerfile>.dockerignore`
    /// if it exists, else `.dockerignore`.
    pub docker_ignore_path: RelPath,
    /// The patterns of `.liftoffignore`, relative to the project.
    pub liftoff_ignore: LiftoffIgnore,
    /// Files that are no reason to build an image.
    pub inert: Inert,
    /// Files and folders, relative to the repository, that are inputs of the image wherever
    /// they lie.
    pub trigger_paths: Vec<RelPath>,
    /// The Dockerfile, relative to the project.
    pub dockerfile: RelPath,
}

impl InputRules {
    /// Classifies a file by its path relative to the project.
    #[must_use]
    pub fn owner(&self, path: &RelPath) -> Classified {
        self.classify(&self.project.join(path))
    }

    /// Classifies a changed path relative to the repository. The path of a submodule is judged
    /// by where it lies, like a file.
    #[must_use]
    pub fn classify(&self, change: &RelPath) -> Classified {
        let inside = change.strip_prefix(&self.project);
        let dags = self.dags_verdict(change);
        let image = inside.map_or(Err(Why::OutsideProject), |path| self.image().file_verdict(&path));
        let image = image.or_else(|why| self.trigger(change).map_or(Err(why), |path| Ok(Why::TriggerPath(path.clone()))));

        let mut artifacts = Vec::new();
        if matches!(dags, Some(Ok(_))) {
            artifacts.push(Artifact::Dags);
        }
        if image.is_ok() {
            artifacts.push(Artifact::Image);
        }
        let why = match (dags, image) {
            (Some(Ok(why)), _) | (_, Ok(why)) | (Some(Err(why)), _) | (None, Err(why)) => why,
        };
        Classified { artifacts, why }
    }

    /// Returns the rules for walking the DAGs folder.
    #[must_use]
    pub fn dag_files(&self) -> FolderRules<'_> {
        FolderRules { ignore: &self.liftoff_ignore, base: &self.dags_path }
    }

    /// Returns the rules of the image's fingerprint.
    #[must_use]
    pub fn image(&self) -> ImageRules<'_> {
        // A DAGs folder that is the project itself cannot be left out of the build context.
        let separate = self.dags == DagDeploys::Separate && !self.dags_path.is_root();
        ImageRules {
            docker_ignore: &self.docker_ignore,
            docker_ignore_path: &self.docker_ignore_path,
            dockerfile: &self.dockerfile,
            inert: Some(&self.inert),
            left_out: separate.then_some(&self.dags_path),
        }
    }

    /// Returns the rules of the whole build context, inert files included, as a builder gets it.
    #[must_use]
    pub fn build_context(&self) -> ImageRules<'_> {
        ImageRules { inert: None, ..self.image() }
    }

    /// Returns the patterns that a builder has to honour: the user's, then the DAGs folder when
    /// it is left out. `DockerIgnore::text` of the result is the file to give to the builder.
    ///
    /// # Errors
    /// Fails only by a defect, when the line made for the DAGs folder is not valid.
    pub fn effective_docker_ignore(&self) -> Result<DockerIgnore> {
        match self.image().left_out {
            Some(dags) => self.docker_ignore.with_extra(&[&DockerIgnore::line_for(dags)]),
            None => Ok(self.docker_ignore.clone()),
        }
    }

    /// Returns whether the path is a DAG input, for paths in the DAGs folder.
    fn dags_verdict(&self, change: &RelPath) -> Option<std::result::Result<Why, Why>> {
        if self.dags == DagDeploys::InImage {
            return None;
        }
        let linked = self.dags_source.as_ref().and_then(|source| change.strip_prefix(source));
        let path = linked.or_else(|| change.strip_prefix(&self.project)?.strip_prefix(&self.dags_path))?;
        let under = || Why::UnderDags(self.dags_path.clone());
        Some(self.dag_files().file_exclusion(&path).map_or_else(|| Ok(under()), Err))
    }

    /// Returns the trigger path that a change falls under. A change of something above a
    /// trigger path, such as a submodule that holds it, counts too.
    fn trigger(&self, change: &RelPath) -> Option<&RelPath> {
        self.trigger_paths.iter().find(|trigger| {
            trigger.is_within(change)
                || change.strip_prefix(trigger).is_some_and(|below| {
                    !below.ancestry().any(|part| is_never_shipped(&part, if part == below { Node::File } else { Node::Folder }))
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).expect("a path")
    }

    fn rules() -> InputRules {
        let docker = b"# caches\n.venv\n*.log\ndocker\ninclude/raw\n!include/raw/keep\n";
        InputRules {
            project: path("astro"),
            dags_path: path("dags"),
            dags_source: None,
            dags: DagDeploys::Separate,
            docker_ignore: DockerIgnore::parse(docker, ".dockerignore").expect("valid"),
            docker_ignore_path: path(".dockerignore"),
            liftoff_ignore: LiftoffIgnore::parse(b"scratch/\n*.tmp\n", ".liftoffignore").expect("valid"),
            inert: Inert::standard(),
            trigger_paths: vec![path("libs/common"), path("astro/README.md"), path("astro/dags/sql")],
            dockerfile: path("Dockerfile"),
        }
    }

    fn table(rules: &InputRules, cases: &[(&str, &str, &str)]) {
        for (change, keys, why) in cases {
            let classified = rules.classify(&path(change));
            let found: Vec<&str> = classified.artifacts.iter().map(Artifact::key).collect();
            assert_eq!((found.join("+").as_str(), classified.why.to_string().as_str()), (*keys, *why), "{change}");
        }
    }

    #[test]
    fn every_path_of_a_project_with_dag_deploys_has_its_owner() {
        table(
            &rules(),
            &[
                ("astro/dags/a.py", "dags", "under dags/"),
                ("astro/dags/deep/er/q.sql", "dags", "under dags/"),
                ("astro/dags/README.md", "dags", "under dags/"),
                ("astro/dags/x.log", "dags", "under dags/"),
                ("astro/dags/.airflowignore", "dags", "under dags/"),
                ("astro/dags/submodule", "dags", "under dags/"),
                ("astro/dags/a b\nc.py", "dags", "under dags/"),
                ("astro/dags/x.tmp", "", "excluded by .liftoffignore line 2"),
                ("astro/dags/scratch/a.py", "", "excluded by .liftoffignore line 1"),
                ("astro/dags/__pycache__/a.pyc", "", "never shipped"),
                ("astro/dags/.git", "", "never shipped"),
                ("astro/dags/sql/a.sql", "dags+image", "under dags/"),
                ("astro/Dockerfile", "image", "the Dockerfile"),
                ("astro/.dockerignore", "image", "decides what the Docker build context holds"),
                ("astro/requirements.txt", "image", "in the Docker build context"),
                ("astro/include/x.tmp", "image", "in the Docker build context"),
                ("astro/include/dags/x.py", "image", "in the Docker build context"),
                ("astro/dags2/x.py", "image", "in the Docker build context"),
                ("astro/Dags/x.py", "image", "in the Docker build context"),
                ("astro/dags.py", "image", "in the Docker build context"),
                ("astro/docs/README.md", "image", "in the Docker build context"),
                ("astro/plugins/gitlink", "image", "in the Docker build context"),
                ("astro/.venv/lib/x.py", "", "excluded by .dockerignore line 2"),
                ("astro/x.log", "", "excluded by .dockerignore line 3"),
                ("astro/include/raw/a", "", "excluded by .dockerignore line 5"),
                ("astro/include/raw/keep", "image", "in the Docker build context"),
                ("astro/LICENSE", "", "inert"),
                ("astro/.liftoffignore", "", "inert"),
                ("astro/.github/workflows/ci.yml", "", "inert"),
                ("astro/plugins/__pycache__/x.pyc", "", "never shipped"),
                ("astro/README.md", "image", "trigger path astro/README.md"),
                ("libs/common/a.py", "image", "trigger path libs/common"),
                ("libs/common", "image", "trigger path libs/common"),
                ("libs", "image", "trigger path libs/common"),
                ("libs/common/__pycache__/a.pyc", "", "outside the project"),
                ("libs/common2/a.py", "", "outside the project"),
                ("astro2/dags/a.py", "", "outside the project"),
                ("dags/a.py", "", "outside the project"),
                ("README.md", "", "outside the project"),
            ],
        );
    }

    #[test]
    fn without_dag_deploys_the_dags_are_part_of_the_image() {
        let rules = InputRules { dags: DagDeploys::InImage, ..rules() };
        table(
            &rules,
            &[
                ("astro/dags/a.py", "image", "in the Docker build context"),
                ("astro/dags/x.tmp", "image", "in the Docker build context"),
                ("astro/x.log", "", "excluded by .dockerignore line 3"),
                ("astro/dags/__pycache__/a.pyc", "", "never shipped"),
            ],
        );
        assert_eq!(rules.effective_docker_ignore().expect("valid").text(), rules.docker_ignore.text());
    }

    #[test]
    fn a_dockerfile_counts_even_in_an_excluded_folder() {
        let mut rules = rules();
        rules.dockerfile = path("docker/prod/Dockerfile");
        rules.docker_ignore_path = path("docker/prod/Dockerfile.dockerignore");
        table(
            &rules,
            &[
                ("astro/docker/prod/Dockerfile", "image", "the Dockerfile"),
                ("astro/docker/prod/Dockerfile.dockerignore", "image", "decides what the Docker build context holds"),
                ("astro/docker/prod/other", "", "excluded by docker/prod/Dockerfile.dockerignore line 4"),
                ("astro/docker/other", "", "excluded by docker/prod/Dockerfile.dockerignore line 4"),
                ("astro/.dockerignore", "image", "in the Docker build context"),
                ("astro/Dockerfile", "image", "in the Docker build context"),
            ],
        );
    }

    #[test]
    fn a_dockerfile_in_the_dags_folder_leaves_its_neighbours_out_of_the_image() {
        let rules = InputRules { dockerfile: path("dags/docker/Dockerfile"), ..rules() };
        table(
            &rules,
            &[
                ("astro/dags/docker/Dockerfile", "dags+image", "under dags/"),
                ("astro/dags/docker/other.py", "dags", "under dags/"),
            ],
        );
    }

    #[test]
    fn a_project_at_the_root_and_dags_elsewhere_are_compared_by_component() {
        let mut rules = rules();
        rules.project = path(".");
        rules.dags_path = path("src/flows/");
        table(
            &rules,
            &[
                ("src/flows/a.py", "dags", "under src/flows/"),
                ("src/flowsx/a.py", "image", "in the Docker build context"),
                ("src/a.py", "image", "in the Docker build context"),
                ("dags/a.py", "image", "in the Docker build context"),
                ("README.md", "", "inert"),
            ],
        );
        assert_eq!(rules.owner(&path("src/flows/a.py")), rules.classify(&path("src/flows/a.py")));
    }

    #[test]
    fn a_dags_folder_that_is_the_project_belongs_to_both() {
        let rules = InputRules { dags_path: RelPath::root(), ..rules() };
        table(
            &rules,
            &[
                ("astro/a.py", "dags+image", "under ./"),
                ("astro/README.rst", "dags", "under ./"),
                ("astro/Dockerfile", "dags+image", "under ./"),
                ("astro/x.tmp", "image", "in the Docker build context"),
                ("other/x", "", "outside the project"),
            ],
        );
    }

    #[test]
    fn a_linked_dags_folder_is_followed_to_where_the_files_are() {
        let rules = InputRules { dags_source: Some(path("shared/dags")), ..rules() };
        table(
            &rules,
            &[
                ("shared/dags/a.py", "dags", "under dags/"),
                ("shared/dags/scratch/a.py", "", "excluded by .liftoffignore line 1"),
                ("astro/dags", "dags+image", "under dags/"),
                ("shared/other.py", "", "outside the project"),
            ],
        );
    }

    #[test]
    fn the_builder_gets_the_users_patterns_and_the_dags_folder() {
        let text = rules().effective_docker_ignore().expect("valid").text().to_vec();
        assert!(text.ends_with(b"!include/raw/keep\n/dags\n"), "{}", String::from_utf8_lossy(&text));
        let saved = InputRules { docker_ignore: DockerIgnore::parse(b"*\n!dags", "x").expect("valid"), ..rules() };
        let effective = saved.effective_docker_ignore().expect("valid");
        assert_eq!(effective.text(), b"*\n!dags\n/dags\n");
        assert!(effective.excludes(&path("dags/a.py")));
    }
}
