//! `liftoff organization team`: teams and their members.

use crate::app::manage::people::{self, Deed, Wanted};
use crate::app::manage::roles::known_roles;
use crate::app::manage::scene;
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::astro::named::TEAMS;
use crate::cli::organization::{MemberVerb, Members, TeamVerb};
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;
use crate::model::roles::{Holder, Place, check_role};
use crate::report::answer::{Answer, Column, column};
use crate::report::rows::{Row, answer};

/// Columns of the list of teams.
const COLUMNS: &[Column] = &[
    column("NAME", "name"),
    column("ID", "id"),
    column("ROLE", "organizationRole"),
    column("DESCRIPTION", "description"),
    column("IDP MANAGED", "isIdpManaged"),
    column("CREATED", "createdAt"),
];
/// Columns of the list of members.
const MEMBER_COLUMNS: &[Column] = &[column("EMAIL", "username"), column("NAME", "fullName"), column("ID", "userId")];

/// Runs a verb.
///
/// # Errors
/// `Kind::Refused` where an identity provider decides; else as the platform answers.
pub async fn run(session: &Session, verb: &TeamVerb) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    match verb {
        TeamVerb::List => {
            let all = astro.records(&["teams"], &[("sorts", "name:asc")], "list the teams").await?;
            Ok(Answer::table("teams", COLUMNS, &all))
        }
        TeamVerb::Inspect { team } => inspect(&astro, team).await,
        TeamVerb::Create { name, description, role, members } => {
            let made = Made { name, description: description.as_deref().unwrap_or_default(), role, members };
            create(session, &astro, &made).await
        }
        TeamVerb::Update { team, name, description, role } => {
            update(session, &astro, team, (name.as_deref(), description.as_deref(), role.as_deref())).await
        }
        TeamVerb::Delete { team, confirm } => delete(session, &astro, (team, confirm)).await,
        TeamVerb::User(verb) => members(session, &astro, verb).await,
    }
}

async fn inspect(astro: &AstroClient, wanted: &str) -> Result<Answer> {
    let found = astro.find_record(&TEAMS, &[], wanted).await?;
    let mut team = astro.record(&["teams", found.id()], &format!("read the team {wanted}")).await?;
    let members = astro.records(&["teams", found.id(), "members"], &[], "list the members").await?;
    team.set("members", members.into_iter().map(Record::into_value).collect::<Vec<_>>());
    let lines = format!("{:#}", team.clone().into_value()).lines().map(str::to_owned).collect();
    Ok(Answer::text(lines, team.into_value()))
}

/// A wanted team.
struct Made<'a> {
    name: &'a str,
    description: &'a str,
    role: &'a str,
    members: &'a [String],
}

async fn create(session: &Session, astro: &AstroClient, made: &Made<'_>) -> Result<Answer> {
    let known = known_roles(astro, &Place::Organization).await?;
    check_role(made.role, &known, &Place::Organization)?;
    let doing = format!("make the team {}", made.name);
    let present = astro.records(&["teams"], &[("names", made.name)], "list the teams").await?;
    if let Some(team) = present.iter().find(|team| team.text("name") == made.name) {
        // The platform would make a second one of the same name.
        return Err(Error::new(Kind::Refused, doing).because(format!("{} has this name", team.id())));
    }
    let mut ids = Vec::new();
    if !made.members.is_empty() {
        let users = astro.records(&["users"], &[], "list the users").await?;
        for member in made.members {
            ids.push(people::named(Holder::User, &users, member)?.id().to_owned());
        }
    }
    let mut body = Record::default();
    body.set("name", made.name);
    body.set("description", made.description);
    body.set("organizationRole", made.role);
    body.set("memberIds", ids);
    if session.is_dry() {
        return Ok(Answer::done(format!("would make the team {}", made.name), body.into_value()));
    }
    let team = astro.create_record(&["teams"], &body, &doing).await?;
    Ok(Answer::done(format!("made the team {} ({})", made.name, team.id()), team.into_value()))
}

/// Changes name and description in one call, which needs both, and the role in another, which needs all roles.
async fn update(
    session: &Session,
    astro: &AstroClient,
    wanted: &str,
    (name, description, role): (Option<&str>, Option<&str>, Option<&str>),
) -> Result<Answer> {
    let found = astro.find_record(&TEAMS, &[], wanted).await?;
    let doing = format!("change the team {wanted}");
    if (name, description, role) == (None, None, None) {
        return Err(Error::new(Kind::Usage, doing)
            .because("nothing to change is named")
            .hint("give --name, --description or --role"));
    }
    if let Some(role) = role {
        check_role(role, &known_roles(astro, &Place::Organization).await?, &Place::Organization)?;
    }
    let team = astro.record(&["teams", found.id()], &doing).await?;
    let mut body = team.only(&["name", "description"]);
    name.iter().for_each(|&name| body.set("name", name));
    description.iter().for_each(|&text| body.set("description", text));
    if body != team.only(&["name", "description"]) && !session.is_dry() {
        astro.update_record(&["teams", found.id()], &body, &doing).await?;
    }
    if let Some(role) = role {
        let row = Wanted { who: found.id().to_owned(), role: Some(role.to_owned()) };
        let told = people::changed(session, (astro, Holder::Team, &Place::Organization), Deed::Update, vec![row]).await?;
        if told.failure.is_some() {
            return Ok(told);
        }
    }
    if session.is_dry() {
        return Ok(Answer::done(format!("would change the team {wanted}"), body.into_value()));
    }
    let now = astro.record(&["teams", found.id()], &doing).await?;
    scene::verified(&now, &body, &doing)?;
    Ok(Answer::done(format!("changed the team {wanted}"), now.into_value()))
}

async fn delete(session: &Session, astro: &AstroClient, (wanted, confirm): (&str, &str)) -> Result<Answer> {
    let found = astro.find_record(&TEAMS, &[], wanted).await?;
    let name = found.text("name");
    scene::confirmed(("team", name), confirm)?;
    if session.is_dry() {
        return Ok(Answer::done(format!("would delete the team {name}"), found.into_value()));
    }
    astro.remove_record(&["teams", found.id()], &format!("delete the team {name}")).await?;
    Ok(Answer::done(format!("deleted the team {name}"), found.clone().into_value()))
}

async fn members(session: &Session, astro: &AstroClient, verb: &MemberVerb) -> Result<Answer> {
    let (MemberVerb::List { team } | MemberVerb::Add(Members { team, .. }) | MemberVerb::Remove(Members { team, .. })) = verb;
    let team = astro.find_record(&TEAMS, &[], team).await?;
    match verb {
        MemberVerb::List { .. } => {
            let all = astro.records(&["teams", team.id(), "members"], &[], "list the members").await?;
            Ok(Answer::table("members", MEMBER_COLUMNS, &all))
        }
        MemberVerb::Add(members) => change_members(session, astro, (&team, Deed::Add), members).await,
        MemberVerb::Remove(members) => change_members(session, astro, (&team, Deed::Remove), members).await,
    }
}

async fn change_members(
    session: &Session,
    astro: &AstroClient,
    (team, deed): (&Record, Deed),
    given: &Members,
) -> Result<Answer> {
    if team.flag("isIdpManaged") {
        return Err(Error::new(Kind::Refused, format!("change the members of the team {}", team.text("name")))
            .because("an identity provider decides who is in it")
            .hint("change the group there"));
    }
    let wanted = people::lines(session, &given.who, given.file.as_deref())?;
    let users = astro.records(&["users"], &[], "list the users").await?;
    let present = astro.records(&["teams", team.id(), "members"], &[], "list the members").await?;
    let mut rows = Vec::new();
    for who in wanted {
        let result = match people::named(Holder::User, &users, &who) {
            Ok(user) => {
                let is_in = present.iter().any(|member| member.text("userId") == user.id());
                change_member(session, astro, (team, deed), (&user, is_in)).await
            }
            Err(error) => Err(error),
        };
        rows.push(Row { who, wanted: String::new(), result });
    }
    Ok(answer("change all members", &rows))
}

async fn change_member(
    session: &Session,
    astro: &AstroClient,
    (team, deed): (&Record, Deed),
    (user, is_in): (&Record, bool),
) -> Result<String> {
    let name = user.text("username");
    match (deed, is_in, session.is_dry()) {
        (Deed::Remove, false, _) | (Deed::Add | Deed::Update, true, _) => Ok("unchanged".to_owned()),
        (Deed::Remove, true, true) => Ok("would be removed".to_owned()),
        (_, _, true) => Ok("would be added".to_owned()),
        (Deed::Remove, true, false) => {
            let path = ["teams", team.id(), "members", user.id()];
            astro.remove_record(&path, &format!("take {name} out of the team")).await.map(|()| "removed".to_owned())
        }
        _ => {
            let mut body = Record::default();
            body.set("memberIds", vec![user.id()]);
            let path = ["teams", team.id(), "members"];
            astro.update_record(&path, &body, &format!("add {name} to the team")).await.map(|_| "added".to_owned())
        }
    }
}
