//! The places for a token's value: opened, proven writable before there is a value, and written.

use std::path::PathBuf;
use std::time::Duration;

use crate::app::manage::token::file::{Waiting, forget, rescue};
use crate::app::session::Session;
use crate::cli::token::Sinks;
use crate::error::{Error, Kind, Result};
use crate::forge::github_secrets::GitHubSecret;
use crate::forge::gitlab_variables::GitLabVariable;
use crate::forge::interface::Connection;
use crate::model::context::{ForgeKind, Repository};
use crate::model::secret::Secret;
use crate::model::sink::Sink;
use crate::settings::forge::token_variables;
use crate::settings::values::Format;

/// Longest time for a call of a forge with all its retries.
const BUDGET: Duration = Duration::from_secs(60);
/// How often a place is tried once the value exists and cannot be had again.
const TRIES: u32 = 3;

/// A place for a value.
pub struct Outlet {
    /// The place as the user named it.
    pub sink: Sink,
    way: Way,
}

enum Way {
    GitHub(GitHubSecret),
    GitLab(GitLabVariable),
    File(Waiting),
    Stdout,
}

/// Opens the places; nothing is sent yet.
///
/// # Errors
/// `Kind::Usage` for none, for one that is spelt wrongly, and without a token for its forge.
pub fn opened(session: &Session, sinks: &Sinks) -> Result<Vec<Outlet>> {
    let doing = "tell where the token's value goes";
    let stdout = sinks.clean_output.then(|| "stdout".to_owned());
    let mut outlets = Vec::new();
    for text in sinks.to.iter().cloned().chain(stdout) {
        let sink = Sink::parse(&text).map_err(|why| Error::new(Kind::Usage, format!("read `--to {text}`")).because(why))?;
        outlets.push(Outlet { way: way(session, &sink)?, sink });
    }
    if outlets.is_empty() {
        return Err(Error::new(Kind::Usage, doing)
            .because("no `--to` names a place, and the platform shows a value only once")
            .hint("give `--to github-secret:NAME`, `--to gitlab-variable:KEY`, `--to file:PATH` or `--to stdout`"));
    }
    if has_stdout(&outlets) && session.settings.report.format == Format::Json {
        return Err(Error::new(Kind::Usage, doing).because("`--to stdout` prints the value alone, and `--json` an object"));
    }
    Ok(outlets)
}

/// Returns whether a place is standard output, which then holds nothing else.
#[must_use]
pub fn has_stdout(outlets: &[Outlet]) -> bool {
    outlets.iter().any(|outlet| outlet.sink == Sink::Stdout)
}

/// Refuses places that hold something which nobody else may have: a new token takes no other's place.
///
/// # Errors
/// `Kind::Usage` for a file that is there.
pub fn refuse_present(session: &Session, outlets: &[Outlet]) -> Result<()> {
    for outlet in outlets {
        if let Sink::File(path) = &outlet.sink
            && session.env.current_dir().join(path).exists()
        {
            return Err(Error::new(Kind::Usage, format!("keep a new token in {}", outlet.sink))
                .because("there is such a file, which may hold another token")
                .hint("name another file, or delete this one"));
        }
    }
    Ok(())
}

fn way(session: &Session, sink: &Sink) -> Result<Way> {
    Ok(match sink {
        Sink::GitHubSecret { repository, environment, name } => {
            let connection = connection(session, ForgeKind::GitHub, repository.as_deref())?;
            Way::GitHub(GitHubSecret::new(&connection, environment.as_deref(), name)?)
        }
        Sink::GitLabVariable { project, key, scope } => {
            let connection = connection(session, ForgeKind::GitLab, project.as_deref())?;
            Way::GitLab(GitLabVariable::new(&connection, key, scope.as_deref())?)
        }
        Sink::File(path) => Way::File(Waiting::new(session.env.current_dir().join(path))),
        Sink::Stdout => Way::Stdout,
    })
}

/// Returns what it takes to talk to a forge about a repository; the run's own when none is named.
fn connection(session: &Session, forge: ForgeKind, path: Option<&str>) -> Result<Connection> {
    let doing = || format!("keep a token at {}", forge.word());
    let report = &session.settings.report;
    let own = session.context.repository.as_ref();
    let here = own.filter(|own| report.forge.unwrap_or(own.forge) == forge);
    let server = match forge {
        ForgeKind::GitHub => "https://github.com",
        _ => "https://gitlab.com",
    };
    let repository = match (path, here) {
        (Some(path), Some(here)) => Repository { path: path.to_owned(), forge, ..here.clone() },
        (Some(path), None) => Repository::at(forge, server, path),
        (None, Some(here)) => Repository { forge, ..here.clone() },
        (None, None) => {
            return Err(Error::new(Kind::Usage, doing()).because("this run is of no repository there").hint("name it in `--to`"));
        }
    };
    // Whether the settings of the run's forge are about this one.
    let meant = here.is_some()
        || report.forge == Some(forge)
        || (own.is_none() && report.forge.is_none() && report.forge_api_url.is_some());
    let own_token = report.forge_token.clone().filter(|_| meant);
    let by_convention = || token_variables(forge).iter().find_map(|name| session.env.get(name).map(Secret::new));
    let token = own_token.or_else(by_convention).ok_or_else(|| {
        Error::new(Kind::Usage, doing()).because("there is no token for it").hint(format!(
            "set {} to one that may write there; the token of the job itself may not",
            token_variables(forge).first().copied().unwrap_or("LIFTOFF_FORGE_TOKEN")
        ))
    })?;
    session.console.hide(&token);
    let named = report.forge_api_url.clone().filter(|_| meant);
    let api_url = named.or_else(|| repository.api_url.clone()).unwrap_or_default();
    Ok(Connection { caller: session.calls.clone(), api_url, token, repository, budget: BUDGET })
}

/// Proves that every place can be written.
///
/// # Errors
/// As the first place that cannot.
pub async fn prove(outlets: &mut [Outlet]) -> Result<()> {
    for outlet in outlets {
        match &mut outlet.way {
            Way::GitHub(secret) => secret.prove().await?,
            Way::GitLab(variable) => variable.prove().await?,
            Way::File(waiting) => waiting.prove()?,
            Way::Stdout => {}
        }
    }
    Ok(())
}

/// A value that not every place took.
pub struct Unkept {
    failed: Vec<(Sink, Error)>,
    places: usize,
    spare: Result<PathBuf>,
}

impl Unkept {
    /// Returns whether some place took the value.
    #[must_use]
    pub const fn is_somewhere(&self) -> bool {
        self.failed.len() < self.places
    }

    /// Returns the error of a value that is still needed: it waits in a file whose path is told.
    #[must_use]
    pub fn rescued(self, doing: String, after: &str) -> Error {
        let hint = match &self.spare {
            Ok(path) => {
                let path = path.display();
                format!(
                    "the value is in {path}, which only this user can read. A hosted runner deletes that file with the job: put the \
                     value where it belongs in a later step of this job that runs after a failure, such as \
                     `gh secret set NAME < {path}`; anywhere else do it now, then delete the file"
                )
            }
            Err(lost) => format!("the value is lost ({lost}); rotate the token again"),
        };
        self.told(doing, after).hint(hint)
    }

    /// Returns the error of a value that nobody needs any more, and deletes its file.
    #[must_use]
    pub fn dropped(self, session: &Session, doing: String, after: &str) -> Error {
        forgotten(session, &self.spare);
        self.told(doing, after)
    }

    fn told(&self, doing: String, after: &str) -> Error {
        let why = |(sink, error): &(Sink, Error)| format!("{sink}: {}", error.cause().unwrap_or(error.doing()));
        let why: Vec<String> = self.failed.iter().map(why).collect();
        Error::new(Kind::Transfer, doing).because(format!("{}\n{after}", why.join("\n")))
    }
}

fn forgotten(session: &Session, spare: &Result<PathBuf>) {
    if let Some(Err(error)) = spare.as_ref().ok().map(|path| forget(path)) {
        session.console.warn_about(&error);
    }
}

/// Writes the value to every place. Until all have it, it lies in a file as well, so that nothing that ends this process loses
/// it.
///
/// # Errors
/// Returns what became of the value when a place did not take it.
pub async fn keep(session: &Session, outlets: &mut [Outlet], value: &Secret) -> std::result::Result<(), Box<Unkept>> {
    let spare = rescue(&session.temporary, value);
    if let Err(error) = &spare {
        tracing::warn!(reason = %error, "no file holds the value until every place has it");
    }
    let places = outlets.len();
    let mut failed = Vec::new();
    for outlet in outlets {
        if let Err(error) = patiently(session, outlet, value).await {
            failed.push((outlet.sink.clone(), error));
        }
    }
    if failed.is_empty() {
        forgotten(session, &spare);
        return Ok(());
    }
    let spare = spare.or_else(|_| rescue(&session.temporary, value));
    Err(Box::new(Unkept { failed, places, spare }))
}

async fn patiently(session: &Session, outlet: &mut Outlet, value: &Secret) -> Result<()> {
    let mut tried = 1;
    loop {
        match once(session, outlet, value).await {
            Err(error) if tried < TRIES && error.kind() == Kind::Transfer => {
                tracing::warn!(sink = %outlet.sink, reason = %error, tried, "trying again to keep the value");
            }
            ended => return ended,
        }
        tokio::time::sleep(session.calls.retry.first_delay * tried).await;
        tried += 1;
    }
}

async fn once(session: &Session, outlet: &mut Outlet, value: &Secret) -> Result<()> {
    match &mut outlet.way {
        Way::GitHub(secret) => secret.store(value).await,
        Way::GitLab(variable) => variable.store(value).await,
        Way::File(waiting) => waiting.store(value),
        Way::Stdout => session.console.reveal(value),
    }
}

/// Returns the places as one phrase.
#[must_use]
pub fn named(outlets: &[Outlet]) -> String {
    outlets.iter().map(|outlet| outlet.sink.to_string()).collect::<Vec<_>>().join(", ")
}
