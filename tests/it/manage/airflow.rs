//! `liftoff airflow`, and the same under `liftoff deployment`.

use astro_sim::faults::{Effect, Fault};
use astro_sim::world::airflow::{Connection, Dag, Pool, Variable};
use astro_sim::world::airflow_runs::{DagRun, Outcome};
use astro_sim::world::deployment::{Deployment, Status};
use astro_sim::world::state::World;
use serde_json::{Value, json};

use crate::bench::{Bench, Ran};

/// The Airflow's major version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Major {
    Two,
    Three,
}

const BOTH: [Major; 2] = [Major::Two, Major::Three];

fn deployment(name: &str, major: Major) -> Deployment {
    match major {
        Major::Two => {
            Deployment { runtime_version: "13.2.0".into(), airflow_version: "2.11.0".into(), ..Deployment::named(name) }
        }
        Major::Three => Deployment::named(name),
    }
}

/// Returns a bench with the Deployments `demo`, whose Airflow has DAGs and objects, and `other`.
fn bench(major: Major) -> Bench {
    let mut demo = deployment("demo", major);
    let dag = |id: &str| Dag { dag_id: id.into(), file: format!("{id}.py"), is_paused: id == "paused" };
    demo.airflow.dags = ["good", "bad", "slow", "paused"].map(dag).into();
    demo.airflow.runs.outcomes.insert("bad".into(), Outcome::FailsAt("load".into()));
    demo.airflow.runs.outcomes.insert("slow".into(), Outcome::Hangs);
    demo.airflow.connections = vec![Connection {
        host: Some("h".into()),
        password: Some("hush-password".into()),
        extra: Some(r#"{"region":"eu","api_key":"hush-key"}"#.into()),
        ..Connection::named("db", "postgres")
    }];
    demo.airflow.variables = vec![Variable::named("plain", "v"), Variable::named("my_secret", "hush-variable")];
    Bench::with(World::new().deployment(demo).deployment(deployment("other", major)))
}

fn runs(bench: &Bench) -> Vec<DagRun> {
    bench.sim.with(|world| world.deployments[0].airflow.runs.made.clone())
}

fn connections(bench: &Bench, index: usize) -> Vec<Connection> {
    bench.sim.with(|world| world.deployments[index].airflow.connections.clone())
}

fn value(bench: &Bench, index: usize, key: &str) -> Option<String> {
    bench.sim.with(|world| {
        let variables = &world.deployments[index].airflow.variables;
        variables.iter().find(|variable| variable.key == key).map(|variable| variable.value.clone())
    })
}

fn pools(bench: &Bench, index: usize) -> Vec<Pool> {
    bench.sim.with(|world| world.deployments[index].airflow.pools.clone())
}

fn writes(bench: &Bench) -> usize {
    bench
        .sim
        .journal()
        .iter()
        .filter(|entry| ["Create", "Update", "Delete"].iter().any(|word| entry.operation.starts_with(word)))
        .count()
}

fn fine(bench: &Bench, arguments: &[&str]) -> Ran {
    let ran = bench.run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {}\n{}", ran.data, ran.talk);
    bench.assert_clean(&ran);
    assert!(!ran.data.contains("hush-password") && !ran.talk.contains("hush"), "{arguments:?}: {}\n{}", ran.data, ran.talk);
    ran
}

#[test]
fn a_request_needs_neither_token_nor_version() {
    for major in BOTH {
        let bench = bench(major);
        let version = if major == Major::Two { "v1" } else { "v2" };
        let own = format!("/api/{version}/dags");
        for path in ["/dags", "dags", &own] {
            let ran = fine(&bench, &["airflow", "request", "get", path, "--query", "limit=2"]);
            let answer: Value = serde_json::from_str(&ran.data).expect("JSON");
            assert_eq!((answer["dags"].as_array().map(Vec::len), &answer["total_entries"]), (Some(2), &json!(4)), "{path}");
        }
        let ran = fine(&bench, &["airflow", "request", "GET", "dags", "--jq", ".dags[].dag_id"]);
        assert_eq!(ran.data, "bad\ngood\npaused\nslow\n");
        let patch = ["airflow", "request", "PATCH", "/dags/paused", "--body", "{\"is_paused\": false}"];
        let paused = || bench.sim.with(|world| world.deployments[0].airflow.dags.iter().any(|dag| dag.is_paused));
        let dry = fine(&bench, &[&patch[..], &["--dry-run"]].concat());
        assert!(dry.data.contains("would call PATCH /dags/paused") && paused());
        fine(&bench, &patch);
        assert!(!paused());
        let body = "{\"key\": \"a/b\", \"value\": \"1\"}";
        fine(&bench, &["airflow", "request", "POST", "variables", "--body", body, "--deployment", "other"]);
        let ran = fine(&bench, &["airflow", "request", "GET", "variables/a%2Fb", "--jq", ".value", "--deployment", "other"]);
        assert_eq!((ran.data.as_str(), value(&bench, 1, "a/b")), ("1\n", Some("1".to_owned())));
    }
}

#[test]
fn a_request_ends_by_the_class_of_its_status_and_repeats_no_write() {
    let bench = bench(Major::Three);
    for (arguments, code, words) in [
        (&["GET", "dags/none"][..], 5, "404"),
        (&["POST", "pools", "--body", "{\"name\": 1}"], 6, "422"),
        (&["FETCH", "dags"], 2, "none of GET, POST"),
        (&["GET", "dags?limit=1"], 2, "--query NAME=VALUE"),
        (&["GET", "../x"], 2, "leads nowhere"),
        (&["GET", "%2e%2e/x"], 2, "leads nowhere"),
        (&["GET", "/"], 2, "leads nowhere"),
        (&["POST", "pools", "--body", "{\"name\": "], 2, "line 1, column"),
    ] {
        let ran = bench.run(&[&["airflow", "request"], arguments].concat());
        assert!(ran.code == code && ran.talk.contains(words), "{arguments:?}: {} {}", ran.code, ran.talk);
    }
    bench.sim.with(|world| world.faults.push(Fault::on("CreatePool", 1, Effect::Status(503, String::new()))));
    let ran = bench.run(&["airflow", "request", "POST", "pools", "--body", "{\"name\": \"p\", \"slots\": 1}"]);
    assert_eq!((ran.code, pools(&bench, 0).len()), (9, 1), "{}", ran.talk);
}

#[test]
fn a_triggered_run_is_named_and_linked_and_awaited_on_request() {
    for major in BOTH {
        let bench = bench(major);
        let ran = fine(&bench, &["airflow", "trigger", "good", "--run-id", "r1", "--conf", "{\"n\": 1}"]);
        assert!(ran.data.contains("Run         r1") && ran.data.contains("Page        http"), "{}", ran.data);
        assert_eq!(runs(&bench)[0].conf.get("n"), Some(&json!(1)));
        // The same once more is the same run.
        let again = fine(&bench, &["airflow", "trigger", "good", "--run-id", "r1"]);
        assert!(
            again.data.starts_with("Was there   good") && again.talk.contains("no second one"),
            "{}{}",
            again.data,
            again.talk
        );
        assert_eq!(runs(&bench).len(), 1);
        let json = bench.json(&["airflow", "trigger", "good", "--wait", "--logical-date", "2026-01-02T03:04:05Z"]);
        assert_eq!((&json["end"], &json["dag"]), (&json!("succeeded"), &json!("good")), "{json:#}");
        assert!(runs(&bench)[1].run_id.starts_with("liftoff__") && runs(&bench)[1].logical_date.is_some());
        let ran = bench.run(&["airflow", "trigger", "bad", "--wait"]);
        assert!(ran.code == 10 && ran.talk.contains("failed at `load`"), "{} {}", ran.code, ran.talk);
        let ran = bench.run(&["airflow", "trigger", "slow", "--wait", "--timeout", "1s"]);
        assert!(ran.code == 11 && ran.talk.contains("was still running"), "{} {}", ran.code, ran.talk);
        let before = runs(&bench).len();
        fine(&bench, &["airflow", "trigger", "good", "--dry-run"]);
        let ran = bench.run(&["airflow", "trigger", "paused", "--wait"]);
        assert!(ran.code == 10 && ran.talk.contains("it is paused"), "{} {}", ran.code, ran.talk);
        let ran = bench.run(&["airflow", "trigger", "goood"]);
        assert!(ran.code == 5 && ran.talk.contains("did you mean `good`?"), "{} {}", ran.code, ran.talk);
        assert_eq!(runs(&bench).len(), before);
        assert_eq!(bench.sim.violations(), Vec::<String>::new());
    }
}

#[test]
fn a_wrong_trigger_is_refused_before_anything_is_sent() {
    let bench = bench(Major::Three);
    bench.write("conf.json", "{\n  \"a\": hush\n}");
    bench.write("big.json", &format!("{{\"a\": \"{}\"}}", "x".repeat(1 << 20)));
    for (arguments, words) in [
        (&["--conf", "@conf.json"][..], "it is not JSON (line 2, column 8)"),
        (&["--conf", "[1]"], "no object"),
        (&["--conf", "@none.json"], "no such file"),
        (&["--conf", "@big.json"], "at most 1048576"),
        (&["--timeout", "soon"], "expected a duration"),
        (&["--logical-date", "tomorrow"], "expected a time such as"),
    ] {
        let ran = bench.run(&[&["airflow", "trigger", "good"], arguments].concat());
        assert!(ran.code == 2 && ran.talk.contains(words) && !ran.talk.contains("hush"), "{arguments:?}: {}", ran.talk);
    }
    assert!(bench.sim.journal().is_empty());
}

#[test]
fn an_airflow_that_does_not_answer_is_explained() {
    let bench = bench(Major::Three);
    for (status, code, words) in [(401, 4, "does not accept the token"), (403, 6, "role may not do this")] {
        bench.sim.with(|world| world.faults = vec![Fault::on("ListPools", 100, Effect::Status(status, String::new()))]);
        let ran = bench.run(&["airflow", "pools", "list"]);
        assert!(ran.code == code && ran.talk.contains(words), "{} {}", ran.code, ran.talk);
    }
    bench.sim.with(|world| {
        world.deployments[0].is_development_mode = true;
        world.deployments[0].status = Status::Hibernating;
    });
    let ran = bench.run(&["airflow", "trigger", "good"]);
    assert!(ran.code == 6 && ran.talk.contains("liftoff deployment wake-up"), "{} {}", ran.code, ran.talk);
    bench.sim.with(|world| {
        world.deployments[0].status = Status::Healthy;
        world.deployments[0].airflow_url = Some("http://127.0.0.1:9/api/v2".into());
    });
    let ran = bench.run(&["airflow", "variables", "list"]);
    assert!(ran.code == 9 && ran.talk.contains("got no answer"), "{} {}", ran.code, ran.talk);
}

#[test]
fn objects_are_listed_without_their_secrets() {
    for major in BOTH {
        let bench = bench(major);
        for (nouns, first) in [
            ([["airflow", "connections"], ["deployment", "connection"]], "db"),
            ([["airflow", "variables"], ["deployment", "airflow-variable"]], "plain"),
            ([["airflow", "pools"], ["deployment", "pool"]], "default_pool"),
        ] {
            let lists = nouns.map(|noun| fine(&bench, &[&noun[..], &["list"]].concat()).data);
            assert!(lists[0] == lists[1] && lists[0].contains(first), "{lists:?}");
            assert!(!lists[0].contains("hush"), "{lists:?}");
        }
        let values = bench.json(&["airflow", "variables", "list", "--values"]);
        assert_eq!(values["variables"][0], json!({ "key": "plain", "value": "v", "description": null }));
        let list = bench.json(&["deployment", "connection", "list"]);
        let known = if major == Major::Two { Value::Null } else { json!(true) };
        assert_eq!((&list["connections"][0]["has_password"], &list["connections"][0]["has_extra"]), (&known, &json!(true)));
    }
}

#[test]
fn one_object_is_created_and_changed_by_the_astro_clis_flags() {
    for major in BOTH {
        let mut bench = bench(major);
        bench.set("DB_PASSWORD", "hush-password-2");
        let create = ["deployment", "connection", "create", "--conn-id", "new", "--conn-type", "http", "--port", "80"];
        fine(&bench, &[&create[..], &["--password-env", "DB_PASSWORD", "--extra", "{\"a\": 1}"]].concat());
        let new = connections(&bench, 0).pop().expect("a connection");
        assert_eq!(
            (new.port, new.password.as_deref(), new.extra.as_deref()),
            (Some(80), Some("hush-password-2"), Some("{\"a\": 1}"))
        );
        let ran = bench.run(&create);
        assert!(ran.code == 6 && ran.talk.contains("there is one of this name"), "{}", ran.talk);
        fine(&bench, &["airflow", "connections", "update", "--conn-id", "new", "--host", "h2"]);
        let new = connections(&bench, 0).pop().expect("a connection");
        assert_eq!((new.host.as_deref(), new.port, new.password.as_deref()), (Some("h2"), Some(80), Some("hush-password-2")));
        fine(
            &bench,
            &["airflow", "connections", "update", "--conn-id", "new", "--password-env", "DB_PASSWORD", "--login", "ada"],
        );
        let ran = bench.run(&["airflow", "connections", "update", "--conn-id", "nwe", "--host", "h"]);
        assert!(ran.code == 5 && ran.talk.contains("did you mean `new`?"), "{}", ran.talk);
        fine(&bench, &["deployment", "airflow-variable", "create", "--key", "k", "--value", "one", "--description", "d"]);
        fine(&bench, &["deployment", "airflow-variable", "update", "--key", "k", "--description", "e"]);
        assert_eq!(value(&bench, 0, "k").as_deref(), Some("one"), "only the description was named");
        fine(&bench, &["deployment", "pool", "create", "--name", "p", "--slots", "3", "--include-deferred", "enable"]);
        fine(&bench, &["deployment", "pool", "update", "--name", "default_pool", "--slots", "7"]);
        let pools = pools(&bench, 0);
        assert_eq!((pools[0].slots, pools[1].slots, pools[1].include_deferred), (7, 3, true));
        let ran = bench.run(&["airflow", "variables", "create", "--key", "x"]);
        assert!(ran.code == 2 && ran.talk.contains("a new variable needs `value`"), "{}", ran.talk);
        let ran = bench.run(&["airflow", "variables", "create", "--key", "x", "--value-env", "ASTRO_API_TOKEN"]);
        assert!(ran.code == 2 && ran.talk.contains("its value goes nowhere else"), "{}", ran.talk);
    }
}

const FILE: &str = "\
db:
  host: other
  password: ${DB_PASSWORD}
new:
  conn_type: http
  extra: {region: us}
masked:
  conn_type: http
  host: '***'
";

#[test]
fn a_file_is_applied_field_by_field_and_what_it_does_not_name_stays() {
    for major in BOTH {
        let mut bench = bench(major);
        bench.set("DB_PASSWORD", "hush-password-2").write("connections.yaml", FILE);
        let apply = ["airflow", "connections", "apply", "-f", "connections.yaml"];
        let dry = fine(&bench, &[&apply[..], &["--dry-run"]].concat());
        assert!(dry.data.contains("would be changed connection `db`: host, password"), "{}", dry.data);
        assert_eq!(writes(&bench), 0);
        let ran = fine(&bench, &apply);
        assert!(ran.data.contains("not applied: connection `masked`: its host, which Airflow masks"), "{}", ran.data);
        let all = connections(&bench, 0);
        assert_eq!((all[0].host.as_deref(), all[0].password.as_deref()), (Some("other"), Some("hush-password-2")));
        assert!(all[0].extra.as_deref().is_some_and(|extra| extra.contains("hush-key")), "what was not named stays");
        let named = |id: &str| all.iter().find(|it| it.id == id).expect("a connection");
        assert_eq!((named("new").extra.as_deref(), &named("masked").host), (Some("{\"region\":\"us\"}"), &None));
        let json = bench.json(&apply);
        let ends: Vec<&str> =
            json["connections"].as_array().expect("rows").iter().filter_map(|row| row["end"].as_str()).collect();
        assert_eq!(ends, ["changed", "unchanged", "unchanged"], "a password cannot be compared: {json:#}");
        bench.write("some.yaml", "new: {conn_type: http}\n");
        let ran = fine(&bench, &["airflow", "connections", "apply", "-f", "some.yaml", "--prune"]);
        assert!(ran.data.contains("deleted    connection `db`"), "{}", ran.data);
        assert_eq!(connections(&bench, 0).len(), 1);
    }
}

#[test]
fn a_file_that_names_nothing_prunes_nothing() {
    let bench = bench(Major::Three);
    let stock =
        "airflow:\n  connections:\n    - conn_id:\n      conn_type:\n  variables:\n    - variable_name:\n      variable_value:\n";
    for text in ["", "# nothing yet\n", "{}", stock, "airflow:\n  pools:\n    - pool_name: p\n      pool_slot: 1\n"] {
        bench.write("objects.yaml", text);
        for noun in ["connections", "variables"] {
            let ran = bench.run(&["airflow", noun, "apply", "-f", "objects.yaml", "--prune"]);
            assert!(ran.code == 2 && ran.talk.contains(&format!("names no {noun} at all")), "{text}: {} {}", ran.code, ran.talk);
        }
    }
    assert_eq!((writes(&bench), bench.sim.journal().len()), (0, 0));
}

#[test]
fn what_was_asked_for_and_not_applied_fails_the_run() {
    let bench = bench(Major::Three);
    let [set, noun] = [["--value", "***"], ["airflow", "variables"]];
    for arguments in [
        [&noun[..], &["create", "--key", "new"], &set].concat(),
        [&noun[..], &["update", "--key", "plain", "--description", "d"], &set].concat(),
        vec!["airflow", "connections", "update", "--conn-id", "db", "--login", "ada", "--host", "***"],
    ] {
        let ran = bench.run(&arguments);
        assert!(ran.code == 2 && ran.talk.contains("which Airflow masks"), "{arguments:?}: {} {}", ran.code, ran.talk);
    }
    assert_eq!(writes(&bench), 0);
    bench.write("variables.json", "{\"masked\": \"***\", \"other\": \"1\"}");
    let apply = ["airflow", "variables", "apply", "-f", "variables.json"];
    let dry = bench.run(&[&apply[..], &["--dry-run"]].concat());
    assert_eq!((dry.code, writes(&bench)), (2, 0), "{}", dry.talk);
    let ran = bench.run(&apply);
    assert!(ran.code == 2 && ran.talk.contains("apply 1 of 2 variables"), "{} {}", ran.code, ran.talk);
    assert_eq!((value(&bench, 0, "masked"), value(&bench, 0, "other").as_deref()), (None, Some("1")));
}

#[test]
fn the_settings_file_of_a_project_and_an_export_are_both_understood() {
    let mut bench = bench(Major::Three);
    bench.set("VALUE", "hush-value");
    bench.write(
        "airflow_settings.yaml",
        "airflow:\n  connections:\n    - conn_id:\n  pools:\n    - pool_name: p\n      pool_slot: 5\n      pool_description: d\n  \
         variables:\n    - variable_name: v\n      variable_value: ${VALUE}\n",
    );
    fine(&bench, &["airflow", "pools", "apply", "-f", "airflow_settings.yaml"]);
    fine(&bench, &["airflow", "variables", "apply", "-f", "airflow_settings.yaml"]);
    let ran = fine(&bench, &["airflow", "connections", "apply", "-f", "airflow_settings.yaml"]);
    assert_eq!((ran.data.as_str(), pools(&bench, 0)[1].slots), ("0 of 0 connections unchanged\n", 5));
    assert_eq!(value(&bench, 0, "v").as_deref(), Some("hush-value"));
    bench.write("variables.json", "{\"v\": \"w\", \"json\": {\"a\": [1]}, \"d\": {\"value\": \"x\", \"description\": \"y\"}}");
    fine(&bench, &["deployment", "airflow-variable", "apply", "-f", "variables.json"]);
    assert_eq!(value(&bench, 0, "json").as_deref(), Some("{\"a\":[1]}"));
    for (text, words) in [
        ("db: {hots: hush}", "did you mean `host`?"),
        ("db: {password: '${ASTRO_API_TOKEN}'}", "its value goes nowhere else"),
        ("db: {password: '${NOWHERE}'}", "there is no variable NOWHERE"),
        ("db: [hush", "(line"),
        ("brand-new: {host: hush}", "needs `conn_type`"),
    ] {
        bench.write("wrong.yaml", text);
        let before = writes(&bench);
        let ran = bench.run(&["airflow", "connections", "apply", "-f", "wrong.yaml"]);
        assert!(ran.code == 2 && ran.talk.contains(words) && !ran.talk.contains("hush"), "{text}: {} {}", ran.code, ran.talk);
        assert_eq!(writes(&bench), before);
    }
}

#[test]
fn one_object_that_fails_stops_no_other_and_fails_the_run() {
    let bench = bench(Major::Three);
    bench.write("pools.json", "{\"a\": {\"slots\": 1}, \"b\": {\"slots\": 2}}");
    bench.sim.with(|world| world.faults.push(Fault::on("CreatePool", 1, Effect::Status(403, String::new()))));
    let ran = bench.run(&["airflow", "pools", "apply", "-f", "pools.json"]);
    assert!(ran.code == 6 && ran.data.contains("failed     pool `"), "{} {}\n{}", ran.code, ran.data, ran.talk);
    assert_eq!(pools(&bench, 0).len(), 2);
}

#[test]
fn a_copy_brings_what_is_clear_and_names_what_is_not() {
    for major in BOTH {
        let bench = bench(major);
        let copy = ["airflow", "connections", "copy", "--from", "demo", "--deployment", "other"];
        let dry = fine(&bench, &[&copy[..], &["--dry-run"]].concat());
        assert!(dry.data.contains("would be created connection `db`"), "{}", dry.data);
        assert_eq!(writes(&bench), 0);
        let ran = fine(&bench, &copy);
        assert!(ran.data.contains("1 created") && ran.data.contains("its extra key `api_key`"), "{}", ran.data);
        let copied = connections(&bench, 1).pop().expect("a connection");
        assert_eq!((copied.password, copied.extra.as_deref()), (None, Some("{\"region\":\"eu\"}")));
        let only = ["deployment", "airflow-variable", "copy", "--source-name", "demo", "--target-name", "other", "--only", "pl*"];
        fine(&bench, &only);
        assert_eq!((value(&bench, 1, "plain").as_deref(), value(&bench, 1, "my_secret")), (Some("v"), None));
        let ran = bench.run(&["airflow", "pools", "copy", "--from", "demo"]);
        assert!(ran.code == 2 && ran.talk.contains("one Deployment"), "{}", ran.talk);
    }
}

/// Returns how many tokens there are that a command made.
fn tokens(world: &World) -> usize {
    world.tokens.iter().filter(|token| token.spec.name.starts_with("liftoff airflow token")).count()
}

const SAY: &str = "printf '%s %s' \"$ASTRO_API_TOKEN\" \"$AIRFLOW_API_URL\" > said; test -z \"$LIFTOFF_API_URL\"";

#[test]
fn a_token_lives_as_long_as_its_command() {
    let bench = bench(Major::Three);
    let ran = fine(&bench, &["airflow", "token", "--", "sh", "-c", SAY]);
    let said = std::fs::read_to_string(bench.project().join("said")).expect("what the command said");
    let (token, url) = said.split_once(' ').expect("a token and an address");
    assert!(url.ends_with("/api/v2") && token.len() > 20 && !ran.data.contains(token) && !ran.talk.contains(token), "{said}");
    assert_eq!(bench.sim.with(|world| tokens(world)), 0);
    let ran = bench.run(&["airflow", "token", "--", "sh", "-c", "exit 42"]);
    assert_eq!((ran.code, bench.sim.with(|world| tokens(world))), (42, 0), "{}", ran.talk);
    let ran = bench.run(&["airflow", "token", "--", "no-such-program"]);
    assert_eq!((ran.code, bench.sim.with(|world| tokens(world))), (2, 0), "{}", ran.talk);
}

#[test]
fn a_signal_ends_the_command_and_deletes_its_token() {
    let bench = bench(Major::Three);
    let started = bench.project().join("started");
    let wait = ["airflow", "token", "--", "sh", "-c", "touch started; exec sleep 60"];
    let ran = bench.run_until_it_holds("the command runs", |_| started.exists(), &wait);
    assert_eq!((ran.code, bench.sim.with(|world| tokens(world))), (143, 0), "{}", ran.talk);
}

#[test]
fn a_token_is_printed_only_on_request_and_never_left_by_a_lost_answer() {
    let bench = bench(Major::Three);
    let ran = bench.run(&["airflow", "token"]);
    assert!(ran.code == 2 && ran.talk.contains("no command that would use it"), "{}", ran.talk);
    fine(&bench, &["airflow", "token", "--print", "--dry-run"]);
    assert_eq!(bench.sim.with(|world| tokens(world)), 0);
    bench.sim.with(|world| world.faults.push(Fault::on("CreateApiToken", 1, Effect::CutBeforeAnswer)));
    let ran = bench.run(&["airflow", "token", "--", "true"]);
    assert_eq!((ran.code, bench.sim.with(|world| tokens(world))), (9, 0), "{}", ran.talk);
    let ran = fine(&bench, &["airflow", "token", "--print", "--ttl-days", "2"]);
    assert_eq!((ran.data.lines().count(), bench.sim.with(|world| tokens(world))), (1, 1), "{}", ran.data);
}
