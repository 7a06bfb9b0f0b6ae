//! Clients that the vendors or others made for the real forges work against the simulated ones, so these speak as the real
//! ones do.
//! It knows how a script is run and what it must have asked; the scripts in `tests/real/clients` know the rest.
#![cfg(feature = "real-tests")]
#![expect(clippy::expect_used, reason = "a client that does not run fails its test")]

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use astro_sim::faults::Face;
use astro_sim::sim::Sim;
use astro_sim::world::builder::{SANDBOX_COMMIT, SANDBOX_GITHUB_TOKEN, SANDBOX_HEAD};
use astro_sim::world::builder_azure_devops::{SANDBOX_AZURE_PERSONAL_TOKEN, SANDBOX_AZURE_PIPELINE_TOKEN};
use astro_sim::world::builder_gitea::SANDBOX_GITEA_TOKEN;
use astro_sim::world::github::{GitHubToken, USUAL_PERMISSIONS};
use astro_sim::world::state::World;
use astro_sim::world::{bitbucket, bitbucket_dc, gitlab};
use serde_json::{Value, json};

#[path = "components.rs"]
#[expect(dead_code, reason = "each suite needs a part of it")]
mod components;

use components::variable;

/// Returns where each forge is and the tokens it takes.
fn forges(sim: &Sim) -> Value {
    let place = |url: String, token: &str| json!({ "url": url, "token": token, "commit": SANDBOX_HEAD, "base": SANDBOX_COMMIT });
    json!({
        "gitlab": place(format!("{}/gitlab", sim.url()), gitlab::TOKEN),
        "bitbucket": place(sim.bitbucket_api_url(), bitbucket::TOKEN),
        "bitbucket_dc": place(sim.bitbucket_dc_url(), bitbucket_dc::TOKEN),
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
    let python = Path::new(&installed).join("python/bin/python");
    let mut command = Command::new(if script.ends_with(".py") { python } else { "node".into() });
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

#[test]
fn python_gitlab_works_with_the_simulated_gitlab() {
    let operations = [
        "CurrentUser",
        "GetMergeRequest",
        "ListNotes",
        "CreateNote",
        "UpdateNote",
        "CreateCommitStatus",
        "CreateDeployment",
        "UpdateDeployment",
        "ListEnvironments",
        "UpdateEnvironment",
        "StopEnvironment",
        "Compare",
    ];
    drive("on_gitlab.py", Face::GitLab, &operations);
}

#[test]
fn the_bitbucket_module_works_with_the_simulated_bitbucket_cloud() {
    let operations = [
        "GetPullRequest",
        "ListPullRequestComments",
        "CreatePullRequestComment",
        "UpdatePullRequestComment",
        "CreateBuildStatus",
        "PutReport",
        "CreateAnnotations",
        "Diffstat",
    ];
    drive("bitbucket.mjs", Face::Bitbucket, &operations);
}

#[test]
fn atlassian_python_api_works_with_the_simulated_bitbucket_data_center() {
    let operations = [
        "GetPullRequest",
        "ListActivities",
        "CreateComment",
        "UpdateComment",
        "AddBuild",
        "PutReport",
        "AddAnnotations",
        "CompareChanges",
    ];
    drive("on_bitbucket_dc.py", Face::BitbucketDc, &operations);
}
