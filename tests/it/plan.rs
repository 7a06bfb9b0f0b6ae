//! The decision, over tables of plain facts.

use std::path::PathBuf;

use liftoff::changes::change::{ChangeKind, Relation};
use liftoff::error::Kind;
use liftoff::model::artifact::{Artifact, Content};
use liftoff::model::context::Trust;
use liftoff::model::deploy::{DeployRecord, DeployStatus, DeployType, GitRemote, GitSource};
use liftoff::model::deployment::{Deployment, DeploymentStatus};
use liftoff::model::fingerprint::Fingerprint;
use liftoff::model::ids::{BundleVersion, DeployId, DeploymentId, ImageTag, MountPath};
use liftoff::model::path::RelPath;
use liftoff::model::project::{AstroProject, Dockerfile, ProjectKind, ProjectShape};
use liftoff::model::revision::CommitSha;
use liftoff::model::runtime::RuntimeVersion;
use liftoff::plan::decide::plan;
use liftoff::plan::deployed::{self, Deployed};
use liftoff::plan::description::{Footer, compose, place_name};
use liftoff::plan::facts::{ArtifactFacts, BaseOrigin, ChangedFile, Diff, Facts, Request, Source, Target};
use liftoff::plan::outline::{Decision, Step};
use liftoff::settings::values::DeployTypeSetting;

const HERE: u8 = 1;
const THERE: u8 = 2;

fn sha(digit: char) -> CommitSha {
    CommitSha::parse(&digit.to_string().repeat(40)).expect("a commit id")
}

/// A moment at which deploys of `deploy` are long settled.
fn now() -> jiff::Timestamp {
    "2026-11-02T00:00:00Z".parse().expect("a time")
}

fn path(text: &str) -> RelPath {
    RelPath::parse(text.as_bytes()).expect("a relative path")
}

fn content(seed: u8) -> Content {
    Content { fingerprint: Fingerprint::new([seed; 32]), files: 3, bytes: 300, dag_files: 2 }
}

fn git(commit: char) -> GitSource {
    GitSource {
        remote: GitRemote::GitHub { account: "acme".into(), repo: "pipelines".into() },
        commit: sha(commit),
        branch: Some("main".into()),
        path: None,
        author_name: None,
        commit_url: None,
    }
}

/// A finished deploy; fingerprints as a Liftoff deploy records them, none for another tool's.
fn deploy(id: &str, deploy_type: DeployType, fingerprints: Footer) -> DeployRecord {
    let ours = fingerprints != Footer::default();
    DeployRecord {
        id: DeployId::new(id),
        deploy_type: Some(deploy_type),
        status: DeployStatus::Deployed,
        created_at: "2026-11-01T00:00:00Z".into(),
        description: if ours { compose("words", &fingerprints) } else { "words".into() },
        git: Some(git('d')),
        dag_bundle_version: deploy_type.ships_dags().then(|| BundleVersion::new("v1")),
        image_tag: Some(ImageTag::new("deploy-1")),
        mount_path: None,
        bundles: Vec::new(),
        rollback_from: None,
        dag_deploys: true,
        runtime_version: String::new(),
        deployer: None,
    }
}

fn marks(dags: Option<u8>, image: Option<u8>) -> Footer {
    let fingerprint = |seed: u8| Fingerprint::new([seed; 32]);
    Footer { dags: dags.map(fingerprint), image: image.map(fingerprint), run: "r".into(), ..Footer::default() }
}

fn deployment() -> Deployment {
    Deployment {
        runtime_version: "3.1-4".into(),
        airflow_version: "3.1.8".into(),
        dag_deploys: true,
        dag_bundle_version: Some(BundleVersion::new("v1")),
        desired_dag_bundle_version: Some(BundleVersion::new("v1")),
        image_tag: Some(ImageTag::new("deploy-1")),
        ..Deployment::new(DeploymentId::new("dep"), "demo")
    }
}

/// Facts of a run against a Deployment with this history.
struct Scene {
    facts: Facts,
}

impl Scene {
    fn new(deployment: Deployment, history: Vec<DeployRecord>) -> Self {
        let artifacts = if deployment.dag_deploys && !deployment.remote_execution {
            vec![Artifact::Dags, Artifact::Image]
        } else {
            vec![Artifact::Image]
        };
        let artifacts = artifacts
            .into_iter()
            .map(|artifact| ArtifactFacts {
                deployed: deployed::state(&artifact, &deployment, &history, now()),
                artifact,
                content: content(HERE),
                relation: Relation::Ahead,
                diff: Diff::NotAsked,
                beyond_files: None,
            })
            .collect();
        let project = ProjectShape {
            root: PathBuf::from("/project"),
            in_repository: RelPath::root(),
            kind: ProjectKind::Astro(AstroProject {
                dags_path: path("dags"),
                has_dags_folder: true,
                dockerfile: Some(Dockerfile {
                    path: path("Dockerfile"),
                    base_image: Some("astrocrpublic.azurecr.io/runtime:3.1-4".into()),
                    runtime: RuntimeVersion::parse("3.1-4"),
                    needs_package_files: true,
                }),
                has_requirements: true,
                has_packages: true,
            }),
        };
        let request = Request {
            deploy_type: DeployTypeSetting::Infer,
            skip_unchanged: true,
            force: false,
            allow_no_dags: false,
            allow_large_bundle: false,
            allow_older_commit: false,
            allow_other_repository: false,
            wake_on_deploy: false,
            wait: true,
            verify: false,
            smoke: false,
            delete_bundle: false,
            prebuilt_image: None,
            trust: None,
            allow_fork: false,
            target_is_a_strangers: false,
            into: None,
        };
        let target = Target::Deployment { deployment: Box::new(deployment), history };
        let place = Some(place_name(&git('e').remote, None));
        let source = Source { git: Some(git('e')), commit: Some(sha('e')), place, subject: None, uncommitted: Vec::new() };
        Self {
            facts: Facts {
                request,
                source,
                project,
                target,
                artifacts,
                runtime_releases: vec!["3.1-4".into(), "3.1-5".into()],
                dags: None,
                preview: None,
            },
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Facts)) -> Self {
        change(&mut self.facts);
        self
    }

    /// Lets git report these files, owned by the artifact named before the colon.
    fn diff(self, files: &[(&str, Option<Artifact>)]) -> Self {
        let files: Vec<ChangedFile> = files
            .iter()
            .map(|(name, artifact)| ChangedFile {
                path: path(name),
                change: ChangeKind::Modified,
                artifact: artifact.clone(),
                why: "test".into(),
            })
            .collect();
        self.with(|facts| {
            for artifact in &mut facts.artifacts {
                artifact.diff = Diff::Files { base: sha('d'), origin: BaseOrigin::Deployed, files: files.clone() };
            }
        })
    }

    fn decision(&self) -> Decision {
        let plan = plan(&self.facts).expect("a plan");
        assert!(plan.refusal.is_none(), "{:?}", plan.refusal);
        plan.decision
    }

    fn refusal(&self) -> (Kind, String) {
        let error = plan(&self.facts).expect("a plan").refusal.expect("a refusal");
        (error.kind(), error.to_string())
    }
}

fn healthy(history: Vec<DeployRecord>) -> Scene {
    Scene::new(deployment(), history)
}

#[test]
fn fingerprints_decide_what_ships() {
    let ship = |deploy_type| Decision::Ship(deploy_type);
    let cases = [
        (HERE, HERE, Decision::Nothing),
        (THERE, HERE, ship(DeployType::DagOnly)),
        (HERE, THERE, ship(DeployType::ImageOnly)),
        (THERE, THERE, ship(DeployType::ImageAndDag)),
    ];
    for (dags, image, expected) in cases {
        let scene = healthy(vec![deploy("d1", DeployType::ImageAndDag, marks(Some(dags), Some(image)))]);
        assert_eq!(scene.decision(), expected, "dags {dags}, image {image}");
    }
}

#[test]
fn each_artifact_is_judged_by_the_deploy_that_shipped_it() {
    // A failed image deploy followed by a good DAG deploy must not hide the image change.
    let mut failed = deploy("d2", DeployType::ImageOnly, marks(None, Some(HERE)));
    failed.status = DeployStatus::Failed;
    let history = vec![
        deploy("d3", DeployType::DagOnly, marks(Some(HERE), None)),
        failed,
        deploy("d1", DeployType::ImageAndDag, marks(Some(THERE), Some(THERE))),
    ];
    assert_eq!(healthy(history).decision(), Decision::Ship(DeployType::ImageOnly));
}

#[test]
fn an_unfinished_deploy_proves_nothing() {
    let mut unfinished = deploy("d2", DeployType::ImageAndDag, marks(Some(HERE), Some(HERE)));
    unfinished.status = DeployStatus::Initialized;
    let history = vec![unfinished, deploy("d1", DeployType::ImageAndDag, marks(Some(THERE), Some(THERE)))];
    assert_eq!(healthy(history).decision(), Decision::Ship(DeployType::ImageAndDag));
}

#[test]
fn a_rollback_is_followed_to_the_content_that_runs() {
    let mut rollback = deploy("d3", DeployType::ImageAndDag, Footer::default());
    rollback.rollback_from = Some(DeployId::new("d1"));
    rollback.git = None;
    let newer = deploy("d2", DeployType::ImageAndDag, marks(Some(HERE), Some(HERE)));
    let older = deploy("d1", DeployType::ImageAndDag, marks(Some(THERE), Some(THERE)));
    let scene = healthy(vec![rollback.clone(), newer.clone(), older]);
    assert_eq!(scene.decision(), Decision::Ship(DeployType::ImageAndDag));

    // A rollback to a deploy that the history no longer has leaves the state unknown.
    let state = deployed::state(&Artifact::Dags, &deployment(), &[rollback, newer], now());
    assert!(matches!(&state, Deployed::Unknown { why } if why.contains("no longer in the history")), "{state:?}");
}

#[test]
fn a_rollback_that_names_itself_or_a_newer_deploy_ends_the_search() {
    let mut first = deploy("d2", DeployType::DagOnly, Footer::default());
    first.rollback_from = Some(DeployId::new("d2"));
    let mut second = deploy("d1", DeployType::DagOnly, Footer::default());
    second.rollback_from = Some(DeployId::new("d2"));
    assert!(matches!(deployed::state(&Artifact::Dags, &deployment(), &[first, second], now()), Deployed::Unknown { .. }));
}

#[test]
fn history_and_deployment_must_agree() {
    let history = vec![deploy("d1", DeployType::ImageAndDag, marks(Some(HERE), Some(HERE)))];
    let mut other_bundle = deployment();
    other_bundle.desired_dag_bundle_version = Some(BundleVersion::new("v9"));
    assert_eq!(Scene::new(other_bundle, history.clone()).decision(), Decision::Ship(DeployType::DagOnly));

    let mut other_image = deployment();
    other_image.image_tag = Some(ImageTag::new("deploy-9"));
    assert_eq!(Scene::new(other_image, history).decision(), Decision::Ship(DeployType::ImageOnly));
}

#[test]
fn without_fingerprints_the_recorded_commit_decides() {
    let history = || vec![deploy("d1", DeployType::ImageAndDag, Footer::default())];
    type Case = (&'static [(&'static str, Option<Artifact>)], Decision);
    let cases: [Case; 4] = [
        (&[], Decision::Nothing),
        (&[("README.md", None)], Decision::Nothing),
        (&[("dags/a.py", Some(Artifact::Dags)), ("README.md", None)], Decision::Ship(DeployType::DagOnly)),
        (&[("include/dags/q.sql", Some(Artifact::Image))], Decision::Ship(DeployType::ImageOnly)),
    ];
    for (files, expected) in cases {
        assert_eq!(healthy(history()).diff(files).decision(), expected, "{files:?}");
    }
}

#[test]
fn nothing_usable_ships_everything_and_says_why() {
    let scene = healthy(vec![deploy("d1", DeployType::ImageAndDag, Footer::default())]).with(|facts| {
        for artifact in &mut facts.artifacts {
            artifact.diff = Diff::Unavailable { why: "the server does not have commit ddddddddd".into() };
        }
    });
    let plan = plan(&scene.facts).expect("a plan");
    assert_eq!(plan.decision, Decision::Ship(DeployType::ImageAndDag));
    assert!(plan.reason.contains("the server does not have commit ddddddddd"), "{}", plan.reason);
}

#[test]
fn a_dirty_deploy_is_never_taken_for_its_commit() {
    let dirty = Footer { dirty: true, run: "r".into(), ..Footer::default() };
    let scene = healthy(vec![deploy("d1", DeployType::ImageAndDag, dirty)]).diff(&[]);
    assert_eq!(scene.decision(), Decision::Ship(DeployType::ImageAndDag));
}

#[test]
fn the_first_deploy_carries_everything() {
    let mut fresh = deployment();
    (fresh.dag_bundle_version, fresh.desired_dag_bundle_version, fresh.image_tag) = (None, None, None);
    fresh.runtime_version = String::new();
    let scene = Scene::new(fresh.clone(), Vec::new());
    assert_eq!(scene.decision(), Decision::Ship(DeployType::ImageAndDag));

    let image_only = Scene::new(fresh, Vec::new()).with(|facts| facts.request.deploy_type = DeployTypeSetting::ImageOnly);
    let (kind, text) = image_only.refusal();
    assert_eq!(kind, Kind::Refused);
    assert!(text.contains("no DAGs have been deployed there yet"), "{text}");
}

#[test]
fn explicit_types_are_honoured_and_skip_only_on_proof() {
    let history = || vec![deploy("d1", DeployType::ImageAndDag, marks(Some(THERE), Some(HERE)))];
    let cases = [
        (DeployTypeSetting::DagsOnly, true, false, Decision::Ship(DeployType::DagOnly)),
        (DeployTypeSetting::ImageOnly, true, false, Decision::Nothing),
        (DeployTypeSetting::ImageOnly, false, false, Decision::Ship(DeployType::ImageOnly)),
        (DeployTypeSetting::ImageOnly, true, true, Decision::Ship(DeployType::ImageOnly)),
        (DeployTypeSetting::ImageAndDags, true, false, Decision::Ship(DeployType::ImageAndDag)),
    ];
    for (requested, skip, force, expected) in cases {
        let scene = healthy(history()).with(|facts| {
            facts.request.deploy_type = requested;
            facts.request.skip_unchanged = skip;
            facts.request.force = force;
        });
        assert_eq!(scene.decision(), expected, "{requested:?} skip {skip} force {force}");
    }
    let all_same = healthy(vec![deploy("d1", DeployType::ImageAndDag, marks(Some(HERE), Some(HERE)))]);
    assert_eq!(all_same.with(|facts| facts.request.force = true).decision(), Decision::Ship(DeployType::ImageAndDag));
}

#[test]
fn without_dag_deploys_everything_is_one_image() {
    let mut off = deployment();
    off.dag_deploys = false;
    let mut record = deploy("d1", DeployType::ImageAndDag, marks(None, Some(THERE)));
    record.dag_deploys = false;
    let scene = Scene::new(off.clone(), vec![record.clone()]);
    let plan = plan(&scene.facts).expect("a plan");
    assert_eq!(plan.decision, Decision::Ship(DeployType::ImageAndDag));
    assert!(!plan.steps.contains(&Step::UploadDags), "{:?}", plan.steps);

    for requested in [DeployTypeSetting::DagsOnly, DeployTypeSetting::ImageOnly] {
        let refused = Scene::new(off.clone(), vec![record.clone()]).with(|facts| facts.request.deploy_type = requested);
        assert_eq!(refused.refusal().0, Kind::Refused, "{requested:?}");
    }
}

#[test]
fn an_older_commit_never_overwrites_a_newer_one() {
    let history = vec![deploy("d1", DeployType::ImageAndDag, marks(Some(THERE), Some(HERE)))];
    let older =
        healthy(history).with(|facts| facts.artifacts.iter_mut().for_each(|artifact| artifact.relation = Relation::Behind));
    let (kind, text) = older.refusal();
    assert_eq!(kind, Kind::Refused);
    assert!(text.contains("comes after") && text.contains("allow-older-commit"), "{text}");
    assert_eq!(older.with(|facts| facts.request.allow_older_commit = true).decision(), Decision::Ship(DeployType::DagOnly));

    // An old commit whose content already runs is no danger.
    let same = healthy(vec![deploy("d1", DeployType::ImageAndDag, marks(Some(HERE), Some(HERE)))])
        .with(|facts| facts.artifacts.iter_mut().for_each(|artifact| artifact.relation = Relation::Behind));
    assert_eq!(same.decision(), Decision::Nothing);
}

#[test]
fn dags_of_another_repository_are_not_replaced_silently() {
    let mut theirs = deploy("d1", DeployType::ImageAndDag, marks(Some(THERE), Some(THERE)));
    theirs.git = Some(GitSource { remote: GitRemote::GitHub { account: "acme".into(), repo: "other".into() }, ..git('d') });
    let scene = healthy(vec![theirs.clone()]);
    let (kind, text) = scene.refusal();
    assert_eq!(kind, Kind::Refused);
    assert!(text.contains("github.com/acme/other"), "{text}");
    assert_eq!(
        scene.with(|facts| facts.request.allow_other_repository = true).decision(),
        Decision::Ship(DeployType::ImageAndDag)
    );
    let image_only = healthy(vec![theirs]).with(|facts| facts.request.deploy_type = DeployTypeSetting::ImageOnly);
    assert_eq!(image_only.decision(), Decision::Ship(DeployType::ImageOnly));
}

#[test]
fn an_empty_dags_folder_is_refused_unless_allowed() {
    let scene = || {
        healthy(vec![deploy("d1", DeployType::ImageAndDag, marks(Some(THERE), Some(HERE)))])
            .with(|facts| facts.artifacts.iter_mut().for_each(|artifact| artifact.content.dag_files = 0))
    };
    assert!(scene().refusal().1.contains("every DAG would vanish"));
    assert_eq!(scene().with(|facts| facts.request.allow_no_dags = true).decision(), Decision::Ship(DeployType::DagOnly));
}

#[test]
fn a_hibernating_deployment_is_woken_only_when_asked() {
    let mut asleep = deployment();
    asleep.hibernating = true;
    asleep.status = DeploymentStatus::Hibernating;
    let history = vec![deploy("d1", DeployType::ImageAndDag, marks(Some(THERE), Some(HERE)))];
    let scene = Scene::new(asleep, history);
    assert!(scene.refusal().1.contains("wake-on-deploy"));
    let awake = scene.with(|facts| facts.request.wake_on_deploy = true);
    let steps = plan(&awake.facts).expect("a plan").steps;
    let at = |step: Step| steps.iter().position(|other| *other == step).expect("the step");
    assert!(at(Step::PackDags) < at(Step::Wake) && at(Step::Wake) < at(Step::CreateDeploy));
    assert_eq!(steps.last(), Some(&Step::RestoreHibernation));
}

#[test]
fn an_unbuildable_project_is_found_before_anything_is_sent() {
    fn astro(facts: &mut Facts) -> &mut AstroProject {
        match &mut facts.project.kind {
            ProjectKind::Astro(project) => project,
            other => panic!("{other:?}"),
        }
    }
    let scene = || healthy(vec![deploy("d1", DeployType::ImageAndDag, marks(Some(HERE), Some(THERE)))]);
    assert!(scene().with(|facts| astro(facts).dockerfile = None).refusal().1.contains("there is no Dockerfile"));
    assert!(scene().with(|facts| astro(facts).has_packages = false).refusal().1.contains("packages.txt"));
    assert!(scene().with(|facts| astro(facts).has_requirements = false).refusal().1.contains("requirements.txt"));
    let downgrade = scene().with(|facts| {
        if let Some(dockerfile) = &mut astro(facts).dockerfile {
            dockerfile.runtime = RuntimeVersion::parse("3.0-1");
        }
    });
    assert_eq!(downgrade.refusal().0, Kind::Refused);
    // None of it matters for DAGs alone.
    let dags_only = healthy(vec![deploy("d1", DeployType::ImageAndDag, marks(Some(THERE), Some(HERE)))])
        .with(|facts| astro(facts).dockerfile = None);
    assert_eq!(dags_only.decision(), Decision::Ship(DeployType::DagOnly));
}

#[test]
fn a_pull_request_without_secrets_gets_a_plan_and_no_deploy() {
    for trust in [Trust::Fork, Trust::Dependabot] {
        let scene = healthy(Vec::new())
            .with(|facts| {
                facts.target = Target::Unreachable { trust: Some(trust), dag_deploys: true };
                facts.artifacts.iter_mut().for_each(|artifact| artifact.deployed = Deployed::NotAsked);
            })
            .with(|facts| {
                for artifact in &mut facts.artifacts {
                    let file = ChangedFile {
                        path: path("dags/a.py"),
                        change: ChangeKind::Added,
                        artifact: Some(Artifact::Dags),
                        why: "w".into(),
                    };
                    artifact.diff = Diff::Files { base: sha('d'), origin: BaseOrigin::MergeBase, files: vec![file] };
                }
            });
        let plan = plan(&scene.facts).expect("a plan");
        assert_eq!(plan.decision, Decision::NoCredentials(Some(DeployType::DagOnly)));
        assert!(plan.steps.is_empty());
        assert_eq!(plan.files.len(), 1);
    }
}

#[test]
fn bundles_have_their_own_state() {
    let mount = MountPath::new("/usr/local/airflow/dbt/shop");
    let mut record = deploy(
        "d1",
        DeployType::Bundle,
        Footer { bundle: Some(Fingerprint::new([HERE; 32])), run: "r".into(), ..Footer::default() },
    );
    record.mount_path = Some(mount.clone());
    let removed = DeployRecord {
        id: DeployId::new("d2"),
        description: compose("w", &Footer { removed: true, run: "r".into(), ..Footer::default() }),
        ..record.clone()
    };
    let artifact = Artifact::Bundle(mount);
    let known = deployed::state(&artifact, &deployment(), std::slice::from_ref(&record), now());
    assert!(matches!(&known, Deployed::Known(known) if known.fingerprint == Some(Fingerprint::new([HERE; 32]))), "{known:?}");
    assert_eq!(deployed::state(&artifact, &deployment(), &[removed, record.clone()], now()), Deployed::Nothing);
    let other = Artifact::Bundle(MountPath::new("/usr/local/airflow/dbt/other"));
    assert_eq!(deployed::state(&other, &deployment(), &[record], now()), Deployed::Nothing);
}

#[test]
fn a_deploy_under_way_makes_what_runs_unknown() {
    let settled = deploy("d1", DeployType::ImageAndDag, marks(Some(HERE), Some(HERE)));
    let mut other = deploy("d2", DeployType::ImageOnly, marks(None, Some(THERE)));
    other.status = DeployStatus::Initialized;
    other.created_at = "2026-11-01T23:50:00Z".into();
    // A revert while the image that it reverts still rolls out must ship.
    assert_eq!(healthy(vec![other.clone(), settled.clone()]).decision(), Decision::Ship(DeployType::ImageOnly));
    // An abandoned one says nothing, however long it stays in the history.
    other.created_at = "2026-11-01T12:00:00Z".into();
    assert_eq!(healthy(vec![other, settled]).decision(), Decision::Nothing);
}

#[test]
fn another_folder_of_the_repository_is_another_source() {
    let mut theirs = deploy("d1", DeployType::ImageAndDag, Footer::default());
    theirs.git = Some(GitSource { path: Some("a".into()), ..git('d') });
    let scene = healthy(vec![theirs]).diff(&[("b/dags/x.py", Some(Artifact::Dags))]);
    let (kind, text) = scene.refusal();
    assert_eq!(kind, Kind::Refused);
    assert!(text.contains("another folder of github.com/acme/pipelines"), "{text}");
}

#[test]
fn settings_that_no_commit_records_are_never_proven_by_a_commit() {
    let scene = healthy(vec![deploy("d1", DeployType::ImageAndDag, Footer::default())]).diff(&[]);
    assert_eq!(scene.decision(), Decision::Nothing);
    let scene = scene.with(|facts| {
        for artifact in facts.artifacts.iter_mut().filter(|artifact| artifact.artifact == Artifact::Image) {
            artifact.beyond_files = Some("`build-args` are set".into());
        }
    });
    assert_eq!(scene.decision(), Decision::Ship(DeployType::ImageOnly));
}

#[test]
fn an_edited_description_does_not_turn_a_dirty_deploy_into_its_commit() {
    // A dirty deploy goes without the platform's own record of the commit.
    let mut record = deploy("d1", DeployType::ImageAndDag, Footer::default());
    record.git = None;
    record.description = "edited by a person".into();
    assert_eq!(healthy(vec![record]).decision(), Decision::Ship(DeployType::ImageAndDag));
}

#[test]
fn a_base_explains_but_never_overrules_the_deployment() {
    let mut off = deployment();
    off.dag_deploys = false;
    let record = deploy("d1", DeployType::ImageAndDag, marks(None, Some(HERE)));
    let scene = Scene::new(off, vec![record]).with(|facts| {
        for artifact in &mut facts.artifacts {
            artifact.diff = Diff::Files { base: sha('d'), origin: BaseOrigin::Setting, files: Vec::new() };
        }
    });
    assert_eq!(scene.decision(), Decision::Ship(DeployType::ImageAndDag));
}

#[test]
fn an_image_without_dags_is_refused_where_it_must_carry_them() {
    let mut off = deployment();
    off.dag_deploys = false;
    let scene = || Scene::new(off.clone(), Vec::new()).with(|facts| facts.artifacts[0].content.dag_files = 0);
    assert!(scene().refusal().1.contains("the image would hold no .py or .zip file"));
    assert_eq!(scene().with(|facts| facts.request.allow_no_dags = true).decision(), Decision::Ship(DeployType::ImageAndDag));
}

#[test]
fn remote_execution_ships_the_image_alone() {
    let mut remote = deployment();
    (remote.remote_execution, remote.dag_deploys, remote.dag_bundle_version) = (true, false, None);
    for requested in [DeployTypeSetting::Infer, DeployTypeSetting::ImageAndDags] {
        let scene = Scene::new(remote.clone(), Vec::new()).with(|facts| facts.request.deploy_type = requested);
        assert_eq!(scene.decision(), Decision::Ship(DeployType::ImageOnly), "{requested:?}");
    }
}

#[test]
fn a_forks_code_needs_a_word_of_its_own() {
    let scene = || {
        healthy(vec![deploy("d1", DeployType::ImageAndDag, marks(Some(THERE), Some(HERE)))])
            .with(|facts| facts.request.trust = Some(Trust::Fork))
    };
    assert!(scene().refusal().1.contains("stranger"));
    assert_eq!(scene().with(|facts| facts.request.allow_fork = true).decision(), Decision::Ship(DeployType::DagOnly));
}

#[test]
fn a_stranger_chooses_no_deployment_even_where_strangers_may_deploy() {
    let scene = healthy(vec![deploy("d1", DeployType::ImageAndDag, marks(Some(THERE), Some(HERE)))]).with(|facts| {
        (facts.request.trust, facts.request.allow_fork) = (Some(Trust::Fork), true);
        facts.request.target_is_a_strangers = true;
    });
    let (kind, text) = scene.refusal();
    assert_eq!(kind, Kind::Refused);
    assert!(text.contains("a stranger must not choose"), "{text}");
}

#[test]
fn a_run_that_the_settings_map_to_no_deployment_ships_nothing_and_says_why() {
    let scene = healthy(Vec::new()).with(|facts| {
        facts.target = Target::Unmapped { why: "the branch `x` has no section".into() };
        facts.artifacts.clear();
    });
    let plan = plan(&scene.facts).expect("a plan");
    assert_eq!((plan.decision, plan.decision.deploy_type()), (Decision::Unmapped, None));
    assert_eq!((plan.reason.as_str(), plan.steps.len()), ("the branch `x` has no section", 0));
    assert_eq!(plan.notices, ["the branch `x` has no section"]);
    assert!(plan.refusal.is_none());
}

#[test]
fn a_plan_for_the_target_branch_says_so() {
    let scene = healthy(Vec::new()).with(|facts| facts.request.into = Some("main\n::error::".into()));
    let notices = plan(&scene.facts).expect("a plan").notices;
    assert!(
        notices.contains(&"this is what merging the pull request into `main\\n::error::` would do".to_owned()),
        "{notices:?}"
    );
}

#[test]
fn asking_for_dags_in_a_folder_without_any_is_an_error_even_where_none_run() {
    let mut fresh = deployment();
    (fresh.dag_bundle_version, fresh.desired_dag_bundle_version, fresh.image_tag) = (None, None, None);
    let scene = Scene::new(fresh, Vec::new()).with(|facts| {
        facts.request.deploy_type = DeployTypeSetting::DagsOnly;
        for artifact in &mut facts.artifacts {
            (artifact.content.files, artifact.content.dag_files) = (0, 0);
        }
    });
    assert_eq!(scene.refusal().0, Kind::Refused);
}

#[test]
fn a_huge_bundle_needs_a_word_of_its_own() {
    let scene = || {
        healthy(vec![deploy("d1", DeployType::ImageAndDag, marks(Some(THERE), Some(HERE)))])
            .with(|facts| facts.artifacts.iter_mut().for_each(|artifact| artifact.content.bytes = 600_000_000))
    };
    let (kind, text) = scene().refusal();
    assert_eq!(kind, Kind::Refused);
    assert!(text.contains("600 MB") && text.contains(".liftoffignore"), "{text}");
    assert_eq!(scene().with(|facts| facts.request.allow_large_bundle = true).decision(), Decision::Ship(DeployType::DagOnly));
}
