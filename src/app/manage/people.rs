//! Users and teams of the Organization, a Workspace or a Deployment: lists them, and changes the role of several at once.

use std::collections::HashSet;
use std::path::Path;

use crate::app::manage::roles::{Changed, Subject, change, known_roles};
use crate::app::manage::{given, scene};
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::astro::named::{Collection, TEAMS, USERS, one_of};
use crate::cli::people::{Given, InDeployment, InWorkspace, Named};
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;
use crate::model::roles::{Edit, Holder, Place, RoleSet, check_role};
use crate::report::answer::{Answer, Column, column};
use crate::report::rows::{Row, answer};

/// Columns of the list of users.
const USER_COLUMNS: &[Column] = &[
    column("EMAIL", "username"),
    column("NAME", "fullName"),
    column("ROLE", "role"),
    column("STATUS", "status"),
    column("ID", "id"),
];
/// Columns of the list of teams.
const TEAM_COLUMNS: &[Column] =
    &[column("NAME", "name"), column("ROLE", "role"), column("IDP MANAGED", "isIdpManaged"), column("ID", "id")];

/// Most rows of one command.
const MOST_ROWS: usize = 10_000;

/// What to do with the role of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Give one to those who have none.
    Add,
    /// Give another to those who have one.
    Update,
    /// Take it away.
    Remove,
}

/// One row of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// E-mail address, name or id.
    pub who: String,
    /// The role; none where it is taken away.
    pub role: Option<String>,
}

/// Runs a verb of a Workspace's users or teams.
///
/// # Errors
/// As `changed`, and when no Workspace is named.
pub async fn in_workspace(session: &Session, holder: Holder, verb: &InWorkspace) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let place = Place::Workspace(scene::workspace(session, &astro).await?.id().to_owned());
    let asked = (&astro, holder, &place);
    match verb {
        InWorkspace::List => list(asked).await,
        InWorkspace::Add(given) => with_roles(session, asked, Deed::Add, given).await,
        InWorkspace::Update(given) => with_roles(session, asked, Deed::Update, given).await,
        InWorkspace::Remove(named) => without_roles(session, asked, named).await,
    }
}

/// Runs a verb of a Deployment's users or teams.
///
/// # Errors
/// As `changed`, and when no Deployment is named.
pub async fn in_deployment(session: &Session, holder: Holder, verb: &InDeployment) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let (InDeployment::List(which)
    | InDeployment::Add { deployment: which, .. }
    | InDeployment::Update { deployment: which, .. }
    | InDeployment::Remove { deployment: which, .. }) = verb;
    let place = Place::Deployment(scene::deployment(session, &astro, which).await?.id().to_owned());
    let asked = (&astro, holder, &place);
    match verb {
        InDeployment::List(_) => list(asked).await,
        InDeployment::Add { given, .. } => with_roles(session, asked, Deed::Add, given).await,
        InDeployment::Update { given, .. } => with_roles(session, asked, Deed::Update, given).await,
        InDeployment::Remove { named, .. } => without_roles(session, asked, named).await,
    }
}

/// What is asked of the platform: about whom, and where.
type Asked<'a> = (&'a AstroClient, Holder, &'a Place);

/// Lists who has a role at a place, with that role.
///
/// # Errors
/// As the platform answers.
pub async fn list((astro, holder, place): Asked<'_>) -> Result<Answer> {
    let mut all = at_place(astro, holder, place).await?;
    for record in &mut all {
        let role = RoleSet::of(holder, record).role(place).unwrap_or_default().to_owned();
        record.set("role", role);
    }
    let columns = if holder == Holder::User { USER_COLUMNS } else { TEAM_COLUMNS };
    Ok(Answer::table(holder.path(), columns, &all))
}

/// Returns who has a role at a place. The records of a list may leave out roles elsewhere.
///
/// # Errors
/// As the platform answers.
pub async fn at_place(astro: &AstroClient, holder: Holder, place: &Place) -> Result<Vec<Record>> {
    let query = match place {
        Place::Organization => Vec::new(),
        Place::Workspace(id) => vec![("workspaceId", id.as_str())],
        Place::Deployment(id) => vec![("deploymentId", id.as_str())],
    };
    astro.records(&[holder.path()], &query, &format!("list the {}s", holder.what())).await
}

/// Gives a role to each that is given.
///
/// # Errors
/// As `changed`; `Kind::Usage` for a row without a role, an unknown role, or somebody named twice.
pub async fn with_roles(session: &Session, asked: Asked<'_>, deed: Deed, given: &Given) -> Result<Answer> {
    let known = known_roles(asked.0, asked.2).await?;
    let lines = lines(session, &given.who, given.file.as_deref())?;
    let mut rows = Vec::new();
    for line in lines {
        let row = row(&line, given.role.as_deref(), &known, asked.2)?;
        check_role(row.role.as_deref().unwrap_or_default(), &known, asked.2)?;
        rows.push(row);
    }
    changed(session, asked, deed, rows).await
}

async fn without_roles(session: &Session, asked: Asked<'_>, named: &Named) -> Result<Answer> {
    let rows = lines(session, &named.who, named.file.as_deref())?;
    let rows = rows.into_iter().map(|who| Wanted { who, role: None }).collect();
    changed(session, asked, Deed::Remove, rows).await
}

/// Returns what is named on the command line and in a file, where blanks and comments after `#` are left out.
///
/// # Errors
/// `Kind::Usage` when nothing is named, or too much; as reading the file.
pub fn lines(session: &Session, who: &[String], file: Option<&Path>) -> Result<Vec<String>> {
    let mut lines = who.to_vec();
    if let Some(path) = file {
        let text = given::file(session, path)?;
        let bare = text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
        lines.extend(bare.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned));
    }
    let refused = |because: String| Error::new(Kind::Usage, "tell who is meant").because(because);
    match lines.len() {
        0 => Err(refused("nobody is named".to_owned()).hint("name them on the command line or with `--file`")),
        count if count > MOST_ROWS => Err(refused(format!("{count} rows are more than {MOST_ROWS}"))),
        _ => Ok(lines),
    }
}

/// Returns who is meant by a line and which role it gives: the last word, where it is one, else the flag's.
fn row(line: &str, role: Option<&str>, known: &[String], place: &Place) -> Result<Wanted> {
    let parted = line.rsplit_once(char::is_whitespace).map(|(who, word)| (who.trim_end(), word));
    match (parted, role) {
        (Some((who, word)), _) if known.iter().any(|name| name == word) => {
            Ok(Wanted { who: who.to_owned(), role: Some(word.to_owned()) })
        }
        (_, Some(role)) => Ok(Wanted { who: line.to_owned(), role: Some(role.to_owned()) }),
        (Some((_, word)), None) => {
            check_role(word, known, place)?;
            Err(Error::new(Kind::Internal, "tell a role from a name"))
        }
        (None, None) => Err(Error::new(Kind::Usage, format!("change the role of `{line}`"))
            .because("no role is given")
            .hint("give one with `--role`, or behind each name in the file")),
    }
}

/// Changes the role of each row and tells what became of it. A row that fails does not stop the others.
///
/// # Errors
/// `Kind::Usage` when somebody is named twice; as listing users or teams.
pub async fn changed(session: &Session, (astro, holder, place): Asked<'_>, deed: Deed, mut rows: Vec<Wanted>) -> Result<Answer> {
    let mut seen = HashSet::new();
    if let Some(twice) = rows.iter().find(|row| !seen.insert(row.who.to_lowercase())) {
        return Err(Error::new(Kind::Usage, "tell who is meant").because(format!("`{}` is named twice", twice.who)));
    }
    let all = at_place(astro, holder, &Place::Organization).await?;
    let mut told = Vec::new();
    // A place gets its new owner before it loses the old one.
    rows.sort_by_key(|row| row.role.is_none() || row.role.as_deref() != place.owner_role());
    for row in rows {
        let result = one(session, (astro, holder, place), (&all, deed), &row).await;
        told.push(Row { who: row.who, wanted: row.role.unwrap_or_default(), result });
    }
    Ok(answer(&format!("change the roles of all {}s", holder.what()), &told))
}

async fn one(
    session: &Session,
    (astro, holder, place): Asked<'_>,
    (all, deed): (&[Record], Deed),
    row: &Wanted,
) -> Result<String> {
    let found = named(holder, all, &row.who)?;
    let subject = Subject { holder, id: found.id().to_owned(), name: row.who.clone() };
    let choose = |before: &RoleSet| chosen(deed, row, (before, place));
    let changed = change(session, astro, &subject, choose).await?;
    let word = match deed {
        Deed::Add => "added",
        Deed::Update => "updated",
        Deed::Remove => "removed",
    };
    Ok(match changed {
        Changed::Nothing => "unchanged".to_owned(),
        Changed::Planned => format!("would be {word}"),
        Changed::Made => word.to_owned(),
    })
}

fn chosen(deed: Deed, row: &Wanted, (before, place): (&RoleSet, &Place)) -> Result<Vec<Edit>> {
    let wanted = Edit { place: place.clone(), role: row.role.clone() };
    match (deed, before.role(place)) {
        (Deed::Add, Some(held)) if Some(held) != row.role.as_deref() => {
            Err(Error::new(Kind::Refused, format!("add {}", row.who))
                .because(format!("the role {held} is there already"))
                .hint("change it with `update`"))
        }
        (Deed::Update, None) => Err(Error::new(Kind::NotFound, format!("update {}", row.who))
            .because("there is no role here yet")
            .hint("give one with `add`")),
        _ => Ok(vec![wanted]),
    }
}

/// Returns the one user or team that is meant; the case of e-mail addresses does not matter.
///
/// # Errors
/// `Kind::NotFound` for none or several.
pub fn named(holder: Holder, all: &[Record], who: &str) -> Result<Record> {
    let is_meant =
        |record: &&Record| record.id() == who || (holder == Holder::User && record.text("username").eq_ignore_ascii_case(who));
    let mut meant = all.iter().filter(is_meant);
    match (meant.next(), meant.next()) {
        (Some(only), None) => Ok(only.clone()),
        _ => one_of(collection(holder), all.to_vec(), who),
    }
}

const fn collection(holder: Holder) -> &'static Collection {
    match holder {
        Holder::User => &USERS,
        Holder::Team => &TEAMS,
        Holder::Token => &crate::astro::named::TOKENS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_gives_its_role_or_takes_the_flags() {
        let known = ["WORKSPACE_MEMBER".to_owned(), "WORKSPACE_AUTHOR".to_owned()];
        let place = Place::Workspace("w".to_owned());
        let read = |line: &str, role: Option<&str>| row(line, role, &known, &place);
        let wanted = |who: &str, role: &str| Wanted { who: who.to_owned(), role: Some(role.to_owned()) };
        for (line, role, expected) in [
            ("a@b.c WORKSPACE_AUTHOR", None, wanted("a@b.c", "WORKSPACE_AUTHOR")),
            ("a@b.c\tWORKSPACE_AUTHOR", Some("WORKSPACE_MEMBER"), wanted("a@b.c", "WORKSPACE_AUTHOR")),
            ("Data engineers  WORKSPACE_AUTHOR", None, wanted("Data engineers", "WORKSPACE_AUTHOR")),
            ("Data engineers", Some("WORKSPACE_MEMBER"), wanted("Data engineers", "WORKSPACE_MEMBER")),
        ] {
            assert_eq!(read(line, role).expect("a row"), expected, "{line}");
        }
        let misspelt = read("a@b.c WORKSPACE_AUTHR", None).expect_err("an error").to_string();
        assert!(misspelt.contains("did you mean `WORKSPACE_AUTHOR`?"), "{misspelt}");
        assert_eq!(read("a@b.c", None).expect_err("an error").kind(), Kind::Usage);
    }
}
