//! Bitbucket Cloud.

use astro_sim::world::bitbucket;
use astro_sim::world::builder::{SANDBOX_COMMIT, SANDBOX_HEAD};
use astro_sim::world::commits::ChangedFile;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

const COMMENTS: &str = "repositories/acme/demo/pullrequests/1/comments";

/// Calls with an access token and returns status and JSON.
async fn call_as(bench: &Bench, token: &str, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let request = bench.client.request(method, format!("{}/{path}", bench.sim.bitbucket_api_url()));
    sent(if token.is_empty() { request } else { request.bearer_auth(token) }, body).await
}

async fn sent(request: reqwest::RequestBuilder, body: Value) -> (StatusCode, Value) {
    let request = if body.is_null() { request } else { request.json(&body) };
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn call(bench: &Bench, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    call_as(bench, bitbucket::TOKEN, method, path, body).await
}

fn said(text: &str) -> Value {
    json!({ "content": { "raw": text } })
}

fn commit(rest: &str) -> String {
    format!("repositories/acme/demo/commit/{SANDBOX_HEAD}/{rest}")
}

#[tokio::test]
async fn comments_are_listed_oldest_first_by_next_addresses_the_deleted_ones_too() {
    let bench = Bench::sandbox().await;
    let mut first = Value::Null;
    for number in 0..12 {
        let (status, made) = call(&bench, Method::POST, COMMENTS, said(&format!("comment {number}"))).await;
        assert_eq!((status, &made["user"]["display_name"]), (StatusCode::CREATED, &json!("deploy-bot")));
        if number == 0 {
            first = made;
        }
    }
    let own = format!("{COMMENTS}/{}", first["id"]);
    assert_eq!(call(&bench, Method::DELETE, &own, Value::Null).await.0, StatusCode::NO_CONTENT);
    let (_, page) = call(&bench, Method::GET, COMMENTS, Value::Null).await;
    assert_eq!((page["values"].as_array().unwrap().len(), &page["size"], &page["pagelen"]), (10, &json!(12), &json!(10)));
    assert_eq!((&page["values"][0]["deleted"], &page["values"][0]["content"]["raw"]), (&json!(true), &json!("")));
    let (_, next) = sent(bench.client.get(page["next"].as_str().unwrap()).bearer_auth(bitbucket::TOKEN), Value::Null).await;
    assert_eq!((&next["values"][1]["content"]["raw"], next.get("next")), (&json!("comment 11"), None));
    assert!(next["previous"].as_str().unwrap().ends_with("pagelen=10&page=1"), "{next}");
    for (query, status) in [("?pagelen=101", 400), ("?pagelen=0", 400), ("?page=x", 404), ("?pagelen=100", 200)] {
        assert_eq!(call(&bench, Method::GET, &format!("{COMMENTS}{query}"), Value::Null).await.0, status, "{query}");
    }
    assert_eq!(call(&bench, Method::PUT, &own, said("x")).await.0, StatusCode::NOT_FOUND, "what is gone cannot be changed");
    assert_eq!(call(&bench, Method::GET, &COMMENTS.replace("/1/", "/9/"), Value::Null).await.0, StatusCode::NOT_FOUND);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
    let (status, _) = call(&bench, Method::GET, &format!("{COMMENTS}?q=deleted%3Dfalse"), Value::Null).await;
    assert_eq!((status, bench.sim.violations().len()), (StatusCode::NOT_IMPLEMENTED, 1));
}

#[tokio::test]
async fn a_comment_is_changed_by_its_author_and_has_a_limit() {
    let bench = Bench::sandbox().await;
    let (_, made) = call(&bench, Method::POST, COMMENTS, said("one")).await;
    let own = format!("{COMMENTS}/{}", made["id"]);
    assert_eq!(call(&bench, Method::PUT, &own, said("two")).await.1["content"]["raw"], "two");
    let user = bench.client.put(format!("{}/{own}", bench.sim.bitbucket_api_url()));
    let (status, _) = sent(user.basic_auth(bitbucket::API_EMAIL, Some(bitbucket::API_TOKEN)), said("three")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(call(&bench, Method::GET, &own, Value::Null).await.1["content"]["raw"], "two");
    assert_eq!(call(&bench, Method::POST, COMMENTS, said(&"é".repeat(32_768))).await.0, StatusCode::CREATED);
    for body in [said(&"x".repeat(32_769)), said(""), json!({ "content": {} }), json!({ "text": "x" })] {
        let (status, refused) = call(&bench, Method::POST, COMMENTS, body).await;
        assert_eq!((status, &refused["type"]), (StatusCode::BAD_REQUEST, &json!("error")));
        assert!(refused["error"]["fields"].is_object(), "{refused}");
    }
}

#[tokio::test]
async fn tokens_scopes_and_reach_are_checked() {
    let bench = Bench::sandbox().await;
    let pull = "repositories/acme/demo/pullrequests/1";
    for (token, on_pull, on_code) in [
        ("", 404, 404),
        ("unknown", 401, 401),
        (bitbucket::API_TOKEN, 401, 401),
        (bitbucket::CODE_TOKEN, 403, 200),
        (bitbucket::OUTSIDER_TOKEN, 404, 404),
        (bitbucket::TOKEN, 200, 200),
    ] {
        assert_eq!(call_as(&bench, token, Method::GET, pull, Value::Null).await.0, on_pull, "{token}");
        assert_eq!(call_as(&bench, token, Method::GET, &commit("statuses"), Value::Null).await.0, on_code, "{token}");
    }
    let (_, refused) = call_as(&bench, bitbucket::CODE_TOKEN, Method::GET, pull, Value::Null).await;
    assert_eq!(refused["error"]["detail"], json!({ "granted": ["repository"], "required": ["pullrequest"] }));
    assert_eq!(call(&bench, Method::GET, "user", Value::Null).await.0, StatusCode::FORBIDDEN, "an access token has no account");
    let user = bench.client.get(format!("{}/user", bench.sim.bitbucket_api_url()));
    let (status, user) = sent(user.basic_auth(bitbucket::API_EMAIL, Some(bitbucket::API_TOKEN)), Value::Null).await;
    assert_eq!((status, &user["nickname"]), (StatusCode::OK, &json!("ada")));
    let (_, found) = call(&bench, Method::GET, pull, Value::Null).await;
    assert_eq!(
        (&found["state"], &found["source"]["commit"]["hash"], &found["destination"]["branch"]["name"]),
        (&json!("OPEN"), &json!(&SANDBOX_HEAD[..12]), &json!("main"))
    );
    let form = bench.client.post(format!("{}/{COMMENTS}", bench.sim.bitbucket_api_url())).bearer_auth(bitbucket::TOKEN);
    let form = form.header("content-type", "application/x-www-form-urlencoded").body("content=x").send().await.unwrap();
    assert_eq!(form.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(call(&bench, Method::GET, "repositories/acme/demo/src", Value::Null).await.0, StatusCode::NOT_IMPLEMENTED);
    assert_eq!(bench.sim.violations(), ["unknown Bitbucket route GET /bitbucket/2.0/repositories/acme/demo/src"]);
}

#[tokio::test]
async fn a_build_status_needs_a_short_key_a_state_and_an_address() {
    let bench = Bench::sandbox().await;
    let path = commit("statuses/build");
    let status = |name: &str, value: Value| {
        let mut status = json!({ "key": "deploy", "state": "INPROGRESS", "url": "https://ci.example.com/1" });
        status[name] = value;
        status
    };
    for (body, why) in [
        (status("key", "k".repeat(41).into()), "key: Ensure this value has at most 40 characters (it has 41)."),
        (status("url", Value::Null), "url: This field is required."),
        (status("url", "ftp://x".into()), "url: Enter a valid URL."),
        (status("state", "PENDING".into()), "state: \"PENDING\" is not a valid choice."),
        (
            status("description", "x".repeat(256).into()),
            "description: Ensure this value has at most 255 characters (it has 256).",
        ),
    ] {
        let (code, refused) = call(&bench, Method::POST, &path, body).await;
        assert_eq!((code, refused["error"]["message"].as_str()), (StatusCode::BAD_REQUEST, Some(why)));
    }
    for state in ["INPROGRESS", "SUCCESSFUL"] {
        // The vendor's own example ends with a slash.
        let (code, made) = call(&bench, Method::POST, &format!("{path}/"), status("state", state.into())).await;
        assert_eq!((code, &made["state"], &made["type"]), (StatusCode::CREATED, &json!(state), &json!("build")));
    }
    let (_, list) = call(&bench, Method::GET, &commit("statuses"), Value::Null).await;
    assert_eq!((&list["size"], &list["values"][0]["state"]), (&json!(1), &json!("SUCCESSFUL")));
    let elsewhere = path.replace(SANDBOX_HEAD, &"3".repeat(40));
    assert_eq!(call(&bench, Method::POST, &elsewhere, status("name", "x".into())).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_report_takes_a_hundred_annotations_at_once_and_a_thousand_in_all() {
    let bench = Bench::sandbox().await;
    let report = commit("reports/deploy");
    let fields = json!({ "title": "Deploy", "details": "One DAG", "report_type": "BUG", "result": "PASSED" });
    let annotations = |from: usize, to: usize| -> Value {
        let one = |number| json!({ "external_id": format!("a{number}"), "annotation_type": "BUG", "summary": "x", "severity": "LOW", "path": "dags/a.py", "line": 1 });
        (from..to).map(one).collect()
    };
    let add = async |list: Value| call(&bench, Method::POST, &format!("{report}/annotations"), list).await;
    assert_eq!(add(annotations(0, 1)).await.0, StatusCode::NOT_FOUND, "the report comes first");
    for name in ["title", "details", "report_type"] {
        let mut body = fields.clone();
        body[name] = Value::Null;
        assert_eq!(call(&bench, Method::PUT, &report, body).await.0, StatusCode::BAD_REQUEST, "{name}");
    }
    let (status, made) = call(&bench, Method::PUT, &report, fields).await;
    assert_eq!((status, &made["external_id"]), (StatusCode::OK, &json!("deploy")));
    assert_eq!(add(annotations(0, 101)).await.0, StatusCode::BAD_REQUEST);
    for hundred in 0..10 {
        assert_eq!(add(annotations(hundred * 100, hundred * 100 + 100)).await.0, StatusCode::OK);
    }
    assert_eq!(add(annotations(0, 100)).await.0, StatusCode::OK, "the same ones only change");
    assert_eq!(add(annotations(1000, 1001)).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(
        add(json!([{ "external_id": "b", "annotation_type": "BUG", "summary": "x", "severity": "HUGE" }])).await.0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(call(&bench, Method::GET, &format!("{report}/annotations"), Value::Null).await.1["size"], 1000);
    assert_eq!(call(&bench, Method::DELETE, &report, Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call(&bench, Method::GET, &report, Value::Null).await.0, StatusCode::NOT_FOUND);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_diffstat_names_the_changed_commit_first_and_has_three_ways() {
    let bench = Bench::sandbox().await;
    let (side, renamed) = ("4".repeat(40), "5".repeat(40));
    bench.sim.with(|world| {
        let graph = &mut world.bitbucket.repositories[0].graph;
        graph.push("main", &side, &[("README.md", "added")]);
        let moved =
            ChangedFile { path: "dags/new.py".into(), status: "renamed".into(), previous: Some("dags/example.py".into()) };
        graph.push_files("change", &renamed, vec![moved]);
    });
    let files = async |spec: &str| {
        let (_, page) = call(&bench, Method::GET, &format!("repositories/acme/demo/diffstat/{spec}"), Value::Null).await;
        let path = |side: &Value| side["path"].as_str().unwrap_or("-").to_owned();
        let file = |file: &Value| format!("{} {} {}", file["status"].as_str().unwrap(), path(&file["old"]), path(&file["new"]));
        page["values"].as_array().unwrap().iter().map(file).collect::<Vec<_>>()
    };
    let moved = "renamed dags/example.py dags/new.py";
    assert_eq!(files(&format!("change..{SANDBOX_COMMIT}?topic=false")).await, [moved]);
    assert_eq!(
        files(&format!("{SANDBOX_COMMIT}..change?topic=false")).await,
        ["renamed dags/new.py dags/example.py"],
        "the other way round"
    );
    assert_eq!(files("change..main?topic=true").await, [moved]);
    assert_eq!(files("change..main").await, [moved], "merging is what happens unless told otherwise");
    assert_eq!(files("change..main?topic=false").await, ["removed README.md -", moved]);
    assert_eq!(files("change..main?renames=false").await, ["removed dags/example.py -", "added - dags/new.py"]);
    assert_eq!(files(&side).await, ["added - README.md"], "one commit is compared with its parent");
    for (spec, status) in [("change..main?topic=true&merge=true", 400), ("change..gone", 404), ("change..main?pagelen=5001", 400)]
    {
        assert_eq!(
            call(&bench, Method::GET, &format!("repositories/acme/demo/diffstat/{spec}"), Value::Null).await.0,
            status,
            "{spec}"
        );
    }
    let (_, page) =
        call(&bench, Method::GET, "repositories/acme/demo/diffstat/change..main?topic=false&pagelen=1", Value::Null).await;
    assert!(page["next"].as_str().unwrap().contains("diffstat/change..main?topic=false&pagelen=1&page=2"), "{page}");
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_commit_knows_its_pull_requests_where_the_app_is_there() {
    let bench = Bench::sandbox().await;
    let (_, found) = call(&bench, Method::GET, &commit("pullrequests"), Value::Null).await;
    assert_eq!((&found["values"][0]["id"], &found["values"][0]["state"]), (&json!(1), &Value::Null), "a short one");
    bench.sim.with(|world| world.bitbucket.repositories[0].links_commits = false);
    assert_eq!(call(&bench, Method::GET, &commit("pullrequests"), Value::Null).await.0, StatusCode::NOT_FOUND);
    let base = format!("repositories/acme/demo/merge-base/main..{SANDBOX_HEAD}");
    assert_eq!(call(&bench, Method::GET, &base, Value::Null).await.1["hash"], SANDBOX_COMMIT);
    let short = format!("repositories/acme/demo/commit/{}", SANDBOX_HEAD.get(..12).unwrap());
    assert_eq!(call(&bench, Method::GET, &short, Value::Null).await.1["hash"], SANDBOX_HEAD);
}
