//! Reads fields of a request body whose shape the contract has already checked.
//! It must not know the contract, nor which fields exist.

use serde_json::{Map, Value};

/// A checked request body.
pub type Body = Map<String, Value>;

/// Returns a text field, or nothing if it is absent.
pub fn text(body: &Body, key: &str) -> Option<String> {
    body.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// Returns a text field that is neither absent nor empty.
pub fn filled(body: &Body, key: &str) -> Option<String> {
    text(body, key).filter(|text| !text.is_empty())
}

/// Returns a true-or-false field, or nothing if it is absent.
pub fn flag(body: &Body, key: &str) -> Option<bool> {
    body.get(key).and_then(Value::as_bool)
}
