//! Waking a hibernating Deployment for a deploy, and leaving it as it was.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::deploy::order::Tools;
use crate::error::{Error, Kind, Result};
use crate::model::deployment::{Deployment, DeploymentStatus, HibernationOverride};

/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(3);

/// Added to the budgets of waking and waiting, for the push and the upload between them.
const MARGIN: SignedDuration = SignedDuration::from_hours(1);

/// Wakes the Deployment and waits until it is up. The override ends by itself, so that a run that
/// is killed does not keep the Deployment awake; `until` holds its end as soon as it is set.
///
/// # Errors
/// As the platform answers; `Kind::TimedOut` when it does not wake within `budget`.
pub async fn woken(tools: &Tools<'_>, deployment: &Deployment, budget: Duration, until: &OnceLock<String>) -> Result<()> {
    tools.console.info(&format!("wake {}, which hibernates", deployment.name));
    let margin = SignedDuration::try_from(budget * 2).unwrap_or(MARGIN) + MARGIN;
    // Whole seconds, as the platform's own client sends them.
    let end = (Timestamp::now() + margin).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let awake = HibernationOverride { hibernate: false, until: Some(end.clone()) };
    tools.astro.set_hibernation_override(&deployment.id, &awake).await?;
    let _ = until.set(end);
    let deadline = Instant::now() + budget;
    loop {
        let now = tools.astro.deployment(&deployment.id).await?;
        if !now.hibernating && matches!(now.status, DeploymentStatus::Healthy | DeploymentStatus::Unhealthy) {
            return Ok(());
        }
        if Instant::now() + INTERVAL > deadline {
            return Err(Error::new(Kind::TimedOut, format!("wake {}", deployment.name))
                .because(format!("it is still not up after {} s", budget.as_secs()))
                .hint("raise `wait-time`"));
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Puts back exactly the override that was there before, or none, unless somebody else has set
/// another one meanwhile. Failing is a warning, because the deploy itself is done.
pub async fn restored(tools: &Tools<'_>, before: &Deployment, until: &str) {
    let outcome = restore(tools, before, until).await;
    match outcome {
        Ok(Restored::Done) => tools.console.info(&format!("put the hibernation of {} back as it was", before.name)),
        Ok(Restored::NotOurs) => {
            tools.console.notice(&format!("somebody else set the hibernation of {}; it stays so", before.name))
        }
        Err(error) => tools.console.warning(&format!("{error}; {} stays awake until {until}", before.name)),
    }
}

enum Restored {
    Done,
    NotOurs,
}

async fn restore(tools: &Tools<'_>, before: &Deployment, until: &str) -> Result<Restored> {
    let now = tools.astro.deployment(&before.id).await?;
    let same_time = |text: &str| match (text.parse::<Timestamp>(), until.parse::<Timestamp>()) {
        (Ok(one), Ok(two)) => one == two,
        _ => text == until,
    };
    let ours =
        now.hibernation_override.as_ref().is_some_and(|found| !found.hibernate && found.until.as_deref().is_some_and(same_time));
    if !ours {
        return Ok(Restored::NotOurs);
    }
    let over = |end: &String| end.parse::<Timestamp>().is_ok_and(|end| end <= Timestamp::now());
    match before.hibernation_override.as_ref().filter(|former| !former.until.as_ref().is_some_and(over)) {
        Some(former) => tools.astro.set_hibernation_override(&before.id, former).await?,
        None => tools.astro.remove_hibernation_override(&before.id).await?,
    }
    Ok(Restored::Done)
}
