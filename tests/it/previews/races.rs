//! Two runs at once, in scheduled orders, and runs that were killed or lost an answer.

use astro_sim::faults::{Effect, Fault, Match};

use crate::previews::life::{Life, deployed};

/// Tries every case at the same time: they mostly wait for the platform.
fn each<T: Send, const N: usize>(cases: [T; N], attempt: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            let attempt = &attempt;
            scope.spawn(move || attempt(case));
        }
    });
}

/// One run waits at a point while another one goes from start to end.
fn interleaved(operation: &str, skip: u32, effect: Effect) -> Life {
    let life = Life::new();
    let matches = Match { skip, ..Match::operation(operation) };
    life.bench.sim.with(|world| world.faults.push(Fault { matches, times: 1, effect }));
    let first = life.while_at("here", &["preview", "sync"], || {
        let second = life.bench.run_beside(&["preview", "sync"]);
        assert_eq!(second.code, 0, "{operation} {skip}: the second run: {}\n{}", second.data, second.talk);
        life.bench.assert_clean(&second);
    });
    assert_eq!(first.code, 0, "{operation} {skip}: the first run: {}\n{}", first.data, first.talk);
    life.bench.assert_clean(&first);
    life
}

#[test]
fn two_runs_at_once_make_one_preview_wherever_the_first_one_waits() {
    let gate = || Effect::Gate("here".into());
    let answer = || Effect::GateAnswer("here".into());
    each(
        [
            ("ListDeployments", 1, gate()),
            ("ListDeployments", 1, answer()),
            ("CreateDeployment", 0, gate()),
            ("CreateDeployment", 0, answer()),
            ("ListDeployments", 2, gate()),
            ("ListDeployments", 2, answer()),
            ("CreateDeploy", 0, gate()),
            ("CreateDeploy", 0, answer()),
            ("FinalizeDeploy", 0, gate()),
            ("FinalizeDeploy", 0, answer()),
        ],
        |(operation, skip, effect)| {
            let what = format!("{operation} after {skip}, {effect:?}");
            let life = interleaved(operation, skip, effect);
            let preview = life.only();
            assert!(!deployed(&preview).is_empty(), "{what}: {preview:?}");
            assert!(preview.dag_tarball_version.is_some(), "{what}");
            // Where both finalized, the history does not tell which content runs; then the next run ships once more.
            life.preview(&["sync"]);
            let ran = life.preview(&["sync"]);
            assert!(ran.talk.contains("nothing to ship"), "{what}: {}", ran.talk);
            assert_eq!(life.only().id, preview.id, "{what}");
        },
    );
}

#[test]
fn a_run_that_is_killed_anywhere_is_carried_on_by_the_next_one() {
    each(["CreateDeployment", "CreateConnection", "CreateDeploy", "PutBlob", "FinalizeDeploy"], |operation| {
        let life = Life::new();
        let stopped = life.bench.run_until(operation, &["preview", "sync"]);
        assert_eq!(stopped.code, 143, "{operation}: {}", stopped.talk);
        life.preview(&["sync"]);
        let preview = life.only();
        assert!(!deployed(&preview).is_empty(), "{operation}");
        assert!(preview.airflow.connections.iter().any(|connection| connection.id == "warehouse"), "{operation}");
    });
}

#[test]
fn a_creation_whose_answer_is_lost_is_looked_up_before_it_is_tried_again() {
    each([Effect::CutBeforeAnswer, Effect::BrokenJson, Effect::Status(503, String::new()), Effect::CutBeforeRequest], |effect| {
        let life = Life::new();
        life.bench.sim.with(|world| world.faults.push(Fault::on("CreateDeployment", 1, effect.clone())));
        life.preview(&["sync"]);
        assert_eq!(deployed(&life.only()), ["IMAGE_AND_DAG"], "{effect:?}");
    });
}

#[test]
fn a_preview_that_is_deleted_under_a_run_is_made_anew_while_it_is_wanted() {
    let life = Life::new();
    life.preview(&["sync"]);
    let id = life.only().id;
    life.push("dags/sales.py", "x = 1\n");
    life.bench.sim.with(|world| world.faults.push(Fault::on("CreateDeploy", 1, Effect::Gate("here".into()))));
    let ran = life.while_at("here", &["preview", "sync"], || {
        life.bench.sim.with(|world| world.deployments.retain(|deployment| deployment.id != id));
    });
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert_ne!(life.only().id, id);
    assert_eq!(deployed(&life.only()), ["IMAGE_AND_DAG"]);
}

#[test]
fn a_base_whose_image_cannot_be_had_is_no_reason_to_fail_before_a_build() {
    let life = Life::new();
    life.bench.sim.with(|world| world.faults.push(Fault::on("GetManifest", 9, Effect::Status(403, String::new()))));
    let ran = life.bench.run(&["preview", "sync"]);
    assert!(ran.talk.contains("cannot be had, so it is built"), "{}", ran.talk);
}
