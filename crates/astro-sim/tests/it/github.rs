//! GitHub.

use astro_sim::world::builder::{SANDBOX_COMMIT, SANDBOX_GITHUB_TOKEN, SANDBOX_HEAD};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

async fn call(bench: &Bench, method: Method, path: &str, body: Option<Value>) -> Response {
    let url = format!("{}/repos/acme/demo/{path}", bench.sim.github_api_url());
    let request = bench.client.request(method, url).bearer_auth(SANDBOX_GITHUB_TOKEN).header("user-agent", "test");
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    request.send().await.unwrap()
}

#[tokio::test]
async fn comments_are_made_listed_in_pages_changed_and_deleted() {
    let bench = Bench::sandbox().await;
    let mut last = Value::Null;
    for number in 0..35 {
        let made = call(&bench, Method::POST, "issues/1/comments", Some(json!({ "body": format!("comment {number}") }))).await;
        assert_eq!(made.status(), StatusCode::CREATED);
        last = made.json().await.unwrap();
    }
    let first = call(&bench, Method::GET, "issues/1/comments", None).await;
    let link = first.headers()["link"].to_str().unwrap().to_owned();
    assert_eq!(first.json::<Value>().await.unwrap().as_array().unwrap().len(), 30);
    let next = link.split_once('>').unwrap().0.trim_start_matches('<').to_owned();
    assert!(link.contains("rel=\"next\""), "{link}");
    let page = bench.client.get(next).bearer_auth(SANDBOX_GITHUB_TOKEN).header("user-agent", "test").send().await.unwrap();
    assert!(!page.headers()["link"].to_str().unwrap().contains("rel=\"next\""));
    assert_eq!(page.json::<Value>().await.unwrap().as_array().unwrap().len(), 5);
    let path = format!("issues/comments/{}", last["id"]);
    call(&bench, Method::PATCH, &path, Some(json!({ "body": "changed" }))).await;
    assert_eq!(call(&bench, Method::GET, &path, None).await.json::<Value>().await.unwrap()["body"], "changed");
    assert_eq!(call(&bench, Method::DELETE, &path, None).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(call(&bench, Method::GET, &path, None).await.status(), StatusCode::NOT_FOUND);
    for body in [json!({}), json!({ "body": "x".repeat(65_537) })] {
        let refused = call(&bench, Method::POST, "issues/1/comments", Some(body)).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(call(&bench, Method::GET, "issues/9/comments", None).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn tokens_and_their_permissions_are_checked() {
    let bench = Bench::sandbox().await;
    let url = format!("{}/repos/acme/demo/pulls/1", bench.sim.github_api_url());
    let get = || bench.client.get(&url).header("user-agent", "test");
    assert_eq!(get().send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(get().bearer_auth("wrong").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let unnamed = bench.client.get(&url).bearer_auth(SANDBOX_GITHUB_TOKEN).send().await.unwrap();
    assert_eq!(unnamed.status(), StatusCode::FORBIDDEN, "GitHub wants a User-Agent");
    bench.sim.with(|world| world.github.tokens[0].permissions = vec![("issues", "read"), ("statuses", "read")]);
    assert_eq!(call(&bench, Method::GET, "issues/1/comments", None).await.status(), StatusCode::OK);
    let refused = call(&bench, Method::POST, "issues/1/comments", Some(json!({ "body": "x" }))).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(refused.json::<Value>().await.unwrap()["message"], "Resource not accessible by integration");
    let status = call(&bench, Method::POST, &format!("statuses/{SANDBOX_HEAD}"), Some(json!({ "state": "success" }))).await;
    assert_eq!(status.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_commit_status_needs_a_known_commit_a_known_state_and_few_words() {
    let bench = Bench::sandbox().await;
    let post = async |sha: &str, body: Value| call(&bench, Method::POST, &format!("statuses/{sha}"), Some(body)).await.status();
    let good = json!({ "state": "success", "context": "liftoff", "description": "x".repeat(140) });
    assert_eq!(post(SANDBOX_HEAD, good.clone()).await, StatusCode::CREATED);
    assert_eq!(post("3333333333333333333333333333333333333333", good).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(post(SANDBOX_HEAD, json!({ "state": "great" })).await, StatusCode::UNPROCESSABLE_ENTITY);
    let long = json!({ "state": "success", "description": "x".repeat(141) });
    assert_eq!(post(SANDBOX_HEAD, long).await, StatusCode::UNPROCESSABLE_ENTITY);
    let list = call(&bench, Method::GET, &format!("commits/{SANDBOX_HEAD}/statuses"), None).await;
    assert_eq!(list.json::<Value>().await.unwrap()[0]["context"], "liftoff");
}

#[tokio::test]
async fn comparing_tells_the_direction_and_at_most_300_files() {
    let bench = Bench::sandbox().await;
    bench.sim.with(|world| {
        let repository = &mut world.github.repositories[0];
        let names: Vec<_> = (0..301).map(|number| format!("dags/{number:03}.py")).collect();
        let files: Vec<_> = names.iter().map(|name| (name.as_str(), "added")).collect();
        repository.push_commit("main", "4444444444444444444444444444444444444444", &files);
    });
    let compare =
        async |range: &str| call(&bench, Method::GET, &format!("compare/{range}"), None).await.json::<Value>().await.unwrap();
    let ahead = compare(&format!("{SANDBOX_COMMIT}...{SANDBOX_HEAD}")).await;
    assert_eq!((&ahead["status"], &ahead["files"][0]["filename"]), (&json!("ahead"), &json!("dags/example.py")));
    assert_eq!(compare(&format!("{SANDBOX_HEAD}...{SANDBOX_COMMIT}")).await["status"], "behind");
    assert_eq!(compare("main...main").await["status"], "identical");
    let diverged = compare("change...main").await;
    assert_eq!((&diverged["status"], &diverged["behind_by"]), (&json!("diverged"), &json!(1)));
    assert_eq!(diverged["files"].as_array().unwrap().len(), 300);
    assert_eq!(compare("change...main?page=2").await["files"], json!([]));
    let unknown = call(&bench, Method::GET, "compare/main...nothing", None).await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert_eq!(call(&bench, Method::GET, "commits/change", None).await.json::<Value>().await.unwrap()["sha"], SANDBOX_HEAD);
    assert_eq!(call(&bench, Method::GET, "commits/nothing", None).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn enterprise_paths_work_and_what_is_not_simulated_says_so() {
    let bench = Bench::sandbox().await;
    let url = format!("{}/api/v3/repos/acme/demo/pulls/1", bench.sim.github_api_url());
    let pull = bench.client.get(url).bearer_auth(SANDBOX_GITHUB_TOKEN).header("user-agent", "test").send().await.unwrap();
    assert_eq!(pull.json::<Value>().await.unwrap()["head"]["sha"], SANDBOX_HEAD);
    let files = call(&bench, Method::GET, "pulls/1/files", None).await.json::<Value>().await.unwrap();
    assert_eq!(files[0]["status"], "modified");
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
    assert_eq!(call(&bench, Method::POST, "releases", Some(json!({}))).await.status(), StatusCode::NOT_IMPLEMENTED);
    assert_eq!(bench.sim.violations(), ["unknown GitHub route POST /github/repos/acme/demo/releases"]);
}

#[tokio::test]
async fn a_pull_request_is_closed_opened_and_retargeted_but_not_once_it_is_merged() {
    let bench = Bench::sandbox().await;
    let change = async |body: Value| call(&bench, Method::PATCH, "pulls/1", Some(body)).await.status();
    assert_eq!(change(json!({ "state": "closed", "base": "change" })).await, StatusCode::OK);
    let now = call(&bench, Method::GET, "pulls/1", None).await.json::<Value>().await.unwrap();
    assert_eq!((&now["state"], &now["base"]["ref"]), (&json!("closed"), &json!("change")));
    assert_eq!(change(json!({ "state": "open" })).await, StatusCode::OK);
    for wrong in [json!({ "state": "merged" }), json!({ "base": "nowhere" })] {
        assert_eq!(change(wrong).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    bench.sim.with(|world| world.github.repositories[0].pulls[0].merged = true);
    assert_eq!(change(json!({ "state": "open" })).await, StatusCode::UNPROCESSABLE_ENTITY);
}
