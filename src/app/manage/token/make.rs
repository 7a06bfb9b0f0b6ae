//! A new token, whose value is kept or which is deleted again.

use serde_json::Value;

use crate::app::manage::token::change::body;
use crate::app::manage::token::place::Place;
use crate::app::manage::token::rotate::told;
use crate::app::manage::token::{proof, store};
use crate::app::session::Session;
use crate::cli::token::Create;
use crate::error::{Error, Kind, Result};
use crate::model::permission::Scope;
use crate::model::record::Record;
use crate::report::answer::Answer;

/// Most days that a token may live (`reference/astro-platform.md` 8.6).
const MOST_DAYS: u16 = 3_650;

/// Makes a token.
///
/// # Errors
/// Before anything is made: `Kind::Usage` for a wrong role, life or place, `Kind::Refused` for a name that is taken, and as
/// the places refuse. A token whose value no place takes is deleted again.
pub async fn run(session: &Session, place: &Place, new: &Create) -> Result<Answer> {
    let doing = format!("make the API token {} of {}", new.name, place.name);
    if new.expires_in_days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
        return Err(Error::new(Kind::Usage, doing).because(format!("`--expires-in-days` takes 1 to {MOST_DAYS}")));
    }
    let role = match (&new.role, place.scope) {
        (Some(role), _) => place.checked_role(role)?,
        (None, Scope::Deployment) => "DEPLOYMENT_ADMIN",
        (None, _) => {
            return Err(Error::new(Kind::Usage, doing)
                .because("no role is named")
                .hint("name the least that will do with `--role`"));
        }
    };
    let mut outlets = store::opened(session, &new.sinks)?;
    store::refuse_present(session, &outlets)?;
    // The platform makes a second one of the same name, and nobody could tell them apart.
    if let Some(known) = place.tokens().await?.iter().find(|token| token.text("name") == new.name) {
        return Err(Error::new(Kind::Refused, doing)
            .because(format!("there is one of that name already ({})", known.id()))
            .hint("choose another name, or rotate that one"));
    }
    let body = wanted(place, new, role);
    if session.is_dry() {
        return Ok(told(session, &outlets, format!("would {doing} and keep its value in {}", store::named(&outlets)), &body));
    }
    store::prove(&mut outlets).await?;
    let vital = session.vital.begin();
    let mut token = place.astro.create_record(&["tokens"], &body, &doing).await?;
    let value = proof::taken(session, &mut token, &doing)?;
    if let Err(unkept) = store::keep(session, &mut outlets, &value).await {
        return Err(unmade(session, place, (&token, doing), *unkept).await);
    }
    drop(vital);
    proof::works(session, &place.astro, &value).await?;
    let life = new.expires_in_days.map_or("never expires".to_owned(), |days| format!("expires in {days} days"));
    let sentence = format!(
        "made the API token {} ({}) of {} with {role}; it {life}; its value is in {} and works",
        new.name,
        token.id(),
        place.name,
        store::named(&outlets)
    );
    Ok(told(session, &outlets, sentence, &token))
}

/// Deletes a token whose value no place took. Where one has it already, the value before it is gone, so the token must live.
async fn unmade(session: &Session, place: &Place, (token, doing): (&Record, String), unkept: store::Unkept) -> Error {
    if unkept.is_somewhere() {
        let after = format!("the token {} stays, because another place has its value already", token.id());
        return unkept.rescued(doing, &after);
    }
    match place.astro.remove_record(&["tokens", token.id()], "delete it again").await {
        Ok(()) => unkept.dropped(session, doing, "the token was deleted again"),
        Err(left) => {
            let why = left.cause().unwrap_or_default();
            unkept.rescued(doing, &format!("and the token {} could not be deleted again: {why}", token.id()))
        }
    }
}

fn wanted(place: &Place, new: &Create, role: &str) -> Record {
    let text = |text: &str| Value::from(text);
    let mut wanted = body(&[
        ("name", text(&new.name)),
        ("description", text(&new.description)),
        ("scope", text(place.scope.word())),
        ("role", text(role)),
    ]);
    if place.scope != Scope::Organization {
        wanted.set("entityId", place.id.as_str());
    }
    if let Some(days) = new.expires_in_days {
        wanted.set("tokenExpiryPeriodInDays", days);
    }
    wanted
}
