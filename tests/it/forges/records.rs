//! What only some forges have: deployment records and findings at their lines.

use astro_sim::faults::Effect;
use liftoff::error::Place;
use liftoff::forge::interface::{
    DeploymentRecord, Finding, Findings, Lifetime, RecordId, RecordState, Severity, State, Support, Upsert,
};
use liftoff::model::context::ForgeKind;
use liftoff::model::revision::CommitSha;

use crate::forges::rows::ROWS;
use crate::forges::stage::{Stage, head};

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
    for kind in [ForgeKind::Bitbucket, ForgeKind::BitbucketServer] {
        let (stage, commit) = (stage(kind), head());
        let running = record(&commit, RecordState::Is(State::InProgress), Lifetime::Lasting);
        let recorded = stage.forge().record_deployment(&running, Some(&RecordId("1".to_owned()))).await;
        assert_eq!(recorded.expect("no record"), None, "{kind:?}");
    }
    assert_eq!(annotate(&stage(ForgeKind::GitLab), &findings(1)).await, Support::Unknown);
}
