//! What somebody wants a connection, a variable or a pool of an Airflow to be: the values that they named, and no others.
//! It knows neither where it was written nor what is there.

use crate::model::airflow::{Connection, Extra, Field, Object, ObjectKind, Password, Pool, Spelling, Variable};
use crate::model::secret::Secret;

/// What an object is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The values; what nobody named is empty.
    pub object: Object,
    /// The fields that were named, in the order of `Field`, each once.
    pub named: Vec<Field>,
    /// A connection's password, when one was named.
    pub password: Option<Secret>,
}

impl Draft {
    /// Returns an object of this kind and name of which nothing is named.
    #[must_use]
    pub fn new(kind: ObjectKind, name: &str) -> Self {
        let name = name.to_owned();
        let object = match kind {
            ObjectKind::Connection => Object::Connection(Connection {
                id: name,
                conn_type: String::new(),
                description: None,
                host: None,
                login: None,
                schema: None,
                port: None,
                password: Password::Unknown,
                extra: Extra::Absent,
            }),
            ObjectKind::Variable => {
                Object::Variable(Variable { key: name, value: Secret::new(""), description: None, spelling: Spelling::Stored })
            }
            ObjectKind::Pool => Object::Pool(Pool { name, slots: 0, description: None, include_deferred: false }),
        };
        Self { object, named: Vec::new(), password: None }
    }

    /// Names a field with a text; a text that is not there names nothing.
    pub fn text(&mut self, field: Field, text: Option<String>) {
        let Some(text) = text else { return };
        match (&mut self.object, field) {
            (Object::Connection(connection), Field::ConnType) => connection.conn_type = text,
            (Object::Connection(connection), Field::Description) => connection.description = Some(text),
            (Object::Connection(connection), Field::Host) => connection.host = Some(text),
            (Object::Connection(connection), Field::Login) => connection.login = Some(text),
            (Object::Connection(connection), Field::Schema) => connection.schema = Some(text),
            (Object::Connection(connection), Field::Extra) => {
                connection.extra = if text.is_empty() { Extra::Absent } else { Extra::Text(Secret::new(text)) };
            }
            (Object::Variable(variable), Field::Value) => variable.value = Secret::new(text),
            (Object::Variable(variable), Field::Description) => variable.description = Some(text),
            (Object::Pool(pool), Field::Description) => pool.description = Some(text),
            _ => return,
        }
        self.name(field);
    }

    /// Names a field with a whole number; one that is not there names nothing.
    pub fn number(&mut self, field: Field, number: Option<i64>) {
        let Some(number) = number else { return };
        match (&mut self.object, field) {
            (Object::Connection(connection), Field::Port) => connection.port = Some(number),
            (Object::Pool(pool), Field::Slots) => pool.slots = number,
            _ => return,
        }
        self.name(field);
    }

    /// Names whether a pool counts deferred tasks.
    pub fn include_deferred(&mut self, counts: Option<bool>) {
        let (Some(counts), Object::Pool(pool)) = (counts, &mut self.object) else { return };
        pool.include_deferred = counts;
        self.name(Field::IncludeDeferred);
    }

    fn name(&mut self, field: Field) {
        if let Err(place) = self.named.binary_search(&field) {
            self.named.insert(place, field);
        }
    }

    /// Returns whether a field was named.
    #[must_use]
    pub fn names(&self, field: Field) -> bool {
        self.named.contains(&field)
    }

    /// Returns what a new object lacks: the field that Airflow wants of every one of its kind.
    #[must_use]
    pub fn lacks(&self) -> Option<Field> {
        let wanted = match self.object.kind() {
            ObjectKind::Connection => Field::ConnType,
            ObjectKind::Variable => Field::Value,
            ObjectKind::Pool => Field::Slots,
        };
        (!self.names(wanted)).then_some(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_counts() {
        let mut draft = Draft::new(ObjectKind::Connection, "c");
        assert_eq!(draft.lacks(), Some(Field::ConnType));
        draft.text(Field::Host, Some(String::new()));
        draft.text(Field::ConnType, Some("http".to_owned()));
        draft.text(Field::Login, None);
        draft.text(Field::Value, Some("no field of a connection".to_owned()));
        draft.number(Field::Port, Some(1));
        draft.number(Field::Port, Some(2));
        draft.include_deferred(Some(true));
        assert_eq!((draft.named.as_slice(), draft.lacks()), (&[Field::ConnType, Field::Host, Field::Port][..], None));
        let Object::Connection(connection) = &draft.object else { panic!("a connection") };
        assert_eq!((connection.port, connection.host.as_deref(), &connection.login), (Some(2), Some(""), &None));
        let mut pool = Draft::new(ObjectKind::Pool, "p");
        pool.include_deferred(Some(false));
        assert_eq!((pool.named.as_slice(), pool.lacks()), (&[Field::IncludeDeferred][..], Some(Field::Slots)));
    }
}
