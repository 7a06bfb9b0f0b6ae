//! What a write to Airflow's REST API changes: the shape of its body and its update mask, as the sources of Airflow 2.11
//! and 3.1 treat them. It must not know what is written.

use serde_json::Value;

use crate::refusal::Refusal;
use crate::rules::airflow::Api;
use crate::rules::fields::Body;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Text.
    Text,
    /// Text or null.
    TextOrNull,
    /// Text; null only in version 2.
    Secret,
    /// A whole number or null.
    NumberOrNull,
    /// A whole number.
    Number,
    /// True or false.
    Flag,
    /// An object; null only in version 2.
    Object,
}

/// A write.
#[derive(Clone, Debug)]
pub struct Write<'a> {
    /// Version of the API.
    pub api: Api,
    /// The body.
    pub body: &'a Body,
    /// The update mask; empty if there is none.
    pub mask: Vec<String>,
}

/// Something written, and which stored secret the write has harmed.
#[derive(Clone, Debug)]
pub struct Written<T> {
    /// What is stored now.
    pub item: T,
    /// What nobody should have written; names no value.
    pub damage: Option<String>,
}

impl Write<'_> {
    /// Returns an error unless the body has the required fields and only known ones of the right kind.
    pub fn check(&self, known: &[(&str, Holds)], required: &[&str]) -> Result<(), Refusal> {
        if let Some(name) = required.iter().find(|name| !self.body.contains_key(**name)) {
            return Err(self.api.malformed(format!("'{name}' is a required property")));
        }
        for (name, value) in self.body {
            let Some((_, holds)) = known.iter().find(|(known, _)| known == name) else {
                return Err(self.api.malformed(format!("{{'{name}': ['Unknown field.']}}")));
            };
            if !fits(*holds, value, self.api) {
                return Err(self.api.malformed(format!("'{name}' is not of the right type")));
            }
        }
        Ok(())
    }

    /// Returns the fields that the write changes: those of the body, or those of the mask. Version 1 refuses a mask with a
    /// field that the body lacks or that never changes; version 2 leaves such a field out.
    pub fn fields(&self, fixed: &[&str]) -> Result<Vec<String>, Refusal> {
        let changes = |name: &String| self.body.contains_key(name) && !fixed.contains(&name.as_str());
        if self.mask.is_empty() {
            return Ok(self.body.keys().filter(|name| changes(name)).cloned().collect());
        }
        let wrong = self.mask.iter().find(|name| !changes(name));
        match (self.api, wrong) {
            (Api::V1, Some(name)) => Err(Refusal::invalid(format!("'{name}' is unknown or cannot be updated."))),
            _ => Ok(self.mask.iter().filter(|name| changes(name)).cloned().collect()),
        }
    }
}

/// Returns the update mask of a query: version 1 takes one list with commas, and the last if there are several; version 2
/// takes one field from each parameter.
pub fn mask(api: Api, parameters: &[String]) -> Vec<String> {
    match api {
        Api::V1 => {
            let fields = parameters.last().map_or("", String::as_str).split(',').map(str::trim);
            fields.filter(|field| !field.is_empty()).map(str::to_owned).collect()
        }
        Api::V2 => parameters.to_vec(),
    }
}

fn fits(holds: Holds, value: &Value, api: Api) -> bool {
    match holds {
        Holds::Text => value.is_string(),
        Holds::TextOrNull => value.is_string() || value.is_null(),
        Holds::Secret => value.is_string() || (value.is_null() && api == Api::V2),
        Holds::NumberOrNull => value.is_i64() || value.is_null(),
        Holds::Number => value.is_i64(),
        Holds::Flag => value.is_boolean(),
        Holds::Object => value.is_object() || (value.is_null() && api == Api::V2),
    }
}
