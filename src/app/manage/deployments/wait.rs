//! Waits for a Deployment to be healthy after a change. It knows no deploys.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use crate::astro::client::AstroClient;
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;

/// Time between the first two looks; it grows by half with each.
const FIRST: Duration = Duration::from_millis(200);
/// Longest time between two looks.
const LONGEST: Duration = Duration::from_secs(10);
/// For how long it must stay unhealthy before that is its end state; it often is for a moment while it rolls out.
const SETTLE: Duration = Duration::from_secs(60);

/// Returns a length of time, such as `90s`, `10m` or `1h30m`.
///
/// # Errors
/// `Kind::Usage` for anything else, for nothing, and for more than a year.
pub fn time(flag: &str, text: &str) -> Result<Duration> {
    let refused = || {
        Error::new(Kind::Usage, format!("read `{flag}`"))
            .because(format!("`{text}` is no length of time up to a year"))
            .hint("write it like `90s`, `10m` or `1h30m`")
    };
    let parsed: SignedDuration = text.parse().map_err(|_| refused())?;
    let time = Duration::try_from(parsed).map_err(|_| refused())?;
    if time.is_zero() || time > Duration::from_secs(366 * 86_400) { Err(refused()) } else { Ok(time) }
}

/// Waits until the Deployment is healthy, or asleep, and returns it.
///
/// # Errors
/// `Kind::Unhealthy` when it stays unhealthy, `Kind::TimedOut` after the budget, else as reads do.
pub async fn healthy(astro: &AstroClient, id: &str, budget: Duration) -> Result<Record> {
    let (start, mut interval, mut unhealthy) = (Instant::now(), FIRST, None::<Instant>);
    loop {
        let now = astro.record(&["deployments", id], &format!("read the Deployment {id}")).await?;
        let (status, doing) = (now.text("status").to_owned(), || format!("see the Deployment {} healthy", now.text("name")));
        match status.as_str() {
            "HEALTHY" | "HIBERNATING" => return Ok(now),
            "UNHEALTHY" => {
                let since = *unhealthy.get_or_insert_with(Instant::now);
                if since.elapsed() >= SETTLE.min(budget) {
                    return Err(
                        Error::new(Kind::Unhealthy, doing()).because(format!("it is UNHEALTHY: {}", now.text("statusReason")))
                    );
                }
            }
            _ => unhealthy = None,
        }
        if start.elapsed() + interval > budget {
            let cause = format!("after {} s it is still {status}", start.elapsed().as_secs());
            return Err(Error::new(Kind::TimedOut, doing()).because(cause).hint("give it more time with `--wait-time`"));
        }
        tokio::time::sleep(interval).await;
        interval = (interval * 3 / 2).min(LONGEST);
    }
}
