//! Looks at a Deployment's Airflow before and after a deploy, until it has read what was shipped.
//! It takes looks and waits; what they mean is judged by `plan::verification`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::airflow::client::AirflowClient;
use crate::deploy::order::{Order, Tools, Watching};
use crate::deploy::outcome::{Arrival, Outcome};
use crate::deploy::stopwatch::Stopwatch;
use crate::error::{Error, Kind, Place, Result};
use crate::model::airflow::Look;
use crate::model::deployment::Deployment;
use crate::plan::facts::Target;
use crate::plan::outline::Step;
use crate::plan::verification::{self, Broken, Expectation, Findings, Verdict, Verification};
use crate::settings::verify::Verify;

/// Time between the first two looks; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Longest time between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Longest time for one look.
const ONE_LOOK: Duration = Duration::from_secs(60);
/// Tries of the look before the deploy.
const TRIES: u32 = 3;
/// The same after waking: a webserver is up later than its Deployment.
const TRIES_AFTER_WAKING: u32 = 8;
/// Files and errors named in one message before the rest is only counted.
const NAMED: usize = 5;

/// What was seen before the deploy.
pub enum Before {
    /// Nobody asked.
    NotAsked,
    /// This.
    Seen(Look),
    /// Nothing, for this reason.
    Unknown(String),
}

/// Looks at Airflow before the deploy. Failing to see anything stops nothing.
pub async fn before(order: &Order<'_, '_>, tools: &Tools<'_>) -> Before {
    if order.verification.is_none() || !order.plan.steps.contains(&Step::ProveArrival) {
        return Before::NotAsked;
    }
    let tries = if order.plan.steps.contains(&Step::Wake) { TRIES_AFTER_WAKING } else { TRIES };
    let mut pause = FIRST_PAUSE * 2;
    let mut tried = 1;
    let error = loop {
        match look(tools, &order.deployment).await {
            Ok(look) => return Before::Seen(look),
            Err(error) if is_final(&error) || tried >= tries => break error,
            Err(_) => {}
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        tried += 1;
    };
    // Nothing was ever deployed there, so there is nothing that Airflow could have read.
    if matches!(&order.facts.target, Target::Deployment { history, .. } if history.is_empty()) && !is_final(&error) {
        return Before::Seen(Look::default());
    }
    Before::Unknown(format!("what Airflow could import before the deploy is not known: {}", words(&error)))
}

/// Waits until Airflow has read the deploy, and judges it. None when nobody asked, or when the deploy did not arrive.
pub async fn after(
    order: &Order<'_, '_>,
    tools: &Tools<'_>,
    (before, outcome): (Before, &Outcome),
    watch: &mut Stopwatch,
) -> Option<Verification> {
    let watching = order.verification.as_ref().filter(|_| outcome.arrival == Arrival::Proven)?;
    let before = match before {
        Before::NotAsked => return None,
        Before::Unknown(why) => return Some(told(tools, watching, unverified(why))),
        Before::Seen(look) => look,
    };
    let started = Instant::now();
    let watcher = Watcher { tools, expectation: &watching.expectation, deadline: started + watching.budget };
    let verification = match watcher.deployment(order, outcome).await {
        Ok(deployment) => watcher.verified(&deployment, &before).await,
        Err(error) => unverified(words(&error)),
    };
    watch.record("verify", started, String::new());
    Some(told(tools, watching, verification))
}

/// Returns the failure of a deploy that brought import errors, where these are to fail the run.
#[must_use]
pub fn failure(order: &Order<'_, '_>, outcome: &Outcome) -> Option<Error> {
    order.verification.as_ref().filter(|watching| watching.policy == Verify::Fail)?;
    let verification = outcome.verification.as_ref().filter(|it| it.verdict == Verdict::Failed)?;
    let new = &verification.findings.new;
    let mut lines: Vec<String> = new.iter().take(NAMED).map(|broken| format!("{}: {}", broken.file, broken.message)).collect();
    if new.len() > NAMED {
        lines.push(format!("… and {} more", new.len() - NAMED));
    }
    let files = if new.len() == 1 { "a file".to_owned() } else { format!("{} files", new.len()) };
    Some(
        Error::new(Kind::Unhealthy, format!("have Airflow import {files} of this deploy"))
            .because(lines.join("\n"))
            .hint(format!("deploy {} runs; repair the DAGs and deploy again, or deploy what ran before", outcome.deploy_id)),
    )
}

/// One wait for Airflow.
struct Watcher<'a> {
    tools: &'a Tools<'a>,
    expectation: &'a Expectation,
    deadline: Instant,
}

impl Watcher<'_> {
    /// Returns the Deployment as it is now: another image may have brought another Airflow with another API.
    async fn deployment(&self, order: &Order<'_, '_>, outcome: &Outcome) -> Result<Deployment> {
        match outcome.image_tag {
            Some(_) => self.tools.astro.deployment(&order.deployment.id).await,
            None => Ok(order.deployment.clone()),
        }
    }

    async fn verified(&self, deployment: &Deployment, before: &Look) -> Verification {
        let activity = self.tools.console.activity("wait for Airflow to read the DAGs");
        self.tools.console.info("waiting: Airflow reads the DAGs");
        let awaited = self.expectation.awaited(before);
        let (first, mut seen) = match self.first(deployment).await {
            Ok(first) => (first.clone(), Seen { look: first, unread: awaited.clone(), is_read: false, trouble: None }),
            Err(why) => return unverified(why),
        };
        if awaited.is_empty() && self.expectation.awaited(&first).is_empty() {
            let findings = verification::findings(self.expectation, (before, &first), &awaited);
            let why = "Airflow knows none of the files that ship, and the source tells of no new DAG".to_owned();
            return Verification { verdict: Verdict::Unverified(why), findings };
        }
        let since = verification::since(&first, Timestamp::now());
        seen = self.settled(deployment, (&awaited, since), (before, seen)).await;
        if seen.is_read {
            // The first stamp after the arrival can be of a reading that began before it, or while files were on their way.
            activity.tell("wait for Airflow to read the DAGs once more");
            let (former, since) = (seen.look.clone(), verification::since(&seen.look, Timestamp::now()));
            let again = self.expectation.awaited(&former);
            let unread = Seen { is_read: false, unread: again.clone(), ..seen };
            seen = self.settled(deployment, (&again, since), (&former, unread)).await;
        }
        let findings = verification::findings(self.expectation, (before, &seen.look), &seen.unread);
        Verification { verdict: seen.verdict(&findings), findings }
    }

    /// Takes the first look, and waits for a webserver that starts anew.
    async fn first(&self, deployment: &Deployment) -> std::result::Result<Look, String> {
        let mut pause = FIRST_PAUSE;
        loop {
            match look(self.tools, deployment).await {
                Ok(look) => return Ok(look),
                Err(error) if is_final(&error) || !self.paused(&mut pause).await => return Err(words(&error)),
                Err(_) => {}
            }
        }
    }

    /// Looks until the awaited files were read, or the time is up.
    async fn settled(
        &self,
        deployment: &Deployment,
        (awaited, since): (&BTreeSet<String>, Timestamp),
        (before, mut seen): (&Look, Seen),
    ) -> Seen {
        let mut pause = FIRST_PAUSE;
        while self.paused(&mut pause).await {
            match look(self.tools, deployment).await {
                Ok(look) => {
                    let mut all = self.expectation.awaited(&look);
                    all.extend(awaited.iter().cloned());
                    let unread = verification::unread(&all, (before, &look), since);
                    let is_read = unread.is_empty() && !all.is_empty();
                    seen = Seen { look, unread, is_read, trouble: None };
                    if seen.is_read {
                        break;
                    }
                }
                Err(error) => {
                    seen.trouble = Some(words(&error));
                    if is_final(&error) {
                        break;
                    }
                }
            }
        }
        seen
    }

    /// Pauses, unless the time is up; pauses grow.
    async fn paused(&self, pause: &mut Duration) -> bool {
        if Instant::now() + *pause > self.deadline {
            return false;
        }
        tokio::time::sleep(*pause).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        true
    }
}

/// The last look, and what it does not tell.
struct Seen {
    look: Look,
    unread: BTreeSet<String>,
    /// Whether there were files to read, and all were.
    is_read: bool,
    trouble: Option<String>,
}

impl Seen {
    fn verdict(&self, findings: &Findings) -> Verdict {
        let files = findings.unread.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = self.unread.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        match (&self.trouble, self.is_read, findings.new.is_empty()) {
            (_, true, true) => Verdict::Passed,
            (_, true, false) => Verdict::Failed,
            (Some(trouble), false, _) => Verdict::Unverified(trouble.clone()),
            (None, false, _) => Verdict::Unverified(format!("Airflow has not read {files}{more} within `verify-time`")),
        }
    }
}

/// Takes one look, with every text masked before anything is made of it.
async fn look(tools: &Tools<'_>, deployment: &Deployment) -> Result<Look> {
    let url = deployment.airflow_api.as_ref().ok_or_else(|| {
        Error::new(Kind::Refused, format!("reach the Airflow of {}", deployment.name))
            .because("the platform does not say where its API is")
    })?;
    let client = AirflowClient::new(tools.calls.clone(), url, tools.astro.token())?.impatient();
    let mut look = tokio::time::timeout(ONE_LOOK, client.look()).await.map_err(|_| {
        Error::new(Kind::Transfer, "look at the Deployment's Airflow").because(format!("no answer in {} s", ONE_LOOK.as_secs()))
    })??;
    for error in &mut look.errors {
        error.stack_trace = tools.console.masked(&error.stack_trace);
    }
    Ok(look)
}

/// Whether asking again would not help.
fn is_final(error: &Error) -> bool {
    !matches!(error.kind(), Kind::NotFound | Kind::Transfer)
}

fn words(error: &Error) -> String {
    let cause = error.cause().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("could not {}{cause}", error.doing())
}

fn unverified(why: String) -> Verification {
    Verification { verdict: Verdict::Unverified(why), findings: Findings::default() }
}

/// Says aloud what was found, each error at its place.
fn told(tools: &Tools<'_>, watching: &Watching, mut verification: Verification) -> Verification {
    verification.change_texts(&|text| tools.console.masked(text));
    let console = tools.console;
    let place = |broken: &Broken| Place { path: broken.file.clone(), line: broken.line };
    let text = |broken: &Broken, when: &str| format!("Airflow cannot import {}{when}: {}", broken.file, broken.message);
    let fails = verification.verdict == Verdict::Failed && watching.policy == Verify::Fail;
    let Findings { new, known, elsewhere, .. } = &verification.findings;
    for broken in new {
        match fails {
            true => console.error_at(&place(broken), &text(broken, "")),
            false => console.warning_at(&place(broken), &text(broken, "")),
        }
        let group = console.group(&format!("what Airflow says about {}", broken.file));
        broken.trace.lines().for_each(|line| console.info(line));
        drop(group);
    }
    elsewhere.iter().for_each(|broken| console.warning(&text(broken, ", which this deploy did not ship")));
    known.iter().for_each(|broken| console.notice(&text(broken, ", as before the deploy")));
    if let Verdict::Unverified(why) = &verification.verdict {
        console.warning(&format!("NOT VERIFIED: whether Airflow can import what was deployed is not known, because {why}"));
    }
    verification
}
