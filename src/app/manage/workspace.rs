//! `liftoff workspace`: Workspaces.

use crate::app::manage::token::place;
use crate::app::manage::{env_objects, people, scene, token};
use crate::app::session::Session;
use crate::astro::named::WORKSPACES;
use crate::cli::organization::Switch;
use crate::cli::workspace::Verb;
use crate::error::{Error, Kind, Result};
use crate::model::permission::Scope;
use crate::model::record::Record;
use crate::model::roles::Holder;
use crate::report::answer::{Answer, Column, column};

/// Columns of the list.
const COLUMNS: &[Column] = &[
    column("NAME", "name"),
    column("ID", "id"),
    column("DESCRIPTION", "description"),
    column("CI/CD ENFORCED", "cicdEnforcedDefault"),
    column("CREATED", "createdAt"),
];

/// Fields that an update must send, or else lose. The defaults' fields are not in the answer of every Workspace.
const WRITTEN: &[&str] =
    &["name", "description", "cicdEnforcedDefault", "defaultCloudProvider", "defaultRegion", "defaultClusterId"];
/// Most Deployments that are named where they are in the way.
const MOST_NAMED: usize = 10;

/// What a Workspace shall be; what is not named stays.
struct Wanted<'a> {
    name: Option<&'a str>,
    description: Option<&'a str>,
    enforce: Option<Switch>,
}

impl Wanted<'_> {
    fn written(&self, body: &mut Record) {
        self.name.iter().for_each(|&name| body.set("name", name));
        self.description.iter().for_each(|&text| body.set("description", text));
        self.enforce.iter().for_each(|switch| body.set("cicdEnforcedDefault", switch.is_on()));
    }
}

/// Runs a verb.
///
/// # Errors
/// As the platform answers.
pub async fn run(session: &Session, verb: &Verb) -> Result<Answer> {
    match verb {
        Verb::List => list(session).await,
        Verb::Inspect => {
            let workspace = scene::workspace(session, &scene::astro(session).await?).await?;
            let lines = format!("{:#}", workspace.clone().into_value()).lines().map(str::to_owned).collect();
            Ok(Answer::text(lines, workspace.into_value()))
        }
        Verb::Create { name, description, enforce_ci_cd } => {
            let wanted = Wanted { name: Some(name), description: description.as_deref(), enforce: *enforce_ci_cd };
            create(session, (name, &wanted)).await
        }
        Verb::Update { name, description, enforce_ci_cd } => {
            update(session, &Wanted { name: name.as_deref(), description: description.as_deref(), enforce: *enforce_ci_cd }).await
        }
        Verb::Delete { confirm } => delete(session, confirm).await,
        Verb::User(verb) => people::in_workspace(session, Holder::User, verb).await,
        Verb::Team(verb) => people::in_workspace(session, Holder::Team, verb).await,
        Verb::Token(verb) => {
            let wanted = place::Wanted { scope: Some(Scope::Workspace), deployment: None };
            token::run::of(session, &wanted, verb).await
        }
        Verb::EnvObject(verb) => env_objects::in_workspace(session, verb).await,
    }
}

async fn list(session: &Session) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let all = astro.records(&["workspaces"], &[("sorts", "name:asc")], "list the Workspaces").await?;
    Ok(Answer::table("workspaces", COLUMNS, &all))
}

async fn create(session: &Session, (name, wanted): (&str, &Wanted<'_>)) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let doing = format!("make the Workspace {name}");
    let present = astro.records(&["workspaces"], &[("names", name)], "list the Workspaces").await?;
    if let Some(same) = present.iter().find(|workspace| workspace.text("name") == name) {
        // The platform would make a second one of the same name.
        return Err(Error::new(Kind::Refused, doing).because(format!("{} has this name", same.id())));
    }
    let mut body = Record::default();
    wanted.written(&mut body);
    if session.is_dry() {
        return Ok(Answer::done(format!("would make the Workspace {name}"), body.into_value()));
    }
    let made = astro.create_record(&["workspaces"], &body, &doing).await?;
    Ok(Answer::done(format!("made the Workspace {name} ({})", made.id()), made.into_value()))
}

async fn update(session: &Session, wanted: &Wanted<'_>) -> Result<Answer> {
    if wanted.name.is_none() && wanted.description.is_none() && wanted.enforce.is_none() {
        return Err(Error::new(Kind::Usage, "change the Workspace")
            .because("nothing to change is named")
            .hint("give `--name`, `--description` or `--enforce-ci-cd`"));
    }
    let astro = scene::astro(session).await?;
    let before = scene::workspace(session, &astro).await?;
    let name = before.text("name");
    let doing = format!("change the Workspace {name}");
    if let Some(wanted) = wanted.name {
        scene::still_free(&astro, &WORKSPACES, &[], (before.id(), wanted)).await?;
    }
    let kept = before.only(WRITTEN);
    let mut body = kept.clone();
    wanted.written(&mut body);
    if body == kept {
        return Ok(Answer::done(format!("the Workspace {name} is so already"), before.into_value()));
    }
    if session.is_dry() {
        return Ok(Answer::done(format!("would change the Workspace {name}"), body.into_value()));
    }
    astro.update_record(&["workspaces", before.id()], &body, &doing).await?;
    let now = astro.record(&["workspaces", before.id()], &doing).await?;
    scene::verified(&now, &body, &doing)?;
    Ok(Answer::done(format!("changed the Workspace {name}"), now.into_value()))
}

async fn delete(session: &Session, confirm: &str) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let workspace = scene::workspace(session, &astro).await?;
    let name = workspace.text("name");
    scene::confirmed(("Workspace", name), confirm)?;
    let doing = format!("delete the Workspace {name}");
    let inside = astro.records(&["deployments"], &[("workspaceIds", workspace.id())], "list the Deployments").await?;
    if !inside.is_empty() {
        let names: Vec<&str> = inside.iter().take(MOST_NAMED).map(|deployment| deployment.text("name")).collect();
        let more = if inside.len() > names.len() { ", …" } else { "" };
        return Err(Error::new(Kind::Refused, doing)
            .because(format!("it still has {} Deployments: {}{more}", inside.len(), names.join(", ")))
            .hint("delete them first with `liftoff deployment delete`"));
    }
    if session.is_dry() {
        return Ok(Answer::done(format!("would delete the Workspace {name}"), workspace.into_value()));
    }
    astro.remove_record(&["workspaces", workspace.id()], &doing).await?;
    Ok(Answer::done(format!("deleted the Workspace {name}"), workspace.clone().into_value()))
}
