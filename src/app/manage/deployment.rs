//! `liftoff deployment`: Deployments.

use crate::app::manage::deployments::{apply, create, inspect, logs, queues, sleep, update, variables};
use crate::app::manage::token::place::Wanted;
use crate::app::manage::{airflow_objects, env_objects, people, scene, token};
use crate::app::session::Session;
use crate::cli::deployment::Verb;
use crate::error::Result;
use crate::model::deployment::Rest;
use crate::model::permission::Scope;
use crate::model::roles::Holder;
use crate::report::answer::{Answer, Column, column};

/// Columns of the list.
const COLUMNS: &[Column] = &[
    column("NAME", "name"),
    column("ID", "id"),
    column("WORKSPACE", "workspaceName|workspaceId"),
    column("STATUS", "status"),
    column("RUNTIME", "astroRuntimeVersion|runtimeVersion"),
    column("AIRFLOW", "airflowVersion"),
    column("DAG DEPLOYS", "isDagDeployEnabled"),
    column("CI/CD ENFORCED", "isCicdEnforced"),
];

/// Runs a verb.
///
/// # Errors
/// As the platform answers.
pub async fn run(session: &Session, verb: &Verb) -> Result<Answer> {
    match verb {
        Verb::List => list(session).await,
        Verb::Token(tokens) => {
            let wanted = Wanted { scope: Some(Scope::Deployment), deployment: tokens.deployment.clone() };
            token::run::of(session, &wanted, &tokens.verb).await
        }
        Verb::Connection(verb) => airflow_objects::connections(session, verb).await,
        Verb::AirflowVariable(verb) => airflow_objects::variables(session, verb).await,
        Verb::Pool(verb) => airflow_objects::pools(session, verb).await,
        Verb::Inspect(given) => inspect::inspect(session, given).await,
        Verb::Create(given) => create::create(session, given).await,
        Verb::Update(given) => update::update(session, given).await,
        Verb::Delete(given) => create::delete(session, given).await,
        Verb::Hibernate(given) => sleep::overridden(session, given, Rest::Hibernates).await,
        Verb::WakeUp(given) => sleep::overridden(session, given, Rest::Wakes).await,
        Verb::Logs(given) => logs::logs(session, given).await,
        Verb::Variable(verb) => variables::run(session, verb).await,
        Verb::WorkerQueue(verb) => queues::run(session, verb).await,
        Verb::Apply(given) => apply::apply(session, given).await,
        Verb::Diff(given) => apply::diff(session, given).await,
        Verb::User(verb) => people::in_deployment(session, Holder::User, verb).await,
        Verb::Team(verb) => people::in_deployment(session, Holder::Team, verb).await,
        Verb::EnvObject(verb) => env_objects::in_deployment(session, verb).await,
    }
}

async fn list(session: &Session) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let workspace = scene::workspace_filter(session, &astro).await?;
    let mut query = vec![("sorts", "name:asc")];
    query.extend(workspace.iter().map(|id| ("workspaceIds", id.as_str())));
    let all = astro.records(&["deployments"], &query, "list the Deployments").await?;
    Ok(Answer::table("deployments", COLUMNS, &all))
}
