//! Makes a preview's Deployment: one, however many runs start together, and up when it returns.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::astro::wait::Patience;
use crate::error::{Error, Kind, Result};
use crate::model::blueprint::{Blueprint, Infrastructure};
use crate::model::deployment::{Deployment, DeploymentStatus};
use crate::model::ids::DeploymentId;
use crate::model::preview::{Owner, Preview, PreviewMark, Subject};
use crate::model::secret::Secret;
use crate::plan::preview::blueprint::{Draft, draft};
use crate::plan::preview::name::name;
use crate::plan::preview::{mark, roll};
use crate::settings::previews::NameStyle;

/// Longest silence while waiting.
const SILENCE: Duration = Duration::from_secs(30);
/// Longest time to wait for a Deployment to be made when nobody waits for the deploy.
const CREATION_BUDGET: Duration = Duration::from_secs(900);

/// Returns the name of a preview that is to be made.
///
/// # Errors
/// `Kind::Refused` when it belongs to another Deployment.
pub fn chosen_name(session: &Session, (owner, branch, base): (&Owner, &str, &Deployment), all: &[Deployment]) -> Result<String> {
    let previews = &session.settings.previews;
    // Two pull requests can have one branch, and deploy-action's names know only that.
    let made = name(owner, branch, &base.name, previews.name_style);
    let chosen = previews.name.clone().unwrap_or(made);
    let Some(taken) = all.iter().find(|other| other.name == chosen && other.workspace_id == base.workspace_id) else {
        return Ok(chosen);
    };
    let whose = match mark::parse(&taken.description) {
        Some(mark) => format!("is the preview of {}", mark.owner.subject.words()),
        None => "is no preview of Liftoff's".to_owned(),
    };
    let by_hand = previews.name.is_some() || previews.name_style == NameStyle::DeployAction;
    let hint = if by_hand { "choose another `preview-name`, or leave names to Liftoff" } else { "rename that Deployment" };
    Err(Error::new(Kind::Refused, format!("name the preview {chosen}"))
        .because(format!("the Deployment {} has this name and {whose}", taken.id))
        .hint(hint))
}

/// Returns the mark of a preview that is to be made.
///
/// # Errors
/// `Kind::Refused` when it does not fit into a description.
pub fn new_mark(session: &Session, owner: &Owner, branch: &str) -> Result<PreviewMark> {
    let mark = PreviewMark {
        owner: owner.clone(),
        branch: branch.to_owned(),
        lifetime: session.settings.previews.lifetime,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    if mark::fits(&mark) {
        return Ok(mark);
    }
    Err(Error::new(Kind::Refused, "mark the preview as Liftoff's")
        .because(format!("the names of folder and branch are too long for a description of {} bytes", mark::LIMIT))
        .hint(match owner.subject {
            Subject::Branch(_) => "open a pull request: its number is short",
            Subject::PullRequest(_) => "shorten the path of the project's folder",
        }))
}

/// Returns the values of the secret variables that the CI system has. From here on the console
/// masks them.
#[must_use]
pub fn secrets(session: &Session) -> BTreeMap<String, Secret> {
    let mut found = BTreeMap::new();
    for (name, variable) in &session.settings.previews.secrets {
        match session.env.get(variable).filter(|value| !value.is_empty()) {
            Some(value) => {
                let secret = Secret::new(value);
                session.console.mask(&secret);
                found.insert(name.clone(), secret);
            }
            None => session.console.warning(&format!("`preview-secrets`: the variable {variable} is not set or empty here")),
        }
    }
    found
}

/// Returns what a preview is made from.
#[must_use]
pub fn drafted(session: &Session, base: &Blueprint, (name, mark): (&str, &PreviewMark), runtime: Option<String>) -> Draft {
    let mut draft = draft(base, &session.settings.previews, &secrets(session), runtime);
    name.clone_into(&mut draft.blueprint.name);
    draft.blueprint.description = mark::compose(mark);
    draft
}

/// Returns the Deployment that is to be made, as far as it can be told before.
#[must_use]
pub fn prospect(blueprint: &Blueprint, base: &Deployment) -> Deployment {
    let development_mode = match &blueprint.infrastructure {
        Infrastructure::Hosted(hosted) => hosted.development_mode,
        Infrastructure::Hybrid { .. } => false,
    };
    Deployment {
        organization_id: base.organization_id.clone(),
        workspace_id: base.workspace_id.clone(),
        workspace_name: base.workspace_name.clone(),
        kind: base.kind,
        runtime_version: blueprint.runtime_version.clone(),
        airflow_version: base.airflow_version.clone(),
        dag_deploys: blueprint.dag_deploys,
        cicd_enforced: blueprint.cicd_enforced,
        remote_execution: base.remote_execution,
        development_mode,
        description: blueprint.description.clone(),
        ..Deployment::new(DeploymentId::new("new"), &blueprint.name)
    }
}

/// Creates the Deployment and returns the one that counts: when another run has made one at the
/// same time, the older of them; the other is deleted by whoever made it.
///
/// # Errors
/// As the platform answers.
pub async fn made(session: &Session, astro: &AstroClient, blueprint: &Blueprint, owner: &Owner) -> Result<Deployment> {
    let console = &session.console;
    console.info(&format!("create the preview {}", blueprint.name));
    let made = astro.create_deployment(blueprint).await?;
    console.info(&format!("created the Deployment {}", made.id));
    let roll = roll::call(roll::marked(astro.deployments(None).await?), owner);
    match roll.own {
        Some(Preview { deployment, .. }) if deployment.id != made.id => {
            console.notice(&format!("another run made the preview {} at the same time; its Deployment counts", deployment.name));
            astro.delete_deployment(&made.id).await?;
            Ok(deployment)
        }
        _ => Ok(made),
    }
}

/// Waits until a Deployment has been created on the platform, and returns it as it is then.
///
/// # Errors
/// `Kind::TimedOut` when it is not in time; as the platform answers.
pub async fn up(session: &Session, astro: &AstroClient, deployment: Deployment) -> Result<Deployment> {
    let patience = Patience { budget: session.settings.deploy.wait.unwrap_or(CREATION_BUDGET), ..Patience::default() };
    let (start, mut pause) = (Instant::now(), patience.first_interval);
    let mut said = start;
    let mut now = deployment;
    let activity = session.console.activity("wait for the preview's Deployment");
    while now.status == DeploymentStatus::Creating {
        if start.elapsed() + pause > patience.budget {
            return Err(Error::new(Kind::TimedOut, format!("create the preview {}", now.name))
                .because(format!("its Deployment is not up after {} s", start.elapsed().as_secs()))
                .hint("start this job again, which goes on with the same Deployment; raise `wait-time` if it happens often"));
        }
        if said.elapsed() >= SILENCE || said == start {
            session.console.info(&format!("waiting: {} is being created ({} s)", now.name, start.elapsed().as_secs()));
            said = Instant::now();
        }
        tokio::time::sleep(pause).await;
        pause = (pause + pause / 2).min(patience.interval);
        now = astro.deployment(&now.id).await?;
    }
    drop(activity);
    Ok(now)
}

/// Returns the last time at which a Deployment was deployed to.
///
/// # Errors
/// As the platform answers.
pub async fn last_deploy(astro: &AstroClient, id: &DeploymentId) -> Result<Option<Timestamp>> {
    // The newest deploys may be unfinished ones, which keep nothing alive.
    let deploys = astro.deploys(id, 5).await?;
    let finished = deploys.iter().filter(|deploy| deploy.status == crate::model::deploy::DeployStatus::Deployed);
    Ok(finished.filter_map(|deploy| deploy.created_at.parse().ok()).max())
}
