//! What a preview is made of: settings of every kind of Deployment, what comes from the base's
//! Airflow, what the Environment Manager delivers, and when it sleeps.

use astro_sim::world::airflow::{Connection, Dag, Pool, Variable};
use astro_sim::world::deployment::Deployment;
use astro_sim::world::environment::{EnvironmentObject, ObjectKind, Scope};
use serde_json::{Value, json};

use crate::previews::life::{Life, deployed};

fn settings(life: &Life, change: impl FnOnce(&mut Deployment)) {
    life.bench.sim.with(|world| change(&mut world.deployments[0]));
}

fn queue(name: &str, more: Value) -> Value {
    let mut queue = json!({
        "id": format!("q-{name}"), "name": name, "isDefault": name == "default", "workerConcurrency": 5,
        "minWorkerCount": 2, "maxWorkerCount": 10, "podCpu": "1", "podMemory": "2Gi",
    });
    queue.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    queue
}

#[test]
fn every_kind_of_deployment_has_previews() {
    type Change = fn(&mut Deployment);
    let kinds: [(&str, Change); 4] = [
        ("celery", |base| {
            base.executor = "CELERY".into();
            base.settings.insert(
                "workerQueues".into(),
                json!([
                    queue("default", json!({"astroMachine": "A5"})),
                    queue("heavy", json!({"astroMachine": "A20", "podEphemeralStorage": "20Gi"})),
                ]),
            );
            base.settings.insert("isHighAvailability".into(), json!(true));
            base.settings.insert("schedulerSize".into(), json!("LARGE"));
            base.settings.insert("cloudProvider".into(), json!("AWS"));
            base.settings.insert("region".into(), json!("us-east-1"));
        }),
        ("kubernetes", |base| {
            base.executor = "KUBERNETES".into();
            base.settings.insert("workerQueues".into(), json!([queue("default", json!({"astroMachine": "A5"}))]));
        }),
        ("dedicated", |base| {
            base.kind = "DEDICATED".into();
            base.settings.insert("clusterId".into(), json!("cluster-1"));
        }),
        ("hybrid", |base| {
            base.kind = "HYBRID".into();
            base.executor = "CELERY".into();
            base.settings.insert("clusterId".into(), json!("cluster-1"));
            base.settings.insert("schedulerAu".into(), json!(10));
            base.settings.insert("workerQueues".into(), json!([queue("default", json!({"nodePoolId": "pool-1"}))]));
        }),
    ];
    for (kind, change) in kinds {
        let life = Life::new();
        settings(&life, change);
        let base = life.bench.sim.with(|world| world.deployments[0].clone());
        let ran = life.preview(&["sync", "--preview-max-workers", "3"]);
        let preview = life.only();
        assert_eq!((&preview.kind, &preview.executor), (&base.kind, &base.executor), "{kind}");
        assert_eq!(deployed(&preview), ["IMAGE_AND_DAG"], "{kind}: {}", ran.talk);
        let field = |name: &str| preview.settings.get(name).cloned().unwrap_or_default();
        assert_eq!(field("clusterId"), base.settings.get("clusterId").cloned().unwrap_or_default(), "{kind}");
        if kind == "kubernetes" {
            assert_eq!(field("workerQueues"), Value::Null);
        } else if let Some(queues) = base.settings.get("workerQueues").and_then(Value::as_array) {
            let made = field("workerQueues");
            assert_eq!(made.as_array().map(Vec::len), Some(queues.len()), "{kind}");
            for (queue, base) in made.as_array().into_iter().flatten().zip(queues) {
                assert_eq!((&queue["minWorkerCount"], &queue["maxWorkerCount"]), (&json!(0), &json!(3)), "{kind}");
                for name in ["name", "astroMachine", "nodePoolId", "podEphemeralStorage", "workerConcurrency"] {
                    assert_eq!(queue.get(name), base.get(name), "{kind}: {name}");
                }
            }
        }
        assert_eq!(preview.is_development_mode, kind != "hybrid", "{kind}");
        if kind == "celery" {
            assert_eq!((field("isHighAvailability"), field("schedulerSize")), (json!(false), json!("SMALL")));
            assert_eq!((field("cloudProvider"), field("region")), (json!("AWS"), json!("us-east-1")));
            assert_eq!(field("scalingSpec")["hibernationSpec"]["schedules"][0]["hibernateAtCron"], "0 3 * * *");
        }
    }
}

#[test]
fn the_base_s_objects_come_once_and_never_with_a_secret() {
    for runtime in ["3.1-4", "13.2.0"] {
        let life = Life::new();
        life.bench.sim.with(|world| {
            let version = world.airflow_of(runtime);
            let base = &mut world.deployments[0];
            if runtime.starts_with("13") {
                (base.runtime_version, base.airflow_version) = (runtime.into(), version);
                base.executor = "CELERY".into();
            }
            base.airflow.connections.push(Connection {
                extra: Some(r#"{"region": "eu", "aws_secret_access_key": "hush"}"#.into()),
                port: Some(5432),
                ..Connection::named("aws", "aws")
            });
            base.airflow.variables.push(Variable::named("smtp_password", "hush"));
            base.airflow.pools.push(Pool { name: "etl".into(), slots: 7, description: None, include_deferred: false });
        });
        life.bench.write("Dockerfile", &format!("FROM astrocrpublic.azurecr.io/runtime:{runtime}\n"));
        let main = life.bench.commit("Another Runtime");
        life.bench.sim.with(|world| {
            world.deployments[0].deploys[0].git.as_mut().expect("git").insert("commitSha".into(), json!(main));
            world.deployments[0].deploys[0].runtime_version = runtime.into();
            let tag = world.deployments[0].deploys[0].image_tag.clone();
            let repository = world.image_repository(&world.deployments[0].clone());
            world.registry.seed_image(&repository, &tag, &[(astro_sim::world::builder::RUNTIME_LABEL, runtime)]);
        });
        life.push("dags/sales.py", "x = 1\n");
        let ran = life.preview(&["sync"]);
        let airflow = life.only().airflow;
        let connection = |id: &str| airflow.connections.iter().find(|it| it.id == id).cloned().unwrap_or_else(|| panic!("{id}"));
        assert_eq!((connection("warehouse").host.as_deref(), connection("warehouse").password), (Some("db.example"), None));
        assert!(
            connection("aws")
                .extra
                .is_some_and(|extra| extra.contains("eu") && !extra.contains("hush") && !extra.contains("***"))
        );
        assert_eq!(connection("aws").port, Some(5432));
        assert!(airflow.pools.iter().any(|pool| pool.name == "etl" && pool.slots == 7), "{:?}", airflow.pools);
        assert!(airflow.variables.iter().any(|it| it.key == "limit" && it.value == "10"), "{:?}", airflow.variables);
        if runtime.starts_with('3') {
            assert!(airflow.variables.iter().all(|it| it.key != "smtp_password"), "masked by Airflow 3");
            assert!(ran.data.contains("variable `smtp_password`: its value is secret"), "{}", ran.data);
        }
        assert!(ran.data.contains("connection `aws`: "), "{}", ran.data);
        assert!(!ran.data.contains("hush") && !ran.talk.contains("hush"));

        // Later runs leave the preview's Airflow alone, unless they are asked.
        life.bench.sim.with(|world| {
            world.deployments[0].airflow.variables.push(Variable::named("late", "1"));
            let preview = world.deployments.iter_mut().rev().find(|it| it.description.contains("[liftoff-preview")).expect("it");
            let warehouse = preview.airflow.connections.iter_mut().find(|it| it.id == "warehouse").expect("it");
            warehouse.password = Some("set by hand".into());
        });
        life.push("dags/sales.py", "x = 2\n");
        life.preview(&["sync"]);
        assert!(life.only().airflow.variables.iter().all(|it| it.key != "late"));
        life.push("dags/sales.py", "x = 3\n");
        life.preview(&["sync", "--copy-again", "--copy-pools=false"]);
        let airflow = life.only().airflow;
        assert!(airflow.variables.iter().any(|it| it.key == "late"));
        let warehouse = airflow.connections.iter().find(|it| it.id == "warehouse").expect("it");
        assert_eq!(warehouse.password.as_deref(), Some("set by hand"), "a secret is never overwritten");
    }
}

#[test]
fn copies_can_be_left_out_and_a_webserver_that_comes_up_is_waited_for() {
    let life = Life::new();
    life.bench.sim.with(|world| world.rollout.webserver_lag = 3);
    let ran = life.preview(&["sync", "--copy-connections=false", "--copy-pools=false"]);
    let airflow = life.only().airflow;
    assert!(airflow.connections.is_empty() && airflow.variables.len() == 1, "{}", ran.talk);
    let none = Life::new();
    let ran = none.preview(&["sync", "--copy-connections=false", "--copy-pools=false", "--copy-airflow-variables=false"]);
    assert!(!ran.data.contains("Copied from"), "{}", ran.data);
    assert_eq!(none.asked("ListVariables"), 0);
}

#[test]
fn what_the_environment_manager_delivers_is_not_copied_and_what_it_does_not_is_said() {
    let life = Life::new();
    life.bench.sim.with(|world| {
        let base = world.deployments[0].clone();
        let object = |key: &str, auto_link: bool| EnvironmentObject {
            id: format!("object-{key}"),
            key: key.into(),
            kind: ObjectKind::Connection,
            scope: Scope::Workspace(base.workspace_id.clone()),
            description: String::new(),
            content: json!({"type": "postgres"}).as_object().expect("an object").clone(),
            is_secret: false,
            auto_link,
            links: Vec::new(),
            excluded: Vec::new(),
            created_at: jiff::Timestamp::UNIX_EPOCH,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
            created_by: String::new(),
        };
        let mut own = object("only_demo", false);
        own.scope = Scope::Deployment(base.id.clone());
        world.environment.objects.extend([object("warehouse", true), own]);
    });
    let ran = life.preview(&["sync"]);
    assert!(life.only().airflow.connections.is_empty(), "the Environment Manager delivers it");
    for words in ["connection `warehouse`: the Environment Manager delivers it", "`connection only_demo`"] {
        assert!(ran.data.contains(words), "{words}: {}", ran.data);
    }
    assert!(life.comments()[0].contains("Environment Manager"), "{}", life.comments()[0]);
}

#[test]
fn dags_start_paused_but_for_those_that_were_chosen() {
    let life = Life::new();
    life.push("dags/other.py", "from airflow.sdk import DAG\n\nwith DAG(\"other\"):\n    pass\n");
    let ran = life.preview(&["sync", "--preview-unpause", "sales"]);
    let paused = |dag: &Dag| (dag.dag_id.clone(), dag.is_paused);
    let dags: Vec<(String, bool)> = life.only().airflow.dags.iter().map(paused).collect();
    assert!(dags.contains(&("sales".into(), false)) && dags.contains(&("other".into(), true)), "{dags:?}\n{}", ran.talk);
    let preview = life.only();
    let variable = preview.environment_variables.iter().find(|it| it.key == "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION");
    assert_eq!(variable.map(|it| it.value.as_str()), Some("True"));
    assert!(ran.data.contains("Unpaused: `sales`"), "{}", ran.data);
}

#[test]
fn a_sleeping_preview_wakes_for_a_push_and_stays_awake_for_a_while() {
    let life = Life::new();
    life.preview(&["sync"]);
    let id = life.only().id;
    life.bench.sim.with(|world| {
        let preview = world.find_deployment_mut(&id).expect("it");
        preview.status = astro_sim::world::deployment::Status::Hibernating;
        preview.is_asleep_by_schedule = true;
    });
    life.push("dags/sales.py", "x = 1\n");
    let ran = life.preview(&["sync"]);
    assert_eq!(deployed(&life.only()), ["IMAGE_AND_DAG", "DAG_ONLY"], "{}", ran.talk);
    let exception = life.only().hibernation_override.expect("an override");
    assert!(!exception.is_hibernating && exception.until.is_some(), "it ends by itself");
}

#[test]
fn a_base_that_sleeps_or_says_nothing_is_said_and_not_hidden() {
    let life = Life::new();
    settings(&life, |base| {
        base.is_development_mode = true;
        base.status = astro_sim::world::deployment::Status::Hibernating;
        base.is_asleep_by_schedule = true;
    });
    let ran = life.preview(&["sync"]);
    assert!(ran.data.contains("Nothing was copied from demo: demo hibernates"), "{}", ran.data);
    let life = Life::new();
    let fault = astro_sim::faults::Fault::on("ListConnections", 99, astro_sim::faults::Effect::Status(500, String::new()));
    life.bench.sim.with(|world| world.faults.push(fault));
    let ran = life.preview(&["sync"]);
    assert!(ran.data.contains("connections: "), "the other kinds come, and the failure is listed: {}", ran.data);
}

#[test]
fn a_preview_gets_the_variables_that_came_later_and_keeps_those_set_by_hand() {
    let mut life = Life::new();
    life.preview(&["sync"]);
    life.bench.sim.with(|world| {
        let preview = world.deployments.iter_mut().rev().find(|it| it.description.contains("[liftoff-preview")).expect("it");
        let stage = preview.environment_variables.iter_mut().find(|it| it.key == "STAGE").expect("it");
        stage.value = "by hand".into();
        let mut secret = stage.clone();
        (secret.key, secret.value, secret.is_secret) = ("DB_PASSWORD".into(), "by hand".into(), true);
        preview.environment_variables.push(secret);
    });
    life.bench.set("API_KEY", "for-previews");
    // Nothing has to ship, and the variables come all the same.
    for (push, arguments) in [(false, ["--preview-secrets", "API_KEY"]), (true, ["--preview-variables", "LATER=1"])] {
        if push {
            life.push("dags/sales.py", "x = 1\n");
        }
        let ran = life.preview(&[&["sync"], &arguments[..]].concat());
        let preview = life.only();
        let value = |key: &str| preview.environment_variables.iter().find(|it| it.key == key).map(|it| it.value.clone());
        assert_eq!(value("API_KEY").as_deref(), Some("for-previews"), "{}", ran.talk);
        assert_eq!([value("STAGE"), value("DB_PASSWORD")], [Some("by hand".into()), Some("by hand".into())]);
        assert_eq!(value("LATER").is_some(), push);
        assert!(preview.description.contains("[liftoff-preview:1 "), "the mark stays");
        assert!(preview.settings.contains_key("scalingSpec"), "the schedule stays");
        assert!(!ran.data.contains("without a value"), "{}", ran.data);
    }
}

#[test]
fn a_smoke_run_of_a_preview_unpauses_what_the_preview_unpauses_anyway() {
    let life = Life::new();
    let sync = ["sync", "--smoke-dags", "sales", "--preview-unpause", "sales"];
    let ran = life.preview(&sync);
    let preview = life.only();
    assert!(ran.data.contains("Smoke run   sales succeeded"), "{}\n{}", ran.data, ran.talk);
    assert_eq!((preview.airflow.runs.made.len(), preview.airflow.dags[0].is_paused), (1, false));
}
