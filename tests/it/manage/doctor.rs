//! `liftoff doctor`.

use astro_sim::faults::{Effect, Fault};
use astro_sim::world::deployment::{Deployment, HibernationOverride, Status};
use astro_sim::world::state::World;
use astro_sim::world::token::{Access, TokenSpec};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::bench::Bench;

fn grade<'a>(answer: &'a Value, name: &str) -> &'a str {
    finding(answer, name)["grade"].as_str().unwrap_or("absent")
}

fn finding<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let all = answer["findings"].as_array().expect("findings");
    all.iter().find(|finding| finding["name"] == name).unwrap_or(&Value::Null)
}

/// Gives the bench a token of the first Deployment, or of the Workspace.
fn narrow(bench: &mut Bench, access: Access, on: &str) {
    let text = bench.sim.with(|world| {
        let (workspace, deployment) = (world.workspaces[0].id.clone(), world.deployments[0].id.clone());
        let mut spec = TokenSpec { name: "narrow".into(), access, ..TokenSpec::default() };
        spec.expires_at = Some(Timestamp::now() + SignedDuration::from_hours(24 * 100));
        match on {
            "Deployment" => spec.deployment_ids = vec![deployment],
            _ => spec.workspace_ids = vec![workspace],
        }
        world.mint_token(spec)
    });
    bench.set("ASTRO_API_TOKEN", &text);
}

#[test]
fn one_screen_tells_what_is_fine_and_what_is_doubtful() {
    let bench = Bench::new();
    let ran = bench.run(&["doctor"]);
    assert_eq!(ran.code, 0, "{}{}", ran.data, ran.talk);
    bench.assert_clean(&ran);
    assert!(ran.data.lines().count() < 30, "{}", ran.data);
    for line in [
        "ok    connection",
        "ok    clock",
        "ok    Organization  Sandbox",
        "ok    Deployment",
        "ok    Airflow",
        "ok    registry",
        "ok    checkout",
    ] {
        assert!(ran.data.contains(line), "{line}: {}", ran.data);
    }
    assert!(ran.data.contains("warn  permission    wider than needed for `deploy`: it is ORGANIZATION_OWNER"), "{}", ran.data);
    assert!(ran.data.contains("warn  token") && ran.data.contains("never expires"), "{}", ran.data);
    let answer = bench.json(&["doctor"]);
    assert_eq!((&answer["schema"], &answer["verdict"]), (&1.into(), &"ok".into()));
}

#[test]
fn a_narrow_token_is_judged_by_the_command() {
    let mut bench = Bench::new();
    narrow(&mut bench, Access::Write, "Deployment");
    let answer = bench.json(&["doctor"]);
    assert_eq!((grade(&answer, "token"), grade(&answer, "permission"), grade(&answer, "Airflow")), ("ok", "skipped", "ok"));
    let ran = bench.run(&["doctor", "--for", "deployment create"]);
    assert_eq!(ran.code, 6, "{}", ran.data);
    assert!(ran.data.contains("it is a Deployment token, and needed is WORKSPACE_OPERATOR"), "{}", ran.data);
    narrow(&mut bench, Access::Write, "Workspace");
    let answer = bench.json(&["doctor", "--for", "workspace user add"]);
    assert_eq!(grade(&answer, "permission"), "ok", "{answer}");
    let ran = bench.run(&["doctor", "--for", "organization user invite"]);
    assert!(ran.code == 6 && ran.data.contains("too little for `organization user invite`"), "{}", ran.data);
}

#[test]
fn nothing_ends_the_examination_and_the_first_cause_decides() {
    let mut bench = Bench::new();
    bench.set("LIFTOFF_API_URL", "http://127.0.0.1:9/v1");
    let ran = bench.run(&["doctor"]);
    assert_eq!(ran.code, 9, "{}{}", ran.data, ran.talk);
    assert!(ran.data.contains("fail  connection") && ran.data.contains("ok    checkout"), "{}", ran.data);
    assert!(ran.data.contains("-     Organization  not seen, because the API was not reached"), "{}", ran.data);
    bench.set("ASTRO_API_TOKEN", "");
    let answer = bench.json(&["doctor"]);
    assert_eq!((grade(&answer, "token"), &answer["verdict"]), ("fail", &"transfer".into()));
}

#[test]
fn a_missing_deployment_a_missing_token_and_a_wrong_command_have_their_exit_codes() {
    let mut bench = Bench::new();
    let ran = bench.run(&["doctor", "--deployment", "demmo"]);
    assert!(ran.code == 5 && ran.data.contains("did you mean `demo`?"), "{}{}", ran.data, ran.talk);
    let ran = bench.run(&["doctor", "--for", "deplyo"]);
    assert!(ran.code == 2 && ran.talk.contains("did you mean `deploy`?"), "{}", ran.talk);
    bench.set("ASTRO_API_TOKEN", "");
    let ran = bench.run(&["doctor"]);
    assert_eq!(ran.code, 4, "{}", ran.data);
}

#[test]
fn a_sleeping_deployment_is_not_asked_for_its_airflow() {
    let mut asleep = Deployment::named("demo");
    asleep.is_development_mode = true;
    asleep.status = Status::Hibernating;
    asleep.hibernation_override = Some(HibernationOverride { is_hibernating: true, until: None });
    let bench = Bench::with(World::new().deployment(asleep));
    let answer = bench.json(&["doctor"]);
    assert_eq!((grade(&answer, "Deployment"), grade(&answer, "Airflow")), ("warn", "skipped"), "{answer}");
    assert!(bench.sim.journal().iter().all(|entry| entry.operation != "GetVersion"));
}

#[test]
fn an_airflow_that_does_not_answer_is_doubtful_and_ends_nothing() {
    let bench = Bench::new();
    bench.sim.with(|world| world.faults.push(Fault::on("GetVersion", 9, Effect::Status(503, String::new()))));
    let answer = bench.json(&["doctor"]);
    assert_eq!(
        (grade(&answer, "Airflow"), grade(&answer, "registry"), &answer["verdict"]),
        ("warn", "ok", &"ok".into()),
        "{answer}"
    );
}

#[test]
fn a_checkout_that_is_none_is_said() {
    let bench = Bench::new();
    std::fs::remove_dir_all(bench.project().join(".git")).expect("removed");
    let answer = bench.json(&["doctor"]);
    assert_eq!((grade(&answer, "checkout"), &answer["verdict"]), ("warn", &"ok".into()), "{answer}");
}
