//! Unpauses the chosen DAGs of a preview, once Airflow has read them.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::Instant;

use crate::airflow::client::AirflowClient;
use crate::app::previews::furnish;
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::error::Result;
use crate::model::airflow::Paused;
use crate::model::deployment::Deployment;
use crate::report::preview::PreviewReport;

/// How long Airflow may take to read a DAG; it looks at new files every 30 s to 5 min.
const BUDGET: Duration = Duration::from_secs(300);
/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(5);
/// DAGs that are looked at the same time.
const AT_A_TIME: usize = 4;

/// Unpauses DAGs; the report holds what became of each. A DAG that does not appear is no failure:
/// the deploy is done and proven.
pub async fn unpaused(session: &Session, astro: &AstroClient, preview: &Deployment, report: &mut PreviewReport) {
    let wanted = &session.settings.previews.unpause;
    if wanted.is_empty() {
        return;
    }
    let client = match furnish::client(session, astro, preview) {
        Ok(client) => client,
        Err(error) => return session.console.warn_about(&error),
    };
    let deadline = Instant::now() + session.settings.deploy.wait.unwrap_or(BUDGET).min(BUDGET);
    let activity = session.console.activity("unpause DAGs");
    let each = futures_util::stream::iter(wanted).map(|dag| {
        let client = &client;
        async move { (dag.clone(), one(client, dag, deadline).await) }
    });
    let outcomes: Vec<(String, Result<bool>)> = each.buffered(AT_A_TIME).collect().await;
    drop(activity);
    for (dag, outcome) in outcomes {
        match outcome {
            Ok(true) => report.unpaused.push(dag),
            Ok(false) => report.still_paused.push((dag, "Airflow has not read a DAG of this name".to_owned())),
            Err(error) => report.still_paused.push((dag, error.cause().unwrap_or_else(|| error.doing()).to_owned())),
        }
    }
    for (dag, why) in &report.still_paused {
        session.console.warning(&format!("the DAG `{dag}` stays paused: {why}"));
    }
}

/// Returns whether the DAG is there and runs by its schedule now.
async fn one(client: &AirflowClient, id: &str, deadline: Instant) -> Result<bool> {
    loop {
        match client.dag(id).await? {
            Some(dag) if dag.paused == Paused::No => return Ok(true),
            Some(_) => return client.set_paused(id, Paused::No).await.map(|()| true),
            None if Instant::now() + INTERVAL > deadline => return Ok(false),
            None => tokio::time::sleep(INTERVAL).await,
        }
    }
}
