//! `--sandbox`: every command can be tried without an account, and nothing outside hears of it.

use astro_sim::world::builder::SANDBOX_GITHUB_TOKEN;
use astro_sim::world::state::World;

use crate::bench::Bench;

/// A bench whose variables name nothing of Astro.
fn bench() -> Bench {
    let mut bench = Bench::with(World::sandbox());
    for name in ["ASTRO_API_TOKEN", "LIFTOFF_API_URL", "LIFTOFF_DEPLOYMENT_NAME"] {
        bench.unset(name);
    }
    bench
}

#[test]
fn commands_that_manage_things_need_no_project() {
    let bench = bench();
    let elsewhere = tempfile::tempdir().expect("a folder");
    let ran = bench.run_in(elsewhere.path(), &["deployment", "list", "--sandbox", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let json: serde_json::Value = serde_json::from_str(&ran.data).expect("JSON");
    assert_eq!(json["deployments"][0]["name"], "demo");
    let ran = bench.run_in(elsewhere.path(), &["deployment", "list", "--workspace", "absent", "--sandbox"]);
    assert_eq!(ran.code, 5, "a flag counts in the sandbox, too: {}", ran.talk);
}

#[test]
fn a_preview_needs_no_forge() {
    let bench = bench();
    bench.git(&["remote", "remove", "origin"]);
    bench.git(&["checkout", "-q", "-b", "feature"]);
    let ran = bench.run(&["preview", "up", "--sandbox"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(ran.data.contains("feature"), "{}", ran.data);
}

#[test]
fn no_forge_hears_of_a_sandbox_unless_its_api_is_named() {
    let mut bench = bench();
    bench.git(&["remote", "set-url", "origin", "https://github.com/acme/demo.git"]);
    bench.set("GITHUB_ACTIONS", "true").set("GITHUB_REPOSITORY", "acme/demo").set("GITHUB_TOKEN", SANDBOX_GITHUB_TOKEN);
    bench.set("GITHUB_API_URL", &bench.sim.github_api_url());
    let ran = bench.run(&["deploy", "--sandbox", "--pull-request", "1"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(bench.sim.journal().is_empty(), "{:?}", bench.sim.journal().len());
    bench.set("LIFTOFF_FORGE_API_URL", &bench.sim.github_api_url());
    let ran = bench.run(&["deploy", "--sandbox", "--pull-request", "1"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(bench.sim.journal().iter().any(|entry| entry.operation.contains("Comment")), "it reports where it is told to");
}
