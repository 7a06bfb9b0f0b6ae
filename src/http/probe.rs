//! Finds out whether a server can be reached at all, with one request that needs no answer of a certain kind.
//! It knows no service and sends no credential.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::header::DATE;
use reqwest::{Client, Method};

use crate::http::failure::{Failure, Outcome};
use crate::model::url::SafeUrl;

/// A server that answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The status, whatever it is.
    pub status: u16,
    /// The server's clock, to the second, when it tells.
    pub date: Option<Timestamp>,
    /// Time from the request to the answer's head.
    pub took: Duration,
}

/// Asks a server for something and returns that it answered; any status counts.
///
/// # Errors
/// Returns the failure when there was no answer within the limit.
pub async fn reach(client: &Client, url: &SafeUrl, limit: Duration) -> Outcome<Reached> {
    let begun = Instant::now();
    match tokio::time::timeout(limit, client.get(url.expose().clone()).send()).await {
        Ok(Ok(response)) => {
            let date = response.headers().get(DATE).and_then(|value| value.to_str().ok());
            let date = date.and_then(|text| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok());
            Ok(Reached { status: response.status().as_u16(), date, took: begun.elapsed() })
        }
        Ok(Err(error)) => Err(Failure::no_answer(Method::GET, url.clone(), error)),
        Err(_) => Err(Failure::silence(Method::GET, url.clone(), format!("nothing came within {limit:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::snapshot::Env;
    use crate::http::client::{Options, build};
    use crate::http::scripted::{Reply, Script};

    #[tokio::test]
    async fn any_status_is_an_answer_and_silence_is_none() {
        let client = build(&Env::default(), &Options::for_calls(None)).expect("a client");
        let date = "date: Fri, 02 Jan 2026 03:04:05 GMT\r\n";
        let script = Script::start(vec![Reply::Answer(401, date, String::new()), Reply::Hang]).await;
        let reached = reach(&client, &script.url("/x"), Duration::from_secs(10)).await.expect("an answer");
        assert_eq!((reached.status, reached.date), (401, "2026-01-02T03:04:05Z".parse().ok()));
        assert!(!script.requests()[0].to_lowercase().contains("authorization"));
        let silent = reach(&client, &script.url("/x"), Duration::from_millis(50)).await.expect_err("no answer");
        assert!(silent.to_string().contains("nothing came within"), "{silent}");
    }
}
