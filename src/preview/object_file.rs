//! Reads connections, variables and pools from text: in the form in which Airflow's own `export` commands write them, or as in
//! Astro's `airflow_settings.yaml`, in YAML or JSON.
//! It opens no file and knows no Airflow.
//!
//! Forms: <https://airflow.apache.org/docs/apache-airflow/stable/cli-and-env-variables-ref.html> (`connections export`,
//! `variables export`, `pools export`), `reference/astro-docs.md` for the other. A value of null names nothing.

use serde_json::{Map, Value};

use crate::error::{Error, Kind, Result};
use crate::model::airflow::{Field, ObjectKind};
use crate::model::airflow_draft::Draft;
use crate::model::nearest::nearest;
use crate::model::secret::Secret;
use crate::model::substitute::substituted;

/// Most objects of one file.
const MOST: usize = 20_000;

/// Returns the value of a variable of the environment, or why there is none.
pub type Lookup<'a> = dyn Fn(&str) -> std::result::Result<String, String> + 'a;

/// A key of an object's fields in one of the forms.
struct Key {
    name: &'static str,
    meaning: Meaning,
}

/// What a key says.
#[derive(Clone, Copy)]
enum Meaning {
    Name,
    Text(Field),
    Number(Field),
    Json(Field),
    Deferred,
    Password,
    /// It says nothing that an API could set.
    Nothing,
    /// It is understood and not supported.
    Uri,
}

const fn key(name: &'static str, meaning: Meaning) -> Key {
    Key { name, meaning }
}

/// Fields of a connection as Airflow exports them.
const CONNECTION: &[Key] = &[
    key("conn_type", Meaning::Text(Field::ConnType)),
    key("description", Meaning::Text(Field::Description)),
    key("host", Meaning::Text(Field::Host)),
    key("login", Meaning::Text(Field::Login)),
    key("password", Meaning::Password),
    key("schema", Meaning::Text(Field::Schema)),
    key("port", Meaning::Number(Field::Port)),
    key("extra", Meaning::Json(Field::Extra)),
    key("extra_dejson", Meaning::Json(Field::Extra)),
    key("conn_id", Meaning::Nothing),
    key("is_encrypted", Meaning::Nothing),
    key("is_extra_encrypted", Meaning::Nothing),
];

/// Fields of a connection in `airflow_settings.yaml`.
const CONNECTION_SETTING: &[Key] = &[
    key("conn_id", Meaning::Name),
    key("conn_type", Meaning::Text(Field::ConnType)),
    key("conn_description", Meaning::Text(Field::Description)),
    key("conn_host", Meaning::Text(Field::Host)),
    key("conn_login", Meaning::Text(Field::Login)),
    key("conn_password", Meaning::Password),
    key("conn_schema", Meaning::Text(Field::Schema)),
    key("conn_port", Meaning::Number(Field::Port)),
    key("conn_extra", Meaning::Json(Field::Extra)),
    key("conn_uri", Meaning::Uri),
];

const VARIABLE: &[Key] = &[key("value", Meaning::Json(Field::Value)), key("description", Meaning::Text(Field::Description))];

const VARIABLE_SETTING: &[Key] = &[
    key("variable_name", Meaning::Name),
    key("variable_value", Meaning::Json(Field::Value)),
    key("variable_description", Meaning::Text(Field::Description)),
];

const POOL: &[Key] = &[
    key("slots", Meaning::Number(Field::Slots)),
    key("description", Meaning::Text(Field::Description)),
    key("include_deferred", Meaning::Deferred),
];

const POOL_SETTING: &[Key] = &[
    key("pool_name", Meaning::Name),
    key("pool_slot", Meaning::Number(Field::Slots)),
    key("pool_description", Meaning::Text(Field::Description)),
    key("pool_include_deferred", Meaning::Deferred),
];

/// Returns the objects of a kind that a file names, in its order. `file` is what errors call it.
///
/// # Errors
/// `Kind::Usage` for what is neither YAML nor JSON, with the line; for another form; for an unknown key, with the nearest one;
/// and for a reference to a variable that cannot be had. No error repeats a value.
pub fn drafts(file: &str, text: &str, kind: ObjectKind, lookup: &Lookup<'_>) -> Result<Vec<Draft>> {
    let reader = Reader { file, kind, lookup };
    let Some(root) = reader.root(text)? else { return Ok(Vec::new()) };
    let drafts = match root.get("airflow") {
        Some(Value::Object(settings)) => reader.settings(settings)?,
        _ => root.iter().map(|(name, value)| reader.exported(name, value)).collect::<Result<Vec<_>>>()?,
    };
    if drafts.len() > MOST {
        return Err(reader.wrong(None, &format!("{} {} are too many; at most {MOST} are taken", drafts.len(), kind.plural())));
    }
    Ok(drafts)
}

struct Reader<'a> {
    file: &'a str,
    kind: ObjectKind,
    lookup: &'a Lookup<'a>,
}

impl Reader<'_> {
    fn wrong(&self, line: Option<usize>, why: &str) -> Error {
        Error::new(Kind::Usage, format!("read {} from {}", self.kind.plural(), self.file)).because(why).at(self.file, line)
    }

    fn root(&self, text: &str) -> Result<Option<Map<String, Value>>> {
        let value = if text.trim_start().starts_with('{') {
            // In YAML's own errors a quotation mark in the wrong place is hard to find.
            serde_json::from_str::<Value>(text).map_err(|error| {
                self.wrong(Some(error.line()), &format!("it is not JSON (line {}, column {})", error.line(), error.column()))
            })?
        } else {
            serde_saphyr::from_str::<Value>(text).map_err(|error| {
                let line = error.location().and_then(|location| usize::try_from(location.line()).ok());
                let at = line.map(|line| format!(" (line {line})")).unwrap_or_default();
                self.wrong(line, &format!("it is not YAML that can be read{at}"))
            })?
        };
        match value {
            Value::Object(root) => Ok(Some(root)),
            Value::Null => Ok(None),
            _ => Err(self.wrong(None, "it is no mapping").hint("write it as Airflow's own `export` commands do: `name: {…}`")),
        }
    }

    fn settings(&self, settings: &Map<String, Value>) -> Result<Vec<Draft>> {
        let keys = match self.kind {
            ObjectKind::Connection => CONNECTION_SETTING,
            ObjectKind::Variable => VARIABLE_SETTING,
            ObjectKind::Pool => POOL_SETTING,
        };
        let list = match settings.get(self.kind.plural()) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(self.wrong(None, &format!("`airflow.{}` is no list", self.kind.plural()))),
        };
        let mut drafts = Vec::new();
        for (index, item) in list.iter().enumerate() {
            let place = format!("airflow.{}[{index}]", self.kind.plural());
            let Value::Object(fields) = item else { return Err(self.wrong(None, &format!("`{place}` is no mapping"))) };
            let naming = keys.iter().find(|key| matches!(key.meaning, Meaning::Name)).map_or("", |key| key.name);
            let name = fields.get(naming).and_then(Value::as_str).unwrap_or_default();
            // The file that a new project has is full of empty entries.
            if name.is_empty() && fields.values().all(is_empty) {
                continue;
            }
            if name.is_empty() {
                return Err(self.wrong(None, &format!("`{place}` has no `{naming}`")));
            }
            drafts.push(self.draft(name, (&place, fields), keys)?);
        }
        Ok(drafts)
    }

    fn exported(&self, name: &str, value: &Value) -> Result<Draft> {
        match (self.kind, value) {
            (ObjectKind::Variable, Value::Object(fields)) if is_described(fields) => self.draft(name, (name, fields), VARIABLE),
            (ObjectKind::Variable, value) => {
                let fields = Map::from_iter([("value".to_owned(), value.clone())]);
                self.draft(name, (name, &fields), VARIABLE)
            }
            (ObjectKind::Connection, Value::Object(fields)) => self.draft(name, (name, fields), CONNECTION),
            (ObjectKind::Connection, Value::String(_)) => Err(self.uri(name)),
            (ObjectKind::Pool, Value::Object(fields)) => self.draft(name, (name, fields), POOL),
            _ => Err(self.wrong(None, &format!("`{}` is no mapping of fields", name.escape_debug()))),
        }
    }

    fn uri(&self, place: &str) -> Error {
        let why = format!("`{}` is a connection as a URI", place.escape_debug());
        self.wrong(None, &why).hint("write its parts as `conn_type`, `host`, `login`, `password`, `schema`, `port` and `extra`")
    }

    fn draft(&self, name: &str, (place, fields): (&str, &Map<String, Value>), keys: &[Key]) -> Result<Draft> {
        let mut draft = Draft::new(self.kind, name);
        for (given, value) in fields {
            let place = format!("{}.{}", place.escape_debug(), given.escape_debug());
            let Some(key) = keys.iter().find(|key| key.name == given) else {
                let error = self.wrong(None, &format!("`{place}` is none of the fields of a {}", self.kind));
                let near = nearest(given, keys.iter().map(|key| key.name));
                return Err(match near {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error,
                });
            };
            if value.is_null() {
                continue;
            }
            match key.meaning {
                Meaning::Name | Meaning::Nothing => {}
                Meaning::Uri if is_empty(value) => {}
                Meaning::Uri => return Err(self.uri(&place)),
                Meaning::Text(field) => draft.text(field, Some(self.plain(&place, value)?)),
                Meaning::Password => {
                    let password = self.plain(&place, value)?;
                    draft.password = (!password.is_empty()).then(|| Secret::new(password));
                }
                Meaning::Json(field) => draft.text(field, Some(self.json(&place, value)?)),
                Meaning::Number(field) => draft.number(field, self.number(&place, value)?),
                Meaning::Deferred => match value {
                    Value::Bool(counts) => draft.include_deferred(Some(*counts)),
                    _ => return Err(self.wrong(None, &format!("`{place}` is neither true nor false"))),
                },
            }
        }
        Ok(draft)
    }

    fn filled(&self, place: &str, text: &str) -> Result<String> {
        substituted(text, self.lookup).map_err(|why| self.wrong(None, &format!("`{place}`: {why}")))
    }

    fn plain(&self, place: &str, value: &Value) -> Result<String> {
        match value {
            Value::String(text) => self.filled(place, text),
            Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
            _ => Err(self.wrong(None, &format!("`{place}` is no text"))),
        }
    }

    fn number(&self, place: &str, value: &Value) -> Result<Option<i64>> {
        let number = match value {
            Value::String(text) if text.is_empty() => return Ok(None),
            Value::String(text) => self.filled(place, text)?.trim().parse().ok(),
            _ => value.as_i64(),
        };
        number.map(Some).ok_or_else(|| self.wrong(None, &format!("`{place}` is no whole number")))
    }

    /// Returns a text, or JSON as text. A variable of the environment becomes part of a text in the JSON, whatever it holds.
    fn json(&self, place: &str, value: &Value) -> Result<String> {
        let Value::String(text) = value else {
            return self.inside(place, value).map(|value| value.to_string());
        };
        match serde_json::from_str::<Value>(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) if text.contains("${") => {
                self.inside(place, &inner).map(|value| value.to_string())
            }
            _ => self.filled(place, text),
        }
    }

    fn inside(&self, place: &str, value: &Value) -> Result<Value> {
        Ok(match value {
            Value::String(text) => Value::String(self.filled(place, text)?),
            Value::Array(items) => items.iter().map(|item| self.inside(place, item)).collect::<Result<_>>()?,
            Value::Object(fields) => {
                let filled = fields.iter().map(|(key, value)| Ok((key.clone(), self.inside(place, value)?)));
                Value::Object(filled.collect::<Result<_>>()?)
            }
            other => other.clone(),
        })
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
        _ => false,
    }
}

/// A variable is exported with its description as an object of these two.
fn is_described(fields: &Map<String, Value>) -> bool {
    fields.contains_key("value") && fields.keys().all(|key| ["value", "description"].contains(&key.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::airflow::{Extra, Object};

    fn read(kind: ObjectKind, text: &str) -> Result<Vec<Draft>> {
        let lookup = |name: &str| match name {
            "PW" => Ok("hush \"quoted\"".to_owned()),
            _ => Err(format!("there is no variable {name}")),
        };
        drafts("objects.yaml", text, kind, &lookup)
    }

    fn named(draft: &Draft) -> String {
        let fields: Vec<&str> = draft.named.iter().map(|field| field.name()).collect();
        format!("{} {}{}", draft.object.name(), fields.join(","), if draft.password.is_some() { ",password" } else { "" })
    }

    #[test]
    fn both_forms_of_connections_say_the_same() {
        let exported = "db:\n  conn_type: postgres\n  host: h\n  login: ada\n  password: ${PW}\n  port: 5432\n  schema: null\n  extra: '{\"a\": \"${PW}\"}'\n";
        let settings = "airflow:\n  connections:\n    - conn_id: db\n      conn_type: postgres\n      conn_host: h\n      conn_login: ada\n      conn_password: ${PW}\n      conn_port: '5432'\n      conn_schema:\n      conn_extra:\n        a: ${PW}\n    - conn_id: ''\n      conn_extra:\n        x: \n  variables:\n    - variable_name:\n";
        let json = r#"{"db": {"conn_type": "postgres", "host": "h", "login": "ada", "password": "${PW}", "port": 5432, "extra": {"a": "${PW}"}}}"#;
        let mut all = Vec::new();
        for text in [exported, settings, json] {
            let drafts = read(ObjectKind::Connection, text).expect(text);
            assert_eq!(drafts.iter().map(named).collect::<Vec<_>>(), ["db conn_type,host,login,port,extra,password"], "{text}");
            let Object::Connection(connection) = &drafts[0].object else { panic!("a connection") };
            assert_eq!(connection.extra, Extra::Text(Secret::new(r#"{"a":"hush \"quoted\""}"#)));
            all.push(drafts);
        }
        assert!(all.iter().all(|drafts| *drafts == all[0]));
        assert_eq!(read(ObjectKind::Variable, settings).expect("none"), []);
    }

    #[test]
    fn variables_and_pools_come_in_every_form() {
        let variables = "a: text\nb: 3\nc: {x: [1, '${PW}']}\nd: {value: v, description: why}\ne: {value: 1, more: 2}\nf: ''\n";
        let drafts = read(ObjectKind::Variable, variables).expect("variables");
        let values: Vec<String> = drafts
            .iter()
            .map(|draft| match &draft.object {
                Object::Variable(variable) => format!("{} {}", named(draft), variable.value.expose()),
                _ => String::new(),
            })
            .collect();
        let expected = [
            "a value text",
            "b value 3",
            "c value {\"x\":[1,\"hush \\\"quoted\\\"\"]}",
            "d description,value v",
            "e value {\"value\":1,\"more\":2}",
            "f value ",
        ];
        assert_eq!(values.len(), expected.len());
        for (value, expected) in values.iter().zip(expected) {
            // The order of keys in an object is serde_json's business.
            assert!(value == expected || value.len() == expected.len() && value.starts_with("e value {"), "{value} {expected}");
        }
        let pools = read(ObjectKind::Pool, "p: {slots: 3, description: d, include_deferred: true}\nq: {slots: -1}\n");
        assert_eq!(
            pools.expect("pools").iter().map(named).collect::<Vec<_>>(),
            ["p description,slots,include_deferred", "q slots"]
        );
        assert_eq!(read(ObjectKind::Pool, "").expect("an empty file"), []);
    }

    #[test]
    fn what_is_wrong_is_told_without_a_value() {
        use ObjectKind::{Connection, Pool, Variable};
        for (kind, text, words) in [
            (Connection, "{\"db\": hush}", "not JSON (line 1, column 8)"),
            (Connection, "db: [hush", "not YAML that can be read"),
            (Connection, "- hush", "it is no mapping"),
            (Connection, "db: {hots: hush}", "did you mean `host`?"),
            (Connection, "db: postgres://hush@h", "as a URI"),
            (Connection, "airflow: {connections: [{conn_id: db, conn_uri: 'x://hush'}]}", "as a URI"),
            (Connection, "airflow: {connections: [{conn_host: hush}]}", "`airflow.connections[0]` has no `conn_id`"),
            (Connection, "db: {port: hush}", "`db.port` is no whole number"),
            (Connection, "db: {host: [hush]}", "`db.host` is no text"),
            (Connection, "db: {password: '${NOWHERE}'}", "`db.password`: there is no variable NOWHERE"),
            (Connection, "db: {password: 'hush${'}", "`db.password`: `${` has no `}`"),
            (Pool, "p: {slots: 1, include_deferred: hush}", "neither true nor false"),
            (Pool, "p: 3", "`p` is no mapping of fields"),
            (Variable, "airflow: {variables: hush}", "`airflow.variables` is no list"),
        ] {
            let error = read(kind, text).expect_err(text);
            assert!(error.kind() == Kind::Usage && error.to_string().contains(words), "{text}: {error}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}
