//! Renders the settings table for the README and for `action.yml`.
//! It returns text; tests compare it with the files.

use crate::settings::setting::{Compat, Setting, Surface, ValueKind};
use crate::settings::table::SETTINGS;

/// Returns the README's table of settings in Markdown, with a line end after the last row.
#[must_use]
pub fn markdown_table() -> String {
    let mut table = String::from("| setting | value | default | meaning |\n| --- | --- | --- | --- |\n");
    for setting in SETTINGS {
        let default = setting.default.map(|default| format!("`{default}`")).unwrap_or_default();
        let row = [format!("`{}`", setting.name), form(setting.value), default, meaning(setting)];
        table.push_str(&format!("| {} |\n", row.map(|text| cell(&text)).join(" | ")));
    }
    table
}

/// Returns the `inputs:` block of `action.yml`, with a line end after the last line. Defaults
/// stand in the description only: a default in `action.yml` would reach Liftoff as an input and
/// hide variables and `liftoff.toml`.
#[must_use]
pub fn action_inputs_yaml() -> String {
    let mut yaml = String::from("inputs:\n");
    for setting in SETTINGS {
        let default = setting.default.map(|default| format!(" Default: `{default}`.")).unwrap_or_default();
        let description = format!("{}{default}", meaning(setting)).replace('\'', "''");
        yaml.push_str(&format!("  {}:\n    description: '{description}'\n    required: false\n", setting.name));
        if let Some(default) = setting.action_default {
            yaml.push_str(&format!("    default: {default}\n"));
        }
    }
    yaml
}

/// Escapes what would end a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn form(value: ValueKind) -> String {
    match value {
        ValueKind::Text => "text".to_owned(),
        ValueKind::Bool => "`true` or `false`".to_owned(),
        ValueKind::Duration => "duration".to_owned(),
        ValueKind::Lines => "lines".to_owned(),
        ValueKind::List => "lines or commas".to_owned(),
        ValueKind::Path => "path".to_owned(),
        ValueKind::Enum(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        ValueKind::Secret => "secret".to_owned(),
    }
}

fn meaning(setting: &Setting) -> String {
    let mut text = setting.help.to_owned();
    match setting.compat {
        Compat::Deprecated(instead) => text.push_str(&format!(" Deprecated: {instead}.")),
        Compat::Ignored(why) => text.push_str(&format!(" Accepted without effect: {why}.")),
        Compat::DeployAction | Compat::New => {}
    }
    if !setting.variables.is_empty() {
        let names: Vec<String> = setting.variables.iter().map(|name| format!("`{name}`")).collect();
        text.push_str(&format!(" Also read from {}.", names.join(", ")));
    }
    match setting.surface {
        Surface::Everywhere => {}
        Surface::NotInFile => text.push_str(" Not in `liftoff.toml`."),
        Surface::Launcher => text.push_str(" Only for the action."),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_one_row_per_setting_and_four_cells_per_row() {
        let table = markdown_table();
        assert_eq!(table.lines().count(), SETTINGS.len() + 2);
        for line in table.lines() {
            assert_eq!(line.replace("\\|", "").matches('|').count(), 5, "{line}");
        }
        assert_eq!(cell("a|b"), "a\\|b");
        assert!(table.contains("| `wait-time` | duration | `10m` | How long to wait"));
    }

    #[test]
    fn the_inputs_are_yaml_without_defaults_of_their_own() {
        let yaml = action_inputs_yaml();
        assert_eq!(yaml.matches("    required: false\n").count(), SETTINGS.len());
        assert_eq!(yaml.matches("    default: ").count(), 1, "only the runner's own token");
        assert!(yaml.contains("    default: ${{ github.token }}\n"));
        let inputs: serde_json::Value = serde_saphyr::from_str(&yaml).expect("YAML");
        assert_eq!(inputs["inputs"].as_object().map(serde_json::Map::len), Some(SETTINGS.len()));
        assert!(inputs["inputs"]["api-token"]["description"].as_str().is_some_and(|text| text.contains("`ASTRO_API_TOKEN`")));
    }
}
