//! `liftoff check` in whole runs: what it reads by itself, and what it says when it cannot run a project's code.
//! Real Airflows are the business of `tests/real/check.rs`.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::bench::Bench;

const DAG: &str = "from airflow.sdk import DAG\n\nwith DAG(\"sales\"):\n    pass\n";

/// A bench on which nobody has an account: `check` needs none.
fn bench() -> Bench {
    let mut bench = Bench::new();
    for name in ["ASTRO_API_TOKEN", "LIFTOFF_DEPLOYMENT_NAME"] {
        bench.unset(name);
    }
    bench
}

#[test]
fn a_sound_project_passes_without_an_account_and_without_a_call() {
    let bench = bench();
    let ran = bench.run(&["check"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(ran.data.starts_with("static 1 file: 0 failed ("), "{}", ran.data);
    assert!(bench.sim.journal().is_empty());
}

#[test]
fn every_static_problem_is_told_at_its_place() {
    let mut bench = bench();
    bench.write("dags/broken.py", "def (\n");
    bench.write("dags/team/twice.py", DAG);
    bench.write("dags/lost.py", "from include.readings import x\nfrom include.sql import y\n");
    bench.write("include/sql/a.sql", "");
    bench.commit("Break the DAGs");
    let ran = bench.run(&["check", "--junit-file", "../results.xml"]);
    assert_eq!(ran.code, 7, "{}", ran.talk);
    for line in [
        "error: dags/broken.py line 1, column 5: ",
        "error: dags/team/twice.py line 3: the DAG id sales is taken: dags/sales.py line 3 has it, too",
        "warning: dags/lost.py line 1: it imports include.readings, but include has no readings",
        "could not pass the checks",
    ] {
        assert!(ran.talk.contains(line), "{line}: {}", ran.talk);
    }
    assert!(!ran.talk.contains("include.sql"), "{}", ran.talk);
    assert!(ran.data.starts_with("static 4 files: 2 failed, 1 warning ("), "{}", ran.data);
    let xml = std::fs::read_to_string(bench.project().join("../results.xml")).expect("results");
    assert!(xml.contains("<testsuite name=\"static\" tests=\"4\" failures=\"2\""), "{xml}");

    let answer = bench.json(&["check"]);
    assert_eq!((&answer["passed"], &answer["error"]["exit_code"]), (&json!(false), &json!(7)), "{answer:#}");
    let places: Vec<String> =
        answer["checks"][0]["problems"].as_array().expect("problems").iter().map(|it| it["file"].to_string()).collect();
    for file in ["broken", "team/twice", "lost"] {
        assert!(places.contains(&format!("\"dags/{file}.py\"")), "{places:?}");
    }

    bench.set("GITHUB_ACTIONS", "true");
    let project = bench.project().display().to_string();
    bench.set("GITHUB_WORKSPACE", &project);
    let ran = bench.run(&["check"]);
    assert!(ran.talk.lines().any(|line| line.starts_with("::error file=dags/team/twice.py,line=3::")), "{}", ran.talk);
    bench.set("INPUT_ACTION", "check");
    assert_eq!(bench.run(&["deploy"]).code, 7, "the action checks, too");
    assert!(bench.sim.journal().is_empty(), "nothing was asked of Astro");
}

#[test]
fn a_duplicate_id_stops_a_deploy_as_a_syntax_error_does() {
    let bench = Bench::new();
    bench.write("dags/twice.py", DAG);
    bench.commit("Define a DAG twice");
    let ran = bench.run(&["deploy", "--deploy-type", "dags-only"]);
    assert_eq!(ran.code, 7, "{}", ran.talk);
    assert!(ran.talk.contains("the DAG id sales is taken"), "{}", ran.talk);
    assert_eq!(bench.deployed().len(), 1, "nothing was deployed");
}

#[test]
fn without_uv_it_says_what_is_missing() {
    for arguments in [&["check", "--parse"][..], &["deploy", "--parse", "--deploy-type", "dags-only"]] {
        let mut bench = Bench::new();
        bench.set("PATH", "/nowhere");
        let ran = bench.run(arguments);
        assert_eq!(ran.code, 3, "{}", ran.talk);
        assert!(ran.talk.contains("`uv`, which installs Python packages, is not on PATH"), "{}", ran.talk);
        assert!(ran.talk.contains("pip install uv"), "{}", ran.talk);
        assert!(!bench.sim.journal().iter().any(|entry| entry.operation == "CreateDeploy"), "nothing was created");
    }
}

#[test]
fn what_is_forced_is_not_checked() {
    let mut bench = Bench::new();
    bench.set("PATH", "/nowhere");
    let ran = bench.deploy(&["--deploy-type", "dags-only", "--parse", "--pytest", "--force"]);
    assert!(ran.talk.contains("`force` skips the checks that `parse` and `pytest` ask for"), "{}", ran.talk);
}

#[test]
fn an_unknown_airflow_is_an_error_and_the_deployment_can_tell() {
    let mut bench = bench();
    bench.write("Dockerfile", "FROM python:3.12\n");
    let ran = bench.run(&["check", "--parse"]);
    assert_eq!(ran.code, 3, "{}", ran.talk);
    assert!(ran.talk.contains("the Dockerfile names no Astro Runtime, and no Deployment is named"), "{}", ran.talk);
    bench.set("LIFTOFF_DEPLOYMENT_NAME", "demo");
    assert_eq!(bench.run(&["check", "--parse"]).code, 4, "there is no token to ask with");
    let ran = bench.run(&["check", "--parse", "--airflow-version", "3.x"]);
    assert_eq!(ran.code, 2, "{}", ran.talk);
}

/// A stand-in for uv that notes how it was called and cannot install what the requirements name.
const UV: &str = r#"#!/bin/sh
env >>"$0.env"; echo "$*" >>"$0.calls"
case "$*" in
*"python find"*) echo /bin/sh ;;
*"--requirement"*) echo "No solution found when resolving https://ada:hunter2@pypi.example/simple: acme==9 is not there" >&2; exit 1 ;;
esac
"#;

#[test]
fn requirements_that_cannot_be_had_fail_the_check_and_tell_no_secret() {
    let mut bench = bench();
    let uv = bench.project().join("../bin/uv");
    std::fs::create_dir_all(uv.parent().expect("a folder")).expect("a folder");
    std::fs::write(&uv, UV).expect("a program");
    std::fs::set_permissions(&uv, std::fs::Permissions::from_mode(0o755)).expect("a program");
    let path = format!("{}:/usr/bin:/bin", uv.parent().expect("a folder").display());
    bench.set("PATH", &path).set("ASTRO_API_TOKEN_FILE", "nowhere").set("GH_TOKEN", "hunter3").set("OTHER", "x");
    bench.write("requirements.txt", "--index-url https://ada:hunter2@pypi.example/simple\nacme==9\n");
    let ran = bench.run(&["check", "--parse", "--airflow-version", "3.1"]);
    assert_eq!(ran.code, 7, "{}", ran.talk);
    assert!(ran.talk.contains("could not install the project's requirements"), "{}", ran.talk);
    assert!(ran.talk.contains("\n  --> requirements.txt\n"), "{}", ran.talk);
    assert!(ran.talk.contains("acme==9 is not there") && !ran.talk.contains("hunter2"), "{}", ran.talk);
    let calls = std::fs::read_to_string(uv.with_extension("calls")).expect("calls");
    assert!(calls.contains("apache-airflow==3.1.* pytest --exclude-newer 2026-04-01"), "{calls}");
    let seen = std::fs::read_to_string(uv.with_extension("env")).expect("an environment");
    assert!(seen.contains("UV_PYTHON_DOWNLOADS=never") && !seen.contains("hunter3"), "{seen}");
    assert!(!seen.contains("ASTRO_API") && !seen.contains("OTHER="), "{seen}");
}
