//! Time limits for work that others do and that may never end: engines and registries.

use std::time::Duration;

use crate::error::{Error, Kind, Result};

/// Longest time for finding an engine, which only answers questions.
pub const PROBE: Duration = Duration::from_secs(60);
/// Longest time for opening a prebuilt image.
pub const OPEN: Duration = Duration::from_secs(10 * 60);
/// Longest time for pushing an image, with all retries.
pub const PUSH: Duration = Duration::from_secs(60 * 60);

/// Does work within a limit; the work is dropped, and with it its processes, when time is up.
///
/// # Errors
/// The work's own; `Kind::TimedOut` when the limit is reached.
pub async fn within<T>(limit: Duration, doing: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(limit, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::new(Kind::TimedOut, doing)
            .because(format!("it was not done after {} s", limit.as_secs()))
            .hint("check that the container engine and the registry answer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_never_answers_ends_at_its_limit() {
        let never = within(Duration::from_millis(1), "push the image", std::future::pending::<Result<()>>()).await;
        assert_eq!(never.expect_err("a limit").kind(), Kind::TimedOut);
        assert_eq!(within(PROBE, "x", async { Ok(7) }).await.expect("in time"), 7);
    }
}
