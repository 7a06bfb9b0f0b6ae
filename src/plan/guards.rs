//! What must not be shipped, each with its own message.
//! A guard looks at the decision and the facts; it never looks at the world.

use std::collections::BTreeSet;

use crate::changes::change::Relation;
use crate::error::{Error, Kind, Result};
use crate::model::artifact::Artifact;
use crate::model::context::Trust;
use crate::model::dag::{Problem, Severity};
use crate::model::deploy::DeployType;
use crate::model::deployment::{Deployment, DeploymentStatus};
use crate::model::path::RelPath;
use crate::model::project::ProjectKind;
use crate::plan::deployed::Deployed;
use crate::plan::facts::{ArtifactFacts, Facts, dockerfile_runtime};
use crate::plan::runtime;
use crate::settings::values::DeployTypeSetting;

/// Checks everything that forbids shipping `deploy_type`.
///
/// # Errors
/// The first guard that objects: `Kind::Project` for an unusable project, `Kind::Refused` for
/// everything else.
pub fn check(facts: &Facts, deploy_type: DeployType) -> Result<()> {
    not_a_strangers(facts)?;
    if let Some(deployment) = facts.target.deployment() {
        ready(facts, deployment)?;
        allowed(deployment, deploy_type)?;
    }
    if deploy_type.ships_image() && facts.request.prebuilt_image.is_none() {
        buildable(facts)?;
    }
    if deploy_type.ships_dags() && facts.target.dag_deploys() {
        dags_present(facts)?;
    }
    if deploy_type.ships_image() && dags_in_image(facts) {
        image_has_dags(facts)?;
    }
    if deploy_type == DeployType::Bundle && !facts.request.delete_bundle {
        bundle_present(facts)?;
    }
    for artifact in &facts.artifacts {
        // Whoever removes a bundle names its mount path, and replaces nothing.
        if carried(deploy_type, &artifact.artifact) && !facts.request.delete_bundle {
            not_huge(facts, artifact)?;
            not_older(facts, artifact)?;
            same_repository(facts, artifact)?;
        }
    }
    dags_importable(facts)
}

/// Checks that "nothing to ship" is not the answer to a wrong folder: whoever asks for DAGs or a
/// bundle by name has some.
///
/// # Errors
/// `Kind::Refused` when there is nothing in the folder that was asked for.
pub fn check_nothing(facts: &Facts) -> Result<()> {
    match facts.request.deploy_type {
        DeployTypeSetting::DagsOnly | DeployTypeSetting::ImageAndDags if facts.target.dag_deploys() => dags_present(facts),
        DeployTypeSetting::Dbt | DeployTypeSetting::NonDags if !facts.request.delete_bundle => bundle_present(facts),
        _ => Ok(()),
    }
}

/// Returns whether a deploy of this type carries the artifact.
#[must_use]
pub const fn carried(deploy_type: DeployType, artifact: &Artifact) -> bool {
    match artifact {
        Artifact::Dags => deploy_type.ships_dags(),
        Artifact::Image => deploy_type.ships_image(),
        Artifact::Bundle(_) => matches!(deploy_type, DeployType::Bundle),
    }
}

fn not_a_strangers(facts: &Facts) -> Result<()> {
    // Without a token nothing ships anyway.
    if facts.request.trust != Some(Trust::Fork) || facts.target.deployment().is_none() {
        return Ok(());
    }
    let refused = Error::new(Kind::Refused, "deploy a pull request from a fork");
    if !facts.request.allow_fork {
        return Err(refused.because("its code is a stranger's, and this run has the secrets to deploy it").hint(
            "plan forks without secrets (`pull_request` instead of `pull_request_target`); `allow-fork: true` deploys them",
        ));
    }
    if facts.request.target_is_a_strangers {
        return Err(refused
            .because("its own settings file names the Deployment, and a stranger must not choose that")
            .hint("name the Deployment by a flag, an input or a variable, which the pull request cannot change"));
    }
    Ok(())
}

/// Returns whether DAGs are part of an image that is built here.
#[must_use]
pub fn dags_in_image(facts: &Facts) -> bool {
    let remote = facts.target.deployment().is_some_and(|deployment| deployment.remote_execution);
    !facts.target.dag_deploys() && !remote && facts.request.prebuilt_image.is_none()
}

fn image_has_dags(facts: &Facts) -> Result<()> {
    let image = facts.artifacts.iter().find(|artifact| artifact.artifact == Artifact::Image);
    if facts.request.allow_no_dags || image.is_none_or(|image| image.content.dag_files > 0) {
        return Ok(());
    }
    let folder = match &facts.project.kind {
        ProjectKind::Astro(project) => facts.project.in_repository.join(&project.dags_path).to_string(),
        _ => facts.project.in_repository.to_string(),
    };
    Err(Error::new(Kind::Refused, "ship the image")
        .because(format!("DAG deploys are disabled on this Deployment, and the image would hold no .py or .zip file of {folder}"))
        .hint("check `root-folder`, `dags-path` and .dockerignore; set `allow-no-dags: true` if this is meant"))
}

fn ready(facts: &Facts, deployment: &Deployment) -> Result<()> {
    let doing = format!("deploy to {}", deployment.name);
    let asleep = deployment.hibernating || deployment.status == DeploymentStatus::Hibernating;
    if asleep && !facts.request.wake_on_deploy {
        return Err(Error::new(Kind::Refused, doing)
            .because("the Deployment hibernates, and Astro takes no deploys while it does")
            .hint("set `wake-on-deploy: true` to wake it for the deploy, or wake it in Astro"));
    }
    // Whoever makes a preview waits until it is up.
    if deployment.status == DeploymentStatus::Creating && facts.preview.is_none() {
        return Err(Error::new(Kind::Refused, doing)
            .because("the Deployment is still being created")
            .hint("try again when Astro shows it as healthy"));
    }
    Ok(())
}

fn allowed(deployment: &Deployment, deploy_type: DeployType) -> Result<()> {
    let refuse = |because: &str, hint: &str| {
        Err(Error::new(Kind::Refused, format!("ship {deploy_type} to {}", deployment.name)).because(because).hint(hint))
    };
    match deploy_type {
        DeployType::DagOnly if deployment.remote_execution => refuse(
            "tasks of this Deployment run on remote agents, which bring their own DAGs",
            "ship the DAGs the way the agents' bundle backend expects; `deploy-type: image-only` updates the image",
        ),
        DeployType::DagOnly if !deployment.dag_deploys => refuse(
            "DAG deploys are disabled on this Deployment, so DAGs only ship inside the image",
            "use `deploy-type: image-and-dags`, or enable DAG deploys in the Deployment's settings",
        ),
        DeployType::ImageOnly if !deployment.dag_deploys && !deployment.remote_execution => refuse(
            "DAG deploys are disabled on this Deployment, so an image always carries the DAGs",
            "use `deploy-type: image-and-dags`, or enable DAG deploys in the Deployment's settings",
        ),
        DeployType::ImageOnly if !deployment.remote_execution && deployment.dag_bundle_version.is_none() => refuse(
            "no DAGs have been deployed there yet, and Astro takes an image alone only after a DAG deploy",
            "use `deploy-type: image-and-dags` for the first deploy",
        ),
        DeployType::Bundle if !deployment.dag_deploys => refuse(
            "bundles need DAG deploys, which are disabled on this Deployment",
            "enable DAG deploys in the Deployment's settings",
        ),
        _ => Ok(()),
    }
}

fn buildable(facts: &Facts) -> Result<()> {
    let ProjectKind::Astro(project) = &facts.project.kind else {
        return Ok(());
    };
    let unusable = |because: String, hint: &str| {
        Err(Error::new(Kind::Project, format!("use {} as an Astro project", facts.project.root.display()))
            .because(because)
            .hint(hint))
    };
    let root = &facts.project.in_repository;
    let Some(dockerfile) = &project.dockerfile else {
        return unusable(
            format!("there is no Dockerfile in {root}"),
            "check `root-folder` and `dockerfile`; a repository that holds only DAGs ships with `deploy-type: dags-only`, a dbt \
             project with `deploy-type: dbt` or `liftoff dbt deploy`",
        );
    };
    if dockerfile.needs_package_files {
        for (name, present) in [("requirements.txt", project.has_requirements), ("packages.txt", project.has_packages)] {
            if !present {
                return unusable(
                    format!("{root} has no {name} in the build context, and the Astro Runtime base image copies it"),
                    &format!(
                        "add {name} (it may be empty) and keep it out of .dockerignore, or use the `-base` variant of the Runtime image"
                    ),
                );
            }
        }
    }
    if let (Some(wanted), Some(deployment)) = (dockerfile_runtime(&facts.project), facts.target.deployment()) {
        runtime::check(&deployment.runtime_version, wanted, &facts.runtime_releases)?;
    }
    Ok(())
}

fn dags_present(facts: &Facts) -> Result<()> {
    let dags = facts.artifacts.iter().find(|artifact| artifact.artifact == Artifact::Dags);
    if facts.request.allow_no_dags || dags.is_some_and(|dags| dags.content.dag_files > 0) {
        return Ok(());
    }
    let folder = match &facts.project.kind {
        ProjectKind::Astro(project) => facts.project.in_repository.join(&project.dags_path).to_string(),
        _ => facts.project.in_repository.to_string(),
    };
    let because = match dags.map_or(0, |dags| dags.content.files) {
        0 => format!("{folder} holds no files, and shipping it would remove every DAG from the Deployment"),
        files => {
            format!("none of the {files} files in {folder} is a .py or .zip file, so every DAG would vanish from the Deployment")
        }
    };
    Err(Error::new(Kind::Refused, "ship the DAGs")
        .because(because)
        .hint("check `root-folder` and `dags-path`; set `allow-no-dags: true` if this is meant"))
}

/// A file that Airflow cannot import takes its DAGs away, or leaves old ones running.
fn dags_importable(facts: &Facts) -> Result<()> {
    let problems = facts.dags.iter().flat_map(|dags| &dags.problems);
    let errors: Vec<&Problem> = problems.filter(|problem| problem.severity == Severity::Error).collect();
    let Some(first) = errors.first() else { return Ok(()) };
    let files: BTreeSet<&RelPath> = errors.iter().map(|problem| &problem.file).collect();
    let because = match (errors.len(), files.len()) {
        (1, _) => first.to_string(),
        (count, 1) => format!("{first}; {count} errors in all"),
        (count, files) => format!("{first}; {count} errors in {files} files in all"),
    };
    // Without a place: each problem is shown at its own.
    Err(Error::new(Kind::ChecksFailed, "ship the DAGs")
        .because(because)
        .hint("correct the files, or list them in .liftoffignore; `check: false` ships them unchecked"))
}

fn bundle_present(facts: &Facts) -> Result<()> {
    if facts.artifacts.iter().any(|artifact| artifact.content.files > 0) {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, "ship the bundle")
        .because(format!("{} holds no files that ship", facts.project.in_repository))
        .hint("check `root-folder` and `.liftoffignore`; to remove a bundle use `liftoff dbt delete`"))
}

/// The platform names no limit, but every container of the Deployment downloads the whole bundle,
/// and what grows so large is nearly always a cache or data (`reference/demand.md` 1.6).
fn not_huge(facts: &Facts, artifact: &ArtifactFacts) -> Result<()> {
    const MOST_BYTES: u64 = 500_000_000;
    let bytes = artifact.content.bytes;
    if artifact.artifact == Artifact::Image || bytes <= MOST_BYTES || facts.request.allow_large_bundle {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, format!("ship the {}", artifact.artifact))
        .because(format!(
            "its {} files hold {} MB, more than {} MB",
            artifact.content.files,
            bytes / 1_000_000,
            MOST_BYTES / 1_000_000
        ))
        .hint("leave caches and data out with .liftoffignore; set `allow-large-bundle: true` if this is meant"))
}

fn not_older(facts: &Facts, artifact: &ArtifactFacts) -> Result<()> {
    let (Relation::Behind, Deployed::Known(known)) = (artifact.relation, &artifact.deployed) else {
        return Ok(());
    };
    if facts.request.allow_older_commit {
        return Ok(());
    }
    let ours = facts.source.commit.as_ref().map_or("this commit", |commit| commit.short());
    let theirs = known.commit.as_ref().map_or("a newer commit", |commit| commit.short());
    Err(Error::new(Kind::Refused, format!("ship {ours}"))
        .because(format!("deploy {} already shipped {theirs}, which comes after {ours}", known.id))
        .hint("this is usually an old run that was started again; set `allow-older-commit: true` to go back on purpose"))
}

fn same_repository(facts: &Facts, artifact: &ArtifactFacts) -> Result<()> {
    // Images from one repository and DAGs from another are a common division of work, so only
    // what would make another repository's DAGs or bundle vanish is stopped.
    if artifact.artifact == Artifact::Image || facts.request.allow_other_repository {
        return Ok(());
    }
    let Deployed::Known(known) = &artifact.deployed else {
        return Ok(());
    };
    let (Some(theirs), Some(ours)) = (&known.place, &facts.source.place) else {
        return Ok(());
    };
    if theirs == ours {
        return Ok(());
    }
    let from = known.remote.as_ref().map_or_else(|| "another repository or folder".to_owned(), ToString::to_string);
    let here = facts.source.git.as_ref().map_or_else(|| "this".to_owned(), |git| git.remote.to_string());
    let because = if from == here {
        format!("what runs came from another folder of {from} (deploy {}), not from {}", known.id, facts.project.in_repository)
    } else {
        format!("what runs came from {from} (deploy {}), this is {here}", known.id)
    };
    Err(Error::new(Kind::Refused, format!("replace the {}", artifact.artifact))
        .because(because)
        .hint("`deploy-type: image-only` leaves the DAGs alone; set `allow-other-repository: true` to replace them"))
}
