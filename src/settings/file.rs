//! Reads the text of `liftoff.toml` into raw values with their lines.
//! It never opens the file, and knows settings only through the table.

use toml::de::{DeTable, DeValue};

use crate::error::{Error, Kind, Result};
use crate::settings::nearest::nearest;
use crate::settings::origin::Origin;
use crate::settings::parse::quoted;
use crate::settings::setting::{Setting, Surface, ValueKind};
use crate::settings::table::{self, SETTINGS};
use crate::settings::typed::{Given, Raw};

/// Reads the file's text. `path` is how people see the file.
///
/// # Errors
/// Fails with the line on invalid TOML, unknown keys, keys that may not stand in a file, and
/// values of the wrong type.
pub fn read(path: &str, text: &str) -> Result<Vec<Given>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = DeTable::parse(text).map_err(|error| {
        let (line, column) = error.span().map_or((1, 1), |span| position(text, span.start));
        failure(path, line, format!("line {line}, column {column}: {}", error.message()))
    })?;
    let mut given = Vec::new();
    for (key, value) in document.get_ref() {
        let (line, _) = position(text, key.span().start);
        let setting = known(path, line, key.get_ref())?;
        let raw = raw(setting, value.get_ref()).map_err(|expected| {
            failure(
                path,
                line,
                format!("line {line}: `{}` expects {expected}, not a TOML {}", setting.name, value.get_ref().type_str()),
            )
        })?;
        given.push(Given { setting, raw, origin: Origin::File { path: path.to_owned(), line } });
    }
    Ok(given)
}

fn known(path: &str, line: usize, key: &str) -> Result<&'static Setting> {
    let Some(setting) = table::find(key) else {
        let names = SETTINGS.iter().filter(|setting| setting.surface == Surface::Everywhere).map(|setting| setting.name);
        let error = failure(path, line, format!("line {line}: there is no setting {}", quoted(key)));
        return Err(match nearest(key, names) {
            Some(name) => error.hint(format!("did you mean `{name}`?")),
            None => error.hint("the README lists all settings; they stand at the top level of the file"),
        });
    };
    if setting.surface == Surface::Everywhere {
        return Ok(setting);
    }
    let error = failure(path, line, format!("line {line}: `{key}` may not stand in a file that is committed"));
    Err(match (setting.surface, setting.value) {
        (Surface::Launcher, _) => error.hint("give it as an input of the action"),
        (_, ValueKind::Secret) => {
            error.hint(format!("set the variable {}, and replace the secret if it was real", preferred_variable(setting)))
        }
        _ => error.hint(format!("use the flag --{key} or the variable {}", preferred_variable(setting))),
    })
}

fn preferred_variable(setting: &Setting) -> String {
    setting.variables.first().map_or_else(|| setting.variable(), |name| (*name).to_owned())
}

fn raw(setting: &Setting, value: &DeValue<'_>) -> std::result::Result<Raw, &'static str> {
    let list = matches!(setting.value, ValueKind::Lines | ValueKind::List);
    match (value, setting.value) {
        (DeValue::String(text), _) => Ok(Raw::Text(text.clone().into_owned())),
        (DeValue::Boolean(on), ValueKind::Bool) => Ok(Raw::Text(on.to_string())),
        (DeValue::Integer(number), ValueKind::Duration | ValueKind::Text) if number.radix() == 10 => {
            Ok(Raw::Text(number.as_str().to_owned()))
        }
        (DeValue::Array(values), _) if list => values
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<Vec<String>>>()
            .map(Raw::Items)
            .ok_or("a list of strings"),
        _ => Err(match setting.value {
            ValueKind::Bool => "true or false",
            ValueKind::Duration => "a duration such as \"5m\"",
            ValueKind::Lines | ValueKind::List => "a list of strings",
            ValueKind::Text | ValueKind::Path | ValueKind::Enum(_) | ValueKind::Secret => "a string",
        }),
    }
}

fn failure(path: &str, line: usize, because: String) -> Error {
    Error::new(Kind::Usage, format!("read {path}"))
        .because(because)
        .hint("the README's settings table lists the keys and the form of their values")
        .at(path, Some(line))
}

/// Returns the 1-based line and column (in characters) of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before: String = String::from_utf8_lossy(text.as_bytes().get(..offset).unwrap_or(text.as_bytes())).into_owned();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_lines() {
        let given = read("liftoff.toml", "# mine\r\nroot-folder = \"astro\"\n\nwait = false\nwait-time = 90\nimage-trigger-paths = [\n  \"a,b\",\n  \"c\",\n]\n")
            .expect("a settings file");
        let rows: Vec<(&str, Raw, String)> =
            given.into_iter().map(|given| (given.setting.name, given.raw, given.origin.to_string())).collect();
        assert!(rows.contains(&("root-folder", Raw::Text("astro".into()), "liftoff.toml line 2".into())), "{rows:?}");
        assert!(rows.contains(&("wait", Raw::Text("false".into()), "liftoff.toml line 4".into())), "{rows:?}");
        assert!(rows.contains(&("wait-time", Raw::Text("90".into()), "liftoff.toml line 5".into())), "{rows:?}");
        let items = Raw::Items(vec!["a,b".into(), "c".into()]);
        assert!(rows.contains(&("image-trigger-paths", items, "liftoff.toml line 6".into())), "{rows:?}");
        assert_eq!(rows.len(), 4);
    }

    #[test]
    fn a_bad_file_is_refused_with_its_line_and_what_to_do() {
        let rows = [
            ("wait = true\nroot-folder = \"a", Some(2), "line 2, column", ""),
            ("wait = true\nwait = true\n", Some(2), "line 2, column 1", ""),
            ("\nroot_folder = \"a\"\n", Some(2), "no setting `root_folder`", "did you mean `root-folder`?"),
            ("[deploy]\nwait = true\n", Some(1), "no setting `deploy`", "`deploy-type`"),
            ("wait-time = \"x\"\nwait = 1\n", Some(2), "line 2: `wait` expects true or false, not a TOML integer", ""),
            ("build-args = [1]\n", Some(1), "expects a list of strings", ""),
            ("wait-time = 0x10\n", Some(1), "expects a duration", ""),
            ("description = 2026-01-01\n", Some(1), "expects a string", ""),
            ("api-token = \"hunter2\"\n", Some(1), "may not stand in a file", "ASTRO_API_TOKEN"),
            ("api-url = \"https://evil.example\"\n", Some(1), "may not stand in a file", "LIFTOFF_API_URL"),
            ("force = true\n", Some(1), "may not stand in a file", "LIFTOFF_FORCE"),
            ("binary-path = \"x\"\n", Some(1), "may not stand in a file", "input of the action"),
        ];
        for (text, line, because, hint) in rows {
            let error = read("liftoff.toml", text).expect_err(text);
            assert_eq!(error.kind(), Kind::Usage, "{text}");
            assert_eq!(error.place().and_then(|place| place.line), line, "{text}");
            assert!(error.cause().unwrap_or_default().contains(because), "{text}: {error}");
            assert!(error.advice().unwrap_or_default().contains(hint), "{text}: {error}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
