//! Connections, variables and pools of an Airflow: listed, created, changed, applied from a file, and copied.

use crate::app::manage::airflow_site::{Reached, reached};
use crate::app::manage::given;
use crate::app::previews::furnish::{copied_kind, managed};
use crate::app::session::Session;
use crate::cli::airflow_objects::{
    Apply, ConnectionFlags, ConnectionVerb, CopyFrom, PoolFlags, PoolVerb, VariableFlags, VariableVerb,
};
use crate::cli::which::DeploymentArg;
use crate::env::children::is_withheld;
use crate::error::{Error, Kind, Result};
use crate::model::airflow::{Field, ObjectKind};
use crate::model::airflow_draft::Draft;
use crate::model::nearest::nearest;
use crate::model::secret::Secret;
use crate::model::wildcard::Wildcard;
use crate::preview::apply::{lacking, perform};
use crate::preview::apply_plan::{Act, Others, Row, rows};
use crate::preview::copy::copy;
use crate::preview::copy_plan::{Wish, Wishes, copy_plan};
use crate::preview::object_file;
use crate::report::answer::Answer;
use crate::report::objects::{self, Values};

/// Whether an object must be there, or must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    New,
    There,
}

/// Runs a verb on connections.
///
/// # Errors
/// As the platform and Airflow answer.
pub async fn connections(session: &Session, verb: &ConnectionVerb) -> Result<Answer> {
    let kind = ObjectKind::Connection;
    match verb {
        ConnectionVerb::List(which) => list(session, kind, which, Values::Hidden).await,
        ConnectionVerb::Create(flags) => one(session, &connection(session, flags)?, &flags.deployment, Presence::New).await,
        ConnectionVerb::Update(flags) => one(session, &connection(session, flags)?, &flags.deployment, Presence::There).await,
        ConnectionVerb::Apply(wish) => apply(session, kind, wish).await,
        ConnectionVerb::Copy(wish) => copied(session, kind, wish).await,
    }
}

/// Runs a verb on variables.
///
/// # Errors
/// As the platform and Airflow answer.
pub async fn variables(session: &Session, verb: &VariableVerb) -> Result<Answer> {
    let kind = ObjectKind::Variable;
    match verb {
        VariableVerb::List(wish) => {
            let values = if wish.values { Values::Shown } else { Values::Hidden };
            list(session, kind, &wish.deployment, values).await
        }
        VariableVerb::Create(flags) => one(session, &variable(session, flags)?, &flags.deployment, Presence::New).await,
        VariableVerb::Update(flags) => one(session, &variable(session, flags)?, &flags.deployment, Presence::There).await,
        VariableVerb::Apply(wish) => apply(session, kind, wish).await,
        VariableVerb::Copy(wish) => copied(session, kind, wish).await,
    }
}

/// Runs a verb on pools.
///
/// # Errors
/// As the platform and Airflow answer.
pub async fn pools(session: &Session, verb: &PoolVerb) -> Result<Answer> {
    let kind = ObjectKind::Pool;
    match verb {
        PoolVerb::List(which) => list(session, kind, which, Values::Hidden).await,
        PoolVerb::Create(flags) => one(session, &pool(flags), &flags.deployment, Presence::New).await,
        PoolVerb::Update(flags) => one(session, &pool(flags), &flags.deployment, Presence::There).await,
        PoolVerb::Apply(wish) => apply(session, kind, wish).await,
        PoolVerb::Copy(wish) => copied(session, kind, wish).await,
    }
}

async fn list(session: &Session, kind: ObjectKind, which: &DeploymentArg, values: Values) -> Result<Answer> {
    let airflow = reached(session, which).await?;
    let listing = airflow.client().list(kind).await?;
    if listing.unread > 0 {
        session.console.warning(&format!("Airflow itself cannot show {} of its {}", listing.unread, kind.plural()));
    }
    Ok(objects::list(kind, &listing.objects, values))
}

fn connection(session: &Session, flags: &ConnectionFlags) -> Result<Draft> {
    let mut draft = Draft::new(ObjectKind::Connection, &flags.conn_id);
    draft.text(Field::ConnType, flags.conn_type.clone());
    draft.text(Field::Description, flags.description.clone());
    draft.text(Field::Host, flags.host.clone());
    draft.text(Field::Login, flags.login.clone());
    draft.text(Field::Schema, flags.schema.clone());
    draft.number(Field::Port, flags.port);
    draft.text(Field::Extra, flags.extra.as_ref().map(|extra| given::text(session, &extra.0)).transpose()?);
    let given = flags.password.as_ref().map(|password| Secret::new(password.0.clone()));
    draft.password = match (&flags.password_env, given) {
        (Some(name), _) => Some(Secret::new(looked_up(session, name).map_err(|why| unusable("--password-env", &why))?)),
        (None, given) => given,
    };
    draft.password.iter().for_each(|password| session.console.mask(password));
    Ok(draft)
}

fn variable(session: &Session, flags: &VariableFlags) -> Result<Draft> {
    let mut draft = Draft::new(ObjectKind::Variable, &flags.key);
    let value = match &flags.value_env {
        Some(name) => Some(looked_up(session, name).map_err(|why| unusable("--value-env", &why))?),
        None => flags.value.as_ref().map(|value| value.0.clone()),
    };
    draft.text(Field::Value, value);
    draft.text(Field::Description, flags.description.clone());
    Ok(draft)
}

fn pool(flags: &PoolFlags) -> Draft {
    let mut draft = Draft::new(ObjectKind::Pool, &flags.name);
    draft.number(Field::Slots, flags.slots);
    draft.text(Field::Description, flags.description.clone());
    draft.include_deferred(flags.include_deferred.as_deref().map(|word| word == "enable"));
    draft
}

fn unusable(flag: &str, why: &str) -> Error {
    Error::new(Kind::Usage, format!("use `{flag}`")).because(why)
}

/// Returns the value of a variable of the environment. Whoever writes a file must not learn the job's own credentials by it.
fn looked_up(session: &Session, name: &str) -> std::result::Result<String, String> {
    if is_withheld(name) {
        return Err(format!("the variable {name} is for Liftoff or the CI job itself, and its value goes nowhere else"));
    }
    let value = session.env.raw(name).filter(|value| !value.is_empty()).map(str::to_owned);
    value.ok_or_else(|| format!("there is no variable {name} in the environment, or it is empty"))
}

/// Creates one object, or changes what is named of one.
async fn one(session: &Session, draft: &Draft, which: &DeploymentArg, presence: Presence) -> Result<Answer> {
    let (kind, name) = (draft.object.kind(), draft.object.name());
    let airflow = reached(session, which).await?;
    let there = airflow.client().find(kind, name).await?;
    let shown = name.escape_debug();
    if presence == Presence::New && there.is_some() {
        return Err(Error::new(Kind::Refused, format!("create the {kind} `{shown}`"))
            .because("there is one of this name")
            .hint("change it with `update`"));
    }
    if presence == Presence::There && there.is_none() {
        let listed = airflow.client().list(kind).await?;
        let error = Error::new(Kind::NotFound, format!("change the {kind} `{shown}`")).because("there is none of this name");
        return Err(match nearest(name, listed.objects.iter().map(|object| object.name())) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("make it with `create`"),
        });
    }
    let there: Vec<_> = there.into_iter().collect();
    let rows = rows(std::slice::from_ref(draft), &there, Others::Stay);
    // Whoever asks for one object wants all of it.
    let why: Vec<String> = rows.iter().flat_map(|row| &row.why).map(ToString::to_string).collect();
    if !why.is_empty() {
        let verb = if presence == Presence::New { "create" } else { "change" };
        return Err(Error::new(Kind::Usage, format!("{verb} the {kind} `{shown}`"))
            .because(format!("this cannot be applied: {}", why.join("; ")))
            .hint("nothing was changed"));
    }
    acted(session, &airflow, kind, &rows).await
}

async fn apply(session: &Session, kind: ObjectKind, wish: &Apply) -> Result<Answer> {
    let text = given::file(session, &wish.file)?;
    let lookup = |name: &str| looked_up(session, name);
    let drafts = object_file::drafts(&wish.file.display().to_string(), &text, kind, &lookup)?;
    drafts.iter().filter_map(|draft| draft.password.as_ref()).for_each(|password| session.console.hide(password));
    // An empty, cut off or wrong file is no wish that everything goes.
    if wish.prune && drafts.is_empty() {
        let file = wish.file.display();
        return Err(Error::new(Kind::Usage, format!("delete {} that the file does not name", kind.plural()))
            .because(format!("{file} names no {} at all, so every one would go", kind.plural()))
            .hint("name at least one that stays, or leave `--prune` away"));
    }
    let airflow = reached(session, &wish.deployment).await?;
    let listing = airflow.client().list(kind).await?;
    if wish.prune && listing.unread > 0 {
        return Err(Error::new(Kind::Refused, format!("delete {} that the file does not name", kind.plural()))
            .because(format!("Airflow itself cannot show {} of them", listing.unread))
            .hint("leave `--prune` away"));
    }
    let others = if wish.prune { Others::Go } else { Others::Stay };
    acted(session, &airflow, kind, &rows(&drafts, &listing.objects, others)).await
}

/// Performs rows, or says what they would do.
async fn acted(session: &Session, airflow: &Reached, kind: ObjectKind, rows: &[Row]) -> Result<Answer> {
    // Nothing is half done because of what is known to be wrong.
    for row in rows {
        if let Act::Lacks(field) = row.act {
            return Err(lacking(kind, row, field.name()).hint("nothing was changed"));
        }
    }
    if session.is_dry() {
        return Ok(objects::applied(kind, rows, None));
    }
    let ends = perform(airflow.client(), kind, rows).await;
    Ok(objects::applied(kind, rows, Some(&ends)))
}

async fn copied(session: &Session, kind: ObjectKind, wish: &CopyFrom) -> Result<Answer> {
    let source = reached(session, &DeploymentArg { deployment: Some(wish.from.clone()) }).await?;
    let target = reached(session, &DeploymentArg { deployment: wish.to.clone() }).await?;
    if source.deployment.id == target.deployment.id {
        return Err(Error::new(Kind::Usage, format!("copy {}", kind.plural()))
            .because("source and target are one Deployment")
            .hint("name the one to copy to with `--deployment`"));
    }
    let delivered = managed(session, &target.astro, &target.deployment).await;
    let about = |wanted: ObjectKind| if wanted == kind { Wish::Copy } else { Wish::Leave };
    let wishes = Wishes {
        connections: about(ObjectKind::Connection),
        variables: about(ObjectKind::Variable),
        pools: about(ObjectKind::Pool),
        managed: delivered.iter().filter_map(|object| Some((copied_kind(object.kind)?, object.key.clone()))).collect(),
        only: wish.only.iter().map(Wildcard::new).collect(),
    };
    if session.is_dry() {
        let (ours, theirs) = tokio::try_join!(source.client().list(kind), target.client().list(kind))?;
        return Ok(objects::would_copy(kind, &copy_plan(&ours.objects, &theirs.objects, &wishes)));
    }
    let done = copy(source.client(), target.client(), &wishes).await?;
    Ok(objects::copied(kind, &done))
}
