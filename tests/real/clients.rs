//! The vendors' own clients work against the simulated forges, so these speak as the real ones do.
//! It knows how a script is run and what it must have asked; the scripts in `tests/real/clients` know the rest.
#![cfg(feature = "real-tests")]
#![expect(clippy::expect_used, reason = "a client that does not run fails its test")]

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use astro_sim::faults::Face;
use astro_sim::sim::Sim;
use astro_sim::world::builder::SANDBOX_GITHUB_TOKEN;
use astro_sim::world::builder_azure_devops::{SANDBOX_AZURE_PERSONAL_TOKEN, SANDBOX_AZURE_PIPELINE_TOKEN};
use astro_sim::world::builder_gitea::SANDBOX_GITEA_TOKEN;
use astro_sim::world::github::{GitHubToken, USUAL_PERMISSIONS};
use astro_sim::world::state::World;
use serde_json::{Value, json};

#[path = "components.rs"]
#[expect(dead_code, reason = "each suite needs a part of it")]
mod components;

use components::variable;

/// Returns where each forge is and the tokens it takes.
fn forges(sim: &Sim) -> Value {
    json!({
        "github": { "url": sim.github_api_url(), "token": SANDBOX_GITHUB_TOKEN, "person": "ghp_ada" },
        "gitea": { "url": sim.gitea_api_url(), "token": SANDBOX_GITEA_TOKEN },
        "azure": {
            "url": sim.azure_devops_url(), "personal": SANDBOX_AZURE_PERSONAL_TOKEN, "pipeline": SANDBOX_AZURE_PIPELINE_TOKEN,
        },
    })
}

/// Runs a script against the sandbox and checks that it asked for these operations at least.
fn drive(script: &str, face: Face, operations: &[&str]) {
    let mut world = World::sandbox();
    world.github.tokens.push(GitHubToken::of_person("ghp_ada", "ada", &USUAL_PERMISSIONS));
    let sim = Sim::launch(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), world).expect("a simulator");
    // A script finds the packages above itself.
    let installed = variable("REAL_CLIENTS");
    let copy = Path::new(&installed).join(script);
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/clients").join(script), &copy).expect("a copy");
    let mut command = Command::new("node");
    command.arg(copy).arg(forges(&sim).to_string()).env_clear().env("PATH", variable("PATH")).env("HOME", &installed);
    let output = command.output().expect("node is installed");
    let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{script}: {told}");
    assert_eq!(sim.violations(), Vec::<String>::new(), "{script}");
    let asked: BTreeSet<String> =
        sim.journal().into_iter().filter(|entry| entry.face == face).map(|entry| entry.operation).collect();
    let missing: Vec<_> = operations.iter().filter(|operation| !asked.contains(**operation)).collect();
    assert!(missing.is_empty(), "{script} asked for {asked:?}, not for {missing:?}");
}

#[test]
fn octokit_works_with_the_simulated_github() {
    let operations = [
        "GetUser",
        "ListComments",
        "CreateComment",
        "UpdateComment",
        "DeleteComment",
        "CreateStatus",
        "ListDeployments",
        "CreateDeployment",
        "ListDeploymentStatuses",
        "CreateDeploymentStatus",
        "CreateCheckRun",
        "UpdateCheckRun",
        "ListAnnotations",
        "ListPullsOfCommit",
        "Compare",
        "GetPull",
    ];
    drive("github.mjs", Face::GitHub, &operations);
}

#[test]
fn a_client_made_of_giteas_description_works_with_the_simulated_gitea() {
    let operations = ["GetUser", "ListComments", "CreateComment", "UpdateComment", "CreateStatus", "Compare", "GetPull"];
    drive("gitea.mjs", Face::Gitea, &operations);
}

#[test]
fn microsofts_client_works_with_the_simulated_azure_devops() {
    let operations = [
        "GetLocations",
        "ListResourceAreas",
        "GetConnectionData",
        "GetPull",
        "ListThreads",
        "CreateThread",
        "UpdateThread",
        "UpdateThreadComment",
        "CreatePullStatus",
        "CreateCommitStatus",
        "CommitDiffs",
    ];
    drive("azure-devops.mjs", Face::AzureDevOps, &operations);
}
