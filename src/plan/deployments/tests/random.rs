//! For any Deployment and any edit: what was not named does not change, although the platform replaces whole lists.

use std::collections::BTreeMap;

use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::model::manifest::edit::{Edit, Rest, VariableEdit};
use crate::model::record::Record;
use crate::model::secret::Secret;
use crate::plan::deployments::body;
use crate::plan::deployments::change::{How, changes};
use crate::plan::deployments::merge::merged;
use crate::plan::deployments::tests::platform::Platform;
use crate::plan::deployments::tests::worlds::record;

const NAMES: &[&str] = &["default", "a", "b", "c", "heavy"];
const FLAGS: &[&str] = &["isDagDeployEnabled", "isCicdEnforced", "isHighAvailability"];
const TEXTS: &[&str] = &["description", "schedulerSize", "defaultTaskPodCpu", "resourceQuotaMemory", "name"];

fn queue(name: &str, numbers: (i64, i64, i64)) -> Map<String, Value> {
    let value = json!({
        "name": name, "isDefault": name == "default", "astroMachine": "A5", "minWorkerCount": numbers.0,
        "maxWorkerCount": numbers.1, "workerConcurrency": numbers.2,
    });
    value.as_object().cloned().unwrap_or_default()
}

fn numbers() -> impl Strategy<Value = (i64, i64, i64)> {
    (0..5_i64, 5..9_i64, 1..9_i64)
}

fn deployment() -> impl Strategy<Value = (Record, BTreeMap<String, String>)> {
    let queues = prop::collection::btree_map(select(NAMES), (numbers(), any::<bool>()), 0..5);
    let variables = prop::collection::btree_map(select(NAMES), ("[a-z]{0,4}", any::<bool>()), 0..5);
    let emails = prop::collection::btree_set(select(NAMES), 0..4);
    (queues, variables, emails, any::<[bool; 3]>()).prop_map(|(queues, variables, emails, flags)| {
        let mut all = record(json!({
            "id": "d", "name": "demo", "type": "STANDARD", "workspaceId": "w", "executor": "CELERY", "schedulerSize": "SMALL",
            "description": "text", "defaultTaskPodCpu": "1", "resourceQuotaMemory": "2Gi", "novelty": [1],
        }));
        for (field, flag) in FLAGS.iter().zip(flags) {
            all.set(field, flag);
        }
        let queues = queues.into_iter().map(|(name, (numbers, stored))| {
            let mut queue = queue(name, numbers);
            queue.extend([
                ("id".to_owned(), json!(format!("id-{name}"))),
                ("podCpu".into(), json!("1")),
                ("podMemory".into(), json!("2")),
            ]);
            queue.extend(stored.then(|| ("podEphemeralStorage".to_owned(), json!("10Gi"))));
            Value::Object(queue)
        });
        all.set("workerQueues", queues.collect::<Vec<_>>());
        let mut secrets = BTreeMap::new();
        let variables = variables.into_iter().map(|(key, (value, is_secret))| {
            let mut variable = json!({"key": key, "isSecret": is_secret, "updatedAt": "t"});
            if is_secret {
                secrets.insert(key.to_owned(), value);
            } else {
                variable["value"] = value.into();
            }
            variable
        });
        all.set("environmentVariables", variables.collect::<Vec<_>>());
        all.set("contactEmails", emails.into_iter().map(Value::from).collect::<Vec<_>>());
        (all, secrets)
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    let some = |strategy| prop::option::of(prop::collection::btree_map(select(NAMES), strategy, 0..3));
    let queues = some((numbers(), 0..3_u8));
    let variables = prop::option::of(prop::collection::btree_map(
        select(NAMES),
        (prop::option::of("[a-z]{1,4}"), any::<Option<bool>>()),
        0..3,
    ));
    let emails = prop::option::of(prop::collection::btree_set(select(NAMES), 0..3));
    let flags = prop::collection::btree_map(select(FLAGS), any::<bool>(), 0..3);
    let texts = prop::collection::btree_map(select(TEXTS), "[a-z]{1,3}", 0..3);
    let removed = prop::collection::btree_set(select(NAMES), 0..2);
    (queues, variables, emails, flags, texts, removed).prop_map(|(queues, variables, emails, flags, texts, removed)| Edit {
        fields: flags
            .into_iter()
            .map(|(field, flag)| (field.to_owned(), flag.into()))
            .chain(texts.into_iter().map(|(field, text)| (field.to_owned(), text.into())))
            .collect(),
        queues: queues.map(|all| all.into_iter().map(|(name, (numbers, part))| partial(queue(name, numbers), part)).collect()),
        variables: variables.map(|all| {
            let edit = |(key, (value, is_secret)): (&str, (Option<String>, Option<bool>))| VariableEdit {
                key: key.to_owned(),
                value: value.map(Secret::new),
                is_secret,
            };
            all.into_iter().map(edit).collect()
        }),
        emails: emails.map(|all| all.into_iter().map(str::to_owned).collect()),
        removed_variables: removed.into_iter().map(str::to_owned).collect(),
        ..Edit::default()
    })
}

/// A queue of which only some numbers are named.
fn partial(mut queue: Map<String, Value>, part: u8) -> Map<String, Value> {
    if part > 0 {
        queue.remove("minWorkerCount");
    }
    if part > 1 {
        queue.remove("workerConcurrency");
    }
    queue
}

fn member<'a>(answer: &'a Value, list: &str, by: &str, name: &str) -> Option<&'a Value> {
    answer[list].as_array()?.iter().find(|it| it[by] == name)
}

proptest! {
    #[test]
    fn what_was_not_named_does_not_change((present, secrets) in deployment(), edit in edit(), prune in any::<bool>()) {
        let rest = if prune { Rest::Pruned } else { Rest::Kept };
        let wanted = merged(&present, &edit, rest);
        let said = changes(&present, &wanted.record, &edit);
        let mut platform = Platform { answer: present.clone().into_value(), secrets: secrets.clone() };
        prop_assert_eq!(platform.update(&body::update(&present, &wanted.record)), Ok(()));
        let (before, after) = (present.clone().into_value(), &platform.answer);

        for (field, value) in before.as_object().into_iter().flatten() {
            let is_list = ["workerQueues", "environmentVariables", "contactEmails"].contains(&field.as_str());
            if !is_list && !edit.fields.contains_key(field) {
                prop_assert_eq!(&after[field], value, "{}", field);
            }
        }
        let pruned = |named: bool, has_edit: bool| prune && has_edit && !named;
        for name in NAMES {
            // Queues: the id stays, and so does every number that was not named.
            let named = edit.queues.iter().flatten().find(|queue| queue["name"] == *name);
            let (old, new) = (member(&before, "workerQueues", "name", name), member(after, "workerQueues", "name", name));
            match old {
                // A list that would be empty is not sent, because the platform takes it for none.
                Some(old) if !pruned(named.is_some(), edit.queues.is_some()) => {
                    for (field, value) in old.as_object().into_iter().flatten() {
                        let expected = named.and_then(|named| named.get(field)).unwrap_or(value);
                        prop_assert_eq!(new.map(|new| &new[field]), Some(expected), "{} {}", name, field);
                    }
                }
                Some(_) => {}
                None => prop_assert_eq!(new.is_some(), named.is_some()),
            }
            // Variables, and what only the platform knows: the secrets.
            let named = edit.variables.iter().flatten().find(|it| it.key == *name);
            let (old, new) = (member(&before, "environmentVariables", "key", name), member(after, "environmentVariables", "key", name));
            let gone = edit.removed_variables.contains(*name) || pruned(named.is_some(), edit.variables.is_some());
            if let (Some(old), None, false) = (old, named, gone) {
                prop_assert_eq!(new, Some(old));
                prop_assert_eq!(platform.secrets.get(*name), secrets.get(*name));
            }
            if let (Some(old), true, None) = (old, gone, named) {
                prop_assert!(new.is_none(), "{}", old);
            }
            if let (Some(named), Some(new)) = (named, new) {
                if let (Some(value), true) = (&named.value, new["isSecret"] == true) {
                    prop_assert_eq!(platform.secrets.get(*name).map(String::as_str), Some(value.expose()));
                }
                if named.value.is_none() && old.is_some_and(|old| old["isSecret"] == true) && new["isSecret"] == true {
                    prop_assert_eq!(platform.secrets.get(*name), secrets.get(*name));
                }
            }
            let mail = |answer: &Value| answer["contactEmails"].as_array().is_some_and(|all| all.contains(&json!(name)));
            let named = edit.emails.iter().flatten().any(|it| it == name);
            let expected = named || mail(&before) && !pruned(named, edit.emails.is_some());
            prop_assert_eq!(mail(after), expected);
        }
        // What was said is what happened: nothing said, nothing done.
        if said.is_empty() {
            prop_assert_eq!(after, &before);
            prop_assert_eq!(&platform.secrets, &secrets);
        }
        // Once done, the same edit has nothing more to do, secrets aside.
        let read_back = Record::of(after.clone()).expect("an object");
        let left = changes(&read_back, &merged(&read_back, &edit, rest).record, &edit);
        let queues_cleared = wanted.record.list("workerQueues").is_empty();
        prop_assert!(left.iter().all(|it| it.how == How::SetAgain || queues_cleared && it.path.starts_with("worker_queues")), "{:?}", left);
    }
}
