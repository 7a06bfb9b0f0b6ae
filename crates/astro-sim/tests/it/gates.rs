//! Requests that wait until a test lets them go on.

use std::time::Duration;

use astro_sim::faults::{Effect, Fault};
use astro_sim::world::deployment::Deployment;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::bench::Bench;

/// Most looks at a gate before a test gives up.
const PATIENCE: usize = 1_000;

async fn stands_at(bench: &Bench, gate: &str) {
    for _ in 0..PATIENCE {
        if bench.sim.waiting(gate) == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody came to {gate}");
}

fn deploys(bench: &Bench) -> usize {
    bench.sim.with(|world| world.deployments[0].deploys.len())
}

#[tokio::test]
async fn a_request_waits_at_a_gate_before_or_after_it_is_applied_while_others_pass() {
    for (effect, applied) in [(Effect::Gate("gate".into()), 0), (Effect::GateAnswer("gate".into()), 1)] {
        let bench = Bench::with(Deployment::named("one")).await;
        bench.sim.with(|world| world.faults.push(Fault::on("CreateDeploy", 1, effect.clone())));
        assert_eq!(bench.sim.waiting("gate"), 0);
        let first = bench.create("DAG_ONLY");
        let second = async {
            stands_at(&bench, "gate").await;
            assert_eq!(deploys(&bench), applied, "{effect:?}");
            let second = bench.create("DAG_ONLY").await;
            assert_eq!((deploys(&bench), bench.sim.waiting("gate")), (applied + 1, 1));
            bench.sim.open("gate");
            second
        };
        let (first, second) = tokio::join!(first, second);
        assert_eq!((first.0, second.0, deploys(&bench)), (StatusCode::OK, StatusCode::OK, 2));
        let order = bench.sim.with(|world| world.deployments[0].deploys.iter().map(|found| found.id.clone()).collect::<Vec<_>>());
        assert_eq!(
            order.first().map(String::as_str),
            if applied == 1 { first.1["id"].as_str() } else { second.1["id"].as_str() }
        );
        assert_eq!((bench.sim.waiting("gate"), bench.sim.journal().len()), (0, 2));
    }
}

#[tokio::test]
async fn an_open_gate_stops_nobody() {
    let bench = Bench::with(Deployment::named("one")).await;
    bench.sim.open("gate");
    bench.sim.with(|world| world.faults.push(Fault::on("CreateDeploy", 2, Effect::Gate("gate".into()))));
    assert_eq!(bench.create("DAG_ONLY").await.0, StatusCode::OK);
    assert_eq!(bench.create("DAG_ONLY").await.0, StatusCode::OK);
}

#[tokio::test]
async fn whoever_goes_away_waits_no_longer_and_a_closed_gate_does_not_hold_up_the_end() {
    let bench = Bench::with(Deployment::named("one")).await;
    bench.sim.with(|world| world.faults.push(Fault::on("CreateDeploy", 2, Effect::Gate("gate".into()))));
    let url = format!("{}/organizations/{}{}", bench.sim.astro_url(), bench.organization, bench.path("/deploys"));
    let request = || bench.client.post(&url).bearer_auth(&bench.token).json(&json!({ "type": "DAG_ONLY" })).send();
    tokio::select! {
        answer = request() => panic!("{answer:?}"),
        () = stands_at(&bench, "gate") => {}
    }
    for _ in 0..PATIENCE {
        if bench.sim.waiting("gate") == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((bench.sim.waiting("gate"), deploys(&bench)), (0, 0));
    let still = tokio::spawn(request());
    stands_at(&bench, "gate").await;
    assert_eq!(bench.send(Method::GET, &bench.path(""), None).await.status(), StatusCode::OK);
    bench.sim.shutdown();
    assert!(still.await.unwrap().is_err());
}
