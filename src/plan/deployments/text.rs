//! Reads YAML, of which JSON is a part, into values with lines. It knows no key of a Deployment file.
//! The parser bounds depth, size and the growth of aliases, and refuses a key that is there twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Options, Spanned};

use crate::error::{Error, Kind, Result};
use crate::model::manifest::node::{Key, Node, Shape};

/// Returns the documents of a text, one after the other; empty ones are left out.
///
/// # Errors
/// `Kind::Project` with the line when it is not YAML or a key is there twice.
pub fn documents(file: &str, text: &str) -> Result<Vec<Node>> {
    // YAML takes no byte order mark inside a text, and editors put it first.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut options = Options::default();
    options.strict_booleans = true;
    options.leading_zero_numbers_as_strings = true;
    options.underscored_numbers_as_strings = true;
    options.with_snippet = false;
    let read = serde_saphyr::from_multiple_with_options::<Spanned<Raw>>(text, options);
    let documents = read.map_err(|error| {
        let line = error.location().and_then(|location| usize::try_from(location.line()).ok());
        Error::new(Kind::Project, format!("read {file}")).because(error.without_snippet()).at(file, line)
    })?;
    Ok(documents.into_iter().map(|document| node(document, text)).collect())
}

/// A value as the parser gives it.
enum Raw {
    Null,
    Flag(bool),
    Number,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> std::result::Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Raw, E> {
        Ok(Raw::Flag(value))
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_i128<E>(self, _: i128) -> std::result::Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u128<E>(self, _: u128) -> std::result::Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

fn node(raw: Spanned<Raw>, text: &str) -> Node {
    let line = usize::try_from(raw.referenced.line()).unwrap_or(1).max(1);
    let shape = match raw.value {
        Raw::Null => Shape::Null,
        Raw::Flag(flag) => Shape::Flag(flag),
        Raw::Number => Shape::Number(written(&raw.defined, text)),
        Raw::Text(text) => Shape::Text(text),
        Raw::List(items) => Shape::List(items.into_iter().map(|item| node(item, text)).collect()),
        Raw::Map(entries) => Shape::Map(entries.into_iter().map(|(key, value)| (named(key), node(value, text))).collect()),
    };
    Node { line, shape }
}

fn named(key: Spanned<String>) -> Key {
    Key { line: usize::try_from(key.referenced.line()).unwrap_or(1).max(1), text: key.value }
}

/// Returns the text that a place covers, as it is written.
fn written(place: &serde_saphyr::Location, text: &str) -> String {
    let span = place.span();
    let bounds = span.byte_offset().zip(span.byte_len());
    let range = bounds.and_then(|(start, length)| Some(usize::try_from(start).ok()?..usize::try_from(start + length).ok()?));
    range.and_then(|range| text.get(range)).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(node: &Node) -> &[(Key, Node)] {
        match &node.shape {
            Shape::Map(entries) => entries,
            other => panic!("{other:?}"),
        }
    }

    fn read(text: &str) -> Vec<Node> {
        documents("deployment.yaml", text).expect("YAML")
    }

    #[test]
    fn every_value_keeps_its_line_and_a_number_its_spelling() {
        let text = "a: 0.10\nb:\n  - yes\n  - 'x'\n  - ~\n  - 0123\n  - true\n---\nc: 1e3 # not d\n";
        let documents = read(text);
        let first = map(&documents[0]);
        assert_eq!((first[0].0.line, &first[0].1.shape), (1, &Shape::Number("0.10".into())));
        let Shape::List(items) = &first[1].1.shape else { panic!("a list") };
        let shapes: Vec<(usize, &Shape)> = items.iter().map(|item| (item.line, &item.shape)).collect();
        let text = |text: &str| Shape::Text(text.to_owned());
        assert_eq!(shapes, [(3, &text("yes")), (4, &text("x")), (5, &Shape::Null), (6, &text("0123")), (7, &Shape::Flag(true))]);
        assert_eq!((map(&documents[1])[0].0.line, &map(&documents[1])[0].1.shape), (9, &Shape::Number("1e3".into())));
    }

    #[test]
    fn json_reads_like_yaml() {
        let documents = read("{\n    \"a\": {\n        \"b\": 12,\n        \"c\": null\n    }\n}\n");
        let inner = map(&map(&documents[0])[0].1);
        assert_eq!((inner[0].0.line, &inner[0].1.shape), (3, &Shape::Number("12".into())));
        assert_eq!((inner[1].0.line, &inner[1].1.shape), (4, &Shape::Null));
    }

    #[test]
    fn an_alias_stands_where_it_is_used_and_is_spelt_as_defined() {
        let documents = read("a: &size 0.50\nb: *size\n");
        assert_eq!((map(&documents[0])[1].1.line, &map(&documents[0])[1].1.shape), (2, &Shape::Number("0.50".into())));
    }

    #[test]
    fn broken_text_is_refused_with_its_line() {
        let bomb = format!("a: &a [x]\n{}", (0..9).map(|i| format!("b{i}: &b{i} [*a, *a]\n")).collect::<String>());
        let wide = (1..40).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, level| {
            let before = format!("*a{}", level - 1);
            text + &format!("a{level}: &a{level} [{}]\n", [before.as_str(); 9].join(", "))
        });
        assert!(documents("f", &bomb).is_ok());
        assert!(documents("f", &wide).is_err(), "aliases that grow without end");
        for (text, line) in [("a: 1\na: 2\n", 2), ("a:\n  b: 1\n  b: 2\n", 3), ("a: [1\nb: 2\n", 2), ("{\"a\": 1, \"a\": 2}", 1)]
        {
            let error = documents("deployment.yaml", text).expect_err(text);
            assert_eq!(error.kind(), Kind::Project, "{text}");
            assert_eq!(error.place().and_then(|place| place.line), Some(line), "{text}: {error}");
        }
        assert!(read("").is_empty() && read("# nothing\n").is_empty());
        assert!(documents("f", &"[".repeat(100_000)).is_err());
    }
}
