//! Whole runs on CI systems other than GitHub Actions: which commit is recorded, where outputs go,
//! what the log is told.

use std::path::PathBuf;

use crate::bench::Bench;

/// A folder of the CI system, outside the project and the folder for temporary files.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap_or_default()
    }
}

/// Returns the commit that the newest deploy records, and whether it says that more than that was shipped.
fn recorded(bench: &Bench) -> (String, bool) {
    let text = bench.sim.with(|world| world.deployments[0].deploys.last().expect("a deploy").description.clone());
    let footer = text.split_once("[liftoff:1 ").expect("a footer").1.trim_end_matches(']');
    let commit = footer.split(' ').find_map(|word| word.strip_prefix("commit=")).unwrap_or_default();
    (commit.to_owned(), footer.split(' ').any(|word| word == "dirty"))
}

const DAGS: [&str; 2] = ["--deploy-type", "dags-only"];

#[test]
fn jenkins_merges_a_pull_request_on_the_spot_and_its_head_is_what_is_recorded() {
    let mut bench = Bench::new();
    let main = bench.git(&["rev-parse", "HEAD"]);
    bench.git(&["update-ref", "refs/remotes/origin/main", &main]);
    bench.git(&["checkout", "-q", "-b", "change"]);
    bench.write("dags/sales.py", "from airflow.sdk import DAG\n\nwith DAG(\"orders\"):\n    pass\n");
    let head = bench.commit("Rename");
    bench.git(&["checkout", "-q", "--detach", "main"]);
    bench.git(&["merge", "-q", "--no-ff", "-m", "Merge on the spot", "change"]);
    let merge = bench.git(&["rev-parse", "HEAD"]);
    for (name, value) in [
        ("JENKINS_URL", "https://jenkins.example.com/"),
        ("GIT_COMMIT", &merge),
        ("BRANCH_NAME", "PR-7"),
        ("CHANGE_ID", "7"),
        ("CHANGE_BRANCH", "change"),
        ("CHANGE_TARGET", "main"),
        ("WORKSPACE", &bench.project().display().to_string()),
    ] {
        bench.set(name, value);
    }
    bench.deploy(&DAGS);
    assert_eq!(recorded(&bench), (head, true));
}

#[test]
fn bitbucket_abbreviates_the_commit_of_a_pull_request_and_the_checkout_completes_it() {
    let mut bench = Bench::new();
    let head = bench.git(&["rev-parse", "HEAD"]);
    // Bitbucket merges the target into the checkout before the script runs.
    bench.git(&["checkout", "-q", "--detach"]);
    bench.commit("Stands for that merge");
    for (name, value) in [
        ("BITBUCKET_BUILD_NUMBER", "12"),
        ("BITBUCKET_REPO_FULL_NAME", "acme/demo"),
        ("BITBUCKET_COMMIT", &head[..12]),
        ("BITBUCKET_BRANCH", "change"),
        ("BITBUCKET_PR_ID", "7"),
        ("BITBUCKET_PR_DESTINATION_BRANCH", "main"),
    ] {
        bench.set(name, value);
    }
    let folder = Folder::new();
    std::fs::write(folder.path("variables"), "EARLIER=1\n").expect("written");
    bench.set("BITBUCKET_PIPELINES_VARIABLES_PATH", &folder.path("variables"));
    bench.deploy(&DAGS);
    assert_eq!(recorded(&bench), (head.clone(), true));
    // A branch of that name means something else; then nothing but what is checked out is left.
    bench.git(&["branch", "-q", &head[..12], "HEAD"]);
    bench.deploy(&["--deploy-type", "dags-only", "--force"]);
    let checked_out = bench.git(&["rev-parse", "HEAD"]);
    assert_eq!(recorded(&bench).0, checked_out);
    let variables = folder.read("variables");
    assert!(variables.starts_with("EARLIER=1\nLIFTOFF_OUTPUT_DEPLOYED=true\n"), "{variables}");
}

#[test]
fn azure_gets_output_variables_a_summary_and_groups_and_no_word_twice() {
    let mut bench = Bench::new();
    let folder = Folder::new();
    bench.set("TF_BUILD", "True").set("AGENT_TEMPDIRECTORY", &folder.path(""));
    bench.set("BUILD_REPOSITORY_LOCALPATH", &bench.project().display().to_string());
    let ran = bench.deploy(&DAGS);
    let has = |line: &str| assert!(ran.talk.lines().any(|it| it == line), "{line}: {}", ran.talk);
    has("##[group]plan");
    has("##[endgroup]");
    has("##vso[task.setvariable variable=LIFTOFF_OUTPUT_DEPLOYED;isOutput=true]true");
    has("##vso[task.setvariable variable=LIFTOFF_OUTPUT_DEPLOY_TYPE;isOutput=true]DAG_ONLY");
    assert!(!ran.talk.contains("OUTPUT_REASON") && !ran.talk.contains("OUTPUT_JSON"), "{}", ran.talk);
    // The agent reads the file after the program has gone.
    let summary = ran.talk.lines().find_map(|line| line.strip_prefix("##vso[task.uploadsummary]")).map(PathBuf::from);
    let text = std::fs::read_to_string(summary.expect("a summary")).expect("the file is still there");
    assert!(text.contains("Deployed DAG"), "{text}");
    assert!(!ran.data.contains("##"), "{}", ran.data);
}

#[test]
fn teamcity_listens_to_standard_output_and_a_program_that_reads_json_does_not() {
    let mut bench = Bench::new();
    bench.set("TEAMCITY_VERSION", "2025.07");
    let ran = bench.deploy(&DAGS);
    assert_eq!(ran.talk, "", "standard error would be shown as warnings");
    for line in ["##teamcity[blockOpened name='plan']", "##teamcity[setParameter name='LIFTOFF_OUTPUT_DEPLOYED' value='true']"] {
        assert!(ran.data.lines().any(|it| it == line), "{line}: {}", ran.data);
    }
    let ran = bench.run(&["plan", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    serde_json::from_str::<serde_json::Value>(&ran.data).expect("nothing but JSON");
    assert!(!ran.talk.contains("##teamcity["), "{}", ran.talk);
    let ran = bench.run(&["deploy", "--deployment-name", "it's [gone]"]);
    assert_eq!(ran.code, 5, "{}", ran.talk);
    let problem = ran.data.lines().find(|line| line.starts_with("##teamcity[buildProblem description='")).expect("a problem");
    assert!(problem.contains("it|'s |[gone|]"), "{problem}");
}

#[test]
fn the_outputs_file_serves_every_system_and_the_next_job_may_hold_its_variables() {
    let mut bench = Bench::new();
    let folder = Folder::new();
    let project = bench.project().display().to_string();
    bench.set("GITLAB_CI", "true").set("CI_PROJECT_DIR", &project);
    std::fs::write(folder.path("liftoff.env"), "OLD=1\n").expect("written");
    let file = folder.path("liftoff.env");
    let ran = bench.deploy(&["--deploy-type", "dags-only", "--outputs-file", &file]);
    assert!(ran.talk.contains("\u{1b}[0Ksection_start:") && ran.talk.contains(":liftoff_1\r\u{1b}[0Kplan\n"), "{:?}", ran.talk);
    let text = folder.read("liftoff.env");
    let pairs: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let value = |name: &str| pairs.iter().find(|(it, _)| *it == name).map(|(_, value)| *value);
    assert_eq!(value("LIFTOFF_OUTPUT_DEPLOYED"), Some("true"));
    assert_eq!(value("LIFTOFF_OUTPUT_DEPLOY_TYPE"), Some("DAG_ONLY"));
    assert!(value("LIFTOFF_OUTPUT_DAG_BUNDLE_VERSION").is_some_and(|version| !version.is_empty()), "{text}");
    assert_eq!(value("OLD"), None);
    // A shell takes it as it is.
    let script = format!(". {file} && printf %s \"$LIFTOFF_OUTPUT_DAG_BUNDLE_VERSION\"");
    let shell = std::process::Command::new("sh").args(["-eu", "-c", &script]).output().expect("a shell");
    assert_eq!(String::from_utf8_lossy(&shell.stdout), value("LIFTOFF_OUTPUT_DAG_BUNDLE_VERSION").expect("a version"));
    // GitLab makes variables of them for later jobs, `deploy-type` among them, which is a setting, too.
    for (name, value) in &pairs {
        bench.set(name, value);
    }
    let ran = bench.run(&["plan"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let ran = bench.run(&["plan", "--outputs-file", &folder.path("none/liftoff.env")]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(ran.talk.contains("could not write the outputs"), "{}", ran.talk);
}

#[test]
fn a_pull_request_of_unknown_origin_without_a_token_is_planned_and_not_red() {
    let mut bench = Bench::new();
    bench.unset("ASTRO_API_TOKEN");
    for (name, value) in [("DRONE", "true"), ("DRONE_BUILD_EVENT", "pull_request"), ("DRONE_PULL_REQUEST", "7")] {
        bench.set(name, value);
    }
    let ran = bench.run(&["deploy"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(ran.talk.contains("no ASTRO_API_TOKEN, as is right for a pull request from a fork"), "{}", ran.talk);
    bench.set("DRONE_BUILD_EVENT", "push").unset("DRONE_PULL_REQUEST");
    assert_eq!(bench.run(&["deploy"]).code, 4);
}

#[test]
fn a_run_on_buildkite_opens_the_group_in_which_it_failed() {
    let mut bench = Bench::new();
    bench.set("BUILDKITE", "true");
    let ran = bench.run(&["deploy", "--deployment-name", "gone"]);
    assert_eq!(ran.code, 5, "{}", ran.talk);
    assert!(ran.talk.ends_with("\n^^^ +++\n"), "{}", ran.talk);
}
