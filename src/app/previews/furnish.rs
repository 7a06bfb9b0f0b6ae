//! Gets a preview ready for its first DAGs: connections, variables and pools of its base.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::airflow::client::AirflowClient;
use crate::app::session::Session;
use crate::astro::answers::{ManagedKind, ManagedObject};
use crate::astro::client::AstroClient;
use crate::error::{Error, Kind, Result};
use crate::model::airflow::ObjectKind;
use crate::model::deployment::{Deployment, DeploymentStatus};
use crate::preview::copy::{Copied, copy};
use crate::preview::copy_plan::{Wish, Wishes};
use crate::preview::reachable::reachable;

/// How long Airflow may take to answer when nobody says how long to wait.
const BUDGET: Duration = Duration::from_secs(600);

/// What a preview got, and what it did not.
#[derive(Debug, Clone, Default)]
pub struct Furnished {
    /// What was copied.
    pub copied: Option<Copied>,
    /// Why nothing could be copied, when that stops nothing.
    pub not_copied: Option<String>,
    /// Objects of the Environment Manager that reach the base and not the preview.
    pub unlinked: Vec<String>,
}

/// Copies what the settings ask for. What this token may not read stops nothing and is said;
/// any other failure to reach either Airflow is one, so that the next run copies again.
///
/// # Errors
/// As the two Airflows answer.
pub async fn furnished(session: &Session, astro: &AstroClient, base: &Deployment, preview: &Deployment) -> Result<Furnished> {
    let (ours, theirs) = tokio::join!(managed(session, astro, base), managed(session, astro, preview));
    let mut furnished = Furnished { unlinked: unlinked(&ours, &theirs), ..Furnished::default() };
    if base.hibernating || base.status == DeploymentStatus::Hibernating {
        furnished.not_copied = Some(format!("{} hibernates; wake it and set `copy-again`", base.name));
        return Ok(furnished);
    }
    match copied(session, astro, (base, preview), &theirs).await {
        Ok(copied) => furnished.copied = Some(copied),
        Err(error) if matches!(error.kind(), Kind::Auth | Kind::Refused) => {
            session.console.warn_about(&error);
            furnished.not_copied = Some(error.cause().unwrap_or_else(|| error.doing()).to_owned());
        }
        Err(error) => return Err(error),
    }
    Ok(furnished)
}

async fn copied(
    session: &Session,
    astro: &AstroClient,
    (base, preview): (&Deployment, &Deployment),
    managed: &[ManagedObject],
) -> Result<Copied> {
    let (source, target) = (client(session, astro, base)?, client(session, astro, preview)?);
    let budget = session.settings.deploy.wait.unwrap_or(BUDGET);
    let activity = session.console.activity("wait for the preview's Airflow");
    let on_wait = |waited: Duration, why: &str| {
        activity.tell(&format!("wait for the preview's Airflow: {why}"));
        tracing::info!(seconds = waited.as_secs(), why, "Airflow does not answer yet");
    };
    reachable(&target, budget, &on_wait).await?;
    drop(activity);
    let copies = session.settings.previews.copies;
    let wish = |on: bool| if on { Wish::Copy } else { Wish::Leave };
    let wishes = Wishes {
        connections: wish(copies.connections),
        variables: wish(copies.variables),
        pools: wish(copies.pools),
        managed: managed.iter().filter_map(|object| Some((copied_kind(object.kind)?, object.key.clone()))).collect(),
        only: Vec::new(),
    };
    let _activity = session.console.activity("copy connections, variables and pools");
    let copied = copy(&source, &target, &wishes).await?;
    session.console.info(&format!(
        "copied from {}: {} created, {} updated, {} there already, {} not or not wholly",
        base.name,
        copied.created.total(),
        copied.updated.total(),
        copied.unchanged.total(),
        copied.left.len()
    ));
    Ok(copied)
}

/// Returns a client of a Deployment's Airflow.
///
/// # Errors
/// `Kind::Refused` when the platform does not say where it is.
pub fn client(session: &Session, astro: &AstroClient, deployment: &Deployment) -> Result<AirflowClient> {
    let url = deployment.airflow_api.as_ref().ok_or_else(|| {
        Error::new(Kind::Refused, format!("reach the Airflow of {}", deployment.name))
            .because("the platform does not say where its API is")
    })?;
    AirflowClient::new(session.calls.clone(), url, astro.token())
}

/// Returns the kind of Airflow's objects that the Environment Manager delivers so.
#[must_use]
pub const fn copied_kind(kind: ManagedKind) -> Option<ObjectKind> {
    match kind {
        ManagedKind::Connection => Some(ObjectKind::Connection),
        ManagedKind::AirflowVariable => Some(ObjectKind::Variable),
        ManagedKind::EnvironmentVariable => None,
    }
}

/// Returns what the Environment Manager delivers to a Deployment; nothing where this token may not
/// read it or the Organization does not have it.
pub async fn managed(session: &Session, astro: &AstroClient, deployment: &Deployment) -> Vec<ManagedObject> {
    match astro.managed_objects(&deployment.id).await {
        Ok(objects) => objects,
        Err(error) => {
            tracing::info!(error = %error, "the Environment Manager's objects are not known");
            session.console.notice(&format!(
                "the Environment Manager's objects of {} cannot be read, so none are respected",
                deployment.name
            ));
            Vec::new()
        }
    }
}

fn unlinked(base: &[ManagedObject], preview: &[ManagedObject]) -> Vec<String> {
    let there: BTreeSet<&ManagedObject> = preview.iter().collect();
    let missing = base.iter().filter(|object| !there.contains(object));
    missing.map(|object| format!("{} {}", object.kind.word(), object.key)).collect()
}
