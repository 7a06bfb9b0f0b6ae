//! The ranges of addresses that an Organization is reached from (reference/astro-platform.md 8.9).
//! It must not know how they are shown, and it keeps nobody out.

use std::net::IpAddr;

use serde_json::Value;

use crate::refusal::Refusal;
use crate::rules::fields::Body;
use crate::world::network::IpRange;
use crate::world::state::World;
use crate::world::token::ApiToken;

/// Adds ranges, all or none, and returns their ids; one that is there already refuses all with this status.
pub fn create(world: &mut World, caller: &ApiToken, wanted: &[String], clash: u16) -> Result<Vec<String>, Refusal> {
    for (place, range) in wanted.iter().enumerate() {
        if !is_range(range) {
            return Err(Refusal::invalid(format!("Invalid request: {range} is not a CIDR range")));
        }
        let mut own = world.ip_ranges.iter().filter(|known| known.organization_id == caller.spec.organization_id);
        if own.any(|known| known.range == *range) || wanted.iter().take(place).any(|earlier| earlier == range) {
            return Err(Refusal::new(clash, "CONFLICT", format!("IP address range {range} already exists")));
        }
    }
    let created_at = world.clock.now();
    let mut ids = Vec::new();
    for range in wanted {
        let (id, range) = (world.ids.fresh(), range.clone());
        let (organization_id, created_by) = (caller.spec.organization_id.clone(), caller.id.clone());
        world.ip_ranges.push(IpRange { id: id.clone(), organization_id, range, created_at, created_by });
        ids.push(id);
    }
    Ok(ids)
}

/// Removes ranges, all or none. (That an unknown one refuses all is inferred.)
pub fn delete(world: &mut World, caller: &ApiToken, ids: &[String], missing: u16) -> Result<(), Refusal> {
    let own =
        |id: &String| world.ip_ranges.iter().any(|known| known.id == *id && known.organization_id == caller.spec.organization_id);
    if let Some(unknown) = ids.iter().find(|id| !own(id)) {
        return Err(Refusal::new(missing, "NOT_FOUND", format!("IP address range {unknown} not found")));
    }
    world.ip_ranges.retain(|known| !ids.contains(&known.id));
    Ok(())
}

/// Returns a list of texts in a body.
pub fn texts(body: &Body, key: &str) -> Vec<String> {
    let sent = body.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    sent.map(str::to_owned).collect()
}

fn is_range(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    match (address.parse::<IpAddr>(), length.parse::<u8>()) {
        (Ok(IpAddr::V4(_)), Ok(length)) => length <= 32,
        (Ok(IpAddr::V6(_)), Ok(length)) => length <= 128,
        _ => false,
    }
}
