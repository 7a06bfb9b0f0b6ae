//! Decides what makes the objects of an Airflow what somebody wants them to be: a pure function of both.
//! It never plans to send a mask, nor to change what was not named.

use std::collections::BTreeSet;

use crate::airflow::address::is_segment;
use crate::model::airflow::{Connection, DEFAULT_POOL, Extra, Field, Object};
use crate::model::airflow_draft::Draft;
use crate::preview::left::Why;
use crate::preview::mask::{is_masked, is_same};

/// Whether objects that the target has and nobody named stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// They stay.
    Stay,
    /// They are deleted, but for the pool that every Airflow has.
    Go,
}

/// What is done with one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// It is created so.
    Create(Draft),
    /// These fields of it get the draft's values, and its password, if the draft has one.
    Change(Draft, Vec<Field>),
    /// Nothing differs.
    Same,
    /// It is deleted.
    Delete,
    /// It is left alone; `why` says why.
    Leave,
    /// It would be new and lacks this field.
    Lacks(Field),
}

/// What is done with the object of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The name.
    pub name: String,
    /// What is done.
    pub act: Act,
    /// What of it is not.
    pub why: Vec<Why>,
}

/// Plans the objects of one kind. What a name says last counts.
#[must_use]
pub fn rows(drafts: &[Draft], there: &[Object], others: Others) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut seen = BTreeSet::new();
    for draft in drafts.iter().rev() {
        let name = draft.object.name();
        if seen.insert(name.to_owned()) {
            rows.push(row(draft, there.iter().find(|object| object.name() == name)));
        }
    }
    rows.reverse();
    let surplus = there.iter().filter(|object| others == Others::Go && !seen.contains(object.name()));
    let deletable = surplus.filter(|object| !matches!(object, Object::Pool(pool) if pool.name == DEFAULT_POOL));
    rows.extend(deletable.map(|object| Row { name: object.name().to_owned(), act: Act::Delete, why: Vec::new() }));
    rows
}

fn row(draft: &Draft, there: Option<&Object>) -> Row {
    let name = draft.object.name().to_owned();
    if !is_segment(&name) {
        return Row { name, act: Act::Leave, why: vec![Why::Name] };
    }
    let (draft, why) = unmasked(draft);
    let is_default = name == DEFAULT_POOL && matches!(draft.object, Object::Pool(_));
    let act = match (there, draft.lacks()) {
        (Some(there), _) => changed(&draft, there),
        // It is in every Airflow, also where a list does not show it; nobody may change its description.
        (None, _) if is_default => {
            let fields = draft.named.iter().copied().filter(|field| *field != Field::Description).collect();
            Act::Change(draft, fields)
        }
        (None, Some(_)) if !why.is_empty() => Act::Leave,
        (None, Some(field)) => Act::Lacks(field),
        (None, None) => Act::Create(draft),
    };
    Row { name, act, why }
}

/// Returns the draft without what is masked in it, and what that is.
fn unmasked(draft: &Draft) -> (Draft, Vec<Why>) {
    let mut draft = draft.clone();
    let masked: Vec<Field> = draft.named.iter().copied().filter(|field| is_hidden(&draft.object, *field)).collect();
    draft.named.retain(|field| !masked.contains(field));
    let mut why: Vec<Why> = masked.iter().map(|field| Why::Masked(field.name())).collect();
    if draft.password.as_ref().is_some_and(|password| is_masked(password.expose())) {
        draft.password = None;
        why.push(Why::Masked("password"));
    }
    (draft, why)
}

fn is_hidden(object: &Object, field: Field) -> bool {
    match (object, field) {
        (Object::Connection(Connection { extra: Extra::Text(text), .. }), Field::Extra) => is_masked(text.expose()),
        (Object::Connection(connection), Field::Host | Field::Login | Field::Schema) => {
            text(connection, field).is_some_and(is_masked)
        }
        (Object::Variable(variable), Field::Value) => is_masked(variable.value.expose()),
        _ => false,
    }
}

fn text(connection: &Connection, field: Field) -> Option<&str> {
    match field {
        Field::Description => connection.description.as_deref(),
        Field::Host => connection.host.as_deref(),
        Field::Login => connection.login.as_deref(),
        Field::Schema => connection.schema.as_deref(),
        _ => None,
    }
}

fn changed(draft: &Draft, there: &Object) -> Act {
    let fields: Vec<Field> = draft.named.iter().copied().filter(|field| differs(&draft.object, there, *field)).collect();
    if fields.is_empty() && draft.password.is_none() {
        return Act::Same;
    }
    Act::Change(completed(draft, there), fields)
}

fn differs(draft: &Object, there: &Object, field: Field) -> bool {
    match (draft, there) {
        (Object::Connection(draft), Object::Connection(there)) => match field {
            Field::ConnType => draft.conn_type != there.conn_type,
            Field::Port => draft.port != there.port,
            Field::Extra => differ(&draft.extra, &there.extra),
            // Airflow keeps an empty text and none apart, and nobody else does.
            _ => text(draft, field).unwrap_or_default() != text(there, field).unwrap_or_default(),
        },
        (Object::Variable(draft), Object::Variable(there)) => match field {
            Field::Value => !is_same(draft.value.expose(), there.value.expose()),
            _ => draft.description.as_deref().unwrap_or_default() != there.description.as_deref().unwrap_or_default(),
        },
        (Object::Pool(draft), Object::Pool(there)) => match field {
            Field::Slots => draft.slots != there.slots,
            Field::IncludeDeferred => draft.include_deferred != there.include_deferred,
            _ if there.name == DEFAULT_POOL => false,
            _ => draft.description.as_deref().unwrap_or_default() != there.description.as_deref().unwrap_or_default(),
        },
        _ => false,
    }
}

fn differ(draft: &Extra, there: &Extra) -> bool {
    let text = |extra: &Extra| match extra {
        Extra::Text(text) => text.expose().to_owned(),
        Extra::Absent | Extra::Unknown => String::new(),
    };
    let nothing = |text: &str| text.is_empty() || is_same(text, "{}");
    let (ours, theirs) = (text(draft), text(there));
    match there {
        Extra::Unknown => true,
        _ if nothing(&ours) && nothing(&theirs) => false,
        _ => !is_same(&ours, &theirs),
    }
}

/// Fills what Airflow wants in every change, whatever the change is about, with what is there.
fn completed(draft: &Draft, there: &Object) -> Draft {
    let mut whole = draft.clone();
    match (&mut whole.object, there) {
        (Object::Connection(connection), Object::Connection(there)) if !draft.names(Field::ConnType) => {
            connection.conn_type.clone_from(&there.conn_type);
        }
        (Object::Variable(variable), Object::Variable(there)) if !draft.names(Field::Value) => {
            variable.value = there.value.clone();
        }
        _ => {}
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::airflow::{ObjectKind, Password, Spelling, Variable};
    use crate::model::secret::Secret;

    fn told(rows: &[Row]) -> Vec<String> {
        let names = |fields: &[Field]| fields.iter().map(|field| field.name()).collect::<Vec<_>>().join(",");
        let one = |row: &Row| {
            let act = match &row.act {
                Act::Create(_) => "create".to_owned(),
                Act::Change(draft, fields) => {
                    format!("change {}{}", names(fields), if draft.password.is_some() { "+password" } else { "" })
                }
                Act::Same => "same".to_owned(),
                Act::Delete => "delete".to_owned(),
                Act::Leave => "leave".to_owned(),
                Act::Lacks(field) => format!("lacks {}", field.name()),
            };
            let why: Vec<String> = row.why.iter().map(ToString::to_string).collect();
            format!("{} {act}{}{}", row.name, if why.is_empty() { "" } else { "; " }, why.join("; "))
        };
        rows.iter().map(one).collect()
    }

    fn connection(id: &str, fields: &[(Field, &str)]) -> Draft {
        let mut draft = Draft::new(ObjectKind::Connection, id);
        fields.iter().for_each(|(field, text)| draft.text(*field, Some((*text).to_owned())));
        draft
    }

    fn variable(key: &str, value: &str) -> Draft {
        let mut draft = Draft::new(ObjectKind::Variable, key);
        draft.text(Field::Value, Some(value.to_owned()));
        draft
    }

    fn pool(name: &str, slots: i64) -> Draft {
        let mut draft = Draft::new(ObjectKind::Pool, name);
        draft.number(Field::Slots, Some(slots));
        draft
    }

    #[test]
    fn only_named_fields_that_differ_are_changed() {
        let there = Object::Connection(Connection {
            id: "c".to_owned(),
            conn_type: "http".to_owned(),
            description: None,
            host: Some("h".to_owned()),
            login: None,
            schema: None,
            port: None,
            password: Password::Present,
            extra: Extra::Text(Secret::new(r#"{"a":1}"#)),
        });
        let secret = |draft: Draft| Draft { password: Some(Secret::new("hush")), ..draft };
        for (draft, expected) in [
            (connection("c", &[(Field::ConnType, "http"), (Field::Host, "h"), (Field::Login, "")]), "c same"),
            (connection("c", &[(Field::Host, "other"), (Field::Extra, "{\"a\": 1}")]), "c change host"),
            (connection("c", &[(Field::Extra, "{\"a\": 2}")]), "c change extra"),
            (connection("c", &[(Field::Extra, "")]), "c change extra"),
            (secret(connection("c", &[])), "c change +password"),
            (connection("c", &[(Field::Host, "***")]), "c same; its host, which Airflow masks"),
            (Draft { password: Some(Secret::new("***")), ..connection("c", &[]) }, "c same; its password, which Airflow masks"),
            (connection("d", &[(Field::ConnType, "ftp")]), "d create"),
            (connection("d", &[(Field::Host, "h")]), "d lacks conn_type"),
            (connection("..", &[]), ".. leave; no address can hold its name"),
        ] {
            assert_eq!(told(&rows(&[draft], std::slice::from_ref(&there), Others::Stay)), [expected]);
        }
        let only_host = rows(&[connection("c", &[(Field::Host, "other")])], &[there], Others::Stay);
        let [Row { act: Act::Change(draft, _), .. }] = only_host.as_slice() else { panic!("a change") };
        assert!(matches!(&draft.object, Object::Connection(connection) if connection.conn_type == "http"));
    }

    #[test]
    fn what_nobody_named_stays_unless_it_is_to_go() {
        let there: Vec<Object> = [pool("p", 1), pool(DEFAULT_POOL, 128), pool("q", 1)].map(|draft| draft.object).into();
        let drafts = [pool("p", 1), pool("p", 2), pool("new", 0)];
        assert_eq!(told(&rows(&drafts, &there, Others::Stay)), ["p change slots", "new create"]);
        assert_eq!(told(&rows(&drafts, &there, Others::Go)), ["p change slots", "new create", "q delete"]);
        assert_eq!(told(&rows(&[pool(DEFAULT_POOL, 5)], &[], Others::Go)), ["default_pool change slots"]);
    }

    #[test]
    fn a_mask_is_never_a_value() {
        let there = |value: &str| {
            let (key, value) = ("v".to_owned(), Secret::new(value));
            Object::Variable(Variable { key, value, description: Some("d".to_owned()), spelling: Spelling::Rewritten })
        };
        let masked = "its value, which Airflow masks";
        assert_eq!(told(&rows(&[variable("v", "***")], &[there("x")], Others::Stay)), [format!("v same; {masked}")]);
        assert_eq!(told(&rows(&[variable("v", "***")], &[], Others::Stay)), [format!("v leave; {masked}")]);
        assert_eq!(told(&rows(&[variable("v", "new")], &[there("***")], Others::Stay)), ["v change value"]);
        assert_eq!(told(&rows(&[variable("v", "{\"a\": 1}")], &[there("{\"a\":1}")], Others::Stay)), ["v same"]);
        let mut described = Draft::new(ObjectKind::Variable, "v");
        described.text(Field::Description, Some("other".to_owned()));
        let rows = rows(&[described], &[there("kept")], Others::Stay);
        let [Row { act: Act::Change(draft, fields), .. }] = rows.as_slice() else { panic!("a change") };
        assert!(matches!(&draft.object, Object::Variable(variable) if variable.value.expose() == "kept"));
        assert_eq!(fields, &[Field::Description]);
    }
}
