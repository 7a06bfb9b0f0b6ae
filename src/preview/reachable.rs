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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use crate::env::snapshot::Env;
    use crate::http::client::{Options, build};
    use crate::http::exchange::Caller;
    use crate::http::scripted::{Reply, Script};
    use crate::model::secret::Secret;

    const VERSION: &str = r#"{"version":"3.1.8"}"#;

    fn health(status: &str) -> Reply {
        Reply::Answer(200, "", format!(r#"{{"metadatabase":{{"status":"{status}"}}}}"#))
    }

    fn answer(status: u16, body: &str) -> Reply {
        Reply::Answer(status, "", body.to_owned())
    }

    /// Returns how the wait ended and what was heard meanwhile.
    async fn waited(replies: Vec<Reply>, budget: Duration) -> (Result<()>, Vec<String>) {
        let script = Script::start(replies).await;
        let mut caller = Caller::new(build(&Env::new([], PathBuf::new()), &Options::for_calls(None)).expect("a client"));
        caller.retry.first_delay = Duration::from_millis(1);
        caller.retry.longest_delay = Duration::from_millis(5);
        let client = AirflowClient::new(caller, &script.url("/api/v2"), &Secret::new("t")).expect("a client");
        let heard = Mutex::new(Vec::new());
        let on_wait = |_: Duration, why: &str| heard.lock().unwrap_or_else(PoisonError::into_inner).push(why.to_owned());
        let outcome = reachable(&client, budget, &on_wait).await;
        (outcome, heard.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    #[tokio::test]
    async fn it_waits_for_an_airflow_that_reaches_its_database() {
        let replies = vec![
            answer(404, "<html>"),
            Reply::Cut,
            answer(200, "<html>welcome"),
            answer(503, ""),
            answer(200, VERSION),
            health("unhealthy"),
            answer(200, VERSION),
            health("healthy"),
        ];
        let (outcome, heard) = waited(replies, Duration::from_secs(60)).await;
        outcome.expect("an Airflow");
        let words = ["404", "got no answer", "not the JSON", "503", "does not reach its database"];
        assert_eq!(heard.len(), words.len(), "{heard:?}");
        assert!(heard.iter().zip(words).all(|(heard, word)| heard.contains(word)), "{heard:?}");
    }

    #[tokio::test]
    async fn a_refusal_ends_the_wait_at_once() {
        for (status, kind) in [(401, Kind::Auth), (403, Kind::Refused)] {
            let (outcome, heard) = waited(vec![answer(status, "{}")], Duration::from_secs(60)).await;
            assert_eq!((outcome.err().map(|error| error.kind()), heard.len()), (Some(kind), 0), "{status}");
        }
    }

    #[tokio::test]
    async fn the_budget_ends_the_wait_also_when_nothing_is_said() {
        for replies in [Vec::new(), vec![Reply::Hang]] {
            let (outcome, _) = waited(replies, Duration::from_millis(50)).await;
            assert_eq!(outcome.err().map(|error| error.kind()), Some(Kind::TimedOut));
        }
    }
}
