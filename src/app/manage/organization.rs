//! `liftoff organization`: the Organization.

use crate::app::manage::token;
use crate::app::manage::token::place::Wanted;
use crate::app::session::Session;
use crate::cli::organization::Verb;
use crate::error::Result;
use crate::model::permission::Scope;
use crate::report::answer::Answer;

/// Runs a verb.
///
/// # Errors
/// As the platform answers.
pub async fn run(session: &Session, verb: &Verb) -> Result<Answer> {
    match verb {
        Verb::Token(verb) => {
            let wanted = Wanted { scope: Some(Scope::Organization), deployment: None };
            token::run::of(session, &wanted, verb).await
        }
    }
}
