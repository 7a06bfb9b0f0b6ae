//! `liftoff plan --all`: every project of a repository in one run, and what a CI system fans out
//! over.

use std::collections::BTreeMap;

use astro_sim::world::builder::{History, SANDBOX_GITHUB_TOKEN};
use astro_sim::world::deployment::Deployment;
use astro_sim::world::state::World;
use serde_json::{Value, json};

use crate::bench::{Bench, Ran};

const RUNTIME: &str = "FROM astrocrpublic.azurecr.io/runtime:3.1-4\n";

/// Returns a repository with the Astro projects `teams/orders` and `teams/web` and the dbt project
/// `dbt/shop`, each with a settings file, and the Deployments `orders` and `web`.
fn bench() -> Bench {
    let mut world = World::new();
    for name in ["orders", "web"] {
        let id = world.add_deployment(Deployment::named(name));
        world.add_history(&id, History { git: None, ..History::default() });
    }
    let mut bench = Bench::with(world);
    bench.unset("LIFTOFF_DEPLOYMENT_NAME");
    for name in ["Dockerfile", "requirements.txt", "packages.txt", "dags/sales.py", "include/query.sql"] {
        bench.remove(name);
    }
    for name in ["orders", "web"] {
        project(&bench, &format!("teams/{name}"), &format!("deploy-type = 'dags-only'\ndeployment-name = '{name}'\n"));
    }
    bench.write("dbt/shop/dbt_project.yml", "name: shop\n");
    bench.write("dbt/shop/models/a.sql", "select 1\n");
    bench.write("dbt/shop/liftoff.toml", "deploy-type = 'dbt'\ndeployment-name = 'orders'\n");
    bench.commit("Three projects");
    bench
}

/// Writes an Astro project with a settings file.
fn project(bench: &Bench, folder: &str, settings: &str) {
    for (name, text) in [
        ("Dockerfile", RUNTIME),
        ("requirements.txt", ""),
        ("packages.txt", ""),
        ("dags/a.py", "x = 1\n"),
        ("liftoff.toml", settings),
    ] {
        bench.write(&format!("{folder}/{name}"), text);
    }
}

/// Deploys every project.
fn deploy_each(bench: &Bench) {
    for folder in ["teams/orders", "teams/web", "dbt/shop"] {
        bench.deploy(&["--root-folder", folder]);
    }
}

/// Plans all and returns how the run ended, with its object.
fn plan_all(bench: &Bench, more: &[&str]) -> (Ran, Value) {
    let ran = bench.run(&[&["plan", "--all", "--json"], more].concat());
    let object = serde_json::from_str(&ran.data).unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.data, ran.talk));
    bench.assert_clean(&ran);
    (ran, object)
}

/// The decision on each project, `error` where something stands in the way.
fn decisions(plans: &Value) -> BTreeMap<&str, &str> {
    let projects = plans["projects"].as_array().expect("projects").iter();
    let decision = |project: &'_ Value| if project["error"].is_null() { project["decision"].clone() } else { json!("error") };
    projects
        .map(|project| {
            let word = ["ship", "nothing", "unmapped", "no-credentials"].into_iter().find(|word| decision(project) == *word);
            (project["root_folder"].as_str().expect("a folder"), word.unwrap_or("error"))
        })
        .collect()
}

fn shipping(plans: &Value) -> Vec<&str> {
    let include = plans["matrix"]["include"].as_array().expect("a list");
    include.iter().map(|entry| entry["root-folder"].as_str().expect("a folder")).collect()
}

#[test]
fn only_what_must_ship_is_in_the_matrix() {
    let bench = bench();
    deploy_each(&bench);
    let (ran, plans) = plan_all(&bench, &[]);
    assert_eq!((ran.code, &plans["any"], &plans["matrix"]), (0, &json!(false), &json!({"include": []})), "{plans:#}");
    assert_eq!(
        decisions(&plans),
        BTreeMap::from([("dbt/shop", "nothing"), ("teams/orders", "nothing"), ("teams/web", "nothing")])
    );

    bench.write("teams/web/dags/a.py", "x = 2\n");
    bench.write("README.md", "# Better\n");
    let head = bench.commit("Change one of them");
    let (ran, plans) = plan_all(&bench, &[]);
    assert_eq!((ran.code, &plans["schema"], &plans["any"]), (0, &json!(1), &json!(true)));
    let id = bench.sim.with(|world| world.deployments[1].id.clone());
    let reason = plans["projects"][2]["reason"].clone();
    let entry = json!({
        "root-folder": "teams/web", "deployment-id": id, "deployment-name": "web", "deploy-type": "dags-only",
        "ships": "DAG_ONLY", "reason": reason,
    });
    assert_eq!(plans["matrix"], json!({"include": [entry]}), "{plans:#}");
    assert!(reason.as_str().is_some_and(|reason| reason.contains("1 file differs")), "{reason}");
    assert!(plans["projects"][2].get("files").is_none() && plans["projects"][2]["artifacts"]["dags"]["changed"] == true);

    let ran = bench.run(&["plan", "--all"]);
    let lines: Vec<&str> = ran.data.lines().collect();
    assert_eq!(lines.len(), 4, "{}", ran.data);
    assert!(lines[0].starts_with("dbt/shop      nothing    orders  deploy-type `dbt` was asked for and bundle"), "{}", ran.data);
    assert!(
        lines[2].starts_with("teams/web     ship DAGs  web     deploy-type `dags-only` was asked for; DAGs: 1 file"),
        "{}",
        ran.data
    );
    assert_eq!(lines[3], "1 of 3 projects must ship");

    // The job that the matrix starts ships it, by id although the file has a name, and then nothing is left.
    let ran = bench.deploy(&["--root-folder", "teams/web", "--deployment-id", &id, "--deploy-type", "dags-only"]);
    assert!(ran.data.contains("Deployed    DAGs to web"), "{}", ran.data);
    assert_eq!(plan_all(&bench, &[]).1["any"], false);
    assert_eq!(bench.git(&["rev-parse", "HEAD"]), head);
}

#[test]
fn a_project_that_cannot_be_planned_stops_no_other() {
    let bench = bench();
    deploy_each(&bench);
    bench.write("teams/orders/liftoff.toml", "deploy-type = 'dags-only'\ndeployment-nmae = 'orders'\n");
    bench.write("teams/web/dags/a.py", "x = 2\n");
    project(&bench, "teams/torn", "deploy-type = 'dags-only'\ndeployment-name = 'orders'\ndags-path = 'torn'\n");
    bench.write("teams/torn/torn/a.py", "def x(:\n");
    project(&bench, "teams/gone", "deployment-name = 'gone'\n");
    bench.commit("Break two, change one");
    let (ran, plans) = plan_all(&bench, &[]);
    assert_eq!(ran.code, 5, "the first that failed: {}", ran.talk);
    assert_eq!(
        decisions(&plans),
        BTreeMap::from([
            ("dbt/shop", "nothing"),
            ("teams/gone", "error"),
            ("teams/orders", "error"),
            ("teams/torn", "error"),
            ("teams/web", "ship")
        ])
    );
    assert_eq!(shipping(&plans), ["teams/web"]);
    assert!(ran.talk.contains("--> teams/torn/torn/a.py:1"), "{}", ran.talk);
    assert_eq!(plans["projects"][2]["error"]["kind"], "usage", "{plans:#}");
    for words in [
        "error: could not plan teams/gone: find the Deployment",
        "error: could not plan teams/orders: read",
        "`deployment-name`?",
    ] {
        assert!(ran.talk.contains(words), "{words}: {}", ran.talk);
    }
    assert!(bench.run(&["plan", "--all"]).data.ends_with("1 of 5 projects must ship, 3 plans failed\n"));
}

#[test]
fn many_projects_on_few_deployments_ask_for_each_thing_once() {
    let mut bench = bench();
    for index in 0..4 {
        bench.write(&format!("dbt/more{index}/dbt_project.yml"), &format!("name: more{index}\n"));
        bench.write(&format!("dbt/more{index}/liftoff.toml"), "deploy-type = 'dbt'\ndeployment-name = 'orders'\n");
    }
    project(&bench, "teams/image", "deploy-type = 'image-only'\ndeployment-name = 'orders'\n");
    project(&bench, "teams/picture", "deploy-type = 'image-only'\ndeployment-name = 'web'\n");
    bench.commit("More projects");
    let (ran, plans) = plan_all(&bench, &[]);
    assert_eq!((ran.code, shipping(&plans).len()), (0, 9), "{}", ran.talk);
    let asked = |bench: &Bench| -> BTreeMap<String, usize> {
        let mut asked = BTreeMap::new();
        for entry in bench.sim.journal() {
            *asked.entry(entry.operation).or_default() += 1;
        }
        asked
    };
    let expected = [("ListDeployments", 2), ("ListDeploys", 2), ("GetDeploymentOptions", 1)];
    assert_eq!(asked(&bench), expected.map(|(name, times)| (name.to_owned(), times)).into());

    // A token that nobody takes is refused once for each Deployment, not for each project.
    bench.set("ASTRO_API_TOKEN", "not.a.token");
    let (ran, _) = plan_all(&bench, &[]);
    assert_eq!(ran.code, 4, "{}", ran.talk);
    assert_eq!(asked(&bench)["ListOrganizations"], 2);
}

#[test]
fn a_commit_that_the_checkout_lacks_is_compared_once_for_all() {
    let mut bench = bench();
    let github = World::sandbox().github;
    let head = bench.git(&["rev-parse", "HEAD"]);
    bench.sim.with(|world| {
        world.github = github;
        // What runs everywhere came from a commit that only the forge has.
        for id in world.deployments.iter().map(|deployment| deployment.id.clone()).collect::<Vec<_>>() {
            world.add_history(&id, History::default());
        }
        world.github.repositories[0].push_commit("main", &head, &[("teams/web/dags/a.py", "modified")]);
    });
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_REPOSITORY", "acme/demo"),
        ("GITHUB_API_URL", &bench.sim.github_api_url()),
        ("GITHUB_TOKEN", SANDBOX_GITHUB_TOKEN),
    ] {
        bench.set(name, value);
    }
    std::fs::remove_dir_all(bench.project().join("dbt")).expect("removed");
    let (ran, plans) = plan_all(&bench, &["--allow-other-repository"]);
    assert_eq!((ran.code, shipping(&plans)), (0, vec!["teams/web"]), "{plans:#}\n{}", ran.talk);
    let compared = bench.sim.journal().iter().filter(|entry| entry.operation == "Compare").count();
    assert_eq!(compared, 1);
}

#[test]
fn each_project_has_its_own_mapping() {
    let mut bench = bench();
    for (folder, text) in [
        ("teams/orders", "[branch.main]\ndeployment-name = 'orders'\n"),
        ("teams/web", "[branch.dev]\ndeployment-name = 'web'\n"),
        ("dbt/shop", "deploy-type = 'dbt'\n[branch.'*']\ndeployment-name = 'orders'\n"),
    ] {
        bench.write(&format!("{folder}/liftoff.toml"), text);
    }
    project(&bench, "examples/unaimed", "wait = false\n");
    bench.commit("Map branches");
    let on = |bench: &Bench, branch: &str| {
        let (ran, plans) = plan_all(bench, &["--branch", branch]);
        assert_eq!(ran.code, 0, "{}", ran.talk);
        (decisions(&plans).into_iter().map(|(folder, word)| format!("{folder} {word}")).collect::<Vec<_>>(), plans)
    };
    let (found, plans) = on(&bench, "main");
    assert_eq!(found, ["dbt/shop ship", "examples/unaimed unmapped", "teams/orders ship", "teams/web unmapped"]);
    assert_eq!((&plans["projects"][1]["declined"], &plans["projects"][2]["declined"]), (&json!(true), &json!(false)));
    assert_eq!(plans["projects"][1]["reason"], "nothing names a Deployment for it; its own liftoff.toml can");
    let (found, _) = on(&bench, "dev");
    assert_eq!(found, ["dbt/shop ship", "examples/unaimed unmapped", "teams/orders unmapped", "teams/web ship"]);
    let (found, plans) = on(&bench, "a/b");
    assert!(found.iter().all(|line| line.ends_with(" unmapped")), "{found:?}");
    let reason = plans["projects"][3]["reason"].as_str().expect("a reason");
    assert_eq!(reason, "the branch `a/b` has no section in teams/web/liftoff.toml ([branch.\"dev\"])");

    // A file at the root speaks for projects without one of their own, as it does for a deploy.
    bench.remove("teams/orders/liftoff.toml");
    bench.write("liftoff.toml", "[branch.main]\ndeployment-name = 'orders'\n");
    let (found, _) = on(&bench, "main");
    assert_eq!(found, ["dbt/shop ship", "examples/unaimed unmapped", "teams/orders ship", "teams/web unmapped"]);

    // Without a token git alone makes the plans.
    bench.unset("ASTRO_API_TOKEN");
    bench.write("teams/orders/dags/a.py", "x = 2\n");
    let requests = bench.sim.journal().len();
    let (ran, plans) = plan_all(&bench, &["--base", "HEAD"]);
    assert_eq!((ran.code, shipping(&plans)), (0, vec!["teams/orders"]), "{}", ran.talk);
    assert!(ran.talk.contains("notice: dbt/shop, teams/orders: there is no ASTRO_API_TOKEN"), "{}", ran.talk);
    assert_eq!(bench.sim.journal().len(), requests);
}

#[test]
fn projects_that_would_replace_each_other_are_refused() {
    let bench = bench();
    bench.write("teams/web/liftoff.toml", "deploy-type = 'dags-only'\ndeployment-name = 'orders'\n");
    bench.commit("Copy the settings");
    let (ran, plans) = plan_all(&bench, &[]);
    assert_eq!(ran.code, 6, "{}", ran.talk);
    assert_eq!(shipping(&plans), ["dbt/shop"], "a bundle has a place of its own: {plans:#}");
    assert!(
        ran.talk.contains("plan teams/orders: ship to orders\nbecause: teams/web ships the DAGs to the same"),
        "{}",
        ran.talk
    );
    assert!(ran.talk.contains("plan teams/web: ship to orders\nbecause: teams/orders ships the DAGs"), "{}", ran.talk);
    // Different artifacts share a Deployment in peace.
    bench.write("teams/web/liftoff.toml", "deploy-type = 'image-only'\ndeployment-name = 'orders'\n");
    assert_eq!(plan_all(&bench, &[]).0.code, 0);
}

#[test]
fn a_step_hands_the_matrix_on_and_shows_a_table() {
    let mut bench = bench();
    let place = |name: &str| bench.project().parent().expect("a folder").join(name);
    let (output, summary) = (place("output"), place("summary"));
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_WORKSPACE", &bench.project().display().to_string()),
        ("GITHUB_OUTPUT", &output.display().to_string()),
        ("GITHUB_STEP_SUMMARY", &summary.display().to_string()),
        ("INPUT_ACTION", "plan"),
        ("INPUT_ALL", "true"),
    ] {
        bench.set(name, value);
    }
    project(&bench, "teams/$(id)\n`|@acme", "deployment-name = 'gone'\n");
    bench.commit("A hostile name");
    let ran = bench.run(&["deploy"]);
    assert_eq!(ran.code, 5, "{}", ran.talk);
    bench.assert_clean(&ran);
    let outputs = std::fs::read_to_string(&output).expect("outputs");
    let value = |name: &str| {
        let (_, rest) = outputs.split_once(&format!("{name}<<")).expect("an output");
        let (delimiter, rest) = rest.split_once('\n').expect("a line");
        rest.split_once(&format!("\n{delimiter}")).expect("an end").0.to_owned()
    };
    assert_eq!((value("any").as_str(), value("deployed").as_str()), ("true", "false"));
    assert_eq!(value("reason"), "3 of 4 projects must ship, 1 plan failed");
    let matrix: Value = serde_json::from_str(&value("matrix")).expect("JSON");
    assert_eq!(matrix["include"].as_array().map(Vec::len), Some(3));
    let whole: Value = serde_json::from_str(&value("json")).expect("JSON");
    assert_eq!(whole["matrix"], matrix);
    let table = std::fs::read_to_string(&summary).expect("a summary");
    assert!(table.starts_with("### ❌ 3 of 4 projects must ship, 1 plan failed\n\n| project |"), "{table}");
    assert!(table.contains("| <code>teams/web</code> | **ship DAGs** | <code>web</code> | "), "{table}");
    assert!(table.contains("| <code>teams/&#36;(id)&#92;n&#96;&#124;&#64;acme</code> | error | – | "), "{table}");
    assert_eq!(table.trim_end().lines().count(), 8, "one row a project: {table}");
}

#[test]
fn the_search_stays_where_it_is_told_to() {
    let bench = bench();
    bench.write(".gitignore", "generated/\n");
    project(&bench, "generated/copy", "");
    bench.write("teams/web/dags/fixture/liftoff.toml", "");
    std::os::unix::fs::symlink("..", bench.project().join("teams/loop")).expect("a link");
    bench.commit("Things that are no projects");
    let folders =
        |more: &[&str]| -> Vec<String> { decisions(&plan_all(&bench, more).1).into_keys().map(str::to_owned).collect() };
    assert_eq!(folders(&[]), ["dbt/shop", "teams/orders", "teams/web"]);
    assert_eq!(folders(&["--root-folder", "teams"]), ["teams/orders", "teams/web"]);
    assert_eq!(folders(&["--root-folder", "/dbt"]), ["dbt/shop"]);
    let ran = bench.run_in(&bench.project().join("teams/web"), &["plan", "--all"]);
    assert!(ran.data.ends_with("3 of 3 projects must ship\n"), "from anywhere in the repository: {}", ran.data);

    for (root, code, words) in
        [("..", 3, "leaves the checkout"), ("nowhere", 3, "nowhere"), ("generated", 3, "find a project below")]
    {
        let (ran, plans) = match root {
            "generated" => {
                bench.write("generated/copy/liftoff.toml", "");
                std::fs::remove_dir_all(bench.project().join("generated")).expect("removed");
                bench.write("generated/README.md", "");
                plan_all(&bench, &["--root-folder", root])
            }
            _ => plan_all(&bench, &["--root-folder", root]),
        };
        assert_eq!((ran.code, plans["error"]["exit_code"].as_i64()), (code, Some(i64::from(code))), "{root}: {}", ran.talk);
        assert!(ran.talk.contains(words), "{root}: {}", ran.talk);
        assert_eq!((shipping(&plans).len(), &plans["any"]), (0, &json!(false)));
    }
    let ran = bench.run(&["deploy", "--all"]);
    assert_eq!(ran.code, 2, "{}", ran.talk);
}
