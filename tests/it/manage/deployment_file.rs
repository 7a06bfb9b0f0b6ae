//! Deployment files: `deployment inspect`, `diff` and `apply` against the simulated platform.

use astro_sim::faults::{Effect, Fault};
use astro_sim::world::deployment::{Deployment, EnvironmentVariable};
use astro_sim::world::network::Cluster;
use astro_sim::world::state::World;
use serde_json::{Value, json};

use crate::bench::{Bench, Ran};

fn variable(key: &str, value: &str, is_secret: bool) -> EnvironmentVariable {
    EnvironmentVariable { key: key.into(), value: value.into(), is_secret, updated_at: jiff::Timestamp::UNIX_EPOCH }
}

fn queue(id: &str, name: &str, machine: &str) -> Value {
    json!({
        "id": id, "name": name, "isDefault": name == "default", "astroMachine": machine, "minWorkerCount": 1, "maxWorkerCount": 5,
        "workerConcurrency": 5, "podCpu": "1", "podMemory": "2Gi", "podEphemeralStorage": "10Gi",
    })
}

/// A Deployment `demo` with two queues, two variables, of which one is secret, and two addresses; and a dedicated one.
fn bench() -> Bench {
    let mut demo = Deployment::named("demo");
    demo.executor = "CELERY".into();
    demo.description = "Demo".into();
    demo.environment_variables = vec![variable("STAGE", "prod", false), variable("PASSWORD", "stored", true)];
    demo.settings.insert("workerQueues".into(), json!([queue("q1", "default", "A5"), queue("q2", "heavy", "A10")]));
    demo.settings.insert("contactEmails".into(), json!(["a@example.com", "b@example.com"]));
    let mut own = Deployment::named("own");
    own.kind = "DEDICATED".into();
    own.settings.insert("clusterId".into(), "ours".into());
    let mut world = World::new().deployment(demo).deployment(own);
    let organization = world.organizations[0].id.clone();
    world.clusters.push(Cluster { id: "ours".into(), organization_id: organization, ..Cluster::named("Our cluster") });
    let mut bench = Bench::with(world);
    bench.set("PASSWORD", "hunter2-new");
    bench
}

fn answer(bench: &Bench, name: &str) -> Value {
    let all = bench.json(&["deployment", "list"]);
    all["deployments"].as_array().expect("a list").iter().find(|it| it["name"] == name).cloned().unwrap_or_default()
}

fn writes(bench: &Bench) -> Vec<String> {
    let journal = bench.sim.journal();
    let is_write = |it: &&String| it.starts_with("Create") || it.starts_with("Update") || it.starts_with("Delete");
    let names: Vec<String> = journal.into_iter().map(|entry| entry.operation).collect();
    names.iter().filter(is_write).cloned().collect()
}

fn succeeded(bench: &Bench, arguments: &[&str]) -> Ran {
    let ran = bench.run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}\n{}\n{}", ran.data, ran.talk);
    bench.assert_clean(&ran);
    assert!(!ran.data.contains("hunter2") && !ran.talk.contains("hunter2"), "a secret was printed: {}{}", ran.data, ran.talk);
    ran
}

const HEAD: &str = "deployment:\n  configuration:\n    name: demo\n";

#[test]
fn what_is_inspected_applies_as_nothing() {
    let bench = bench();
    for (name, form) in [("demo", "yaml"), ("demo", "json"), ("own", "yaml"), ("own", "json")] {
        let exported = succeeded(&bench, &["deployment", "inspect", "--deployment", name, "-o", form]);
        bench.write("d.txt", &exported.data);
        for prune in [&["--prune"][..], &[]] {
            let ran = succeeded(&bench, &[&["deployment", "diff", "-f", "d.txt", "--exit-code"], prune].concat());
            assert!(ran.data.ends_with(": no changes\n"), "{name} {form}: {}\n{}", ran.data, exported.data);
        }
        let ran = succeeded(&bench, &["deployment", "apply", "-f", "d.txt", "--prune"]);
        assert!(ran.data.starts_with("unchanged"), "{}", ran.data);
    }
    assert_eq!(writes(&bench), Vec::<String>::new());
    let key = succeeded(&bench, &["deployment", "inspect", "--deployment", "own", "--key", "configuration.cluster_name"]);
    assert_eq!(key.data, "Our cluster\n");
    let json = bench.json(&["deployment", "inspect", "--deployment", "demo"]);
    assert_eq!(json["deployment"]["configuration"]["executor"], "CELERY");
    let wrong = bench.run(&["deployment", "inspect", "--deployment", "demo", "--key", "metadata.stattus"]);
    assert_eq!(wrong.code, 5);
    assert!(wrong.talk.contains("did you mean `status`?"), "{}", wrong.talk);
}

#[test]
fn only_what_the_file_names_is_changed() {
    let bench = bench();
    let before = answer(&bench, "demo");
    bench.write(
        "d.yaml",
        &format!(
            "{HEAD}    scheduler_size: medium
  environment_variables:
    - {{key: STAGE, value: dev}}
    - {{key: PASSWORD, is_secret: true}}
    - {{key: TOKEN, is_secret: true, value: '${{PASSWORD}}'}}
  worker_queues:
    - {{name: a-first, worker_type: a20}}
    - {{name: default, worker_type: A5, max_worker_count: 9}}
  alert_emails: [c@example.com]\n"
        ),
    );
    let dry = succeeded(&bench, &["deployment", "apply", "-f", "d.yaml", "--dry-run"]);
    let lines = "demo (Sandbox): 6 changes
  ~ configuration.scheduler_size: SMALL -> MEDIUM
  ~ environment_variables.STAGE: prod -> dev
  + environment_variables.TOKEN: ${PASSWORD}
  ~ worker_queues.default.max_worker_count: 5 -> 9
  + worker_queues.a-first: A20, 0 to 10 workers of 20 tasks
  + alert_emails.c@example.com
  = worker_queues.heavy stays, although the file does not name it (see --prune)
  = alert_emails.a@example.com stays, although the file does not name it (see --prune)
  = alert_emails.b@example.com stays, although the file does not name it (see --prune)
";
    let workspace = before["workspaceName"].as_str().expect("a Workspace");
    assert_eq!(dry.data, lines.replace("Sandbox", workspace));
    assert_eq!(writes(&bench), Vec::<String>::new());

    let ran = succeeded(&bench, &["deployment", "apply", "-f", "d.yaml", "--wait"]);
    assert!(ran.data.starts_with("changed    demo"), "{}", ran.data);
    assert_eq!(writes(&bench), ["UpdateDeployment"]);
    let after = answer(&bench, "demo");
    assert_eq!(after["schedulerSize"], "MEDIUM");
    let mut wanted = queue("q1", "default", "A5");
    wanted["maxWorkerCount"] = 9.into();
    assert_eq!((&after["workerQueues"][0], &after["workerQueues"][1]), (&wanted, &before["workerQueues"][1]));
    assert_eq!(after["contactEmails"], json!(["a@example.com", "b@example.com", "c@example.com"]));
    assert_eq!((&after["description"], &after["isCicdEnforced"]), (&before["description"], &before["isCicdEnforced"]));
    bench.sim.with(|world| {
        let values: Vec<(&str, &str)> =
            world.deployments[0].environment_variables.iter().map(|it| (it.key.as_str(), it.value.as_str())).collect();
        assert_eq!(values, [("STAGE", "dev"), ("PASSWORD", "stored"), ("TOKEN", "hunter2-new")]);
    });
    // A secret with a value is set again each time; nothing else is left to do.
    let again = succeeded(&bench, &["deployment", "diff", "-f", "d.yaml", "--exit-code"]);
    assert!(again.data.contains("1 change\n  * environment_variables.TOKEN: will be set"), "{}", again.data);
}

#[test]
fn what_a_file_does_not_name_goes_only_with_prune() {
    let bench = bench();
    bench.write(
        "d.yaml",
        &format!("{HEAD}  environment_variables: [{{key: STAGE, value: prod}}]\n  worker_queues: [{{name: default, worker_type: A5}}]\n  alert_emails: [a@example.com]\n"),
    );
    let kept = succeeded(&bench, &["deployment", "apply", "-f", "d.yaml"]);
    assert!(kept.data.starts_with("unchanged"), "{}", kept.data);
    let gone = succeeded(&bench, &["deployment", "diff", "-f", "d.yaml", "--prune"]);
    for line in ["- environment_variables.PASSWORD: (secret)", "- worker_queues.heavy: A10", "- alert_emails.b@example.com"] {
        assert!(gone.data.contains(line), "{line}\n{}", gone.data);
    }
    bench.write("heavy.yaml", &format!("{HEAD}  worker_queues: [{{name: heavy, worker_type: A10}}]\n"));
    let headless = bench.run(&["deployment", "apply", "-f", "heavy.yaml", "--prune"]);
    assert!(headless.code == 3 && headless.talk.contains("none would be left that is called `default`"), "{}", headless.talk);
    succeeded(&bench, &["deployment", "apply", "-f", "d.yaml", "--prune"]);
    let after = answer(&bench, "demo");
    assert_eq!(after["environmentVariables"].as_array().map(Vec::len), Some(1));
    assert_eq!((after["workerQueues"].as_array().map(Vec::len), &after["workerQueues"][0]["id"]), (Some(1), &json!("q1")));
    assert_eq!(after["contactEmails"], json!(["a@example.com"]));
}

#[test]
fn a_missing_deployment_is_created_in_one_call() {
    let bench = bench();
    bench.write(
        "all.yaml",
        "deployments:
  - configuration: {name: new, executor: CeleryExecutor, deployment_type: standard, cloud_provider: aws, region: us-east-1, is_development_mode: true}
    worker_queues: [{name: default, worker_type: A5}]
    environment_variables: [{key: S, is_secret: true, value: '${PASSWORD}'}]
    alert_emails: [a@example.com]
    hibernation_schedules: [{hibernate_at: 0 20 * * *, wake_at: 0 6 * * *, enabled: true}]
  - configuration: {name: shared, executor: ASTRO, deployment_type: dedicated, cluster_name: Our cluster}
  - configuration: {name: demo, description: Demo}
",
    );
    let diff = bench.run(&["deployment", "diff", "-f", "all.yaml", "--exit-code"]);
    assert_eq!(diff.code, 7, "{}{}", diff.data, diff.talk);
    assert!(
        diff.data.contains(": to be created\n") && diff.talk.contains("these differ: new, shared"),
        "{}{}",
        diff.data,
        diff.talk
    );
    let ran = succeeded(&bench, &["deployment", "apply", "-f", "all.yaml", "--wait"]);
    let words: Vec<&str> = ran.data.lines().filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(words, ["created", "created", "unchanged"], "{}", ran.data);
    assert_eq!(writes(&bench), ["CreateDeployment", "CreateDeployment"]);
    let new = answer(&bench, "new");
    assert_eq!((&new["isDevelopmentMode"], &new["contactEmails"][0]), (&json!(true), &json!("a@example.com")));
    assert_eq!(new["scalingSpec"]["hibernationSpec"]["schedules"][0]["isEnabled"], true);
    assert_eq!(answer(&bench, "shared")["clusterId"], "ours");
    let drift = bench.json(&["deployment", "diff", "-f", "all.yaml", "--exit-code"]);
    assert_eq!(
        drift["deployments"][0]["changes"],
        json!([{"path": "environment_variables.S", "change": "set", "old": null, "new": "${PASSWORD}"}])
    );
}

#[test]
fn nothing_is_written_unless_every_file_can_be_used() {
    let bench = bench();
    bench.write("good.yaml", &format!("{HEAD}    scheduler_size: LARGE\n"));
    for (text, code, said) in [
        ("deployment:\n  configuration:\n    name: own\n    regin: x\n", 3, "bad.yaml:4"),
        ("deployment:\n  configuration:\n    name: own\n    region: mars\n", 3, "cannot be changed"),
        ("deployment:\n  configuration:\n    name: own\n    workspace_name: Nowhere\n", 5, "find the Workspace `Nowhere`"),
        ("deployment:\n  configuration:\n    name: demo\n", 3, "apply demo twice"),
        ("deployment:\n  configuration:\n    name: own\n    description: ${ABSENT}\n", 3, "the variable ABSENT is not set"),
        ("deployment: [\n", 3, "bad.yaml"),
    ] {
        bench.write("bad.yaml", text);
        for verb in [&["deployment", "apply"][..], &["deployment", "diff"]] {
            let ran = bench.run(&[verb, &["-f", "good.yaml", "-f", "bad.yaml"]].concat());
            assert_eq!(ran.code, code, "{text}{}", ran.talk);
            assert!(ran.talk.contains(said), "{text}{}", ran.talk);
        }
    }
    assert_eq!(bench.run(&["deployment", "apply", "-f", "absent.yaml"]).code, 2);
    assert_eq!(bench.run(&["deployment", "apply"]).code, 2);
    assert_eq!(bench.run(&["deployment", "apply", "-f", "good.yaml", "--wait-time", "soon"]).code, 2);
    assert_eq!(writes(&bench), Vec::<String>::new());
}

#[test]
fn one_that_fails_does_not_keep_the_others_from_it() {
    let bench = bench();
    let named = |name: &str| format!("deployment:\n  configuration:\n    name: {name}\n    description: new\n");
    bench.write("d.yaml", &format!("{}---\n{}", named("demo"), named("own")));
    bench
        .sim
        .with(|world| world.faults.push(Fault::on("UpdateDeployment", 1, Effect::Status(400, "{\"message\": \"no\"}".into()))));
    let ran = bench.run(&["deployment", "apply", "-f", "d.yaml"]);
    assert_eq!(ran.code, 6, "{}{}", ran.data, ran.talk);
    let words: Vec<&str> = ran.data.lines().filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(words, ["failed", "changed"], "{}", ran.data);
    assert_eq!((&answer(&bench, "demo")["description"], &answer(&bench, "own")["description"]), (&json!("Demo"), &json!("new")));
}

#[test]
fn the_difference_stands_in_a_comment_as_it_is() {
    let bench = bench();
    bench.write(
        "d.yaml",
        &format!("{HEAD}    description: 'a | b <script> @ada'\n  alert_emails: [a@example.com, b@example.com]\n"),
    );
    let ran = succeeded(&bench, &["deployment", "diff", "-f", "d.yaml", "--markdown"]);
    assert!(ran.data.contains("| ~ | <code>configuration.description</code> | <code>Demo</code> |"), "{}", ran.data);
    assert!(!ran.data.contains("<script>") && !ran.data.contains("a | b"), "{}", ran.data);
}

#[test]
fn a_template_makes_another_deployment() {
    let bench = bench();
    let template = succeeded(&bench, &["deployment", "inspect", "--deployment", "demo", "--template"]);
    bench.write("t.yaml", &template.data.replace("name: ''", "name: copy").replace("name: \"\"", "name: copy"));
    let ran = succeeded(&bench, &["deployment", "apply", "-f", "t.yaml"]);
    assert!(ran.data.starts_with("created    copy"), "{}\n{}", ran.data, template.data);
    let (one, other) = (answer(&bench, "demo"), answer(&bench, "copy"));
    for field in ["executor", "schedulerSize", "description", "contactEmails", "defaultTaskPodCpu"] {
        assert_eq!(one[field], other[field], "{field}");
    }
    assert_ne!(one["workerQueues"][0]["id"], other["workerQueues"][0]["id"]);
}

#[test]
fn a_file_cannot_ask_for_the_jobs_own_credentials_nor_show_what_the_environment_holds() {
    let mut bench = bench();
    bench.set("GITHUB_TOKEN", "of-the-job").set("AWS_SECRET_ACCESS_KEY", "hunter2-of-the-cloud");
    for name in ["ASTRO_API_TOKEN", "GITHUB_TOKEN"] {
        bench.write("d.yaml", &format!("{HEAD}    description: ${{{name}}}\n"));
        let ran = bench.run(&["deployment", "diff", "-f", "d.yaml"]);
        assert_eq!(ran.code, 2, "{}", ran.talk);
        assert!(ran.talk.contains("its value goes nowhere else"), "{}", ran.talk);
    }
    bench.write(
        "d.yaml",
        "deployment:
  configuration:
    name: x-${AWS_SECRET_ACCESS_KEY}
    executor: celery
    remote_execution: {enabled: true, task_log_bucket: '${AWS_SECRET_ACCESS_KEY}'}
  worker_queues: [{name: default, worker_type: A5}]
",
    );
    for arguments in [&["diff", "-f", "d.yaml"][..], &["diff", "-f", "d.yaml", "--json"], &["diff", "-f", "d.yaml", "--markdown"]]
    {
        let ran = bench.run(&[&["deployment"], arguments].concat());
        assert!(!ran.data.contains("hunter2") && !ran.talk.contains("hunter2"), "{}{}", ran.data, ran.talk);
    }
}
