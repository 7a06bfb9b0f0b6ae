//! Makes the environment in which checks run when there is no image, or takes a cached one: Airflow, the providers that a
//! Runtime image would have, pytest, and the project's requirements, in the order in which an image gets them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::check::airflow::Airflow;
use crate::check::cache::{Cache, Making};
use crate::check::order::{Order, Tools};
use crate::check::providers;
use crate::check::python::{self, Found};
use crate::check::requirements::{self, Requirements};
use crate::check::uv::Uv;
use crate::check::variables::for_installing;
use crate::error::{Error, Kind, Result};
use crate::image::child::Ended;
use crate::model::path::RelPath;
use crate::model::runtime::Python;
use crate::model::secret::Secret;

/// Changes whenever environments are made in another way.
const SCHEMA: &str = "1";
/// Folders of a project, besides its DAGs, whose code uses providers.
const FOLDERS: &[&[u8]] = &[b"include", b"plugins", b"tests"];
/// What uv says when the index could not be reached.
const UNREACHED: &[&str] =
    &["error sending request", "failed to fetch", "connection", "dns error", "timed out", "tls", "status client error (5"];

/// An environment to run in.
#[derive(Debug)]
pub struct Environment {
    /// Its Python.
    pub python: PathBuf,
    /// What people should know about it.
    pub notices: Vec<String>,
    /// Holds an environment that lasts for this run only.
    _run: Option<Cache>,
}

/// Returns the environment of a project.
///
/// # Errors
/// `Kind::Project` when uv or Python is missing, `Kind::ChecksFailed` when the requirements cannot be had together,
/// `Kind::Transfer` when the package index cannot be reached.
pub async fn installed(
    order: &Order<'_>,
    (airflow, chosen): (&Airflow, Option<Python>),
    tools: &Tools<'_>,
) -> Result<Environment> {
    let requirements = if order.has_requirements { requirements::read(order.project)? } else { Requirements::default() };
    let variables = for_installing(tools.env, &requirements.referred);
    mask(tools, &requirements, &variables);
    // Folders of this machine can change without their names.
    let lasting = if requirements.is_local {
        Cache::of_run(&tools.temporary)?
    } else {
        Cache::open(order.checks.cache.as_deref(), tools.env, &tools.temporary)?
    };
    let uv = Uv::find(tools.env, homeless(variables, &lasting))?;
    let found = python::find(&uv, airflow, chosen, lasting.root()).await?;
    let wanted = Wanted { airflow, providers: used(order), requirements: &requirements, python: &found };
    let key = wanted.key(&uv);
    let mut notices: Vec<String> = found.notice.clone().into_iter().collect();
    let folder = match lasting.find(&key) {
        Some(folder) if interpreter(&folder).exists() => {
            tools.console.info(&format!("the environment with Airflow {airflow} is there: {}", folder.display()));
            folder
        }
        Some(_) => {
            // Its Python was taken off the machine.
            lasting.forget(&key);
            made(&wanted, (&uv, &lasting, &key), order, tools).await?
        }
        None => made(&wanted, (&uv, &lasting, &key), order, tools).await?,
    };
    lasting.tidy();
    if order.has_packages {
        notices.push("packages.txt is not installed: Debian packages need the image".to_owned());
    }
    Ok(Environment { python: interpreter(&folder), notices, _run: Some(lasting) })
}

/// What an environment is made of.
struct Wanted<'a> {
    airflow: &'a Airflow,
    providers: BTreeSet<String>,
    requirements: &'a Requirements,
    python: &'a Found,
}

impl Wanted<'_> {
    /// Returns the name of such an environment: a hash of everything that decides what is in it.
    fn key(&self, uv: &Uv) -> String {
        let mut hasher = blake3::Hasher::new();
        let Python { major, minor } = self.python.version;
        let head = format!("{SCHEMA}\n{}\n{major}.{minor}\n{}\n", self.airflow.requirement(), self.python.file.display());
        hasher.update(head.as_bytes());
        for provider in &self.providers {
            hasher.update(format!("{provider}\n").as_bytes());
        }
        hasher.update(&self.requirements.digest);
        hasher.update(&uv.decisive());
        hasher.finalize().to_hex().chars().take(32).collect()
    }

    /// Returns what comes with the image before the project's own requirements.
    fn base(&self) -> Vec<String> {
        let mut packages = vec![self.airflow.requirement(), "pytest".to_owned()];
        packages.extend(self.providers.iter().cloned());
        packages
    }
}

async fn made(
    wanted: &Wanted<'_>,
    (uv, cache, key): (&Uv, &Cache, &str),
    order: &Order<'_>,
    tools: &Tools<'_>,
) -> Result<PathBuf> {
    let label = format!("install Airflow {}", wanted.airflow);
    let group = tools.console.group(&label);
    let activity = tools.console.activity(&label);
    let making = cache.make()?;
    // Builds of packages leave things behind.
    let temporary = making.folder().join("tmp");
    let failed = |error: std::io::Error| Error::new(Kind::Project, "make a temporary folder").because(error);
    std::fs::create_dir(&temporary).map_err(failed)?;
    let outcome = filled(wanted, &uv.with_temporary(&temporary), (&making, order), tools).await;
    let _ = std::fs::remove_dir_all(&temporary);
    drop(activity);
    drop(group);
    outcome?;
    cache.keep(making, key)
}

async fn filled(wanted: &Wanted<'_>, uv: &Uv, (making, order): (&Making, &Order<'_>), tools: &Tools<'_>) -> Result<()> {
    let folder = making.folder();
    let python = interpreter(folder);
    uv.environment(&wanted.python.file, folder).await?;
    let on_line = |line: &str| {
        // A list of every package helps nobody who waits.
        if line.starts_with([' ', '+', '-', '~']) {
            tracing::debug!(line = %tools.console.masked(line), "uv");
        } else {
            tools.console.info(line);
        }
    };
    let day = wanted.airflow.day().filter(|_| !uv.is_told_what_fits());
    let dated = |day: &str| [wanted.base(), vec!["--exclude-newer".to_owned(), day.to_owned()]].concat();
    let mut ended = match day {
        Some(day) => uv.install(&python, &dated(day), folder, &on_line).await?,
        None => uv.install(&python, &wanted.base(), folder, &on_line).await?,
    };
    if !ended.succeeded() && day.is_some() {
        // A newer patch, or an index that knows no dates.
        tools.console.info("once more, with the newest packages");
        ended = uv.install(&python, &wanted.base(), folder, &on_line).await?;
    }
    if !ended.succeeded() {
        return Err(failure(&format!("install Airflow {}", wanted.airflow), &ended, Kind::Project));
    }
    let Some(file) = &wanted.requirements.file else { return Ok(()) };
    let file = file.to_string_lossy().into_owned();
    // Airflow stays what it is, as in the image.
    let packages = [wanted.airflow.requirement(), "--requirement".to_owned(), file];
    let ended = uv.install(&python, &packages, order.project, &on_line).await?;
    if ended.succeeded() {
        return Ok(());
    }
    let place = order.in_repository.join(&RelPath::parse(requirements::FILE.as_bytes()).unwrap_or_default());
    Err(failure("install the project's requirements", &ended, Kind::ChecksFailed).at(place.to_string(), None))
}

/// Tells a network that does not answer from packages that do not fit.
fn failure(doing: &str, ended: &Ended, kind: Kind) -> Error {
    let said = ended.tail.join("\n").to_lowercase();
    let unreached = UNREACHED.iter().any(|words| said.contains(words)) && !said.contains("no solution found");
    let error = Error::new(if unreached { Kind::Transfer } else { kind }, doing).because(ended.describe());
    if unreached {
        error.hint("check that the package index can be reached; uv is told of another one by UV_DEFAULT_INDEX")
    } else {
        error
    }
}

fn used(order: &Order<'_>) -> BTreeSet<String> {
    let folders: Vec<RelPath> = FOLDERS.iter().filter_map(|name| RelPath::parse(name)).chain([order.dags.clone()]).collect();
    providers::used(order.project, &folders)
}

/// Hides the credentials that an installer could repeat.
fn mask(tools: &Tools<'_>, requirements: &Requirements, variables: &[(String, std::ffi::OsString)]) {
    requirements.secrets.iter().for_each(|secret| tools.console.hide(secret));
    for (name, value) in variables {
        let value = value.to_string_lossy();
        requirements::secrets(&value).iter().for_each(|secret| tools.console.hide(secret));
        if requirements.referred.contains(name) || name.ends_with("_PASSWORD") || name.ends_with("_TOKEN") {
            tools.console.hide(&Secret::new(value));
        }
    }
}

/// Without a home, uv would keep its downloads in the folder that it runs in, which can be the project's.
fn homeless(mut variables: crate::check::variables::Variables, cache: &Cache) -> crate::check::variables::Variables {
    let has = |name: &str| variables.iter().any(|(other, _)| other == name);
    if !has("HOME") && !has("XDG_CACHE_HOME") && !has("UV_CACHE_DIR") {
        variables.push(("UV_CACHE_DIR".to_owned(), cache.root().join(".uv").into()));
    }
    variables
}

fn interpreter(folder: &Path) -> PathBuf {
    if cfg!(windows) { folder.join("Scripts").join("python.exe") } else { folder.join("bin").join("python") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreachable_index_is_no_fault_of_the_project() {
        let ended = |line: &str| Ended { code: Some(1), tail: vec![line.to_owned()] };
        let kind = |line: &str| failure("install", &ended(line), Kind::ChecksFailed).kind();
        assert_eq!(kind("× No solution found when resolving dependencies: connection-pool was not found"), Kind::ChecksFailed);
        assert_eq!(kind("error: Failed to fetch: `https://pypi.example/simple/x/`"), Kind::Transfer);
        assert_eq!(kind("× Failed to build `x==1`"), Kind::ChecksFailed);
    }
}
