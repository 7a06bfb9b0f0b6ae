//! Finds a Deployment by name: exactly one, or an error that names the candidates.
//! The platform allows equal names, so nothing is ever guessed.

use crate::astro::client::AstroClient;
use crate::error::{Error, Kind, Result};
use crate::http::failure::shown;
use crate::model::deployment::Deployment;

/// Most similar names that are suggested.
const MOST_SUGGESTIONS: usize = 3;

/// Most candidates that an error lists.
const MOST_CANDIDATES: usize = 10;

/// Most characters of a name that are shown or compared.
const MOST_NAME_CHARS: usize = 100;

impl AstroClient {
    /// Returns the one Deployment with this exact name, in a Workspace given by id or name or
    /// in all Workspaces that the token sees.
    ///
    /// # Errors
    /// Fails with `NotFound` when there is none (naming similar ones) or several (listing them).
    pub async fn find_deployment(&self, name: &str, workspace: Option<&str>) -> Result<Deployment> {
        // The server's filter only saves pages: what it matches exactly is not documented.
        let mut named = self.deployments(Some(name)).await?;
        named.retain(|deployment| deployment.name == name);
        if let Some(workspace) = workspace {
            self.keep_workspace(&mut named, workspace).await?;
        }
        match (named.pop(), named.len()) {
            (Some(deployment), 0) => Ok(deployment),
            (Some(last), _) => {
                named.push(last);
                Err(ambiguous(name, &named))
            }
            (None, _) => {
                let mut others = self.deployments(None).await?;
                if let Some(workspace) = workspace {
                    self.keep_workspace(&mut others, workspace).await?;
                }
                Err(missing(name, workspace, &others))
            }
        }
    }

    async fn keep_workspace(&self, deployments: &mut Vec<Deployment>, workspace: &str) -> Result<()> {
        let by_answer = |deployment: &Deployment| {
            deployment.workspace_id.as_str() == workspace || deployment.workspace_name.as_deref() == Some(workspace)
        };
        // Names are optional in the answer, so a Workspace's name may have to be looked up.
        if deployments.iter().all(|deployment| by_answer(deployment) || deployment.workspace_name.is_some()) {
            deployments.retain(by_answer);
            return Ok(());
        }
        let mut ids = self.workspaces().await?;
        ids.retain(|known| known.name == workspace || known.id.as_str() == workspace);
        deployments.retain(|deployment| ids.iter().any(|known| known.id == deployment.workspace_id));
        Ok(())
    }
}

fn ambiguous(name: &str, candidates: &[Deployment]) -> Error {
    let mut lines: Vec<String> = candidates.iter().take(MOST_CANDIDATES).map(candidate).collect();
    if candidates.len() > MOST_CANDIDATES {
        lines.push(format!("and {} more", candidates.len() - MOST_CANDIDATES));
    }
    Error::new(Kind::NotFound, format!("find the Deployment `{}`", shown(name, MOST_NAME_CHARS)))
        .because(format!("{} Deployments have this name:\n{}", candidates.len(), lines.join("\n")))
        .hint("give the Deployment's id, or the Workspace")
}

fn missing(name: &str, workspace: Option<&str>, others: &[Deployment]) -> Error {
    let place = match workspace {
        Some(workspace) => format!("Workspace `{}`", shown(workspace, MOST_NAME_CHARS)),
        None => "Workspaces of this token".to_owned(),
    };
    let cause = match others.len() {
        0 => format!("the token sees no Deployment in the {place}"),
        1 => format!("the one Deployment in the {place} has another name"),
        number => format!("none of the {number} Deployments in the {place} has this name"),
    };
    let error = Error::new(Kind::NotFound, format!("find the Deployment `{}`", shown(name, MOST_NAME_CHARS))).because(cause);
    let near = near_names(name, others.iter().map(|deployment| deployment.name.as_str()));
    if near.is_empty() {
        return error.hint("check the name and that the token belongs to the right Workspace or Organization");
    }
    let near: Vec<String> = near.iter().map(|name| format!("`{}`", shown(name, MOST_NAME_CHARS))).collect();
    error.hint(format!("did you mean {}?", near.join(" or ")))
}

fn candidate(deployment: &Deployment) -> String {
    let workspace = match &deployment.workspace_name {
        Some(name) => format!("{} ({})", shown(name, MOST_NAME_CHARS), deployment.workspace_id),
        None => deployment.workspace_id.to_string(),
    };
    format!("{} in Workspace {workspace}", deployment.id)
}

/// Returns names that a person may have meant, the most similar first.
fn near_names<'a>(name: &str, others: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = folded(name);
    let most = (wanted.len() / 3).clamp(1, 5);
    let scored = others.filter_map(|other| {
        let folded = folded(other);
        let distance = edits(&wanted, &folded);
        let contained = wanted.len() >= 3 && contains(&folded, &wanted);
        (distance <= most || contained).then_some((distance, other))
    });
    let mut scored: Vec<(usize, &str)> = scored.collect();
    scored.sort_unstable();
    scored.dedup_by_key(|(_, other)| *other);
    scored.into_iter().take(MOST_SUGGESTIONS).map(|(_, other)| other).collect()
}

/// Case, blanks and the usual separators do not count.
fn folded(name: &str) -> Vec<char> {
    let relevant = name.chars().take(MOST_NAME_CHARS).filter(|character| !matches!(character, ' ' | '-' | '_' | '.'));
    relevant.flat_map(char::to_lowercase).collect()
}

fn contains(long: &[char], short: &[char]) -> bool {
    long.windows(short.len().max(1)).any(|window| window == short)
}

/// Returns the number of insertions, deletions and replacements between two texts.
fn edits(one: &[char], two: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=two.len()).collect();
    for (index, left) in one.iter().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        for (cell, right) in row.iter_mut().skip(1).zip(two) {
            let best = (diagonal + usize::from(left != right)).min(before + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, best);
            before = best;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (one, two, expected) in
            [("", "", 0), ("abc", "", 3), ("", "ab", 2), ("kitten", "sitting", 3), ("abc", "abc", 0), ("ab", "ba", 2)]
        {
            assert_eq!(edits(&folded(one), &folded(two)), expected, "{one} {two}");
        }
    }

    #[test]
    fn similar_names_are_suggested() {
        let names = ["Production", "prod-eu", "staging", "production-2", "qa", "Prodution"];
        for (name, expected) in [
            ("production", &["Production", "Prodution", "production-2"][..]),
            ("prod_eu", &["prod-eu"]),
            ("stagging", &["staging"]),
            ("x", &[]),
            ("qs", &["qa"]),
            ("nothing like it", &[]),
        ] {
            assert_eq!(near_names(name, names.into_iter()), expected, "{name}");
        }
    }
}
