//! How Airflow hides secrets, takes hidden ones back, and how a client harms them (the sources of Airflow 2.11 and 3.1).
//! It must not know what the secrets belong to.

use serde_json::{Map, Value};

use crate::rules::airflow::Api;

/// What stands for a secret.
pub const MASK: &str = "***";

/// Words that make a name look like a secret's.
const SENSITIVE: [&str; 12] = [
    "access_token",
    "api_key",
    "apikey",
    "authorization",
    "keyfile_dict",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "secret",
    "service_account",
    "token",
];
/// Words that do so in Airflow 3 only.
const SENSITIVE_2: [&str; 4] = ["access_key", "connection_string", "proxies", "proxy"];

/// Deepest nesting in which names are looked at.
const MAX_DEPTH: usize = 5;

/// Returns whether the value behind a name is hidden.
pub fn is_sensitive(api: Api, name: &str) -> bool {
    let name = name.trim().to_lowercase();
    let extra: &[&str] = if api == Api::V2 { &SENSITIVE_2 } else { &[] };
    SENSITIVE.iter().chain(extra).any(|word| name.contains(word))
}

/// Returns the text of an `extra` with its secrets hidden; one that is no JSON comes as it is.
pub fn hide_in_extra(api: Api, extra: &str) -> String {
    match serde_json::from_str(extra) {
        Ok(value) => hide(api, &value, MAX_DEPTH).to_string(),
        Err(_) => extra.to_owned(),
    }
}

/// Returns a variable's value as version 2 shows it: of JSON only the first level of names is looked at and not the
/// variable's own name; everything else is hidden by that name. Version 1 shows every value.
pub fn hide_variable(api: Api, key: &str, value: &str) -> String {
    match (api, serde_json::from_str::<Value>(value)) {
        (Api::V1, _) => value.to_owned(),
        (Api::V2, Ok(json)) => hide(api, &json, 1).to_string(),
        (Api::V2, Err(_)) if is_sensitive(api, key) => MASK.to_owned(),
        (Api::V2, Err(_)) => value.to_owned(),
    }
}

/// Returns what version 2 stores of a new `extra`: a hidden secret means the stored one.
pub fn merge(new: &Value, old: &Value) -> Value {
    merge_at(new, old, (None, MAX_DEPTH))
}

/// Returns whether a text is the mask, or a JSON text with the mask as one of its values.
pub fn holds_mask(text: &str) -> bool {
    text == MASK || serde_json::from_str(text).is_ok_and(|value| has_mask(&value, MAX_DEPTH))
}

fn has_mask(value: &Value, depth: usize) -> bool {
    match value {
        Value::String(text) => text == MASK,
        Value::Array(items) if depth > 0 => items.iter().any(|item| has_mask(item, depth - 1)),
        Value::Object(fields) if depth > 0 => fields.values().any(|item| has_mask(item, depth - 1)),
        _ => false,
    }
}

fn hide(api: Api, value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(fields) if depth > 0 => {
            let hidden = |(name, item): (&String, &Value)| {
                let hidden = if is_sensitive(api, name) { hide_all(item, depth - 1) } else { hide(api, item, depth - 1) };
                (name.clone(), hidden)
            };
            Value::Object(fields.iter().map(hidden).collect())
        }
        Value::Array(items) if depth > 0 => items.iter().map(|item| hide(api, item, depth - 1)).collect(),
        other => other.clone(),
    }
}

/// Hides every text and whatever is nested too deeply; numbers and flags are shown.
fn hide_all(value: &Value, depth: usize) -> Value {
    let within = |item: &Value| depth.checked_sub(1).map_or_else(|| MASK.into(), |depth| hide_all(item, depth));
    match value {
        Value::String(_) => MASK.into(),
        Value::Object(fields) => Value::Object(fields.iter().map(|(name, item)| (name.clone(), within(item))).collect()),
        Value::Array(items) => items.iter().map(within).collect(),
        other => other.clone(),
    }
}

fn merge_at(new: &Value, old: &Value, (name, depth): (Option<&str>, usize)) -> Value {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) if depth > 0 => {
            let mut merged = Map::new();
            for (key, item) in new {
                let name = if name.is_some() { name } else { Some(key.as_str()).filter(|key| is_sensitive(Api::V2, key)) };
                let stored = old.get(key);
                merged
                    .insert(key.clone(), stored.map_or_else(|| item.clone(), |stored| merge_at(item, stored, (name, depth - 1))));
            }
            Value::Object(merged)
        }
        (Value::String(text), stored) if text == MASK && name.is_some() => stored.clone(),
        _ => new.clone(),
    }
}
