//! `liftoff airflow token`: a token for one Deployment that lives as long as a command runs.
//!
//! The platform counts a token's life in days (`reference/astro-platform.md` 8.6), so it is deleted afterwards, also when the
//! command fails and when a signal ends the run. Should Liftoff itself be killed, it expires.

use std::ffi::OsString;
use std::time::Duration;

use serde_json::{Map, json};
use tokio::process::{Child, Command};

use crate::app::manage::airflow_site::{Reached, reached};
use crate::app::session::Session;
use crate::app::ship::run_name;
use crate::app::story::stopped;
use crate::cli::airflow::Token;
use crate::deploy::interrupt::Interrupt;
use crate::env::children::is_withheld;
use crate::env::names::ASTRO_API_TOKEN;
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;
use crate::model::secret::Secret;
use crate::settings::values::Format;

/// Variable in which the command finds the address of the API.
const AIRFLOW_API_URL: &str = "AIRFLOW_API_URL";
/// How long a command may take to end after a signal.
const GRACE: Duration = Duration::from_secs(10);

/// Makes the token, runs the command with it and deletes it. Returns the exit code: the command's own, or that of the failure.
pub async fn told(session: &Session, wish: &Token, interrupt: Interrupt) -> u8 {
    match run(session, wish, interrupt).await {
        Ok(code) => code,
        Err(error) => {
            let error = error.map_text(|text| session.console.masked(text));
            session.console.error(&error);
            error.kind().exit_code()
        }
    }
}

async fn run(session: &Session, wish: &Token, mut interrupt: Interrupt) -> Result<u8> {
    let doing = "make a token for a Deployment";
    if wish.command.is_empty() && !wish.print {
        return Err(Error::new(Kind::Usage, doing)
            .because("there is no command that would use it")
            .hint("`liftoff airflow token -- COMMAND` runs one with it; `--print` prints it instead"));
    }
    let name = format!("liftoff airflow token {}", run_name());
    let airflow = tokio::select! {
        airflow = reached(session, &wish.deployment) => airflow?,
        kind = interrupt.wished() => return Err(stopped(kind)),
    };
    if session.is_dry() {
        session.console.data(&format!("would make a token for {} and delete it afterwards", airflow.deployment.name))?;
        return Ok(0);
    }
    let minted = tokio::select! {
        minted = minted(&airflow, wish, &name) => minted,
        kind = interrupt.wished() => Err(stopped(kind)),
    };
    let minted = match minted {
        Ok(minted) => minted,
        Err(error) => {
            if matches!(error.kind(), Kind::Transfer | Kind::Interrupted | Kind::Terminated) {
                forgotten(session, &airflow, &name).await;
            }
            return Err(error);
        }
    };
    if wish.print {
        return printed(session, &minted).map(|()| 0);
    }
    session.console.mask(&minted.text);
    let ended = ran(session, wish, (&airflow, &minted), interrupt).await;
    deleted(session, &airflow, &minted.id).await;
    ended
}

/// A token that was made.
struct Minted {
    id: String,
    text: Secret,
    expires: String,
}

async fn minted(airflow: &Reached, wish: &Token, name: &str) -> Result<Minted> {
    let doing = format!("make a token for {}", airflow.deployment.name);
    let body = json!({
        "name": name, "description": "Deleted when its command has ended", "scope": "DEPLOYMENT",
        "entityId": airflow.deployment.id.as_str(), "role": wish.role, "tokenExpiryPeriodInDays": wish.ttl_days,
    });
    let mut made = airflow.astro.create_record(&["tokens"], &Record::of(body).unwrap_or_default(), &doing).await?;
    let text = match made.take("token") {
        Some(serde_json::Value::String(text)) if !text.is_empty() => Secret::new(text),
        _ => return Err(Error::new(Kind::Transfer, doing).because("the platform's answer has no token")),
    };
    Ok(Minted { id: made.id().to_owned(), text, expires: made.text("endAt").to_owned() })
}

fn printed(session: &Session, minted: &Minted) -> Result<()> {
    session.console.notice(&format!("the token {} lives until {}; nothing deletes it before", minted.id, minted.expires));
    let mut object = Map::from_iter([("schema".to_owned(), json!(1))]);
    object.insert("id".to_owned(), json!(minted.id));
    object.insert("expires".to_owned(), json!(minted.expires));
    object.insert("token".to_owned(), json!(minted.text.expose()));
    match session.settings.report.format {
        Format::Json => session.console.json(&object.into()),
        Format::Text => session.console.data(minted.text.expose()),
    }
}

/// Runs the command to its end and returns its exit code; a signal to this run goes on to the command.
async fn ran(session: &Session, wish: &Token, (airflow, minted): (&Reached, &Minted), mut interrupt: Interrupt) -> Result<u8> {
    let Some((program, arguments)) = wish.command.split_first() else { return Ok(0) };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(session.env.current_dir()).env_clear().envs(environment(session));
    command.env(ASTRO_API_TOKEN, minted.text.expose()).kill_on_drop(true);
    if let Some(url) = &airflow.deployment.airflow_api {
        command.env(AIRFLOW_API_URL, url.without_user_info().as_str());
    }
    let doing = || format!("run {}", program.display());
    let mut child = command.spawn().map_err(|error| Error::new(Kind::Usage, doing()).because(error))?;
    let status = tokio::select! {
        status = child.wait() => status,
        kind = interrupt.wished() => {
            end(&mut child, kind).await;
            return Err(stopped(kind).hint("the command was ended, and its token is deleted"));
        }
    };
    let status = status.map_err(|error| Error::new(Kind::Project, doing()).because(error))?;
    // A command that a signal ended has no code; shells say 128 and more then.
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(Kind::Internal.exit_code()))
}

/// Returns what the command gets of our environment: everything but the credentials of Liftoff and the CI job.
fn environment(session: &Session) -> Vec<(String, OsString)> {
    let names = session.env.names().filter(|name| !is_withheld(name));
    names.filter_map(|name| Some((name.to_owned(), session.env.verbatim(name)?.to_owned()))).collect()
}

/// Hands a signal on to the command, and ends it when it does not end by itself.
async fn end(child: &mut Child, kind: Kind) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process};
        let signal = if kind == Kind::Interrupted { Signal::INT } else { Signal::TERM };
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        // It may have ended meanwhile.
        let _ = id.map(|id| kill_process(id, signal));
    }
    #[cfg(not(unix))]
    let _ = kind;
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

async fn deleted(session: &Session, airflow: &Reached, id: &str) {
    if let Err(error) = airflow.astro.remove_record(&["tokens", id], &format!("delete the token {id}")).await {
        session.console.warn_about(&error.hint("delete it by hand; it expires by itself"));
    }
}

/// Deletes a token whose creation may have worked although its answer never came. Its name is nobody else's.
async fn forgotten(session: &Session, airflow: &Reached, name: &str) {
    let query = [("deploymentId", airflow.deployment.id.as_str())];
    match airflow.astro.records(&["tokens"], &query, "list the tokens of the Deployment").await {
        Ok(all) => {
            for token in all.iter().filter(|token| token.text("name") == name) {
                deleted(session, airflow, token.id()).await;
            }
        }
        Err(error) => session.console.warn_about(&error.hint(format!("delete the token `{name}` by hand, if there is one"))),
    }
}
