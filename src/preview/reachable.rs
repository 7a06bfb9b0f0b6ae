//! Waits until a Deployment's Airflow answers, which takes minutes after the Deployment was created.
//! It knows nothing of what is done with it then.

use std::time::Duration;

use tokio::time::Instant;

use crate::airflow::client::AirflowClient;
use crate::error::{Error, Kind, Result};
use crate::http::retry::{Repeat, Trouble, jitter};

/// Asks until Airflow answers and reaches its database, at most for `budget`. Pauses as the client's retry policy has them,
/// without its number of tries. `on_wait` hears before each pause how long it has been and why Airflow is not ready.
///
/// # Errors
/// `Kind::TimedOut` when the budget ends. `Kind::Auth`, `Kind::Refused` and `Kind::Usage` at once, because waiting would not
/// help. An answer of 404 counts as not ready: so answers what stands in front of an Airflow that is not there yet.
pub async fn reachable(client: &AirflowClient, budget: Duration, on_wait: &(dyn Fn(Duration, &str) + Sync)) -> Result<()> {
    let (start, once) = (Instant::now(), client.impatient());
    let mut policy = client.caller().retry;
    policy.tries = u32::MAX;
    let mut tried = 1;
    let mut last = "it did not answer".to_owned();
    loop {
        let remaining = budget.saturating_sub(start.elapsed());
        match tokio::time::timeout(remaining, once.ready()).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) if !matches!(error.kind(), Kind::NotFound | Kind::Transfer) => return Err(error),
            Ok(Err(error)) => error.cause().unwrap_or(error.doing()).clone_into(&mut last),
            Err(_) => {}
        }
        let pause = policy.delay(tried, &Trouble::Unreached, Repeat::Safe, jitter()).unwrap_or(policy.longest_delay);
        if start.elapsed() + pause >= budget {
            return Err(Error::new(Kind::TimedOut, "reach the Deployment's Airflow")
                .because(format!("within {} s: {last}", budget.as_secs()))
                .hint("see in the Astro UI whether the Deployment is healthy; run again to go on"));
        }
        on_wait(start.elapsed(), &last);
        tokio::time::sleep(pause).await;
        tried += 1;
    }
}
