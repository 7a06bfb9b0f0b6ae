//! Sections of `liftoff.toml`: which Deployment a branch, a tag or a pull request goes to.

use astro_sim::world::builder::History;
use astro_sim::world::deployment::Deployment;
use astro_sim::world::state::World;
use serde_json::json;

use crate::bench::Bench;

const MAPPED: &str = "\
deploy-type = \"dags-only\"

[branch.main]
deployment-name = \"prod\"

[branch.\"release/*\"]
deployment-name = \"prod\"

[branch.dev]
deployment-name = \"dev\"

[tag.\"v*\"]
deployment-name = \"prod\"
";

/// Returns a bench with the Deployments `prod` and `dev`, which a settings file maps.
fn bench() -> Bench {
    let mut world = World::new();
    for name in ["prod", "dev"] {
        let id = world.add_deployment(Deployment::named(name));
        world.add_history(&id, History { git: None, ..History::default() });
    }
    let mut bench = Bench::with(world);
    bench.unset("LIFTOFF_DEPLOYMENT_NAME");
    bench.write("liftoff.toml", MAPPED);
    bench.commit("Map branches");
    bench
}

/// Returns how many deploys each Deployment has seen: `prod`, `dev`.
fn deploys(bench: &Bench) -> Vec<usize> {
    bench.sim.with(|world| world.deployments.iter().map(|deployment| deployment.deploys.len()).collect())
}

/// Makes the next runs a GitHub Actions step.
fn step(bench: &mut Bench, event: &str, reference: &str) {
    let output = bench.project().parent().expect("a folder").join("output").display().to_string();
    let workspace = bench.project().display().to_string();
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", event),
        ("GITHUB_REF", reference),
        ("GITHUB_REPOSITORY", "acme/demo"),
        ("GITHUB_WORKSPACE", &workspace),
        ("GITHUB_OUTPUT", &output),
    ] {
        bench.set(name, value);
    }
    bench.unset("GITHUB_EVENT_PATH");
}

/// Makes the next runs serve a pull request.
fn pull_request(bench: &mut Bench, head: &str, base: &str, from: &str) {
    step(bench, "pull_request", "refs/pull/1/merge");
    let sha = bench.git(&["rev-parse", "HEAD"]);
    let event = json!({
        "action": "opened",
        "number": 1,
        "pull_request": {
            "number": 1, "title": "A change", "state": "open", "merged": false,
            "user": {"login": "eve", "type": "User"},
            "head": {"ref": head, "sha": sha, "repo": {"full_name": from}},
            "base": {"ref": base, "sha": sha, "repo": {"full_name": "acme/demo"}},
        },
        "repository": {"full_name": "acme/demo"},
    });
    let path = bench.project().parent().expect("a folder").join("event.json");
    std::fs::write(&path, event.to_string()).expect("an event");
    bench.set("GITHUB_EVENT_PATH", &path.display().to_string());
}

fn output(bench: &Bench) -> String {
    let path = bench.project().parent().expect("a folder").join("output");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    std::fs::remove_file(&path).expect("outputs were written");
    text
}

#[test]
fn one_command_serves_every_branch_that_is_checked_out() {
    let bench = bench();
    let ran = bench.deploy(&[]);
    assert!(ran.data.contains("Deployed    DAGs to prod"), "{}", ran.data);
    bench.git(&["checkout", "-q", "-b", "dev"]);
    let ran = bench.deploy(&[]);
    assert!(ran.data.contains("Deployed    DAGs to dev"), "{}", ran.data);
    assert_eq!(deploys(&bench), [2, 2]);

    let plan = bench.json(&["plan"]);
    assert_eq!(plan["settings"]["deployment-name"], json!({"value": "dev", "origin": "liftoff.toml line 10 ([branch.\"dev\"])"}));
    let plan = bench.json(&["plan", "--branch", "release/3"]);
    assert_eq!(plan["deployment"]["name"], "prod", "a flag beats what git says");
    assert_eq!(plan["decision"], "nothing");

    bench.git(&["checkout", "-q", "--detach"]);
    let ran = bench.deploy(&[]);
    assert!(ran.talk.contains("notice: nothing to ship, because neither the CI system, nor git"), "{}", ran.talk);
    assert_eq!(deploys(&bench), [2, 2]);
}

#[test]
fn a_branch_without_a_section_is_declined_green_and_says_why() {
    let mut bench = bench();
    step(&mut bench, "push", "refs/heads/feature/x");
    for command in ["deploy", "plan"] {
        let ran = bench.run(&[command]);
        assert_eq!(ran.code, 0, "{}", ran.talk);
        let outputs = output(&bench);
        for text in [&(ran.talk + &ran.data), &outputs] {
            assert!(text.contains("the branch `feature/x` has no section in liftoff.toml"), "{command}: {text}");
            assert!(text.contains("[branch.\"release/*\"]") && text.contains("[tag.\"v*\"]"), "{command}: {text}");
        }
        assert!(outputs.contains("\nfalse\n"), "{outputs}");
    }
    let plan = bench.json(&["plan"]);
    assert_eq!((plan["decision"].as_str(), plan["deploy_type"].is_null()), (Some("unmapped"), true), "{plan:#}");
    assert_eq!(bench.json(&["deploy"])["result"], json!({"deployed": false}));
    assert_eq!(bench.sim.journal().len(), 0, "nobody was asked");

    // Whoever names a Deployment needs no section.
    let ran = bench.deploy(&["--deployment-name", "dev"]);
    assert!(ran.data.contains("to dev"), "{}", ran.data);
    // An unusable project is no reason to be green.
    assert_eq!(bench.run(&["deploy", "--root-folder", "nowhere"]).code, 3);
}

#[test]
fn tags_have_sections_of_their_own() {
    let mut bench = bench();
    step(&mut bench, "push", "refs/tags/v1.2");
    assert!(bench.deploy(&[]).data.contains("to prod"));
    step(&mut bench, "push", "refs/tags/main");
    assert!(bench.deploy(&[]).talk.contains("the tag `main` has no section"));
    assert_eq!(deploys(&bench), [2, 1]);
}

#[test]
fn a_pull_request_is_planned_for_its_target_and_deployed_nowhere() {
    let mut bench = bench();
    bench.git(&["checkout", "-q", "-b", "fix"]);
    pull_request(&mut bench, "fix", "main", "acme/demo");
    let plan = bench.json(&["plan"]);
    assert_eq!(plan["deployment"]["name"], "prod", "{plan:#}");
    assert_eq!(plan["deploy_type"], "DAG_ONLY");
    let notice = "this is what merging the pull request into `main` would do";
    assert!(plan["notices"].as_array().expect("notices").iter().any(|text| text == notice), "{plan:#}");

    let all = bench.json(&["plan", "--all"]);
    assert_eq!(all["matrix"]["include"][0]["deployment-name"], "prod", "{all:#}");
    assert_eq!(all["projects"][0]["notices"], plan["notices"]);

    let ran = bench.deploy(&[]);
    assert!(ran.talk.contains("the branch `fix` has no section"), "{}", ran.talk);
    assert!(ran.talk.contains("[branch.\"main\"] counts once the pull request is merged"), "{}", ran.talk);
    assert_eq!(deploys(&bench), [1, 1]);

    // `action: plan` makes a plan of a deploy.
    bench.set("INPUT_ACTION", "plan");
    assert_eq!(bench.json(&["deploy"])["deployment"]["name"], "prod");
}

#[test]
fn a_fork_chooses_no_deployment_neither_by_its_branch_nor_by_its_file() {
    let mut bench = bench();
    // The fork has a branch called `main`, and its owner edits the mapping.
    bench.write("liftoff.toml", &MAPPED.replace("[branch.dev]", "[branch.\"**\"]"));
    bench.commit("Map everything");
    pull_request(&mut bench, "main", "dev", "eve/demo");
    bench.set("GITHUB_EVENT_NAME", "pull_request_target");
    let ran = bench.deploy(&["--allow-fork"]);
    assert!(ran.talk.contains("the code comes from a fork"), "{}", ran.talk);

    bench.write("liftoff.toml", "deploy-type = \"dags-only\"\ndeployment-name = \"prod\"\n");
    bench.commit("Name it outright");
    let ran = bench.run(&["deploy", "--allow-fork"]);
    assert_eq!(ran.code, 6, "{}", ran.talk);
    assert!(ran.talk.contains("a stranger must not choose"), "{}", ran.talk);
    assert_eq!(deploys(&bench), [1, 1]);

    // Whoever starts the run may choose for it.
    bench.set("ASTRO_DEPLOYMENT_ID", &bench.sim.with(|world| world.deployments[1].id.clone()));
    assert!(bench.deploy(&["--allow-fork"]).data.contains("to dev"));
}

#[test]
fn a_wrong_section_is_an_error_on_every_branch() {
    let bench = bench();
    bench.write("liftoff.toml", &MAPPED.replace("[branch.dev]\ndeployment-name", "[branch.dev]\ndeployment-nmae"));
    let ran = bench.run(&["deploy"]);
    assert_eq!(ran.code, 2, "{}", ran.talk);
    for words in ["line 10", "`deployment-nmae`", "did you mean `deployment-name`?"] {
        assert!(ran.talk.contains(words), "{words}: {}", ran.talk);
    }
}
