//! What becomes of Deployments that are described by files: for people, for pull requests, for programs.
//! It prints what it is given; secrets never get this far.

use serde_json::{Value, json};

use crate::plan::deployments::change::{Change, How};
use crate::report::columns::one_line;
use crate::report::ink::Ink;

/// Most characters of a value that are shown.
const MOST: usize = 200;

/// One Deployment and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// File and line that ask for it; empty for flags.
    pub place: String,
    /// Name.
    pub name: String,
    /// Name of its Workspace.
    pub workspace: String,
    /// Its id; none while it is not there.
    pub id: Option<String>,
    /// What changes.
    pub changes: Vec<Change>,
    /// What stays although a list of the file does not name it.
    pub kept: Vec<String>,
    /// What the file says in vain.
    pub notes: Vec<String>,
    /// What was done, in one word, or why not; none while nothing was tried.
    pub outcome: Option<Result<&'static str, String>>,
}

/// Returns the lines about one Deployment.
#[must_use]
pub fn one(told: &Told) -> Vec<String> {
    let mut lines = vec![headline(told)];
    lines.extend(told.changes.iter().map(|change| format!("  {}", line(change))));
    lines.extend(
        told.kept
            .iter()
            .map(|path| format!("  = {} stays, although the file does not name it (see --prune)", one_line(path, MOST))),
    );
    lines.extend(told.notes.iter().map(|note| format!("  ! {}", one_line(note, MOST))));
    lines
}

fn headline(told: &Told) -> String {
    let name = format!("{} ({})", one_line(&told.name, MOST), one_line(&told.workspace, MOST));
    match (&told.id, told.changes.len()) {
        (None, _) => format!("{name}: to be created"),
        (Some(_), 0) => format!("{name}: no changes"),
        (Some(_), 1) => format!("{name}: 1 change"),
        (Some(_), count) => format!("{name}: {count} changes"),
    }
}

fn line(change: &Change) -> String {
    let path = one_line(&change.path, MOST);
    let value = |value: &Option<String>| match value.as_deref() {
        None | Some("") => "(nothing)".to_owned(),
        Some(text) => one_line(text, MOST),
    };
    match (change.how, &change.old, &change.new) {
        (How::Added, _, None) => format!("+ {path}"),
        (How::Added, ..) => format!("+ {path}: {}", value(&change.new)),
        (How::Removed, None, _) => format!("- {path}"),
        (How::Removed, ..) => format!("- {path}: {}", value(&change.old)),
        (How::Changed, None, _) => format!("~ {path}: set to {}", value(&change.new)),
        (How::Changed, ..) => format!("~ {path}: {} -> {}", value(&change.old), value(&change.new)),
        (How::SetAgain, ..) => format!("* {path}: will be set; whether that changes the secret cannot be known"),
    }
}

/// Returns a line about what became of each Deployment.
#[must_use]
pub fn outcomes(all: &[Told]) -> Vec<String> {
    let line = |told: &Told| {
        let name = format!("{} ({})", one_line(&told.name, MOST), one_line(&told.workspace, MOST));
        let id = told.id.as_deref().unwrap_or("-");
        match &told.outcome {
            Some(Ok(word)) => format!("{word:<9}  {name}  {id}"),
            Some(Err(why)) => format!("failed     {name}  {id}: {}", one_line(why, MOST)),
            None => format!("untouched  {name}  {id}"),
        }
    };
    all.iter().map(line).collect()
}

/// Returns the differences as Markdown, for a comment on a pull request.
#[must_use]
pub fn markdown(all: &[Told], ink: Ink) -> String {
    let mut text = "### Deployments\n\n".to_owned();
    for told in all {
        let count = told.changes.len();
        let state = match &told.id {
            None => "to be created".to_owned(),
            Some(_) if count == 0 => "no changes".to_owned(),
            Some(_) => format!("{count} change{}", if count == 1 { "" } else { "s" }),
        };
        text += &format!("**{}** ({}): {state}\n\n", ink.prose(&told.name), ink.prose(&told.workspace));
        if count > 0 {
            text += "| | setting | is | will be |\n| --- | --- | --- | --- |\n";
        }
        for change in &told.changes {
            let cell = |value: &Option<String>| value.as_ref().map(|it| ink.code(&one_line(it, MOST))).unwrap_or_default();
            let mark = match change.how {
                How::Added => "+",
                How::Changed => "~",
                How::Removed => "−",
                How::SetAgain => "set",
            };
            text += &format!("| {mark} | {} | {} | {} |\n", ink.code(&change.path), cell(&change.old), cell(&change.new));
        }
        if count > 0 {
            text += "\n";
        }
        for path in &told.kept {
            text += &format!("- {} stays, although the file does not name it\n", ink.code(path));
        }
        for note in &told.notes {
            text += &format!("- {}\n", ink.prose(note));
        }
        if !told.kept.is_empty() || !told.notes.is_empty() {
            text += "\n";
        }
    }
    text
}

/// Returns one Deployment for programs.
#[must_use]
pub fn object(told: &Told) -> Value {
    let change = |it: &Change| json!({ "path": it.path, "change": it.how.word(), "old": it.old, "new": it.new });
    let mut object = json!({
        "name": told.name, "workspace": told.workspace, "id": told.id, "place": told.place, "kept": told.kept, "notes": told.notes,
        "changes": told.changes.iter().map(change).collect::<Vec<_>>(),
    });
    match &told.outcome {
        Some(Ok(word)) => object["outcome"] = (*word).into(),
        Some(Err(why)) => {
            object["outcome"] = "failed".into();
            object["error"] = why.clone().into();
        }
        None => {}
    }
    object
}
