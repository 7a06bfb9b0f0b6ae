//! Rotation. The old value dies at once, so every place for the new one is proven writable before.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::app::manage::token::place::Place;
use crate::app::manage::token::{proof, store};
use crate::app::session::Session;
use crate::cli::token::Rotate;
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;
use crate::plan::tokens::{is_due, value_since};
use crate::report::answer::Answer;

/// Rotates a token whose value is old enough and keeps the new value.
///
/// # Errors
/// Before anything is changed: `Kind::Usage` for wrong places, `Kind::NotFound` for no such token, `Kind::Refused` for the token
/// in use unless that is forced, and as the places refuse.
/// Afterwards `Kind::Transfer` when the value could not be kept everywhere, with the file that holds it.
pub async fn run(session: &Session, place: &Place, what: &Rotate) -> Result<Answer> {
    let mut outlets = store::opened(session, &what.sinks)?;
    let token = place.own(what.chosen.wanted()).await?;
    let named = format!("the API token {} ({}) of {}", token.text("name"), token.id(), place.name);
    if place.is_in_use(&token) && !what.force {
        return Err(unforced(&named));
    }
    if !is_due(&token, what.older_than, Timestamp::now()) {
        let since = value_since(&token).map_or_else(String::new, |since| since.strftime("%Y-%m-%d").to_string());
        let days = what.older_than.unwrap_or_default();
        return Ok(told(
            session,
            &outlets,
            format!("nothing to do: {named} has its value since {since}, less than {days} days"),
            &token,
        ));
    }
    if session.is_dry() {
        return Ok(told(
            session,
            &outlets,
            format!("would rotate {named} and keep its value in {}", store::named(&outlets)),
            &token,
        ));
    }
    store::prove(&mut outlets).await.map_err(|error| unrotated(error, &named))?;
    if place.is_in_use(&token) {
        session.console.notice(&format!("{named} is the token that this run uses: its old value is dead from now on"));
    }
    let doing = format!("rotate {named}");
    let vital = session.vital.begin();
    // Sent again after a lost answer: the last value counts, and nobody has seen the one before.
    let rotated = place.astro.update_record(&["tokens", token.id(), "rotate"], &Record::default(), &doing).await;
    let mut rotated = rotated.map_err(|error| doubtful(error, place, &token))?;
    let value = proof::taken(session, &mut rotated, &doing)?;
    let kept = store::keep(session, &mut outlets, &value).await;
    kept.map_err(|unkept| unkept.rescued(format!("keep the new value of {named}"), "the old value is dead already"))?;
    drop(vital);
    proof::works(session, &place.astro, &value).await.map_err(|error| {
        Error::new(error.kind(), format!("use the new value of {named}"))
            .because(error)
            .hint("it is kept all the same; rotate again")
    })?;
    let sentence = format!("rotated {named}; its value is in {} and works", store::named(&outlets));
    Ok(told(session, &outlets, sentence, &rotated))
}

/// Returns the answer; where standard output holds the value alone, the sentence is talk.
pub fn told(session: &Session, outlets: &[store::Outlet], sentence: String, token: &Record) -> Answer {
    let sinks: Vec<Value> = outlets.iter().map(|outlet| Value::from(outlet.sink.to_string())).collect();
    let mut token = token.clone();
    token.take("token");
    let answer = Answer::done(sentence, json!({ "token": token.into_value(), "sinks": sinks }));
    if !store::has_stdout(outlets) {
        return answer;
    }
    answer.lines.iter().for_each(|line| session.console.info(line));
    Answer { lines: Vec::new(), ..answer }
}

/// Refused whether it is due or not, so that a scheduled job shows it on its first day.
fn unforced(named: &str) -> Error {
    Error::new(Kind::Refused, format!("rotate {named}"))
        .because(
            "it is the token that this run uses: if the platform's answer is lost, nobody has the new value, and the old one is too \
             dead to rotate again",
        )
        .hint("set another token that may rotate it, or give `--force` if that is meant")
}

fn unrotated(error: Error, named: &str) -> Error {
    let cause = error.cause().unwrap_or_default();
    let told = Error::new(error.kind(), error.doing()).because(format!("{cause}\n{named} was not rotated").trim_start());
    match error.advice() {
        Some(advice) => told.hint(advice),
        None => told,
    }
}

fn doubtful(error: Error, place: &Place, token: &Record) -> Error {
    match error.kind() {
        Kind::Transfer => {
            error.hint("it may have been rotated all the same; rotate it again, with another token if it was this run's own")
        }
        Kind::Auth if place.is_in_use(token) => {
            error.hint("an answer that was lost may have rotated it: rotate it again with another token")
        }
        _ => error,
    }
}
