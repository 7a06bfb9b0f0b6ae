//! `deployment apply` and `deployment diff`. Every file is read and every difference found before the first write.

use serde_json::{Value, json};

use crate::app::manage::deployments::job::Job;
use crate::app::manage::deployments::{gather, wait, write};
use crate::app::manage::scene;
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::cli::deployment_file::{Apply, Diff};
use crate::error::{Error, Kind, Result};
use crate::plan::deployments::change::any_certain;
use crate::report::answer::{Answer, Note, Weight};
use crate::report::deployments::{self, Told};

/// Makes the Deployments what the files say. One that fails does not keep the others from it.
///
/// # Errors
/// As gathering; the first failure of a Deployment is in the answer.
pub async fn apply(session: &Session, given: &Apply) -> Result<Answer> {
    let budget = wait::time("--wait-time", &given.wait_time)?;
    let astro = scene::astro(session).await?;
    let jobs = gather::jobs(session, &astro, &given.files).await?;
    if session.is_dry() {
        let told: Vec<Told> = jobs.iter().map(Job::told).collect();
        return Ok(answer(session, &told));
    }
    let (mut all, mut failure) = (Vec::new(), None);
    for job in &jobs {
        let mut told = job.told();
        for line in deployments::one(&told) {
            session.console.info(&line);
        }
        let outcome = done(&astro, job, given.wait.then_some(budget)).await;
        match outcome {
            Ok(id) => {
                told.id = Some(id);
                told.outcome = Some(Ok(if job.is_done() {
                    "unchanged"
                } else if job.present.is_some() {
                    "changed"
                } else {
                    "created"
                }));
            }
            Err(error) => {
                let error = error.map_text(|text| session.console.masked(text));
                told.outcome = Some(Err(error.to_string()));
                failure.get_or_insert(error);
            }
        }
        all.push(told);
    }
    Ok(Answer::text(deployments::outcomes(&all), object(&all)).failing(failure))
}

async fn done(astro: &AstroClient, job: &Job, budget: Option<std::time::Duration>) -> Result<String> {
    let id = match &job.present {
        Some(present) if job.is_done() => present.id().to_owned(),
        _ => write::written(astro, job).await?.id().to_owned(),
    };
    if let Some(budget) = budget {
        wait::healthy(astro, &id, budget).await?;
    }
    Ok(id)
}

/// Shows what applying would change. With `--exit-code`, a Deployment that is not what its file says is a failed check;
/// secrets, which nobody can compare, are not.
///
/// # Errors
/// As gathering.
pub async fn diff(session: &Session, given: &Diff) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let jobs = gather::jobs(session, &astro, &given.files).await?;
    let told: Vec<Told> = jobs.iter().map(Job::told).collect();
    let drifted: Vec<&str> =
        told.iter().filter(|it| it.id.is_none() || any_certain(&it.changes)).map(|it| it.name.as_str()).collect();
    let failure = (given.exit_code && !drifted.is_empty()).then(|| {
        Error::new(Kind::ChecksFailed, "find the Deployments as their files say")
            .because(format!("these differ: {}", drifted.join(", ")))
            .hint("`liftoff deployment apply` with the same files makes them so")
    });
    let mut answer = answer(session, &told);
    if let (true, Some(note)) = (given.markdown, &answer.note) {
        answer.lines = note.markdown.lines().map(str::to_owned).collect();
    }
    Ok(answer.failing(failure))
}

fn answer(session: &Session, told: &[Told]) -> Answer {
    let lines = told.iter().flat_map(deployments::one).collect();
    let same = told.iter().all(|it| it.id.is_some() && it.changes.is_empty());
    let names: Vec<&str> = told.iter().map(|it| it.name.as_str()).collect();
    let note = Note {
        subject: format!("deployments {}", names.join(", ")),
        markdown: deployments::markdown(told, scene::ink(session)),
        weight: if same { Weight::NoNews } else { Weight::News },
    };
    Answer { note: Some(note), ..Answer::text(lines, object(told)) }
}

fn object(told: &[Told]) -> Value {
    json!({ "schema": 1, "deployments": told.iter().map(deployments::object).collect::<Vec<_>>() })
}
