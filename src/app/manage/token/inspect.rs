//! What the run's own token is, how long it lives, and whether it fits a command.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::manage::scene;
use crate::app::manage::token::place::Wanted;
use crate::app::rights;
use crate::app::session::Session;
use crate::app::target::time_left;
use crate::astro::client::AstroClient;
use crate::cli::token::Inspect;
use crate::cli::which::DeploymentArg;
use crate::error::{Error, Kind, Result};
use crate::model::permission::{Held, HeldRole, Place, Scope};
use crate::model::record::Record;
use crate::plan::authority::{Verdict, judge, sentence};
use crate::report::answer::Answer;
use crate::report::columns::{aligned, minute};

/// Tells about the token.
///
/// # Errors
/// `Kind::Usage` for a command that there is not, else as reads do. A token that does not suffice is an answer that fails
/// with `Kind::Refused`.
pub async fn run(session: &Session, wanted: &Wanted, what: &Inspect) -> Result<Answer> {
    let need = what.command.as_deref().map(rights::need).transpose()?;
    let astro = scene::astro(session).await?;
    let own = rights::own_record(&astro).await?;
    if own.is_none() {
        accepted(&astro).await?;
    }
    let held = rights::held(&astro, own.as_ref());
    let mut rows = described(&astro, own.as_ref(), &held);
    let mut json = object(&astro, own.as_ref(), &held);
    let mut failure = None;
    if let (Some(need), Some(command)) = (need, &what.command) {
        let verdict = judge(&held, need, &place(session, &astro, wanted).await);
        let word = match &verdict {
            Verdict::Enough => "suffices".to_owned(),
            Verdict::Wider(why) => format!("suffices, but is wider than needed: {why}"),
            Verdict::TooLittle(why) => format!("does not suffice: {why}"),
            Verdict::Unknown(why) => format!("cannot be told: {why}"),
        };
        if let Verdict::Wider(why) = &verdict {
            session.console.warning(&format!("the token is wider than `{command}` needs: {why}"));
        }
        if let Verdict::TooLittle(why) = &verdict {
            failure = Some(Error::new(Kind::Refused, format!("run `{command}` with this token")).because(why));
        }
        rows.push(row(&format!("for `{command}`"), &word));
        json["for"] = json!({
            "command": command, "needs": sentence(need), "verdict": verdict.word(), "reason": verdict.reason(),
        });
    }
    Ok(Answer::text(aligned(&rows), json).failing(failure))
}

/// Returns an error when the platform does not take the token; one that may not read is fine.
async fn accepted(astro: &AstroClient) -> Result<()> {
    match astro.raw(Method::GET, &["organizations"], &[("limit", "1")], None).await {
        Err(error) if error.kind() == Kind::Auth => Err(error),
        _ => Ok(()),
    }
}

fn row(name: &str, value: &str) -> Vec<String> {
    vec![name.to_owned(), value.to_owned()]
}

fn described(astro: &AstroClient, own: Option<&Record>, held: &Held) -> Vec<Vec<String>> {
    let token = astro.api_token();
    let text = |path: &str| own.map(|own| own.text(path)).filter(|text| !text.is_empty());
    let left = token.expires_in(Timestamp::now());
    let ends = match (token.expires, left) {
        (Some(at), Some(left)) => format!("{} (in {})", minute(&at.to_string()), time_left(left)),
        _ if token.organization.is_none() && own.is_none() => "unknown".to_owned(),
        _ => "never".to_owned(),
    };
    let roles = match &held.roles {
        Some(roles) => roles.iter().map(shown_role).collect::<Vec<_>>().join(", "),
        None => "not shown to the token itself".to_owned(),
    };
    let mut rows = vec![
        row("name", text("name").unwrap_or("unknown")),
        row("id", token.id.as_deref().unwrap_or("unknown")),
        row("scope", held.scope.map_or("unknown", Scope::name)),
        row("roles", &roles),
        row("expires", &ends),
    ];
    for (name, path) in [("created", "createdAt"), ("last rotated", "lastRotatedAt"), ("last used", "lastUsedAt")] {
        rows.extend(text(path).map(|time| row(name, &minute(time))));
    }
    rows
}

fn shown_role(held: &HeldRole) -> String {
    match held.on {
        Some(on) => format!("{} on the {} {}", held.role, on.name(), held.entity),
        None => format!("{} on {}", held.role, held.entity),
    }
}

fn object(astro: &AstroClient, own: Option<&Record>, held: &Held) -> Value {
    let token = astro.api_token();
    let days = token.expires_in(Timestamp::now()).map(|left| left.as_hours() / 24);
    let claims = json!({
        "id": token.id, "organization": token.organization.as_ref().map(ToString::to_string),
        "workspace": token.workspace.as_ref().map(ToString::to_string),
        "deployment": token.deployment.as_ref().map(ToString::to_string),
        "expires": token.expires.map(|at| at.to_string()), "days_left": days,
    });
    let mut record = own.cloned();
    if let Some(record) = &mut record {
        record.take("token");
    }
    json!({
        "schema": 1, "scope": held.scope.map(Scope::word), "claims": claims,
        "token": record.map_or(Value::Null, Record::into_value),
    })
}

/// Returns what a command would be about, as far as it is named and can be read.
async fn place(session: &Session, astro: &AstroClient, wanted: &Wanted) -> Place {
    let which = DeploymentArg { deployment: wanted.deployment.clone() };
    if which.deployment.is_some() || session.settings.target.is_named() {
        return match scene::deployment(session, astro, &which).await {
            Ok(found) => Place { workspace: Some(found.text("workspaceId").to_owned()), deployment: Some(found.id().to_owned()) },
            Err(_) => Place::default(),
        };
    }
    let workspace = scene::workspace_filter(session, astro).await.ok().flatten();
    Place { workspace, deployment: None }
}
