//! `liftoff airflow`: the Airflow of a Deployment.

use percent_encoding::percent_decode_str;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::airflow::address::is_segment;
use crate::airflow::calls::Below;
use crate::airflow::runs::Triggered;
use crate::app::manage::airflow_site::{Reached, reached};
use crate::app::manage::{airflow_objects, call, given};
use crate::app::session::Session;
use crate::app::ship::run_name;
use crate::cli::airflow::{Request, Trigger, Verb};
use crate::deploy::trial::Obstacle;
use crate::error::{Error, Kind, Result};
use crate::model::dag_run::{DagRun, NewRun, RunState, Trial, TrialEnd};
use crate::report::answer::Answer;
use crate::report::smoke;
use crate::settings::json_text;
use crate::settings::parse;

/// Runs a verb.
///
/// # Errors
/// As the platform and Airflow answer.
pub async fn run(session: &Session, verb: &Verb) -> Result<Answer> {
    match verb {
        Verb::Request(call) => request(session, call).await,
        Verb::Trigger(wish) => trigger(session, wish).await,
        Verb::Connections(verb) => airflow_objects::connections(session, verb).await,
        Verb::Variables(verb) => airflow_objects::variables(session, verb).await,
        Verb::Pools(verb) => airflow_objects::pools(session, verb).await,
        Verb::Token(_) => Err(Error::new(Kind::Internal, "make a token").because("it has a way of its own, which knows signals")),
    }
}

async fn request(session: &Session, wish: &Request) -> Result<Answer> {
    let method = call::method(&wish.method, "liftoff airflow request GET /dags")?;
    let query = wish.query.iter().map(|pair| given::pair("--query", pair)).collect::<Result<Vec<_>>>()?;
    let body = wish.body.as_ref().map(|text| given::json(session, "--body", text)).transpose()?;
    let (below, segments) = path(&wish.path)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if session.is_dry() && method != Method::GET {
        let path = format!("/{}", segments.join("/"));
        return Ok(Answer::done(format!("would call {method} {path}"), json!({ "method": method.as_str(), "path": path })));
    }
    let airflow = reached(session, &wish.deployment).await?;
    let answer = airflow.client().call(method, (below, &segments), &query, body.as_ref()).await?;
    if answer.is_empty() {
        return Ok(Answer::default());
    }
    match serde_json::from_slice::<Value>(&answer) {
        Ok(value) => call::answer(value, wish.jq.as_deref()),
        Err(_) => Ok(call::other_answer(&answer)),
    }
}

/// Returns where a path begins and its segments, decoded.
fn path(given: &str) -> Result<(Below, Vec<String>)> {
    let refused = |because: &str| call::wrong_path(given, because);
    call::plain(given)?;
    let below = if given.trim_start_matches('/').starts_with("api/") { Below::Airflow } else { Below::Api };
    let segments = given.split('/').filter(|segment| !segment.is_empty());
    let decoded = segments.map(|segment| percent_decode_str(segment).decode_utf8().map(String::from));
    let segments: Vec<String> = decoded.collect::<std::result::Result<_, _>>().map_err(|_| refused("it is not UTF-8"))?;
    if segments.is_empty() || !segments.iter().all(|segment| is_segment(segment)) {
        return Err(refused("it leads nowhere below Airflow"));
    }
    Ok((below, segments))
}

async fn trigger(session: &Session, wish: &Trigger) -> Result<Answer> {
    let usage = |flag: &str, why: &str| Error::new(Kind::Usage, format!("read `{flag}`")).because(why);
    let limit = parse::duration(&wish.timeout).map_err(|why| usage("--timeout", &why))?;
    if let Some(date) = &wish.logical_date {
        date.parse::<jiff::Timestamp>().map_err(|_| usage("--logical-date", "expected a time such as 2026-01-02T03:04:05Z"))?;
    }
    let conf = match &wish.conf {
        Some(text) => json_text::object(&given::text(session, text)?).map_err(|why| usage("--conf", &why))?,
        None => Map::new(),
    };
    // With an id of our own, a run whose answer is lost is found again instead of made twice.
    let id = wish.run_id.clone().unwrap_or_else(|| format!("liftoff__{}", run_name()));
    let new = NewRun { dag: wish.dag.clone(), id: Some(id), logical_date: wish.logical_date.clone(), conf };
    let airflow = reached(session, &wish.deployment).await?;
    startable(session, &airflow, wish).await?;
    if session.is_dry() {
        return Ok(Answer::done(format!("would trigger {}", new.dag), json!({ "dag": new.dag, "run": new.id })));
    }
    let (word, found) = match airflow.client().trigger(&new).await? {
        Triggered::Made(run) => ("Triggered  ", run),
        Triggered::Existed(run) => {
            session.console.notice("Airflow has a run of this id, and makes no second one; another `--conf` has no effect on it");
            ("Was there  ", run)
        }
    };
    let run = DagRun { dag: new.dag, ..found };
    let page = airflow.site.page(&run);
    if !wish.wait {
        let mut lines = vec![format!("{word} {} ({})", run.dag, run.state.word()), format!("Run         {}", run.id)];
        lines.extend(page.iter().map(|page| format!("Page        {page}")));
        let json = json!({ "schema": 1, "dag": run.dag, "run": run.id, "state": run.state.word(), "page": page });
        return Ok(Answer::text(lines, json));
    }
    session.console.info(&format!("{}: run {}", run.dag, run.id));
    page.iter().for_each(|page| session.console.info(page));
    let _activity = session.console.activity("wait for the run to end");
    let told = |state: &RunState| session.console.info(&format!("the run is {}", state.word()));
    Ok(ended(airflow.site.followed(run, limit, &told).await))
}

/// Fails for a DAG that is not there, and for a paused one whose end would be awaited.
async fn startable(session: &Session, airflow: &Reached, wish: &Trigger) -> Result<()> {
    let doing = || format!("trigger the DAG `{}`", wish.dag.escape_debug());
    match airflow.site.obstacle(&wish.dag, std::time::Duration::ZERO).await? {
        None => Ok(()),
        Some(absent @ Obstacle::Absent(_)) => Err(Error::new(Kind::NotFound, doing())
            .because(absent)
            .hint("`liftoff airflow request GET /dags --jq '.dags[].dag_id'` lists them")),
        Some(Obstacle::Paused) if wish.wait => Err(Error::new(Kind::Unhealthy, doing())
            .because("it is paused, so its run would stay queued")
            .hint("unpause it in Airflow, or trigger it without `--wait`")),
        Some(Obstacle::Paused) => {
            session.console.notice(&format!("{} is paused; its run stays queued until somebody unpauses it", wish.dag));
            Ok(())
        }
    }
}

fn ended(trial: Trial) -> Answer {
    let doing = format!("see the run of `{}` succeed", trial.dag.escape_debug());
    let failure = match &trial.end {
        TrialEnd::Succeeded => None,
        TrialEnd::TimedOut(_) => Some((Kind::TimedOut, "the run goes on; allow more with `--timeout`")),
        TrialEnd::Unknown(kind, _) => Some((*kind, "look at the run in Airflow")),
        TrialEnd::Failed | TrialEnd::Impossible(_) | TrialEnd::NotTried => Some((Kind::Unhealthy, "look at the run in Airflow")),
    };
    let page = trial.page.as_deref().map(|page| format!("\n{page}")).unwrap_or_default();
    let failure = failure.map(|(kind, hint)| Error::new(kind, doing).because(format!("it {}{page}", trial.words())).hint(hint));
    let mut json = smoke::list(std::slice::from_ref(&trial)).as_array_mut().and_then(Vec::pop).unwrap_or_default();
    json["schema"] = json!(1);
    let mut lines = vec![format!("Run         {}", trial.run.as_deref().unwrap_or_default())];
    lines.push(format!("End         {} {}", trial.dag, trial.words()));
    lines.extend(trial.page.iter().map(|page| format!("Page        {page}")));
    Answer::text(lines, json).failing(failure)
}
