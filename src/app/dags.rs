//! Reads what is known of the DAGs that would ship: what is wrong with their files, and how they
//! differ from those that run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::app::checkout::Checkout;
use crate::app::content::{Goods, ShippingRules, threads};
use crate::app::crew::{self, Crew};
use crate::app::session::Session;
use crate::app::surroundings::Surroundings;
use crate::changes::liftoffignore;
use crate::dags::airflowignore::{self, AirflowIgnore, Syntax};
use crate::dags::compare::difference;
use crate::dags::duplicates::duplicates;
use crate::dags::imports::missing;
use crate::dags::read::{Wanted, read};
use crate::dags::source;
use crate::deploy::pack::blocking;
use crate::error::{Error, Kind, Result};
use crate::git::contents::{FileAt, Request};
use crate::model::artifact::Artifact;
use crate::model::dag::{DagDifference, DagFacts, DagFile, Problem, Severity};
use crate::model::entry::Entry;
use crate::model::path::RelPath;
use crate::model::project::ProjectShape;
use crate::model::revision::CommitSha;
use crate::model::runtime::Python;
use crate::plan::deployed::Deployed;
use crate::plan::facts::{ArtifactFacts, ChangedFile, Diff, Facts};
use crate::project::file;

/// Longest time for fetching former contents.
const FETCH_BUDGET: Duration = Duration::from_secs(60);
/// The most bytes of former contents.
const MOST_FORMER: u64 = 256 << 20;
/// The largest `.airflowignore` that is read in full, in bytes.
const LARGEST_IGNORE_FILE: usize = 1 << 20;
/// The most problems that are kept.
const MOST_PROBLEMS: usize = 1_000;
/// What Airflow takes for granted where its version is unknown: the newest one's ways.
const NEWEST_AIRFLOW: u64 = 3;

/// Reads the DAGs. None for projects without any.
///
/// # Errors
/// When a file that ships cannot be read, or the repository is damaged.
pub async fn facts(session: &Session, facts: &Facts, goods: &Goods, checkout: &Checkout) -> Result<Option<DagFacts>> {
    let ShippingRules::Astro(rules) = &goods.rules else { return Ok(None) };
    let folder = folder(goods);
    let base = Base::of(facts, &folder);
    let former = former(session, checkout, &base, &folder).await?;
    let reading = Reading {
        checks: session.settings.project.check,
        syntax: Syntax::of_airflow(facts.airflow_major().unwrap_or(NEWEST_AIRFLOW)),
        python: facts.python(),
        surroundings: Surroundings::of(&facts.project, rules, &folder),
        folder,
        base,
        entries: goods.dag_files.clone(),
    };
    blocking(move || reading.facts(former)).await.map(Some)
}

/// Returns the DAGs folder, relative to the repository.
#[must_use]
pub fn folder(goods: &Goods) -> RelPath {
    match &goods.rules {
        ShippingRules::Astro(rules) => rules.dags_source.clone().unwrap_or_else(|| rules.project.join(&rules.dags_path)),
        ShippingRules::Bundle(rules) => rules.folder.clone(),
    }
}

/// Reads what is wrong with the DAGs' files, without comparing them with anything.
///
/// # Errors
/// When a file that ships cannot be read.
pub async fn problems(
    project: &ProjectShape,
    goods: &Goods,
    airflow: Option<u64>,
    python: Option<Python>,
) -> Result<Vec<Problem>> {
    let ShippingRules::Astro(rules) = &goods.rules else { return Ok(Vec::new()) };
    let folder = folder(goods);
    let reading = Reading {
        checks: true,
        syntax: Syntax::of_airflow(airflow.unwrap_or(NEWEST_AIRFLOW)),
        python,
        surroundings: Surroundings::of(project, rules, &folder),
        folder,
        base: Base::Same,
        entries: goods.dag_files.clone(),
    };
    blocking(move || reading.facts(Ok(BTreeMap::new()))).await.map(|facts| facts.problems)
}

/// What the DAGs are compared with.
enum Base {
    /// Nothing runs yet.
    Nothing,
    /// What runs is the same.
    Same,
    /// It cannot be told, for this reason.
    Unknown(String),
    /// The files of a commit.
    Commit {
        /// The commit.
        commit: CommitSha,
        /// Python files that differ, relative to the repository.
        changed: BTreeSet<RelPath>,
        /// Why more than these may differ.
        caveat: Option<String>,
    },
}

impl Base {
    fn of(facts: &Facts, folder: &RelPath) -> Self {
        let carrier = if facts.target.dag_deploys() { Artifact::Dags } else { Artifact::Image };
        let Some(own) = facts.artifacts.iter().find(|artifact| artifact.artifact == carrier) else {
            return Self::Unknown("the DAGs are no part of this plan".to_owned());
        };
        match (&own.deployed, &own.diff) {
            (Deployed::Nothing, Diff::NotAsked | Diff::Unavailable { .. }) => Self::Nothing,
            (Deployed::Known(known), _) if known.fingerprint == Some(own.content.fingerprint) => Self::Same,
            (_, Diff::Files { base, files, .. }) => {
                let is_dag_file = |file: &&ChangedFile| {
                    file.artifact.as_ref() == Some(&carrier)
                        && file.path.is_within(folder)
                        && file.path.extension() == Some(b"py")
                };
                let changed = files.iter().filter(is_dag_file).map(|file| file.path.clone()).collect();
                Self::Commit { commit: base.clone(), changed, caveat: caveat(own, files) }
            }
            (_, Diff::Unavailable { why }) | (Deployed::Unknown { why }, Diff::NotAsked) => Self::Unknown(why.clone()),
            (Deployed::Known(known), Diff::NotAsked) => {
                Self::Unknown(format!("deploy {}, which runs, names no commit", known.id))
            }
            (Deployed::NotAsked, Diff::NotAsked) => Self::Unknown("there is nothing to compare with".to_owned()),
        }
    }
}

/// Returns why more may differ than the files that git names.
fn caveat(own: &ArtifactFacts, files: &[ChangedFile]) -> Option<String> {
    if matches!(&own.deployed, Deployed::Known(known) if known.dirty) {
        return Some("what runs was shipped with uncommitted changes".to_owned());
    }
    let rules = [airflowignore::FILE_NAME.as_bytes(), liftoffignore::FILE_NAME.as_bytes()];
    let changed = files.iter().find(|file| file.path.file_name().is_some_and(|name| rules.contains(&name)));
    changed.map(|file| format!("{} changed, which can hide or show more DAGs", file.path))
}

type Former = std::result::Result<BTreeMap<RelPath, FileAt>, String>;

/// Reads the changed files as they were.
async fn former(session: &Session, checkout: &Checkout, base: &Base, folder: &RelPath) -> Result<Former> {
    let Base::Commit { commit, changed, .. } = base else { return Ok(Ok(BTreeMap::new())) };
    if changed.is_empty() {
        return Ok(Ok(BTreeMap::new()));
    }
    let request = Request {
        commit: commit.clone(),
        folders: vec![folder.clone()],
        paths: changed.iter().cloned().collect(),
        largest: source::LARGEST as u64,
        most: MOST_FORMER,
        timeout: FETCH_BUDGET,
    };
    checkout.contents(request, &session.env).await
}

/// Everything that reading needs, on a thread that may block.
struct Reading {
    checks: bool,
    syntax: Syntax,
    python: Option<Python>,
    surroundings: Surroundings,
    /// The DAGs folder, relative to the repository.
    folder: RelPath,
    base: Base,
    /// Its files that ship, by their path below it.
    entries: Vec<Entry>,
}

impl Reading {
    fn facts(self, former: Former) -> Result<DagFacts> {
        let ignore = self.ignore()?;
        let crew = Crew { threads: threads(), stack: source::STACK };
        let wanted = self.wanted(&ignore);
        let now = crew::all(crew, &wanted, |(entry, path, wanted)| {
            let bytes = file::bytes(&entry.source, source::LARGEST).map_err(|error| unreadable(path, &error))?;
            Ok(read(path, &bytes, self.python, *wanted))
        })?;
        let counting: Vec<&DagFile> =
            wanted.iter().zip(&now).filter(|((.., wanted), _)| *wanted == Wanted::Dags).map(|(_, file)| file).collect();
        let problems = if self.checks { self.problems(&ignore, &now, &counting) } else { Vec::new() };
        let compared = wanted.iter().zip(now).filter(|((_, path, wanted), _)| *wanted == Wanted::Dags && self.is_compared(path));
        let after: Vec<DagFile> = compared.map(|(_, file)| file).collect();
        Ok(DagFacts { problems, difference: self.difference(crew, &ignore, former, &after)? })
    }

    fn difference(&self, crew: Crew, ignore: &AirflowIgnore, former: Former, after: &[DagFile]) -> Result<DagDifference> {
        let unknown = |why: String| DagDifference { unknown: Some(why), ..DagDifference::default() };
        let (former, caveat) = match (&self.base, former) {
            (Base::Same, _) => return Ok(DagDifference::default()),
            (Base::Unknown(why), _) => return Ok(unknown(why.clone())),
            (_, Err(why)) => return Ok(unknown(why)),
            (Base::Nothing, Ok(former)) => (former, &None),
            (Base::Commit { caveat, .. }, Ok(former)) => (former, caveat),
        };
        let counts = |path: &RelPath| self.below(path).is_some_and(|below| ignore.ignoring(&below).is_none());
        let former: Vec<(RelPath, FileAt)> = former.into_iter().filter(|(path, _)| counts(path)).collect();
        let before = crew::all(crew, &former, |(path, file)| {
            Ok(match file {
                FileAt::Bytes(bytes) => read(path, bytes, None, Wanted::Dags),
                FileAt::TooLarge => DagFile::unread(path.clone()),
            })
        })?;
        let mut found = difference(&before, after);
        let reasons: Vec<String> = found.unknown.into_iter().chain(caveat.clone()).collect();
        found.unknown = (!reasons.is_empty()).then(|| reasons.join("; "));
        Ok(found)
    }

    /// Returns a path below the DAGs folder.
    fn below(&self, path: &RelPath) -> Option<RelPath> {
        path.strip_prefix(&self.folder)
    }

    fn ignore(&self) -> Result<AirflowIgnore> {
        let name = Some(airflowignore::FILE_NAME.as_bytes());
        let mut files = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.path.file_name() == name) {
            let bytes = file::bytes(&entry.source, LARGEST_IGNORE_FILE)
                .map_err(|error| unreadable(&self.folder.join(&entry.path), &error))?;
            files.push((entry.path.parent().unwrap_or_default(), bytes));
        }
        Ok(AirflowIgnore::read(&files, self.syntax))
    }

    /// Returns the Python files that have to be read, each with its path in the repository.
    fn wanted(&self, ignore: &AirflowIgnore) -> Vec<(&Entry, RelPath, Wanted)> {
        let wanted = |entry: &Entry, path: &RelPath| match (self.checks || self.is_compared(path)).then_some(entry) {
            Some(entry) if ignore.ignoring(&entry.path).is_none() => Some(Wanted::Dags),
            _ => self.checks.then_some(Wanted::Problems),
        };
        let python = self.entries.iter().filter(|entry| entry.path.extension() == Some(b"py"));
        python
            .filter_map(|entry| {
                let path = self.folder.join(&entry.path);
                let wanted = wanted(entry, &path)?;
                Some((entry, path, wanted))
            })
            .collect()
    }

    fn is_compared(&self, path: &RelPath) -> bool {
        match &self.base {
            Base::Nothing => true,
            Base::Commit { changed, .. } => changed.contains(path),
            Base::Same | Base::Unknown(_) => false,
        }
    }

    /// Returns what is wrong, errors first. A file that Airflow skips breaks nothing; those that it does not skip are `counting`.
    fn problems(&self, ignore: &AirflowIgnore, files: &[DagFile], counting: &[&DagFile]) -> Vec<Problem> {
        let mut problems: Vec<Problem> = files.iter().flat_map(|file| file.problems.iter().cloned()).collect();
        for problem in &mut problems {
            if let Some((folder, line)) = self.below(&problem.file).and_then(|below| ignore.ignoring(&below)) {
                let rules = self.folder.join(&folder);
                problem.severity = Severity::Warning;
                problem.message +=
                    &format!(" (Airflow skips the file, by line {line} of {} in {rules})", airflowignore::FILE_NAME);
            }
        }
        problems.extend(ignore.unread.iter().map(|(file, line)| Problem {
            file: self.folder.join(file),
            line: Some(*line),
            column: None,
            message: "this pattern is not understood and matches nothing".to_owned(),
            severity: Severity::Warning,
        }));
        problems.extend(duplicates(counting));
        let mut known = BTreeMap::new();
        let mut names = |folder: &RelPath| self.surroundings.names(folder, &mut known);
        problems.extend(missing(counting, &self.surroundings.roots, &mut names));
        problems.sort_by(|one, two| (one.severity, &one.file, one.line).cmp(&(two.severity, &two.file, two.line)));
        problems.truncate(MOST_PROBLEMS);
        problems
    }
}

fn unreadable(path: &RelPath, error: &std::io::Error) -> Error {
    Error::new(Kind::Project, format!("read {path}"))
        .because(error)
        .hint("let nothing write to the project while Liftoff runs")
        .at(path.to_string(), None)
}
