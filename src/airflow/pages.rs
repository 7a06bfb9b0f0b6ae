//! Reads lists page by page, within bounds.
//! It knows no kind of object.
//!
//! Airflow's administrator may make pages smaller than asked, so only `total_entries` and an empty page end a list.
//! Airflow 2 answers a whole page with 500 when it cannot show one item of it, such as a pool without a limit (`slots` of
//! -1), for which it computes an infinite number of open slots; such a page is read again item by item.

use serde::de::DeserializeOwned;

use crate::airflow::address::ApiVersion;
use crate::airflow::rest::Rest;
use crate::airflow::wire::Page;
use crate::http::failure::{Cause, Failure, Outcome};

/// Items asked for at once.
const PAGE: usize = 100;

/// Most items of one list.
const MOST_ITEMS: usize = 20_000;

/// Most bytes of one list.
const MOST_BYTES: usize = 256 << 20;

/// A whole list.
pub struct Items<T> {
    /// What could be read.
    pub items: Vec<T>,
    /// The number of items that Airflow could not show.
    pub unread: usize,
}

/// Reads a list.
///
/// # Errors
/// The failure of a page after all tries, and of a list with more than 20,000 items or 256 MiB.
pub async fn all<T: DeserializeOwned>(rest: &Rest, list: &str) -> Outcome<Items<T>> {
    let mut read = Items { items: Vec::new(), unread: 0 };
    let (mut offset, mut bytes) = (0, 0);
    loop {
        let page = match page(rest, list, offset, PAGE).await {
            Err(failure) if failure.status() == Some(500) && rest.version() == ApiVersion::V1 => {
                one_by_one(rest, list, offset, failure).await?
            }
            outcome => {
                let (page, size) = outcome?;
                bytes += size;
                Part { seen: page.items.len(), items: page.items, total: page.total_entries }
            }
        };
        if page.seen == 0 {
            return Ok(read);
        }
        read.unread += page.seen - page.items.len();
        read.items.extend(page.items);
        offset += page.seen;
        if offset >= page.total {
            return Ok(read);
        }
        if offset >= MOST_ITEMS || bytes >= MOST_BYTES {
            let reason = format!("the list has more than {MOST_ITEMS} entries or {} MiB", MOST_BYTES >> 20);
            return Err(unusable(rest, list, reason));
        }
    }
}

/// A page of which some items may be missing.
struct Part<T> {
    items: Vec<T>,
    seen: usize,
    total: usize,
}

async fn page<T: DeserializeOwned>(rest: &Rest, list: &str, offset: usize, limit: usize) -> Outcome<(Page<T>, usize)> {
    rest.sized(rest.url(&[list], &[("limit", &limit.to_string()), ("offset", &offset.to_string())])).await
}

/// Reads one page's items each for itself. Fails with the page's own failure when none of them can be shown.
async fn one_by_one<T: DeserializeOwned>(rest: &Rest, list: &str, start: usize, whole: Box<Failure>) -> Outcome<Part<T>> {
    let rest = rest.impatient();
    let mut part = Part { items: Vec::new(), seen: 0, total: 0 };
    while part.seen < PAGE {
        match page::<T>(&rest, list, start + part.seen, 1).await {
            Ok((page, _)) if page.items.is_empty() => break,
            Ok((page, _)) => {
                part.total = page.total_entries;
                part.items.extend(page.items.into_iter().take(1));
            }
            Err(failure) if failure.status() == Some(500) => {}
            Err(failure) => return Err(failure),
        }
        part.seen += 1;
        if part.total > 0 && start + part.seen >= part.total {
            break;
        }
    }
    if part.items.is_empty() { Err(whole) } else { Ok(part) }
}

fn unusable(rest: &Rest, list: &str, reason: String) -> Box<Failure> {
    let cause = Cause::Unusable { reason, body: Vec::new() };
    Box::new(Failure { method: reqwest::Method::GET, url: rest.url(&[list], &[]), tries: 1, cause })
}
