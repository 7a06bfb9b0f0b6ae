//! What a run has to say about a rollback: what comes back, from which commit, and what stays.
//! Names and descriptions are hostile: Markdown shows them only through `Ink`.

use serde_json::{Map, Value, json};

use crate::deploy::outcome::{Arrival, Outcome};
use crate::error::Error;
use crate::model::artifact::Artifact;
use crate::model::deploy::DeployRecord;
use crate::model::ids::DeployId;
use crate::model::markup::cut;
use crate::plan::deployed::commit;
use crate::plan::description::{Footer, words};
use crate::plan::rollback::{DOWNGRADE, DagDeploys, Rollback};
use crate::plan::then::{Brought, Part};
use crate::report::ink::Ink;

/// What a rollback never touches (`reference/astro-docs.md` 4.5).
const STAYS: &str = "environment variables, resources, executor and all other settings";
/// Most characters of a description.
const MOST: usize = 120;

/// A rollback as the reports see it.
#[derive(Debug, Clone)]
pub struct RollbackReport {
    /// The way back; none when it was refused before it was known.
    pub back: Option<Rollback>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a rollback.
#[derive(Debug, Clone)]
pub enum Fate {
    /// The run is about it, and ends as it does.
    Asked,
    /// The run is about it, and what was asked for runs already.
    Runs,
    /// It followed a deploy that ended badly, and it was done.
    Recovered(Box<Outcome>),
    /// A deploy ended badly, and what ran before still runs.
    StillRuns,
    /// A deploy ended badly, and this is why what ran before is not proven to run again; the
    /// rollback, when the platform has accepted one.
    NotRecovered(Box<Error>, Option<DeployId>),
}

impl RollbackReport {
    /// Returns whether the run is about the rollback, and not about a deploy.
    #[must_use]
    pub const fn is_asked(&self) -> bool {
        matches!(self.fate, Fate::Asked | Fate::Runs)
    }

    /// Returns where the rollback leads, such as `deploy x1 (commit 012345678)`.
    #[must_use]
    pub fn goal(&self) -> String {
        let Some(back) = &self.back else { return "what ran before".to_owned() };
        match back.commit() {
            Some(commit) => format!("deploy {} (commit {})", back.target.id, commit.short()),
            None => format!("deploy {}", back.target.id),
        }
    }

    /// Returns what became of a deploy that ended badly, in words that end its headline.
    #[must_use]
    pub fn aftermath(&self) -> Option<String> {
        match &self.fate {
            Fate::Asked | Fate::Runs => None,
            Fate::Recovered(outcome) if outcome.arrival == Arrival::Superseded => {
                Some(format!("rolled back to {}, until a newer deploy took over", self.goal()))
            }
            Fate::Recovered(_) => Some(format!("rolled back to {}, which runs again", self.goal())),
            Fate::StillRuns => Some(format!("{} still runs", self.goal())),
            Fate::NotRecovered(_, None) => Some("not rolled back".to_owned()),
            Fate::NotRecovered(_, Some(_)) => Some(format!("rolled back to {}, but that is not proven to run", self.goal())),
        }
    }

    /// Returns what comes back and what does not, line by line, for a terminal.
    #[must_use]
    pub fn text(&self) -> Vec<String> {
        let Some(back) = &self.back else { return Vec::new() };
        let mut lines: Vec<String> =
            back.parts.iter().map(|part| format!("{:<12}{}", name(&part.artifact), state(part))).collect();
        lines.extend(notes(back).into_iter().map(|note| format!("Note        {note}")));
        lines
    }

    /// Returns the same as Markdown.
    #[must_use]
    pub fn markdown(&self, ink: Ink) -> String {
        let mut text = String::new();
        if let Fate::NotRecovered(error, _) = &self.fate {
            text.push_str(&format!("**Rollback:** could not {}\n\n", ink.prose(&cut(error.doing(), MOST))));
            text.push_str(&error.cause().map(|cause| ink.block(&cut(cause, 1_000))).unwrap_or_default());
        }
        let Some(back) = &self.back else { return text };
        text.push_str("| what | | deploy | commit | description |\n| --- | --- | --- | --- | --- |\n");
        back.parts.iter().for_each(|part| text.push_str(&row(part, ink)));
        text.push('\n');
        notes(back).iter().for_each(|note| text.push_str(&format!("> {}\n\n", ink.prose(note))));
        text
    }

    /// Returns the rollback as one object; `shown` makes one of an error.
    #[must_use]
    pub fn object(&self, shown: impl Fn(&Error) -> Value) -> Value {
        let (word, deploy, failure) = match &self.fate {
            Fate::Asked => ("asked", None, None),
            Fate::Runs => ("runs already", None, None),
            Fate::Recovered(outcome) => ("done", Some(&outcome.deploy_id), None),
            Fate::StillRuns => ("still runs", None, None),
            Fate::NotRecovered(error, deploy) => ("failed", deploy.as_ref(), Some(shown(error))),
        };
        let mut object = self.back.as_ref().map(fields).unwrap_or_default();
        object.insert("fate".into(), json!(word));
        object.insert("rollback_id".into(), json!(deploy.map(|id| id.as_str())));
        object.insert("error".into(), json!(failure));
        if let Fate::Recovered(outcome) = &self.fate {
            object.insert("proven".into(), json!(outcome.arrival == Arrival::Proven));
        }
        Value::Object(object)
    }
}

fn name(artifact: &Artifact) -> &'static str {
    match artifact {
        Artifact::Dags => "DAGs",
        Artifact::Image => "Image",
        Artifact::Bundle(_) => "Bundle",
    }
}

fn state(part: &Part) -> String {
    let mount = match &part.artifact {
        Artifact::Bundle(mount) => format!("{mount}: "),
        Artifact::Dags | Artifact::Image => String::new(),
    };
    let word = if part.changed { "comes back" } else { "stays" };
    match &part.then {
        Brought::By(record) => format!("{mount}{word}: {}", of(record)),
        Brought::Nothing => format!("{mount}{}", if part.changed { "goes: it was not there then" } else { "is not there" }),
        Brought::Unknown(why) => format!("{mount}comes back as it was then; which that is, is unknown, because {why}"),
    }
}

fn of(record: &DeployRecord) -> String {
    let mut text = format!("deploy {}", record.id);
    if let Some(commit) = commit(record) {
        text.push_str(&format!(", commit {}", commit.short()));
    }
    if let Some(branch) = record.git.as_ref().and_then(|git| git.branch.as_deref()) {
        text.push_str(&format!(" on {}", one_line(branch)));
    }
    text + &format!(" ({})", one_line(words(&record.description)))
}

fn one_line(text: &str) -> String {
    cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), MOST)
}

fn row(part: &Part, ink: Ink) -> String {
    let what = ink.prose(&part.artifact.to_string());
    let record = match &part.then {
        Brought::By(record) => record,
        Brought::Nothing => return format!("| {what} | {} | – | – | – |\n", if part.changed { "**gone**" } else { "not there" }),
        Brought::Unknown(why) => return format!("| {what} | **back** | ? | ? | {} |\n", ink.prose(&cut(why, MOST))),
    };
    let sha = commit(record).map(|commit| ink.code(commit.short()));
    let branch =
        record.git.as_ref().and_then(|git| git.branch.as_deref()).map(|branch| format!(" on {}", ink.code(&one_line(branch))));
    format!(
        "| {what} | {} | {} | {}{} | {} |\n",
        if part.changed { "**back**" } else { "unchanged" },
        ink.code(record.id.as_str()),
        sha.unwrap_or_else(|| "–".to_owned()),
        branch.unwrap_or_default(),
        ink.prose(&one_line(words(&record.description))),
    )
}

/// Returns what people should know about the way back, one sentence each.
fn notes(back: &Rollback) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some((now, then)) = &back.runtime {
        let then = if then.is_empty() { "of then, which the history does not tell" } else { then };
        notes.push(format!("the Runtime goes from {now} to {then}"));
    }
    if back.downgrades {
        notes.push(format!("this is a downgrade, or may be one: {DOWNGRADE}"));
    }
    match back.dag_deploys {
        Some(DagDeploys::On) => notes.push("DAG deploys are switched on again, as they were then".to_owned()),
        Some(DagDeploys::Off) => notes.push("DAG deploys are switched off again, as they were then".to_owned()),
        None => {}
    }
    let dirty =
        |part: &&Part| matches!(&part.then, Brought::By(by) if Footer::parse(&by.description).is_some_and(|footer| footer.dirty));
    for part in back.parts.iter().filter(dirty) {
        notes.push(format!("the {} had files that their commit does not have", part.artifact));
    }
    notes.push(format!(
        "a rollback leaves {STAYS} as they are; git is unchanged, so the next deploy of the branch ships its commit"
    ));
    notes
}

fn fields(back: &Rollback) -> Map<String, Value> {
    let parts: Vec<Value> = back.parts.iter().map(part).collect();
    let fields = json!({
        "to": back.target.id.as_str(),
        "to_created_at": back.target.created_at,
        "commit": back.commit().map(|commit| commit.to_string()),
        "branch": back.target.git.as_ref().and_then(|git| git.branch.as_deref()),
        "parts": parts,
        "runtime": back.runtime.as_ref().map(|(now, then)| json!({ "from": now, "to": then })),
        "downgrades_runtime": back.downgrades,
        "dag_deploys": back.dag_deploys.map(|setting| setting == DagDeploys::On),
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn part(part: &Part) -> Value {
    let id = |brought: &Brought| match brought {
        Brought::By(record) => Some(record.id.to_string()),
        Brought::Nothing | Brought::Unknown(_) => None,
    };
    let then = match &part.then {
        Brought::By(record) => commit(record).map(|commit| commit.to_string()),
        Brought::Nothing | Brought::Unknown(_) => None,
    };
    json!({
        "artifact": part.artifact.to_string(),
        "changed": part.changed,
        "deploy_now": id(&part.now),
        "deploy": id(&part.then),
        "commit": then,
    })
}
