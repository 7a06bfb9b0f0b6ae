//! Reads the text of `liftoff.toml` into raw values with their lines.
//! It never opens the file, and knows settings only through the table.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::error::{Error, Kind, Result};
use crate::model::nearest::nearest;
use crate::settings::glob::Glob;
use crate::settings::origin::Origin;
use crate::settings::parse::quoted;
use crate::settings::sections::{Heading, RefKind, Section};
use crate::settings::setting::{Setting, Surface, ValueKind};
use crate::settings::table::{self, SETTINGS};
use crate::settings::typed::{Given, Raw};

/// Most sections, so that looking up a name takes bounded time.
const MOST_SECTIONS: usize = 1_000;

/// What a settings file holds.
#[derive(Debug, Clone, Default)]
pub struct File {
    /// The values at its top level.
    pub values: Vec<Given>,
    /// The sections for branches and tags.
    pub sections: Vec<Section>,
}

/// Reads the file's text. `path` is how people see the file.
///
/// # Errors
/// Fails with the line on invalid TOML, unknown keys, keys that may not stand in a file, values
/// of the wrong type, and sections whose names can match nothing.
pub fn read(path: &str, text: &str) -> Result<File> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = DeTable::parse(text).map_err(|error| {
        let (line, column) = error.span().map_or((1, 1), |span| position(text, span.start));
        failure(path, line, format!("line {line}, column {column}: {}", error.message()))
    })?;
    let source = Source { path, text };
    let mut file = File::default();
    for (key, value) in document.get_ref() {
        let kind = RefKind::ALL.iter().copied().find(|kind| kind.word() == key.get_ref());
        match (kind, value.get_ref()) {
            (Some(kind), DeValue::Table(table)) => file.sections.extend(source.sections(kind, table)?),
            _ => file.values.push(source.value(key, value, None)?),
        }
    }
    if file.sections.len() > MOST_SECTIONS {
        return Err(failure(path, 1, format!("it holds more than {MOST_SECTIONS} sections")));
    }
    Ok(file)
}

/// The file while it is read.
#[derive(Clone, Copy)]
struct Source<'a> {
    path: &'a str,
    text: &'a str,
}

type Key<'a> = Spanned<DeString<'a>>;

impl Source<'_> {
    fn line(&self, key: &Key<'_>) -> usize {
        position(self.text, key.span().start).0
    }

    /// Reads the sections that begin with the same word.
    fn sections(&self, kind: RefKind, table: &DeTable<'_>) -> Result<Vec<Section>> {
        let mut sections = Vec::new();
        for (name, value) in table {
            let (line, heading) = (self.line(name), Heading(kind, name.get_ref()));
            let DeValue::Table(values) = value.get_ref() else {
                let because = format!("line {line}: {} stands in [{}] itself", quoted(name.get_ref()), kind.word());
                return Err(failure(self.path, line, because)
                    .hint(format!("let a section name what it is for, such as {}", Heading(kind, "NAME"))));
            };
            let glob = Glob::parse(name.get_ref())
                .map_err(|flaw| failure(self.path, line, format!("line {line}: the name in {heading} {flaw}")))?;
            let values = values.iter().map(|(key, value)| self.value(key, value, Some(heading)));
            sections.push(Section { kind, glob, values: values.collect::<Result<_>>()? });
        }
        Ok(sections)
    }

    fn value(&self, key: &Key<'_>, value: &Spanned<DeValue<'_>>, section: Option<Heading<'_>>) -> Result<Given> {
        let line = self.line(key);
        if let (Some(Heading(kind, name)), DeValue::Table(_)) = (section, value.get_ref()) {
            let whole = format!("{name}.{}", key.get_ref());
            return Err(failure(
                self.path,
                line,
                format!("line {line}: {} is a section inside a section", quoted(key.get_ref())),
            )
            .hint(format!("put the whole name into quotes, such as {}", Heading(kind, &whole))));
        }
        let setting = known(self.path, line, key.get_ref())?;
        let raw = raw(setting, value.get_ref()).map_err(|expected| {
            let found = value.get_ref().type_str();
            failure(self.path, line, format!("line {line}: `{}` expects {expected}, not a TOML {found}", setting.name))
        })?;
        let section = section.map(|section| section.to_string());
        Ok(Given { setting, raw, origin: Origin::File { path: self.path.to_owned(), line, section } })
    }
}

fn known(path: &str, line: usize, key: &str) -> Result<&'static Setting> {
    let Some(setting) = table::find(key) else {
        let error = failure(path, line, format!("line {line}: there is no setting {}", quoted(key)));
        let settings = SETTINGS.iter().filter(|setting| setting.surface == Surface::Everywhere).map(|setting| setting.name);
        let near = nearest(key, settings.chain(RefKind::ALL.iter().map(|kind| kind.word())));
        return Err(match near {
            Some(word) if RefKind::ALL.iter().any(|kind| kind.word() == word) => {
                error.hint(format!("a section names what it is for, such as [{word}.\"NAME\"]"))
            }
            Some(name) => error.hint(format!("did you mean `{name}`?")),
            None => error.hint("the README lists all settings; they stand at the top level of the file or in a section"),
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
            given.values.into_iter().map(|given| (given.setting.name, given.raw, given.origin.to_string())).collect();
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

    #[test]
    fn sections_hold_settings_with_their_lines_and_headings() {
        let text = "wait = false\n[branch.\"main\"]\ndeployment-name = \"prod\"\n\n[branch.\"feature/*\"]\nwait-time = \"3m\"\n[tag]\n\"v*\" = { deployment-name = \"prod\" }\n";
        let file = read("liftoff.toml", text).expect("a settings file");
        let shown: Vec<String> = file
            .sections
            .iter()
            .flat_map(|section| {
                section.values.iter().map(move |given| format!("{} {} {section}", given.setting.name, given.origin))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "wait-time liftoff.toml line 6 ([branch.\"feature/*\"]) [branch.\"feature/*\"]",
                "deployment-name liftoff.toml line 3 ([branch.\"main\"]) [branch.\"main\"]",
                "deployment-name liftoff.toml line 8 ([tag.\"v*\"]) [tag.\"v*\"]",
            ]
        );
        assert_eq!(file.values.len(), 1);
    }

    #[test]
    fn a_bad_section_is_refused_with_its_line_and_what_to_do() {
        let many: String = (0..1_001).map(|index| format!("[branch.b{index}]\n")).collect();
        let rows = [
            ("[branch.main]\ndeployment-nam = \"x\"\n", 2, "no setting `deployment-nam`", "`deployment-name`"),
            ("[branch.main]\nforce = true\n", 2, "may not stand in a file", "LIFTOFF_FORCE"),
            ("[branch.main]\nwait = 1\n", 2, "expects true or false", ""),
            ("[branch]\ndeployment-id = \"x\"\n", 2, "stands in [branch] itself", "[branch.\"NAME\"]"),
            ("[branch.release.v1]\nwait = true\n", 1, "a section inside a section", "[branch.\"release.v1\"]"),
            ("\n[branch.\"\"]\n", 2, "is empty", ""),
            ("[tag.\"v?\"]\n", 1, "only `*` and `**` are special", ""),
            ("[branches.main]\nwait = true\n", 1, "no setting `branches`", "[branch.\"NAME\"]"),
            ("branch = \"main\"\n", 1, "may not stand in a file", "--branch"),
            ("tag = \"v1\"\n", 1, "no setting `tag`", "[tag.\"NAME\"]"),
            ("[branch.main]\n[branch.main]\n", 2, "line 2, column", ""),
            (&many, 1, "more than 1000 sections", ""),
        ];
        for (text, line, because, hint) in rows {
            let error = read("liftoff.toml", text).expect_err(text);
            assert_eq!(error.kind(), Kind::Usage, "{text}");
            assert_eq!(error.place().and_then(|place| place.line), Some(line), "{error}");
            assert!(error.cause().unwrap_or_default().contains(because), "{text}: {error}");
            assert!(error.advice().unwrap_or_default().contains(hint), "{text}: {error}");
        }
    }
}
