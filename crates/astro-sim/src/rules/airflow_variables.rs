//! Variables of an Airflow: making, changing and deleting them, as the sources of Airflow 2.11 and 3.1 do.
//! It must not know how they are shown.

use crate::refusal::Refusal;
use crate::rules::airflow::Api;
use crate::rules::airflow_secrets as secrets;
use crate::rules::airflow_write::{Holds, Write, Written};
use crate::rules::fields;
use crate::world::airflow::{Airflow, Variable};

/// Fields of a body; both versions want the first two of a change as well. A value that is no text is not simulated.
const FIELDS: [(&str, Holds); 3] = [("key", Holds::Text), ("value", Holds::Text), ("description", Holds::TextOrNull)];
const REQUIRED: [&str; 2] = ["key", "value"];
/// Longest name.
const MAX_KEY: usize = 250;

/// Returns a variable.
pub fn find<'a>(airflow: &'a Airflow, key: &str) -> Result<&'a Variable, Refusal> {
    airflow.variables.iter().find(|variable| variable.key == key).ok_or_else(|| missing(key))
}

/// Creates a variable. Version 1 has no conflict: it overwrites the variable of that name.
pub fn create(airflow: &mut Airflow, write: &Write<'_>) -> Result<Written<Variable>, Refusal> {
    write.check(&FIELDS, &REQUIRED)?;
    let text = |field: &str| fields::text(write.body, field);
    let variable = Variable {
        key: text("key").unwrap_or_default(),
        value: text("value").unwrap_or_default(),
        description: text("description"),
    };
    if variable.key.is_empty() || variable.key.chars().count() > MAX_KEY {
        return Err(write.api.malformed("The key must have 1 to 250 characters"));
    }
    let place = airflow.variables.iter().position(|stored| stored.key == variable.key);
    let stored = place.and_then(|place| airflow.variables.get_mut(place));
    if stored.is_some() && write.api == Api::V2 {
        return Err(Refusal::new(409, "CONFLICT", format!("The Variable with key: `{}` already exists", variable.key)));
    }
    let damage = damage(write, stored.as_deref(), &variable);
    match stored {
        Some(stored) => stored.clone_from(&variable),
        None => airflow.variables.push(variable.clone()),
    }
    Ok(Written { item: variable, damage })
}

/// Changes a variable. The mask of version 1 does not know the word `value`: it wants the name of its column, `val`.
pub fn update(airflow: &mut Airflow, key: &str, write: &Write<'_>) -> Result<Written<Variable>, Refusal> {
    write.check(&FIELDS, &REQUIRED)?;
    if fields::text(write.body, "key").as_deref() != Some(key) {
        return Err(Refusal::invalid("Invalid body, key from request body doesn't match uri parameter"));
    }
    let stored = airflow.variables.iter_mut().find(|variable| variable.key == key).ok_or_else(|| missing(key))?;
    let mut write = write.clone();
    if write.api == Api::V1 {
        let column = |field: String| match field.as_str() {
            "value" => "value (val)".to_owned(),
            "val" => "value".to_owned(),
            _ => field,
        };
        write.mask = write.mask.into_iter().map(column).collect();
    }
    let before = stored.clone();
    for field in write.fields(&["key"])? {
        match (field.as_str(), fields::text(write.body, &field)) {
            ("value", Some(value)) => stored.value = value,
            ("description", description) => stored.description = description,
            _ => {}
        }
    }
    let changes_value = stored.value != before.value;
    let damage = if changes_value { damage(&write, Some(&before), stored) } else { None };
    Ok(Written { item: stored.clone(), damage })
}

/// Deletes a variable.
pub fn delete(airflow: &mut Airflow, key: &str) -> Result<(), Refusal> {
    find(airflow, key)?;
    airflow.variables.retain(|variable| variable.key != key);
    Ok(())
}

fn missing(key: &str) -> Refusal {
    Refusal::new(404, "NOT_FOUND", format!("The Variable with key: `{key}` was not found"))
}

/// Returns how a write harms a secret: the mask as a value, or nothing over a value that is hidden.
fn damage(write: &Write<'_>, stored: Option<&Variable>, new: &Variable) -> Option<String> {
    let filled = stored.is_some_and(|stored| !stored.value.is_empty() && secrets::is_sensitive(write.api, &stored.key));
    match new.value.as_str() {
        "" if filled => Some(format!("variable {}: value is overwritten with nothing", new.key)),
        value if secrets::holds_mask(value) => Some(format!("variable {}: value is written as the mask", new.key)),
        _ => None,
    }
}
