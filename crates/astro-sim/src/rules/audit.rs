//! The audit log: what goes into it, and who may take it out how often (reference/astro-docs.md 9).
//! It must not know how it travels.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::exchange::Call;
use crate::refusal::Refusal;
use crate::rules::fields::Body;
use crate::world::records::AuditEvent;
use crate::world::state::World;
use crate::world::token::{ApiToken, Holder};

/// How long events are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How far back an export looks unless the request says otherwise (inferred).
const USUAL: SignedDuration = SignedDuration::from_hours(24);
/// Most calls in [`WINDOW`].
const MOST_CALLS: usize = 2;
/// The time that calls are counted in.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// Returns the events from a start (included) to an end (not included; inferred), the oldest first.
pub fn export(world: &mut World, (start, end): (Option<&str>, Option<&str>)) -> Result<Vec<Value>, Refusal> {
    let now = world.clock.now();
    throttle(world, now)?;
    let date = |text: Option<&str>| text.and_then(|text| text.parse::<Timestamp>().ok());
    let ago = |span: SignedDuration| now.saturating_sub(span).unwrap_or(Timestamp::UNIX_EPOCH);
    let start = date(start).unwrap_or_else(|| ago(USUAL)).max(ago(KEPT));
    let end = date(end).unwrap_or(now.saturating_add(SignedDuration::from_millis(1)).unwrap_or(now));
    let mut events: Vec<&AuditEvent> = world.audit.events.iter().filter(|event| start <= event.at && event.at < end).collect();
    events.sort_by_key(|event| event.at);
    Ok(events.into_iter().map(|event| event.event.clone()).collect())
}

/// Writes down that somebody changed something.
pub fn record(world: &mut World, caller: &ApiToken, call: &Call, body: &Body) {
    let at = world.clock.now();
    let subject_type = if caller.spec.holder == Holder::User { "USER" } else { "SERVICEKEY" };
    let event = json!({
        "subjectId": caller.id, "subjectType": subject_type, "organizationId": caller.spec.organization_id,
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(), "sourceIp": "127.0.0.1",
        "userAgent": call.header("user-agent").unwrap_or_default(), "method": call.method, "path": call.path,
        "requestBody": Value::Object(body.clone()).to_string(), "requestId": format!("sim-audit-{}", world.ids.number()),
    });
    world.audit.events.push(AuditEvent { at, event });
}

fn throttle(world: &mut World, now: Timestamp) -> Result<(), Refusal> {
    world.audit.calls.retain(|at| now.duration_since(*at) < WINDOW);
    let oldest = world.audit.calls.first().copied();
    match oldest.filter(|_| world.audit.calls.len() >= MOST_CALLS) {
        Some(oldest) => {
            let wait = WINDOW.saturating_sub(now.duration_since(oldest)).as_secs().max(1);
            Err(Refusal::too_many(wait.unsigned_abs()))
        }
        None => {
            world.audit.calls.push(now);
            Ok(())
        }
    }
}
