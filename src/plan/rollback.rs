//! The decision to go back to an earlier deploy: which one, whether the platform and the user
//! allow it, and what that brings back. Rules: `reference/astro-docs.md` 4.5.

use jiff::{SignedDuration, Timestamp};

use crate::error::{Error, Kind, Result};
use crate::model::artifact::Artifact;
use crate::model::deploy::{DeployRecord, DeployStatus, DeployType};
use crate::model::deployment::{Deployment, DeploymentKind, DeploymentStatus};
use crate::model::ids::{DeployId, MountPath};
use crate::model::revision::CommitSha;
use crate::model::runtime::RuntimeVersion;
use crate::plan::deployed::{commit, is_under_way};
use crate::plan::then::{Brought, Part, is_finished, parts, running};

/// How long the platform keeps what a deploy brought.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// What the user asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where to go back to.
    pub to: Goal,
    /// Whether a lower Runtime version may come back.
    pub allow_runtime_downgrade: bool,
    /// Whether a hibernating Deployment is woken.
    pub wake: bool,
}

/// Where to go back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// This deploy.
    Deploy(DeployId),
    /// The newest finished deploy before the one whose content runs that differs in these artifacts.
    Previous(Scope),
}

/// The artifacts that matter to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    Everything,
    /// The DAGs.
    Dags,
    /// The image.
    Image,
    /// DAGs and image.
    Project,
    /// The bundle at this mount path, or any bundle.
    Bundles(Option<MountPath>),
}

/// What is known when the decision is made.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The Deployment.
    pub deployment: &'a Deployment,
    /// Its deploys, newest first.
    pub history: &'a [DeployRecord],
    /// The time.
    pub now: Timestamp,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Go back.
    Go(Box<Rollback>),
    /// What is asked for runs already.
    Runs(Box<Rollback>),
}

/// A way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// The deploy to go back to.
    pub target: DeployRecord,
    /// The type of that deploy.
    pub deploy_type: DeployType,
    /// Every part of the Deployment's content, now and then.
    pub parts: Vec<Part>,
    /// The Runtime version that runs, and the one that comes back, when they differ.
    pub runtime: Option<(String, String)>,
    /// Whether the Runtime that comes back is lower, or may be.
    pub downgrades: bool,
    /// The DAG-deploy setting that comes back, when it differs.
    pub dag_deploys: Option<DagDeploys>,
    /// Whether the Deployment has to be woken first.
    pub wakes: bool,
}

/// The DAG-deploy setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DagDeploys {
    /// DAGs ship as a bundle.
    On,
    /// DAGs ship in the image.
    Off,
}

impl Rollback {
    /// Returns the commit that comes back, when one was recorded.
    #[must_use]
    pub fn commit(&self) -> Option<CommitSha> {
        let parts = self.parts.iter().filter_map(|part| match &part.then {
            Brought::By(record) => commit(record),
            Brought::Nothing | Brought::Unknown(_) => None,
        });
        commit(&self.target).or_else(|| parts.into_iter().next())
    }

    /// Returns the parts that change.
    pub fn changes(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.changed)
    }
}

/// Decides.
///
/// # Errors
/// `Kind::NotFound` when there is no such deploy, `Kind::Refused` when the platform would not go
/// back to it, or when that needs a word of the user's.
pub fn decide(request: &Request, situation: &Situation<'_>) -> Result<Choice> {
    let Situation { deployment, history, now } = *situation;
    let doing = || format!("roll back {}", deployment.name);
    if deployment.kind == Some(DeploymentKind::Hybrid) {
        return Err(Error::new(Kind::Refused, doing())
            .because("it is a Hybrid Deployment, and Astro rolls back Hosted ones only")
            .hint("deploy the earlier commit instead; `allow-older-commit: true` lets it replace the newer one"));
    }
    if let Some(other) = history.iter().find(|record| is_under_way(record, now)) {
        return Err(Error::new(Kind::Refused, doing())
            .because(format!("deploy {} has not finished, and would replace what a rollback brings back", other.id))
            .hint("wait until it is done, then try again"));
    }
    let (index, target, deploy_type) = found(request, situation)?;
    let parts = parts(deployment, history, index);
    let dag_deploys = match (deployment.dag_deploys, target.dag_deploys) {
        (false, true) => Some(DagDeploys::On),
        (true, false) => Some(DagDeploys::Off),
        _ => None,
    };
    let (runtime, downgrades) = runtime(deployment, target, &parts);
    let asleep = deployment.hibernating || deployment.status == DeploymentStatus::Hibernating;
    let rollback = Rollback { target: target.clone(), deploy_type, parts, runtime, downgrades, dag_deploys, wakes: asleep };
    if rollback.changes().next().is_none() && dag_deploys.is_none() {
        return Ok(Choice::Runs(Box::new(rollback)));
    }
    young_enough(situation, target)?;
    ready(request, deployment, &rollback)?;
    no_downgrade(request, &rollback, deployment)?;
    Ok(Choice::Go(Box::new(rollback)))
}

/// Returns where to go back to after the deploy `bad` ended badly: to `before`, the newest deploy
/// that was done when it began.
///
/// # Errors
/// `Kind::Refused` when another deploy took over or came between, or nothing ran before.
pub fn undo(bad: &DeployId, before: Option<&DeployId>, history: &[DeployRecord]) -> Result<Goal> {
    let refused = |because: String| {
        Err(Error::new(Kind::Refused, format!("roll back after the deploy {bad}"))
            .because(because)
            .hint("look at the Deployment; `liftoff rollback` goes back on purpose"))
    };
    let Some(index) = history.iter().position(|record| record.id == *bad) else {
        return refused("the history does not show it".to_owned());
    };
    let (newer, older) = (history.get(..index).unwrap_or_default(), history.get(index + 1..).unwrap_or_default());
    // One that is abandoned by now was not when it was seen here.
    if let Some(other) = newer.iter().find(|record| record.status != DeployStatus::Failed) {
        return refused(format!("the newer deploy {} takes over", other.id));
    }
    match (older.iter().find(|record| is_finished(record)), before) {
        (Some(found), Some(before)) if found.id == *before => Ok(Goal::Deploy(before.clone())),
        (None, None) => refused("nothing was deployed before it".to_owned()),
        (Some(found), _) => refused(format!("deploy {} came between, so it is unknown what ran before", found.id)),
        (None, Some(before)) => refused(format!("deploy {before}, which ran before, is no longer in the history")),
    }
}

fn found<'a>(request: &Request, situation: &Situation<'a>) -> Result<(usize, &'a DeployRecord, DeployType)> {
    let Situation { deployment, history, .. } = *situation;
    let index = match &request.to {
        Goal::Deploy(id) => history.iter().position(|record| record.id == *id).ok_or_else(|| {
            Error::new(Kind::NotFound, format!("find the deploy {id}"))
                .because(format!("the history of {} has no deploy of this id", deployment.name))
                .hint("`liftoff history` lists the deploys with their ids")
        })?,
        Goal::Previous(scope) => previous(scope, situation)?,
    };
    let refused = |because: String| {
        Err(Error::new(Kind::Refused, "find a deploy to go back to")
            .because(because)
            .hint("`liftoff history` lists the deploys; only those that are done can be gone back to"))
    };
    match history.get(index).map(|record| (record, record.deploy_type)) {
        Some((record, Some(deploy_type))) if is_finished(record) => Ok((index, record, deploy_type)),
        Some((record, None)) => refused(format!("deploy {} is of a type that this version of Liftoff does not know", record.id)),
        Some((record, _)) => refused(match &record.status {
            DeployStatus::Failed => format!("deploy {} failed, so it never ran", record.id),
            _ => format!("deploy {} was never finished, so it never ran", record.id),
        }),
        None => refused("the history is empty".to_owned()),
    }
}

/// Finds the newest finished deploy, older than the one whose content runs, after which something
/// else ran. Older than that one, so that going back twice does not return to what was left.
fn previous(scope: &Scope, situation: &Situation<'_>) -> Result<usize> {
    let Situation { deployment, history, .. } = *situation;
    let start = running(history).map_or(history.len(), |index| index + 1);
    let differs = |index: usize| parts(deployment, history, index).iter().any(|part| part.changed && includes(scope, part));
    let candidates = history.iter().enumerate().skip(start).filter(|(_, record)| is_finished(record));
    candidates.map(|(index, _)| index).find(|index| differs(*index)).ok_or_else(|| {
        Error::new(Kind::NotFound, "find the previous deploy")
            .because(format!("no earlier deploy to {} shipped {}", deployment.name, other_words(scope)))
            .hint("`liftoff history` lists the deploys; name one with `--to`")
    })
}

fn includes(scope: &Scope, part: &Part) -> bool {
    match (scope, &part.artifact) {
        (Scope::Everything, _)
        | (Scope::Dags | Scope::Project, Artifact::Dags)
        | (Scope::Image | Scope::Project, Artifact::Image)
        | (Scope::Bundles(None), Artifact::Bundle(_)) => true,
        (Scope::Bundles(Some(ours)), Artifact::Bundle(mount)) => ours == mount,
        _ => false,
    }
}

const fn other_words(scope: &Scope) -> &'static str {
    match scope {
        Scope::Everything => "anything else than what runs",
        Scope::Dags => "other DAGs than those that run",
        Scope::Image => "another image than the one that runs",
        Scope::Project => "other DAGs or another image than what runs",
        Scope::Bundles(_) => "another bundle than the one that is there",
    }
}

/// Returns the change of Runtime, and whether it goes down or may go down.
fn runtime(deployment: &Deployment, target: &DeployRecord, parts: &[Part]) -> (Option<(String, String)>, bool) {
    let image = parts.iter().find(|part| part.artifact == Artifact::Image);
    if image.is_some_and(|image| !image.changed) {
        return (None, false);
    }
    let told = match image.map(|image| &image.then) {
        Some(Brought::By(record)) if !record.runtime_version.is_empty() => &record.runtime_version,
        _ => &target.runtime_version,
    };
    let downgrades = match (RuntimeVersion::parse(&deployment.runtime_version), RuntimeVersion::parse(told)) {
        (Some(now), Some(then)) => then < now,
        // Nothing runs yet that could go down.
        (None, _) => false,
        (Some(_), None) => true,
    };
    let changes = deployment.runtime_version != *told;
    (changes.then(|| (deployment.runtime_version.clone(), told.clone())), downgrades)
}

fn young_enough(situation: &Situation<'_>, target: &DeployRecord) -> Result<()> {
    let age = target.created_at.parse::<Timestamp>().map(|created| situation.now.duration_since(created));
    let newest = situation.history.iter().find(|record| is_finished(record));
    // A time that cannot be read is left to the platform.
    if age.map_or(true, |age| age <= KEPT) || newest.is_some_and(|newest| newest.id == target.id) {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, format!("go back to the deploy {}", target.id))
        .because(format!("it was made on {}, and Astro keeps what a deploy brought for 90 days", day(&target.created_at)))
        .hint("deploy its commit instead; `allow-older-commit: true` lets it replace the newer one"))
}

fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

fn ready(request: &Request, deployment: &Deployment, rollback: &Rollback) -> Result<()> {
    let doing = format!("roll back {}", deployment.name);
    if rollback.wakes && !request.wake {
        return Err(Error::new(Kind::Refused, doing)
            .because("the Deployment hibernates, and Astro takes no deploys while it does")
            .hint("set `wake-on-deploy: true` to wake it for the rollback, or wake it in Astro"));
    }
    if deployment.status == DeploymentStatus::Creating {
        return Err(Error::new(Kind::Refused, doing)
            .because("the Deployment is still being created")
            .hint("try again when Astro shows it as healthy"));
    }
    Ok(())
}

/// What a downgrade does to a Deployment (`reference/astro-docs.md` 4.5).
pub const DOWNGRADE: &str =
    "all running tasks fail at once, and metadata that the older version has no place for is erased for good";

fn no_downgrade(request: &Request, rollback: &Rollback, deployment: &Deployment) -> Result<()> {
    if !rollback.downgrades || request.allow_runtime_downgrade {
        return Ok(());
    }
    let then = match &rollback.runtime {
        Some((_, then)) if !then.is_empty() => format!("it ran Runtime {then}"),
        _ => "the history does not tell which Runtime it ran".to_owned(),
    };
    Err(Error::new(Kind::Refused, format!("go back to the deploy {}", rollback.target.id))
        .because(format!("{then}, and the Deployment runs {}; in a downgrade {DOWNGRADE}", deployment.runtime_version))
        .hint("set `allow-runtime-downgrade: true` if this is meant"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fingerprint::Fingerprint;
    use crate::model::ids::{BundleVersion, DeploymentId, ImageTag};
    use crate::plan::description::{Footer, compose};

    fn now() -> Timestamp {
        "2026-11-30T00:00:00Z".parse().expect("a time")
    }

    /// A finished deploy of a day in November 2026.
    fn record(id: &str, deploy_type: DeployType, day: u8) -> DeployRecord {
        DeployRecord {
            id: DeployId::new(id),
            deploy_type: Some(deploy_type),
            status: DeployStatus::Deployed,
            created_at: format!("2026-11-{day:02}T00:00:00Z"),
            description: String::new(),
            git: None,
            dag_bundle_version: deploy_type.ships_dags().then(|| BundleVersion::new(format!("v-{id}"))),
            image_tag: Some(ImageTag::new(format!("t-{id}"))),
            mount_path: None,
            bundles: Vec::new(),
            rollback_from: None,
            dag_deploys: true,
            runtime_version: "3.1-4".to_owned(),
            deployer: None,
        }
    }

    fn back(id: &str, to: &str, day: u8) -> DeployRecord {
        DeployRecord { rollback_from: Some(DeployId::new(to)), ..record(id, DeployType::ImageAndDag, day) }
    }

    /// A Deployment that runs the DAGs and the image of these deploys.
    fn deployment(dags: &str, image: &str) -> Deployment {
        let version = Some(BundleVersion::new(format!("v-{dags}")));
        Deployment {
            dag_deploys: true,
            runtime_version: "3.1-4".to_owned(),
            dag_bundle_version: version.clone(),
            desired_dag_bundle_version: version,
            image_tag: Some(ImageTag::new(format!("t-{image}"))),
            ..Deployment::new(DeploymentId::new("d"), "demo")
        }
    }

    fn to(id: &str) -> Request {
        Request { to: Goal::Deploy(DeployId::new(id)), allow_runtime_downgrade: false, wake: false }
    }

    fn previous(scope: Scope) -> Request {
        Request { to: Goal::Previous(scope), ..to("") }
    }

    /// Returns the decision in short: where to, and what changes; or the refusal.
    fn told(request: &Request, deployment: &Deployment, history: &[DeployRecord]) -> String {
        match decide(request, &Situation { deployment, history, now: now() }) {
            Ok(Choice::Runs(there)) => format!("{} runs", there.target.id),
            Ok(Choice::Go(back)) => {
                let parts: Vec<String> = back.changes().map(|part| part.artifact.to_string()).collect();
                format!("{}: {}", back.target.id, parts.join(", "))
            }
            Err(error) => format!("{:?}: {}", error.kind(), error.cause().unwrap_or_default()),
        }
    }

    fn three() -> Vec<DeployRecord> {
        vec![
            record("x3", DeployType::DagOnly, 3),
            record("x2", DeployType::ImageAndDag, 2),
            record("x1", DeployType::ImageAndDag, 1),
        ]
    }

    #[test]
    fn a_named_deploy_comes_back_with_everything_that_ran_after_it() {
        let there = deployment("x3", "x2");
        assert_eq!(told(&to("x2"), &there, &three()), "x2: DAGs");
        assert_eq!(told(&to("x1"), &there, &three()), "x1: DAGs, image");
        assert_eq!(told(&to("x3"), &there, &three()), "x3 runs");
        assert!(told(&to("x9"), &there, &three()).starts_with("NotFound"));
    }

    #[test]
    fn what_the_platform_would_refuse_is_refused_before() {
        let there = deployment("x3", "x2");
        let with = |change: fn(&mut Vec<DeployRecord>)| {
            let mut history = three();
            change(&mut history);
            told(&to("x1"), &there, &history)
        };
        let cases = [
            (with(|history| history[2].status = DeployStatus::Failed), "x1 failed, so it never ran"),
            (with(|history| history[2].status = DeployStatus::Initialized), "x1 was never finished"),
            (with(|history| history[2].deploy_type = None), "does not know"),
            (with(|history| history[2].created_at = "2026-08-31T00:00:00Z".into()), "made on 2026-08-31"),
            (with(|history| history[2].runtime_version = "3.0-9".into()), "ran Runtime 3.0-9, and the Deployment runs 3.1-4"),
            (with(|history| history[2].runtime_version = "12.5.0".into()), "metadata"),
            (with(|history| history[2].runtime_version.clear()), "does not tell which Runtime"),
        ];
        for (is, expected) in cases {
            assert!(is.starts_with("Refused") && is.contains(expected), "{expected}: {is}");
        }
        let under_way = DeployRecord {
            status: DeployStatus::Initialized,
            created_at: "2026-11-29T23:30:00Z".into(),
            ..record("x4", DeployType::DagOnly, 4)
        };
        let mut history = three();
        history.insert(0, under_way);
        assert!(told(&to("x1"), &there, &history).contains("x4 has not finished"));
        // An abandoned one is no obstacle.
        history[0].created_at = "2026-11-29T12:00:00Z".into();
        assert_eq!(told(&to("x1"), &there, &history), "x1: DAGs, image");

        let hybrid = Deployment { kind: Some(DeploymentKind::Hybrid), ..there.clone() };
        assert!(told(&to("x1"), &hybrid, &three()).contains("Hosted"));
        let creating = Deployment { status: DeploymentStatus::Creating, ..there.clone() };
        assert!(told(&to("x1"), &creating, &three()).contains("still being created"));
        let asleep = Deployment { status: DeploymentStatus::Hibernating, ..there };
        assert!(told(&to("x1"), &asleep, &three()).contains("hibernates"));
        let waking = Request { wake: true, ..to("x1") };
        let choice = decide(&waking, &Situation { deployment: &asleep, history: &three(), now: now() });
        assert!(matches!(choice, Ok(Choice::Go(back)) if back.wakes));
    }

    #[test]
    fn after_a_bad_end_only_what_surely_ran_before_comes_back() {
        let id = |text: &str| DeployId::new(text);
        let told = |before: Option<&str>, history: &[DeployRecord]| match undo(&id("x3"), before.map(id).as_ref(), history) {
            Ok(Goal::Deploy(target)) => target.to_string(),
            Ok(goal) => format!("{goal:?}"),
            Err(error) => error.cause().unwrap_or_default().to_owned(),
        };
        let newer = |status| DeployRecord { status, ..record("x4", DeployType::ImageOnly, 4) };
        let with = |status| [vec![newer(status)], three()].concat();
        assert_eq!(told(Some("x2"), &three()), "x2");
        assert_eq!(told(Some("x2"), &with(DeployStatus::Failed)), "x2");
        for status in [DeployStatus::Deployed, DeployStatus::Initialized, DeployStatus::Other("QUEUED".into())] {
            assert!(told(Some("x2"), &with(status)).contains("x4 takes over"));
        }
        assert!(told(Some("x1"), &three()).contains("x2 came between"));
        assert!(told(None, &three()).contains("x2 came between"));
        assert!(told(None, &three()[..1]).contains("nothing was deployed before"));
        assert!(told(Some("x2"), &three()[..1]).contains("no longer in the history"));
        assert!(told(Some("x2"), &three()[1..]).contains("does not show it"));
    }

    #[test]
    fn ninety_days_do_not_matter_for_the_newest_deploy() {
        let old =
            |id, day| DeployRecord { created_at: format!("2026-08-{day:02}T00:00:00Z"), ..record(id, DeployType::DagOnly, 1) };
        let history = [old("x2", 20), old("x1", 10)];
        // Something that failed left the Deployment on its way elsewhere.
        let lost = Deployment { desired_dag_bundle_version: Some(BundleVersion::new("v-x3")), ..deployment("x2", "x2") };
        assert_eq!(told(&to("x2"), &lost, &history), "x2: DAGs");
        assert!(told(&to("x1"), &lost, &history).contains("90 days"));
        let young = [DeployRecord { created_at: "2026-09-01T00:00:01Z".into(), ..record("x1", DeployType::DagOnly, 1) }];
        assert_eq!(told(&to("x1"), &deployment("x0", "x0"), &young), "x1: DAGs");
    }

    #[test]
    fn a_downgrade_needs_a_word_and_an_upgrade_none() {
        let mut history = three();
        history[2].runtime_version = "3.0-9".into();
        let there = deployment("x3", "x2");
        assert_eq!(told(&to("x2"), &there, &history), "x2: DAGs", "the image stays");
        let allowed = Request { allow_runtime_downgrade: true, ..to("x1") };
        let choice = decide(&allowed, &Situation { deployment: &there, history: &history, now: now() });
        let Ok(Choice::Go(back)) = choice else { panic!("{choice:?}") };
        assert_eq!((back.runtime, back.downgrades), (Some(("3.1-4".to_owned(), "3.0-9".to_owned())), true));
        history[2].runtime_version = "3.1-5".into();
        assert_eq!(told(&to("x1"), &there, &history), "x1: DAGs, image");
    }

    #[test]
    fn the_previous_deploy_is_the_newest_with_other_content_of_that_kind() {
        let there = deployment("x3", "x2");
        for (scope, expected) in [
            (Scope::Everything, "x2: DAGs"),
            (Scope::Dags, "x2: DAGs"),
            (Scope::Image, "x1: DAGs, image"),
            (Scope::Project, "x2: DAGs"),
        ] {
            assert_eq!(told(&previous(scope.clone()), &there, &three()), expected, "{scope:?}");
        }
        assert!(told(&previous(Scope::Bundles(None)), &there, &three()).starts_with("NotFound"));
        assert!(told(&previous(Scope::Everything), &there, &[]).starts_with("NotFound"));

        // A deploy of the same DAGs again, and one that failed, are passed over.
        let same = compose("w", &Footer { dags: Some(Fingerprint::new([1; 32])), run: "r".into(), ..Footer::default() });
        let mut history = three();
        history[0].description.clone_from(&same);
        history.insert(1, DeployRecord { description: same, ..record("again", DeployType::DagOnly, 2) });
        history.insert(1, DeployRecord { status: DeployStatus::Failed, ..record("bad", DeployType::DagOnly, 2) });
        assert_eq!(told(&previous(Scope::Everything), &there, &history), "x2: DAGs");
    }

    #[test]
    fn going_back_twice_goes_further_back() {
        let mut history = three();
        history.insert(0, back("r1", "x2", 4));
        let there = deployment("x2", "x2");
        assert_eq!(told(&to("x2"), &there, &history), "x2 runs");
        assert_eq!(told(&to("r1"), &there, &history), "r1 runs");
        assert_eq!(told(&to("x3"), &there, &history), "x3: DAGs", "by name one can go forward again");
        assert_eq!(told(&previous(Scope::Everything), &there, &history), "x1: DAGs, image");
        history.insert(0, record("x5", DeployType::DagOnly, 5));
        assert_eq!(told(&previous(Scope::Everything), &deployment("x5", "x2"), &history), "r1: DAGs");
        assert!(told(&previous(Scope::Everything), &deployment("r9", "r9"), &[back("r9", "gone", 2)]).starts_with("NotFound"));
    }

    #[test]
    fn a_deploy_that_left_the_deployment_elsewhere_is_not_taken_for_what_runs() {
        let mut failed = three();
        failed.insert(0, DeployRecord { status: DeployStatus::Failed, ..record("x4", DeployType::DagOnly, 4) });
        assert_eq!(told(&to("x3"), &deployment("x3", "x2"), &failed), "x3 runs");
        assert_eq!(told(&to("x3"), &deployment("x4", "x2"), &failed), "x3: DAGs");
    }

    #[test]
    fn bundles_and_the_dag_deploy_setting_come_back_too() {
        let mount = MountPath::new("/m");
        let state = |version: &str| crate::model::deploy::BundleState {
            mount_path: mount.clone(),
            deploy_id: DeployId::new("b"),
            current: Some(BundleVersion::new(version)),
            desired: Some(BundleVersion::new(version)),
        };
        let bundle = |id, day, version: &str| DeployRecord {
            mount_path: Some(mount.clone()),
            bundles: vec![state(version)],
            ..record(id, DeployType::Bundle, day)
        };
        let history = [bundle("b2", 3, "two"), bundle("b1", 2, "one"), record("x1", DeployType::ImageAndDag, 1)];
        let there = deployment("x1", "x1");
        assert_eq!(told(&previous(Scope::Bundles(Some(mount.clone()))), &there, &history), "b1: bundle at /m");
        assert_eq!(told(&to("x1"), &there, &history), "x1: bundle at /m");
        let choice = decide(&to("b1"), &Situation { deployment: &there, history: &history, now: now() });
        let Ok(Choice::Go(back)) = choice else { panic!("{choice:?}") };
        assert_eq!(back.changes().next().and_then(|part| part.bundle_version.clone()), Some(BundleVersion::new("one")));

        let off = DeployRecord { dag_deploys: false, dag_bundle_version: None, ..record("x0", DeployType::ImageAndDag, 1) };
        let history = [record("x1", DeployType::ImageAndDag, 2), off];
        let choice = decide(&to("x0"), &Situation { deployment: &there, history: &history, now: now() });
        assert!(matches!(choice, Ok(Choice::Go(back)) if back.dag_deploys == Some(DagDeploys::Off)));
    }
}
