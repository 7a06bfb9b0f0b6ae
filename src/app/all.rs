//! Plans every project of the repository in one run. Each is planned as a run of its own would
//! plan it; only what they read is shared, and a failure of one does not stop the others.

use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;

use crate::app::checkout::Checkout;
use crate::app::configure::{FILE_NAME, project_folder};
use crate::app::content;
use crate::app::gather::gather;
use crate::app::outputs::hand_on;
use crate::app::session::Session;
use crate::app::{report, source, target};
use crate::cli::command::Command;
use crate::deploy::pack::blocking;
use crate::error::{Error, Kind, Result};
use crate::forge::interface::Forge;
use crate::model::path::RelPath;
use crate::plan::decide::plan;
use crate::plan::rivals::{self, Claim};
use crate::project::boundary::refuse_outside;
use crate::project::find::find;
use crate::report::all::{All, ProjectPlan};
use crate::report::{all_json, all_markdown, all_text, outputs};
use crate::settings::values::{DeployTypeSetting, Format};

/// Projects that are planned at the same time; most of the time they wait for Astro.
const AT_A_TIME: usize = 4;
/// Most jobs of one matrix on GitHub Actions:
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstrategymatrix>.
const GITHUB_JOBS: usize = 256;

/// Plans every project below the repository, or below `root-folder`, in path order.
///
/// # Errors
/// When the repository cannot be searched or holds no project.
pub async fn planned(session: &Session, forge: Option<&dyn Forge>) -> Result<Vec<ProjectPlan>> {
    let checkout = source::checkout(session, &content::start(session)).await?;
    let (repository, below) = searched(session, &checkout)?;
    let found = {
        let (repository, below) = (repository.clone(), below.clone());
        blocking(move || {
            let git = checkout.repository.as_deref();
            find(&repository, &below, &|folders| git.map(|git| git.ignored_folders(folders)).unwrap_or_default())
        })
        .await?
    };
    if found.is_empty() {
        return Err(Error::new(Kind::Project, format!("find a project below {below}"))
            .because(format!(
                "no folder there has .astro/config.yaml, a Dockerfile on Astro Runtime beside dags/, or a {FILE_NAME} of its own"
            ))
            .hint(format!("put a {FILE_NAME} into each project's folder, and check `root-folder`")));
    }
    let plans = futures_util::stream::iter(found).map(|path| of_one(session, forge, &repository, path));
    let mut projects: Vec<ProjectPlan> = plans.buffered(AT_A_TIME).collect().await;
    if !session.settings.deploy.allow_other_repository {
        part_rivals(&mut projects);
    }
    Ok(projects)
}

/// Returns the folder of the repository, and the folder in it that is searched.
fn searched(session: &Session, checkout: &Checkout) -> Result<(PathBuf, RelPath)> {
    let git = checkout.repository.as_ref().map(|repository| repository.workdir().to_owned());
    let folder = git.or_else(|| session.context.checkout.clone()).unwrap_or_else(|| session.env.current_dir().to_owned());
    let unreadable = |path: &Path, error: std::io::Error| {
        Error::new(Kind::Project, format!("look for projects in {}", path.display()))
            .because(error)
            .hint("check `root-folder`; it is relative to where the repository was checked out")
    };
    let repository = std::fs::canonicalize(&folder).map_err(|error| unreadable(&folder, error))?;
    if session.settings.origins.get("root-folder").is_none_or(|(_, origin)| !origin.is_explicit()) {
        return Ok((repository, RelPath::root()));
    }
    let wanted = project_folder(&session.settings.project.root, &repository);
    refuse_outside(&wanted, &[&repository])?;
    let wanted = std::fs::canonicalize(&wanted).map_err(|error| unreadable(&wanted, error))?;
    let below = wanted.strip_prefix(&repository).ok().and_then(RelPath::from_path).unwrap_or_default();
    Ok((repository, below))
}

async fn of_one(session: &Session, forge: Option<&dyn Forge>, repository: &Path, root_folder: RelPath) -> ProjectPlan {
    let mut project =
        ProjectPlan { root_folder, deploy_type: DeployTypeSetting::Infer, deployment: None, plan: None, error: None };
    if let Err(error) = fill(session, forge, repository, &mut project).await {
        project.error = Some(error);
    }
    // Before anything is made of it, as for every plan.
    project.error = project.error.map(|error| error.map_text(|text| session.console.masked(text)));
    project
}

async fn fill(session: &Session, forge: Option<&dyn Forge>, repository: &Path, project: &mut ProjectPlan) -> Result<()> {
    if project.root_folder.as_str().is_none() {
        return Err(Error::new(Kind::Project, "name the project in a matrix")
            .because("the name of its folder is not UTF-8 text")
            .hint("rename the folder"));
    }
    let own = session.of_project(&repository.join(project.root_folder.to_path()), repository)?;
    project.deploy_type = own.settings.deploy_type;
    let facts = gather(&own, forge, target::destination(&own, &Command::Plan)).await?.facts;
    project.deployment = facts.target.deployment().cloned();
    let mut plan = report::without_secrets(plan(&facts)?, &session.console);
    project.error = plan.refusal.take();
    let known = &session.settings.notices;
    plan.notices.extend(own.settings.notices.iter().filter(|notice| !known.contains(notice)).cloned());
    project.plan = Some(plan);
    Ok(())
}

/// Lets no two projects ship the same artifact to the same Deployment.
fn part_rivals(projects: &mut [ProjectPlan]) {
    let claims: Vec<(usize, Claim<'_>)> = projects
        .iter()
        .enumerate()
        .filter_map(|(index, project)| {
            let artifacts = project.plan.as_ref()?.artifacts.iter().map(|verdict| &verdict.artifact).collect();
            let deployment = project.deployment.as_ref()?;
            Some((index, Claim { project: project.root_folder.to_string(), deployment, artifacts }))
        })
        .collect();
    let (places, claims): (Vec<usize>, Vec<Claim<'_>>) = claims.into_iter().unzip();
    let objections: Vec<(usize, Option<Error>)> =
        places.into_iter().enumerate().map(|(claim, place)| (place, rivals::objection(&claims, claim))).collect();
    for (place, objection) in objections {
        if let Some(project) = projects.get_mut(place) {
            project.error = project.error.take().or(objection);
        }
    }
}

/// Reports what became of planning every project, and returns the exit code: that of the first
/// failure.
pub fn told(session: &Session, outcome: Result<Vec<ProjectPlan>>) -> u8 {
    let console = &session.console;
    let (projects, failure) = match outcome {
        Ok(projects) => (projects, None),
        Err(error) => (Vec::new(), Some(error.map_text(|text| console.masked(text)))),
    };
    let all = All { context: &session.context, projects, failure };
    let json = all_json::all(&all);
    let printed = match session.settings.report.format {
        Format::Json => console.json(&json),
        Format::Text if all.failure.is_some() => Ok(()),
        Format::Text => all_text::lines(&all).iter().try_for_each(|line| console.data(line)),
    };
    if let Err(error) = printed {
        console.error(&error);
        return error.kind().exit_code();
    }
    hand_on(&session.outlets(), console, outputs::of_all(&all, &json), &all_markdown::report(&all));
    all.projects.iter().filter_map(|project| project.plan.as_ref()).for_each(|plan| report::problems(console, plan));
    all_text::notices(&all).iter().for_each(|notice| console.notice(notice));
    let jobs = all.shipping().count();
    if jobs > GITHUB_JOBS {
        console.warning(&format!("the matrix has {jobs} entries, and GitHub Actions runs at most {GITHUB_JOBS} jobs of one"));
    }
    let own = all.projects.iter().filter_map(|project| Some(about(&project.root_folder, project.error.as_ref()?)));
    let errors: Vec<Error> = all.failure.clone().into_iter().chain(own).collect();
    errors.iter().for_each(|error| console.error(error));
    errors.first().map_or(0, |error| error.kind().exit_code())
}

/// Returns the error with its project's folder.
fn about(root_folder: &RelPath, error: &Error) -> Error {
    let mut told = Error::new(error.kind(), format!("plan {root_folder}: {}", error.doing()));
    if let Some(cause) = error.cause() {
        told = told.because(cause);
    }
    if let Some(advice) = error.advice() {
        told = told.hint(advice);
    }
    match error.place() {
        Some(place) => told.at(place.path.clone(), place.line),
        None => told,
    }
}
