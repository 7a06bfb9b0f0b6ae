//! GitLab.

use astro_sim::world::builder::{SANDBOX_COMMIT, SANDBOX_HEAD};
use astro_sim::world::commits::ChangedFile;
use astro_sim::world::gitlab::{self, Pipeline, Visibility};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

const PROJECT: &str = "projects/acme%2Fplatform%2Fdemo";
const NOTES: &str = "projects/acme%2Fplatform%2Fdemo/merge_requests/1/notes";

/// Calls with a token and returns status and JSON.
async fn call_as(bench: &Bench, token: &str, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let answer = raw(bench, Some(("private-token", token)), method, path, body).await;
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn raw(bench: &Bench, credential: Option<(&str, &str)>, method: Method, path: &str, body: Value) -> Response {
    let mut request = bench.client.request(method, format!("{}/{path}", bench.sim.gitlab_api_url()));
    if let Some((header, value)) = credential {
        request = request.header(header, value);
    }
    if !body.is_null() {
        request = request.json(&body);
    }
    request.send().await.unwrap()
}

async fn call(bench: &Bench, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    call_as(bench, gitlab::TOKEN, method, path, body).await
}

#[tokio::test]
async fn a_project_is_addressed_by_number_or_encoded_path_only() {
    let bench = Bench::sandbox().await;
    for project in ["acme%2Fplatform%2Fdemo", "Acme%2FPlatform%2FDemo", "42"] {
        let (status, found) = call(&bench, Method::GET, &format!("projects/{project}/merge_requests/1"), Value::Null).await;
        assert_eq!(
            (status, &found["state"], &found["sha"]),
            (StatusCode::OK, &json!("opened"), &json!(SANDBOX_HEAD)),
            "{project}"
        );
    }
    let (status, answer) = call(&bench, Method::GET, "projects/acme%2Fnone/merge_requests/1", Value::Null).await;
    assert_eq!((status, answer), (StatusCode::NOT_FOUND, json!({ "message": "404 Project Not Found" })));
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
    let (status, _) = call(&bench, Method::GET, "projects/acme/platform/demo/merge_requests/1", Value::Null).await;
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED, "slashes must be encoded");
    assert_eq!(bench.sim.violations().len(), 1);
}

#[tokio::test]
async fn notes_are_listed_in_pages_newest_first() {
    let bench = Bench::sandbox().await;
    for number in 0..25 {
        let (status, _) = call(&bench, Method::POST, NOTES, json!({ "body": format!("note {number}") })).await;
        assert_eq!(status, StatusCode::CREATED);
    }
    let list = async |query: &str| {
        raw(&bench, Some(("private-token", gitlab::TOKEN)), Method::GET, &format!("{NOTES}{query}"), Value::Null).await
    };
    let first = list("").await;
    let header = |name: &str| first.headers()[name].to_str().unwrap().to_owned();
    assert_eq!([header("x-next-page"), header("x-total"), header("x-total-pages"), header("x-prev-page")], ["2", "25", "2", ""]);
    let link = header("link");
    let next = link.split(", ").find(|link| link.contains("rel=\"next\"")).unwrap();
    let next = next.split_once('>').unwrap().0.trim_start_matches('<').to_owned();
    let notes: Value = first.json().await.unwrap();
    assert_eq!((notes.as_array().unwrap().len(), &notes[0]["body"]), (20, &json!("note 24")));
    let second = bench.client.get(next).bearer_auth(gitlab::TOKEN).send().await.unwrap();
    assert_eq!(second.headers()["x-next-page"], "");
    assert_eq!(second.json::<Value>().await.unwrap()[4]["body"], "note 0");
    let oldest: Value = list("?sort=asc&per_page=1").await.json().await.unwrap();
    assert_eq!((&oldest[0]["body"], &oldest[0]["author"]["username"]), (&json!("note 0"), &json!("deploy-bot")));
    assert_eq!(list("?per_page=1000").await.headers()["x-per-page"], "100");
    for (query, why) in [
        ("?sort=down", "sort does not have a valid value"),
        ("?per_page=0", "per_page has a value not allowed"),
        ("?page=x", "page is invalid"),
    ] {
        let refused = list(query).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        assert_eq!(refused.json::<Value>().await.unwrap()["error"], why);
    }
    let (status, answer) = call(&bench, Method::GET, &NOTES.replace("/1/", "/9/"), Value::Null).await;
    assert_eq!((status, &answer["message"]), (StatusCode::NOT_FOUND, &json!("404 MergeRequest Not Found")));
}

#[tokio::test]
async fn a_note_is_changed_by_its_author_or_a_maintainer() {
    let bench = Bench::sandbox().await;
    let (_, note) = call(&bench, Method::POST, NOTES, json!({ "body": "one" })).await;
    let path = format!("{NOTES}/{}", note["id"]);
    let (status, _) = call_as(&bench, gitlab::REPORTER_TOKEN, Method::PUT, &path, json!({ "body": "two" })).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    for token in [gitlab::TOKEN, gitlab::MAINTAINER_TOKEN] {
        let (status, changed) = call_as(&bench, token, Method::PUT, &path, json!({ "body": token })).await;
        assert_eq!((status, &changed["body"]), (StatusCode::OK, &json!(token)));
    }
    assert_eq!(call(&bench, Method::GET, &path, Value::Null).await.1["author"]["username"], "deploy-bot");
    let long = json!({ "body": "x".repeat(1_000_001) });
    for (method, path) in [(Method::POST, NOTES), (Method::PUT, &path)] {
        assert_eq!(call(&bench, method.clone(), path, long.clone()).await.0, StatusCode::BAD_REQUEST);
        assert_eq!(call(&bench, method.clone(), path, json!({ "body": "" })).await.0, StatusCode::BAD_REQUEST);
        assert_eq!(call(&bench, method, path, json!({})).await, (StatusCode::BAD_REQUEST, json!({ "error": "body is missing" })));
    }
    assert_eq!(call(&bench, Method::DELETE, &path, Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call(&bench, Method::GET, &path, Value::Null).await.1["message"], "404 Not found");
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_line_that_is_a_command_is_carried_out_and_noticed() {
    let bench = Bench::sandbox().await;
    let (status, note) = call(&bench, Method::POST, NOTES, json!({ "body": "```\n/close\n```\n/merged/file.py" })).await;
    assert_eq!((status, &note["body"]), (StatusCode::CREATED, &json!("```\n/close\n```\n/merged/file.py")));
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
    let (_, note) = call(&bench, Method::POST, NOTES, json!({ "body": "Deployed\n/merge now\nFine" })).await;
    assert_eq!(note["body"], "Deployed\nFine");
    let (status, _) = call(&bench, Method::POST, NOTES, json!({ "body": "/approve" })).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(bench.sim.violations(), ["a note carried out /merge", "a note carried out /approve"]);
}

#[tokio::test]
async fn tokens_kinds_and_scopes_are_checked() {
    let bench = Bench::sandbox().await;
    let status = async |credential: Option<(&str, &str)>, method: Method, path: &str, body: Value| {
        raw(&bench, credential, method, path, body).await.status().as_u16()
    };
    let note = json!({ "body": "x" });
    let bearer = format!("Bearer {}", gitlab::TOKEN);
    for (credential, create, read) in [
        (None, 401, 404),
        (Some(("private-token", "unknown")), 401, 401),
        (Some(("private-token", gitlab::JOB_TOKEN)), 401, 401),
        (Some(("job-token", gitlab::JOB_TOKEN)), 401, 404),
        (Some(("private-token", gitlab::READ_TOKEN)), 403, 200),
        (Some(("private-token", gitlab::OUTSIDER_TOKEN)), 404, 404),
        (Some(("authorization", bearer.as_str())), 201, 200),
    ] {
        assert_eq!(status(credential, Method::POST, NOTES, note.clone()).await, create, "{credential:?}");
        assert_eq!(
            status(credential, Method::GET, &format!("{PROJECT}/merge_requests/1"), Value::Null).await,
            read,
            "{credential:?}"
        );
    }
    let (_, refused) = call_as(&bench, gitlab::READ_TOKEN, Method::POST, NOTES, note.clone()).await;
    assert_eq!(refused["error"], "insufficient_scope");
    let (_, user) = call(&bench, Method::GET, "user", Value::Null).await;
    assert_eq!(user["username"], "deploy-bot");
    assert_eq!(status(Some(("job-token", gitlab::JOB_TOKEN)), Method::GET, "user", Value::Null).await, 401);
    bench.sim.with(|world| world.gitlab.projects[0].visibility = Visibility::Public);
    assert_eq!(status(None, Method::GET, &format!("{PROJECT}/merge_requests/1"), Value::Null).await, 200);
    assert_eq!(status(None, Method::GET, NOTES, Value::Null).await, 401, "notes are for people who signed in");
    assert_eq!(status(Some(("private-token", gitlab::OUTSIDER_TOKEN)), Method::POST, NOTES, note).await, 201);
    let text = bench.client.post(format!("{}/{NOTES}", bench.sim.gitlab_api_url())).header("private-token", gitlab::TOKEN);
    let text = text.header("content-type", "text/csv").body("body=x").send().await.unwrap();
    assert_eq!(text.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let form = bench.client.post(format!("{}/{NOTES}", bench.sim.gitlab_api_url())).header("private-token", gitlab::TOKEN);
    let form = form.header("content-type", "application/x-www-form-urlencoded").body("body=two+words").send().await.unwrap();
    assert_eq!(form.json::<Value>().await.unwrap()["body"], "two words");
}

#[tokio::test]
async fn a_status_moves_forward_and_starts_anew_after_its_end() {
    let bench = Bench::sandbox().await;
    let path = format!("{PROJECT}/statuses/{SANDBOX_HEAD}");
    let set = async |state: &str| call(&bench, Method::POST, &path, json!({ "state": state, "name": "deploy" })).await;
    let mut ids = Vec::new();
    for state in ["pending", "running", "success", "success", "running"] {
        let (status, set) = set(state).await;
        assert_eq!((status, &set["status"], &set["ref"]), (StatusCode::CREATED, &json!(state), &json!("change")));
        ids.push(set["id"].as_u64().unwrap());
    }
    assert_eq!((ids[0], ids[1], ids[3] > ids[2], ids[4] > ids[3]), (ids[2], ids[2], true, true), "{ids:?}");
    let again = "Cannot transition status via :run from :running (Reason(s): Status cannot transition via \"run\")";
    assert_eq!(set("running").await, (StatusCode::BAD_REQUEST, json!({ "message": again })));
    assert!(
        set("pending").await.1["message"].as_str().unwrap().starts_with("Cannot transition status via :enqueue from :running")
    );
    let (_, other) =
        call_as(&bench, gitlab::MAINTAINER_TOKEN, Method::POST, &path, json!({ "state": "running", "name": "deploy" })).await;
    assert_ne!(other["id"], json!(ids[4]), "another author's status is another one");
    let (_, list) =
        call(&bench, Method::GET, &format!("{PROJECT}/repository/commits/{SANDBOX_HEAD}/statuses"), Value::Null).await;
    assert_eq!(list.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_status_needs_good_texts_a_commit_a_fitting_pipeline_and_the_right_to_its_branch() {
    let bench = Bench::sandbox().await;
    bench.sim.with(|world| {
        let pipeline =
            |id, ref_name: &str| Pipeline { id, sha: SANDBOX_HEAD.into(), ref_name: ref_name.into(), source: "push".into() };
        world.gitlab.projects[0].pipelines.extend([pipeline(7, "change"), pipeline(8, "main")]);
    });
    let set = async |sha: &str, body: Value| call(&bench, Method::POST, &format!("{PROJECT}/statuses/{sha}"), body).await;
    let with = |name: &str, value: Value| json!({ "state": "success", "ref": "change", name: value });
    for (body, why) in [
        (json!({}), json!({ "error": "state is missing" })),
        (json!({ "state": "great" }), json!({ "error": "state does not have a valid value" })),
        (
            with("description", "x".repeat(256).into()),
            json!({ "message": { "description": ["is too long (maximum is 255 characters)"] } }),
        ),
        (
            with("target_url", "git://example.com".into()),
            json!({ "message": { "target_url": ["is blocked: Only allowed schemes are http, https"] } }),
        ),
    ] {
        assert_eq!(set(SANDBOX_HEAD, body).await, (StatusCode::BAD_REQUEST, why));
    }
    assert_eq!(
        set("3333333333333333333333333333333333333333", with("name", "x".into())).await.1["message"],
        "404 Commit Not Found"
    );
    assert_eq!(set(SANDBOX_HEAD, with("pipeline_id", 99.into())).await.0, StatusCode::NOT_FOUND);
    assert_eq!(set(SANDBOX_HEAD, with("pipeline_id", 7.into())).await.1["pipeline_id"], 7);
    assert_eq!(set(SANDBOX_HEAD, with("description", "x".repeat(255).into())).await.0, StatusCode::CREATED);
    let newest = json!({ "state": "success" });
    assert_eq!(
        set(SANDBOX_HEAD, newest.clone()).await.0,
        StatusCode::FORBIDDEN,
        "the newest pipeline is of the protected branch"
    );
    let path = format!("{PROJECT}/statuses/{SANDBOX_HEAD}");
    assert_eq!(call_as(&bench, gitlab::MAINTAINER_TOKEN, Method::POST, &path, newest.clone()).await.1["pipeline_id"], 8);
    assert_eq!(call_as(&bench, gitlab::REPORTER_TOKEN, Method::POST, &path, newest).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_deployment_makes_its_environment_and_moves_on() {
    let bench = Bench::sandbox().await;
    let path = format!("{PROJECT}/deployments");
    let body = |name: &str, value: &str| {
        let mut body =
            json!({ "environment": "review/change", "sha": SANDBOX_HEAD, "ref": "change", "tag": false, "status": "running" });
        body[name] = value.into();
        body
    };
    for (name, value, why) in [
        ("environment", "", json!({ "error": "environment is empty" })),
        ("status", "created", json!({ "error": "status does not have a valid value" })),
        ("sha", "does not exist", json!({ "message": { "sha": ["The commit does not exist"] } })),
        ("ref", "gone", json!({ "message": { "ref": ["The branch or tag does not exist"] } })),
    ] {
        assert_eq!(call(&bench, Method::POST, &path, body(name, value)).await, (StatusCode::BAD_REQUEST, why));
    }
    assert_eq!(call(&bench, Method::POST, &path, body("environment", "a:b")).await.0, StatusCode::BAD_REQUEST);
    let job = raw(&bench, Some(("job-token", gitlab::JOB_TOKEN)), Method::POST, &path, body("status", "running")).await;
    assert_eq!(job.status(), StatusCode::CREATED, "a job may deploy");
    let made: Value = job.json().await.unwrap();
    assert_eq!((&made["environment"]["name"], &made["status"]), (&json!("review/change"), &json!("running")));
    let one = format!("{path}/{}", made["id"]);
    let update = async |status: &str| call(&bench, Method::PUT, &one, json!({ "status": status })).await;
    let refused = |event: &str| {
        (StatusCode::BAD_REQUEST, json!({ "message": { "status": [format!("cannot transition via \"{event}\"")] } }))
    };
    assert_eq!(update("running").await, refused("run"));
    assert_eq!(update("success").await.1["status"], "success");
    assert_eq!(update("success").await, refused("succeed"));
    assert_eq!(update("canceled").await.1["status"], "canceled");
    assert_eq!(call_as(&bench, gitlab::REPORTER_TOKEN, Method::POST, &path, body("tag", "false")).await.0, StatusCode::FORBIDDEN);
    let environments = format!("{PROJECT}/environments");
    let (_, found) = call(&bench, Method::GET, &format!("{environments}?name=review%2Fchange"), Value::Null).await;
    let environment = format!("{environments}/{}", found[0]["id"]);
    let (_, changed) = call(&bench, Method::PUT, &environment, json!({ "external_url": "https://airflow.example.com" })).await;
    assert_eq!(changed["external_url"], "https://airflow.example.com");
    assert_eq!(call(&bench, Method::DELETE, &environment, Value::Null).await.0, StatusCode::FORBIDDEN);
    assert_eq!(call(&bench, Method::POST, &format!("{environment}/stop"), Value::Null).await.1["state"], "stopped");
    call(&bench, Method::POST, &path, body("status", "success")).await;
    assert_eq!(call(&bench, Method::GET, &environment, Value::Null).await.1["state"], "available");
    let taken = call(&bench, Method::POST, &environments, json!({ "name": "review/change" })).await;
    assert_eq!(taken, (StatusCode::BAD_REQUEST, json!({ "message": { "name": ["has already been taken"] } })));
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn comparing_follows_the_merge_base_unless_straight_and_says_when_it_is_cut() {
    let bench = Bench::sandbox().await;
    bench.sim.with(|world| {
        let graph = &mut world.gitlab.projects[0].graph;
        graph.push("main", &"4".repeat(40), &[("README.md", "added")]);
        let moved =
            ChangedFile { path: "dags/new.py".into(), status: "renamed".into(), previous: Some("dags/example.py".into()) };
        graph.push_files("change", &"5".repeat(40), vec![moved]);
        let names: Vec<_> = (0..1001).map(|number| format!("dags/{number:04}.py")).collect();
        let files: Vec<_> = names.iter().map(|name| (name.as_str(), "added")).collect();
        graph.push("main", &"6".repeat(40), &files);
    });
    let compare =
        async |query: &str| call(&bench, Method::GET, &format!("{PROJECT}/repository/compare?{query}"), Value::Null).await;
    let (_, ahead) = compare(&format!("from={SANDBOX_COMMIT}&to=change")).await;
    let diff = &ahead["diffs"][0];
    assert_eq!(
        (&diff["new_path"], &diff["old_path"], &diff["renamed_file"]),
        (&json!("dags/new.py"), &json!("dags/example.py"), &json!(true))
    );
    assert_eq!((ahead["commits"].as_array().unwrap().len(), &ahead["compare_timeout"]), (2, &json!(false)));
    let old = "4".repeat(40);
    let three_dots = compare(&format!("from={old}&to=change")).await.1["diffs"].as_array().unwrap().len();
    let straight = compare(&format!("from={old}&to=change&straight=true")).await.1;
    assert_eq!((three_dots, straight["diffs"].as_array().unwrap().len()), (1, 2), "README.md is missing on the other side");
    assert_eq!(straight["diffs"][0]["deleted_file"], true);
    let (_, cut) = compare("from=change&to=main").await;
    assert_eq!((cut["diffs"].as_array().unwrap().len(), &cut["compare_timeout"]), (1000, &json!(true)));
    assert_eq!(compare("from=change&to=gone").await, (StatusCode::NOT_FOUND, json!({ "message": "404 Ref Not Found" })));
    assert_eq!(compare("from=change").await.1["error"], "to is missing");
}

#[tokio::test]
async fn a_commit_knows_its_merge_requests_and_two_their_common_ancestor() {
    let bench = Bench::sandbox().await;
    let base = async |one: &str, other: &str| {
        let path = format!("{PROJECT}/repository/merge_base?refs[]={one}&refs[]={other}");
        call(&bench, Method::GET, &path, Value::Null).await
    };
    assert_eq!(base("main", "change").await.1["id"], SANDBOX_COMMIT);
    assert_eq!(base("main", "nothing").await.0, StatusCode::BAD_REQUEST);
    let of = async |commit: &str| {
        call(&bench, Method::GET, &format!("{PROJECT}/repository/commits/{commit}/merge_requests"), Value::Null).await.1
    };
    assert_eq!((&of(SANDBOX_HEAD).await[0]["iid"], of(SANDBOX_COMMIT).await), (&json!(1), json!([])));
}
