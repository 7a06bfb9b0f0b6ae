//! Reads a JSON object that a person wrote, and says where it is wrong without repeating any of it.
//! It does not know what the object is for.

use serde_json::error::Category;
use serde_json::{Map, Value};

/// The largest text in bytes.
pub const LARGEST: usize = 1 << 20;

/// Returns the object; an empty text is an empty object.
///
/// # Errors
/// What is wrong, with line and column. It holds nothing of the text, which may hold secrets.
pub fn object(text: &str) -> Result<Map<String, Value>, String> {
    if text.len() > LARGEST {
        return Err(format!("it has {} bytes; at most {LARGEST} are allowed", text.len()));
    }
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("it is JSON, but no object; expected `{\"name\": value}`".to_owned()),
        Err(error) => {
            let what = match error.classify() {
                Category::Eof => "it ends too early",
                _ => "it is not JSON",
            };
            Err(format!("{what} (line {}, column {})", error.line(), error.column()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_without_its_value() {
        for (text, expected) in [
            ("{\"a\": hush}", "it is not JSON (line 1, column 7)"),
            ("{\"a\": 1,\n\"b\": }", "it is not JSON (line 2, column 6)"),
            ("{\"a\": \"hush\"", "it ends too early (line 1, column 12)"),
            ("[\"hush\"]", "it is JSON, but no object; expected `{\"name\": value}`"),
            ("\"hush\"", "it is JSON, but no object; expected `{\"name\": value}`"),
        ] {
            assert_eq!(object(text), Err(expected.to_owned()), "{text}");
        }
        assert_eq!(object("").map(|object| object.len()), Ok(0));
        assert_eq!(object(" {\"a\": 1}\n").map(|object| object.len()), Ok(1));
        let error = object(&" ".repeat(LARGEST + 1)).expect_err("too long");
        assert!(error.contains("at most 1048576"), "{error}");
    }
}
