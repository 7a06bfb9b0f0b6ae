//! Finding and reading things on the simulated platform, with faults.

use std::time::Duration;

use astro_sim::faults::Effect;
use astro_sim::world::deployment::Deployment as SimDeployment;
use astro_sim::world::state::World;
use astro_sim::world::token::{Access, TokenSpec};

use crate::astro::tests::bench::{Bench, client, client_of, dag_deploy};
use crate::error::Kind;
use crate::http::scripted::{Reply, Script};
use crate::model::deployment::HibernationOverride;
use crate::model::ids::{DeploymentId, OrganizationId};

#[tokio::test]
async fn a_deployment_is_found_among_a_thousand() {
    let mut world = World::sandbox();
    for number in 0..1_050 {
        world.add_deployment(SimDeployment::named(&format!("team {number}")));
    }
    let bench = Bench::with_token(world, TokenSpec::default()).await;
    let found = bench.client.find_deployment("team 1049", None).await.expect("a Deployment");
    assert_eq!((found.name.as_str(), bench.count("ListDeployments")), ("team 1049", 1));

    assert_eq!(bench.client.deployments(None).await.expect("all").len(), 1_051);
    let error = bench.client.find_deployment("Team-1049", None).await.expect_err("another name");
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.advice().is_some_and(|hint| hint.contains("`team 1049`")), "{error}");
    bench.assert_clean();
}

#[tokio::test]
async fn equal_names_are_told_apart_by_workspace_or_not_at_all() {
    let mut world = World::sandbox().workspace("Other");
    let other = world.workspaces[1].id.clone();
    world.add_deployment(SimDeployment { workspace_id: other.clone(), ..SimDeployment::named("demo") });
    let bench = Bench::with_token(world, TokenSpec::default()).await;

    let error = bench.client.find_deployment("demo", None).await.expect_err("two of them");
    assert_eq!(error.kind(), Kind::NotFound);
    let text = error.to_string();
    assert!(text.contains("2 Deployments") && text.contains(bench.demo.as_str()) && text.contains(&other), "{text}");

    for workspace in ["Other", &other] {
        let found = bench.client.find_deployment("demo", Some(workspace)).await.expect("one of them");
        assert_eq!(found.workspace_id.as_str(), other, "{workspace}");
    }
    let nowhere = bench.client.find_deployment("demo", Some("Nowhere")).await.expect_err("no such Workspace");
    assert!(nowhere.to_string().contains("no Deployment in the Workspace `Nowhere`"), "{nowhere}");
}

#[tokio::test]
async fn a_long_history_is_read_newest_first() {
    let mut world = World::sandbox();
    let id = world.deployments[0].id.clone();
    for number in 0..1_100 {
        world.clock.advance(Duration::from_secs(60));
        let description = format!("deploy {number}");
        world.add_history(&id, astro_sim::world::builder::History { description, ..Default::default() });
    }
    let bench = Bench::with_token(world, TokenSpec::default()).await;
    for (limit, expected) in [(1, 1), (30, 30), (1_050, 1_050), (5_000, 1_101)] {
        let history = bench.client.deploys(&bench.demo, limit).await.expect("a history");
        assert_eq!((history.len(), history[0].description.as_str()), (expected, "deploy 1099"), "{limit}");
        assert!(history.windows(2).all(|pair| pair[0].created_at >= pair[1].created_at));
    }
}

#[tokio::test]
async fn the_organization_comes_from_the_setting_the_token_or_the_only_one() {
    let bench = Bench::sandbox().await;
    let own = bench.client.organization_id().await.expect("the token's own").clone();
    assert_eq!(bench.count("ListOrganizations"), 0);
    let given = client(&bench.sim, &bench.token, Some(OrganizationId::new("given")), Duration::from_secs(20));
    assert_eq!(given.organization_id().await.expect("the given one").as_str(), "given");

    // A token without the claim: opaque to us, known to the platform.
    let opaque = "opaque-token-1";
    bench.sim.with(|world| world.tokens.iter_mut().for_each(|token| token.text = opaque.to_owned()));
    let asking = client(&bench.sim, opaque, None, Duration::from_secs(20));
    assert_eq!(asking.organization_id().await.expect("the only one"), &own);
    asking.deployment(&bench.demo).await.expect("a Deployment");
    assert_eq!(bench.count("ListOrganizations"), 1, "asked once");
}

#[tokio::test]
async fn refusals_say_what_to_do_and_show_no_token() {
    let read_only = TokenSpec { access: Access::Read, ..TokenSpec::default() };
    let bench = Bench::with_token(World::sandbox(), read_only).await;
    let refused = bench.client.create_deploy(&bench.demo, &dag_deploy("[run 7]")).await.expect_err("read only");
    let missing = bench.client.deployment(&DeploymentId::new("x y?z%2f#")).await.expect_err("no such id");
    bench.fault("GetDeployment", 1, Effect::Status(401, format!("you sent {}", bench.token)));
    let unknown = bench.client.deployment(&bench.demo).await.expect_err("not accepted");
    bench.fault("GetDeployment", 9, Effect::RetryAfter(0));
    let limited = bench.client.deployment(&bench.demo).await.expect_err("rate limited");
    for (error, kind, hint) in [
        (&refused, Kind::Refused, "IP access list"),
        (&missing, Kind::NotFound, "check the id"),
        (&unknown, Kind::Auth, "not accepted"),
        (&limited, Kind::Transfer, "same token"),
    ] {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.advice().is_some_and(|advice| advice.contains(hint)), "{error}");
        assert!(!format!("{error} {error:?}").contains(&bench.token), "{error}");
    }
    assert!(refused.to_string().contains("request id"), "{refused}");
    assert!(unknown.to_string().contains("you sent [secret]"), "{unknown}");
    assert!(limited.to_string().contains("after 3 tries"), "{limited}");
    bench.assert_clean();
}

#[tokio::test]
async fn workspaces_releases_and_hibernation_are_read_and_set() {
    let bench = Bench::with_token(
        World::new().deployment(SimDeployment { is_development_mode: true, ..SimDeployment::named("dev") }),
        TokenSpec::default(),
    )
    .await;
    let workspaces = bench.client.workspaces().await.expect("Workspaces");
    assert_eq!(workspaces.iter().map(|workspace| workspace.name.as_str()).collect::<Vec<_>>(), ["Main"]);
    let releases = bench.client.runtime_releases().await.expect("releases");
    assert!(releases.iter().any(|release| release.version == "3.1-4" && !release.airflow_version.is_empty()), "{releases:?}");

    let until = Some("2030-01-01T00:00:00Z".to_owned());
    let awake = HibernationOverride { hibernate: false, until };
    bench.client.set_hibernation_override(&bench.demo, &awake).await.expect("overridden");
    let deployment = bench.client.deployment(&bench.demo).await.expect("a Deployment");
    assert_eq!(deployment.hibernation_override, Some(awake));
    bench.fault("DeleteDeploymentHibernationOverride", 1, Effect::CutBeforeAnswer);
    bench.client.remove_hibernation_override(&bench.demo).await.expect("removed, though the answer was lost");
    let deployment = bench.client.deployment(&bench.demo).await.expect("a Deployment");
    assert_eq!(deployment.hibernation_override, None);
    bench.assert_clean();
}

#[tokio::test]
async fn a_history_that_is_listed_oldest_first_is_read_from_its_end() {
    let page = |ids: &[u8]| {
        let deploys: Vec<String> =
            ids.iter().map(|id| format!(r#"{{"id":"x{id}","createdAt":"2026-01-0{id}T00:00:00Z"}}"#)).collect();
        Reply::Answer(200, "", format!(r#"{{"totalCount":5,"limit":2,"offset":0,"deploys":[{}]}}"#, deploys.join(",")))
    };
    let script = Script::start(vec![page(&[1, 2]), page(&[4, 5])]).await;
    let organization = Some(OrganizationId::new("o"));
    let client = client_of(&script.url("/v1"), "opaque", organization, Duration::from_secs(20));
    let history = client.deploys(&DeploymentId::new("d"), 2).await.expect("a history");
    assert_eq!(history.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), ["x5", "x4"]);
    assert!(script.requests()[1].contains("limit=2&offset=3"), "{:?}", script.requests());
}
