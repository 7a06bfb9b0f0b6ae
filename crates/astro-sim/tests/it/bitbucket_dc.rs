//! Bitbucket Data Center.

use astro_sim::world::bitbucket_dc;
use astro_sim::world::builder::{SANDBOX_COMMIT, SANDBOX_HEAD};
use astro_sim::world::commits::ChangedFile;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

const PULL: &str = "rest/api/latest/projects/ACME/repos/demo/pull-requests/1";

async fn raw(bench: &Bench, token: &str, method: Method, path: &str, body: Value) -> Response {
    let mut request = bench.client.request(method, format!("{}/{path}", bench.sim.bitbucket_dc_url()));
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    if !body.is_null() {
        request = request.json(&body);
    }
    request.send().await.unwrap()
}

async fn call(bench: &Bench, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let answer = raw(bench, bitbucket_dc::TOKEN, method, path, body).await;
    (answer.status(), answer.json().await.unwrap_or_default())
}

fn commit(api: &str, rest: &str) -> String {
    format!("rest/{api}/latest/projects/ACME/repos/demo/commits/{SANDBOX_HEAD}/{rest}")
}

#[tokio::test]
async fn comments_are_activities_newest_first_in_pages_with_a_start() {
    let bench = Bench::sandbox().await;
    for number in 0..30 {
        let (status, made) =
            call(&bench, Method::POST, &format!("{PULL}/comments"), json!({ "text": format!("comment {number}") })).await;
        assert_eq!((status, &made["version"]), (StatusCode::CREATED, &json!(0)));
    }
    let (_, page) = call(&bench, Method::GET, &format!("{PULL}/activities"), Value::Null).await;
    assert_eq!(
        (&page["size"], &page["limit"], &page["isLastPage"], &page["nextPageStart"]),
        (&json!(25), &json!(25), &json!(false), &json!(25))
    );
    assert_eq!(
        (&page["values"][0]["action"], &page["values"][0]["comment"]["text"]),
        (&json!("COMMENTED"), &json!("comment 29"))
    );
    let (_, last) = call(&bench, Method::GET, &format!("{PULL}/activities?start=25&limit=5000"), Value::Null).await;
    assert_eq!(
        (&last["size"], &last["limit"], &last["isLastPage"], &last["nextPageStart"]),
        (&json!(6), &json!(1000), &json!(true), &Value::Null)
    );
    assert_eq!(last["values"][5]["action"], "OPENED");
    assert_eq!(call(&bench, Method::GET, &format!("{PULL}/activities?start=-1"), Value::Null).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(
        call(&bench, Method::GET, &format!("{PULL}/comments"), Value::Null).await.0,
        StatusCode::BAD_REQUEST,
        "a path is needed"
    );
    let (status, missing) = call(&bench, Method::GET, &PULL.replace("/1", "/9"), Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(missing["errors"][0]["exceptionName"], "com.atlassian.bitbucket.pull.NoSuchPullRequestException");
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_comment_is_changed_by_its_author_who_knows_its_version() {
    let bench = Bench::sandbox().await;
    let (_, made) = call(&bench, Method::POST, &format!("{PULL}/comments"), json!({ "text": "one" })).await;
    let own = format!("{PULL}/comments/{}", made["id"]);
    let (status, changed) = call(&bench, Method::PUT, &own, json!({ "text": "two", "version": 0 })).await;
    assert_eq!((status, &changed["version"], &changed["text"]), (StatusCode::OK, &json!(1), &json!("two")));
    for (body, expected) in [(json!({ "text": "x", "version": 0 }), 0), (json!({ "text": "x" }), -1)] {
        let (status, refused) = call(&bench, Method::PUT, &own, body).await;
        let error = &refused["errors"][0];
        assert_eq!(
            (status, &error["currentVersion"], &error["expectedVersion"]),
            (StatusCode::CONFLICT, &json!(1), &json!(expected))
        );
        assert_eq!(error["exceptionName"], "com.atlassian.bitbucket.comment.CommentOutOfDateException");
    }
    let other = raw(&bench, bitbucket_dc::OTHER_TOKEN, Method::PUT, &own, json!({ "text": "x", "version": 1 })).await;
    assert_eq!((other.status(), &other.headers()["x-ausername"]), (StatusCode::UNAUTHORIZED, &"ada".parse().unwrap()));
    for text in ["", &"x".repeat(32_769)] {
        let (status, refused) = call(&bench, Method::POST, &format!("{PULL}/comments"), json!({ "text": text })).await;
        assert_eq!((status, &refused["errors"][0]["context"]), (StatusCode::BAD_REQUEST, &json!("text")));
    }
    assert_eq!(
        call(&bench, Method::POST, &format!("{PULL}/comments"), json!({ "text": "x".repeat(32_768) })).await.0,
        StatusCode::CREATED
    );
    assert_eq!(call(&bench, Method::DELETE, &format!("{own}?version=0"), Value::Null).await.0, StatusCode::CONFLICT);
    assert_eq!(call(&bench, Method::DELETE, &format!("{own}?version=1"), Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call(&bench, Method::GET, &own, Value::Null).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_a_header_tells_a_wrong_token_from_a_missing_permission() {
    let bench = Bench::sandbox().await;
    let seen = async |token: &str| {
        let answer = raw(&bench, token, Method::GET, PULL, Value::Null).await;
        let name = answer.headers().get("x-ausername").map(|name| name.to_str().unwrap().to_owned());
        (answer.status().as_u16(), name)
    };
    assert_eq!(seen("").await, (401, None));
    assert_eq!(seen("unknown").await, (401, None));
    assert_eq!(seen(bitbucket_dc::OUTSIDER_TOKEN).await, (401, Some("eve".into())));
    assert_eq!(seen(bitbucket_dc::TOKEN).await, (200, Some("deploy-bot".into())));
    let who = raw(&bench, bitbucket_dc::TOKEN, Method::GET, "plugins/servlet/applinks/whoami", Value::Null).await;
    assert_eq!(who.text().await.unwrap(), "deploy-bot");
    let (_, pull) = call(&bench, Method::GET, &PULL.replace("latest", "1.0"), Value::Null).await;
    assert_eq!((&pull["fromRef"]["latestCommit"], &pull["state"]), (&json!(SANDBOX_HEAD), &json!("OPEN")));
    assert_eq!(call(&bench, Method::GET, &PULL.replace("demo", "none"), Value::Null).await.0, StatusCode::NOT_FOUND);
    let form = bench.client.post(format!("{}/{PULL}/comments", bench.sim.bitbucket_dc_url())).bearer_auth(bitbucket_dc::TOKEN);
    let form = form.header("content-type", "application/x-www-form-urlencoded").body("text=x").send().await.unwrap();
    assert_eq!(form.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
    assert_eq!(call(&bench, Method::GET, &PULL.replace("latest", "2.0"), Value::Null).await.0, StatusCode::NOT_IMPLEMENTED);
    assert_eq!(bench.sim.violations().len(), 1);
}

#[tokio::test]
async fn a_build_needs_a_full_commit_a_key_a_state_and_an_address() {
    let bench = Bench::sandbox().await;
    let path = commit("api", "builds");
    let build = |name: &str, value: Value| {
        let mut build = json!({ "key": "deploy", "state": "INPROGRESS", "url": "https://ci.example.com/1" });
        build[name] = value;
        build
    };
    for (name, value) in [
        ("key", json!("")),
        ("key", "k".repeat(256).into()),
        ("state", json!("PENDING")),
        ("url", Value::Null),
        ("url", format!("https://example.com/{}", "x".repeat(450)).into()),
        ("ref", json!("main")),
    ] {
        let (status, refused) = call(&bench, Method::POST, &path, build(name, value)).await;
        assert_eq!((status, &refused["errors"][0]["context"]), (StatusCode::BAD_REQUEST, &json!(name)));
    }
    for state in ["INPROGRESS", "SUCCESSFUL"] {
        assert_eq!(call(&bench, Method::POST, &path, build("state", state.into())).await, (StatusCode::NO_CONTENT, Value::Null));
    }
    let (_, found) = call(&bench, Method::GET, &format!("{path}?key=deploy"), Value::Null).await;
    assert_eq!((&found["state"], &found["url"]), (&json!("SUCCESSFUL"), &json!("https://ci.example.com/1")));
    assert_eq!(bench.sim.with(|world| world.bitbucket_dc.repositories[0].builds.len()), 1);
    let short = path.replace(SANDBOX_HEAD, &SANDBOX_HEAD[..12]);
    assert_eq!(call(&bench, Method::POST, &short, build("key", "x".into())).await.0, StatusCode::BAD_REQUEST);
    let unknown = path.replace(SANDBOX_HEAD, &"3".repeat(40));
    assert_eq!(call(&bench, Method::POST, &unknown, build("key", "x".into())).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn annotations_come_again_unless_the_report_is_deleted_first() {
    let bench = Bench::sandbox().await;
    let report = commit("insights", "reports/com.example.deploy");
    let add = async |count: usize| {
        let one = json!({ "message": "x", "severity": "LOW", "path": "dags/a.py", "line": 1 });
        let body = json!({ "annotations": vec![one; count] });
        call(&bench, Method::POST, &format!("{report}/annotations"), body).await.0
    };
    assert_eq!(add(1).await, StatusCode::NOT_FOUND, "the report comes first");
    assert_eq!(
        call(&bench, Method::PUT, &report, json!({ "result": "PASS" })).await.0,
        StatusCode::BAD_REQUEST,
        "a title is needed"
    );
    assert_eq!(
        call(&bench, Method::PUT, &report, json!({ "title": "Deploy", "result": "PASSED" })).await.0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(call(&bench, Method::PUT, &report, json!({ "title": "Deploy", "result": "PASS" })).await.0, StatusCode::OK);
    let other = raw(&bench, bitbucket_dc::OTHER_TOKEN, Method::PUT, &report, json!({ "title": "Mine" })).await;
    assert_eq!(other.status(), StatusCode::UNAUTHORIZED);
    assert_eq!((add(600).await, add(401).await), (StatusCode::NO_CONTENT, StatusCode::BAD_REQUEST));
    let count = || bench.sim.with(|world| world.bitbucket_dc.repositories[0].reports[0].annotations.len());
    assert_eq!(count(), 600, "none of those that were too many");
    assert_eq!((add(400).await, count()), (StatusCode::NO_CONTENT, 1000), "the same ones again");
    let wrong = json!({ "annotations": [{ "message": "x", "severity": "CRITICAL" }] });
    assert_eq!(call(&bench, Method::POST, &format!("{report}/annotations"), wrong).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(call(&bench, Method::DELETE, &format!("{report}/annotations"), Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(count(), 0);
    assert_eq!(call(&bench, Method::DELETE, &report, Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call(&bench, Method::GET, &report, Value::Null).await.0, StatusCode::NOT_FOUND);
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn comparing_lists_what_the_first_commit_has_and_stops_silently_at_a_thousand() {
    let bench = Bench::sandbox().await;
    bench.sim.with(|world| {
        let graph = &mut world.bitbucket_dc.repositories[0].graph;
        let moved =
            ChangedFile { path: "dags/new.py".into(), status: "renamed".into(), previous: Some("dags/example.py".into()) };
        graph.push_files("change", &"5".repeat(40), vec![moved]);
        let names: Vec<_> = (0..1001).map(|number| format!("dags/{number:04}.py")).collect();
        let files: Vec<_> = names.iter().map(|name| (name.as_str(), "added")).collect();
        graph.push("main", &"6".repeat(40), &files);
    });
    let compare = async |query: &str| {
        call(&bench, Method::GET, &format!("rest/api/latest/projects/ACME/repos/demo/compare/changes?{query}"), Value::Null).await
    };
    let (_, page) = compare(&format!("from=refs/heads/change&to={SANDBOX_COMMIT}")).await;
    let change = &page["values"][0];
    assert_eq!(
        (&page["size"], &change["type"], &change["path"]["toString"], &change["srcPath"]["toString"]),
        (&json!(1), &json!("MOVE"), &json!("dags/new.py"), &json!("dags/example.py"))
    );
    assert_eq!(compare(&format!("from={SANDBOX_COMMIT}&to=change")).await.1["size"], 0, "the older one has nothing of its own");
    let (_, many) = compare("from=main&to=change&limit=1000").await;
    assert_eq!((&many["size"], &many["isLastPage"]), (&json!(1000), &json!(true)));
    let (_, second) = compare("from=main&to=change&start=25").await;
    assert_eq!((&second["values"][0]["path"]["name"], &second["nextPageStart"]), (&json!("0025.py"), &json!(50)));
    let (status, missing) = compare("from=gone&to=change").await;
    assert_eq!(
        (status, &missing["errors"][0]["exceptionName"]),
        (StatusCode::NOT_FOUND, &json!("com.atlassian.bitbucket.commit.NoSuchCommitException"))
    );
}

#[tokio::test]
async fn a_commit_knows_its_pull_requests_and_two_what_lies_between_them() {
    let bench = Bench::sandbox().await;
    let (_, found) = call(&bench, Method::GET, &commit("api", "pull-requests"), Value::Null).await;
    assert_eq!((&found["values"][0]["id"], &found["values"][0]["state"]), (&json!(1), &json!("OPEN")));
    let between = async |from: &str, to: &str| {
        let path = format!("rest/api/latest/projects/ACME/repos/demo/compare/commits?from={from}&to={to}&limit=1");
        call(&bench, Method::GET, &path, Value::Null).await.1["values"].clone()
    };
    assert_eq!(between("change", "main").await[0]["id"], SANDBOX_HEAD);
    assert_eq!(between("main", "change").await, json!([]));
}
