//! The commands that create, change, stop and delete one Deployment, against the simulated platform.

use astro_sim::faults::{Effect, Fault};
use astro_sim::world::deployment::{Deployment, EnvironmentVariable};
use astro_sim::world::records::LogLine;
use astro_sim::world::state::World;
use serde_json::{Value, json};

use crate::bench::{Bench, Ran};

fn variable(key: &str, value: &str, is_secret: bool) -> EnvironmentVariable {
    EnvironmentVariable { key: key.into(), value: value.into(), is_secret, updated_at: jiff::Timestamp::UNIX_EPOCH }
}

/// A Deployment `demo` in development mode with two queues and two variables, of which one is secret.
fn bench() -> Bench {
    let mut demo = Deployment::named("demo");
    demo.executor = "CELERY".into();
    demo.is_development_mode = true;
    demo.environment_variables = vec![variable("STAGE", "prod", false), variable("PASSWORD", "stored", true)];
    let queue = |id: &str, name: &str| {
        json!({"id": id, "name": name, "isDefault": name == "default", "astroMachine": "A5", "minWorkerCount": 0, "maxWorkerCount": 5,
            "workerConcurrency": 5, "podCpu": "1", "podMemory": "2Gi", "podEphemeralStorage": "10Gi"})
    };
    demo.settings.insert("workerQueues".into(), json!([queue("q1", "default"), queue("q2", "heavy")]));
    demo.settings.insert("contactEmails".into(), json!(["a@example.com"]));
    Bench::with(World::new().deployment(demo))
}

fn answer(bench: &Bench, name: &str) -> Value {
    let all = bench.json(&["deployment", "list"]);
    all["deployments"].as_array().expect("a list").iter().find(|it| it["name"] == name).cloned().unwrap_or_default()
}

fn values(bench: &Bench) -> Vec<(String, String, bool)> {
    bench.sim.with(|world| {
        let all = &world.deployments[0].environment_variables;
        all.iter().map(|it| (it.key.clone(), it.value.clone(), it.is_secret)).collect()
    })
}

fn owned(all: &[(&str, &str, bool)]) -> Vec<(String, String, bool)> {
    all.iter().map(|(key, value, is_secret)| ((*key).to_owned(), (*value).to_owned(), *is_secret)).collect()
}

fn succeeded(bench: &Bench, arguments: &[&str]) -> Ran {
    let ran = bench.run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}\n{}\n{}", ran.data, ran.talk);
    bench.assert_clean(&ran);
    ran
}

fn refused(bench: &Bench, arguments: &[&str], code: i32, said: &str) {
    let ran = bench.run(arguments);
    assert_eq!(ran.code, code, "{arguments:?}\n{}\n{}", ran.data, ran.talk);
    assert!(ran.talk.contains(said), "{arguments:?}\n{}", ran.talk);
}

#[test]
fn a_deployment_is_created_by_flags_and_only_once() {
    let bench = bench();
    let flags = [
        "deployment",
        "create",
        "--name",
        "new",
        "--executor",
        "CeleryExecutor",
        "--cloud-provider",
        "aws",
        "--region",
        "us-east-1",
        "--scheduler-size",
        "medium",
        "--high-availability",
        "enable",
        "--cicd-enforcement",
        "disable",
        "--description",
        "A new one",
        "--runtime-version",
        "3.1-4",
    ];
    let dry = succeeded(&bench, &[&flags[..], &["--dry-run"]].concat());
    assert!(dry.data.contains("to be created") && dry.data.contains("+ configuration.scheduler_size: MEDIUM"), "{}", dry.data);
    assert_eq!(answer(&bench, "new"), Value::Null);
    let ran = succeeded(&bench, &[&flags[..], &["--wait"]].concat());
    assert!(ran.data.starts_with("created the Deployment new ("), "{}", ran.data);
    let new = answer(&bench, "new");
    for (field, value) in
        [("executor", "CELERY"), ("schedulerSize", "MEDIUM"), ("description", "A new one"), ("status", "HEALTHY")]
    {
        assert_eq!(new[field], value, "{field}");
    }
    assert_eq!((&new["isHighAvailability"], &new["workerQueues"][0]["name"]), (&json!(true), &json!("default")));
    refused(&bench, &flags, 6, "has one of this name");
    refused(&bench, &["deployment", "create", "--name", "x", "--executor", "local"], 2, "none of celery, kubernetes, astro");
    refused(&bench, &["deployment", "create", "--name", "x", "--type", "dedicated"], 2, "needs a `cluster_name`");
    refused(&bench, &["deployment", "create"], 2, "--name");
}

#[test]
fn a_creation_whose_answer_is_lost_is_looked_for() {
    let bench = bench();
    bench.sim.with(|world| world.faults.push(Fault::on("CreateDeployment", 1, Effect::CutBeforeAnswer)));
    let ran = succeeded(&bench, &["deployment", "create", "--name", "new"]);
    assert!(ran.data.starts_with("created the Deployment new ("), "{}", ran.data);
    assert_eq!(bench.sim.with(|world| world.deployments.iter().filter(|it| it.name == "new").count()), 1);
}

#[test]
fn an_update_changes_only_what_is_named() {
    let bench = bench();
    let before = answer(&bench, "demo");
    let ran =
        succeeded(&bench, &["deployment", "update", "--deployment", "demo", "--cicd-enforcement", "enable", "--name", "renamed"]);
    assert!(ran.data.starts_with("changed the Deployment"), "{}", ran.data);
    let after = answer(&bench, "renamed");
    for (field, value) in before.as_object().expect("an object") {
        if !["name", "isCicdEnforced", "status", "updatedAt", "environmentVariables"].contains(&field.as_str()) {
            assert_eq!(&after[field], value, "{field}");
        }
    }
    assert_eq!(after["isCicdEnforced"], true);
    assert_eq!(values(&bench), owned(&[("STAGE", "prod", false), ("PASSWORD", "stored", true)]));
    succeeded(&bench, &["deployment", "create", "--name", "other"]);
    refused(&bench, &["deployment", "update", "renamed", "--name", "other"], 6, "has this name already");
    let identity = ["deployment", "update", "--deployment", "renamed", "--workload-identity", "arn:aws:iam::1:role/ours"];
    assert!(succeeded(&bench, &identity).data.starts_with("changed the Deployment"));
    assert!(succeeded(&bench, &identity).data.starts_with("nothing to change"));
    let update = |flags: &[&str]| [&["deployment", "update", "--deployment", "renamed"], flags].concat().join(" ");
    for (flags, code, said) in [
        (&[][..], 2, "no flag says what to change"),
        (&["--scheduler-au", "7"], 2, "a STANDARD Deployment has no `scheduler_au`"),
        (&["--high-availability", "on"], 2, "invalid value"),
    ] {
        let line = update(flags);
        refused(&bench, &line.split(' ').collect::<Vec<_>>(), code, said);
    }
    let nothing = succeeded(&bench, &["deployment", "update", "--deployment", "renamed", "--cicd-enforcement", "enable"]);
    assert!(nothing.data.starts_with("nothing to change"), "{}", nothing.data);
}

#[test]
fn a_deployment_is_deleted_only_by_its_name() {
    let bench = bench();
    for (confirm, said) in [(&[][..], "nothing brings it back"), (&["--confirm", "Demo"], "its name is `demo`")] {
        refused(&bench, &[&["deployment", "delete", "--deployment", "demo"], confirm].concat(), 2, said);
    }
    let dry = succeeded(&bench, &["deployment", "delete", "--deployment", "demo", "--dry-run"]);
    assert!(dry.data.starts_with("would delete the Deployment demo"), "{}", dry.data);
    assert_eq!(bench.sim.with(|world| world.deployments.len()), 1);
    succeeded(&bench, &["deployment", "delete", "--deployment", "demo", "--confirm", "demo"]);
    assert_eq!(bench.sim.with(|world| world.deployments.len()), 0);
}

#[test]
fn a_development_deployment_sleeps_and_wakes() {
    let bench = bench();
    let chosen = || bench.sim.with(|world| world.deployments[0].hibernation_override.clone());
    succeeded(&bench, &["deployment", "hibernate", "--deployment", "demo", "--until", "2099-01-01T00:00:00Z"]);
    let until = chosen().map(|it| (it.is_hibernating, it.until));
    assert_eq!(until, Some((true, Some("2099-01-01T00:00:00Z".into()))));
    succeeded(&bench, &["deployment", "wake-up", "--deployment", "demo", "--for", "2h"]);
    assert_eq!(chosen().map(|it| (it.is_hibernating, it.until.is_some())), Some((false, true)));
    succeeded(&bench, &["deployment", "hibernate", "--deployment", "demo", "--dry-run"]);
    assert_eq!(chosen().map(|it| it.is_hibernating), Some(false));
    succeeded(&bench, &["deployment", "wake-up", "--deployment", "demo", "--remove-override"]);
    assert_eq!(chosen(), None);
    for (flags, said) in [
        (&["--until", "2020-01-01T00:00:00Z"][..], "is over"),
        (&["--until", "tomorrow"], "RFC 3339"),
        (&["--for", "0s"], "no length of time"),
        (&["--for", "2h", "--remove-override"], "cannot be used with"),
    ] {
        refused(&bench, &[&["deployment", "hibernate", "--deployment", "demo"], flags].concat(), 2, said);
    }
    bench.sim.with(|world| world.deployments[0].is_development_mode = false);
    refused(&bench, &["deployment", "hibernate", "--deployment", "demo"], 6, "only Deployments in development mode");
}

#[test]
fn variables_are_listed_saved_and_loaded_and_secrets_stay_secret() {
    let mut bench = bench();
    bench.set("FROM_HERE", "hunter2-from-here");
    let list = succeeded(&bench, &["deployment", "variable", "list", "--deployment", "demo"]);
    assert!(list.data.contains("STAGE     prod") && list.data.contains("PASSWORD  -"), "{}", list.data);
    succeeded(&bench, &["deployment", "variable", "list", "--deployment", "demo", "--save", "--env", "saved.env"]);
    let saved = std::fs::read_to_string(bench.project().join("saved.env")).expect("the file");
    assert_eq!(saved, "STAGE=\"prod\"\n# PASSWORD is a secret, whose value cannot be read\n");
    let save = ["deployment", "variable", "list", "--deployment", "demo", "--save", "--env", "saved.env"];
    refused(&bench, &save, 2, "name another file");

    let ran = succeeded(
        &bench,
        &["deployment", "variable", "create", "--deployment", "demo", "--secret", "FROM_HERE", "GIVEN=hunter2-given"],
    );
    assert!(!ran.talk.contains("hunter2") && !ran.data.contains("hunter2"), "{}{}", ran.data, ran.talk);
    let all = [
        ("STAGE", "prod", false),
        ("PASSWORD", "stored", true),
        ("FROM_HERE", "hunter2-from-here", true),
        ("GIVEN", "hunter2-given", true),
    ];
    assert_eq!(values(&bench), owned(&all));
    refused(&bench, &["deployment", "variable", "create", "--deployment", "demo", "STAGE=x"], 6, "has it already");
    succeeded(&bench, &["deployment", "variable", "update", "--deployment", "demo", "STAGE=dev", "PASSWORD=hunter2-changed"]);
    assert_eq!(values(&bench)[..2], owned(&[("STAGE", "dev", false), ("PASSWORD", "hunter2-changed", true)]));

    bench.write("some.env", "STAGE='te st'\nNEW=$ASTRO_API_TOKEN\n");
    succeeded(&bench, &["deployment", "variable", "update", "--deployment", "demo", "--load", "--env", "some.env"]);
    assert_eq!(values(&bench).len(), 5);
    let load = ["deployment", "variable", "create", "--deployment", "demo", "--load", "--env", "some.env", "--prune"];
    refused(&bench, &load, 6, "has it already");
    let load = ["deployment", "variable", "update", "--deployment", "demo", "--load", "--env", "some.env", "--prune"];
    let dry = succeeded(&bench, &[&load[..], &["--dry-run"]].concat());
    assert!(dry.data.contains("- environment_variables.PASSWORD: (secret)"), "{}", dry.data);
    assert_eq!(values(&bench).len(), 5);
    succeeded(&bench, &load);
    assert_eq!(values(&bench), owned(&[("STAGE", "te st", false), ("NEW", "$ASTRO_API_TOKEN", false)]));
}

#[test]
fn variables_are_deleted_by_name_down_to_the_last() {
    let bench = bench();
    refused(&bench, &["deployment", "variable", "delete", "--deployment", "demo", "STAGES"], 5, "did you mean `STAGE`?");
    succeeded(&bench, &["deployment", "variable", "delete", "--deployment", "demo", "STAGE"]);
    assert_eq!(values(&bench), owned(&[("PASSWORD", "stored", true)]));
    succeeded(&bench, &["deployment", "variable", "delete", "--deployment", "demo", "PASSWORD"]);
    assert_eq!(values(&bench), []);
    for (arguments, said) in [
        (&["update"][..], "none is named"),
        (&["update", "A-B=1"], "letters, digits"),
        (&["update", "ABSENT"], "no value is given"),
        (&["update", "A=1", "A=2"], "named twice"),
        (&["update", "--load", "--env", "absent.env"], "no such file"),
        (&["create", "A=1", "--prune"], "--load"),
    ] {
        refused(&bench, &[&["deployment", "variable"], arguments, &["--deployment", "demo"]].concat(), 2, said);
    }
}

#[test]
fn worker_queues_are_changed_by_name_and_keep_their_ids() {
    let bench = bench();
    let queues = || answer(&bench, "demo")["workerQueues"].as_array().cloned().unwrap_or_default();
    let before = queues();
    let verb = |verb: &'static str, flags: &[&'static str]| {
        [&["deployment", "worker-queue", verb, "--deployment", "demo"], flags].concat()
    };
    succeeded(&bench, &verb("update", &["--name", "heavy", "--max-count", "7"]));
    succeeded(&bench, &verb("create", &["--name", "a-first", "--worker-type", "a10", "--min-count", "1"]));
    let after = queues();
    assert_eq!(after[0], before[0]);
    assert_eq!(
        (&after[1]["id"], &after[1]["maxWorkerCount"], &after[1]["podEphemeralStorage"]),
        (&json!("q2"), &json!(7), &json!("10Gi"))
    );
    assert_eq!(
        (&after[2]["name"], &after[2]["astroMachine"], &after[2]["workerConcurrency"]),
        (&json!("a-first"), &json!("A10"), &json!(10))
    );
    succeeded(&bench, &verb("delete", &["--name", "heavy"]));
    let ids: Vec<Value> = queues().iter().map(|queue| queue["id"].clone()).collect();
    assert_eq!(ids, [json!("q1"), after[2]["id"].clone()]);
    let list = succeeded(&bench, &verb("list", &[]));
    assert!(list.data.lines().count() == 3 && list.data.contains("a-first  A10"), "{}", list.data);
    for (arguments, code, said) in [
        (verb("create", &["--name", "default", "--worker-type", "A5"]), 6, "has one of this name"),
        (verb("create", &["--name", "x"]), 2, "--worker-type"),
        (verb("create", &["--name", "x", "--worker-type", "A7"]), 2, "no worker type `A7`"),
        (verb("update", &["--name", "defualt", "--max-count", "3"]), 5, "did you mean `default`?"),
        (verb("update", &["--name", "default", "--max-count", "900"]), 2, "from 1 to 200"),
        (verb("delete", &["--name", "default"]), 6, "every Deployment with worker queues has this one"),
    ] {
        refused(&bench, &arguments, code, said);
    }
}

#[test]
fn logs_are_read_page_by_page_oldest_first() {
    let bench = bench();
    bench.sim.with(|world| {
        let (id, now) = (world.deployments[0].id.clone(), world.clock.now());
        let line = |number: i64| LogLine {
            deployment_id: id.clone(),
            at: now - jiff::SignedDuration::from_secs(18_000 - number + if number < 5_600 { 3_600 } else { 0 }),
            source: if number % 2 == 0 { "scheduler" } else { "apiserver" }.into(),
            raw: format!("{} line {number}", if number % 10 == 0 { "ERROR" } else { "INFO" }),
        };
        world.logs.extend((0..6_000).map(line));
    });
    let logs = |flags: &[&str]| succeeded(&bench, &[&["deployment", "logs", "--deployment", "demo"], flags].concat()).data;
    let all = logs(&["--limit", "6000"]);
    assert_eq!(all.lines().count(), 6_000);
    assert!(all.lines().next().is_some_and(|line| line.ends_with("scheduler     ERROR line 0")), "{}", &all[..200]);
    let newest = logs(&["--limit", "3"]);
    let ends: Vec<&str> = newest.lines().filter_map(|line| line.rsplit(' ').next()).collect();
    assert_eq!(ends, ["5997", "5998", "5999"]);
    assert_eq!(logs(&["--level", "error", "--source", "scheduler"]).lines().count(), 500);
    assert_eq!(logs(&["--keyword", "line 17", "--source", "apiserver"]).lines().count(), 56);
    assert_eq!(logs(&["--since", "4h"]).lines().count(), 400);
    let none = succeeded(&bench, &["deployment", "logs", "demo", "--keyword", "nobody said this"]);
    assert!(none.data.is_empty() && none.talk.contains("no line of scheduler, apiserver"), "{}{}", none.data, none.talk);
    let followed = logs(&["--since", "4h", "--follow", "--follow-time", "1s"]);
    assert_eq!(followed.lines().count(), 400);
    let json = bench.json(&["deployment", "logs", "--deployment", "demo", "--limit", "2"]);
    assert_eq!(json["logs"][1]["raw"], "INFO line 5999");
    refused(&bench, &["deployment", "logs", "--deployment", "demo", "--since", "yesterday"], 2, "no length of time");
    refused(&bench, &["deployment", "logs", "--deployment", "demo", "--limit", "0"], 2, "invalid value");
}

#[test]
fn no_empty_value_wipes_a_secret() {
    let mut bench = bench();
    bench.set("PASSWORD", "");
    let update = ["deployment", "variable", "update", "--deployment", "demo"];
    for pairs in [&["--secret", "PASSWORD"][..], &["PASSWORD="], &["NEW=", "PASSWORD="], &["--secret", "OTHER="]] {
        refused(&bench, &[&update[..], pairs].concat(), 6, "its new value is empty");
    }
    assert!(values(&bench).contains(&("PASSWORD".to_owned(), "stored".to_owned(), true)), "{:?}", values(&bench));
}
