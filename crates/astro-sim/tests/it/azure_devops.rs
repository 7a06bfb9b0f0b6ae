//! Azure DevOps.

use astro_sim::world::azure_devops::{Identity, ThreadComment, guid};
use astro_sim::world::builder::{SANDBOX_COMMIT, SANDBOX_HEAD};
use astro_sim::world::builder_azure_devops::{
    SANDBOX_AZURE_PERSONAL_TOKEN, SANDBOX_AZURE_PIPELINE_TOKEN, SANDBOX_AZURE_READER_TOKEN,
};
use astro_sim::world::commits::ChangedFile;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

const REPOSITORY: &str = "acme/data/_apis/git/repositories/demo";

fn request(bench: &Bench, method: Method, path: &str) -> RequestBuilder {
    bench.client.request(method, format!("{}/{path}", bench.sim.azure_devops_url()))
}

async fn ask(bench: &Bench, token: &str, (method, path): (Method, &str), body: Option<Value>) -> (StatusCode, Value) {
    let joint = if path.contains('?') { '&' } else { '?' };
    let request = request(bench, method, &format!("{REPOSITORY}/{path}{joint}api-version=7.1")).basic_auth("", Some(token));
    let request = if let Some(body) = body { request.json(&body) } else { request };
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn get(bench: &Bench, path: &str) -> (StatusCode, Value) {
    ask(bench, SANDBOX_AZURE_PERSONAL_TOKEN, (Method::GET, path), None).await
}

async fn post(bench: &Bench, path: &str, body: Value) -> (StatusCode, Value) {
    ask(bench, SANDBOX_AZURE_PERSONAL_TOKEN, (Method::POST, path), Some(body)).await
}

async fn patch(bench: &Bench, path: &str, body: Value) -> (StatusCode, Value) {
    ask(bench, SANDBOX_AZURE_PERSONAL_TOKEN, (Method::PATCH, path), Some(body)).await
}

async fn kind_of(answer: Response) -> (StatusCode, String) {
    (answer.status(), answer.json::<Value>().await.unwrap()["typeKey"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn threads_are_opened_closed_and_listed_all_at_once() {
    let bench = Bench::sandbox().await;
    let threads = "pullRequests/1/threads";
    let comment = |text: &str| json!({ "parentCommentId": 0, "content": text, "commentType": 1 });
    for number in 0..120 {
        let body = json!({ "comments": [comment(&format!("thread {number}"))], "status": 4 });
        assert_eq!(post(&bench, threads, body).await.0, StatusCode::OK);
    }
    let (_, made) = post(&bench, threads, json!({ "comments": [comment("last")], "status": "active" })).await;
    assert_eq!((&made["status"], &made["comments"][0]["author"]["displayName"]), (&json!("active"), &json!("Ada")));
    assert_eq!((&made["comments"][0]["id"], &made["comments"][0]["commentType"]), (&json!(1), &json!("text")));
    let (_, list) = get(&bench, threads).await;
    assert_eq!((&list["count"], &list["value"][0]["status"]), (&json!(121), &json!("closed")));
    let path = format!("{threads}/{}", made["id"]);
    assert_eq!(patch(&bench, &path, json!({ "status": 2 })).await.1["status"], "fixed");
    let (status, changed) = patch(&bench, &format!("{path}/comments/1"), json!({ "content": "changed" })).await;
    assert_eq!((status, &changed["content"]), (StatusCode::OK, &json!("changed")));
    let (_, reply) = post(&bench, &format!("{path}/comments"), json!({ "parentCommentId": 1, "content": "reply" })).await;
    assert_eq!((&reply["id"], &reply["parentCommentId"]), (&json!(2), &json!(1)));
    assert_eq!(get(&bench, &path).await.1["comments"].as_array().unwrap().len(), 2);
    assert_eq!(post(&bench, threads, json!({ "comments": [comment(&"é".repeat(150_000))] })).await.0, StatusCode::OK);
    for wrong in [
        json!({}),
        json!({ "comments": [] }),
        json!({ "comments": [comment(" ")] }),
        json!({ "comments": [comment(&"x".repeat(150_001))] }),
        json!({ "comments": [comment("x")], "status": "great" }),
        json!({ "comments": [comment("x")], "status": 7 }),
        json!({ "comments": [{ "content": "x", "commentType": "loud" }] }),
        json!({ "comments": [{ "content": "x", "parentCommentId": 3 }] }),
    ] {
        assert_eq!(post(&bench, threads, wrong.clone()).await.0, StatusCode::BAD_REQUEST, "{wrong:.200}");
    }
    for missing in ["pullRequests/9/threads", "pullRequests/1/threads/999"] {
        assert_eq!(get(&bench, missing).await.0, StatusCode::NOT_FOUND);
    }
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn only_the_author_changes_a_comment_and_the_service_tells_who_one_is() {
    let bench = Bench::sandbox().await;
    let (_, made) = post(&bench, "pullRequests/1/threads", json!({ "comments": [{ "content": "ada's" }] })).await;
    bench.sim.with(|world| {
        let thread = &mut world.azure_devops.repositories[0].threads[0];
        let author = Identity { id: guid(3), display_name: "Eve".into() };
        let foreign = ThreadComment { id: 2, author, content: "eve's".into(), ..thread.comments[0].clone() };
        thread.comments.push(foreign);
    });
    let path = format!("pullRequests/1/threads/{}/comments", made["id"]);
    assert_eq!(patch(&bench, &format!("{path}/2"), json!({ "content": "mine" })).await.0, StatusCode::FORBIDDEN);
    assert_eq!(get(&bench, "pullRequests/1/threads").await.1["value"][0]["comments"][1]["content"], "eve's");
    let who = async |version: &str| {
        let path = format!("acme/_apis/connectionData{version}");
        request(&bench, Method::GET, &path).bearer_auth(SANDBOX_AZURE_PIPELINE_TOKEN).send().await.unwrap()
    };
    for version in ["?api-version=7.1-preview.1", ""] {
        let me = who(version).await.json::<Value>().await.unwrap();
        assert_eq!(me["authenticatedUser"]["id"], guid(1), "the vendor's own client names no version: {version}");
    }
    let expected = (StatusCode::BAD_REQUEST, "VssInvalidPreviewVersionException".to_owned());
    assert_eq!(kind_of(who("?api-version=7.1").await).await, expected, "it has never left its preview");
}

#[tokio::test]
async fn statuses_of_commits_and_pull_requests_are_kept_apart() {
    let bench = Bench::sandbox().await;
    let commit = format!("commits/{SANDBOX_HEAD}/statuses");
    let status = |state: Value| json!({ "state": state, "context": { "name": "liftoff", "genre": "dev" }, "description": "d" });
    for state in [json!("pending"), json!(2)] {
        assert_eq!(post(&bench, &commit, status(state)).await.0, StatusCode::OK);
    }
    assert_eq!(post(&bench, "pullRequests/1/statuses", status(json!("failed"))).await.0, StatusCode::OK);
    let (_, list) = get(&bench, &format!("{commit}?latestOnly=true")).await;
    assert_eq!((&list["count"], &list["value"][0]["state"]), (&json!(1), &json!("succeeded")));
    assert_eq!(get(&bench, &format!("{commit}?top=1&skip=1")).await.1["value"][0]["state"], "succeeded");
    assert_eq!(get(&bench, "pullRequests/1/statuses").await.1["value"][0]["state"], "failed");
    for wrong in [status(json!("great")), status(json!(9)), json!({ "state": "failed" }), json!({ "context": { "genre": "x" } })]
    {
        assert_eq!(post(&bench, &commit, wrong.clone()).await.0, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let unknown = "commits/9999999999999999999999999999999999999999/statuses";
    assert_eq!(post(&bench, unknown, status(json!("failed"))).await.0, StatusCode::NOT_FOUND);
    let reader = (Method::POST, commit.as_str());
    let (code, refused) = ask(&bench, SANDBOX_AZURE_READER_TOKEN, reader, Some(status(json!("failed")))).await;
    assert_eq!((code, &refused["typeKey"]), (StatusCode::FORBIDDEN, &json!("GitNeedsPermissionException")));
    let thread = Some(json!({ "comments": [{ "content": "x" }] }));
    let reader = (Method::POST, "pullRequests/1/threads");
    let (code, refused) = ask(&bench, SANDBOX_AZURE_READER_TOKEN, reader, thread).await;
    let words = refused["message"].as_str().unwrap().to_owned();
    assert!(code == StatusCode::FORBIDDEN && words.starts_with("TF401027: You need the Git 'PullRequestContribute'"), "{words}");
}

#[tokio::test]
async fn every_call_names_a_version_that_is_there() {
    let bench = Bench::sandbox().await;
    let pull = async |query: &str, accept: &str| {
        let path = format!("{REPOSITORY}/pullrequests/1{query}");
        let request = request(&bench, Method::GET, &path).basic_auth("any", Some(SANDBOX_AZURE_PERSONAL_TOKEN));
        request.header("accept", accept).send().await.unwrap()
    };
    for (query, accept) in
        [("?api-version=7.1", "*/*"), ("", "application/json;api-version=7.2-preview.2"), ("?api-version=5.0", "*/*")]
    {
        assert_eq!(pull(query, accept).await.status(), StatusCode::OK, "{query} {accept}");
    }
    for (query, kind) in [
        ("", "VssVersionNotSpecifiedException"),
        ("?api-version=7.2", "VssInvalidPreviewVersionException"),
        ("?api-version=9.0", "VssVersionOutOfRangeException"),
        ("?api-version=new", "VssVersionOutOfRangeException"),
    ] {
        assert_eq!(kind_of(pull(query, "*/*").await).await, (StatusCode::BAD_REQUEST, kind.to_owned()), "{query}");
    }
    let (_, pull) = get(&bench, "pullRequests/1").await;
    assert_eq!((&pull["sourceRefName"], &pull["status"]), (&json!("refs/heads/change"), &json!("active")));
    assert_eq!((&pull["lastMergeSourceCommit"]["commitId"], pull.get("forkSource")), (&json!(SANDBOX_HEAD), None));
    bench.sim.with(|world| world.azure_devops.repositories[0].pulls[0].fork = Some("eve-demo".into()));
    assert_eq!(get(&bench, "pullRequests/1").await.1["forkSource"]["repository"]["name"], "eve-demo");
}

#[tokio::test]
async fn a_wrong_token_gets_the_sign_in_page_unless_one_asks_it_not_to_come() {
    let bench = Bench::sandbox().await;
    let threads = format!("{REPOSITORY}/pullRequests/1/threads?api-version=7.1");
    for method in [Method::GET, Method::POST] {
        let wrong = request(&bench, method.clone(), &threads).basic_auth("", Some("wrong")).send().await.unwrap();
        assert_eq!(wrong.status(), StatusCode::NON_AUTHORITATIVE_INFORMATION, "{method}");
        assert!(wrong.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    }
    let bearer = request(&bench, Method::GET, &threads).bearer_auth(SANDBOX_AZURE_PERSONAL_TOKEN).send().await.unwrap();
    assert_eq!(bearer.status(), StatusCode::NON_AUTHORITATIVE_INFORMATION, "a personal token is no bearer");
    let unauthorized = (StatusCode::UNAUTHORIZED, "UnauthorizedRequestException".to_owned());
    let quiet = request(&bench, Method::GET, &threads).header("x-tfs-fedauthredirect", "Suppress").send().await.unwrap();
    assert_eq!(kind_of(quiet).await, unauthorized);
    let change = request(&bench, Method::PATCH, &format!("{REPOSITORY}/pullRequests/1/threads/1?api-version=7.1"));
    assert_eq!(kind_of(change.send().await.unwrap()).await, unauthorized);
    bench.sim.with(|world| world.azure_devops.tokens[1].expired = true);
    let (status, refused) = get(&bench, "pullRequests/1/threads").await;
    assert_eq!((status, &refused["typeKey"]), (StatusCode::UNAUTHORIZED, &json!("AccessCheckException")));
    bench.sim.with(|world| (world.azure_devops.tokens[1].expired, world.azure_devops.tokens[1].permissions) = (false, vec![]));
    let (status, refused) = get(&bench, "pullRequests/1/threads").await;
    assert_eq!((status, &refused["typeKey"]), (StatusCode::NOT_FOUND, &json!("GitRepositoryNotFoundException")));
    let lost =
        request(&bench, Method::GET, &threads.replace("/data/", "/other/")).basic_auth("", Some(SANDBOX_AZURE_READER_TOKEN));
    let expected = (StatusCode::NOT_FOUND, "ProjectDoesNotExistWithNameException".to_owned());
    assert_eq!(kind_of(lost.send().await.unwrap()).await, expected);
}

#[tokio::test]
async fn a_comparison_comes_in_pages_of_files_and_folders() {
    let bench = Bench::sandbox().await;
    let newest = "4444444444444444444444444444444444444444";
    bench.sim.with(|world| {
        let graph = &mut world.azure_devops.repositories[0].graph;
        let file = |path: &str, status: &str, previous: Option<&str>| ChangedFile {
            path: path.into(),
            status: status.into(),
            previous: previous.map(str::to_owned),
        };
        let renamed = file("dags/sub/renamed.py", "renamed", Some("Dockerfile"));
        graph.push_files("change", newest, vec![renamed, file("dags/new.py", "added", None)]);
    });
    let compare = async |base: &str, target: &str, more: &str| {
        let path = format!(
            "diffs/commits?baseVersion={base}&baseVersionType=commit&targetVersion={target}&targetVersionType=commit{more}"
        );
        get(&bench, &path).await
    };
    let shown = |answer: &Value| -> Vec<String> {
        let change =
            |change: &Value| format!("{} {}", change["changeType"].as_str().unwrap(), change["item"]["path"].as_str().unwrap());
        answer["changes"].as_array().unwrap().iter().map(change).collect()
    };
    let (_, all) = compare(SANDBOX_COMMIT, newest, "&diffCommonCommit=true").await;
    let expected = [
        "delete, sourceRename /Dockerfile",
        "edit /dags",
        "edit /dags/example.py",
        "add /dags/new.py",
        "edit /dags/sub",
        "edit, rename /dags/sub/renamed.py",
    ];
    assert_eq!(shown(&all), expected);
    assert_eq!(
        (&all["changes"][1]["item"]["isFolder"], &all["changes"][5]["sourceServerItem"]),
        (&json!(true), &json!("/Dockerfile"))
    );
    assert_eq!((&all["allChangesIncluded"], &all["aheadCount"], &all["behindCount"]), (&json!(true), &json!(2), &json!(0)));
    let (_, page) = compare(SANDBOX_COMMIT, newest, "&$top=2&$skip=3").await;
    assert_eq!((shown(&page).len(), &page["allChangesIncluded"]), (2, &json!(false)));
    let (_, back) = compare(newest, SANDBOX_COMMIT, "&diffCommonCommit=true").await;
    assert_eq!((shown(&back).len(), &back["behindCount"]), (0, &json!(2)), "the common commit is the target");
    let (_, back) = compare(newest, SANDBOX_COMMIT, "&diffCommonCommit=false").await;
    assert!(shown(&back).contains(&"delete /dags/new.py".to_owned()), "{back}");
    let (status, unknown) = compare(SANDBOX_COMMIT, "9999999999999999999999999999999999999999", "").await;
    assert_eq!((status, &unknown["typeKey"]), (StatusCode::NOT_FOUND, &json!("GitUnresolvableToCommitException")));
    assert_eq!(get(&bench, "diffs/commits?baseVersion=main&targetVersion=change").await.0, StatusCode::OK, "branches by default");
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
    assert_eq!(get(&bench, "items").await.0, StatusCode::NOT_IMPLEMENTED);
    assert_eq!(bench.sim.violations().len(), 1);
}

#[tokio::test]
async fn a_commit_leads_to_the_pull_requests_that_hold_or_landed_it() {
    let bench = Bench::sandbox().await;
    let merge = "7777777777777777777777777777777777777777";
    bench.sim.with(|world| world.azure_devops.repositories[0].pulls[0].merge_commit = Some(merge.into()));
    let of = |kind: Value, sha: &str| json!({ "items": [sha], "type": kind });
    let body = json!({ "queries": [
        of("commit".into(), SANDBOX_HEAD), of(2.into(), SANDBOX_COMMIT), of("lastMergeCommit".into(), merge),
        of("lastMergeCommit".into(), SANDBOX_HEAD),
    ] });
    let (status, found) = post(&bench, "pullrequestquery", body).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(found["results"][0][SANDBOX_HEAD][0]["pullRequestId"], 1);
    assert_eq!(found["results"][2][merge][0]["lastMergeCommit"]["commitId"], merge);
    assert_eq!((&found["results"][1], &found["results"][3]), (&json!({}), &json!({})));
    for wrong in [json!({}), json!({ "queries": [{ "items": [merge] }] }), json!({ "queries": [{ "items": [1], "type": 1 }] })] {
        assert_eq!(post(&bench, "pullrequestquery", wrong.clone()).await.0, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}
