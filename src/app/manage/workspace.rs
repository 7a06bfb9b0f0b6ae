//! `liftoff workspace`: Workspaces.

use crate::app::manage::scene;
use crate::app::session::Session;
use crate::cli::workspace::Verb;
use crate::error::Result;
use crate::report::answer::{Answer, Column, column};

/// Columns of the list.
const COLUMNS: &[Column] = &[
    column("NAME", "name"),
    column("ID", "id"),
    column("DESCRIPTION", "description"),
    column("CI/CD ENFORCED", "cicdEnforcedDefault"),
    column("CREATED", "createdAt"),
];

/// Runs a verb.
///
/// # Errors
/// As the platform answers.
pub async fn run(session: &Session, verb: &Verb) -> Result<Answer> {
    match verb {
        Verb::List => list(session).await,
    }
}

async fn list(session: &Session) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let all = astro.records(&["workspaces"], &[("sorts", "name:asc")], "list the Workspaces").await?;
    Ok(Answer::table("workspaces", COLUMNS, &all))
}
