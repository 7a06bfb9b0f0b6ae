//! Decides which connections, variables and pools of one Airflow another one gets: a pure function of both lists.
//! It never plans to send a value that did not come in clear, to change what holds secrets, or to delete.

use std::collections::{BTreeMap, BTreeSet};

use crate::airflow::address::is_segment;
use crate::model::airflow::{Connection, DEFAULT_POOL, Extra, Field, Object, ObjectKind, Password, Pool, Spelling, Variable};
use crate::model::secret::Secret;
use crate::model::wildcard::Wildcard;
use crate::preview::left::{Left, Why};
use crate::preview::mask::{Path, Shown, has, is_masked, is_same, shown};

/// Whether objects of a kind are copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wish {
    /// They are copied.
    Copy,
    /// They are left alone.
    #[default]
    Leave,
}

/// What is to be copied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wishes {
    /// Connections.
    pub connections: Wish,
    /// Variables.
    pub variables: Wish,
    /// Pools.
    pub pools: Wish,
    /// What Astro's Environment Manager delivers to the target. It is not copied, and said so.
    pub managed: BTreeSet<(ObjectKind, String)>,
    /// Only names that fit one of these are copied; empty for all.
    pub only: Vec<Wildcard>,
}

impl Wishes {
    /// Returns the wish about a kind.
    #[must_use]
    pub const fn about(&self, kind: ObjectKind) -> Wish {
        match kind {
            ObjectKind::Connection => self.connections,
            ObjectKind::Variable => self.variables,
            ObjectKind::Pool => self.pools,
        }
    }
}

/// Numbers of objects by their kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Connections.
    pub connections: usize,
    /// Variables.
    pub variables: usize,
    /// Pools.
    pub pools: usize,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, kind: ObjectKind) {
        match kind {
            ObjectKind::Connection => self.connections += 1,
            ObjectKind::Variable => self.variables += 1,
            ObjectKind::Pool => self.pools += 1,
        }
    }

    /// Returns the number of all together.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.connections + self.variables + self.pools
    }
}

/// A change of an object that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The new values.
    pub object: Object,
    /// The fields to change; at least one.
    pub fields: Vec<Field>,
}

/// What a copy will do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CopyPlan {
    /// Objects to create, with nothing in them but what is clear.
    pub create: Vec<Object>,
    /// Objects to change.
    pub update: Vec<Change>,
    /// Objects in which nothing differs that is clear.
    pub unchanged: Counts,
    /// What will not be copied, sorted.
    pub left: Vec<Left>,
}

/// What is to be done with one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It is created so.
    Create(Object),
    /// It is changed so.
    Change(Change),
    /// Nothing that is clear differs.
    Same,
    /// It is not copied at all.
    Leave,
}

/// Plans a copy. Objects of the target that the source lacks stay as they are.
#[must_use]
pub fn copy_plan(source: &[Object], target: &[Object], wishes: &Wishes) -> CopyPlan {
    let known: BTreeMap<(ObjectKind, &str), &Object> = by_name(target);
    let mut plan = CopyPlan::default();
    for ((kind, name), object) in by_name(source) {
        let fits = wishes.only.is_empty() || wishes.only.iter().any(|only| only.fits(name));
        if wishes.about(kind) == Wish::Leave || !fits {
            continue;
        }
        let (step, why) = if !is_segment(name) {
            (Step::Leave, vec![Why::Name])
        } else if wishes.managed.contains(&(kind, name.to_owned())) {
            (Step::Leave, vec![Why::Managed])
        } else {
            step(object, known.get(&(kind, name)).copied())
        };
        match step {
            Step::Create(object) => plan.create.push(object),
            Step::Change(change) => plan.update.push(change),
            Step::Same => plan.unchanged.add(kind),
            Step::Leave => {}
        }
        if !why.is_empty() {
            plan.left.push(Left { kind, name: Some(name.to_owned()), why });
        }
    }
    plan
}

/// A list that changes while it is read may name something twice.
fn by_name(objects: &[Object]) -> BTreeMap<(ObjectKind, &str), &Object> {
    objects.iter().map(|object| ((object.kind(), object.name()), object)).collect()
}

/// Plans what is done with one object, and what of it is left, for a target that has such an object or not.
#[must_use]
pub fn step(source: &Object, target: Option<&Object>) -> (Step, Vec<Why>) {
    match (source, target) {
        (Object::Connection(source), Some(Object::Connection(target))) => changed_connection(source, target),
        (Object::Connection(source), _) => new_connection(source),
        (Object::Variable(source), Some(Object::Variable(target))) => changed_variable(source, target),
        (Object::Variable(source), _) => new_variable(source),
        (Object::Pool(source), Some(Object::Pool(target))) => (changed_pool(source, target), Vec::new()),
        // It is in every Airflow, also where a list does not show it.
        (Object::Pool(source), _) if source.name == DEFAULT_POOL => {
            let fields = vec![Field::Slots, Field::IncludeDeferred];
            (Step::Change(Change { object: Object::Pool(source.clone()), fields }), Vec::new())
        }
        (Object::Pool(source), _) => (Step::Create(Object::Pool(source.clone())), Vec::new()),
    }
}

fn changed(object: Object, fields: Vec<Field>) -> Step {
    if fields.is_empty() { Step::Same } else { Step::Change(Change { object, fields }) }
}

type TextOf = fn(&mut Connection) -> &mut Option<String>;

/// A connection's fields that are texts, and may be null.
const TEXTS: [(Field, TextOf); 4] = [
    (Field::Description, |connection| &mut connection.description),
    (Field::Host, |connection| &mut connection.host),
    (Field::Login, |connection| &mut connection.login),
    (Field::Schema, |connection| &mut connection.schema),
];

fn new_connection(source: &Connection) -> (Step, Vec<Why>) {
    let mut draft = source.clone();
    let mut why = Vec::new();
    for (field, text) in TEXTS {
        let text = text(&mut draft);
        if text.as_deref().is_some_and(is_masked) {
            *text = None;
            why.push(Why::Masked(field.name()));
        }
    }
    match source.password {
        Password::Present => why.push(Why::Password),
        Password::Unknown => why.push(Why::PerhapsPassword),
        Password::Absent => {}
    }
    let (extra, missing) = new_extra(&source.extra);
    draft.extra = extra;
    why.extend(missing);
    (Step::Create(Object::Connection(draft)), why)
}

fn new_extra(source: &Extra) -> (Extra, Option<Why>) {
    let text = match source {
        Extra::Absent => return (Extra::Absent, None),
        Extra::Unknown => return (Extra::Absent, Some(Why::Extra)),
        Extra::Text(text) => text,
    };
    match shown(text.expose()) {
        Shown::Hidden => (Extra::Absent, Some(Why::Extra)),
        Shown::Object { clear, masked } if !masked.is_empty() => {
            let extra = if clear.is_empty() {
                Extra::Absent
            } else {
                Extra::Text(Secret::new(serde_json::Value::Object(clear).to_string()))
            };
            (extra, Some(keys(&masked)))
        }
        // As it was written.
        Shown::Object { .. } | Shown::Text => (source.clone(), None),
    }
}

fn changed_connection(source: &Connection, target: &Connection) -> (Step, Vec<Why>) {
    let (mut draft, mut target_texts) = (source.clone(), target.clone());
    let (mut fields, mut why) = (Vec::new(), Vec::new());
    if source.conn_type != target.conn_type {
        fields.push(Field::ConnType);
    }
    for (field, text) in TEXTS {
        let (ours, theirs) = (&*text(&mut draft), &*text(&mut target_texts));
        match ours {
            Some(ours) if is_masked(ours) => {
                if theirs.is_none() {
                    why.push(Why::Masked(field.name()));
                }
            }
            _ if field == Field::Description && is_same_description(ours.as_deref(), theirs.as_deref()) => {}
            _ if ours == theirs => {}
            _ => fields.push(field),
        }
    }
    if source.port != target.port {
        fields.push(Field::Port);
    }
    match (source.password, target.password) {
        (Password::Absent, _) | (_, Password::Present) => {}
        (Password::Present, Password::Absent) => why.push(Why::Password),
        _ => why.push(Why::PerhapsPassword),
    }
    let (extra, missing) = changed_extra(&source.extra, &target.extra);
    if let Some(extra) = extra {
        draft.extra = extra;
        fields.push(Field::Extra);
    }
    why.extend(missing);
    (changed(Object::Connection(draft), fields), why)
}

/// Returns the extra that the target gets, if it gets one, and what it lacks then.
fn changed_extra(source: &Extra, target: &Extra) -> (Option<Extra>, Option<Why>) {
    let text = |extra: &Extra| match extra {
        Extra::Absent => Some(String::new()),
        Extra::Text(text) => Some(text.expose().to_owned()),
        Extra::Unknown => None,
    };
    let Some(ours) = text(source) else { return (None, Some(Why::Extra)) };
    let Some(theirs) = text(target) else { return (None, (!ours.is_empty()).then_some(Why::TargetExtra)) };
    if is_same(&ours, &theirs) {
        return (None, None);
    }
    match (shown(&ours), shown(&theirs)) {
        (Shown::Object { clear, masked }, Shown::Object { clear: other, masked: hidden }) if clear == other => {
            let missing: Vec<Path> = masked.into_iter().filter(|path| !hidden.contains(path) && !has(&other, path)).collect();
            (None, (!missing.is_empty()).then(|| keys(&missing)))
        }
        (_, Shown::Hidden) => (None, Some(Why::TargetExtra)),
        (_, Shown::Object { masked, .. }) if !masked.is_empty() => (None, Some(Why::TargetExtra)),
        // Where we see nothing the target may have been given its own by hand.
        (Shown::Object { masked, .. }, Shown::Object { clear: other, .. }) if masked.iter().any(|path| has(&other, path)) => {
            (None, Some(Why::TargetExtra))
        }
        (Shown::Hidden, _) => (None, Some(Why::Extra)),
        _ => {
            let (extra, missing) = new_extra(source);
            (Some(extra), missing)
        }
    }
}

fn keys(paths: &[Path]) -> Why {
    Why::ExtraKeys(paths.iter().map(|path| path.join(".")).collect())
}

fn new_variable(source: &Variable) -> (Step, Vec<Why>) {
    if is_masked(source.value.expose()) {
        return (Step::Leave, vec![Why::SecretValue]);
    }
    let mut draft = source.clone();
    let mut why = spelling(source);
    if draft.description.as_deref().is_some_and(is_masked) {
        draft.description = None;
        why.push(Why::Masked(Field::Description.name()));
    }
    (Step::Create(Object::Variable(draft)), why)
}

fn changed_variable(source: &Variable, target: &Variable) -> (Step, Vec<Why>) {
    let (ours, theirs) = (source.value.expose(), target.value.expose());
    if is_masked(ours) {
        return (Step::Same, Vec::new());
    }
    let (mut fields, mut why) = (Vec::new(), Vec::new());
    if !is_same(ours, theirs) {
        if is_masked(theirs) {
            return (Step::Leave, vec![Why::TargetValue]);
        }
        fields.push(Field::Value);
        why = spelling(source);
    }
    let description = source.description.as_deref();
    if !description.is_some_and(is_masked) && !is_same_description(description, target.description.as_deref()) {
        fields.push(Field::Description);
    }
    (changed(Object::Variable(source.clone()), fields), why)
}

/// A number that is no whole number may have been stored with other digits.
fn spelling(source: &Variable) -> Vec<Why> {
    let number = serde_json::from_str::<serde_json::Number>(source.value.expose());
    let is_fraction = number.is_ok_and(|number| !number.is_i64() && !number.is_u64());
    if is_fraction && source.spelling == Spelling::Rewritten { vec![Why::Spelling] } else { Vec::new() }
}

/// Airflow 2 stores no null description of a variable.
fn is_same_description(one: Option<&str>, other: Option<&str>) -> bool {
    one.unwrap_or_default() == other.unwrap_or_default()
}

fn changed_pool(source: &Pool, target: &Pool) -> Step {
    let mut fields = Vec::new();
    if source.slots != target.slots {
        fields.push(Field::Slots);
    }
    let same = is_same_description(source.description.as_deref(), target.description.as_deref());
    // Airflow refuses any other change of the default pool.
    if !same && source.name != DEFAULT_POOL {
        fields.push(Field::Description);
    }
    if source.include_deferred != target.include_deferred {
        fields.push(Field::IncludeDeferred);
    }
    changed(Object::Pool(source.clone()), fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(id: &str, extra: &str, password: Password) -> Connection {
        let extra = match extra {
            "" => Extra::Absent,
            "?" => Extra::Unknown,
            text => Extra::Text(Secret::new(text)),
        };
        Connection {
            id: id.to_owned(),
            conn_type: "http".to_owned(),
            description: None,
            host: Some("h".to_owned()),
            login: None,
            schema: None,
            port: None,
            password,
            extra,
        }
    }

    fn with_extra(extra: &str) -> Object {
        Object::Connection(connection("c", extra, Password::Absent))
    }

    fn variable(key: &str, value: &str) -> Object {
        let (key, value) = (key.to_owned(), Secret::new(value));
        Object::Variable(Variable { key, value, description: None, spelling: Spelling::Rewritten })
    }

    fn pool(name: &str, slots: i64) -> Object {
        Object::Pool(Pool { name: name.to_owned(), slots, description: None, include_deferred: false })
    }

    fn everything() -> Wishes {
        Wishes { connections: Wish::Copy, variables: Wish::Copy, pools: Wish::Copy, ..Wishes::default() }
    }

    /// Says in one line what is done and what is left.
    fn told(source: &Object, target: Option<&Object>) -> String {
        let (step, why) = step(source, target);
        let extra = |object: &Object| match object {
            Object::Connection(Connection { extra: Extra::Text(text), .. }) => format!(" {}", text.expose()),
            _ => String::new(),
        };
        let done = match &step {
            Step::Create(object) => format!("create{}", extra(object)),
            Step::Change(Change { object, fields }) => {
                let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
                let extra = if fields.contains(&Field::Extra) { extra(object) } else { String::new() };
                format!("change {}{extra}", names.join(","))
            }
            Step::Same => "same".to_owned(),
            Step::Leave => "leave".to_owned(),
        };
        let why: Vec<String> = why.iter().map(ToString::to_string).collect();
        if why.is_empty() { done } else { format!("{done}; {}", why.join("; ")) }
    }

    #[test]
    fn a_new_extra_has_the_clear_keys_only() {
        for (extra, expected) in [
            ("", "create"),
            ("{\"b\": 1, \"a\": null}", "create {\"b\": 1, \"a\": null}"),
            ("not json", "create not json"),
            (r#"{"a":1,"key":"***"}"#, "create {\"a\":1}; its extra key `key`"),
            (r#"{"key":"***","n":{"t":"***"}}"#, "create; its extra keys `key`, `n.t`"),
            ("***", "create; its extra, which Airflow does not show"),
            ("?", "create; its extra, which Airflow does not show"),
        ] {
            assert_eq!(told(&with_extra(extra), None), expected, "{extra}");
        }
    }

    #[test]
    fn an_existing_extra_is_changed_only_where_nothing_can_be_destroyed() {
        let kept = "same; its extra, because the target's holds secrets of its own";
        for (source, target, expected) in [
            ("", "", "same"),
            ("", "{}", "same"),
            ("{\"a\": 1}", "{\"a\":1}", "same"),
            ("{\"a\":1}", "", "change extra {\"a\":1}"),
            ("", "{\"a\":1}", "change extra"),
            ("{\"a\":2}", "{\"a\":1,\"b\":1}", "change extra {\"a\":2}"),
            ("text", "{\"a\":1}", "change extra text"),
            ("{\"a\":1}", "text", "change extra {\"a\":1}"),
            // Both hold secrets.
            (r#"{"a":1,"k":"***"}"#, r#"{"a":1,"k":"***"}"#, "same"),
            (r#"{"a":2,"k":"***"}"#, r#"{"a":1,"k":"***"}"#, kept),
            (r#"{"a":1,"k":"***","l":"***"}"#, r#"{"a":1,"k":"***"}"#, "same; its extra key `l`"),
            // Only the target holds some.
            ("{\"a\":1}", r#"{"a":1,"k":"***"}"#, "same"),
            ("{\"a\":2}", r#"{"a":1,"k":"***"}"#, kept),
            ("", r#"{"k":"***"}"#, "same"),
            ("", "***", kept),
            ("text", r#"{"k":"***"}"#, kept),
            // Only the source holds some.
            (r#"{"a":1,"k":"***"}"#, "{\"a\":1}", "same; its extra key `k`"),
            (r#"{"a":2,"k":"***"}"#, "{\"a\":1}", "change extra {\"a\":2}; its extra key `k`"),
            (r#"{"a":2,"k":"***"}"#, "{\"a\":1,\"k\":\"mine\"}", kept),
            ("***", "{\"a\":1}", "same; its extra, which Airflow does not show"),
            // One of them is not known.
            ("?", "{\"a\":1}", "same; its extra, which Airflow does not show"),
            ("{\"a\":1}", "?", kept),
            ("", "?", "same"),
        ] {
            assert_eq!(told(&with_extra(source), Some(&with_extra(target))), expected, "{source} over {target}");
        }
    }

    #[test]
    fn a_password_is_reported_where_it_may_be_missing() {
        use Password::{Absent, Present, Unknown};
        let object = |password| Object::Connection(connection("c", "", password));
        let (sure, perhaps) = ("its password", "its password, if it has one");
        for (source, target, expected) in [
            (Absent, None, ""),
            (Present, None, sure),
            (Unknown, None, perhaps),
            (Absent, Some(Unknown), ""),
            (Present, Some(Absent), sure),
            (Present, Some(Present), ""),
            (Present, Some(Unknown), perhaps),
            (Unknown, Some(Absent), perhaps),
            (Unknown, Some(Present), ""),
            (Unknown, Some(Unknown), perhaps),
        ] {
            let target = target.map(object);
            let (_, why) = step(&object(source), target.as_ref());
            let why: Vec<String> = why.iter().map(ToString::to_string).collect();
            assert_eq!(why.join("; "), expected, "{source:?} over {target:?}");
        }
    }

    #[test]
    fn only_fields_that_differ_and_are_clear_are_changed() {
        let old = connection("c", "", Password::Absent);
        let new =
            Connection { conn_type: "ftp".to_owned(), host: None, port: Some(0), login: Some("***".to_owned()), ..old.clone() };
        let told_of =
            |new: &Connection, old: &Connection| told(&Object::Connection(new.clone()), Some(&Object::Connection(old.clone())));
        assert_eq!(told_of(&new, &old), "change conn_type,host,port; its login, which Airflow masks");
        let described = Connection { description: Some(String::new()), ..old.clone() };
        assert_eq!(told_of(&described, &old), "same", "Airflow tells no description in two ways");
        let (Step::Create(Object::Connection(draft)), _) = step(&Object::Connection(new), None) else { panic!("a creation") };
        assert_eq!((draft.login, draft.port), (None, Some(0)));
    }

    #[test]
    fn secret_values_of_variables_are_neither_sent_nor_destroyed() {
        for (source, target, expected) in [
            ("v", None, "create"),
            ("", None, "create"),
            ("***", None, "leave; its value is secret"),
            (r#"{"a":{"b":"***"}}"#, None, "leave; its value is secret"),
            ("v", Some("v"), "same"),
            ("v", Some("w"), "change value"),
            ("{\"a\":1}", Some("{\"a\": 1}"), "same"),
            ("***", Some("***"), "same"),
            ("***", Some("by hand"), "same"),
            ("v", Some("***"), "leave; the target's value holds secrets of its own"),
            ("2.1", None, "create; the spelling of its number, which Airflow does not show (2.10 reads 2.1)"),
            ("2.1", Some("2.1"), "same"),
            ("21", None, "create"),
        ] {
            let target = target.map(|value| variable("v", value));
            assert_eq!(told(&variable("v", source), target.as_ref()), expected, "{source}");
        }
    }

    #[test]
    fn the_default_pool_is_never_created() {
        let described = |slots, description: &str| {
            let (name, description) = (DEFAULT_POOL.to_owned(), Some(description.to_owned()));
            Object::Pool(Pool { name, slots, description, include_deferred: true })
        };
        for (source, target, expected) in [
            (pool("p", 1), None, "create"),
            (pool("p", 1), Some(pool("p", 1)), "same"),
            (pool("p", 1), Some(pool("p", 2)), "change slots"),
            (pool(DEFAULT_POOL, 1), None, "change slots,include_deferred"),
            (described(1, "a"), Some(described(1, "b")), "same"),
            (described(1, "a"), Some(pool(DEFAULT_POOL, 2)), "change slots,include_deferred"),
        ] {
            assert_eq!(told(&source, target.as_ref()), expected, "{source:?}");
        }
    }

    #[test]
    fn a_plan_keeps_to_the_wishes_and_to_what_the_target_has_of_its_own() {
        let source =
            [with_extra(""), variable("v", "1"), variable("managed", "1"), variable("..", "1"), variable("", "1"), pool("p", 1)];
        let target = [variable("v", "1"), variable("only-here", "1"), pool("only-here", 1)];
        let mut wishes = Wishes { connections: Wish::Leave, ..everything() };
        wishes.managed.insert((ObjectKind::Variable, "managed".to_owned()));
        wishes.managed.insert((ObjectKind::Pool, "p of another name".to_owned()));
        let plan = copy_plan(&source, &target, &wishes);
        assert_eq!(plan.create, [pool("p", 1)]);
        assert_eq!((plan.update.len(), plan.unchanged), (0, Counts { variables: 1, ..Counts::default() }));
        let left: Vec<String> = plan.left.iter().map(ToString::to_string).collect();
        assert_eq!(
            left,
            [
                "variable ``: no address can hold its name",
                "variable `..`: no address can hold its name",
                "variable `managed`: the Environment Manager delivers it",
            ]
        );
        assert_eq!(copy_plan(&source, &target, &Wishes::default()), CopyPlan::default(), "nothing is copied unasked");
        wishes.only = vec![Wildcard::new("m*"), Wildcard::new("v")];
        let plan = copy_plan(&source, &target, &wishes);
        assert_eq!((plan.create.len(), plan.unchanged.variables, plan.left.len()), (0, 1, 1), "{plan:?}");
    }

    #[test]
    fn a_list_that_names_something_twice_is_copied_once() {
        let plan = copy_plan(&[pool("p", 1), pool("p", 2)], &[], &everything());
        assert_eq!(plan.create, [pool("p", 2)]);
    }
}
