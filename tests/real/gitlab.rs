//! The GitLab component, run by `gitlab-ci-local`: it resolves `include: component` with inputs, checks the result with
//! GitLab's own JSON schema, evaluates the rules and runs the jobs' scripts in a shell.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::bench::Bench;
use crate::components::{DEAD_PROXY, files_below, variable, write};
use crate::scene::{example, text};

/// Variables of a merge request's pipeline. Source: docs.gitlab.com/ci/variables/predefined_variables.
const MERGE_REQUEST: [&str; 8] = [
    "CI_PIPELINE_SOURCE=merge_request_event",
    "CI_MERGE_REQUEST_IID=7",
    "CI_MERGE_REQUEST_PROJECT_ID=1217",
    "CI_MERGE_REQUEST_PROJECT_PATH=acme/shop",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID=1217",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH=acme/shop",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=orders",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main",
];

/// A project on GitLab that includes the component.
struct Project {
    bench: Bench,
    variables: Vec<String>,
}

impl Project {
    /// Returns a repository with an example in a folder of its own, and the component with these inputs.
    fn new(source: &str, inputs: &str) -> Self {
        let bench = Bench::new();
        copy(&example(source), &bench.project().join("airflow"));
        copy(&example("../dist/gitlab/templates"), &bench.project().join("templates"));
        let include = "include:\n  - component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/liftoff@$CI_COMMIT_SHA\n    inputs:\n";
        bench.write(".gitlab-ci.yml", &format!("stages: [deploy]\n{include}      root-folder: airflow\n{inputs}"));
        bench.write(".git/info/exclude", ".gitlab-ci-local/\n*.env\n");
        bench.git(&["remote", "set-url", "origin", "https://gitlab.example.com/acme/shop.git"]);
        bench.commit("Include the component");
        Self { bench, variables: vec!["GITLAB_CI=true".to_owned()] }
    }

    fn with(mut self, variables: &[&str]) -> Self {
        self.variables.extend(variables.iter().map(|&variable| variable.to_owned()));
        self
    }

    /// Runs `gitlab-ci-local` and returns what it said.
    fn run(&self, arguments: &[&str]) -> String {
        let liftoff = Path::new(env!("CARGO_BIN_EXE_liftoff")).parent().expect("a folder").display().to_string();
        let mut command = Command::new(variable("REAL_GITLAB_CI_LOCAL"));
        command.args(["--force-shell-executor", "--no-color"]).args(arguments);
        command.current_dir(self.bench.project());
        command.args(self.variables.iter().flat_map(|variable| ["--variable", variable]));
        command.env_clear().envs([("PATH", format!("{liftoff}:/usr/local/bin:/usr/bin:/bin"))]);
        command.envs([("HOME", text(&self.bench.project())), ("HTTPS_PROXY", DEAD_PROXY)]);
        let output = command.stdin(Stdio::null()).output().expect("gitlab-ci-local");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    }
}

/// Copies every file below a folder.
fn copy(from: &Path, to: &Path) {
    for file in files_below(from) {
        let target = to.join(file.strip_prefix(from).expect("a file below"));
        write(&target, "");
        std::fs::copy(&file, &target).expect("a copy");
    }
}

const INPUTS: &str = "      deployment-name: demo\n      job-prefix: shop\n      environment: dev\n";

#[test]
fn a_push_to_the_default_branch_deploys() {
    let project = Project::new("astro-project", INPUTS).with(&["LIFTOFF_SANDBOX=true"]);
    let said = project.run(&[]);
    assert!(said.contains("PASS  shop-deploy") && said.contains("Deployed    DAGs to demo"), "{said}");
    assert!(!said.contains("shop-plan") && !said.contains("shop-stop"), "{said}");
    // From this report GitLab takes the link of the environment.
    let report = project.bench.project().join(".gitlab-ci-local/artifacts/shop-deploy/.gitlab-ci-reports/dotenv/shop.env");
    let reported = std::fs::read_to_string(report).expect("the report");
    let component = std::fs::read_to_string(example("../dist/gitlab/templates/liftoff.yml")).expect("the component");
    let (_, name) = component.split_once("url: $").expect("a link");
    let name = name.lines().next().expect("a variable");
    assert!(reported.lines().any(|line| line.starts_with(&format!("{name}=http"))), "{name}: {reported}");
}

#[test]
fn a_merge_request_is_planned() {
    let project = Project::new("astro-project", INPUTS).with(&MERGE_REQUEST).with(&["LIFTOFF_SANDBOX=true"]);
    project.bench.git(&["checkout", "-q", "-b", "orders"]);
    let said = project.run(&["--unset-variable", "CI_COMMIT_BRANCH"]);
    assert!(said.contains("PASS  shop-plan") && said.contains("Decision    ship DAGs"), "{said}");
    assert!(!said.contains("Deployed") && !said.contains("shop-deploy"), "{said}");
}

#[test]
fn a_push_to_another_branch_runs_nothing() {
    let project = Project::new("astro-project", INPUTS);
    project.bench.git(&["checkout", "-q", "-b", "orders"]);
    let listed = project.run(&["--list-csv"]);
    assert!(listed.contains("name;") && !listed.contains("shop-"), "{listed}");
}

#[test]
fn a_bundle_is_deployed_and_stopping_the_environment_removes_it() {
    let rules = "      deploy-type: dbt\n      stop-rules: [{ if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH, when: manual }]\n";
    let project = Project::new("dbt-project", &format!("{INPUTS}{rules}"));
    let bundles = |bench: &Bench| bench.sim.with(|world| world.deployments[0].bundles.len());
    let token = project.bench.sim.with(|world| world.tokens[0].text.clone());
    let settings = [format!("ASTRO_API_TOKEN={token}"), format!("LIFTOFF_API_URL={}", project.bench.sim.astro_url())];
    let project = project.with(&[&settings[0], &settings[1]]);
    project.run(&[]);
    assert_eq!((project.bench.deployed()[0].as_str(), bundles(&project.bench)), ("BUNDLE", 1));
    project.run(&["shop-stop"]);
    assert_eq!(bundles(&project.bench), 0);
    assert_eq!(project.bench.sim.violations(), Vec::<String>::new());
}
