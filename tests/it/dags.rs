//! DAGs before they ship: the syntax check and the difference, in whole runs.

use std::process::Command;

use astro_sim::world::deployment::Deployment;
use astro_sim::world::state::World;
use serde_json::{Value, json};

use crate::bench::{Bench, Ran};

const DAGS_ONLY: &[&str] = &["--deploy-type", "dags-only"];
const BROKEN: &str = "from airflow.sdk import DAG\nwith DAG('broken':\n    pass\n";

/// Plans DAGs and returns what the plan says about them.
fn planned(bench: &Bench) -> Value {
    bench.json(&[&["plan"], DAGS_ONLY].concat())["dags"].clone()
}

/// Returns the ids in one of the lists.
fn ids(dags: &Value, list: &str) -> Vec<String> {
    let list = dags[list].as_array().unwrap_or_else(|| panic!("no {list} in {dags:#}"));
    list.iter().map(|dag| dag["id"].as_str().expect("an id").to_owned()).collect()
}

fn deploy(bench: &Bench) -> Ran {
    bench.run(&[&["deploy"], DAGS_ONLY].concat())
}

#[test]
fn a_syntax_error_stops_the_run_before_anything_is_sent() {
    let mut bench = Bench::new();
    bench.write("dags/team/broken.py", BROKEN);
    bench.write("dags/worse.py", "def (\n");
    bench.commit("Break two files");
    for command in ["plan", "deploy"] {
        let ran = bench.run(&[&[command], DAGS_ONLY].concat());
        assert_eq!(ran.code, 7, "{command}: {}", ran.talk);
        let place = "error: dags/team/broken.py line 2, column ";
        assert!(ran.talk.lines().any(|line| line.starts_with(place)), "{command}: {}", ran.talk);
        assert!(ran.talk.contains("\n  --> dags/team/broken.py:2\n"), "{command}: {}", ran.talk);
        assert!(ran.talk.contains("could not ship the DAGs\nbecause: dags/team/broken.py line 2"), "{command}: {}", ran.talk);
        assert!(ran.talk.contains(" in 2 files in all"), "{command}: {}", ran.talk);
        assert!(ran.talk.contains("`check: false`"), "{command}: {}", ran.talk);
        bench.assert_clean(&ran);
    }
    assert_eq!(bench.deployed().len(), 1, "nothing was deployed");
    assert_eq!(bench.history("INITIALIZED"), [] as [&str; 0], "no deploy was created");
    let operations: Vec<String> = bench.sim.journal().iter().map(|entry| entry.operation.to_string()).collect();
    assert!(!operations.iter().any(|name| name == "PutBlob" || name == "CreateDeploy"), "{operations:?}");

    let plan = bench.json(&[&["plan"], DAGS_ONLY].concat());
    assert_eq!(plan["refusal"]["kind"], "checks-failed");
    assert_eq!(plan["result"]["error"]["exit_code"], 7);
    let problems = plan["dags"]["problems"].as_array().expect("problems");
    assert_eq!((&problems[0]["file"], &problems[0]["line"]), (&json!("dags/team/broken.py"), &json!(2)), "{problems:#?}");

    bench.set("GITHUB_ACTIONS", "true");
    let project = bench.project().display().to_string();
    bench.set("GITHUB_WORKSPACE", &project);
    let ran = deploy(&bench);
    assert_eq!(ran.code, 7, "{}", ran.talk);
    for place in ["::error file=dags/team/broken.py,line=2::dags/team/broken.py line 2, ", "::error file=dags/worse.py,line=1::"]
    {
        assert!(ran.talk.lines().any(|line| line.starts_with(place)), "{place}: {}", ran.talk);
    }
}

#[test]
fn whoever_does_not_want_the_check_ships_what_there_is() {
    let mut bench = Bench::new();
    bench.write("dags/broken.py", BROKEN);
    bench.write("liftoff.toml", "check = false\n");
    bench.commit("Break a file");
    assert_eq!(planned(&bench)["problems"], json!([]));
    let ran = deploy(&bench);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert_eq!(bench.dag_files(), ["dags/broken.py", "dags/sales.py"]);

    // What runs already is not checked again.
    bench.set("LIFTOFF_CHECK", "true");
    let plan = bench.json(&[&["plan"], DAGS_ONLY].concat());
    assert_eq!((&plan["deploy_type"], &plan["dags"]), (&Value::Null, &Value::Null), "{plan:#}");
    assert_eq!(deploy(&bench).code, 0);
    // It is, as soon as something else would ship with it.
    bench.write("dags/new.py", "x = 1\n");
    assert_eq!(deploy(&bench).code, 7);
}

#[test]
fn files_that_airflow_skips_only_give_a_warning() {
    for (image, rule) in [
        ("FROM astrocrpublic.azurecr.io/runtime:3.1-4\n", "# old\n**/broken*.py\n"),
        ("FROM quay.io/astronomer/astro-runtime:12.5.0\n", "# old\nbr[aeo]ken\n"),
    ] {
        let runtime = if image.contains("12.5") { "12.5.0" } else { "3.1-4" };
        let bench =
            Bench::with(World::new().deployment(Deployment { runtime_version: runtime.into(), ..Deployment::named("demo") }));
        bench.write("Dockerfile", image);
        bench.write("dags/broken_draft.py", BROKEN);
        bench.write("dags/.airflowignore", rule);
        bench.commit("A draft");
        let dags = planned(&bench);
        assert_eq!(ids(&dags, "added"), ["sales"], "{image}");
        let problem = &dags["problems"][0];
        assert_eq!((&problem["severity"], &problem["line"]), (&json!("warning"), &json!(2)), "{dags:#}");
        let words = "Airflow skips the file, by line 2 of .airflowignore in dags";
        assert!(problem["message"].as_str().expect("words").contains(words), "{dags:#}");
        let ran = deploy(&bench);
        assert_eq!(ran.code, 0, "{}", ran.talk);
        assert!(ran.talk.contains("warning: dags/broken_draft.py line 2"), "{}", ran.talk);
        assert!(bench.dag_files().contains(&"dags/broken_draft.py".to_owned()), "it ships all the same");
    }
}

#[test]
fn a_python_that_the_dockerfile_chooses_decides_what_is_syntax() {
    let bench = Bench::new();
    bench.write("dags/new.py", "x = t'{y}'\n");
    let check = |dockerfile: &str| {
        bench.write("Dockerfile", dockerfile);
        bench.commit("Choose an image");
        let plan = bench.json(&["plan"]);
        plan["dags"]["problems"][0]["message"].as_str().unwrap_or("fine").to_owned()
    };
    assert_eq!(check("FROM astrocrpublic.azurecr.io/runtime:3.1-4\n"), "fine");
    assert!(check("FROM astrocrpublic.azurecr.io/runtime:3.1-4-python-3.12\n").contains("Python 3.12"));
    // The image that runs may have another Python while only DAGs ship.
    assert_eq!(planned(&bench)["problems"], json!([]));
}

const SALES: &str = "from airflow.sdk import DAG\n\nwith DAG('sales', schedule='@daily'):\n    A(task_id='extract')\n";
const MANY: &str = "from airflow.sdk import DAG\n\nwith DAG('kept'):\n    pass\n\nwith DAG('gone'):\n    pass\n";
const MOVED: &str = "from airflow.sdk import DAG\n\nDAG('moved')\n";

/// Deploys four DAGs, then changes everything about them and commits.
fn changed(bench: &Bench) {
    bench.write("dags/sales.py", SALES);
    bench.write("dags/many.py", MANY);
    bench.write("dags/before.py", MOVED);
    bench.write("dags/untouched.py", "from airflow.sdk import DAG\nDAG('untouched')\n");
    bench.commit("Four files");
    let ran = deploy(bench);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    bench.write("dags/sales.py", &SALES.replace("@daily", "@hourly").replace("'extract'", "'load'"));
    bench.write("dags/many.py", MANY.split("\nwith DAG('gone')").next().expect("a part"));
    bench.remove("dags/before.py");
    bench.write("dags/team/after.py", MOVED);
    bench.write(
        "dags/new.py",
        "from airflow.sdk import dag\n\n@dag(schedule='@weekly', tags=['x'], owner_links=None)\ndef fresh(): ...\n\nfresh()\n",
    );
    bench.write("dags/factory.py", "from airflow.sdk import DAG\nfor n in range(3):\n    DAG(f'd{n}')\n");
    bench.commit("Change them");
}

fn check_the_difference(dags: &Value) {
    assert_eq!(ids(dags, "added"), ["fresh"], "{dags:#}");
    assert_eq!(ids(dags, "removed"), ["gone"], "{dags:#}");
    assert_eq!(ids(dags, "changed"), ["moved", "sales"], "{dags:#}");
    let [moved, sales] = dags["changed"].as_array().expect("a list").as_slice() else { panic!("{dags:#}") };
    assert_eq!((&moved["moved_from"], &moved["file"]), (&json!("dags/before.py"), &json!("dags/team/after.py")));
    assert_eq!(sales["changes"], json!([{"field": "schedule", "before": "@daily", "after": "@hourly"}]));
    assert_eq!((&sales["tasks_added"], &sales["tasks_removed"]), (&json!(["load"]), &json!(["extract"])));
    assert_eq!(dags["dynamic"], json!([{"file": "dags/factory.py", "lines": [3]}]));
    assert_eq!(dags["unknown"], Value::Null, "{dags:#}");
    assert_eq!(dags["problems"], json!([]));
    let fresh = &dags["added"][0];
    assert_eq!((&fresh["schedule"], &fresh["tags"], &fresh["line"]), (&json!("@weekly"), &json!(["x"]), &json!(3)));
}

#[test]
fn the_plan_tells_what_happens_to_each_dag() {
    let bench = Bench::new();
    changed(&bench);
    check_the_difference(&planned(&bench));
    let ran = bench.run(&[&["plan"], DAGS_ONLY].concat());
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let block = "DAG changes\n  - dag gone\n  + dag fresh (@weekly, 0 tasks)\n  ~ dag moved: moved from dags/before.py to \
                 dags/team/after.py\n  ~ dag sales: schedule @daily -> @hourly, tasks +load -extract\n  \
                 ? dynamic DAGs in dags/factory.py line 3 changed\n";
    assert!(ran.data.contains(block), "{}", ran.data);
    let notice = "Note        DAG `gone` disappears from the Deployment, unless a DAG with a computed id takes its place";
    assert!(ran.data.contains(notice), "{}", ran.data);
    assert_eq!(deploy(&bench).code, 0);
    assert_eq!(bench.json(&[&["plan"], DAGS_ONLY].concat())["dags"], Value::Null, "nothing would ship");
}

#[test]
fn a_shallow_clone_fetches_what_the_files_were() {
    let bench = Bench::new();
    changed(&bench);
    bench.git(&["config", "uploadpack.allowFilter", "true"]);
    bench.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let folder = tempfile::tempdir().expect("a folder");
    for (name, options) in [("shallow", &["--depth=1"][..]), ("blobless", &["--depth=1", "--filter=blob:none"])] {
        let clone = folder.path().join(name);
        let url = format!("file://{}", bench.project().display());
        bench.git(&[&["clone", "-q"], options, &[url.as_str(), clone.to_str().expect("UTF-8")]].concat());
        let plan = bench.run_in(&clone, &[&["plan", "--json", "--allow-other-repository"], DAGS_ONLY].concat());
        let plan: Value = serde_json::from_str(&plan.data).unwrap_or_else(|error| panic!("{error}: {}", plan.talk));
        check_the_difference(&plan["dags"]);
        let count = Command::new("git").args(["rev-list", "--count", "HEAD"]).current_dir(&clone).output().expect("git");
        assert_eq!(String::from_utf8_lossy(&count.stdout).trim(), "1", "the clone stayed as it was");
    }
}

#[test]
fn where_the_former_state_is_unknown_that_is_said() {
    // What runs was brought by another tool, which told no commit.
    let bench = Bench::new();
    let dags = planned(&bench);
    assert!(dags["unknown"].as_str().is_some_and(|why| why.contains("names no commit")), "{dags:#}");
    assert_eq!(ids(&dags, "added"), [] as [&str; 0]);
    let ran = bench.run(&[&["plan"], DAGS_ONLY].concat());
    assert!(ran.data.contains("  ! which DAGs differ is unknown, because deploy "), "{}", ran.data);

    // A broken file is compared with nothing, and so is not taken for removed.
    changed(&bench);
    bench.write("dags/many.py", "def (\n");
    bench.write("dags/.airflowignore", "nothing\n");
    bench.commit("Break a file");
    let dags = planned(&bench);
    assert_eq!(ids(&dags, "removed"), [] as [&str; 0], "{dags:#}");
    let why = dags["unknown"].as_str().unwrap_or_default();
    assert!(why.contains("dags/many.py cannot be read in full; dags/.airflowignore changed"), "{dags:#}");
}

#[test]
fn on_an_empty_deployment_every_dag_is_new() {
    let bench = Bench::with(World::new().deployment(Deployment::named("demo")));
    bench.write("dags/many.py", MANY);
    bench.write("dags/lib.py", "x = 1\n");
    let dags = planned(&bench);
    assert_eq!(ids(&dags, "added"), ["gone", "kept", "sales"]);
    assert_eq!(dags["unknown"], Value::Null, "{dags:#}");
}

#[test]
fn dags_in_the_image_are_read_as_well() {
    let bench = Bench::with(World::new().deployment(Deployment { is_dag_deploy_enabled: false, ..Deployment::named("demo") }));
    let dags = bench.json(&["plan"])["dags"].clone();
    assert_eq!(ids(&dags, "added"), ["sales"], "{dags:#}");
    bench.write("dags/broken.py", BROKEN);
    assert_eq!(bench.run(&["deploy"]).code, 7);
    bench.write(".dockerignore", "dags/broken.py\n");
    assert_eq!(bench.run(&["plan"]).code, 0, "it does not ship");
}

#[test]
fn without_a_token_the_plan_tells_it_from_git_alone() {
    let mut bench = Bench::new();
    bench.unset("ASTRO_API_TOKEN");
    bench.write("dags/sales.py", SALES);
    let plan = bench.json(&["plan", "--base", "HEAD"]);
    assert_eq!(plan["deploy_type"], "DAG_ONLY", "{plan:#}");
    assert_eq!(ids(&plan["dags"], "changed"), ["sales"]);
    bench.write("dags/sales.py", BROKEN);
    let ran = bench.run(&["plan", "--base", "HEAD"]);
    assert_eq!(ran.code, 7, "{}", ran.talk);
    assert!(ran.data.contains("Refused     dags/sales.py line 2"), "{}", ran.data);
}

#[test]
fn hostile_names_and_texts_stay_on_their_lines() {
    let mut bench = Bench::new();
    bench.set("GITHUB_ACTIONS", "true");
    let project = bench.project().display().to_string();
    bench.set("GITHUB_WORKSPACE", &project);
    assert_eq!(deploy(&bench).code, 0);
    bench.write("dags/a\n::add-mask::x.py", "def (\n");
    let hostile = "from airflow import DAG\nwith DAG('\\n::error::forged', schedule='\\n::error::x'):\n  A(task_id='\\n::y')\n";
    bench.write("dags/b.py", hostile);
    bench.commit("Hostile");
    for command in ["plan", "deploy"] {
        let ran = bench.run(&[&[command], DAGS_ONLY].concat());
        assert_eq!(ran.code, 7, "{}", ran.talk);
        let dag = "  + dag \\n::error::forged (\\n::error::x, 1 task)";
        assert!(ran.talk.lines().chain(ran.data.lines()).any(|line| line == dag), "{}\n{}", ran.talk, ran.data);
        for line in ran.talk.lines().chain(ran.data.lines()) {
            let ours = line.starts_with("::error file=dags/a\\n%3A%3Aadd-mask%3A%3Ax.py,line=")
                || line.starts_with("::error::could not ship the DAGs%0Abecause: dags/a\\n::add-mask::x.py line ")
                || line.starts_with("::group::")
                || line.starts_with("::endgroup::");
            assert!(ours || !line.trim_start().starts_with("::"), "{line}");
        }
    }
}
