//! `deployment logs`: what a Deployment's components log, and what they go on logging for a while.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::app::manage::deployments::wait;
use crate::app::manage::scene;
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::cli::deployment_flags::{Level, Logs, Source};
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;
use crate::report::answer::Answer;
use crate::settings::values::Format;

/// Most lines of a page (`reference/astro-platform.md` 9.1).
const PAGE: usize = 5_000;
/// Time between two looks while following.
const INTERVAL: Duration = Duration::from_secs(2);
/// How much of the time before is looked at again, because lines arrive late.
const OVERLAP: Duration = Duration::from_secs(120);
/// Most lines that are remembered while following.
const MOST_SEEN: usize = 500_000;

/// What is searched for.
struct Search {
    id: String,
    sources: Vec<&'static str>,
    text: Option<String>,
    limit: usize,
}

/// Prints lines, the oldest first.
///
/// # Errors
/// `Kind::Usage` for times that are none, else as the platform answers.
pub async fn logs(session: &Session, given: &Logs) -> Result<Answer> {
    let (since, follow) = (wait::time("--since", &given.since)?, wait::time("--follow-time", &given.follow_time)?);
    let astro = scene::astro(session).await?;
    let deployment = scene::deployment(session, &astro, &given.which.named()).await?;
    let level = given.level.map(|level| match level {
        Level::Error => "ERROR",
        Level::Warn => "WARN",
        Level::Info => "INFO",
    });
    let search = Search {
        id: deployment.id().to_owned(),
        sources: sources(given, &deployment),
        text: level.map(str::to_owned).or_else(|| given.keyword.clone()),
        limit: usize::try_from(given.limit).unwrap_or(usize::MAX),
    };
    let lines = found(&astro, &search, since).await?;
    if given.follow {
        return followed(session, &astro, &search, (lines, follow)).await;
    }
    if lines.is_empty() {
        session.console.notice(&format!("no line of {} in the last {} fits", search.sources.join(", "), given.since));
    }
    let json = json!({ "schema": 1, "logs": lines.iter().cloned().map(Record::into_value).collect::<Vec<_>>() });
    Ok(Answer::text(lines.iter().map(line).collect(), json))
}

/// All components that the Deployment's Airflow has, unless some are named.
fn sources(given: &Logs, deployment: &Record) -> Vec<&'static str> {
    if given.source.is_empty() {
        let web = if deployment.text("airflowVersion").starts_with('2') { "webserver" } else { "apiserver" };
        return vec!["scheduler", web, "triggerer", "worker", "dag-processor"];
    }
    let mut all: Vec<&str> = given.source.iter().map(|source| word(*source)).collect();
    all.dedup();
    all
}

const fn word(source: Source) -> &'static str {
    match source {
        Source::Scheduler => "scheduler",
        Source::Webserver => "webserver",
        Source::Apiserver => "apiserver",
        Source::Triggerer => "triggerer",
        Source::Worker => "worker",
        Source::DagProcessor => "dag-processor",
    }
}

/// Returns the lines of a search, the oldest first.
async fn found(astro: &AstroClient, search: &Search, since: Duration) -> Result<Vec<Record>> {
    let doing = "read the log";
    let (range, most) = (since.as_secs().max(1).to_string(), search.limit.to_string());
    let mut lines: Vec<Record> = Vec::new();
    let mut search_id = String::new();
    // Every page brings at least one line, so there are never more pages than lines.
    while lines.len() < search.limit {
        let (limit, offset) = ((search.limit - lines.len()).min(PAGE), lines.len().to_string());
        let page_size = limit.to_string();
        let mut query: Vec<(&str, &str)> = search.sources.iter().map(|source| ("sources", *source)).collect();
        query.extend([
            ("limit", page_size.as_str()),
            ("offset", offset.as_str()),
            ("maxNumResults", most.as_str()),
            ("range", range.as_str()),
        ]);
        query.extend(search.text.as_deref().map(|text| ("searchText", text)));
        query.extend(Some(("searchId", search_id.as_str())).filter(|(_, id)| !id.is_empty()));
        let page = astro.record_at(&["deployments", &search.id, "logs"], &query, doing).await?;
        let got = page.records("results");
        let count = got.len();
        lines.extend(got);
        page.text("searchId").clone_into(&mut search_id);
        if count < limit {
            break;
        }
    }
    lines.truncate(search.limit);
    lines.sort_by_key(at);
    Ok(lines)
}

/// Prints the lines, and what comes, until the time is over.
async fn followed(
    session: &Session,
    astro: &AstroClient,
    search: &Search,
    (mut lines, time): (Vec<Record>, Duration),
) -> Result<Answer> {
    let (start, mut seen) = (Instant::now(), HashSet::new());
    loop {
        for record in lines.drain(..) {
            let text = line(&record);
            let json = session.settings.report.format == Format::Json;
            // Two lines that are the same in everything are one that was read twice.
            if seen.insert((at(&record), text.clone())) {
                session.console.data(&if json { record.into_value().to_string() } else { text })?;
            }
        }
        if seen.len() > MOST_SEEN {
            return Err(Error::new(Kind::Transfer, "follow the log").because(format!("more than {MOST_SEEN} lines came")));
        }
        if start.elapsed() + INTERVAL > time {
            return Ok(Answer::default());
        }
        tokio::time::sleep(INTERVAL).await;
        lines = found(astro, search, OVERLAP).await?;
    }
}

/// Returns when a line was written, in milliseconds since the epoch. The contract names no unit, so it is told by size.
fn at(line: &Record) -> i64 {
    let number = line.value("timestamp").and_then(Value::as_f64).unwrap_or_default();
    let milliseconds = match number.abs() {
        size if size < 1e11 => number * 1e3,
        size if size < 1e14 => number,
        size if size < 1e17 => number / 1e3,
        _ => number / 1e6,
    };
    #[expect(clippy::cast_possible_truncation, reason = "times in milliseconds are far below the limit")]
    let whole = milliseconds as i64;
    whole
}

fn line(record: &Record) -> String {
    let time = Timestamp::from_millisecond(at(record)).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{} {:<13} {}", time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"), record.text("source"), record.text("raw").trim_end())
}
