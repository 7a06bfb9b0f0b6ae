//! Searching the log of a Deployment (reference/astro-platform.md 9.1).
//! It must not know how lines are shown.

use jiff::{SignedDuration, Timestamp};

use crate::digest;
use crate::exchange::Call;
use crate::refusal::Refusal;
use crate::world::records::LogLine;
use crate::world::state::World;

/// Most lines of a page.
const MAX_LIMIT: usize = 5000;
/// Lines of a page unless the request says otherwise (inferred).
const DEFAULT_LIMIT: usize = 500;
/// How far back a search looks unless the request says otherwise, in seconds.
const DEFAULT_RANGE: i64 = 86_400;

/// A page of a search.
#[derive(Debug)]
pub struct Page {
    /// Its lines, the newest first (inferred: the sources name no order).
    pub lines: Vec<LogLine>,
    /// Most lines of a page.
    pub limit: usize,
    /// Lines left out before it.
    pub offset: usize,
    /// Most lines of all pages.
    pub most: usize,
    /// What the next page must name.
    pub search_id: String,
}

/// Returns a page of the lines that a query asks for. A search id of another search is refused (inferred).
pub fn search(world: &World, deployment_id: &str, call: &Call) -> Result<Page, Refusal> {
    let sources = call.parameters("sources");
    let limit = number(call, "limit")?.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Refusal::invalid("Invalid request: limit must be between 1 and 5000"));
    }
    let offset = number(call, "offset")?.unwrap_or_default();
    let most = number(call, "maxNumResults")?.unwrap_or(MAX_LIMIT);
    let (from, to) = window(world.clock.now(), call)?;
    let text = call.parameter("searchText").unwrap_or_default();
    let named = sources.join(",");
    let dates = [call.parameter("startDate").unwrap_or_default(), call.parameter("endDate").unwrap_or_default()];
    let search_id = digest::tag(&[deployment_id, &named, text, dates[0], dates[1]]);
    if call.parameter("searchId").is_some_and(|given| !given.is_empty() && given != search_id) {
        return Err(Refusal::invalid("Invalid request: searchId is not of this search"));
    }
    let wanted = |line: &&LogLine| {
        line.deployment_id == deployment_id
            && sources.contains(&line.source)
            && line.raw.contains(text)
            && (from..=to).contains(&line.at)
    };
    let mut lines: Vec<LogLine> = world.logs.iter().filter(wanted).cloned().collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.at));
    lines.truncate(most);
    let lines = lines.into_iter().skip(offset).take(limit).collect();
    Ok(Page { lines, limit, offset, most, search_id })
}

fn window(now: Timestamp, call: &Call) -> Result<(Timestamp, Timestamp), Refusal> {
    let date = |name: &str| call.parameter(name).and_then(|text| text.parse::<Timestamp>().ok());
    match (date("startDate"), date("endDate")) {
        (Some(from), Some(to)) if from <= to => Ok((from, to)),
        (Some(_), Some(_)) => Err(Refusal::invalid("Invalid request: startDate is after endDate")),
        (None, None) => {
            let range = number(call, "range")?.and_then(|range| i64::try_from(range).ok()).unwrap_or(DEFAULT_RANGE);
            Ok((now.saturating_sub(SignedDuration::from_secs(range)).unwrap_or(Timestamp::UNIX_EPOCH), now))
        }
        _ => Err(Refusal::invalid("Invalid request: startDate and endDate are only possible together")),
    }
}

fn number(call: &Call, name: &str) -> Result<Option<usize>, Refusal> {
    let Some(text) = call.parameter(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Refusal::invalid(format!("Invalid request: {name} must be 0 or more")))
}
