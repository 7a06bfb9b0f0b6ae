//! `liftoff organization role`: custom roles.

use crate::app::manage::scene;
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::astro::named::{Collection, WORKSPACES};
use crate::cli::organization::RoleVerb;
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;
use crate::report::answer::{Answer, Column, column};

/// Columns of the list.
const COLUMNS: &[Column] = &[
    column("NAME", "name"),
    column("SCOPE", "scopeType"),
    column("ID", "id"),
    column("DESCRIPTION", "description"),
    column("WORKSPACES", "restrictedWorkspaceIds"),
];
/// Roles by name.
const ROLES: Collection = Collection { path: &["roles"], what: "role", name: "name" };
/// What an update sends; what it leaves out is lost.
const WRITTEN: &[&str] = &["name", "description", "permissions", "restrictedWorkspaceIds"];

/// Runs a verb.
///
/// # Errors
/// As the platform answers.
pub async fn run(session: &Session, verb: &RoleVerb) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    match verb {
        RoleVerb::List { include_default_roles: true } => list(&astro, &[("includeDefaultRoles", "true")]).await,
        RoleVerb::List { include_default_roles: false } => list(&astro, &[]).await,
        RoleVerb::Inspect { role } => {
            let role = whole(&astro, role).await?;
            let lines = format!("{:#}", role.clone().into_value()).lines().map(str::to_owned).collect();
            Ok(Answer::text(lines, role.into_value()))
        }
        RoleVerb::Create { name, scope, permissions, description, workspaces } => {
            let mut body = Record::default();
            body.set("name", name.as_str());
            body.set("scopeType", scope.to_ascii_uppercase());
            body.set("permissions", permissions.clone());
            description.iter().for_each(|text| body.set("description", text.as_str()));
            body.set("restrictedWorkspaceIds", ids(&astro, workspaces).await?);
            create(session, &astro, &body).await
        }
        RoleVerb::Update { role, name, permissions, description } => {
            let before = whole(&astro, role).await?;
            let mut body = before.only(WRITTEN);
            name.iter().for_each(|name| body.set("name", name.as_str()));
            description.iter().for_each(|text| body.set("description", text.as_str()));
            if !permissions.is_empty() {
                body.set("permissions", permissions.clone());
            }
            update(session, &astro, &before, &body).await
        }
        RoleVerb::Delete { role, confirm } => delete(session, &astro, (role, confirm)).await,
    }
}

/// The platform's own roles come beside the list, without ids.
async fn list(astro: &AstroClient, query: &[(&str, &str)]) -> Result<Answer> {
    let mut all = astro.records(&["roles"], query, "list the roles").await?;
    // A record without an id may be on each of several pages.
    let mut seen = std::collections::HashSet::new();
    all.retain(|role| !role.id().is_empty() || seen.insert(role.text("name").to_owned()));
    Ok(Answer::table("roles", COLUMNS, &all))
}

async fn whole(astro: &AstroClient, wanted: &str) -> Result<Record> {
    let found = astro.find_record(&ROLES, &[], wanted).await?;
    astro.record(&["roles", found.id()], &format!("read the role {wanted}")).await
}

async fn ids(astro: &AstroClient, workspaces: &[String]) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for workspace in workspaces {
        ids.push(astro.find_record(&WORKSPACES, &[], workspace).await?.id().to_owned());
    }
    Ok(ids)
}

async fn create(session: &Session, astro: &AstroClient, body: &Record) -> Result<Answer> {
    let name = body.text("name").to_owned();
    if session.is_dry() {
        return Ok(Answer::done(format!("would make the role {name}"), body.clone().into_value()));
    }
    let made = astro.create_record(&["roles"], body, &format!("make the role {name}")).await?;
    Ok(Answer::done(format!("made the role {name} ({})", made.id()), made.into_value()))
}

async fn update(session: &Session, astro: &AstroClient, before: &Record, body: &Record) -> Result<Answer> {
    let name = before.text("name");
    let doing = format!("change the role {name}");
    if *body == before.only(WRITTEN) {
        return Err(Error::new(Kind::Usage, doing)
            .because("nothing would change")
            .hint("give --name, --permission or --description"));
    }
    if session.is_dry() {
        return Ok(Answer::done(format!("would change the role {name}"), body.clone().into_value()));
    }
    astro.update_record(&["roles", before.id()], body, &doing).await?;
    let now = astro.record(&["roles", before.id()], &doing).await?;
    scene::verified(&now, body, &doing)?;
    Ok(Answer::done(format!("changed the role {name}"), now.into_value()))
}

async fn delete(session: &Session, astro: &AstroClient, (wanted, confirm): (&str, &str)) -> Result<Answer> {
    let found = astro.find_record(&ROLES, &[], wanted).await?;
    let name = found.text("name").to_owned();
    scene::confirmed(("role", &name), confirm)?;
    if session.is_dry() {
        return Ok(Answer::done(format!("would delete the role {name}"), found.into_value()));
    }
    astro.remove_record(&["roles", found.id()], &format!("delete the role {name}")).await?;
    Ok(Answer::done(format!("deleted the role {name}"), found.clone().into_value()))
}
