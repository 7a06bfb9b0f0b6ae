//! How an environment object is changed without losing what is not named.
//!
//! An update drops whatever it leaves out: links, exclusions, the automatic link, visible fields
//! (`reference/astro-platform.md` 8.8). A secret comes without its value, and an empty value in the update keeps it.

use serde_json::{Map, Value, json};

use crate::error::{Error, Kind, Result};
use crate::model::nearest::nearest;
use crate::model::record::Record;

/// How a field's text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Number,
    Object,
}

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectType {
    /// As the API spells it.
    pub word: &'static str,
    /// What people call it.
    pub what: &'static str,
    /// The field that holds its content.
    pub field: &'static str,
    fields: &'static [(&'static str, Form)],
}

/// The field of an answer that holds a connection's type of authentication.
const AUTH_TYPE: &str = "connectionAuthType";
/// The field of a request that names it.
const AUTH_TYPE_ID: &str = "authTypeId";

/// Connections of Airflow.
pub const CONNECTION: ObjectType = ObjectType {
    word: "CONNECTION",
    what: "connection",
    field: "connection",
    fields: &[
        ("type", Form::Text),
        ("host", Form::Text),
        ("login", Form::Text),
        ("password", Form::Text),
        ("schema", Form::Text),
        ("port", Form::Number),
        ("extra", Form::Object),
        (AUTH_TYPE_ID, Form::Text),
    ],
};
/// Variables of Airflow.
pub const AIRFLOW_VARIABLE: ObjectType =
    ObjectType { word: "AIRFLOW_VARIABLE", what: "Airflow variable", field: "airflowVariable", fields: &[("value", Form::Text)] };
/// Variables of the process environment.
pub const ENVIRONMENT_VARIABLE: ObjectType = ObjectType {
    word: "ENVIRONMENT_VARIABLE",
    what: "environment variable",
    field: "environmentVariable",
    fields: &[("value", Form::Text)],
};
/// Places that metrics are sent to.
pub const METRICS_EXPORT: ObjectType = ObjectType {
    word: "METRICS_EXPORT",
    what: "metrics export",
    field: "metricsExport",
    fields: &[
        ("endpoint", Form::Text),
        ("exporterType", Form::Text),
        ("authType", Form::Text),
        ("basicToken", Form::Text),
        ("username", Form::Text),
        ("password", Form::Text),
        ("sigV4AssumeArn", Form::Text),
        ("sigV4StsRegion", Form::Text),
        ("headers", Form::Object),
        ("labels", Form::Object),
    ],
};

impl ObjectType {
    /// Returns a field's value from its text.
    ///
    /// # Errors
    /// `Kind::Usage` for an unknown field, with the nearest, and for a text that is not of its form. The text itself, which may
    /// be a secret, is not in the error.
    pub fn value(self, field: &str, text: &str) -> Result<Value> {
        let doing = format!("set `{field}` of the {}", self.what);
        let names = || self.fields.iter().map(|(name, _)| *name);
        let Some((_, form)) = self.fields.iter().find(|(name, _)| *name == field) else {
            let error = Error::new(Kind::Usage, doing).because("there is no such field");
            return Err(match nearest(field, names()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!("known are {}", names().collect::<Vec<_>>().join(", "))),
            });
        };
        let value = match form {
            Form::Text => Some(Value::from(text)),
            Form::Number => text.parse::<i64>().ok().map(Value::from),
            Form::Object => serde_json::from_str::<Map<String, Value>>(text).ok().map(Value::from),
        };
        let wanted = if *form == Form::Number { "a whole number" } else { "a JSON object" };
        value.ok_or_else(|| Error::new(Kind::Usage, doing).because(format!("the value is not {wanted}")))
    }
}

/// A link to be made or changed.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLink {
    /// The Deployment's id.
    pub deployment_id: String,
    /// Values that are different there; empty keeps those that are.
    pub overrides: Map<String, Value>,
}

/// What shall change; everything else stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changes {
    /// Fields of the content.
    pub fields: Map<String, Value>,
    /// Description.
    pub description: Option<String>,
    /// Whether every Deployment of the Workspace gets it.
    pub auto_link: Option<bool>,
    /// Links that are made, or get other values; a Deployment that is linked is excluded no more.
    pub link: Vec<NewLink>,
    /// Deployments that are linked no more.
    pub unlink: Vec<String>,
    /// Deployments that are excluded; they are linked no more.
    pub exclude: Vec<String>,
}

/// Returns the body of the update that changes this and nothing else of an object.
#[must_use]
pub fn update_body(object: &Record, kind: ObjectType, changes: &Changes) -> Record {
    let mut content = object.value(kind.field).and_then(Value::as_object).cloned().unwrap_or_default();
    // An update has no place for it; for a secret, the empty value that was read means "as it is".
    content.remove("isSecret");
    // An answer holds the whole type of authentication, an update only its id.
    if let Some(id) = content.remove(AUTH_TYPE).as_ref().and_then(|it| it.get("id")) {
        content.insert(AUTH_TYPE_ID.to_owned(), id.clone());
    }
    content.extend(changes.fields.clone());
    let mut body = Record::default();
    body.set(kind.field, content);
    body.set("description", changes.description.clone().unwrap_or_else(|| object.text("description").to_owned()));
    if object.text("scope") == "WORKSPACE" {
        body.set("autoLinkDeployments", changes.auto_link.unwrap_or_else(|| object.flag("autoLinkDeployments")));
        body.set("links", links(object, kind, changes));
        body.set("excludeLinks", excluded(object, changes).iter().map(|id| place(id)).collect::<Vec<_>>());
    }
    body
}

fn links(object: &Record, kind: ObjectType, changes: &Changes) -> Vec<Value> {
    let gone = |id: &str| [&changes.unlink, &changes.exclude].iter().any(|list| list.iter().any(|gone| gone == id));
    let present = ids(object, "links");
    let kept = present.iter().filter(|id| !gone(id)).map(String::as_str);
    let new = changes.link.iter().map(|link| link.deployment_id.as_str()).filter(|id| !present.iter().any(|held| held == id));
    let spelt = kept.chain(new).map(|id| {
        let mut entry = place(id);
        let overrides = changes.link.iter().find(|link| link.deployment_id == id).map(|link| &link.overrides);
        // Overrides that are not sent stay.
        if let Some(overrides) = overrides.filter(|overrides| !overrides.is_empty()) {
            let mut of_kind = Map::new();
            of_kind.insert(kind.field.to_owned(), Value::Object(overrides.clone()));
            entry["overrides"] = Value::Object(of_kind);
        }
        entry
    });
    spelt.collect()
}

fn excluded(object: &Record, changes: &Changes) -> Vec<String> {
    let mut all = ids(object, "excludeLinks");
    all.retain(|id| !changes.link.iter().any(|link| link.deployment_id == *id));
    for id in &changes.exclude {
        if !all.contains(id) {
            all.push(id.clone());
        }
    }
    all
}

fn ids(object: &Record, list: &str) -> Vec<String> {
    object.records(list).iter().map(|entry| entry.text("scopeEntityId").to_owned()).collect()
}

fn place(id: &str) -> Value {
    json!({ "scope": "DEPLOYMENT", "scopeEntityId": id })
}

/// Returns the names of what an object does not hold as it was written. Hidden values cannot be compared.
#[must_use]
pub fn differing(now: &Record, kind: ObjectType, written: &Record) -> Vec<String> {
    let mut names = Vec::new();
    for (field, value) in written.value(kind.field).and_then(Value::as_object).into_iter().flatten() {
        let shown_as = if field == AUTH_TYPE_ID { &format!("{AUTH_TYPE}.id") } else { field };
        let held = now.value(&format!("{}.{shown_as}", kind.field));
        let is_secret = now.flag(&format!("{}.isSecret", kind.field)) && field == "value";
        if held.is_some_and(|held| held != value) && !is_secret {
            names.push(field.clone());
        }
    }
    for list in ["links", "excludeLinks"] {
        let (mut held, mut wanted) = (ids(now, list), ids(written, list));
        held.sort();
        wanted.sort();
        if written.value(list).is_some() && held != wanted {
            names.push(list.to_owned());
        }
    }
    if written.value("autoLinkDeployments").is_some() && now.flag("autoLinkDeployments") != written.flag("autoLinkDeployments") {
        names.push("autoLinkDeployments".to_owned());
    }
    if now.text("description") != written.text("description") {
        names.push("description".to_owned());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> Record {
        Record::of(json!({
            "id": "o", "objectKey": "db", "scope": "WORKSPACE", "scopeEntityId": "w", "description": "kept",
            "connection": {"type": "postgres", "host": "h", "port": 5432},
            "autoLinkDeployments": true, "setFields": ["password"],
            "links": [{"scope": "DEPLOYMENT", "scopeEntityId": "d1", "connectionOverrides": {"host": "other"}, "setFields": ["host"]}],
            "excludeLinks": [{"scope": "DEPLOYMENT", "scopeEntityId": "d2"}],
        }))
        .expect("an object")
    }

    #[test]
    fn an_update_echoes_what_it_does_not_name() {
        let fields = Map::from_iter([("host".to_owned(), json!("new"))]);
        let body = update_body(&object(), CONNECTION, &Changes { fields, ..Changes::default() });
        assert_eq!(
            body.into_value(),
            json!({
                "connection": {"type": "postgres", "host": "new", "port": 5432}, "description": "kept", "autoLinkDeployments": true,
                "links": [{"scope": "DEPLOYMENT", "scopeEntityId": "d1"}],
                "excludeLinks": [{"scope": "DEPLOYMENT", "scopeEntityId": "d2"}],
            })
        );
    }

    #[test]
    fn an_update_names_the_type_of_authentication_by_its_id() {
        let mut object = object();
        object.set("connection", json!({"type": "postgres", "connectionAuthType": {"id": "a1", "name": "Key"}}));
        let content = |fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            let body = update_body(&object, CONNECTION, &Changes { fields, ..Changes::default() });
            (body.value("connection").cloned().expect("a content"), differing(&object, CONNECTION, &body))
        };
        assert_eq!(content(&[]), (json!({"type": "postgres", "authTypeId": "a1"}), Vec::new()));
        let other = (json!({"type": "postgres", "authTypeId": "a2"}), vec!["authTypeId".to_owned()]);
        assert_eq!(content(&[("authTypeId", "a2")]), other);
    }

    #[test]
    fn links_and_exclusions_take_each_others_place() {
        let link = |id: &str, overrides: Value| NewLink {
            deployment_id: id.to_owned(),
            overrides: overrides.as_object().cloned().unwrap_or_default(),
        };
        let changes = Changes {
            link: vec![link("d2", json!({})), link("d3", json!({"host": "x"}))],
            exclude: vec!["d1".to_owned(), "d1".to_owned()],
            auto_link: Some(false),
            ..Changes::default()
        };
        let body = update_body(&object(), CONNECTION, &changes);
        assert_eq!(ids(&body, "links"), ["d2", "d3"]);
        assert_eq!(body.list("links")[1]["overrides"], json!({"connection": {"host": "x"}}));
        assert_eq!((ids(&body, "excludeLinks"), body.flag("autoLinkDeployments")), (vec!["d1".to_owned()], false));
    }

    #[test]
    fn a_deployments_own_object_has_no_links_and_a_secret_keeps_its_value() {
        let own = json!({
            "scope": "DEPLOYMENT", "description": "", "environmentVariable": {"value": "", "isSecret": true},
        });
        let own = Record::of(own).expect("an object");
        let body = update_body(&own, ENVIRONMENT_VARIABLE, &Changes::default());
        assert_eq!(body.into_value(), json!({"environmentVariable": {"value": ""}, "description": ""}));
    }

    #[test]
    fn fields_are_read_in_their_form_and_never_shown() {
        assert_eq!(CONNECTION.value("port", "5432").expect("a number"), json!(5432));
        assert_eq!(CONNECTION.value("extra", "{\"a\":1}").expect("an object"), json!({"a": 1}));
        for (field, text, said) in
            [("port", "hush", "a whole number"), ("extra", "hush", "a JSON object"), ("hots", "hush", "did you mean `host`?")]
        {
            let error = CONNECTION.value(field, text).expect_err("an error").to_string();
            assert!(error.contains(said) && !error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn what_was_written_is_compared_where_it_is_shown() {
        let changes = Changes { fields: Map::from_iter([("password".to_owned(), json!("hush"))]), ..Changes::default() };
        let written = update_body(&object(), CONNECTION, &changes);
        assert_eq!(differing(&object(), CONNECTION, &written), Vec::<String>::new());
        let mut lost = object();
        lost.set("links", json!([]));
        lost.set("autoLinkDeployments", false);
        lost.set("connection", json!({"type": "postgres", "host": "else"}));
        assert_eq!(differing(&lost, CONNECTION, &written), ["host", "links", "autoLinkDeployments"]);
    }
}
