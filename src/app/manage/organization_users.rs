//! `liftoff organization user`: invites people and gives them roles in the Organization.

use std::collections::HashSet;

use crate::app::manage::people::{self, Deed};
use crate::app::manage::scene;
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::cli::organization::UserVerb;
use crate::cli::people::Given;
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;
use crate::model::roles::{Holder, ORGANIZATION_ROLES, Place, check_role};
use crate::report::answer::Answer;
use crate::report::rows::{Row, answer};

/// Role of somebody who is invited without one, as the Astro CLI has it.
const USUAL_ROLE: &str = "ORGANIZATION_MEMBER";

/// Runs a verb.
///
/// # Errors
/// As the platform answers; with several rows, as the worst of them.
pub async fn run(session: &Session, verb: &UserVerb) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let asked = (&astro, Holder::User, &Place::Organization);
    match verb {
        UserVerb::List => people::list(asked).await,
        UserVerb::Invite(given) => invite(session, &astro, given).await,
        UserVerb::Update(given) => people::with_roles(session, asked, Deed::Update, given).await,
    }
}

/// Invites each that is neither a user nor invited yet. The API has no list of invitations: who was invited is a user whose
/// status is pending.
async fn invite(session: &Session, astro: &AstroClient, given: &Given) -> Result<Answer> {
    let known: Vec<String> = ORGANIZATION_ROLES.iter().map(|&role| role.to_owned()).collect();
    let mut wanted = Vec::new();
    for line in people::lines(session, &given.who, given.file.as_deref())? {
        let mut words = line.split_whitespace();
        let email = words.next().unwrap_or_default().to_owned();
        let role = words.next().or(given.role.as_deref()).unwrap_or(USUAL_ROLE).to_owned();
        check_role(&role, &known, &Place::Organization)?;
        if words.next().is_some() || !is_address(&email) {
            return Err(
                Error::new(Kind::Usage, format!("invite `{line}`")).because("it is no e-mail address, with or without a role")
            );
        }
        wanted.push((email, role));
    }
    let all = astro.records(&["users"], &[], "list the users").await?;
    let mut done = HashSet::new();
    let mut rows = Vec::new();
    for (email, role) in wanted {
        let present = all.iter().find(|user| user.text("username").eq_ignore_ascii_case(&email));
        let result = match present {
            _ if !done.insert(email.to_lowercase()) => Ok("skipped: named before".to_owned()),
            Some(user) => Ok(skipped(user, &role)),
            None if session.is_dry() => Ok("would be invited".to_owned()),
            None => invite_one(astro, &email, &role).await,
        };
        rows.push(Row { who: email, wanted: role, result });
    }
    Ok(answer("invite all of them", &rows))
}

async fn invite_one(astro: &AstroClient, email: &str, role: &str) -> Result<String> {
    let mut body = Record::default();
    body.set("inviteeEmail", email);
    body.set("role", role);
    let made = astro.create_record(&["invites"], &body, &format!("invite {email}")).await?;
    let expiry = made.text("expiresAt").get(..10).map(|day| format!(", until {day}")).unwrap_or_default();
    Ok(format!("invited{expiry}"))
}

fn skipped(user: &Record, role: &str) -> String {
    let held = user.text("organizationRole");
    let other = if held == role { String::new() } else { format!(" as {held}") };
    match user.text("status") {
        "PENDING" => format!("skipped: invited already{other}"),
        _ => format!("skipped: there already{other}"),
    }
}

fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
}
