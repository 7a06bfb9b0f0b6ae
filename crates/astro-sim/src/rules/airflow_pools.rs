//! Pools of an Airflow: making, changing and deleting them, as the sources of Airflow 2.11 and 3.1 do.
//! It must not know how they are shown.

use serde_json::Value;

use crate::refusal::Refusal;
use crate::rules::airflow::Api;
use crate::rules::airflow_write::{Holds, Write};
use crate::rules::fields;
use crate::world::airflow::{Airflow, DEFAULT_POOL, Pool};

/// Fields of a body.
const FIELDS: [(&str, Holds); 4] =
    [("name", Holds::Text), ("slots", Holds::Number), ("description", Holds::TextOrNull), ("include_deferred", Holds::Flag)];
/// What of the pool that every Airflow has can be changed.
const CHANGEABLE_BY_DEFAULT: [&str; 2] = ["slots", "include_deferred"];
/// Longest name.
const MAX_NAME: usize = 256;

/// Returns a pool.
pub fn find<'a>(airflow: &'a Airflow, name: &str) -> Result<&'a Pool, Refusal> {
    airflow.pools.iter().find(|pool| pool.name == name).ok_or_else(|| missing(name))
}

/// Creates a pool.
pub fn create(airflow: &mut Airflow, write: &Write<'_>) -> Result<Pool, Refusal> {
    write.check(&FIELDS, &["name", "slots"])?;
    let mut pool = Pool { name: String::new(), slots: 0, description: None, include_deferred: false };
    let sent: Vec<String> = write.body.keys().cloned().collect();
    apply(&mut pool, write, &sent)?;
    if pool.name.is_empty() || pool.name.chars().count() > MAX_NAME {
        return Err(write.api.malformed("The name must have 1 to 256 characters"));
    }
    if find(airflow, &pool.name).is_ok() {
        return Err(Refusal::new(409, "CONFLICT", format!("Pool: {} already exists", pool.name)));
    }
    airflow.pools.push(pool.clone());
    Ok(pool)
}

/// Changes a pool. Without a mask version 1 wants name and slots and takes a missing `include_deferred` for no; version 2
/// wants all three.
pub fn update(airflow: &mut Airflow, name: &str, write: &Write<'_>) -> Result<Pool, Refusal> {
    let sent = fields::text(write.body, "name");
    if write.api == Api::V2 && sent.as_ref().is_some_and(|sent| sent != name) {
        return Err(Refusal::invalid("Invalid body, pool name from request body doesn't match uri parameter"));
    }
    // Version 1 looks at the name in the body first, so that a body with the right name may change everything.
    let named = write.api == Api::V1 && sent.as_deref() == Some(DEFAULT_POOL);
    let narrow = !write.mask.is_empty() && write.mask.iter().all(|field| CHANGEABLE_BY_DEFAULT.contains(&field.trim()));
    if name == DEFAULT_POOL && !named && !narrow {
        return Err(Refusal::invalid("Only slots and included_deferred can be modified on Default Pool"));
    }
    let required: &[&str] = match (write.api, write.mask.is_empty()) {
        (_, false) => &[],
        (Api::V1, true) => &["name", "slots"],
        (Api::V2, true) => &["name", "slots", "include_deferred"],
    };
    find(airflow, name)?;
    write.check(&FIELDS, required)?;
    let changed = changed(write)?;
    let taken = sent.filter(|sent| sent != name && airflow.pools.iter().any(|pool| pool.name == *sent));
    if let (Some(taken), true) = (taken, changed.iter().any(|field| field == "name")) {
        return Err(Refusal::new(409, "CONFLICT", format!("Pool: {taken} already exists")));
    }
    let pool = airflow.pools.iter_mut().find(|pool| pool.name == name).ok_or_else(|| missing(name))?;
    apply(pool, write, &changed)?;
    Ok(pool.clone())
}

/// Deletes a pool.
pub fn delete(airflow: &mut Airflow, name: &str) -> Result<(), Refusal> {
    if name == DEFAULT_POOL {
        return Err(Refusal::invalid("Default Pool can't be deleted"));
    }
    find(airflow, name)?;
    airflow.pools.retain(|pool| pool.name != name);
    Ok(())
}

fn missing(name: &str) -> Refusal {
    Refusal::new(404, "NOT_FOUND", format!("The Pool with name: `{name}` was not found"))
}

fn changed(write: &Write<'_>) -> Result<Vec<String>, Refusal> {
    if write.api == Api::V2 {
        return write.fields(&[]);
    }
    if write.mask.is_empty() {
        // What the body leaves out of `include_deferred` is no.
        let mut changed: Vec<String> = write.body.keys().filter(|field| *field != "include_deferred").cloned().collect();
        changed.push("include_deferred".into());
        return Ok(changed);
    }
    for field in &write.mask {
        if !FIELDS.iter().any(|(known, _)| known == field) {
            return Err(Refusal::invalid(format!("Invalid field: {field} in update mask")));
        }
        if field != "include_deferred" && !write.body.contains_key(field) {
            // The server looks the field up without a check.
            return Err(Refusal::new(500, "UNKNOWN", "Internal Server Error"));
        }
    }
    Ok(write.mask.clone())
}

fn apply(pool: &mut Pool, write: &Write<'_>, changed: &[String]) -> Result<(), Refusal> {
    let slots = write.body.get("slots").and_then(Value::as_i64);
    if write.api == Api::V2 && slots.is_some_and(|slots| slots < -1) {
        return Err(write.api.malformed("slots must be -1 or more"));
    }
    for field in changed {
        match field.as_str() {
            "name" => pool.name = fields::text(write.body, "name").unwrap_or_default(),
            "slots" => pool.slots = slots.unwrap_or_default(),
            "description" => pool.description = fields::text(write.body, "description"),
            "include_deferred" => {
                pool.include_deferred = fields::flag(write.body, "include_deferred").unwrap_or_default();
            }
            _ => {}
        }
    }
    Ok(())
}
