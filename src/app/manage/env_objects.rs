//! `liftoff workspace env-object` and `liftoff deployment env-object`. Values are never shown, neither before nor after.

use serde_json::{Map, Value, json};

use crate::app::manage::{given, scene};
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::astro::named::{Collection, DEPLOYMENTS, one_of};
use crate::cli::env_objects::{Content, InDeployment, InWorkspace, ObjectKind, Verb, Which};
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;
use crate::model::roles::Place;
use crate::plan::environment_object::{
    AIRFLOW_VARIABLE, CONNECTION, Changes, ENVIRONMENT_VARIABLE, METRICS_EXPORT, NewLink, ObjectType, differing, update_body,
};
use crate::report::answer::{Answer, Column, column};

/// Columns of the list.
const COLUMNS: &[Column] = &[
    column("KEY", "objectKey"),
    column("KIND", "objectType"),
    column("SCOPE", "sourceScope|scope"),
    column("FIELDS", "setFields"),
    column("AUTO LINK", "autoLinkDeployments"),
    column("LINKS", "links"),
    column("ID", "id"),
];
/// Where the objects are.
const OBJECTS: Collection = Collection { path: &["environment-objects"], what: "environment object", name: "objectKey" };

/// Runs a verb on objects of a Workspace.
///
/// # Errors
/// As the platform answers; `Kind::Refused` when the platform holds something else afterwards than was written.
pub async fn in_workspace(session: &Session, verb: &InWorkspace) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let place = Place::Workspace(scene::workspace(session, &astro).await?.id().to_owned());
    run(session, (&astro, &place), verb).await
}

/// Runs a verb on objects of a Deployment.
///
/// # Errors
/// As `in_workspace`; `Kind::Usage` for links, which only an object of a Workspace has.
pub async fn in_deployment(session: &Session, verb: &InDeployment) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let (Verb::List { place, .. }
    | Verb::Create { place, .. }
    | Verb::Update { place, .. }
    | Verb::Delete { place, .. }
    | Verb::Link { place, .. }
    | Verb::Unlink { place, .. }
    | Verb::Exclude { place, .. }) = verb;
    let place = Place::Deployment(scene::deployment(session, &astro, place).await?.id().to_owned());
    run(session, (&astro, &place), verb).await
}

/// The platform, and where the objects are.
type At<'a> = (&'a AstroClient, &'a Place);

async fn run<P: clap::Args>(session: &Session, at: At<'_>, verb: &Verb<P>) -> Result<Answer> {
    match verb {
        Verb::List { kind, resolve_linked, .. } => {
            let linked = if *resolve_linked { "true" } else { "false" };
            Ok(Answer::table("environment_objects", COLUMNS, &listed(at, kind.map(of), &[("resolveLinked", linked)]).await?))
        }
        Verb::Create { which, content, secret, .. } => {
            let secret = secret.then_some(true);
            create(session, at, which, (&changes(session, of(which.kind), content)?, secret)).await
        }
        Verb::Update { which, content, .. } => {
            let changes = changes(session, of(which.kind), content)?;
            update(session, at, which, &changes).await
        }
        Verb::Delete { which, .. } => delete(session, at, which).await,
        Verb::Link { which, deployments, overrides, .. } => {
            let overrides = fields(session, of(which.kind), overrides)?;
            let ids = linkable(at, deployments).await?;
            let link = ids.into_iter().map(|deployment_id| NewLink { deployment_id, overrides: overrides.clone() });
            update(session, at, which, &Changes { link: link.collect(), ..Changes::default() }).await
        }
        Verb::Unlink { which, deployments, .. } => {
            let unlink = linkable(at, deployments).await?;
            update(session, at, which, &Changes { unlink, ..Changes::default() }).await
        }
        Verb::Exclude { which, deployments, .. } => {
            let exclude = linkable(at, deployments).await?;
            update(session, at, which, &Changes { exclude, ..Changes::default() }).await
        }
    }
}

const fn of(kind: ObjectKind) -> ObjectType {
    match kind {
        ObjectKind::Connection => CONNECTION,
        ObjectKind::AirflowVariable => AIRFLOW_VARIABLE,
        ObjectKind::EnvironmentVariable => ENVIRONMENT_VARIABLE,
        ObjectKind::MetricsExport => METRICS_EXPORT,
    }
}

async fn listed((astro, place): At<'_>, kind: Option<ObjectType>, further: &[(&str, &str)]) -> Result<Vec<Record>> {
    let scope = if matches!(place, Place::Workspace(_)) { "workspaceId" } else { "deploymentId" };
    let mut query = vec![(scope, place.id())];
    query.extend(kind.map(|kind| ("objectType", kind.word)));
    query.extend_from_slice(further);
    astro.records(OBJECTS.path, &query, "list the environment objects").await
}

/// Returns the one object of this key that lives at the place itself.
async fn found(at: At<'_>, which: &Which) -> Result<Record> {
    let kind = of(which.kind);
    let mut all = listed(at, Some(kind), &[("resolveLinked", "false")]).await?;
    all.retain(|object| object.text("objectType") == kind.word && object.value("sourceScope").is_none());
    let found = one_of(&OBJECTS, all, &which.key)?;
    at.0.record(&["environment-objects", found.id()], &format!("read the {} {}", kind.what, which.key)).await
}

fn changes(session: &Session, kind: ObjectType, content: &Content) -> Result<Changes> {
    let mut fields = fields(session, kind, &content.fields)?;
    if let Some(value) = &content.value {
        fields.insert("value".to_owned(), kind.value("value", &given::text(session, value)?)?);
    }
    let auto_link = content.auto_link.map(|switch| switch.is_on());
    Ok(Changes { fields, description: content.description.clone(), auto_link, ..Changes::default() })
}

fn fields(session: &Session, kind: ObjectType, pairs: &[String]) -> Result<Map<String, Value>> {
    let mut fields = Map::new();
    for pair in pairs {
        let (field, text) = given::pair("--set", pair)?;
        fields.insert(field.to_owned(), kind.value(field, &given::text(session, text)?)?);
    }
    Ok(fields)
}

async fn linkable((astro, place): At<'_>, names: &[String]) -> Result<Vec<String>> {
    let Place::Workspace(id) = place else {
        return Err(Error::new(Kind::Usage, "link an environment object")
            .because("only an object of a Workspace is handed on to Deployments")
            .hint("use `liftoff workspace env-object`"));
    };
    let mut ids = Vec::new();
    for name in names {
        ids.push(astro.find_record(&DEPLOYMENTS, &[("workspaceIds", id)], name).await?.id().to_owned());
    }
    Ok(ids)
}

async fn create(session: &Session, at: At<'_>, which: &Which, (changes, secret): (&Changes, Option<bool>)) -> Result<Answer> {
    let (astro, place) = at;
    let kind = of(which.kind);
    if changes.fields.is_empty() {
        return Err(Error::new(Kind::Usage, format!("make the {} {}", kind.what, which.key))
            .because("it has no value")
            .hint("give `--value`, or fields with `--set`"));
    }
    let mut content = changes.fields.clone();
    if let Some(secret) = secret {
        content.insert("isSecret".to_owned(), Value::Bool(secret));
    }
    let mut body = Record::default();
    body.set("objectKey", which.key.as_str());
    body.set("objectType", kind.word);
    body.set("scope", place.word());
    body.set("scopeEntityId", place.id());
    body.set(kind.field, content);
    changes.description.iter().for_each(|text| body.set("description", text.as_str()));
    changes.auto_link.iter().for_each(|&on| body.set("autoLinkDeployments", on));
    if session.is_dry() {
        return Ok(told(&format!("would make the {} {}", kind.what, which.key), changes, ""));
    }
    let doing = format!("make the {} {}", kind.what, which.key);
    let made = astro.create_record(&["environment-objects"], &body, &doing).await?;
    Ok(told(&format!("made the {} {}", kind.what, which.key), changes, made.id()))
}

async fn update(session: &Session, at: At<'_>, which: &Which, changes: &Changes) -> Result<Answer> {
    let kind = of(which.kind);
    let doing = format!("change the {} {}", kind.what, which.key);
    if *changes == Changes::default() {
        return Err(Error::new(Kind::Usage, doing).because("nothing to change is named"));
    }
    let object = found(at, which).await?;
    let body = update_body(&object, kind, changes);
    if session.is_dry() {
        return Ok(told(&format!("would change the {} {}", kind.what, which.key), changes, object.id()));
    }
    let path = ["environment-objects", object.id()];
    at.0.update_record(&path, &body, &doing).await?;
    let now = at.0.record(&path, &doing).await?;
    let differing = differing(&now, kind, &body);
    if differing.is_empty() {
        return Ok(told(&format!("changed the {} {}", kind.what, which.key), changes, object.id()));
    }
    Err(Error::new(Kind::Refused, doing)
        .because(format!("the platform holds something else than was written: {}", differing.join(", ")))
        .hint("somebody else may have changed it at the same time; look, and run this again"))
}

async fn delete(session: &Session, at: At<'_>, which: &Which) -> Result<Answer> {
    let kind = of(which.kind);
    let object = found(at, which).await?;
    if session.is_dry() {
        return Ok(told(&format!("would delete the {} {}", kind.what, which.key), &Changes::default(), object.id()));
    }
    let doing = format!("delete the {} {}", kind.what, which.key);
    at.0.remove_record(&["environment-objects", object.id()], &doing).await?;
    Ok(told(&format!("deleted the {} {}", kind.what, which.key), &Changes::default(), object.id()))
}

/// Tells what was done by the names of the fields only: any value may be a secret.
fn told(sentence: &str, changes: &Changes, id: &str) -> Answer {
    let names: Vec<&String> = changes.fields.keys().collect();
    Answer::done(sentence, json!({ "id": id, "fields": names }))
}
