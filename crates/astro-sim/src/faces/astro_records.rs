//! The Astro operations that take out what was written down: Deployment logs and the audit log, which is no JSON value.
//! It must not know the rules they follow.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::exchange::Answer;
use crate::faces::astro_request::{Outcome, Request};
use crate::refusal::Refusal;
use crate::rules::{audit, logs};
use crate::world::records::{AuditShape, LogLine};
use crate::world::state::World;

/// The one operation whose answer is not checked against the contract, which declares no shape for it.
pub const AUDIT: &str = "GetOrganizationAuditLogs";

/// Performs an operation on logs; `None` if it is none of these.
pub fn perform(world: &mut World, operation: &str, request: &Request<'_>) -> Option<Outcome> {
    (operation == "GetDeploymentLogs").then(|| search(world, request).map(Some))
}

/// Answers with the audit log: one event a line, compressed or not as the world has it.
pub fn audit_log(world: &mut World, request: &Request<'_>) -> Result<Answer, Refusal> {
    let dates = (request.call.parameter("startDate"), request.call.parameter("endDate"));
    let events = audit::export(world, dates)?;
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let packed = pack(lines.as_bytes()).map_err(|error| Refusal::new(500, "BUG", error.to_string()))?;
    let answer = Answer::empty(200);
    Ok(match world.audit.shape {
        AuditShape::Plain => answer.body(lines),
        AuditShape::GzipWithHeader => answer.header("content-encoding", "gzip").body(packed),
        AuditShape::GzipWithoutHeader => answer.body(packed),
    })
}

fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn search(world: &World, request: &Request<'_>) -> Result<Value, Refusal> {
    let found = logs::search(world, request.id("deploymentId"), request.call)?;
    // Seconds since the epoch with fractions (inferred: the sources name a number and no unit).
    let line = |line: &LogLine| {
        let seconds = line.at.as_millisecond() as f64 / 1000.0;
        json!({ "timestamp": seconds, "raw": line.raw, "source": line.source })
    };
    let results: Vec<Value> = found.lines.iter().map(line).collect();
    Ok(json!({
        "limit": found.limit, "offset": found.offset, "maxNumResults": found.most, "searchId": found.search_id,
        "resultCount": results.len(), "results": results,
    }))
}
