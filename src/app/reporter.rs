//! Keeps the forge told while a run goes on: comment, commit status, deployment record, findings.
//! Failing to tell is a warning, never a failed deploy.

use std::time::Duration;

use tokio::sync::OnceCell;

use crate::app::session::Session;
use crate::error::{Error, Place, Result};
use crate::forge;
use crate::forge::interface::{
    Comment, CommitStatus, Connection, DeploymentRecord, Finding, Findings, Forge, Lifetime, RecordId, RecordState, Severity,
    State, Upsert,
};
use crate::model::context::{Event, Repository};
use crate::model::dag::{self, Problem};
use crate::model::deployment::Deployment;
use crate::model::markup::{Markup, cut};
use crate::model::revision::CommitSha;
use crate::plan::outline::Decision;
use crate::plan::verification::Broken;
use crate::report::answer::{Note, Weight};
use crate::report::figures;
use crate::report::markdown;
use crate::report::preview::{Fate, PreviewReport};
use crate::report::rollback::Fate as RollbackFate;
use crate::report::run::{Ending, Run};
use crate::settings::values::Annotations;

/// Longest time for one call to the forge, with its retries.
const FORGE_BUDGET: Duration = Duration::from_secs(45);
/// Longest time for the last words of a stopped run: GitHub's runner ends a cancelled step for
/// good 10 s after the first signal, GitLab's and Kubernetes wait longer.
const LAST_WORDS: Duration = Duration::from_secs(6);
/// Characters of a comment that the mark may need.
const MARK_ROOM: usize = 400;
/// Longest name of a commit status, in characters.
const STATUS_NAME_LIMIT: usize = 100;

/// Tells the forge about one run.
pub struct Reporter<'a> {
    session: &'a Session,
    /// The forge, when there is one and a token for it.
    pub forge: Option<&'a dyn Forge>,
    /// The commit's pull request, once the forge was asked.
    found: OnceCell<Option<u64>>,
}

/// Connects to the forge, when there is one and a token for it.
#[must_use]
pub fn connected(session: &Session) -> Option<Box<dyn Forge>> {
    let report = &session.settings.report;
    let known = session.context.repository.clone()?;
    let repository = match report.forge {
        Some(forge) if forge != known.forge => Repository::at(forge, &known.server_url, &known.path),
        _ => known,
    };
    let connection = Connection {
        caller: session.calls.clone(),
        api_url: report.forge_api_url.clone().or_else(|| repository.api_url.clone())?,
        token: report.forge_token.clone()?,
        repository,
        budget: FORGE_BUDGET,
    };
    match forge::connect(&connection) {
        Ok(forge) => forge,
        Err(error) => {
            session.console.warn_about(&error);
            None
        }
    }
}

impl<'a> Reporter<'a> {
    /// Creates a reporter; without a forge it says nothing.
    #[must_use]
    pub fn new(session: &'a Session, forge: Option<&'a dyn Forge>) -> Self {
        Self { session, forge, found: OnceCell::new() }
    }

    /// Says that the deploy has begun, in every place that will be told its end. Returns the
    /// forge's record of the deployment.
    pub async fn begun(&self, run: &Run<'_>, commit: Option<&CommitSha>) -> Option<RecordId> {
        let ((), (), record) =
            tokio::join!(self.comment(run, commit, Upsert::Always), self.status(run, commit), self.record(run, commit, None),);
        record
    }

    /// Says how the run ended. `record` is what `begun` returned.
    pub async fn ended(&self, run: &Run<'_>, commit: Option<&CommitSha>, record: Option<&RecordId>) {
        let report = &self.session.settings.report;
        let nothing = matches!(run.plan.map(|plan| plan.decision), Some(Decision::Nothing | Decision::Unmapped))
            || run.rollback.is_some_and(|rollback| matches!(rollback.fate, RollbackFate::Runs));
        let quiet = run.preview.is_some_and(|preview| preview.is_quiet()) && !matches!(run.ending, Ending::Failed { .. });
        if quiet {
            return;
        }
        let gone = run.preview.is_some_and(|preview| !preview.is_there());
        let silent = (nothing || gone) && !matches!(run.ending, Ending::Failed { .. }) && !report.comment_on_no_op;
        // A no-op adds no comment, but one that is there must not go on telling something else.
        let upsert = if silent { Upsert::OnlyEdit } else { Upsert::Always };
        let recorded = async {
            if record.is_some() || matches!(run.ending, Ending::Shipped(_)) {
                self.record(run, commit, record).await;
            }
        };
        let told = async {
            let comment = self.comment(run, commit, upsert);
            tokio::join!(comment, self.status(run, commit), recorded, self.findings(run, commit), self.gone(run, commit))
        };
        if !run.is_cancelled() {
            told.await;
        } else if tokio::time::timeout(LAST_WORDS, told).await.is_err() {
            self.session.console.warning("the forge did not take the news of the stopped run in time");
        }
    }

    async fn comment(&self, run: &Run<'_>, commit: Option<&CommitSha>, upsert: Upsert) {
        let Some(forge) = self.forge.filter(|_| self.session.settings.report.comment) else {
            return;
        };
        let Some(number) = self.pull_request(forge, commit, upsert).await else {
            return;
        };
        let markup = forge.markup();
        let body = markdown::report(run, Markup { limit: markup.limit.saturating_sub(MARK_ROOM), ..markup });
        let target = match run.preview {
            // A preview that is made anew is another Deployment, and its comment stays the same.
            Some(PreviewReport { base_id: Some(base), .. }) => format!("preview of {base}"),
            Some(_) => return,
            None => run.deployment.map_or_else(|| self.named_target(), |deployment| deployment.id.to_string()),
        };
        let mark = markdown::mark(&run.project, &target);
        match forge.upsert_comment(&Comment { pull_request: number, mark: &mark, body: &body }, upsert).await {
            Ok(Some(url)) if run.is_over() => {
                self.session.console.info(&format!("commented on pull request #{number}: {url}"));
            }
            Ok(_) => {}
            Err(error) => self.warn(&error),
        }
    }

    /// Comments on the pull request that the CI system names, in place of what was said about the same before.
    pub async fn note(&self, note: &Note) {
        let settings = &self.session.settings;
        let (Some(forge), Some(number)) = (self.forge.filter(|_| settings.report.comment), settings.context.pull_request) else {
            return;
        };
        let body = cut(&note.markdown, forge.markup().limit.saturating_sub(MARK_ROOM));
        let mark = markdown::mark("manage", &cut(&note.subject, STATUS_NAME_LIMIT));
        let quiet = note.weight == Weight::NoNews && !settings.report.comment_on_no_op;
        let upsert = if quiet { Upsert::OnlyEdit } else { Upsert::Always };
        self.warned(forge.upsert_comment(&Comment { pull_request: number, mark: &mark, body: &body }, upsert).await);
    }

    /// Returns the pull request that this run is about: the CI system's, else the one that brought
    /// the commit into its branch. Nobody is asked when there is hardly anything to say.
    async fn pull_request(&self, forge: &dyn Forge, commit: Option<&CommitSha>, upsert: Upsert) -> Option<u64> {
        let told = self.session.settings.context.pull_request;
        // A person at a terminal has not asked for a word on anybody's pull request.
        if told.is_some() || self.session.context.event == Event::Local {
            return told;
        }
        let commit = commit.filter(|_| upsert == Upsert::Always)?;
        let ask = async || match forge.pull_requests_of(commit).await {
            Ok(numbers) => numbers.first().copied(),
            Err(error) => {
                // Nobody asked for this comment in so many words, so a missing permission is no warning.
                tracing::info!(error = %error, "no pull request is known for the commit");
                None
            }
        };
        *self.found.get_or_init(ask).await
    }

    async fn status(&self, run: &Run<'_>, commit: Option<&CommitSha>) {
        let (Some(forge), Some(commit)) = (self.forge, commit.filter(|_| self.session.settings.report.commit_status)) else {
            return;
        };
        let status = CommitStatus {
            commit,
            state: state(run),
            name: &self.status_name(run),
            description: &run.headline(),
            target_url: self.session.context.run_url.as_deref(),
        };
        self.warned(forge.set_status(&status).await);
    }

    async fn record(&self, run: &Run<'_>, commit: Option<&CommitSha>, earlier: Option<&RecordId>) -> Option<RecordId> {
        let settings = &self.session.settings;
        let (forge, commit) = (self.forge?, commit.filter(|_| settings.report.forge_deployment)?);
        let name = |deployment: &Deployment| deployment.name.clone();
        let environment = settings.report.environment.clone().or_else(|| run.deployment.map(name))?;
        let context = &self.session.context;
        let record = DeploymentRecord {
            commit,
            reference: settings.context.branch.as_deref().or(context.tag.as_deref()),
            environment: &environment,
            lifetime: if run.preview.is_some() { Lifetime::Preview } else { Lifetime::Lasting },
            state: RecordState::Is(state(run)),
            description: &run.headline(),
            environment_url: run.deployment.and_then(|it| it.airflow_url.as_deref().or(it.astro_url.as_deref())),
            log_url: context.run_url.as_deref(),
        };
        let recorded = self.warned(forge.record_deployment(&record, earlier).await)?;
        if recorded.is_none() && !run.is_over() {
            self.session.console.notice("`forge-deployment` has no effect: this forge keeps no records of deployments");
        }
        recorded
    }

    /// Records that the environments of deleted previews are no longer there.
    async fn gone(&self, run: &Run<'_>, commit: Option<&CommitSha>) {
        let report = &self.session.settings.report;
        let (Some(Fate::Deleted { names, .. }), Some(forge), Some(commit)) =
            (run.preview.map(|preview| &preview.fate), self.forge, commit.filter(|_| report.forge_deployment))
        else {
            return;
        };
        for name in names {
            let record = DeploymentRecord {
                commit,
                reference: self.session.settings.context.branch.as_deref(),
                environment: report.environment.as_deref().unwrap_or(name),
                lifetime: Lifetime::Preview,
                state: RecordState::Inactive,
                description: &run.headline(),
                environment_url: None,
                log_url: self.session.context.run_url.as_deref(),
            };
            self.warned(forge.record_deployment(&record, None).await);
        }
    }

    async fn findings(&self, run: &Run<'_>, commit: Option<&CommitSha>) {
        let read = run.plan.and_then(|plan| plan.dags.as_ref()).map_or(&[][..], |dags| &dags.problems);
        let problems = if run.problems.is_empty() { read } else { run.problems };
        let broken = run.verification().map_or(&[][..], |verification| &verification.findings.new);
        let items = problems.iter().map(finding).chain(broken.iter().map(failed_import)).collect();
        self.annotated(&run.project, commit, items).await;
    }

    /// Shows what is wrong with files of the project in the repository's folder at its lines.
    pub async fn annotate(&self, project: &str, commit: Option<&CommitSha>, problems: &[Problem]) {
        self.annotated(project, commit, problems.iter().map(finding).collect()).await;
    }

    async fn annotated(&self, project: &str, commit: Option<&CommitSha>, items: Vec<Finding>) {
        let wanted = match self.session.settings.report.annotations {
            Annotations::Always => true,
            Annotations::Auto => !self.session.console.shows_places(),
            Annotations::Never => false,
        };
        let (Some(forge), Some(commit), [_, ..]) = (self.forge.filter(|_| wanted), commit, items.as_slice()) else {
            return;
        };
        let errors = items.iter().filter(|item| item.severity == Severity::Error).count() as u64;
        let title = figures::count(errors, "error") + ", " + &figures::count(items.len() as u64 - errors, "warning");
        let findings = Findings {
            commit,
            name: &check_name(project),
            title: &title,
            summary: "Liftoff read every Python file of the DAGs that would ship.",
            details_url: self.session.context.run_url.as_deref(),
            items: &items,
        };
        match (forge.annotate(&findings).await, self.session.settings.report.annotations) {
            (Ok(_), _) => {}
            (Err(error), Annotations::Always) => self.warn(&error),
            // The log has them as well, and nobody asked for more in so many words.
            (Err(error), _) => tracing::info!(error = %error, "the forge does not show the findings"),
        }
    }

    /// A commit can be deployed from several projects to several Deployments; each has a status
    /// of its own.
    fn status_name(&self, run: &Run<'_>) -> String {
        let project = if run.project == "." { String::new() } else { format!("/{}", run.project) };
        let target = run.deployment.map_or_else(|| self.named_target(), |deployment| deployment.name.clone());
        let target = if target.is_empty() { target } else { format!("/{target}") };
        cut(&format!("liftoff{project}{target}"), STATUS_NAME_LIMIT)
    }

    fn named_target(&self) -> String {
        let target = &self.session.settings.target;
        target.deployment_id.as_ref().map(ToString::to_string).or_else(|| target.deployment_name.clone()).unwrap_or_default()
    }

    fn warned<T>(&self, outcome: Result<T>) -> Option<T> {
        outcome.inspect_err(|error| self.warn(error)).ok()
    }

    fn warn(&self, error: &Error) {
        self.session.console.warn_about(error);
    }
}

fn finding(problem: &Problem) -> Finding {
    Finding {
        place: Place { path: problem.file.to_string(), line: problem.line },
        message: problem.message.clone(),
        severity: match problem.severity {
            dag::Severity::Error => Severity::Error,
            dag::Severity::Warning => Severity::Warning,
        },
    }
}

fn failed_import(broken: &Broken) -> Finding {
    Finding {
        place: Place { path: broken.file.clone(), line: broken.line },
        message: format!("Airflow cannot import this file\n{}", broken.trace),
        severity: Severity::Error,
    }
}

/// Returns the name of a project's check: letters, digits and `-`, as every forge takes it.
fn check_name(project: &str) -> String {
    let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    let folder: String = project.chars().map(plain).collect();
    let folder = folder.trim_matches('-');
    if folder.is_empty() { "liftoff-check".to_owned() } else { cut(&format!("liftoff-check-{folder}"), STATUS_NAME_LIMIT) }
}

fn state(run: &Run<'_>) -> State {
    match run.ending {
        Ending::InProgress => State::InProgress,
        Ending::Failed { .. } if run.is_cancelled() => State::Cancelled,
        Ending::Failed { .. } => State::Failure,
        Ending::Planned | Ending::Declined | Ending::Shipped(_) => State::Success,
    }
}
