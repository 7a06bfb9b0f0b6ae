//! `deployment variable`: environment variables. The platform replaces the whole list, so every other one goes along, secrets
//! without a value, which keeps them.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::app::manage::deployments::one;
use crate::app::manage::{given, scene};
use crate::app::session::Session;
use crate::cli::variable::{Delete, List, Verb, Write};
use crate::error::{Error, Kind, Result};
use crate::model::manifest::edit::{Edit, Rest, VariableEdit};
use crate::model::nearest::nearest;
use crate::model::record::Record;
use crate::model::secret::Secret;
use crate::plan::deployments::check::is_variable_name;
use crate::plan::deployments::dotenv;
use crate::report::answer::{Answer, Column, column};

const COLUMNS: &[Column] =
    &[column("KEY", "key"), column("VALUE", "value"), column("SECRET", "isSecret"), column("UPDATED", "updatedAt")];

/// Hiding shorter values would make holes into every text.
const SHORTEST_HIDDEN: usize = 6;

/// Runs a verb.
///
/// # Errors
/// `Kind::Usage` for what is no variable, `Kind::Refused` for one that is there already, `Kind::NotFound` for none of that
/// name, else as the platform answers.
pub async fn run(session: &Session, verb: &Verb) -> Result<Answer> {
    match verb {
        Verb::List(given) => list(session, given).await,
        Verb::Create(given) => write(session, given, Present::Refused).await,
        Verb::Update(given) => write(session, given, Present::Set).await,
        Verb::Delete(given) => delete(session, given).await,
    }
}

/// What happens to a variable that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Present {
    Refused,
    Set,
}

async fn list(session: &Session, given: &List) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let deployment = scene::deployment(session, &astro, &given.which).await?;
    let all: Vec<Record> = deployment.records("environmentVariables").into_iter().map(masked).collect();
    if !given.save {
        return Ok(Answer::table("environment_variables", COLUMNS, &all));
    }
    if session.is_dry() {
        let sentence = format!("would write {} variables to {}", all.len(), given.env.display());
        return Ok(Answer::done(sentence, json!({ "file": given.env.to_string_lossy(), "variables": all.len() })));
    }
    let pairs = all.iter().map(|it| (it.text("key"), it.value("value").and_then(Value::as_str).filter(|_| !it.flag("isSecret"))));
    save(&session.env.current_dir().join(&given.env), &dotenv::written(pairs))?;
    let sentence = format!("wrote {} variables to {}", all.len(), given.env.display());
    Ok(Answer::done(sentence, json!({ "file": given.env.to_string_lossy(), "variables": all.len() })))
}

/// Whatever is answered as the value of a secret is not shown.
fn masked(mut variable: Record) -> Record {
    if variable.flag("isSecret") {
        variable.take("value");
    }
    variable
}

/// A file that is there may hold what nobody else has.
fn save(path: &Path, text: &str) -> Result<()> {
    let failed = |error: std::io::Error| {
        let refused = Error::new(Kind::Usage, format!("write {}", path.display())).because(&error);
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => refused.hint("name another file with `--env`"),
            _ => refused,
        }
    };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)
}

async fn write(session: &Session, given: &Write, present: Present) -> Result<Answer> {
    let mut edits = pairs(session, given)?;
    let named: BTreeSet<String> = edits.iter().map(|edit| edit.key.clone()).collect();
    if given.load {
        let text = given::file(session, &given.env)?;
        let file = given.env.to_string_lossy();
        let loaded = dotenv::read(&file, &text)?.into_iter().filter(|(key, _)| !named.contains(key));
        edits.extend(loaded.map(|(key, value)| edit(session, given, key, value)));
    }
    if edits.is_empty() {
        return Err(Error::new(Kind::Usage, "set environment variables")
            .because("none is named")
            .hint("name them as KEY=VALUE, or load a file with `--load --env FILE`"));
    }
    let astro = scene::astro(session).await?;
    let deployment = scene::deployment(session, &astro, &given.which).await?;
    let there = deployment.records("environmentVariables");
    let taken = there.iter().map(|it| it.text("key")).find(|key| edits.iter().any(|edit| edit.key == *key));
    if let (Some(key), Present::Refused) = (taken, present) {
        return Err(Error::new(Kind::Refused, format!("create the environment variable {key}"))
            .because("the Deployment has it already")
            .hint("`liftoff deployment variable update` sets it"));
    }
    let is_secret = |key: &str| there.iter().any(|it| it.text("key") == key && it.flag("isSecret"));
    let is_empty = |edit: &&VariableEdit| edit.value.as_ref().is_some_and(Secret::is_empty);
    if let Some(empty) = edits.iter().filter(is_empty).find(|edit| edit.is_secret == Some(true) || is_secret(&edit.key)) {
        return Err(Error::new(Kind::Refused, format!("set the secret {}", empty.key))
            .because("its new value is empty")
            .hint("does the CI system have a secret of this name?"));
    }
    let hidden = edits.iter().map(|edit| (format!("environment_variables.{}", edit.key), "(given)".to_owned())).collect();
    let edit = Edit { variables: Some(edits), hidden, ..Edit::default() };
    let rest = if given.prune { Rest::Pruned } else { Rest::Kept };
    let job = one::of(deployment, edit, rest);
    one::done(session, &astro, &job, None).await
}

/// Returns the variables of the command line.
fn pairs(session: &Session, given: &Write) -> Result<Vec<VariableEdit>> {
    let mut all: Vec<VariableEdit> = Vec::new();
    for pair in &given.pairs {
        let (key, value) = match pair.split_once('=') {
            Some((key, value)) => (key, value.to_owned()),
            None => {
                let missing = || {
                    Error::new(Kind::Usage, format!("set the environment variable {pair}"))
                        .because("no value is given, and the environment has none of this name")
                        .hint("give it as KEY=VALUE, or set it in the environment of this run")
                };
                (pair.as_str(), session.env.raw(pair).map(str::to_owned).ok_or_else(missing)?)
            }
        };
        let refused = |because: &str| Error::new(Kind::Usage, format!("set the environment variable `{key}`")).because(because);
        if !is_variable_name(key) {
            return Err(refused("a name has letters, digits and `_`, and does not begin with a digit"));
        }
        if all.iter().any(|earlier| earlier.key == key) {
            return Err(refused("it is named twice"));
        }
        all.push(edit(session, given, key.to_owned(), value));
    }
    Ok(all)
}

fn edit(session: &Session, given: &Write, key: String, value: String) -> VariableEdit {
    let value = Secret::new(value);
    if value.expose().len() >= SHORTEST_HIDDEN && given.secret {
        session.console.hide(&value);
    }
    VariableEdit { key, value: Some(value), is_secret: given.secret.then_some(true) }
}

async fn delete(session: &Session, given: &Delete) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let deployment = scene::deployment(session, &astro, &given.which).await?;
    let there = deployment.records("environmentVariables");
    for key in &given.keys {
        if !there.iter().any(|it| it.text("key") == key) {
            let error = Error::new(Kind::NotFound, format!("find the environment variable {key}"))
                .because("the Deployment has none of this name");
            return Err(match nearest(key, there.iter().map(|it| it.text("key"))) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("`liftoff deployment variable list` shows them"),
            });
        }
    }
    let edit = Edit { removed_variables: given.keys.iter().cloned().collect(), ..Edit::default() };
    one::done(session, &astro, &one::of(deployment, edit, Rest::Kept), None).await
}
