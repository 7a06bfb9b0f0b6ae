//! Gitea and Forgejo.

use astro_sim::world::builder::{SANDBOX_COMMIT, SANDBOX_HEAD};
use astro_sim::world::builder_gitea::{SANDBOX_GITEA_READER_TOKEN, SANDBOX_GITEA_TOKEN};
use astro_sim::world::commits::ChangedFile;
use astro_sim::world::gitea::{Access, Flavour};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

async fn call(bench: &Bench, token: &str, (method, path): (Method, &str), body: Option<Value>) -> Response {
    let url = format!("{}/{path}", bench.sim.gitea_api_url());
    let request = bench.client.request(method, url).header("authorization", format!("token {token}"));
    let request = if let Some(body) = body { request.json(&body) } else { request };
    request.send().await.unwrap()
}

async fn get(bench: &Bench, path: &str) -> Response {
    call(bench, SANDBOX_GITEA_TOKEN, (Method::GET, &format!("repos/acme/demo/{path}")), None).await
}

async fn post(bench: &Bench, path: &str, body: Value) -> Response {
    call(bench, SANDBOX_GITEA_TOKEN, (Method::POST, &format!("repos/acme/demo/{path}")), Some(body)).await
}

async fn json_of(answer: Response) -> Value {
    answer.json().await.unwrap()
}

#[tokio::test]
async fn comments_come_all_at_once_and_can_be_limited_by_time() {
    let bench = Bench::sandbox().await;
    for number in 0..60 {
        let made = post(&bench, "issues/1/comments", json!({ "body": format!("comment {number}") })).await;
        assert_eq!(made.status(), StatusCode::CREATED);
    }
    let list = get(&bench, "issues/1/comments?limit=5&page=2").await;
    assert_eq!((list.headers()["x-total-count"].to_str().unwrap(), list.headers().get("link")), ("60", None));
    let list = json_of(list).await;
    assert_eq!((list.as_array().unwrap().len(), &list[59]["body"]), (60, &json!("comment 59")));
    assert_eq!(list[0]["user"]["login"], "liftoff-bot");
    let count =
        async |query: &str| json_of(get(&bench, &format!("issues/1/comments?{query}")).await).await.as_array().unwrap().len();
    assert_eq!((count("before=2020-01-01T00:00:00Z").await, count("since=2020-01-01T00:00:00Z").await), (0, 60));
    assert_eq!(get(&bench, "issues/1/comments?since=yesterday").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    for wrong in [json!({}), json!({ "body": "" })] {
        let refused = post(&bench, "issues/1/comments", wrong).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let refused = json_of(refused).await;
        assert_eq!(refused["message"], "[Body]: Required");
        assert!(refused["url"].as_str().unwrap().ends_with("/gitea/api/swagger"));
    }
    assert_eq!(get(&bench, "issues/9/comments").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_writer_edits_every_comment_and_a_reader_only_his_own() {
    let bench = Bench::sandbox().await;
    let mine = json_of(post(&bench, "issues/1/comments", json!({ "body": "mine" })).await).await;
    let reader = async |method: Method, path: &str, body: Value| {
        call(&bench, SANDBOX_GITEA_READER_TOKEN, (method, &format!("repos/acme/demo/{path}")), Some(body)).await
    };
    let his = json_of(reader(Method::POST, "issues/1/comments", json!({ "body": "his" })).await).await;
    let path = |comment: &Value| format!("issues/comments/{}", comment["id"]);
    let body = json!({ "body": "changed" });
    let refused = reader(Method::PATCH, &path(&mine), body.clone()).await;
    assert_eq!((refused.status(), refused.text().await.unwrap().as_str()), (StatusCode::FORBIDDEN, ""));
    assert_eq!(reader(Method::PATCH, &path(&his), body.clone()).await.status(), StatusCode::OK);
    let edited = call(&bench, SANDBOX_GITEA_TOKEN, (Method::PATCH, &format!("repos/acme/demo/{}", path(&his))), Some(body)).await;
    let edited = json_of(edited).await;
    assert_eq!((&edited["body"], &edited["user"]["login"]), (&json!("changed"), &json!("eve")));
    assert_eq!(json_of(get(&bench, &path(&mine)).await).await["body"], "mine");
    let status = reader(Method::POST, &format!("statuses/{SANDBOX_HEAD}"), json!({ "state": "success" })).await;
    assert_eq!(status.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn tokens_come_in_two_spellings_and_need_the_scope_of_what_they_do() {
    let bench = Bench::sandbox().await;
    let url = format!("{}/user", bench.sim.gitea_api_url());
    let user = bench.client.get(&url).bearer_auth(SANDBOX_GITEA_TOKEN).send().await.unwrap();
    assert_eq!(json_of(user).await["login"], "liftoff-bot");
    let nobody = bench.client.get(&url).send().await.unwrap();
    assert_eq!((nobody.status(), &json_of(nobody).await["message"]), (StatusCode::UNAUTHORIZED, &json!("token is required")));
    let wrong = call(&bench, "wrong", (Method::GET, "user"), None).await;
    let message = json!("invalid username, password or token");
    assert_eq!((wrong.status(), &json_of(wrong).await["message"]), (StatusCode::UNAUTHORIZED, &message));
    bench.sim.with(|world| world.gitea.tokens[0].scopes = vec!["read:issue".into(), "write:repository".into()]);
    assert_eq!(get(&bench, "issues/1/comments").await.status(), StatusCode::OK);
    assert_eq!(get(&bench, "pulls/1").await.status(), StatusCode::OK, "to write includes to read");
    let refused = post(&bench, "issues/1/comments", json!({ "body": "x" })).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let message = "token does not have at least one of required scope(s): [write:issue]";
    assert_eq!(json_of(refused).await["message"], message);
    bench.sim.with(|world| world.gitea.tokens[0].access = Access::None);
    assert_eq!(get(&bench, "pulls/1").await.status(), StatusCode::NOT_FOUND, "a hidden repository looks absent");
}

#[tokio::test]
async fn commit_statuses_and_pull_requests_are_listed_in_pages() {
    let bench = Bench::sandbox().await;
    let set = async |sha: &str, state: &str| {
        post(&bench, &format!("statuses/{sha}"), json!({ "state": state, "context": "liftoff", "description": "d" })).await
    };
    for state in ["pending", "success", "error", "failure", "warning"] {
        let made = set(SANDBOX_HEAD, state).await;
        assert_eq!((made.status(), &json_of(made).await["status"]), (StatusCode::CREATED, &json!(state)));
    }
    assert_eq!(set(SANDBOX_HEAD, "great").await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(set("9999999999999999999999999999999999999999", "success").await.status(), StatusCode::NOT_FOUND);
    let page = get(&bench, "commits/change/statuses?limit=2&page=2").await;
    let link = page.headers()["link"].to_str().unwrap().to_owned();
    assert!(link.contains("limit=2&page=3>; rel=\"next\"") && link.contains("page=1>; rel=\"prev\""), "{link}");
    let page = json_of(page).await;
    assert_eq!((page.as_array().unwrap().len(), &page[0]["status"]), (2, &json!("error")), "newest first");
    let pull = json_of(get(&bench, "pulls/1").await).await;
    assert_eq!((&pull["state"], &pull["merged"], &pull["head"]["sha"]), (&json!("open"), &json!(false), &json!(SANDBOX_HEAD)));
    assert_eq!(json_of(get(&bench, "pulls?state=closed").await).await, json!([]));
    assert_eq!(get(&bench, &format!("commits/{SANDBOX_HEAD}/pull")).await.status(), StatusCode::NOT_FOUND);
    bench.sim.with(|world| world.gitea.repositories[0].pulls[0].merge_commit = Some(SANDBOX_HEAD.into()));
    assert_eq!(json_of(get(&bench, &format!("commits/{SANDBOX_HEAD}/pull")).await).await["number"], 1);
    assert_eq!(get(&bench, "releases").await.status(), StatusCode::NOT_IMPLEMENTED);
    assert_eq!(bench.sim.violations(), ["unknown Gitea route GET /gitea/api/v1/repos/acme/demo/releases"]);
}

#[tokio::test]
async fn a_comparison_lists_the_files_of_each_commit_and_forgejo_lists_them_all_again() {
    let bench = Bench::sandbox().await;
    let newest = "4444444444444444444444444444444444444444";
    bench.sim.with(|world| {
        let graph = &mut world.gitea.repositories[0].graph;
        graph.push("change", newest, &[("dags/example.py", "removed"), ("dags/new.py", "added")]);
        let renamed = ChangedFile { path: "b.py".into(), status: "renamed".into(), previous: Some("a.py".into()) };
        graph.commits.last_mut().unwrap().files.push(renamed);
    });
    let compare = async |range: &str| get(&bench, &format!("compare/{range}")).await;
    let found = json_of(compare(&format!("{SANDBOX_COMMIT}...change")).await).await;
    assert_eq!((&found["total_commits"], &found["commits"][0]["sha"]), (&json!(2), &json!(newest)), "newest first");
    let file = |name: &str, status: &str| json!({ "filename": name, "status": status });
    let last = [file("dags/new.py", "added"), file("b.py", "added"), file("dags/example.py", "removed"), file("a.py", "removed")];
    assert_eq!(found["commits"][0]["files"], json!(last));
    assert_eq!(found["files"], Value::Null);
    bench.sim.with(|world| world.gitea.flavour = Flavour::Forgejo);
    let found = json_of(compare("main...change").await).await;
    let all: Vec<_> = last.into_iter().chain([file("dags/example.py", "modified")]).collect();
    assert_eq!(found["files"], json!(all));
    assert_eq!(json_of(compare("change...main").await).await["total_commits"], 0);
    assert_eq!(compare("main...nothing").await.status(), StatusCode::NOT_FOUND);
}
