//! Copies connections, variables and pools from one Airflow to another, as far as they are no secrets.
//! One object that fails stops no other, and nothing is ever deleted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt as _, stream};

use crate::airflow::client::{AirflowClient, Creation, Listing};
use crate::error::{Error, Kind, Result};
use crate::model::airflow::{Object, ObjectKind};
use crate::preview::copy_plan::{Change, Counts, Step, Wish, Wishes, copy_plan, step};
use crate::preview::left::{Left, Why};

/// Objects sent at once.
const AT_ONCE: usize = 4;

/// Objects in a row that cannot be sent before the rest is not tried any more.
const MOST_IN_A_ROW: usize = 8;

/// What a copy did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Copied {
    /// Objects that the target did not have.
    pub created: Counts,
    /// Objects in which something was changed.
    pub updated: Counts,
    /// Objects in which nothing differs that is clear.
    pub unchanged: Counts,
    /// What was not copied, wholly or in part, sorted.
    pub left: Vec<Left>,
}

/// Copies what is wished. Kinds that cannot be listed and objects that cannot be written are reported among those left.
///
/// # Errors
/// The first failure, when none of the wished kinds could be listed.
pub async fn copy(source: &AirflowClient, target: &AirflowClient, wishes: &Wishes) -> Result<Copied> {
    let mut run = Run { target, copied: Copied::default(), left: BTreeMap::new(), in_a_row: AtomicUsize::new(0) };
    let (mut listed, mut failed) = (0, None);
    for kind in ObjectKind::ALL.into_iter().filter(|kind| wishes.about(*kind) == Wish::Copy) {
        let (ours, theirs) = tokio::join!(source.list(kind), target.list(kind));
        match ours.and_then(|ours| theirs.map(|theirs| (ours, theirs))) {
            Ok((ours, theirs)) => {
                listed += 1;
                run.kind(kind, &ours, &theirs, wishes).await;
            }
            Err(error) => {
                run.leave(kind, None, vec![Why::Failed(reason(&error))]);
                failed = failed.or(Some(error));
            }
        }
    }
    match failed {
        Some(error) if listed == 0 => Err(error),
        _ => Ok(run.finished()),
    }
}

struct Run<'a> {
    target: &'a AirflowClient,
    copied: Copied,
    left: BTreeMap<(ObjectKind, Option<String>), Vec<Why>>,
    in_a_row: AtomicUsize,
}

/// What became of one object.
enum Done {
    Created,
    Updated,
    Same,
}

impl Run<'_> {
    async fn kind(&mut self, kind: ObjectKind, ours: &Listing, theirs: &Listing, wishes: &Wishes) {
        let plan = copy_plan(&ours.objects, &theirs.objects, wishes);
        for Left { kind, name, why } in plan.left {
            self.leave(kind, name, why);
        }
        if ours.unread > 0 {
            self.leave(kind, None, vec![Why::Unread(ours.unread)]);
        }
        let unchanged = plan.unchanged;
        self.copied.unchanged.connections += unchanged.connections;
        self.copied.unchanged.variables += unchanged.variables;
        self.copied.unchanged.pools += unchanged.pools;
        let steps = plan.create.into_iter().map(Step::Create).chain(plan.update.into_iter().map(Step::Change));
        let this = &*self;
        let sends = steps.map(|step| this.guarded(step)).collect::<Vec<_>>();
        let outcomes: Vec<_> = stream::iter(sends).buffer_unordered(AT_ONCE).collect().await;
        for (name, outcome) in outcomes {
            match outcome {
                Ok((done, why)) => {
                    match done {
                        Done::Created => self.copied.created.add(kind),
                        Done::Updated => self.copied.updated.add(kind),
                        Done::Same => self.copied.unchanged.add(kind),
                    }
                    self.leave(kind, Some(name), why);
                }
                // Then the reasons that were foreseen do not matter.
                Err(reason) => {
                    self.left.insert((kind, Some(name)), vec![Why::Failed(reason)]);
                }
            }
        }
    }

    /// Takes a step unless so many before have failed that the target must be gone.
    async fn guarded(&self, step: Step) -> (String, std::result::Result<(Done, Vec<Why>), String>) {
        let (Step::Create(object) | Step::Change(Change { object, .. })) = &step else {
            return (String::new(), Ok((Done::Same, Vec::new())));
        };
        let name = object.name().to_owned();
        if self.in_a_row.load(Ordering::Relaxed) >= MOST_IN_A_ROW {
            return (name, Err("not tried, because too many before it failed".to_owned()));
        }
        let outcome = self.taken(&step).await;
        match &outcome {
            Err(error) if error.kind() == Kind::Transfer => {
                self.in_a_row.fetch_add(1, Ordering::Relaxed);
            }
            _ => self.in_a_row.store(0, Ordering::Relaxed),
        }
        (name, outcome.map_err(|error| reason(&error)))
    }

    async fn taken(&self, step: &Step) -> Result<(Done, Vec<Why>)> {
        match step {
            Step::Create(object) => self.created(object).await,
            Step::Change(Change { object, fields }) => {
                self.target.update(object, fields).await.map(|()| (Done::Updated, Vec::new()))
            }
            Step::Same | Step::Leave => Ok((Done::Same, Vec::new())),
        }
    }

    async fn created(&self, object: &Object) -> Result<(Done, Vec<Why>)> {
        let creation = self.target.create(object).await?;
        let made = match creation {
            Creation::Created => return Ok((Done::Created, Vec::new())),
            Creation::Lost => Done::Created,
            Creation::Existed => Done::Same,
        };
        // Someone else, or a try whose answer was lost, was faster: the rules for existing objects apply.
        let found = self.target.find(object.kind(), object.name()).await?;
        let (step, mut why) = step(object, found.as_ref());
        why.retain(|why| matches!(why, Why::TargetExtra | Why::TargetValue));
        match step {
            Step::Change(Change { object, fields }) => {
                self.target.update(&object, &fields).await?;
                Ok((if matches!(made, Done::Created) { made } else { Done::Updated }, why))
            }
            Step::Same | Step::Leave => Ok((made, why)),
            Step::Create(_) => Err(Error::new(Kind::Transfer, "find what is said to exist")
                .because("Airflow says that it exists already, and does not find it by its name")),
        }
    }

    fn leave(&mut self, kind: ObjectKind, name: Option<String>, why: Vec<Why>) {
        if !why.is_empty() {
            self.left.entry((kind, name)).or_default().extend(why);
        }
    }

    fn finished(self) -> Copied {
        let left = self.left.into_iter().map(|((kind, name), why)| Left { kind, name, why }).collect();
        Copied { left, ..self.copied }
    }
}

/// Returns an error on one line.
fn reason(error: &Error) -> String {
    let lines = error.cause().unwrap_or(error.doing()).lines();
    lines.map(str::trim).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::env::snapshot::Env;
    use crate::http::client::{Options, build};
    use crate::http::exchange::Caller;
    use crate::http::scripted::{Reply, Script};
    use crate::model::secret::Secret;

    fn client(script: &Script) -> AirflowClient {
        let mut caller = Caller::new(build(&Env::new([], PathBuf::new()), &Options::for_calls(None)).expect("a client"));
        caller.retry.first_delay = Duration::from_millis(1);
        caller.retry.tries = 1;
        AirflowClient::new(caller, &script.url("/api/v2"), &Secret::new("t")).expect("a client")
    }

    fn answer(status: u16, body: &str) -> Reply {
        Reply::Answer(status, "", body.to_owned())
    }

    fn pools(names: &[String]) -> Reply {
        let items: Vec<String> =
            names.iter().map(|name| format!(r#"{{"name":"{name}","slots":1,"description":null}}"#)).collect();
        answer(200, &format!(r#"{{"pools":[{}],"total_entries":{}}}"#, items.join(","), names.len()))
    }

    fn numbered(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("p{number:02}")).collect()
    }

    fn of_pools() -> Wishes {
        Wishes { pools: Wish::Copy, ..Wishes::default() }
    }

    #[tokio::test]
    async fn one_object_that_fails_stops_no_other() {
        let source = Script::start(vec![pools(&numbered(6))]).await;
        let mut replies = vec![pools(&[])];
        replies.extend((0..6).map(|number| answer(if number == 2 { 422 } else { 201 }, "{}")));
        let target = Script::start(replies).await;
        let copied = copy(&client(&source), &client(&target), &of_pools()).await.expect("a copy");
        assert_eq!((copied.created.pools, copied.left.len()), (5, 1), "{copied:?}");
        assert!(matches!(&copied.left[0].why[..], [Why::Failed(reason)] if reason.contains("422")), "{copied:?}");
        assert_eq!(source.requests().len(), 1, "the source is only read");
    }

    #[tokio::test]
    async fn a_target_that_is_gone_is_not_asked_for_ever() {
        let source = Script::start(vec![pools(&numbered(60))]).await;
        let target = Script::start(vec![pools(&[])]).await;
        let copied = copy(&client(&source), &client(&target), &of_pools()).await.expect("a copy");
        let untried = copied.left.iter().filter(|left| left.to_string().contains("not tried")).count();
        assert_eq!((copied.created.total(), copied.left.len()), (0, 60));
        assert!((60 - MOST_IN_A_ROW - AT_ONCE..=60 - MOST_IN_A_ROW).contains(&untried), "{untried}");
    }

    #[tokio::test]
    async fn a_kind_that_cannot_be_listed_stops_no_other() {
        let everything = Wishes { connections: Wish::Copy, ..of_pools() };
        let source = Script::start(vec![answer(403, "{}"), pools(&numbered(1))]).await;
        let target =
            Script::start(vec![answer(200, r#"{"connections":[],"total_entries":0}"#), pools(&[]), answer(201, "")]).await;
        let copied = copy(&client(&source), &client(&target), &everything).await.expect("a copy");
        assert_eq!(copied.created.pools, 1);
        assert!(copied.left[0].to_string().starts_with("connections: GET ") && copied.left.len() == 1, "{copied:?}");

        let source = Script::start(vec![answer(403, "{}"), answer(403, "{}")]).await;
        let target = Script::start(vec![answer(200, r#"{"connections":[],"total_entries":0}"#), pools(&[])]).await;
        let error = copy(&client(&source), &client(&target), &everything).await.expect_err("nothing was copied");
        assert_eq!(error.kind(), Kind::Refused, "{error}");
    }
}
