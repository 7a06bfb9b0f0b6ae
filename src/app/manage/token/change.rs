//! Changes of tokens that need no new value: name, description, roles, deletion.

use serde_json::{Value, json};

use crate::app::manage::token::list::without_value;
use crate::app::manage::token::place::Place;
use crate::app::session::Session;
use crate::cli::token::{Chosen, Delete, Grant, Update};
use crate::error::{Error, Kind, Result};
use crate::model::permission::Scope;
use crate::model::record::Record;
use crate::plan::tokens::roles_with;
use crate::report::answer::Answer;

/// Changes name, description and role of a token; what is not named stays.
///
/// # Errors
/// `Kind::Usage` when nothing is to change or the role is none, else as `Place::own` and requests do.
pub async fn update(session: &Session, place: &Place, what: &Update) -> Result<Answer> {
    if what.new_name.is_none() && what.description.is_none() && what.role.is_none() {
        return Err(Error::new(Kind::Usage, "change an API token")
            .because("nothing is named that is to change")
            .hint("give `--new-name`, `--description` or `--role`"));
    }
    let role = what.role.as_deref().map(|role| place.checked_role(role)).transpose()?;
    let token = place.own(what.chosen.wanted()).await?;
    let (name, id) = (what.new_name.as_deref().unwrap_or(token.text("name")), token.id());
    let role_to_give = role.filter(|role| place.role_of(&token).as_deref() != Some(role));
    let roles = role_to_give.map(|role| roles_at(place, &token, Some(role))).transpose()?;
    if session.is_dry() {
        return Ok(Answer::done(format!("would change the API token {} ({id})", token.text("name")), token.into_value()));
    }
    let doing = format!("change the API token {} ({id})", token.text("name"));
    if what.new_name.is_some() || what.description.is_some() {
        // The platform empties what is not sent.
        let description = what.description.as_deref().unwrap_or(token.text("description"));
        let body = body(&[("name", name.into()), ("description", description.into())]);
        place.astro.update_record(&["tokens", id], &body, &doing).await?;
    }
    if let Some(roles) = &roles {
        write_roles(place, &token, roles, &doing).await?;
    }
    let now = without_value(place.read(id).await?);
    verified(place, &now, role, &doing)?;
    Ok(Answer::done(format!("changed the API token {name} ({id})"), now.into_value()))
}

/// Lets a wider token in with a role, or changes its role here.
///
/// # Errors
/// `Kind::Usage` for a role that there is not, `Kind::Refused` for a token that belongs here or not to the scope
/// that is said, else as requests do.
pub async fn add(session: &Session, place: &Place, (grant, of): (&Grant, Option<Scope>)) -> Result<Answer> {
    let role = place.checked_role(&grant.role)?;
    let token = place.any(grant.chosen.wanted(), of).await?;
    wider(place, &token, of)?;
    let (name, id) = (token.text("name").to_owned(), token.id().to_owned());
    let sentence = format!("the API token {name} ({id}) the role {role} on {}", place.name);
    if place.role_of(&token).as_deref() == Some(role) {
        return Ok(Answer::done(
            format!("nothing to do: {name} ({id}) has {role} on {} already", place.name),
            token.into_value(),
        ));
    }
    let roles = roles_at(place, &token, Some(role))?;
    if session.is_dry() {
        return Ok(Answer::done(format!("would give {sentence}"), token.into_value()));
    }
    let doing = format!("give {sentence}");
    write_roles(place, &token, &roles, &doing).await?;
    let now = without_value(place.read(&id).await?);
    verified(place, &now, Some(role), &doing)?;
    Ok(Answer::done(format!("gave {sentence}"), now.into_value()))
}

/// Takes a wider token's role here away.
///
/// # Errors
/// `Kind::Refused` for a token that belongs here or would be left without any role, else as requests do.
pub async fn remove(session: &Session, place: &Place, (chosen, of): (&Chosen, Option<Scope>)) -> Result<Answer> {
    let token = place.any(chosen.wanted(), of).await?;
    wider(place, &token, of)?;
    let (name, id) = (token.text("name").to_owned(), token.id().to_owned());
    let sentence = format!("from the API token {name} ({id}) its role on {}", place.name);
    if place.role_of(&token).is_none() {
        return Ok(Answer::done(format!("nothing to do: {name} ({id}) has no role on {}", place.name), token.into_value()));
    }
    let doing = format!("take {sentence}");
    if token.list("roles").len() == 1 {
        return Err(Error::new(Kind::Refused, doing).because("it is its only role").hint("delete the token instead"));
    }
    let roles = roles_at(place, &token, None)?;
    if session.is_dry() {
        return Ok(Answer::done(format!("would take {sentence}"), token.into_value()));
    }
    write_roles(place, &token, &roles, &doing).await?;
    let now = without_value(place.read(&id).await?);
    if place.role_of(&now).is_some() {
        return Err(Error::new(Kind::Refused, doing).because("the role is still there afterwards"));
    }
    Ok(Answer::done(format!("took {sentence}"), now.into_value()))
}

/// Deletes a token.
///
/// # Errors
/// `Kind::Refused` for the token in use unless that is forced, else as requests do.
pub async fn delete(session: &Session, place: &Place, what: &Delete) -> Result<Answer> {
    let token = place.own(what.chosen.wanted()).await?;
    let named = format!("the API token {} ({}) of {}", token.text("name"), token.id(), place.name);
    if place.is_in_use(&token) && !what.force {
        return Err(Error::new(Kind::Refused, format!("delete {named}"))
            .because("it is the token that this run uses")
            .hint("give `--force` if that is meant"));
    }
    if session.is_dry() {
        return Ok(Answer::done(format!("would delete {named}"), without_value(token).into_value()));
    }
    place.astro.remove_record(&["tokens", token.id()], &format!("delete {named}")).await?;
    Ok(Answer::done(format!("deleted {named}"), without_value(token).into_value()))
}

/// A token of the place itself is changed by `update` and ended by `delete`.
fn wider(place: &Place, token: &Record, of: Option<Scope>) -> Result<()> {
    if let Some(of) = of.filter(|of| token.text("scope") != of.word()) {
        return Err(Error::new(Kind::Refused, format!("change the role of an API token of the {}", of.name())).because(format!(
            "{} ({}) belongs to the {}",
            token.text("name"),
            token.id(),
            token.text("scope").to_lowercase()
        )));
    }
    let belongs_here = token.text("scope") == place.scope.word();
    if !belongs_here && place.scope != Scope::Organization {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, format!("change the role of a wider API token on {}", place.name))
        .because(format!("{} belongs there itself", token.text("name")))
        .hint("`update` changes its role, `delete` ends it"))
}

fn roles_at(place: &Place, token: &Record, role: Option<&str>) -> Result<Vec<Value>> {
    roles_with(token, (place.scope, &place.id), role)
}

async fn write_roles(place: &Place, token: &Record, roles: &[Value], doing: &str) -> Result<()> {
    let body = body(&[("roles", json!(roles))]);
    place.astro.update_record(&["tokens", token.id(), "roles"], &body, doing).await.map(drop)
}

fn verified(place: &Place, token: &Record, role: Option<&str>, doing: &str) -> Result<()> {
    match role {
        Some(role) if place.role_of(token).as_deref() != Some(role) => Err(Error::new(Kind::Refused, doing)
            .because("the role is another one afterwards")
            .hint("did somebody else change it?")),
        _ => Ok(()),
    }
}

/// Returns a request body of these fields.
#[must_use]
pub fn body(fields: &[(&str, Value)]) -> Record {
    let mut body = Record::default();
    fields.iter().for_each(|(name, value)| body.set(name, value.clone()));
    body
}
