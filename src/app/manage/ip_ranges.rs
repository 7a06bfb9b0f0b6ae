//! `liftoff organization ip-range`: the addresses that the Organization may be reached from.

use crate::app::manage::scene;
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::cli::organization::IpRangeVerb;
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;
use crate::report::answer::{Answer, Column, column};

/// Columns of the list.
const COLUMNS: &[Column] = &[
    column("RANGE", "ipAddressRange"),
    column("ID", "id"),
    column("CREATED", "createdAt"),
    column("BY", "createdBy.username|createdBy.apiTokenName"),
];
/// Where the ranges are.
const PATH: &str = "allowed-ip-address-ranges";

/// Runs a verb.
///
/// # Errors
/// `Kind::Refused` when the last range would go unasked, `Kind::NotFound` for a range that is not there; else as the platform
/// answers.
pub async fn run(session: &Session, verb: &IpRangeVerb) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let present = astro.records(&[PATH], &[], "list the address ranges").await?;
    match verb {
        IpRangeVerb::List => Ok(Answer::table("ip_ranges", COLUMNS, &present)),
        IpRangeVerb::Add { ranges } => add(session, &astro, &present, ranges).await,
        IpRangeVerb::Remove { ranges, allow_all } => {
            let gone = wanted(&present, ranges)?;
            if gone.len() == present.len() && !allow_all {
                return Err(Error::new(Kind::Refused, "remove the address ranges")
                    .because("none would be left, and then every address may reach the Organization")
                    .hint("say that this is meant with `--allow-all`"));
            }
            remove(session, &astro, &gone).await
        }
    }
}

async fn add(session: &Session, astro: &AstroClient, present: &[Record], ranges: &[String]) -> Result<Answer> {
    let mut new: Vec<&String> = Vec::new();
    for range in ranges {
        let is_there = present.iter().any(|held| held.text("ipAddressRange") == range);
        if !is_there && !new.contains(&range) {
            new.push(range);
        }
    }
    let mut body = Record::default();
    body.set("allowedIpAddressRanges", new.iter().map(|range| range.as_str()).collect::<Vec<_>>());
    let list = new.iter().map(|range| range.as_str()).collect::<Vec<_>>().join(", ");
    match (new.is_empty(), session.is_dry()) {
        (true, _) => Ok(Answer::done("all ranges are there already", body.into_value())),
        (false, true) => Ok(Answer::done(format!("would add {list}"), body.into_value())),
        (false, false) => {
            let made = astro.create_record(&[PATH, "bulk-create"], &body, &format!("add {list}")).await?;
            Ok(Answer::done(format!("added {list}"), made.into_value()))
        }
    }
}

fn wanted<'a>(present: &'a [Record], ranges: &[String]) -> Result<Vec<&'a Record>> {
    let mut found: Vec<&Record> = Vec::new();
    for range in ranges {
        let held = present.iter().find(|held| held.id() == range || held.text("ipAddressRange") == range);
        let held = held.ok_or_else(|| {
            Error::new(Kind::NotFound, format!("remove {range}")).because("it is not among the allowed address ranges")
        })?;
        if !found.iter().any(|known| known.id() == held.id()) {
            found.push(held);
        }
    }
    Ok(found)
}

async fn remove(session: &Session, astro: &AstroClient, gone: &[&Record]) -> Result<Answer> {
    let list = gone.iter().map(|range| range.text("ipAddressRange")).collect::<Vec<_>>().join(", ");
    let mut body = Record::default();
    body.set("allowedIpAddressRangeIds", gone.iter().map(|range| range.id()).collect::<Vec<_>>());
    if session.is_dry() {
        return Ok(Answer::done(format!("would remove {list}"), body.into_value()));
    }
    astro.update_record(&[PATH, "bulk-delete"], &body, &format!("remove {list}")).await?;
    Ok(Answer::done(format!("removed {list}"), body.into_value()))
}
