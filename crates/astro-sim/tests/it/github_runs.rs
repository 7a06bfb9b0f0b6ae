//! GitHub's deployments and check runs, and whose token asks.

use astro_sim::world::builder::{SANDBOX_COMMIT, SANDBOX_GITHUB_TOKEN, SANDBOX_HEAD};
use astro_sim::world::github::{GitHubToken, USUAL_PERMISSIONS};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

/// A newer commit of the default branch, which the pull request's branch lacks.
const NEWER: &str = "4444444444444444444444444444444444444444";

async fn ask(bench: &Bench, token: &str, call: (Method, &str), body: Option<Value>) -> (StatusCode, Value) {
    let (method, path) = call;
    let url = format!("{}/{path}", bench.sim.github_api_url());
    let request = bench.client.request(method, url).bearer_auth(token).header("user-agent", "test");
    let request = if let Some(body) = body { request.json(&body) } else { request };
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn get(bench: &Bench, path: &str) -> (StatusCode, Value) {
    ask(bench, SANDBOX_GITHUB_TOKEN, (Method::GET, &format!("repos/acme/demo/{path}")), None).await
}

async fn post(bench: &Bench, path: &str, body: Value) -> (StatusCode, Value) {
    ask(bench, SANDBOX_GITHUB_TOKEN, (Method::POST, &format!("repos/acme/demo/{path}")), Some(body)).await
}

async fn deploy(bench: &Bench, environment: &str, transient: bool) -> u64 {
    let body = json!({
        "ref": SANDBOX_HEAD, "environment": environment, "transient_environment": transient, "required_contexts": [],
        "auto_merge": false, "payload": { "deploy": 1 },
    });
    let (status, made) = post(bench, "deployments", body).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    made["id"].as_u64().unwrap()
}

async fn states(bench: &Bench, deployment: u64) -> Vec<String> {
    let (_, list) = get(bench, &format!("deployments/{deployment}/statuses")).await;
    list.as_array().unwrap().iter().map(|status| status["state"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_deployment_is_made_found_by_environment_and_commit_and_gets_states() {
    let bench = Bench::sandbox().await;
    let id = deploy(&bench, "dev", false).await;
    deploy(&bench, "production", false).await;
    let (_, found) = get(&bench, &format!("deployments?environment=dev&sha={SANDBOX_HEAD}")).await;
    let found = found.as_array().unwrap();
    assert_eq!((found.len(), &found[0]["id"], &found[0]["payload"]), (1, &json!(id), &json!({ "deploy": 1 })));
    assert_eq!((&found[0]["production_environment"], &found[0]["task"]), (&json!(false), &json!("deploy")));
    let (_, all) = get(&bench, "deployments").await;
    assert_eq!((&all[0]["environment"], &all[0]["production_environment"]), (&json!("production"), &json!(true)), "newest first");
    let path = format!("deployments/{id}/statuses");
    for state in ["queued", "in_progress", "success"] {
        let log = "https://ci.example.com/1";
        let body = json!({ "state": state, "log_url": log, "description": "x".repeat(140), "environment_url": "" });
        let (status, made) = post(&bench, &path, body).await;
        assert_eq!((status, &made["target_url"], &made["environment"]), (StatusCode::CREATED, &json!(log), &json!("dev")));
    }
    assert_eq!(states(&bench, id).await, ["success", "in_progress", "queued"], "newest first");
    for wrong in [
        json!({ "state": "great" }),
        json!({}),
        json!({ "state": "success", "description": "x".repeat(141) }),
        json!({ "state": "success", "log_url": "ftp://ci.example.com" }),
        json!({ "state": "success", "environment_url": "javascript:alert(1)" }),
        json!({ "state": "success", "auto_inactive": "no" }),
    ] {
        assert_eq!(post(&bench, &path, wrong.clone()).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert_eq!(post(&bench, "deployments/999/statuses", json!({ "state": "success" })).await.0, StatusCode::NOT_FOUND);
    for wrong in [json!({}), json!({ "ref": "nothing" }), json!({ "ref": "main", "description": "x".repeat(141) })] {
        assert_eq!(post(&bench, "deployments", wrong.clone()).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_success_ends_earlier_successes_of_its_environment_unless_they_are_production_or_transient() {
    let bench = Bench::sandbox().await;
    let (old, other, production) =
        (deploy(&bench, "dev", false).await, deploy(&bench, "qa", false).await, deploy(&bench, "production", false).await);
    let (transient, failed) = (deploy(&bench, "dev", true).await, deploy(&bench, "dev", false).await);
    let set = async |id: u64, body: Value| post(&bench, &format!("deployments/{id}/statuses"), body).await;
    for id in [old, other, production, transient] {
        set(id, json!({ "state": "success", "auto_inactive": false })).await;
    }
    set(failed, json!({ "state": "failure" })).await;
    let new = deploy(&bench, "dev", false).await;
    set(new, json!({ "state": "success" })).await;
    set(deploy(&bench, "production", false).await, json!({ "state": "success" })).await;
    assert_eq!(states(&bench, old).await, ["inactive", "success"]);
    for (id, expected) in
        [(other, "success"), (production, "success"), (transient, "success"), (failed, "failure"), (new, "success")]
    {
        assert_eq!(states(&bench, id).await, [expected]);
    }
}

#[tokio::test]
async fn checks_that_have_not_succeeded_and_a_branch_that_is_behind_stop_a_deployment() {
    let bench = Bench::sandbox().await;
    let status = |state: &str| json!({ "state": state, "context": "tests" });
    post(&bench, &format!("statuses/{SANDBOX_HEAD}"), status("pending")).await;
    let by_sha = |contexts: Value| json!({ "ref": SANDBOX_HEAD, "auto_merge": false, "required_contexts": contexts });
    let (code, conflict) = post(&bench, "deployments", json!({ "ref": SANDBOX_HEAD })).await;
    assert_eq!((code, &conflict["errors"][0]["contexts"][0]["state"]), (StatusCode::CONFLICT, &json!("pending")));
    assert_eq!(post(&bench, "deployments", by_sha(json!(["absent"]))).await.0, StatusCode::CONFLICT);
    assert_eq!(post(&bench, "deployments", by_sha(json!([]))).await.0, StatusCode::CREATED);
    post(&bench, &format!("statuses/{SANDBOX_HEAD}"), status("success")).await;
    assert_eq!(post(&bench, "deployments", json!({ "ref": SANDBOX_HEAD })).await.0, StatusCode::CREATED);

    bench.sim.with(|world| world.github.repositories[0].push_commit("main", NEWER, &[("dags/other.py", "added")]));
    let by_branch = |merge: bool| json!({ "ref": "change", "auto_merge": merge, "required_contexts": [] });
    assert_eq!(post(&bench, "deployments", by_branch(false)).await.0, StatusCode::CREATED);
    let (code, merged) = post(&bench, "deployments", by_branch(true)).await;
    assert_eq!((code, &merged["message"]), (StatusCode::ACCEPTED, &json!("Auto-merged main into change on deployment.")));
    assert_eq!(post(&bench, "deployments", by_branch(true)).await.0, StatusCode::CREATED, "it is no longer behind");
    let conflicting = "5555555555555555555555555555555555555555";
    bench.sim.with(|world| world.github.repositories[0].push_commit("main", conflicting, &[("dags/example.py", "modified")]));
    let (code, conflict) = post(&bench, "deployments", by_branch(true)).await;
    assert_eq!((code, &conflict["message"]), (StatusCode::CONFLICT, &json!("Conflict merging main into change.")));
}

#[tokio::test]
async fn check_runs_collect_annotations_within_their_limits() {
    let bench = Bench::sandbox().await;
    let note = |line: u64| json!({ "path": "dags/example.py", "start_line": line, "end_line": line, "annotation_level": "failure", "message": "no" });
    let notes = |count: u64| (1..=count).map(note).collect::<Vec<_>>();
    let run = |output: Value| json!({ "name": "liftoff", "head_sha": SANDBOX_HEAD, "status": "in_progress", "output": output });
    let output = |count: u64| json!({ "title": "t", "summary": "s", "annotations": notes(count) });
    let (status, made) = post(&bench, "check-runs", run(output(50))).await;
    assert_eq!((status, &made["output"]["annotations_count"]), (StatusCode::CREATED, &json!(50)));
    let path = format!("repos/acme/demo/check-runs/{}", made["id"]);
    let patch = async |body: Value| ask(&bench, SANDBOX_GITHUB_TOKEN, (Method::PATCH, &path), Some(body)).await;
    let (status, changed) = patch(json!({ "conclusion": "failure", "output": output(3) })).await;
    assert_eq!((status, &changed["status"], &changed["conclusion"]), (StatusCode::OK, &json!("completed"), &json!("failure")));
    let (_, page) = get(&bench, &format!("check-runs/{}/annotations?per_page=100", made["id"])).await;
    assert_eq!((page.as_array().unwrap().len(), &page[52]["start_line"]), (53, &json!(3)));
    let (_, listed) = get(&bench, "commits/change/check-runs").await;
    assert_eq!((&listed["total_count"], &listed["check_runs"][0]["name"]), (&json!(1), &json!("liftoff")));

    let annotated = |annotation: Value| run(json!({ "title": "t", "summary": "s", "annotations": [annotation] }));
    let with = |key: &str, value: Value| {
        let mut annotation = note(2);
        annotation[key] = value;
        annotated(annotation)
    };
    for wrong in [
        run(output(51)),
        run(json!({ "title": "t" })),
        run(json!({ "summary": "s" })),
        run(json!({ "title": "t", "summary": "x".repeat(65_536) })),
        with("annotation_level", json!("bad")),
        with("start_line", json!(0)),
        with("end_line", json!(1)),
        with("title", json!("x".repeat(256))),
        with("message", json!("x".repeat(65_537))),
        json!({ "name": "liftoff" }),
        json!({ "head_sha": SANDBOX_HEAD }),
        json!({ "name": "liftoff", "head_sha": NEWER }),
        json!({ "name": "liftoff", "head_sha": SANDBOX_HEAD, "status": "completed" }),
        json!({ "name": "liftoff", "head_sha": SANDBOX_HEAD, "conclusion": "stale" }),
    ] {
        assert_eq!(post(&bench, "check-runs", wrong.clone()).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{wrong:.200}");
    }
    assert_eq!(patch(json!({ "output": { "title": "no summary" } })).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_personal_token_is_somebody_and_has_no_check_runs() {
    let bench = Bench::sandbox().await;
    bench.sim.with(|world| world.github.tokens.push(GitHubToken::of_person("ghp_ada", "ada", &USUAL_PERMISSIONS)));
    let as_ada = async |method: Method, path: &str, body: Option<Value>| ask(&bench, "ghp_ada", (method, path), body).await;
    assert_eq!(as_ada(Method::GET, "user", None).await.1["login"], "ada");
    let (status, refused) = ask(&bench, SANDBOX_GITHUB_TOKEN, (Method::GET, "user"), None).await;
    assert_eq!((status, &refused["message"]), (StatusCode::FORBIDDEN, &json!("Resource not accessible by integration")));
    let check = json!({ "name": "liftoff", "head_sha": SANDBOX_HEAD });
    let (status, refused) = as_ada(Method::POST, "repos/acme/demo/check-runs", Some(check)).await;
    assert_eq!((status, &refused["message"]), (StatusCode::FORBIDDEN, &json!("You must authenticate via a GitHub App.")));
    let comment = json!({ "body": "hello" });
    let (_, made) = as_ada(Method::POST, "repos/acme/demo/issues/1/comments", Some(comment.clone())).await;
    assert_eq!((&made["user"]["login"], &made["user"]["type"]), (&json!("ada"), &json!("User")));
    assert_eq!(post(&bench, "issues/1/comments", comment).await.1["user"]["type"], "Bot");
    bench.sim.with(|world| world.github.tokens[0].permissions = vec![("deployments", "read")]);
    let refused = post(&bench, "deployments", json!({ "ref": "main" })).await;
    assert_eq!((refused.0, get(&bench, "deployments").await.0), (StatusCode::FORBIDDEN, StatusCode::OK));
}

#[tokio::test]
async fn the_pull_requests_of_a_commit_are_the_open_ones_until_one_is_merged() {
    let bench = Bench::sandbox().await;
    let numbers = async |sha: &str| {
        let (_, list) = get(&bench, &format!("commits/{sha}/pulls")).await;
        list.as_array().unwrap().iter().map(|pull| pull["number"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((numbers(SANDBOX_HEAD).await, numbers(SANDBOX_COMMIT).await), (vec![1], vec![]));
    bench.sim.with(|world| {
        let repository = &mut world.github.repositories[0];
        let mut second = repository.pulls[0].clone();
        second.number = 2;
        repository.pulls.push(second);
        repository.pulls[0].merged = true;
        repository.pulls[0].state = "closed".into();
        repository.graph.refs.insert("main".into(), SANDBOX_HEAD.into());
    });
    assert_eq!(numbers(SANDBOX_HEAD).await, [1]);
    assert_eq!(get(&bench, &format!("commits/{NEWER}/pulls")).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}
