//! Whatever a client does, each of its requests goes wrong once: what the forge shows in the end is
//! what it shows when nothing goes wrong.

use std::time::Duration;

use astro_sim::faults::Effect;
use liftoff::error::{Kind, Place, Result};
use liftoff::forge::interface::{DeploymentRecord, Finding, Findings, Forge, Lifetime, RecordState, Severity, State, Upsert};

use crate::forges::rows::ROWS;
use crate::forges::stage::{Row, Stage, base, comment_on, head, set_status};

/// One thing that a forge is told or asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Comment,
    Edit,
    Status,
    Record,
    Annotate,
    Compare,
    PullsOf,
    Pull,
}

const DEEDS: [Deed; 7] = [Deed::Comment, Deed::Status, Deed::Record, Deed::Annotate, Deed::Compare, Deed::PullsOf, Deed::Pull];

impl Deed {
    async fn done(self, forge: &dyn Forge) -> Result<()> {
        let commit = &head();
        match self {
            Self::Comment | Self::Edit => comment_on(forge, 1, "text", Upsert::Always).await.map(drop),
            Self::Status => set_status(forge, State::Success, "text").await,
            Self::Record => {
                let record = DeploymentRecord {
                    commit,
                    reference: Some("change"),
                    environment: "review/1",
                    lifetime: Lifetime::Preview,
                    state: RecordState::Is(State::Success),
                    description: "Deployed DAGs",
                    environment_url: Some("https://airflow.example.com/"),
                    log_url: None,
                };
                forge.record_deployment(&record, None).await.map(drop)
            }
            Self::Annotate => {
                let place = Place { path: "dags/example.py".to_owned(), line: Some(3) };
                let item = |number: usize| Finding {
                    place: place.clone(),
                    message: format!("finding {number}"),
                    severity: Severity::Error,
                };
                let items: Vec<Finding> = (0..120).map(item).collect();
                let (name, title, summary) = ("liftoff-check", "Findings", "Many.");
                forge.annotate(&Findings { commit, name, title, summary, details_url: None, items: &items }).await.map(drop)
            }
            Self::Compare => forge.compare(&base(), commit).await.map(drop),
            Self::PullsOf => forge.pull_requests_of(commit).await.map(drop),
            Self::Pull => forge.pull_request(1).await.map(drop),
        }
    }
}

/// What a forge shows: comments, the newest status, deployments and findings.
type Shown = (Vec<(String, String)>, Option<[String; 4]>, Vec<String>);

/// Returns what the forge shows.
fn shown(stage: &Stage) -> Shown {
    stage.sim.with(|world| {
        let row = stage.row;
        ((row.comments)(world), (row.statuses)(world).pop(), (row.records)(world))
    })
}

/// Sets a stage for a deed.
async fn ready(row: &'static Row, deed: Deed) -> Stage {
    let stage = Stage::new(row);
    if deed == Deed::Edit {
        comment_on(&*stage.forge(), 1, "earlier text", Upsert::Always).await.expect("a comment");
    }
    stage
}

/// Returns a stage on which all went well, and how many requests that took.
async fn undisturbed(row: &'static Row, deed: Deed) -> (Stage, u32) {
    let stage = ready(row, deed).await;
    let before = stage.sim.journal().len();
    deed.done(&*stage.forge()).await.expect("nothing goes wrong");
    stage.assert_clean();
    let requests = u32::try_from(stage.sim.journal().len() - before).expect("few requests");
    (stage, requests)
}

#[tokio::test]
async fn a_request_that_was_one_too_many_is_sent_again() {
    for row in ROWS {
        for deed in DEEDS {
            let (expected, requests) = undisturbed(row, deed).await;
            for skip in 0..requests {
                let stage = ready(row, deed).await;
                stage.fault_after(skip, 1, Effect::RetryAfter(0));
                let outcome = deed.done(&*stage.forge()).await;
                assert!(outcome.is_ok(), "{:?} {deed:?} {skip}: {outcome:?}", row.kind);
                assert_eq!(shown(&stage), shown(&expected), "{:?} {deed:?} {skip}", row.kind);
            }
        }
    }
}

#[tokio::test]
async fn whatever_gets_lost_nothing_is_shown_twice() {
    for row in ROWS {
        for deed in DEEDS {
            let (expected, requests) = undisturbed(row, deed).await;
            let expected = shown(&expected);
            for skip in 0..requests {
                for effect in [Effect::Status(503, String::new()), Effect::CutBeforeRequest, Effect::CutBeforeAnswer] {
                    let stage = ready(row, deed).await;
                    stage.fault_after(skip, 1, effect.clone());
                    let outcome = deed.done(&*stage.forge()).await;
                    let case = format!("{:?} {deed:?} {skip} {effect:?}: {outcome:?}", row.kind);
                    let found = shown(&stage);
                    match outcome {
                        Ok(()) => assert_eq!(found, expected, "{case}"),
                        // What cannot be repeated is given up, and the forge may or may not have done it.
                        Err(error) => {
                            assert!(matches!(deed, Deed::Record | Deed::Annotate), "{case}");
                            assert_eq!(error.kind(), Kind::Transfer, "{case}");
                            assert!(found.2.len() <= expected.2.len(), "{case}");
                        }
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_forge_that_never_answers_is_given_up_when_its_time_is_over() {
    for row in ROWS {
        for deed in DEEDS {
            let (_, requests) = undisturbed(row, deed).await;
            let mut stage = Stage::new(row);
            stage.budget = Duration::from_millis(20);
            stage.fault_after(0, 99, Effect::Hang);
            let outcome = deed.done(&*stage.forge()).await;
            let kind = outcome.err().map(|error| error.kind());
            assert_eq!(kind, (requests > 0).then_some(Kind::Transfer), "{:?} {deed:?}", row.kind);
        }
    }
}

#[tokio::test]
async fn a_forge_that_repeats_the_token_does_not_make_us_tell_it() {
    for row in ROWS {
        for deed in DEEDS {
            for status in [400, 401, 403, 422, 500] {
                let stage = Stage::new(row);
                let body = serde_json::json!({ "message": format!("no {}, never", row.token) }).to_string();
                stage.fault_after(0, 99, Effect::Status(status, body));
                if let Err(error) = deed.done(&*stage.forge()).await {
                    let told = format!("{error} {error:?} {:?}", error.advice());
                    assert!(told.contains("no [secret], never"), "{:?} {deed:?} {status}: {told}", row.kind);
                    assert!(!told.contains(row.token), "{:?} {deed:?} {status}: {told}", row.kind);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_not_found() {
    for row in ROWS {
        for deed in DEEDS {
            let stage = Stage::new(row);
            let outcome = deed.done(&*stage.forge_of(row.absent, row.token)).await;
            let kind = outcome.err().map(|error| error.kind());
            // Some forges take an absent repository for a commit without pull requests.
            let unknown = deed == Deed::PullsOf || stage.sim.journal().is_empty();
            assert!(kind == Some(Kind::NotFound) || (kind.is_none() && unknown), "{:?} {deed:?}: {kind:?}", row.kind);
            stage.assert_clean();
        }
    }
}
