//! A thing of the platform as its API spells it: a JSON object whose unknown fields are kept, so that what Liftoff has no
//! word for survives being read, changed and written back.

use serde_json::{Map, Value};

/// A thing of the platform: a user, a token, a Workspace. Field names are the API's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record(Map<String, Value>);

impl Record {
    /// Wraps the fields.
    #[must_use]
    pub const fn new(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    /// Returns the record in a JSON object; none for any other JSON.
    #[must_use]
    pub fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(fields) => Some(Self(fields)),
            _ => None,
        }
    }

    /// Returns the value at a dotted path such as `createdBy.username`; none for what is absent or null.
    #[must_use]
    pub fn value(&self, path: &str) -> Option<&Value> {
        let mut steps = path.split('.');
        let first = self.0.get(steps.next()?)?;
        steps.try_fold(first, |value, step| value.get(step)).filter(|value| !value.is_null())
    }

    /// Returns the text at a dotted path; empty for what is absent or no text.
    #[must_use]
    pub fn text(&self, path: &str) -> &str {
        self.value(path).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns whether the value at a dotted path is `true`.
    #[must_use]
    pub fn flag(&self, path: &str) -> bool {
        self.value(path).and_then(Value::as_bool).unwrap_or_default()
    }

    /// Returns the whole number at a dotted path.
    #[must_use]
    pub fn number(&self, path: &str) -> Option<i64> {
        self.value(path).and_then(Value::as_i64)
    }

    /// Returns the list at a dotted path; empty for what is absent or no list.
    #[must_use]
    pub fn list(&self, path: &str) -> &[Value] {
        self.value(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the objects of the list at a dotted path.
    #[must_use]
    pub fn records(&self, path: &str) -> Vec<Self> {
        self.list(path).iter().cloned().filter_map(Self::of).collect()
    }

    /// Returns the platform's id; empty when it has none.
    #[must_use]
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// Sets a field of the first level.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Takes a field of the first level away and returns it.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Returns only the fields of these names, those that are there.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Self {
        let kept = names.iter().filter_map(|name| Some(((*name).to_owned(), self.0.get(*name)?.clone())));
        Self(kept.collect())
    }

    /// Returns the fields.
    #[must_use]
    pub const fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Returns the record as JSON.
    #[must_use]
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_lead_to_values_and_nothing_else() {
        let record = Record::of(json!({
            "id": "u", "a": {"b": "text", "n": null}, "flag": true, "number": 3, "list": [{"id": "x"}, 4],
        }))
        .expect("an object");
        assert_eq!((record.id(), record.text("a.b"), record.text("a.c"), record.text("flag.b")), ("u", "text", "", ""));
        assert_eq!(
            (record.flag("flag"), record.flag("a.b"), record.number("number"), record.number("a")),
            (true, false, Some(3), None)
        );
        assert_eq!((record.list("list").len(), record.records("list").len(), record.list("a").len()), (2, 1, 0));
        assert!(record.value("a.n").is_none() && record.value("").is_none());
        assert!(Record::of(json!([])).is_none());
    }

    #[test]
    fn what_is_not_named_stays() {
        let mut record = Record::of(json!({"id": "u", "unknown": {"kept": 1}, "name": "a"})).expect("an object");
        record.set("name", "b");
        assert_eq!(record.only(&["id", "name", "absent"]).into_value(), json!({"id": "u", "name": "b"}));
        assert_eq!(record.take("name"), Some(json!("b")));
        assert_eq!(record.into_value(), json!({"id": "u", "unknown": {"kept": 1}}));
    }
}
