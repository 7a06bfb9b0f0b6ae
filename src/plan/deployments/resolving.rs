//! What the resolving of a Deployment file carries along. What each part of a file means is known elsewhere.

use serde_json::Value;

use crate::model::manifest::edit::Edit;
use crate::model::manifest::entry::{At, Manifest};
use crate::model::record::Record;
use crate::plan::deployments::check::Problem;

/// What the platform has that a Deployment file can name.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The Deployment of that name; none where it is to be made.
    pub present: Option<&'a Record>,
    /// What a Deployment of its kind can be made of; none where that was not asked.
    pub options: Option<&'a Record>,
    /// The clusters that the token sees.
    pub clusters: &'a [Record],
}

/// What a file asks of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The changes; for a new Deployment, everything it is made of.
    pub edit: Edit,
    /// What the file says in vain, for people.
    pub notes: Vec<String>,
}

/// A resolving under way.
pub struct Resolving<'a> {
    /// What the file says.
    pub manifest: &'a Manifest,
    /// What there is.
    pub around: Surroundings<'a>,
    /// Kind of the Deployment, such as `STANDARD`.
    pub kind: String,
    /// Its executor when the edit is made; empty for the platform's choice.
    pub executor: String,
    /// Its cluster, where it is known.
    pub cluster: Option<Record>,
    /// What is asked.
    pub asked: Asked,
    /// Mistakes so far.
    pub problems: Vec<Problem>,
}

impl Resolving<'_> {
    /// Notes a mistake.
    pub fn wrong(&mut self, line: usize, what: impl Into<String>) {
        self.problems.push((line, what.into()));
    }

    /// Sets a field, and remembers where its value must not be shown.
    pub fn set<T>(&mut self, path: &str, field: &str, at: &At<T>, value: Value) {
        self.asked.edit.fields.insert(field.to_owned(), value);
        self.hide(path, at);
    }

    /// Remembers that a name in a path is not to be shown, if it comes from the environment.
    pub fn alias(&mut self, list: &str, name: &str, at: &At<String>) {
        if let Some(written) = &at.written {
            self.asked.edit.aliases.insert(format!("{list}.{name}"), format!("{list}.{written}"));
        }
    }

    /// Remembers that a value is not to be shown, if it comes from the environment.
    pub fn hide<T>(&mut self, path: &str, at: &At<T>) {
        if let Some(written) = &at.written {
            self.asked.edit.hidden.insert(path.to_owned(), written.clone());
        }
    }
}
