//! Reads all that applying Deployment files needs, and decides it: the files, the Workspaces, the Deployments of these
//! names, clusters, and what the platform offers. It changes nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::app::manage::deployments::job::Job;
use crate::app::manage::{given, scene};
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::astro::named::{WORKSPACES, one_of};
use crate::cli::deployment_file::Files;
use crate::env::children::is_withheld;
use crate::error::{Error, Kind, Result};
use crate::model::manifest::edit::Rest;
use crate::model::manifest::entry::Manifest;
use crate::model::record::Record;
use crate::model::secret::Secret;
use crate::plan::deployments::resolving::Surroundings;
use crate::plan::deployments::{read, resolve};

/// Returns what is to be done to each Deployment of the files, in their order.
///
/// # Errors
/// `Kind::Usage` or `Kind::Project` for files that cannot be used, with their lines; `Kind::NotFound` for Workspaces and
/// Deployments that are not there or not the only ones; as the platform answers.
pub async fn jobs(session: &Session, astro: &AstroClient, files: &Files) -> Result<Vec<Job>> {
    let manifests = manifests(session, files)?;
    let workspaces = workspaces(session, astro, &manifests).await?;
    unique(&manifests, &workspaces)?;
    let mut seen: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    let mut found = Vec::new();
    for (manifest, workspace) in manifests.iter().zip(&workspaces) {
        let id = workspace.id();
        if !seen.contains_key(id) {
            let query = [("workspaceIds", id), ("sorts", "name:asc")];
            seen.insert(id.to_owned(), astro.records(&["deployments"], &query, "list the Deployments").await?);
        }
        found.push(present(astro, manifest, seen.get(id).map(Vec::as_slice).unwrap_or_default()).await?);
    }
    let clusters = clusters(session, astro, &manifests, &found).await?;
    let mut jobs = Vec::new();
    for ((manifest, workspace), present) in manifests.iter().zip(workspaces).zip(found) {
        let options = options(astro, manifest, present.as_ref(), &clusters).await?;
        let around = Surroundings { present: present.as_ref(), options: options.as_ref(), clusters: &clusters };
        let asked = resolve::asked(manifest, around)?;
        let job = Job {
            place: format!("{}:{}", manifest.file, manifest.line),
            name: manifest.name.value.clone(),
            workspace: (workspace.id().to_owned(), workspace.text("name").to_owned()),
            present,
            edit: asked.edit,
            rest: if files.prune { Rest::Pruned } else { Rest::Kept },
            notes: asked.notes,
        };
        let queues = job.wanted().records("workerQueues");
        if !queues.is_empty() && !queues.iter().any(|queue| queue.text("name") == "default") {
            let doing = format!("change the worker queues of {}", job.name);
            return Err(Error::new(Kind::Project, doing)
                .because("none would be left that is called `default`")
                .at(manifest.file.clone(), Some(manifest.line)));
        }
        jobs.push(job);
    }
    Ok(jobs)
}

fn manifests(session: &Session, files: &Files) -> Result<Vec<Manifest>> {
    let (used, withheld) = (RefCell::new(BTreeMap::new()), RefCell::new(None));
    let lookup = |name: &str| {
        if is_withheld(name) {
            withheld.borrow_mut().get_or_insert_with(|| name.to_owned());
            return None;
        }
        let value = session.env.raw(name)?.to_owned();
        used.borrow_mut().insert(name.to_owned(), value.clone());
        Some(value)
    };
    let mut all = Vec::new();
    for file in &files.files {
        let text = given::file(session, file)?;
        let name = file.to_string_lossy();
        let read = read::manifests(&name, &text, &lookup);
        // Whoever writes a file must not learn the job's own credentials by it.
        if let Some(variable) = withheld.take() {
            return Err(Error::new(Kind::Usage, format!("read {name}"))
                .because(format!("`${{{variable}}}` is for Liftoff or the CI job itself, and its value goes nowhere else"))
                .hint("give the value a variable of its own"));
        }
        all.extend(read?);
    }
    hide(session, &used.into_inner(), &all);
    Ok(all)
}

/// Keeps what came from the environment out of everything that is printed, but for names that people look for.
fn hide(session: &Session, used: &BTreeMap<String, String>, manifests: &[Manifest]) {
    let names = |value: &str| {
        manifests.iter().any(|it| {
            let others = it.workspace.iter().chain(&it.cluster);
            it.name.value.contains(value) || others.into_iter().any(|other| other.value.contains(value))
        })
    };
    let sensitive = |name: &str| {
        let name = name.to_ascii_uppercase();
        ["PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL"].iter().any(|part| name.contains(part))
    };
    for (name, value) in used.iter().filter(|(name, value)| sensitive(name) || !names(value)) {
        if value.len() >= SHORTEST_HIDDEN {
            tracing::debug!(name, "a value from the environment is kept out of the output");
            session.console.hide(&Secret::new(value.as_str()));
        }
    }
    let secrets = manifests.iter().flat_map(|manifest| manifest.variables.iter().flatten());
    for value in secrets.filter(|it| it.is_secret == Some(true)).filter_map(|it| it.value.as_ref()) {
        if value.value.expose().len() >= SHORTEST_HIDDEN {
            session.console.hide(&value.value);
        }
    }
}

/// Hiding shorter values would make holes into every text.
const SHORTEST_HIDDEN: usize = 6;

/// Returns the Workspace of each Deployment: the file's, else the setting's, else the token's, else the only one.
async fn workspaces(session: &Session, astro: &AstroClient, manifests: &[Manifest]) -> Result<Vec<Record>> {
    let all = astro.records(WORKSPACES.path, &[], "list the Workspaces").await?;
    let mut found = Vec::new();
    for manifest in manifests {
        found.push(match &manifest.workspace {
            Some(name) => {
                one_of(&WORKSPACES, all.clone(), &name.value).map_err(|error| error.at(manifest.file.clone(), Some(name.line)))?
            }
            None => workspace(session, astro).await?,
        });
    }
    Ok(found)
}

/// Returns the Workspace of a Deployment whose own is not named: the setting's, else the token's, else the only one.
///
/// # Errors
/// `Kind::Usage` when there are several, else as the platform answers.
pub async fn workspace(session: &Session, astro: &AstroClient) -> Result<Record> {
    match scene::workspace(session, astro).await {
        Err(error) if error.kind() == Kind::Usage => {
            let all = astro.records(WORKSPACES.path, &[], "list the Workspaces").await?;
            if let [only] = all.as_slice() { Ok(only.clone()) } else { Err(error) }
        }
        outcome => outcome,
    }
}

/// A Deployment that is asked for twice would be made what the last file says.
fn unique(manifests: &[Manifest], workspaces: &[Record]) -> Result<()> {
    let mut places: BTreeMap<(&str, &str), &Manifest> = BTreeMap::new();
    for (manifest, workspace) in manifests.iter().zip(workspaces) {
        if let Some(earlier) = places.insert((workspace.id(), &manifest.name.value), manifest) {
            let cause = format!("line {} of {} asks for it as well", earlier.line, earlier.file);
            return Err(Error::new(Kind::Project, format!("apply {} twice", manifest.name.value))
                .because(cause)
                .at(manifest.file.clone(), Some(manifest.line)));
        }
    }
    Ok(())
}

/// The list is asked only where a cluster can matter. Not every token may read it, and not every file needs it.
async fn clusters(
    session: &Session,
    astro: &AstroClient,
    manifests: &[Manifest],
    found: &[Option<Record>],
) -> Result<Vec<Record>> {
    let not_standard = |kind: &str| !matches!(kind, "" | "STANDARD");
    let asked = manifests.iter().any(|it| match it.word("deployment_type") {
        Some(kind) => not_standard(kind),
        None => it.cluster.is_some(),
    });
    let there = found.iter().flatten().any(|present| not_standard(present.text("type")));
    if !asked && !there {
        return Ok(Vec::new());
    }
    match astro.records(&["clusters"], &[], "list the clusters").await {
        Err(error) if matches!(error.kind(), Kind::Auth | Kind::Refused | Kind::NotFound) => {
            session.console.warn_about(&error);
            Ok(Vec::new())
        }
        outcome => outcome,
    }
}

/// Returns the Deployment of that name as it is now.
async fn present(astro: &AstroClient, manifest: &Manifest, all: &[Record]) -> Result<Option<Record>> {
    let name = &manifest.name.value;
    let of_name: Vec<&Record> = all.iter().filter(|it| it.text("name") == name).collect();
    match of_name.as_slice() {
        [] => Ok(None),
        [only] => {
            let doing = format!("read the Deployment {name}");
            astro.record(&["deployments", only.id()], &doing).await.map(Some)
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|it| it.id()).collect();
            Err(Error::new(Kind::NotFound, format!("find the Deployment `{name}`"))
                .because(format!("several have this name: {}", ids.join(", ")))
                .hint("rename one of them")
                .at(manifest.file.clone(), Some(manifest.name.line)))
        }
    }
}

/// What is offered matters for new Deployments, and for queues.
async fn options(
    astro: &AstroClient,
    manifest: &Manifest,
    present: Option<&Record>,
    clusters: &[Record],
) -> Result<Option<Record>> {
    if present.is_some() && manifest.queues.as_ref().is_none_or(Vec::is_empty) && manifest.setting("executor").is_none() {
        return Ok(None);
    }
    let kind = resolve::kind(manifest, Surroundings { present, options: None, clusters });
    let provider = present.map(|present| present.text("cloudProvider")).filter(|it| !it.is_empty());
    astro.deployment_options(&kind, provider.or(manifest.word("cloud_provider"))).await.map(Some)
}
