//! The access file: who shall have which role where. It is read strictly: an unknown key, a key given twice or a value of
//! another kind is refused with its line.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::error::{Error, Kind, Result};
use crate::model::nearest::nearest;
use crate::model::roles::Holder;

/// Most bytes of a file.
const LIMIT: usize = 1 << 20;

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessFile {
    /// Its lists. What no list is about is left alone.
    pub lists: Vec<WantedList>,
}

/// Who of one kind shall have a role at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedList {
    /// Where.
    pub place: PlaceName,
    /// Of which kind.
    pub holder: Holder,
    /// Who, and which role.
    pub entries: Vec<WantedRole>,
}

/// A place as the file names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceName {
    /// The Organization.
    Organization,
    /// A Workspace, by name or id.
    Workspace(String),
    /// A Deployment of a Workspace, both by name or id.
    Deployment {
        /// The Workspace.
        workspace: String,
        /// The Deployment.
        deployment: String,
    },
}

impl std::fmt::Display for PlaceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Organization => write!(f, "Organization"),
            Self::Workspace(name) => write!(f, "Workspace {name}"),
            Self::Deployment { deployment, .. } => write!(f, "Deployment {deployment}"),
        }
    }
}

/// One wanted role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedRole {
    /// E-mail address of a user, name of a team or token, or the id.
    pub who: String,
    /// The role's name.
    pub role: String,
    /// 1-based line in the file.
    pub line: Option<usize>,
}

type Roles = Option<BTreeMap<String, Spanned<String>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    organization: Option<Lists>,
    workspaces: Option<BTreeMap<String, Option<Workspace>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    users: Roles,
    teams: Roles,
    tokens: Roles,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Workspace {
    users: Roles,
    teams: Roles,
    tokens: Roles,
    deployments: Option<BTreeMap<String, Option<Lists>>>,
}

/// Returns the file that a text is. `name` is what errors call it.
///
/// # Errors
/// `Kind::Usage` with the line, and the nearest key for an unknown one.
pub fn parse(text: &str, name: &str) -> Result<AccessFile> {
    let failed = |line| Error::new(Kind::Usage, format!("read {name}")).at(name, line);
    if text.len() > LIMIT {
        return Err(failed(None).because(format!("it is longer than {LIMIT} bytes")));
    }
    let whole: Whole = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().and_then(|location| usize::try_from(location.line()).ok());
        let said = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        match error.without_snippet() {
            serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
                let error = failed(line).because(format!("{said}unknown key `{field}`"));
                match nearest(field, expected.iter().copied()) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint(format!("known are {}", expected.join(", "))),
                }
            }
            other => failed(line).because(format!("{said}{other}")).hint("docs/access.md shows the form of the file"),
        }
    })?;
    let file = AccessFile { lists: lists(whole) };
    if file.lists.is_empty() {
        return Err(failed(None).because("it names no users, teams or tokens").hint("docs/access.md shows the form of the file"));
    }
    Ok(file)
}

fn lists(whole: Whole) -> Vec<WantedList> {
    let mut lists = Vec::new();
    let mut add = |place: &PlaceName, given: [Roles; 3]| {
        for (holder, roles) in Holder::ALL.iter().zip(given) {
            let Some(roles) = roles else { continue };
            let entries = roles.into_iter().map(|(who, role)| WantedRole {
                who,
                line: usize::try_from(role.defined.line()).ok().filter(|line| *line > 0),
                role: role.value,
            });
            lists.push(WantedList { place: place.clone(), holder: *holder, entries: entries.collect() });
        }
    };
    if let Some(Lists { users, teams, tokens }) = whole.organization {
        add(&PlaceName::Organization, [users, teams, tokens]);
    }
    for (workspace, given) in whole.workspaces.unwrap_or_default() {
        let Some(Workspace { users, teams, tokens, deployments }) = given else { continue };
        add(&PlaceName::Workspace(workspace.clone()), [users, teams, tokens]);
        for (deployment, given) in deployments.unwrap_or_default() {
            let Some(Lists { users, teams, tokens }) = given else { continue };
            add(&PlaceName::Deployment { workspace: workspace.clone(), deployment }, [users, teams, tokens]);
        }
    }
    lists
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_with_the_line_of_each_role() {
        let text = "organization:\n  users:\n    boss@acme.test: ORGANIZATION_OWNER\nworkspaces:\n  Data:\n    teams:\n      \
                    Engineers: WORKSPACE_OPERATOR\n    tokens: {}\n    deployments:\n      prod:\n        users:\n          \
                    ann@acme.test: DEPLOYMENT_ADMIN\n";
        let file = parse(text, "access.yaml").expect("a file");
        let told: Vec<String> = file
            .lists
            .iter()
            .map(|list| {
                let entries: Vec<String> =
                    list.entries.iter().map(|entry| format!("{}={}@{:?}", entry.who, entry.role, entry.line)).collect();
                format!("{} {}: {}", list.place, list.holder.path(), entries.join(" "))
            })
            .collect();
        assert_eq!(
            told,
            [
                "Organization users: boss@acme.test=ORGANIZATION_OWNER@Some(3)",
                "Workspace Data teams: Engineers=WORKSPACE_OPERATOR@Some(7)",
                "Workspace Data tokens: ",
                "Deployment prod users: ann@acme.test=DEPLOYMENT_ADMIN@Some(12)",
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let rows = [
            ("workspaces:\n  Data:\n    usrs: {}\n", "line 3: unknown key `usrs`\nhint: did you mean `users`?"),
            ("people: {}\n", "line 1: unknown key `people`\nhint: known are organization, workspaces"),
            ("workspaces:\n  Data:\n    users:\n      a@b.c: X\n      a@b.c: Y\n", "line 5"),
            ("workspaces:\n  Data:\n    users: [a@b.c]\n", "line 3"),
            ("workspaces:\n  Data:\n    users:\n      a@b.c: [X]\n", "line 4"),
            ("workspaces: {\n", "line "),
            ("", "names no users, teams or tokens"),
            ("workspaces:\n  Data:\n", "names no users, teams or tokens"),
        ];
        for (text, said) in rows {
            let error = parse(text, "access.yaml").expect_err(text);
            assert_eq!(error.kind(), Kind::Usage, "{text}");
            let told = error.to_string().replace("\n      ", "\n");
            assert!(told.contains(said), "{text}: {told}");
        }
        assert_eq!(parse(&" ".repeat(LIMIT + 1), "x").expect_err("too long").kind(), Kind::Usage);
    }
}
