//! What Airflow shows of a text that may hold secrets: which parts are clear, which are masked.
//! It knows neither connections nor variables, and decides nothing.
//!
//! Airflow puts `***` in the place of a value by the name of its key, and also within a longer text when that text holds a
//! secret which the web server has met elsewhere. So whatever holds `***` counts as masked.

use serde_json::{Map, Value};

const MASK: &str = "***";

/// A text that was looked through.
#[derive(Debug, PartialEq)]
pub enum Shown {
    /// A JSON object.
    Object {
        /// What is clear of it.
        clear: Map<String, Value>,
        /// Where the rest is.
        masked: Vec<Path>,
    },
    /// A clear text of another form.
    Text,
    /// A text of another form, which is masked.
    Hidden,
}

/// A place in a JSON object: keys, and positions in lists.
pub type Path = Vec<String>;

/// Returns whether a text is masked, wholly or in part.
#[must_use]
pub fn is_masked(text: &str) -> bool {
    text.contains(MASK)
}

/// Looks through a text. An empty one counts as an empty object.
#[must_use]
pub fn shown(text: &str) -> Shown {
    if text.trim().is_empty() {
        return Shown::Object { clear: Map::new(), masked: Vec::new() };
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(mut clear)) => {
            let mut masked = Vec::new();
            clear_object(&mut clear, &mut Vec::new(), &mut masked);
            Shown::Object { clear, masked }
        }
        _ if is_masked(text) => Shown::Hidden,
        _ => Shown::Text,
    }
}

/// Returns whether an object has anything but null at a place.
#[must_use]
pub fn has(object: &Map<String, Value>, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let found = rest.iter().try_fold(object.get(first), |value, key| match value {
        Some(Value::Object(inner)) => Some(inner.get(key)),
        Some(Value::Array(list)) => Some(key.parse::<usize>().ok().and_then(|index| list.get(index))),
        _ => None,
    });
    found.flatten().is_some_and(|value| !value.is_null())
}

/// Returns whether two texts say the same: the same letters, or JSON of the same content.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let json = |text: &str| serde_json::from_str::<Value>(text).ok().filter(|value| value.is_object() || value.is_array());
    json(one).is_some_and(|value| json(other) == Some(value))
}

/// Removes what is masked. Returns whether something is left of the object, or it was empty from the beginning.
fn clear_object(object: &mut Map<String, Value>, path: &mut Path, masked: &mut Vec<Path>) -> bool {
    let was_empty = object.is_empty();
    object.retain(|key, value| {
        path.push(key.clone());
        let stays = clear_value(value, path, masked);
        path.pop();
        stays
    });
    was_empty || !object.is_empty()
}

fn clear_value(value: &mut Value, path: &mut Path, masked: &mut Vec<Path>) -> bool {
    match value {
        Value::String(text) if is_masked(text) => {
            masked.push(path.clone());
            false
        }
        Value::Object(object) => clear_object(object, path, masked),
        // Without one of its items a list would say something else.
        Value::Array(list) if list.iter().any(|item| matches!(item, Value::String(text) if is_masked(text))) => {
            masked.push(path.clone());
            false
        }
        Value::Array(list) => {
            for (index, item) in list.iter_mut().enumerate() {
                path.push(index.to_string());
                clear_value(item, path, masked);
                path.pop();
            }
            true
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_clear_is_told_from_what_is_masked() {
        for (text, clear, masked) in [
            ("", "{}", ""),
            ("{}", "{}", ""),
            (r#"{"a":1,"b":null,"c":{}}"#, r#"{"a":1,"b":null,"c":{}}"#, ""),
            (r#"{"a":1,"key":"***"}"#, r#"{"a":1}"#, "key"),
            (r#"{"n":{"password":"***","x":1},"o":{"t":"***"}}"#, r#"{"n":{"x":1}}"#, "n.password o.t"),
            (r#"{"l":[{"t":"***","u":2}],"m":["a","***"]}"#, r#"{"l":[{"u":2}]}"#, "l.0.t m"),
            (r#"{"url":"https://user:***@host"}"#, "{}", "url"),
        ] {
            let Shown::Object { clear: found, masked: paths } = shown(text) else { panic!("{text} is an object") };
            let paths: Vec<String> = paths.iter().map(|path| path.join(".")).collect();
            assert_eq!((Value::Object(found).to_string().as_str(), paths.join(" ").as_str()), (clear, masked), "{text}");
        }
        for (text, expected) in
            [("not json", Shown::Text), ("[1]", Shown::Text), ("***", Shown::Hidden), ("\"a***\"", Shown::Hidden)]
        {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_place_is_found_where_something_is() {
        let Shown::Object { clear, .. } = shown(r#"{"a":{"b":[{"c":1}]},"n":null}"#) else { panic!("an object") };
        for (path, expected) in [("a", true), ("a b 0 c", true), ("a b 1 c", false), ("n", false), ("a x", false), ("z", false)] {
            let path: Path = path.split(' ').map(str::to_owned).collect();
            assert_eq!(has(&clear, &path), expected, "{path:?}");
        }
    }

    #[test]
    fn json_is_the_same_however_it_is_written() {
        for (one, other, expected) in [
            (r#"{"a":1,"b":2}"#, r#"{"b": 2, "a": 1}"#, true),
            (r#"{"a":1}"#, r#"{"a":2}"#, false),
            ("2.10", "2.1", false),
            ("x", "x", true),
            ("", "{}", false),
        ] {
            assert_eq!(is_same(one, other), expected, "{one} {other}");
        }
    }
}
