//! The export as a whole: window by window at the pace that the platform allows, each event once.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::app::manage::audit::cursor::Cursor;
use crate::app::manage::audit::output::{Output, Packing};
use crate::app::manage::scene;
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::cli::audit::Export;
use crate::error::{Error, Kind, Result};
use crate::plan::audit::{Filter, KEPT_DAYS, Range, moment, pause, redact, windows};
use crate::report::answer::Answer;

const DOING: &str = "export the audit logs";
/// The platform may write an event down late; what is younger than this at the end of an export is asked for again.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// How often a window is asked for when its answer breaks off.
const TRIES: usize = 3;
/// Most events that are remembered at once against being written twice.
const MOST_REMEMBERED: usize = 4_000_000;

/// Exports.
///
/// # Errors
/// `Kind::Usage` for times, filters and files of a wrong form, `Kind::Refused` without the role Organization Owner,
/// `Kind::Transfer` when the events did not come whole. A file that is complete is all that is ever left behind.
pub async fn run(session: &Session, export: &Export) -> Result<Answer> {
    let now = Timestamp::now();
    let filter = Filter::parse(&export.filters).map_err(|why| Error::new(Kind::Usage, "read `--filter`").because(why))?;
    let astro = scene::astro(session).await?;
    let organization = astro.organization_id().await?.to_string();
    let folder = session.env.current_dir();
    let cursor_file = export.cursor_file.as_ref().map(|path| folder.join(path));
    let cursor = cursor_file.as_deref().map(Cursor::read).transpose()?.flatten();
    if let Some(other) = cursor.as_ref().filter(|cursor| cursor.organization != organization) {
        return Err(Error::new(Kind::Usage, DOING)
            .because(format!("the cursor file is of the Organization {}, and the token of {organization}", other.organization)));
    }
    let range = kept(session, range(export, cursor.as_ref(), now)?, now);
    let path = if export.output.as_os_str() == "-" { export.output.clone() } else { folder.join(&export.output) };
    if cursor_file.is_some() && path.exists() {
        return Err(Error::new(Kind::Usage, DOING)
            .because(format!("{} is there, and an export that goes on does not hold its events again", export.output.display()))
            .hint("name a new file for each export, such as one with the date, or `-` for standard output"));
    }
    if session.is_dry() {
        let sentence = format!("would export the events from {} up to {} to {}", range.start, range.end, export.output.display());
        return Ok(Answer::done(sentence, json!({ "from": range.start.to_string(), "until": range.end.to_string() })));
    }
    let packing = if export.gzip { Packing::Gzip } else { Packing::Plain };
    let output = Output::open(&path, packing, &session.console)?;
    let earlier = cursor.map(|cursor| cursor.seen).unwrap_or_default();
    let redacts = !export.no_redact;
    let (seen, recent, sent) = (earlier.into_iter().collect(), Vec::new(), Vec::new());
    let mut work = Work { session, astro, filter, redacts, output, seen, recent, sent, written: 0, range };
    let all = windows(range);
    for (place, window) in all.iter().enumerate() {
        work.window(*window).await?;
        session.console.info(&format!("{} events up to {} ({} of {})", work.written, window.end, place + 1, all.len()));
    }
    let (is_stdout, written, recent) = (work.output.is_stdout(), work.written, work.recent);
    work.output.finish()?;
    if let Some(file) = cursor_file {
        Cursor { organization, until: range.end, seen: recent }.write(&file)?;
    }
    let place = if is_stdout { "standard output".to_owned() } else { path.display().to_string() };
    let sentence = format!("exported {written} events from {} up to {} to {place}", range.start, range.end);
    if is_stdout {
        session.console.info(&sentence);
        return Ok(Answer::default());
    }
    let json = json!({ "events": written, "from": range.start.to_string(), "until": range.end.to_string(), "file": place });
    Ok(Answer::done(sentence, json))
}

/// Returns the time that is asked for.
fn range(export: &Export, cursor: Option<&Cursor>, now: Timestamp) -> Result<Range> {
    let read = |flag: &str, text: &str| {
        moment(text, now).map_err(|why| Error::new(Kind::Usage, format!("read `{flag} {text}`")).because(why))
    };
    let end = export.until.as_deref().map(|text| read("--until", text)).transpose()?.unwrap_or(now).min(now);
    let ago = |span: SignedDuration| now.checked_sub(span).unwrap_or(now);
    let start = match (cursor, &export.since, export.include) {
        (Some(cursor), ..) => cursor.until.checked_sub(OVERLAP).unwrap_or(cursor.until),
        (None, Some(text), _) => read("--since", text)?,
        (None, None, Some(days)) if (1..=90).contains(&days) => ago(SignedDuration::from_hours(i64::from(days) * 24)),
        (None, None, Some(_)) => {
            return Err(Error::new(Kind::Usage, "read `--include`").because("it takes 1 to 90 days"));
        }
        (None, None, None) => ago(SignedDuration::from_hours(24)),
    };
    if start >= end {
        return Err(Error::new(Kind::Usage, DOING).because(format!("the time from {start} up to {end} is empty")));
    }
    Ok(Range { start, end })
}

/// Returns the part of the range that the platform still has, and tells when there is less.
fn kept(session: &Session, range: Range, now: Timestamp) -> Range {
    let oldest = now.checked_sub(SignedDuration::from_hours(KEPT_DAYS * 24)).unwrap_or(range.start);
    if range.start >= oldest || range.end <= oldest {
        return range;
    }
    session.console.warning(&format!("the platform keeps events for {KEPT_DAYS} days: those before {oldest} are gone"));
    Range { start: oldest, ..range }
}

struct Work<'a> {
    session: &'a Session,
    astro: AstroClient,
    filter: Filter,
    redacts: bool,
    output: Output,
    /// Identities of events that must not be written again.
    seen: HashSet<u64>,
    /// Identities of the events that the next export will see again.
    recent: Vec<u64>,
    /// When requests were sent, oldest first.
    sent: Vec<Timestamp>,
    written: u64,
    range: Range,
}

impl Work<'_> {
    async fn window(&mut self, window: Range) -> Result<()> {
        let mut tried = 1;
        loop {
            let wait = pause(&self.sent, Timestamp::now());
            if !wait.is_zero() {
                self.session
                    .console
                    .info(&format!("waiting {} s: the platform takes 2 of these requests a minute", wait.as_secs() + 1));
                tokio::time::sleep(wait.unsigned_abs()).await;
            }
            self.sent.push(Timestamp::now());
            match self.once(window).await {
                Err(error) if error.kind() == Kind::Transfer && tried < TRIES => {
                    tracing::warn!(reason = %error, tried, "asking for the window again");
                }
                outcome => return outcome.and_then(|()| self.output.flush()),
            }
            tried += 1;
        }
    }

    async fn once(&mut self, window: Range) -> Result<()> {
        let mut lines = self.astro.audit_lines(&window.start.to_string(), &window.end.to_string()).await?;
        while let Some(line) = lines.next().await? {
            let Ok(event) = serde_json::from_slice::<Map<String, Value>>(&line) else {
                return Err(
                    Error::new(Kind::Transfer, DOING).because("a line is no JSON object, so nobody can tell what it holds")
                );
            };
            self.event(&line, event)?;
        }
        Ok(())
    }

    fn event(&mut self, line: &[u8], mut event: Map<String, Value>) -> Result<()> {
        if !self.filter.lets_through(&event) {
            return Ok(());
        }
        let identity = identity(line);
        let is_recent = self.is_recent(&event);
        if self.seen.contains(&identity) {
            // Written by an earlier export, and to be seen again by the next.
            if is_recent && !self.recent.contains(&identity) {
                self.recent.push(identity);
            }
            return Ok(());
        }
        if self.seen.len() >= MOST_REMEMBERED {
            self.seen.clear();
        }
        self.seen.insert(identity);
        if is_recent {
            self.recent.push(identity);
        }
        self.written += 1;
        if !self.redacts {
            return self.output.line(line);
        }
        redact(&mut event);
        self.output.line(Value::Object(event).to_string().as_bytes())
    }

    fn is_recent(&self, event: &Map<String, Value>) -> bool {
        let at = event.get("timestamp").and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
        at.is_none_or(|at| self.range.end.duration_since(at) <= OVERLAP)
    }
}

/// Returns what tells an event from all others: two that are equal to the letter are one.
fn identity(line: &[u8]) -> u64 {
    let hash = blake3::hash(line);
    hash.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}
