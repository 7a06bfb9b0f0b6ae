//! Where the project's code is checked: which image, or which Airflow in an environment of its own.

use crate::app::session::Session;
use crate::app::target;
use crate::check::airflow::Airflow;
use crate::check::order::Place;
use crate::deploy::limit::{PROBE, within};
use crate::error::{Error, Kind, Result};
use crate::image::engine::{self, Engine};
use crate::image::source::resolve;
use crate::model::deployment::Deployment;
use crate::model::image::ImageSource;
use crate::model::project::{ProjectKind, ProjectShape};
use crate::model::runtime::{Python, RuntimeVersion};
use crate::plan::facts::dockerfile_runtime;

/// What is known of the Airflow that will run the DAGs.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// Nothing was asked yet; the Dockerfile tells, else the Deployment that the settings name.
    Nothing,
    /// The image of the Dockerfile ships.
    Dockerfile,
    /// This Deployment's image stays.
    Deployment(&'a Deployment),
}

/// Returns an environment with the right Airflow.
///
/// # Errors
/// `Kind::Project` when nothing tells which one that is; as the platform answers.
pub async fn airflow(session: &Session, project: &ProjectShape, known: Known<'_>) -> Result<Place> {
    let python = python(project).filter(|_| !matches!(known, Known::Deployment(_)));
    let environment = |airflow: Airflow| Ok(Place::Environment { airflow, python });
    if let Some(airflow) = session.settings.checks.airflow_version.as_deref().and_then(Airflow::parse) {
        return environment(airflow);
    }
    if let Known::Deployment(deployment) = known {
        return match Airflow::parse(&deployment.airflow_version) {
            Some(airflow) => environment(airflow),
            None => Err(unknown(format!("the Deployment's Airflow version `{}` is not one", deployment.airflow_version))),
        };
    }
    if let Some(runtime) = dockerfile_runtime(project) {
        return match in_runtime(session, runtime).await.or_else(|| Airflow::of_runtime(runtime)) {
            Some(airflow) => environment(airflow),
            None => Err(unknown(format!("nobody knows the Airflow of the Runtime {runtime}"))),
        };
    }
    let target = &session.settings.target;
    if !target.is_named() {
        return Err(unknown("the Dockerfile names no Astro Runtime, and no Deployment is named".to_owned()));
    }
    let astro = target::astro(session).await?.ok_or_else(|| target::no_token(session))?;
    let deployment = session.platform.deployment(&astro, target).await?;
    match Airflow::parse(&deployment.airflow_version) {
        Some(airflow) => environment(airflow),
        None => Err(unknown(format!("the Deployment's Airflow version `{}` is not one", deployment.airflow_version))),
    }
}

/// Returns the Airflow line that the settings or the Dockerfile tell without asking anybody.
#[must_use]
pub fn major(session: &Session, project: &ProjectShape) -> Option<u64> {
    let named = session.settings.checks.airflow_version.as_deref().and_then(|version| version.split('.').next()?.parse().ok());
    named.or_else(|| dockerfile_runtime(project).map(RuntimeVersion::airflow_major))
}

/// Returns the Python that the Dockerfile's Runtime image has by its name.
#[must_use]
pub fn python(project: &ProjectShape) -> Option<Python> {
    match &project.kind {
        ProjectKind::Astro(astro) => {
            let dockerfile = astro.dockerfile.as_ref().filter(|dockerfile| dockerfile.runtime.is_some())?;
            Python::of_image(dockerfile.base_image.as_deref()?)
        }
        _ => None,
    }
}

/// Returns the image that the settings name, with an engine that has it or can get it.
///
/// # Errors
/// `Kind::Project` when no engine works; `Kind::Usage` for an archive, which an engine has to load first.
pub async fn image(session: &Session, project: &ProjectShape) -> Result<Option<(Engine, String)>> {
    let settings = &session.settings.image;
    let Some(name) = settings.name.as_deref() else { return Ok(None) };
    let found = engine::find(&session.env, settings.container_engine.as_deref(), None);
    let engine = within(PROBE, "find a container engine", found).await?;
    match resolve(Some(&engine), name, &project.root).await? {
        ImageSource::Engine(name) | ImageSource::Registry(name) => Ok(Some((engine, name))),
        _ => Err(Error::new(Kind::Usage, format!("check in the image {name}"))
            .because("it is an archive")
            .hint("load it into the engine and name it, or check without `image-name`")),
    }
}

/// Asks the platform for the exact version. It is only a better answer than the line, so nothing fails without it.
async fn in_runtime(session: &Session, runtime: &RuntimeVersion) -> Option<Airflow> {
    let astro = match target::astro(session).await {
        Ok(astro) => astro?,
        Err(error) => {
            session.console.warn_about(&error);
            return None;
        }
    };
    match session.platform.runtime_releases(&astro, &session.settings.target).await {
        Ok(releases) => {
            let same = releases.iter().find(|release| RuntimeVersion::parse(&release.version).as_ref() == Some(runtime))?;
            Airflow::parse(&same.airflow_version)
        }
        Err(error) => {
            session.console.warn_about(&error);
            None
        }
    }
}

fn unknown(why: String) -> Error {
    Error::new(Kind::Project, "tell which Airflow to check with")
        .because(why)
        .hint("set `airflow-version`, name a Deployment, or begin the Dockerfile with an Astro Runtime image")
}
