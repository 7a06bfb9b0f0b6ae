//! A value on its way from raw text to its checked form, with its origin.
//! It knows the forms of values, not what any setting means.

use std::time::Duration;

use crate::error::{Error, Kind, Result};
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;
use crate::settings::origin::Origin;
use crate::settings::parse;
use crate::settings::setting::{Setting, ValueKind};

/// A value as some layer gave it.
#[derive(Debug, Clone)]
pub struct Given {
    /// The setting.
    pub setting: &'static Setting,
    /// What was given.
    pub raw: Raw,
    /// Who gave it.
    pub origin: Origin,
}

/// A raw value.
#[derive(Clone, PartialEq, Eq)]
pub enum Raw {
    /// One text.
    Text(String),
    /// Items that are already parted.
    Items(Vec<String>),
}

impl std::fmt::Debug for Raw {
    /// Shows the form only, since the text may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text([hidden])",
            Self::Items(_) => "Items([hidden])",
        })
    }
}

/// A checked value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, a path, or one of an enum's words.
    Text(String),
    /// A switch.
    Switch(bool),
    /// A duration.
    Duration(Duration),
    /// A list.
    Items(Vec<String>),
    /// A secret.
    Secret(Secret),
}

impl Value {
    /// Returns the value for people. Secrets, the values of build arguments, credentials in
    /// URLs and in attributes such as `token=…` of build caches are hidden.
    #[must_use]
    pub fn shown(&self, setting: &Setting) -> String {
        match self {
            Self::Text(text) if setting.name == "api-url" => {
                SafeUrl::parse(text).map_or_else(|_| "[not a URL]".to_owned(), |url| url.to_string())
            }
            // People put secrets into what a run gets.
            Self::Text(text) if setting.name == "smoke-conf" && !text.starts_with('@') => "[hidden]".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Switch(on) => on.to_string(),
            Self::Duration(duration) => format!("{}s", duration.as_secs()),
            Self::Items(items) if ["build-args", "preview-variables"].contains(&setting.name) => {
                let names = items.iter().map(|item| item.split_once('=').map_or(item.as_str(), |(name, _)| name));
                names.map(|name| format!("{name}=[hidden]")).collect::<Vec<_>>().join(", ")
            }
            Self::Items(items) => items.iter().map(|item| without_credentials(item)).collect::<Vec<_>>().join(", "),
            Self::Secret(_) => "[secret]".to_owned(),
        }
    }
}

/// Hides the values of attributes whose names speak of credentials:
/// `type=s3,secret_access_key=…` is how buildx takes them.
fn without_credentials(item: &str) -> String {
    let hidden = |attribute: &str| {
        let (name, _) = attribute.split_once('=')?;
        let lower = name.to_ascii_lowercase();
        let telling = ["token", "secret", "key", "password"].iter().any(|word| lower.contains(word));
        telling.then(|| format!("{name}=[hidden]"))
    };
    item.split(',').map(|attribute| hidden(attribute).unwrap_or_else(|| attribute.to_owned())).collect::<Vec<_>>().join(",")
}

/// A checked value with its origin.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The setting.
    pub setting: &'static Setting,
    /// The value.
    pub value: Value,
    /// Who gave it.
    pub origin: Origin,
}

/// Checks a raw value against its setting's form.
///
/// # Errors
/// Fails with `Kind::Usage`, naming the origin and what was expected. Secrets are not shown.
pub fn check(given: Given) -> Result<Checked> {
    let Given { setting, raw, origin } = given;
    let value = match (setting.value, raw) {
        (ValueKind::Lines | ValueKind::List, Raw::Items(items)) => {
            // Every item of a file's list stands alone: its commas are its own.
            Value::Items(items.iter().flat_map(|item| parse::items(ValueKind::Lines, item)).collect())
        }
        (kind @ (ValueKind::Lines | ValueKind::List), Raw::Text(text)) => Value::Items(parse::items(kind, &text)),
        (kind, Raw::Items(items)) => one(kind, &items.join("\n")).map_err(|why| wrong(setting, &origin, &why))?,
        (kind, Raw::Text(text)) => one(kind, &text).map_err(|why| wrong(setting, &origin, &why))?,
    };
    Ok(Checked { setting, value, origin })
}

/// Makes the error about one setting's value.
#[must_use]
pub fn wrong(setting: &Setting, origin: &Origin, why: &str) -> Error {
    let error = Error::new(Kind::Usage, format!("use the setting `{}`", setting.name)).because(format!("{origin}: {why}"));
    let error = error.hint(format!("`{}`: {}", setting.name, setting.help));
    match origin {
        Origin::File { path, line, .. } => error.at(path.clone(), Some(*line)),
        _ => error,
    }
}

fn one(kind: ValueKind, text: &str) -> std::result::Result<Value, String> {
    match kind {
        ValueKind::Bool => parse::switch(text)
            .map(Value::Switch)
            .ok_or_else(|| format!("expected true, false, yes, no, on, off, 1 or 0, got {}", parse::quoted(text))),
        ValueKind::Duration => {
            parse::duration(text).map(Value::Duration).map_err(|why| format!("{why}, got {}", parse::quoted(text)))
        }
        ValueKind::Enum(words) => {
            let text = text.trim();
            let word = words.iter().find(|word| word.eq_ignore_ascii_case(text));
            word.map(|word| Value::Text((*word).to_owned())).ok_or_else(|| {
                let near = crate::model::nearest::nearest(text, words.iter().copied());
                let suggestion = near.map(|word| format!("; did you mean `{word}`?")).unwrap_or_default();
                format!("expected one of {}, got {}{suggestion}", words.join(", "), parse::quoted(text))
            })
        }
        ValueKind::Secret => Ok(Value::Secret(Secret::new(text.trim()))),
        ValueKind::Path if text.contains('\0') => Err("a path cannot hold a NUL character".to_owned()),
        ValueKind::Text | ValueKind::Path | ValueKind::Lines | ValueKind::List => Ok(Value::Text(text.trim().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::table::{SETTINGS, find};

    fn given(name: &str, text: &str) -> Given {
        let setting = find(name).expect("a setting");
        Given { setting, raw: Raw::Text(text.to_owned()), origin: Origin::Input(setting.name) }
    }

    #[test]
    fn every_default_has_its_settings_form() {
        for setting in SETTINGS {
            if let Some(default) = setting.default {
                check(Given { setting, raw: Raw::Text(default.to_owned()), origin: Origin::Default }).expect(setting.name);
            }
        }
    }

    #[test]
    fn a_wrong_value_names_its_origin_and_what_was_expected() {
        let rows = [
            ("wait", "maybe", "input wait: expected true, false, yes, no, on, off, 1 or 0, got `maybe`"),
            ("deploy-type", "dag-only", "did you mean `dags-only`?"),
            ("wait-time", "soon", "input wait-time: expected a duration"),
            ("ca-cert", "a\0b", "NUL"),
        ];
        for (name, text, expected) in rows {
            let error = check(given(name, text)).expect_err(name);
            assert!(error.cause().unwrap_or_default().contains(expected), "{error}");
        }
    }

    #[test]
    fn items_of_a_files_list_keep_their_commas() {
        let raw = Raw::Items(vec![" a,b ".to_owned(), String::new(), "c".to_owned()]);
        let checked = check(Given { raw, ..given("image-trigger-paths", "") }).expect("a list");
        assert_eq!(checked.value, Value::Items(vec!["a,b".to_owned(), "c".to_owned()]));
    }

    #[test]
    fn credentials_are_not_shown_in_any_value() {
        let rows = [
            ("api-url", "https://ada:hunter2@api.example/v1?sig=hunter2", "https://api.example/v1?[query hidden]"),
            (
                "cache-to",
                "type=s3,region=x,secret_access_key=hunter2,session_token=hunter2",
                "type=s3,region=x,secret_access_key=[hidden],session_token=[hidden]",
            ),
            ("build-secrets", "id=netrc,src=a.txt", "id=netrc,src=a.txt"),
            ("api-token", "hunter2", "[secret]"),
            ("build-args", "A=hunter2\nB=x", "A=[hidden], B=[hidden]"),
            ("smoke-conf", "{\"password\": \"hunter2\"}", "[hidden]"),
            ("smoke-conf", "@include/smoke.json", "@include/smoke.json"),
        ];
        for (name, text, expected) in rows {
            assert!(!format!("{:?}", given(name, text)).contains("hunter2"));
            let checked = check(given(name, text)).expect(name);
            assert_eq!(checked.value.shown(checked.setting), expected);
        }
    }
}
