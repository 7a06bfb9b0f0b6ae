//! The start of a run: context, settings, console, logging, clients.
//! After this, nobody reads the environment or the settings file again.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::ci;
use crate::ci::provider::Provider;
use crate::cli::command::Command;
use crate::console::printer::Console;
use crate::env::snapshot::Env;
use crate::env::temporary;
use crate::error::{Error, Kind, Result};
use crate::http::client::{self, Options};
use crate::http::exchange::Caller;
use crate::logging;
use crate::model::context::CiContext;
use crate::settings::layers::{FileText, Sources, config_path};
use crate::settings::resolve::resolve;
use crate::settings::values::{RootFolder, Settings};

/// Name of the settings file.
const FILE_NAME: &str = "liftoff.toml";
/// The largest settings file in bytes.
const FILE_LIMIT: u64 = 1 << 20;

/// Everything that stays the same during a run.
pub struct Session {
    /// The environment.
    pub env: Env,
    /// The CI system.
    pub provider: &'static Provider,
    /// The CI context.
    pub context: CiContext,
    /// The settings.
    pub settings: Settings,
    /// The console.
    pub console: Console,
    /// For calls: with an idle timeout.
    pub calls: Caller,
    /// For uploads and registries: without one.
    pub transfers: Caller,
    /// Folder for temporary files.
    pub temporary: PathBuf,
}

impl Session {
    /// Starts a run.
    ///
    /// # Errors
    /// `Kind::Usage` for wrong settings, `Kind::Project` for an unusable CI context.
    pub fn start(env: Env, flags: &[(String, String)]) -> Result<Self> {
        let provider = ci::detect(&env);
        let event = event(provider, &env)?;
        let context = (provider.read)(&env, event.as_deref())?;
        let settings = settings(&env, flags, &context)?;
        let console = Console::of_process(&env, provider.dialect, settings.report.colour, settings.report.format);
        for secret in [&settings.api.token, &settings.report.forge_token].into_iter().flatten() {
            console.hide(secret);
        }
        logging::start(&console, logging::level(settings.report.log_level, &env))?;
        settings.notices.iter().for_each(|notice| console.notice(notice));
        let calls = Caller::new(client::build(&env, &Options::for_calls(settings.api.ca_cert.clone()))?);
        let transfers = Caller::new(client::build(&env, &Options::for_transfers(settings.api.ca_cert.clone()))?);
        let temporary = temporary::folder(&env);
        Ok(Self { env, provider, context, settings, console, calls, transfers, temporary })
    }
}

impl Session {
    /// Returns the command to run: `action: plan` makes a deploy a plan, wherever it is set.
    #[must_use]
    pub fn wanted(&self, command: Command) -> Command {
        let plans = self.settings.origins.get("action").is_some_and(|(word, _)| word.eq_ignore_ascii_case("plan"));
        if plans && command == Command::Deploy { Command::Plan } else { command }
    }
}

/// Reads the file in which the CI system describes the event, or the one that it leads to.
fn event(provider: &Provider, env: &Env) -> Result<Option<Vec<u8>>> {
    let read = |path: Option<PathBuf>| path.map(|path| bounded(&path, ci::EVENT_FILE_LIMIT)).transpose().map(Option::flatten);
    let first = read((provider.event_file)(env))?;
    let second = read(first.as_deref().and_then(provider.leads_to))?;
    Ok(second.or(first))
}

fn settings(env: &Env, flags: &[(String, String)], context: &CiContext) -> Result<Settings> {
    let text = |path: &Path, needed: Needed| -> Result<Option<(String, String)>> {
        let shown = path.strip_prefix(env.current_dir()).unwrap_or(path).display().to_string();
        match (bounded(path, FILE_LIMIT)?, needed) {
            (Some(bytes), _) => match String::from_utf8(bytes) {
                Ok(text) => Ok(Some((shown, text))),
                Err(_) => Err(Error::new(Kind::Usage, format!("read {shown}")).because("it is not UTF-8 text")),
            },
            (None, Needed::No) => Ok(None),
            (None, Needed::Yes) => {
                Err(Error::new(Kind::Usage, format!("read the settings file {shown}")).because("there is no such file"))
            }
        }
    };
    if let Some(path) = config_path(flags, env) {
        return with_file(env, flags, context, text(&path, Needed::Yes)?);
    }
    // The project's own file counts before the repository's. Where the project is, flags,
    // inputs and variables say; the repository's file may say it, too.
    let without = with_file(env, flags, context, None)?;
    let checkout = context.checkout.clone().unwrap_or_else(|| env.current_dir().to_owned());
    let project = project_folder(&without.project.root, &checkout);
    for folder in [project, env.current_dir().to_owned(), checkout] {
        refuse_link(&folder.join(FILE_NAME))?;
        if let Some(file) = text(&folder.join(FILE_NAME), Needed::No)? {
            return with_file(env, flags, context, Some(file));
        }
    }
    Ok(without)
}

/// A settings file that nobody named must be the repository's own: a link could make Liftoff
/// read, and quote in an error, a file that a pull request's author may not see.
fn refuse_link(path: &Path) -> Result<()> {
    if !path.is_symlink() {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, format!("read {}", path.display()))
        .because("it is a link")
        .hint("commit the settings file itself, or name the file that you mean with `config`"))
}

#[derive(Clone, Copy)]
enum Needed {
    Yes,
    No,
}

fn with_file(env: &Env, flags: &[(String, String)], context: &CiContext, file: Option<(String, String)>) -> Result<Settings> {
    let file = file.as_ref().map(|(path, text)| FileText { path, text });
    resolve(&Sources { flags, env, file, ci: context })
}

/// Returns the project's folder, given the repository's.
#[must_use]
pub fn project_folder(root: &RootFolder, repository: &Path) -> PathBuf {
    match root {
        RootFolder::Repository(path) => repository.join(path.to_path()),
        RootFolder::Absolute(path) => path.clone(),
    }
}

/// Reads a file up to a limit. `None` when there is no such file.
///
/// # Errors
/// `Kind::Project` when it cannot be read or is larger.
pub fn bounded(path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    let failed = |because: &dyn std::fmt::Display| Error::new(Kind::Project, format!("read {}", path.display())).because(because);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(&error)),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > limit {
        return Err(failed(&format!("it is larger than {limit} bytes")));
    }
    Ok(Some(bytes))
}
