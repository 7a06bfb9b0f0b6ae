//! Whether the API can be reached, by which way, and whether the two clocks agree.

use std::time::Duration;

use jiff::Timestamp;

use crate::app::session::Session;
use crate::http::client::proxy_for;
use crate::http::failure::{Cause, Failure};
use crate::http::probe::{Reached, reach};
use crate::model::url::SafeUrl;
use crate::report::findings::{Finding, Grade};

/// Clocks further apart make tokens and signed URLs look expired, or not yet valid.
const WORRYING_SECONDS: i64 = 30;

/// Looks at the network between this place and the API.
pub async fn look(session: &Session, limit: Duration) -> Vec<Finding> {
    // Without a token, so that an answer is sure to be a refusal of the platform itself.
    let url = &below(&session.settings.api.url, "organizations");
    let sent = Timestamp::now();
    match reach(&session.calls.client, url, limit).await {
        Ok(reached) => vec![connection(session, url, &reached), clock(&reached, sent)],
        Err(failure) => {
            let stage = stage(&failure);
            let finding = Finding::failed("connection", &failure.into_error(format!("reach the API ({stage})")));
            vec![
                with_way(session, url, finding),
                Finding::new("clock", Grade::Skipped, "not seen, because the API was not reached"),
            ]
        }
    }
}

/// Returns an address below the API's base.
fn below(base: &SafeUrl, segment: &str) -> SafeUrl {
    let mut url = base.expose().clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(segment);
    }
    SafeUrl::new(url)
}

fn connection(session: &Session, url: &SafeUrl, reached: &Reached) -> Finding {
    let text = format!("{url} answered within {} ms", reached.took.as_millis());
    with_way(session, url, Finding::new("connection", Grade::Fine, text))
}

/// Adds which proxy is in between and which trust roots were added.
fn with_way(session: &Session, url: &SafeUrl, finding: Finding) -> Finding {
    let way = match proxy_for(&session.env, url) {
        Some((name, proxy)) => format!("by the proxy {proxy} of {name}, unless NO_PROXY excepts the host"),
        None => "without a proxy".to_owned(),
    };
    let roots = match &session.settings.api.ca_cert {
        Some(path) => format!(", with the trust roots of {}", path.display()),
        None => String::new(),
    };
    Finding { text: format!("{}, {way}{roots}", finding.text.trim_end()), ..finding }
}

/// Returns where a connection ended, for people.
fn stage(failure: &Failure) -> &'static str {
    match &failure.cause {
        Cause::NoAnswer { untrusted: true, .. } => "its certificate is not trusted",
        Cause::NoAnswer { reason, .. } if reason.contains("dns error") => "its name does not resolve",
        Cause::NoAnswer { reason, .. } if reason.contains("Connect") => "no connection",
        _ => "no answer",
    }
}

fn clock(reached: &Reached, sent: Timestamp) -> Finding {
    let Some(date) = reached.date else {
        return Finding::new("clock", Grade::Skipped, "the server does not tell its time");
    };
    graded(date.duration_since(sent).as_secs())
}

fn graded(ahead: i64) -> Finding {
    let text = match ahead {
        -1..=1 => "agrees with the platform's".to_owned(),
        2.. => format!("{ahead} s behind the platform's"),
        _ => format!("{} s ahead of the platform's", -ahead),
    };
    if ahead.abs() <= WORRYING_SECONDS {
        return Finding::new("clock", Grade::Fine, text);
    }
    Finding::new("clock", Grade::Doubtful, text)
        .advising("set this machine's clock: tokens and signed upload URLs are judged by time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_is_far_off_is_doubtful() {
        for (ahead, grade, said) in [
            (0, Grade::Fine, "agrees"),
            (-1, Grade::Fine, "agrees"),
            (30, Grade::Fine, "30 s behind"),
            (31, Grade::Doubtful, "31 s behind"),
            (-600, Grade::Doubtful, "600 s ahead"),
        ] {
            let finding = graded(ahead);
            assert_eq!(finding.grade, grade, "{ahead}");
            assert!(finding.text.contains(said), "{}", finding.text);
        }
    }
}
