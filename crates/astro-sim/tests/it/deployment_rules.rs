//! What fits together on a Deployment, and what follows from it.

use astro_sim::clock::Clock;
use astro_sim::world::deployment::{Deployment, HibernationOverride, Status};
use astro_sim::world::state::World;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

fn queue(name: &str, further: &[(&str, Value)]) -> Value {
    let mut queue = json!({
        "name": name, "isDefault": name == "default", "astroMachine": "A5", "minWorkerCount": 0, "maxWorkerCount": 3,
        "workerConcurrency": 5,
    });
    further.iter().for_each(|(field, value)| queue[*field] = value.clone());
    queue.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    queue
}

fn sleeping(hibernate: &str, wake: &str, is_enabled: Value) -> Value {
    json!({ "hibernationSpec": { "schedules": [
        { "hibernateAtCron": hibernate, "wakeAtCron": wake, "isEnabled": is_enabled, "description": "nights" },
    ] } })
}

#[tokio::test]
async fn each_type_takes_its_own_fields_and_no_others() {
    let bench = Bench::on(World::new()).await;
    let (dev, nights) = (("isDevelopmentMode", json!(true)), sleeping("0 20 * * *", "0 8 * * *", json!(true)));
    let kubernetes = ("executor", json!("KUBERNETES"));
    let queues = |queues: &[Value]| ("workerQueues", json!(queues));
    let remote = ("remoteExecution", json!({ "enabled": true }));
    let no_pods = ["defaultTaskPodCpu", "defaultTaskPodMemory", "resourceQuotaCpu", "resourceQuotaMemory"]
        .map(|field| (field, Value::Null));
    let standard: Vec<(Vec<(&str, Value)>, u16)> = vec![
        (vec![], 200),
        (vec![("cloudProvider", Value::Null)], 400),
        (vec![("resourceQuotaCpu", Value::Null)], 400),
        (vec![("resourceQuotaMemory", json!("10Gi"))], 400),
        ([no_pods.to_vec(), vec![remote.clone()]].concat(), 200),
        (vec![("scheduler", json!({ "au": 5, "replicas": 1 }))], 400),
        (vec![("schedulerSize", json!("LARGE"))], 200),
        (vec![dev.clone(), ("schedulerSize", json!("SMALL"))], 200),
        (vec![dev.clone(), ("schedulerSize", json!("LARGE"))], 400),
        (vec![dev.clone(), ("isHighAvailability", json!(true))], 400),
        (vec![("isHighAvailability", json!(true))], 200),
        (vec![("scalingSpec", nights.clone())], 400),
        (vec![dev.clone(), ("scalingSpec", nights)], 200),
        (vec![dev.clone(), ("scalingSpec", sleeping("20", "0 8 * * *", json!(true)))], 400),
        (vec![dev, ("scalingSpec", sleeping("0 20 * * *", "0 8 * * *", json!("yes")))], 400),
        (vec![queues(&[queue("default", &[]), queue("big", &[])])], 200),
        (vec![queues(&[])], 400),
        (vec![queues(&[queue("big", &[])])], 400),
        (vec![queues(&[queue("default", &[]), queue("default", &[])])], 400),
        (vec![queues(&[queue("default", &[("minWorkerCount", json!(4))])])], 400),
        (vec![queues(&[queue("default", &[("nodePoolId", json!("n")), ("astroMachine", Value::Null)])])], 400),
        (vec![kubernetes.clone()], 200),
        (vec![kubernetes.clone(), queues(&[queue("default", &[])])], 400),
        (vec![("executor", json!("ASTRO")), remote, queues(&[queue("default", &[])])], 400),
        (vec![("type", json!("DEDICATED")), ("cloudProvider", Value::Null), ("region", Value::Null)], 400),
    ];
    for (fields, expected) in standard {
        let (status, answer) = bench.post("/deployments", bench.new_deployment(&fields)).await;
        assert_eq!(status.as_u16(), expected, "{fields:?} {answer}");
    }
    let mut hybrid = no_pods.to_vec();
    hybrid.extend([
        ("type", json!("HYBRID")),
        ("clusterId", json!("c")),
        ("cloudProvider", Value::Null),
        ("region", Value::Null),
    ]);
    let pooled = queue("default", &[("nodePoolId", json!("n")), ("astroMachine", Value::Null)]);
    let cases: Vec<(Vec<(&str, Value)>, u16)> = vec![
        (vec![], 200),
        (vec![("clusterId", Value::Null)], 400),
        (vec![("isDevelopmentMode", json!(true))], 400),
        (vec![("schedulerSize", json!("SMALL"))], 400),
        (vec![("executor", json!("ASTRO"))], 400),
        (vec![queues(&[pooled])], 200),
        (vec![queues(&[queue("default", &[])])], 400),
        (vec![("taskPodNodePoolId", json!("n"))], 400),
        (vec![kubernetes, ("taskPodNodePoolId", json!("n"))], 200),
        (vec![("scheduler", json!({ "au": 4, "replicas": 1 }))], 400),
        (vec![("scheduler", json!({ "au": 5, "replicas": 5 }))], 400),
        (vec![("scheduler", json!({ "au": 10, "replicas": 2 }))], 200),
    ];
    for (fields, expected) in cases {
        let fields = [hybrid.clone(), fields].concat();
        let (status, answer) = bench.post("/deployments", bench.new_deployment(&fields)).await;
        assert_eq!(status.as_u16(), expected, "{fields:?} {answer}");
        if fields.iter().any(|(field, _)| *field == "scheduler") && status == StatusCode::OK {
            assert_eq!((&answer["schedulerAu"], &answer["schedulerReplicas"]), (&json!(10), &json!(2)));
            assert_eq!(answer.get("schedulerSize"), None);
        }
    }
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_update_may_not_make_what_could_not_have_been_made() {
    let bench =
        Bench::with(Deployment { is_development_mode: true, executor: "CELERY".into(), ..Deployment::named("one") }).await;
    let (_, shown) = bench.get(&bench.path("")).await;
    let mut update = json!({ "type": "STANDARD", "environmentVariables": [] });
    for field in
        ["name", "workspaceId", "executor", "schedulerSize", "isCicdEnforced", "isDagDeployEnabled", "isHighAvailability"]
    {
        update[field] = shown[field].clone();
    }
    let with = |fields: &[(&str, Value)]| {
        let mut update = update.clone();
        fields.iter().for_each(|(field, value)| update[*field] = value.clone());
        update
    };
    let nights = ("scalingSpec", sleeping("0 20 * * *", "0 8 * * *", json!(true)));
    let queues = ("workerQueues", json!([queue("default", &[])]));
    let cases = [
        (with(&[]), 200),
        (with(&[("schedulerSize", json!("LARGE"))]), 400),
        (with(&[nights.clone(), queues.clone()]), 200),
        (with(&[nights, ("isDevelopmentMode", json!(false))]), 400),
        (with(&[queues, ("executor", json!("KUBERNETES"))]), 400),
        (with(&[("executor", json!("KUBERNETES"))]), 200),
        (with(&[("isDevelopmentMode", json!(false)), ("schedulerSize", json!("LARGE"))]), 200),
    ];
    for (update, expected) in cases {
        let (status, answer) = bench.post(&bench.path(""), update.clone()).await;
        assert_eq!(status.as_u16(), expected, "{update} {answer}");
    }
    let (_, shown) = bench.get(&bench.path("")).await;
    assert_eq!((shown.get("scalingSpec"), shown.get("workerQueues"), &shown["schedulerSize"]), (None, None, &json!("LARGE")));
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn queues_are_replaced_as_a_whole_and_known_by_their_ids() {
    let bench = Bench::with(Deployment { executor: "CELERY".into(), ..Deployment::named("one") }).await;
    let (_, shown) = bench.get(&bench.path("")).await;
    let update = async |queues: &[Value]| {
        let mut update = json!({ "type": "STANDARD", "environmentVariables": [], "workerQueues": queues });
        for field in
            ["name", "workspaceId", "executor", "schedulerSize", "isCicdEnforced", "isDagDeployEnabled", "isHighAvailability"]
        {
            update[field] = shown[field].clone();
        }
        let (status, answer) = bench.post(&bench.path(""), update).await;
        let ids: Vec<Value> = answer["workerQueues"].as_array().into_iter().flatten().map(|it| it["id"].clone()).collect();
        (status.as_u16(), ids)
    };
    let (status, first) = update(&[queue("default", &[]), queue("big", &[])]).await;
    assert_eq!((status, first.len()), (200, 2));
    let kept = queue("default", &[("id", first[0].clone())]);
    let (_, second) = update(&[queue("big", &[]), kept.clone()]).await;
    assert_eq!(second[1], first[0]);
    assert_ne!(second[0], first[1], "a queue without its id is a new one");
    assert_eq!(update(&[kept]).await, (200, vec![first[0].clone()]));
    assert_eq!(update(&[queue("default", &[("id", first[1].clone())])]).await.0, 400, "an id of no queue");
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn each_creation_is_later_than_the_one_before() {
    let bench = Bench::on(World::new()).await;
    bench.sim.with(|world| world.clock = Clock::Fixed("2026-01-14T12:30:00.0009Z".parse().unwrap()));
    let mut times = Vec::new();
    for number in 0..3 {
        let (_, made) = bench.post("/deployments", bench.new_deployment(&[])).await;
        times.push(made["createdAt"].as_str().unwrap().to_owned());
        if number == 1 {
            bench.send(Method::DELETE, &format!("/deployments/{}", made["id"].as_str().unwrap()), None).await;
        }
    }
    assert_eq!(times, ["2026-01-14T12:30:00.000Z", "2026-01-14T12:30:00.001Z", "2026-01-14T12:30:00.002Z"]);
}

#[tokio::test]
async fn what_the_schedule_makes_happen_next_is_said() {
    let bench = Bench::with(Deployment { is_development_mode: true, ..Deployment::named("one") }).await;
    let next = async |status: Status, spec: Value| {
        bench.sim.with(|world| {
            world.clock = Clock::Fixed("2026-01-14T12:30:00Z".parse().unwrap());
            world.deployments[0].status = status;
            world.deployments[0].settings.insert("scalingSpec".into(), spec);
        });
        let (_, shown) = bench.get(&bench.path("")).await;
        let status = &shown["scalingStatus"]["hibernationStatus"];
        (status["nextEventType"].clone(), status["nextEventAt"].clone())
    };
    let nights = |is_enabled: bool| sleeping("0 20 * * *", "0 8 * * 1-5", json!(is_enabled));
    let nothing = (Value::Null, Value::Null);
    assert_eq!(next(Status::Healthy, nights(true)).await, (json!("HIBERNATE"), json!("2026-01-14T20:00:00.000Z")));
    assert_eq!(next(Status::Hibernating, nights(true)).await, (json!("WAKE"), json!("2026-01-15T08:00:00.000Z")));
    assert_eq!(next(Status::Healthy, nights(false)).await, nothing);
    assert_eq!(next(Status::Healthy, sleeping("0 20 * * FRI", "0 8 * * *", json!(true))).await, nothing);
    let chosen = HibernationOverride { is_hibernating: false, until: None };
    bench.sim.with(|world| world.deployments[0].hibernation_override = Some(chosen));
    assert_eq!(next(Status::Healthy, nights(true)).await, nothing);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}
