//! Lists the deploys of a Deployment, with what of them runs now.

use jiff::Timestamp;

use crate::app::gather::{HISTORY, LONG_HISTORY};
use crate::app::session::Session;
use crate::app::target;
use crate::error::{Error, Kind, Result};
use crate::model::artifact::Artifact;
use crate::model::deploy::DeployRecord;
use crate::model::deployment::Deployment;
use crate::plan::deployed::{Deployed, state};
use crate::plan::then::mounts;
use crate::report::history::{History, Listed, object, table};
use crate::settings::values::Format;

/// Reads the history.
///
/// # Errors
/// `Kind::Auth` without a token, `Kind::Usage` when no Deployment is named, and as the platform
/// answers.
pub async fn listed(session: &Session) -> Result<History> {
    let astro = target::astro(session).await?.ok_or_else(|| target::no_token(session))?;
    if let Some(why) = session.settings.unmapped() {
        return Err(Error::new(Kind::Usage, "choose a Deployment").because(why).hint("name it with `--deployment-name`"));
    }
    let deployment = session.platform.deployment(&astro, &session.settings.target).await?;
    let limit = session.settings.rollback.limit;
    let first = limit.max(HISTORY);
    let mut records = session.platform.history(&astro, &deployment.id, first).await?;
    let mut states = judged(&deployment, &records);
    // What runs can have come with a deploy that lies further back.
    if records.len() >= first && states.iter().any(|(_, state)| !matches!(state, Deployed::Known(_))) && first < LONG_HISTORY {
        records = session.platform.history(&astro, &deployment.id, LONG_HISTORY).await?;
        states = judged(&deployment, &records);
    }
    records.truncate(limit);
    Ok(marked(deployment, records, states))
}

fn judged(deployment: &Deployment, records: &[DeployRecord]) -> Vec<(Artifact, Deployed)> {
    let mut artifacts = vec![Artifact::Image];
    if deployment.dag_deploys {
        artifacts.insert(0, Artifact::Dags);
    }
    artifacts.extend(mounts(records).into_iter().map(Artifact::Bundle));
    let now = Timestamp::now();
    artifacts
        .into_iter()
        .map(|artifact| {
            let state = state(&artifact, deployment, records, now);
            (artifact, state)
        })
        .collect()
}

fn marked(deployment: Deployment, records: Vec<DeployRecord>, states: Vec<(Artifact, Deployed)>) -> History {
    let runs = |record: &DeployRecord| {
        let brought = states.iter().filter(|(_, state)| matches!(state, Deployed::Known(known) if known.id == record.id));
        brought.map(|(artifact, _)| artifact.clone()).collect()
    };
    let deploys = records.into_iter().map(|record| Listed { runs: runs(&record), record }).collect();
    let unknown = states.into_iter().filter_map(|(artifact, state)| match state {
        Deployed::Unknown { why } => Some((artifact, why)),
        _ => None,
    });
    History { deployment, deploys, unknown: unknown.collect() }
}

/// Prints the history and returns the exit code.
pub fn told(session: &Session, outcome: Result<History>) -> u8 {
    let console = &session.console;
    let printed = outcome.and_then(|history| match session.settings.report.format {
        Format::Json => console.json(&object(&history)),
        Format::Text => table(&history).iter().try_for_each(|line| console.data(line)),
    });
    match printed {
        Ok(()) => 0,
        Err(error) => {
            let error = error.map_text(|text| console.masked(text));
            console.error(&error);
            error.kind().exit_code()
        }
    }
}
