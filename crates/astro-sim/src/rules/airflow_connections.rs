//! Connections of an Airflow: making, changing and deleting them, as the sources of Airflow 2.11 and 3.1 do.
//! It must not know how they are shown.

use serde_json::Value;

use crate::refusal::Refusal;
use crate::rules::airflow::Api;
use crate::rules::airflow_secrets as secrets;
use crate::rules::airflow_write::{Holds, Write, Written};
use crate::rules::fields::{self, Body};
use crate::world::airflow::{Airflow, Connection};

/// Fields of a body.
const FIELDS: [(&str, Holds); 9] = [
    ("connection_id", Holds::Text),
    ("conn_type", Holds::Text),
    ("description", Holds::TextOrNull),
    ("host", Holds::TextOrNull),
    ("login", Holds::TextOrNull),
    ("schema", Holds::TextOrNull),
    ("port", Holds::NumberOrNull),
    ("password", Holds::Secret),
    ("extra", Holds::TextOrNull),
];
/// Fields that a new connection must have; version 2 wants them of a change as well.
const REQUIRED: [&str; 2] = ["connection_id", "conn_type"];
/// Longest name.
const MAX_ID: usize = 200;

/// Returns a connection.
pub fn find<'a>(airflow: &'a Airflow, id: &str) -> Result<&'a Connection, Refusal> {
    airflow.connections.iter().find(|connection| connection.id == id).ok_or_else(|| missing(id))
}

/// Creates a connection.
pub fn create(airflow: &mut Airflow, write: &Write<'_>) -> Result<Written<Connection>, Refusal> {
    write.check(&FIELDS, &REQUIRED)?;
    let id = fields::text(write.body, "connection_id").unwrap_or_default();
    let plain = |letter: char| letter.is_alphanumeric() || "_.-".contains(letter);
    if id.is_empty() || id.chars().count() > MAX_ID || !id.chars().all(plain) {
        return Err(write
            .api
            .malformed(format!("The key {id:?} has to be made of letters, digits, dashes, dots and underscores")));
    }
    if find(airflow, &id).is_ok() {
        return Err(Refusal::new(409, "CONFLICT", format!("Connection already exist. ID: {id}")));
    }
    let mut connection = Connection::named(&id, "");
    let sent: Vec<String> = write.body.keys().cloned().collect();
    let damage = damage(&connection, write.body, &sent);
    apply(&mut connection, write, &sent)?;
    connection.password = fields::filled(write.body, "password");
    airflow.connections.push(connection.clone());
    Ok(Written { item: connection, damage })
}

/// Changes a connection. Fields that are not sent stay in both versions; an empty password is ignored by both.
pub fn update(airflow: &mut Airflow, id: &str, write: &Write<'_>) -> Result<Written<Connection>, Refusal> {
    let required: &[&str] = if write.api == Api::V2 { &REQUIRED } else { &[] };
    write.check(&FIELDS, required)?;
    let renames = fields::filled(write.body, "connection_id").is_some_and(|sent| sent != id);
    if renames && write.api == Api::V2 {
        return Err(Refusal::invalid("The connection_id in the request body does not match the URL parameter"));
    }
    let stored = airflow.connections.iter_mut().find(|connection| connection.id == id).ok_or_else(|| missing(id))?;
    if renames {
        return Err(Refusal::invalid("The connection_id cannot be updated."));
    }
    let mut changed = write.fields(&["connection_id"])?;
    // Version 2 takes an `extra` of the mask that the body lacks for null.
    if write.api == Api::V2 && write.mask.iter().any(|field| field == "extra") && !write.body.contains_key("extra") {
        changed.push("extra".into());
    }
    let damage = damage(stored, write.body, &changed);
    apply(stored, write, &changed)?;
    Ok(Written { item: stored.clone(), damage })
}

/// Deletes a connection.
pub fn delete(airflow: &mut Airflow, id: &str) -> Result<(), Refusal> {
    find(airflow, id)?;
    airflow.connections.retain(|connection| connection.id != id);
    Ok(())
}

fn missing(id: &str) -> Refusal {
    Refusal::new(404, "NOT_FOUND", format!("The Connection with connection_id: `{id}` was not found"))
}

fn apply(connection: &mut Connection, write: &Write<'_>, changed: &[String]) -> Result<(), Refusal> {
    let extra = new_extra(connection, write)?;
    for field in changed {
        let text = fields::text(write.body, field);
        match field.as_str() {
            "conn_type" => connection.conn_type = text.unwrap_or_default(),
            "description" => connection.description = text,
            "host" => connection.host = text,
            "schema" => connection.schema = text,
            "login" => connection.login = text,
            "port" => connection.port = write.body.get("port").and_then(Value::as_i64),
            "extra" => connection.extra.clone_from(&extra),
            "password" => {
                let means_stored = |text: &String| text.is_empty() || (write.api == Api::V2 && text == secrets::MASK);
                if let Some(text) = text.filter(|text| !means_stored(text)) {
                    connection.password = Some(text);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Returns the `extra` that a write leaves. Version 1 stores what is sent; version 2 wants a JSON object, takes an empty
/// text for an empty object and puts stored secrets where the mask is.
fn new_extra(connection: &Connection, write: &Write<'_>) -> Result<Option<String>, Refusal> {
    let Some(text) = fields::text(write.body, "extra") else { return Ok(None) };
    if write.api == Api::V1 {
        return Ok(Some(text));
    }
    let text = if text.is_empty() { "{}".to_owned() } else { text };
    let sent = serde_json::from_str::<Value>(&text).ok().filter(Value::is_object);
    let sent = sent.ok_or_else(|| write.api.malformed("The `extra` field must be a valid JSON object"))?;
    let stored = connection.extra.as_deref().and_then(|stored| serde_json::from_str(stored).ok());
    Ok(Some(stored.map_or(text, |stored| secrets::merge(&sent, &stored).to_string())))
}

/// Returns which secret a write harms: the mask instead of a secret, or nothing over one. Real Airflow is lucky with
/// some of these; who sends them never knows.
fn damage(stored: &Connection, body: &Body, changed: &[String]) -> Option<String> {
    let secret = [("password", &stored.password), ("extra", &stored.extra)];
    let harmed = secret.into_iter().filter(|(field, _)| changed.iter().any(|changed| changed == field));
    let mut words = harmed.filter_map(|(field, stored)| {
        let sent = fields::text(body, field)?;
        let filled = stored.as_deref().is_some_and(|stored| !stored.is_empty());
        match sent.as_str() {
            "" if filled => Some(format!("{field} is overwritten with nothing")),
            sent if secrets::holds_mask(sent) => Some(format!("{field} is written as the mask")),
            _ => None,
        }
    });
    words.next().map(|what| format!("connection {}: {what}", stored.id))
}
