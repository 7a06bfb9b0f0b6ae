//! What only some forges have: deployment records and findings at their lines.

use astro_sim::faults::Effect;
use liftoff::error::Place;
use liftoff::forge::interface::{
    DeploymentRecord, Finding, Findings, Lifetime, RecordId, RecordState, Severity, State, Support, Upsert,
};
use liftoff::model::context::ForgeKind;
use liftoff::model::revision::CommitSha;

use crate::forges::rows::ROWS;
use crate::forges::stage::{Stage, head, set_status};

fn stage(kind: ForgeKind) -> Stage {
    Stage::new(ROWS.iter().find(|row| row.kind == kind).expect("a row"))
}

fn record(commit: &CommitSha, state: RecordState, lifetime: Lifetime) -> DeploymentRecord<'_> {
    DeploymentRecord {
        commit,
        reference: Some("change"),
        environment: "review/dev#1",
        lifetime,
        state,
        description: "Deployed DAGs",
        environment_url: Some("https://airflow.example.com/"),
        log_url: Some("https://ci.example.com/1"),
    }
}

fn findings(count: usize) -> Vec<Finding> {
    let item = |number: usize| Finding {
        place: Place { path: format!("dags/{number}.py"), line: (number > 0).then_some(number) },
        message: format!("{number}: {}", "x".repeat(3000)),
        severity: if number == 1 { Severity::Error } else { Severity::Warning },
    };
    (0..count).map(item).collect()
}

async fn annotate(stage: &Stage, items: &[Finding]) -> Support {
    let commit = head();
    let (title, summary) = ("t".repeat(500), "s".repeat(2500));
    let details_url = Some("https://ci.example.com/1");
    let findings = Findings { commit: &commit, name: "liftoff-check", title: &title, summary: &summary, details_url, items };
    let support = stage.forge().annotate(&findings).await.expect("findings");
    stage.assert_clean();
    support
}

#[tokio::test]
async fn github_records_a_deployment_and_what_became_of_it() {
    let (stage, commit) = (stage(ForgeKind::GitHub), head());
    // A branch that is behind and a check that failed are none of the record's business.
    stage.sim.with(|world| (stage.row.graph)(world).push("main", &"4".repeat(40), &[("Dockerfile", "modified")]));
    set_status(&*stage.forge(), State::Failure, "tests failed").await.expect("a status");
    let forge = stage.forge();
    let running = record(&commit, RecordState::Is(State::InProgress), Lifetime::Preview);
    let id = forge.record_deployment(&running, None).await.expect("a record").expect("an id");
    let words = [(State::InProgress, "in_progress"), (State::Success, "success"), (State::Failure, "failure")];
    for (state, word) in words.into_iter().chain([(State::Cancelled, "error")]) {
        let again = forge.record_deployment(&record(&commit, RecordState::Is(state), Lifetime::Preview), Some(&id)).await;
        assert_eq!(again.expect("a record"), Some(id.clone()));
        stage.sim.with(|world| {
            let [deployment] = &world.github.repositories[0].deployments[..] else { panic!("one deployment") };
            assert_eq!((deployment.state(), deployment.sha.as_str()), (word, commit.as_str()));
            assert_eq!((deployment.environment.as_str(), deployment.transient), ("review/dev#1", true));
            let status = deployment.statuses.last().expect("a status");
            assert_eq!(status.environment_url, "https://airflow.example.com/");
            assert_eq!((status.log_url.as_str(), status.description.as_str()), ("https://ci.example.com/1", "Deployed DAGs"));
        });
    }
    assert_eq!(stage.asked("CreateDeployment"), 1);
    stage.assert_clean();
}

#[tokio::test]
async fn github_ends_all_that_was_deployed_to_an_environment() {
    let (stage, commit) = (stage(ForgeKind::GitHub), head());
    let forge = stage.forge();
    let success = record(&commit, RecordState::Is(State::Success), Lifetime::Preview);
    let elsewhere = DeploymentRecord { environment: "review/dev", lifetime: Lifetime::Lasting, ..success.clone() };
    for deployed in [&success, &elsewhere, &success] {
        forge.record_deployment(deployed, None).await.expect("a record");
    }
    let ended = forge.record_deployment(&record(&commit, RecordState::Inactive, Lifetime::Preview), None).await;
    assert_eq!(ended.expect("an end"), None);
    let told = stage.sim.with(|world| (stage.row.records)(world));
    assert_eq!(told, ["review/dev#1 inactive", "review/dev success", "review/dev#1 inactive"]);
    assert_eq!(stage.asked("CreateDeployment"), 3, "an end makes no deployment");
    let long = "é".repeat(300);
    let page = Some("javascript:alert(1)");
    let odd = DeploymentRecord { environment: &long, description: &long, environment_url: page, log_url: page, ..success };
    forge.record_deployment(&odd, None).await.expect("a record");
    stage.assert_clean();
}

#[tokio::test]
async fn github_shows_findings_in_a_check_run() {
    for (count, conclusion) in [(1200, "failure"), (50, "failure"), (51, "failure"), (1, "neutral"), (0, "success")] {
        let stage = stage(ForgeKind::GitHub);
        assert_eq!(annotate(&stage, &findings(count)).await, Support::Told);
        let [run] = &stage.sim.with(|world| world.github.repositories[0].check_runs.clone())[..] else { panic!("one run") };
        assert_eq!((run.name.as_str(), run.head_sha.as_str()), ("liftoff-check", head().as_str()));
        assert_eq!((run.status.as_str(), run.conclusion.as_deref()), ("completed", Some(conclusion)), "{count}");
        assert_eq!(run.details_url.as_deref(), Some("https://ci.example.com/1"));
        let paths: Vec<_> = run.annotations.iter().filter_map(|annotation| annotation["path"].as_str()).collect();
        let expected: Vec<_> = (0..count.min(1000)).map(|number| format!("dags/{number}.py")).collect();
        assert_eq!(paths, expected);
        if let [first, second, ..] = &run.annotations[..] {
            assert_eq!((&first["start_line"], &first["annotation_level"]), (&1.into(), &"warning".into()));
            assert_eq!((&second["end_line"], &second["annotation_level"]), (&1.into(), &"failure".into()));
        }
        assert_eq!(stage.asked("UpdateCheckRun"), count.min(1000).saturating_sub(1) / 50, "{count}");
    }
}

#[tokio::test]
async fn github_says_which_permission_is_missing() {
    let (stage, commit) = (stage(ForgeKind::GitHub), head());
    let forge = stage.forge_with(stage.row.weak.0);
    let running = record(&commit, RecordState::Is(State::InProgress), Lifetime::Lasting);
    let error = forge.record_deployment(&running, None).await.expect_err("a refusal");
    assert!(error.advice().is_some_and(|hint| hint.contains("`deployments: write`")), "{error:?}");
    let findings = Findings { commit: &commit, name: "x", title: "x", summary: "x", details_url: None, items: &[] };
    let error = forge.annotate(&findings).await.expect_err("a refusal");
    assert!(error.advice().is_some_and(|hint| hint.contains("`checks: write`")), "{error:?}");
}

#[tokio::test]
async fn gitlab_records_a_deployment_and_what_became_of_it() {
    let (stage, commit) = (stage(ForgeKind::GitLab), head());
    let forge = stage.forge();
    let running = record(&commit, RecordState::Is(State::InProgress), Lifetime::Preview);
    let id = forge.record_deployment(&running, None).await.expect("a record").expect("an id");
    for (state, word) in [(State::InProgress, "running"), (State::Success, "success"), (State::Success, "success")] {
        let again = forge.record_deployment(&record(&commit, RecordState::Is(state), Lifetime::Preview), Some(&id)).await;
        assert_eq!(again.expect("a record"), Some(id.clone()));
        let told = stage.sim.with(|world| {
            let project = &world.gitlab.projects[0];
            let environment = &project.environments[0];
            (project.deployments[0].status.clone(), environment.name.clone(), environment.external_url.clone())
        });
        assert_eq!(told, (word.to_owned(), "review/dev-1".to_owned(), Some("https://airflow.example.com/".to_owned())));
    }
    let state = |stage: &Stage| stage.sim.with(|world| world.gitlab.projects[0].environments[0].state.clone());
    forge.record_deployment(&record(&commit, RecordState::Inactive, Lifetime::Lasting), Some(&id)).await.expect("nothing to do");
    assert_eq!(state(&stage), "available");
    for _ in 0..2 {
        forge.record_deployment(&record(&commit, RecordState::Inactive, Lifetime::Preview), None).await.expect("an end");
        assert_eq!(state(&stage), "stopped");
    }
    assert_eq!((stage.asked("CreateDeployment"), stage.asked("StopEnvironment")), (1, 1));
    let nameless = DeploymentRecord { reference: None, ..running };
    assert_eq!(forge.record_deployment(&nameless, None).await.expect("no record"), None);
    stage.assert_clean();
}

#[tokio::test]
async fn gitlab_takes_deployments_from_a_job_and_carries_out_no_command() {
    use astro_sim::world::gitlab::JOB_TOKEN;
    let (stage, commit) = (stage(ForgeKind::GitLab), head());
    let running = record(&commit, RecordState::Is(State::InProgress), Lifetime::Lasting);
    assert!(stage.forge_with(JOB_TOKEN).record_deployment(&running, None).await.expect("a record").is_some());
    stage.comment("Files:\n/merge\n/approve now", Upsert::Always).await.expect("a comment");
    stage.comment("Files:\n/close", Upsert::Always).await.expect("a comment");
    assert!(stage.marked()[0].1.ends_with("\n /close"), "{:?}", stage.marked());
    stage.assert_clean();
}

#[tokio::test]
async fn bitbucket_shows_findings_of_the_last_run_only() {
    let stage = stage(ForgeKind::Bitbucket);
    for (count, result) in [(1200, "FAILED"), (1, "PASSED"), (0, "PASSED")] {
        assert_eq!(annotate(&stage, &findings(count)).await, Support::Told);
        let reports = stage.sim.with(|world| world.bitbucket.repositories[0].reports.clone());
        assert_eq!((reports.len(), reports[0].external_id.as_str()), (1, "liftoff-check"));
        assert_eq!((&reports[0].fields["result"], reports[0].annotations.len()), (&result.into(), count.min(1000)));
    }
    stage.fault("CreateAnnotations", 1, Effect::Status(503, String::new()));
    annotate(&stage, &findings(3)).await;
    let annotations = stage.sim.with(|world| world.bitbucket.repositories[0].reports[0].annotations.clone());
    let severities: Vec<_> = annotations.iter().map(|it| it.fields["severity"].as_str()).collect();
    assert_eq!(severities, [Some("MEDIUM"), Some("HIGH"), Some("MEDIUM")]);
    assert_eq!((annotations[0].fields.get("line"), annotations[1].fields["line"].as_u64()), (None, Some(1)));
    assert_eq!(annotations[1].fields["path"], "dags/1.py");
}

#[tokio::test]
async fn bitbucket_data_center_shows_findings_of_the_last_run_only() {
    let stage = stage(ForgeKind::BitbucketServer);
    for (count, result) in [(1200, "FAIL"), (1, "PASS"), (0, "PASS")] {
        assert_eq!(annotate(&stage, &findings(count)).await, Support::Told);
        let reports = stage.sim.with(|world| world.bitbucket_dc.repositories[0].reports.clone());
        assert_eq!((reports.len(), reports[0].key.as_str()), (1, "liftoff-check"));
        assert_eq!((&reports[0].fields["result"], reports[0].annotations.len()), (&result.into(), count.min(1000)));
    }
}

#[tokio::test]
async fn what_a_forge_has_not_is_no_failure() {
    for kind in [ForgeKind::Bitbucket, ForgeKind::BitbucketServer, ForgeKind::Gitea, ForgeKind::AzureDevOps] {
        let (stage, commit) = (stage(kind), head());
        let running = record(&commit, RecordState::Is(State::InProgress), Lifetime::Lasting);
        let recorded = stage.forge().record_deployment(&running, Some(&RecordId("1".to_owned()))).await;
        assert_eq!(recorded.expect("no record"), None, "{kind:?}");
    }
    for kind in [ForgeKind::GitLab, ForgeKind::Gitea, ForgeKind::AzureDevOps] {
        assert_eq!(annotate(&stage(kind), &findings(1)).await, Support::Unknown, "{kind:?}");
    }
}
