//! Creating, finalizing and awaiting deploys against the simulated platform, with faults.

use std::time::Duration;

use astro_sim::faults::Effect;
use astro_sim::rules::rollouts;
use astro_sim::world::rollout::{Outcome as SimOutcome, Pace};
use astro_sim::world::state::World;

use crate::astro::arrival::{Expectation, ExpectedBundle};
use crate::astro::requests::{FinalizeBody, NewRollback};
use crate::astro::tests::bench::{Bench, PATIENCE, bundle_deploy, client, dag_deploy, version_of};
use crate::astro::wait::{Ended, Patience, wait};
use crate::error::Kind;
use crate::model::deploy::DeployStatus;
use crate::model::deployment::DeploymentStatus;
use crate::model::ids::{BundleVersion, DeployId};

#[tokio::test]
async fn a_dag_deploy_goes_through_in_few_requests() {
    let bench = Bench::sandbox().await;
    let deployment = bench.client.deployment(&bench.demo).await.expect("a Deployment");
    assert!(deployment.dag_deploys && deployment.status == DeploymentStatus::Healthy);
    let history = bench.client.deploys(&bench.demo, 20).await.expect("a history");
    assert_eq!(history[0].status, DeployStatus::Deployed);
    assert_eq!(history[0].dag_bundle_version, deployment.dag_bundle_version);
    assert_eq!(history[0].image_tag, deployment.image_tag);

    let (created, expected) = bench.finalized(&dag_deploy("[run 7]")).await;
    let asked = bench.sim.journal().len();
    let mut progress = Vec::new();
    let ended = wait(&bench.client, &bench.demo, &expected, &PATIENCE, |step| progress.push(step.what.clone())).await;
    let Ok(Ended::Arrived(deployment)) = ended else { panic!("{ended:?}") };
    assert_eq!(deployment.dag_bundle_version, expected.dags);
    assert_eq!(version_of(&bench.sim), expected.dags.map(|version| version.to_string()));
    assert!(!progress.is_empty(), "the platform was not done at once");
    assert!(asked <= 5, "{asked} requests before waiting");

    let record = bench.client.deploy(&bench.demo, &created.id).await.expect("the deploy");
    let git = record.git.expect("a git object");
    assert_eq!((git.path.as_deref(), git.author_name.as_deref()), (Some("airflow"), Some("Ada \"Countess\" Lovelace")));
    bench.client.update_deploy_description(&bench.demo, &created.id, "All tests passed").await.expect("described");
    assert_eq!(bench.deploys_named("All tests passed"), 1);
    bench.assert_clean();
}

#[tokio::test]
async fn a_bundle_is_deployed_and_deleted() {
    let bench = Bench::sandbox().await;
    let (_, expected) = bench.finalized(&bundle_deploy()).await;
    assert!(matches!(bench.waited(&expected, &PATIENCE).await, Ok(Ended::Arrived(_))));

    let created = bench.client.create_deploy(&bench.demo, &bundle_deploy()).await.expect("a deploy");
    bench.client.finalize(&bench.demo, &created.id, &FinalizeBody::DeleteBundle).await.expect("finalized");
    let bundles = expected.bundles.into_iter().map(|bundle| ExpectedBundle { version: None, ..bundle }).collect();
    let gone = Expectation { deploy: created.id, dags: None, image: None, bundles };
    assert!(matches!(bench.waited(&gone, &PATIENCE).await, Ok(Ended::Arrived(_))));
    assert!(bench.sim.with(|world| world.deployments[0].bundles.is_empty()));
    bench.assert_clean();
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_makes_one_deploy() {
    for effect in [Effect::CutBeforeAnswer, Effect::BrokenJson, Effect::CutBeforeRequest, Effect::Status(503, "busy".into())] {
        let bench = Bench::sandbox().await;
        bench.fault("CreateDeploy", 1, effect.clone());
        let new = dag_deploy("[run 7]");
        let created = bench.client.create_deploy(&bench.demo, &new).await.expect("a deploy");
        assert_eq!(bench.deploys_named(&new.description), 1, "{effect:?}");
        assert!(created.dags_upload_url.is_some() && !created.image_repository.is_empty(), "{effect:?}");
        bench.assert_clean();
    }
}

#[tokio::test]
async fn a_rate_limited_creation_is_sent_again_without_a_search() {
    let bench = Bench::sandbox().await;
    bench.fault("CreateDeploy", 1, Effect::RetryAfter(1));
    bench.client.create_deploy(&bench.demo, &dag_deploy("[run 7]")).await.expect("a deploy");
    assert_eq!((bench.count("CreateDeploy"), bench.count("ListDeploys")), (2, 0));
}

#[tokio::test]
async fn a_creation_that_keeps_failing_ends_without_a_deploy() {
    let bench = Bench::sandbox().await;
    bench.fault("CreateDeploy", 100, Effect::Status(500, String::new()));
    let error = bench.client.create_deploy(&bench.demo, &dag_deploy("[run 7]")).await.expect_err("no deploy");
    assert_eq!(error.kind(), Kind::Transfer);
    assert!(error.to_string().contains("after 3 tries"), "{error}");
    assert_eq!((bench.count("CreateDeploy"), bench.count("ListDeploys")), (3, 3));
}

#[tokio::test]
async fn a_waiting_deploy_of_another_run_is_not_adopted() {
    let bench = Bench::sandbox().await;
    let other = bench.client.create_deploy(&bench.demo, &dag_deploy("[run 6]")).await.expect("another run's deploy");
    bench.fault("CreateDeploy", 1, Effect::CutBeforeRequest);
    let ours = bench.client.create_deploy(&bench.demo, &dag_deploy("[run 7]")).await.expect("our deploy");
    assert_ne!(ours.id, other.id);
}

#[tokio::test]
async fn finalize_survives_faults_and_never_sends_an_empty_version() {
    for effect in [Effect::CutBeforeAnswer, Effect::Status(502, String::new()), Effect::BrokenJson, Effect::RetryAfter(0)] {
        let bench = Bench::sandbox().await;
        let created = bench.client.create_deploy(&bench.demo, &dag_deploy("[run 7]")).await.expect("a deploy");
        let version = bench.uploaded(created.dags_upload_url.as_ref());
        bench.fault("FinalizeDeploy", 1, effect.clone());
        let record = bench.client.finalize(&bench.demo, &created.id, &FinalizeBody::Dags(version.clone())).await;
        assert_eq!(record.expect("finalized").dag_bundle_version, Some(version), "{effect:?}");
        bench.assert_clean();
    }
    let bench = Bench::sandbox().await;
    let before = version_of(&bench.sim);
    let deploy = DeployId::new("x");
    for body in [FinalizeBody::Dags(BundleVersion::new("")), FinalizeBody::Bundle(BundleVersion::new(" \r"))] {
        let error = bench.client.finalize(&bench.demo, &deploy, &body).await.expect_err("no version");
        assert_eq!(error.kind(), Kind::Internal);
    }
    assert_eq!((bench.count("FinalizeDeploy"), version_of(&bench.sim)), (0, before));
}

#[tokio::test]
async fn each_bad_end_has_its_own_exit() {
    for (outcome, kind, said) in [
        (SimOutcome::Unhealthy("scheduler is down".into()), Kind::Unhealthy, "scheduler is down"),
        (SimOutcome::DeployFailed("image is bad".into()), Kind::Unhealthy, "see the deploy"),
        (SimOutcome::NeverArrives, Kind::TimedOut, "processes the deploy"),
    ] {
        let bench = Bench::sandbox().await;
        bench.sim.with(|world| world.rollout.outcome = outcome.clone());
        let (_, expected) = bench.finalized(&dag_deploy("[run 7]")).await;
        let patience = Patience { budget: Duration::from_millis(300), ..PATIENCE };
        let error = bench.waited(&expected, &patience).await.expect_err("a bad end");
        assert_eq!(error.kind(), kind, "{outcome:?}: {error}");
        assert!(error.to_string().contains(said), "{outcome:?}: {error}");
    }
}

#[tokio::test]
async fn a_moment_of_ill_health_is_no_bad_end() {
    let bench = Bench::sandbox().await;
    bench.sim.with(|world| world.rollout.outcome = SimOutcome::Unhealthy("starting".into()));
    let (_, expected) = bench.finalized(&dag_deploy("[run 7]")).await;
    let patience = Patience { settle: Duration::from_secs(10), ..PATIENCE };
    let ended = wait(&bench.client, &bench.demo, &expected, &patience, |progress| {
        if progress.what == "starting" {
            let well = |world: &mut World| world.deployments[0].status = astro_sim::world::deployment::Status::Healthy;
            bench.sim.with(well);
        }
    });
    assert!(matches!(ended.await, Ok(Ended::Arrived(_))));
}

#[tokio::test]
async fn waiting_survives_a_platform_that_does_not_answer() {
    let mut bench = Bench::sandbox().await;
    let (_, expected) = bench.finalized(&dag_deploy("[run 7]")).await;
    bench.client = client(&bench.sim, &bench.token, None, Duration::from_millis(300));
    bench.fault("GetDeployment", 4, Effect::Status(503, String::new()));
    bench.fault("GetDeploy", 1, Effect::Hang);
    assert!(matches!(bench.waited(&expected, &PATIENCE).await, Ok(Ended::Arrived(_))));

    bench.sim.with(|world| world.tokens.clear());
    let error = bench.waited(&expected, &PATIENCE).await.expect_err("a revoked token");
    assert_eq!(error.kind(), Kind::Auth);
}

#[tokio::test]
async fn a_platform_that_hangs_does_not_outlive_the_budget() {
    let bench = Bench::sandbox().await;
    let (_, expected) = bench.finalized(&dag_deploy("[run 7]")).await;
    bench.fault("GetDeployment", 100, Effect::Hang);
    let patience = Patience { budget: Duration::from_millis(200), ..PATIENCE };
    let error = bench.waited(&expected, &patience).await.expect_err("no answer");
    assert_eq!(error.kind(), Kind::TimedOut);
    assert!(error.to_string().contains("has not answered"), "{error}");
}

#[tokio::test]
async fn a_deploy_that_another_one_replaced_is_superseded() {
    let bench = Bench::sandbox().await;
    bench.sim.with(|world| world.rollout.pace = Pace::Polls(0));
    let (_, ours) = bench.finalized(&dag_deploy("[run 7]")).await;
    let (newer, expected) = bench.finalized(&dag_deploy("[run 8]")).await;
    bench.sim.with(|world| {
        // Both land before this run looks again.
        let id = world.deployments[0].id.clone();
        rollouts::observe(world, &id);
        rollouts::observe(world, &id);
    });
    let ended = bench.waited(&ours, &PATIENCE).await;
    assert!(matches!(&ended, Ok(Ended::Superseded { by, .. }) if *by == newer.id), "{ended:?}");
    assert!(matches!(bench.waited(&expected, &PATIENCE).await, Ok(Ended::Arrived(_))));
}

#[tokio::test]
async fn a_rollback_runs_an_older_deploy_again() {
    let bench = Bench::sandbox().await;
    let (_, expected) = bench.finalized(&dag_deploy("[run 7]")).await;
    bench.waited(&expected, &PATIENCE).await.expect("arrived");
    let history = bench.client.deploys(&bench.demo, 20).await.expect("a history");
    let oldest = history.last().expect("an entry");
    let rollback = bench.client.rollback(&bench.demo, &back_to(&oldest.id, "[run 8]")).await.expect("a rollback");
    assert_eq!(rollback.rollback_from.as_ref(), Some(&oldest.id));
    bench.assert_clean();
}

fn back_to(deploy: &DeployId, marker: &str) -> NewRollback {
    NewRollback { to: deploy.clone(), description: format!("Back again {marker}"), marker: marker.to_owned() }
}

async fn oldest(bench: &Bench) -> DeployId {
    bench.client.deploys(&bench.demo, 20).await.expect("a history").last().expect("an entry").id.clone()
}

#[tokio::test]
async fn a_lost_answer_makes_one_rollback() {
    let lost = [
        Effect::CutBeforeAnswer,
        Effect::BrokenJson,
        Effect::CutBeforeRequest,
        Effect::Status(502, String::new()),
        Effect::RetryAfter(0),
        Effect::Hang,
    ];
    for effect in lost {
        let mut bench = Bench::sandbox().await;
        let target = oldest(&bench).await;
        bench.client = client(&bench.sim, &bench.token, None, Duration::from_millis(300));
        bench.fault("DeployRollback", 1, effect.clone());
        let done = bench.client.rollback(&bench.demo, &back_to(&target, "[run 7]")).await.expect("a rollback");
        assert_eq!((bench.deploys_named("Back again [run 7]"), done.rollback_from), (1, Some(target)), "{effect:?}");
        bench.assert_clean();
    }
}

#[tokio::test]
async fn a_rollback_of_another_run_is_not_adopted_and_a_refusal_is_final() {
    let bench = Bench::sandbox().await;
    let target = oldest(&bench).await;
    let other = bench.client.rollback(&bench.demo, &back_to(&target, "[run 6]")).await.expect("another run's");
    bench.fault("DeployRollback", 1, Effect::CutBeforeRequest);
    let ours = bench.client.rollback(&bench.demo, &back_to(&target, "[run 7]")).await.expect("ours");
    assert_ne!(ours.id, other.id);

    bench.fault("DeployRollback", 1, Effect::Status(403, "no".into()));
    let asked = bench.count("DeployRollback");
    let error = bench.client.rollback(&bench.demo, &back_to(&target, "[run 8]")).await.expect_err("forbidden");
    assert_eq!((error.kind(), bench.count("DeployRollback")), (Kind::Refused, asked + 1), "{error}");
}

#[tokio::test]
async fn a_rollback_that_keeps_failing_ends_without_one() {
    let bench = Bench::sandbox().await;
    let target = oldest(&bench).await;
    bench.fault("DeployRollback", 100, Effect::Status(500, String::new()));
    let error = bench.client.rollback(&bench.demo, &back_to(&target, "[run 7]")).await.expect_err("no rollback");
    assert_eq!((error.kind(), bench.count("DeployRollback")), (Kind::Transfer, 3), "{error}");
}

#[tokio::test]
async fn nobody_asks_again_for_a_rollback_without_having_seen_the_history() {
    let bench = Bench::sandbox().await;
    let target = oldest(&bench).await;
    bench.fault("DeployRollback", 1, Effect::CutBeforeAnswer);
    bench.fault("ListDeploys", 9, Effect::Status(403, String::new()));
    let error = bench.client.rollback(&bench.demo, &back_to(&target, "[run 7]")).await.expect_err("unknown");
    assert_eq!((error.kind(), bench.count("DeployRollback")), (Kind::Transfer, 1), "{error}");
}
