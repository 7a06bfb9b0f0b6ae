//! Client libraries that others wrote for the vendors' own services work on the simulated forges, too.
//! `tests/real/run` installs them; what they do is in the folder `clients` beside this file.
#![expect(clippy::expect_used, reason = "a client that does not start fails the test that runs it")]

#[expect(dead_code, reason = "the clients need a part of it")]
mod components;

use std::path::Path;
use std::process::Command;

use astro_sim::sim::Sim;
use astro_sim::world::builder::{SANDBOX_COMMIT, SANDBOX_HEAD};
use astro_sim::world::state::World;
use astro_sim::world::{bitbucket, bitbucket_dc, gitlab};
use components::{PATH, variable};

fn sandbox() -> Sim {
    Sim::launch(([127, 0, 0, 1], 0).into(), World::sandbox()).expect("a free port")
}

/// Runs a client with no other environment than it needs and expects that it comes to its end.
fn run(program: &str, script: &str, arguments: &[&str], sim: &Sim) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/clients").join(script);
    let mut command = Command::new(program);
    command.arg(script).args(arguments).args([SANDBOX_HEAD, SANDBOX_COMMIT]);
    command.env_clear().envs([("PATH", PATH), ("PYTHONDONTWRITEBYTECODE", "1"), ("NO_PROXY", "*")]);
    command.env("NODE_PATH", variable("REAL_NODE_MODULES"));
    let output = command.output().unwrap_or_else(|error| panic!("{program} does not start: {error}"));
    let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let asked =
        sim.journal().iter().map(|entry| format!("{} {} {:?}", entry.method, entry.path, entry.status)).collect::<Vec<_>>();
    assert!(output.status.success() && said.trim() == "done", "{said}{complaint}{}", asked.join("\n"));
    assert_eq!(sim.violations(), Vec::<String>::new());
}

/// Returns how often an operation was asked for.
fn asked(sim: &Sim, operation: &str) -> usize {
    sim.journal().iter().filter(|entry| entry.operation == operation).count()
}

#[test]
fn python_gitlab_works_on_the_simulated_gitlab() {
    let sim = sandbox();
    let base = sim.gitlab_api_url().trim_end_matches("/api/v4").to_owned();
    run(&variable("REAL_PYTHON"), "on_gitlab.py", &[&base, gitlab::TOKEN, gitlab::PROJECT], &sim);
    assert_eq!((asked(&sim, "ListNotes"), asked(&sim, "UpdateDeployment")), (2, 1));
    sim.with(|world| {
        let project = &world.gitlab.projects[0];
        let status = project.statuses.iter().find(|status| status.name == "deploy").expect("a status");
        assert_eq!((project.notes[0].body.as_str(), status.status.as_str()), ("changed", "success"));
        assert_eq!(project.deployments[0].status, "success");
    });
}

#[test]
fn the_bitbucket_module_works_on_the_simulated_bitbucket_cloud() {
    let sim = sandbox();
    let arguments = [&sim.bitbucket_api_url(), bitbucket::TOKEN, "acme", "demo"];
    run("node", "on_bitbucket.cjs", &arguments, &sim);
    assert_eq!(asked(&sim, "ListPullRequestComments"), 2);
    sim.with(|world| {
        let repository = &world.bitbucket.repositories[0];
        assert_eq!((repository.comments[0].raw.as_str(), repository.statuses[0].state.as_str()), ("changed", "SUCCESSFUL"));
        assert_eq!(repository.reports[0].annotations.len(), 1);
    });
}

#[test]
fn atlassian_python_api_works_on_the_simulated_bitbucket_data_center() {
    let sim = sandbox();
    let arguments = [&sim.bitbucket_dc_url(), bitbucket_dc::TOKEN, "ACME", "demo"];
    run(&variable("REAL_PYTHON"), "on_bitbucket_dc.py", &arguments, &sim);
    assert_eq!(asked(&sim, "ListActivities"), 2);
    sim.with(|world| {
        let repository = &world.bitbucket_dc.repositories[0];
        assert_eq!((repository.builds.len(), repository.builds[0].state.as_str()), (1, "SUCCESSFUL"));
        assert_eq!(repository.reports[0].annotations.len(), 1);
    });
}
