//! Copies between real Airflows 2.11 and 3.1, read afterwards in the target's database.
//! `tests/real/run` starts what it needs.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends")]

#[expect(dead_code, reason = "shared with the tests of whole runs")]
mod airflow_scene;
#[expect(dead_code, reason = "shared with the tests of engines")]
mod components;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use airflow_scene::{Airflow, Major, Mood, Pair, Proxy};
use axum::http::Method;
use liftoff::airflow::address::api_url;
use liftoff::airflow::client::AirflowClient;
use liftoff::deploy::trial::{Obstacle, Site};
use liftoff::env::snapshot::Env;
use liftoff::error::Kind;
use liftoff::http::client::{Options, build};
use liftoff::http::exchange::Caller;
use liftoff::model::airflow::{Connection, Extra, Object, ObjectKind, Password, Paused};
use liftoff::model::dag_run::{NewRun, RunState, TrialEnd};
use liftoff::model::deployment::Deployment;
use liftoff::model::ids::DeploymentId;
use liftoff::model::secret::Secret;
use liftoff::preview::apply::perform;
use liftoff::preview::apply_plan::{Act, Others, rows};
use liftoff::preview::copy::{Copied, copy};
use liftoff::preview::copy_plan::{Counts, Wish, Wishes};
use liftoff::preview::object_file::drafts;
use liftoff::preview::reachable::reachable;
use serde_json::{Value, json};

const TOKEN: &str = "astro-token-of-the-test";

/// What must never be sent, nor found in the target unless it was set there by hand.
const SECRETS: [&str; 6] = ["hush-password", "hush-key", "hush-nested", "hush-variable", "hush-json", "***"];

fn client(proxy: &Proxy) -> AirflowClient {
    let env = Env::new([], Path::new("/").to_owned());
    let mut caller = Caller::new(build(&env, &Options::for_calls(None)).expect("a client"));
    caller.retry.first_delay = Duration::from_millis(50);
    AirflowClient::new(caller, &api_url(&proxy.url).expect("an address"), &Secret::new(TOKEN)).expect("a client")
}

fn everything() -> Wishes {
    Wishes { connections: Wish::Copy, variables: Wish::Copy, pools: Wish::Copy, ..Wishes::default() }
}

fn counts(connections: usize, variables: usize, pools: usize) -> Counts {
    Counts { connections, variables, pools }
}

fn left(copied: &Copied) -> Vec<String> {
    copied.left.iter().map(ToString::to_string).collect()
}

/// Two Airflows, a proxy before each, and a client for each.
struct Stage {
    pair: Pair,
    from: Proxy,
    to: Proxy,
    source: AirflowClient,
    target: AirflowClient,
}

impl Stage {
    fn new(major: Major) -> Self {
        let pair = Pair::new(major);
        let (from, to) = (pair.source.behind(TOKEN), pair.target.behind(TOKEN));
        let (source, target) = (client(&from), client(&to));
        Self { pair, from, to, source, target }
    }

    async fn copy(&self) -> Copied {
        let copied = copy(&self.source, &self.target, &everything()).await.expect("a copy");
        assert_eq!(self.from.writes(), [], "the source is only read");
        copied
    }
}

fn post(airflow: &Airflow, kind: ObjectKind, body: &Value) {
    airflow.ask(Method::POST, &format!("/{}", kind.plural()), Some(body));
}

fn seed(source: &Airflow) {
    let extra = json!({ "region": "eu", "api_key": "hush-key", "deep": { "password": "hush-nested", "x": 1 }, "none": null });
    for connection in [
        json!({ "connection_id": "plain", "conn_type": "http", "host": "example.org", "port": null }),
        json!({
            "connection_id": "full", "conn_type": "postgres", "host": "db", "login": "ada", "schema": "s", "port": 5432,
            "password": "hush-password", "description": "The \u{fc}ber base", "extra": extra.to_string(),
        }),
        json!({ "connection_id": "clear-extra", "conn_type": "http", "extra": "{\"b\": 2, \"a\": [1, {\"c\": null}]}", "host": "" }),
        json!({ "connection_id": "only-secrets", "conn_type": "aws", "extra": "{\"aws_secret_access_key\": \"hush-key\"}" }),
    ] {
        post(source, ObjectKind::Connection, &connection);
    }
    for (key, value) in [
        ("plain", "v"),
        ("json", "{\"a\": 1}"),
        ("empty", ""),
        ("large", &"0123456789".repeat(6_000)),
        ("schl\u{fc}ssel \u{1f511}", "w\u{e4}rme\n\t\"quoted\""),
        ("a/b?c#d%2Fe", "hostile"),
        ("..", "dots"),
    ] {
        post(source, ObjectKind::Variable, &json!({ "key": key, "value": value, "description": "d" }));
    }
    for pool in [
        json!({ "name": "small", "slots": 3, "include_deferred": true, "description": null }),
        json!({ "name": "a b", "slots": 0, "include_deferred": false, "description": "two words" }),
    ] {
        post(source, ObjectKind::Pool, &pool);
    }
    source.rows("UPDATE slot_pool SET slots = 17, include_deferred = 1 WHERE pool = 'default_pool'");
    source.rows(
        "WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 129) \
         INSERT INTO variable (key, val, is_encrypted) SELECT printf('many-%03d', n), n, 0 FROM number",
    );
}

const CONNECTIONS: &str =
    "SELECT conn_id, conn_type, host, login, schema, port, password, description, extra FROM connection ORDER BY conn_id";
const VARIABLES: &str = "SELECT key, val, description FROM variable WHERE key NOT LIKE 'many-%' ORDER BY key";
const POOLS: &str = "SELECT pool, slots, include_deferred, description FROM slot_pool ORDER BY pool";

fn assert_copied(target: &Airflow, full_extra: &str) {
    assert_eq!(
        target.rows(CONNECTIONS),
        json!([
            ["clear-extra", "http", "", null, null, null, null, null, "{\"b\": 2, \"a\": [1, {\"c\": null}]}"],
            ["full", "postgres", "db", "ada", "s", 5432, null, "The \u{fc}ber base", full_extra],
            ["only-secrets", "aws", null, null, null, null, null, null, null],
            ["plain", "http", "example.org", null, null, null, null, null, null],
        ])
    );
    assert_eq!(
        target.rows(VARIABLES),
        json!([
            ["a/b?c#d%2Fe", "hostile", "d"],
            ["empty", "", "d"],
            ["json", "{\"a\": 1}", "d"],
            ["large", "0123456789".repeat(6_000), "d"],
            ["plain", "v", "d"],
            ["schl\u{fc}ssel \u{1f511}", "w\u{e4}rme\n\t\"quoted\"", "d"],
        ])
    );
    assert_eq!(target.rows("SELECT count(*), sum(val) FROM variable WHERE key LIKE 'many-%'"), json!([[130, 8385]]));
    assert_eq!(
        target.rows(POOLS),
        json!([["a b", 0, 0, "two words"], ["default_pool", 17, 1, "Default pool"], ["small", 3, 1, null]])
    );
}

async fn brings_everything_that_is_clear(major: Major, passwords: &[&str]) {
    let stage = Stage::new(major);
    seed(&stage.pair.source);
    let copied = stage.copy().await;
    for seen in stage.to.writes() {
        assert!(!seen.body.contains("password"), "{seen:?}");
        for secret in SECRETS {
            assert!(!seen.body.contains(secret) && !seen.path.contains(secret), "{seen:?}");
        }
    }
    assert_copied(&stage.pair.target, "{\"deep\":{\"x\":1},\"none\":null,\"region\":\"eu\"}");
    assert_eq!((copied.created, copied.updated, copied.unchanged), (counts(4, 136, 2), counts(0, 0, 1), Counts::default()));
    let mut expected: Vec<String> = passwords.iter().map(|line| (*line).to_owned()).collect();
    expected.push("variable `..`: no address can hold its name".to_owned());
    assert_eq!(left(&copied), expected);

    let again = stage.copy().await;
    assert_eq!(stage.to.writes(), [], "a second copy writes nothing");
    assert_eq!((again.created.total(), again.updated.total(), again.unchanged), (0, 0, counts(4, 136, 3)));
    assert_eq!(left(&again), expected);

    keeps_what_was_set_by_hand(&stage).await;
}

/// Secrets set in the target by hand survive that everything else changes in the source.
async fn keeps_what_was_set_by_hand(stage: &Stage) {
    let (source, target) = (&stage.pair.source, &stage.pair.target);
    target.rows("UPDATE connection SET password = 'by-hand', extra = '{\"region\": \"us\", \"api_key\": \"by-hand\"}' WHERE conn_id = 'full'");
    target.rows("INSERT INTO variable (key, val, is_encrypted) VALUES ('only-here', 'kept', 0)");
    source.rows("UPDATE connection SET host = NULL, port = NULL, description = NULL, login = 'eve' WHERE conn_id = 'full'");
    source.rows("UPDATE connection SET extra = NULL, conn_type = 'ftp' WHERE conn_id = 'clear-extra'");
    source.rows("UPDATE variable SET val = 'changed', description = NULL WHERE key = 'a/b?c#d%2Fe'");
    source.rows("UPDATE variable SET description = 'other' WHERE key = 'plain'");
    source.rows("UPDATE slot_pool SET slots = 5, description = 'one' WHERE pool = 'a b'");
    source.rows("UPDATE slot_pool SET slots = 18, include_deferred = 0 WHERE pool = 'default_pool'");

    let copied = stage.copy().await;
    let written: BTreeSet<String> = stage
        .to
        .writes()
        .into_iter()
        .map(|seen| format!("{} {}", seen.method, seen.path.split('?').next().unwrap_or_default()))
        .collect();
    assert!(written.iter().all(|line| line.starts_with("PATCH ")), "{written:?}");
    assert_eq!((copied.created.total(), copied.updated), (0, counts(2, 2, 2)), "{copied:?}");
    assert_eq!(
        target.rows("SELECT host, port, description, login, password, extra, conn_type FROM connection WHERE conn_id = 'full'"),
        json!([[null, null, null, "eve", "by-hand", "{\"region\": \"us\", \"api_key\": \"by-hand\"}", "postgres"]])
    );
    assert_eq!(target.rows("SELECT conn_type, extra FROM connection WHERE conn_id = 'clear-extra'"), json!([["ftp", null]]));
    let variables = "SELECT key, val, coalesce(description, '') FROM variable WHERE key IN ('a/b?c#d%2Fe', 'only-here', 'plain') ORDER BY key";
    assert_eq!(
        target.rows(variables),
        json!([["a/b?c#d%2Fe", "changed", ""], ["only-here", "kept", ""], ["plain", "v", "other"]])
    );
    assert_eq!(target.rows(POOLS), json!([["a b", 5, 0, "one"], ["default_pool", 18, 0, "Default pool"], ["small", 3, 1, null]]));
    assert!(
        left(&copied).iter().any(|line| line.contains("connection `full`") && line.contains("secrets of its own")),
        "{copied:?}"
    );
    assert_eq!(stage.copy().await.updated.total(), 0);
    assert_eq!(stage.to.writes(), []);
}

#[tokio::test]
async fn a_copy_between_airflows_2_brings_everything_that_is_clear() {
    let perhaps = "its password, if it has one";
    let full = format!("connection `full`: {perhaps}; its extra keys `api_key`, `deep.password`");
    let only = format!("connection `only-secrets`: {perhaps}; its extra key `aws_secret_access_key`");
    let [clear, plain] = ["clear-extra", "plain"].map(|name| format!("connection `{name}`: {perhaps}"));
    brings_everything_that_is_clear(Major::Two, &[&clear, &full, &only, &plain]).await;
}

#[tokio::test]
async fn a_copy_between_airflows_3_brings_everything_that_is_clear() {
    let full = "connection `full`: its password; its extra keys `api_key`, `deep.password`";
    let only = "connection `only-secrets`: its extra key `aws_secret_access_key`";
    brings_everything_that_is_clear(Major::Three, &[full, only]).await;
}

const DAGS: [(&str, &str); 2] = [
    ("one.py", "from airflow import DAG\n\ndag = DAG(\"one\", schedule=None)\n"),
    ("broken.py", "# A DAG of airflow\nraise ValueError(\"broken on purpose\")\n"),
];

async fn unpauses_and_reports(major: Major, version: &str, file: &str) {
    let stage = Stage::new(major);
    stage.pair.target.parse(&DAGS);
    assert_eq!(stage.target.version().await.expect("a version"), version);
    stage.target.ready().await.expect("an Airflow");
    let dag = stage.target.dag("one").await.expect("an answer").expect("a DAG");
    assert_eq!((dag.id.as_str(), dag.paused), ("one", Paused::Yes));
    stage.target.set_paused("one", Paused::No).await.expect("unpaused");
    assert_eq!(stage.pair.target.rows("SELECT is_paused FROM dag WHERE dag_id = 'one'"), json!([[0]]));
    assert_eq!(stage.target.dag("one").await.expect("an answer").map(|dag| dag.paused), Some(Paused::No));
    stage.target.set_paused("one", Paused::Yes).await.expect("paused");
    assert_eq!(stage.pair.target.rows("SELECT is_paused FROM dag WHERE dag_id = 'one'"), json!([[1]]));
    assert_eq!(stage.target.dag("none/such").await.expect("an answer"), None);
    let error = stage.target.set_paused("none", Paused::No).await.expect_err("no DAG");
    assert_eq!(error.kind(), Kind::NotFound, "{error}");
    let errors = stage.target.import_errors().await.expect("an answer");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].file.ends_with(file) && errors[0].stack_trace.contains("broken on purpose"), "{errors:?}");
    assert!(errors[0].seen.is_some(), "{errors:?}");
}

#[tokio::test]
async fn a_dag_of_airflow_2_is_unpaused_and_a_broken_file_reported() {
    unpauses_and_reports(Major::Two, "2.11.0", "/2-target/dags/broken.py").await;
}

#[tokio::test]
async fn a_dag_of_airflow_3_is_unpaused_and_a_broken_file_reported() {
    unpauses_and_reports(Major::Three, "3.1.8", "broken.py").await;
}

const RUNS: &str = "from airflow import DAG
from airflow.decorators import task

with DAG('good', schedule=None, is_paused_upon_creation=False):
    @task
    def check(**context):
        assert context['dag_run'].conf['day'] == 1
    check()

with DAG('bad', schedule=None, is_paused_upon_creation=False):
    @task(retries=0)
    def load():
        raise ValueError('broken on purpose')
    @task
    def after():
        pass
    load() >> after()

with DAG('resting', schedule=None):
    @task
    def nothing():
        pass
    nothing()
";

/// Runs that end well and badly are followed to their ends; what cannot run is told before anything is triggered.
async fn follows_runs(major: Major) {
    let stage = Stage::new(major);
    let target = &stage.pair.target;
    target.parse(&[("runs.py", RUNS)]);
    let mut deployment = Deployment::new(DeploymentId::new("d"), "demo");
    deployment.airflow_api = Some(api_url(&stage.to.url).expect("an address"));
    let site = Site::of(&deployment, stage.target.caller().clone(), &Secret::new(TOKEN)).expect("an Airflow");
    let now = Duration::ZERO;
    assert_eq!(site.obstacle("good", now).await.expect("an answer"), None);
    assert_eq!(site.obstacle("resting", now).await.expect("an answer"), Some(Obstacle::Paused));
    assert_eq!(site.obstacle("goood", now).await.expect("an answer"), Some(Obstacle::Absent(Some("good".to_owned()))));
    let conf = serde_json::Map::from_iter([("day".to_owned(), json!(1))]);
    let new = |dag: &str| {
        let id = Some("liftoff__one".to_owned());
        NewRun { dag: dag.to_owned(), id, logical_date: None, conf: conf.clone() }
    };
    // The answer to the first trigger is lost; the second finds the run that is there.
    stage.to.expect(&Method::POST, "/dags/good/dagRuns", &[Mood::Forgetful]);
    let first = site.triggered(&new("good")).await.expect("a run");
    assert_eq!(site.triggered(&new("good")).await.expect("the same run").id, first.id);
    assert_eq!(target.rows("SELECT count(*) FROM dag_run WHERE dag_id = 'good'"), json!([[1]]));
    let bad = site.triggered(&new("bad")).await.expect("a run");
    let error = stage.target.trigger(&NewRun { dag: "none".to_owned(), ..new("good") }).await.expect_err("no DAG");
    assert_eq!(error.kind(), Kind::NotFound, "{error}");
    let limit = Duration::from_secs(240);
    let told = |_: &RunState| {};
    let both = async { tokio::join!(site.followed(first, limit, &told), site.followed(bad, limit, &told)) };
    let (good, bad) = target.scheduling(both).await;
    assert_eq!(good.end, TrialEnd::Succeeded, "{good:?}");
    assert_eq!((&bad.end, bad.words().as_str()), (&TrialEnd::Failed, "failed at `load`"), "{bad:?}");
    let page = if major == Major::Two { "/dags/bad/grid?dag_run_id=liftoff__one" } else { "/dags/bad/runs/liftoff__one" };
    assert!(bad.page.as_deref().is_some_and(|url| url.ends_with(page)), "{bad:?}");
    let waiting = NewRun { dag: "resting".to_owned(), ..new("good") };
    let waiting = site.triggered(&waiting).await.expect("a run");
    let trial = site.followed(waiting, Duration::from_secs(1), &told).await;
    assert_eq!(trial.end, TrialEnd::TimedOut("queued".to_owned()));
    target.rows("DELETE FROM task_instance");
    target.rows("DELETE FROM dag_run");
}

#[tokio::test]
async fn runs_of_airflow_2_are_followed_to_their_ends() {
    follows_runs(Major::Two).await;
}

#[tokio::test]
async fn runs_of_airflow_3_are_followed_to_their_ends() {
    follows_runs(Major::Three).await;
}

const FILES: [(ObjectKind, &str, &str); 3] = [
    (
        ObjectKind::Connection,
        "db: {conn_type: postgres, host: h, password: hush-password, port: 5432, extra: {api_key: hush-key, region: eu}}\n",
        "db: {host: other, password: hush-again}\nnew: {conn_type: http}\n",
    ),
    (ObjectKind::Variable, "v: {value: one, description: d}\nw: 2\n", "v: {value: one, description: e}\nx/y: {a: 1}\n"),
    (ObjectKind::Pool, "p: {slots: 3, description: d, include_deferred: true}\n", "p: {slots: 4}\ndefault_pool: {slots: 9}\n"),
];

/// What files say is there afterwards, field by field, and nothing of it twice.
async fn applies_files(major: Major) {
    let stage = Stage::new(major);
    let applied = async |kind: ObjectKind, text: &str, others: Others| {
        let lookup = |name: &str| Err(format!("there is no {name}"));
        let drafts = drafts("objects.yaml", text, kind, &lookup).expect("a file");
        let there = stage.target.list(kind).await.expect("a list");
        let rows = rows(&drafts, &there.objects, others);
        for end in perform(&stage.target, kind, &rows).await {
            end.expect("an end");
        }
        rows.into_iter().filter(|row| row.act != Act::Same).map(|row| row.name).collect::<Vec<_>>()
    };
    for (kind, first, second) in FILES {
        applied(kind, first, Others::Stay).await;
        let again = applied(kind, first, Others::Stay).await;
        // Nobody can compare a password, nor an extra with secrets in it.
        let expected: &[&str] = if kind == ObjectKind::Connection { &["db"] } else { &[] };
        assert_eq!(again, expected, "{kind}");
        applied(kind, second, Others::Stay).await;
    }
    let target = &stage.pair.target;
    // Airflow 3 writes an extra anew when it changes anything else.
    assert_eq!(
        target.rows(&CONNECTIONS.replace("extra FROM", "json(extra) FROM")),
        json!([
            ["db", "postgres", "other", null, null, 5432, "hush-again", null, "{\"api_key\":\"hush-key\",\"region\":\"eu\"}"],
            ["new", "http", null, null, null, null, null, null, null],
        ])
    );
    assert_eq!(target.rows(VARIABLES), json!([["v", "one", "e"], ["w", "2", null], ["x/y", "{\"a\":1}", null]]));
    assert_eq!(target.rows(POOLS), json!([["default_pool", 9, 0, "Default pool"], ["p", 4, 1, "d"]]));
    for (kind, _, second) in FILES {
        applied(kind, second.split_once('\n').expect("two lines").0, Others::Go).await;
    }
    assert_eq!(target.rows("SELECT conn_id FROM connection"), json!([["db"]]));
    assert_eq!(target.rows("SELECT key FROM variable"), json!([["v"]]));
    assert_eq!(target.rows("SELECT pool FROM slot_pool ORDER BY pool"), json!([["default_pool"], ["p"]]));
}

#[tokio::test]
async fn files_are_applied_to_airflow_2() {
    applies_files(Major::Two).await;
}

#[tokio::test]
async fn files_are_applied_to_airflow_3() {
    applies_files(Major::Three).await;
}

/// What is created although its answer is lost is found, and not created twice.
async fn survives_lost_answers(major: Major) {
    let stage = Stage::new(major);
    let source = &stage.pair.source;
    post(
        source,
        ObjectKind::Connection,
        &json!({ "connection_id": "c", "conn_type": "http", "host": "h", "password": "hush-password" }),
    );
    post(source, ObjectKind::Variable, &json!({ "key": "v/w", "value": "1" }));
    post(source, ObjectKind::Pool, &json!({ "name": "p", "slots": 2, "include_deferred": false }));
    // The connection's answer is lost, the variable never arrives at first, and the pool's answer is lost.
    stage.to.expect(&Method::POST, "", &[Mood::Forgetful, Mood::Away(503), Mood::Fine, Mood::Forgetful]);
    let copied = stage.copy().await;
    assert_eq!((copied.created, copied.updated.total()), (counts(1, 1, 1), 0), "{copied:?}");
    let posts = stage.to.writes().into_iter().map(|seen| seen.path).collect::<Vec<_>>();
    let version = stage.to.url.rsplit('/').next().unwrap_or_default();
    let expected = ["connections", "variables", "variables", "pools"].map(|list| format!("/api/{version}/{list}"));
    assert_eq!(posts, expected);
    assert_eq!(stage.pair.target.rows("SELECT conn_id, host, password FROM connection"), json!([["c", "h", null]]));
    assert_eq!(stage.pair.target.rows("SELECT key, val FROM variable"), json!([["v/w", "1"]]));

    // Created by someone else between the list and the creation: what is there stays, but for what differs.
    stage.to.expect(&Method::GET, "/connections?", &[Mood::Blind]);
    assert_eq!(stage.copy().await.unchanged, counts(1, 1, 2));
    stage.pair.target.rows("UPDATE connection SET host = 'theirs', password = 'by-hand'");
    stage.pair.target.rows("UPDATE slot_pool SET slots = 9 WHERE pool = 'p'");
    stage.to.expect(&Method::GET, "/connections?", &[Mood::Blind]);
    stage.to.expect(&Method::GET, "/pools?", &[Mood::Blind]);
    // One of the changes is that of the default pool, which the list did not show.
    let copied = stage.copy().await;
    assert_eq!((copied.created.total(), copied.updated), (0, counts(1, 0, 2)), "{copied:?}");
    assert_eq!(stage.pair.target.rows("SELECT conn_id, host, password FROM connection"), json!([["c", "h", "by-hand"]]));
    assert_eq!(stage.pair.target.rows("SELECT slots FROM slot_pool WHERE pool = 'p'"), json!([[2]]));
}

#[tokio::test]
async fn what_is_created_without_an_answer_is_found_in_airflow_2() {
    survives_lost_answers(Major::Two).await;
}

#[tokio::test]
async fn what_is_created_without_an_answer_is_found_in_airflow_3() {
    survives_lost_answers(Major::Three).await;
}

/// Airflow 2 cannot list a page with such a pool; the others are copied all the same.
#[tokio::test]
async fn a_pool_that_airflow_cannot_show_stops_no_other() {
    let stage = Stage::new(Major::Two);
    for (name, slots) in [("after", 2), ("before", 1)] {
        post(&stage.pair.source, ObjectKind::Pool, &json!({ "name": name, "slots": slots, "include_deferred": false }));
    }
    stage.pair.source.rows("INSERT INTO slot_pool (pool, slots, include_deferred) VALUES ('boundless', -1, 0)");
    let copied = stage.copy().await;
    assert_eq!(copied.created, counts(0, 0, 2), "{copied:?}");
    assert_eq!(left(&copied), ["pools: one that Airflow itself cannot show"]);

    let stage = {
        drop(stage);
        Stage::new(Major::Three)
    };
    post(&stage.pair.source, ObjectKind::Pool, &json!({ "name": "boundless", "slots": -1, "include_deferred": false }));
    assert_eq!(stage.copy().await.created, counts(0, 0, 1));
    assert_eq!(stage.pair.target.rows("SELECT slots FROM slot_pool WHERE pool = 'boundless'"), json!([[-1]]));
}

#[tokio::test]
async fn airflow_is_awaited_until_it_answers() {
    for major in [Major::Two, Major::Three] {
        let stage = Stage::new(major);
        stage.to.expect(&Method::GET, "", &[Mood::Away(404), Mood::Away(502), Mood::Away(503), Mood::Forgetful]);
        let heard = Mutex::new(Vec::new());
        let on_wait = |_: Duration, why: &str| {
            if let Ok(mut heard) = heard.lock() {
                heard.push(why.to_owned());
            }
        };
        reachable(&stage.target, Duration::from_secs(60), &on_wait).await.expect("an Airflow");
        let heard = heard.into_inner().expect("what was heard");
        assert!(heard.len() == 4 && heard[0].contains("404") && !heard[0].contains("no Airflow here"), "{heard:?}");

        stage.to.expect(&Method::GET, "", &[Mood::Away(503); 100]);
        let error = reachable(&stage.target, Duration::from_millis(400), &|_, _| {}).await.expect_err("no Airflow");
        assert!(error.kind() == Kind::TimedOut && error.to_string().contains("503"), "{error}");

        let stranger = stage.pair.target.behind("another-token");
        let error = client(&stranger).list(ObjectKind::Pool).await.expect_err("a refusal");
        assert_eq!(error.kind(), Kind::Auth, "{error}");
    }
}

/// What Airflow says to a refused value holds the value; what we say does not.
#[tokio::test]
async fn what_airflow_refuses_is_told_without_its_value() {
    for major in [Major::Two, Major::Three] {
        let stage = Stage::new(major);
        let extra = Extra::Text(Secret::new("[\"hush-key\"]"));
        let connection = Connection {
            id: "c".to_owned(),
            conn_type: "http".to_owned(),
            description: None,
            host: None,
            login: None,
            schema: None,
            port: None,
            password: Password::Absent,
            extra,
        };
        let error = stage.target.create(&Object::Connection(connection)).await.expect_err("a refusal");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
    }
}
