//! Lays the sources of settings over each other: flag, action input, variable, file, CI, default.
//! It finds names and origins; it does not know what any value means.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::env::names::LIFTOFF_OUTPUT;
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};
use crate::model::context::CiContext;
use crate::model::nearest::nearest;
use crate::settings::file;
use crate::settings::forge;
use crate::settings::origin::Origin;
use crate::settings::parse::{absolute, quoted};
use crate::settings::sections::{Served, choose};
use crate::settings::setting::{Setting, Surface, ValueKind};
use crate::settings::table::{self, SETTINGS};
use crate::settings::typed::{Checked, Given, Raw, check};
use crate::settings::values::{Intent, Mapping};

/// The text of the settings file.
#[derive(Debug, Clone, Copy)]
pub struct FileText<'a> {
    /// The file as shown to people, relative to the current folder or absolute.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// Everything that can give a value.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// Flags by setting name, in the order given; a switch without a value is `true`.
    pub flags: &'a [(String, String)],
    /// The environment.
    pub env: &'a Env,
    /// The settings file, when there is one.
    pub file: Option<FileText<'a>>,
    /// What the CI system says.
    pub ci: &'a CiContext,
    /// What the command is for; `action` can make something else of a deploy.
    pub intent: Intent,
    /// The branch that is checked out, as git says; for runs that nobody tells a branch.
    pub checked_out: Option<&'a str>,
}

/// The winning values by setting name, and what people should be told about the rest.
#[derive(Debug, Clone)]
pub struct Layers {
    /// Checked values; settings without value or default are absent.
    pub values: BTreeMap<&'static str, Checked>,
    /// What the run is for.
    pub intent: Intent,
    /// What the sections of the settings file make of the run.
    pub mapping: Mapping,
    /// One sentence each.
    pub notices: Vec<String>,
}

/// The settings of which one names the Deployment.
const TARGET: &[&str] = &["deployment-id", "deployment-name"];

/// Lays all sources over each other, the strongest winning.
///
/// # Errors
/// Fails with `Kind::Usage` on unknown names and on values of the wrong form, even when a
/// stronger layer would hide them.
pub fn gather(sources: &Sources<'_>) -> Result<Layers> {
    let mut notices = Vec::new();
    let mut given = flags(sources.flags)?;
    given.extend(inputs(sources.env, &mut notices));
    given.extend(variables(sources.env)?);
    keep_strongest_target(&mut given);
    given.extend(conventional_token(sources, &given));
    let intent = match text_of(&given, "action").map(str::to_ascii_lowercase).as_deref() {
        Some("plan" | "check") if sources.intent == Intent::Ship => Intent::Show,
        Some(word) if word.contains("preview") && sources.intent == Intent::Ship => Intent::Preview,
        _ => sources.intent,
    };
    let mut mapping = Mapping::Absent;
    if let Some(file) = sources.file {
        let served = Served::of(sources.ci, text_of(&given, "branch"), sources.checked_out, intent);
        let (chosen, values) = of_file(&file, &served, &given)?;
        mapping = chosen;
        given.extend(values);
    }
    given.extend(context(sources.ci));
    given.extend(SETTINGS.iter().filter_map(|setting| {
        let raw = Raw::Text(setting.default?.to_owned());
        Some(Given { setting, raw, origin: Origin::Default })
    }));
    let mut values = BTreeMap::new();
    for given in given {
        let checked = check(given)?;
        values.entry(checked.setting.name).or_insert(checked);
    }
    Ok(Layers { values, intent, mapping, notices })
}

/// Reads the file: the values of the section that holds, then those of the top level. Whoever
/// names the Deployment in a stronger place replaces what a weaker one says of it, whether by id
/// or by name.
fn of_file(file: &FileText<'_>, served: &Served<'_>, stronger: &[Given]) -> Result<(Mapping, Vec<Given>)> {
    let read = file::read(file.path, file.text)?;
    let all = read.sections.iter().flat_map(|section| &section.values).chain(&read.values);
    all.cloned().try_for_each(|given| check(given).map(drop))?;
    let (mapping, section) = choose(file.path, &read.sections, served);
    let mut values: Vec<Given> = Vec::new();
    for layer in [section.map(|section| section.values.clone()).unwrap_or_default(), read.values] {
        let named = stronger.iter().chain(&values).any(|given| TARGET.contains(&given.setting.name));
        values.extend(layer.into_iter().filter(|given| !named || !TARGET.contains(&given.setting.name)));
    }
    Ok((mapping, values))
}

/// Whoever names the Deployment in a stronger place has named it: the id in a variable is no contradiction to the name in a
/// flag.
fn keep_strongest_target(given: &mut Vec<Given>) {
    let is_target = |given: &Given| TARGET.contains(&given.setting.name);
    let rank = |given: &Given| match given.origin {
        Origin::Flag(_) => 0,
        Origin::Input(_) => 1,
        _ => 2,
    };
    let strongest = given.iter().filter(|given| is_target(given)).map(rank).min();
    given.retain(|given| !is_target(given) || Some(rank(given)) == strongest);
}

/// Returns the strongest text that was given for a setting.
fn text_of<'a>(given: &'a [Given], name: &str) -> Option<&'a str> {
    given.iter().find(|given| given.setting.name == name).and_then(|given| match &given.raw {
        Raw::Text(text) => Some(text.trim()),
        Raw::Items(_) => None,
    })
}

/// Returns the settings file that a flag, input or variable names, as an absolute path. It is
/// wanted before the other settings can be read.
#[must_use]
pub fn config_path(flags: &[(String, String)], env: &Env) -> Option<PathBuf> {
    let setting = table::find("config")?;
    let flag = flags.iter().rev().find(|(name, _)| name == setting.name).map(|(_, value)| value.as_str());
    let text = flag.or_else(|| env.get(&setting.input_variable())).or_else(|| env.get(&setting.variable()))?;
    Some(absolute(env.current_dir(), text))
}

fn flags(flags: &[(String, String)]) -> Result<Vec<Given>> {
    let mut given: Vec<Given> = Vec::new();
    for (name, value) in flags {
        let Some(setting) = table::find(name).filter(|setting| setting.surface != Surface::Launcher) else {
            return Err(unknown(&format!("--{name}"), nearest(name, names()).map(|near| format!("--{near}"))));
        };
        let refused = |why: &str| Error::new(Kind::Usage, "read the flags").because(format!("--{name} {why}"));
        if value.trim().is_empty() {
            // In CI an empty flag is an unset variable, such as `--deployment-id "$ID"`.
            return Err(refused("has no value").hint("check the variable it was filled from, or leave the flag out"));
        }
        let list = matches!(setting.value, ValueKind::Lines | ValueKind::List);
        match given.iter_mut().find(|given| given.setting.name == setting.name) {
            Some(Given { raw: Raw::Text(text), .. }) if list => {
                text.push('\n');
                text.push_str(value);
            }
            Some(_) => return Err(refused("was given more than once")),
            None => given.push(Given { setting, raw: Raw::Text(value.clone()), origin: Origin::Flag(setting.name) }),
        }
    }
    Ok(given)
}

/// Reads the action's inputs. The runner sets a variable for declared inputs only and warns of
/// others itself, and other programs may use the prefix, so unknown ones are only mentioned.
fn inputs(env: &Env, notices: &mut Vec<String>) -> Vec<Given> {
    for variable in env.names().filter(|name| name.starts_with("INPUT_")) {
        let known = SETTINGS.iter().any(|setting| setting.input_variable() == variable);
        let name = variable.trim_start_matches("INPUT_").to_ascii_lowercase();
        if let (false, Some(_), Some(near)) = (known, env.get(variable), nearest(&name, names())) {
            notices.push(format!("the variable {} is no input of Liftoff; did you mean `{near}`?", quoted(variable)));
        }
    }
    SETTINGS
        .iter()
        .filter(|setting| setting.surface != Surface::Launcher)
        .filter_map(|setting| {
            let raw = Raw::Text(env.get(&setting.input_variable())?.to_owned());
            Some(Given { setting, raw, origin: Origin::Input(setting.name) })
        })
        .collect()
}

fn variables(env: &Env) -> Result<Vec<Given>> {
    // The outputs of an earlier job may be variables of this one.
    for variable in env.names().filter(|name| name.starts_with("LIFTOFF_") && !name.starts_with(LIFTOFF_OUTPUT)) {
        if env.get(variable).is_some() && !SETTINGS.iter().any(|setting| setting.variable() == variable) {
            let name = variable.trim_start_matches("LIFTOFF_").to_ascii_lowercase();
            let near = nearest(&name, names()).and_then(table::find).map(Setting::variable);
            return Err(unknown(&quoted(variable), near));
        }
    }
    let own = SETTINGS.iter().filter(|setting| setting.surface != Surface::Launcher);
    Ok(own
        .filter_map(|setting| {
            let names = std::iter::once(setting.variable()).chain(setting.variables.iter().map(|name| (*name).to_owned()));
            let (name, text) = names.filter_map(|name| env.get(&name).map(|text| (name.clone(), text))).next()?;
            Some(Given { setting, raw: Raw::Text(text.to_owned()), origin: Origin::Variable(name) })
        })
        .collect())
}

/// Reads the forge's token from the variable that its users know.
fn conventional_token(sources: &Sources<'_>, given: &[Given]) -> Option<Given> {
    let said = text_of(given, "forge").map(forge::of_word);
    let forge = said.or(sources.ci.repository.as_ref().map(|repository| repository.forge))?;
    let (name, text) = forge::token_variables(forge).iter().find_map(|name| Some((name, sources.env.get(name)?)))?;
    let setting = table::find("forge-token")?;
    Some(Given { setting, raw: Raw::Text(text.to_owned()), origin: Origin::Variable((*name).to_owned()) })
}

fn context(ci: &CiContext) -> Vec<Given> {
    let values = [
        ("branch", ci.branch.clone()),
        ("commit", ci.commit.as_ref().map(ToString::to_string)),
        ("pull-request", ci.pull_request.as_ref().map(|pull_request| pull_request.number.to_string())),
    ];
    values
        .into_iter()
        .filter_map(|(name, value)| {
            Some(Given { setting: table::find(name)?, raw: Raw::Text(value?), origin: Origin::Ci(ci.provider) })
        })
        .collect()
}

fn names() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().filter(|setting| setting.surface != Surface::Launcher).map(|setting| setting.name)
}

fn unknown(shown: &str, near: Option<String>) -> Error {
    let error = Error::new(Kind::Usage, "read the settings").because(format!("there is no setting {shown}"));
    match near {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("the README lists all settings"),
    }
}
