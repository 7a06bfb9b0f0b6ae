//! The start of a run: context, settings, console, logging, clients.
//! After this, nobody reads the environment or the settings of the run again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::checkout::Checkouts;
use crate::app::configure::{Basis, bounded};
use crate::app::outputs::Outlets;
use crate::app::platform::Platform;
use crate::app::vital::Vital;
use crate::ci;
use crate::ci::provider::Provider;
use crate::cli::command::{Command, Verb};
use crate::console::printer::Console;
use crate::env::snapshot::Env;
use crate::env::temporary;
use crate::error::Result;
use crate::http::client::{self, Options};
use crate::http::exchange::Caller;
use crate::logging;
use crate::model::context::{CiContext, Event, Repository as ForgeRepository};
use crate::settings::action::Action;
use crate::settings::values::{Intent, Settings};

/// Everything that stays the same while one project is planned or deployed. The sessions of
/// several projects in one process differ in their settings and share the rest.
#[derive(Clone)]
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
    /// What was read from Astro.
    pub platform: Arc<Platform>,
    /// The repositories that were opened.
    pub checkouts: Arc<Checkouts>,
    /// What a signal must not cut.
    pub vital: Vital,
    flags: Vec<(String, String)>,
}

impl Session {
    /// Starts a run.
    ///
    /// # Errors
    /// `Kind::Usage` for wrong settings, `Kind::Project` for an unusable CI context.
    pub fn start(env: Env, flags: &[(String, String)], command: &Command) -> Result<Self> {
        let provider = ci::detect(&env);
        let event = event(provider, &env)?;
        let mut context = (provider.read)(&env, event.as_deref())?;
        let checkouts = Arc::new(Checkouts::default());
        if context.repository.is_none() {
            context.repository = of_remote(&checkouts, context.checkout.as_deref().unwrap_or(env.current_dir()), &env);
        }
        let intent = match command {
            Command::Plan | Command::Check | Command::History | Command::Manage(_) => Intent::Show,
            Command::Preview(_) => Intent::Preview,
            Command::Deploy | Command::Rollback | Command::Sandbox { .. } => Intent::Ship,
        };
        let settings = Basis { env: &env, flags, context: &context, intent, checkouts: &checkouts }.of_run()?;
        let console = Console::of_process(&env, provider.dialect, settings.report.colour, settings.report.format);
        for secret in [&settings.api.token, &settings.report.forge_token].into_iter().flatten() {
            console.hide(secret);
        }
        logging::start(&console, logging::level(settings.report.log_level, &env))?;
        settings.notices.iter().for_each(|notice| console.notice(notice));
        let calls = Caller::new(client::build(&env, &Options::for_calls(settings.api.ca_cert.clone()))?);
        let transfers = Caller::new(client::build(&env, &Options::for_transfers(settings.api.ca_cert.clone()))?);
        let (temporary, platform) = (temporary::folder(&env), Arc::default());
        Ok(Self {
            env,
            provider,
            context,
            settings,
            console,
            calls,
            transfers,
            temporary,
            platform,
            checkouts,
            vital: Vital::default(),
            flags: flags.to_vec(),
        })
    }

    /// Returns the session of one project of the repository, with the settings of its own file.
    ///
    /// # Errors
    /// `Kind::Usage` for wrong settings, `Kind::Project` for a file that cannot be read.
    pub fn of_project(&self, project: &Path, repository: &Path) -> Result<Self> {
        let basis = Basis {
            env: &self.env,
            flags: &self.flags,
            context: &self.context,
            intent: self.settings.intent,
            checkouts: &self.checkouts,
        };
        Ok(Self { settings: basis.of_project(project, repository)?, ..self.clone() })
    }

    /// Returns where outputs go.
    #[must_use]
    pub fn outlets(&self) -> Outlets<'_> {
        Outlets { env: &self.env, provider: self.provider, file: self.settings.report.outputs_file.as_deref() }
    }

    /// Returns the command to run: `action` makes something else of a deploy, wherever it is set.
    #[must_use]
    pub fn wanted(&self, command: Command) -> Command {
        if command != Command::Deploy {
            return command;
        }
        match (self.settings.action, &self.context.event) {
            (Action::Deploy, _) => Command::Deploy,
            (Action::Plan, _) => Command::Plan,
            (Action::Rollback, _) => Command::Rollback,
            (Action::Check, _) => Command::Check,
            (Action::Preview, Event::Schedule) => Command::Preview(Verb::Gc),
            (Action::Preview, Event::BranchDeleted) | (Action::DeletePreview, _) => Command::Preview(Verb::Down),
            (Action::Preview, _) => Command::Preview(Verb::Sync),
            (Action::CreatePreview | Action::DeployPreview, _) => Command::Preview(Verb::Up),
        }
    }

    /// Returns whether a command that would change something is only to say so.
    #[must_use]
    pub const fn is_dry(&self) -> bool {
        self.settings.previews.dry_run
    }

    /// Returns whether previews belong to branches, as with deploy-action, and not to pull requests.
    #[must_use]
    pub fn previews_branches(&self) -> bool {
        matches!(self.settings.action, Action::CreatePreview | Action::DeployPreview | Action::DeletePreview)
    }
}

/// Returns the repository that the checkout was cloned from. A checkout that cannot be read is
/// reported when its content is wanted.
fn of_remote(checkouts: &Checkouts, folder: &Path, env: &Env) -> Option<ForgeRepository> {
    let remote = checkouts.open(folder, env).ok()?.repository?.remote_url()?;
    ForgeRepository::of_clone_url(&remote)
}

/// Reads the file in which the CI system describes the event, or the one that it leads to.
fn event(provider: &Provider, env: &Env) -> Result<Option<Vec<u8>>> {
    let read = |path: Option<PathBuf>| path.map(|path| bounded(&path, ci::EVENT_FILE_LIMIT)).transpose().map(Option::flatten);
    let first = read((provider.event_file)(env))?;
    let second = read(first.as_deref().and_then(provider.leads_to))?;
    Ok(second.or(first))
}
