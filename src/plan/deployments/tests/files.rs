//! What files say, what they may not say, and what that changes.

use serde_json::json;

use crate::error::Kind;
use crate::model::manifest::edit::Rest;
use crate::plan::deployments::merge::merged;
use crate::plan::deployments::resolving::Surroundings;
use crate::plan::deployments::tests::worlds::{
    asked, dedicated, difference, hosted, hybrid, kubernetes, lines, lookup, one, options, record, wanted,
};
use crate::plan::deployments::{body, read, resolve};

const HEAD: &str = "deployment:\n  configuration:\n    name: demo\n";

#[test]
fn a_file_may_hold_several_deployments_in_every_way() {
    let named = |text: &str| -> Vec<String> {
        let all = read::manifests("d.yaml", text, &lookup).expect(text);
        all.into_iter().map(|it| format!("{} {}", it.name.value, it.line)).collect()
    };
    let item = |name: &str| format!("  - configuration: {{name: {name}}}\n");
    assert_eq!(named(&format!("{HEAD}---\n{HEAD}")), ["demo 1", "demo 5"]);
    assert_eq!(named(&format!("deployments:\n{}{}", item("a"), item("b"))), ["a 2", "b 3"]);
    assert_eq!(named("deployments:\n  - deployment:\n      configuration:\n        name: a\n"), ["a 2"]);
    assert_eq!(named("{\"deployment\": {\"configuration\": {\"name\": \"j\"}}}"), ["j 1"]);
    for text in ["", "deployments: []\n", "# nothing\n"] {
        assert!(read::manifests("d.yaml", text, &lookup).expect_err(text).to_string().contains("holds no Deployment"), "{text}");
    }
}

#[test]
fn every_alias_and_case_means_the_same() {
    for (key, spellings, platform) in [
        ("executor", vec!["CeleryExecutor", "celeryexecutor", "CELERY", "celery"], "CELERY"),
        ("executor", vec!["KubernetesExecutor", "kubernetes"], "KUBERNETES"),
        ("executor", vec!["AstroExecutor", "ASTRO"], "ASTRO"),
        ("deployment_type", vec!["standard", "HOSTED_STANDARD", "Hosted_Shared"], "STANDARD"),
        ("deployment_type", vec!["HOSTED_DEDICATED", "dedicated"], "DEDICATED"),
        ("scheduler_size", vec!["small", "SMALL"], "SMALL"),
        ("scheduler_size", vec!["extra_large"], "EXTRA_LARGE"),
        ("cloud_provider", vec!["aws", "AWS"], "AWS"),
    ] {
        for spelling in spellings {
            let manifest = one(&format!("{HEAD}    {key}: {spelling}\n")).expect(spelling);
            assert_eq!(manifest.word(key), Some(platform), "{key}: {spelling}");
        }
    }
    let both = "  hibernation_schedules: [{hibernate_at: 0 1 * * *, wake_at: 0 2 * * *}]\n";
    let outside = one(&format!("{HEAD}{both}")).expect("beside");
    let inside = one(&format!("{HEAD}  {both}")).expect("inside");
    assert_eq!(outside.schedules.map(|it| it.len()), Some(1));
    assert_eq!(inside.schedules.map(|it| it.len()), Some(1));
    let twice = one(&format!("{HEAD}  {both}{both}")).expect_err("twice");
    assert!(twice.to_string().contains("is there twice"), "{twice}");
}

#[test]
fn every_mistake_is_told_with_its_line() {
    for (text, line, said) in [
        (format!("{HEAD}    scheduler_sise: SMALL\n"), 4, "did you mean `scheduler_size`?"),
        (format!("{HEAD}    EXECUTOR: CELERY\n    executor: CELERY\n"), 5, "twice"),
        (format!("{HEAD}    is_high_availability: maybe\n"), 4, "must be true or false"),
        (format!("{HEAD}    scheduler_au: 1.5\n"), 4, "must be a whole number"),
        (format!("{HEAD}    scheduler_size: huge\n"), 4, "must be one of SMALL, MEDIUM, LARGE, EXTRA_LARGE"),
        (format!("{HEAD}    region: [a]\n"), 4, "must be a text, not a list"),
        (format!("{HEAD}    description: ${{GONE}}\n"), 4, "the variable GONE is not set"),
        (format!("{HEAD}  environment_variable: []\n"), 4, "did you mean `environment_variables`?"),
        (format!("{HEAD}  environment_variables: {{A: b}}\n"), 4, "must be a list, not a mapping"),
        (format!("{HEAD}  environment_variables:\n    - value: x\n"), 5, "has no `key`"),
        (
            format!("{HEAD}  environment_variables:\n    - {{key: A, value: x}}\n    - {{key: A, value: y}}\n"),
            6,
            "A is there twice",
        ),
        (format!("{HEAD}  worker_queues:\n    - name: default\n"), 5, "has no `worker_type`"),
        (format!("{HEAD}  worker_queues:\n    - {{name: a, worker_type: A5, size: 1}}\n"), 5, "has no key `size`"),
        (format!("{HEAD}  hibernation_schedules:\n    - wake_at: 0 1 * * *\n"), 5, "has no `hibernate_at`"),
        ("deployment:\n  configuration:\n    description: x\n".into(), 3, "a `name`"),
        ("deployment:\n  metadata: {}\n".into(), 1, "has no `configuration`"),
        ("- a\n".into(), 1, "must be a mapping"),
        ("deploiment:\n  configuration: {name: a}\n".into(), 1, "did you mean `deployment`?"),
    ] {
        let error = one(&text).expect_err(&text);
        assert_eq!(error.kind(), Kind::Project, "{text}");
        assert_eq!(error.place().and_then(|place| place.line), Some(line), "{text}{error}");
        assert!(error.to_string().contains(said), "{text}{error}");
    }
}

#[test]
fn a_file_may_lag_behind_the_runtime_that_was_deployed() {
    let hosted = hosted();
    let asked = asked(&format!("{HEAD}    runtime_version: 3.1-5\n"), Some(&hosted)).expect("no mistake");
    assert!(asked.edit.fields.is_empty(), "{:?}", asked.edit.fields);
    let [note] = &asked.notes[..] else { panic!("{:?}", asked.notes) };
    assert!(note.contains("line 4") && note.contains("changes by a deploy"), "{note}");
}

#[test]
fn what_cannot_be_is_refused_before_any_call() {
    let (hosted, hybrid, dedicated, kubernetes) = (hosted(), hybrid(), dedicated(), kubernetes());
    for (rest, present, said) in [
        ("    region: eu-west-1\n", Some(&hosted), "`region` of a Deployment cannot be changed (it is `us-east-1`)"),
        ("    deployment_type: HYBRID\n", Some(&hosted), "cannot be changed"),
        ("    cloud_provider: gcp\n", Some(&hosted), "cannot be changed"),
        ("    is_development_mode: true\n", Some(&dedicated), "cannot be turned on"),
        ("    cluster_name: mine\n", Some(&dedicated), "`cluster_name` of a Deployment cannot be changed"),
        ("    scheduler_au: 7\n", Some(&hosted), "a STANDARD Deployment has no `scheduler_au`"),
        ("    scheduler_size: LARGE\n", Some(&hybrid), "a HYBRID Deployment has no `scheduler_size`"),
        ("    executor: ASTRO\n", Some(&hybrid), "a HYBRID Deployment cannot have the Astro executor"),
        ("    executor: ASTRO\n    runtime_version: 12.1.0\n", None, "needs Airflow 3"),
        ("    deployment_type: DEDICATED\n    cluster_name: our\n", None, "no cluster `our`; did you mean `ours`?"),
        ("    deployment_type: HYBRID\n", None, "needs a `cluster_name`"),
        ("  alert_emails: [nobody]\n", Some(&hosted), "`nobody` is no e-mail address"),
        ("  environment_variables: [{key: A-B, value: x}]\n", Some(&hosted), "cannot be the name"),
        ("  environment_variables: [{key: NEW, is_secret: true}]\n", Some(&hosted), "`value: ${NEW}`"),
        ("  environment_variables: [{key: STAGE}]\n", Some(&hosted), "STAGE has no `value`"),
        ("  environment_variables: [{key: PASSWORD, is_secret: false, value: x}]\n", Some(&hosted), "cannot be made readable"),
        ("  environment_variables: [{key: A, is_secret: true}]\n", None, "A has no `value`"),
        ("  worker_queues: [{name: heavy, worker_type: A5}]\n", None, "must be called `default`"),
        ("  worker_queues: [{name: default, worker_type: A6}]\n", Some(&hosted), "no worker type `A6`; there are A5, A20"),
        ("  worker_queues: [{name: default, worker_type: A5, max_worker_count: 201}]\n", Some(&hosted), "from 1 to 200"),
        ("  worker_queues: [{name: default, worker_type: A5, worker_concurrency: 16}]\n", Some(&hosted), "from 1 to 15"),
        (
            "  worker_queues: [{name: default, worker_type: A5, min_worker_count: 9, max_worker_count: 8}]\n",
            Some(&hosted),
            "at least than at most",
        ),
        (
            "  worker_queues: [{name: default, worker_type: m5.large}]\n",
            Some(&hybrid),
            "no node pool of `m5.large`; did you mean `m5.xlarge`?",
        ),
        (
            "  worker_queues: [{name: default, worker_type: m5.xlarge, max_worker_count: 1}]\n",
            Some(&kubernetes),
            "Kubernetes executor has no worker queues",
        ),
        ("  worker_queues: [{name: default, worker_type: A5}]\n", Some(&dedicated), "remote execution has no worker queues"),
        (
            "  hibernation_schedules: [{hibernate_at: 0 1 * * *, wake_at: 0 2 * *}]\n",
            Some(&hosted),
            "no cron line of five fields",
        ),
        ("  hibernation_schedules: [{hibernate_at: 0 1 * * *, wake_at: 0 2 * * *}]\n", Some(&dedicated), "development mode"),
    ] {
        let error = asked(&format!("{HEAD}{rest}"), present).expect_err(rest);
        assert_eq!(error.kind(), Kind::Project, "{rest}");
        assert!(error.to_string().contains(said), "{rest}{error}");
        let lines = HEAD.lines().count() + rest.lines().count();
        assert!(error.place().and_then(|place| place.line).is_some_and(|line| line <= lines), "{rest}{error:?}");
    }
}

#[test]
fn only_what_the_file_names_changes_and_the_rest_is_kept() {
    let present = hosted();
    assert_eq!(lines(&difference(HEAD, &present, Rest::Pruned)), "");
    let text = format!(
        "{HEAD}    description: ''\n    executor: AstroExecutor\n    ci_cd_enforcement: false\n    scheduler_size: MEDIUM
  environment_variables:
    - {{key: STAGE, value: dev}}
    - {{key: PASSWORD, is_secret: true, value: '${{PASSWORD}}'}}
    - {{key: NEW, value: 0.10}}
    - {{key: KEY, is_secret: true, value: '${{PASSWORD}}'}}
    - {{key: FILLED, value: 'x${{STAGE}}'}}
  worker_queues:
    - {{name: a-new-one, worker_type: a20}}
    - {{name: default, worker_type: A5, max_worker_count: 12}}
  alert_emails: [a@example.com, c@example.com]
  hibernation_schedules:
    - {{hibernate_at: 0 20 * * *, wake_at: 0 6 * * *, enabled: false}}
    - {{hibernate_at: 0 1 * * *, wake_at: 0 2 * * *, enabled: true}}
"
    );
    let named = "removed configuration.description: Demo > -
changed configuration.ci_cd_enforcement: true > false
changed configuration.scheduler_size: SMALL > MEDIUM
changed configuration.executor: CELERY > ASTRO
changed environment_variables.STAGE: prod > dev
set environment_variables.PASSWORD: (secret) > ${PASSWORD}
added environment_variables.NEW: - > 0.10
added environment_variables.KEY: - > ${PASSWORD}
added environment_variables.FILLED: - > x${STAGE}
changed worker_queues.default.max_worker_count: 10 > 12
added worker_queues.a-new-one: - > A20, 0 to 10 workers of 20 tasks
added alert_emails.c@example.com: - > -
changed hibernation_schedules.0 20 * * * to 0 6 * * *.enabled: true > false
added hibernation_schedules.0 1 * * * to 0 2 * * *: - > -";
    let kept = lines(&difference(&text, &present, Rest::Kept));
    assert_eq!(kept, named.replace("set environment_variables.PASSWORD: (secret)", "set environment_variables.PASSWORD: -"));
    let pruned = lines(&difference(&text, &present, Rest::Pruned));
    for gone in ["removed worker_queues.heavy", "removed alert_emails.b@", "removed hibernation_schedules.0 20 * * 5 to"] {
        assert!(pruned.contains(gone) && !kept.contains(gone), "{gone}\n{pruned}");
    }
    assert!(!pruned.contains("hunter2"));
    let wanted = wanted(&text, &present, Rest::Kept);
    assert_eq!(
        wanted.kept,
        ["worker_queues.heavy", "alert_emails.b@example.com", "hibernation_schedules.0 20 * * 5 to 0 6 * * 1"]
    );
    let body = body::update(&present, &wanted.record).into_value();
    assert_eq!(
        body["workerQueues"],
        json!([
            {"id": "q1", "name": "default", "isDefault": true, "astroMachine": "A5", "minWorkerCount": 0, "maxWorkerCount": 12,
             "workerConcurrency": 5, "podEphemeralStorage": "10Gi"},
            {"id": "q2", "name": "heavy", "isDefault": false, "astroMachine": "A20", "minWorkerCount": 1, "maxWorkerCount": 3,
             "workerConcurrency": 20, "novelty": 1},
            {"name": "a-new-one", "isDefault": false, "astroMachine": "A20", "minWorkerCount": 0, "maxWorkerCount": 10, "workerConcurrency": 20},
        ])
    );
    assert_eq!(body["environmentVariables"][1], json!({"key": "PASSWORD", "isSecret": true, "value": "hunter2"}));
    assert_eq!((body.get("isDevelopmentMode"), body.get("workloadIdentity"), body.get("region")), (None, None, None));
    assert_eq!(
        body["scalingSpec"]["hibernationSpec"]["override"],
        json!({"isHibernating": false, "overrideUntil": "2030-01-01T00:00:00Z"})
    );
    assert_eq!(body["contactEmails"], json!(["a@example.com", "b@example.com", "c@example.com"]));
}

#[test]
fn the_environment_fills_values_of_every_type_and_never_shows() {
    let present = hosted();
    let text = format!(
        "{HEAD}    description: '${{QUOTE}}'\n    is_high_availability: '${{ON}}'\n  worker_queues:\n    - {{name: default, worker_type: A5, max_worker_count: '${{COUNT}}'}}\n"
    );
    let changes = difference(&text, &present, Rest::Kept);
    assert_eq!(
        lines(&changes),
        "changed configuration.description: Demo > ${QUOTE}
changed configuration.is_high_availability: false > ${ON}
changed worker_queues.default.max_worker_count: 10 > ${COUNT}"
    );
    let wanted = wanted(&text, &present, Rest::Kept).record;
    assert_eq!(wanted.text("description"), "a: b\n- c \"'");
    assert_eq!(wanted.records("workerQueues")[0].number("maxWorkerCount"), Some(7));
}

#[test]
fn a_name_out_of_the_environment_is_not_shown_either() {
    let mut present = hosted();
    let text = format!(
        "{HEAD}  environment_variables: [{{key: 'A_${{PASSWORD}}', value: x}}]\n  alert_emails: ['${{PASSWORD}}@example.com']
  worker_queues: [{{name: default, worker_type: A5}}, {{name: 'q-${{PASSWORD}}', worker_type: A5, min_worker_count: 2}}]
  hibernation_schedules: [{{hibernate_at: '${{PASSWORD}} 1 * * *', wake_at: 0 2 * * *, enabled: true}}]\n"
    );
    for _ in 0..2 {
        let said = lines(&difference(&text, &present, Rest::Kept));
        assert!(!said.contains("hunter2") && said.contains("alert_emails.${PASSWORD}@example.com"), "{said}");
        let mut wanted = wanted(&text, &present, Rest::Kept).record;
        wanted.set("contactEmails", json!([]));
        let queues: Vec<serde_json::Value> = wanted.list("workerQueues").to_vec();
        let raised = queues.into_iter().map(|mut queue| {
            queue["minWorkerCount"] = json!(3);
            queue
        });
        wanted.set("workerQueues", raised.collect::<Vec<_>>());
        present = wanted;
    }
    let twice = format!(
        "{HEAD}  worker_queues: [{{name: '${{PASSWORD}}', worker_type: A5}}, {{name: '${{PASSWORD}}', worker_type: A5}}]\n"
    );
    let error = one(&twice).expect_err("twice").to_string();
    assert!(!error.contains("hunter2") && error.contains("${PASSWORD} is there twice"), "{error}");
}

#[test]
fn the_same_size_in_other_words_is_no_change() {
    let present = hosted();
    let same =
        format!("{HEAD}    default_task_pod_cpu: 250m\n    default_task_pod_memory: 512Mi\n    resource_quota_cpu: 10.0\n");
    assert_eq!(lines(&difference(&same, &present, Rest::Kept)), "");
    let other = format!("{HEAD}    default_task_pod_memory: 0.5G\n    workload_identity: arn:aws:iam::1:role/other\n");
    let changes = lines(&difference(&other, &present, Rest::Kept));
    assert_eq!(
        changes,
        "changed configuration.default_task_pod_memory: 0.5Gi > 0.5G
changed configuration.workload_identity: arn:aws:iam::1:role/astro > arn:aws:iam::1:role/other"
    );
    let in_force = format!("{HEAD}    workload_identity: arn:aws:iam::1:role/astro\n");
    assert_eq!(lines(&difference(&in_force, &present, Rest::Kept)), "");
}

#[test]
fn an_executor_brings_its_queues_and_takes_them_along() {
    let mut present = hosted();
    let text = format!("{HEAD}    executor: KUBERNETES\n");
    let changes = lines(&difference(&text, &present, Rest::Kept));
    assert!(changes.contains("removed worker_queues.default") && changes.contains("removed worker_queues.heavy"), "{changes}");
    let wanted_one = wanted(&text, &present, Rest::Kept).record;
    assert_eq!(body::update(&present, &wanted_one).value("workerQueues"), None);
    present.set("executor", "KUBERNETES");
    present.take("workerQueues");
    let back = wanted(&format!("{HEAD}    executor: CELERY\n"), &present, Rest::Kept).record;
    assert_eq!(
        body::update(&present, &back).into_value()["workerQueues"],
        json!([{"name": "default", "isDefault": true, "astroMachine": "A5", "minWorkerCount": 0, "maxWorkerCount": 10, "workerConcurrency": 5}])
    );
}

#[test]
fn what_leaves_development_mode_leaves_its_schedules() {
    let present = hosted();
    let wanted = wanted(&format!("{HEAD}    is_development_mode: false\n"), &present, Rest::Kept).record;
    let body = body::update(&present, &wanted).into_value();
    assert_eq!((&body["isDevelopmentMode"], body.get("scalingSpec")), (&json!(false), None));
}

#[test]
fn a_new_deployment_is_made_in_one_call() {
    let text = format!(
        "{HEAD}    executor: CeleryExecutor\n    deployment_type: HYBRID\n    cluster_name: mine\n    runtime_version: 12.0.0\n    scheduler_au: 5\n    scheduler_count: 1
  worker_queues: [{{name: default, worker_type: m5.4xlarge}}]
  environment_variables: [{{key: A, value: b}}, {{key: S, is_secret: true, value: '${{PASSWORD}}'}}]
  alert_emails: [a@example.com]\n"
    );
    let asked = asked(&text, None).expect("a file that fits");
    let empty = crate::model::record::Record::default();
    let mut new = crate::plan::deployments::merge::merged(&empty, &asked.edit, Rest::Pruned).record;
    new.set("workspaceId", "w1");
    assert_eq!(
        body::create(&new).into_value(),
        json!({
            "name": "demo", "workspaceId": "w1", "type": "HYBRID", "clusterId": "c3", "executor": "CELERY",
            "astroRuntimeVersion": "12.0.0", "scheduler": {"au": 5, "replicas": 1}, "contactEmails": ["a@example.com"],
            "workerQueues": [{"name": "default", "isDefault": true, "nodePoolId": "p3", "minWorkerCount": 0, "maxWorkerCount": 10, "workerConcurrency": 16}],
            "environmentVariables": [{"key": "A", "isSecret": false, "value": "b"}, {"key": "S", "isSecret": true, "value": "hunter2"}],
        })
    );
}

#[test]
fn the_example_of_the_documentation_makes_a_deployment() {
    let page = include_str!("../../../../docs/deployment-file.md");
    let examples: Vec<&str> = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 1);
    let filled = |name: &str| Some(name.to_lowercase());
    let manifest = read::manifests("example", examples[0], &filled).expect("a Deployment file").remove(0);
    let options = options();
    let around = Surroundings { present: None, options: Some(&options), clusters: &[] };
    let asked = resolve::asked(&manifest, around).expect("an example that fits");
    assert_eq!(asked.notes, Vec::<String>::new());
    let new = body::create(&merged(&record(json!({})), &asked.edit, Rest::Kept).record).into_value();
    assert_eq!((&new["defaultTaskPodCpu"], &new["resourceQuotaCpu"]), (&json!("0.25"), &json!("10")));
    assert_eq!(
        new["environmentVariables"][1],
        json!({"key": "WAREHOUSE_PASSWORD", "isSecret": true, "value": "warehouse_password"})
    );
}
