//! Azure DevOps' comparison of two commits:
//! <https://learn.microsoft.com/rest/api/azure/devops/git/diffs/get?view=azure-devops-rest-7.1>.
//! It must not know who may ask.
//!
//! The page does not say what comes without `diffCommonCommit`; here it is the difference from the common commit.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::exchange::Answer;
use crate::faces::azure_devops_answer::{Asked, missing_commit, word};
use crate::faces::azure_devops_render as render;
use crate::refusal::Refusal;
use crate::rules::paging::Page;
use crate::world::azure_devops::AzureRepository;
use crate::world::commits::{ChangedFile, Commit};

/// How many changes come unless the call says otherwise.
const DEFAULT_TOP: usize = 100;

/// Compares two commits; folders count as changes, too.
pub fn compare(repository: &AzureRepository, asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let (base, target) = (version(repository, asked, "base")?, version(repository, asked, "target")?);
    let graph = &repository.graph;
    let comparison = graph.compare(&base.sha, &target.sha).ok_or_else(|| missing_commit("Merge base", repository))?;
    let from_common = asked.call.parameter("diffCommonCommit").is_none_or(|text| text.eq_ignore_ascii_case("true"));
    let from = if from_common { &comparison.merge_base } else { &base.sha };
    let files = graph.difference(from, &target.sha).unwrap_or_default();
    let changes = changes(&files);
    let page = Page { limit: asked.number("$top", DEFAULT_TOP)?, offset: asked.number("$skip", 0)? };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for change in &changes {
        let mut kind = change.kind.to_owned();
        kind.get_mut(..1).map(str::make_ascii_uppercase);
        *counts.entry(kind).or_default() += 1;
    }
    let all = page.offset == 0 && changes.len() <= page.limit;
    let shown: Vec<Value> = page
        .cut(changes)
        .iter()
        .map(|change| render::change(&asked.base, repository, (change.kind, &change.path), (change.former, &target.sha)))
        .collect();
    Ok(Answer::json(
        200,
        &json!({
            "allChangesIncluded": all, "changeCounts": counts, "changes": shown, "commonCommit": comparison.merge_base,
            "baseCommit": base.sha, "targetCommit": target.sha, "aheadCount": comparison.ahead.len(),
            "behindCount": comparison.behind,
        }),
    ))
}

/// One change of a file or a folder.
struct Change<'a> {
    kind: &'static str,
    /// Path without a leading slash; a folder's ends with one.
    path: String,
    former: Option<&'a str>,
}

/// Returns the changes in path order: each folder above a changed file, then the file; a renamed file twice.
fn changes(files: &[ChangedFile]) -> Vec<Change<'_>> {
    let mut found = Vec::new();
    let mut folders = BTreeSet::new();
    for file in files {
        let paths = [Some(file.path.as_str()), file.previous.as_deref()];
        for path in paths.into_iter().flatten() {
            folders.extend(path.match_indices('/').map(|(end, _)| path[..=end].to_owned()));
        }
        let former = file.previous.as_deref();
        let kind = match file.status.as_str() {
            "added" => "add",
            "removed" => "delete",
            "renamed" => "edit, rename",
            _ => "edit",
        };
        found.push(Change { kind, path: file.path.clone(), former });
        found.extend(former.map(|former| Change { kind: "delete, sourceRename", path: former.to_owned(), former: None }));
    }
    found.extend(folders.into_iter().map(|path| Change { kind: "edit", path, former: None }));
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn version<'a>(repository: &'a AzureRepository, asked: &Asked<'_>, side: &str) -> Result<&'a Commit, Refusal> {
    let name = asked.call.parameter(&format!("{side}Version")).unwrap_or("main");
    let kind = asked.call.parameter(&format!("{side}VersionType")).unwrap_or("branch");
    let given = kind.parse::<u64>().map_or_else(|_| Value::from(kind), Value::from);
    let found = match word(&given, &["branch", "tag", "commit"], "versionType")? {
        "commit" => repository.graph.exact(name),
        _ => repository.graph.refs.get(name).and_then(|sha| repository.graph.exact(sha)),
    };
    found.ok_or_else(|| missing_commit(&format!("{kind}: {name}"), repository))
}
