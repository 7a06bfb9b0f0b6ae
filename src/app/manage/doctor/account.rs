//! The token, what it may do, and the Deployment with what belongs to it.

use jiff::Timestamp;

use crate::airflow::client::AirflowClient;
use crate::app::manage::scene;
use crate::app::rights;
use crate::app::session::Session;
use crate::app::target::time_left;
use crate::astro::client::AstroClient;
use crate::cli::which::DeploymentArg;
use crate::error::{Error, Kind, Result};
use crate::http::probe::reach;
use crate::model::deployment::{Deployment, DeploymentStatus};
use crate::model::ids::DeploymentId;
use crate::model::image::is_loopback_registry;
use crate::model::permission::{Need, Place, Scope};
use crate::model::record::Record;
use crate::model::url::SafeUrl;
use crate::plan::authority::{Verdict, judge};
use crate::report::findings::{Finding, Grade};

/// Looks at what the token leads to.
pub async fn look(session: &Session, (command, need): (&str, &Need), which: &DeploymentArg) -> Vec<Finding> {
    let astro = match scene::astro(session).await {
        Ok(astro) => astro,
        Err(error) => return vec![Finding::failed("token", &error)],
    };
    let (organization, own, deployment) =
        tokio::join!(organization(&astro), rights::own_record(&astro), deployment(session, &astro, which));
    let known = deployment.as_ref().ok().and_then(Option::as_ref);
    let place = Place {
        workspace: known.map(|known| known.workspace_id.to_string()),
        deployment: known.map(|known| known.id.to_string()),
    };
    let mut all = vec![token(session, &astro), organization];
    all.push(match &own {
        Ok(own) => permission(judge(&rights::held(&astro, own.as_ref()), need, &place), (command, own.as_ref())),
        Err(error) => Finding::failed("permission", error),
    });
    match &deployment {
        Ok(Some(deployment)) => all.extend(belongings(session, &astro, deployment).await),
        Ok(None) => all.push(Finding::new("Deployment", Grade::Skipped, "none is named; `--deployment` names one")),
        Err(error) => all.push(Finding::failed("Deployment", error)),
    }
    all
}

fn token(session: &Session, astro: &AstroClient) -> Finding {
    let token = astro.api_token();
    let scope = token.scope().map_or("a token of unknown scope", |scope| match scope {
        Scope::Organization => "an Organization token",
        Scope::Workspace => "a Workspace token",
        Scope::Deployment => "a Deployment token",
    });
    let name = token.id.as_ref().map(|id| format!(" (id {id})")).unwrap_or_default();
    match token.expires_in(Timestamp::now()) {
        Some(left) if left.as_hours() < i64::from(session.settings.api.token_warning_days) * 24 => {
            Finding::new("token", Grade::Doubtful, format!("{scope}{name}, which expires in {}", time_left(left)))
                .advising("rotate it in time, such as with `liftoff token rotate`")
        }
        Some(left) => Finding::new("token", Grade::Fine, format!("{scope}{name}, good for {}", time_left(left))),
        None if token.organization.is_none() => {
            Finding::new("token", Grade::Fine, format!("{scope}{name}, which says nothing about itself"))
        }
        None => Finding::new("token", Grade::Doubtful, format!("{scope}{name}, which never expires"))
            .advising("make one that does, with `liftoff token create --expires-in-days`"),
    }
}

async fn organization(astro: &AstroClient) -> Finding {
    let read = async {
        let id = astro.organization_id().await?.clone();
        let record = astro.record(&[], &format!("read the Organization {id}")).await?;
        Ok::<_, Error>(format!("{} ({id})", record.text("name")))
    };
    match read.await {
        Ok(text) => Finding::new("Organization", Grade::Fine, text),
        Err(error) => Finding::failed("Organization", &error),
    }
}

fn permission(verdict: Verdict, (command, own): (&str, Option<&Record>)) -> Finding {
    let shown = if own.is_some() { "" } else { " by its claims" };
    let text = |what: &str| match verdict.reason() {
        "" => format!("{what} `{command}`{shown}"),
        reason => format!("{what} `{command}`{shown}: {reason}"),
    };
    match &verdict {
        Verdict::Enough => Finding::new("permission", Grade::Fine, text("enough for")),
        Verdict::Wider(_) => Finding::new("permission", Grade::Doubtful, text("wider than needed for"))
            .advising("give the job a token of its own with that role, so that a leak does less harm"),
        Verdict::TooLittle(_) => {
            Finding::new("permission", Grade::Wrong(Kind::Refused), text("too little for")).advising("use a token with that role")
        }
        Verdict::Unknown(_) => Finding::new("permission", Grade::Skipped, text("cannot be told for")),
    }
}

async fn deployment(session: &Session, astro: &AstroClient, which: &DeploymentArg) -> Result<Option<Deployment>> {
    if which.deployment.is_none() && !session.settings.target.is_named() {
        return Ok(None);
    }
    let record = scene::deployment(session, astro, which).await?;
    astro.deployment(&DeploymentId::new(record.id())).await.map(Some)
}

async fn belongings(session: &Session, astro: &AstroClient, deployment: &Deployment) -> Vec<Finding> {
    let (airflow, registry) = tokio::join!(airflow(session, astro, deployment), registry(session, deployment));
    vec![state(deployment), airflow, registry]
}

fn state(deployment: &Deployment) -> Finding {
    let dags = if deployment.dag_deploys { "DAG deploys on" } else { "DAG deploys off" };
    let enforced = if deployment.cicd_enforced { "CI/CD enforced" } else { "CI/CD not enforced" };
    let runtime = if deployment.runtime_version.is_empty() { "none" } else { &deployment.runtime_version };
    let text = |state: &str| format!("{} is {state}; Runtime {runtime}, {dags}, {enforced}", deployment.name);
    let doubtful = |state: &str, advice: &str| Finding::new("Deployment", Grade::Doubtful, text(state)).advising(advice);
    match &deployment.status {
        _ if deployment.hibernating => {
            doubtful("hibernating", "deploy with `wake-on-deploy`, or wake it with `liftoff deployment wake-up`")
        }
        DeploymentStatus::Healthy => Finding::new("Deployment", Grade::Fine, text("healthy")),
        DeploymentStatus::Hibernating => {
            doubtful("hibernating", "deploy with `wake-on-deploy`, or wake it with `liftoff deployment wake-up`")
        }
        DeploymentStatus::Creating => doubtful("being made", "wait until it is healthy"),
        DeploymentStatus::Deploying => doubtful("rolling out", "another deploy is under way; the last one wins"),
        DeploymentStatus::Unhealthy => {
            let why = deployment.status_reason.as_deref().unwrap_or("the platform gives no reason");
            doubtful("unhealthy", why)
        }
        DeploymentStatus::Unknown(word) => doubtful(&format!("in the unknown state {word}"), "look at it in the Astro UI"),
    }
}

async fn airflow(session: &Session, astro: &AstroClient, deployment: &Deployment) -> Finding {
    let Some(url) = &deployment.airflow_api else {
        return Finding::new("Airflow", Grade::Skipped, "the Deployment names no Airflow API");
    };
    if deployment.hibernating || deployment.status == DeploymentStatus::Hibernating {
        return Finding::new("Airflow", Grade::Skipped, "not asked, because the Deployment hibernates");
    }
    let read = match AirflowClient::new(session.calls.clone(), url, astro.token()) {
        Ok(client) => client.impatient().version().await,
        Err(error) => Err(error),
    };
    match read {
        Ok(version) => Finding::new("Airflow", Grade::Fine, format!("{version} answers at {url}")),
        Err(error) => Finding::of_error("Airflow", Grade::Doubtful, &error),
    }
}

async fn registry(session: &Session, deployment: &Deployment) -> Finding {
    let host = deployment.image_repository.as_deref().and_then(|repository| repository.split('/').next());
    let Some(host) = host.filter(|host| !host.is_empty()) else {
        return Finding::new("registry", Grade::Skipped, "the Deployment names none");
    };
    let scheme = if is_loopback_registry(host) { "http" } else { "https" };
    let Ok(url) = SafeUrl::parse(&format!("{scheme}://{host}/v2/")) else {
        return Finding::new("registry", Grade::Doubtful, format!("`{host}` is no host"));
    };
    match reach(&session.calls.client, &url, session.calls.answer_timeout).await {
        Ok(reached) => Finding::new("registry", Grade::Fine, format!("{host} answers ({})", reached.status)),
        Err(failure) => {
            let error = failure.into_error("reach the registry");
            Finding::of_error("registry", Grade::Doubtful, &error)
                .advising("images cannot be pushed; DAG deploys need no registry")
        }
    }
}
