//! `liftoff organization`: the Organization.

use crate::app::manage::token::place::Wanted;
use crate::app::manage::{audit, token};
use crate::app::session::Session;
use crate::cli::audit::Verb as AuditVerb;
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
        Verb::AuditLogs(AuditVerb::Export(export)) => audit::run::run(session, export).await,
        Verb::Token(verb) => {
            let wanted = Wanted { scope: Some(Scope::Organization), deployment: None };
            token::run::of(session, &wanted, verb).await
        }
    }
}
