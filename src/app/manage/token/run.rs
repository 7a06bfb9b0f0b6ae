//! Which verb is done by which file.

use crate::app::manage::token::place::{Place, Wanted};
use crate::app::manage::token::{change, inspect, list, make, place, report, rotate};
use crate::app::session::Session;
use crate::cli::token::{ScopeWord, Token, TokenVerb, Verb, Wider};
use crate::error::Result;
use crate::model::permission::Scope;
use crate::report::answer::Answer;

/// Runs a verb of `liftoff token`.
///
/// # Errors
/// As the verbs say.
pub async fn run(session: &Session, token: &Token) -> Result<Answer> {
    let scope = token.scope.map(|word| match word {
        ScopeWord::Organization => Scope::Organization,
        ScopeWord::Workspace => Scope::Workspace,
        ScopeWord::Deployment => Scope::Deployment,
    });
    let wanted = Wanted { scope, deployment: token.deployment.clone() };
    match &token.verb {
        TokenVerb::Inspect(what) => inspect::run(session, &wanted, what).await,
        TokenVerb::Of(verb) => of(session, &wanted, verb).await,
    }
}

/// Runs a verb on the tokens of one scope.
///
/// # Errors
/// As the verbs say.
pub async fn of(session: &Session, wanted: &Wanted, verb: &Verb) -> Result<Answer> {
    let place = place::of(session, wanted).await?;
    match verb {
        Verb::List => list::run(&place, None).await,
        Verb::Create(new) => make::run(session, &place, new).await,
        Verb::Update(what) => change::update(session, &place, what).await,
        Verb::Rotate(what) => rotate::run(session, &place, what).await,
        Verb::Delete(what) => change::delete(session, &place, what).await,
        Verb::Report(what) => report::run(&place, what).await,
        Verb::Add(grant) => change::add(session, &place, (grant, None)).await,
        Verb::Remove(chosen) => change::remove(session, &place, (chosen, None)).await,
        Verb::OrganizationToken(verb) => wider(session, (&place, Scope::Organization), verb).await,
        Verb::WorkspaceToken(verb) => wider(session, (&place, Scope::Workspace), verb).await,
    }
}

async fn wider(session: &Session, (place, of): (&Place, Scope), verb: &Wider) -> Result<Answer> {
    match verb {
        Wider::List => list::run(place, Some(of)).await,
        Wider::Add(grant) | Wider::Update(grant) => change::add(session, place, (grant, Some(of))).await,
        Wider::Remove(chosen) => change::remove(session, place, (chosen, Some(of))).await,
    }
}
