//! `--jq`: selects from JSON with a filter in jq's language.

use jaq_core::load::{Arena, File, Loader, lex, parse};
use jaq_core::{Compiler, Ctx, Vars, compile, data, load, unwrap_valr};
use jaq_json::{Val, read};
use serde_json::Value;

use crate::error::{Error, Kind, Result};

/// Most results of a filter, against one that never ends.
const MOST_RESULTS: usize = 1_000_000;

/// jq's formats for tables, which the library leaves to programs.
const FORMATS: &str = r#"
def @csv: [.[] | if type == "string" then "\"" + (split("\"") | join("\"\"")) + "\"" elif . == null then "" else tostring end] | join(",");
def @tsv: [.[] | if type == "string" then split("\t") | join("\\t") | split("\n") | join("\\n") elif . == null then "" else tostring end]
  | join("\t");
"#;

/// Returns what the filter selects, one line a result: texts as they are, everything else as compact JSON.
///
/// # Errors
/// `Kind::Usage` for a filter that cannot be read or that fails on this value.
pub fn selected(filter: &str, value: &Value) -> Result<Vec<String>> {
    let refused = |because: String| Error::new(Kind::Usage, "select with `--jq`").because(because);
    let input = read::parse_single(value.to_string().as_bytes()).map_err(|error| refused(error.to_string()))?;
    let formats = load::parse(FORMATS, |parser| parser.defs()).unwrap_or_default();
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).chain(formats);
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let modules = Loader::new(definitions).load(&arena, File { code: filter, path: () });
    let modules = modules.map_err(|errors| refused(unreadable(&errors)))?;
    let compiled = Compiler::default().with_funs(functions).compile(modules);
    let compiled = compiled.map_err(|errors| refused(undefined(&errors)))?;
    let context = Ctx::<data::JustLut<Val>>::new(&compiled.lut, Vars::new([]));
    let mut lines = Vec::new();
    for result in compiled.id.run((context, input)).map(unwrap_valr) {
        if lines.len() == MOST_RESULTS {
            return Err(refused(format!("it has more than {MOST_RESULTS} results")));
        }
        lines.push(line(&result.map_err(|error| refused(error.to_string()))?));
    }
    Ok(lines)
}

fn line(value: &Val) -> String {
    let text = value.to_string();
    match serde_json::from_str::<String>(&text) {
        Ok(plain) => plain,
        Err(_) => text,
    }
}

fn unreadable(errors: &load::Errors<&str, ()>) -> String {
    let Some((_, first)) = errors.first() else {
        return "it cannot be read".to_owned();
    };
    let near = |found: &str| if found.is_empty() { "it ends too early".to_owned() } else { format!("it breaks at `{found}`") };
    match first {
        load::Error::Io(_) => "it loads a module, and there are none".to_owned(),
        load::Error::Lex(all) => all.first().map(|(_, found): &lex::Error<&str>| near(found)).unwrap_or_default(),
        load::Error::Parse(all) => all.first().map(|(_, found): &parse::Error<&str>| near(found)).unwrap_or_default(),
    }
}

fn undefined(errors: &compile::Errors<&str, ()>) -> String {
    let names = errors.iter().flat_map(|(_, all)| all.iter().map(|(name, _)| format!("`{name}`")));
    format!("there is no {}", names.collect::<Vec<_>>().join(", no "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_filter_selects() {
        let value = json!({"deployments": [{"name": "a \"b\"", "n": 1}, {"name": "c", "n": 2.5}]});
        for (filter, expected) in [
            (".deployments[].name", &["a \"b\"", "c"][..]),
            (".deployments | map(select(.n > 1)) | length", &["1"]),
            (".deployments[1] | {n}", &[r#"{"n":2.5}"#]),
            (".deployments[] | [.name, .n, null, true] | @csv", &["\"a \"\"b\"\"\",1,,true", "\"c\",2.5,,true"]),
            (".deployments[] | [.name, .n] | @tsv", &["a \"b\"\t1", "c\t2.5"]),
            (".deployments[] | @uri \"x/\\(.name)\"", &["x/a%20%22b%22", "x/c"]),
            (".deployments | sort_by(-.n) | first | .name | ascii_upcase", &["C"]),
            (".absent", &["null"]),
            ("empty", &[]),
        ] {
            assert_eq!(selected(filter, &value).expect(filter), expected, "{filter}");
        }
    }

    #[test]
    fn a_wrong_filter_is_explained() {
        for (filter, said) in [
            (".a[", "ends too early"),
            ("nothing(.)", "there is no `nothing`"),
            ("$x", "there is no `$x`"),
            (".a | .b", "cannot"),
        ] {
            let error = selected(filter, &json!({"a": 1})).expect_err(filter);
            assert_eq!(error.kind(), Kind::Usage);
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
