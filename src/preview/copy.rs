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
        match tokio::try_join!(source.list(kind), target.list(kind)) {
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
