//! The Astro API's contract: operations, and the shapes of requests and answers.
//! It must not know the world; the facts are in `contract/astro-v1.json`, carried over from `reference/`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::refusal::FieldError;

const FACTS: &str = include_str!("../contract/astro-v1.json");

/// Deepest nesting that is checked; the contract itself is far shallower.
const MAX_DEPTH: usize = 32;

/// One operation.
#[derive(Clone, Debug, Deserialize)]
pub struct Operation {
    /// Its name, such as `CreateDeploy`.
    pub id: String,
    /// HTTP method.
    pub method: String,
    /// Path with `{names}` for ids.
    pub path: String,
    /// Query parameters and their types; a leading `*` marks a required one.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Type of the request's body, if it has one.
    pub body: Option<String>,
    /// Status of a good answer; `2XX` where the sources do not say.
    pub status: String,
    /// Type of a good answer's body, if it has one.
    pub answer: Option<String>,
}

/// A named shape.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Schema {
    Fields { fields: BTreeMap<String, String> },
    Union { by: String, variants: BTreeMap<String, String> },
}

/// The whole contract.
#[derive(Clone, Debug, Deserialize)]
pub struct Contract {
    /// All operations.
    pub operations: Vec<Operation>,
    schemas: BTreeMap<String, Schema>,
}

impl Contract {
    /// Returns the contract of the Astro API v1, or an error if its facts are malformed.
    pub fn astro_v1() -> Result<Contract, serde_json::Error> {
        serde_json::from_str(FACTS)
    }

    /// Returns the operation of a method and path, with the ids in the path by name.
    pub fn route(&self, method: &str, path: &str) -> Option<(&Operation, BTreeMap<String, String>)> {
        let of_method = self.operations.iter().filter(|operation| operation.method == method);
        // Literal segments win over ids, should both fit.
        of_method.filter_map(|operation| Some((operation, ids(&operation.path, path)?))).min_by_key(|(_, ids)| ids.len())
    }

    /// Returns what is wrong with a query.
    pub fn check_query(&self, operation: &Operation, query: &[(String, String)]) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let known: BTreeMap<&str, &str> =
            operation.query.iter().map(|(name, kind)| (name.trim_start_matches('*'), kind.as_str())).collect();
        for (name, text) in query {
            match known.get(name.as_str()) {
                None => errors.push(wrong(name, "is not a parameter of this operation", "unknown")),
                Some(kind) => check_parameter(name, kind, text, &mut errors),
            }
        }
        for name in operation.query.keys().filter_map(|name| name.strip_prefix('*')) {
            if !query.iter().any(|(given, _)| given == name) {
                errors.push(wrong(name, "is required", "required"));
            }
        }
        let single = known.iter().filter(|(_, kind)| !kind.starts_with("list "));
        for (name, _) in single.filter(|(name, _)| query.iter().filter(|(given, _)| given == *name).count() > 1) {
            errors.push(wrong(name, "is given more than once", "repeated"));
        }
        errors
    }

    /// Returns what is wrong with a value that shall have a type.
    pub fn check(&self, kind: &str, value: &Value) -> Vec<FieldError> {
        let mut errors = Vec::new();
        self.walk(kind, value, &mut Place::default(), &mut errors);
        errors
    }

    fn walk(&self, kind: &str, value: &Value, place: &mut Place, errors: &mut Vec<FieldError>) {
        if place.0.len() > MAX_DEPTH {
            return errors.push(wrong(&place.name(), "is nested too deeply", "depth"));
        }
        if let Some(kind) = kind.strip_prefix("null or ") {
            if !value.is_null() {
                self.walk(kind, value, place, errors);
            }
        } else if let Some(name) = kind.strip_prefix('@') {
            match value.as_object() {
                Some(object) => self.check_object(name, object, place, errors),
                None => errors.push(wrong(&place.name(), "must be an object", "type")),
            }
        } else if let Some(kind) = kind.strip_prefix("list ") {
            match value.as_array() {
                Some(items) => items.iter().enumerate().for_each(|(index, item)| {
                    place.within(&index.to_string(), |place| self.walk(kind, item, place, errors));
                }),
                None => errors.push(wrong(&place.name(), "must be a list", "type")),
            }
        } else if let Some(kind) = kind.strip_prefix("map ") {
            match value.as_object() {
                Some(entries) => entries.iter().for_each(|(key, item)| {
                    place.within(key, |place| self.walk(kind, item, place, errors));
                }),
                None => errors.push(wrong(&place.name(), "must be an object", "type")),
            }
        } else if !fits(kind, value) {
            errors.push(wrong(&place.name(), &format!("must be {kind}"), "type"));
        }
    }

    fn check_object(&self, name: &str, object: &Map<String, Value>, place: &mut Place, errors: &mut Vec<FieldError>) {
        match self.schemas.get(name) {
            None => errors.push(wrong(&place.name(), &format!("has the unknown shape {name}"), "contract")),
            Some(Schema::Union { by, variants }) => {
                let variant = object.get(by).and_then(Value::as_str).and_then(|word| variants.get(word));
                match variant {
                    Some(variant) => self.check_object(variant, object, place, errors),
                    None => place.within(by, |place| errors.push(wrong(&place.name(), "names no known variant", "enum"))),
                }
            }
            Some(Schema::Fields { fields }) => {
                for name in fields.keys().filter_map(|name| name.strip_prefix('*')) {
                    if !object.contains_key(name) {
                        place.within(name, |place| errors.push(wrong(&place.name(), "is required", "required")));
                    }
                }
                for (name, value) in object {
                    let kind = fields.get(name).or_else(|| fields.get(&format!("*{name}")));
                    place.within(name, |place| match kind {
                        Some(kind) => self.walk(kind, value, place, errors),
                        None => errors.push(wrong(&place.name(), "is not a known field", "unknown")),
                    });
                }
            }
        }
    }
}

/// Where in a value the check is.
#[derive(Default)]
struct Place(Vec<String>);

impl Place {
    fn name(&self) -> String {
        if self.0.is_empty() { "body".into() } else { self.0.join(".") }
    }

    fn within(&mut self, step: &str, check: impl FnOnce(&mut Place)) {
        self.0.push(step.to_owned());
        check(self);
        self.0.pop();
    }
}

fn ids(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    if pattern.len() != path.len() {
        return None;
    }
    let mut ids = BTreeMap::new();
    for (wanted, found) in pattern.into_iter().zip(path) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !found.is_empty() => drop(ids.insert(name.to_owned(), found.to_owned())),
            None if wanted == found => {}
            _ => return None,
        }
    }
    Some(ids)
}

fn check_parameter(name: &str, kind: &str, text: &str, errors: &mut Vec<FieldError>) {
    let kind = kind.strip_prefix("list ").unwrap_or(kind);
    let value = match kind {
        "integer" => text.parse::<i64>().map(Value::from).unwrap_or_default(),
        "boolean" => text.parse::<bool>().map(Value::from).unwrap_or_default(),
        _ => Value::from(text),
    };
    if !fits(kind, &value) {
        errors.push(wrong(name, &format!("must be {kind}"), "type"));
    }
}

fn fits(kind: &str, value: &Value) -> bool {
    match kind {
        "any" => true,
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "time" => value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        _ => {
            kind.strip_prefix("enum ").zip(value.as_str()).is_some_and(|(words, text)| words.split('|').any(|word| word == text))
        }
    }
}

fn wrong(field: &str, message: &str, code: &str) -> FieldError {
    FieldError { field: field.to_owned(), message: format!("{field} {message}"), code: code.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn named(kind: &str) -> Option<&str> {
        kind.split(' ').find_map(|word| word.strip_prefix('@'))
    }

    #[test]
    fn every_operation_and_shape_is_there_and_every_name_resolves() {
        let contract = Contract::astro_v1().unwrap();
        assert_eq!((contract.operations.len(), contract.schemas.len()), (75, 167));
        for operation in &contract.operations {
            for kind in operation.body.iter().chain(&operation.answer) {
                assert!(named(kind).is_none_or(|name| contract.schemas.contains_key(name)), "{kind}");
            }
            let filled = operation.path.replace(['{', '}'], "");
            assert_eq!(contract.route(&operation.method, &filled).unwrap().0.id, operation.id, "{filled}");
        }
        for (name, schema) in &contract.schemas {
            let names: Vec<&str> = match schema {
                Schema::Fields { fields } => fields.values().filter_map(|kind| named(kind)).collect(),
                Schema::Union { variants, .. } => variants.values().map(String::as_str).collect(),
            };
            assert!(names.iter().all(|name| contract.schemas.contains_key(*name)), "{name}");
        }
    }

    #[test]
    fn each_kind_of_wrong_value_is_found_where_it_is() {
        let contract = Contract::astro_v1().unwrap();
        let queue = json!({
            "astroMachine": "A5", "isDefault": true, "maxWorkerCount": 1, "minWorkerCount": 0, "name": "default",
            "workerConcurrency": 5,
        });
        let with = |key: &str, value: Value| {
            let mut body = json!({ "type": "STANDARD", "name": "one", "workspaceId": "two", "workerQueues": [queue] });
            body[key] = value;
            body
        };
        let mut wrong_queue = queue.clone();
        wrong_queue["maxWorkerCount"] = json!(1.5);
        let cases = [
            (with("name", json!("x")), None),
            (with("type", json!("OTHER")), Some("type")),
            (with("type", json!("HYBRID")), Some("workerQueues.0.nodePoolId")),
            (with("isCicdEnforced", json!("yes")), Some("isCicdEnforced")),
            (with("executor", json!("LOCAL")), Some("executor")),
            (with("workerQueues", json!([wrong_queue])), Some("workerQueues.0.maxWorkerCount")),
            (with("workerQueues", json!({})), Some("workerQueues")),
            (json!([]), Some("body")),
        ];
        for (body, field) in cases {
            let errors = contract.check("@CreateDeploymentRequest", &body);
            assert_eq!(errors.first().map(|error| error.field.as_str()), field, "{body}");
        }
        let until = |text: &str| json!({ "isHibernating": null, "overrideUntil": text });
        assert!(contract.check("@OverrideDeploymentHibernationBody", &until("2026-01-01T00:00:00Z")).is_empty());
        assert_eq!(contract.check("@OverrideDeploymentHibernationBody", &until("tomorrow")).len(), 1);
    }
}
